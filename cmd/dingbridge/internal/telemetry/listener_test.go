package telemetry

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime/pprof"
	"strings"
	"testing"
	"time"

	"github.com/dingbridge/dingbridge/storage"
)

func ask(h http.Handler, method, path string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(method, path, nil))
	return w
}

func TestT9_TheListenerKnowsItsPathsAndNoOthers(t *testing.T) {
	of := New(config("", 0))
	ready := http.StatusOK
	of.Watch(House{Base: "/sso", Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/sso/healthz":
		case "/sso/readyz":
			w.WriteHeader(ready)
		default:
			t.Errorf("the provider was asked for %s", r.URL)
		}
	})})
	open, closed := of.Listener(true), of.Listener(false)
	for _, row := range []struct {
		method, path string
		open, closed int
	}{
		{"GET", "/metrics", 200, 200},
		{"GET", "/healthz", 200, 200},
		{"GET", "/readyz", 200, 200},
		{"HEAD", "/readyz", 200, 200},
		{"GET", "/", 404, 404},
		{"GET", "/token", 404, 404},
		{"GET", "/sso/token", 404, 404},
		{"GET", "/metrics/", 404, 404},
		{"GET", "//metrics", 404, 404},
		{"GET", "/debug/vars", 404, 404},
		{"POST", "/metrics", 405, 405},
		{"DELETE", "/debug/pprof/heap", 405, 405},
		{"GET", "/debug/pprof/", 200, 404},
		{"GET", "/debug/pprof/heap", 200, 404},
		{"GET", "/debug/pprof/heap?gc=1&debug=1", 200, 404},
		{"GET", "/debug/pprof/goroutine?debug=2", 200, 404},
		{"GET", "/debug/pprof/profile?seconds=1", 200, 404},
		{"GET", "/debug/pprof/trace?seconds=1", 200, 404},
		{"GET", "/debug/pprof/cmdline", 404, 404}, // it would show arguments
		{"GET", "/debug/pprof/none", 404, 404},
	} {
		if got := ask(open, row.method, row.path).Code; got != row.open {
			t.Errorf("%s %s with profiles: %d, want %d", row.method, row.path, got, row.open)
		}
		if got := ask(closed, row.method, row.path).Code; got != row.closed {
			t.Errorf("%s %s: %d, want %d", row.method, row.path, got, row.closed)
		}
	}
	ready = http.StatusServiceUnavailable
	if got := ask(closed, "GET", "/readyz").Code; got != 503 {
		t.Errorf("/readyz while it drains: %d", got)
	}
	if got := ask(New(config("", 0)).Listener(false), "GET", "/healthz").Code; got != 503 {
		t.Errorf("/healthz before there is a provider: %d", got)
	}
}

// Nothing that is linked here put profiles on the mux that net/http serves where nobody says
// what else. Prometheus' library brings expvar, which does put itself there; so nothing may
// ever serve that mux, and nothing does.
func TestT9_NoProfileIsOnTheDefaultMux(t *testing.T) {
	for _, path := range []string{"/", "/metrics", "/debug/pprof/", "/debug/pprof/heap", "/debug/pprof/profile"} {
		if _, pattern := http.DefaultServeMux.Handler(httptest.NewRequest("GET", path, nil)); pattern != "" {
			t.Errorf("%s is served as %s", path, pattern)
		}
	}
}

func TestT9_OneProfileOfItsKindAtOnce(t *testing.T) {
	h := New(config("", 0)).Listener(true)
	if err := pprof.StartCPUProfile(io.Discard); err != nil {
		t.Fatal(err)
	}
	if code := ask(h, "GET", "/debug/pprof/profile?seconds=1").Code; code != http.StatusConflict {
		t.Errorf("a second one: %d", code)
	}
	pprof.StopCPUProfile()
	ctx, cancel := context.WithCancel(t.Context())
	cancel() // whoever asked has gone away, and it ends
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequestWithContext(ctx, "GET", "/debug/pprof/profile?seconds=1000", nil))
	if w.Code != http.StatusOK {
		t.Errorf("one alone: %d", w.Code)
	}
}

func TestStateIsLookedUp(t *testing.T) {
	of := exercised(t, "http://127.0.0.1:1")
	text := scrape(t, of)
	for _, line := range []string{
		`dingbridge_ready 1`,
		`dingbridge_clients 7`,
		`dingbridge_stream_connected{organisation="ding1"} 1`,
		`dingbridge_signing_key_next{alg="ES256"} 1`,
		`dingbridge_signing_key_next{alg="RS256"} 0`,
	} {
		has(t, text, line)
	}
	for _, begin := range []string{"dingbridge_signing_key_age_seconds{alg=\"RS256\"} 3600", "dingbridge_signing_ring_stale_seconds 6",
		"dingbridge_signing_key_next_signs_seconds{alg=\"ES256\"} 3", `dingbridge_build_info{go_version="go`} {
		if !strings.Contains(text, "\n"+begin) {
			t.Errorf("nothing begins with %s", begin)
		}
	}
}

func TestTheBrakeIsLookedAt(t *testing.T) {
	of := New(config("", 0))
	told := make(chan string, 10)
	of.Watch(House{Brake: func(_ context.Context, corpID string) (Brake, error) {
		told <- corpID
		if corpID == "ding2" {
			return Brake{}, errors.Join(errAny, storage.ErrUnknown)
		}
		return Brake{Engaged: true, Removed: 21, Limit: 20}, nil
	}})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { of.Run(ctx); close(done) }()
	<-told
	<-told
	for end := time.Now().Add(patience); !strings.Contains(scrape(t, of), "\ndingbridge_storage_up 0\n"); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("storage is not told as down")
		}
	}
	text := scrape(t, of)
	has(t, text, `dingbridge_brake_engaged{organisation="ding1"} 1`)
	has(t, text, `dingbridge_brake_removals{organisation="ding1"} 21`)
	has(t, text, `dingbridge_brake_limit{organisation="ding1"} 20`)
	if strings.Contains(text, `dingbridge_brake_engaged{organisation="ding2"}`) {
		t.Error("what is not known is told")
	}
	cancel()
	<-done
}
