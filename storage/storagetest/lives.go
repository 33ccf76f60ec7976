package storagetest

import (
	"errors"
	"testing"
	"time"

	"github.com/dingbridge/dingbridge/storage"
)

func testLives(t *testing.T, h Harness) {
	h.timed(t, func(t *testing.T, s storage.Store, short time.Duration) {
		short1 := must(t, s, storage.Create("short", []byte("v"), short))
		must(t, s, storage.Put("put", []byte("v"), short))
		must(t, s, storage.Create("tiny", []byte("v"), 1))
		endless := must(t, s, storage.Create("endless", []byte("v"), 0))
		longer := must(t, s, storage.Create("long", []byte("v"), long))
		time.Sleep(short)
		ops := []*storage.Op{
			storage.Get("short"), storage.Get("put"), storage.Get("tiny"),
			storage.Swap("short", short1.Version, []byte("w"), long),
		}
		_ = s.Together(t.Context(), ops...)
		for _, op := range ops {
			wantError(t, op, storage.ErrNotFound)
			if op.Value != nil || op.Version != (storage.Version{}) {
				t.Fatalf("%s %q showed a value past its life", op.Verb, op.Key)
			}
		}
		holds(t, must(t, s, storage.Get("endless")), "v", endless.Version)
		holds(t, must(t, s, storage.Get("long")), "v", longer.Version)
	})
}

func testCreateAfterEnd(t *testing.T, h Harness) {
	h.timed(t, func(t *testing.T, s storage.Store, short time.Duration) {
		must(t, s, storage.Create("k", []byte("one"), short))
		time.Sleep(short)
		two := must(t, s, storage.Create("k", []byte("two"), long))
		time.Sleep(short)
		holds(t, must(t, s, storage.Get("k")), "two", two.Version)
	})
}

// testLivesAnew: a write's life replaces the life before it, in both directions.
func testLivesAnew(t *testing.T, h Harness) {
	h.timed(t, func(t *testing.T, s storage.Store, short time.Duration) {
		lengthen := func() storage.Version { // again if the machine was slower than the life
			for {
				made := must(t, s, storage.Create("up", []byte("a"), short))
				swap := do(t, s, storage.Swap("up", made.Version, []byte("b"), long))
				if errors.Is(swap.Err, storage.ErrNotFound) {
					continue
				}
				return must(t, s, storage.Get("up")).Version
			}
		}()
		down := must(t, s, storage.Create("down", []byte("a"), long))
		must(t, s, storage.Swap("down", down.Version, []byte("b"), short))
		endless := must(t, s, storage.Create("to-endless", []byte("a"), long))
		endless = must(t, s, storage.Swap("to-endless", endless.Version, []byte("b"), 0))
		must(t, s, storage.Put("put-up", []byte("a"), short))
		must(t, s, storage.Put("put-up", []byte("b"), 0))
		must(t, s, storage.Put("put-down", []byte("a"), 0))
		must(t, s, storage.Put("put-down", []byte("b"), short))
		time.Sleep(short)
		holds(t, must(t, s, storage.Get("up")), "b", lengthen)
		holds(t, must(t, s, storage.Get("to-endless")), "b", endless.Version)
		must(t, s, storage.Get("put-up"))
		fails(t, s, storage.Get("down"), storage.ErrNotFound)
		fails(t, s, storage.Get("put-down"), storage.ErrNotFound)
	})
}

func testMembersEnd(t *testing.T, h Harness) {
	h.timed(t, func(t *testing.T, s storage.Store, short time.Duration) {
		must(t, s, storage.Join("set", "first", short))
		must(t, s, storage.Join("set", "second", 3*short))
		must(t, s, storage.Join("set", "long", long))
		must(t, s, storage.Join("set", "endless", 0))
		must(t, s, storage.Join("brief", "only", short))
		time.Sleep(short)
		hasNot(t, s, "set", "first")
		wantMembers(t, s, "brief")
		time.Sleep(2 * short)
		wantMembers(t, s, "set", "long", "endless")
		must(t, s, storage.Join("set", "first", long)) // who has left may come again
		wantMembers(t, s, "set", "long", "endless", "first")
	})
}

func testMembersRenew(t *testing.T, h Harness) {
	h.timed(t, func(t *testing.T, s storage.Store, short time.Duration) {
		for _, j := range []struct {
			member        string
			first, second time.Duration
		}{
			{"longer", short, long}, {"not shorter", long, short}, {"to endless", short, 0}, {"not from endless", 0, short},
		} {
			must(t, s, storage.Join("set", j.member, j.first))
			must(t, s, storage.Join("set", j.member, j.second))
			must(t, s, storage.Join(j.member, "m", j.first)) // alone in its set
			must(t, s, storage.Join(j.member, "m", j.second))
		}
		time.Sleep(short)
		wantMembers(t, s, "set", "longer", "not shorter", "to endless", "not from endless")
		for _, set := range []string{"longer", "not shorter", "to endless", "not from endless"} {
			wantMembers(t, s, set, "m")
		}
	})
}
