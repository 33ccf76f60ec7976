package storagetest

import (
	"fmt"
	"testing"

	"github.com/dingbridge/dingbridge/storage"
)

func (h Harness) lossy(t *testing.T) (storage.Store, func(n int)) {
	if h.Lossy == nil {
		t.Skip("this back end has no connection that could lose a reply")
	}
	return h.Lossy(t)
}

func testLost(t *testing.T, h Harness) {
	s, lose := h.lossy(t)
	lose(1)
	one := must(t, s, storage.Create("k", []byte("one"), long))
	holds(t, must(t, s, storage.Get("k")), "one", one.Version)
	lose(1)
	two := must(t, s, storage.Swap("k", one.Version, []byte("two"), long))
	holds(t, must(t, s, storage.Get("k")), "two", two.Version)
	lose(1)
	holds(t, must(t, s, storage.Get("k")), "two", two.Version)
	lose(1)
	must(t, s, storage.Join("set", "m", long))
	lose(1)
	wantMembers(t, s, "set", "m")
	lose(1)
	must(t, s, storage.Put("p", []byte("v"), long))
	lose(1)
	must(t, s, storage.Delete("p"))
	fails(t, s, storage.Get("p"), storage.ErrNotFound)

	// A whole Together, sent again.
	create, swap, join := storage.Create("c", []byte("c"), 0), storage.Swap("k", two.Version, []byte("three"), 0), storage.Join("set", "n", 0)
	lose(1)
	if err := s.Together(t.Context(), create, swap, join); err != nil {
		t.Fatalf("Together after a lost reply: %v", err)
	}
	holds(t, must(t, s, storage.Get("c")), "c", create.Version)
	holds(t, must(t, s, storage.Get("k")), "three", swap.Version)
	wantMembers(t, s, "set", "m", "n")
}

// testLostConflict: a write that met another's value before its reply was lost
// must not be told as done. It may be unknown: the value that is there may have
// replaced ours.
func testLostConflict(t *testing.T, h Harness) {
	s, lose := h.lossy(t)
	one := must(t, s, storage.Create("k", []byte("one"), long))
	for _, op := range []*storage.Op{
		storage.Create("k", []byte("other"), long), storage.Swap("k", storage.Version{7}, []byte("other"), long),
		storage.Swap("none", storage.Version{7}, nil, long),
	} {
		lose(1)
		if do(t, s, op); op.Err == nil {
			t.Fatalf("%s %q after a lost reply succeeded against another value", op.Verb, op.Key)
		}
	}
	holds(t, must(t, s, storage.Get("k")), "one", one.Version)

	// More replies lost than there are attempts: nobody knows, and nobody says so.
	create := storage.Create("far", []byte("v"), long)
	lose(20)
	fails(t, s, create, storage.ErrUnknown)
	lose(0)
	if create.Version != (storage.Version{}) || create.Value != nil {
		t.Fatal("an unknown outcome shows a result")
	}
}

// testLostRace: with replies lost at random places, never two winners, and never
// a conflict for the one whose write is there.
func testLostRace(t *testing.T, h Harness) {
	s, lose := h.lossy(t)
	for round := range rounds {
		create := round%2 == 0
		key := fmt.Sprint("k", round)
		var from storage.Version
		if !create {
			from = must(t, s, storage.Create(key, nil, long)).Version
		}
		ops := make([]*storage.Op, 6)
		lose(1 + round%3)
		race([]storage.Store{s}, len(ops), func(i int, s storage.Store) {
			value := fmt.Append(nil, "by ", i)
			if ops[i] = storage.Swap(key, from, value, long); create {
				ops[i] = storage.Create(key, value, long)
			}
			_ = s.Together(t.Context(), ops[i])
		})
		lose(0)
		there := must(t, s, storage.Get(key))
		for i, op := range ops {
			mine := string(there.Value) == fmt.Sprint("by ", i)
			switch {
			case op.Err == nil && !mine:
				t.Fatalf("round %d: %q was told it won, but %q is there", round, op.Input, there.Value)
			case op.Err == nil && op.Version != there.Version:
				t.Fatalf("round %d: the winner has another version", round)
			case op.Err != nil && mine:
				wantError(t, op, storage.ErrUnknown)
			}
		}
	}
}
