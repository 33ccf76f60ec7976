package telemetry

import (
	"net/http"
	"net/url"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"
)

const (
	mostScrapes   = 4
	scrapeTimeout = 20 * time.Second
)

// Listener serves what operators and their machines ask for, at an address that no browser
// has: /metrics, /healthz, /readyz and, with profiles, Go's profiles below /debug/pprof/.
func (t *Telemetry) Listener(profiles bool) http.Handler {
	metrics := promhttp.HandlerFor(t.metrics.registry, promhttp.HandlerOpts{MaxRequestsInFlight: mostScrapes, Timeout: scrapeTimeout})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Cache-Control", "no-store")
		h.Set("X-Content-Type-Options", "nosniff")
		path := r.URL.Path
		switch {
		case r.Method != http.MethodGet && r.Method != http.MethodHead:
			h.Set("Allow", "GET, HEAD")
			http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
		case path == "/metrics":
			metrics.ServeHTTP(w, r)
		case path == "/healthz" || path == "/readyz":
			t.health(w, r, path)
		case profiles && isProfile(path):
			serveProfile(w, r)
		default:
			http.Error(w, "not found", http.StatusNotFound)
		}
	})
}

// health gives the answer of the provider itself.
func (t *Telemetry) health(w http.ResponseWriter, r *http.Request, path string) {
	house := t.house.Load()
	if house == nil || house.Handler == nil {
		http.Error(w, "not yet", http.StatusServiceUnavailable)
		return
	}
	there := r.Clone(r.Context())
	there.URL, there.RequestURI = &url.URL{Path: house.Base + path}, house.Base+path
	house.Handler.ServeHTTP(w, there)
}
