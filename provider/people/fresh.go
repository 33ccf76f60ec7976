package people

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sync/singleflight"

	"github.com/dingbridge/dingbridge/dingtalk"
)

// flightLimit bounds a re-check that nobody waits for any more.
const flightLimit = 30 * time.Second

// clockSlack is how far another replica's clock may be ahead of ours.
const clockSlack = time.Minute

// mostAhead is how many rechecks are under way at once that nobody waits for yet.
const mostAhead = 8

// Fresh returns the person if a directory answer young enough says that they are
// ours, asking the directory if need be. Every use but a login goes through it:
// SSO, code, refresh, userinfo. p comes from [Registry.Read], and the caller has
// compared its epoch; the person returned has the same one. An answer that will soon be
// too old is renewed beside the use, so that few uses ever wait.
//
// Errors: ErrGone, ErrBlocked, ErrEnded, ErrCannotDecide, ErrUnknownPerson (the record
// vanished), ErrRecord, storage.ErrUnknown.
func (r *Registry) Fresh(ctx context.Context, p Person) (Person, error) {
	switch {
	case p.Gone:
		return p, ErrGone
	case p.Blocked:
		return p, ErrBlocked
	// An organisation that was taken out of the configuration lets nobody in from that
	// moment on, however young its last answer.
	case r.organisations[p.CorpID] == nil:
		return p, fmt.Errorf("%w: the organisation is not configured", ErrCannotDecide)
	case r.within(p, r.recheckAfter):
		if !r.within(p, r.recheckAfter/4*3) && r.kept.find(p) == nil {
			r.renew(ctx, p)
		}
		return p, nil
	}
	if err := r.kept.find(p); err != nil {
		if r.within(p, r.maxStale) {
			return r.aged(p), nil
		}
		return p, err
	}
	select {
	case <-ctx.Done():
		return p, fmt.Errorf("%w: %w", ErrCannotDecide, context.Cause(ctx))
	case result := <-r.fly(ctx, p, false):
		return r.land(ctx, p, result)
	}
}

// fly asks about a person once for all who want to know now.
func (r *Registry) fly(ctx context.Context, p Person, beside bool) <-chan singleflight.Result {
	return r.flights.DoChan(string(p.Subject), func() (any, error) {
		// Others wait for this flight too: it must not end with the request that
		// happened to come first.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), flightLimit)
		defer cancel()
		if beside {
			ctx = dingtalk.InBackground(ctx)
		}
		answered, err := r.recheck(ctx, p, Cause{Source: FromUse})
		if errors.Is(err, ErrCannotDecide) {
			r.kept.note(p, err)
		}
		return answered, err
	})
}

// renew asks about a person whom nobody waits for, unless many are asked about so.
func (r *Registry) renew(ctx context.Context, p Person) {
	if _, under := r.renewing.LoadOrStore(p.Subject, true); under {
		return
	}
	select {
	case r.ahead <- struct{}{}:
	default:
		r.renewing.Delete(p.Subject)
		return
	}
	ctx = context.WithoutCancel(ctx)
	go func() {
		defer func() { <-r.ahead; r.renewing.Delete(p.Subject) }()
		if result := <-r.fly(ctx, p, true); result.Err != nil {
			r.log.DebugContext(ctx, "an answer could not be renewed ahead of its time", "sub", string(p.Subject), "error", result.Err)
		}
	}()
}

// land decides what the outcome of a flight, perhaps another request's, means for p.
func (r *Registry) land(ctx context.Context, p Person, result singleflight.Result) (Person, error) {
	if errors.Is(result.Err, ErrCannotDecide) && r.within(p, r.maxStale) {
		r.log.WarnContext(ctx, "directory cannot decide, an older answer still counts", "sub", string(p.Subject), "error", result.Err)
		return r.aged(p), nil
	}
	if result.Err != nil {
		return p, result.Err
	}
	answered := result.Val.(Person)
	if answered.Gone {
		return answered, ErrGone
	}
	if answered.Epoch != p.Epoch {
		return answered, ErrEnded
	}
	return answered, nil
}

// within reports whether the last answer is no older than limit. One from the
// future is as good as none.
func (r *Registry) within(p Person, limit time.Duration) bool {
	age := time.Since(p.CheckedAt)
	return age >= -clockSlack && age <= limit
}

// recheck asks the directory about one person and notes a decided answer.
func (r *Registry) recheck(ctx context.Context, p Person, why Cause) (Person, error) {
	o, asked := r.organisations[p.CorpID], time.Now()
	if o == nil {
		return p, fmt.Errorf("%w: the organisation is not configured", ErrCannotDecide)
	}
	member, err := o.ask(ctx, p, why)
	if refusal, ok := errors.AsType[*dingtalk.Error](err); ok && refusal.Gone() {
		return r.noteGone(ctx, p, asked, why, err)
	}
	// Another app that knows the person by another userId may be another organisation's.
	foreign := p.App != "" && p.App != o.app && member.UserID != p.Profile.UserID
	if err == nil && (member.UnionID != p.Profile.UnionID || member.CorpID != p.CorpID || !plausibleIDs(member.UserID) || foreign) {
		err = ErrContradiction
	}
	if err != nil {
		return p, fmt.Errorf("%w: %w", ErrCannotDecide, err)
	}
	o.witness.saw(p, member.UserID, asked)
	return r.noteMember(ctx, p, asked, why, profileOf(member))
}

