package fleet

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// TestAnOutageIsSaidOnce: not at every beat, and of the next one again.
func TestAnOutageIsSaidOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		store := &meeting{}
		m := New(Config{Store: store, Whole: 20, Share: func(float64) {}, Log: slog.New(slog.NewTextHandler(&log, nil))})
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		go m.Run(ctx)
		for outage := 1; outage <= 2; outage++ {
			time.Sleep(time.Minute)
			store.leave(true)
			time.Sleep(time.Minute)
			store.leave(false)
			synctest.Wait()
			if n := strings.Count(log.String(), "how many replicas"); n != outage {
				t.Errorf("outage %d: said %d times", outage, n)
			}
		}
		stop()
		synctest.Wait()
	})
}
