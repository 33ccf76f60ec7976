package provider

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/dingbridge/dingbridge/provider/audit"
	"github.com/dingbridge/dingbridge/provider/grants"
	"github.com/dingbridge/dingbridge/provider/people"
	"github.com/dingbridge/dingbridge/provider/sessions"
	"github.com/dingbridge/dingbridge/storage"
)

// byAdministrator is the audit trail's word for what ended by hand.
const byAdministrator = "by an administrator"

// An EndOrder says which sessions to end.
type EndOrder struct {
	Who string // whose: all of them, unless an ID says which
	ID  string // of one session
	// Grants also ends what outlives sessions: with an ID, what was granted by a login in that
	// session; without, all that the person has.
	Grants bool
}

// An EndedView is what was ended.
type EndedView struct {
	Subject  string `json:"sub"`
	Username string `json:"username"`
	Sessions int    `json:"sessions"` // that lived, and are ended
	Told     int    `json:"told"`     // notices to apps
	Grants   int    `json:"grants"`   // that outlive sessions, and are ended
	Stay     int    `json:"stay"`     // of those, that live on
	More     bool   `json:"more,omitempty"`
}

// EndSessions ends one session, or all that somebody has at this moment, and tells the apps.
// Nothing is said to have ended that may live.
func (p *Provider) EndSessions(ctx context.Context, by Administrator, o EndOrder) (EndedView, error) {
	person, err := p.holder(ctx, o)
	if err != nil {
		return EndedView{}, err
	}
	raw, ok := person.Subject.Raw()
	if !ok {
		return EndedView{}, people.ErrRecord
	}
	v := EndedView{Subject: string(person.Subject), Username: person.Username}
	if o.ID == "" && o.Grants {
		return p.endAll(ctx, by, v, person, raw)
	}
	found, err := p.holdings(ctx, raw)
	if err != nil {
		return EndedView{}, err
	}
	for _, s := range living(found.sessions, person) {
		if o.ID != "" && s.ID.String() != o.ID {
			continue
		}
		told, err := p.endSessionNow(ctx, s)
		if err != nil {
			return EndedView{}, err
		}
		v.Sessions++
		v.Told += told
		p.record(ctx, audit.Event{Name: audit.SessionEnded, Subject: v.Subject, SessionID: s.ID.String(), Reason: byAdministrator, Count: told, By: string(by)})
	}
	if o.ID != "" && v.Sessions == 0 {
		return EndedView{}, noSession(o.ID)
	}
	v.More = o.ID == "" && found.moreSessions
	lasting := slices.DeleteFunc(lastingOf(found.grants, person), func(g grants.Grant) bool { return o.ID != "" && g.SessionID != o.ID })
	if !o.Grants {
		v.Stay = len(lasting)
		return v, nil
	}
	if err := p.grants.EndAll(ctx, lasting, "ended "+byAdministrator); err != nil {
		return EndedView{}, err
	}
	v.Grants = len(lasting)
	for _, g := range lasting {
		p.record(ctx, audit.Event{Name: audit.GrantEnded, ClientID: g.ClientID, Subject: v.Subject, GrantID: g.Ref.Name(), SessionID: o.ID, By: string(by)})
	}
	return v, nil
}

// endAll ends all that somebody has, by one write: the epoch. It is what a logout everywhere is.
func (p *Provider) endAll(ctx context.Context, by Administrator, v EndedView, person people.Person, raw [16]byte) (EndedView, error) {
	found, err := p.holdings(ctx, raw)
	if err != nil {
		return EndedView{}, err
	}
	if err := p.people.Remove(ctx, person.Subject); err != nil {
		return EndedView{}, err
	}
	v.Sessions, v.Grants = len(living(found.sessions, person)), len(lastingOf(found.grants, person))
	v.Told = p.tellAll(ctx, person.Subject)
	p.record(ctx, audit.Event{Name: audit.SessionEndedEverywhere, Subject: v.Subject, Count: v.Told, By: string(by)})
	return v, nil
}

// endSessionNow ends a session as a logout there would, and tells its apps, how many.
func (p *Provider) endSessionNow(ctx context.Context, s sessions.Session) (told int, err error) {
	ops := p.sessions.End(s)
	entered := p.sessions.FetchEntered(s.Ref.Subject)
	_ = p.Store.Together(ctx, append(ops, entered)...) // each op has its own error
	if err := sessions.EndError(ops); err != nil {
		return 0, err
	}
	return p.notify(ctx, s.Ref.Subject, &s.ID, entered), nil
}

// holder is whose sessions are to be ended. Nothing leads from a session to its person, so that
// without a name everybody is looked through.
func (p *Provider) holder(ctx context.Context, o EndOrder) (people.Person, error) {
	var id sessions.ID
	if o.ID != "" && id.UnmarshalText([]byte(o.ID)) != nil {
		return people.Person{}, &Refusal{Text: fmt.Sprintf("%q is not the id of a session", o.ID), Remedy: "`dingbridge sessions list` shows them, 22 characters each"}
	}
	if o.Who != "" {
		return p.one(ctx, o.Who)
	}
	if o.ID == "" {
		return people.Person{}, &Refusal{Text: "it is not said whose sessions to end", Remedy: "name one by its id, or a person with --user"}
	}
	known, err := p.known(ctx, "")
	if err != nil {
		return people.Person{}, err
	}
	for lot := range slices.Chunk(known, peopleAtOnce) {
		reads := make([]*storage.Op, len(lot))
		raws := make([][16]byte, len(lot))
		for i, s := range lot {
			raws[i], _ = s.Raw()
			reads[i] = p.sessions.FetchList(raws[i])
		}
		_ = p.Store.Together(ctx, reads...) // each op has its own error
		for i, s := range lot {
			list, _, err := p.sessions.ReadList(raws[i], reads[i])
			if err != nil {
				return people.Person{}, err
			}
			if slices.ContainsFunc(list, func(e sessions.Entry) bool { return e.ID == id }) {
				return p.one(ctx, string(s))
			}
		}
	}
	return people.Person{}, noSession(o.ID)
}

func noSession(id string) error {
	return &Refusal{Text: fmt.Sprintf("no session that lives is called %q", id), Remedy: "`dingbridge sessions list` shows those that do; it may have ended by itself"}
}

// living are those sessions by which somebody is let in: of their present epoch, if they are not gone.
func living(all []sessions.Session, person people.Person) []sessions.Session {
	return slices.DeleteFunc(slices.Clone(all), func(s sessions.Session) bool { return s.Epoch != person.Epoch || person.Gone })
}

// lastingOf are the grants likewise, and of those the ones that outlive sessions.
func lastingOf(all []grants.Grant, person people.Person) []grants.Grant {
	return slices.DeleteFunc(slices.Clone(all), func(g grants.Grant) bool { return !g.Lives() || g.Epoch != person.Epoch || person.Gone })
}

// known are the subs of all who ever logged in, of one organisation or of all, ascending.
func (p *Provider) known(ctx context.Context, corpID string) ([]people.Subject, error) {
	organisations := p.Organisations
	if corpID != "" {
		o, err := p.onlyOrganisation(corpID)
		if err != nil {
			return nil, err
		}
		organisations = []Organisation{*o}
	}
	var all []people.Subject
	var faults []error
	for _, o := range organisations {
		some, err := p.people.Everyone(ctx, o.CorpID)
		all, faults = append(all, some...), append(faults, err)
	}
	slices.Sort(all)
	return slices.Compact(all), errors.Join(faults...)
}
