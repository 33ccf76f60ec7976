package redis_test

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/dingbridge/dingbridge/storage"
	"github.com/dingbridge/dingbridge/storage/redis"
	"github.com/dingbridge/dingbridge/storage/storagetest"
)

// password is what the tests put in place of the hash of nobody's in deploy/redis.
const password = "a-password-of-the-tests"

func delivered(t *testing.T) storagetest.Guard {
	return storagetest.Delivered(t, "../../deploy/redis", password)
}

// granted are the commands of a user in such a file.
func granted(text, user string) (all []string) {
	for line := range strings.Lines(text) {
		if rest, ok := strings.CutPrefix(line, "user "+user+" "); ok {
			for _, word := range strings.Fields(rest) {
				if command, ok := strings.CutPrefix(word, "+"); ok {
					all = append(all, command)
				}
			}
		}
	}
	return all
}

// A guarded is a Redis that knows our user with what is delivered, and no more.
type guarded struct {
	url   func(params string) string
	nodes []*storagetest.Redis
	watch []*storagetest.Redis
}

func (g guarded) every() []*storagetest.Redis { return slices.Concat(g.nodes, g.watch) }

// denials are what was refused to our user since the last time, but for the one command
// that doctor does without.
func (g guarded) denials() (all []string) {
	for _, r := range g.every() {
		for _, entry := range strings.Split("\n"+r.Denied("dingbridge"), "\ncount\n")[1:] {
			if strings.Contains(entry, "\nusername\ndingbridge\n") && !strings.Contains(entry, "\nobject\nconfig") {
				all = append(all, entry)
			}
		}
	}
	return all
}

func startGuarded(t *testing.T, kind string) guarded {
	t.Helper()
	g := delivered(t)
	us := "dingbridge:" + password + "@"
	switch kind {
	case "sentinel":
		s := storagetest.StartGuardedSentinels(t, g)
		_, hosts, _ := strings.Cut(s.URL, "://")
		return guarded{func(params string) string {
			return "redis+sentinel://" + us + hosts + "&sentinel_username=dingbridge&sentinel_password=" + password + "&wait_timeout=500ms&" + params
		}, s.Nodes, s.Watchers}
	case "cluster":
		c := storagetest.StartGuardedReplicated(t, g)
		_, hosts, _ := strings.Cut(c.URL, "://")
		c.Asking("dingbridge:asked")
		return guarded{func(params string) string { return "redis+cluster://" + us + hosts + "?wait_timeout=500ms&" + params }, c.Nodes, nil}
	}
	r := storagetest.StartGuarded(t, g)
	return guarded{func(params string) string { return "redis://" + us + r.Addr + "/3?" + params }, []*storagetest.Redis{r}, nil}
}

// TestR8_LeastPrivilege runs the whole suite as the delivered user: it may do all that
// we do, nothing else was tried, and nothing was touched outside the prefix.
func TestR8_LeastPrivilege(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"standalone", "sentinel", "cluster"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			if testing.Short() && kind != "standalone" {
				t.Skip("six processes")
			}
			g := startGuarded(t, kind)
			fresh := func() string {
				return g.url(fmt.Sprintf("prefix=dingbridge:test%d:&max_retries=3", prefixes.Add(1)))
			}
			t.Run("suite", func(t *testing.T) {
				storagetest.Run(t, storagetest.Harness{
					Open: func(t *testing.T) storage.Store { return open(t, fresh()) },
					Peers: func(t *testing.T, n int) []storage.Store {
						url, all := fresh(), make([]storage.Store, n)
						for i := range all {
							all[i] = open(t, url)
						}
						return all
					},
				})
			})
			if err := probe(t, g); err != nil {
				t.Error(err)
			}
			for _, denied := range g.denials() {
				t.Errorf("more was tried: %s", denied)
			}
			for _, r := range g.nodes {
				eventually(t, func() error { // what has ended is still counted for a moment
					if other := r.Do("EVAL", "return redis.call('DBSIZE')-#redis.call('KEYS','dingbridge:*')", "0"); other != "0" {
						return fmt.Errorf("%s keys were written without the prefix", other)
					}
					return nil
				})
			}
			if err := open(t, g.url("prefix=other:")).Ping(t.Context()); !errors.Is(err, storage.ErrUnknown) {
				t.Errorf("outside the prefix: %v", err)
			}
		})
	}
}

