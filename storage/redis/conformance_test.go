package redis_test

import (
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/dingbridge/dingbridge/storage"
	"github.com/dingbridge/dingbridge/storage/redis"
	"github.com/dingbridge/dingbridge/storage/storagetest"
)

func open(tb testing.TB, url string) *redis.Store {
	tb.Helper()
	s, err := redis.Open(tb.Context(), url)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { s.Close() })
	return s
}

// prefixes are given out once, so that tests on one server do not meet.
var prefixes atomic.Int64

func fresh(url string) string {
	separator := "?"
	if strings.Contains(url, "?") {
		separator = "&"
	}
	return fmt.Sprintf("%s%sprefix=test%d:", url, separator, prefixes.Add(1))
}

func harness(url string) storagetest.Harness {
	return storagetest.Harness{
		Open: func(t *testing.T) storage.Store { return open(t, fresh(url)) },
		Peers: func(t *testing.T, n int) []storage.Store {
			url, all := fresh(url), make([]storage.Store, n)
			for i := range all {
				all[i] = open(t, url)
			}
			return all
		},
	}
}

func TestStandalone(t *testing.T) {
	t.Parallel()
	r := storagetest.StartRedis(t)
	h := harness(r.URL)
	h.Lossy = func(t *testing.T) (storage.Store, func(int)) {
		p := storagetest.LossyProxy(t, r.Addr)
		return open(t, fresh("redis://"+p.Addr+"?max_retries=3")), p.Lose
	}
	storagetest.Run(t, h)
}

func TestSentinel(t *testing.T) {
	t.Parallel()
	storagetest.Run(t, harness(storagetest.StartSentinel(t).URL))
}

func TestCluster(t *testing.T) {
	t.Parallel()
	c := storagetest.StartCluster(t)
	url := c.URL + "?max_retries=3&wait_timeout=10ms" // the nodes have no replicas
	h := harness(url)
	h.Lossy = func(t *testing.T) (storage.Store, func(int)) {
		t.Cleanup(func() { c.Lose(0) })
		return open(t, fresh(url)), c.Lose
	}
	storagetest.Run(t, h)
}
