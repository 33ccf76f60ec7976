package telemetry

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"os"
	"strings"
	"time"

	"google.golang.org/protobuf/proto"

	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	resourcepb "go.opentelemetry.io/proto/otlp/resource/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
)

const (
	mostWaiting  = 2048 // trails
	mostTogether = 256  // trails of one message
	sendEvery    = 2 * time.Second
	sendTimeout  = 5 * time.Second
	complainEach = 10 * time.Minute
)

// finished is a trail that is kept.
type finished struct {
	*trail
	ids identity
}

// A tracer sends trails to a collector.
type tracer struct {
	ratio    float64
	proxies  []netip.Prefix
	url      string
	client   *http.Client
	resource *resourcepb.Resource
	scope    *commonpb.InstrumentationScope
	waiting  chan finished
	metrics  *metrics
	log      *slog.Logger
	told     time.Time // when it last complained; of run alone
}

func newTracer(c Config, m *metrics) *tracer {
	host, err := os.Hostname()
	if err != nil {
		host = unknown
	}
	m.spans.WithLabelValues()
	for _, reason := range []string{"full", "refused"} {
		m.lost.WithLabelValues(reason)
	}
	return &tracer{
		ratio:   c.Tracing.Ratio,
		proxies: c.Proxies,
		url:     strings.TrimSuffix(c.Tracing.Endpoint, "/") + "/v1/traces",
		client: &http.Client{
			Timeout: sendTimeout,
			Transport: &http.Transport{ // no proxy that was not configured, as everywhere
				DialContext:         (&net.Dialer{Timeout: sendTimeout}).DialContext,
				TLSHandshakeTimeout: sendTimeout,
				IdleConnTimeout:     time.Minute,
				MaxIdleConnsPerHost: 1,
			},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		resource: &resourcepb.Resource{Attributes: []*commonpb.KeyValue{
			text("service.name", "dingbridge"), text("service.version", c.Version), text("service.instance.id", host),
		}},
		scope:   &commonpb.InstrumentationScope{Name: "github.com/dingbridge/dingbridge", Version: c.Version},
		waiting: make(chan finished, mostWaiting),
		metrics: m,
		log:     c.Log,
	}
}

// hand takes a trail on, or loses it where too many wait: the request goes on either way.
func (t *tracer) hand(f finished) {
	select {
	case t.waiting <- f:
	default:
		t.metrics.lost.WithLabelValues("full").Add(float64(1 + len(f.steps)))
	}
}

// run sends what has come every two seconds, and at once where much has; what is there when
// ctx ends it sends within sendTimeout.
func (t *tracer) run(ctx context.Context) {
	tick := time.NewTicker(sendEvery)
	defer tick.Stop()
	defer t.client.CloseIdleConnections()
	var batch []finished
	for ctx.Err() == nil {
		select {
		case f := <-t.waiting:
			if batch = append(batch, f); len(batch) < mostTogether {
				continue
			}
		case <-tick.C:
		case <-ctx.Done():
			continue
		}
		t.send(context.WithoutCancel(ctx), batch)
		batch = batch[:0]
	}
	t.flush(ctx, batch)
}

// flush sends the last.
func (t *tracer) flush(ctx context.Context, batch []finished) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), sendTimeout)
	defer cancel()
	for {
		select {
		case f := <-t.waiting:
			batch = append(batch, f)
			if len(batch) < mostTogether {
				continue
			}
			t.send(ctx, batch)
			batch = batch[:0]
		default:
			t.send(ctx, batch)
			return
		}
	}
}

// send posts a message. One that does not get there is lost, not tried again: the next comes
// in two seconds, and what fails must not pile up.
func (t *tracer) send(ctx context.Context, batch []finished) {
	if len(batch) == 0 {
		return
	}
	spans := make([]*tracepb.Span, 0, 4*len(batch))
	for _, f := range batch {
		spans = append(spans, f.spans()...)
	}
	// TracesData and the request of the service are one message on the wire.
	body, err := proto.Marshal(&tracepb.TracesData{ResourceSpans: []*tracepb.ResourceSpans{{
		Resource:   t.resource,
		ScopeSpans: []*tracepb.ScopeSpans{{Scope: t.scope, Spans: spans}},
	}}})
	if err == nil {
		err = t.post(ctx, body)
	}
	if err == nil {
		t.metrics.spans.WithLabelValues().Add(float64(len(spans)))
		return
	}
	t.metrics.lost.WithLabelValues("refused").Add(float64(len(spans)))
	if time.Since(t.told) >= complainEach {
		t.told = time.Now()
		t.log.Warn("the collector of traces does not take them; they are lost", "endpoint", t.url, "error", err)
	}
}