// probe has a new store do each thing that needs a command of its own.
func probe(t *testing.T, g guarded) error {
	t.Helper()
	s, err := redis.Open(t.Context(), g.url(fmt.Sprintf("prefix=dingbridge:test%d:", prefixes.Add(1))))
	if err != nil {
		return err
	}
	defer s.Close()
	wants := func(op *storage.Op, want error) error {
		if _ = s.Together(t.Context(), op); !errors.Is(op.Err, want) {
			return fmt.Errorf("%s: %w", op.Verb, op.Err)
		}
		return nil
	}
	made := storage.Create("k", nil, 0)
	for _, step := range []struct {
		op   *storage.Op
		want error
	}{
		{made, nil}, {storage.Create("k", nil, time.Hour), storage.ErrConflict}, {storage.Get("k"), nil},
		{storage.Put("p", nil, time.Hour), nil}, {storage.Swap("k", storage.Version{1}, nil, 0), storage.ErrConflict},
		{storage.Join("s", "m", time.Hour), nil}, {storage.Join("s", "n", 0), nil}, {storage.Members("s"), nil}, {storage.Delete("s"), nil},
	} {
		if err := wants(step.op, step.want); err != nil {
			return err
		}
	}
	if err := wants(storage.Swap("k", made.Version, nil, time.Hour), nil); err != nil {
		return err
	}
	found, err := s.Inspect(t.Context())
	if err != nil {
		return err
	}
	for _, n := range found.Nodes {
		if !slices.Equal(n.Denied, []string{"CONFIG GET"}) {
			return fmt.Errorf("doctor may not ask %v", n.Denied)
		}
	}
	if len(g.nodes) == 6 && len(g.watch) == 0 { // a slot of this cluster is on the way to another node
		asked, err := redis.Open(t.Context(), g.url("prefix=dingbridge:"))
		if err != nil {
			return err
		}
		defer asked.Close()
		return asked.Together(t.Context(), storage.Put("asked", nil, time.Hour))
	}
	return nil
}

// TestThreat_TheDeliveredUserLearnsNoPassword: whoever has our user's password cannot get
// another's, such as that by which replicas copy all there is, or what others keep there.
func TestThreat_TheDeliveredUserLearnsNoPassword(t *testing.T) {
	t.Parallel()
	r := storagetest.StartGuarded(t, delivered(t))
	r.Do("SET", "theirs", "kept by somebody else")
	if told := r.Do("CONFIG", "GET", "masterauth"); !strings.Contains(told, password) {
		t.Fatalf("there is no password to be learnt, so this proves nothing: %s", told)
	}
	if verdict, err := mayDo(r, "GET", "dingbridge:x"); err != nil || verdict != "OK" {
		t.Skipf("this Redis does not tell what a user may do: %s %v", verdict, err)
	}
	for _, try := range [][]string{
		{"CONFIG", "GET", "masterauth"}, {"CONFIG", "GET", "*"}, {"CONFIG", "SET", "masterauth", "x"}, {"ACL", "LIST"}, {"ACL", "GETUSER", "dingbridge"},
		{"PSYNC", "?", "-1"}, {"SYNC"}, {"MONITOR"}, {"KEYS", "*"}, {"SCAN", "0"}, {"RANDOMKEY"}, {"GET", "theirs"},
		{"EVAL", "return redis.call('GET',KEYS[1])", "1", "theirs"}, {"REPLICAOF", "127.0.0.1", "1"}, {"SUBSCRIBE", "c"}, {"MODULE", "LIST"},
	} {
		if verdict, err := mayDo(r, try...); err == nil && verdict == "OK" {
			t.Errorf("%q is permitted", try)
		}
	}
}

// mayDo asks the server whether our user may do something.
func mayDo(r *storagetest.Redis, command ...string) (string, error) {
	return r.Try(append([]string{"ACL", "DRYRUN", "dingbridge"}, command...)...)
}

// TestR8_DocumentedAsDelivered: what operators read is what is tested.
func TestR8_DocumentedAsDelivered(t *testing.T) {
	text, err := os.ReadFile("../../docs/redis.md")
	if err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile("../../deploy/redis/users.acl")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(strings.ReplaceAll(string(want), strings.Repeat("0", 64), "…")) {
		if strings.HasPrefix(line, "user dingbridge ") && !strings.Contains(string(text), line) {
			t.Errorf("docs/redis.md does not have %s", line)
		}
	}
}

// TestR8_NoCommandIsSurplus takes each command away in turn: something fails then, or the
// server has noted that it was asked for.
func TestR8_NoCommandIsSurplus(t *testing.T) {
	if testing.Short() {
		t.Skip("fifteen processes")
	}
	t.Parallel()
	var groups []guarded
	for _, kind := range []string{"standalone", "sentinel", "cluster"} {
		groups = append(groups, startGuarded(t, kind))
	}
	for _, g := range groups { // their subscriptions are looked after while all else goes on
		if err := open(t, g.url("prefix=dingbridge:")).Ping(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	missed := func(command string, of func(g guarded) []*storagetest.Redis) bool {
		may := func(sign string) {
			for _, g := range groups {
				for _, r := range of(g) {
					r.Do("ACL", "SETUSER", "dingbridge", sign+command)
				}
			}
		}
		may("-")
		defer may("+")
		for range 200 { // that a subscription lives is asked for every three seconds
			for _, g := range groups {
				if err := probe(t, g); err != nil || len(g.denials()) > 0 {
					return true
				}
			}
			if command != "ping" {
				return false
			}
			time.Sleep(50 * time.Millisecond)
		}
		return false
	}
	for _, command := range granted(delivered(t).Users, "dingbridge") {
		if !missed(command, func(g guarded) []*storagetest.Redis { return g.nodes }) {
			t.Errorf("users.acl: nothing needs %s", command)
		}
	}
	for _, command := range granted(delivered(t).Watchers, "dingbridge") {
		if !missed(command, func(g guarded) []*storagetest.Redis { return g.watch }) {
			t.Errorf("sentinel.acl: nothing needs %s", command)
		}
	}
}
