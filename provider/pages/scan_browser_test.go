package pages

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"github.com/dingbridge/dingbridge/provider/pages/chromium"
)

// parrot is a frame that says to the page around it what it is told to say.
const parrot = `<!DOCTYPE html><title>parrot</title><link rel="icon" href="data:,"><script>
addEventListener("message", function (event) { event.data.say.forEach(function (what) { parent.postMessage(what, "*"); }); });
parent.postMessage("here", "*");
</script>`

// A scanStage is our server, with the page and its callback, and DingTalk's.
type scanStage struct {
	ours, theirs *httptest.Server
	page         Page
	stay         bool        // the callback answers with nothing, so that the page stays
	arrived      chan string // the queries with which the callback was called
}

func newScanStage(t *testing.T) *scanStage {
	t.Helper()
	s := &scanStage{arrived: make(chan string, 16)}
	p := newPages(t, theirs)
	s.ours = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/login/callback":
			s.arrived <- r.URL.RawQuery
			if s.stay {
				w.WriteHeader(http.StatusNoContent)
				return
			}
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			_, _ = io.WriteString(w, `<!DOCTYPE html><title>in</title><link rel="icon" href="data:,"><p id="in">in</p>`)
		case "/login/frame":
			p.Write(w, r, http.StatusOK, s.page)
		default:
			t.Errorf("our server was asked for %s", r.URL.Path)
			http.NotFound(w, r)
		}
	}))
	t.Cleanup(s.ours.Close)
	s.theirs = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = io.WriteString(w, parrot)
	}))
	t.Cleanup(s.theirs.Close)
	s.page = full(Scan, English)
	s.page.Frame = &Frame{URL: s.theirs.URL + "/oauth2/auth?iframe=true", Origin: s.theirs.URL, Callback: s.ours.URL + "/login/callback",
		State: "st.A-_1", ReloadURL: "/login/frame", Seconds: 600}
	return s
}

// open shows the page, and waits until its frame is there. What the page hears from
// then on is counted, after it has heard it.
func (s *scanStage) open(t *testing.T, ctx context.Context) {
	t.Helper()
	must(t, chromedp.Do(ctx, chromedp.Navigate("about:blank"), chromedp.Navigate(s.ours.URL+"/login/frame")))
	s.frame(t, ctx, "")
}

// frame puts another frame into the page, or waits for the one that is there, until it
// has said that it is there.
func (s *scanStage) frame(t *testing.T, ctx context.Context, attributes string) {
	t.Helper()
	put, patience := `document.getElementById("frame").contentWindow.postMessage({say: ["here"]}, "*");`, 500 // ms, then it is asked again
	if attributes != "" {
		patience = 60_000 // it says so once
		put = `document.body.insertAdjacentHTML("beforeend", '<iframe id="other" ` + attributes + `></iframe>');`
	}
	say := func() bool {
		v, err := chromedp.Run(ctx, chromedp.Evaluate[bool](`new Promise(function (done) {
			window.heard = 0;
			addEventListener("message", function (event) { window.heard++; if (event.data === "here") done(true); });
			setTimeout(done, `+strconv.Itoa(patience)+`, false);
			`+put+`
		})`, chromedp.EvalAwaitPromise))
		must(t, err)
		return v
	}
	for !say() {
		if attributes != "" {
			t.Fatal("the frame never came")
		}
	}
}

// hear lets a frame say something, and waits until the page has heard it.
func hear(t *testing.T, ctx context.Context, frame string, what ...string) {
	t.Helper()
	script := fmt.Sprintf(`new Promise(function (done) {
		var left = %d;
		addEventListener("message", function listen() { if (--left === 0) { removeEventListener("message", listen); done(true); } });
		var say = [%s];
		if (%q === "page") say.forEach(function (what) { window.postMessage(what, "*"); });
		else document.getElementById(%q).contentWindow.postMessage({say: say}, "*");
	})`, len(what), strings.Join(what, ","), frame, frame)
	_, err := chromedp.Run(ctx, chromedp.Evaluate[bool](script, chromedp.EvalAwaitPromise))
	must(t, err)
}

// note is what the page says beside the frame.
func note(t *testing.T, ctx context.Context) string {
	t.Helper()
	return ask[string](t, ctx, `["not-member", "scan-failed", "expired"].filter(function (id) { return document.getElementById(id).checkVisibility(); }).join()`)
}

