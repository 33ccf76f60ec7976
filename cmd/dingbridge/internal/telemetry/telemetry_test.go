package telemetry

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/dingbridge/dingbridge/dingtalk"
	"github.com/dingbridge/dingbridge/provider/audit"
	"github.com/dingbridge/dingbridge/storage"
)

func TestT1_NothingWantedNothingDone(t *testing.T) {
	of := New(Config{Version: "1", Tracing: Tracing{Ratio: 1}})
	if of != nil {
		t.Fatal("there is one")
	}
	store, sink, handler := storage.Store(&shelf{}), audit.Sink(&heap{}), http.Handler(http.NewServeMux())
	if of.Store(store) != store || of.Sink(sink) != sink || of.Handler(handler, "", nil) != handler || of.Calls("ding1") != nil {
		t.Error("something stands around what is not to be measured")
	}
	of.Watch(House{})
	of.Stream("ding1", func() bool { return true })
	of.Run(t.Context())
}

func TestT2_T8_LabelsAndTracesSayNothingAboutPeople(t *testing.T) {
	t.Parallel()
	c := newCollector(t)
	of := exercised(t, c.URL)
	text := scrape(t, of)
	for _, span := range c.wait(t, 3*len(strange)) {
		text += span.String()
	}
	for _, evil := range strange {
		for _, form := range []string{evil, strings.ReplaceAll(evil, "\n", `\n`)} {
			if strings.Contains(text, form) {
				t.Errorf("%q is in %s", form, around(text, form))
			}
		}
	}
	// That it looked at something.
	for _, line := range []string{
		`dingbridge_logins_total{client="grafana",outcome="succeeded",reason="outsider",way="oauth2"} 24`,
		`dingbridge_tokens_total{client="unknown",grant="code",outcome="refused",reason="other"} 24`,
	} {
		has(t, text, strings.Replace(line, " 24", " "+itoa(3*len(strange)*len(strange)), 1))
	}
	// However much strangers send, there are so many series and no more.
	before := strings.Count(scrape(t, of), "\n")
	sink := of.Sink(&heap{})
	for i := range 2000 {
		evil := "x" + itoa(i)
		sink.Record(t.Context(), audit.Event{Name: audit.LoginRefused, ClientID: evil, Reason: evil, Way: evil})
		sink.Record(t.Context(), audit.Event{Name: audit.Name(evil), CorpID: evil})
		of.Calls("ding1")(t.Context(), dingtalk.Sent{Call: evil})
		_ = of.Store(&shelf{}).Together(t.Context(), storage.Get(evil))
	}
	if after := strings.Count(scrape(t, of), "\n"); after > before+40 {
		t.Errorf("%d lines have become %d", before, after)
	}
}

func around(text, what string) string {
	at := strings.Index(text, what)
	return text[max(0, at-100):min(len(text), at+100)]
}

func itoa(n int) string {
	text := ""
	for ; n > 0 || text == ""; n /= 10 {
		text = string(rune('0'+n%10)) + text
	}
	return text
}

// What the code says that is not in words.go would be counted as "other".
func TestT2_WordsOfTheCodeAreKnown(t *testing.T) {
	root := filepath.Join("..", "..", "..", "..")
	said := map[string]string{}
	collect := func(glob, expression string) {
		files, err := filepath.Glob(filepath.Join(root, glob))
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: no files", glob)
		}
		for _, file := range files {
			if strings.HasSuffix(file, "_test.go") {
				continue
			}
			source, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			for _, match := range regexp.MustCompile(expression).FindAllStringSubmatch(string(source), -1) {
				said[match[1]] = file
			}
		}
	}
	collect("provider/*.go", `\breason: "([a-z_]+)"`)
	collect("provider/errors.go", `pages\.[A-Z]\w+, "([a-z_]+)"`)
	collect("provider/logout/*.go", `(?:failed|retried)\("([a-z_]+)"`)
	collect("provider/logout/*.go", `Reason: "([a-z_]+)"`)
	collect("provider/people/*.go", `withheld\.Reason = "([a-z_]+)"`)
	collect("provider/grants/ledger.go", `Err[A-Z]\w+ *= errors\.New\("([^"]+)"`)
	if len(said) < 40 {
		t.Errorf("only %d words found; this test looks for nothing", len(said))
	}
	for word, file := range said {
		if in(reasons, word) == other {
			t.Errorf("%q of %s is not in reasons: it would be counted as other", word, file)
		}
	}
	clear(said)
	collect("provider/limits/words.go", `Word = "([a-z_]+)"`)
	collect("provider/routes.go", `return http\.Status\w+, pages\.\w+, "([^"]+)"`)
	for word, file := range said {
		if in(limits, word) == other {
			t.Errorf("%q of %s is not in limits: it would be counted as other", word, file)
		}
	}
	clear(said)
	collect("dingtalk/*.go", `\bCall[A-Z]\w* +?= "([^"]+)"`)
	for call, file := range said {
		if !callNames[call] && call != dingtalk.CallCallback {
			t.Errorf("%q of %s is not among the calls", call, file)
		}
	}
	clear(said)
	collect("docs/state.md", "(?m)^\\| [^|]+ \\| `([a-z-]+)/")
	for kind, file := range said {
		if kindOf(kind+"/x") != kind {
			t.Errorf("%q of %s is not among the kinds of records", kind, file)
		}
	}
}

