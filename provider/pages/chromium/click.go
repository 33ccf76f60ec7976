package chromium

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/chromedp/chromedp"
)

// Click clicks on the one element that the selector finds, with the mouse. Where a page
// still moves, as when its style sheet comes, a click may fall beside: an element that no
// click has reached is clicked again, as a person would, for as long as ctx lasts. The page
// must be able to run scripts.
func Click(ctx context.Context, selector string) error {
	quoted, err := json.Marshal(selector)
	if err != nil {
		return err
	}
	// What is found out about one page is not kept for the next.
	watch := fmt.Sprintf(`(function (e) {
		if (!e) return false;
		if (!window.unreached || window.unreached.e !== e) {
			var u = window.unreached = {e: e, yet: true};
			e.addEventListener("click", function () { u.yet = false; }, {capture: true, once: true});
		}
		return true;
	})(document.querySelector(%s))`, quoted)
	const missed = `!!window.unreached && window.unreached.yet && window.unreached.e.isConnected`
	for {
		if err := chromedp.Do(ctx, chromedp.WaitVisible(chromedp.CSS(selector))); err != nil {
			return err
		}
		there, err := chromedp.Run(ctx, chromedp.Evaluate[bool](watch))
		if err != nil {
			return err
		}
		if there {
			if err := chromedp.Do(ctx, chromedp.Click(chromedp.CSS(selector))); err != nil {
				return err
			}
			again, err := chromedp.Run(ctx, chromedp.Evaluate[bool](missed))
			if err != nil && ctx.Err() != nil {
				return err
			}
			if err != nil || !again { // the page was left, or the click has come
				return nil
			}
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
	}
}
