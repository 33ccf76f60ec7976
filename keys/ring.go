package keys

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/dingbridge/dingbridge/keys/secret"
	"github.com/dingbridge/dingbridge/storage"
)

// The algorithms of the ring (RFC 7518 §3.1). Every ring has keys for both.
const (
	RS256 = "RS256" // RSA with 2048 bits
	ES256 = "ES256" // ECDSA on P-256
)

var algorithms = [...]string{RS256, ES256}

// storageKey is where the ring lives, and the context it is sealed in.
const storageKey = "keys/ring"

// Config says where the ring lives and how its keys age. Store and Secrets are
// required; the zero value of everything else works.
type Config struct {
	Store   storage.Store
	Secrets *secret.List

	// PublishLead is how long a key is published before it signs: longer than
	// relying parties cache the key set. At least 5 minutes; 0 means 24 hours.
	PublishLead time.Duration
	// RotateEvery is how long a key signs. At least twice PublishLead; 0 means 90
	// days.
	RotateEvery time.Duration
	// KeepPublished is how long a key stays published after it stopped signing:
	// the longest life of anything signed here, and some slack. 0 means an hour.
	KeepPublished time.Duration
	// KeepForHints is how much longer its public half serves Verify. 0 means 7
	// days.
	KeepForHints time.Duration

	// Log takes what an operator has to know; nil keeps silent.
	Log *slog.Logger
	// OnEvent is told of every change; it must not block. Nil is fine.
	OnEvent func(Event)
}

// A Ring is the signing keys as this replica knows them. Make it with [Open] and
// keep [Ring.Run] going. It is safe for concurrent use; Sign, Verify, JWKS and
// List take no lock and never ask storage.
type Ring struct {
	store   storage.Store
	sealer  *secret.Sealer
	secrets *secret.List // which may change
	policy  policy
	log     *slog.Logger
	notify  func(Event)

	view atomic.Pointer[view]

	mu         sync.Mutex // one reread or rotation at a time
	lastReseal time.Time

	// Run's own.
	unreadSince time.Time // when rereading began to fail; zero while it works
	lastLogged  time.Time

	stale atomic.Pointer[time.Time] // unreadSince, for others; nil while it works
}

// Open reads the ring, or makes the first one if there positively is none. A
// ring that is there and cannot be read is [ErrUnreadable] with the remedy; it is
// never replaced. Storage that does not answer is [storage.ErrUnknown]. Only the
// very first start of an installation generates keys here.
func Open(ctx context.Context, c Config) (*Ring, error) {
	p, err := c.policy()
	if err != nil {
		return nil, fmt.Errorf("open the signing ring: %w", err)
	}
	r := &Ring{
		store:   c.Store,
		sealer:  c.Secrets.Sealer(storageKey),
		secrets: c.Secrets,
		policy:  p,
		log:     cmp.Or(c.Log, slog.New(slog.DiscardHandler)),
		notify:  c.OnEvent,
	}
	if r.notify == nil {
		r.notify = func(Event) {}
	}
	get := storage.Get(storageKey)
	switch err = r.store.Together(ctx, get); {
	case err == nil:
		err = r.open(get)
	case errors.Is(err, storage.ErrNotFound):
		err = r.create(ctx)
	default:
		err = fmt.Errorf("read the signing ring: %w", err)
	}
	if err != nil {
		return nil, err
	}
	return r, nil
}

// open takes over the ring that a Get, or a Create that lost, has found.
func (r *Ring) open(found *storage.Op) error {
	s, err := r.unseal(found.Value, found.Version)
	if err != nil {
		return err
	}
	r.adopt(s, time.Now())
	return nil
}

// create makes the first ring, unless another replica is quicker.
func (r *Ring) create(ctx context.Context) error {
	now := time.Now()
	s := &snapshot{}
	for _, alg := range algorithms {
		k, err := generate(alg, now, now)
		if err != nil {
			return err
		}
		s.keys = append(s.keys, k)
	}
	sealed, err := r.seal(s)
	if err != nil {
		return err
	}
	op := storage.Create(storageKey, sealed, 0)
	switch err := r.store.Together(ctx, op); {
	case errors.Is(err, storage.ErrConflict):
		return r.open(op)
	case err != nil:
		return fmt.Errorf("create the signing ring: %w", err)
	}
	s.version = op.Version
	r.adopt(s, now)
	for _, k := range s.keys {
		r.notify(Event{Kind: EventCreated, Alg: k.alg, KID: k.kid})
	}
	return nil
}

func (c Config) policy() (policy, error) {
	p := policy{
		lead:   cmp.Or(c.PublishLead, 24*time.Hour),
		rotate: cmp.Or(c.RotateEvery, 90*24*time.Hour),
		keep:   cmp.Or(c.KeepPublished, time.Hour),
		hints:  cmp.Or(c.KeepForHints, 7*24*time.Hour),
	}
	switch {
	case c.Store == nil || c.Secrets == nil:
		return p, errors.New("it needs a Store and Secrets")
	case p.lead < minLead:
		return p, fmt.Errorf("keys must be published at least %v before they sign, not %v: replicas reread once a minute", minLead, p.lead)
	case p.rotate < 2*p.lead:
		return p, fmt.Errorf("keys must sign for at least twice the %v they are published before, not %v", p.lead, p.rotate)
	case p.keep < 0 || p.hints < 0:
		return p, errors.New("keys cannot be kept for a negative time")
	}
	return p, nil
}
