package main

import (
	"context"
	"fmt"
	"time"
)

// A trip says how often a kind of request goes to Redis.
type trip struct {
	Request string `json:"request"`
	spread
	Budget *float64 `json:"budget,omitempty"` // of docs/decisions/0006-round-trips.md
}

const (
	tripPeople = 20 // each of whom logs in for the first time once
	tripTimes  = 20
)

// counted are the operations whose steps are counted, in this order: the first run of
// logins is everybody's first, the second is not.
var counted = []struct {
	op   string
	kind map[string]string // step to kind of request
}{
	{opLogin, map[string]string{stepCallback: "callback, a person's first"}},
	{opLogin, map[string]string{stepAuthorize: "authorize", stepCallback: "callback", stepToken: "code exchange", stepUserinfo: "userinfo"}},
	{opSSO, map[string]string{stepAuthorize: "authorize with a session"}},
	{opRefresh, map[string]string{opRefresh: "refresh"}},
	{opIntrospect, map[string]string{opIntrospect: "introspection"}},
	{opRevoke, map[string]string{opRevoke: "revocation"}},
	{opJWKS, map[string]string{opJWKS: "jwks"}},
	{opDiscovery, map[string]string{opDiscovery: "discovery"}},
}

var budget = map[string]float64{
	"authorize": 1, "authorize with a session": 2, "callback": 3, "code exchange": 2, "refresh": 2, "userinfo": 1,
	"introspection": 1, "jwks": 0, "discovery": 0,
}

// trips counts the storage round trips of one request at a time, on the wire.
func (b *bench) trips(ctx context.Context) error {
	return b.inHouse(ctx, plan{people: tripPeople, count: true}, func(h *house) error {
		p, err := h.target().party(ctx, b.algs[0], scopeRefresh, 1)
		if err != nil {
			return err
		}
		defer p.wire.transport.CloseIdleConnections()
		for _, c := range counted {
			do, err := p.operation(ctx, c.op)
			if err != nil {
				return err
			}
			if err := b.countTrips(ctx, h.counter, do, c.kind); err != nil {
				return fmt.Errorf("%s: %w", c.op, err)
			}
		}
		return nil
	})
}

func (b *bench) countTrips(ctx context.Context, c *counter, do op, kind map[string]string) error {
	seen := map[string][]float64{}
	for range tripTimes {
		before := c.trips.Load()
		err := do(ctx, func(step string, _ time.Duration) {
			now := c.trips.Load()
			if name := kind[step]; name != "" {
				seen[name] = append(seen[name], float64(now-before))
			}
			before = now
		})
		if err != nil {
			return err
		}
	}
	for _, step := range []string{stepAuthorize, stepCallback, stepToken, stepUserinfo, opRefresh, opIntrospect, opRevoke, opJWKS, opDiscovery} {
		name := kind[step]
		if len(seen[name]) == 0 {
			continue
		}
		t := trip{Request: name, spread: spreadOf(seen[name])}
		if limit, ok := budget[name]; ok {
			t.Budget = &limit
		}
		b.report.Trips = append(b.report.Trips, t)
	}
	return nil
}
