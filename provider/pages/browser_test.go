package pages

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"github.com/dingbridge/dingbridge/provider/pages/chromium"
)

// A watcher notes whatever the browser complains of or asks for unbidden.
type watcher struct {
	lock  sync.Mutex
	noted []string
}

func (w *watcher) note(format string, args ...any) {
	w.lock.Lock()
	defer w.lock.Unlock()
	w.noted = append(w.noted, fmt.Sprintf(format, args...))
}

// lines hands over what was noted since it was last called.
func (w *watcher) lines() []string {
	w.lock.Lock()
	defer w.lock.Unlock()
	lines := w.noted
	w.noted = nil
	return lines
}

func watch(t *testing.T, ctx context.Context, bidden func(url string) bool) *watcher {
	t.Helper()
	w := &watcher{}
	must(t, chromedp.Listen(ctx, func(event any) {
		switch e := event.(type) {
		case *log.EventEntryAdded:
			w.note("log: %s %s", e.Entry.Level, e.Entry.Text)
		case *runtime.EventConsoleAPICalled:
			w.note("console: %s", e.Type)
		case *network.EventRequestWillBeSent:
			if url := e.Request.URL; !strings.HasPrefix(url, "data:") && !bidden(url) {
				w.note("request: %s", url)
			}
		}
	}))
	call(t, ctx, log.Enable, cdp.Empty{})
	call(t, ctx, network.Enable, network.EnableParams{})
	call(t, ctx, runtime.Enable, cdp.Empty{})
	return w
}

var screens = []struct {
	name          string
	width, height int64
	mobile        bool
}{{"desktop", 1280, 800, false}, {"phone", 320, 568, true}}

// With DINGBRIDGE_SCREENSHOTS=DIR every page is also put there as a picture, in
// light and in dark, to be looked at.
func TestP12_InARealBrowser(t *testing.T) {
	pictures := os.Getenv("DINGBRIDGE_SCREENSHOTS")
	ctx := chromium.StartUnraced(t, 10*time.Minute)
	withLogo := theirs
	withLogo.Logo = []byte(logo)
	both := map[string]*Pages{English: newPages(t, theirs), Chinese: newPages(t, withLogo)}
	var page Page
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/page" {
			t.Errorf("the browser asked for %s", r.URL.Path)
			http.NotFound(w, r)
			return
		}
		both[page.Lang].Write(w, r, http.StatusOK, page)
	}))
	defer server.Close()

	dingTalk := newDingTalk(t)
	trouble := watch(t, ctx, func(url string) bool { return url == server.URL+"/page" || strings.HasPrefix(url, dingTalk.URL+"/") })
	for _, screen := range screens {
		options := []chromedp.EmulateViewportOption{}
		if screen.mobile {
			options = append(options, chromedp.EmulateMobile, chromedp.EmulateTouch, chromedp.EmulatePortrait)
		}
		must(t, chromedp.Do(ctx, chromedp.EmulateViewport(screen.width, screen.height, options...)))
		for _, kind := range Kinds() {
			for _, lang := range []string{English, Chinese} {
				if lang == Chinese && !screen.mobile && pictures == "" {
					continue // nothing that the narrow one does not show
				}
				name := fmt.Sprintf("%s-%s-%s", kind, lang, screen.name)
				page = dingTalk.in(wide(kind, lang), server.URL)
				// The page that goes on by itself must stay to be looked at.
				call(t, ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: kind == FormPost})
				must(t, chromedp.Do(ctx, chromedp.Navigate(server.URL+"/page")))
				seen := ask[struct {
					Over   float64 `json:"over"`
					Corner string  `json:"corner"`
				}](t, ctx, `((document.querySelector('details') || {}).open = true, {
					over: document.documentElement.scrollWidth - document.documentElement.clientWidth,
					corner: getComputedStyle(document.querySelector('main')).borderRadius})`)
				if seen.Over > 0 {
					t.Errorf("%s scrolls sideways by %v px", name, seen.Over)
				}
				if screen.mobile {
					must(t, chromedp.Do(ctx, chromedp.EmulateViewport(390, 844, options...)))
					if over := ask[float64](t, ctx, `document.documentElement.scrollWidth - document.documentElement.clientWidth`); over > 0 {
						t.Errorf("%s at 390 px scrolls sideways by %v px", name, over)
					}
					must(t, chromedp.Do(ctx, chromedp.EmulateViewport(screen.width, screen.height, options...)))
				}
				if seen.Corner == "0px" {
					t.Errorf("%s: the style sheet was not let in", name)
				}
				for _, line := range trouble.lines() {
					t.Errorf("%s: %s", name, line)
				}
				if pictures != "" {
					photograph(t, ctx, filepath.Join(pictures, name), server.URL+"/page", func() { page = dingTalk.in(usual(kind, lang), server.URL) })
				}
			}
		}
	}
}

// wide is a page whose values are as long as they can be, without a gap to break at.
func wide(kind Kind, lang string) Page {
	long := strings.Repeat("W", 300)
	return Page{Kind: kind, Lang: lang, ClientName: long, Account: long, Permission: long, Contact: long,
		RetryURL: "/page?" + long, RequestID: long, Form: formFor(kind), ContinueURL: "/page?" + long,
		Scopes: []string{"profile", long, "groups"}, UserCode: long, WrongCode: true, DeviceAddress: long,
		Overview: longOverview(kind, long), Begun: time.Now().Add(-time.Hour), Organisation: long, Choices: []Choice{{"/page", long, "frame"}, {"/page?2", "2" + long, "oauth2"}, {"/page?3", "", "sns"}}}
}

