package storagetest

import (
	"crypto/tls"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Redis is a real redis-server (or sentinel) on a free loopback port, with its
// data in a temporary folder. It is stopped when the test ends. Its methods are
// for the test's goroutine.
type Redis struct {
	URL  string // redis://127.0.0.1:port
	Addr string // 127.0.0.1:port
	Dir  string // its data

	tb   testing.TB
	args []string
	user string      // its own, if it is guarded
	tls  *tls.Config // its own
	cmd  *exec.Cmd
	done chan struct{} // closed when the process has ended
}

// StartRedis starts a redis-server, with nothing written to disk unless args,
// which are redis-server's own ("--appendonly", "yes"), say so. A machine without
// redis-server leaves the test out, or fails it if DINGBRIDGE_REQUIRE_ALL=1.
func StartRedis(tb testing.TB, args ...string) *Redis {
	tb.Helper()
	needRedis(tb)
	for range 5 { // the port may be taken between the look and the start
		r := newRedis(tb, args...)
		if r.start() == nil {
			return r
		}
	}
	r := newRedis(tb, args...)
	if err := r.start(); err != nil {
		tb.Fatalf("redis-server: %v", err)
	}
	return r
}

// StartGuarded is StartRedis with a guard.
func StartGuarded(tb testing.TB, g Guard, args ...string) *Redis {
	tb.Helper()
	needRedis(tb)
	r := newRedis(tb, args...)
	g.guard(r)
	if err := r.start(); err != nil {
		tb.Fatalf("redis-server: %v", err)
	}
	return r
}

func needRedis(tb testing.TB) {
	tb.Helper()
	if _, err := exec.LookPath("redis-server"); err == nil {
		return
	}
	if os.Getenv("DINGBRIDGE_REQUIRE_ALL") == "1" {
		tb.Fatal("suite left out: redis (no redis-server), but DINGBRIDGE_REQUIRE_ALL=1")
	}
	tb.Skip("suite left out: redis (no redis-server)")
}

func newRedis(tb testing.TB, args ...string) *Redis {
	tb.Helper()
	addr := freeAddr(tb)
	_, port, _ := net.SplitHostPort(addr)
	r := &Redis{URL: "redis://" + addr, Addr: addr, Dir: tb.TempDir(), tb: tb}
	r.args = append([]string{
		"--bind", "127.0.0.1", "--port", port, "--dir", r.Dir, "--logfile", filepath.Join(r.Dir, "log"),
		"--save", "", "--appendonly", "no", "--daemonize", "no",
	}, args...)
	tb.Cleanup(r.Kill)
	return r
}

// start runs the server and waits until it answers.
func (r *Redis) start() error {
	if err := r.launch(); err != nil {
		return err
	}
	for range 6000 {
		select {
		case <-r.done:
			log, _ := os.ReadFile(filepath.Join(r.Dir, "log"))
			return fmt.Errorf("ended at once: %s", log)
		case <-time.After(10 * time.Millisecond):
		}
		if reply, err := r.command("PING"); err == nil && reply == "PONG" {
			return nil
		}
	}
	r.Kill()
	return fmt.Errorf("no answer in time")
}

// launch runs the server and does not wait.
func (r *Redis) launch() error {
	r.cmd = exec.Command("redis-server", r.args...)
	// Its own group, so that an interrupt at the terminal is the test's to handle.
	r.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := r.cmd.Start(); err != nil {
		return err
	}
	r.done = make(chan struct{})
	go func(cmd *exec.Cmd, done chan struct{}) {
		_ = cmd.Wait() // also an error that a test wants, as after Kill
		close(done)
	}(r.cmd, r.done)
	return nil
}

// Kill ends the server with SIGKILL, as a crash does, and waits for its end.
func (r *Redis) Kill() { r.end(syscall.SIGKILL) }

// Stop ends the server with SIGTERM and waits for its end.
func (r *Redis) Stop() { r.end(syscall.SIGTERM) }

func (r *Redis) end(sig syscall.Signal) {
	if r.cmd == nil || r.cmd.Process == nil || r.done == nil {
		return
	}
	select {
	case <-r.done:
		return
	default:
	}
	_ = r.cmd.Process.Signal(sig)
	if sig == syscall.SIGTERM {
		_ = r.cmd.Process.Signal(syscall.SIGCONT) // a paused one could not hear it
	}
	<-r.done
}

// Restart starts an ended server again, on the same port and data.
func (r *Redis) Restart() {
	r.tb.Helper()
	if err := r.start(); err != nil {
		r.tb.Fatalf("redis-server again: %v", err)
	}
}

// SlowLoad saves the data and starts the server anew so that it loads five hundred
// keys a second, and returns when it says so.
func (r *Redis) SlowLoad() {
	r.tb.Helper()
	r.Do("SAVE")
	r.Kill()
	r.args = append(r.args, "--key-load-delay", "2000", "--loading-process-events-interval-bytes", "1024")
	if err := r.launch(); err != nil {
		r.tb.Fatal(err)
	}
	until(r.tb, "it loads", func() bool {
		_, err := r.Try("PING")
		return err != nil && strings.HasPrefix(err.Error(), "LOADING")
	})
}

// Pause stops the process in its tracks (SIGSTOP): connections stay, and nothing
// answers. Resume lets it go on.
func (r *Redis) Pause() { _ = r.cmd.Process.Signal(syscall.SIGSTOP) }

// Resume undoes Pause.
func (r *Redis) Resume() { _ = r.cmd.Process.Signal(syscall.SIGCONT) }

// Do sends one command over a connection of its own and returns the reply; an
// array comes with its elements separated by newlines, nil as "(nil)".
func (r *Redis) Do(args ...string) string {
	r.tb.Helper()
	reply, err := r.Try(args...)
	if err != nil {
		r.tb.Fatalf("redis %s: %v", strings.Join(args, " "), err)
	}
	return reply
}

// Try is Do for a command that may fail.
func (r *Redis) Try(args ...string) (string, error) { return r.command(args...) }

// Keys lists all keys, unsorted.
func (r *Redis) Keys() []string {
	r.tb.Helper()
	if n, _ := strconv.Atoi(r.Do("DBSIZE")); n == 0 {
		return nil
	}
	return strings.Split(r.Do("KEYS", "*"), "\n")
}
