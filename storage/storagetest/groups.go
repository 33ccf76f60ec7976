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

// A Sentinel is a primary, its replica, and one sentinel that watches them.
type Sentinel struct {
	URL     string // redis+sentinel://...?master=main
	Primary *Redis // at first; see Failover
	Replica *Redis
	Watcher *Redis // the sentinel
}

// StartSentinel starts the three processes; the skip rule is StartRedis's.
func StartSentinel(tb testing.TB) *Sentinel {
	tb.Helper()
	s := &Sentinel{Primary: StartRedis(tb, "--repl-diskless-sync-delay", "0")}
	_, port, _ := net.SplitHostPort(s.Primary.Addr)
	s.Replica = StartRedis(tb, "--replicaof", "127.0.0.1 "+port)
	until(tb, "the replica follows", func() bool {
		return strings.Contains(s.Replica.Do("INFO", "replication"), "master_link_status:up") &&
			strings.Contains(s.Primary.Do("INFO", "replication"), "state=online")
	})
	s.Watcher = newRedis(tb)
	_, own, _ := net.SplitHostPort(s.Watcher.Addr)
	conf := filepath.Join(s.Watcher.Dir, "sentinel.conf")
	text := fmt.Sprintf("bind 127.0.0.1\nport %s\ndir %s\nlogfile %s\nsentinel monitor main 127.0.0.1 %s 1\n"+
		"sentinel down-after-milliseconds main 500\nsentinel failover-timeout main 3000\n",
		own, s.Watcher.Dir, filepath.Join(s.Watcher.Dir, "log"), port)
	if err := os.WriteFile(conf, []byte(text), 0o600); err != nil {
		tb.Fatal(err)
	}
	s.Watcher.args = []string{conf, "--sentinel"}
	if err := s.Watcher.start(); err != nil {
		tb.Fatalf("sentinel: %v", err)
	}
	until(tb, "the sentinel knows the replica", func() bool {
		return strings.Contains(s.Watcher.Do("SENTINEL", "REPLICAS", "main"), s.Replica.Addr)
	})
	s.URL = "redis+sentinel://" + s.Watcher.Addr + "/0?master=main"
	return s
}

// Failover kills the primary and waits until the sentinel names the replica.
func (s *Sentinel) Failover() {
	s.Watcher.tb.Helper()
	s.Primary.Kill()
	_, port, _ := net.SplitHostPort(s.Replica.Addr)
	until(s.Watcher.tb, "the sentinel promotes the replica", func() bool {
		return s.Watcher.Do("SENTINEL", "GET-MASTER-ADDR-BY-NAME", "main") == "127.0.0.1\n"+port &&
			strings.Contains(s.Replica.Do("ROLE"), "master")
	})
	s.Primary, s.Replica = s.Replica, s.Primary
}

// A Cluster is three primaries, each behind a proxy whose address it announces,
// so that its clients go through the proxies.
type Cluster struct {
	URL     string // redis+cluster://...
	Nodes   []*Redis
	Proxies []*Proxy
}

// slots is the number of hash slots of a Redis Cluster.
const slots = 16384

// StartCluster starts the three processes; the skip rule is StartRedis's.
func StartCluster(tb testing.TB) *Cluster {
	tb.Helper()
	needRedis(tb)
	c := &Cluster{}
	var hosts []string
	for i := range 3 {
		node, bus := newRedis(tb), freeAddr(tb)
		proxy := LossyProxy(tb, node.Addr)
		_, busPort, _ := net.SplitHostPort(bus)
		_, announced, _ := net.SplitHostPort(proxy.Addr)
		node.args = append(node.args, "--cluster-enabled", "yes", "--cluster-port", busPort,
			"--cluster-announce-ip", "127.0.0.1", "--cluster-announce-port", announced)
		if err := node.start(); err != nil {
			tb.Fatalf("cluster node: %v", err)
		}
		add := []string{"CLUSTER", "ADDSLOTS"}
		for slot := i * slots / 3; slot < (i+1)*slots/3; slot++ {
			add = append(add, fmt.Sprint(slot))
		}
		node.Do(add...)
		node.Do("CLUSTER", "SET-CONFIG-EPOCH", fmt.Sprint(i+1))
		if i > 0 {
			_, port, _ := net.SplitHostPort(node.Addr)
			c.Nodes[0].Do("CLUSTER", "MEET", "127.0.0.1", port, busPort)
		}
		c.Nodes, c.Proxies, hosts = append(c.Nodes, node), append(c.Proxies, proxy), append(hosts, proxy.Addr)
	}
	c.URL = "redis+cluster://" + strings.Join(hosts, ",")
	for _, node := range c.Nodes {
		until(tb, "the cluster is whole", func() bool {
			info := node.Do("CLUSTER", "INFO")
			if !strings.Contains(info, "cluster_state:ok") || !strings.Contains(info, "cluster_known_nodes:3") {
				return false
			}
			nodes := node.Do("CLUSTER", "NODES")
			for _, host := range hosts { // all have told each other the proxies
				if !strings.Contains(nodes, host) {
					return false
				}
			}
			return true
		})
	}
	return c
}

// Lose makes each node lose its next n replies.
func (c *Cluster) Lose(n int) {
	for _, p := range c.Proxies {
		p.Lose(n)
	}
}

// until waits for what other processes do on their own; the bound only ends a
// test that would hang. A sentinel that was kept from running for two seconds
// trusts its clock no more and does nothing for thirty.
func until(tb testing.TB, what string, ok func() bool) {
	tb.Helper()
	for range 6000 {
		if ok() {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	tb.Fatalf("waited in vain until %s", what)
}
