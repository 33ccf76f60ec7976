package systemtest

import (
	"context"
	"encoding/json"
	"fmt"
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

	browser "github.com/dingbridge/dingbridge/provider/pages/chromium"
)

// screens are those on which the demo must look well.
var screens = []struct {
	name          string
	width, height int64
	mobile        bool
}{{"desktop", 1280, 800, false}, {"phone", 390, 844, true}}

// A chromium is a real browser without a window.
type chromium struct {
	t        *testing.T
	ctx      context.Context
	screen   string
	pictures string // a folder, or empty

	mu      sync.Mutex
	trouble []string
}

func newChromium(t *testing.T) *chromium {
	t.Helper()
	ctx := browser.Start(t, 15*time.Minute)
	c := &chromium{t: t, ctx: ctx, pictures: os.Getenv("DINGBRIDGE_SCREENSHOTS")}
	c.must(chromedp.Listen(ctx, c.hear))
	_, err := chromedp.Call(ctx, log.Enable, cdp.Empty{})
	c.must(err)
	_, err = chromedp.Call(ctx, runtime.Enable, cdp.Empty{})
	c.must(err)
	return c
}

// hear notes what a developer would see in the console.
func (c *chromium) hear(event any) {
	said := ""
	switch e := event.(type) {
	case *log.EventEntryAdded:
		// An error page is answered with an error.
		if strings.Contains(e.Entry.Text, "status of 403") {
			return
		}
		said = fmt.Sprintf("%s: %s %s", e.Entry.Level, e.Entry.Text, e.Entry.URL)
	case *runtime.EventConsoleAPICalled:
		said = "console: " + fmt.Sprint(e.Type)
	case *runtime.EventExceptionThrown:
		said = "exception"
	default:
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.trouble = append(c.trouble, said)
}

func (c *chromium) must(err error) {
	c.t.Helper()
	if err != nil {
		c.t.Fatal(err)
	}
}

func (c *chromium) open(address string) {
	c.t.Helper()
	c.must(chromedp.Do(c.ctx, chromedp.Navigate(address)))
}

func (c *chromium) click(selector string) {
	c.t.Helper()
	short, end := context.WithTimeout(c.ctx, patience/2)
	defer end()
	c.must(browser.Click(short, selector))
}

// says is the text of an element.
func (c *chromium) says(selector string) string {
	c.t.Helper()
	quoted, _ := json.Marshal(selector)
	text, err := chromedp.Run(c.ctx, chromedp.Evaluate[string](`(document.querySelector(`+string(quoted)+`) || {innerText: ""}).innerText`))
	c.must(err)
	return text
}

// look waits for a page, which must not scroll sideways and about which the browser
// must not complain, and takes its picture.
func (c *chromium) look(name, wait string) {
	c.t.Helper()
	short, end := context.WithTimeout(c.ctx, patience/2)
	defer end()
	if err := chromedp.Do(short, chromedp.WaitVisible(chromedp.CSS(wait))); err != nil {
		page, _ := chromedp.Run(c.ctx, chromedp.Evaluate[string](`location.href + "\n" + document.body.innerText`))
		c.t.Fatalf("%s on %s: %v; the browser shows %s", name, c.screen, err, page)
	}
	for range 200 { // the style sheet comes by itself, and what is visible before it has another width
		state, err := chromedp.Run(short, chromedp.Evaluate[string](`document.readyState`))
		if err != nil {
			c.t.Fatal(err)
		}
		if state == "complete" {
			break
		}
		time.Sleep(20 * time.Millisecond)
	}
	over, err := chromedp.Run(c.ctx, chromedp.Evaluate[float64](`document.documentElement.scrollWidth - document.documentElement.clientWidth`))
	c.must(err)
	if over > 0 {
		c.t.Errorf("%s on %s scrolls sideways by %v px", name, c.screen, over)
	}
	c.mu.Lock()
	for _, said := range c.trouble {
		c.t.Errorf("%s on %s: %s", name, c.screen, said)
	}
	c.trouble = nil
	c.mu.Unlock()
	if c.pictures == "" {
		return
	}
	for _, scheme := range []string{"light", "dark"} {
		_, err := chromedp.Call(c.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}})
		c.must(err)
		png, err := chromedp.Run(c.ctx, chromedp.FullScreenshot(100))
		c.must(err)
		c.must(os.WriteFile(filepath.Join(c.pictures, "demo-"+c.screen+"-"+name+"-"+scheme+".png"), png, 0o644))
	}
}

