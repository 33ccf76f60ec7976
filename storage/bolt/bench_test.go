package bolt_test

import (
	"path/filepath"
	"testing"

	"github.com/dingbridge/dingbridge/storage/storagetest"
)

func BenchmarkBolt(b *testing.B) {
	storagetest.Bench(b, open(b, filepath.Join(b.TempDir(), "state.db")))
}
