package systemtest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// A balancer stands in front of several processes of one provider, as those do that
// people have: it sends nothing to one that is not ready, and tries another only where
// the request cannot have reached the first.
type balancer struct {
	mu    sync.Mutex
	ready map[string]bool // by base URL
	order []string
	turn  atomic.Uint64
	wires *http.Transport
}

// lookEvery is how often a balancer asks whether a process is ready.
const lookEvery = 100 * time.Millisecond

// balance listens at the issuer's address.
func (w *world) balance() *balancer {
	w.t.Helper()
	at, err := url.Parse(w.issuer)
	if err != nil {
		w.t.Fatal(err)
	}
	l, err := net.Listen("tcp", at.Host)
	if err != nil {
		w.t.Fatal(err)
	}
	b := &balancer{ready: map[string]bool{}, wires: &http.Transport{MaxIdleConnsPerHost: 64, IdleConnTimeout: 10 * time.Second}}
	proxy := &httputil.ReverseProxy{Transport: b, Rewrite: func(r *httputil.ProxyRequest) {
		r.Out.Host = r.In.Host
		r.SetXForwarded()
	}, ErrorHandler: func(rw http.ResponseWriter, _ *http.Request, err error) {
		http.Error(rw, "the balancer: "+err.Error(), http.StatusBadGateway)
	}}
	server := &http.Server{Handler: proxy}
	go func() { _ = server.Serve(l) }()
	ctx, end := context.WithCancel(context.Background())
	var looking sync.WaitGroup
	looking.Go(func() { b.look(ctx) })
	w.t.Cleanup(func() { end(); looking.Wait(); _ = server.Close() })
	return b
}

// add makes it know a process.
func (b *balancer) add(base string) {
	b.mu.Lock()
	b.order = append(b.order, base)
	b.mu.Unlock()
	b.ask(context.Background(), base)
}

func (b *balancer) known() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]string(nil), b.order...)
}

func (b *balancer) look(ctx context.Context) {
	for ctx.Err() == nil {
		for _, base := range b.known() {
			b.ask(ctx, base)
		}
		select {
		case <-ctx.Done():
		case <-time.After(lookEvery):
		}
	}
}

func (b *balancer) ask(ctx context.Context, base string) {
	ctx, end := context.WithTimeout(ctx, patience/6)
	defer end()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, base+"/readyz", nil)
	if err != nil {
		return
	}
	resp, err := b.wires.RoundTrip(req)
	ok := err == nil && resp.StatusCode == http.StatusOK
	if err == nil {
		resp.Body.Close()
	}
	b.mu.Lock()
	b.ready[base] = ok
	b.mu.Unlock()
}

// await waits until so many are ready.
func (b *balancer) await(t testing.TB, n int) {
	t.Helper()
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if len(b.choice()) == n {
			return
		}
	}
	t.Fatalf("%d are ready, want %d", len(b.choice()), n)
}

// choice is those that are ready, another first each time.
func (b *balancer) choice() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	var ready []string
	for _, base := range b.order {
		if b.ready[base] {
			ready = append(ready, base)
		}
	}
	if len(ready) == 0 {
		return nil
	}
	first := int(b.turn.Add(1) % uint64(len(ready)))
	return append(ready[first:len(ready):len(ready)], ready[:first]...)
}

// RoundTrip makes it an http.RoundTripper.
func (b *balancer) RoundTrip(r *http.Request) (*http.Response, error) {
	var body []byte
	if r.Body != nil {
		var err error
		if body, err = io.ReadAll(r.Body); err != nil {
			return nil, err
		}
	}
	last := errors.New("nobody is ready")
	for _, base := range b.choice() {
		to, err := url.Parse(base)
		if err != nil {
			return nil, err
		}
		again := r.Clone(r.Context())
		again.URL.Scheme, again.URL.Host = to.Scheme, to.Host
		again.Body, again.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
		resp, err := b.wires.RoundTrip(again)
		if err == nil {
			return resp, nil
		}
		last = err
		if op, ok := errors.AsType[*net.OpError](err); !ok || op.Op != "dial" {
			break // it may have arrived
		}
	}
	return nil, last
}
