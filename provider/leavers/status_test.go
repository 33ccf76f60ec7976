package leavers

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/dingbridge/dingbridge/storage"
)

// TestV5_StatusOfAllReplicas: how far a sweep is, whichever replica makes it, and whether what was
// lost has been made good for.
func TestV5_StatusOfAllReplicas(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := employ(t, 2)
		one, other := f.watch(), f.watch()
		status := func(w *Watch) Status {
			t.Helper()
			s, err := w.Status(t.Context(), corp)
			if err != nil {
				t.Fatal(err)
			}
			return s
		}
		if s := status(other); s != (Status{}) {
			t.Errorf("before the first sweep: %+v", s)
		}
		f.office.takes = 10 * time.Second
		began := time.Now().Add(look)
		stop := f.run(one)
		time.Sleep(look + time.Second)
		if s := status(other); !s.Sweeping || !s.Began.Equal(began) || !s.Complete.IsZero() {
			t.Errorf("during it: %+v", s)
		}
		time.Sleep(look)
		done := status(other)
		if done.Sweeping || !done.Began.IsZero() || done.Complete.Before(began) || !done.Missed.IsZero() {
			t.Errorf("after it: %+v", done)
		}
		stop()
		one.Missed(corp)
		lost := time.Now()
		if s := status(one); !s.Missed.Equal(lost) || !status(other).Missed.IsZero() {
			t.Errorf("a loss of its own: %+v", s)
		}
		one.bequeath(t.Context())
		if s := status(other); !s.Missed.Equal(lost) {
			t.Errorf("one that was handed down: %+v", s)
		}
		defer f.run(other)()
		time.Sleep(settled + 3*look)
		if s := status(other); !s.Missed.IsZero() || !s.Complete.After(done.Complete) {
			t.Errorf("made good for: %+v", s)
		}
		op := storage.Get(turnKey(corp))
		_ = f.store.Together(t.Context(), op)
		_ = f.store.Together(t.Context(), storage.Swap(op.Key, op.Version, []byte("odd"), 0))
		if s, err := other.Status(t.Context(), corp); err == nil {
			t.Errorf("a strange record: %+v", s)
		}
	})
}
