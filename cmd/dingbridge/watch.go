package main

import (
	"context"
	"time"

	"github.com/dingbridge/dingbridge/cmd/dingbridge/internal/config"
)

// A watch is some files and what is done when they change. Make it before the files are
// read: a change during the reading is then seen.
type watch struct {
	look func() config.Look
	seen config.Look
	// changed takes up what the files say now. True: it could not be found out whether
	// that will do, so let it be tried again later.
	changed func(context.Context) (later bool)
	again   time.Time // when; zero: it need not
}

func newWatch(look func() config.Look, changed func(context.Context) bool) *watch {
	return &watch{look: look, seen: look(), changed: changed}
}

// differs tells whether the files are others than those that were taken up, or are to be
// tried again.
func (w *watch) differs() bool {
	return !w.look().Same(w.seen) || !w.again.IsZero() && !time.Now().Before(w.again)
}

// take takes the files up.
func (w *watch) take(ctx context.Context) {
	w.seen, w.again = w.look(), time.Time{}
	if w.changed(ctx) && ctx.Err() == nil {
		w.again = time.Now().Add(tryAgain)
	}
}
