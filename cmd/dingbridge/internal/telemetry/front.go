package telemetry

import (
	"net/http"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// front times requests.
type front struct {
	next      http.Handler
	telemetry *Telemetry
	routes    map[string]string // by path as it is sent
	below     map[string]string // by the beginning of a path: routes that take what is below them
	flight    prometheus.Gauge
}

func newFront(t *Telemetry, next http.Handler, base string, paths []string) *front {
	f := &front{next: next, telemetry: t, routes: map[string]string{}, below: map[string]string{}, flight: t.metrics.flight.WithLabelValues()}
	for _, path := range paths {
		route := strings.TrimPrefix(path, base)
		if !strings.HasPrefix(path, base) {
			route = strings.TrimSuffix(path, base) // RFC 8414: what is well known stands before the issuer's path
		}
		if route == "" {
			route = "/"
		}
		f.routes[path] = route
		if strings.HasSuffix(route, "/") && route != "/" {
			f.below[path] = route
		}
	}
	return f
}

// route is the one that a request is for, of those that there are.
func (f *front) route(path string) string {
	if route, known := f.routes[path]; known {
		return route
	}
	for beginning, route := range f.below {
		if strings.HasPrefix(path, beginning) {
			return route
		}
	}
	return other
}

var methods = map[string]string{http.MethodGet: "GET", http.MethodHead: "HEAD", http.MethodPost: "POST", http.MethodOptions: "OPTIONS"}

// classes of a status, by its first digit; 0 is that of an answer that was broken off.
var classes = [...]string{"aborted", "1xx", "2xx", "3xx", "4xx", "5xx"}

func classOf(status int) string {
	if class := status / 100; class > 0 && class < len(classes) {
		return classes[class]
	}
	return classes[0]
}

// ServeHTTP lets the request through.
func (f *front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.flight.Inc()
	start := time.Now()
	route, method := f.route(r.URL.EscapedPath()), methods[r.Method]
	if method == "" {
		method = other
	}
	a := &answer{ResponseWriter: w}
	var tr *trail
	if f.telemetry.tracer != nil {
		tr = f.telemetry.tracer.begin(r, method, route, start)
		r = r.WithContext(tr.in(r.Context()))
	}
	panicked := true
	defer func() { // also of a handler that panics, which is how it breaks an answer off
		if a.status == 0 && !panicked {
			a.status = http.StatusOK // net/http says so for whoever says nothing
		}
		f.flight.Dec()
		f.telemetry.metrics.requests.WithLabelValues(route, method, classOf(a.status)).Observe(time.Since(start).Seconds())
		if tr != nil {
			tr.end(a.status, w.Header().Get("X-Request-Id"))
		}
	}()
	f.next.ServeHTTP(a, r)
	panicked = false
}

// answer notes the status.
type answer struct {
	http.ResponseWriter
	status int
}

// WriteHeader notes the first status that is final.
func (a *answer) WriteHeader(status int) {
	if a.status == 0 && status >= 200 {
		a.status = status
	}
	a.ResponseWriter.WriteHeader(status)
}

// Write is that of the one below.
func (a *answer) Write(p []byte) (int, error) {
	if a.status == 0 {
		a.status = http.StatusOK
	}
	return a.ResponseWriter.Write(p)
}

// Unwrap is for [http.ResponseController].
func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }
