package main

import (
	"context"
	"os"
	"time"
)

// lookEvery is how often files are looked at. Looking, not being told: it works on
// network file systems and through the symbolic links of Kubernetes volumes.
const lookEvery = 5 * time.Second

// A stamp is what a change of a file changes.
type stamp struct {
	modified time.Time
	size     int64
	missing  bool
}

func stampOf(file string) stamp {
	info, err := os.Stat(file)
	if err != nil {
		return stamp{missing: true}
	}
	return stamp{modified: info.ModTime(), size: info.Size()}
}

// A watch calls changed when one of the files is another than before. Make it before
// the files are read: a change during the reading is then seen.
type watch struct {
	files   []string
	seen    []stamp
	changed func()
}

func newWatch(changed func(), files ...string) *watch {
	w := &watch{files: files, changed: changed}
	w.seen = w.look()
	return w
}

func (w *watch) look() []stamp {
	now := make([]stamp, len(w.files))
	for i, f := range w.files {
		now[i] = stampOf(f)
	}
	return now
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
		now := w.look()
		for i := range now {
			if now[i] != w.seen[i] {
				w.seen = now
				w.changed()
				break
			}
		}
	}
}
