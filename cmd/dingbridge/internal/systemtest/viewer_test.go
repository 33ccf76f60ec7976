package systemtest

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/cdproto/target"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	browser "github.com/dingbridge/dingbridge/provider/pages/chromium"
)

// A device is what somebody holds: a screen, and what its browser says of itself.
type device struct {
	name          string
	agent         string // empty: Chromium's own
	width, height int64
	touch         bool
	client        bool // it is DingTalk's client
	dark          bool
}

var devices = []device{
	{name: "desktop", width: 1280, height: 800},
	{name: "phone", dark: true, width: 390, height: 844, touch: true},
	{name: "android", client: true, width: 360, height: 740, touch: true,
		agent: "Mozilla/5.0 (Linux; U; Android 14; zh-CN) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/100.0.4896.58 Mobile Safari/537.36 AliApp(DingTalk/7.6.30) com.alibaba.android.rimet/15213560 Channel/700159 language/zh-CN"},
	{name: "ios", client: true, width: 390, height: 760, touch: true,
		agent: "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/21F79 AliApp(DingTalk/7.8.1) com.laiwang.DingTalk/46766536 Channel/201200 language/zh-Hans-CN UT4Aplus/0.0.6 WK"},
	{name: "windows", client: true, width: 1024, height: 680,
		agent: "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/108.0.5359.125 Safari/537.36 dingtalk-win/1.0.0 nw(0.14.7) DingTalk(7.8.10-Release.250724002) Mojo/1.0.0 Native AppType(release) Channel/201200 Architecture/x86_64"},
	{name: "mac", client: true, dark: true, width: 1100, height: 720,
		agent: "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/112.0 Safari/537.36 AliApp(DingTalk/7.6.45) dingtalk-mac"},
}

// hosts are the only ones that a login may reach. Each is scheme://host:port.
type hosts struct {
	provider string // whose pages are ours
	script   string // address of DingTalk's script
	dingTalk []string
	app      []string
}

// A viewer is somebody with a browser of their own, who notes whatever goes wrong on
// the way: what the console shows, what a policy forbids, what a page of ours loads
// and should not, and what moves on it.
type viewer struct {
	t   *testing.T
	ctx context.Context
	device
	hosts hosts
	tale  page.ScriptIdentifier

	mu      sync.Mutex
	main    cdp.FrameID // of the page itself; others are frames in it
	at      string      // its address
	passed  []string    // paths of our pages, in order
	trouble []string
	pardons []string // what is meant to go wrong
}

// tellTale is in every page before its own scripts: it tells what only a page can see.
// What nobody can see move does not count: a hundredth of what browsers call good.
// FACTOR lets the page's clock run faster, so that nobody has to wait for it.
const tellTale = `(function () {
	function tell(what) { try { window.tellTheTest(what); } catch (gone) {} }
	document.addEventListener("securitypolicyviolation", function (e) { tell("policy: " + e.effectiveDirective + " " + e.blockedURI); });
	if (window !== window.top) return;
	try {
		new PerformanceObserver(function (list) {
			list.getEntries().forEach(function (e) {
				if (!e.hadRecentInput && e.value > .001) tell("shift: " + e.value + " " + e.sources.map(function (s) {
					return s.node ? s.node.nodeName + "#" + s.node.id : "?"; }).join(" "));
			});
		}).observe({type: "layout-shift", buffered: true});
	} catch (without) { tell("no layout-shift: " + without); }
	var real = window.setTimeout;
	window.setTimeout = function (f, ms) { return real.call(window, f, ms / FACTOR); };
})();`

// look gives somebody a device, in a browser that others use too.
func look(t *testing.T, browser context.Context, d device, h hosts) *viewer {
	t.Helper()
	ctx, end := chromedp.NewContext(browser, chromedp.WithNewBrowserContext())
	t.Cleanup(end)
	v := &viewer{t: t, ctx: ctx, device: d, hosts: h}
	v.must(chromedp.Do(ctx))
	v.must(chromedp.Listen(ctx, v.hear))
	command(v, log.Enable, cdp.Empty{})
	command(v, runtime.Enable, cdp.Empty{})
	command(v, network.Enable, network.EnableParams{})
	command(v, runtime.AddBinding, runtime.AddBindingParams{Name: "tellTheTest"})
	v.hurry(1)
	if d.agent != "" {
		command(v, emulation.SetUserAgentOverride, emulation.SetUserAgentOverrideParams{UserAgent: d.agent, AcceptLanguage: "zh-CN,zh;q=0.9"})
	}
	v.scheme(d.dark)
	options := []chromedp.EmulateViewportOption{}
	if d.touch {
		options = append(options, chromedp.EmulateMobile, chromedp.EmulateTouch, chromedp.EmulatePortrait)
	}
	v.must(chromedp.Do(ctx, chromedp.EmulateViewport(d.width, d.height, options...)))
	return v
}

// soon bounds one step: a browser that lost the page it was to answer for stays silent.
func (v *viewer) soon() (context.Context, context.CancelFunc) {
	return context.WithTimeout(v.ctx, patience/2)
}

