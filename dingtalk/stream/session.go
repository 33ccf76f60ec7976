package stream

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/coder/websocket"
)

// A session is one connection. One goroutine reads it, another keeps it.
type session struct {
	client *Client
	conn   *websocket.Conn
	ticket string // used up; known here because the server may repeat it
	began  time.Time

	last  time.Time     // when anything last came; guarded by the client
	moved chan struct{} // closed when the server said: connect anew
	over  chan struct{} // closed when nothing more is read
	why   error         // set before over is closed; clean

	told, foreign bool // the reader's: moved is closed; an event of others was logged
}

func (c *Client) newSession(ticket string) *session {
	s := &session{
		client: c, ticket: ticket, began: time.Now(),
		moved: make(chan struct{}), over: make(chan struct{}),
	}
	s.heard()
	return s
}

// heard notes that something came. An answer to a ping of ours does not count: there
// are connections that give it and nothing else.
func (s *session) heard() {
	s.client.note(func(status *Status) {
		s.last = time.Now()
		status.LastFrame = s.last
	})
}

func (s *session) silence() (quiet time.Duration) {
	s.client.note(func(*Status) { quiet = time.Since(s.last) })
	return quiet
}

// run reads until the connection ends, or until stop does and goodbye was said.
func (s *session) run(stop context.Context, w *work) {
	reading, cut := context.WithCancelCause(context.Background()) // cut drops the connection
	defer cut(nil)
	w.all.Go(func() { s.keep(stop, cut) })
	err := s.read(reading, w)
	if reading.Err() != nil {
		err = context.Cause(reading)
	}
	s.why = s.client.cleanError("connection", err, s.ticket)
	s.conn.CloseNow()
	close(s.over)
}

// read takes frame after frame.
func (s *session) read(ctx context.Context, w *work) error {
	for {
		_, from, err := s.conn.Reader(ctx)
		if err != nil {
			return err
		}
		raw, err := io.ReadAll(io.LimitReader(from, maxFrame+1))
		if err != nil {
			return err
		}
		if len(raw) > maxFrame {
			if err := skip(from); err != nil {
				return err
			}
			raw = nil // which is unreadable
		}
		s.heard()
		s.take(w, raw)
	}
}

// skip passes over the rest of a frame.
func skip(from io.Reader) error {
	n, err := io.Copy(io.Discard, io.LimitReader(from, maxSkipped))
	if err == nil && n == maxSkipped {
		return errors.New("a frame without end")
	}
	return err
}

// keep sees to it that the connection lives, or ends.
func (s *session) keep(stop context.Context, cut context.CancelCauseFunc) {
	t, idle := s.client.times, s.client.cfg.Idle
	tick := time.NewTicker(max(min(t.ping, idle)/4, time.Millisecond))
	defer tick.Stop()
	moved, pinged := s.moved, s.began
	var drained <-chan time.Time
	for {
		select {
		case <-s.over:
			return
		case <-stop.Done():
			s.leave(cut)
			return
		case <-moved:
			moved, drained = nil, time.After(t.drain)
		case <-drained:
			s.leave(cut)
			return
		case <-tick.C:
			quiet := s.silence()
			if quiet >= idle {
				cut(fmt.Errorf("nothing came for %s", idle))
				return
			}
			if quiet < t.ping || time.Since(pinged) < t.ping {
				continue
			}
			pinged = time.Now()
			if err := s.ping(stop); err != nil && stop.Err() == nil {
				cut(errors.New("a ping was not answered"))
				return
			}
		}
	}
}

func (s *session) ping(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, s.client.times.pong)
	defer cancel()
	return s.conn.Ping(ctx)
}

// leave says goodbye, and drops the connection if that takes long.
func (s *session) leave(cut context.CancelCauseFunc) {
	slow := time.AfterFunc(s.client.times.farewell, func() { cut(errors.New("no goodbye")) })
	defer slow.Stop()
	s.conn.Close(websocket.StatusNormalClosure, "")
}

// send writes an answer. One that cannot be sent is lost with the connection, and
// DingTalk delivers the event again.
func (s *session) send(a answer) {
	text, err := json.Marshal(a)
	if err != nil {
		return // cannot be: what is in it is valid
	}
	ctx, cancel := context.WithTimeout(context.Background(), s.client.times.write)
	defer cancel()
	s.conn.Write(ctx, websocket.MessageText, text)
}
