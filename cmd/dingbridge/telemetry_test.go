package main

import (
	"context"
	"log/slog"
	"net"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/dingbridge/dingbridge/cmd/dingbridge/internal/config"
	"github.com/dingbridge/dingbridge/provider/audit"
)

func TestM4_AnAddressForMetricsIsTried(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	for _, row := range []struct{ address, note, fault string }{
		{"", "", ""},
		{"127.0.0.1:0", "", ""},
		{taken.Addr().String(), "another process listens at", ""},
		{"192.0.2.1:9090", "", "metrics_listen: listening on 192.0.2.1:9090"},
	} {
		doc := &config.Document{Config: config.Config{MetricsListen: row.address}}
		note, err := tryMetrics(t.Context(), doc)
		fault := ""
		if err != nil {
			fault = err.Error()
		}
		if !strings.HasPrefix(note, row.note) || (note == "") != (row.note == "") || !strings.Contains(fault, row.fault) || (fault == "") != (row.fault == "") {
			t.Errorf("%q: note %q, fault %q", row.address, note, fault)
		}
	}
	// serve cannot do with an address that is taken.
	h := &house{materials: &materials{config: config.Config{MetricsListen: taken.Addr().String()}, log: slog.New(slog.DiscardHandler)}}
	if _, err := h.listenMetrics(t.Context(), &config.Document{}); err == nil || !strings.Contains(err.Error(), "stop what listens there") {
		t.Errorf("serve: %v", err)
	}
}

func TestProfilesAreForLoopback(t *testing.T) {
	for _, row := range []struct {
		address string
		pprof   bool
		served  int
	}{
		{"127.0.0.1:0", false, 200},
		{"0.0.0.0:0", false, 404},
		{":0", false, 404},
		{"0.0.0.0:0", true, 200},
	} {
		m := &materials{config: config.Config{MetricsListen: row.address, MetricsPprof: row.pprof}, log: slog.New(slog.DiscardHandler), audit: audit.Discard}
		m.measure()
		s, err := (&house{materials: m}).listenMetrics(t.Context(), &config.Document{})
		if err != nil {
			t.Fatal(err)
		}
		s.listener.Close()
		for path, want := range map[string]int{"/metrics": 200, "/debug/pprof/": row.served} {
			w := httptest.NewRecorder()
			s.handler.ServeHTTP(w, httptest.NewRequest("GET", path, nil))
			if w.Code != want {
				t.Errorf("%s on %s, metrics_pprof %v: %d, want %d", path, row.address, row.pprof, w.Code, want)
			}
		}
	}
}

type silent struct{ its int }

func (*silent) Record(context.Context, audit.Event) {}

// Where neither is wanted, nothing stands around anything, and there is no listener.
func TestNothingIsMeasuredUnasked(t *testing.T) {
	sink := &silent{1}
	m := &materials{config: config.Defaults(), log: slog.New(slog.DiscardHandler), audit: sink}
	m.measure()
	if m.telemetry != nil || m.audit != audit.Sink(sink) {
		t.Error("something is measured")
	}
	if s, err := (&house{materials: m}).listenMetrics(t.Context(), nil); err != nil || s.listener != nil {
		t.Errorf("a listener: %+v, %v", s, err)
	}
}