func TestT3_AStoreAnswersAsItWould(t *testing.T) {
	inner := &shelf{each: func(op *storage.Op) {
		op.Value, op.Version, op.Members = []byte("v"), storage.Version{1}, []string{"m"}
	}}
	of := New(config("", 0))
	store := of.Store(inner)
	for _, err := range []error{nil, storage.ErrConflict, storage.ErrNotFound, storage.ErrUnknown, errAny} {
		inner.err = err
		op := storage.Swap("login/x", storage.Version{2}, []byte("w"), time.Hour)
		before := *op
		got := store.Together(t.Context(), op)
		before.Err, before.Value, before.Version, before.Members = err, []byte("v"), storage.Version{1}, []string{"m"}
		if !errors.Is(got, err) || !reflect.DeepEqual(*op, before) {
			t.Errorf("%v: %v, %+v", err, got, op)
		}
		if got := store.Ping(t.Context()); got != err {
			t.Errorf("ping: %v, want %v", got, err)
		}
	}
	if err := store.Close(); err == nil || err.Error() != "closed" {
		t.Errorf("close: %v", err)
	}
	if _, has := store.(interface{ Address() string }); has {
		t.Error("a store without an address has got one")
	}
	if at, has := of.Store(located{inner}).(interface{ Address() string }); !has || at.Address() != "redis:6379" {
		t.Error("a store's address is lost")
	}
}

type located struct{ storage.Store }

func (located) Address() string { return "redis:6379" }

func TestT3_EventsAndAnswersPassAsTheyAre(t *testing.T) {
	of := New(config("", 0))
	kept := &heap{}
	e := audit.Event{Name: audit.LoginRefused, ClientID: "x", Subject: "s", Err: errAny, Count: 2, Duration: time.Second}
	of.Sink(kept).Record(t.Context(), e)
	if len(kept.kept) != 1 || kept.kept[0] != e {
		t.Errorf("%+v", kept.kept)
	}
	handler := of.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/broken" {
			panic(http.ErrAbortHandler)
		}
		if r.URL.Path == "/silent" {
			return
		}
		w.Header().Set("X", "y")
		w.WriteHeader(http.StatusEarlyHints)
		w.WriteHeader(http.StatusTeapot)
		_, _ = w.Write([]byte("tea"))
		if err := http.NewResponseController(w).Flush(); err != nil {
			t.Errorf("flush: %v", err)
		}
	}), "", []string{"/", "/tea", "/broken", "/silent"})
	server := httptest.NewServer(handler)
	defer server.Close()
	for _, path := range []string{"/tea", "/silent", "/broken"} {
		resp, err := http.Post(server.URL+path, "text/plain", nil) // a GET that fails is sent again
		switch {
		case path == "/broken" && err == nil, path != "/broken" && err != nil:
			t.Errorf("%s: %v", path, err)
		case path == "/tea" && (resp.StatusCode != http.StatusTeapot || resp.Header.Get("X") != "y"):
			t.Errorf("%s: %v", path, resp)
		}
		if err == nil {
			resp.Body.Close()
		}
	}
	text := scrape(t, of)
	has(t, text, `dingbridge_http_request_seconds_count{method="POST",route="/tea",status="4xx"} 1`)
	has(t, text, `dingbridge_http_request_seconds_count{method="POST",route="/silent",status="2xx"} 1`)
	// An answer that is broken off is told when net/http has let go of it.
	for end := time.Now().Add(patience); !strings.Contains(text, `route="/broken",status="aborted"} 1`) && time.Now().Before(end); time.Sleep(time.Millisecond) {
		text = scrape(t, of)
	}
	has(t, text, `dingbridge_http_request_seconds_count{method="POST",route="/broken",status="aborted"} 1`)
	has(t, text, `dingbridge_http_requests_in_flight 0`)
}

