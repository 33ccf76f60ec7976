package simulator

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
)

// client is a websocket of Stream mode at its other end.
type client struct {
	t  *testing.T
	ws *websocket.Conn
}

type downFrame struct {
	SpecVersion *string
	Type        string
	Headers     map[string]string
	Data        string
}

func (g *rig) open(pairs ...any) result {
	body := m{"clientId": g.id, "clientSecret": g.key, "ua": "test/1", "localIp": "10.0.3.7",
		"subscriptions": []m{{"type": "EVENT", "topic": "*"}}}
	for i := 0; i < len(pairs); i += 2 {
		if body[pairs[i].(string)] = pairs[i+1]; pairs[i+1] == nil {
			delete(body, pairs[i].(string))
		}
	}
	return g.post("/v1.0/gateway/connections/open", body, "Accept", "application/json")
}

func (g *rig) dial() *client {
	g.t.Helper()
	opened := g.open().json(g.t)
	endpoint, _ := opened["endpoint"].(string)
	ticket, _ := opened["ticket"].(string)
	ws, _, err := websocket.Dial(g.t.Context(), endpoint+"?ticket="+url.QueryEscape(ticket), nil)
	g.must(err)
	ws.SetReadLimit(8 << 20)
	g.t.Cleanup(func() { ws.CloseNow() })
	return &client{g.t, ws}
}

// within is the next frame, or the error that there was none in time.
func (c *client) within(d time.Duration) (f *downFrame, err error) {
	ctx, stop := context.WithTimeout(c.t.Context(), d)
	defer stop()
	_, text, err := c.ws.Read(ctx)
	if err != nil {
		return nil, err
	}
	f = &downFrame{}
	if err := json.Unmarshal(text, f); err != nil {
		c.t.Fatalf("frame %s: %v", text, err)
	}
	return f, nil
}

func (c *client) next() *downFrame {
	c.t.Helper()
	f, err := c.within(time.Minute)
	if err != nil {
		c.t.Fatalf("no frame: %v", err)
	}
	return f
}

func (c *client) send(code int, id, data string) {
	c.t.Helper()
	text, _ := json.Marshal(m{"code": code, "message": "OK", "data": data,
		"headers": m{"messageId": id, "contentType": "application/json"}})
	if err := c.ws.Write(c.t.Context(), websocket.MessageText, text); err != nil {
		c.t.Fatal(err)
	}
}

func (c *client) ack(f *downFrame, status string) {
	c.t.Helper()
	c.send(200, f.Headers["messageId"], `{"status":"`+status+`","message":"x"}`)
}

// until waits for what happens at the server's own time.
func (g *rig) until(what string, done func(StreamState) bool) {
	g.t.Helper()
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(time.Millisecond) {
		if done(g.Stream()) {
			return
		}
	}
	g.t.Fatalf("it was not so in time that %s: %+v", what, g.Stream())
}

func TestM33_EventFrame(t *testing.T) {
	g := start(t, Config{})
	g.freeze()
	c := g.dial()
	g.must(g.Leave("zhangsan"))
	f := c.next()
	now := fmt.Sprint(g.Now().UnixMilli())
	if f.SpecVersion == nil || *f.SpecVersion != "1.0" || f.Type != "EVENT" {
		t.Errorf("frame %+v", f)
	}
	for name, want := range map[string]string{"topic": "*", "contentType": "application/json", "time": now, "eventType": "user_leave_org",
		"eventBornTime": now, "eventCorpId": g.CorpID(), "eventUnifiedAppId": unifiedAppID(g.id)} {
		if f.Headers[name] != want {
			t.Errorf("%s is %q, want %q", name, f.Headers[name], want)
		}
	}
	if len(f.Headers["eventId"]) != 32 || len(f.Headers["messageId"]) < 20 || len(f.Headers) != 9 {
		t.Errorf("headers %v", f.Headers)
	}
	if want := `{"timeStamp":"` + now + `","userId":["zhangsan"]}`; f.Data != want {
		t.Errorf("data %s, want %s", f.Data, want)
	}
	c.ack(f, "SUCCESS")
	g.until("it is acknowledged", func(s StreamState) bool { return s.Acked == 1 && s.Pending == 0 && s.WrongAnswers == 0 })
}

