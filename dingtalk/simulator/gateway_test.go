package simulator

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
)

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