func (s *scanStage) await(t *testing.T, ctx context.Context) string {
	t.Helper()
	ctx, end := context.WithTimeout(ctx, time.Minute)
	defer end()
	select {
	case query := <-s.arrived:
		return query
	case <-ctx.Done():
		t.Fatal("the callback was never called")
		return ""
	}
}

func success(redirect any) string {
	b, err := json.Marshal(map[string]any{"success": true, "redirectUrl": redirect})
	if err != nil {
		panic(err)
	}
	return string(b)
}

// The answer that is meant, and whatever else a window could say, from wherever it
// could say it. The page takes that one, once, and goes nowhere but to our callback.
func TestP17_ForgedMessages(t *testing.T) {
	ctx := chromium.StartUnraced(t, 8*time.Minute)
	s := newScanStage(t)
	s.stay = true
	// The policy keeps foreign frames out. Without it, the script alone must withstand.
	call(t, ctx, page.SetBypassCSP, page.SetBypassCSPParams{Enabled: true})
	s.open(t, ctx)
	good := s.ours.URL + "/login/callback?authCode=forged&state=st.A-_1"
	evil := strings.Replace(s.theirs.URL, "127.0.0.1", "localhost", 1)
	neighbour := httptest.NewServer(s.theirs.Config.Handler)
	defer neighbour.Close()

	for _, row := range []struct{ name, frame, attributes string }{
		{"our own window", "page", ""},
		{"another origin on the same machine", "other", `src="` + evil + `/oauth2/auth"`},
		{"another port", "other", `src="` + neighbour.URL + `/"`},
		{"a sandboxed frame of DingTalk's, whose origin is null", "other", `sandbox="allow-scripts" src="` + s.theirs.URL + `/oauth2/auth"`},
		{"a data: frame, whose origin is null", "other", `src="data:text/html,` + strings.ReplaceAll(strings.ReplaceAll(parrot, "\n", ""), `"`, "%22") + `"`},
		{"another frame of DingTalk's own origin", "other", `src="` + s.theirs.URL + `/oauth2/auth"`},
	} {
		if row.attributes != "" {
			s.frame(t, ctx, row.attributes)
		}
		hear(t, ctx, row.frame, success(good), `{success: false, errorCode: 11055}`, `{success: false}`)
		if got := note(t, ctx); got != "" || len(s.arrived) > 0 {
			t.Errorf("%s was listened to: %q", row.name, got)
		}
		if row.attributes != "" {
			ask[bool](t, ctx, `(document.getElementById("other").remove(), true)`)
		}
	}

	// Nor is the right window listened to while something else stands in it.
	for _, away := range []string{evil + "/oauth2/auth", "data:text/html," + url.PathEscape(parrot), s.page.Frame.URL} {
		_, err := chromedp.Run(ctx, chromedp.Evaluate[bool](fmt.Sprintf(`new Promise(function (done) {
			addEventListener("message", function listen() { removeEventListener("message", listen); done(true); });
			document.getElementById("frame").src = %q;
		})`, away), chromedp.EvalAwaitPromise))
		must(t, err)
		if away == s.page.Frame.URL {
			break // back again
		}
		hear(t, ctx, "frame", success(good), `{success: false, errorCode: 11055}`)
		if got := note(t, ctx); got != "" || len(s.arrived) > 0 {
			t.Errorf("the frame was listened to at %s: %q", away, got)
		}
	}

	// Nor from origins that no server of a test can have, and that look like DingTalk's.
	for _, origin := range []string{".evil.example", "0", "/", "@evil.example", "null", "", "*"} {
		if len(origin) > 0 && strings.Contains(".0/@", origin[:1]) {
			origin = s.theirs.URL + origin
		}
		ask[bool](t, ctx, fmt.Sprintf(`window.dispatchEvent(new MessageEvent("message", {data: %s, origin: %q, source: document.getElementById("frame").contentWindow}))`,
			success(good), origin))
		if got := note(t, ctx); got != "" || len(s.arrived) > 0 {
			t.Errorf("%q was listened to: %q", origin, got)
		}
	}

	callback := s.ours.URL + "/login/callback"
	ignored, refused := "", "scan-failed"
	for _, row := range []struct{ name, message, note string }{
		{"text", `"` + good + `"`, ignored},
		{"JSON in text", `JSON.stringify(` + success(good) + `)`, ignored},
		{"number", `1`, ignored},
		{"null", `null`, ignored},
		{"nothing", `undefined`, ignored},
		{"a list", `[true, "` + good + `"]`, ignored},
		{"no success", `{redirectUrl: "` + good + `"}`, ignored},
		{"success in text", `{success: "true", redirectUrl: "` + good + `"}`, ignored},
		{"success as a number", `{success: 1, redirectUrl: "` + good + `"}`, ignored},
		{"success as an object", `{success: new Boolean(true), redirectUrl: "` + good + `"}`, ignored},
		{"no address", `{success: true}`, refused},
		{"address a number", success(7), refused},
		{"address a list", success([]string{good}), refused},
		{"address an object", `{success: true, redirectUrl: {href: "` + good + `"}}`, refused},
		{"stale state", success(callback + "?authCode=forged&state=st.A-_0"), refused},
		{"state in another case", success(callback + "?authCode=forged&state=ST.A-_1"), refused},
		{"no state", success(callback + "?authCode=forged"), refused},
		{"empty state", success(callback + "?authCode=forged&state="), refused},
		{"two states", success(callback + "?authCode=forged&state=st.A-_1&state=other"), refused},
		{"two states, ours last", success(callback + "?authCode=forged&state=other&state=st.A-_1"), refused},
		{"one code twice", success(callback + "?authCode=forged&authCode=other&state=st.A-_1"), refused},
		{"state in the fragment", success(callback + "?authCode=forged#&state=st.A-_1"), refused},
		{"no code", success(callback + "?state=st.A-_1"), refused},
		{"empty code", success(callback + "?authCode=&code=&state=st.A-_1"), refused},
		{"two codes", success(callback + "?authCode=forged&code=other&state=st.A-_1"), refused},
		{"one code twice, another once", success(callback + "?authCode=forged&authCode=other&code=forged&state=st.A-_1"), refused},
		{"refusal of the person", success(callback + "?error=access_denied&state=st.A-_1"), refused},
		{"malformed code", success(callback + "?authCode=%E0%A4%A&state=st.A-_1"), refused},
		{"foreign host", success("https://evil.example/login/callback?authCode=forged&state=st.A-_1"), refused},
		{"foreign host after ours", success(strings.Replace(callback, "/login", ".evil.example/login", 1) + "?authCode=forged&state=st.A-_1"), refused},
		{"foreign host after a name", success(strings.Replace(callback, "/login", "@evil.example/login", 1) + "?authCode=forged&state=st.A-_1"), refused},
		{"other path of ours", success(s.ours.URL + "/logout?authCode=forged&state=st.A-_1"), refused},
		{"path after ours", success(callback + "/../x?authCode=forged&state=st.A-_1"), refused},
		{"script", success("javascript:alert(1)//?authCode=forged&state=st.A-_1"), refused},
		{"data", success("data:text/html,x?authCode=forged&state=st.A-_1"), refused},
		{"relative", success("/login/callback?authCode=forged&state=st.A-_1"), refused},
		{"huge address", `{success: true, redirectUrl: "` + good + `&x=" + "y".repeat(20 << 20)}`, refused},
		{"huge code", `{success: true, redirectUrl: "` + callback + `?state=st.A-_1&authCode=" + "y".repeat(600)}`, refused},
		{"huge and something else", `{success: "x".repeat(20 << 20)}`, ignored},
		{"many parameters", `{success: true, redirectUrl: "` + callback + `?" + "state=x&".repeat(500)}`, refused},
		{"outsider", `{success: false, errorMsg: "<img src=x onerror=alert(1)>", errorCode: 11055}`, "not-member"},
		{"outsider, the number as text", `{success: false, errorCode: "11055"}`, "not-member"},
		{"another error", `{success: false, errorMsg: "x", errorCode: 1}`, refused},
		{"an error without a number", `{success: false}`, refused},
		{"an error with an object", `{success: false, errorCode: {toString: 1}}`, refused},
	} {
		ask[bool](t, ctx, `(["not-member", "scan-failed"].forEach(function (id) { document.getElementById(id).hidden = true; }), true)`)
		hear(t, ctx, "frame", row.message)
		if got := note(t, ctx); got != row.note {
			t.Errorf("%s: the page says %q, want %q", row.name, got, row.note)
		}
		if len(s.arrived) > 0 {
			t.Fatalf("%s leads to the callback with %s", row.name, <-s.arrived)
		}
	}

	// After all that the page is still of use, and takes one answer of several.
	odd := callback + "?code=a%26b%3D%2B+%25c&state=st.A-_1&authCode=a%26b%3D%2B+%25c#x"
	hear(t, ctx, "frame", success(odd), success(callback+"?authCode=second&state=st.A-_1"), `{success: false}`)
	if got := s.await(t, ctx); got != "authCode=a%26b%3D%2B%20%25c&state=st.A-_1" {
		t.Errorf("the callback was called with %s", got)
	}
	hear(t, ctx, "frame", success(odd), success(good))
	if got := note(t, ctx); got != "" || len(s.arrived) > 0 {
		t.Errorf("a second answer was listened to: %q", got)
	}
}

