package stream

import (
	"context"
	"net"
	"sync"
	"time"
)

// A wire is a listener whose connections are pipes.
type wire struct {
	conns chan net.Conn
	done  chan struct{}
	once  sync.Once
}

func (l *wire) Accept() (net.Conn, error) {
	select {
	case conn := <-l.conns:
		return conn, nil
	case <-l.done:
		return nil, net.ErrClosed
	}
}

func (l *wire) Close() error   { l.once.Do(func() { close(l.done) }); return nil }
func (l *wire) Addr() net.Addr { return &net.TCPAddr{} }

func (l *wire) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	here, there := pipe()
	select {
	case l.conns <- there:
		return here, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-l.done:
		return nil, net.ErrClosed
	}
}

// pipe is net.Pipe with room between its ends, as there is between those of a socket:
// two that write to each other at once must not wait for each other.
func pipe() (net.Conn, net.Conn) {
	a, b := net.Pipe()
	return roomy(a), roomy(b)
}

type roomyConn struct {
	net.Conn
	mu     sync.Mutex
	queue  chan []byte
	closed bool
}

func roomy(inner net.Conn) net.Conn {
	c := &roomyConn{Conn: inner, queue: make(chan []byte, 1<<16)}
	go func() {
		for p := range c.queue {
			if _, err := c.Conn.Write(p); err != nil {
				c.Close()
				break
			}
		}
		c.Conn.Close()
	}()
	return c
}

func (c *roomyConn) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return 0, net.ErrClosed
	}
	select {
	case c.queue <- append([]byte(nil), p...):
		return len(p), nil
	default:
		return 0, net.ErrClosed // far more than any test writes to one that does not read
	}
}

// Close lets the other end read what was written, for a while.
func (c *roomyConn) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return net.ErrClosed
	}
	c.closed = true
	close(c.queue)
	c.Conn.SetReadDeadline(time.Unix(1, 0)) // who reads here stops
	time.AfterFunc(5*time.Second, func() { c.Conn.Close() })
	return nil
}
