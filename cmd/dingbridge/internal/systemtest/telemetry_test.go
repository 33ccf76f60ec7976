package systemtest

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"

	"github.com/dingbridge/dingbridge/dingtalk/simulator"
	"github.com/dingbridge/dingbridge/storage/storagetest"
)

// A collector takes traces as OpenTelemetry's does.
type collector struct {
	*httptest.Server
	mu    sync.Mutex
	spans []*tracepb.Span
}

func newCollector(t *testing.T) *collector {
	c := &collector{}
	c.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		var data tracepb.TracesData
		if err == nil {
			err = proto.Unmarshal(body, &data)
		}
		if err != nil || r.URL.Path != "/v1/traces" || r.Header.Get("Content-Type") != "application/x-protobuf" {
			t.Errorf("%s %s: %v", r.URL, r.Header.Get("Content-Type"), err)
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		for _, of := range data.ResourceSpans {
			for _, scope := range of.ScopeSpans {
				c.spans = append(c.spans, scope.Spans...)
			}
		}
	}))
	t.Cleanup(c.Close)
	return c
}

// request is the span of a request to a route, once it is there.
func (c *collector) request(t *testing.T, name string) *tracepb.Span {
	t.Helper()
	for end := time.Now().Add(patience); ; time.Sleep(50 * time.Millisecond) {
		c.mu.Lock()
		for _, span := range c.spans {
			if span.Name == name {
				c.mu.Unlock()
				return span
			}
		}
		c.mu.Unlock()
		if time.Now().After(end) {
			t.Fatalf("no span %s", name)
		}
	}
}

// below are the names of the spans below one.
func (c *collector) below(parent *tracepb.Span) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	var names []string
	for _, span := range c.spans {
		if string(span.ParentSpanId) == string(parent.SpanId) && string(span.TraceId) == string(parent.TraceId) {
			names = append(names, span.Name)
		}
	}
	return strings.Join(names, ", ")
}