// TestE6_TheDemoInARealBrowser does what the first page of the manual says. With
// DINGBRIDGE_SCREENSHOTS=DIR every page is put there as pictures, to be looked at.
func TestE6_TheDemoInARealBrowser(t *testing.T) {
	c := newChromium(t)
	folder := t.TempDir()
	demo, err := launch(t, folder, nil, "demo", "--listen", "127.0.0.1:0", "--simulator-listen", "127.0.0.1:0", "--app-listen", "127.0.0.1:0")
	c.must(err)
	_, err = demo.ready()
	c.must(err)
	app, simulated := addresses(t, demo)
	for _, screen := range screens {
		c.screen = screen.name
		options := []chromedp.EmulateViewportOption{}
		if screen.mobile {
			options = append(options, chromedp.EmulateMobile, chromedp.EmulateTouch, chromedp.EmulatePortrait)
		}
		c.must(chromedp.Do(c.ctx, chromedp.EmulateViewport(screen.width, screen.height, options...)))
		c.visit(app, simulated)
		_, err := chromedp.Call(c.ctx, network.ClearBrowserCookies, cdp.Empty{})
		c.must(err)
	}
	if code, err := demo.stop(); code != 0 || err != nil {
		t.Errorf("the demo ended with %d, %v", code, err)
	}
}

// visit is one person's way through the demo.
func (c *chromium) visit(app, simulated string) {
	t := c.t
	t.Helper()
	c.open(app + "/")
	c.look("1-start", "#login")
	c.click("#login")
	c.look("2-dingtalk", "button.yes")
	c.click(`input[value="zhangsan"]`)
	c.click("button.yes")
	c.look("3-logged-in", "body.first #nick")
	if c.says("#nick") != "三哥" {
		t.Errorf("the nick is %q", c.says("#nick"))
	}
	for _, claim := range []string{"preferred_username", "san.zhang@corp.example.cn", "groups", "auth_time", "张三"} {
		if !strings.Contains(c.says("main"), claim) {
			t.Errorf("the page does not show %s", claim)
		}
	}
	c.click("#refresh")
	c.look("4-refreshed", "body.first tr.new")
	if c.says("#refreshes") != "1" || c.says("#nick") != "三哥" {
		t.Errorf("after the refresh: %q times, %q", c.says("#refreshes"), c.says("#nick"))
	}
	logins := asked(t, simulated)
	c.click("#other")
	c.look("5-second", "body.second #nick")
	if c.says("#nick") != "三哥" || asked(t, simulated) != logins {
		t.Errorf("the second app says %q; DingTalk was asked %d times more", c.says("#nick"), asked(t, simulated)-logins)
	}
	_, err := chromedp.Call(c.ctx, network.ClearBrowserCookies, cdp.Empty{})
	c.must(err)
	c.open(app + "/login")
	c.look("6-dingtalk-again", "button.yes")
	c.click(`input[value="outsider"]`)
	c.click("button.yes")
	c.look("7-outsider", `main[data-page="outsider"]`)
	_, err = chromedp.Call(c.ctx, network.ClearBrowserCookies, cdp.Empty{})
	c.must(err)
	c.open(app + "/login")
	c.look("8-dingtalk-again", "button.yes")
	c.click(`button[value="refuse"]`)
	c.look("9-refused", "body.first .failure")
	if !strings.Contains(c.says(".reason"), "access_denied") {
		t.Errorf("after a refusal the app says %q", c.says("main"))
	}
}

// addresses are the app's and the simulator's, as the demo's log tells a person.
func addresses(t *testing.T, demo *process) (app, simulated string) {
	t.Helper()
	for line := range strings.Lines(demo.log()) {
		var told struct{ App, Simulator string }
		if json.Unmarshal([]byte(line), &told) == nil && told.App != "" {
			return told.App, told.Simulator
		}
	}
	t.Fatalf("the demo does not tell where it is:\n%s", demo.log())
	return "", ""
}

// asked is how often DingTalk's login page was called.
func asked(t *testing.T, simulated string) int {
	t.Helper()
	s, err := newPerson().get(t.Context(), simulated+"/control/log?call=auth")
	if err != nil {
		t.Fatal(err)
	}
	var told struct{ Calls []json.RawMessage }
	if err := json.Unmarshal([]byte(s.body), &told); err != nil {
		t.Fatal(err)
	}
	return len(told.Calls)
}
