package storagetest

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Sentinels are a primary with two replicas, and the three sentinels that watch them,
// as they are run in production.
type Sentinels struct {
	URL      string   // redis+sentinel://...?master=main
	Nodes    []*Redis // the first is the primary at first
	Watchers []*Redis

	guard   Guard
	net     *network
	tb      testing.TB
	ports   []string // by node: where it is reached
	primary int
}

// StartSentinels starts six processes; the skip rule is StartRedis's. args go to each
// node, never to a sentinel.
func StartSentinels(tb testing.TB, args ...string) *Sentinels {
	tb.Helper()
	return StartGuardedSentinels(tb, Guard{}, args...)
}

// StartGuardedSentinels is StartSentinels with a guard.
func StartGuardedSentinels(tb testing.TB, g Guard, args ...string) *Sentinels {
	tb.Helper()
	needRedis(tb)
	s := &Sentinels{guard: g, net: newNetwork(tb), tb: tb}
	for i := range 3 {
		node := newRedis(tb)
		member, source := s.net.join()
		s.ports = append(s.ports, s.net.port(member, node.Addr))
		node.args = append(node.args, "--bind-source-addr", source, "--repl-diskless-sync-delay", "0", "--repl-timeout", "10",
			"--replica-announce-ip", "127.0.0.1", "--replica-announce-port", s.ports[i])
		g.guard(node)
		node.args = append(node.args, args...)
		s.Nodes = append(s.Nodes, node)
		s.follow(i)
		if err := node.start(); err != nil {
			tb.Fatalf("redis-server: %v", err)
		}
	}
	until(tb, "both replicas follow", func() bool { return s.followers() == 2 })
	var hosts []string
	for range 3 {
		hosts = append(hosts, s.watch())
	}
	for _, w := range s.Watchers {
		until(tb, "the sentinels know each other and both replicas", func() bool {
			told, _ := w.Try("SENTINEL", "MASTER", "main")
			told = "\n" + told + "\n"
			return strings.Contains(told, "\nnum-slaves\n2\n") && strings.Contains(told, "\nnum-other-sentinels\n2\n")
		})
	}
	s.URL = "redis+sentinel://" + strings.Join(hosts, ",") + "/0?master=main"
	return s
}

// follow writes into a node's arguments whom it follows when it starts. Without it a
// primary that comes back is taken for one for the ten seconds that sentinels look on.
func (s *Sentinels) follow(i int) {
	n := s.Nodes[i]
	if at := len(n.args) - 2; n.args[at] == "--replicaof" {
		n.args = n.args[:at]
	}
	if i != s.primary {
		n.args = append(n.args, "--replicaof", "127.0.0.1 "+s.ports[s.primary])
	}
}

// watch starts a sentinel and returns where it is reached.
func (s *Sentinels) watch() string {
	s.tb.Helper()
	w := newRedis(s.tb)
	member, source := s.net.join()
	port := s.net.port(member, w.Addr)
	_, own, _ := net.SplitHostPort(w.Addr)
	conf := filepath.Join(w.Dir, "sentinel.conf")
	text := fmt.Sprintf("bind 127.0.0.1\nbind-source-addr %s\nport %s\ndir %s\nlogfile %s\n"+
		"sentinel announce-ip 127.0.0.1\nsentinel announce-port %s\n"+
		"sentinel monitor main 127.0.0.1 %s 2\nsentinel down-after-milliseconds main 1000\n"+
		"sentinel failover-timeout main 2000\nsentinel parallel-syncs main 2\n",
		source, own, w.Dir, filepath.Join(w.Dir, "log"), port, s.ports[s.primary])
	text += s.guard.watcher(w)
	if err := os.WriteFile(conf, []byte(text), 0o600); err != nil {
		s.tb.Fatal(err)
	}
	w.args = []string{conf, "--sentinel"}
	if err := w.start(); err != nil {
		s.tb.Fatalf("sentinel: %v", err)
	}
	s.Watchers = append(s.Watchers, w)
	return "127.0.0.1:" + port
}

// Primary is the node that was the primary when it was last looked.
func (s *Sentinels) Primary() *Redis { return s.Nodes[s.primary] }

// followers is how many replicas the primary has that are up to date.
func (s *Sentinels) followers() int {
	told, _ := s.Primary().Try("INFO", "replication")
	return strings.Count(told, "state=online")
}

// Strike takes the primary away in one of the ways of [Faults].
func (s *Sentinels) Strike(fault string) { strike(s.net, s.Primary(), s.primary, fault) }

// Moved waits until the sentinels have made another node the primary, and tells how
// long it took by their own account.
func (s *Sentinels) Moved() time.Duration {
	s.tb.Helper()
	began, old := time.Now(), s.ports[s.primary]
	until(s.tb, "the sentinels promote a replica", func() bool {
		for _, w := range s.Watchers {
			told, _ := w.Try("SENTINEL", "GET-MASTER-ADDR-BY-NAME", "main")
			_, port, _ := strings.Cut(told, "\n")
			for i := range s.Nodes {
				if s.ports[i] == port && port != old {
					role, _ := s.Nodes[i].Try("ROLE")
					if strings.HasPrefix(role, "master") {
						s.primary = i
						return true
					}
				}
			}
		}
		return false
	})
	return time.Since(began)
}

// Mend brings back what was struck and waits until all follow the primary again.
func (s *Sentinels) Mend() {
	s.tb.Helper()
	for i := range s.Nodes {
		s.follow(i)
	}
	mend(s.net, s.Nodes)
	until(s.tb, "both replicas follow again", func() bool { return s.followers() == 2 })
	for _, w := range s.Watchers {
		until(s.tb, "the sentinels see two replicas", func() bool {
			told, _ := w.Try("SENTINEL", "MASTER", "main")
			told = "\n" + told + "\n"
			return strings.Contains(told, "\nflags\nmaster\n") && strings.Contains(told, "\nport\n"+s.ports[s.primary]+"\n")
		})
	}
}