// longOverview is evilOverview for the kind that has one.
func longOverview(kind Kind, long string) *Overview {
	if kind != SignedIn {
		return nil
	}
	return evilOverview(long)
}

// A dingTalk stands for DingTalk's login host, with its frame, and for the host of
// its script.
type dingTalk struct{ *httptest.Server }

func newDingTalk(t *testing.T) dingTalk {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/oauth2/auth":
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			_, _ = io.WriteString(w, qrCode)
		case "/dingtalk.open.js":
			w.Header().Set("Content-Type", "text/javascript")
			_, _ = io.WriteString(w, "window.dd = {requestAuthCode: function () {}};") // never answers
		default:
			t.Errorf("DingTalk was asked for %s", r.URL.Path)
			http.NotFound(w, r)
		}
	}))
	t.Cleanup(server.Close)
	return dingTalk{server}
}

// in makes the page one that this DingTalk answers.
func (d dingTalk) in(page Page, ours string) Page {
	need := needed(page.Kind)
	page.Frame, page.InApp = need.Frame, need.InApp
	if page.Frame != nil {
		page.Frame.Origin, page.Frame.URL = d.URL, d.URL+"/oauth2/auth?iframe=true&state=a.b"
		page.Frame.Callback, page.Frame.ReloadURL = ours+"/login/callback", "/page"
	}
	if page.InApp != nil {
		page.InApp.ScriptURL, page.InApp.FallbackURL, page.InApp.HomeURL = d.URL+"/dingtalk.open.js", "/page", "https://app.example.com/"
		page.InApp.Seconds, page.InApp.Tap = 3600, page.Lang == Chinese
	}
	return page
}

// qrCode is what stands in the frame: of the size of DingTalk's, and nothing more like it.
const qrCode = `<!DOCTYPE html><html lang="zh"><title>QR</title><link rel="icon" href="data:,">
<body style="margin:0;display:grid;place-items:center;height:100vh;background:#fff"><svg width="210" height="210" viewBox="0 0 21 21" shape-rendering="crispEdges">
<path d="M0 0h7v7h-7zM14 0h7v7h-7zM0 14h7v7h-7zM9 0h1v3h2v2h-3zM9 7h3v1h2v2h-4v2h-1zM0 9h3v1h2v2h-5zM12 12h2v2h3v1h2v-3h2v4h-3v2h3v3h-2v-2h-3v1h-2v1h-3v-5h1zM9 14h2v3h-1v4h-1z"/>
<path fill="#fff" d="M1 1h5v5h-5zM15 1h5v5h-5zM1 15h5v5h-5z"/><path d="M2 2h3v3h-3zM16 2h3v3h-3zM2 16h3v3h-3z"/></svg>`

// usual is a page such as people meet.
func usual(kind Kind, lang string) Page {
	page := full(kind, lang)
	page.Begun = time.Now().Add(-3 * time.Minute)
	page.WrongCode = lang == English
	if page.Overview != nil {
		page.Organisation = "云杉示例科技"
		for i := range page.Overview.Sessions {
			s := &page.Overview.Sessions[i]
			s.Began, s.Used = time.Now().Add(-time.Duration(i*30+3)*time.Hour), time.Now().Add(-time.Duration(i*90)*time.Minute)
		}
	}
	if kind != PermissionMissing {
		page.Permission = ""
	}
	if text := tongues[lang].texts[kind]; text.button == "" && kind.Status() == http.StatusOK {
		page.RetryURL = ""
	}
	if kind != SignOut && kind != SignedOut && kind != SignedOutEverywhere && kind != SignedIn {
		page.ContinueURL = ""
	}
	switch kind {
	case ChooseWay, Scan, InApp, SignedIn, SignOut, DeviceCode:
		page.Account, page.RequestID = "", ""
		page.SwitchURL = "/page"
	}
	if kind == Scan || kind == ChooseWay && lang == Chinese {
		page.Choices = page.Choices[1:4]
	}
	return page
}

// logo is a picture as an operator may have one, of dark strokes on nothing.
const logo = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 96 32"><path d="M16 2l9 13h-5l7 13H5l7-13H7z" fill="#14532d"/><path d="M38 22V10h12v12zM56 10v12h12M76 10h12v6H76v6h12" fill="none" stroke="#1f2937" stroke-width="3"/></svg>`

func photograph(t *testing.T, ctx context.Context, path, url string, set func()) {
	t.Helper()
	set()
	for _, scheme := range []string{"light", "dark"} {
		call(t, ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}})
		must(t, chromedp.Do(ctx, chromedp.Navigate(url)))
		png, err := chromedp.Run(ctx, chromedp.FullScreenshot(100))
		must(t, err)
		must(t, os.WriteFile(path+"-"+scheme+".png", png, 0o644))
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func call[P, R any](t *testing.T, ctx context.Context, command cdp.Command[P, R], params P) {
	t.Helper()
	_, err := chromedp.Call(ctx, command, params)
	must(t, err)
}

func ask[T any](t *testing.T, ctx context.Context, script string) T {
	t.Helper()
	v, err := chromedp.Run(ctx, chromedp.Evaluate[T](script))
	must(t, err)
	return v
}