// noteMember notes a positive answer.
func (r *Registry) noteMember(ctx context.Context, read Person, asked time.Time, why Cause, profile Profile) (Person, error) {
	r.trace(ctx, read.CorpID, &profile, read.Profile, why.Source != FromSweep)
	r.claimEmail(ctx, read.Subject, read.CorpID, &profile, read.Profile)
	noted := read.indexed && profile.UserID == read.Profile.UserID || r.enlist(ctx, read, profile.UserID)
	p, err := r.change(ctx, read, func(p *Person) bool {
		// An answer to a later question, or a "gone" that arrived meanwhile, stands; not so
		// one from a clock that is wrong. One about the account before a migration is over.
		if p.Gone || p.Profile.UnionID != profile.UnionID || !p.CheckedAt.Before(asked) && r.within(*p, r.recheckAfter) {
			return false
		}
		profile := profile
		profile.Nick, profile.NickIsName = p.Profile.Nick, p.Profile.NickIsName // of the account; the directory has none
		profile.Avatar = cmp.Or(profile.Avatar, p.Profile.Avatar)
		profile.Origin = p.Profile.Origin
		if p.Version != read.Version {
			profile.ClaimedEmail = p.Profile.ClaimedEmail // the rival may have released it
		}
		p.indexed = noted || p.indexed && p.Profile.UserID == profile.UserID
		p.Profile, p.CheckedAt, p.App = profile, millis(asked), r.organisations[p.CorpID].app
		return true
	})
	if err == nil && p.Profile.UnionID != profile.UnionID {
		return p, errMigrated
	}
	return p, err
}

// errMigrated: what was asked was about an account that the person no longer has.
var errMigrated = fmt.Errorf("%w: the account was migrated meanwhile", ErrCannotDecide)

// enlist puts a person into the sets, which must be done before the record says so.
func (r *Registry) enlist(ctx context.Context, p Person, userID string) bool {
	p.Profile.UserID = userID
	err := r.store.Together(ctx, index(p)...)
	if err != nil {
		r.log.WarnContext(ctx, "a person could not be noted in the sets", "sub", string(p.Subject), "error", err)
	}
	return err == nil
}

// ask is one question about one person. A sweep asks by userId, which costs half, and
// takes nothing but a plain yes for an answer.
func (o *organisation) ask(ctx context.Context, p Person, why Cause) (dingtalk.Member, error) {
	if why.Source == FromSweep {
		member, err := o.directory.Lookup(ctx, p.Profile.UserID)
		if err == nil && member.UnionID == p.Profile.UnionID {
			return member, nil
		}
	}
	return o.directory.Member(ctx, p.Profile.UnionID)
}

// noteGone is the one write by which somebody is removed, if the brake lets it. A login
// that was welcomed in the same moment is ended too: to log in again costs little, to
// stay in costs much. Of what we knew, only what makes up the identity is kept.
func (r *Registry) noteGone(ctx context.Context, p Person, asked time.Time, why Cause, refusal error) (Person, error) {
	reason := dingtalk.ReasonOf(refusal).String()
	if p.Gone {
		return p, ErrGone
	}
	// Only what is said after that can show that the directory still knows people.
	if err := r.mayRemove(ctx, p, time.Now(), why); err != nil {
		return p, err
	}
	removed, unionID := false, p.Profile.UnionID
	p, err := r.change(ctx, p, func(p *Person) bool {
		removed = !p.Gone && p.Profile.UnionID == unionID
		if !removed {
			return false
		}
		p.Gone, p.CheckedAt = true, millis(asked)
		p.Epoch++
		p.Profile = Profile{UnionID: p.Profile.UnionID, UserID: p.Profile.UserID, Origin: p.Profile.Origin, ClaimedEmail: p.Profile.ClaimedEmail}
		return true
	})
	if err != nil {
		return p, err
	}
	if p.Profile.UnionID != unionID {
		return p, errMigrated
	}
	if removed {
		r.log.InfoContext(ctx, "person is gone", "sub", string(p.Subject), "reason", reason)
		r.happened(ctx, Happening{Kind: Removed, CorpID: p.CorpID, Subject: p.Subject, Cause: why, Reason: reason})
	}
	return p, fmt.Errorf("%w: %w", ErrGone, refusal)
}

// Recheck asks the directory about a person now, however young the last answer: for
// hints and sweeps. It is not shared with a question that is under way, which may have
// been put before what the hint is about. Errors as of [Registry.Fresh].
func (r *Registry) Recheck(ctx context.Context, p Person, why Cause) (Person, error) {
	if p.Gone {
		return p, ErrGone
	}
	return r.recheck(ctx, p, why)
}
