package telemetry

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/dingbridge/dingbridge/provider/audit"
	"github.com/dingbridge/dingbridge/storage"
)

// TestT11_LinesNameTheirTrace: all lines of a login name the trace that the collector gets,
// whoever writes them; those of requests whose traces are not kept, and of none, name none.
func TestT11_LinesNameTheirTrace(t *testing.T) {
	c := newCollector(t)
	for name, row := range map[string]struct {
		ratio      float64
		sent, from string
		want       string // a trace; "its own": that of the spans
	}{
		"a login's":              {1, "", "", "its own"},
		"not kept":               {0, "", "", ""},
		"a proxy's":              {0, sampled, proxy, sampled[3:35]},
		"not kept, a proxy's":    {1, unsampled, proxy, ""},
		"kept, and a stranger's": {1, sampled, "198.51.100.7:99", "its own"},
	} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			log := slog.New(audit.Redact(Lines(slog.NewJSONHandler(&out, nil))))
			conf := config(c.URL, row.ratio)
			of, stop := running(t, conf)
			sink, store := of.Sink(audit.NewLog(log)), of.Store(&shelf{})
			h := of.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				_ = store.Together(r.Context(), storage.Create("login/"+name, nil, time.Minute))
				sink.Record(r.Context(), audit.Event{Name: audit.LoginBegun, RequestID: "r1", ClientID: "grafana"})
				log.With("with", "more").WarnContext(r.Context(), "of the request")
				log.Warn("of no request")
			}), "", []string{"/authorize"})
			visit(h, "/authorize", row.sent, row.from)
			stop()
			want := row.want
			if want == "its own" {
				spans := c.has()
				want = hex.EncodeToString(spans[len(spans)-1].TraceId)
			}
			var got []string
			for line := range strings.Lines(out.String()) {
				var told struct {
					Request string `json:"request_id"`
					Trace   string `json:"trace_id"`
				}
				if err := json.Unmarshal([]byte(line), &told); err != nil {
					t.Fatal(err)
				}
				got = append(got, told.Request+" "+told.Trace)
			}
			if !slices.Equal(got, []string{"r1 " + want, " " + want, " "}) {
				t.Errorf("%q, want the trace %q", got, want)
			}
		})
	}
}
