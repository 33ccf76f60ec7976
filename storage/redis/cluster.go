package redis

import (
	"context"
	"slices"

	goredis "github.com/redis/go-redis/v9"
)

// newCluster makes a client of a Redis Cluster. The driver follows MOVED and ASK
// and repeats what a dead node left unanswered; it cannot be told to do only the
// first, so a hook on each node's client notes what it repeats.
func newCluster(s *Store, o *goredis.UniversalOptions) *goredis.ClusterClient {
	cluster := o.Cluster()
	cluster.MaxRedirects = 3
	cluster.DisableRoutingPolicies = true // none of our commands needs COMMAND to be asked first
	cluster.NewClient = func(opt *goredis.Options) *goredis.Client {
		node := goredis.NewClient(opt)
		node.AddHook(nodeHook{s})
		return node
	}
	return goredis.NewClusterClient(cluster)
}

// A round is one trip's calls, found by the hook through the context.
type round struct {
	calls []call
	wait  bool
}

type roundKey struct{}

// nodeHook sees the part of a pipeline that goes to one node. Parts run at the
// same time but never share a call.
type nodeHook struct{ store *Store }

func (h nodeHook) DialHook(next goredis.DialHook) goredis.DialHook { return next }

func (h nodeHook) ProcessHook(next goredis.ProcessHook) goredis.ProcessHook { return next }

func (h nodeHook) ProcessPipelineHook(next goredis.ProcessPipelineHook) goredis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []goredis.Cmder) error {
		r, ok := ctx.Value(roundKey{}).(*round)
		if !ok {
			return next(ctx, cmds) // the driver's own: topology and handshakes
		}
		sent := cmds
		if r.wait {
			// WAIT has no key, so it can only be routed by going along here.
			sent = append(slices.Clip(cmds), h.store.waitCommand(ctx))
		}
		err := next(ctx, sent)
		for _, cmd := range cmds {
			if cerr := cmd.Err(); cerr != nil && judge(cerr).applied {
				r.note(cmd)
			}
		}
		return err
	}
}

// note marks the call of a command whose reply was lost.
func (r *round) note(cmd goredis.Cmder) {
	for i := range r.calls {
		if r.calls[i].cmd == cmd {
			r.calls[i].unsure = true
		}
	}
}
