package telemetry

import (
	"cmp"
	"context"
	"log/slog"
	"net/http"
	"net/netip"
	"sync"
	"sync/atomic"

	"github.com/dingbridge/dingbridge/provider/audit"
	"github.com/dingbridge/dingbridge/storage"
)

// Config says what is wanted. Without Metrics and Tracing nothing is.
type Config struct {
	Metrics bool // somebody will ask at the listener
	Tracing Tracing
	Version string // of the program
	// Proxies are the peers whose traceparent is continued.
	Proxies []netip.Prefix
	// Organisations are the corpIds that may be told apart.
	Organisations []string
	// Known tells whether a client is registered.
	Known func(clientID string) bool
	Log   *slog.Logger
}

// Tracing says where traces go.
type Tracing struct {
	Endpoint string  // of a collector that takes OTLP over HTTP; empty: nowhere
	Ratio    float64 // of the logins, from 0 to 1, and of the other requests
}

// Telemetry is safe for concurrent use. A nil one is of no effect: its methods return
// what they are given.
type Telemetry struct {
	config  Config
	metrics *metrics
	tracer  *tracer // nil: no traces
	house   atomic.Pointer[House]
	streams sync.Map // by organisation: func() bool
}

// New makes what the configuration wants, and nil if it wants nothing. It opens no
// connection and starts nothing; [Telemetry.Run] does.
func New(c Config) *Telemetry {
	if !c.Metrics && c.Tracing.Endpoint == "" {
		return nil
	}
	c.Log = cmp.Or(c.Log, slog.New(slog.DiscardHandler))
	t := &Telemetry{config: c, metrics: newMetrics(c)}
	t.metrics.registry.MustRegister(&state{t})
	if c.Tracing.Endpoint != "" {
		t.tracer = newTracer(c, t.metrics)
	}
	return t
}

// Run sends traces and looks at what no event tells of, until ctx ends and the last
// traces are sent or given up.
func (t *Telemetry) Run(ctx context.Context) {
	if t == nil {
		return
	}
	var all sync.WaitGroup
	all.Go(func() { t.look(ctx) })
	if t.tracer != nil {
		all.Go(func() { t.tracer.run(ctx) })
	}
	all.Wait()
}

// Store times the trips to s.
func (t *Telemetry) Store(s storage.Store) storage.Store {
	if t == nil || s == nil {
		return s
	}
	wrapped := &trips{Store: s, metrics: t.metrics}
	if address, has := s.(interface{ Address() string }); has {
		return &addressed{wrapped, address.Address}
	}
	return wrapped
}

// Sink counts what goes to s.
func (t *Telemetry) Sink(s audit.Sink) audit.Sink {
	if t == nil || s == nil {
		return s
	}
	return &events{next: s, telemetry: t}
}

// Handler times the requests to next, which serves paths below base; what is none of them
// is not told apart.
func (t *Telemetry) Handler(next http.Handler, base string, paths []string) http.Handler {
	if t == nil || next == nil {
		return next
	}
	return newFront(t, next, base, paths)
}
