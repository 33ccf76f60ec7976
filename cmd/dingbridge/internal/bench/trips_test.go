package main

import (
	"bufio"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
)

// echo answers each line with itself, as Redis answers each command.
func echo(t *testing.T) (address string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	t.Cleanup(func() { l.Close(); all.Wait() })
	all.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			all.Go(func() { defer conn.Close(); io.Copy(conn, conn) })
		}
	})
	return l.Addr().String()
}

func TestB3_APipelineIsOneTrip(t *testing.T) {
	c, err := newCounter(echo(t))
	if err != nil {
		t.Fatal(err)
	}
	defer c.close()
	dial := func() (ask func(lines int)) {
		conn, err := net.Dial("tcp", c.address())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
		answers := bufio.NewReader(conn)
		return func(lines int) {
			if _, err := io.WriteString(conn, strings.Repeat("PING\n", lines)); err != nil {
				t.Fatal(err)
			}
			for range lines {
				if line, err := answers.ReadString('\n'); err != nil || line != "PING\n" {
					t.Fatalf("%q, %v", line, err)
				}
			}
		}
	}
	first, second := dial(), dial()
	for _, step := range []struct {
		ask   func(int)
		lines int
	}{{first, 1}, {first, 5}, {second, 1}, {first, 1}, {second, 3}} {
		before := c.trips.Load()
		step.ask(step.lines)
		if got := c.trips.Load() - before; got != 1 {
			t.Errorf("%d commands at once: %d trips", step.lines, got)
		}
	}
}

func TestB4_TheCounterEndsWithItsConnections(t *testing.T) {
	c, err := newCounter(echo(t))
	if err != nil {
		t.Fatal(err)
	}
	conn, err := net.Dial("tcp", c.address())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, "PING\n"); err != nil {
		t.Fatal(err)
	}
	if _, err := bufio.NewReader(conn).ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	c.close() // waits for all that it began
	if _, err := conn.Read(make([]byte, 1)); err == nil {
		t.Error("the connection is still open")
	}
	if _, err := net.Dial("tcp", c.address()); err == nil {
		t.Error("it still listens")
	}
}
