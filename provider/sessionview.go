package provider

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/dingbridge/dingbridge/provider/grants"
	"github.com/dingbridge/dingbridge/provider/people"
	"github.com/dingbridge/dingbridge/provider/sessions"
	"github.com/dingbridge/dingbridge/storage"
)

// Bounds of what a list for an administrator reads and says (promise H21).
const (
	peopleAtOnce = 50     // read in one trip, with what they have
	opsAtOnce    = 1000   // of one trip
	mostLooked   = 20_000 // people that one list looks at
	usualListed  = 100
	mostListed   = 500
	mostOfOne    = 20 // sessions, grants or clients where one person or session is shown
)

// A SessionView is a browser's session as an administrator sees it. Times are UTC.
type SessionView struct {
	ID       string    `json:"sid"`
	Subject  string    `json:"sub"`
	Username string    `json:"username"`
	CorpID   string    `json:"corp_id"`
	Began    time.Time `json:"began"`
	Used     time.Time `json:"used"` // give or take a twentieth of the idle life
	Ends     time.Time `json:"ends"`
	// Clients are the ids of some that were entered with it; MoreClients: there are others.
	Clients     []string `json:"clients"`
	MoreClients bool     `json:"more_clients,omitempty"`

	// Browser and Address only where all was asked for.
	Browser string `json:"browser,omitempty"`
	Address string `json:"address,omitempty"`
}

// A GrantView is what an app or a device has that no session's end takes away.
type GrantView struct {
	ID     string    `json:"grant"` // its beginning, as the audit log has it
	Client string    `json:"client"`
	Device bool      `json:"device,omitempty"`
	Issued time.Time `json:"issued"`
	Used   time.Time `json:"used"`
	Ends   time.Time `json:"ends"`
}

// A HoldingsView is what somebody has that lives; some of it, the newest first.
type HoldingsView struct {
	Sessions     []SessionView `json:"sessions"`
	MoreSessions bool          `json:"more_sessions,omitempty"`
	Grants       []GrantView   `json:"grants"`
	MoreGrants   bool          `json:"more_grants,omitempty"`
}

// A SessionQuery says which sessions to list.
type SessionQuery struct {
	Who    string // whose; everybody's if empty
	Client string // that was entered with them
	After  string // a sub: of everybody, those that come after
	Limit  int    // 100; of the last person listed all are, so that it may be some more
	All    bool   // browser and address too
}

// A SessionList has the sessions that live.
type SessionList struct {
	Sessions []SessionView `json:"sessions"` // by sub, and of one person the newest first
	// After goes into the next query, if not all people were looked at.
	After  string `json:"after,omitempty"`
	More   bool   `json:"more,omitempty"` // somebody has older ones than a list can hold
	Looked int    `json:"looked"`         // at how many people
	Known  int    `json:"known"`          // people
}

// ListSessions lists the sessions that live, of one person or of everybody. Storage has no list of
// all sessions: of everybody, each known person's is read, until there are enough.
func (p *Provider) ListSessions(ctx context.Context, q SessionQuery) (SessionList, error) {
	l := SessionList{Sessions: []SessionView{}}
	if q.Client != "" {
		if _, err := p.clientNamed(q.Client); err != nil {
			return l, err
		}
	}
	limit, err := limitOf(q.Limit)
	if err != nil {
		return l, err
	}
	var known []people.Subject
	if q.Who != "" {
		person, err := p.one(ctx, q.Who)
		if err != nil {
			return l, err
		}
		known = []people.Subject{person.Subject}
	} else if known, err = p.known(ctx, ""); err != nil {
		return l, err
	}
	l.Known = len(known)
	known = after(known, q.After)
	for len(known) > 0 && len(l.Sessions) < limit && l.Looked < mostLooked {
		looked, err := p.sessionsOf(ctx, &l, known[:min(len(known), peopleAtOnce)], q, limit)
		if err != nil {
			return SessionList{}, err
		}
		l.Looked, l.After = l.Looked+looked, string(known[looked-1])
		known = known[looked:]
	}
	if len(known) == 0 {
		l.After = ""
	}
	return l, nil
}

