package telemetry

import (
	"context"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/dingbridge/dingbridge/keys"
)

const (
	lookEvery   = 15 * time.Second
	lookTimeout = 5 * time.Second
)

// A House is what is looked at when somebody asks, and what the listener asks for health.
// Each of its functions may be nil, and is safe for concurrent use.
type House struct {
	Keys  func() []keys.Info
	Stale func() time.Time // since when the signing ring cannot be reread; zero: it can
	Ready func() bool
	// Clients counts those that are registered.
	Clients func() int
	// Brake looks the brake of an organisation up, in storage.
	Brake func(ctx context.Context, corpID string) (Brake, error)
	// Handler answers healthz and readyz, below Base.
	Handler http.Handler
	Base    string
}

// A Brake is that on the removals of an organisation.
type Brake struct {
	Engaged        bool
	Removed, Limit int
}

// Watch says what there is to look at. It is called once the house is built, and before Run.
func (t *Telemetry) Watch(h House) {
	if t != nil {
		t.house.Store(&h)
	}
}

// Stream says how to learn whether the connection stands by which the events of an
// organisation come.
func (t *Telemetry) Stream(corpID string, connected func() bool) {
	if t != nil {
		t.streams.Store(corpID, connected)
	}
}

// look asks storage for what no event of this replica tells: another may have engaged the
// brake.
func (t *Telemetry) look(ctx context.Context) {
	h := t.house.Load()
	if h == nil || h.Brake == nil {
		return
	}
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		up := 1.0
		for _, corp := range t.config.Organisations {
			short, cancel := context.WithTimeout(ctx, lookTimeout)
			b, err := h.Brake(short, corp)
			cancel()
			if err != nil {
				up = 0
				continue
			}
			t.metrics.engaged.WithLabelValues(corp).Set(one(b.Engaged))
			t.metrics.counted.WithLabelValues(corp).Set(float64(b.Removed))
			t.metrics.limit.WithLabelValues(corp).Set(float64(b.Limit))
		}
		if ctx.Err() != nil {
			return
		}
		t.metrics.answers.WithLabelValues().Set(up)
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// state is looked up when somebody asks. It asks no storage.
type state struct{ *Telemetry }

// Describe names what Collect tells.
func (s *state) Describe(to chan<- *prometheus.Desc) {
	m := s.metrics
	for _, d := range []*prometheus.Desc{m.build, m.ready, m.stale, m.keyAge, m.keyNext, m.keyLeft, m.clientCount, m.stream} {
		to <- d
	}
}

// Collect tells how things are.
func (s *state) Collect(to chan<- prometheus.Metric) {
	m := s.metrics
	tell := func(d *prometheus.Desc, value float64, labels ...string) {
		to <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value, labels...)
	}
	tell(m.build, 1, s.config.Version, goVersion)
	h := s.house.Load()
	if h == nil {
		return
	}
	if h.Ready != nil {
		tell(m.ready, one(h.Ready()))
	}
	if h.Stale != nil {
		stale := 0.0
		if since := h.Stale(); !since.IsZero() {
			stale = time.Since(since).Seconds()
		}
		tell(m.stale, stale)
	}
	if h.Clients != nil {
		tell(m.clientCount, float64(h.Clients()))
	}
	s.streams.Range(func(corp, connected any) bool {
		tell(m.stream, one(connected.(func() bool)()), m.organisation(corp.(string)))
		return true
	})
	if h.Keys == nil {
		return
	}
	next, now := map[string]float64{}, time.Now()
	for _, k := range h.Keys() {
		next[k.Alg] += 0
		switch k.State {
		case keys.Signing:
			tell(m.keyAge, now.Sub(k.Signs).Seconds(), k.Alg)
		case keys.Next:
			if next[k.Alg]++; next[k.Alg] == 1 {
				tell(m.keyLeft, k.Signs.Sub(now).Seconds(), k.Alg)
			}
		}
	}
	for alg, n := range next {
		tell(m.keyNext, one(n > 0), alg)
	}
}

func one(yes bool) float64 {
	if yes {
		return 1
	}
	return 0
}
