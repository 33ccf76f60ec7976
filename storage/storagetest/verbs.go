package storagetest

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/dingbridge/dingbridge/storage"
)

func testVerbs(t *testing.T, h Harness) {
	s := h.Open(t)
	if err := s.Ping(t.Context()); err != nil {
		t.Fatalf("Ping: %v", err)
	}
	fails(t, s, storage.Get("a"), storage.ErrNotFound)
	first := must(t, s, storage.Create("a", []byte("one"), 0))
	if first.Version == (storage.Version{}) {
		t.Fatal("Create left no version")
	}
	holds(t, must(t, s, storage.Get("a")), "one", first.Version)
	holds(t, fails(t, s, storage.Create("a", []byte("two"), long), storage.ErrConflict), "one", first.Version)
	holds(t, must(t, s, storage.Get("a")), "one", first.Version)

	must(t, s, storage.Put("a", []byte("three"), long))
	after := must(t, s, storage.Get("a"))
	if string(after.Value) != "three" || after.Version == first.Version {
		t.Fatalf("after Put: %q, version changed: %v", after.Value, after.Version != first.Version)
	}
	must(t, s, storage.Put("new", []byte("put"), 0))
	must(t, s, storage.Get("new"))

	must(t, s, storage.Delete("a"))
	must(t, s, storage.Delete("a"))
	fails(t, s, storage.Get("a"), storage.ErrNotFound)
	again := must(t, s, storage.Create("a", []byte("one"), 0))
	if again.Version == first.Version {
		t.Fatal("two writes with one version")
	}

	if m := must(t, s, storage.Members("set")).Members; len(m) != 0 {
		t.Fatalf("a set that was never joined has %q", m)
	}
	must(t, s, storage.Join("set", "x", long))
	must(t, s, storage.Join("set", "y", 0))
	must(t, s, storage.Join("set", "x", long))
	wantMembers(t, s, "set", "x", "y")
	must(t, s, storage.Delete("set"))
	wantMembers(t, s, "set")
}

func testContext(t *testing.T, h Harness) {
	s := h.Open(t)
	made := must(t, s, storage.Create("k", []byte("v"), 0))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	ops := []*storage.Op{
		storage.Get("k"), storage.Get("none"), storage.Create("c", nil, 0), storage.Create("k", nil, 0),
		storage.Put("p", nil, 0), storage.Swap("k", made.Version, []byte("w"), 0), storage.Delete("k"),
		storage.Join("s", "m", 0), storage.Members("s"),
	}
	for _, op := range ops {
		if err := s.Together(ctx, op); err == nil {
			t.Fatalf("%s with an ended context succeeded", op.Verb)
		}
		wantError(t, op, storage.ErrUnknown)
	}
	for _, op := range []*storage.Op{storage.Get("k"), storage.Put("p", nil, 0)} {
		wantTogether(t, s.Together(ctx, op, storage.Get("none")), storage.ErrUnknown)
	}
	if err := s.Ping(ctx); err == nil {
		t.Fatal("Ping with an ended context succeeded")
	}
	holds(t, must(t, s, storage.Get("k")), "v", made.Version)
}

func testClosed(t *testing.T, h Harness) {
	s := h.Open(t)
	must(t, s, storage.Create("k", nil, 0))
	if err := s.Close(); err != nil {
		t.Fatalf("Close: %v", err)
	}
	for _, op := range []*storage.Op{
		storage.Get("k"), storage.Get("none"), storage.Create("c", nil, 0), storage.Put("p", nil, 0),
		storage.Swap("k", storage.Version{1}, nil, 0), storage.Delete("k"), storage.Join("s", "m", 0), storage.Members("s"),
	} {
		fails(t, s, op, storage.ErrUnknown)
	}
	if err := s.Ping(t.Context()); err == nil {
		t.Fatal("Ping of a closed store succeeded")
	}
}