func (t *tracer) post(ctx context.Context, body []byte) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, t.url, bytes.NewReader(body))
	if err != nil {
		return errors.New("no request can be made for that endpoint")
	}
	req.Header.Set("Content-Type", "application/x-protobuf")
	req.Header.Set("User-Agent", "dingbridge")
	resp, err := t.client.Do(req)
	if err != nil {
		return fmt.Errorf("posting traces: %w", err)
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, 64<<10)) // so that the connection serves again
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		return fmt.Errorf("posting traces: status %d", resp.StatusCode)
	}
	return nil
}

// spans writes a trail as OpenTelemetry has it: that of the request, and below it one for
// each step.
func (f finished) spans() []*tracepb.Span {
	f.mu.Lock()
	defer f.mu.Unlock()
	root := &tracepb.Span{
		TraceId: f.ids.trace[:], SpanId: f.ids.span[:], Name: f.method + " " + f.route, Kind: tracepb.Span_SPAN_KIND_SERVER,
		Attributes: []*commonpb.KeyValue{text("http.request.method", f.method), text("http.route", f.route),
			text("dingbridge.request_id", f.request)},
	}
	if f.ids.parent != [8]byte{} {
		root.ParentSpanId = f.ids.parent[:]
	}
	if f.status != 0 {
		root.Attributes = append(root.Attributes, number("http.response.status_code", int64(f.status)))
	}
	if f.status == 0 || f.status >= 500 {
		root.Status = &tracepb.Status{Code: tracepb.Status_STATUS_CODE_ERROR}
	}
	if f.client != "" {
		root.Attributes = append(root.Attributes, text("dingbridge.client", f.client))
	}
	if login := f.loginID(); login != "" {
		root.Attributes = append(root.Attributes, text("dingbridge.login", login))
	}
	if f.lost > 0 {
		root.Attributes = append(root.Attributes, number("dingbridge.steps_left_out", int64(f.lost)))
	}
	f.when(root, f.start, f.took)
	for _, e := range f.told {
		event := &tracepb.Span_Event{Name: e.event, TimeUnixNano: uint64(e.at.UnixNano())}
		if e.reason != "" {
			event.Attributes = append(event.Attributes, text("dingbridge.reason", e.reason))
		}
		if e.way != none {
			event.Attributes = append(event.Attributes, text("dingbridge.way", e.way))
		}
		root.Events = append(root.Events, event)
	}
	all := append(make([]*tracepb.Span, 0, 1+len(f.steps)), root)
	ids := make([]byte, 8*len(f.steps))
	rand.Read(ids) // never fails
	for i, s := range f.steps {
		span := &tracepb.Span{
			TraceId: f.ids.trace[:], SpanId: ids[8*i : 8*i+8], ParentSpanId: f.ids.span[:], Name: s.name, Kind: tracepb.Span_SPAN_KIND_CLIENT,
			Attributes: []*commonpb.KeyValue{text("dingbridge.outcome", s.outcome)},
		}
		if s.records != "" {
			span.Attributes = append(span.Attributes, text("dingbridge.records", s.records))
		}
		if s.call != "" {
			span.Attributes = append(span.Attributes, text("dingbridge.call", s.call))
		}
		if s.again {
			span.Attributes = append(span.Attributes, text("dingbridge.repetition", "true"))
		}
		if s.failed {
			span.Status = &tracepb.Status{Code: tracepb.Status_STATUS_CODE_ERROR}
		}
		f.when(span, s.start, s.took)
		all = append(all, span)
	}
	return all
}

func (f finished) when(s *tracepb.Span, start time.Time, took time.Duration) {
	s.StartTimeUnixNano, s.EndTimeUnixNano = uint64(start.UnixNano()), uint64(start.Add(took).UnixNano())
}

func text(key, value string) *commonpb.KeyValue {
	return &commonpb.KeyValue{Key: key, Value: &commonpb.AnyValue{Value: &commonpb.AnyValue_StringValue{StringValue: value}}}
}

func number(key string, value int64) *commonpb.KeyValue {
	return &commonpb.KeyValue{Key: key, Value: &commonpb.AnyValue{Value: &commonpb.AnyValue_IntValue{IntValue: value}}}
}
