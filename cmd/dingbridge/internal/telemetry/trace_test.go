package telemetry

import (
	"context"
	"encoding/hex"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"

	"github.com/dingbridge/dingbridge/dingtalk"
	"github.com/dingbridge/dingbridge/provider/audit"
	"github.com/dingbridge/dingbridge/storage"
)

// A replica answers two requests of a login: the one that begins it, and the callback.
func replica(of *Telemetry) http.Handler {
	store, sink, calls := of.Store(&shelf{}), of.Sink(&heap{}), of.Calls("ding1")
	return of.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx := r.Context()
		w.Header().Set("X-Request-Id", "id-of-"+r.URL.Path[1:])
		login := "login/" + r.URL.Query().Get("login")
		switch r.URL.Path {
		case "/authorize":
			_ = store.Together(ctx, storage.Create(login, nil, time.Minute))
			sink.Record(ctx, audit.Event{Name: audit.LoginBegun, ClientID: "grafana", Way: "oauth2", Subject: strange[2]})
		case "/callback":
			_ = store.Together(ctx, storage.Get(login), storage.Create("claim/x", nil, time.Minute))
			// The calls go on if the browser goes away.
			calls(context.WithoutCancel(ctx), dingtalk.Sent{Call: dingtalk.CallUserToken, Took: time.Millisecond, Err: &dingtalk.Error{Reason: dingtalk.ReasonUnavailable}})
			calls(ctx, dingtalk.Sent{Call: dingtalk.CallUserToken, Took: time.Millisecond, Again: true})
			_ = store.Together(ctx, storage.Swap(login, storage.Version{}, nil, 0), storage.Create("grant/y", nil, 0))
			sink.Record(ctx, audit.Event{Name: audit.LoginSucceeded, ClientID: "nobody's", Way: "oauth2"})
			w.WriteHeader(http.StatusFound)
		case "/token":
			_ = store.Together(ctx, storage.Get("grant/y"))
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	}), "", []string{"/authorize", "/callback", "/token"})
}

// visit makes a request; a traceparent and where it comes from may follow.
func visit(h http.Handler, target string, more ...string) {
	r := httptest.NewRequest("GET", target, nil)
	if len(more) > 0 {
		r.Header.Set("traceparent", more[0])
		r.RemoteAddr = more[1]
	}
	h.ServeHTTP(httptest.NewRecorder(), r)
}

