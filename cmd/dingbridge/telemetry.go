package main

import (
	"context"
	"errors"
	"net"
	"net/url"
	"strings"
	"syscall"

	"github.com/dingbridge/dingbridge/cmd/dingbridge/internal/config"
	"github.com/dingbridge/dingbridge/cmd/dingbridge/internal/telemetry"
)

// measure makes what measures, as config.yaml wants it, and puts it around the audit trail;
// what is opened later it is put around there. Where nothing is wanted nothing changes.
func (m *materials) measure() {
	c := telemetry.Config{
		Metrics: m.config.MetricsListen != "",
		Tracing: telemetry.Tracing{Endpoint: m.config.Tracing.Endpoint, Ratio: m.config.Tracing.SampleRatio},
		Version: strings.Fields(describe())[1],
		Known:   func(id string) bool { _, known := m.clients.Lookup(id); return known },
		Log:     m.log,
	}
	for _, text := range m.config.TrustedProxies {
		if network, err := config.ParseNetwork(text); err == nil {
			c.Proxies = append(c.Proxies, network)
		}
	}
	for _, o := range m.config.DingTalk.Organisations {
		c.Organisations = append(c.Organisations, o.CorpID)
	}
	m.telemetry = telemetry.New(c)
	m.audit = m.telemetry.Sink(m.audit)
}

// basePath is the issuer's.
func (h *house) basePath() string {
	issuer, err := url.Parse(h.materials.config.Issuer)
	if err != nil {
		return "" // provider.New says so
	}
	return issuer.EscapedPath()
}

// front is what browsers and apps are served by.
func (h *house) front() server {
	m := h.materials
	s := server{handler: m.telemetry.Handler(h.provider.Handler(), h.basePath(), h.provider.Paths()), log: m.log}
	if m.certificate != nil {
		s.tls = m.certificate.config()
	}
	m.telemetry.Watch(telemetry.House{
		Keys:  h.ring.List,
		Stale: h.ring.Stale,
		Ready: func() bool { return !h.provider.Draining() },
		Clients: func() (count int) {
			for range m.clients.All() {
				count++
			}
			return count
		},
		Brake: func(ctx context.Context, corpID string) (telemetry.Brake, error) {
			view, err := h.provider.Brake(ctx, corpID)
			return telemetry.Brake{Engaged: !view.Engaged.IsZero(), Removed: view.Removed, Limit: view.Limit}, err
		},
		Handler: h.provider.Handler(),
		Base:    h.basePath(),
	})
	return s
}

// listenMetrics makes the listener for those who look after the server, if one is
// configured; else the server has no listener.
func (h *house) listenMetrics(ctx context.Context, doc *config.Document) (server, error) {
	m := h.materials
	if m.config.MetricsListen == "" {
		return server{}, nil
	}
	l, err := listen(ctx, m.config.MetricsListen)
	if err != nil {
		return server{}, metricsFault(doc, err)
	}
	profiles := m.config.MetricsPprof || onLoopback(l)
	if !profiles {
		m.log.Info("no profiles are served: metrics_listen is not loopback, and metrics_pprof does not say that they should be", "address", l.Addr().String())
	}
	m.log.Info("serving metrics", "address", l.Addr().String(), "profiles", profiles)
	return server{listener: l, handler: m.telemetry.Listener(profiles), log: m.log}, nil
}

// onLoopback tells whether only this machine reaches l.
func onLoopback(l net.Listener) bool {
	at, ok := l.Addr().(*net.TCPAddr)
	return ok && at.IP.IsLoopback()
}

// tryMetrics looks whether serve could listen there. That somebody does already is most
// likely the server that runs.
func tryMetrics(ctx context.Context, doc *config.Document) (note string, err error) {
	address := doc.Config.MetricsListen
	if address == "" {
		return "", nil
	}
	l, err := listen(ctx, address)
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return "another process listens at " + address + " (metrics_listen); that is no fault if it is the server that runs now", nil
	case err != nil:
		return "", metricsFault(doc, err)
	}
	return "", l.Close()
}

// metricsFault is about the value metrics_listen, which err says cannot be listened on.
func metricsFault(doc *config.Document, err error) error {
	remedy := "name an address of this machine and a port that this program's user may take"
	if errors.Is(err, syscall.EADDRINUSE) {
		remedy = "stop what listens there, or name another port"
	}
	return config.Faults{doc.Fault("metrics_listen", err.Error(), remedy)}
}
