package storagetest

import (
	"bytes"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/dingbridge/dingbridge/storage"
)

const (
	rivals = 16
	rounds = 30
)

// race lets n goroutines go at once, spread over the stores.
func race(stores []storage.Store, n int, run func(i int, s storage.Store)) {
	var wg sync.WaitGroup
	start := make(chan struct{})
	for i := range n {
		wg.Go(func() {
			<-start
			run(i, stores[i%len(stores)])
		})
	}
	close(start)
	wg.Wait()
}

// oneWinner checks that of rival writes one succeeded, that what is stored is its
// write, and that each of the others was shown a conflict with a live value.
func oneWinner(t *testing.T, s storage.Store, ops []*storage.Op) {
	t.Helper()
	var won *storage.Op
	for _, op := range ops {
		if op.Err == nil {
			if won != nil {
				t.Fatalf("two winners: %q and %q", won.Input, op.Input)
			}
			won = op
		}
	}
	if won == nil {
		t.Fatalf("no winner; the first error is %v", ops[0].Err)
	}
	holds(t, must(t, s, storage.Get(won.Key)), string(won.Input), won.Version)
	for _, op := range ops {
		if op == won {
			continue
		}
		wantError(t, op, storage.ErrConflict)
		holds(t, op, string(won.Input), won.Version)
	}
}

func testCreateRace(t *testing.T, h Harness) {
	stores := h.peers(t, 4)
	for round := range rounds {
		ops := make([]*storage.Op, rivals)
		race(stores, rivals, func(i int, s storage.Store) {
			ops[i] = storage.Create(fmt.Sprint("k", round), fmt.Append(nil, "by ", i), long)
			_ = s.Together(t.Context(), ops[i])
		})
		oneWinner(t, stores[round%len(stores)], ops)
	}
}

func testSwap(t *testing.T, h Harness) {
	s := h.Open(t)
	fails(t, s, storage.Swap("k", storage.Version{}, nil, 0), storage.ErrNotFound)
	fails(t, s, storage.Swap("k", storage.Version{1}, nil, 0), storage.ErrNotFound)
	fails(t, s, storage.Get("k"), storage.ErrNotFound)
	one := must(t, s, storage.Create("k", []byte("one"), 0))
	two := must(t, s, storage.Swap("k", one.Version, []byte("two"), long))
	if one.Version == two.Version {
		t.Fatal("Swap kept the version")
	}
	for _, stale := range []storage.Version{one.Version, {}, {1}} {
		holds(t, fails(t, s, storage.Swap("k", stale, []byte("three"), 0), storage.ErrConflict), "two", two.Version)
	}
	holds(t, must(t, s, storage.Get("k")), "two", two.Version)
	// Back to the same payload is another write: the version tells, not the value.
	must(t, s, storage.Swap("k", two.Version, []byte("one"), 0))
	fails(t, s, storage.Swap("k", one.Version, []byte("four"), 0), storage.ErrConflict)
}

func testSwapRace(t *testing.T, h Harness) {
	stores := h.peers(t, 4)
	for round := range rounds {
		key := fmt.Sprint("k", round)
		from := must(t, stores[0], storage.Create(key, nil, long)).Version
		ops := make([]*storage.Op, rivals)
		race(stores, rivals, func(i int, s storage.Store) {
			ops[i] = storage.Swap(key, from, fmt.Append(nil, "by ", i), long)
			_ = s.Together(t.Context(), ops[i])
		})
		oneWinner(t, stores[round%len(stores)], ops)
	}
	// Nothing is lost when all insist: a counter by Swap counts everybody.
	must(t, stores[0], storage.Create("counter", nil, 0))
	race(stores, 8, func(_ int, s storage.Store) {
		for range 10 {
			for {
				got := storage.Get("counter")
				if err := s.Together(t.Context(), got); err != nil {
					t.Error(err)
					return
				}
				swap := storage.Swap("counter", got.Version, append(bytes.Clone(got.Value), '+'), 0)
				err := s.Together(t.Context(), swap)
				if err == nil {
					break
				}
				if !errors.Is(err, storage.ErrConflict) {
					t.Error(err)
					return
				}
			}
		}
	})
	if n := len(must(t, stores[0], storage.Get("counter")).Value); n != 80 {
		t.Fatalf("80 swaps succeeded and left %d marks", n)
	}
}