func TestM33_OneConnectionAtRandom(t *testing.T) {
	g := start(t, Config{})
	var clients []*client
	for i := range 3 { // numbered in the order in which they come to be open
		clients = append(clients, g.dial())
		g.until("it is open", func(s StreamState) bool { return len(s.Connections) == i+1 })
	}
	deaf := g.open("subscriptions", []m{{"type": "SYSTEM", "topic": "ping"}}).json(t)
	ws, _, err := websocket.Dial(t.Context(), deaf["endpoint"].(string)+"?ticket="+deaf["ticket"].(string), nil)
	g.must(err)
	defer ws.CloseNow()
	g.until("four are open", func(s StreamState) bool { return len(s.Connections) == 4 })
	const events = 300
	if _, err := g.Inject(Event{Type: "org_change", Count: events}); err != nil {
		t.Fatal(err)
	}
	g.until("all are sent", func(s StreamState) bool { return s.Delivered == events })
	total := 0
	for _, c := range g.Stream().Connections {
		if total += c.Delivered; c.Number < 4 && (c.Delivered < 50 || c.Delivered > 200) || c.Number == 4 && c.Delivered != 0 {
			t.Errorf("connection %d got %d", c.Number, c.Delivered)
		}
	}
	if total != events {
		t.Errorf("%d were sent in all", total)
	}
	seen := map[string]bool{}
	for i, c := range clients {
		for range g.Stream().Connections[i].Delivered {
			seen[c.next().Headers["eventId"]] = true
		}
	}
	if len(seen) != events {
		t.Errorf("%d events came", len(seen))
	}
}

func TestM35_Ping(t *testing.T) {
	g := start(t, Config{})
	c := g.dial()
	g.until("it is open", func(s StreamState) bool { return len(s.Connections) == 1 })
	stream := func(body string) result { return g.control("POST", "stream", body) }
	exact(t, stream(`{"action":"ping"}`), 200, "{\"struck\":1}\n")
	f := c.next()
	if f.Type != "SYSTEM" || f.SpecVersion != nil || f.Headers["topic"] != "ping" || !strings.HasPrefix(f.Data, `{"opaque":"`) || len(f.Headers) != 4 {
		t.Errorf("ping %+v", f)
	}
	c.send(200, f.Headers["messageId"], `{"opaque":"another"}`)
	g.until("a wrong echo is told of", func(s StreamState) bool { return s.WrongAnswers == 1 && s.Echoes == 0 })
	c.send(200, f.Headers["messageId"], f.Data)
	g.until("the echo counts", func(s StreamState) bool { return s.Pings == 1 && s.Echoes == 1 })

	exact(t, stream(`{"action":"system","topic":"KEEPALIVE","data":"{\"x\":1}"}`), 200, "{\"struck\":1}\n")
	if f := c.next(); f.Type != "SYSTEM" || f.Headers["topic"] != "KEEPALIVE" || f.Data != `{"x":1}` {
		t.Errorf("system %+v", f)
	} else {
		c.send(404, f.Headers["messageId"], "{}")
	}
	g.until("404 is right for it", func(s StreamState) bool { return s.SystemAnswers == 1 && s.WrongAnswers == 1 })
	exact(t, stream(`{"action":"raw","data":"{\"type\":7}"}`), 200, "{\"struck\":1}\n")
	if _, text, err := c.ws.Read(t.Context()); err != nil || string(text) != `{"type":7}` {
		t.Errorf("raw: %s %v", text, err)
	}
	stream(`{"ping_every":"1ms"}`)
	c.next()
	c.next()

	exact(t, stream(`{"action":"ping","connection":7}`), 200, "{\"struck\":0}\n")
	for _, bad := range []string{`{"action":"explode"}`, `{"redeliver":"0s"}`, `{"redeliver":"soon"}`, `{"drain":"-1s"}`, `{"ping_every":"-1s"}`, `{"colour":"red"}`} {
		if r := stream(bad); r.StatusCode != 400 {
			t.Errorf("%s: %d %s", bad, r.StatusCode, r.body)
		}
	}
}

