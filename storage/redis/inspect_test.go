package redis_test

import (
	"errors"
	"net"
	"strings"
	"testing"

	"github.com/dingbridge/dingbridge/storage/redis"
	"github.com/dingbridge/dingbridge/storage/storagetest"
)

func TestR7_InspectAsksAndWritesNothing(t *testing.T) {
	t.Parallel()
	one := func(t *testing.T, url string) redis.Node {
		t.Helper()
		found, err := open(t, url).Inspect(t.Context())
		if err != nil || len(found.Nodes) != 1 {
			t.Fatalf("%+v, %v", found, err)
		}
		return found.Nodes[0]
	}
	t.Run("as it should be", func(t *testing.T) {
		r := storagetest.StartRedis(t, "--appendonly", "yes", "--appendfsync", "always", "--maxmemory", "64mb", "--maxmemory-policy", "noeviction")
		before := r.Do("INFO", "commandstats")
		n := one(t, r.URL)
		if !n.AppendOnly || n.Fsync != "always" || n.Policy != "noeviction" || n.MaxMemory != 64<<20 || n.Snapshots != "" ||
			n.Replica || n.Version == "" || n.Failing != "" || len(n.Denied) != 0 || n.Address != r.Addr {
			t.Errorf("%+v", n)
		}
		if strings.Contains(before, "cmdstat_set") || strings.Contains(r.Do("INFO", "commandstats"), "cmdstat_set") || r.Keys() != nil {
			t.Error("something was written")
		}
	})
	t.Run("as it should not be", func(t *testing.T) {
		r := storagetest.StartRedis(t, "--maxmemory", "64mb", "--maxmemory-policy", "allkeys-lru", "--save", "3600 1")
		n := one(t, r.URL)
		if n.AppendOnly || n.Policy != "allkeys-lru" || n.Snapshots != "3600 1" {
			t.Errorf("%+v", n)
		}
	})
	t.Run("replica", func(t *testing.T) {
		primary := storagetest.StartRedis(t)
		_, port, _ := net.SplitHostPort(primary.Addr)
		replica := storagetest.StartRedis(t, "--replicaof", "127.0.0.1 "+port)
		if n := one(t, replica.URL); !n.Replica {
			t.Errorf("%+v", n)
		}
		eventually(t, func() error {
			if n := one(t, primary.URL); n.Replica || n.Replicas != 1 {
				return errors.New("no replica yet")
			}
			return nil
		})
	})
	t.Run("a user who may not ask", func(t *testing.T) {
		r := storagetest.StartRedis(t)
		r.Do("ACL", "SETUSER", "app", "on", ">right", "~*", "+@all", "-info", "-config")
		n := one(t, "redis://app:right@"+r.Addr)
		if n.Knows("INFO") || n.Knows("CONFIG GET") || n.Version != "" {
			t.Errorf("%+v", n)
		}
		r.Do("ACL", "SETUSER", "app", "+info")
		if n = one(t, "redis://app:right@"+r.Addr); !n.Knows("INFO") || n.Knows("CONFIG GET") || n.Policy != "noeviction" {
			t.Errorf("%+v", n)
		}
	})
	t.Run("a command taken away", func(t *testing.T) {
		r := storagetest.StartRedis(t, "--rename-command", "CONFIG", "")
		if n := one(t, r.URL); !n.Knows("INFO") || n.Knows("CONFIG GET") {
			t.Errorf("%+v", n)
		}
	})
}

func TestR7_InspectAsksEveryPrimary(t *testing.T) {
	t.Parallel()
	cluster := storagetest.StartCluster(t)
	found, err := open(t, cluster.URL+"?wait=0").Inspect(t.Context())
	if err != nil || len(found.Nodes) != len(cluster.Nodes) {
		t.Fatalf("%+v, %v", found, err)
	}
	for _, n := range found.Nodes {
		if n.Address == "" || n.Version == "" || n.Replica {
			t.Errorf("%+v", n)
		}
	}
	found, err = open(t, storagetest.StartSentinel(t).URL).Inspect(t.Context())
	if err != nil || len(found.Nodes) != 1 || found.Nodes[0].Replica || found.Nodes[0].Version == "" {
		t.Errorf("of what the sentinels name: %+v, %v", found, err)
	}
}

func TestR4_InspectTellsNothingOfTheURL(t *testing.T) {
	t.Parallel()
	locked := storagetest.StartRedis(t)
	locked.Do("ACL", "SETUSER", "app", "on", ">right", "~*", "+@all")
	down := storagetest.StartRedis(t)
	down.Kill()
	for name, test := range map[string]struct {
		url     string
		refused bool
	}{
		"wrong password": {"redis://app:hunter2@" + locked.Addr, true},
		"down":           {"redis://app:hunter2@" + down.Addr, false},
		"cluster down":   {"redis+cluster://app:hunter2@" + down.Addr + "?wait=0", false},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := open(t, test.url).Inspect(t.Context())
			outage, ok := errors.AsType[*redis.Outage](err)
			if !ok || outage.Refused() != test.refused || outage.Unreached() == test.refused {
				t.Fatalf("%v", err)
			}
			for _, word := range []string{"hunter2", "app", "127.0.0.1"} {
				if strings.Contains(err.Error(), word) {
					t.Errorf("the error tells %s: %v", word, err)
				}
			}
		})
	}
}
