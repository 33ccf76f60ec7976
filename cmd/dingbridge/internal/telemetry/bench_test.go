package telemetry

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/dingbridge/dingbridge/dingtalk"
	"github.com/dingbridge/dingbridge/provider/audit"
	"github.com/dingbridge/dingbridge/storage"
)

// BenchmarkLogin is what measuring adds to one login: three requests, seven trips, four
// calls and four events, in which nothing else happens.
func BenchmarkLogin(b *testing.B) {
	c := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer c.Close()
	for _, row := range []struct {
		name   string
		config Config
	}{
		{"nothing", Config{}},
		{"metrics", config("", 0)},
		{"metrics and a tenth of the traces", config(c.URL, 0.1)},
		{"metrics and all traces", config(c.URL, 1)},
	} {
		row.config.Metrics = row.name != "nothing"
		b.Run(row.name, func(b *testing.B) {
			of, stop := running(b, row.config)
			defer stop()
			s := of.Store(&shelf{})
			sink, calls := of.Sink(audit.Discard), of.Calls("ding1")
			ops := make([]*storage.Op, 3)
			h := of.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				ctx := r.Context()
				for range 2 {
					ops[0], ops[1], ops[2] = storage.Get("login/0123456789"), storage.Get("person/0123456789"), storage.Join("sessions-of/0123456789", "x", time.Hour)
					_ = s.Together(ctx, ops...)
				}
				if r.URL.Path != "/callback" {
					sink.Record(ctx, audit.Event{Name: audit.LoginBegun, ClientID: "grafana", Way: "oauth2"})
					return
				}
				_ = s.Together(ctx, storage.Get("grant/0123456789"))
				if calls != nil {
					for _, call := range []string{dingtalk.CallUserToken, dingtalk.CallMe, dingtalk.CallByUnionID, dingtalk.CallUser} {
						calls(ctx, dingtalk.Sent{Call: call, Took: time.Millisecond})
					}
				}
				sink.Record(ctx, audit.Event{Name: audit.LoginSucceeded, ClientID: "grafana", Way: "oauth2", Duration: time.Millisecond})
				sink.Record(ctx, audit.Event{Name: audit.CodeRedeemed, ClientID: "grafana"})
			}), "", []string{"/authorize", "/callback", "/token"})
			var requests []*http.Request
			for _, path := range []string{"/authorize", "/callback", "/token"} {
				requests = append(requests, httptest.NewRequest("GET", path, nil))
			}
			w := httptest.NewRecorder()
			b.ReportAllocs()
			for b.Loop() {
				for _, r := range requests {
					h.ServeHTTP(w, r)
				}
			}
		})
	}
}
