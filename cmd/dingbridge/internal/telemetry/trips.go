package telemetry

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/dingbridge/dingbridge/storage"
)

// trips times what goes to a store.
type trips struct {
	storage.Store
	metrics *metrics
	known   [1 << len(verbs)][len(ends)]atomic.Pointer[prometheus.Observer]
}

// addressed is one around a store that has an address, which is named where it fails.
type addressed struct {
	*trips
	address func() string
}

// Address is the store's own.
func (s *addressed) Address() string { return s.address() }

// verbs are storage's, in the order of their numbers.
var verbs = [...]string{"create", "get", "put", "swap", "delete", "join", "members"}

// ends are how a trip can end, the gravest last.
var ends = [...]string{"ok", "not_found", "conflict", "failed", "unknown"}

// An end is the place of one in ends.
type end uint8

const (
	endOK end = iota
	endNotFound
	endConflict
	endFailed
	endUnknown
)

func endOf(err error) end {
	switch {
	case err == nil:
		return endOK
	case errors.Is(err, storage.ErrUnknown):
		return endUnknown
	case errors.Is(err, storage.ErrConflict):
		return endConflict
	case errors.Is(err, storage.ErrNotFound):
		return endNotFound
	}
	return endFailed
}

// Together makes the trip.
func (s *trips) Together(ctx context.Context, ops ...*storage.Op) error {
	start := time.Now()
	err := s.Store.Together(ctx, ops...)
	took := time.Since(start)
	worst, carried := endOf(err), 0
	for _, op := range ops {
		worst = max(worst, endOf(op.Err))
		if v := int(op.Verb) - 1; v >= 0 && v < len(verbs) {
			carried |= 1 << v
		}
	}
	s.observer(carried, worst).Observe(took.Seconds())
	if tr := trailOf(ctx); tr != nil {
		tr.trip(start, took, carried, worst, ops)
	}
	return err
}

// Ping is a trip of its own kind.
func (s *trips) Ping(ctx context.Context) error {
	start := time.Now()
	err := s.Store.Ping(ctx)
	s.metrics.trips.WithLabelValues("ping", ends[endOf(err)]).Observe(time.Since(start).Seconds())
	return err
}

// observer finds the series of a trip; looked up once, since this is where a login comes by
// seven times.
func (s *trips) observer(carried int, e end) prometheus.Observer {
	place := &s.known[carried][e]
	if o := place.Load(); o != nil {
		return *o
	}
	o := s.metrics.trips.WithLabelValues(shape(carried), ends[e])
	place.Store(&o)
	return o
}

// shape writes which verbs a trip carried, each once.
func shape(carried int) string {
	var said []string
	for v, verb := range verbs {
		if carried&(1<<v) != 0 {
			said = append(said, verb)
		}
	}
	if said == nil {
		return none
	}
	return strings.Join(said, "+")
}

// kinds are those of records, as docs/state.md has them; what stands before the slash of a
// key, and never what stands behind it.
var kinds = words("login", "claim", "par", "posted", "grant", "device", "usercode", "polled", "guesses", "replays", "session",
	"ended", "sessions-of", "browsers-of", "grants-of", "person", "username", "email", "userid", "people-of", "alias", "brake",
	"sweep", "replicas", "keys", "ping")

func kindOf(key string) string {
	kind, _, _ := strings.Cut(key, "/")
	if _, known := kinds[kind]; known && kind != "" {
		return kind
	}
	return other
}
