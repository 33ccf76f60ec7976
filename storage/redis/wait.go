package redis

import (
	"context"
	"slices"
	"sync/atomic"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/dingbridge/dingbridge/storage"
)

// After a primary had too few replicas it is asked for them for briefWait at most,
// until waitPause is over: with none in reach each write would take the whole
// wait_timeout, and one that is back is to be waited for at once.
const (
	waitPause = time.Second
	briefWait = 5 * time.Millisecond
)

// A waiter asks one primary to hold a reply back until replicas have the writes
// before it, so that a failover a moment later does not forget a spent code. Unless
// it is strict it is a best effort: too few replicas are no error, because the
// primary serves on as its operator chose by min-replicas-to-write.
type waiter struct {
	replicas int
	timeout  time.Duration
	strict   bool
	notUntil *atomic.Int64 // Unix ns; until then the wait is brief
}

func (set *settings) newWaiter() waiter {
	return waiter{replicas: set.wait, timeout: set.waitFor, strict: set.waitStrict, notUntil: new(atomic.Int64)}
}

// command is the WAIT to send after these calls, or nil.
func (w *waiter) command(ctx context.Context, calls []call) *goredis.IntCmd {
	if w.replicas == 0 || !slices.ContainsFunc(calls, w.lasting) {
		return nil
	}
	timeout := w.timeout
	if t := w.notUntil.Load(); t != 0 && !w.strict && time.Now().UnixNano() < t {
		timeout = min(timeout, briefWait)
	}
	return goredis.NewIntCmd(ctx, "wait", w.replicas, timeout.Milliseconds())
}

// learn notes what the WAIT answered, and to the calls before it what it means to them.
func (w *waiter) learn(cmd *goredis.IntCmd, calls []*call) {
	needed := ""
	switch err := cmd.Err(); {
	case err == nil && cmd.Val() >= int64(w.replicas):
		w.notUntil.Store(0)
		return
	case err == nil:
		if t := w.notUntil.Load(); time.Now().UnixNano() >= t {
			w.notUntil.Store(time.Now().Add(waitPause).UnixNano())
		}
		if w.strict {
			needed = fewReplicas
		}
	case goredis.IsPermissionError(err):
		needed = notAllowed // a user who may not wait would go unnoticed, until a failover
	case w.strict:
		needed = judge(err).reason
	}
	for _, c := range calls {
		if w.lasting(*c) {
			c.needed = needed
		}
	}
}

// lasting tells whether a call writes what must not be forgotten: what works once. A
// strict waiter adds the notes that are made of such things when they are met again: they
// tell whether what was met is there for good, because replicas take writes in order.
func (w *waiter) lasting(c call) bool {
	switch c.op.Verb {
	case storage.VerbCreate, storage.VerbSwap:
		return true
	case storage.VerbJoin:
		return w.strict
	}
	return false
}
