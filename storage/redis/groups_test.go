package redis_test

import (
	"errors"
	"regexp"
	"strings"
	"testing"

	"github.com/dingbridge/dingbridge/storage"
	"github.com/dingbridge/dingbridge/storage/storagetest"
)

// A failover right after a write: what was reported as done is on the new
// primary, because the write waited for it; and the store finds its way there.
func TestS8_FailoverKeepsWhatWasWaitedFor(t *testing.T) {
	t.Parallel()
	g := storagetest.StartSentinel(t)
	s := open(t, g.URL+"&max_retries=3&wait_timeout=900ms")
	made := storage.Create("code", []byte("outstanding"), 0)
	if err := s.Together(t.Context(), made); err != nil {
		t.Fatal(err)
	}
	spent := storage.Swap("code", made.Version, []byte("spent"), 0)
	if err := s.Together(t.Context(), spent); err != nil {
		t.Fatal(err)
	}
	if stats := g.Primary.Do("INFO", "commandstats"); !regexp.MustCompile(`cmdstat_wait:calls=[1-9]`).MatchString(stats) {
		t.Error("the writes did not wait")
	}
	g.Failover()
	got := storage.Get("code")
	eventually(t, func() error {
		got = storage.Get("code")
		return s.Together(t.Context(), got)
	})
	if got.Version != spent.Version {
		t.Fatalf("after the failover the code is %q", got.Value)
	}
	eventually(t, func() error { // for as long as it cannot be known
		err := s.Together(t.Context(), storage.Swap("code", made.Version, []byte("spent twice"), 0))
		if errors.Is(err, storage.ErrConflict) {
			return nil
		}
		if err == nil {
			t.Fatal("the spent code was spent again")
		}
		return err
	})
	// The dead replica must not stop logins.
	eventually(t, func() error { return s.Together(t.Context(), storage.Put("alone", nil, 0)) })
}

func TestR3_ReplicasAreNeverRead(t *testing.T) {
	t.Parallel()
	g := storagetest.StartSentinel(t)
	s := open(t, g.URL)
	g.Replica.Do("CONFIG", "RESETSTAT")
	for range 50 {
		if err := s.Together(t.Context(), storage.Get("k")); !errors.Is(err, storage.ErrNotFound) {
			t.Fatal(err)
		}
		if err := s.Together(t.Context(), storage.Get("k"), storage.Members("s")); !errors.Is(err, storage.ErrNotFound) {
			t.Fatal(err)
		}
	}
	if stats := g.Replica.Do("INFO", "commandstats"); strings.Contains(stats, "cmdstat_get:") || strings.Contains(stats, "cmdstat_eval:") {
		t.Errorf("the replica was read: %s", stats)
	}
}

// A slot moves while a store uses it: the driver is told ASK, then MOVED, and the
// ops do not notice.
func TestClusterSlotMoves(t *testing.T) {
	t.Parallel()
	c := storagetest.StartCluster(t)
	s := open(t, c.URL+"?wait=0")
	one := storage.Create("k", []byte("one"), 0)
	if err := s.Together(t.Context(), one); err != nil {
		t.Fatal(err)
	}
	from, to := c.Nodes[0], c.Nodes[1]
	slot := from.Do("CLUSTER", "KEYSLOT", "dingbridge:k")
	for _, n := range c.Nodes {
		if strings.Contains(strings.Join(n.Keys(), "\n"), "dingbridge:k") {
			from = n
		}
	}
	if from == to {
		to = c.Nodes[2]
	}
	fromID, toID := from.Do("CLUSTER", "MYID"), to.Do("CLUSTER", "MYID")
	to.Do("CLUSTER", "SETSLOT", slot, "IMPORTING", fromID)
	from.Do("CLUSTER", "SETSLOT", slot, "MIGRATING", toID)
	host, port, _ := strings.Cut(to.Addr, ":")
	from.Do("MIGRATE", host, port, "dingbridge:k", "0", "5000")
	two := storage.Swap("k", one.Version, []byte("two"), 0)
	if err := s.Together(t.Context(), two, storage.Join("other", "m", 0)); err != nil {
		t.Fatalf("while the slot moves: %v", err)
	}
	for _, n := range append(c.Nodes, to) {
		n.Do("CLUSTER", "SETSLOT", slot, "NODE", toID)
	}
	three := storage.Swap("k", two.Version, []byte("three"), 0)
	if err := s.Together(t.Context(), three); err != nil {
		t.Fatalf("after the slot moved: %v", err)
	}
	got := storage.Get("k")
	if err := s.Together(t.Context(), got); err != nil || got.Version != three.Version {
		t.Fatalf("after the slot moved: %v", err)
	}
}
