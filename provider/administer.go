package provider

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/dingbridge/dingbridge/dingtalk"
	"github.com/dingbridge/dingbridge/provider/people"
)

// An Administrator is who asks for something by hand, as far as the machine knows: the name of
// a user of the system, or nothing. That they may, is for whoever calls to have made sure.
type Administrator string

// A Refusal says why an administrator did not get what was asked for, and what to do.
type Refusal struct {
	Text, Remedy string
	Err          error
}

func (r *Refusal) Error() string {
	if r.Remedy == "" {
		return r.Text
	}
	return r.Text + "; " + r.Remedy
}

// Unwrap returns the cause, if there is one that can be told apart.
func (r *Refusal) Unwrap() error { return r.Err }

// find returns everybody who can be meant by a sub, a username, a userId or corpId/userId; a
// userId may have been several people's.
func (p *Provider) find(ctx context.Context, who string) ([]people.Person, error) {
	var found []people.Subject
	if _, ok := people.Subject(who).Raw(); ok {
		found = append(found, people.Subject(who))
	}
	corpIDs, userID, named := p.organisationsIn(who)
	if !named {
		switch s, err := p.people.ByUsername(ctx, who); {
		case err == nil:
			found = append(found, s)
		case !errors.Is(err, people.ErrUnknownPerson):
			return nil, fmt.Errorf("find by username: %w", err)
		}
	}
	for _, corpID := range corpIDs {
		subjects, err := p.people.ByUserID(ctx, corpID, userID)
		if err != nil {
			return nil, fmt.Errorf("find by userid: %w", err)
		}
		found = append(found, subjects...)
	}
	slices.Sort(found)
	list, err := p.people.Load(ctx, slices.Compact(found)...)
	if err != nil {
		return nil, fmt.Errorf("find people: %w", err)
	}
	return list, nil
}

// organisationsIn takes the corpId, if there is one, off what an administrator wrote: where
// the userId is to be looked for.
func (p *Provider) organisationsIn(who string) (corpIDs []string, userID string, named bool) {
	if corpID, userID, found := strings.Cut(who, "/"); found && p.organisation(corpID) != nil {
		return []string{corpID}, userID, true
	}
	for _, o := range p.Organisations {
		corpIDs = append(corpIDs, o.CorpID)
	}
	return corpIDs, who, false
}

// one returns the one person who can be meant. A sub that a migration joined to an older one is
// the older: to block it alone would block nobody.
func (p *Provider) one(ctx context.Context, who string) (people.Person, error) {
	list, err := p.find(ctx, who)
	if err != nil {
		return people.Person{}, err
	}
	for i, person := range list {
		if older, err := p.older(ctx, person); err != nil {
			return people.Person{}, err
		} else if older.Subject != "" {
			list[i] = older
		}
	}
	slices.SortFunc(list, func(a, b people.Person) int { return strings.Compare(string(a.Subject), string(b.Subject)) })
	list = slices.CompactFunc(list, func(a, b people.Person) bool { return a.Subject == b.Subject })
	switch len(list) {
	case 0:
		return people.Person{}, nobody(who)
	case 1:
		return list[0], nil
	}
	return people.Person{}, several(who, list)
}

// older is the person that a migration joined somebody to; without a sub if none.
func (p *Provider) older(ctx context.Context, person people.Person) (people.Person, error) {
	op := p.people.FetchAlias(person.Subject)
	_ = p.Store.Together(ctx, op) // Alias tells what the op's error means
	s, err := p.people.Alias(person.Subject, op)
	if err != nil || s == person.Subject {
		return people.Person{}, err
	}
	list, err := p.people.Load(ctx, s)
	if err != nil || len(list) == 0 {
		return people.Person{}, err
	}
	return list[0], nil
}

func nobody(who string) error {
	return &Refusal{Err: people.ErrUnknownPerson, Text: fmt.Sprintf("nobody is known here as %q", who),
		Remedy: "write a sub, a username or a userid, in its own capital and small letters; who never logged in is not known here, and `dingbridge policy test` asks DingTalk about them"}
}

func several(who string, list []people.Person) error {
	var each []string
	for _, person := range list[:min(len(list), 5)] {
		each = append(each, fmt.Sprintf("%s (%s, %s)", person.Subject, person.Username, stateOf(person)))
	}
	return &Refusal{Text: fmt.Sprintf("%q is %d people: %s", who, len(list), strings.Join(each, ", ")), Remedy: "name one by the sub"}
}

// States of a person.
const (
	StateActive  = "active"
	StateGone    = "gone"
	StateBlocked = "blocked" // gone or not
)

func stateOf(person people.Person) string {
	switch {
	case person.Blocked:
		return StateBlocked
	case person.Gone:
		return StateGone
	}
	return StateActive
}

// onlyOrganisation is the one that an administrator named, or the only one there is.
func (p *Provider) onlyOrganisation(corpID string) (*Organisation, error) {
	if corpID == "" && len(p.Organisations) == 1 {
		return &p.Organisations[0], nil
	}
	if o := p.organisation(corpID); o != nil {
		return o, nil
	}
	var all []string
	for _, o := range p.Organisations {
		all = append(all, o.CorpID)
	}
	text := "there are several organisations"
	if corpID != "" {
		text = fmt.Sprintf("organisation %q is none of config.yaml's", corpID)
	}
	return nil, &Refusal{Text: text, Remedy: "name one of " + strings.Join(all, ", ") + " with --organisation"}
}

// asRefusal says of errors that an administrator can do something about, what.
func asRefusal(err error) error {
	if _, said := errors.AsType[*Refusal](err); err == nil || said {
		return err
	}
	r := &Refusal{Text: err.Error(), Err: err}
	switch {
	case errors.Is(err, people.ErrUsername):
		r.Remedy = "choose another"
	case errors.Is(err, people.ErrUsernameTaken):
		r.Remedy = "choose another: a username is never given to a second person"
	case errors.Is(err, people.ErrGone):
		r.Text, r.Remedy = "DingTalk says that the organisation has no such active person ("+dingtalk.ReasonOf(err).String()+")", "look in the organisation's address book"
	case errors.Is(err, people.ErrNotMigrated):
		r.Remedy = "name who the person is since the migration; the app needs the permission Contact.OrgAccountMigration.Read"
	case dingtalk.ReasonOf(err) == dingtalk.ReasonOutOfRange:
		r.Remedy = "let the app's range in DingTalk's console cover the person, and publish"
	case errors.Is(err, people.ErrContradiction), errors.Is(err, people.ErrCannotDecide):
		r.Remedy = "nothing was changed; `dingbridge doctor` says what is wrong between this app and DingTalk"
	case errors.Is(err, people.ErrBlocked):
		r.Remedy = "unblock the person first, if that is meant"
	default:
		return err
	}
	return r
}
