package redis

import (
	"context"
	"sync/atomic"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/dingbridge/dingbridge/storage"
)

// waitPause is how long a primary is not asked for its replicas after it had too
// few: with none in reach each write would take the whole wait_timeout.
const waitPause = time.Second

// A waiter asks one primary to hold a reply back until replicas have the writes
// before it, so that a failover a moment later does not forget a spent code. It
// is a best effort: too few replicas are no error, because the primary serves on
// as its operator chose by min-replicas-to-write.
type waiter struct {
	replicas int
	timeout  time.Duration
	notUntil atomic.Int64 // Unix ns; set when there were too few
}

// command is the WAIT to send after these calls, or nil.
func (w *waiter) command(ctx context.Context, calls []call) *goredis.IntCmd {
	if w.replicas == 0 || !anyOneTime(calls) {
		return nil
	}
	if t := w.notUntil.Load(); t != 0 && time.Now().UnixNano() < t {
		return nil
	}
	return goredis.NewIntCmd(ctx, "wait", w.replicas, w.timeout.Milliseconds())
}

// learn notes what the WAIT answered.
func (w *waiter) learn(cmd *goredis.IntCmd) {
	if cmd.Err() != nil {
		return
	}
	if cmd.Val() >= int64(w.replicas) {
		w.notUntil.Store(0)
	} else {
		w.notUntil.Store(time.Now().Add(waitPause).UnixNano())
	}
}

// anyOneTime tells whether a write is among the calls that must not be forgotten.
func anyOneTime(calls []call) bool {
	for i := range calls {
		if v := calls[i].op.Verb; v == storage.VerbCreate || v == storage.VerbSwap {
			return true
		}
	}
	return false
}
