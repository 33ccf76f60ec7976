package people

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"sync"
	"testing"

	"github.com/dingbridge/dingbridge/dingtalk"
	"github.com/dingbridge/dingbridge/keys/secret"
	"github.com/dingbridge/dingbridge/storage"
)

// company is a house with several people who have logged in, and what it told.
type company struct {
	house
	config Config
	tellMu sync.Mutex
	told   []Happening
	people []Person
}

func (c *company) tell(_ context.Context, h Happening) {
	c.tellMu.Lock()
	defer c.tellMu.Unlock()
	c.told = append(c.told, h)
}

// count tells how many happenings of a kind there were, with a reason if one is given.
func (c *company) count(kind string, reason ...string) (n int) {
	c.tellMu.Lock()
	defer c.tellMu.Unlock()
	for _, h := range c.told {
		if h.Kind == kind && (len(reason) == 0 || h.Reason == reason[0]) {
			n++
		}
	}
	return n
}

func employee(i int) (dingtalk.Account, dingtalk.Member) {
	union := fmt.Sprintf("union%d", i)
	return dingtalk.Account{UnionID: union}, dingtalk.Member{CorpID: corp, UnionID: union, UserID: fmt.Sprintf("user%d", i), Departments: []int64{20}}
}

// staffed builds a company of n people.
func staffed(t testing.TB, n int, config Config) *company {
	c := &company{config: config}
	c.config.Secrets = secrets(t, secret.Generate())
	c.config.Tell = c.tell
	c.house = build(t, c.config)
	c.dir.members = map[string]dingtalk.Member{}
	for i := range n {
		account, member := employee(i)
		c.dir.members[member.UnionID] = member
		c.people = append(c.people, c.enter(t, account, member))
	}
	if err := c.Counted(t.Context(), corp, n); err != nil {
		t.Fatal(err)
	}
	return c
}

// enter does what a callback does, the sets included.
func (c *company) enter(t testing.TB, account dingtalk.Account, member dingtalk.Member) Person {
	t.Helper()
	p := c.login(t, account, member)
	c.Registry.store.Together(context.Background(), index(p)...)
	return p
}

// replica is a second process on the same store, with the same directory unless config has
// another.
func (c *company) replica(t testing.TB, organisation Organisation) house {
	config := c.config
	config.Store = c.Registry.store
	if organisation.Directory == nil {
		organisation.Directory = c.dir
	}
	config.Organisations = map[string]Organisation{corp: organisation}
	h := build(t, config)
	h.store, h.dir = c.store, c.dir
	return h
}

// leave takes people out of the directory.
func (c *company) leave(people ...Person) {
	c.dir.set(func(d *directory) {
		d.members = maps.Clone(d.members)
		for _, p := range people {
			delete(d.members, p.Profile.UnionID)
		}
	})
}

// gone counts who is removed, and fails on somebody whose epoch says otherwise.
func (c *company) gone(t testing.TB) (n int) {
	t.Helper()
	for _, p := range c.people {
		now := c.mustRead(t, p.Subject)
		if now.Gone {
			n++
		}
		if now.Gone != (now.Epoch > p.Epoch) {
			t.Errorf("%s: gone %v, epoch %d", p.Profile.UserID, now.Gone, now.Epoch)
		}
	}
	return n
}

func (c *company) recheckAll(t testing.TB, r *Registry) {
	t.Helper()
	for _, p := range c.people {
		_, err := r.Recheck(t.Context(), c.mustRead(t, p.Subject), Cause{Source: FromSweep})
		if err != nil && !errors.Is(err, ErrGone) && !errors.Is(err, ErrCannotDecide) {
			t.Errorf("%s: %v", p.Profile.UserID, err)
		}
	}
}

// meddler does something beside one op of a store.
type meddler struct {
	storage.Store
	mu     sync.Mutex
	before func(op *storage.Op) // taken away before it runs
	lose   func(op *storage.Op) bool
}

func (m *meddler) Together(ctx context.Context, ops ...*storage.Op) error {
	for _, op := range ops {
		m.mu.Lock()
		before := m.before
		m.mu.Unlock()
		if before != nil {
			before(op)
		}
	}
	err := m.Store.Together(ctx, ops...)
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, op := range ops {
		if m.lose != nil && m.lose(op) {
			op.Err, err = storage.ErrUnknown, storage.ErrUnknown // it took effect, and nobody was told
		}
	}
	return err
}

// once runs do before the first op that fits.
func (m *meddler) once(fits func(op *storage.Op) bool, do func()) {
	m.before = func(op *storage.Op) {
		if fits(op) {
			m.before = nil
			do()
		}
	}
}
