package logout

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/dingbridge/dingbridge/provider/audit"
	"github.com/dingbridge/dingbridge/provider/clients"
)

// trail keeps what was audited, and holds every event to the catalogue.
type trail struct {
	t    *testing.T
	mu   sync.Mutex
	list []audit.Event
	more chan struct{} // holds one when something was recorded
}

func newTrail(t *testing.T) *trail { return &trail{t: t, more: make(chan struct{}, 1)} }

func (tr *trail) Record(_ context.Context, e audit.Event) {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	if err := audit.Check(e); err != nil {
		tr.t.Errorf("audit: %v", err)
	}
	tr.list = append(tr.list, e)
	select {
	case tr.more <- struct{}{}:
	default:
	}
}

// of returns the client's events, of any client if empty.
func (tr *trail) of(client string) []audit.Event {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	var list []audit.Event
	for _, e := range tr.list {
		if client == "" || e.ClientID == client {
			list = append(list, e)
		}
	}
	return list
}

// story is the client's events in words.
func (tr *trail) story(client string) string {
	var words []string
	for _, e := range tr.of(client) {
		word := strings.TrimPrefix(string(e.Name), "backchannel.")
		if e.Reason != "" {
			word += ":" + e.Reason
		}
		words = append(words, word)
	}
	return strings.Join(words, " ")
}

// await waits until the client has so many events.
func (tr *trail) await(client string, count int) {
	tr.t.Helper()
	for give := time.After(time.Minute); len(tr.of(client)) < count; {
		select {
		case <-tr.more:
		case <-give:
			tr.t.Fatalf("%s has %q, not %d events", client, tr.story(client), count)
		}
	}
}

// unsigned stands for a signature where a test is about something else.
func unsigned(alg string, payload []byte) (string, error) {
	return "e30." + base64.RawURLEncoding.EncodeToString(payload) + "." + alg, nil
}

func claimsOf(t *testing.T, token string) map[string]any {
	t.Helper()
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		t.Fatalf("a token of %d parts", len(parts))
	}
	b, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		t.Fatal(err)
	}
	var claims map[string]any
	if err := json.Unmarshal(b, &claims); err != nil {
		t.Fatal(err)
	}
	return claims
}

var home = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}

// notify makes a Notifier for a test, drained at its end.
func notify(t *testing.T, tr *trail, c Config) *Notifier {
	t.Helper()
	c.Issuer, c.Audit = "https://id.example.com", tr
	if c.Sign == nil {
		c.Sign = unsigned
	}
	n := New(c)
	t.Cleanup(func() {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		_ = n.Drain(ctx)
	})
	return n
}

func to(id, uri string, networks ...netip.Prefix) Notice {
	return Notice{
		Client:  &clients.Client{ID: id, IDTokenAlg: "RS256", BackchannelLogoutURI: uri, BackchannelLogoutNetworks: networks},
		Subject: "subject", SessionID: "c2Vzc2lvbi1pZC1vZi10aA", RequestID: "request",
	}
}

// pipes is a network in memory, so that a test can be in virtual time.
type pipes struct {
	conns chan net.Conn
	end   chan struct{}
	once  sync.Once
}

// receiver serves handler to whatever n dials, whoever it is for.
func receiver(t *testing.T, n *Notifier, handler http.HandlerFunc) {
	t.Helper()
	p := &pipes{conns: make(chan net.Conn), end: make(chan struct{})}
	n.dial = func(ctx context.Context, _, _ string) (net.Conn, error) {
		here, there := net.Pipe()
		select {
		case p.conns <- there:
			return here, nil
		case <-p.end:
			return nil, errors.New("refused")
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	server := &http.Server{Handler: handler}
	var running sync.WaitGroup
	running.Go(func() { _ = server.Serve(p) })
	t.Cleanup(func() { server.Close(); running.Wait() })
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.end:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error   { p.once.Do(func() { close(p.end) }); return nil }
func (p *pipes) Addr() net.Addr { return &net.TCPAddr{} }
