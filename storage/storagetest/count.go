package storagetest

import (
	"context"
	"slices"
	"sync"

	"github.com/dingbridge/dingbridge/storage"
)

// A Counter is a Store that counts what goes through it. A Together counts once,
// as it costs one round trip; the second trips of a back end's own are not seen.
// It is safe for concurrent use.
type Counter struct {
	storage.Store

	mu    sync.Mutex
	trips int
	calls []Call
}

// A Call is one op that went through a [Counter].
type Call struct {
	Trip int // from 1
	Verb storage.Verb
	Key  string
}

// Count wraps a store.
func Count(s storage.Store) *Counter { return &Counter{Store: s} }

// Together passes the ops on and counts them, whether they succeed or not.
func (c *Counter) Together(ctx context.Context, ops ...*storage.Op) error {
	c.mu.Lock()
	c.trips++
	for _, op := range ops {
		c.calls = append(c.calls, Call{Trip: c.trips, Verb: op.Verb, Key: op.Key})
	}
	c.mu.Unlock()
	return c.Store.Together(ctx, ops...)
}

// Trips is the number of round trips since the last Reset.
func (c *Counter) Trips() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.trips
}

// Calls lists the ops since the last Reset, in order.
func (c *Counter) Calls() []Call {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.calls)
}

// Keys lists the keys touched since the last Reset, sorted, each once.
func (c *Counter) Keys() []string {
	var keys []string
	for _, call := range c.Calls() {
		keys = append(keys, call.Key)
	}
	slices.Sort(keys)
	return slices.Compact(keys)
}

// Reset forgets everything counted.
func (c *Counter) Reset() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.trips, c.calls = 0, nil
}
