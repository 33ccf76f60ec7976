package storagetest

import (
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/dingbridge/dingbridge/storage"
)

// Bench measures the verbs of a store with values of 1 kB, one after another and
// from many goroutines, each with keys of its own.
func Bench(b *testing.B, s storage.Store) {
	value := make([]byte, 1000)
	var n atomic.Int64
	key := func() string { return fmt.Sprint("bench/", n.Add(1)) }
	run := func(ops ...*storage.Op) error { return s.Together(b.Context(), ops...) }
	made := storage.Create(key(), value, time.Minute)
	if err := run(made); err != nil {
		b.Fatal(err)
	}
	for _, m := range []struct {
		name string
		do   func() error
	}{
		{"Get", func() error { return run(storage.Get(made.Key)) }},
		{"Create", func() error { return run(storage.Create(key(), value, time.Minute)) }},
		{"CreateSwap", func() error {
			create := storage.Create(key(), value, time.Minute)
			if err := run(create); err != nil {
				return err
			}
			return run(storage.Swap(create.Key, create.Version, value, time.Minute))
		}},
		{"Together4", func() error {
			k := key()
			return run(storage.Create("a"+k, value, time.Minute), storage.Create("b"+k, value, time.Minute),
				storage.Join("s"+k, "m", time.Minute), storage.Get(made.Key))
		}},
	} {
		b.Run(m.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := m.do(); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(m.name+"Parallel", func(b *testing.B) {
			b.ReportAllocs()
			b.SetParallelism(16)
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					if err := m.do(); err != nil {
						b.Error(err)
						return
					}
				}
			})
		})
	}
}
