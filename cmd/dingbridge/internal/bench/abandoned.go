package main

import (
	"context"
	"fmt"
	"net/http"
	"time"
)

// A flood is what is left of many requests that nobody came back from.
type flood struct {
	What    string  `json:"what"`
	Count   int     `json:"count"`
	Seconds float64 `json:"seconds"`
	Refused int     `json:"refused"` // 429 or 503
	RSS     float64 `json:"rss_mb"`  // of the server, at the end
	Peak    float64 `json:"peak_mb"`
	Keys    int     `json:"redis_keys"`
	UsedMB  float64 `json:"redis_used_mb"`
	Failed  int     `json:"failed"`
	Error   string  `json:"error,omitempty"`
}

// The floods.
const (
	floodDefault = "logins, as limited by default"
	floodOpen    = "logins, without limits"
	floodExpired = "after their ten minutes"
	floodPages   = "pages and errors"
)

// stepRefused is a login that was turned away.
const stepRefused = "refused"

// loginLife is how long a login under way is kept, and a little more.
const loginLife = 10*time.Minute + 20*time.Second

// abandoned floods a server with logins that nobody comes back from: first with the limits
// that it has by default, then with none of them in the way, so that storage bears all; and
// with a fifth as many pages that cost nothing but themselves, as most of the first are too. How much is in use is read at the end of each,
// and, if that is asked for, once more when the last login has expired.
func (b *bench) abandoned(ctx context.Context) error {
	for _, f := range []struct {
		what    string
		limited bool
		op      string
	}{{floodDefault, true, opAttempt}, {floodOpen, false, opAbandoned}} {
		err := b.inHouse(ctx, plan{people: 1, limited: f.limited}, func(h *house) error {
			if err := b.flood(ctx, h, f.what, f.op, b.abandonCount); err != nil {
				return err
			}
			if f.limited {
				return nil
			}
			last := time.Now()
			if err := b.flood(ctx, h, floodPages, opPages, b.abandonCount/5); err != nil {
				return err
			}
			if !b.expiry {
				return nil
			}
			for time.Since(last) < loginLife {
				select {
				case <-ctx.Done():
					return fmt.Errorf("waiting for logins to expire: %w", ctx.Err())
				case <-time.After(time.Second):
				}
			}
			return b.drained(ctx, h, flood{What: floodExpired})
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (b *bench) flood(ctx context.Context, h *house, what, op string, count int) error {
	forgetPeak(h.server.pid())
	l, err := b.many(ctx, h.target(), es256, op, count)
	if err != nil {
		return err
	}
	f := flood{What: what, Count: count, Seconds: l.elapsed.Seconds(), Refused: len(l.steps[stepRefused]), Failed: l.failed()}
	if f.Failed > 0 {
		f.Error = l.commonest(1)[0]
	}
	return b.drained(ctx, h, f)
}

// drained fills in what is held now, and notes it.
func (b *bench) drained(ctx context.Context, h *house, f flood) error {
	time.Sleep(restTime)
	server, err := usageOf(h.server.pid())
	if err != nil {
		return err
	}
	used, kinds, err := inventory(ctx, h.redisAddress)
	if err != nil {
		return err
	}
	f.RSS, f.Peak, f.UsedMB = server.rss, server.peak, used
	for _, k := range kinds {
		f.Keys += k.Count
	}
	b.report.Floods = append(b.report.Floods, f)
	b.say("%8d x %-30s %6.0f s, %7d refused, %6.1f MB, peak %6.1f MB; Redis %8d keys, %7.1f MB, %d failed", f.Count, f.What, f.Seconds, f.Refused, f.RSS, f.Peak, f.Keys, f.UsedMB, f.Failed)
	return nil
}

// attempt begins a login, and is content to be turned away as it should be.
func (p *party) attempt(ctx context.Context, lap lap) error {
	began := time.Now()
	req, err := get(ctx, p.request("s", "n", "a verifier of no less than forty-three characters"))
	if err != nil {
		return err
	}
	a, err := p.wire.do(req)
	switch {
	case err != nil:
		return err
	case a.status == http.StatusTooManyRequests, a.status == http.StatusServiceUnavailable:
		lap(stepRefused, time.Since(began))
		return nil
	case a.status != http.StatusFound && a.status != http.StatusSeeOther:
		return fmt.Errorf("authorize answered %d: %.120q", a.status, a.body)
	}
	lap(stepAuthorize, time.Since(began))
	return nil
}

// strangerPaths are what costs a page, or an error, and no login.
var strangerPaths = []string{"/", "/", "/nothing", "/authorize?client_id=nobody", "/login/callback?state=x", "/userinfo", "/device/confirm"}

// look asks for one of them.
func (p *party) look() op {
	n := 0
	return func(ctx context.Context, lap lap) error {
		n++
		began := time.Now()
		req, err := get(ctx, p.issuer+strangerPaths[n%len(strangerPaths)])
		if err != nil {
			return err
		}
		a, err := p.wire.do(req)
		if err != nil {
			return err
		}
		if a.status >= 500 {
			return fmt.Errorf("%s answered %d", req.URL.Path, a.status)
		}
		lap(stepAuthorize, time.Since(began))
		return nil
	}
}
