package simulator

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"math/rand/v2"
	"mime"
	"net/http"
	"strings"
	"time"

	"github.com/coder/websocket"
)

const (
	ticketLife = 90 * time.Second
	// maxTickets bounds the tickets outstanding; beyond it the next is refused.
	maxTickets = 10_000
)

// subscription is what a connection wants to hear of.
type subscription struct {
	Type  string `json:"type"`
	Topic string `json:"topic"`
}

// ticket opens one connection.
type ticket struct {
	expires       time.Time
	subscriptions []subscription
	agent, local  string
}

// openConnection is the gateway of Stream mode: credentials in the body, and no token.
func (c *call) openConnection() answer {
	a := c.giveTicket()
	if !c.wantsJSON() {
		return a.asXML()
	}
	return a
}

func (c *call) giveTicket() answer {
	if a, lacks := c.missing("clientId", "clientSecret"); lacks {
		return a
	}
	if !c.credentials(c.str("clientId"), c.str("clientSecret")) {
		return c.fail(http.StatusUnauthorized, "authFailed", "鉴权失败")
	}
	t := ticket{expires: c.now.Add(ticketLife), agent: c.str("ua"), local: c.str("localIp")}
	raw, there := c.params["subscriptions"]
	if list, ok := raw.([]any); !there || ok && len(list) == 0 {
		return c.fail(http.StatusBadRequest, "Missingsubscriptions", "subscriptions is mandatory for this action.")
	}
	if json.Unmarshal(encode(raw), &t.subscriptions) != nil || !known(t.subscriptions) {
		return c.fail(http.StatusBadRequest, "invalidParameter.param.invalid", "参数错误")
	}
	id, ok := c.sim.stream.issue(t, c.now)
	if !ok {
		return c.fail(http.StatusServiceUnavailable, "system.busy", "系统繁忙")
	}
	scheme := "ws"
	if c.r.TLS != nil {
		scheme = "wss"
	}
	return c.ok(struct {
		Endpoint string `json:"endpoint"`
		Ticket   string `json:"ticket"`
	}{scheme + "://" + c.r.Host + "/connect", id})
}

// known reports whether each of list can be subscribed to: of events only all,
// because which types come is chosen in the console.
func known(list []subscription) bool {
	for _, s := range list {
		switch s.Type {
		case "EVENT":
			if s.Topic != "*" {
				return false
			}
		case "CALLBACK", "SYSTEM":
			if s.Topic == "" {
				return false
			}
		default:
			return false
		}
	}
	return true
}

// wantsJSON reports whether the caller asked for JSON by name. A wildcard does not do:
// what the gateway makes of one is not known.
func (c *call) wantsJSON() bool {
	for _, line := range c.r.Header.Values("Accept") {
		for entry := range strings.SplitSeq(line, ",") {
			if kind, _, _ := mime.ParseMediaType(entry); kind == "application/json" {
				return true
			}
		}
	}
	return false
}

// asXML is a in the language that the gateway speaks to who does not ask for JSON.
func (a answer) asXML() answer {
	var members map[string]string
	if json.Unmarshal(a.body, &members) != nil {
		return a
	}
	type element struct {
		XMLName xml.Name
		Text    string `xml:",chardata"`
	}
	document := struct {
		XMLName  xml.Name `xml:"response"`
		Elements []element
	}{}
	for _, name := range []string{"endpoint", "ticket", "requestid", "code", "message"} {
		if text, there := members[name]; there {
			document.Elements = append(document.Elements, element{xml.Name{Local: name}, text})
		}
	}
	body, err := xml.Marshal(document)
	if err != nil {
		panic(err) // only our own types come here
	}
	a.mime, a.body = "application/xml;charset=utf-8", append([]byte(xml.Header), body...)
	return a
}

// connect takes a ticket for one websocket.
func (c *call) connect() answer {
	refuse := func(status int, code, text string) answer {
		return answer{status: status, mime: "text/plain; charset=utf-8", body: []byte(text + "\n"), code: code}
	}
	if !strings.EqualFold(c.r.Header.Get("Upgrade"), "websocket") {
		return refuse(http.StatusUpgradeRequired, "upgrade", "a websocket is expected")
	}
	t, ok := c.sim.stream.redeem(c.query.Get("ticket"), c.now)
	if !ok {
		return refuse(http.StatusUnauthorized, "ticket", "invalid ticket")
	}
	return answer{status: http.StatusSwitchingProtocols, code: "ok", upgrade: func(w http.ResponseWriter) {
		ws, err := websocket.Accept(w, c.r, nil)
		if err != nil {
			return // Accept has answered
		}
		c.sim.stream.serve(ws, t)
	}}
}

// issue keeps t and returns its name; ok is false when too many are out.
func (s *stream) issue(t ticket, now time.Time) (id string, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.tickets) >= maxTickets {
		for id, old := range s.tickets {
			if !now.Before(old.expires) {
				delete(s.tickets, id)
			}
		}
	}
	if len(s.tickets) >= maxTickets {
		return "", false
	}
	id = newUUID()
	s.tickets[id] = t
	return id, true
}

// redeem takes the ticket id, if it is alive; it can be taken once.
func (s *stream) redeem(id string, now time.Time) (ticket, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t, ok := s.tickets[id]
	delete(s.tickets, id)
	return t, ok && now.Before(t.expires)
}

// newUUID is what tickets look like. They are worth credentials, hence opaque.
func newUUID() string {
	id := opaque()
	return id[:8] + "-" + id[8:12] + "-" + id[12:16] + "-" + id[16:20] + "-" + id[20:]
}

// newMessageID looks like the message ids of frames.
func newMessageID() string {
	return fmt.Sprintf("%08x_%x_%011x_%04x", rand.Uint32(), rand.Uint32N(4096), rand.Uint64()>>20, rand.Uint32N(1<<16))
}
