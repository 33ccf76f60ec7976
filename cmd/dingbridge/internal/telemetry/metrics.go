package telemetry

import (
	"cmp"
	"runtime"
	"slices"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
)

// Buckets, in seconds.
var (
	requestTimes = []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30}
	tripTimes    = []float64{.00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5}
	callTimes    = []float64{.01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10}
	lagTimes     = []float64{.5, 1, 2, 5, 10, 30, 60, 300, 900, 3600}
)

// A Metric describes one of ours to the manual.
type Metric struct {
	Name, Kind, Help string
	Labels           []string
}

// metrics are all that there are, but for those of the Go runtime and of the process.
type metrics struct {
	registry *prometheus.Registry
	list     []Metric
	clients  func(string) bool
	corps    []string

	events    *prometheus.CounterVec
	begun     *prometheus.CounterVec
	logins    *prometheus.CounterVec
	upstream  *prometheus.HistogramVec
	refusals  *prometheus.CounterVec
	strangers *prometheus.CounterVec
	limited   *prometheus.CounterVec
	tokens    *prometheus.CounterVec
	notices   *prometheus.CounterVec
	noticing  *prometheus.HistogramVec
	removals  *prometheus.CounterVec
	lag       *prometheus.HistogramVec
	withheld  *prometheus.CounterVec
	sweeps    *prometheus.GaugeVec
	reloads   *prometheus.CounterVec
	reloaded  *prometheus.GaugeVec
	healthy   *prometheus.GaugeVec

	trips    *prometheus.HistogramVec
	calls    *prometheus.HistogramVec
	repeated *prometheus.CounterVec
	requests *prometheus.HistogramVec
	flight   *prometheus.GaugeVec
	answers  *prometheus.GaugeVec
	engaged  *prometheus.GaugeVec
	counted  *prometheus.GaugeVec
	limit    *prometheus.GaugeVec
	spans    *prometheus.CounterVec
	lost     *prometheus.CounterVec

	build, ready, stale, keyAge, keyNext, keyLeft, clientCount, stream *prometheus.Desc
}

