package stream

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

func TestW8_TheGatewayMayAnswerAnything(t *testing.T) {
	good := `{"endpoint":"ws://127.0.0.1:1/connect","ticket":"t"}`
	for _, test := range []struct {
		name   string
		status int
		body   string
		want   string // in the error
	}{
		{"a page", 200, "<html>tengine</html>", "not JSON"},
		{"XML", 200, "<OpenConnectionResponse><endpoint>wss://x/</endpoint></OpenConnectionResponse>", "not JSON"},
		{"nothing", 200, "", "not JSON"},
		{"cut off", 200, good[:20], "not JSON"},
		{"a list", 200, "[" + good + "]", "not JSON"},
		{"two", 200, good + good, "not JSON"},
		{"doubled", 200, `{"endpoint":"wss://a/","ENDPOINT":"wss://b/","ticket":"t"}`, "not JSON"},
		{"too large", 200, `{"x":"` + strings.Repeat("x", maxAnswer) + `",` + good[1:], "too large"},
		{"endless", 200, strings.Repeat("x", 10<<20), "too large"},
		{"no ticket", 200, `{"endpoint":"wss://a/"}`, "no ticket"},
		{"an empty ticket", 200, `{"endpoint":"wss://a/","ticket":""}`, "no ticket"},
		{"a ticket of lines", 200, `{"endpoint":"wss://a/","ticket":"a\r\nb"}`, "no ticket"},
		{"a long ticket", 200, `{"endpoint":"wss://a/","ticket":"` + strings.Repeat("x", 5000) + `"}`, "no ticket"},
		{"no endpoint", 200, `{"ticket":"t"}`, "no endpoint"},
		{"an endpoint of another type", 200, `{"endpoint":{},"ticket":"t"}`, "no endpoint"},
		{"an endpoint with a user", 200, `{"endpoint":"wss://u:p@a/","ticket":"t"}`, "no endpoint"},
		{"an endpoint without host", 200, `{"endpoint":"wss:a","ticket":"t"}`, "no endpoint"},
		{"an endpoint with a fragment", 200, `{"endpoint":"wss://a/#x","ticket":"t"}`, "no endpoint"},
		{"an endpoint that is none", 200, `{"endpoint":"wss://a\u0000/%zz","ticket":"t"}`, "no endpoint"},
		{"https", 200, `{"endpoint":"https://a/","ticket":"t"}`, "not wss"},
		{"http", 200, `{"endpoint":"http://127.0.0.1/","ticket":"t"}`, "not wss"},
		{"ws elsewhere", 200, `{"endpoint":"ws://example.com/","ticket":"t"}`, "not wss"},
		{"a file", 200, `{"endpoint":"file://host/etc/passwd","ticket":"t"}`, "not wss"},
		{"400", 400, "", "status 400"},
		{"400 with a code", 400, `{"code":"x","message":"长\u202ewords","requestid":"r1"}`, `status 400: code x: "长words", request r1`},
		{"503 page", 503, "<html>", "status 503"},
		{"204", 204, "", "status 204"},
		{"500 with a place", 500, good, "status 500"},
		{"403", 403, `{"code":"Forbidden.AccessDenied.IpNotInWhiteList","message":"ip","requestid":"r"}`, "IpNotInWhiteList"},
	} {
		t.Run(test.name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, g *gateway) {
				g.answers(refuse(test.status, test.body))
				l := made(t, g, "")
				_, err := l.ask(t.Context())
				if err == nil || !strings.Contains(err.Error(), test.want) || len(err.Error()) > 1000 {
					t.Errorf("error %.300v, want %q in it", err, test.want)
				}
			})
		})
	}
}

// Where the gateway is asked by TLS, the connection has it too.
func TestW8_NoWayDownFromTLS(t *testing.T) {
	c, err := New(Config{CorpID: corp, ClientID: clientID, ClientSecret: secret, Handle: take})
	if err != nil {
		t.Fatal(err)
	}
	for endpoint, want := range map[string]string{
		"wss://wss-open-connection.dingtalk.com:443/connect": "wss://wss-open-connection.dingtalk.com:443/connect?ticket=a%2B%26b",
		"wss://host/x?y=z":       "wss://host/x?y=z&ticket=a%2B%26b",
		"wss://host":             "wss://host?ticket=a%2B%26b",
		"ws://127.0.0.1/connect": "",
		"ws://localhost/connect": "",
		"ws://host/connect":      "",
	} {
		body, _ := json.Marshal(map[string]string{"endpoint": endpoint, "ticket": "a+&b"})
		p, err := c.placeIn(200, body)
		if (err == nil) != (want != "") || err == nil && p.address() != want {
			t.Errorf("%s: %v, %v", endpoint, p, err)
		}
	}
}