// sessionsOf adds the sessions of a few people to a list, and tells how many of them it came to.
func (p *Provider) sessionsOf(ctx context.Context, l *SessionList, subjects []people.Subject, q SessionQuery, limit int) (looked int, err error) {
	type holder struct {
		subject         people.Subject
		entries         []sessions.Entry
		record, entered *storage.Op
	}
	all, lists, raws := make([]holder, len(subjects)), make([]*storage.Op, len(subjects)), make([][16]byte, len(subjects))
	for i, s := range subjects {
		raws[i], _ = s.Raw()
		lists[i] = p.sessions.FetchList(raws[i])
	}
	_ = p.Store.Together(ctx, lists...) // each op has its own error
	var ops []*storage.Op
	for i, s := range subjects {
		entries, more, err := p.sessions.ReadList(raws[i], lists[i])
		if err != nil {
			return 0, err
		}
		all[i] = holder{subject: s, entries: entries}
		if l.More = l.More || more; len(entries) == 0 {
			continue // as with most who are known
		}
		all[i].record, all[i].entered = p.people.Fetch(s), p.sessions.FetchEntered(raws[i])
		ops = append(ops, all[i].record, all[i].entered)
		for _, e := range entries {
			ops = append(ops, e.Ops()...)
		}
	}
	for some := range slices.Chunk(ops, opsAtOnce) {
		_ = p.Store.Together(ctx, some...) // each op has its own error
	}
	for _, h := range all {
		if len(l.Sessions) >= limit {
			break
		}
		looked++
		if len(h.entries) == 0 {
			continue
		}
		person, err := p.people.Read(h.subject, h.record)
		if errors.Is(err, people.ErrUnknownPerson) || errors.Is(err, people.ErrRecord) {
			continue // nobody gets in with them
		}
		if err != nil {
			return 0, err
		}
		apps, err := sessions.ReadEntered(h.entered)
		if err != nil {
			return 0, err
		}
		for _, e := range h.entries {
			s, err := p.sessions.ReadEntry(e)
			switch {
			case errors.Is(err, sessions.ErrNone):
			case err != nil:
				return 0, err
			case s.Epoch != person.Epoch, person.Gone, q.Client != "" && !slices.Contains(apps[s.ID], q.Client):
			default:
				l.Sessions = append(l.Sessions, sessionView(s, person, apps[s.ID], q.All))
			}
		}
	}
	return looked, nil
}

func sessionView(s sessions.Session, person people.Person, apps []string, all bool) SessionView {
	v := SessionView{ID: s.ID.String(), Subject: string(person.Subject), Username: person.Username, CorpID: person.CorpID,
		Began: s.Began().UTC(), Used: s.Used().UTC(), Ends: s.Ends().UTC()}
	v.Clients = slices.Sorted(slices.Values(apps))
	if v.MoreClients = len(apps) > mostOfOne; v.MoreClients {
		v.Clients = v.Clients[:mostOfOne]
	}
	if v.Clients == nil {
		v.Clients = []string{}
	}
	if all {
		v.Browser, v.Address = s.Agent, s.Address
	}
	return v
}

func (p *Provider) grantView(g grants.Grant) GrantView {
	return GrantView{ID: g.Ref.Name(), Client: g.ClientID, Device: g.OnDevice(),
		Issued: p.grants.Issued(g).UTC(), Used: p.grants.Used(g).UTC(), Ends: time.Unix(g.Ends, 0).UTC()}
}

// holdingsView reads what somebody has.
func (p *Provider) holdingsView(ctx context.Context, person people.Person, all bool) (*HoldingsView, error) {
	raw, ok := person.Subject.Raw()
	if !ok {
		return nil, people.ErrRecord
	}
	found, err := p.holdings(ctx, raw)
	if err != nil {
		return nil, err
	}
	v := &HoldingsView{Sessions: []SessionView{}, Grants: []GrantView{}, MoreSessions: found.moreSessions, MoreGrants: found.moreGrants}
	for i, s := range living(found.sessions, person) {
		if v.MoreSessions = v.MoreSessions || i == mostOfOne; i == mostOfOne {
			break
		}
		v.Sessions = append(v.Sessions, sessionView(s, person, found.entered[s.ID], all))
	}
	for i, g := range lastingOf(found.grants, person) {
		if v.MoreGrants = v.MoreGrants || i == mostOfOne; i == mostOfOne {
			break
		}
		v.Grants = append(v.Grants, p.grantView(g))
	}
	return v, nil
}

// limitOf is how many an administrator gets listed who asked for that many.
func limitOf(asked int) (int, error) {
	switch {
	case asked == 0:
		return usualListed, nil
	case asked < 0 || asked > mostListed:
		return 0, &Refusal{Text: fmt.Sprintf("a list of %d is none", asked), Remedy: fmt.Sprintf("ask for 1 to %d at once, and go on with --after", mostListed)}
	}
	return asked, nil
}

// after are those of a sorted list that come after one.
func after(all []people.Subject, last string) []people.Subject {
	at, found := slices.BinarySearch(all, people.Subject(last))
	if found {
		at++
	}
	return all[at:]
}
