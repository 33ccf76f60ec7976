package main

import (
	"context"
	"fmt"
	"net/http"
	"time"
)

// An op is one operation under load, its steps told to lap.
type op func(ctx context.Context, lap lap) error

// The operations.
const (
	opLogin      = "login"
	opAbandoned  = "abandoned"
	opAttempt    = "attempt" // one that may be turned away
	opPages      = "pages"
	opSSO        = "login with a session"
	opRefresh    = "refresh"
	opUserinfo   = "userinfo"
	opIntrospect = "introspection"
	opRevoke     = "revocation"
	opJWKS       = "jwks"
	opDiscovery  = "discovery"
)

// alone are the operations that are one request to one endpoint.
var alone = []string{opRefresh, opUserinfo, opIntrospect, opJWKS, opDiscovery}

// operation makes the op of one worker. Some begin with a login that is not counted.
func (p *party) operation(ctx context.Context, name string) (op, error) {
	switch name {
	case opLogin:
		return p.newcomer, nil
	case opAbandoned:
		return p.abandon, nil
	case opAttempt:
		return p.attempt, nil
	case opPages:
		return p.look(), nil
	case opJWKS:
		return timed(opJWKS, p.fetchKeys), nil
	case opDiscovery:
		return timed(opDiscovery, p.discover), nil
	}
	b, err := newBrowser(p.wire.transport)
	if err != nil {
		return nil, err
	}
	s, err := p.login(ctx, b, func(string, time.Duration) {})
	if err != nil {
		return nil, err
	}
	switch name {
	case opSSO:
		return func(ctx context.Context, lap lap) error { _, err := p.login(ctx, b, lap); return err }, nil
	case opRefresh:
		return timed(opRefresh, func(ctx context.Context) error { return p.renew(ctx, &s) }), nil
	case opUserinfo:
		return timed(opUserinfo, func(ctx context.Context) error { return p.userinfo(ctx, s) }), nil
	case opIntrospect:
		return timed(opIntrospect, func(ctx context.Context) error { return p.introspect(ctx, s) }), nil
	case opRevoke: // of a fresh grant each time: the first revocation is the one with work
		return func(ctx context.Context, lap lap) error {
			s, err := p.login(ctx, b, lap)
			if err != nil {
				return err
			}
			return timed(opRevoke, func(ctx context.Context) error { return p.revoke(ctx, s) })(ctx, lap)
		}, nil
	}
	return nil, fmt.Errorf("no operation is called %q", name)
}

// newcomer is a login in a browser that nobody has used yet.
func (p *party) newcomer(ctx context.Context, lap lap) error {
	began := time.Now()
	b, err := newBrowser(p.wire.transport)
	if err != nil {
		return err
	}
	if _, err := p.login(ctx, b, lap); err != nil {
		return err
	}
	lap(stepTotal, time.Since(began))
	return nil
}

// abandon begins a login and never comes back.
func (p *party) abandon(ctx context.Context, lap lap) error {
	req, err := get(ctx, p.request("s", "n", "a verifier of no less than forty-three characters"))
	if err != nil {
		return err
	}
	began := time.Now()
	a, err := p.wire.do(req)
	if err != nil {
		return err
	}
	if a.status != http.StatusFound && a.status != http.StatusSeeOther || a.location == nil {
		return fmt.Errorf("authorize answered %d: %.120q", a.status, a.body)
	}
	lap(stepAuthorize, time.Since(began))
	return nil
}

func timed(step string, do func(context.Context) error) op {
	return func(ctx context.Context, lap lap) error {
		began := time.Now()
		if err := do(ctx); err != nil {
			return err
		}
		lap(step, time.Since(began))
		return nil
	}
}
