package stream

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"
)

const (
	corp     = "ding3f2a91c07be84d6535c2f4657eb6378f"
	otherOne = "ding00000000000000000000000000000000"
	clientID = "dingb7x2k9qw4m1ztr0c"
	secret   = "Vw3k-sEcReT/of+the=app"
)

// A gateway plays DingTalk by a script: the test says what it answers and sends.
type gateway struct {
	address string     // host and port
	peers   chan *peer // connections, as they come

	mu        sync.Mutex
	open      http.HandlerFunc // instead of the usual answer
	connect   http.HandlerFunc // instead of a connection
	asked     []askedFor
	tickets   []string // given out
	presented []string // brought to /connect
}

// askedFor is one request to open.
type askedFor struct {
	at     time.Time
	header http.Header
	body   string
}

// A peer is the server's end of one connection. What the client sends is read all
// along; replies holds it.
type peer struct {
	t       testing.TB
	conn    *websocket.Conn
	ticket  string
	replies chan reply
	gone    chan struct{} // closed when the client is
	silent  chan struct{} // closed to stop reading
	mute    *atomic.Bool  // no answers to pings of the websocket
}

type reply struct {
	Code    int
	Message string
	Headers map[string]string
	Data    json.RawMessage
}

func newGateway() *gateway { return &gateway{peers: make(chan *peer, 1000)} }

func (g *gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	g.mu.Lock()
	open, connect := g.open, g.connect
	g.mu.Unlock()
	switch r.URL.Path {
	case "/v1.0/gateway/connections/open":
		body, _ := io.ReadAll(r.Body)
		g.mu.Lock()
		g.asked = append(g.asked, askedFor{time.Now(), r.Header.Clone(), string(body)})
		g.mu.Unlock()
		if open != nil {
			open(w, r)
			return
		}
		g.give(w, "ws://"+g.address+"/connect")
	case "/connect":
		g.mu.Lock()
		g.presented = append(g.presented, r.URL.Query().Get("ticket"))
		g.mu.Unlock()
		if connect != nil {
			connect(w, r)
			return
		}
		mute := new(atomic.Bool)
		conn, err := websocket.Accept(w, r, &websocket.AcceptOptions{
			OnPingReceived: func(context.Context, []byte) bool { return !mute.Load() },
		})
		if err != nil {
			return
		}
		p := &peer{
			conn: conn, ticket: r.URL.Query().Get("ticket"), replies: make(chan reply, 20_000),
			gone: make(chan struct{}), silent: make(chan struct{}), mute: mute,
		}
		g.peers <- p
		p.read()
	default:
		http.NotFound(w, r)
	}
}

// give answers with the endpoint and a new ticket, full of what needs escaping.
func (g *gateway) give(w http.ResponseWriter, endpoint string) {
	g.mu.Lock()
	ticket := fmt.Sprintf("tick%d+&=/%%et", len(g.tickets))
	g.tickets = append(g.tickets, ticket)
	g.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(map[string]string{"endpoint": endpoint, "ticket": ticket})
}

func (g *gateway) answers(open http.HandlerFunc) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.open = open
}

func (g *gateway) connects(connect http.HandlerFunc) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.connect = connect
}

func (g *gateway) attempts() []askedFor {
	g.mu.Lock()
	defer g.mu.Unlock()
	return append([]askedFor(nil), g.asked...)
}

// next waits for a connection.
func (g *gateway) next(t testing.TB) *peer {
	t.Helper()
	select {
	case p := <-g.peers:
		p.t = t
		return p
	case <-time.After(patience):
		t.Fatal("no connection came")
		return nil
	}
}

// patience is how long a test waits for what will not come: long, since it only costs
// time if the test fails.
const patience = time.Hour

func (p *peer) read() {
	defer p.conn.CloseNow()
	defer close(p.gone)
	for {
		select {
		case <-p.silent:
			time.Sleep(30 * time.Minute) // in a bubble: for ever
			return
		default:
		}
		_, raw, err := p.conn.Read(context.Background())
		if err != nil {
			return
		}
		var r reply
		if err := json.Unmarshal(raw, &r); err != nil {
			r.Message = "not JSON: " + string(raw)
		}
		p.replies <- r
	}
}

// send sends a frame, whatever it is.
func (p *peer) send(frame string) {
	p.t.Helper()
	if err := p.conn.Write(context.Background(), websocket.MessageText, []byte(frame)); err != nil {
		p.t.Fatalf("sending: %v", err)
	}
}

// reply waits for what the client says next.
func (p *peer) reply() reply {
	p.t.Helper()
	select {
	case r := <-p.replies:
		return r
	case <-p.gone:
		select {
		case r := <-p.replies:
			return r
		default:
			p.t.Fatal("the connection ended; a reply was expected")
		}
	case <-time.After(patience):
		p.t.Fatal("no reply came")
	}
	return reply{}
}

// status waits for the reply to an event and returns the status in it.
func (p *peer) status(messageID string) string {
	p.t.Helper()
	r := p.reply()
	var data string
	var inner struct{ Status string }
	if r.Code != 200 || r.Headers["messageId"] != messageID || r.Headers["contentType"] != "application/json" ||
		json.Unmarshal(r.Data, &data) != nil || json.Unmarshal([]byte(data), &inner) != nil {
		p.t.Fatalf("reply %+v (data %s), want one to %s", r, r.Data, messageID)
	}
	return inner.Status
}

