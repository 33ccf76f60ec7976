package redis_test

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/dingbridge/dingbridge/storage"
	"github.com/dingbridge/dingbridge/storage/storagetest"
)

// TestS5_AnswersOfServersInTrouble provokes what servers answer when they cannot serve.
// Whatever is asked is done, or is unknown for the reason that there is: never "not found"
// of what is there, never a conflict that there is none of, never a write that there is not.
func TestS5_AnswersOfServersInTrouble(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name   string
		reason string // what the operator is told; empty: all is well
		reads  bool   // what is there can be read
		start  func(t *testing.T) (url string, trouble func())
	}{
		{"READONLY, a replica", "read-only replica", false, func(t *testing.T) (string, func()) {
			primary := storagetest.StartRedis(t, "--repl-diskless-sync-delay", "0")
			_, port, _ := net.SplitHostPort(primary.Addr)
			replica := storagetest.StartRedis(t)
			return replica.URL, func() {
				seen := replica.Do("GET", "dingbridge:there")
				replica.Do("REPLICAOF", "127.0.0.1", port)
				replica.Do("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes") // as Sentinel does
				primary.Do("SET", "dingbridge:there", seen)
			}
		}},
		{"MASTERDOWN", "read-only replica", false, func(t *testing.T) (string, func()) {
			r := storagetest.StartRedis(t, "--replica-serve-stale-data", "no")
			return r.URL, func() { r.Do("REPLICAOF", "127.0.0.1", "1"); r.Do("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes") }
		}},
		{"OOM", "out of memory", true, func(t *testing.T) (string, func()) {
			r := storagetest.StartRedis(t, "--maxmemory-policy", "noeviction")
			return r.URL, func() { r.Do("CONFIG", "SET", "maxmemory", "1") }
		}},
		{"NOREPLICAS", "not enough replicas", true, func(t *testing.T) (string, func()) {
			r := storagetest.StartRedis(t)
			return r.URL, func() { r.Do("CONFIG", "SET", "min-replicas-to-write", "1") }
		}},
		{"MISCONF", "cannot persist", true, func(t *testing.T) (string, func()) {
			r := storagetest.StartRedis(t, "--save", "3600 1", "--dbfilename", "dump.rdb")
			return r.URL, func() {
				if err := os.MkdirAll(filepath.Join(r.Dir, "dump.rdb", "in the way"), 0o700); err != nil {
					t.Fatal(err)
				}
				_, _ = r.Try("BGSAVE")
				eventually(t, func() error {
					if strings.Contains(r.Do("INFO", "persistence"), "rdb_last_bgsave_status:err") {
						return nil
					}
					return errors.New("the snapshot did not fail")
				})
			}
		}},
		{"BUSY", "busy with a script", false, func(t *testing.T) (string, func()) {
			r := storagetest.StartRedis(t, "--lua-time-limit", "1")
			return r.URL, func() {
				go func() { _, _ = r.Try("EVAL", "while true do end", "0") }()
				t.Cleanup(func() { _, _ = r.Try("SCRIPT", "KILL") })
				eventually(t, func() error {
					if _, err := r.Try("PING"); err == nil {
						return errors.New("not busy")
					}
					return nil
				})
			}
		}},
		{"CLIENT PAUSE WRITE", "no answer in time", false, func(t *testing.T) (string, func()) {
			r := storagetest.StartRedis(t)
			return r.URL + quick, func() { r.Do("CLIENT", "PAUSE", "600000", "WRITE") }
		}},
		{"CLIENT PAUSE ALL", "no answer in time", false, func(t *testing.T) (string, func()) {
			r := storagetest.StartRedis(t)
			return r.URL + quick, func() { r.Do("CLIENT", "PAUSE", "600000", "ALL") }
		}},
		{"max number of clients", "c", false, // "too many clients", or "connection lost" where it hangs up first
			func(t *testing.T) (string, func()) {
				r := storagetest.StartRedis(t)
				return r.URL + "?conn_max_idle_time=1ms", func() {
					held, err := net.Dial("tcp", r.Addr)
					if err != nil {
						t.Fatal(err)
					}
					t.Cleanup(func() { held.Close() })
					r.Do("CONFIG", "SET", "maxclients", "1")
					time.Sleep(100 * time.Millisecond) // the driver looks at the clock but now and then
					eventually(t, func() error {
						if _, err := r.Try("PING"); err == nil {
							return errors.New("there is room")
						}
						return nil
					})
				}
			}},
		{"LOADING", "loading its data", false, func(t *testing.T) (string, func()) {
			r := storagetest.StartRedis(t, "--dbfilename", "dump.rdb", "--save", "3600 1000000")
			return r.URL, func() {
				r.Do("EVAL", "for i=1,20000 do redis.call('SET','filler'..i,'v') end", "0")
				r.SlowLoad()
			}
		}},
		{"CLUSTERDOWN", "cluster is down", false, func(t *testing.T) (string, func()) {
			c := storagetest.StartCluster(t)
			return c.URL + "?wait=0", func() {
				for _, n := range c.Nodes {
					n.Do("CLUSTER", "DELSLOTS", "1")
				}
			}
		}},
		{"SCRIPT FLUSH", "", true, func(t *testing.T) (string, func()) {
			r := storagetest.StartRedis(t)
			return r.URL, func() { r.Do("SCRIPT", "FLUSH", "SYNC") }
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			url, trouble := tc.start(t)
			s := open(t, url)
			there := storage.Create("there", []byte("v"), 0)
			if err := s.Together(t.Context(), there); err != nil {
				t.Fatal(err)
			}
			trouble()
			for _, together := range []bool{false, true} {
				get, members := storage.Get("there"), storage.Members("set")
				create, again := storage.Create("new", nil, time.Hour), storage.Create("there", nil, 0)
				swap, put := storage.Swap("there", storage.Version{9}, nil, 0), storage.Put("cache", nil, time.Hour)
				join, nothing := storage.Join("set2", "m", time.Hour), storage.Get("never")
				ops := []*storage.Op{get, members, create, again, swap, put, join, nothing}
				if together {
					create.Key = "new2"
					_ = s.Together(t.Context(), ops...)
				} else {
					for _, op := range ops {
						_ = s.Together(t.Context(), op)
					}
				}
				for _, op := range ops {
					wrong := op.Err != nil && !errors.Is(op.Err, storage.ErrUnknown)
					switch op {
					case again, swap: // the truth
						wrong = wrong && !errors.Is(op.Err, storage.ErrConflict) || op.Err == nil
					case nothing:
						wrong = wrong && !errors.Is(op.Err, storage.ErrNotFound) || op.Err == nil
					case get:
						wrong = wrong || op.Err == nil && op.Version != there.Version || tc.reads && op.Err != nil
					case create, put:
						wrong = wrong || (op.Err == nil) != (tc.reason == "")
					}
					if wrong {
						t.Errorf("together %v: %s %s: %v", together, op.Verb, op.Key, op.Err)
					}
				}
				if tc.reason != "" && (create.Err == nil || !strings.Contains(create.Err.Error(), tc.reason)) {
					t.Errorf("the operator is told %v", create.Err)
				}
			}
		})
	}
}