// What the person sees: the code, the entry, and no way back to a code that is spent.
func TestP17_ScanLeadsIn(t *testing.T) {
	ctx := chromium.StartUnraced(t, 8*time.Minute)
	s := newScanStage(t)
	trouble := watch(t, ctx, func(url string) bool {
		return strings.HasPrefix(url, s.ours.URL+"/login/") || url == s.page.Frame.URL
	})
	s.open(t, ctx)
	hear(t, ctx, "frame", success(s.ours.URL+"/login/callback?authCode=c0de&code=c0de&state=st.A-_1"))
	if got := s.await(t, ctx); got != "authCode=c0de&state=st.A-_1" {
		t.Errorf("the callback was called with %s", got)
	}
	must(t, chromedp.Do(ctx, chromedp.WaitVisible("#in")))
	if back := ask[int](t, ctx, `history.length`); back > 2 {
		t.Errorf("the page of the code is still in the history, of %d", back)
	}
	for _, line := range trouble.lines() {
		t.Error(line)
	}
}

// When the login is too old, the code goes and nothing moves.
func TestP17_Expiry(t *testing.T) {
	ctx := chromium.StartUnraced(t, 8*time.Minute)
	s := newScanStage(t)
	s.open(t, ctx)
	const places = `["scan", "how", "other-ways"].map(function (id) { return document.getElementById(id).getBoundingClientRect().top; }).join()`
	before := ask[string](t, ctx, places)
	s.page.Frame.Seconds = 0
	must(t, chromedp.Do(ctx, chromedp.Navigate(s.ours.URL+"/login/frame"), chromedp.WaitVisible("#reload")))
	if after := ask[string](t, ctx, places); after != before {
		t.Errorf("the page moved: %s, then %s", before, after)
	}
	if left := ask[int](t, ctx, `document.querySelectorAll("iframe").length`); left != 0 {
		t.Error("the code is still there")
	}
	s.page = bare(SignedOut, English) // to be told from the page that was there
	must(t, chromium.Click(ctx, "#reload"))
	must(t, chromedp.Do(ctx, chromedp.WaitVisible("main[data-page=signed-out]")))
}

