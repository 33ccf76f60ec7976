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

// Fresh returns the person if a directory answer young enough says that they are
// ours, asking the directory if need be. Every use but a login goes through it:
// SSO, code, refresh. p comes from [Registry.Read], and the caller has compared its
// epoch; the person returned has the same one.
//
// Errors: ErrGone, ErrEnded, ErrCannotDecide, ErrUnknownPerson (the record vanished),
// ErrRecord, storage.ErrUnknown.
func (r *Registry) Fresh(ctx context.Context, p Person) (Person, error) {
	if p.Gone {
		return p, ErrGone
	}
	// An organisation that was taken out of the configuration lets nobody in from that
	// moment on, however young its last answer.
	if r.directories[p.CorpID] == nil {
		return p, fmt.Errorf("%w: the organisation is not configured", ErrCannotDecide)
	}
	if r.within(p, r.recheckAfter) {
		return p, nil
	}
	flight := r.flights.DoChan(string(p.Subject), func() (any, error) {
		// Others wait for this flight too: it must not end with the request that
		// happened to come first.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), flightLimit)
		defer cancel()
		return r.recheck(ctx, p)
	})
	select {
	case <-ctx.Done():
		return p, fmt.Errorf("%w: %w", ErrCannotDecide, context.Cause(ctx))
	case result := <-flight:
		return r.land(ctx, p, result)
	}
}

// land decides what the outcome of a flight, perhaps another request's, means for p.
func (r *Registry) land(ctx context.Context, p Person, result singleflight.Result) (Person, error) {
	if errors.Is(result.Err, ErrCannotDecide) && r.within(p, r.maxStale) {
		r.log.WarnContext(ctx, "directory cannot decide, an older answer still counts", "sub", string(p.Subject), "error", result.Err)
		return p, nil
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
func (r *Registry) recheck(ctx context.Context, p Person) (Person, error) {
	asked := now()
	member, err := r.directories[p.CorpID].Member(ctx, p.Profile.UnionID)
	if refusal, ok := errors.AsType[*dingtalk.Error](err); ok && refusal.Gone() {
		return r.noteGone(ctx, p, asked, err)
	}
	if err == nil && (member.UnionID != p.Profile.UnionID || member.CorpID != p.CorpID || !plausibleIDs(member.UserID)) {
		err = ErrContradiction
	}
	if err != nil {
		return p, fmt.Errorf("%w: %w", ErrCannotDecide, err)
	}
	return r.change(ctx, p, func(p *Person) bool {
		// An answer to a later question, or a "gone" that arrived meanwhile, stands;
		// not so one from a clock that is wrong.
		if p.Gone || !p.CheckedAt.Before(asked) && r.within(*p, r.recheckAfter) {
			return false
		}
		profile := profileOf(member)
		profile.Nick, profile.NickIsName = p.Profile.Nick, p.Profile.NickIsName // of the account; the directory has none
		profile.Avatar = cmp.Or(profile.Avatar, p.Profile.Avatar)
		p.Profile, p.CheckedAt = profile, asked
		return true
	})
}

// noteGone is the one write by which somebody is removed. A login that was welcomed
// in the same moment is ended too: to log in again costs little, to stay in costs
// much. Of what we knew, only what makes up the identity is kept.
func (r *Registry) noteGone(ctx context.Context, p Person, asked time.Time, refusal error) (Person, error) {
	p, err := r.change(ctx, p, func(p *Person) bool {
		if p.Gone {
			return false
		}
		p.Gone, p.CheckedAt = true, asked
		p.Epoch++
		p.Profile = Profile{UnionID: p.Profile.UnionID, UserID: p.Profile.UserID}
		return true
	})
	if err != nil {
		return p, err
	}
	r.log.InfoContext(ctx, "person is gone", "sub", string(p.Subject), "reason", dingtalk.ReasonOf(refusal).String())
	return p, fmt.Errorf("%w: %w", ErrGone, refusal)
}
