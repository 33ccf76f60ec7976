package redis_test

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/dingbridge/dingbridge/storage"
	"github.com/dingbridge/dingbridge/storage/storagetest"
)

// A group is Redis as it is run in production, with what can befall it.
type group struct {
	url    string
	strike func(fault string)
	moved  func()
	mend   func()
}

func onEachGroup(t *testing.T, test func(t *testing.T, g group)) {
	if testing.Short() {
		t.Skip("failovers take their time")
	}
	t.Run("sentinel", func(t *testing.T) {
		t.Parallel()
		s := storagetest.StartSentinels(t)
		test(t, group{s.URL, s.Strike, func() { t.Logf("the sentinels took %v", s.Moved()) }, s.Mend})
	})
	t.Run("cluster", func(t *testing.T) {
		t.Parallel()
		c := storagetest.StartReplicated(t)
		test(t, group{c.URL, func(fault string) { c.Strike(c.Primary("dingbridge:code"), fault) },
			func() { t.Logf("the cluster took %v", c.Moved()) }, c.Mend})
	})
}

// with adds parameters to a storage URL.
func (g group) with(params string) string {
	if strings.Contains(g.url, "?") {
		return g.url + "&" + params
	}
	return g.url + "?" + params
}

// TestS8_EachFaultKeepsWhatWasWaitedFor loses the primary in each way: in one of them,
// unless there is time (DINGBRIDGE_LONG=1).
func TestS8_EachFaultKeepsWhatWasWaitedFor(t *testing.T) {
	t.Parallel()
	onEachGroup(t, func(t *testing.T, g group) {
		s := open(t, g.with("wait_timeout=900ms"))
		codes := map[string]*storage.Op{}
		faults := storagetest.Faults()
		if os.Getenv("DINGBRIDGE_LONG") != "1" {
			faults = faults[1:2]
		}
		for round, fault := range faults {
			key := "code"
			if round > 0 {
				key = fmt.Sprint("code{", round, "}")
			}
			made := storage.Create(key, []byte("outstanding"), 0)
			eventually(t, func() error {
				made = storage.Create(key, []byte("outstanding"), 0)
				return s.Together(t.Context(), made)
			})
			spent := storage.Swap(key, made.Version, []byte("spent"), 0)
			if err := s.Together(t.Context(), spent); err != nil {
				t.Fatal(err)
			}
			codes[key] = spent
			g.strike(fault)
			g.moved()
			for key, spent := range codes {
				eventually(t, func() error { // for as long as it cannot be known
					op := storage.Swap(key, storage.Version{1}, []byte("spent twice"), 0)
					err := s.Together(t.Context(), op)
					if errors.Is(err, storage.ErrConflict) && op.Version == spent.Version {
						return nil
					}
					if err == nil || errors.Is(err, storage.ErrConflict) || errors.Is(err, storage.ErrNotFound) {
						t.Fatalf("%s: after it was %s there is %q: %v", key, fault, op.Value, err)
					}
					return err
				})
			}
			if len(faults) > 1 {
				g.mend()
			}
		}
	})
}

// TestS8_StrictlyWaitedFor: a primary that its replicas do not reach may do what it is
// told, but nobody is told that it did; and that it refuses no more than this.
func TestS8_StrictlyWaitedFor(t *testing.T) {
	t.Parallel()
	g := storagetest.StartSentinel(t)
	s := open(t, g.URL+"&wait_strict=true&wait_timeout=900ms")
	made := storage.Create("code", nil, 0)
	if err := s.Together(t.Context(), made); err != nil {
		t.Fatal(err)
	}
	g.Replica.Kill()
	for range 2 { // also when it is known that there is none
		spent, get, put := storage.Swap("code", made.Version, []byte("spent"), 0), storage.Get("code"), storage.Put("cache", nil, 0)
		err := s.Together(t.Context(), storage.Join("replays", "m", 0))
		if !errors.Is(err, storage.ErrUnknown) {
			t.Fatalf("a note of what was met: %v", err)
		}
		err = s.Together(t.Context(), spent, get, put)
		if !errors.Is(err, storage.ErrUnknown) || !strings.Contains(err.Error(), "not enough replicas") || spent.Err == nil || get.Err != nil || put.Err != nil {
			t.Fatalf("%v; %v, %v", err, get.Err, put.Err)
		}
		made = get
	}
	g.Replica.Restart()
	eventually(t, func() error { return s.Together(t.Context(), storage.Swap("code", made.Version, nil, 0)) })
}
