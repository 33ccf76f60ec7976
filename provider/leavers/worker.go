package leavers

import (
	"context"
	"errors"
	"maps"
	"sync"
	"time"

	"github.com/dingbridge/dingbridge/dingtalk"
	"github.com/dingbridge/dingbridge/provider/people"
	"github.com/dingbridge/dingbridge/storage"
)

const (
	hintTime   = 30 * time.Second // for one hint
	mostTries  = 6                // of a hint that could not be decided
	firstPause = time.Second      // before its second try; doubled for each further one
)

// Run looks into hints and sweeps until ctx ends, and returns when nothing is under way.
func (w *Watch) Run(ctx context.Context) {
	var all sync.WaitGroup
	for range workers * (len(w.Organisations) + 1) {
		all.Go(func() { w.work(ctx) })
	}
	for corpID := range w.Organisations {
		all.Go(func() { w.keepSweeping(ctx, corpID) })
	}
	all.Wait()
	w.bequeath(context.WithoutCancel(ctx))
}

// bequeath notes for the other replicas that hints were lost with this one: DingTalk takes them
// for delivered.
func (w *Watch) bequeath(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	w.mu.Lock()
	lost := maps.Clone(w.missed)
	for _, held := range []map[subject]hint{w.waiting, w.later} {
		for s := range held {
			lost[s.corpID] = time.Now()
		}
	}
	w.mu.Unlock()
	for corpID, when := range lost {
		if w.Organisations[corpID] == nil {
			continue
		}
		for range 8 {
			t, err := w.readTurn(ctx, corpID)
			done := err == nil && when.UnixMilli() < t.Swept // made good for
			if err == nil && !done {
				_, done, err = w.change(ctx, corpID, t, func(r *turnRecord) { r.Missed = time.Now().UnixMilli() })
			}
			if err != nil {
				w.Log.WarnContext(ctx, "hints were lost, and could not be noted as lost", "corp_id", corpID, "error", err)
			}
			if done || err != nil {
				break
			}
		}
	}
}

func (w *Watch) work(ctx context.Context) {
	for ctx.Err() == nil {
		if s, h, ok := w.next(); ok {
			err := w.try(ctx, s, h.why)
			w.done(s)
			switch {
			case err == nil:
			case ctx.Err() != nil:
				w.Missed(s.corpID)
			default:
				w.afterwards(ctx, s, h, err)
			}
			continue
		}
		select {
		case <-ctx.Done():
			return
		case <-w.wake:
		}
	}
}

// afterwards has a hint looked into once more, unless it was often enough.
func (w *Watch) afterwards(ctx context.Context, s subject, h hint, err error) {
	pause := firstPause << h.tries
	h.tries++
	if h.tries < mostTries && w.again(s, h, pause) {
		return
	}
	w.Log.WarnContext(ctx, "a hint could not be looked into; a later use or the sweep will", "error", err)
	if s.corpID != "" {
		w.Missed(s.corpID)
	}
}

// try is one attempt. An error means that it is worth another.
func (w *Watch) try(ctx context.Context, s subject, why people.Cause) error {
	ctx, cancel := context.WithTimeout(dingtalk.InBackground(ctx), hintTime)
	defer cancel()
	subjects, err := w.meant(ctx, s)
	if err != nil || len(subjects) == 0 {
		return err
	}
	list, err := w.People.Load(ctx, subjects...)
	if err != nil {
		return err
	}
	why.DryRun = w.DryRun
	var again error
	for _, p := range list {
		if p.Gone {
			continue
		}
		if _, err := w.People.Recheck(ctx, p, why); worthAnother(err) {
			again = err // and the next may be the one who left
		}
	}
	return again
}

// meant are all who can be meant: everybody who was ever seen under a userId; of a person, also
// who they were before an account migration.
func (w *Watch) meant(ctx context.Context, s subject) ([]people.Subject, error) {
	if s.person == "" {
		return w.People.ByUserID(ctx, s.corpID, s.userID)
	}
	op := w.People.FetchAlias(s.person)
	_ = w.Store.Together(ctx, op) // Alias tells what the op's error means
	older, err := w.People.Alias(s.person, op)
	if err != nil || older == s.person {
		return []people.Subject{s.person}, err
	}
	return []people.Subject{older, s.person}, nil
}

// worthAnother tells the failures that pass by themselves.
func worthAnother(err error) bool {
	if errors.Is(err, people.ErrWithheld) {
		return errors.Is(err, people.ErrUnvouched)
	}
	if upstream, ok := errors.AsType[*dingtalk.Error](err); ok {
		return upstream.Transient()
	}
	return errors.Is(err, storage.ErrUnknown)
}
