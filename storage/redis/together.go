package redis

import (
	"context"
	"errors"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/dingbridge/dingbridge/storage"
)

// Together performs the ops in one pipeline; see [storage.Store]. More trips are
// made only where the first left something open: a Create that met a value, and
// after an error that a retry may heal, of the ops that have no result yet.
func (s *Store) Together(ctx context.Context, ops ...*storage.Op) error {
	var room [4]call
	calls := room[:0]
	for _, op := range ops {
		if op.Err = op.Fault(); op.Err == nil {
			calls = append(calls, s.newCall(op))
		}
	}
	inOrder(calls)
	s.run(ctx, calls)
	return storage.FirstError(ops)
}

// inOrder keeps a Create in its place among ops on the same key: its second
// question would be asked after them, so it asks that one at once.
func inOrder(calls []call) {
	for i := range calls {
		for j := range calls {
			if i != j && calls[i].key == calls[j].key && calls[i].op.Verb == storage.VerbCreate {
				calls[i].second = true
			}
		}
	}
}

// run asks until every call is settled. Failures are bounded by the retries, and
// a call asks its second question once, so it ends.
func (s *Store) run(ctx context.Context, calls []call) {
	for failures := 0; len(calls) > 0; {
		err := ctx.Err()
		if err == nil && s.closed.Load() {
			err = goredis.ErrClosed // the cluster client would go on looking for a node
		}
		if err != nil {
			for i := range calls {
				calls[i].fail(judge(err).reason, err)
			}
			return
		}
		s.ask(ctx, calls)
		open, failed, lost := calls[:0], false, false
		for _, c := range calls {
			switch c.settle(failures < s.retries) {
			case again:
				failed = true
				open = append(open, c)
			case settled:
				lost = lost || errors.Is(c.op.Err, storage.ErrUnknown)
			case askMore:
				open = append(open, c)
			}
		}
		calls = open
		if failed || lost {
			s.lookAgain(ctx)
		}
		if failed {
			failures++
			pause(ctx, failures)
		}
	}
}

// ask sends the calls' commands in one trip. Errors are read from the commands.
func (s *Store) ask(ctx context.Context, calls []call) {
	var wait *goredis.IntCmd
	if s.cluster {
		ctx = context.WithValue(ctx, roundKey{}, calls) // for the hook of each node
	} else {
		wait = s.waiter.command(ctx, calls)
	}
	for i := range calls {
		calls[i].prepare(ctx)
	}
	if len(calls) == 1 && wait == nil && !s.cluster {
		calls[0].blame(s.client.Process(ctx, calls[0].cmd))
		return
	}
	pipe := s.client.Pipeline()
	for i := range calls {
		_ = pipe.Process(ctx, calls[i].cmd)
	}
	if wait != nil {
		_ = pipe.Process(ctx, wait)
	}
	_, err := pipe.Exec(ctx)
	for i := range calls {
		calls[i].blame(err)
	}
	if wait != nil {
		all := make([]*call, len(calls))
		for i := range calls {
			all[i] = &calls[i]
		}
		s.waiter.learn(wait, all)
	}
}

// pause lets a failover or a reload get on before the next attempt.
func pause(ctx context.Context, failures int) {
	t := time.NewTimer(time.Duration(failures) * attemptGap)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}
