package redis_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/dingbridge/dingbridge/storage"
	"github.com/dingbridge/dingbridge/storage/storagetest"
)

// quick is for tests that wait for time-outs.
const quick = "?read_timeout=100ms&write_timeout=100ms&dial_timeout=100ms"

// all returns one op of each verb that asks for what is not there.
func all() []*storage.Op {
	return []*storage.Op{
		storage.Create("c", []byte("v"), time.Hour), storage.Get("g"), storage.Put("p", nil, 0),
		storage.Swap("s", storage.Version{1}, nil, 0), storage.Delete("d"), storage.Join("j", "m", time.Hour), storage.Members("j"),
	}
}

// wantUnknown does each op alone, all together, and a Ping: every one must be
// unknown, and no error may tell a secret (R4).
func wantUnknown(t *testing.T, s storage.Store, secrets ...string) {
	t.Helper()
	check := func(what string, err error) {
		t.Helper()
		if !errors.Is(err, storage.ErrUnknown) || errors.Is(err, storage.ErrNotFound) || errors.Is(err, storage.ErrConflict) {
			t.Errorf("%s: error %v, want unknown", what, err)
			return
		}
		for _, secret := range append(secrets, "127.0.0.1", "dial tcp") {
			if strings.Contains(err.Error(), secret) {
				t.Errorf("%s: error %q tells %q", what, err, secret)
			}
		}
	}
	for _, op := range all() {
		check("alone", s.Together(t.Context(), op))
		check(op.Verb.String(), op.Err)
	}
	ops := all()
	check("together", s.Together(t.Context(), ops...))
	for _, op := range ops {
		check("together "+op.Verb.String(), op.Err)
	}
	check("ping", s.Ping(t.Context()))
}

func TestS5_ServerKilledAndBack(t *testing.T) {
	t.Parallel()
	r := storagetest.StartRedis(t, "--appendonly", "yes", "--appendfsync", "always")
	s := open(t, r.URL+quick)
	made := storage.Create("k", []byte("v"), 0)
	if err := s.Together(t.Context(), made); err != nil {
		t.Fatal(err)
	}
	r.Kill()
	wantUnknown(t, s)
	r.Restart()
	eventually(t, func() error { return s.Ping(t.Context()) })
	got := storage.Get("k")
	if err := s.Together(t.Context(), got); err != nil || got.Version != made.Version { // S8
		t.Fatalf("after the crash: %v, same version: %v", err, got.Version == made.Version)
	}
}

