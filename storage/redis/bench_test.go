package redis_test

import (
	"testing"

	"github.com/dingbridge/dingbridge/storage/storagetest"
)

func BenchmarkRedis(b *testing.B) {
	storagetest.Bench(b, open(b, storagetest.StartRedis(b).URL))
}
