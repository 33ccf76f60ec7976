package telemetry

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"

	"github.com/dingbridge/dingbridge/dingtalk"
	"github.com/dingbridge/dingbridge/keys"
	"github.com/dingbridge/dingbridge/provider/audit"
	"github.com/dingbridge/dingbridge/storage"
)

const patience = time.Minute

// shelf is a store that does as it is told.
type shelf struct {
	mu   sync.Mutex
	err  error
	each func(*storage.Op)
}

func (s *shelf) Together(_ context.Context, ops ...*storage.Op) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, op := range ops {
		if op.Err = s.err; s.each != nil {
			s.each(op)
		}
	}
	return storage.FirstError(ops)
}

func (s *shelf) Ping(context.Context) error { return s.err }
func (s *shelf) Close() error               { return errors.New("closed") }

// heap keeps events.
type heap struct {
	mu   sync.Mutex
	kept []audit.Event
}

func (h *heap) Record(_ context.Context, e audit.Event) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.kept = append(h.kept, e)
}

// collector is one of traces, which answers as it is told.
type collector struct {
	*httptest.Server
	mu     sync.Mutex
	status int
	path   string
	spans  []*tracepb.Span
	told   []*tracepb.ResourceSpans
}

func newCollector(t testing.TB) *collector {
	c := &collector{status: http.StatusOK}
	c.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		c.mu.Lock()
		defer c.mu.Unlock()
		c.path = r.Method + " " + r.URL.Path + " " + r.Header.Get("Content-Type")
		var data tracepb.TracesData
		if err == nil {
			err = proto.Unmarshal(body, &data)
		}
		if err != nil {
			t.Errorf("the collector cannot read it: %v", err)
		}
		if c.status == http.StatusOK {
			for _, of := range data.ResourceSpans {
				c.told = append(c.told, of)
				for _, scope := range of.ScopeSpans {
					c.spans = append(c.spans, scope.Spans...)
				}
			}
		}
		w.WriteHeader(c.status)
	}))
	t.Cleanup(c.Close)
	return c
}

func (c *collector) answer(status int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.status = status
}

func (c *collector) has() []*tracepb.Span {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]*tracepb.Span(nil), c.spans...)
}

// wait waits until so many spans are there.
func (c *collector) wait(t testing.TB, count int) []*tracepb.Span {
	t.Helper()
	for end := time.Now().Add(patience); ; time.Sleep(10 * time.Millisecond) {
		spans := c.has()
		if len(spans) >= count {
			return spans
		}
		if time.Now().After(end) {
			t.Fatalf("%d spans, want %d", len(spans), count)
		}
	}
}

func attributes(list []*commonpb.KeyValue) map[string]string {
	all := map[string]string{}
	for _, kv := range list {
		all[kv.Key] = kv.Value.GetStringValue()
	}
	return all
}

// proxy is the peer whose traceparent is believed.
const proxy = "192.0.2.1:4711"

func config(tracing string, ratio float64) Config {
	return Config{
		Metrics: true, Version: "1.2.3", Organisations: []string{"ding1", "ding2"},
		Tracing: Tracing{Endpoint: tracing, Ratio: ratio},
		Proxies: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")},
		Known:   func(id string) bool { return id == "grafana" || id == "gitlab" },
	}
}

// running starts one, and ends it in order with the test or before.
func running(t testing.TB, c Config) (of *Telemetry, stop func()) {
	of = New(c)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { of.Run(ctx); close(done) }()
	stop = func() { cancel(); <-done }
	t.Cleanup(stop)
	return of, stop
}

// scrape is what the listener says.
func scrape(t testing.TB, of *Telemetry) string {
	t.Helper()
	w := httptest.NewRecorder()
	of.Listener(false).ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	if w.Code != http.StatusOK {
		t.Fatalf("/metrics: %d %s", w.Code, w.Body)
	}
	return w.Body.String()
}

// has demands a line of a scrape, as it begins.
func has(t testing.TB, text, line string) {
	t.Helper()
	for _, got := range strings.Split(text, "\n") {
		if got == line {
			return
		}
	}
	name, _, _ := strings.Cut(line, "{")
	var near []string
	for _, got := range strings.Split(text, "\n") {
		if strings.HasPrefix(got, strings.Fields(name)[0]) && !strings.Contains(got, "_bucket") {
			near = append(near, got)
		}
	}
	t.Errorf("no line %s; there are\n%s", line, strings.Join(near, "\n"))
}

