package pages

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"github.com/dingbridge/dingbridge/provider/pages/chromium"
)

// An arrival is what a form's post, or the redirect that answered it, brought.
type arrival struct {
	method, path string
	header       http.Header
	form         url.Values
	body         string // as it came
}

// A stage is our server and an app's, which are of different origins. A post to
// ours is answered 303 to wherever it is told, a post to the app 303 to its own other
// address: what a real app does.
type stage struct {
	ours, app *httptest.Server
	page      Page
	next      string
	arrived   chan arrival
}

func newStage(t *testing.T) *stage {
	t.Helper()
	s := &stage{arrived: make(chan arrival, 16)}
	p := newPages(t, theirs)
	note := func(r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Errorf("read the post: %v", err)
		}
		form, err := url.ParseQuery(string(body))
		if err != nil {
			t.Errorf("parse the post: %v", err)
		}
		s.arrived <- arrival{r.Method, r.URL.Path, r.Header, form, string(body)}
	}
	s.ours = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			note(r)
			http.Redirect(w, r, s.next, http.StatusSeeOther)
			return
		}
		p.Write(w, r, http.StatusOK, s.page)
	}))
	t.Cleanup(s.ours.Close)
	s.app = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		note(r)
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		if r.Method == http.MethodPost {
			// The same machine under another name is another origin.
			http.Redirect(w, r, strings.Replace(s.app.URL, "127.0.0.1", "localhost", 1)+"/welcome", http.StatusSeeOther)
			return
		}
		_, _ = io.WriteString(w, `<!DOCTYPE html><title>the app</title><link rel="icon" href="data:,"><p id="app">the app</p>`)
	}))
	t.Cleanup(s.app.Close)
	return s
}

// await waits for an arrival. Its patience is a bound, not a measure.
func (s *stage) await(t *testing.T, ctx context.Context) arrival {
	t.Helper()
	ctx, end := context.WithTimeout(ctx, time.Minute)
	defer end()
	select {
	case a := <-s.arrived:
		return a
	case <-ctx.Done():
		t.Fatal("nothing arrived")
		return arrival{}
	}
}

func runScripts(t *testing.T, ctx context.Context, on bool) {
	t.Helper()
	call(t, ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: !on})
}

// What a browser makes of a hidden value: exactly what it was if Postable says so,
// and every line break a CR LF otherwise.
func TestP14_FormPostInARealBrowser(t *testing.T) {
	ctx := chromium.StartUnraced(t, 8*time.Minute)
	s := newStage(t)
	trouble := watch(t, ctx, func(string) bool { return true })
	var fields []Field
	for _, value := range awkward {
		fields = append(fields, Field{"state", value})
	}
	bent := []Field{{"state", "a\nb"}, {"state", "a\rb"}, {"state", "\n\r"}}
	// Names that hide what a form or a document has of its own.
	fields = append(fields, Field{"submit", "1"}, Field{"action", "javascript:alert(1)"}, Field{"getElementById", "3"}, Field{"prototype", "4"})
	want := url.Values{}
	for _, f := range fields {
		want.Add(f.Name, f.Value)
	}
	for _, value := range []string{"a\r\nb", "a\r\nb", "\r\n\r\n"} {
		want.Add("state", value)
	}
	for _, on := range []bool{true, false} {
		runScripts(t, ctx, on)
		s.page = Page{Kind: FormPost, Lang: English, Form: &Form{Action: s.app.URL + "/cb?keep=1", Hidden: append(slices.Clone(fields), bent...)}}
		must(t, chromedp.Do(ctx, chromedp.Navigate(s.ours.URL+"/authorize")))
		if !on {
			must(t, chromedp.Do(ctx, chromedp.WaitVisible("#no-script")))
			if len(s.arrived) > 0 {
				t.Error("the form went off without script and without a press")
			}
			must(t, chromedp.Do(ctx, chromedp.Click("#send")))
		}
		post := s.await(t, ctx)
		if post.method != "POST" || post.path != "/cb" || post.header.Get("Content-Type") != "application/x-www-form-urlencoded" || post.header.Get("Referer") != "" {
			t.Errorf("scripts %v: %s %s %v", on, post.method, post.path, post.header)
		}
		for name := range want {
			if !slices.Equal(post.form[name], want[name]) {
				t.Errorf("scripts %v: %s arrived as %q, want %q", on, name, post.form[name], want[name])
			}
		}
		if len(post.form) != len(want) {
			t.Errorf("scripts %v: %d names arrived, want %d", on, len(post.form), len(want))
		}
		// The app sends the person on to another origin, under our policy.
		if welcome := s.await(t, ctx); welcome.path != "/welcome" {
			t.Errorf("scripts %v: arrived at %s", on, welcome.path)
		}
		must(t, chromedp.Do(ctx, chromedp.WaitVisible("#app")))
		for _, line := range trouble.lines() {
			t.Errorf("scripts %v: %s", on, line)
		}
	}
}

// Every button of every question of ours, in a browser without script, with the
// answer leading to the app.
func TestP13_EveryButtonWithoutScript(t *testing.T) {
	ctx := chromium.StartUnraced(t, 8*time.Minute)
	s := newStage(t)
	trouble := watch(t, ctx, func(string) bool { return true })
	runScripts(t, ctx, false)
	for _, row := range []struct {
		kind         Kind
		button       string
		name, posted string
	}{
		{SignOut, "#choose-here", "choice", "here"},
		{SignOut, "#choose-everywhere", "choice", "everywhere"},
		{Consent, "#choose-approve", "choice", "approve"},
		{Consent, "#choose-deny", "choice", "deny"},
		{DeviceConfirm, "#choose-approve", "choice", "approve"},
		{DeviceConfirm, "#choose-deny", "choice", "deny"},
		{DeviceCode, "#send", "user_code", "WDJB-MJHT"},
	} {
		s.page = full(row.kind, Chinese)
		s.page.Form = &Form{Action: "/answer", Hidden: []Field{{"ticket", `A"b&c`}}, LeadsTo: s.app.URL + "/cb"}
		s.next = s.app.URL + "/cb?code=1"
		must(t, chromedp.Do(ctx, chromedp.Navigate(s.ours.URL+"/ask")))
		must(t, chromedp.Do(ctx, chromedp.Click(row.button)))
		post := s.await(t, ctx)
		want := url.Values{"ticket": {`A"b&c`}, row.name: {row.posted}}
		if post.method != "POST" || post.path != "/answer" || post.form.Encode() != want.Encode() {
			t.Errorf("%s %s: %s %s %q", row.kind, row.button, post.method, post.path, post.body)
		}
		// What Form says of these headers, for those who check them.
		if post.header.Get("Origin") != "null" || post.header.Get("Sec-Fetch-Site") != "same-origin" || post.header.Get("Referer") != "" {
			t.Errorf("%s: came with %v", row.kind, post.header)
		}
		if app := s.await(t, ctx); app.method != "GET" || app.path != "/cb" {
			t.Errorf("%s %s: the app got %s %s", row.kind, row.button, app.method, app.path)
		}
		must(t, chromedp.Do(ctx, chromedp.WaitVisible("#app")))
		for _, line := range trouble.lines() {
			t.Errorf("%s %s: %s", row.kind, row.button, line)
		}
	}
}

// A code is typed, and sent by the Enter key; an empty one is not sent at all.
func TestP13_TypedCode(t *testing.T) {
	ctx := chromium.StartUnraced(t, 8*time.Minute)
	s := newStage(t)
	s.page = Page{Kind: DeviceCode, Lang: English, Form: &Form{Action: "/device"}}
	s.next = "/done"
	must(t, chromedp.Do(ctx, chromedp.Navigate(s.ours.URL+"/device")))
	must(t, chromium.Click(ctx, "#send"))
	if valid := ask[bool](t, ctx, `document.getElementById("user-code").matches(":invalid") && location.pathname == "/device"`); !valid {
		t.Error("an empty code was sent")
	}
	must(t, chromedp.Do(ctx, chromedp.SendKeys("#user-code", "wdjb mjht\n")))
	if post := s.await(t, ctx); post.form.Encode() != "user_code=wdjb+mjht" {
		t.Errorf("posted %q", post.body)
	}
}

// Where LeadsTo does not say so, the browser does not go: the reason why it exists,
// and proof that the tests above would see a violation.
func TestP15_RedirectsOnlyWhereThePolicyLeads(t *testing.T) {
	ctx := chromium.StartUnraced(t, 8*time.Minute)
	s := newStage(t)
	trouble := watch(t, ctx, func(string) bool { return true })
	given := make(chan struct{}, 16) // up, by the browser
	must(t, chromedp.Listen(ctx, func(event any) {
		if _, ok := event.(*network.EventLoadingFailed); ok {
			given <- struct{}{}
		}
	}))
	for _, row := range []struct {
		name, leadsTo, next string
		complains           bool
	}{
		{"http", s.app.URL + "/cb", s.app.URL + "/cb", false},
		{"nowhere, but to the app", "", s.app.URL + "/cb", true},
		{"https, but to http", "https://app.example.com/cb", s.app.URL + "/cb", true},
		// What becomes of a private-use scheme is the system's affair; here nobody has
		// it. A complaint about this row would be counted with that of the next.
		{"private-use scheme", "com.example.app:/cb", "com.example.app:/cb", false},
		{"nowhere, but to a private-use scheme", "", "com.example.app:/cb", true},
		{"one private-use scheme, but to another", "com.example.app:/cb", "com.example.other:/cb", true},
	} {
		s.page = Page{Kind: SignOut, Lang: English, Form: &Form{Action: "/answer", LeadsTo: row.leadsTo}}
		s.next = row.next
		must(t, chromedp.Do(ctx, chromedp.Navigate(s.ours.URL+"/ask")))
		must(t, chromium.Click(ctx, "#choose-here"))
		s.await(t, ctx)
		if !row.complains && strings.HasPrefix(row.next, "http") {
			s.await(t, ctx)
			must(t, chromedp.Do(ctx, chromedp.WaitVisible("#app")))
			continue
		}
		select {
		case <-given:
		case <-ctx.Done():
			t.Fatalf("%s: the browser never gave up", row.name)
		}
		if !row.complains {
			continue
		}
		var lines []string
		for len(lines) == 0 && ctx.Err() == nil {
			time.Sleep(10 * time.Millisecond)
			lines = trouble.lines()
		}
		if len(lines) != 1 || !strings.Contains(lines[0], "form-action") || len(s.arrived) > 0 {
			t.Errorf("%s: %q", row.name, lines)
		}
	}
}
