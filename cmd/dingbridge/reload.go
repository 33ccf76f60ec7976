package main

import (
	"cmp"
	"context"
	"log/slog"
	"maps"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/fsnotify/fsnotify"

	"github.com/dingbridge/dingbridge/cmd/dingbridge/internal/config"
)

const (
	// lookEvery is how often files are looked at. Looking works where nobody tells: on
	// network file systems, and where a link in the path was changed.
	lookEvery = 5 * time.Second
	// quiet is how long nothing must have happened before files are read, and atMost how
	// long that is waited for: an editor writes in several steps.
	quiet  = 200 * time.Millisecond
	atMost = 2 * time.Second
	// tryAgain is for what could not be decided.
	tryAgain = 30 * time.Second
)

// A reloader keeps what was read from files as the files are. One goroutine does all of
// it, so that one thing follows another.
type reloader struct {
	watches []*watch
	every   time.Duration    // between two looks; 0: lookEvery
	signals <-chan os.Signal // nil: none come
	all     func()           // is called at a signal, after everything was read again
	told    *fsnotify.Watcher
	folders []string // of which we are told
	log     *slog.Logger
}

// onHangup makes SIGHUP, where there is one, arrive in a channel from now on.
func onHangup() (signals <-chan os.Signal, stop func()) {
	c := make(chan os.Signal, 1)
	signal.Notify(c, syscall.SIGHUP)
	return c, func() { signal.Stop(c) }
}

// run reads again what changes until ctx ends.
func (r *reloader) run(ctx context.Context) {
	var events <-chan fsnotify.Event
	var lost <-chan error
	if r.told != nil {
		defer r.told.Close()
		events, lost = r.told.Events, r.told.Errors
	}
	r.listen()
	tick := time.NewTicker(cmp.Or(r.every, lookEvery))
	defer tick.Stop()
	settle := time.NewTimer(0)
	settle.Stop()
	var since time.Time // of the first thing that happened and was not looked at
	happened := func() {
		now := time.Now()
		if since.IsZero() {
			since = now
		}
		settle.Reset(max(0, min(quiet, atMost-now.Sub(since))))
	}
	for {
		select {
		case <-ctx.Done():
			return
		case <-r.signals:
			since = time.Time{}
			r.readAll(ctx)
		case _, open := <-events:
			if !open {
				events = nil
				continue
			}
			happened()
		case _, open := <-lost: // more happened than could be told, or less is told from now on
			if !open {
				lost = nil
				continue
			}
			happened()
		case <-tick.C:
			if slices.ContainsFunc(r.watches, (*watch).differs) {
				happened()
			}
		case <-settle.C:
			since = time.Time{}
			r.readChanged(ctx)
		}
	}
}

func (r *reloader) readChanged(ctx context.Context) {
	r.listen() // first: what happens in a new folder from now on is told
	for _, w := range r.watches {
		if ctx.Err() == nil && w.differs() {
			w.take(ctx)
		}
	}
}

func (r *reloader) readAll(ctx context.Context) {
	r.log.Info("told to read everything again")
	r.listen()
	for _, w := range r.watches {
		if ctx.Err() == nil {
			w.take(ctx)
		}
	}
	if r.all != nil {
		r.all()
	}
}

// listen has us told of what happens in the folders of all files: in folders and not to
// the files themselves, because editors and Kubernetes put another file in the place of
// one. A folder of which nothing is told is only looked at.
func (r *reloader) listen() {
	if r.told == nil {
		return
	}
	wanted := map[string]bool{}
	for _, w := range r.watches {
		for _, folder := range w.look().Folders() {
			wanted[folder] = true
		}
	}
	for _, folder := range r.folders {
		if !wanted[folder] {
			_ = r.told.Remove(folder) // it may be gone
		}
	}
	r.folders = slices.Sorted(maps.Keys(wanted))
	for _, folder := range r.folders {
		if err := r.told.Add(folder); err != nil { // also one that is told of already: it may be another by now
			r.log.Debug("nothing is told of what happens in a folder; it is looked at", "folder", folder, "error", err)
		}
	}
}

// newReloader makes the house's. Without the system's help files are only looked at.
func (h *house) newReloader() *reloader {
	m := h.materials
	r := &reloader{watches: slices.Concat(m.watches, h.rotations()), signals: m.hangups, all: h.tellUnread, log: m.log}
	told, err := fsnotify.NewWatcher()
	if err != nil {
		m.log.Warn("nothing is told of files that change; they are looked at every "+lookEvery.String(), "error", err)
		return r
	}
	r.told = told
	return r
}

// tellUnread says what of config.yaml changed, since that is read at the start alone.
func (h *house) tellUnread() {
	m := h.materials
	if m.doc == nil {
		return
	}
	switch paths, err := m.doc.Changed(os.Environ()); {
	case err != nil:
		for fault := range strings.SplitSeq(err.Error(), "\n") {
			m.log.Error("config.yaml has a fault, and would not be taken at a restart", "fault", fault)
		}
	case len(paths) > 0:
		m.log.Warn("config.yaml has changed, which needs a restart", "keys", strings.Join(paths, ", "))
	}
}

// reread is the look at the files that names name, as config.yaml writes them.
func reread(doc *config.Document, names ...string) func() config.Look {
	var files []string
	for _, name := range names {
		if name != "" {
			files = append(files, doc.File(name))
		}
	}
	return func() config.Look { return config.LookAt(files...) }
}
