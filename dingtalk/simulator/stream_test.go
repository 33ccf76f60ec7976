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

// next is the next frame, or nothing within d.
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
	f, err := c.within(5 * time.Second)
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
	for end := time.Now().Add(5 * time.Second); time.Now().Before(end); time.Sleep(time.Millisecond) {
		if done(g.Stream()) {
			return
		}
	}
	g.t.Fatalf("it was not so in time that %s: %+v", what, g.Stream())
}

func TestM32_Gateway(t *testing.T) {
	g := start(t, Config{})
	r := g.open()
	likeSample(t, r, `{"endpoint":"wss://x","ticket":"7724109a"}`)
	if got, want := r.json(t)["endpoint"], "ws"+strings.TrimPrefix(g.url, "http")+"/connect"; got != want {
		t.Errorf("endpoint %q, want %q", got, want)
	}
	const failed = `{"code":"authFailed","requestid":"ID","message":"鉴权失败"}`
	exact(t, g.open("clientSecret", "wrong"), 401, failed)
	exact(t, g.open("clientId", g.ScanApp().AppID), 401, failed)
	missing := func(name string) string {
		return `{"code":"Missing` + name + `","requestid":"ID","message":"` + name + ` is mandatory for this action."}`
	}
	exact(t, g.open("clientId", nil), 400, missing("clientId"))
	exact(t, g.open("clientSecret", nil), 400, missing("clientSecret"))
	exact(t, g.open("subscriptions", nil), 400, missing("subscriptions"))
	exact(t, g.open("subscriptions", []m{}), 400, missing("subscriptions"))
	for _, wrong := range []any{"EVENT", m{}, []any{1}, []m{{"type": "EVENT", "topic": "user_leave_org"}}, []m{{"type": "event", "topic": "*"}}, []m{{"type": "CALLBACK"}}} {
		exact(t, g.open("subscriptions", wrong), 400, `{"code":"invalidParameter.param.invalid","requestid":"ID","message":"参数错误"}`)
	}
	exact(t, g.do("POST", "/v1.0/gateway/connections/open", "application/x-www-form-urlencoded", "clientId=x", "Accept", "application/json"),
		400, `{"code":"Missingbody","requestid":"ID","message":"body is mandatory for this action."}`)
	if r := g.get("/v1.0/gateway/connections/open", "Accept", "application/json"); r.StatusCode != 404 {
		t.Errorf("GET: %d", r.StatusCode)
	}
	for _, accept := range []string{"", "*/*", "text/html"} {
		r := g.post("/v1.0/gateway/connections/open", m{"clientId": g.id, "clientSecret": g.key, "subscriptions": []m{{"type": "EVENT", "topic": "*"}}}, "Accept", accept)
		if !strings.HasPrefix(string(r.body), "<?xml") || !strings.Contains(string(r.body), "<ticket>") || !strings.HasPrefix(r.Header.Get("Content-Type"), "application/xml") {
			t.Errorf("Accept %q: %s", accept, r.body)
		}
	}
	r = g.post("/v1.0/gateway/connections/open", m{"clientId": g.id, "clientSecret": "wrong", "subscriptions": []m{}})
	if r.StatusCode != 401 || !strings.Contains(string(r.body), "<code>authFailed</code>") {
		t.Errorf("in XML: %d %s", r.StatusCode, r.body)
	}
}