func testWrongUse(t *testing.T, h Harness) {
	s := h.Open(t)
	tests := map[string]*storage.Op{
		"no verb":         {},
		"verb of nobody":  {Verb: storage.VerbMembers + 1, Key: "k"},
		"empty key":       storage.Create("", nil, 0),
		"empty member":    storage.Join("s", "", 0),
		"negative life":   storage.Create("past", nil, -time.Second),
		"past member":     storage.Join("s", "m", -time.Second),
		"key too long":    storage.Get(strings.Repeat("k", storage.MaxKey+1)),
		"member too long": storage.Join("s", strings.Repeat("m", storage.MaxKey+1), 0),
		"input too long":  storage.Put("big", make([]byte, storage.MaxInput+1), 0),
	}
	for name, op := range tests {
		t.Run(name, func(t *testing.T) {
			neighbour := storage.Put("neighbour", []byte(name), 0)
			wantTogether(t, s.Together(t.Context(), op, neighbour), storage.ErrUnknown)
			wantError(t, op, storage.ErrUnknown)
			if neighbour.Err != nil {
				t.Fatalf("the neighbour suffered: %v", neighbour.Err)
			}
			if got := must(t, s, storage.Get("neighbour")); string(got.Value) != name {
				t.Fatalf("neighbour holds %q", got.Value)
			}
		})
	}
	for _, key := range []string{"past", "big"} {
		fails(t, s, storage.Get(key), storage.ErrNotFound)
	}
	wantMembers(t, s, "s")
	if err := s.Together(t.Context()); err != nil {
		t.Fatalf("no ops: %v", err)
	}
}

func testSizes(t *testing.T, h Harness) {
	s := h.Open(t)
	for name, value := range map[string]string{
		"empty":     "",
		"one":       "\x00",
		"binary":    "\x00\xff\r\n$-1\r\n\x00",
		"64 kB":     strings.Repeat("0123456789abcdef", 4096),
		"the limit": strings.Repeat("x", storage.MaxInput),
	} {
		t.Run(name, func(t *testing.T) {
			made := must(t, s, storage.Create(name, []byte(value), long))
			holds(t, must(t, s, storage.Get(name)), value, made.Version)
			holds(t, fails(t, s, storage.Create(name, nil, long), storage.ErrConflict), value, made.Version)
			swapped := must(t, s, storage.Swap(name, made.Version, []byte(value), long))
			holds(t, must(t, s, storage.Get(name)), value, swapped.Version)
			holds(t, fails(t, s, storage.Swap(name, made.Version, nil, long), storage.ErrConflict), value, swapped.Version)
		})
	}
}

// testKeys takes each of these as a key, as a set and as a member: none may reach
// into another's record.
func testKeys(t *testing.T, h Harness) {
	s := h.Open(t)
	names := []string{
		"a", "ab", "a/b", "a/b/", "A", " ", "a b", "a\x00", "a\x00b", "\x00", "\xff", "\xff\xfe\x00",
		"{a}", "{a}b", "*", "?", "[a]", "\r\n", "a\r\nDEL a", "钉钉", "張三🙂", "\u202ea", "$1", "'; --", "%s%n",
		strings.Repeat("k", storage.MaxKey),
	}
	for i, name := range names {
		must(t, s, storage.Create("v/"+name[:min(len(name), storage.MaxKey-2)], []byte{byte(i)}, long))
		must(t, s, storage.Join("s/"+name[:min(len(name), storage.MaxKey-2)], name, long))
		must(t, s, storage.Join("all", name, 0))
	}
	for i, name := range names {
		key := name[:min(len(name), storage.MaxKey-2)]
		if got := must(t, s, storage.Get("v/"+key)); len(got.Value) != 1 || got.Value[0] != byte(i) {
			t.Errorf("key %q holds %v, want %d", shorten([]byte(name)), got.Value, i)
		}
		wantMembers(t, s, "s/"+key, name)
	}
	wantMembers(t, s, "all", names...)
}
