package keys

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/dingbridge/dingbridge/storage"
)

const (
	// attempts bounds how often a write is tried again after losing to another.
	attempts = 8
	// patience bounds one reread or rotation, so that a store that hangs is
	// noticed, and what is written is not older than settle allows for.
	patience = 30 * time.Second
)

// Run rereads the ring each minute, publishes the next key when it is due, drops
// what is over and re-seals, until ctx ends. When it cannot, the replica goes on
// with the keys it has, and logs it. One Run a Ring.
func (r *Ring) Run(ctx context.Context) {
	tick := time.NewTicker(reread)
	defer tick.Stop()
	for {
		short, cancel := context.WithTimeout(ctx, patience)
		err := r.tend(short, false)
		cancel()
		if ctx.Err() != nil {
			return
		}
		r.report(err)
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// Rotate publishes the next key of each algorithm that has none waiting; it
// begins to sign after PublishLead. It returns when the key is stored, by us or
// by another replica.
func (r *Ring) Rotate(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if err := r.tend(ctx, true); err != nil {
		return fmt.Errorf("rotate the signing keys: %w", err)
	}
	return nil
}

// report logs when rereading begins to fail, each ten minutes while it does, and
// when it works again.
func (r *Ring) report(err error) {
	now := time.Now()
	switch {
	case err == nil && r.unreadSince.IsZero():
	case err == nil:
		r.log.Info("the signing ring was reread", "after", now.Sub(r.unreadSince))
		r.unreadSince = time.Time{}
		r.stale.Store(nil)
		r.notify(Event{Kind: EventReread})
	default:
		if r.unreadSince.IsZero() {
			r.unreadSince = now
			r.stale.Store(&now)
			r.notify(Event{Kind: EventStale, Err: err})
		} else if now.Sub(r.lastLogged) < 10*reread {
			return
		}
		r.lastLogged = now
		r.log.Error("the signing ring could not be reread; going on with the keys at hand", "since", r.unreadSince, "err", err)
	}
}

// tend rereads the ring and writes what is due. With rotate it publishes the
// next keys even if they are not due.
func (r *Ring) tend(ctx context.Context, rotate bool) error {
	r.mu.Lock()
	before := r.view.Load().signs
	events, err := r.rewrite(ctx, rotate)
	for _, e := range r.view.Load().signs {
		if !slices.Contains(before, e) {
			events = append(events, e)
		}
	}
	r.mu.Unlock()
	for _, e := range events {
		r.notify(e)
	}
	return err
}

// rewrite is tend without its telling.
func (r *Ring) rewrite(ctx context.Context, rotate bool) ([]Event, error) {
	fresh := map[string]*key{} // generated once, however often a Swap loses
	op := storage.Get(storageKey)
	err := r.store.Together(ctx, op)
	for range attempts {
		if errors.Is(err, storage.ErrNotFound) {
			// Somebody emptied the store under us. What we hold is the ring that
			// relying parties know, and other replicas hold the same.
			op, err = r.restore(ctx)
			if err == nil {
				return []Event{{Kind: EventRestored}}, nil
			}
		}
		if err != nil && !errors.Is(err, storage.ErrConflict) {
			return nil, fmt.Errorf("reread: %w", err)
		}
		s := r.view.Load().snapshot
		if op.Version != s.version {
			if s, err = r.unseal(op.Value, op.Version); err != nil {
				return nil, err
			}
		}
		now := time.Now()
		r.adopt(s, now)
		next, events, fault := r.plan(s, now, rotate, fresh)
		if fault != nil || next == nil {
			return nil, fault
		}
		sealed, fault := r.seal(next)
		if fault != nil {
			return nil, fault
		}
		op = storage.Swap(storageKey, s.version, sealed, 0)
		if err = r.store.Together(ctx, op); err == nil {
			next.version = op.Version
			if next.sealedBy != s.sealedBy {
				r.lastReseal = now
			}
			r.adopt(next, time.Now())
			return events, nil
		}
	}
	return nil, fmt.Errorf("write: other replicas were quicker %d times: %w", attempts, err)
}

// restore creates the ring anew from what this replica holds.
func (r *Ring) restore(ctx context.Context) (*storage.Op, error) {
	held := *r.view.Load().snapshot
	sealed, err := r.seal(&held)
	if err != nil {
		return nil, err
	}
	op := storage.Create(storageKey, sealed, 0)
	if err := r.store.Together(ctx, op); err != nil {
		return op, err
	}
	held.version = op.Version
	r.adopt(&held, time.Now())
	r.log.Warn("the signing ring had vanished from storage and was put back")
	return op, nil
}

// plan returns the ring that should follow s, or nil if s is right as it is.
func (r *Ring) plan(s *snapshot, now time.Time, rotate bool, fresh map[string]*key) (*snapshot, []Event, error) {
	next, changed := &snapshot{}, false
	var events []Event
	if first, _ := r.secrets.First(); s.sealedBy != first && (r.lastReseal.IsZero() || now.Sub(r.lastReseal) >= resealEvery) {
		changed = true
		events = append(events, Event{Kind: EventResealed})
	}
	for _, alg := range algorithms {
		keys, less := r.policy.prune(s.of(alg), now)
		changed = changed || less
		next.keys = append(next.keys, keys...)
		if !r.policy.due(keys, now) && (!rotate || waiting(keys, now)) {
			continue
		}
		if fresh[alg] == nil {
			k, err := generate(alg, now, r.policy.firstUse(now))
			if err != nil {
				return nil, nil, err
			}
			fresh[alg] = k
		}
		next.keys = append(next.keys, fresh[alg])
		events = append(events, Event{Kind: EventPublished, Alg: alg, KID: fresh[alg].kid})
		changed = true
	}
	if !changed {
		return nil, nil, nil
	}
	next.sort()
	return next, events, nil
}