func TestT5_OneLoginOneTrace(t *testing.T) {
	t.Parallel()
	c := newCollector(t)
	one, _ := running(t, config(c.URL, 1))
	two, _ := running(t, config(c.URL, 1))
	visit(replica(one), "/authorize?login=abc")
	visit(replica(two), "/callback?login=abc")
	visit(replica(one), "/token")
	by := map[string][]*tracepb.Span{}
	roots := map[string]*tracepb.Span{}
	for _, span := range c.wait(t, 2+5+2) {
		by[string(span.TraceId)] = append(by[string(span.TraceId)], span)
		if span.Kind == tracepb.Span_SPAN_KIND_SERVER {
			roots[span.Name] = span
		}
	}
	if len(by) != 2 || len(roots) != 3 {
		t.Fatalf("%d traces, %d requests", len(by), len(roots))
	}
	begun, back, token := roots["GET /authorize"], roots["GET /callback"], roots["GET /token"]
	if string(begun.TraceId) != string(back.TraceId) || len(begun.ParentSpanId) != 0 || string(back.ParentSpanId) != string(begun.SpanId) ||
		string(token.TraceId) == string(back.TraceId) {
		t.Errorf("authorize %v\ncallback %v\ntoken %v", begun, back, token)
	}
	var steps []string
	for _, span := range by[string(back.TraceId)] {
		a := attributes(span.Attributes)
		if string(span.ParentSpanId) == string(back.SpanId) {
			steps = append(steps, strings.Join([]string{span.Name, a["dingbridge.outcome"], a["dingbridge.records"], a["dingbridge.repetition"]}, "|"))
		}
		if span.EndTimeUnixNano < span.StartTimeUnixNano || span.StartTimeUnixNano == 0 {
			t.Errorf("%s from %d to %d", span.Name, span.StartTimeUnixNano, span.EndTimeUnixNano)
		}
	}
	want := []string{"storage create+get|ok|get login, create claim|", "dingtalk userAccessToken|unavailable||", "dingtalk userAccessToken|ok||true",
		"storage create+swap|ok|swap login, create grant|"}
	if strings.Join(steps, "\n") != strings.Join(want, "\n") {
		t.Errorf("steps\n%s\nwant\n%s", strings.Join(steps, "\n"), strings.Join(want, "\n"))
	}
	a := attributes(back.Attributes)
	if a["dingbridge.request_id"] != "id-of-callback" || a["dingbridge.client"] != unknown || a["http.route"] != "/callback" ||
		a["dingbridge.login"] != attributes(begun.Attributes)["dingbridge.login"] || a["dingbridge.login"] != hex.EncodeToString(back.TraceId) {
		t.Errorf("callback: %v", a)
	}
	if attributes(begun.Attributes)["dingbridge.client"] != "grafana" || len(begun.Events) != 1 || begun.Events[0].Name != "login.begun" {
		t.Errorf("authorize: %v", begun)
	}
	if token.Status.GetCode() != tracepb.Status_STATUS_CODE_ERROR || back.Status.GetCode() == tracepb.Status_STATUS_CODE_ERROR {
		t.Error("the status of a request that failed")
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.path != "POST /v1/traces application/x-protobuf" || attributes(c.told[0].Resource.Attributes)["service.version"] != "1.2.3" {
		t.Errorf("%s, %v", c.path, c.told[0].Resource)
	}
}

// Of many logins the wanted part is kept, each by both replicas or by none.
func TestT5_ALoginIsKeptWholeOrNot(t *testing.T) {
	t.Parallel()
	c := newCollector(t)
	one, stopOne := running(t, config(c.URL, 0.3))
	two, stopTwo := running(t, config(c.URL, 0.3))
	a, b := replica(one), replica(two)
	const logins = 1000
	for i := range logins {
		visit(a, "/authorize?login="+itoa(i))
		visit(b, "/callback?login="+itoa(i))
	}
	stopOne()
	stopTwo()
	kept := map[string]int{}
	for _, span := range c.has() {
		if span.Kind == tracepb.Span_SPAN_KIND_SERVER {
			kept[string(span.TraceId)]++
		}
	}
	for trace, requests := range kept {
		if requests != 2 {
			t.Fatalf("%x has %d requests", trace, requests)
		}
	}
	if len(kept) < logins/5 || len(kept) > logins*2/5 { // fixed, as the ids are
		t.Errorf("%d of %d logins were kept", len(kept), logins)
	}
	of, stop := running(t, config(c.URL, 0))
	visit(replica(of), "/authorize?login=z")
	before := len(c.has())
	stop()
	if len(c.has()) != before {
		t.Error("a trace was kept where none is wanted")
	}
}

const (
	sampled   = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
	unsampled = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00"
)

func TestT6_OnlyATrustedProxyContinuesATrace(t *testing.T) {
	for _, row := range []struct {
		name, sent, from string
		ratio            float64
		continued, kept  bool
	}{
		{"a proxy's", sampled, proxy, 0, true, true},
		{"one that a proxy does not want", unsampled, proxy, 1, false, false},
		{"a stranger's", sampled, "198.51.100.7:99", 1, false, true},
		{"a stranger's, where few are kept", sampled, "198.51.100.7:99", 0, false, false},
		{"a proxy's, by IPv4 in IPv6", sampled, "[::ffff:192.0.2.1]:99", 0, true, true},
		{"from nowhere", sampled, "@", 1, false, true},
		{"not well-formed", "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01", proxy, 1, false, true},
	} {
		t.Run(row.name, func(t *testing.T) {
			c := newCollector(t)
			of, stop := running(t, config(c.URL, row.ratio))
			visit(replica(of), "/authorize?login=abc", row.sent, row.from)
			stop()
			spans := c.has()
			if kept := len(spans) > 0; kept != row.kept {
				t.Fatalf("%d spans", len(spans))
			}
			if !row.kept {
				return
			}
			root := spans[0]
			continued := hex.EncodeToString(root.TraceId) == sampled[3:35] && hex.EncodeToString(root.ParentSpanId) == sampled[36:52]
			if continued != row.continued {
				t.Errorf("trace %x, parent %x", root.TraceId, root.ParentSpanId)
			}
			if attributes(root.Attributes)["dingbridge.login"] == "" {
				t.Error("the login cannot be found")
			}
		})
	}
}

func TestT6_TwoParentsAreNone(t *testing.T) {
	r := httptest.NewRequest("GET", "/", nil)
	r.RemoteAddr = proxy
	r.Header["Traceparent"] = []string{sampled, sampled}
	if p := New(config("http://127.0.0.1:1", 1)).tracer.callerOf(r); p.there {
		t.Error("one of two was taken")
	}
}

func TestT6_Traceparents(t *testing.T) {
	for text, there := range map[string]bool{
		sampled: true, unsampled: true,
		"cc" + sampled[2:]:          true, // a later version
		"cc" + sampled[2:] + "-now": true,
		"cc" + sampled[2:] + "now":  false,
		"ff" + sampled[2:]:          false,
		sampled + "-now":            false,
		sampled[:54]:                false,
		"":                          false,
		"00-00000000000000000000000000000000-00f067aa0ba902b7-01": false,
		"00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01": false,
		"00-4bf92f3577b34da6a3ce929d0e0e473g-00f067aa0ba902b7-01": false,
		"00_4bf92f3577b34da6a3ce929d0e0e4736_00f067aa0ba902b7_01": false,
	} {
		if p := parseParent(text); p.there != there || p.there && p.sampled != (text[54] == '1') {
			t.Errorf("%q: %+v", text, p)
		}
	}
}

func FuzzT6_Traceparent(f *testing.F) {
	for _, text := range []string{sampled, unsampled, "cc" + sampled[2:] + "-now", "", "ff" + sampled[2:], strings.Repeat("-", 60)} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		p := parseParent(text)
		if !p.there {
			if p != (parent{}) {
				t.Errorf("%q is none, and is %+v", text, p)
			}
			return
		}
		if p.trace == [16]byte{} || p.span == [8]byte{} || text[3:35] != hex.EncodeToString(p.trace[:]) || text[36:52] != hex.EncodeToString(p.span[:]) {
			t.Errorf("%q is %+v", text, p)
		}
	})
}

