package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

const (
	startWait = 30 * time.Second
	stopWait  = 10 * time.Second
)

// A child is a process that we started.
type child struct {
	cmd  *exec.Cmd
	name string
	line string        // the line by which it said that it was ready
	took time.Duration // from exec to that line
}

// spawn starts a program and waits until a line of its output holds word. Its
// standard error, like the rest of its output, is dropped: an unread pipe would hold
// it up, and a terminal would cost it time.
func spawn(ctx context.Context, word string, cmd *exec.Cmd) (*child, error) {
	c := &child{cmd: cmd, name: strings.Join(cmd.Args, " ")}
	cmd.SysProcAttr = attributes()
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("starting %s: %w", c.name, err)
	}
	began := time.Now()
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting %s: %w", c.name, err)
	}
	type found struct {
		line string
		at   time.Time
		err  error
	}
	ready := make(chan found, 1)
	go func() {
		lines := bufio.NewReader(out)
		for {
			line, err := lines.ReadString('\n')
			if err != nil || strings.Contains(line, word) {
				ready <- found{strings.TrimSpace(line), time.Now(), err}
				_, _ = io.Copy(io.Discard, lines)
				return
			}
		}
	}()
	select {
	case f := <-ready:
		if c.line, c.took, err = f.line, f.at.Sub(began), f.err; err != nil {
			err = errors.New("it ended, or said nothing")
		}
	case <-ctx.Done():
		err = ctx.Err()
	case <-time.After(startWait):
		err = fmt.Errorf("not ready after %v", startWait)
	}
	if err != nil {
		_ = c.stop() // what failed first is what counts
		return nil, fmt.Errorf("starting %s: %w", c.name, err)
	}
	return c, nil
}

func (c *child) pid() int { return c.cmd.Process.Pid }

// stop asks the process to end and, if it does not, ends it.
func (c *child) stop() error {
	_ = c.cmd.Process.Signal(syscall.SIGTERM) // it may have ended
	killer := time.AfterFunc(stopWait, func() { _ = c.cmd.Process.Kill() })
	defer killer.Stop()
	err := c.cmd.Wait()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		if status, ok := exit.Sys().(syscall.WaitStatus); ok && status.Signaled() && status.Signal() == syscall.SIGTERM {
			return nil // it has no handler for it
		}
	}
	if err != nil {
		return fmt.Errorf("stopping %s: %w", c.name, err)
	}
	return nil
}

// startRedis starts a redis-server that writes nothing to disk. dir is its own.
func startRedis(ctx context.Context, dir string) (c *child, address string, err error) {
	for range 5 { // the port may be taken between the look and the start
		if address, err = freeAddress(); err != nil {
			return nil, "", err
		}
		_, port, _ := net.SplitHostPort(address)
		c, err = spawn(ctx, "Ready to accept connections", exec.Command("redis-server",
			"--bind", "127.0.0.1", "--port", port, "--dir", dir, "--save", "", "--appendonly", "no", "--daemonize", "no"))
		if err == nil || ctx.Err() != nil || errors.Is(err, exec.ErrNotFound) {
			break
		}
	}
	return c, address, err
}

// freeAddress is a loopback address that nobody listened on a moment ago.
func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("looking for a free port: %w", err)
	}
	defer l.Close() // it never accepted anything
	return l.Addr().String(), nil
}

// scratch is a folder that goes with the run.
func scratch(under, name string) (string, error) {
	dir, err := os.MkdirTemp(under, name+"-")
	if err != nil {
		return "", fmt.Errorf("making a folder: %w", err)
	}
	return dir, nil
}