func TestW8_BoundedInTime(t *testing.T) {
	for name, prepare := range map[string]func(*gateway){
		"no answer":     func(g *gateway) { g.answers(never) },
		"no handshake":  func(g *gateway) { g.connects(never) },
		"half a header": func(g *gateway) { g.connects(hang("HTTP/1.1 101 Switching Protocols\r\nUpgra")) },
		"a slow body": func(g *gateway) {
			g.answers(func(w http.ResponseWriter, r *http.Request) {
				for r.Context().Err() == nil {
					io.WriteString(w, " ")
					w.(http.Flusher).Flush()
					time.Sleep(time.Second)
				}
			})
		},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, g *gateway) {
				prepare(g)
				l := made(t, g, "")
				began := time.Now()
				if _, err := l.connect(t.Context()); err == nil || !strings.Contains(err.Error(), "no answer in time") {
					t.Error(err)
				}
				if took := time.Since(began); took > 11*time.Second {
					t.Errorf("%s", took) // virtual time
				}
			})
		})
	}
}

// raw answers by hand and hangs up; hang does not.
func raw(text string) http.HandlerFunc { return byHand(text, false) }

func hang(text string) http.HandlerFunc { return byHand(text, true) }

func byHand(text string, hold bool) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		defer conn.Close()
		io.WriteString(conn, text)
		if hold {
			io.Copy(io.Discard, conn)
		}
	}
}

func TestW8_NoRedirectIsFollowed(t *testing.T) {
	var strayed atomic.Int32
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { strayed.Add(1) }))
	defer elsewhere.Close()
	for _, status := range []int{301, 302, 303, 307, 308} {
		redirect := func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, elsewhere.URL, status) }
		g := newGateway()
		l := made(t, g, onLoopback(t, g))
		g.connects(redirect)
		if _, err := l.connect(t.Context()); err == nil || !strings.Contains(err.Error(), fmt.Sprint(status)) {
			t.Error(err)
		}
		g.answers(redirect)
		if _, err := l.connect(t.Context()); err == nil || !strings.Contains(err.Error(), fmt.Sprint(status)) {
			t.Error(err)
		}
	}
	if strayed.Load() != 0 {
		t.Errorf("followed %d redirects", strayed.Load())
	}
}

func TestW8_HandshakesThatAreNone(t *testing.T) {
	for name, answer := range map[string]http.HandlerFunc{
		"200":            refuse(200, "hello"),
		"a page":         refuse(502, "<html>"),
		"no upgrade":     raw("HTTP/1.1 101 Switching Protocols\r\n\r\n"),
		"another accept": raw("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: x\r\n\r\n"),
		"long headers":   raw("HTTP/1.1 101 Switching Protocols\r\nX: " + strings.Repeat("x", 1<<20) + "\r\n\r\n"),
		"not HTTP":       raw("\x15\x03\x01\r\n\r\n"),
	} {
		g := newGateway()
		g.connects(answer)
		l := made(t, g, onLoopback(t, g))
		if _, err := l.connect(t.Context()); err == nil || len(err.Error()) > maxWords+100 {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Over TLS and through a proxy that was configured: certificates are verified, both
// requests go through it, and none does if there is none.
func TestW8_TLSAndProxy(t *testing.T) {
	g := newGateway()
	server := httptest.NewTLSServer(g)
	defer server.Close()
	g.address = server.Listener.Addr().String()
	g.answers(func(w http.ResponseWriter, _ *http.Request) { g.give(w, "wss://"+g.address+"/connect") })
	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())

	var tunnels atomic.Int32
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		there, err := net.Dial("tcp", r.Host)
		if r.Method != http.MethodConnect || err != nil {
			w.WriteHeader(502)
			return
		}
		tunnels.Add(1)
		here, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		io.WriteString(here, "HTTP/1.1 200 OK\r\n\r\n")
		go func() { io.Copy(there, here); there.Close() }()
		go func() { io.Copy(here, there); here.Close() }()
	}))
	defer proxy.Close()

	t.Setenv("HTTPS_PROXY", proxy.URL)
	t.Setenv("ALL_PROXY", proxy.URL)
	direct := made(t, g, server.URL)
	if _, err := direct.connect(t.Context()); err == nil || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("an unknown certificate: %v", err)
	}
	trusting := func(c *Client) *Client {
		c.transport.TLSClientConfig = &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}
		return c
	}
	trusting(direct.Client)
	direct.run(t)
	p := g.next(t)
	p.send(leave("m", "e"))
	p.status("m")
	if tunnels.Load() != 0 || direct.transport.Proxy != nil {
		t.Error("a proxy was used that was not configured")
	}
	through := made(t, g, server.URL, func(c *Config) { c.Proxy = proxy.URL })
	trusting(through.Client)
	through.run(t)
	g.next(t).ping("m")
	if tunnels.Load() != 2 {
		t.Errorf("%d tunnels, want 2", tunnels.Load())
	}
	if made(t, g, server.URL, func(c *Config) { c.Proxy = "environment" }).transport.Proxy == nil {
		t.Error("the environment is not asked")
	}
}

