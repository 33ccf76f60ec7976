package storagetest

import (
	"net"
	"sync"
	"sync/atomic"
	"testing"
)

// A Proxy is a TCP proxy in front of a server that can lose replies: a request
// goes through and takes effect, then the connection is cut instead of answered.
// Its methods are safe for concurrent use.
type Proxy struct {
	Addr string // where it listens

	target string
	lose   atomic.Int64
	lost   atomic.Int64
	down   atomic.Bool

	mu    sync.Mutex
	conns map[net.Conn]struct{}
}

// LossyProxy starts a proxy in front of addr; it ends with the test.
func LossyProxy(tb testing.TB, addr string) *Proxy {
	tb.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	p := &Proxy{Addr: l.Addr().String(), target: addr, conns: map[net.Conn]struct{}{}}
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			wg.Go(func() { p.serve(conn) })
		}
	})
	tb.Cleanup(func() {
		l.Close()
		p.down.Store(true)
		p.Cut()
		wg.Wait()
	})
	return p
}

// Lose cuts the connection instead of each of the next n replies. What the server
// answers during the handshake of a new connection counts as a reply too.
func (p *Proxy) Lose(n int) { p.lose.Store(int64(n)) }

// Lost counts the replies that were lost.
func (p *Proxy) Lost() int { return int(p.lost.Load()) }

// Cut closes all connections.
func (p *Proxy) Cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.conns {
		c.Close()
	}
}

// Refuse closes new connections at once while on is true, and cuts the others.
func (p *Proxy) Refuse(on bool) {
	if p.down.Store(on); on {
		p.Cut()
	}
}

// track notes a connection; false says that it came too late.
func (p *Proxy) track(c net.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.down.Load() {
		return false
	}
	p.conns[c] = struct{}{}
	return true
}

func (p *Proxy) serve(client net.Conn) {
	defer client.Close()
	server, err := net.Dial("tcp", p.target)
	if err != nil {
		return
	}
	defer server.Close()
	defer func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		delete(p.conns, client)
		delete(p.conns, server)
	}()
	if !p.track(client) || !p.track(server) {
		return
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		defer server.Close()
		pass(server, client, nil)
	})
	pass(client, server, p.takeReply)
	client.Close()
	server.Close()
	wg.Wait()
}

// takeReply tells whether the reply that has just come is to be lost. A server
// answers only after it has acted, so the effect is there.
func (p *Proxy) takeReply() bool {
	for {
		n := p.lose.Load()
		if n <= 0 {
			return false
		}
		if p.lose.CompareAndSwap(n, n-1) {
			p.lost.Add(1)
			return true
		}
	}
}

// pass copies until an end, or until lost says so of what has come.
func pass(to, from net.Conn, lost func() bool) {
	buf := make([]byte, 64<<10)
	for {
		n, err := from.Read(buf)
		if n > 0 {
			if lost != nil && lost() {
				return
			}
			if _, err := to.Write(buf[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}
