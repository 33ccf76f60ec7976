package stream

import (
	"context"
	"runtime/debug"
	"time"
)

// event answers an event, at once if it can, else when Handle has spoken.
func (s *session) event(w *work, f frame) {
	c := s.client
	e, ok := f.event()
	switch {
	case !ok: // another delivery would be the same
		c.observe(Unreadable, e)
		s.send(f.success())
		return
	case e.CorpID != c.cfg.CorpID:
		s.refuse(e)
		s.send(f.success())
		return
	}
	c.note(func(status *Status) { status.Events++ })
	f.data, f.headers = nil, nil // what waits is bounded, so it keeps no more than it needs
	if !c.admit(f.size) {
		s.later(f, e)
		return
	}
	switch c.events.begin(e.ID) {
	case isHandled:
		c.release(f.size)
		c.observe(Repeated, e)
		s.send(f.success())
	case isUnderWay:
		c.release(f.size)
		s.later(f, e)
	case isNew:
		w.all.Go(func() {
			defer c.release(f.size)
			s.settle(w, f, e)
		})
	}
}

// admit lets an event in, if there is room.
func (c *Client) admit(size int64) bool {
	if c.held.Add(size) <= mostHeld {
		select {
		case c.room <- struct{}{}:
			return true
		default:
		}
	}
	c.held.Add(-size)
	return false
}

func (c *Client) release(size int64) {
	c.held.Add(-size)
	<-c.room
}

// settle waits for its turn and for Handle, but not longer than DingTalk does.
func (s *session) settle(w *work, f frame, e Event) {
	c := s.client
	enough := time.NewTimer(c.times.answer)
	defer enough.Stop()
	select {
	case c.turns <- struct{}{}:
	case <-enough.C:
		c.events.end(e.ID, false)
		s.later(f, e)
		return
	case <-w.ctx.Done():
		c.events.end(e.ID, false)
		s.later(f, e)
		return
	}
	result := make(chan bool, 1)
	w.all.Go(func() {
		handled := c.handle(w.ctx, e)
		c.events.end(e.ID, handled) // also if nobody waits any more
		<-c.turns
		result <- handled
	})
	select {
	case handled := <-result:
		if handled {
			c.observe(Handled, e)
			s.send(f.success())
			return
		}
	case <-enough.C:
	case <-w.ctx.Done():
	}
	s.later(f, e)
}

// later asks for the event again.
func (s *session) later(f frame, e Event) {
	s.client.observe(Later, e)
	s.send(f.later())
}

// refuse takes note of an event that is not ours, in the log once per connection.
func (s *session) refuse(e Event) {
	s.client.observe(Refused, e)
	if !s.foreign {
		s.foreign = true
		s.client.cfg.Log.Warn("stream: an event that is not of this organisation is not acted on; if there is no other, the organisation's corp_id does not belong to its app",
			"corp_id", s.client.clean(e.CorpID, s.ticket), "type", s.client.clean(e.Type, s.ticket), "want", s.client.cfg.CorpID)
	}
}

// handle calls Handle. What came from outside must not end the program, whatever
// Handle makes of it.
func (c *Client) handle(ctx context.Context, e Event) (handled bool) {
	defer func() {
		if fault := recover(); fault != nil {
			c.cfg.Log.Error("stream: an event made its handler panic", "type", c.clean(e.Type), "panic", fault, "stack", string(debug.Stack()))
			handled = false
		}
	}()
	return c.cfg.Handle(ctx, e)
}
