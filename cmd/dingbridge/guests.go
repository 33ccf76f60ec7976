package main

import (
	"container/list"
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"sync"
)

// guests bound the open connections of one server. Where there would be too many, the
// one that has waited longest for a request of its own is closed: a browser that comes
// back opens another, and whoever opens thousands loses his own. A connection whose
// request is being answered is never closed for another.
type guests struct {
	most int

	mu      sync.Mutex
	open    map[net.Conn]*guest
	waiting *list.List // of *guest; who has waited longest first
}

type guest struct {
	conn  net.Conn
	busy  int           // requests that are being answered; HTTP/2 has several
	place *list.Element // among those that wait
}

type guestKey struct{}

// bound makes a server keep to most connections; 0: any number.
func bound(s *http.Server, most int) {
	if most == 0 {
		return
	}
	g := &guests{most: most, open: map[net.Conn]*guest{}, waiting: list.New()}
	next := s.Handler
	s.ConnContext = func(ctx context.Context, c net.Conn) context.Context {
		return context.WithValue(ctx, guestKey{}, g.welcome(c))
	}
	s.ConnState = func(c net.Conn, state http.ConnState) {
		if state == http.StateClosed || state == http.StateHijacked {
			g.goodbye(c)
		}
	}
	s.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		one, ok := r.Context().Value(guestKey{}).(*guest)
		if !ok {
			next.ServeHTTP(w, r)
			return
		}
		if r.Body == nil || r.Body == http.NoBody {
			g.begin(one)
			defer g.end(one)
			next.ServeHTTP(w, r)
			return
		}
		// One that sends its body slowly still waits.
		body := &arriving{ReadCloser: r.Body, to: g, of: one}
		r.Body = body
		defer body.answered()
		next.ServeHTTP(w, r)
	})
}

// welcome takes a connection in, and closes another for it if there are too many.
func (g *guests) welcome(c net.Conn) *guest {
	g.mu.Lock()
	defer g.mu.Unlock()
	one := &guest{conn: c}
	if len(g.open) >= g.most {
		if longest := g.waiting.Front(); longest != nil {
			g.remove(longest.Value.(*guest))
		} else { // all are busy: there is no place
			cut(c)
			return one
		}
	}
	g.open[c], one.place = one, g.waiting.PushBack(one)
	return one
}

// remove closes a connection that waits, without a word: to say goodbye by TLS may take
// seconds.
func (g *guests) remove(one *guest) {
	g.forget(one)
	cut(one.conn)
}

func cut(c net.Conn) {
	if t, ok := c.(*tls.Conn); ok {
		c = t.NetConn()
	}
	_ = c.Close() // whatever that says, it is not counted any more
}

func (g *guests) forget(one *guest) {
	delete(g.open, one.conn)
	if one.place != nil {
		g.waiting.Remove(one.place)
		one.place = nil
	}
}

func (g *guests) goodbye(c net.Conn) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if one := g.open[c]; one != nil {
		g.forget(one)
	}
}

func (g *guests) begin(one *guest) {
	g.mu.Lock()
	defer g.mu.Unlock()
	one.busy++
	if one.place != nil {
		g.waiting.Remove(one.place)
		one.place = nil
	}
}

func (g *guests) end(one *guest) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if one.busy--; one.busy == 0 && g.open[one.conn] == one {
		one.place = g.waiting.PushBack(one)
	}
}

// arriving is the body of a request. Once it is whole, the request is at work.
type arriving struct {
	io.ReadCloser
	to    *guests
	of    *guest
	begun bool
}

func (a *arriving) Read(b []byte) (int, error) {
	n, err := a.ReadCloser.Read(b)
	if err != nil {
		a.whole()
	}
	return n, err
}

func (a *arriving) whole() {
	if !a.begun {
		a.begun = true
		a.to.begin(a.of)
	}
}

func (a *arriving) answered() {
	if a.begun {
		a.to.end(a.of)
	}
}
