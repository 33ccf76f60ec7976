package fleet

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dingbridge/dingbridge/storage"
)

func TestR5_WhoIsThere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &meeting{}
		ctx, stop := context.WithCancel(t.Context())
		member := func() *Member { return New(Config{Store: store, Whole: whole, Share: func(float64) {}}) }
		first := member()
		if s := first.Status(); s.Alive != 0 || s.Share != 0 || s.Whole != whole || s.Self.Name == "" || !s.Self.Since.Equal(time.Now()) {
			t.Errorf("before it runs: %+v", s)
		}
		began := time.Now().Truncate(time.Second)
		go first.Run(ctx)
		time.Sleep(time.Minute)
		second := member()
		go second.Run(ctx)
		// One of the version before, one that is odd, and too many to name.
		strange := []string{"0123456789abcdef", "odd when"}
		for i := range mostShown {
			strange = append(strange, fmt.Sprint("later ", 1<<40+i))
		}
		for range 3 {
			for _, name := range strange {
				_ = store.Together(ctx, storage.Join(set, name, 6*time.Second))
			}
			time.Sleep(3 * time.Second)
		}
		s := first.Status()
		if s.Alive != 2+len(strange) || len(s.Replicas) != mostShown || !s.Replicas[0].Since.IsZero() || s.Replicas[0].Name != "0123456789abcdef" || s.Replicas[1] != (Replica{Name: "odd"}) {
			t.Errorf("%d, %+v", s.Alive, s.Replicas[:2])
		}
		if s.Replicas[2].Name != s.Self.Name || !s.Replicas[2].Since.Equal(began) || s.Replicas[3].Name != second.Status().Self.Name || !s.Replicas[3].Since.Equal(began.Add(time.Minute)) {
			t.Errorf("%+v", s.Replicas[:4])
		}
		if s.Share != first.established(s.Alive) || !s.Away.IsZero() || s.Fault != "" {
			t.Errorf("%+v", s)
		}
		time.Sleep(time.Minute)
		if s := second.Status(); s.Alive != 2 {
			t.Errorf("the others are dead: %d", s.Alive)
		}
		store.leave(true)
		time.Sleep(time.Minute)
		if s := first.Status(); s.Alive != 2 || time.Since(s.Away) < 57*time.Second || !strings.Contains(s.Fault, storage.ErrUnknown.Error()) {
			t.Errorf("without storage: %+v", s)
		}
		store.leave(false)
		time.Sleep(time.Minute)
		if s := first.Status(); !s.Away.IsZero() || s.Fault != "" {
			t.Errorf("with it again: %+v", s)
		}
		stop()
		synctest.Wait()
	})
}

// TestR5_AloneByNature: without storage to meet in nobody else can be there.
func TestR5_AloneByNature(t *testing.T) {
	m := New(Config{Whole: whole, Share: func(float64) {}})
	m.Run(t.Context())
	if s := m.Status(); s.Alive != 0 || s.Share != whole || !s.Away.IsZero() {
		t.Errorf("%+v", s)
	}
}
