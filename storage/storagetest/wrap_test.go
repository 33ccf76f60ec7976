package storagetest_test

import (
	"errors"
	"path/filepath"
	"slices"
	"testing"

	"github.com/dingbridge/dingbridge/storage"
	"github.com/dingbridge/dingbridge/storage/bolt"
	"github.com/dingbridge/dingbridge/storage/storagetest"
)

func open(t *testing.T) storage.Store {
	t.Helper()
	s, err := bolt.Open(filepath.Join(t.TempDir(), "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func TestCount(t *testing.T) {
	c := storagetest.Count(open(t))
	_ = c.Together(t.Context(), storage.Create("b", nil, 0), storage.Get("a"))
	_ = c.Together(t.Context(), storage.Get("a"))
	if c.Trips() != 2 || !slices.Equal(c.Keys(), []string{"a", "b"}) {
		t.Fatalf("%d trips, keys %q", c.Trips(), c.Keys())
	}
	want := []storagetest.Call{{1, storage.VerbCreate, "b"}, {1, storage.VerbGet, "a"}, {2, storage.VerbGet, "a"}}
	if !slices.Equal(c.Calls(), want) {
		t.Fatalf("calls %v", c.Calls())
	}
	if c.Reset(); c.Trips() != 0 || len(c.Keys()) != 0 {
		t.Fatal("Reset kept something")
	}
}

func TestFaulty(t *testing.T) {
	s := open(t)
	fates := map[string]storagetest.Fault{"before": storagetest.FailBefore, "after": storagetest.FailAfter}
	f := storagetest.Faulty(s, func(op *storage.Op) storagetest.Fault { return fates[op.Key] })
	before, fine, after := storage.Create("before", nil, 0), storage.Create("fine", nil, 0), storage.Create("after", nil, 0)
	if err := f.Together(t.Context(), before, fine, after); !errors.Is(err, storage.ErrUnknown) {
		t.Fatalf("Together = %v", err)
	}
	if fine.Err != nil || !errors.Is(before.Err, storage.ErrUnknown) || !errors.Is(after.Err, storage.ErrUnknown) {
		t.Fatalf("errors %v, %v, %v", before.Err, fine.Err, after.Err)
	}
	if after.Version != (storage.Version{}) {
		t.Fatal("an unknown outcome shows a version")
	}
	for key, want := range map[string]error{"before": storage.ErrNotFound, "fine": nil, "after": nil} {
		if err := s.Together(t.Context(), storage.Get(key)); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", key, err, want)
		}
	}
}

func TestProxyLosesAfterTheEffect(t *testing.T) {
	r := storagetest.StartRedis(t)
	p := storagetest.LossyProxy(t, r.Addr)
	through := &storagetest.Redis{Addr: p.Addr}
	p.Lose(1)
	if _, err := through.Try("SET", "k", "v"); err == nil {
		t.Fatal("the reply was not lost")
	}
	if got := r.Do("GET", "k"); got != "v" || p.Lost() != 1 {
		t.Fatalf("the effect is %q, %d lost", got, p.Lost())
	}
	if got, err := through.Try("GET", "k"); err != nil || got != "v" {
		t.Fatalf("the next request: %q, %v", got, err)
	}
	p.Refuse(true)
	if _, err := through.Try("GET", "k"); err == nil {
		t.Fatal("not refused")
	}
	p.Refuse(false)
	if _, err := through.Try("GET", "k"); err != nil {
		t.Fatal(err)
	}
	r.Kill()
	if _, err := r.Try("PING"); err == nil {
		t.Fatal("answered after Kill")
	}
	r.Restart()
	r.Pause()
	r.Stop()
}
