package people

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/dingbridge/dingbridge/dingtalk"
	"github.com/dingbridge/dingbridge/storage"
)

// What an administrator wants to know before it happens. Nothing here is written, and
// whatever the directory says removes nobody.

// Ask returns a person as they would be if they logged in at this moment: what the directory
// says now, on what the record keeps. It lets a person back who was gone and has returned.
//
// Errors: ErrGone, ErrCannotDecide (both wrap the directory's), storage.ErrUnknown.
func (r *Registry) Ask(ctx context.Context, p Person) (Person, error) {
	o, asked := r.organisations[p.CorpID], now()
	if o == nil {
		return p, fmt.Errorf("%w: the organisation is not configured", ErrCannotDecide)
	}
	member, err := o.directory.Member(ctx, p.Profile.UnionID)
	if err == nil && (member.UnionID != p.Profile.UnionID || member.CorpID != p.CorpID || !plausibleIDs(member.UserID)) {
		err = ErrContradiction
	}
	if err != nil {
		return p, verdict(err)
	}
	profile := profileOf(member)
	r.trace(ctx, p.CorpID, &profile, p.Profile, true)
	profile.Nick, profile.NickIsName = p.Profile.Nick, p.Profile.NickIsName // of the account, which the directory does not tell
	profile.Avatar = cmp.Or(profile.Avatar, p.Profile.Avatar)
	profile.Origin, profile.ClaimedEmail = p.Profile.Origin, p.Profile.ClaimedEmail
	p.Profile, p.CheckedAt, p.Gone = profile, asked, false
	if p.Username == "" {
		p.Username = usernameOf(r.usernames.stem(member), p.Subject, suffixLengths[0])
	}
	email, err := r.EmailOf(ctx, p)
	if err != nil {
		return p, err
	}
	if email.Address != "" && (email.Owner == "" || email.Owner == p.Subject) {
		p.Profile.ClaimedEmail = email.Address
	}
	return p, nil
}

// Foresee asks the directory who has a userId now and returns them as [Registry.Ask] does:
// also somebody who never logged in (known is false), with the username that they would get
// unless it is another's. Errors as of Ask.
func (r *Registry) Foresee(ctx context.Context, corpID, userID string) (p Person, known bool, err error) {
	p, _, err = r.holder(ctx, corpID, userID)
	if err != nil {
		return p, false, err
	}
	known = p.Username != ""
	p, err = r.Ask(ctx, p)
	return p, known, err
}

// holder is who has a userId now; without a username if they never logged in.
func (r *Registry) holder(ctx context.Context, corpID, userID string) (Person, dingtalk.Member, error) {
	o := r.organisations[corpID]
	if o == nil {
		return Person{}, dingtalk.Member{}, fmt.Errorf("%w: the organisation is not configured", ErrCannotDecide)
	}
	member, err := o.directory.Lookup(ctx, userID)
	if err == nil && (member.CorpID != corpID || member.UserID != userID || !plausibleIDs(member.UnionID)) {
		err = ErrContradiction
	}
	if err != nil {
		return Person{}, member, verdict(err)
	}
	s := SubjectOf(corpID, member.UnionID)
	p, err := r.owner(ctx, s)
	if errors.Is(err, ErrUnknownPerson) {
		return Person{Subject: s, CorpID: corpID, Profile: Profile{UnionID: member.UnionID, UserID: member.UserID, Name: cleanText(member.Name)}}, member, nil
	}
	return p, member, err
}

// verdict sorts a directory's error.
func verdict(err error) error {
	if refusal, ok := errors.AsType[*dingtalk.Error](err); ok && refusal.Gone() {
		return fmt.Errorf("%w: %w", ErrGone, err)
	}
	return fmt.Errorf("%w: %w", ErrCannotDecide, err)
}

// An EmailStanding is what stands between a person and an e-mail claim.
type EmailStanding struct {
	Address  string // the one that the sources choose; none: no address is on an allowed domain
	Verified bool
	Owner    Subject // for whom it is registered; none: for nobody yet
}

// EmailOf tells which address a person would claim, and whose it is.
func (r *Registry) EmailOf(ctx context.Context, p Person) (e EmailStanding, err error) {
	e.Address, e.Verified = r.emails[p.CorpID].choose(p.Profile)
	if e.Address == "" {
		return e, nil
	}
	op := storage.Get(emailKey(e.Address))
	switch err := r.store.Together(ctx, op); {
	case errors.Is(err, storage.ErrNotFound):
		return e, nil
	case err != nil:
		return e, fmt.Errorf("read whose an e-mail address is: %w", err)
	}
	e.Owner = emailOwner(op)
	return e, nil
}

// Bar blocks whoever has a userId in the directory, though they may never have logged in: then
// the record is made that a login would make, blocked. Errors as of [Registry.Ask].
func (r *Registry) Bar(ctx context.Context, corpID, userID string) (Subject, error) {
	p, member, err := r.holder(ctx, corpID, userID)
	if err != nil {
		return "", err
	}
	if p.Username != "" {
		return p.Subject, r.Block(ctx, p.Subject)
	}
	if p.Username, err = r.registerUsername(ctx, p.Subject, member); err != nil {
		return "", err
	}
	// A first login at this moment has epoch 1, whoever of the two is faster.
	p.Epoch, p.Blocked, p.CheckedAt, p.App = 2, true, now(), r.organisations[corpID].app
	create := storage.Create(key(p.Subject), r.writeRecord(p), 0)
	err = r.store.Together(ctx, append(index(p), create)...)
	switch {
	case errors.Is(create.Err, storage.ErrConflict):
		return p.Subject, r.Block(ctx, p.Subject)
	case err != nil:
		return "", fmt.Errorf("block a newcomer: %w", err)
	}
	return p.Subject, nil
}