func TestM35_Disconnect(t *testing.T) {
	g := start(t, Config{})
	c := g.dial()
	g.must(g.Leave("lisi"))
	event := c.next()
	told := time.Now()
	exact(t, g.control("POST", "stream", `{"drain":"500ms","action":"disconnect"}`), 200, "{\"struck\":1}\n")
	f := c.next()
	if f.Type != "SYSTEM" || f.Headers["topic"] != "disconnect" || f.Data != `{"reason":"connection is expired"}` {
		t.Errorf("frame %+v", f)
	}
	c.ack(event, "SUCCESS") // what is under way may still be answered
	next := g.dial()
	g.must(g.Leave("zhangsan"))
	if got := next.next(); !strings.Contains(got.Data, "zhangsan") {
		t.Errorf("event %+v", got)
	}
	if f, err := c.within(5 * time.Second); err == nil {
		t.Errorf("after the disconnect frame: %+v", f)
	} else if websocket.CloseStatus(err) != -1 {
		t.Errorf("closed by a frame: %v", err)
	}
	if d := time.Since(told); d < 500*time.Millisecond || d > 5*time.Second {
		t.Errorf("closed after %v", d)
	}
	g.until("one is left", func(s StreamState) bool { return len(s.Connections) == 1 && s.Acked == 1 })

	g.control("POST", "stream", `{"action":"disconnect","reason":"persistent connection is timeout"}`)
	if f := next.next(); f.Data != `{"reason":"persistent connection is timeout"}` {
		t.Errorf("frame %+v", f)
	}
}

func TestM35_KillAndSilence(t *testing.T) {
	g := start(t, Config{})
	g.must(g.SetStream(func(s *StreamSettings) { s.Redeliver = 30 * time.Millisecond }))
	c := g.dial()
	g.until("it is open", func(s StreamState) bool { return len(s.Connections) == 1 })
	if n, err := g.ActOnStream(StreamAction{Action: "kill"}); n != 1 || err != nil {
		t.Fatal(n, err)
	}
	if _, err := c.within(5 * time.Second); err == nil || websocket.CloseStatus(err) != -1 {
		t.Errorf("killed: %v", err)
	}
	dead := g.dial()
	g.until("the second is open", func(s StreamState) bool { return len(s.Connections) == 1 && s.Opened == 2 })
	if _, err := g.ActOnStream(StreamAction{Action: "silence", Connection: 2}); err != nil {
		t.Fatal(err)
	}
	g.must(g.Leave("lisi"))
	read := make(chan error, 1)
	go func() { _, err := dead.within(500 * time.Millisecond); read <- err }()
	if err := dead.ws.Ping(t.Context()); err != nil {
		t.Errorf("the websocket's own ping: %v", err)
	}
	if err := <-read; err == nil {
		t.Error("a frame came by a dead connection")
	}
	alive := g.dial()
	f := alive.next() // what the dead one did not acknowledge
	alive.ack(f, "SUCCESS")
	g.until("it is acknowledged", func(s StreamState) bool { return s.Acked == 1 })
}

func TestM43_Close(t *testing.T) {
	g := start(t, Config{})
	c := g.dial()
	g.until("it is open", func(s StreamState) bool { return len(s.Connections) == 1 })
	begun := time.Now()
	g.Close()
	if _, err := c.within(5 * time.Second); err == nil {
		t.Error("it is open")
	}
	g.until("none is left", func(s StreamState) bool { return len(s.Connections) == 0 })
	if d := time.Since(begun); d > time.Second {
		t.Errorf("after %v", d)
	}
	c = g.dial()
	if _, err := c.within(5 * time.Second); err == nil {
		t.Error("one opened after Close")
	}
	g.Close()
}

func TestM20_ResetKeepsConnections(t *testing.T) {
	g := start(t, Config{})
	c := g.dial()
	ticket := g.open().json(t)["ticket"].(string)
	g.must(g.Leave("zhangsan"))
	f := c.next()
	g.control("POST", "stream", `{"redeliver":"1ms","action":"silence"}`)
	g.Reset()
	c.ack(f, "SUCCESS") // of before: no harm, and it does not count
	if r := g.get("/connect?ticket="+ticket, "Upgrade", "websocket"); r.StatusCode != 401 {
		t.Errorf("a ticket of before: %d", r.StatusCode)
	}
	g.must(g.Leave("lisi"))
	f = c.next()
	if !strings.Contains(f.Data, "lisi") {
		t.Errorf("event %+v", f)
	}
	c.ack(f, "SUCCESS")
	g.until("the one is acknowledged", func(s StreamState) bool {
		return s.Acked == 1 && s.Raised == 1 && s.Delivered == 1 && s.WrongAnswers == 0 && len(s.Connections) == 1
	})
}