func TestT4_EachTripAndEachCallByItself(t *testing.T) {
	of := New(config("", 0))
	inner := &shelf{}
	store, calls := of.Store(inner), of.Calls("ding2")
	ctx := t.Context()
	for _, row := range []struct {
		err error
		ops []*storage.Op
	}{
		{nil, []*storage.Op{storage.Get("grant/a"), storage.Get("person/b")}},
		{nil, []*storage.Op{storage.Get("grant/a")}},
		{storage.ErrConflict, []*storage.Op{storage.Swap("grant/a", storage.Version{}, nil, 0), storage.Join("sessions-of/b", "c", 0)}},
		{storage.ErrNotFound, []*storage.Op{storage.Get("grant/a")}},
		{storage.ErrUnknown, []*storage.Op{storage.Create("login/a", nil, 0)}},
		{errAny, []*storage.Op{storage.Members("people-of/a")}},
		{nil, nil},
	} {
		inner.err = row.err
		_ = store.Together(ctx, row.ops...)
	}
	inner.err = storage.ErrUnknown
	_ = store.Ping(ctx)
	calls(ctx, dingtalk.Sent{Call: dingtalk.CallMe, Err: &dingtalk.Error{Reason: dingtalk.ReasonUnavailable}})
	calls(ctx, dingtalk.Sent{Call: dingtalk.CallMe, Again: true})
	calls(ctx, dingtalk.Sent{Call: dingtalk.CallUser, Err: &dingtalk.Error{Reason: dingtalk.ReasonUnavailable, Err: context.Canceled}})
	calls(ctx, dingtalk.Sent{Call: "new"})
	text := scrape(t, of)
	for _, line := range []string{
		`dingbridge_storage_trip_seconds_count{outcome="ok",verbs="get"} 2`,
		`dingbridge_storage_trip_seconds_count{outcome="conflict",verbs="swap+join"} 1`,
		`dingbridge_storage_trip_seconds_count{outcome="not_found",verbs="get"} 1`,
		`dingbridge_storage_trip_seconds_count{outcome="unknown",verbs="create"} 1`,
		`dingbridge_storage_trip_seconds_count{outcome="failed",verbs="members"} 1`,
		`dingbridge_storage_trip_seconds_count{outcome="ok",verbs="none"} 1`,
		`dingbridge_storage_trip_seconds_count{outcome="unknown",verbs="ping"} 1`,
		`dingbridge_dingtalk_request_seconds_count{call="users/me",organisation="ding2",outcome="unavailable"} 1`,
		`dingbridge_dingtalk_request_seconds_count{call="users/me",organisation="ding2",outcome="ok"} 1`,
		`dingbridge_dingtalk_request_seconds_count{call="user/get",organisation="ding2",outcome="canceled"} 1`,
		`dingbridge_dingtalk_request_seconds_count{call="other",organisation="ding2",outcome="ok"} 1`,
		`dingbridge_dingtalk_repetitions_total{call="users/me",organisation="ding2"} 1`,
	} {
		has(t, text, line)
	}
}

