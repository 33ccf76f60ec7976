package leavers

import (
	"context"
	"crypto/rand"
	"errors"
	"maps"
	"slices"
	"sync"

	"github.com/dingbridge/dingbridge/storage"
)

// memory is a store for tests that move the clock. Nothing in it ends: what has a life here
// carries its end itself.
type memory struct {
	mu     sync.Mutex
	values map[string]entry
	sets   map[string]map[string]bool
	away   bool
	reads  int // of sets
	before func(op *storage.Op)
}

type entry struct {
	value   []byte
	version storage.Version
}

func (m *memory) Together(ctx context.Context, ops ...*storage.Op) error {
	for _, op := range ops {
		m.mu.Lock()
		before := m.before
		m.mu.Unlock()
		if before != nil {
			before(op)
		}
		m.perform(ctx, op)
	}
	return storage.FirstError(ops)
}

func (m *memory) perform(ctx context.Context, op *storage.Op) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.values == nil {
		m.values, m.sets = map[string]entry{}, map[string]map[string]bool{}
	}
	there, found := m.values[op.Key]
	switch {
	case m.away || ctx.Err() != nil:
		op.Err = errors.Join(storage.ErrUnknown, ctx.Err())
	case op.Verb == storage.VerbGet && !found, op.Verb == storage.VerbSwap && !found:
		op.Err = storage.ErrNotFound
	case op.Verb == storage.VerbGet:
		op.Value, op.Version = there.value, there.version
	case op.Verb == storage.VerbCreate && found, op.Verb == storage.VerbSwap && there.version != op.From:
		op.Err, op.Value, op.Version = storage.ErrConflict, there.value, there.version
	case op.Verb == storage.VerbCreate, op.Verb == storage.VerbSwap:
		rand.Read(op.Version[:])
		m.values[op.Key] = entry{op.Input, op.Version}
	case op.Verb == storage.VerbJoin:
		if m.sets[op.Key] == nil {
			m.sets[op.Key] = map[string]bool{}
		}
		m.sets[op.Key][op.Member] = true
	case op.Verb == storage.VerbMembers:
		m.reads++
		op.Members = slices.Collect(maps.Keys(m.sets[op.Key]))
	default:
		op.Err = storage.ErrUnknown
	}
}

func (m *memory) leave(away bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.away = away
}

func (m *memory) Ping(context.Context) error { return nil }
func (m *memory) Close() error               { return nil }
