package bolt

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.etcd.io/bbolt"

	"github.com/dingbridge/dingbridge/storage"
)

// Together performs the ops in one commit, shared with whoever else is waiting;
// see [storage.Store]. Ops that only read take a snapshot and wait for nobody.
func (s *Store) Together(ctx context.Context, ops ...*storage.Op) error {
	jobs := make([]job, 0, len(ops))
	writes := false
	for _, op := range ops {
		if op.Err = op.Fault(); op.Err == nil {
			jobs = append(jobs, newJob(op))
			writes = writes || op.Verb.Writes()
		}
	}
	var err error
	switch {
	case len(jobs) == 0:
	case writes:
		err = s.commit(ctx, jobs)
	default:
		err = s.view(ctx, jobs)
	}
	for i := range jobs {
		jobs[i].answer(err)
	}
	return storage.FirstError(ops)
}

// view reads in the caller's goroutine.
func (s *Store) view(ctx context.Context, jobs []job) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	err := s.db.View(func(tx *bbolt.Tx) error {
		return perform(tx, jobs, time.Now())
	})
	if err != nil {
		return fmt.Errorf("read storage file: %w", err)
	}
	return nil
}

// commit hands the jobs to the committer and waits for the disk, or for the end
// of ctx; then the jobs still belong to the committer and must not be read.
func (s *Store) commit(ctx context.Context, jobs []job) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	r := &request{ctx: ctx, jobs: jobs, done: make(chan error, 1)}
	select {
	case <-s.stop: // before the queue, which may have room after Close
		return errClosed
	default:
	}
	select {
	case s.queue <- r:
	case <-s.stop:
		return errClosed
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case err := <-r.done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	case <-s.ended:
		// It may have been answered just before the end, or never been seen.
		select {
		case err := <-r.done:
			return err
		default:
			return errClosed
		}
	}
}

var errClosed = errors.New("store is closed")

// A job is what the committer needs of an op, and its result. It shares nothing
// with the op that the caller may touch: a caller whose context has ended goes
// away while the commit goes on.
type job struct {
	op     *storage.Op // touched by the caller's goroutine only
	verb   storage.Verb
	key    string
	member string
	from   storage.Version
	life   time.Duration
	record []byte // end (to be filled in), Version, payload

	result
}

// result of a job; the committer resets it if the commit fails.
type result struct {
	err     error
	value   []byte
	version storage.Version
	members []string
}

// answer copies the result to the op, or err, which befell all of them.
func (j *job) answer(err error) {
	if err != nil {
		j.op.Err = fmt.Errorf("bolt %s: %w: %w", j.op.Verb, storage.ErrUnknown, err)
		return
	}
	if j.err != nil {
		j.op.Err = fmt.Errorf("bolt %s: %w", j.op.Verb, j.err)
	}
	j.op.Value, j.op.Version, j.op.Members = j.value, j.version, j.members
}