func TestEventsAreCounted(t *testing.T) {
	of := New(config("", 0))
	sink := of.Sink(&heap{})
	for _, e := range []audit.Event{
		{Name: audit.LoginBegun, ClientID: "grafana"},
		{Name: audit.LoginSucceeded, ClientID: "grafana", Way: "oauth2", Duration: 300 * time.Millisecond},
		{Name: audit.LoginRefused, ClientID: "grafana", Way: "sns", Reason: "outsider"},
		{Name: audit.LoginRetried, ClientID: "gitlab", Way: "oauth2", Reason: "throttled"},
		{Name: audit.SingleSignOn, ClientID: "gitlab"},
		{Name: audit.AuthorizeRefused, ClientID: "gitlab", Reason: "expired"},
		{Name: audit.AuthorizeRefused, ClientID: "gitlab", Reason: "scope is too long"},
		{Name: audit.RequestLimited, Reason: "logins_of_address", Count: 12},
		{Name: audit.RequestLimited, Reason: "the body is too large"},
		{Name: audit.ClientAuthenticationFailed, ClientID: "nobody"},
		{Name: audit.CodeRedeemed, ClientID: "grafana"},
		{Name: audit.CodeRefused, ClientID: "grafana", Reason: "redirect URI or verifier differs: code_verifier does not fit"},
		{Name: audit.RefreshReused, ClientID: "gitlab"},
		{Name: audit.BackchannelDelivered, ClientID: "gitlab", Duration: time.Second},
		{Name: audit.BackchannelFailed, ClientID: "gitlab", Reason: "timeout"},
		{Name: audit.PersonRemoved, CorpID: "ding1", Way: "event", Duration: 1500 * time.Millisecond},
		{Name: audit.PersonRemoved, CorpID: "ding1", Way: "hand"},
		{Name: audit.RemovalWithheld, CorpID: "ding9", Reason: "brake"},
		{Name: audit.ClientsRejected, Err: errAny},
		{Name: "made.up"},
	} {
		sink.Record(t.Context(), e)
	}
	text := scrape(t, of)
	for _, line := range []string{
		`dingbridge_logins_begun_total{client="grafana",way="none"} 1`,
		`dingbridge_logins_total{client="grafana",outcome="succeeded",reason="none",way="oauth2"} 1`,
		`dingbridge_logins_total{client="grafana",outcome="refused",reason="outsider",way="sns"} 1`,
		`dingbridge_logins_total{client="gitlab",outcome="retried",reason="throttled",way="oauth2"} 1`,
		`dingbridge_logins_total{client="gitlab",outcome="succeeded",reason="none",way="single_sign_on"} 1`,
		`dingbridge_login_dingtalk_seconds_sum{way="oauth2"} 0.3`,
		`dingbridge_authorize_refused_total{client="gitlab",reason="expired"} 1`,
		`dingbridge_authorize_refused_total{client="gitlab",reason="other"} 1`,
		`dingbridge_limited_total{limit="logins_of_address"} 12`,
		`dingbridge_limited_total{limit="the_body_is_too_large"} 1`,
		`dingbridge_client_authentication_failures_total{client="unknown"} 1`,
		`dingbridge_tokens_total{client="grafana",grant="code",outcome="issued",reason="none"} 1`,
		`dingbridge_tokens_total{client="grafana",grant="code",outcome="refused",reason="redirect_uri_or_verifier_differs"} 1`,
		`dingbridge_tokens_total{client="gitlab",grant="refresh",outcome="reused",reason="none"} 1`,
		`dingbridge_notices_total{client="gitlab",outcome="delivered",reason="none"} 1`,
		`dingbridge_notices_total{client="gitlab",outcome="failed",reason="timeout"} 1`,
		`dingbridge_notice_seconds_count 1`,
		`dingbridge_removals_total{organisation="ding1",way="event"} 1`,
		`dingbridge_removals_total{organisation="ding1",way="hand"} 1`,
		`dingbridge_leaver_lag_seconds_sum{organisation="ding1"} 1.5`,
		`dingbridge_leaver_lag_seconds_count{organisation="ding1"} 1`,
		`dingbridge_removals_withheld_total{organisation="unknown",reason="brake"} 1`,
		`dingbridge_clients_reload_success 0`,
		`dingbridge_clients_reloads_total{outcome="rejected"} 1`,
		`dingbridge_events_total{event="login.refused"} 1`,
		`dingbridge_events_total{event="unknown"} 1`,
	} {
		has(t, text, line)
	}
	sink.Record(t.Context(), audit.Event{Name: audit.ClientsReplaced, Count: 3})
	has(t, scrape(t, of), `dingbridge_clients_reload_success 1`)
}
