package redis

import (
	"context"
	"slices"
	"time"

	goredis "github.com/redis/go-redis/v9"
)

// newCluster makes a client of a Redis Cluster. The driver follows MOVED and ASK
// and repeats what a dead node left unanswered; it cannot be told to do only the
// first, so a hook on each node's client notes what it repeats.
func newCluster(set *settings) *goredis.ClusterClient {
	cluster := set.options.Cluster()
	cluster.MaxRedirects = 3
	cluster.MaxRetryBackoff = 50 * time.Millisecond
	cluster.DisableRoutingPolicies = true // none of our commands needs COMMAND to be asked first
	cluster.NewClient = func(opt *goredis.Options) *goredis.Client {
		node := goredis.NewClient(opt)
		node.AddHook(&nodeHook{waiter{replicas: set.wait, timeout: set.waitFor}})
		return node
	}
	return goredis.NewClusterClient(cluster)
}

// roundKey finds the calls of a trip through the context.
type roundKey struct{}

// nodeHook sees the part of a pipeline that goes to one node. Parts run at the
// same time but never share a call.
type nodeHook struct{ waiter waiter }

func (h *nodeHook) DialHook(next goredis.DialHook) goredis.DialHook { return next }

func (h *nodeHook) ProcessHook(next goredis.ProcessHook) goredis.ProcessHook { return next }

func (h *nodeHook) ProcessPipelineHook(next goredis.ProcessPipelineHook) goredis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []goredis.Cmder) error {
		calls, ok := ctx.Value(roundKey{}).([]call)
		if !ok {
			return next(ctx, cmds) // the driver's own: topology and handshakes
		}
		sent := cmds
		wait := h.waiter.command(ctx, calls)
		if wait != nil {
			// WAIT has no key to be routed by, so it goes along here.
			sent = append(slices.Clip(cmds), wait)
		}
		err := next(ctx, sent)
		if wait != nil {
			h.waiter.learn(wait)
		}
		for _, cmd := range cmds {
			if cerr := cmd.Err(); cerr != nil && judge(cerr).applied {
				note(calls, cmd)
			}
		}
		return err
	}
}

// note marks the call of a command whose reply was lost.
func note(calls []call, cmd goredis.Cmder) {
	for i := range calls {
		if calls[i].cmd == cmd {
			calls[i].unsure = true
		}
	}
}
