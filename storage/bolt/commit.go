package bolt

import (
	"context"
	"fmt"
	"time"

	"go.etcd.io/bbolt"
)

const (
	maxGroup   = 512              // requests in one commit
	sweepEvery = 30 * time.Second // while nobody writes
	sweepAlong = 32               // removals that go along with a commit, besides two for each request
	sweepBatch = 1000             // removals of a commit of their own
)

// A request is the jobs of one Together.
type request struct {
	ctx  context.Context
	jobs []job
	done chan error // one slot: the answer is never waited for
}

// commitAll is the only writer. It takes what is waiting, commits it with one
// fsync, answers all, and looks again: the more there are, the larger the groups,
// without anybody waiting for a timer.
func (s *Store) commitAll() {
	defer close(s.ended)
	tick := time.NewTicker(sweepEvery)
	defer tick.Stop()
	group := make([]*request, 0, maxGroup)
	for {
		group = group[:0]
		select {
		case r := <-s.queue:
			group = append(group, r)
		case <-tick.C:
			s.sweepIdle()
			continue
		case <-s.stop:
			if len(s.queue) == 0 {
				return
			}
		}
		for len(group) < maxGroup && len(s.queue) > 0 {
			group = append(group, <-s.queue)
		}
		s.commitGroup(group)
	}
}

// commitGroup commits the requests whose caller is still there, and some removals
// of what has ended, so that a busy file stays small without commits for it.
func (s *Store) commitGroup(group []*request) {
	err := s.db.Update(func(tx *bbolt.Tx) error {
		now := time.Now()
		for _, r := range group {
			if r.ctx.Err() != nil {
				continue // answered by its own context
			}
			if err := perform(tx, r.jobs, now); err != nil {
				return err
			}
		}
		_, err := sweep(tx, now, sweepAlong+2*len(group))
		return err
	})
	if err != nil {
		err = fmt.Errorf("commit storage file: %w", err)
	}
	for i, r := range group {
		r.done <- err
		group[i] = nil
	}
}

// sweepIdle removes what has ended, batch by batch, until there is no more or
// somebody wants to write. A failure is met again by the next write, and told.
func (s *Store) sweepIdle() {
	for len(s.queue) == 0 {
		removed := 0
		err := s.db.Update(func(tx *bbolt.Tx) (err error) {
			removed, err = sweep(tx, time.Now(), sweepBatch)
			if removed == 0 && err == nil {
				err = errNothing // no commit, no fsync
			}
			return err
		})
		if err != nil || removed < sweepBatch {
			return
		}
	}
}