// TestR9_BackAtOnce: what failed while a server was away is done by the first attempt
// when it is back, however often it had failed.
func TestR9_BackAtOnce(t *testing.T) {
	t.Parallel()
	authority := storagetest.NewAuthority(t)
	for name, g := range map[string]storagetest.Guard{"plain": {}, "TLS": {TLS: authority}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := storagetest.StartGuarded(t, g)
			url := r.URL + "?pool_size=5&min_idle_conns=3"
			if g.TLS != nil {
				url = "rediss://" + r.Addr + "?pool_size=5&min_idle_conns=3&" + authority.Params()
			}
			s := open(t, url)
			for range 3 {
				busy := make(chan error)
				for i := range 5 { // as many idle connections as there may be
					go func() { busy <- s.Together(t.Context(), storage.Put(fmt.Sprint(i), make([]byte, 64<<10), 0)) }()
				}
				for range 5 {
					if err := <-busy; err != nil {
						t.Fatal(err)
					}
				}
				r.Kill()
				for range 50 {
					if err := s.Ping(t.Context()); !errors.Is(err, storage.ErrUnknown) {
						t.Fatalf("a dead server: %v", err)
					}
				}
				r.Restart()
				for i := range 20 {
					if err := s.Ping(t.Context()); err != nil {
						t.Fatalf("number %d after the server was back: %v", i, err)
					}
				}
				r.Stop() // and once while nobody looks
				r.Restart()
				if err := s.Ping(t.Context()); err != nil {
					t.Fatalf("after a restart that nobody saw: %v", err)
				}
			}
		})
	}
}

func TestTLS(t *testing.T) {
	t.Parallel()
	ours, theirs := storagetest.NewAuthority(t), storagetest.NewAuthority(t)
	r := storagetest.StartGuarded(t, storagetest.Guard{TLS: ours})
	at := "rediss://" + r.Addr + "?"
	if err := open(t, at+ours.Params()).Ping(t.Context()); err != nil {
		t.Error(err)
	}
	for name, url := range map[string]string{
		"no certificate of ours": at + "tls_ca_file=" + ours.CA,
		"another's certificate":  at + "tls_ca_file=" + ours.CA + "&tls_cert_file=" + theirs.ClientCert + "&tls_key_file=" + theirs.ClientKey,
		"another's authority":    at + theirs.Params(),
		"the system's":           at + "tls_server_name=localhost",
		"another name":           at + ours.Params() + "&tls_server_name=redis.example.com",
	} {
		err := open(t, url).Ping(t.Context())
		// A server that refuses us may hang up before its reason has been read.
		if !errors.Is(err, storage.ErrUnknown) || !strings.Contains(err.Error(), "TLS handshake failed") && !strings.Contains(name, "certificate") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := open(t, r.URL).Ping(t.Context()); !errors.Is(err, storage.ErrUnknown) {
		t.Errorf("plain text: %v", err)
	}
}

// TestTLS_Groups: sentinels and clusters that speak nothing else, also among themselves.
func TestTLS_Groups(t *testing.T) {
	if testing.Short() {
		t.Skip("twelve processes")
	}
	t.Parallel()
	g := storagetest.Guard{TLS: storagetest.NewAuthority(t)}
	for name, start := range map[string]func(t *testing.T) string{
		"sentinel": func(t *testing.T) string { return storagetest.StartGuardedSentinels(t, g).URL + "&" },
		"cluster":  func(t *testing.T) string { return storagetest.StartGuardedReplicated(t, g).URL + "?" },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := open(t, start(t)+"tls=true&wait_timeout=500ms&"+g.TLS.Params())
			ops := make([]*storage.Op, 30)
			for i := range ops {
				ops[i] = storage.Create(fmt.Sprint("k", i), nil, 0)
			}
			if err := s.Together(t.Context(), ops...); err != nil {
				t.Error(err)
			}
		})
	}
}