func TestNewNamesAllFaults(t *testing.T) {
	for api, want := range map[string]string{
		"http://example.com": "loopback", "ftp://x": "https", "https://u:p@x": "user", "://": "not a URL", "https://x?y=z": "query", "https://é": "ASCII",
	} {
		_, err := New(Config{API: api, ClientID: "a b", ClientSecret: "se cret", UserAgent: "x\n", Proxy: "ftp://x"})
		if err == nil {
			t.Errorf("%s is taken", api)
			continue
		}
		for _, part := range []string{want, "corpId is missing", "client id holds", "client secret holds", "line break", "handle", "proxy"} {
			if !strings.Contains(err.Error(), part) {
				t.Errorf("%s: %q is not in %v", api, part, err)
			}
		}
		if strings.Contains(err.Error(), "se cret") {
			t.Error(err)
		}
	}
	c, err := New(Config{CorpID: corp, ClientID: clientID, ClientSecret: secret, Handle: take})
	if err != nil || c.open.String() != "https://api.dingtalk.com/v1.0/gateway/connections/open" {
		t.Error(c, err)
	}
}

// A buffer that loggers may write to at once.
type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

func logged() (*buffer, *slog.Logger) {
	var out buffer
	return &out, slog.New(slog.NewJSONHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

// The server repeats all it was told, wherever its words may end up.
func TestW9_NoSecretInErrorsOrLogs(t *testing.T) {
	const ticket = "tick/et+of=the&gateway"
	// Before there is a ticket only the secret can be repeated.
	early := secret + " " + url.QueryEscape(secret) + " " + url.PathEscape(secret)
	late := early + " " + ticket + " " + url.QueryEscape(ticket) + " " + url.PathEscape(ticket)
	split := func(s string) string { return strings.Join(strings.Split(s, ""), "\u200b") }
	long := func(s string) string { return strings.Repeat("长", 80) + strings.Repeat(s+"\u202e", 50) }
	out, log := logged()
	plain := func(s string) string { return s }
	for _, disguise := range []func(string) string{plain, split, long} {
		words := disguise(late)
		quoted, _ := json.Marshal(disguise(early))
		q := string(quoted)
		place := func(g *gateway) http.HandlerFunc {
			return func(w http.ResponseWriter, _ *http.Request) {
				json.NewEncoder(w).Encode(map[string]string{"endpoint": "ws://" + g.address + "/connect", "ticket": ticket})
			}
		}
		for name, prepare := range map[string]func(*gateway){
			"code":     func(g *gateway) { g.answers(refuse(400, `{"code":`+q+`,"message":`+q+`,"requestid":`+q+`}`)) },
			"auth":     func(g *gateway) { g.answers(refuse(401, `{"code":`+q+`,"message":`+q+`,"requestid":`+q+`}`)) },
			"page":     func(g *gateway) { g.answers(refuse(500, "<html>"+early)) },
			"endpoint": func(g *gateway) { g.answers(refuse(200, `{"ticket":"x","endpoint":`+q+`}`)) },
			"host": func(g *gateway) {
				g.answers(refuse(200, `{"ticket":"`+ticket+`","endpoint":"wss://x.invalid/`+url.PathEscape(secret)+`?ticket=`+url.QueryEscape(ticket)+`"}`))
			},
			"redirect":    func(g *gateway) { g.answers(raw("HTTP/1.1 302 Found\r\nLocation: /?" + early + "\r\n\r\n")) },
			"status line": func(g *gateway) { g.answers(raw("HTTP/1.1 " + disguise(early) + " x\r\n\r\n")) },
			"handshake": func(g *gateway) {
				g.answers(place(g))
				g.connects(raw("HTTP/1.1 101 x\r\nConnection: " + words + "\r\nUpgrade: " + words + "\r\n\r\n"))
			},
			"handshake status": func(g *gateway) { g.answers(place(g)); g.connects(raw("HTTP/1.1 " + words + " x\r\n\r\n")) },
			"cut": func(g *gateway) {
				g.answers(place(g))
				g.connects(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
			},
			"close":  func(g *gateway) { g.answers(place(g)) },
			"frames": func(g *gateway) { g.answers(place(g)) },
		} {
			g := newGateway()
			api := onLoopback(t, g)
			prepare(g)
			l := start(t, g, api, func(c *Config) { c.Log, c.BackoffMin, c.BackoffMax = log, time.Millisecond, time.Millisecond })
			switch name {
			case "close":
				g.next(t).conn.Close(4000, (secret + " " + ticket)[:min(120, len(secret+ticket)+1)])
				l.sees(t, Lost)
			case "frames":
				p := g.next(t)
				p.send(eventFrame("m", "e", "user_leave_org", secret, "{}"))
				p.send(eventFrame("m", "e", "a"+ticket, "b"+ticket, "{}"))
				p.send(system("disconnect", "d", words))
				l.sees(t, Moved)
			default:
				l.sees(t, Failed)
			}
			if _, err := l.connect(t.Context()); err != nil {
				fmt.Fprintf(out, "%s: %v %+v %#v %q\n", name, err, err, err, err)
			}
			fmt.Fprintf(out, "%s: %v %+v %#v %s\n", name, l.Client, l.Status(), l.Client, l.Client)
			log.Info("x", "client", l.Client, "status", l.Status())
			l.stop()
		}
	}
	all := out.String()
	if strings.Count(all, "[secret]") < 20 {
		t.Error("little was repeated: the test tests nothing")
	}
	for name, hidden := range map[string]string{
		"secret": secret, "ticket": ticket, "escaped secret": url.QueryEscape(secret), "escaped ticket": url.QueryEscape(ticket), "path ticket": url.PathEscape(ticket),
	} {
		if i := strings.Index(all, hidden); i >= 0 {
			t.Errorf("the %s is in: %.300s", name, all[max(0, i-150):])
		}
	}
	for _, r := range all {
		if r != '\n' && printable(r) != r {
			t.Fatalf("%U in what was logged", r)
		}
	}
}

func TestW9_PrintedFormsHideTheSecret(t *testing.T) {
	l := made(t, newGateway(), "https://api.dingtalk.com")
	cfg := l.cfg
	var out buffer
	for _, handler := range []slog.Handler{slog.NewJSONHandler(&out, nil), slog.NewTextHandler(&out, nil)} {
		log := slog.New(handler)
		log.Info("x", "config", cfg, "client", l.Client, "pointer", &cfg)
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q"} {
		for _, v := range []any{cfg, &cfg, l.Client, struct{ C Config }{cfg}, []Config{cfg}, []*Client{l.Client}} {
			fmt.Fprintf(&out, verb+"\n", v)
		}
	}
	if strings.Contains(out.String(), secret) {
		t.Errorf("the secret is in %s", out.String())
	}
	if !strings.Contains(out.String(), clientID) {
		t.Error("nothing was printed")
	}
	if field, _ := reflect.TypeFor[Config]().FieldByName("ClientSecret"); field.Tag.Get("json") != "-" {
		t.Error("the secret goes into JSON")
	}
}
