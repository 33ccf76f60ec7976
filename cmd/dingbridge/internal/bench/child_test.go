package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestMain lets a test have a process of its own to kill: one that starts a child.
func TestMain(m *testing.M) {
	if os.Getenv("BENCH_TEST_PARENT") == "" {
		os.Exit(m.Run())
	}
	c, err := spawn(context.Background(), "ready", exec.Command("sh", "-c", "echo ready; exec sleep 600"))
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Printf("child %d\n", c.pid())
	time.Sleep(time.Hour)
}

func ended(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return errors.Is(err, os.ErrNotExist) || errors.Is(err, syscall.ESRCH) || err == nil && strings.Contains(string(stat), ") Z ")
}

func TestB4_AChildIsStopped(t *testing.T) {
	needProc(t)
	for name, script := range map[string]string{
		"that has no handler": "echo is ready; exec sleep 600",
		"that has one":        "trap 'exit 0' TERM; echo is ready; while :; do sleep 0.05; done",
	} {
		c, err := spawn(t.Context(), "ready", exec.Command("sh", "-c", script))
		if err != nil {
			t.Fatal(err)
		}
		if c.line != "is ready" || c.took <= 0 {
			t.Errorf("%s said %q", name, c.line)
		}
		if err := c.stop(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if !ended(c.pid()) {
			t.Errorf("%s is still there", name)
		}
	}
}

func TestB4_AChildThatFailsIsStopped(t *testing.T) {
	needProc(t)
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	silent := exec.Command("sh", "-c", "exec sleep 600")
	for _, test := range []struct {
		ctx  context.Context
		cmd  *exec.Cmd
		want string
	}{
		{canceled, silent, "context canceled"},
		{t.Context(), exec.Command("sh", "-c", "echo something else; exit 3"), "it ended"},
		{t.Context(), exec.Command("sh-that-is-not-there"), "not found"},
	} {
		if _, err := spawn(test.ctx, "ready", test.cmd); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%v: %v", test.cmd.Args, err)
		}
	}
	if !ended(silent.Process.Pid) {
		t.Error("the silent one is still there")
	}
}

func TestB4_AChildDiesWithUs(t *testing.T) {
	needProc(t)
	parent := exec.Command(os.Args[0])
	parent.Env = append(os.Environ(), "BENCH_TEST_PARENT=1")
	out, err := parent.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := parent.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	pid, wrong := strconv.Atoi(strings.TrimSpace(strings.TrimPrefix(line, "child ")))
	if err := errors.Join(err, wrong, parent.Process.Kill()); err != nil {
		t.Fatal(line, err)
	}
	_ = parent.Wait() // killed
	for range 500 {
		if ended(pid) {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Error("the child outlived its parent")
}

// needProc leaves out what Linux alone can tell.
func needProc(t *testing.T) {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("needs /proc")
	}
}