var errAny = errors.New("any")

// exercised has had all that can be counted happen to it, with what strangers send in the
// place of each text.
func exercised(t testing.TB, tracing string) *Telemetry {
	of, _ := running(t, config(tracing, 1))
	s := &shelf{}
	sink := of.Sink(&heap{})
	calls := of.Calls("ding1")
	handler := of.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx := r.Context()
		w.Header().Set("X-Request-Id", "5f2c8a91d04be376")
		for _, evil := range strange {
			store := of.Store(s)
			for _, err := range []error{nil, storage.ErrConflict, storage.ErrNotFound, storage.ErrUnknown, errAny} {
				s.err = err
				_ = store.Together(ctx, storage.Create("login/"+evil, []byte(evil), 0), storage.Get("person/"+evil), storage.Join(evil, evil, 0))
				_ = store.Ping(ctx)
			}
			for _, row := range catalogue {
				for _, id := range []string{"grafana", evil, ""} {
					e := audit.Event{Name: row.Name, RequestID: evil, ClientID: id, Subject: evil, Address: evil, Reason: evil, GrantID: evil, SessionID: evil,
						CorpID: evil, Way: evil, Call: evil, KeyID: evil, Version: evil, Other: evil, EventID: evil, By: evil, Err: errors.New(evil), Count: 3, Duration: time.Second}
					sink.Record(ctx, e)
				}
				sink.Record(ctx, audit.Event{Name: row.Name, ClientID: "grafana", CorpID: "ding1", Way: "oauth2", Reason: "outsider"})
			}
			sink.Record(ctx, audit.Event{Name: audit.Name(evil), ClientID: evil})
			sink.Record(ctx, audit.Event{Name: audit.SweepFinished, CorpID: "ding1", Reason: "complete"})
			calls(ctx, dingtalk.Sent{Call: evil, Err: errors.New(evil), Again: true})
		}
		for call := range callNames {
			calls(ctx, dingtalk.Sent{Call: call, Took: time.Second, Again: true})
			calls(ctx, dingtalk.Sent{Call: call, Err: &dingtalk.Error{Reason: dingtalk.ReasonThrottled, Message: strange[0]}})
		}
		w.WriteHeader(http.StatusFound)
	}), "/sso", []string{"/sso", "/sso/", "/sso/authorize", "/sso/token", "/sso/userinfo/", "/.well-known/oauth-authorization-server/sso"})
	for _, evil := range strange {
		for _, path := range []string{"/sso/authorize", "/sso/userinfo/x", "/elsewhere"} {
			r := httptest.NewRequest("GET", path, nil)
			r.URL.RawQuery, r.Header["User-Agent"], r.RemoteAddr = "state="+evil, []string{evil}, proxy
			r.Method = []string{"GET", "POST", evil}[len(path)%3]
			handler.ServeHTTP(httptest.NewRecorder(), r)
		}
	}
	now := time.Now()
	of.Stream("ding1", func() bool { return true })
	of.Watch(House{
		Keys: func() []keys.Info {
			return []keys.Info{{Alg: "RS256", State: keys.Signing, Signs: now.Add(-time.Hour)}, {Alg: "ES256", State: keys.Signing, Signs: now},
				{Alg: "ES256", State: keys.Next, Signs: now.Add(time.Hour)}}
		},
		Stale:   func() time.Time { return now.Add(-time.Minute) },
		Ready:   func() bool { return true },
		Clients: func() int { return 7 },
	})
	m := of.metrics
	for _, corp := range m.corps {
		m.engaged.WithLabelValues(corp).Set(0)
		m.counted.WithLabelValues(corp).Set(0)
		m.limit.WithLabelValues(corp).Set(20)
	}
	m.answers.WithLabelValues().Set(1)
	return of
}

// strange are texts that must be found nowhere.
var strange = []string{
	"zhangsan@example.com", "13800138000", "ffsru7iuu2pwcxpg5jjur3nwqm", "198.51.100.77", "张三三", "user-secret-1", "a\"b\nc{d}",
	"AVvYp3lVbZcQXr0mK8sT1uWfGhJ2nBxCdEeFgHiJkLmNoPqR",
}
