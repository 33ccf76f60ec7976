package systemtest

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// A traffic is people who log in and apps that use what they get, until it is ended.
type traffic struct {
	requests, logins atomic.Int64
	slowest          atomic.Int64 // nanoseconds that one request of an app took
	mu               sync.Mutex
	failures         []string
	stop             context.CancelFunc
	running          sync.WaitGroup
}

// drive begins n lanes of traffic through the apps that choose picks, anew for each login.
// Each lane logs somebody in, redeems, refreshes, and asks userinfo and introspection.
func (w *world) drive(t *testing.T, n int, choose func() app) *traffic {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	tr := &traffic{stop: stop}
	for range n {
		tr.running.Go(func() {
			for ctx.Err() == nil {
				if err := tr.visit(w, choose()); err != nil {
					tr.fail(err.Error())
					if tr.failed() > 20 {
						return
					}
				}
			}
		})
	}
	t.Cleanup(func() { stop(); tr.running.Wait() })
	return tr
}

// visit is one login and what follows. It is not cut off: what fails counts.
func (tr *traffic) visit(w *world, a app) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	code, err := newPerson().login(ctx, w, a)
	if err != nil {
		return fmt.Errorf("login at %s: %w", a.id, err)
	}
	tr.logins.Add(1)
	tokens := tr.timed(func() answer { return a.redeem(ctx, w.issuer, code) })
	for range 3 {
		if tokens.status != http.StatusOK {
			return fmt.Errorf("tokens of %s: %v", a.id, tokens)
		}
		access := tokens.text("access_token")
		if got := tr.timed(func() answer { return userinfo(ctx, w.issuer, access) }); got.status != http.StatusOK {
			return fmt.Errorf("userinfo of %s: %v", a.id, got)
		}
		if a.secret != "" {
			if got := tr.timed(func() answer { return a.introspect(ctx, w.issuer, access) }); got.status != http.StatusOK || got.json["active"] != true {
				return fmt.Errorf("introspection of %s: %v", a.id, got)
			}
		}
		refresh := tokens.text("refresh_token")
		tokens = tr.timed(func() answer { return a.refresh(ctx, w.issuer, refresh) })
	}
	return nil
}

func (tr *traffic) timed(call func() answer) answer {
	began := time.Now()
	got := call()
	tr.requests.Add(1)
	for took := int64(time.Since(began)); ; {
		most := tr.slowest.Load()
		if took <= most || tr.slowest.CompareAndSwap(most, took) {
			return got
		}
	}
}

func (tr *traffic) fail(why string) {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	tr.failures = append(tr.failures, why)
}

func (tr *traffic) failed() int {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	return len(tr.failures)
}

// more waits until some more logins were made.
func (tr *traffic) more(t *testing.T, logins int64) {
	t.Helper()
	want := tr.logins.Load() + logins
	until(t, "more logins", func() bool { return tr.logins.Load() >= want || tr.failed() > 0 })
}

// end ends the traffic, and the test if anything failed in it.
func (tr *traffic) end(t *testing.T) {
	t.Helper()
	tr.stop()
	tr.running.Wait()
	for _, why := range tr.failures {
		t.Error(why)
	}
	t.Logf("%d logins and %d requests of apps, %d failed, the slowest took %v", tr.logins.Load(), tr.requests.Load(),
		len(tr.failures), time.Duration(tr.slowest.Load()).Round(time.Millisecond))
}
