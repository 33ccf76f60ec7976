package keys

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/dingbridge/dingbridge/keys/secret"
	"github.com/dingbridge/dingbridge/storage"
)

// memory is a store in memory that keeps the contract for the verbs a ring uses,
// and that fails on demand. It costs no real time, so months pass in a moment.
type memory struct {
	mu     sync.Mutex
	values map[string]held
	writes int

	noReads  bool             // every Get is ErrUnknown
	down     bool             // every op is ErrUnknown and does nothing
	lose     bool             // writes happen, their answers are lost for good
	afterGet func(key string) // called without the lock
}

type held struct {
	value   []byte
	version storage.Version
}

func newMemory() *memory { return &memory{values: map[string]held{}} }

func (m *memory) Together(ctx context.Context, ops ...*storage.Op) error {
	for _, op := range ops {
		m.perform(ctx, op)
	}
	return storage.FirstError(ops)
}

func (m *memory) perform(ctx context.Context, op *storage.Op) {
	if m.afterGet != nil && op.Verb == storage.VerbGet {
		defer m.afterGet(op.Key)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.down || m.noReads && op.Verb == storage.VerbGet || ctx.Err() != nil {
		op.Err = fmt.Errorf("memory is down: %w", storage.ErrUnknown)
		return
	}
	there, ok := m.values[op.Key]
	op.Value, op.Version = bytes.Clone(there.value), there.version
	switch {
	case op.Verb == storage.VerbGet || op.Verb == storage.VerbSwap:
		if !ok {
			op.Err = storage.ErrNotFound
		} else if op.Verb == storage.VerbSwap && op.From != there.version {
			op.Err = storage.ErrConflict
		}
	case op.Verb == storage.VerbCreate:
		if ok {
			op.Err = storage.ErrConflict
		}
	default:
		panic(fmt.Sprintf("a ring has no use for verb %d", op.Verb))
	}
	if op.Err != nil || op.Verb == storage.VerbGet {
		return
	}
	rand.Read(op.Version[:])
	op.Value = nil
	m.values[op.Key] = held{bytes.Clone(op.Input), op.Version}
	m.writes++
	if m.lose {
		op.Err = fmt.Errorf("the answer was lost: %w", storage.ErrUnknown)
	}
}

func (m *memory) Ping(context.Context) error { return nil }
func (m *memory) Close() error               { return nil }

func (m *memory) set(f func()) {
	m.mu.Lock()
	defer m.mu.Unlock()
	f()
}

func (m *memory) ring() (value []byte, writes int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return bytes.Clone(m.values[storageKey].value), m.writes
}

const (
	secretA = "qmF3sWcXk1Zr8uTgB5vNhJ0pLyEdC7aM"
	secretB = "Zx9KcPq4VtR2mWb7YnLg5HdJ1sFfQe8U"
)

func secrets(t testing.TB, lines ...string) *secret.List {
	t.Helper()
	l, err := secret.Parse([]byte(strings.Join(lines, "\n")))
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// events collects what rings tell.
type events struct {
	mu  sync.Mutex
	all []Event
}

func (e *events) add(ev Event) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.all = append(e.all, ev)
}

func (e *events) count(kind string) int {
	e.mu.Lock()
	defer e.mu.Unlock()
	n := 0
	for _, ev := range e.all {
		if ev.Kind == kind {
			n++
		}
	}
	return n
}

func open(t testing.TB, c Config) *Ring {
	t.Helper()
	if c.Secrets == nil {
		c.Secrets = secrets(t, secretA)
	}
	r, err := Open(context.Background(), c)
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	return r
}

// kids returns the kids of a ring by state.
func kids(r *Ring, alg string) map[State][]string {
	by := map[State][]string{}
	for _, i := range r.List() {
		if i.Alg == alg {
			by[i.State] = append(by[i.State], i.KID)
		}
	}
	return by
}

func allKIDs(r *Ring) string {
	set := map[string]bool{}
	for _, i := range r.List() {
		set[i.KID] = true
	}
	return strings.Join(slices.Sorted(maps.Keys(set)), " ")
}

const day = 24 * time.Hour
