package redis

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"sync"

	goredis "github.com/redis/go-redis/v9"

	"github.com/dingbridge/dingbridge/storage"
)

// An Inspection is what the servers say of how they keep what they are given.
type Inspection struct {
	// Nodes are the server, the primary that Sentinel names, or every primary of a
	// cluster, in the order of their addresses.
	Nodes []Node
}

// A Node is one server. What the server would not tell has its zero value, and
// the question is in Denied.
type Node struct {
	Address string // host:port
	Version string // Redis' own, or the one that Valkey claims to be compatible with

	Replica  bool // a read-only copy: it takes no write
	Replicas int  // connected copies of this primary

	AppendOnly bool   // every write goes into a file (appendonly yes)
	Fsync      string // appendfsync: always, everysec, no
	Snapshots  string // save: when the whole data is written to a file; empty: never
	Failing    string // which of the two failed last: "appendonly", "snapshot" or empty

	MaxMemory int64  // bytes; 0: no limit
	Policy    string // maxmemory-policy

	// Denied are the commands that the user may not use or the server does not have:
	// "INFO", "CONFIG GET".
	Denied []string
}

// Knows tells whether the node answered this question of [Node.Denied].
func (n Node) Knows(question string) bool { return !slices.Contains(n.Denied, question) }

// Inspect asks the servers about their version, role, persistence and eviction. It
// writes nothing. The error is an [*Outage] if a server could not be asked at all;
// what a server's access list forbids is in [Node.Denied] and no error.
func (s *Store) Inspect(ctx context.Context) (Inspection, error) {
	cluster, ok := s.client.(*goredis.ClusterClient)
	if !ok {
		// By a connection that may end at a replica: that it is one is worth telling.
		client := s.set.connect(nil)
		defer client.Close()
		n, err := inspect(ctx, client, s.address)
		if err != nil {
			return Inspection{}, err
		}
		return Inspection{Nodes: []Node{n}}, nil
	}
	var (
		mu  sync.Mutex
		all Inspection
	)
	err := cluster.ForEachMaster(ctx, func(ctx context.Context, node *goredis.Client) error {
		n, err := inspect(ctx, node, node.Options().Addr)
		if err != nil {
			return err
		}
		mu.Lock()
		defer mu.Unlock()
		all.Nodes = append(all.Nodes, n)
		return nil
	})
	if err != nil {
		return Inspection{}, outage(err)
	}
	slices.SortFunc(all.Nodes, func(a, b Node) int { return strings.Compare(a.Address, b.Address) })
	return all, nil
}

// outage makes of a driver's error one that tells no address.
func outage(err error) *Outage {
	if o, ok := errors.AsType[*Outage](err); ok {
		return o
	}
	return &Outage{Reason: judge(err).reason, verb: storage.VerbGet}
}

// inspect asks one server, in one trip.
func inspect(ctx context.Context, client goredis.Cmdable, address string) (Node, error) {
	n := Node{Address: address}
	pipe := client.Pipeline()
	// Each section by itself: Redis 6.2 takes one only, and a server with many
	// commands in use says a lot when it is asked for everything.
	sections := make([]*goredis.StringCmd, 0, 4)
	for _, section := range []string{"server", "memory", "persistence", "replication"} {
		sections = append(sections, pipe.Info(ctx, section))
	}
	settings := map[string]*goredis.MapStringStringCmd{}
	for _, name := range []string{"save", "appendfsync", "maxmemory-policy"} {
		settings[name] = pipe.ConfigGet(ctx, name)
	}
	cmds, err := pipe.Exec(ctx)
	if err != nil && !slices.ContainsFunc(cmds, func(cmd goredis.Cmder) bool { return cmd.Err() != nil }) {
		return Node{}, outage(err) // no connection that could be used: no command has an error of its own
	}

	var told strings.Builder
	for _, cmd := range sections {
		switch err := cmd.Err(); {
		case err == nil:
			told.WriteString(cmd.Val())
		case forbidden(err):
			n.deny("INFO")
		default:
			return Node{}, outage(err)
		}
	}
	n.read(told.String())
	values := map[string]string{}
	for name, cmd := range settings {
		switch err := cmd.Err(); {
		case err == nil:
			values[name] = cmd.Val()[name]
		case forbidden(err):
			n.deny("CONFIG GET")
		default:
			return Node{}, outage(err)
		}
	}
	n.Snapshots, n.Fsync = values["save"], values["appendfsync"]
	if policy := values["maxmemory-policy"]; policy != "" {
		n.Policy = policy
	}
	return n, nil
}

// forbidden tells whether the server understood who asks, and will not say.
// Managed servers know no CONFIG at all.
func forbidden(err error) bool {
	_, answered := errors.AsType[goredis.Error](err)
	return answered && (goredis.IsPermissionError(err) || goredis.HasErrorPrefix(err, "unknown command"))
}

func (n *Node) deny(question string) {
	if n.Knows(question) {
		n.Denied = append(n.Denied, question)
		slices.Sort(n.Denied)
	}
}

// read takes what is wanted out of the lines "name:value" of INFO.
func (n *Node) read(info string) {
	for line := range strings.SplitSeq(info, "\n") {
		name, value, ok := strings.Cut(strings.TrimSuffix(line, "\r"), ":")
		if !ok || len(value) > 64 || strings.ContainsFunc(value, notPlain) {
			continue // paths and build lines, which nobody asked for
		}
		switch name {
		case "redis_version":
			n.Version = value
		case "role":
			n.Replica = value == "slave"
		case "connected_slaves":
			n.Replicas, _ = strconv.Atoi(value)
		case "aof_enabled":
			n.AppendOnly = value == "1"
		case "aof_last_write_status":
			if value == "err" {
				n.Failing = "appendonly"
			}
		case "rdb_last_bgsave_status":
			if value == "err" && n.Failing == "" {
				n.Failing = "snapshot"
			}
		case "maxmemory":
			n.MaxMemory, _ = strconv.ParseInt(value, 10, 64)
		case "maxmemory_policy":
			n.Policy = value
		}
	}
}

// notPlain tells whether a character has no place in a value that is shown.
func notPlain(r rune) bool { return r <= ' ' || r > '~' }
