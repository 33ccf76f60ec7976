package simulator

import (
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
)

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
	g.until("it is acknowledged", func(s StreamState) bool { return s.Acked == 1 })
	s := g.Stream() // on a slow machine it has come more often
	for range s.Delivered - 4 {
		c.next()
	}
	if f, err := c.within(100 * time.Millisecond); err == nil {
		t.Errorf("again after it was acknowledged: %+v", f)
	}
	if s.Raised != 1 || s.Delivered < 4 || s.Redelivered != s.Delivered-1 || s.Later != 2 || s.Pending != 0 || s.WrongAnswers != 0 {
		t.Errorf("state %+v", s)
	}
	if e := g.Events(); len(e) != 1 || e[0].Attempts != s.Delivered || e[0].State != "acked" || e[0].Type != "user_leave_org" {
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

func TestM34_WrongAnswers(t *testing.T) {
	g := start(t, Config{})
	g.must(g.SetStream(func(s *StreamSettings) { s.Redeliver = time.Hour }))
	c := g.dial()
	g.until("the first is open", func(s StreamState) bool { return len(s.Connections) == 1 })
	other := g.dial()
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

// FuzzStreamAnswer sends any answer: only the one of the wording acknowledges.
func FuzzStreamAnswer(f *testing.F) {
	for _, text := range []string{"", "{}", "null", `{"code":200,"headers":{"messageId":"ID","contentType":"application/json"},"data":"{\"status\":\"SUCCESS\"}"}`,
		`{"code":500,"headers":{"messageId":"ID","contentType":"application/json"},"data":"{\"status\":\"LATER\"}"}`, `{"code":2e2,"headers":null,"data":"null"}`} {
		f.Add([]byte(text))
	}
	s, err := New(Config{})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		s.Reset()
		c := &connection{wake: make(chan struct{}, 1), ticket: ticket{subscriptions: []subscription{{"EVENT", "*"}}}}
		s.stream.conns = []*connection{c}
		if _, err := s.Inject(Event{Type: "org_change"}); err != nil {
			t.Fatal(err)
		}
		e := s.stream.traces[0]
		s.stream.answered(c, []byte(strings.ReplaceAll(string(text), "ID", e.message)))
		e.timer.Stop()
		if acked := e.state == "acked"; acked && !strings.Contains(string(text), "SUCCESS") && !strings.Contains(string(text), `\u`) {
			t.Errorf("%s acknowledges", text)
		}
		if state := s.Stream(); state.Acked+state.Later+state.WrongAnswers != 1 {
			t.Errorf("%s: %+v", text, state)
		}
	})
}
