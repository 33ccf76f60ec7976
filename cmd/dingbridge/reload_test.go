package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fsnotify/fsnotify"

	"github.com/dingbridge/dingbridge/cmd/dingbridge/internal/config"
	"github.com/dingbridge/dingbridge/provider/audit"
)

// reloading keeps the clients of files as they are until the test ends. Nothing is looked
// at but what was told.
func reloading(t *testing.T, files config.ClientFiles) (m *materials, r *reloader) {
	t.Helper()
	m = &materials{log: slog.New(slog.NewTextHandler(t.Output(), nil))}
	m.audit = audit.NewLog(m.log)
	if faults := m.readClients(files); faults != nil {
		t.Fatal(faults)
	}
	told, err := fsnotify.NewWatcher()
	if err != nil {
		t.Skipf("this system tells nothing: %v", err)
	}
	r = &reloader{watches: m.watches, every: time.Hour, told: told, log: m.log}
	ctx, stop := context.WithCancel(t.Context())
	var running sync.WaitGroup
	r.listen() // before the test changes anything
	running.Go(func() { r.run(ctx) })
	t.Cleanup(func() { stop(); running.Wait() })
	return m, r
}

// comes waits until exactly the clients of ids are there.
func comes(t *testing.T, m *materials, what string, ids ...string) {
	t.Helper()
	var got []string
	for until := time.Now().Add(time.Minute); time.Now().Before(until); time.Sleep(20 * time.Millisecond) {
		got = nil
		for c := range m.clients.All() {
			got = append(got, c.ID)
		}
		if strings.Join(got, " ") == strings.Join(ids, " ") {
			return
		}
	}
	t.Fatalf("%s: the clients are %q, not %q", what, got, ids)
}

func client(ids ...string) string {
	text := "clients:\n"
	for _, id := range ids {
		text += fmt.Sprintf("  - {id: %s, public: true, redirect_uris: [\"https://a.example.com/cb\"], allow: everyone}\n", id)
	}
	return text
}

func do(t *testing.T, errs ...error) {
	t.Helper()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
}

// TestM5_ToldOfEveryStyleOfWriting: by the system alone, in every way in which editors,
// programs and people put another file in the place of one.
func TestM5_ToldOfEveryStyleOfWriting(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file, folder := filepath.Join(dir, "clients.yaml"), filepath.Join(dir, "clients.d")
	write(t, file, client("main"))
	do(t, os.Mkdir(folder, 0o700))
	a := filepath.Join(folder, "a.yaml")
	m, _ := reloading(t, config.ClientFiles{File: file, Folder: folder})

	write(t, a, client("a"))
	comes(t, m, "a new file", "main", "a")
	write(t, a, client("b"))
	comes(t, m, "written in place", "main", "b")
	beside := filepath.Join(folder, ".a.yaml.tmp")
	write(t, beside, client("c"))
	do(t, os.Rename(beside, a))
	comes(t, m, "another renamed over it", "main", "c")
	do(t, os.Rename(a, a+"~")) // as vim does with a backup
	write(t, a, client("d"))
	comes(t, m, "the old one kept aside", "main", "d")
	write(t, file, client("root"))
	comes(t, m, "clients.yaml", "root", "d")
	write(t, a, "clients:\n  - {id: broken")
	write(t, filepath.Join(folder, "b.yaml"), client("x"))
	time.Sleep(3 * quiet)
	comes(t, m, "a fault in one of them", "root", "d")
	write(t, a, client("e"))
	comes(t, m, "the fault mended", "root", "e", "x")
	do(t, os.RemoveAll(folder))
	time.Sleep(3 * quiet)
	comes(t, m, "the folder gone", "root", "e", "x")
	do(t, os.Mkdir(folder, 0o700))
	comes(t, m, "another, empty folder", "root")
	write(t, filepath.Join(folder, "c.yaml"), client("f"))
	comes(t, m, "a file in that", "root", "f")
	do(t, os.Remove(filepath.Join(folder, "c.yaml")))
	comes(t, m, "a file removed", "root")
	for i := range 200 {
		write(t, filepath.Join(folder, fmt.Sprintf("%03d.yaml", i)), client(fmt.Sprintf("n%03d", i)))
	}
	want := []string{"root"}
	for i := range 200 {
		want = append(want, fmt.Sprintf("n%03d", i))
	}
	comes(t, m, "many at once", want...)
}

// TestM5_ToldOfAVolumeOfKubernetes: its files are links through ..data, which is swapped.
func TestM5_ToldOfAVolumeOfKubernetes(t *testing.T) {
	t.Parallel()
	folder := filepath.Join(t.TempDir(), "volume")
	version := func(name, text string) {
		do(t, os.MkdirAll(filepath.Join(folder, name), 0o700))
		write(t, filepath.Join(folder, name, "a.yaml"), text)
		do(t, os.Symlink(name, filepath.Join(folder, "..data_tmp")), os.Rename(filepath.Join(folder, "..data_tmp"), filepath.Join(folder, "..data")))
	}
	version("..2026_1", client("one"))
	do(t, os.Symlink("..data/a.yaml", filepath.Join(folder, "a.yaml")))
	m, _ := reloading(t, config.ClientFiles{Folder: folder})
	version("..2026_2", client("two"))
	do(t, os.RemoveAll(filepath.Join(folder, "..2026_1")))
	comes(t, m, "a swap", "two")
	version("..2026_3", client("three", "four"))
	comes(t, m, "another", "three", "four")

	outside := filepath.Join(t.TempDir(), "elsewhere.yaml") // a link that somebody made by hand
	write(t, outside, client("five"))
	do(t, os.Symlink(outside, filepath.Join(folder, "b.yaml")))
	comes(t, m, "a link", "three", "four", "five")
	write(t, outside, client("six"))
	comes(t, m, "what it points to", "three", "four", "six")
}

// TestM5_WhatHappensTogetherIsReadOnce, and what cannot be decided is tried again.
func TestM5_WhatHappensTogetherIsReadOnce(t *testing.T) {
	file := filepath.Join(t.TempDir(), "a")
	write(t, file, "a")
	synctest.Test(t, func(t *testing.T) {
		var reads, all atomic.Int64
		var later atomic.Bool
		hangup := make(chan os.Signal, 1)
		r := &reloader{log: slog.New(slog.DiscardHandler), signals: hangup, all: func() { all.Add(1) }, watches: []*watch{
			newWatch(func() config.Look { return config.LookAt(file) }, func(context.Context) bool { reads.Add(1); return later.Load() })}}
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() { r.run(ctx); close(ended) }()
		step := func(what string, wait time.Duration, want int64) {
			t.Helper()
			time.Sleep(wait)
			synctest.Wait()
			if got := reads.Swap(0); got != want {
				t.Errorf("%s: read %d times, not %d", what, got, want)
			}
		}
		for i := range 5 {
			write(t, file, strings.Repeat("a", i+2))
		}
		step("five writes", lookEvery+time.Second, 1)
		hangup <- os.Interrupt // whatever comes
		step("a signal", time.Second, 1)
		if all.Load() != 1 {
			t.Error("after a signal nothing else was looked at")
		}
		later.Store(true)
		write(t, file, "undecided")
		step("undecided", lookEvery+time.Second, 1)
		later.Store(false)
		step("tried again", tryAgain+lookEvery, 1)
		step("decided", 2*tryAgain, 0)
		stop()
		<-ended
	})
}
