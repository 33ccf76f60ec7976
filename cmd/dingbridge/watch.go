package main

import (
	"context"
	"time"

	"github.com/dingbridge/dingbridge/cmd/dingbridge/internal/config"
)

// lookEvery is how often files are looked at. Looking, not being told: it works on
// network file systems and through the symbolic links of Kubernetes volumes.
const lookEvery = 5 * time.Second

// A watch calls changed when what look sees is another than before. Make it before the
// files are read: a change during the reading is then seen.
type watch struct {
	look    func() config.Look
	seen    config.Look
	changed func()
}

func newWatch(changed func(), look func() config.Look) *watch {
	return &watch{look: look, seen: look(), changed: changed}
}

// run looks until ctx ends.
func (w *watch) run(ctx context.Context) {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if now := w.look(); !now.Same(w.seen) {
			w.seen = now
			w.changed()
		}
	}
}
