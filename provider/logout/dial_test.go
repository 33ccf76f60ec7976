package logout

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"golang.org/x/net/dns/dnsmessage"
)

// trap is a server that nothing must reach.
func trap(t *testing.T, address string) *httptest.Server {
	t.Helper()
	l, err := net.Listen("tcp", address)
	if err != nil {
		t.Skipf("no %s here: %v", address, err)
	}
	s := &httptest.Server{Listener: l, Config: &http.Server{
		Handler: http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("a request came through") }),
		ConnState: func(_ net.Conn, state http.ConnState) {
			if state == http.StateNew {
				t.Error("a connection was made")
			}
		},
	}}
	s.Start()
	t.Cleanup(s.Close)
	return s
}

func port(t *testing.T, s *httptest.Server) string {
	t.Helper()
	u, err := url.Parse(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	return u.Port()
}

// A name that leads to an address which is not allowed, and the address itself in
// every spelling, get no connection and no second try.
func TestN3_ForbiddenAddressesAreNotDialled(t *testing.T) {
	four := port(t, trap(t, "127.0.0.1:0"))
	for _, host := range []string{"127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "0.0.0.0"} {
		refused(t, host, "http://"+host+":"+four+"/logout")
	}
	for _, host := range []string{"169.254.169.254", "100.100.100.200", "[64:ff9b::7f00:1]", "[2002:7f00:1::]", "10.0.0.1", "255.255.255.255", "[fe80::1]"} {
		refused(t, host, "http://"+host+"/latest/meta-data")
	}
}

func TestN3_ForbiddenAddressesOfIPv6(t *testing.T) {
	six := port(t, trap(t, "[::1]:0"))
	for _, host := range []string{"[::1]", "[0:0:0:0:0:0:0:1]", "[::]"} {
		refused(t, host, "http://"+host+":"+six+"/logout")
	}
}

// refused sends to a client whose networks are somebody else's.
func refused(t *testing.T, name, uri string) {
	t.Helper()
	tr := newTrail(t)
	n := notify(t, tr, Config{})
	n.Send(to("app", uri, netip.MustParsePrefix("192.0.2.0/24")))
	tr.await("app", 1)
	if got := tr.story("app"); got != "failed:forbidden_address" {
		t.Errorf("%s: %s (%v)", name, got, tr.of("app")[0].Err)
	}
}

// One client's networks are its own, also while another's receiver is at the same
// address: no connection is shared or kept.
func TestN3_NetworksAreTheClientsOwn(t *testing.T) {
	var connections atomic.Int32
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if !r.Close {
			t.Error("the connection is to be kept")
		}
	}))
	s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			connections.Add(1)
		}
	}
	s.Start()
	defer s.Close()
	tr := newTrail(t)
	n := notify(t, tr, Config{AtOnce: 1})
	n.Send(to("mine", s.URL, home...), to("mine", s.URL, home...))
	tr.await("mine", 2)
	n.Send(to("other", s.URL))
	tr.await("other", 1)
	if tr.story("mine") != "delivered delivered" || tr.story("other") != "failed:forbidden_address" || connections.Load() != 2 {
		t.Errorf("mine %s, other %s, %d connections", tr.story("mine"), tr.story("other"), connections.Load())
	}
}

// nameServer is a real name server on loopback; answer decides, at each question for
// an IPv4 address, what the name means now.
func nameServer(t *testing.T, answer func() netip.Addr) *net.Resolver {
	t.Helper()
	l, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		buffer := make([]byte, 1500)
		for {
			size, from, err := l.ReadFrom(buffer)
			if err != nil {
				return
			}
			var m dnsmessage.Message
			if err := m.Unpack(buffer[:size]); err != nil || len(m.Questions) != 1 {
				continue
			}
			m.Response, m.Additionals = true, nil
			if q := m.Questions[0]; q.Type == dnsmessage.TypeA {
				m.Answers = []dnsmessage.Resource{{
					Header: dnsmessage.ResourceHeader{Name: q.Name, Type: q.Type, Class: q.Class},
					Body:   &dnsmessage.AResource{A: answer().As4()},
				}}
			}
			if out, err := m.Pack(); err == nil {
				_, _ = l.WriteTo(out, from)
			}
		}
	}()
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "udp", l.LocalAddr().String())
	}}
}

// The name server changes its mind between two tries: the second is held to the rule
// like the first. No address of our own making is trusted, only the one dialled.
func TestThreat_DNSRebinding(t *testing.T) {
	inside := port(t, trap(t, "127.0.0.2:0"))
	var asked atomic.Int32
	first := make(chan struct{}, 8)
	allowed := &httptest.Server{Config: &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		first <- struct{}{}
		w.WriteHeader(http.StatusServiceUnavailable)
	})}}
	l, err := net.Listen("tcp", "127.0.0.1:"+inside)
	if err != nil {
		t.Skipf("the port is taken at the other address: %v", err)
	}
	allowed.Listener = l
	allowed.Start()
	defer allowed.Close()

	tr := newTrail(t)
	n := notify(t, tr, Config{})
	n.resolver = nameServer(t, func() netip.Addr {
		if asked.Add(1) == 1 {
			return netip.MustParseAddr("127.0.0.1")
		}
		return netip.MustParseAddr("127.0.0.2")
	})
	n.Send(to("app", "http://rebind.example.com:"+inside+"/", netip.MustParsePrefix("127.0.0.1/32")))
	<-first
	tr.await("app", 2)
	if got := tr.story("app"); got != "retried:unavailable failed:forbidden_address" {
		t.Error(got)
	}
}

