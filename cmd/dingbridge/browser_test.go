package main

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
)

// browser starts a Chromium without a window, or leaves the test out.
func browser(t *testing.T) context.Context {
	t.Helper()
	path := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "headless-shell"} {
		if found, err := exec.LookPath(name); err == nil {
			path = found
			break
		}
	}
	if path == "" {
		if os.Getenv("DINGBRIDGE_REQUIRE_ALL") == "1" {
			t.Fatal("no chromium, and DINGBRIDGE_REQUIRE_ALL=1")
		}
		t.Skip("suite left out: browser (no chromium)")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox,
		chromedp.DisableGPU, chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("disable-component-update", true), chromedp.Flag("hide-scrollbars", true))
	ctx, end := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(end)
	ctx, end = chromedp.NewContext(ctx)
	t.Cleanup(end)
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("start the browser: %v", err)
	}
	ctx, end = context.WithTimeout(ctx, 2*time.Minute)
	t.Cleanup(end)
	return ctx
}

// demoURL runs the demo on free ports for as long as the test, and returns the
// app's address.
func demoURL(t *testing.T) string {
	t.Helper()
	before := slog.Default()
	t.Cleanup(func() { slog.SetDefault(before) })
	ctx, stop := context.WithCancel(t.Context())
	logs, logsTo := io.Pipe()
	d := demonstration{listen: "127.0.0.1:0", simulatorListen: "127.0.0.1:0", appListen: "127.0.0.1:0", logLevel: "info"}
	var running sync.WaitGroup
	running.Go(func() {
		if err := d.run(ctx, io.Discard, logsTo); err != nil {
			t.Error(err)
		}
		logsTo.Close()
	})
	app := make(chan string, 1)
	running.Go(func() {
		defer close(app)
		for lines := bufio.NewScanner(logs); lines.Scan(); {
			var line struct{ App string }
			if json.Unmarshal(lines.Bytes(), &line) == nil && line.App != "" {
				app <- line.App
			}
		}
	})
	t.Cleanup(func() { stop(); running.Wait() })
	url, ok := <-app
	if !ok {
		t.Fatal("the demo does not begin")
	}
	return url
}

// TestDemoInARealBrowser goes through the demo as its reader will: log in as a
// person of the company, look, refresh, go to the second app without DingTalk, log
// out. With DINGBRIDGE_SCREENSHOTS=DIR each page is put there as a picture.
func TestDemoInARealBrowser(t *testing.T) {
	ctx := browser(t)
	app := demoURL(t)
	pictures := os.Getenv("DINGBRIDGE_SCREENSHOTS")
	var lock sync.Mutex
	must(t, chromedp.Listen(ctx, func(event any) {
		lock.Lock()
		defer lock.Unlock()
		// The pictures of the simulated company are not on the network, and the
		// simulator has no icon.
		if e, ok := event.(*log.EventEntryAdded); ok && !strings.Contains(e.Entry.URL, "static-legacy.dingtalk.com") &&
			!strings.HasSuffix(e.Entry.URL, "/favicon.ico") {
			t.Errorf("the browser says: %s %s %s", e.Entry.Level, e.Entry.Text, e.Entry.URL)
		}
	}))
	_, err := chromedp.Call(ctx, log.Enable, cdp.Empty{})
	must(t, err)
	for _, screen := range []struct {
		name          string
		width, height int64
		who           string // clicked on the simulator's page
		nick          string
		mobile        bool
	}{{"desktop", 1280, 900, "zhangsan", "三哥", false}, {"phone", 320, 700, "zhangsan2", "", true}} {
		options := []chromedp.EmulateViewportOption{}
		if screen.mobile {
			options = append(options, chromedp.EmulateMobile, chromedp.EmulateTouch, chromedp.EmulatePortrait)
		}
		must(t, chromedp.Do(ctx, chromedp.EmulateViewport(screen.width, screen.height, options...)))
		look := func(name, wait string) {
			t.Helper()
			short, end := context.WithTimeout(ctx, 20*time.Second)
			defer end()
			if err := chromedp.Do(short, chromedp.WaitVisible(chromedp.CSS(wait))); err != nil {
				page, _ := chromedp.Run(ctx, chromedp.Evaluate[string](`location.href + "\n" + document.body.innerText`))
				t.Fatalf("%s on %s: %v; the browser shows %s", name, screen.name, err, page)
			}
			for range 200 { // the style sheet comes by itself, and what is visible before it has another width
				state, err := chromedp.Run(short, chromedp.Evaluate[string](`document.readyState`))
				must(t, err)
				if state == "complete" {
					break
				}
				time.Sleep(20 * time.Millisecond)
			}
			over, err := chromedp.Run(ctx, chromedp.Evaluate[float64](`document.documentElement.scrollWidth - document.documentElement.clientWidth`))
			must(t, err)
			if over > 0 {
				t.Errorf("%s on %s scrolls sideways by %v px", name, screen.name, over)
			}
			if pictures != "" {
				png, err := chromedp.Run(ctx, chromedp.FullScreenshot(100))
				must(t, err)
				must(t, os.WriteFile(filepath.Join(pictures, "demo-"+screen.name+"-"+name+".png"), png, 0o644))
			}
		}
		says := func(selector, want string) {
			t.Helper()
			got, err := chromedp.Run(ctx, chromedp.Evaluate[string](`document.querySelector(`+quoted(selector)+`).innerText`))
			must(t, err)
			if want != "" && got != want || got == "" {
				t.Errorf("on %s, %s says %q, not %q", screen.name, selector, got, want)
			}
		}
		must(t, chromedp.Do(ctx, chromedp.Navigate(app+"/")))
		look("1-start", "#login")
		must(t, chromedp.Do(ctx, chromedp.Click(chromedp.CSS("#login"))))
		look("2-dingtalk", "button.yes")
		must(t, chromedp.Do(ctx, chromedp.Click(chromedp.CSS(`input[value="`+screen.who+`"]`)), chromedp.Click(chromedp.CSS("button.yes"))))
		look("3-result", "body.first #nick")
		says("#nick", screen.nick)
		must(t, chromedp.Do(ctx, chromedp.Click(chromedp.CSS("#refresh"))))
		look("4-refreshed", "body.first tr.new")
		says("#refreshes", "1")
		must(t, chromedp.Do(ctx, chromedp.Click(chromedp.CSS("#other"))))
		look("5-second", "body.second #nick") // DingTalk's page would have stopped here
		says("#nick", screen.nick)
		must(t, chromedp.Do(ctx, chromedp.Click(chromedp.CSS("#logout"))))
		look("6-second-left", "body.second #login")
		must(t, chromedp.Do(ctx, chromedp.Click(chromedp.CSS("#other"))))
		look("7-first-again", "body.first #nick")
		_, err := chromedp.Call(ctx, network.ClearBrowserCookies, cdp.Empty{}) // the next screen is another person
		must(t, err)
	}
}

func quoted(s string) string { b, _ := json.Marshal(s); return string(b) }

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
