package admin

import (
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// folder is short: names of sockets have to be.
func folder(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "adm")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

func open(t *testing.T, path string) net.Listener {
	t.Helper()
	l, err := Listen(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

// alone fails if anything but the names lies in dir.
func alone(t *testing.T, dir string, names ...string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for i, entry := range entries {
		if i >= len(names) || entry.Name() != names[i] {
			t.Errorf("%s lies there", entry.Name())
		}
	}
	if len(entries) < len(names) {
		t.Errorf("%d entries, not %q", len(entries), names)
	}
}

func TestA1_TheSocketIsItsOwnersAlone(t *testing.T) {
	dir := folder(t)
	path := filepath.Join(dir, "s")
	open(t, path)
	info, err := os.Lstat(path)
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode() != fs.ModeSocket|0o600 {
		t.Errorf("its mode is %v", info.Mode())
	}
	alone(t, dir, "s")
}

// What is seen at the path while sockets come and go is nothing, or a socket of mode
// 0600 that answers: never one that is half made.
func TestA1_NobodySeesItHalfMade(t *testing.T) {
	path := filepath.Join(folder(t), "s")
	done := make(chan struct{})
	var watcher sync.WaitGroup
	seen := 0
	watcher.Go(func() {
		for {
			select {
			case <-done:
				return
			default:
			}
			if info, err := os.Lstat(path); err == nil {
				seen++
				if info.Mode() != fs.ModeSocket|0o600 {
					t.Errorf("seen with mode %v", info.Mode())
					return
				}
			}
		}
	})
	for range 200 {
		l, err := Listen(path)
		if err != nil {
			t.Fatal(err)
		}
		c, err := net.Dial("unix", path)
		if err != nil {
			t.Fatal(err)
		}
		c.Close()
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
	}
	close(done)
	watcher.Wait()
	if seen == 0 {
		t.Skip("the watcher had no turn on this machine")
	}
}

// dead leaves a socket as a killed process does.
func dead(t *testing.T, path string) {
	t.Helper()
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	l.SetUnlinkOnClose(false)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Lstat(path); err != nil {
		t.Fatal(err)
	}
}

func TestA2_ADeadSocketIsReplaced(t *testing.T) {
	dir := folder(t)
	path := filepath.Join(dir, "s")
	dead(t, path)
	open(t, path)
	c, err := net.Dial("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	c.Close()
	alone(t, dir, "s")
}

func TestA2_ALiveOneStays(t *testing.T) {
	dir := folder(t)
	path := filepath.Join(dir, "s")
	first := open(t, path)
	if l, err := Listen(path); !errors.Is(err, ErrServed) || l != nil {
		t.Errorf("a second one: %v", err)
	}
	if err := Try(path); err != nil {
		t.Errorf("to try beside it: %v", err)
	}
	accepted := make(chan error, 1)
	go func() {
		for range 2 { // the second Listen looked, too
			c, err := first.Accept()
			if err != nil {
				accepted <- err
				return
			}
			c.Close()
		}
		accepted <- nil
	}()
	c, err := net.Dial("unix", path)
	if err != nil {
		t.Fatalf("the first one is gone: %v", err)
	}
	c.Close()
	if err := <-accepted; err != nil {
		t.Error(err)
	}
	alone(t, dir, "s")
}

func TestA2_WhatIsNoSocketStays(t *testing.T) {
	for name, make := range map[string]func(path string) error{
		"file":   func(path string) error { return os.WriteFile(path, []byte("mine"), 0o600) },
		"folder": func(path string) error { return os.Mkdir(path, 0o700) },
		"link": func(path string) error {
			if err := os.WriteFile(path+"-to", []byte("mine"), 0o600); err != nil {
				return err
			}
			return os.Symlink(path+"-to", path)
		},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(folder(t), "s")
			if err := make(path); err != nil {
				t.Fatal(err)
			}
			before, err := os.Lstat(path)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := Listen(path); !errors.Is(err, ErrNoSocket) {
				t.Errorf("Listen: %v", err)
			}
			if err := Try(path); !errors.Is(err, ErrNoSocket) {
				t.Errorf("Try: %v", err)
			}
			if after, err := os.Lstat(path); err != nil || !os.SameFile(before, after) {
				t.Errorf("it is another now: %v", err)
			}
		})
	}
}

func TestA2_OfManyAtOnceOneListens(t *testing.T) {
	for range 20 {
		dir := folder(t)
		path := filepath.Join(dir, "s")
		dead(t, path)
		listeners := make([]net.Listener, 6)
		var racers sync.WaitGroup
		for i := range listeners {
			racers.Go(func() {
				l, err := Listen(path)
				if err != nil && !errors.Is(err, ErrServed) {
					t.Error(err)
				}
				listeners[i] = l
			})
		}
		racers.Wait()
		won := 0
		for _, l := range listeners {
			if l != nil {
				won++
				defer l.Close()
			}
		}
		if won != 1 {
			t.Fatalf("%d listen", won)
		}
		if c, err := net.Dial("unix", path); err != nil {
			t.Errorf("the winner does not answer: %v", err)
		} else {
			c.Close()
		}
		alone(t, dir, "s")
	}
}

func TestA3_ClosingTakesItAway(t *testing.T) {
	dir := folder(t)
	l := open(t, filepath.Join(dir, "s"))
	for range 2 { // http.Server closes more than once
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	}
	alone(t, dir)
	if c, err := l.Accept(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("it still accepts: %v, %v", c, err)
	}
}

func TestA3_AnothersStays(t *testing.T) {
	dir := folder(t)
	path := filepath.Join(dir, "s")
	first := open(t, path)
	// Somebody took the socket away by hand, and another server began.
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	open(t, path)
	if err := first.Close(); err != nil {
		t.Error(err)
	}
	if c, err := net.Dial("unix", path); err != nil {
		t.Errorf("the second one is gone: %v", err)
	} else {
		c.Close()
	}
	alone(t, dir, "s")
}

func TestListenSaysWhatIsWrong(t *testing.T) {
	dir := folder(t)
	closed := filepath.Join(dir, "closed")
	if err := os.Mkdir(closed, 0o500); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]error{
		filepath.Join(dir, "none", "s"):                fs.ErrNotExist,
		filepath.Join(dir, strings.Repeat("long", 30)): ErrLongPath,
		filepath.Join(dir, strings.Repeat("l", 103)):   ErrLongPath,
		filepath.Join(closed, "s"):                     fs.ErrPermission,
	} {
		if errors.Is(want, fs.ErrPermission) && os.Geteuid() == 0 {
			continue // root may write everywhere
		}
		if _, err := Listen(path); !errors.Is(err, want) {
			t.Errorf("%s: Listen: %v", path, err)
		}
		if err := Try(path); !errors.Is(err, want) {
			t.Errorf("%s: Try: %v", path, err)
		}
	}
	alone(t, dir, "closed")
	if err := Try(filepath.Join(dir, "s")); err != nil {
		t.Errorf("a good path: %v", err)
	}
	alone(t, dir, "closed")
}

// On Linux a socket whose name begins with @ has no file, and no mode.
func TestA1_ANameIsAlwaysAFile(t *testing.T) {
	t.Chdir(folder(t))
	for _, path := range []string{"@s", "@d/s", "s"} {
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		open(t, path)
		if info, err := os.Lstat(path); err != nil || info.Mode() != fs.ModeSocket|0o600 {
			t.Errorf("%s: %v", path, err)
		}
		c, err := net.Dial("unix", address(path)) // as the client does
		if err != nil {
			t.Errorf("%s: %v", path, err)
			continue
		}
		c.Close()
	}
}
