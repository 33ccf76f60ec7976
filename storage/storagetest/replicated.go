package storagetest

import (
	"fmt"
	"net"
	"strings"
	"testing"
	"time"
)

// A Replicated is a cluster of three primaries, each with a replica that takes its place.
type Replicated struct {
	URL   string   // redis+cluster://...
	Nodes []*Redis // the first three are the primaries at first

	net   *network
	tb    testing.TB
	ports []string // by node: where clients reach it
	ids   []string
	shard []int // by node: the range of slots that it has a copy of
	lost  int   // the node that was struck last
}

// StartReplicated starts six processes; the skip rule is StartRedis's. args go to each.
func StartReplicated(tb testing.TB, args ...string) *Replicated {
	tb.Helper()
	return StartGuardedReplicated(tb, Guard{}, args...)
}

// StartGuardedReplicated is StartReplicated with a guard.
func StartGuardedReplicated(tb testing.TB, g Guard, args ...string) *Replicated {
	tb.Helper()
	needRedis(tb)
	c := &Replicated{net: newNetwork(tb), tb: tb}
	var buses, hosts []string
	for i := range 6 {
		node, bus := newRedis(tb), freeAddr(tb)
		member, source := c.net.join()
		_, busPort, _ := net.SplitHostPort(bus)
		c.ports, buses = append(c.ports, c.net.port(member, node.Addr)), append(buses, c.net.port(member, bus))
		node.args = append(node.args, "--cluster-enabled", "yes", "--cluster-port", busPort, "--bind-source-addr", source,
			"--cluster-announce-ip", "127.0.0.1", "--cluster-announce-port", c.ports[i], "--cluster-announce-bus-port", buses[i],
			"--cluster-node-timeout", "1500", "--cluster-replica-validity-factor", "0", "--cluster-allow-replica-migration", "no",
			"--repl-diskless-sync-delay", "0", "--repl-timeout", "10")
		g.guard(node)
		if g.TLS != nil {
			node.args = append(node.args, "--cluster-announce-tls-port", c.ports[i])
		}
		node.args = append(node.args, args...)
		if err := node.start(); err != nil {
			tb.Fatalf("cluster node: %v", err)
		}
		c.Nodes, c.ids, c.shard = append(c.Nodes, node), append(c.ids, node.Do("CLUSTER", "MYID")), append(c.shard, i%3)
		hosts = append(hosts, "127.0.0.1:"+c.ports[i])
		node.Do("CLUSTER", "SET-CONFIG-EPOCH", fmt.Sprint(i+1))
		if i < 3 {
			node.Do("CLUSTER", "ADDSLOTSRANGE", fmt.Sprint(i*slots/3), fmt.Sprint((i+1)*slots/3-1))
		}
		if i > 0 {
			c.Nodes[0].Do("CLUSTER", "MEET", "127.0.0.1", c.ports[i], buses[i])
		}
	}
	c.URL = "redis+cluster://" + strings.Join(hosts, ",")
	for i, node := range c.Nodes {
		until(tb, "all know each other", func() bool {
			known, _ := node.Try("CLUSTER", "NODES")
			for _, host := range hosts {
				if !strings.Contains(known, host+"@") {
					return false
				}
			}
			return strings.Count(known, " connected") >= 6 && !strings.Contains(known, "handshake")
		})
		if i >= 3 {
			until(tb, "a replica is taken", func() bool { reply, _ := node.Try("CLUSTER", "REPLICATE", c.ids[i-3]); return reply == "OK" })
		}
	}
	c.calm()
	return c
}

// calm waits until every node knows of three primaries that have all slots, and of
// three replicas that follow them.
func (c *Replicated) calm() {
	c.tb.Helper()
	for _, node := range c.Nodes {
		until(c.tb, "the cluster is whole", func() bool {
			info, err := node.Try("CLUSTER", "INFO")
			if err != nil || !strings.Contains(info, "cluster_state:ok") {
				return false
			}
			known, _ := node.Try("CLUSTER", "NODES")
			return strings.Count(known, "master - ") == 3 && strings.Count(known, "slave ") == 3 && !strings.Contains(known, "fail")
		})
		until(c.tb, "its replicas follow", func() bool {
			told, _ := node.Try("INFO", "replication")
			return strings.Contains(told, "role:slave") && strings.Contains(told, "master_link_status:up") || strings.Contains(told, "state=online")
		})
	}
}

// primaries are the numbers of the nodes that a node takes for primaries that live.
func (c *Replicated) primaries(asked *Redis) (all []int) {
	known, _ := asked.Try("CLUSTER", "NODES")
	for line := range strings.Lines(known) {
		id, rest, _ := strings.Cut(line, " ")
		for i := range c.ids {
			if c.ids[i] == id && strings.Contains(rest, "master - ") && !strings.Contains(rest, "fail") {
				all = append(all, i)
			}
		}
	}
	return all
}

// Primary is the node that has a key.
func (c *Replicated) Primary(key string) *Redis {
	c.tb.Helper()
	slot := 0
	fmt.Sscan(c.Nodes[0].Do("CLUSTER", "KEYSLOT", key), &slot)
	for _, i := range c.primaries(c.Nodes[0]) {
		if c.shard[i] == min(slot*3/slots, 2) {
			return c.Nodes[i]
		}
	}
	c.tb.Fatalf("nobody has %q", key)
	return nil
}

// Strike takes a primary away in one of the ways of [Faults].
func (c *Replicated) Strike(r *Redis, fault string) {
	c.tb.Helper()
	for i := range c.Nodes {
		if c.Nodes[i] == r {
			c.lost = i
			strike(c.net, r, i, fault)
		}
	}
}

// Moved waits until the replica of what was struck is a primary for all others, and
// tells how long it took.
func (c *Replicated) Moved() time.Duration {
	c.tb.Helper()
	began := time.Now()
	for i, node := range c.Nodes {
		if i == c.lost {
			continue
		}
		until(c.tb, "the replica takes over", func() bool {
			for _, p := range c.primaries(node) {
				if p != c.lost && c.shard[p] == c.shard[c.lost] {
					info, _ := node.Try("CLUSTER", "INFO")
					return strings.Contains(info, "cluster_state:ok")
				}
			}
			return false
		})
	}
	return time.Since(began)
}

// Mend brings back what was struck and waits until the cluster is as it was.
func (c *Replicated) Mend() {
	c.tb.Helper()
	mend(c.net, c.Nodes)
	c.calm()
}

// StrikeOne strikes the primary that has had the first slots from the beginning, or has
// them in its place.
func (c *Replicated) StrikeOne(fault string) {
	c.tb.Helper()
	for _, i := range c.primaries(c.Nodes[1]) {
		if c.shard[i] == 0 {
			c.Strike(c.Nodes[i], fault)
			return
		}
	}
	c.tb.Fatal("nobody has the first slots")
}

// Asking has a key's slot on the way from the node that has it to the next, so that
// whoever asks for the key is sent on with ASK.
func (c *Replicated) Asking(key string) {
	c.tb.Helper()
	from := c.Primary(key)
	slot := from.Do("CLUSTER", "KEYSLOT", key)
	for _, i := range c.primaries(from) {
		if c.Nodes[i] != from {
			c.Nodes[i].Do("CLUSTER", "SETSLOT", slot, "IMPORTING", from.Do("CLUSTER", "MYID"))
			from.Do("CLUSTER", "SETSLOT", slot, "MIGRATING", c.ids[i])
			return
		}
	}
}
