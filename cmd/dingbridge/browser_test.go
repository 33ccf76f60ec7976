package main

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"github.com/dingbridge/dingbridge/provider/pages/chromium"
)

// A visitor looks at pages on a screen as a person would. With
// DINGBRIDGE_SCREENSHOTS=DIR each page that it sees is put there as a picture, in light
// and in dark.
type visitor struct {
	t   *testing.T
	ctx context.Context
	screen
	pictures string
}

type screen struct {
	name          string
	width, height int64
	mobile        bool
}

var (
	desktop = screen{"desktop", 1280, 900, false}
	phone   = screen{"phone", 320, 700, true}
)

// visit makes a visitor who shares a browser's program with others, but no cookie.
// Whatever the browser complains of fails the test.
func visit(t *testing.T, ctx context.Context, on screen) *visitor {
	t.Helper()
	ctx, end := chromedp.NewContext(ctx, chromedp.WithNewBrowserContext())
	t.Cleanup(end)
	must(t, chromedp.Do(ctx))
	v := &visitor{t, ctx, on, os.Getenv("DINGBRIDGE_SCREENSHOTS")}
	must(t, chromedp.Listen(ctx, func(event any) {
		switch e := event.(type) {
		case *log.EventEntryAdded:
			// The simulator has no icon.
			if !strings.HasSuffix(e.Entry.URL, "/favicon.ico") {
				t.Errorf("the browser says: %s %s %s", e.Entry.Level, e.Entry.Text, e.Entry.URL)
			}
		case *runtime.EventConsoleAPICalled:
			t.Errorf("a page writes to the console: %s", e.Type)
		}
	}))
	_, err := chromedp.Call(ctx, log.Enable, cdp.Empty{})
	must(t, err)
	_, err = chromedp.Call(ctx, runtime.Enable, cdp.Empty{})
	must(t, err)
	options := []chromedp.EmulateViewportOption{}
	if on.mobile {
		options = append(options, chromedp.EmulateMobile, chromedp.EmulateTouch, chromedp.EmulatePortrait)
	}
	must(t, chromedp.Do(ctx, chromedp.EmulateViewport(on.width, on.height, options...)))
	return v
}

func (v *visitor) open(url string) {
	v.t.Helper()
	must(v.t, chromedp.Do(v.ctx, chromedp.Navigate(url)))
}

func (v *visitor) click(selectors ...string) {
	v.t.Helper()
	for _, selector := range selectors {
		must(v.t, chromium.Click(v.ctx, selector))
	}
}

// see waits for what is on the page that is expected, and takes the picture.
func (v *visitor) see(name, wait string) {
	v.t.Helper()
	short, end := context.WithTimeout(v.ctx, 2*time.Minute)
	defer end()
	if err := chromedp.Do(short, chromedp.WaitVisible(chromedp.CSS(wait))); err != nil {
		page, _ := chromedp.Run(v.ctx, chromedp.Evaluate[string](`location.href + "\n" + document.body.innerText`))
		v.t.Fatalf("%s on %s: %v; the browser shows %s", name, v.name, err, page)
	}
	for range 200 { // the style sheet comes by itself, and what is visible before it has another width
		state, err := chromedp.Run(short, chromedp.Evaluate[string](`document.readyState`))
		must(v.t, err)
		if state == "complete" {
			break
		}
		time.Sleep(20 * time.Millisecond)
	}
	over, err := chromedp.Run(v.ctx, chromedp.Evaluate[float64](`document.documentElement.scrollWidth - document.documentElement.clientWidth`))
	must(v.t, err)
	if over > 0 {
		v.t.Errorf("%s on %s scrolls sideways by %v px", name, v.name, over)
	}
	if v.pictures == "" {
		return
	}
	for _, scheme := range []string{"dark", "light"} {
		_, err := chromedp.Call(v.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}})
		must(v.t, err)
		png, err := chromedp.Run(v.ctx, chromedp.FullScreenshot(100))
		must(v.t, err)
		must(v.t, os.WriteFile(filepath.Join(v.pictures, "demo-"+v.name+"-"+name+"-"+scheme+".png"), png, 0o644))
	}
}

// revisit opens a page again until it shows what comes by another way than the browser.
func (v *visitor) revisit(url, name, wait string) {
	v.t.Helper()
	for range 100 {
		v.open(url)
		there, err := chromedp.Run(v.ctx, chromedp.Evaluate[bool](`!!document.querySelector(`+quoted(wait)+`)`))
		must(v.t, err)
		if there {
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	v.see(name, wait)
}

func (v *visitor) says(selector, want string) {
	v.t.Helper()
	got, err := chromedp.Run(v.ctx, chromedp.Evaluate[string](`document.querySelector(`+quoted(selector)+`).innerText`))
	must(v.t, err)
	if want != "" && got != want || got == "" {
		v.t.Errorf("on %s, %s says %q, not %q", v.name, selector, got, want)
	}
}

func quoted(s string) string { b, _ := json.Marshal(s); return string(b) }

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
