package stream

import (
	"context"
	"errors"
	"sync"
	"time"
)

// work is what one Run has under way.
type work struct {
	ctx context.Context // Run's
	all sync.WaitGroup
}

// Run connects, and connects again, until ctx ends, and returns when all that it
// started is over, calls of Handle included. One Run at a time: another one that is
// begun meanwhile returns at once.
func (c *Client) Run(ctx context.Context) {
	if !c.running.CompareAndSwap(false, true) {
		c.cfg.Log.Error("stream: run twice at once")
		return
	}
	defer c.running.Store(false)
	w := &work{ctx: ctx}
	stop, goodbye := context.WithCancel(context.WithoutCancel(ctx))
	c.away(nil)
	c.connectAgain(ctx, stop, w)
	c.away(nil)
	reopen := c.shut()
	goodbye()
	w.all.Wait()
	reopen()
}

// connectAgain is the loop.
func (c *Client) connectAgain(ctx, stop context.Context, w *work) {
	var last complaint
	for failures := 0; ctx.Err() == nil; failures++ {
		s, err := c.connect(ctx)
		if err != nil {
			c.failed(ctx, &last, err)
			wait := c.backoff(failures)
			if errors.Is(err, errCredentials) {
				wait = spread(c.cfg.BackoffMax)
			}
			if !sleep(ctx, wait) {
				return
			}
			continue
		}
		last = complaint{}
		w.all.Go(func() { s.run(stop, w) })
		c.here()
		moved := false
		select {
		case <-s.moved:
			moved = true
			c.away(nil)
			c.cfg.Observe(Moved, Event{})
		case <-s.over:
			c.away(s.why)
			c.cfg.Log.Warn("stream: connection lost", "error", s.why, "lived", time.Since(s.began).Round(time.Millisecond))
			c.cfg.Observe(Lost, Event{})
		case <-ctx.Done():
			return
		}
		if time.Since(s.began) >= c.times.settled {
			failures = 0
		}
		// A server that sends us away time and again must not make us spin.
		if moved && failures == 0 {
			continue
		}
		if !sleep(ctx, c.backoff(failures)) {
			return
		}
	}
}

// connect makes one attempt, with a ticket of its own.
func (c *Client) connect(ctx context.Context) (*session, error) {
	p, err := c.ask(ctx)
	if err != nil {
		return nil, err
	}
	return c.dial(ctx, p)
}

// failed takes note of an attempt that failed, unless because Run ends.
func (c *Client) failed(ctx context.Context, last *complaint, err error) {
	if ctx.Err() != nil {
		return
	}
	c.note(func(status *Status) { status.LastError = err.Error() })
	c.complain(last, err)
	c.cfg.Observe(Failed, Event{})
}

// here takes note of a connection.
func (c *Client) here() {
	c.note(func(status *Status) {
		now := time.Now()
		status.Connected, status.Since, status.Gap = true, now, now.Sub(status.Since)
		status.Connects++
	})
	c.cfg.Log.Info("stream: connected")
	c.cfg.Observe(Connected, Event{})
	c.cfg.Connected()
}

// away takes note that there is no connection, and why if there is a reason.
func (c *Client) away(why error) {
	c.note(func(status *Status) {
		status.Connected, status.Since = false, time.Now()
		if why != nil {
			status.LastError = why.Error()
		}
	})
}

// shut lets no more events in and waits a moment for the answers to those that are,
// which the end of Run's context hastens. What it returns opens again.
func (c *Client) shut() (reopen func()) {
	ctx, cancel := context.WithTimeout(context.Background(), c.times.farewell)
	defer cancel()
	taken := 0
	for taken < mostWaiting {
		select {
		case c.room <- struct{}{}:
			taken++
			continue
		case <-ctx.Done():
		}
		break
	}
	return func() {
		for range taken {
			<-c.room
		}
	}
}
