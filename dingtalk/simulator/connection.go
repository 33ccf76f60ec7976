package simulator

import (
	"context"
	"slices"
	"time"

	"github.com/coder/websocket"
)

// writeLimit is how long one frame may take to be written.
const writeLimit = 10 * time.Second

// frame is what goes down.
type frame struct {
	SpecVersion string       `json:"specVersion,omitempty"` // SYSTEM frames have none
	Type        string       `json:"type"`
	Headers     frameHeaders `json:"headers"`
	Data        string       `json:"data"` // a JSON document inside a string
}

// frameHeaders are strings, every one.
type frameHeaders struct {
	Topic             string `json:"topic"`
	MessageID         string `json:"messageId"`
	ContentType       string `json:"contentType"`
	Time              string `json:"time"`
	EventID           string `json:"eventId,omitempty"`
	EventType         string `json:"eventType,omitempty"`
	EventBornTime     string `json:"eventBornTime,omitempty"`
	EventCorpID       string `json:"eventCorpId,omitempty"`
	EventUnifiedAppID string `json:"eventUnifiedAppId,omitempty"`
}

// connection is one websocket of Stream mode. The stream's lock guards its members
// below ws.
type connection struct {
	ws     *websocket.Conn
	ticket ticket
	wake   chan struct{} // holds one when out is not empty

	number    uint64 // from 1
	since     time.Time
	draining  bool // told to go: it gets nothing more
	silent    bool // open but dead
	out       [][]byte
	delivered int
	acked     int
}

// takesEvents reports whether events are sent here. One that is dead and open gets
// them too, because DingTalk does not know it either.
func (c *connection) takesEvents() bool {
	return !c.draining && slices.ContainsFunc(c.ticket.subscriptions, func(s subscription) bool { return s.Type == "EVENT" })
}

// serve keeps a connection until one end closes it.
func (s *stream) serve(ws *websocket.Conn, t ticket) {
	defer ws.CloseNow()
	ctx, stop := context.WithCancel(s.over)
	defer stop()
	c := &connection{ws: ws, ticket: t, wake: make(chan struct{}, 1), since: s.sim.Now()}
	if !s.enter(c) {
		return
	}
	defer s.leave(c)
	go s.write(ctx, c)
	go s.pings(ctx, c)
	for {
		_, text, err := ws.Read(ctx)
		if err != nil {
			return
		}
		s.answered(c, text)
	}
}

func (s *stream) enter(c *connection) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false
	}
	s.tally.Opened++
	c.number = s.tally.Opened
	s.conns = append(s.conns, c)
	s.flush()
	return true
}

func (s *stream) leave(c *connection) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.conns = slices.DeleteFunc(s.conns, func(other *connection) bool { return other == c })
}

// send writes f to c as the message id, which may be answered; the caller holds the
// lock.
func (s *stream) send(c *connection, id string, m *message, f frame) {
	m.conn, m.at, m.epoch = c, time.Now(), s.epoch
	s.sent[id] = m
	f.Headers.MessageID, f.Headers.ContentType = id, "application/json"
	f.Headers.Time = millis(s.sim.Now())
	c.push(encode(f))
}

// push lines text up for c, unless it is dead; the caller holds the lock.
func (c *connection) push(text []byte) {
	if c.silent {
		return
	}
	c.out = append(c.out, text)
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// write empties the line of c.
func (s *stream) write(ctx context.Context, c *connection) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-c.wake:
		}
		s.mu.Lock()
		out := c.out
		c.out = nil
		s.mu.Unlock()
		for _, text := range out {
			bounded, stop := context.WithTimeout(ctx, writeLimit)
			err := c.ws.Write(bounded, websocket.MessageText, text)
			stop()
			if err != nil {
				c.ws.CloseNow()
				return
			}
		}
	}
}
