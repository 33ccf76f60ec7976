package redis

import (
	"context"
	"slices"
	"time"

	goredis "github.com/redis/go-redis/v9"
)

// newCluster makes a client of a Redis Cluster. The driver follows MOVED and ASK
// and repeats what a dead node left unanswered; it cannot be told to do only the
// first, so a hook on each node's client stops the second.
func newCluster(o *goredis.UniversalOptions, newWaiter func() waiter) *goredis.ClusterClient {
	cluster := o.Cluster()
	cluster.MaxRedirects = 3
	cluster.MaxRetryBackoff = 50 * time.Millisecond
	cluster.DisableRoutingPolicies = true // none of our commands needs COMMAND to be asked first
	cluster.NewClient = func(opt *goredis.Options) *goredis.Client {
		node := goredis.NewClient(opt)
		node.AddHook(&nodeHook{newWaiter()})
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
		var mine []*call
		for i := range calls {
			if slices.Contains(cmds, calls[i].cmd) {
				if calls[i].failed {
					// A repetition, of more than what failed, to the node that failed. Left
					// undone: each command keeps what it has, and we ask again ourselves.
					return nil
				}
				mine = append(mine, &calls[i])
			}
		}
		sent := cmds
		wait := h.waiter.command(ctx, calls)
		if wait != nil {
			// WAIT has no key to be routed by, so it goes along here.
			sent = append(slices.Clip(cmds), wait)
		}
		err := next(ctx, sent)
		if wait != nil {
			h.waiter.learn(wait, mine)
		}
		for _, c := range mine {
			c.blame(err)
			cerr := c.cmd.Err()
			if cerr == nil || cerr == goredis.Nil || redirects(cerr) {
				continue
			}
			c.failed = true
			c.unsure = c.unsure || judge(cerr).applied
		}
		return err
	}
}

// redirects tells whether a node says that another has to be asked, which the driver does.
func redirects(err error) bool {
	_, moved := goredis.IsMovedError(err)
	_, ask := goredis.IsAskError(err)
	return moved || ask
}

// lookAgain has the driver find out who has which slots, beside whatever is under way:
// by itself it learns of a failover from a node that says MOVED, and a dead one says
// nothing. It does so at most five times a second.
func (s *Store) lookAgain(ctx context.Context) {
	if cluster, ok := s.client.(*goredis.ClusterClient); ok {
		cluster.ReloadState(context.WithoutCancel(ctx))
	}
}
