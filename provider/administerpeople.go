package provider

import (
	"context"
	"errors"
	"fmt"

	"github.com/dingbridge/dingbridge/provider/audit"
	"github.com/dingbridge/dingbridge/provider/people"
)

// What an administrator does to people. Each says afterwards how the person is, and is audited
// if anything was done. Errors that an administrator can do something about are a [*Refusal].

// Block ends all sessions and grants of somebody and lets them in no more, whatever DingTalk
// says, until [Provider.Unblock]. Who never logged in is found by their userId in the directory.
func (p *Provider) Block(ctx context.Context, by Administrator, who string) (PersonView, error) {
	person, err := p.one(ctx, who)
	subject := person.Subject
	switch {
	case err == nil:
		err = p.people.Block(ctx, subject)
	case errors.Is(err, people.ErrUnknownPerson):
		var corpID, userID string
		if corpID, userID, err = p.newcomer(who); err == nil {
			subject, err = p.people.Bar(ctx, corpID, userID)
		}
	}
	return p.done(ctx, audit.UserBlocked, by, subject, err)
}

// Unblock lets somebody log in again, if DingTalk says so.
func (p *Provider) Unblock(ctx context.Context, by Administrator, who string) (PersonView, error) {
	person, err := p.one(ctx, who)
	if err == nil {
		err = p.people.Unblock(ctx, person.Subject)
	}
	return p.done(ctx, audit.UserUnblocked, by, person.Subject, err)
}

// Rename gives somebody another username. The former one is never given to anybody else.
func (p *Provider) Rename(ctx context.Context, by Administrator, who, username string) (PersonView, error) {
	person, err := p.one(ctx, who)
	if err == nil {
		_, err = p.people.Rename(ctx, person.Subject, username)
	}
	return p.done(ctx, audit.UserRenamed, by, person.Subject, err)
}

// done audits and tells how the person is now.
func (p *Provider) done(ctx context.Context, name audit.Name, by Administrator, s people.Subject, err error) (PersonView, error) {
	if err != nil {
		return PersonView{}, asRefusal(err)
	}
	list, err := p.people.Load(ctx, s)
	if err == nil && len(list) == 0 {
		err = people.ErrRecord
	}
	if err != nil {
		p.Audit.Record(ctx, audit.Event{Name: name, Subject: string(s), By: string(by)})
		return PersonView{}, fmt.Errorf("it was done, but cannot be read back: %w", err)
	}
	p.Audit.Record(ctx, audit.Event{Name: name, Subject: string(s), CorpID: list[0].CorpID, By: string(by)})
	return p.view(ctx, list[0], Show{})
}

// Migrate lets somebody whose DingTalk account was migrated be who they were before, if DingTalk
// says that it was. who is who they are since; what they have had since, ends.
func (p *Provider) Migrate(ctx context.Context, by Administrator, who string) (PersonView, error) {
	newcomer, err := p.migrated(ctx, who)
	if err != nil {
		return PersonView{}, asRefusal(err)
	}
	if newcomer.Blocked { // joined to one who is not, they would be back in
		return PersonView{}, asRefusal(fmt.Errorf("%s: %w", newcomer.Subject, people.ErrBlocked))
	}
	old, err := p.people.Migrate(ctx, newcomer.Subject)
	if err != nil {
		if errors.Is(err, people.ErrUnknownPerson) {
			err = fmt.Errorf("%w: before the migration they never logged in", people.ErrNotMigrated)
		}
		return PersonView{}, asRefusal(err)
	}
	p.Audit.Record(ctx, audit.Event{Name: audit.UserMigrated, Subject: string(old.Subject), Other: string(newcomer.Subject), CorpID: old.CorpID, By: string(by)})
	p.tellAll(ctx, newcomer.Subject)
	return p.view(ctx, old, Show{})
}

// migrated is who has been there since a migration: of the several who can be meant by one
// userId, the one that DingTalk knows by it.
func (p *Provider) migrated(ctx context.Context, who string) (people.Person, error) {
	list, err := p.find(ctx, who)
	if err != nil {
		return people.Person{}, err
	}
	var now []people.Person
	for _, person := range list {
		o := p.organisation(person.CorpID)
		if len(list) > 1 && o != nil {
			member, err := o.Upstream.Lookup(ctx, person.Profile.UserID)
			if err != nil {
				return people.Person{}, fmt.Errorf("%w: %w", people.ErrCannotDecide, err)
			}
			if member.UnionID != person.Profile.UnionID || person.Profile.Origin != "" {
				continue
			}
		}
		now = append(now, person)
	}
	switch len(now) {
	case 0:
		return people.Person{}, nobody(who)
	case 1:
		return now[0], nil
	}
	return people.Person{}, several(who, now)
}

// A ReleasedEmail says whose an address was.
type ReleasedEmail struct {
	Address string `json:"address"`
	Subject string `json:"sub"`
}

// ReleaseEmail lets an address that is kept for somebody go to whoever next has it in the
// directory.
func (p *Provider) ReleaseEmail(ctx context.Context, by Administrator, address string) (ReleasedEmail, error) {
	owner, err := p.people.ReleaseEmail(ctx, address)
	if errors.Is(err, people.ErrUnknownPerson) {
		return ReleasedEmail{}, &Refusal{Err: err, Text: fmt.Sprintf("%q is kept for nobody", address), Remedy: "`dingbridge users show` says of a person which address is theirs"}
	}
	if err != nil {
		return ReleasedEmail{}, err
	}
	e := audit.Event{Name: audit.EmailReleased, Subject: string(owner), By: string(by)}
	if list, err := p.people.Load(ctx, owner); err == nil && len(list) == 1 {
		e.CorpID = list[0].CorpID
	}
	p.Audit.Record(ctx, e)
	return ReleasedEmail{Address: address, Subject: string(owner)}, nil
}