func TestT7_ACollectorHoldsNothingUp(t *testing.T) {
	t.Parallel()
	t.Run("away", func(t *testing.T) {
		t.Parallel()
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		l.Close()
		of, stop := running(t, config("http://"+l.Addr().String(), 1))
		visit(replica(of), "/authorize?login=abc")
		stop()
		has(t, scrape(t, of), `dingbridge_trace_spans_lost_total{reason="refused"} 2`)
	})
	t.Run("refuses, then takes", func(t *testing.T) {
		t.Parallel()
		c := newCollector(t)
		c.answer(http.StatusServiceUnavailable)
		of, _ := running(t, config(c.URL, 1))
		visit(replica(of), "/authorize?login=abc")
		for end := time.Now().Add(patience); !strings.Contains(scrape(t, of), `lost_total{reason="refused"} 2`); time.Sleep(10 * time.Millisecond) {
			if time.Now().After(end) {
				t.Fatal("the loss is not counted")
			}
		}
		c.answer(http.StatusOK)
		visit(replica(of), "/authorize?login=def")
		c.wait(t, 2)
	})
	t.Run("redirects", func(t *testing.T) {
		t.Parallel()
		var asked sync.Map
		other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked.Store("other", true) }))
		defer other.Close()
		first := httptest.NewServer(http.RedirectHandler(other.URL, http.StatusTemporaryRedirect))
		defer first.Close()
		of, stop := running(t, config(first.URL, 1))
		visit(replica(of), "/authorize?login=abc")
		stop()
		if _, has := asked.Load("other"); has {
			t.Error("traces went where nobody said")
		}
		has(t, scrape(t, of), `dingbridge_trace_spans_lost_total{reason="refused"} 2`)
	})
	t.Run("never answers", func(t *testing.T) {
		t.Parallel()
		release := make(chan struct{})
		hung := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { <-release }))
		defer hung.Close()
		defer close(release)
		of, _ := running(t, config(hung.URL, 1))
		h := replica(of)
		const many = mostWaiting + 2*mostTogether + 100
		for i := range many {
			visit(h, "/authorize?login="+itoa(i))
		}
		if text := scrape(t, of); strings.Contains(text, `dingbridge_trace_spans_lost_total{reason="full"} 0`) {
			t.Error("what waits is not bounded")
		}
		if waiting := len(of.tracer.waiting); waiting > mostWaiting {
			t.Errorf("%d wait", waiting)
		}
	})
}

// A request with no end of steps keeps so many, and what comes after its answer is nobody's.
func TestT7_ATrailIsBounded(t *testing.T) {
	c := newCollector(t)
	of, stop := running(t, config(c.URL, 1))
	store := of.Store(&shelf{})
	var late context.Context
	h := of.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		late = context.WithoutCancel(r.Context())
		for range mostSpans + 10 {
			_ = store.Together(late, storage.Get("person/x"))
		}
	}), "", []string{"/"})
	visit(h, "/")
	_ = store.Together(late, storage.Get("person/x"))
	stop()
	spans := c.has()
	if len(spans) != 1+mostSpans {
		t.Errorf("%d spans", len(spans))
	}
	left := int64(0)
	for _, kv := range spans[0].Attributes {
		if kv.Key == "dingbridge.steps_left_out" {
			left = kv.Value.GetIntValue()
		}
	}
	if left != 10 {
		t.Errorf("%d are told as left out", left)
	}
}