// A name that means a forbidden address from the start.
func TestThreat_DNSNameOfAForbiddenAddress(t *testing.T) {
	inside := port(t, trap(t, "127.0.0.1:0"))
	tr := newTrail(t)
	n := notify(t, tr, Config{})
	n.resolver = nameServer(t, func() netip.Addr { return netip.MustParseAddr("127.0.0.1") })
	n.Send(to("app", "http://app.example.com:"+inside+"/"))
	tr.await("app", 1)
	if got := tr.story("app"); got != "failed:forbidden_address" {
		t.Error(got)
	}
}

// A redirect is the end, wherever it leads: to another receiver that would be allowed,
// or to the metadata of a cloud.
func TestN4_NoRedirectIsFollowed(t *testing.T) {
	elsewhere := trap(t, "127.0.0.1:0")
	for _, status := range []int{301, 302, 303, 307, 308} {
		for _, location := range []string{elsewhere.URL, "http://169.254.169.254/latest/meta-data", "/again"} {
			calls := 0
			s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				calls++
				w.Header().Set("Location", location)
				w.WriteHeader(status)
			}))
			tr := newTrail(t)
			notify(t, tr, Config{}).Send(to("app", s.URL, home...))
			tr.await("app", 1)
			s.Close()
			if got := tr.story("app"); got != "failed:redirected" || calls != 1 {
				t.Errorf("%d to %s: %s, %d calls", status, location, got, calls)
			}
		}
	}
}

// A proxy of the environment would be dialled instead of the receiver, and with it the
// rule for addresses would be the proxy's.
func TestN4_NoProxyOfTheEnvironment(t *testing.T) {
	t.Setenv("HTTP_PROXY", trap(t, "127.0.0.1:0").URL)
	t.Setenv("http_proxy", trap(t, "127.0.0.1:0").URL)
	reached := make(chan struct{}, 1)
	s := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached <- struct{}{} }))
	defer s.Close()
	tr := newTrail(t)
	n := notify(t, tr, Config{})
	n.resolver = nameServer(t, func() netip.Addr { return netip.MustParseAddr("127.0.0.1") })
	n.Send(to("app", "http://app.example.com:"+port(t, s)+"/", home...))
	<-reached
	tr.await("app", 1)
	if n.transport(nil).Proxy != nil {
		t.Error("a proxy may be used")
	}
}

func TestN4_TLS(t *testing.T) {
	for name, row := range map[string]struct {
		trusted bool
		version uint16 // the newest of the server
		want    string
	}{
		"verified":             {true, tls.VersionTLS13, "delivered"},
		"TLS 1.2":              {true, tls.VersionTLS12, "delivered"},
		"TLS 1.1":              {true, tls.VersionTLS11, "retried:unreachable"},
		"of an unknown issuer": {false, tls.VersionTLS13, "failed:certificate"},
	} {
		t.Run(name, func(t *testing.T) {
			s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if !row.trusted {
					t.Error("the notice was sent")
				}
			}))
			s.Config.ErrorLog = quiet
			s.TLS = &tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: row.version}
			s.StartTLS()
			defer s.Close()
			tr := newTrail(t)
			n := notify(t, tr, Config{})
			if row.trusted {
				n.roots = x509.NewCertPool()
				n.roots.AddCert(s.Certificate())
			}
			n.Send(to("app", s.URL, home...))
			tr.await("app", 1)
			if got := tr.story("app"); got != row.want {
				t.Errorf("%s (%v)", got, tr.of("app")[0].Err)
			}
		})
	}
	// The right chain, for another name.
	s := httptest.NewUnstartedServer(http.NotFoundHandler())
	s.Config.ErrorLog = quiet
	s.StartTLS()
	defer s.Close()
	tr := newTrail(t)
	n := notify(t, tr, Config{})
	n.resolver = nameServer(t, func() netip.Addr { return netip.MustParseAddr("127.0.0.1") })
	n.roots = x509.NewCertPool()
	n.roots.AddCert(s.Certificate())
	n.Send(to("app", "https://app.other.test:"+port(t, s)+"/", home...))
	tr.await("app", 1)
	if got := tr.story("app"); got != "failed:certificate" {
		t.Error(got)
	}
}

// No token is in what is audited, whatever the receiver does.
func TestThreat_NoTokenInTheAuditTrail(t *testing.T) {
	var token string
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		token = r.FormValue("logout_token")
		c, _, _ := w.(http.Hijacker).Hijack()
		_, _ = io.WriteString(c, "HTTP/1.1 "+token+" key=abc\r\n\r\n")
		c.Close()
	}))
	defer s.Close()
	tr := newTrail(t)
	n := notify(t, tr, Config{})
	n.Send(to("app", s.URL+"/?key=abc", home...))
	tr.await("app", 1)
	e := tr.of("app")[0]
	if e.Err == nil || errors.Is(e.Err, errForbidden) || token == "" || strings.Contains(e.Err.Error(), token) || strings.Contains(e.Err.Error(), "abc") {
		t.Errorf("%s: %v", tr.story("app"), e.Err)
	}
}