func TestM32_TicketIsGoodOnceAndForNinetySeconds(t *testing.T) {
	g := start(t, Config{})
	dial := func(ticket string) (*websocket.Conn, int) {
		ws, resp, err := websocket.Dial(t.Context(), g.url+"/connect?ticket="+url.QueryEscape(ticket), nil)
		if err != nil && resp == nil {
			t.Fatal(err)
		}
		return ws, resp.StatusCode
	}
	ticket := func() string { return g.open().json(t)["ticket"].(string) }
	for _, tc := range []struct {
		name   string
		ticket func() string
		status int
	}{
		{"none", func() string { return "" }, 401},
		{"unknown", func() string { return "7724109a-ea43-4aa2-b803-87d82c5aaee6" }, 401},
		{"just before its end", func() string { id := ticket(); g.must(g.Advance(ticketLife - time.Second)); return id }, 101},
		{"at its end", func() string { id := ticket(); g.must(g.Advance(ticketLife)); return id }, 401},
	} {
		ws, status := dial(tc.ticket())
		if status != tc.status {
			t.Errorf("%s: %d", tc.name, status)
		}
		if ws != nil {
			ws.CloseNow()
		}
	}
	id := ticket()
	if r := g.get("/connect?ticket=" + id); r.StatusCode != 426 {
		t.Errorf("without upgrade: %d", r.StatusCode)
	}
	ws, status := dial(id)
	if status != 101 {
		t.Fatalf("first: %d", status)
	}
	defer ws.CloseNow()
	if _, status := dial(id); status != 401 {
		t.Errorf("second: %d", status)
	}
	g.must(g.Fault(Fault{Call: "connect", Kind: "503"}))
	if _, status := dial(ticket()); status != 503 {
		t.Errorf("faulty: %d", status)
	}
	g.must(g.Fault(Fault{Call: "connections/open", Kind: "html"}))
	if r := g.open(); !strings.HasPrefix(string(r.body), "<!DOCTYPE") {
		t.Errorf("faulty: %s", r.body)
	}
	for range maxTickets + 10 {
		g.stream.issue(g.stream.tickets[""], g.Now().Add(-time.Hour))
	}
	if n := len(g.stream.tickets); n > maxTickets {
		t.Errorf("%d tickets", n)
	}
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

func TestM33_RedeliveryUntilAcknowledged(t *testing.T) {
	g := start(t, Config{})
	g.must(g.SetStream(func(s *StreamSettings) { s.Redeliver = 30 * time.Millisecond }))
	c := g.dial()
	g.must(g.Leave("zhangsan"))
	first := c.next() // unanswered
	second := c.next()
	if first.Headers["eventId"] != second.Headers["eventId"] || first.Headers["messageId"] == second.Headers["messageId"] || first.Data != second.Data {
		t.Errorf("first %+v, again %+v", first, second)
	}
	c.ack(second, "LATER")
	third := c.next()
	c.send(500, third.Headers["messageId"], `{"status":"LATER"}`) // as one official client says it
	fourth := c.next()
	if fourth.Headers["eventId"] != first.Headers["eventId"] {
		t.Errorf("another event: %+v", fourth)
	}
	c.ack(fourth, "SUCCESS")
	c.ack(fourth, "SUCCESS") // twice does no harm
	if f, err := c.within(100 * time.Millisecond); err == nil {
		t.Errorf("again after it was acknowledged: %+v", f)
	}
	if s := g.Stream(); s.Raised != 1 || s.Delivered != 4 || s.Redelivered != 3 || s.Later != 2 || s.Acked != 1 || s.Pending != 0 || s.WrongAnswers != 0 {
		t.Errorf("state %+v", s)
	}
	if e := g.Events(); len(e) != 1 || e[0].Attempts != 4 || e[0].State != "acked" || e[0].Type != "user_leave_org" {
		t.Errorf("events %+v", e)
	}
}

func TestM33_LateAcknowledgementCounts(t *testing.T) {
	g := start(t, Config{})
	g.must(g.SetStream(func(s *StreamSettings) { s.Redeliver = 20 * time.Millisecond }))
	c := g.dial()
	g.must(g.Leave("zhangsan"))
	first := c.next()
	c.next()
	c.ack(first, "SUCCESS")
	g.until("it is acknowledged", func(s StreamState) bool { return s.Acked == 1 && s.Pending == 0 && s.WrongAnswers == 0 })
}

func TestM33_OneConnectionAtRandom(t *testing.T) {
	g := start(t, Config{})
	var clients []*client
	for range 3 {
		clients = append(clients, g.dial())
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

func TestM34_WrongAnswers(t *testing.T) {
	g := start(t, Config{})
	g.must(g.SetStream(func(s *StreamSettings) { s.Redeliver = time.Hour }))
	c, other := g.dial(), g.dial()
	g.until("both are open", func(s StreamState) bool { return len(s.Connections) == 2 })
	g.must(g.Leave("zhangsan"))
	g.until("it is sent", func(s StreamState) bool { return s.Delivered == 1 })
	if g.Stream().Connections[1].Delivered == 1 {
		c, other = other, c
	}
	f := c.next()
	id := f.Headers["messageId"]
	good := `"data":"{\"status\":\"SUCCESS\"}"`
	for n, text := range []string{
		`no JSON`, `[]`, `{}`,
		`{"code":200,"headers":{"contentType":"application/json"},` + good + `}`,
		`{"code":200,"headers":{"messageId":"unknown","contentType":"application/json"},` + good + `}`,
		`{"code":200,"headers":{"messageId":"` + id + `"},` + good + `}`,
		`{"code":"200","headers":{"messageId":"` + id + `","contentType":"application/json"},` + good + `}`,
		`{"code":200,"headers":{"messageId":"` + id + `","contentType":"application/json"},"data":{"status":"SUCCESS"}}`,
		`{"code":200,"headers":{"messageId":"` + id + `","contentType":"application/json"},"data":"ok"}`,
		`{"code":200,"headers":{"messageId":"` + id + `","contentType":"application/json"},"data":"{\"status\":\"OK\"}"}`,
		`{"code":404,"headers":{"messageId":"` + id + `","contentType":"application/json"},` + good + `}`,
		`{"code":500,"headers":{"messageId":"` + id + `","contentType":"application/json"},"data":"{}"}`,
	} {
		g.must(c.ws.Write(t.Context(), websocket.MessageText, []byte(text)))
		g.until(text+" is wrong", func(s StreamState) bool { return s.WrongAnswers == n+1 && s.Acked == 0 })
	}
	before := g.Stream().WrongAnswers
	other.ack(f, "SUCCESS")
	g.until("the wrong connection is told of", func(s StreamState) bool {
		return s.WrongAnswers == before+1 && strings.Contains(s.Wrong[len(s.Wrong)-1], "another connection")
	})
	for range 2 * maxWrongs {
		c.send(200, "unknown", "")
	}
	g.until("there are many", func(s StreamState) bool { return s.WrongAnswers == before+1+2*maxWrongs })
	if n := len(g.Stream().Wrong); n != maxWrongs {
		t.Errorf("%d are remembered", n)
	}
	c.ack(f, "SUCCESS")
	g.until("the right one counts", func(s StreamState) bool { return s.Acked == 1 })
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
	exact(t, g.control("POST", "stream", `{"drain":"150ms","action":"disconnect"}`), 200, "{\"struck\":1}\n")
	f := c.next()
	if f.Type != "SYSTEM" || f.Headers["topic"] != "disconnect" || f.Data != `{"reason":"connection is expired"}` {
		t.Errorf("frame %+v", f)
	}
	told := time.Now()
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
	if d := time.Since(told); d < 100*time.Millisecond || d > 3*time.Second {
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