func newMetrics(c Config) *metrics {
	m := &metrics{registry: prometheus.NewRegistry(), clients: c.Known, corps: c.Organisations}
	if m.clients == nil {
		m.clients = func(string) bool { return false }
	}
	m.registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))

	m.begun = m.counter("dingbridge_logins_begun_total", "Logins that were begun: a browser was sent on to DingTalk, or to the page on which the person chooses (way none).", "client", "way")
	m.logins = m.counter("dingbridge_logins_total", "Logins that ended, by outcome: succeeded, refused, or retried (DingTalk failed for the moment; the login stays open). The way single_sign_on needed no DingTalk.", "client", "way", "outcome", "reason")
	m.upstream = m.histogram("dingbridge_login_dingtalk_seconds", "How long all calls to DingTalk of one login took together.", callTimes, "way")
	m.refusals = m.counter("dingbridge_authorize_refused_total", "Authorization requests that were answered with an error.", "client", "reason")
	m.strangers = m.counter("dingbridge_client_authentication_failures_total", "Apps that could not prove who they are.", "client")
	m.limited = m.counter("dingbridge_limited_total", "Requests that were turned away because of a limit.", "limit")
	m.tokens = m.counter("dingbridge_tokens_total", "What was shown for tokens, by outcome: issued, replayed (within the leeway), recovered (after a lost write), refused, reused (its grant was ended), revoked.", "client", "grant", "outcome", "reason")
	m.notices = m.counter("dingbridge_notices_total", "Notices of logouts to apps, by outcome: delivered, retried, failed, dropped.", "client", "outcome", "reason")
	m.noticing = m.histogram("dingbridge_notice_seconds", "From a logout until the app had taken the notice of it.", lagTimes)
	m.removals = m.counter("dingbridge_removals_total", "People who were removed, by what led to it: event, recheck, sweep, login, hand.", "organisation", "way")
	m.lag = m.histogram("dingbridge_leaver_lag_seconds", "From DingTalk's event until the person was removed.", lagTimes, "organisation")
	m.withheld = m.counter("dingbridge_removals_withheld_total", "People whom DingTalk called gone and who were not removed.", "organisation", "reason")
	m.sweeps = m.gauge("dingbridge_sweep_completed_timestamp_seconds", "When this replica last completed a sweep.", "organisation")
	m.reloads = m.counter("dingbridge_clients_reloads_total", "Times that the clients were read anew, by outcome: replaced, rejected.", "outcome")
	m.healthy = m.gauge("dingbridge_clients_reload_success", "Whether the clients were taken up when they were last read: 1, or 0 while old ones stay because of a fault.")
	m.reloaded = m.gauge("dingbridge_clients_reload_timestamp_seconds", "When the clients that are in force were read.")
	m.events = m.counter("dingbridge_events_total", "Audit events, each as docs/audit.md says.", "event")

	m.trips = m.histogram("dingbridge_storage_trip_seconds", "One trip to storage: the verbs that it carried, and how it ended: ok, conflict, not_found, unknown (no answer that can be relied on) or failed.", tripTimes, "verbs", "outcome")
	m.answers = m.gauge("dingbridge_storage_up", "Whether storage answered when it was last asked, each quarter of a minute.")
	m.calls = m.histogram("dingbridge_dingtalk_request_seconds", "One request to DingTalk, repetitions included, and how it ended: ok, or why not.", callTimes, "organisation", "call", "outcome")
	m.repeated = m.counter("dingbridge_dingtalk_repetitions_total", "Requests to DingTalk that were sent a second time.", "organisation", "call")
	m.requests = m.histogram("dingbridge_http_request_seconds", "One request to the provider. The status is its class, or aborted.", requestTimes, "route", "method", "status")
	m.flight = m.gauge("dingbridge_http_requests_in_flight", "Requests that are being answered.")

	m.engaged = m.gauge("dingbridge_brake_engaged", "Whether removals have stopped until an administrator acts.", "organisation")
	m.counted = m.gauge("dingbridge_brake_removals", "Removals of the last hour, by all replicas.", "organisation")
	m.limit = m.gauge("dingbridge_brake_limit", "How many removals within an hour engage the brake.", "organisation")
	m.spans = m.counter("dingbridge_trace_spans_total", "Spans that the collector took.")
	m.lost = m.counter("dingbridge_trace_spans_lost_total", "Spans that were lost: the buffer was full, or the collector did not take them.", "reason")

	m.build = m.desc("dingbridge_build_info", "Always 1; the labels say which program this is.", "version", "go_version")
	m.ready = m.desc("dingbridge_ready", "Whether readiness would say yes: 0 while the server drains.")
	m.stale = m.desc("dingbridge_signing_ring_stale_seconds", "For how long the signing ring cannot be reread while this replica goes on with the keys that it has; 0 if it can.")
	m.keyAge = m.desc("dingbridge_signing_key_age_seconds", "For how long the signing key has signed.", "alg")
	m.keyNext = m.desc("dingbridge_signing_key_next", "Whether the next key is published.", "alg")
	m.keyLeft = m.desc("dingbridge_signing_key_next_signs_seconds", "In how long the next key, where there is one, begins to sign.", "alg")
	m.clientCount = m.desc("dingbridge_clients", "Clients that are registered.")
	m.stream = m.desc("dingbridge_stream_connected", "Whether the connection stands by which DingTalk tells its events.", "organisation")

	slices.SortFunc(m.list, func(a, b Metric) int { return cmp.Compare(a.Name, b.Name) })
	m.begin()
	return m
}

// begin gives a value to what has one from the start, so that an alert can tell nought
// from nothing.
func (m *metrics) begin() {
	m.healthy.WithLabelValues().Set(1)
	m.reloaded.WithLabelValues().SetToCurrentTime()
	m.flight.WithLabelValues().Set(0)
	m.noticing.WithLabelValues()
	for _, outcome := range []string{"replaced", "rejected"} {
		m.reloads.WithLabelValues(outcome)
	}
	for _, row := range catalogue {
		m.events.WithLabelValues(string(row.Name))
	}
	for _, corp := range m.corps {
		m.lag.WithLabelValues(corp)
	}
}

func (m *metrics) note(name, kind, help string, labels []string) {
	m.list = append(m.list, Metric{name, kind, help, labels})
}

func (m *metrics) counter(name, help string, labels ...string) *prometheus.CounterVec {
	m.note(name, "counter", help, labels)
	v := prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
	m.registry.MustRegister(v)
	return v
}

func (m *metrics) gauge(name, help string, labels ...string) *prometheus.GaugeVec {
	m.note(name, "gauge", help, labels)
	v := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: name, Help: help}, labels)
	m.registry.MustRegister(v)
	return v
}

func (m *metrics) histogram(name, help string, buckets []float64, labels ...string) *prometheus.HistogramVec {
	m.note(name, "histogram", help, labels)
	v := prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: name, Help: help, Buckets: buckets}, labels)
	m.registry.MustRegister(v)
	return v
}

// desc is for a gauge that [state] looks up when somebody asks.
func (m *metrics) desc(name, help string, labels ...string) *prometheus.Desc {
	m.note(name, "gauge", help, labels)
	return prometheus.NewDesc(name, help, labels, nil)
}

var goVersion = runtime.Version()