// The policy lets in the one frame, and keeps others out.
func TestP16_FramePolicyInARealBrowser(t *testing.T) {
	ctx := chromium.StartUnraced(t, 8*time.Minute)
	s := newScanStage(t)
	trouble := watch(t, ctx, func(string) bool { return true })
	s.open(t, ctx)
	for _, line := range trouble.lines() {
		t.Errorf("the frame itself: %s", line)
	}
	evil := strings.Replace(s.theirs.URL, "127.0.0.1", "localhost", 1)
	ask[bool](t, ctx, `(document.body.insertAdjacentHTML("beforeend", '<iframe src="`+evil+`/oauth2/auth"></iframe>'), true)`)
	var lines []string
	for len(lines) == 0 && ctx.Err() == nil {
		time.Sleep(10 * time.Millisecond)
		lines = trouble.lines()
	}
	if len(lines) == 0 || !strings.Contains(lines[0], "frame-src") {
		t.Errorf("a foreign frame: %q", lines)
	}
}

// Without script the page says that scanning leads nowhere, and the other ways work.
func TestP17_ScanWithoutScript(t *testing.T) {
	ctx := chromium.StartUnraced(t, 8*time.Minute)
	s := newScanStage(t)
	runScripts(t, ctx, false)
	must(t, chromedp.Do(ctx, chromedp.Navigate(s.ours.URL+"/login/frame"), chromedp.WaitVisible("#no-script")))
	if way := ask[string](t, ctx, `document.querySelector("[data-way=oauth2]").getAttribute("href")`); way != "/login/start?way=oauth2" {
		t.Errorf("the other way leads to %q", way)
	}
}
