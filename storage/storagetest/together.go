package storagetest

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/dingbridge/dingbridge/storage"
)

func wantTogether(t *testing.T, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Fatalf("Together = %v, want %v", err, want)
	}
}

func wantMembers(t *testing.T, s storage.Store, key string, want ...string) {
	t.Helper()
	got := must(t, s, storage.Members(key)).Members
	slices.Sort(got)
	want = slices.Sorted(slices.Values(want))
	if !slices.Equal(got, want) {
		t.Fatalf("set %q has %q, want %q", key, got, want)
	}
}

func hasNot(t *testing.T, s storage.Store, key, member string) {
	t.Helper()
	if got := must(t, s, storage.Members(key)).Members; slices.Contains(got, member) {
		t.Fatalf("set %q still has %q", key, member)
	}
}

func testTogether(t *testing.T, h Harness) {
	s := h.Open(t)
	there := must(t, s, storage.Create("there", []byte("v"), 0))
	moved := must(t, s, storage.Create("moved", []byte("v"), 0))
	must(t, s, storage.Join("set", "m", 0))

	create, conflict := storage.Create("new", []byte("n"), long), storage.Create("there", []byte("x"), long)
	get, none := storage.Get("there"), storage.Get("none")
	swap, stale := storage.Swap("moved", moved.Version, []byte("w"), 0), storage.Swap("there", storage.Version{9}, nil, 0)
	gone, put := storage.Swap("none", storage.Version{9}, nil, 0), storage.Put("put", []byte("p"), long)
	del, join, members := storage.Delete("nothing"), storage.Join("set", "n", long), storage.Members("set")
	all := []*storage.Op{none, create, conflict, get, swap, stale, gone, put, del, join, members}

	wantTogether(t, s.Together(t.Context(), all...), storage.ErrNotFound) // the first error
	for _, op := range []*storage.Op{create, get, swap, put, del, join, members} {
		if op.Err != nil {
			t.Errorf("%s %q: %v", op.Verb, op.Key, op.Err)
		}
	}
	wantError(t, none, storage.ErrNotFound)
	wantError(t, gone, storage.ErrNotFound)
	wantError(t, conflict, storage.ErrConflict)
	wantError(t, stale, storage.ErrConflict)
	holds(t, conflict, "v", there.Version)
	holds(t, stale, "v", there.Version)
	holds(t, get, "v", there.Version)
	holds(t, must(t, s, storage.Get("new")), "n", create.Version)
	holds(t, must(t, s, storage.Get("moved")), "w", swap.Version)
	if got := slices.Sorted(slices.Values(members.Members)); !slices.Equal(got, []string{"m", "n"}) {
		t.Errorf("members %q", got)
	}

	// Reads alone, and an error that outranks an earlier one.
	a, b, c := storage.Get("there"), storage.Get("none"), storage.Members("set")
	wantTogether(t, s.Together(t.Context(), a, b, c), storage.ErrNotFound)
	holds(t, a, "v", there.Version)
	if len(c.Members) != 2 {
		t.Errorf("members %q", c.Members)
	}
	wantTogether(t, s.Together(t.Context(), storage.Get("none"), storage.Get("")), storage.ErrUnknown)
}

// testOrder: an op sees what the ops before it on the same key did.
func testOrder(t *testing.T, h Harness) {
	s := h.Open(t)
	put, first := storage.Put("k", []byte("one"), long), storage.Get("k")
	second, create := storage.Put("k", []byte("two"), 0), storage.Create("k", []byte("no"), 0)
	del, last := storage.Delete("k"), storage.Get("k")
	wantTogether(t, s.Together(t.Context(), put, first, second, create, del, last), storage.ErrConflict)
	if string(first.Value) != "one" {
		t.Errorf("after the first put: %q", first.Value)
	}
	wantError(t, create, storage.ErrConflict)
	if string(create.Value) != "two" {
		t.Errorf("create met %q", create.Value)
	}
	wantError(t, last, storage.ErrNotFound)

	join, members := storage.Join("s", "m", long), storage.Members("s")
	if err := s.Together(t.Context(), join, members); err != nil || len(members.Members) != 1 {
		t.Errorf("members after join: %q, %v", members.Members, err)
	}
}

// testTogetherRace: groups from many sides at once keep their own results.
func testTogetherRace(t *testing.T, h Harness) {
	stores := h.peers(t, 3)
	race(stores, rivals, func(i int, s storage.Store) {
		for round := range 20 {
			key, value := fmt.Sprintf("k/%d/%d", i, round), fmt.Sprintf("%d-%d", i, round)
			create, get := storage.Create(key, []byte(value), long), storage.Get(key)
			none, join := storage.Get("none/"+key), storage.Join("set/"+key, value, long)
			members := storage.Members("set/" + key)
			err := s.Together(t.Context(), create, get, none, join, members)
			if !errors.Is(err, storage.ErrNotFound) || create.Err != nil || string(get.Value) != value ||
				get.Version != create.Version || !slices.Equal(members.Members, []string{value}) {
				t.Errorf("round %s: %v; %v, %q, %q", key, err, create.Err, get.Value, members.Members)
				return
			}
		}
	})
}

func testMembersRace(t *testing.T, h Harness) {
	stores := h.peers(t, 3)
	var want []string
	for i := range rivals {
		for n := range 10 {
			want = append(want, fmt.Sprintf("m/%d/%d", i, n))
		}
	}
	race(stores, rivals, func(i int, s storage.Store) {
		for n := range 10 {
			if err := s.Together(t.Context(), storage.Join("set", fmt.Sprintf("m/%d/%d", i, n), long)); err != nil {
				t.Error(err)
			}
		}
	})
	for _, s := range stores {
		wantMembers(t, s, "set", want...)
	}
}