// eventually is for what comes back by itself; the driver dials again each second.
func eventually(t *testing.T, do func() error) {
	t.Helper()
	var err error
	for range 3000 {
		if err = do(); err == nil {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Fatalf("did not come back: %v", err)
}

func TestR4_ErrorsTellNothing(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	l.Close()
	wantUnknown(t, open(t, "redis://user:hunter2@"+addr+quick), "hunter2", "user")
	wantUnknown(t, open(t, "redis+sentinel://:hunter2@"+addr+quick+"&master=main&sentinel_password=hunter3&wait=0"), "hunter2", "hunter3")
	wantUnknown(t, open(t, "redis+cluster://:hunter2@"+addr+quick+"&wait=0"), "hunter2")
}

func TestS5_PausedServer(t *testing.T) {
	t.Parallel()
	r := storagetest.StartRedis(t)
	s := open(t, r.URL+quick+"&max_retries=0")
	if err := s.Ping(t.Context()); err != nil {
		t.Fatal(err)
	}
	r.Pause()
	defer r.Resume()
	wantUnknown(t, s)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	err := s.Together(ctx, storage.Get("k"))
	if !errors.Is(err, storage.ErrUnknown) {
		t.Fatalf("deadline during the wait: %v", err)
	}
	r.Resume()
	eventually(t, func() error { return s.Ping(t.Context()) })
}

// A write that is sent twice because the server slept over the first is done
// once, and its writer is told so.
func TestR2_SlowServerDoesItOnce(t *testing.T) {
	t.Parallel()
	r := storagetest.StartRedis(t)
	s := open(t, r.URL+"?read_timeout=300ms&dial_timeout=5s&max_retries=5")
	if err := s.Ping(t.Context()); err != nil {
		t.Fatal(err)
	}
	for round := range 5 {
		from := storage.Create(fmt.Sprint("s", round), nil, 0)
		if err := s.Together(t.Context(), from); err != nil {
			t.Fatal(err)
		}
		r.Pause()
		time.AfterFunc(450*time.Millisecond, r.Resume)
		create, swap := storage.Create(fmt.Sprint("c", round), nil, 0), storage.Swap(from.Key, from.Version, []byte("w"), 0)
		if err := s.Together(t.Context(), create, swap); err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
		got, swapped := storage.Get(create.Key), storage.Get(swap.Key)
		if err := s.Together(t.Context(), got, swapped); err != nil || got.Version != create.Version || swapped.Version != swap.Version {
			t.Fatalf("round %d: what is there is not what was told: %v", round, err)
		}
	}
}

func TestS5_ServerRefuses(t *testing.T) {
	t.Parallel()
	r := storagetest.StartRedis(t)
	_, port, _ := net.SplitHostPort(r.Addr)

	t.Run("out of memory", func(t *testing.T) {
		s := open(t, fresh(r.URL))
		r.Do("CONFIG", "SET", "maxmemory", "1")
		defer r.Do("CONFIG", "SET", "maxmemory", "0")
		for _, op := range all() {
			err := s.Together(t.Context(), op)
			if op.Verb == storage.VerbCreate || op.Verb == storage.VerbPut {
				if !errors.Is(err, storage.ErrUnknown) {
					t.Errorf("%s: %v", op.Verb, err)
				}
			}
		}
		if err := s.Ping(t.Context()); !errors.Is(err, storage.ErrUnknown) || !strings.Contains(err.Error(), "out of memory") {
			t.Errorf("Ping: %v", err)
		}
	})
	t.Run("read-only replica", func(t *testing.T) {
		replica := storagetest.StartRedis(t, "--replicaof", "127.0.0.1 "+port)
		s := open(t, fresh(replica.URL))
		for _, op := range []*storage.Op{storage.Create("c", nil, 0), storage.Put("p", nil, 0), storage.Delete("d"), storage.Join("j", "m", 0)} {
			if err := s.Together(t.Context(), op); !errors.Is(err, storage.ErrUnknown) {
				t.Errorf("%s: %v", op.Verb, err)
			}
		}
		if err := s.Ping(t.Context()); !errors.Is(err, storage.ErrUnknown) || !strings.Contains(err.Error(), "read-only") {
			t.Errorf("Ping: %v", err)
		}
	})
	t.Run("password", func(t *testing.T) {
		locked := storagetest.StartRedis(t)
		locked.Do("ACL", "SETUSER", "app", "on", ">right", "~*", "+@all")
		right := open(t, "redis://app:right@"+locked.Addr)
		if err := right.Ping(t.Context()); err != nil {
			t.Errorf("right password: %v", err)
		}
		wantUnknown(t, open(t, "redis://app:wrong@"+locked.Addr), "app", "wrong")
		locked.Do("ACL", "SETUSER", "app", "-@all", "+get")
		wantError := right.Ping(t.Context())
		if !errors.Is(wantError, storage.ErrUnknown) || !strings.Contains(wantError.Error(), "may not") {
			t.Errorf("no permission: %v", wantError)
		}
	})
	t.Run("not a Redis", func(t *testing.T) {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		go func() {
			for {
				c, err := l.Accept()
				if err != nil {
					return
				}
				_, _ = c.Write([]byte("HTTP/1.1 400 Bad Request\r\n\r\n"))
				c.Close()
			}
		}()
		wantUnknown(t, open(t, "redis://"+l.Addr().String()+quick))
	})
}

func TestR5_StrangeDataIsUnknown(t *testing.T) {
	t.Parallel()
	r := storagetest.StartRedis(t)
	s := open(t, r.URL)
	r.Do("SET", "dingbridge:short", "15 bytes, no id")
	r.Do("SET", "dingbridge:empty", "")
	r.Do("LPUSH", "dingbridge:list", "x")
	r.Do("ZADD", "dingbridge:set", "1e300", "m")
	for _, key := range []string{"short", "empty", "list", "set"} {
		ops := []*storage.Op{
			storage.Get(key), storage.Create(key, []byte("v"), 0), storage.Swap(key, storage.Version{}, []byte("v"), 0),
		}
		if key != "set" {
			ops = append(ops, storage.Join(key, "m", 0), storage.Members(key))
		}
		neighbour := storage.Put("neighbour", []byte(key), 0)
		if err := s.Together(t.Context(), append(ops, neighbour)...); !errors.Is(err, storage.ErrUnknown) {
			t.Errorf("%s: %v", key, err)
		}
		for _, op := range ops {
			if !errors.Is(op.Err, storage.ErrUnknown) || op.Value != nil {
				t.Errorf("%s %s: %v", op.Verb, key, op.Err)
			}
		}
		if neighbour.Err != nil {
			t.Errorf("%s: the neighbour suffered: %v", key, neighbour.Err)
		}
	}
	if got := r.Do("GET", "dingbridge:short"); got != "15 bytes, no id" {
		t.Errorf("strange data was replaced by %q", got)
	}
}

// TestR1 counts with the server's own statistics.
func TestR1_OneTripWithoutScriptCache(t *testing.T) {
	t.Parallel()
	r := storagetest.StartRedis(t)
	s := open(t, r.URL)
	made := storage.Create("k", nil, 0)
	if err := s.Together(t.Context(), made); err != nil {
		t.Fatal(err)
	}
	r.Do("SCRIPT", "FLUSH")
	reads := func(do func()) int {
		r.Do("CONFIG", "RESETSTAT")
		do()
		return statistic(t, r.Do("INFO", "stats"), "total_reads_processed")
	}
	idle := reads(func() {}) // what the counting itself costs
	swap := storage.Swap("k", made.Version, []byte("w"), time.Hour)
	ops := []*storage.Op{swap, storage.Get("k"), storage.Create("new", nil, 0), storage.Join("set", "m", time.Hour)}
	used := reads(func() {
		if err := s.Together(t.Context(), ops...); err != nil {
			t.Error(err)
		}
	})
	if used != idle+1 {
		t.Errorf("four ops cost the server %d reads", used-idle)
	}
	// What lives in Redis: everything under the prefix, the end set by the server.
	for _, key := range r.Keys() {
		if !strings.HasPrefix(key, "dingbridge:") {
			t.Errorf("key %q without the prefix", key)
		}
	}
	for _, key := range []string{"dingbridge:k", "dingbridge:set"} {
		if ttl, _ := strconv.Atoi(r.Do("PTTL", key)); ttl <= 0 || ttl > int(time.Hour/time.Millisecond) {
			t.Errorf("%s lives %d ms", key, ttl)
		}
	}
}

func statistic(t *testing.T, info, name string) int {
	t.Helper()
	_, rest, ok := strings.Cut(info, name+":")
	if !ok {
		t.Fatalf("no %s in %s", name, info)
	}
	line, _, _ := strings.Cut(rest, "\r\n")
	n, err := strconv.Atoi(line)
	if err != nil {
		t.Fatal(err)
	}
	return n
}
