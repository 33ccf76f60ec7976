package simulator

import (
	"context"
	"encoding/json"
	"fmt"
	"html"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"github.com/dingbridge/dingbridge/provider/pages/chromium"
)

// A host is a page of the relying party, as strict as that one is, in a
// browser that a test looks with.
type host struct {
	t    *testing.T
	ctx  context.Context
	url  string
	page string // HTML of the body
	csp  string
}

func look(t *testing.T) *host {
	h := &host{t: t, ctx: chromium.StartUnraced(t, 8*time.Minute)}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Security-Policy", h.csp)
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprintf(w, "<!DOCTYPE html><html><head><link rel=icon href=data:,></head><body>%s</body></html>", h.page)
	}))
	t.Cleanup(srv.Close)
	h.url = srv.URL
	return h
}

func (h *host) do(act chromedp.Action[chromedp.Void]) {
	h.t.Helper()
	if err := chromedp.Do(h.ctx, act); err != nil {
		h.t.Fatal(err)
	}
}

// told waits until the page has written n results and returns them.
func (h *host) told(n int) (results []any) {
	h.t.Helper()
	for {
		text, err := chromedp.Run(h.ctx, chromedp.Evaluate[string](`JSON.stringify(window.told || [])`))
		if err != nil {
			h.t.Fatalf("%v; so far %v", err, results)
		}
		if err := json.Unmarshal([]byte(text), &results); err != nil {
			h.t.Fatal(err)
		}
		if len(results) >= n {
			return results
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// otherOrigin is address as another origin of this machine names it.
func otherOrigin(t *testing.T, address string) string {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(u.Host)
	u.Host = "localhost:" + port
	return u.String()
}

func TestM25_FrameInABrowser(t *testing.T) {
	h := look(t)
	g := start(t, Config{})
	g.must(g.AddRedirectURLs(h.url))
	h.csp = "default-src 'none'; script-src 'unsafe-inline'; img-src data:; frame-src " + g.url
	frame := g.url + g.authorize("iframe", "true", "redirect_uri", h.url+"/cb")
	h.page = `<script>window.told = []; addEventListener('message', function (e) { told.push([e.origin, e.source === frames[0], e.data]); });</script>
<iframe width=300 height=300 src="` + html.EscapeString(frame) + `"></iframe>`
	check := func(results []any) {
		t.Helper()
		for _, one := range results {
			got := one.([]any)
			data, _ := got[2].(m)
			to, _ := data["redirectUrl"].(string)
			if got[0] != g.url || got[1] != true || data["success"] != true || !strings.HasPrefix(to, h.url+"/cb?code=") {
				t.Errorf("the page was told %v", got)
			}
		}
	}
	g.must(g.ApproveAs("zhangsan"))
	h.do(chromedp.Navigate(h.url))
	check(h.told(1))

	g.must(g.Fault(Fault{Call: "auth", Kind: "twice"}))
	h.do(chromedp.Navigate(h.url))
	check(h.told(2))

	// A page of another origin than redirect_uri is told nothing: the next
	// message, which does reach it, is the first.
	h.csp = strings.Replace(h.csp, "frame-src", "frame-src data:", 1)
	h.page += `<iframe src="data:text/html,<script>onload=function(){setTimeout(function(){parent.postMessage('after','*')},500)}</script>"></iframe>`
	h.do(chromedp.Navigate(otherOrigin(t, h.url)))
	for _, one := range h.told(1) {
		if got := one.([]any); got[2] != "after" {
			t.Errorf("a foreign page was told %v", got)
		}
	}

	// By hand, in the frame itself.
	g.must(g.ApproveAs(""))
	h.do(chromedp.EmulateViewport(300, 300)) // DingTalk's own script makes the frame so large
	h.do(chromedp.Navigate(frame))
	fits, err := chromedp.Run(h.ctx, chromedp.Evaluate[bool](`document.querySelector('svg').getBoundingClientRect().width > 90 && document.querySelector('button').getBoundingClientRect().bottom <= 300`))
	if err != nil || !fits {
		t.Errorf("the frame lacks its picture or its buttons: %v", err)
	}
	if err := chromium.Click(h.ctx, `button[value="approve"]`); err != nil {
		t.Fatal(err)
	}
	for {
		text, err := chromedp.Run(h.ctx, chromedp.Evaluate[string](`(document.querySelector('#result') || {innerText: ''}).innerText`))
		if err != nil {
			t.Fatal(err)
		}
		if text != "" {
			break
		}
		time.Sleep(20 * time.Millisecond)
	}
}

func TestM28_ScriptInABrowser(t *testing.T) {
	h := look(t)
	g := start(t, Config{As: "lisi"})
	g.must(g.AddRedirectURLs(h.url))
	h.csp = "default-src 'none'; script-src 'unsafe-inline' " + g.url + "; img-src data:"
	h.page = `<script>window.told = []; addEventListener('error', function () { told.push('error'); }, true);
addEventListener('unhandledrejection', function () { told.push('unhandled'); });</script>
<script src="` + g.url + `/dingding/dingtalk-jsapi/3.1.0/dingtalk.open.js"></script>
<script>
function ask(how, corpId, clientId) {
  var call = how === 'old' ? dd.runtime.permission.requestAuthCode : dd.requestAuthCode;
  var p = call({corpId: corpId, clientId: clientId,
    onSuccess: function (r) { told.push(['success', r]); }, onFail: function (e) { told.push(['fail', e]); }});
  p.then(function (r) { told.push(['then', r]); }, function (e) { told.push(['catch', e instanceof Error ? 'Error' : e]); });
}
</script>`
	agent := func(ua string) {
		t.Helper()
		if _, err := chromedp.Call(h.ctx, emulation.SetUserAgentOverride, emulation.SetUserAgentOverrideParams{UserAgent: ua}); err != nil {
			t.Fatal(err)
		}
	}
	ask := func(how, corpID, clientID string) []any {
		t.Helper()
		h.do(chromedp.Navigate(h.url))
		if _, err := chromedp.Run(h.ctx, chromedp.Evaluate[string](fmt.Sprintf(`ask(%q, %q, %q), ''`, how, corpID, clientID))); err != nil {
			t.Fatal(err)
		}
		if strings.Contains(how, "outside") {
			return h.told(1)
		}
		return h.told(2)
	}
	platform := func() string {
		p, err := chromedp.Run(h.ctx, chromedp.Evaluate[string](`dd.env.platform`))
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	for _, ua := range []struct{ agent, platform string }{
		{clientAgent, "ios"},
		{"Mozilla/5.0 (Linux; Android 14) AliApp(DingTalk/7.6.30) com.alibaba.android.rimet/15213560 language/zh-CN", "android"},
		{"Mozilla/5.0 (Windows NT 10.0) Chrome/108.0.5359.125 Safari/537.36 dingtalk-win/1.0.0 nw(0.14.7) DingTalk(7.8.10-Release.250724002)", "pc"},
	} {
		agent(ua.agent)
		for _, how := range []string{"new", "old"} {
			got := ask(how, g.CorpID(), g.id)
			code, _ := got[0].([]any)[1].(m)["code"].(string)
			equal(t, got, []any{[]any{"success", m{"code": code}}, []any{"then", m{"code": code}}})
			who := g.top("v2/user/getuserinfo", m{"code": code}).json(t)["result"]
			equal(t, who.(m)["userid"], "lisi")
			exact(t, g.top("v2/user/getuserinfo", m{"code": code}), 200, inAppNotFound)
		}
		equal(t, platform(), ua.platform)
	}
	fails := func(name string, got []any, code, text string) {
		t.Helper()
		e := m{"errorCode": code, "errorMessage": text}
		if want := []any{[]any{"fail", e}, []any{"catch", e}}; string(encode(got)) != string(encode(want)) {
			t.Errorf("%s: %v", name, got)
		}
	}
	const foreign = "对应企业没有127.0.0.1域名微应用"
	fails("wrong corp", ask("new", "ding0000000000000000", g.id), "3", foreign)
	fails("wrong app", ask("new", g.CorpID(), "ding0000000000000000"), "3", foreign)
	fails("wrong corp, old call", ask("old", "ding0000000000000000", ""), "3", foreign)
	g.must(g.Fault(Fault{Call: "jsapi", Kind: "jsapi-fail", Code: "9", Message: "no"}))
	fails("fault", ask("new", g.CorpID(), g.id), "9", "no")
	agent("Mozilla/5.0 (Linux; Android 9) AliApp(DingTalk/6.0.30) com.alibaba.android.rimet/1 language/zh-CN")
	fails("a client too old", ask("new", g.CorpID(), g.id), "1", "the client does not know this call")

	registered := h.url
	h.url = otherOrigin(t, h.url)
	agent(clientAgent)
	fails("a page that is not registered", ask("new", g.CorpID(), g.id), "3", "对应企业没有localhost域名微应用")
	g.RegisterLoopback()
	if got := ask("new", g.CorpID(), g.id); got[0].([]any)[0] != "success" {
		t.Errorf("a page of this machine: %v", got)
	}
	h.url = registered

	agent("Mozilla/5.0 (X11; Linux x86_64) Chrome/140.0.0.0 Safari/537.36")
	equal(t, ask("new outside", g.CorpID(), g.id), []any{[]any{"catch", "Error"}})
	equal(t, platform(), "notInDingTalk")
	g.must(g.SetVariants(map[string]string{clientCheck: "any"}))
	if got := ask("new", g.CorpID(), g.id); got[0].([]any)[0] != "success" || platform() != "pc" {
		t.Errorf("any browser: %v", got)
	}

	// Faults of the script itself.
	evaluate := func(script string) string {
		t.Helper()
		text, err := chromedp.Run(h.ctx, chromedp.Evaluate[string](script))
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	for kind, want := range map[string]string{"truncated": `["error"] undefined`, "404": `["error"] undefined`, "jsapi-old": `[] object undefined`} {
		g.must(g.Fault(Fault{Call: "jsapi", Kind: kind}))
		h.do(chromedp.Navigate(h.url))
		if got := evaluate(`JSON.stringify(told) + ' ' + typeof dd + (window.dd ? ' ' + typeof dd.requestAuthCode : '')`); got != want {
			t.Errorf("%s: %s", kind, got)
		}
	}
	g.must(g.Fault(Fault{Call: "jsapi", Kind: "jsapi-silent"}))
	h.do(chromedp.Navigate(h.url))
	// What comes last of two calls that take the same way shows that the first never comes.
	evaluate(fmt.Sprintf(`ask('new', %q, %q), setTimeout(function () { told.push('later') }, 200), ''`, g.CorpID(), g.id))
	equal(t, h.told(1), []any{"later"})
	g.must(g.Fault(Fault{Call: "jsapi", Kind: "jsapi-throws"}))
	h.do(chromedp.Navigate(h.url))
	if _, err := chromedp.Run(h.ctx, chromedp.Evaluate[string](`ask('new'), ''`)); err == nil {
		t.Error("the broken client did not throw")
	}
	g.must(g.Fault(Fault{Call: "jsapi", Kind: "jsapi-wrong-code"}))
	got := ask("new", g.CorpID(), g.id)
	exact(t, g.top("v2/user/getuserinfo", m{"code": got[0].([]any)[1].(m)["code"]}), 200, inAppNotFound)
}
