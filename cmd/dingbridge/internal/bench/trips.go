package main

import (
	"fmt"
	"net"
	"sync"
	"sync/atomic"
)

// A counter is a TCP proxy in front of Redis that counts round trips (promise B3).
type counter struct {
	listener net.Listener
	upstream string
	trips    atomic.Int64

	mu    sync.Mutex
	conns map[net.Conn]bool // nil once closed
	all   sync.WaitGroup
}

// newCounter listens on a free loopback port for what is meant for upstream.
func newCounter(upstream string) (*counter, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("opening the counting proxy: %w", err)
	}
	c := &counter{listener: l, upstream: upstream, conns: map[net.Conn]bool{}}
	c.all.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			c.all.Go(func() { c.carry(conn) })
		}
	})
	return c, nil
}

func (c *counter) address() string { return c.listener.Addr().String() }

// close ends the proxy and every connection through it.
func (c *counter) close() {
	_ = c.listener.Close()
	c.mu.Lock()
	for conn := range c.conns {
		_ = conn.Close()
	}
	c.conns = nil
	c.mu.Unlock()
	c.all.Wait()
}

// keep notes a connection, so that close can end it; false after close.
func (c *counter) keep(conn net.Conn) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.conns == nil {
		return false
	}
	c.conns[conn] = true
	return true
}

func (c *counter) drop(conn net.Conn) {
	_ = conn.Close()
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.conns, conn)
}

// carry joins a client with the server. What the client sends before anything comes
// back is one request, be it one command or a pipeline.
func (c *counter) carry(client net.Conn) {
	defer c.drop(client)
	server, err := net.Dial("tcp", c.upstream)
	if err != nil {
		return
	}
	defer c.drop(server)
	if !c.keep(client) || !c.keep(server) {
		return
	}
	var asking atomic.Bool
	var back sync.WaitGroup
	back.Go(func() {
		defer client.Close() // so that the other direction ends too
		pass(client, server, func() { asking.Store(false) })
	})
	pass(server, client, func() {
		if !asking.Swap(true) {
			c.trips.Add(1)
		}
	})
	_ = server.Close()
	back.Wait()
}

// pass copies until either end is closed, calling seen before it hands bytes on.
func pass(to, from net.Conn, seen func()) {
	buffer := make([]byte, 64<<10)
	for {
		n, err := from.Read(buffer)
		if n > 0 {
			seen()
			if _, err := to.Write(buffer[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}
