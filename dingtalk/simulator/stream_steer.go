package simulator

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// StreamSettings are the waits of Stream mode, by the real clock.
type StreamSettings struct {
	// Redeliver is after how long an event comes again that was not acknowledged, or
	// with LATER. A change holds for what is sent from then on.
	Redeliver time.Duration
	// Drain is how long a connection is silent after a disconnect frame, before it is cut.
	Drain time.Duration
	// PingEvery is the time between two pings; 0 means none.
	PingEvery time.Duration
}

var defaultStream = StreamSettings{Redeliver: 60 * time.Second, Drain: 10 * time.Second, PingEvery: 25 * time.Second}

// StreamState tells how Stream mode stands.
type StreamState struct {
	Connections   []Connection `json:"connections"`
	Opened        uint64       `json:"opened"` // connections ever
	Raised        int          `json:"raised"` // events
	Delivered     int          `json:"delivered"`
	Redelivered   int          `json:"redelivered"` // of those, not for the first time
	Acked         int          `json:"acked"`
	Later         int          `json:"later"`   // answers, not events
	Pending       int          `json:"pending"` // events neither acknowledged nor lost
	Waiting       int          `json:"waiting"` // of those, kept until somebody is connected
	Lost          int          `json:"lost"`
	Slow          int          `json:"slow"` // acknowledged later than within 3 s
	Pings         int          `json:"pings"`
	Echoes        int          `json:"echoes"`
	SystemAnswers int          `json:"system_answers"`
	WrongAnswers  int          `json:"wrong_answers"`
	Wrong         []string     `json:"wrong"` // the last of them
}

// Connection is one open connection of Stream mode.
type Connection struct {
	Number    uint64    `json:"number"` // from 1
	Since     time.Time `json:"since"`
	Agent     string    `json:"ua"`
	LocalIP   string    `json:"local_ip"`
	Draining  bool      `json:"draining"`
	Silent    bool      `json:"silent"`
	Delivered int       `json:"delivered"`
	Acked     int       `json:"acked"`
}

// Stream tells how Stream mode stands.
func (s *Simulator) Stream() StreamState { return s.stream.state() }

func (s *stream) state() StreamState {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.tally
	t.Pending, t.Waiting = s.flying, len(s.waiting)
	t.Wrong = append([]string{}, s.tally.Wrong...)
	t.Connections = []Connection{}
	for _, c := range s.conns {
		t.Connections = append(t.Connections, Connection{c.number, c.since, c.ticket.agent, c.ticket.local, c.draining, c.silent, c.delivered, c.acked})
	}
	return t
}

// SetStream lets change alter the waits of Stream mode.
func (s *Simulator) SetStream(change func(*StreamSettings)) error {
	s.stream.mu.Lock()
	defer s.stream.mu.Unlock()
	set := s.stream.set
	change(&set)
	if set.Redeliver < time.Millisecond || set.Drain < 0 || set.PingEvery < 0 {
		return errors.New("set stream: redeliver is less than 1ms, or another wait is negative")
	}
	s.stream.set = set
	return nil
}

// StreamAction is something done to connections.
type StreamAction struct {
	// Action is disconnect, kill, ping, silence, system or raw.
	Action string
	// Connection is the number of the one meant; 0 means all.
	Connection uint64
	// Topic is that of system.
	Topic string
	// Data is that of system, the reason of disconnect, and the whole text of raw.
	Data string
}

// ActOnStream does a to the connections that are open and returns how many it struck.
func (s *Simulator) ActOnStream(a StreamAction) (int, error) { return s.stream.act(a) }

func (s *stream) act(a StreamAction) (struck int, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	act := map[string]func(*connection, StreamAction){
		"disconnect": s.disconnect, "kill": s.kill, "ping": s.ping, "silence": s.hush, "system": s.system,
		"raw": func(c *connection, a StreamAction) { c.push([]byte(a.Data)) },
	}[a.Action]
	if act == nil {
		return 0, fmt.Errorf("no action is named %q; there are disconnect kill ping silence system raw", a.Action)
	}
	for _, c := range s.conns {
		if a.Connection == 0 || a.Connection == c.number {
			act(c, a)
			struck++
		}
	}
	return struck, nil
}

// disconnect tells c to go, sends it nothing more, and cuts it after a while.
func (s *stream) disconnect(c *connection, a StreamAction) {
	if c.draining {
		return
	}
	reason := a.Data
	if reason == "" {
		reason = "connection is expired"
	}
	s.system(c, StreamAction{Topic: "disconnect", Data: string(encode(map[string]string{"reason": reason}))})
	c.draining = true
	time.AfterFunc(s.set.Drain, func() { c.ws.CloseNow() })
}

// kill cuts c without a close frame: the other end sees 1006.
func (s *stream) kill(c *connection, _ StreamAction) {
	c.draining = true
	go c.ws.CloseNow()
}

// hush leaves c open and dead: it is answered on the level of the websocket only.
func (s *stream) hush(c *connection, _ StreamAction) { c.silent, c.out = true, nil }

func (s *stream) ping(c *connection, _ StreamAction) {
	if c.silent || c.draining {
		return
	}
	s.tally.Pings++
	s.system(c, StreamAction{Topic: "ping", Data: string(encode(map[string]string{"opaque": newUUID()}))})
}

// system sends a SYSTEM frame of any topic.
func (s *stream) system(c *connection, a StreamAction) {
	data := a.Data
	if data == "" {
		data = "{}"
	}
	id := newMessageID()
	s.send(c, id, &message{kind: a.Topic, data: data}, frame{Type: "SYSTEM", Headers: frameHeaders{Topic: a.Topic}, Data: data})
	s.retire(id) // it may stay unanswered for ever
}

// pings sends c a ping now and then.
func (s *stream) pings(ctx context.Context, c *connection) {
	const look = 100 * time.Millisecond // the setting may change
	last := time.Now()
	tick := time.NewTicker(look)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-tick.C:
			s.mu.Lock()
			if every := s.set.PingEvery; every > 0 && now.Sub(last) >= every {
				last = now
				s.ping(c, StreamAction{})
			}
			s.mu.Unlock()
		}
	}
}