func command[P, R any](v *viewer, c cdp.Command[P, R], params P) R {
	v.t.Helper()
	ctx, end := v.soon()
	defer end()
	out, err := chromedp.Call(ctx, c, params)
	v.must(err)
	return out
}

// ask is the value of an expression in the page.
func ask[T any](v *viewer, script string) T {
	v.t.Helper()
	ctx, end := v.soon()
	defer end()
	out, err := chromedp.Run(ctx, chromedp.Evaluate[T](script))
	v.must(err)
	return out
}

func (v *viewer) do(what chromedp.Action[chromedp.Void]) {
	v.t.Helper()
	ctx, end := v.soon()
	defer end()
	v.must(chromedp.Do(ctx, what))
}

func (v *viewer) must(err error) {
	v.t.Helper()
	if err != nil {
		v.t.Fatalf("on %s: %v", v.name, err)
	}
}

func (v *viewer) hear(event any) {
	v.mu.Lock()
	defer v.mu.Unlock()
	switch e := event.(type) {
	case *log.EventEntryAdded:
		v.note("%s: %s %s", e.Entry.Level, e.Entry.Text, e.Entry.URL)
	case *runtime.EventConsoleAPICalled:
		v.note("console: %s", e.Type)
	case *runtime.EventExceptionThrown:
		v.note("exception: %s", e.ExceptionDetails.Text)
	case *runtime.EventBindingCalled:
		if strings.HasPrefix(e.Payload, "policy: ") || v.ours(v.at) {
			v.note("%s", e.Payload)
		}
	case *network.EventRequestWillBeSent:
		v.request(e)
	}
}

func (v *viewer) note(format string, args ...any) {
	v.trouble = append(v.trouble, fmt.Sprintf(format, args...)+" at "+v.at)
}

func (v *viewer) ours(address string) bool { return origin(address) == v.hosts.provider }

// request notes where a page goes. Ours load nothing: but for the frame of one, and
// the script of another.
func (v *viewer) request(e *network.EventRequestWillBeSent) {
	to := e.Request.URL
	if strings.HasPrefix(to, "data:") {
		return
	}
	if e.Type == network.ResourceTypeDocument && (v.main == "" || v.main == e.FrameID) {
		v.main, v.at = e.FrameID, to
		if v.ours(to) {
			v.passed = append(v.passed, path(to))
		}
		if !v.ours(to) && !slices.Contains(v.hosts.dingTalk, origin(to)) && !slices.Contains(v.hosts.app, origin(to)) {
			v.note("went to %s", to)
		}
		return
	}
	by := e.DocumentURL                                     // the page before may still be fetching its icon
	if by == "" || e.Type == network.ResourceTypeDocument { // a frame names itself
		by = v.at
	}
	switch {
	case e.Type == network.ResourceTypeDocument && path(v.at) == "/login/frame" && slices.Contains(v.hosts.dingTalk, origin(to)):
	case v.ours(by) && path(by) == "/login/inapp" && to == v.hosts.script:
	case !v.ours(by) && origin(to) == origin(by): // theirs to say
	default:
		v.note("loaded %s %s", e.Type, to)
	}
}

func origin(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return u.Scheme + "://" + u.Host
}

func path(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return u.Path
}

// content fails the test with what went wrong so far, but for what was pardoned.
func (v *viewer) content() {
	v.t.Helper()
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, said := range v.trouble {
		if !slices.ContainsFunc(v.pardons, func(p string) bool { return strings.Contains(said, p) }) {
			v.t.Errorf("on %s: %s", v.name, said)
		}
	}
	v.trouble = nil
}

// pages are the paths of ours that were passed since it was last asked.
func (v *viewer) pages() []string {
	v.mu.Lock()
	defer v.mu.Unlock()
	list := v.passed
	v.passed = nil
	return list
}

// scheme is whether the device asks for dark pages.
func (v *viewer) scheme(dark bool) {
	v.t.Helper()
	value := map[bool]string{true: "dark", false: "light"}[dark]
	command(v, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: value}}})
}

// hurry lets the clocks of the pages to come run faster than ours, or slower.
func (v *viewer) hurry(factor float64) {
	v.t.Helper()
	if v.tale != "" {
		command(v, page.RemoveScriptToEvaluateOnNewDocument, page.RemoveScriptToEvaluateOnNewDocumentParams{Identifier: v.tale})
	}
	v.tale = command(v, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{
		Source: strings.Replace(tellTale, "FACTOR", fmt.Sprint(factor), 1)}).Identifier
}

func (v *viewer) open(address string) {
	v.t.Helper()
	v.do(chromedp.Navigate(address))
}

func (v *viewer) click(selectors ...string) {
	v.t.Helper()
	for _, selector := range selectors {
		ctx, end := v.soon()
		v.must(browser.Click(ctx, selector))
		end()
	}
}