// An event as the documentation shows it.
func eventFrame(messageID, eventID, kind, corpID, data string) string {
	quoted, _ := json.Marshal(data)
	return fmt.Sprintf(`{"specVersion":"1.0","type":"EVENT","headers":{"topic":"*","messageId":%q,"contentType":"application/json",
		"time":"1763800001500","eventId":%q,"eventType":%q,"eventBornTime":"1763800001234","eventCorpId":%q,
		"eventUnifiedAppId":"bbb381b6-f01a-4b7c-9d50-58daac014e21"},"data":%s}`, messageID, eventID, kind, corpID, quoted)
}

// leave is somebody's leaving.
func leave(messageID, eventID string) string {
	return eventFrame(messageID, eventID, "user_leave_org", corp, `{"timeStamp":"1763800001200","userId":["0156421733781264"]}`)
}

func system(topic, messageID, data string) string {
	quoted, _ := json.Marshal(data)
	return fmt.Sprintf(`{"specVersion":"1.0","type":"SYSTEM","headers":{"topic":%q,"messageId":%q},"data":%s}`, topic, messageID, quoted)
}

func (p *peer) ping(messageID string) {
	p.t.Helper()
	p.send(system("ping", messageID, `{"opaque":"0e1f"}`))
	if r := p.reply(); r.Code != 200 || r.Message != "OK" || r.Headers["messageId"] != messageID || string(r.Data) != `"{\"opaque\":\"0e1f\"}"` {
		p.t.Fatalf("answer to a ping: %+v, data %s", r, r.Data)
	}
}

// onLoopback serves the gateway on a real socket.
func onLoopback(t testing.TB, g *gateway) string {
	t.Helper()
	server := httptest.NewServer(g)
	t.Cleanup(server.Close)
	g.address = server.Listener.Addr().String()
	return server.URL
}

// inBubble serves the gateway without sockets and with virtual time, in which hours
// pass at once, and the times are those of production.
func inBubble(t *testing.T, f func(t *testing.T, g *gateway)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		g := newGateway()
		g.address = "127.0.0.1:1"
		t.Cleanup(func() { time.Sleep(time.Hour) }) // last, so that handlers which sleep can end
		f(t, g)
	})
}

// A listener runs a client and keeps what it is told.
type listener struct {
	*Client
	events   chan Event    // handed to Handle
	observed chan observed // told to Observe
	connects chan struct{} // calls of Connected
	stop     func()        // ends Run and waits for it
}

type observed struct {
	Outcome
	Event
}

// made makes a client for the gateway on api; "" is in the bubble.
func made(t testing.TB, g *gateway, api string, change ...func(*Config)) *listener {
	t.Helper()
	l := &listener{events: make(chan Event, 20_000), observed: make(chan observed, 50_000), connects: make(chan struct{}, 1000)}
	cfg := Config{
		API: api, CorpID: corp, ClientID: clientID, ClientSecret: secret, UserAgent: "dingbridge/test",
		Handle:    func(_ context.Context, e Event) bool { l.events <- e; return true },
		Connected: func() { l.connects <- struct{}{} },
		Observe:   func(o Outcome, e Event) { l.observed <- observed{o, e} },
		Log:       slog.New(slog.NewTextHandler(t.Output(), nil)),
	}
	if api == "" {
		cfg.API = "http://" + g.address
	}
	for _, f := range change {
		f(&cfg)
	}
	c, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	if api == "" {
		l := &wire{conns: make(chan net.Conn), done: make(chan struct{})}
		server := &http.Server{Handler: g}
		go server.Serve(l)
		t.Cleanup(func() { server.Close() })
		c.transport.DialContext = l.dial
	}
	l.Client = c
	return l
}

// take is a Handle for which all is well.
func take(context.Context, Event) bool { return true }

// start runs a client until the test ends.
func start(t testing.TB, g *gateway, api string, change ...func(*Config)) *listener {
	t.Helper()
	l := made(t, g, api, change...)
	l.run(t)
	return l
}

func (l *listener) run(t testing.TB) {
	ctx, cancel := context.WithCancel(context.Background())
	over := make(chan struct{})
	go func() {
		defer close(over)
		l.Run(ctx)
	}()
	l.stop = func() { cancel(); <-over }
	t.Cleanup(l.stop)
}

// handled waits for an event to be handed on.
func (l *listener) handled(t testing.TB) Event {
	t.Helper()
	select {
	case e := <-l.events:
		return e
	case <-time.After(patience):
		t.Fatal("no event was handed on")
		return Event{}
	}
}

// none fails if an event was handed on. In a bubble that is certain.
func (l *listener) none(t testing.TB) {
	t.Helper()
	select {
	case e := <-l.events:
		t.Fatalf("an event was handed on: %+v", e)
	default:
	}
}

// sees waits for an outcome and skips others.
func (l *listener) sees(t testing.TB, o Outcome) Event {
	t.Helper()
	for {
		select {
		case got := <-l.observed:
			if got.Outcome == o {
				return got.Event
			}
		case <-time.After(patience):
			t.Fatalf("%s was not observed", o)
		}
	}
}
