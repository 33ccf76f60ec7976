package pages

import (
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/dingbridge/dingbridge/provider/pages/chromium"
)

// TestP8_AFrameThatCame: a frame lets what is behind it show through if it has no ground
// of its own, and after a refusal it may have no code in it any more.
func TestP8_AFrameThatCame(t *testing.T) {
	ctx := chromium.Start(t, 8*time.Minute)
	s := newScanStage(t)
	s.open(t, ctx)
	must(t, chromedp.Do(ctx, chromedp.WaitNotVisible("#coming")))
	for _, said := range []string{`{success: false, errorCode: 11055}`, `{success: false, errorCode: 1}`} {
		hear(t, ctx, "frame", said)
		if !ask[bool](t, ctx, `Array.from(document.querySelectorAll(".wrong a")).filter(function (a) { return a.checkVisibility() && a.getAttribute("href") === "/login/frame"; }).length === 1`) {
			t.Errorf("after %s nothing gives a new code", said)
		}
	}
}