// see waits until something is on the page. A page of ours must then be as pages ought
// to be.
func (v *viewer) see(selector string) {
	v.t.Helper()
	short, end := v.soon()
	defer end()
	if err := chromedp.Do(short, chromedp.WaitVisible(chromedp.CSS(selector))); err != nil {
		ctx, end := v.soon()
		defer end()
		shown, _ := chromedp.Run(ctx, chromedp.Evaluate[string](`location.href + "\n" + document.body.innerText`))
		v.t.Fatalf("on %s: no %s: %v; the browser shows %s; so far %q", v.name, selector, err, shown, v.trouble)
	}
}

func (v *viewer) says(selector string) string {
	v.t.Helper()
	return ask[string](v, `(document.querySelector(`+quoted(selector)+`) || {innerText: ""}).innerText`)
}

func quoted(s string) string { b, _ := json.Marshal(s); return string(b) }

// shows waits for a page of ours, of a kind, and looks at it.
func (v *viewer) shows(kind string) {
	v.t.Helper()
	v.see("main[data-page=" + kind + "]")
	for _, wrong := range v.wrong() {
		v.t.Errorf("%s on %s: %s", kind, v.name, wrong)
	}
}

func (v *viewer) wrong() []string {
	v.t.Helper()
	return ask[[]string](v, strings.Replace(fits, "TOUCH", fmt.Sprint(v.touch), 1))
}

// press goes to a thing with the Tab key, sees that it is there, and presses Enter.
func (v *viewer) press(selector string) {
	v.t.Helper()
	v.reach(selector)
	v.do(chromedp.KeyEvent(kb.Enter))
}

func (v *viewer) reach(selector string) {
	v.t.Helper()
	v.see(selector)
	there := `document.activeElement !== null && document.activeElement.matches(` + quoted(selector) + `)`
	arrives := func() bool { // in a frame of another process the keys are there when they are
		for range 5 {
			if ask[bool](v, there) {
				return true
			}
			time.Sleep(10 * time.Millisecond)
		}
		return false
	}
	for end := time.Now().Add(patience / 2); time.Now().Before(end); {
		v.do(chromedp.KeyEvent(kb.Tab))
		if arrives() {
			if selector != "#frame" && ask[string](v, `getComputedStyle(document.activeElement).outlineStyle`) == "none" {
				v.t.Errorf("on %s nothing shows that the keys are at %s", v.name, selector)
			} // the frame shows it itself
			return
		}
	}
	v.t.Fatalf("on %s the Tab key does not come to %s", v.name, selector)
}

// scan approves in the frame of our page as somebody, with the keys alone: into the
// frame, past the choice of the person, to the button.
func (v *viewer) scan(who string) {
	v.t.Helper()
	v.shows("scan")
	address := ask[string](v, `document.getElementById("frame").src`)
	ctx, end := v.inside(address)
	defer func() { end() }()
	there := func(script string) string {
		short, stop := context.WithTimeout(ctx, patience/10)
		defer stop()
		at, err := chromedp.Run(short, chromedp.Evaluate[string](script))
		if err == nil {
			return at
		}
		if short.Err() != nil { // what was in the frame before the page came is asked in vain
			end()
			ctx, end = v.inside(address)
		}
		return "" // it is still coming
	}
	for range 500 {
		if there(`document.readyState === "complete" && (document.querySelector("select").value = `+quoted(who)+`)`) == who {
			break
		}
		time.Sleep(20 * time.Millisecond)
	}
	v.reach("#frame")
	for range 500 { // it is another process, where keys arrive when they do
		switch there(`document.activeElement.value || document.activeElement.nodeName`) {
		case "approve":
			v.must(chromedp.Do(v.ctx, chromedp.KeyEvent(kb.Enter)))
			return
		case who:
			v.do(chromedp.KeyEvent(kb.Tab))
		case "refuse": // one too many
			v.do(chromedp.KeyEvent(kb.Tab, chromedp.KeyModifiers(chromedp.ModifierShift)))
		}
		time.Sleep(20 * time.Millisecond)
	}
	v.t.Fatalf("on %s the keys do not come to the button in the frame; so far %q", v.name, v.trouble)
}

// inside is the page in the frame of ours. It is of another site, so it is a target of
// its own.
func (v *viewer) inside(address string) (context.Context, func()) {
	v.t.Helper()
	for range 500 {
		short, stop := v.soon()
		list, err := chromedp.CallBrowser(short, target.GetTargets, target.GetTargetsParams{})
		stop()
		v.must(err)
		for _, one := range list.TargetInfos {
			if one.Type == "iframe" && one.URL == address {
				ctx, end := chromedp.NewContext(v.ctx, chromedp.WithTargetID(one.TargetID), chromedp.WithDetachOnCancel())
				late := time.AfterFunc(patience/10, end)
				if err := chromedp.Do(ctx); err == nil && late.Stop() {
					return ctx, end
				}
				end() // it went while we came
			}
		}
		time.Sleep(20 * time.Millisecond)
	}
	v.t.Fatalf("on %s there is no frame of %s", v.name, address)
	return nil, nil
}