// TestTelemetry_OneLogin: a login that one replica begins and another ends is counted by
// both, is one trace, and neither tells who it was.
func TestTelemetry_OneLogin(t *testing.T) {
	t.Parallel()
	l, c := &loot{}, newCollector(t)
	redis := storagetest.StartRedis(t)
	w := newWorld(t, setting{storage: redis.URL, upstream: l.tap(t)})
	settings := func() (env []string, at string) {
		at = "127.0.0.1:" + freePort(t)
		return []string{"DINGBRIDGE_METRICS_LISTEN=" + at, "DINGBRIDGE_TRACING_ENDPOINT=" + c.URL, "DINGBRIDGE_TRACING_SAMPLE_RATIO=1"}, "http://" + at
	}
	env, one := settings()
	w.serve(env...)
	env, two := settings()
	second, other := w.serveBeside(env...)
	l.add("the provider's secret", w.secret)
	l.add("DingTalk's client secret", simulator.DefaultCompany().App.ClientSecret)

	// Who comes back from DingTalk comes to the other replica.
	ctx, a, p := t.Context(), w.app("phone"), newPerson()
	p.elsewhere = func(address string) string {
		if rest, ok := strings.CutPrefix(address, w.issuer+"/login/callback"); ok {
			return other + "/login/callback" + rest
		}
		return address
	}
	code, err := p.login(ctx, w, a, "scope", "openid profile email phone groups offline_access")
	if err != nil {
		t.Fatal(err)
	}
	for _, address := range p.passed {
		if u, _ := url.Parse(address); u.Path == "/login/callback" {
			l.add("our state", u.Query().Get("state"))
			l.add("a code of DingTalk", u.Query().Get("code"), u.Query().Get("authCode"))
		}
	}
	got := a.redeem(ctx, w.issuer, code)
	info := userinfo(ctx, w.issuer, got.text("access_token"))
	for _, claim := range []string{"sub", "phone_number", "name", "nickname", "email", "preferred_username"} {
		if info.text(claim) == "" {
			t.Fatalf("no %s in %v", claim, info)
		}
		l.add("the claim "+claim, info.text(claim))
	}
	l.add("a code", code)
	l.add("a token", got.text("access_token"), got.text("refresh_token"), got.text("id_token"))
	l.add("a client's secret", a.secret)
	// What strangers send must not be found either.
	const junk = "zz9-stranger-zz9"
	for _, path := range []string{"/" + junk, "/authorize?client_id=" + junk, "/login/callback?state=" + junk + "&code=" + junk} {
		if _, err := p.get(ctx, w.issuer+path); err != nil {
			t.Fatal(err)
		}
	}
	app{id: junk, secret: junk}.redeem(ctx, w.issuer, junk)
	l.add("what a stranger sent", junk)

	begun, back := c.request(t, "GET /authorize"), c.request(t, "GET /login/callback")
	token := c.request(t, "POST /token")
	if string(begun.TraceId) != string(back.TraceId) || string(back.ParentSpanId) != string(begun.SpanId) || len(begun.ParentSpanId) != 0 || string(token.TraceId) == string(back.TraceId) {
		t.Errorf("authorize %x %x, callback %x below %x, token %x", begun.TraceId, begun.SpanId, back.TraceId, back.ParentSpanId, token.TraceId)
	}
	if steps := c.below(begun); !strings.Contains(steps, "storage create") {
		t.Errorf("below authorize: %s", steps)
	}
	steps := c.below(back)
	for _, step := range []string{"dingtalk userAccessToken", "dingtalk users/me", "dingtalk getbyunionid", "dingtalk user/get", "storage "} {
		if !strings.Contains(steps, step) {
			t.Errorf("below the callback there is no %s, but %s", step, steps)
		}
	}
	first, later := metricsOf(t, one), metricsOf(t, two)
	for _, line := range []string{
		`dingbridge_logins_begun_total{client="phone",way="oauth2"} 1`,
		`dingbridge_tokens_total{client="phone",grant="code",outcome="issued",reason="none"} 1`,
		`dingbridge_client_authentication_failures_total{client="none"} 1`,
		`dingbridge_http_request_seconds_count{method="GET",route="other",status="4xx"} 1`,
		`dingbridge_ready 1`, `dingbridge_storage_up 1`, `dingbridge_clients_reload_success 1`,
	} {
		if !strings.Contains(first, "\n"+line+"\n") {
			t.Errorf("the first replica does not tell %s", line)
		}
	}
	for _, line := range []string{
		`dingbridge_logins_total{client="phone",outcome="succeeded",reason="none",way="oauth2"} 1`,
		fmt.Sprintf(`dingbridge_dingtalk_request_seconds_count{call="users/me",organisation=%q,outcome="ok"} 1`, simulator.DefaultCompany().CorpID),
	} {
		if !strings.Contains(later, "\n"+line+"\n") {
			t.Errorf("the second replica does not tell %s", line)
		}
	}
	for _, path := range []string{"/healthz", "/readyz", "/debug/pprof/heap"} {
		if got, err := p.get(ctx, one+path); err != nil || got.status != 200 {
			t.Errorf("%s: %d %v", path, got.status, err)
		}
		if got, err := p.get(ctx, w.issuer+path); path == "/debug/pprof/heap" && (err != nil || got.status != 404) {
			t.Errorf("%s where browsers are: %d %v", path, got.status, err)
		}
	}
	if got, err := p.get(ctx, w.issuer+"/metrics"); err != nil || got.status != 404 {
		t.Errorf("/metrics where browsers are: %d %v", got.status, err)
	}
	// What is under way at a stop reaches the collector.
	if code, err := second.stop(); code != 0 || err != nil {
		t.Errorf("stop: %d %v", code, err)
	}
	var text strings.Builder
	text.WriteString(first + later)
	c.mu.Lock()
	for _, span := range c.spans {
		text.WriteString(span.String() + "\n")
	}
	c.mu.Unlock()
	l.mustNotBeIn(t, "what is measured", text.String())
	if addresses := regexp.MustCompile(`\b127\.0\.0\.1\b`).FindString(text.String()); addresses != "" {
		t.Error("what is measured has addresses of browsers")
	}
}

func metricsOf(t *testing.T, at string) string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, at+"/metrics", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := wires.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("/metrics: %d %v", resp.StatusCode, err)
	}
	return string(body)
}
