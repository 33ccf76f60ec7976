package chromium

import (
	"context"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// names are those under which systems have it.
var names = []string{"chromium", "chromium-browser", "google-chrome", "headless-shell"}

// Start starts a Chromium without a window, which ends with the test or when patience
// is over, and returns the context of its first tab. A machine that has none leaves the
// test out, or fails it if DINGBRIDGE_REQUIRE_ALL=1.
func Start(tb testing.TB, patience time.Duration) context.Context {
	tb.Helper()
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(find(tb)), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.UserDataDir(tb.TempDir()), chromedp.Flag("disable-quic", true), chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("disable-component-update", true), chromedp.Flag("hide-scrollbars", true),
		// Chromium drops clicks and keys that come before a page is painted, which on a busy
		// machine is long after it is there.
		chromedp.Flag("allow-pre-commit-input", true), chromedp.Flag("disable-features", "Translate,BlinkGenPropertyTrees,PaintHolding"))
	ctx, end := chromedp.NewExecAllocator(tb.Context(), options...)
	tb.Cleanup(end)
	ctx, end = chromedp.NewContext(ctx)
	tb.Cleanup(end)
	if err := chromedp.Do(ctx); err != nil {
		tb.Fatalf("start the browser: %v", err)
	}
	ctx, end = context.WithTimeout(ctx, patience)
	tb.Cleanup(end)
	return ctx
}

// StartUnraced is Start for tests in which the browser is at work and hardly anything of
// ours: the race detector, under which proofs shorten themselves (-short), has nothing
// to look at there.
func StartUnraced(tb testing.TB, patience time.Duration) context.Context {
	tb.Helper()
	if testing.Short() {
		tb.Skip("the browser alone is at work here, and -short was asked for")
	}
	return Start(tb, patience)
}

func find(tb testing.TB) string {
	tb.Helper()
	for _, name := range names {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	if os.Getenv("DINGBRIDGE_REQUIRE_ALL") == "1" {
		tb.Fatal("suite left out: browser (no chromium), but DINGBRIDGE_REQUIRE_ALL=1")
	}
	tb.Skip("suite left out: browser (no chromium)")
	return ""
}
