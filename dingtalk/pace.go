package dingtalk

import (
	"context"
	"errors"
	"math"
	"sync"
	"sync/atomic"
	"time"
)

// jitter is how much later than its neighbour a request may leave after it was let go, so
// that what left in one second is still within the rate when DingTalk counts it.
const jitter = 50 * time.Millisecond

// errOwnLimit is why a request was not sent.
var errOwnLimit = errors.New("our own limit of calls was met, and nothing was sent")

// Pace sets how many requests of one call are sent in any second, whatever the lanes: by
// whole numbers, below one as a pause between two. Nought or less is no limit. It takes
// effect at once, also for those who wait.
func (c *Client) Pace(perSecond float64) { c.pace.set(perSecond) }

// A pacer holds requests back so that no call is sent faster than DingTalk allows
// (promise U11). Its zero value has no limit. Safe for concurrent use.
type pacer struct {
	limited atomic.Bool // whether there is a limit, so that none costs no lock

	mu     sync.Mutex
	room   int           // requests of one call in one span; 0 is no limit
	span   time.Duration // a second, or longer for less than one each second
	queues map[string]*queue
}

// A queue is what was sent of one call, and who waits to send more. Its pacer's lock
// guards it.
type queue struct {
	sent    []time.Time // within the last span, oldest first
	waiting [lanes][]*waiter
	timer   *time.Timer // for the next who may go
}

// A waiter is let go by closing its channel.
type waiter struct{ free chan struct{} }

func (p *pacer) set(perSecond float64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case perSecond >= 1 && perSecond <= 1e6:
		p.room, p.span = int(perSecond), time.Second+jitter
	case perSecond > 0 && perSecond < 1:
		p.room, p.span = 1, time.Duration(min(float64(time.Second)/perSecond, math.MaxInt64/4))+jitter
	default: // none, or none to speak of, or no number
		p.room, p.span = 0, 0
	}
	p.limited.Store(p.room > 0)
	for _, q := range p.queues {
		p.release(q)
	}
}

// wait returns when a request of the call may be sent, or why it is not. A request let go
// counts as sent.
func (p *pacer) wait(ctx context.Context, call string) *Error {
	if !p.limited.Load() {
		return nil
	}
	if ctx.Err() != nil {
		return outOfTime(ctx, call)
	}
	l := laneOf(ctx)
	p.mu.Lock()
	q := p.queue(call)
	if p.goes(q, l) {
		p.mu.Unlock()
		return nil
	}
	w := &waiter{free: make(chan struct{})}
	soonest := p.soonest(q, l)
	q.waiting[l] = append(q.waiting[l], w)
	p.release(q)
	p.mu.Unlock()
	select {
	case <-w.free:
		return nil
	default:
	}

	var late <-chan time.Time
	end, bounded := ctx.Deadline()
	if patience[l] > 0 {
		timer := time.NewTimer(patience[l])
		defer timer.Stop()
		late = timer.C
		if mine := time.Now().Add(patience[l]); !bounded || mine.Before(end) {
			end, bounded = mine, true
		}
	}
	hopeless := bounded && time.Until(end) < soonest
	if !hopeless {
		select {
		case <-w.free:
			return nil
		case <-late:
		case <-ctx.Done():
		}
	}
	if !p.leave(q, l, w) {
		return nil // let go a moment ago
	}
	return outOfTime(ctx, call)
}

// outOfTime is the Error of a request that found no room, or whose caller has left.
func outOfTime(ctx context.Context, call string) *Error {
	if errors.Is(ctx.Err(), context.Canceled) {
		return &Error{Reason: ReasonUnavailable, Call: call, Err: context.Canceled, final: true}
	}
	return &Error{Reason: ReasonThrottled, Call: call, Err: errOwnLimit, final: true}
}

func (p *pacer) queue(call string) *queue {
	q := p.queues[call]
	if q == nil {
		if p.queues == nil {
			p.queues = map[string]*queue{}
		}
		q = &queue{}
		p.queues[call] = q
	}
	return q
}

// soonest is a time before which one more of a lane cannot go, as far as those are
// concerned who wait already: it keeps queues short that nobody could outlast.
func (p *pacer) soonest(q *queue, l lane) time.Duration {
	if p.room == 0 {
		return 0
	}
	ahead := 0
	for first := lanePerson; first <= l; first++ {
		ahead += len(q.waiting[first])
	}
	return time.Duration(min(float64(ahead/p.room)*float64(p.span), math.MaxInt64/4))
}

// goes lets one more of a lane go at once, as nearly all do, if there is room and nobody
// waits who comes first.
func (p *pacer) goes(q *queue, l lane) bool {
	for first := lanePerson; first <= l; first++ {
		if len(q.waiting[first]) > 0 {
			return false
		}
	}
	now := time.Now()
	p.forget(q, now)
	if p.room > 0 && len(q.sent) >= l.share(p.room) {
		return false
	}
	q.sent = append(q.sent, now)
	return true
}

// forget drops what was sent so long ago that it does not count any more.
func (p *pacer) forget(q *queue, now time.Time) {
	for len(q.sent) > 0 && now.Sub(q.sent[0]) >= p.span {
		q.sent = q.sent[1:]
	}
}

// release lets go who may go now, lane by lane, and sets the timer for the next.
func (p *pacer) release(q *queue) {
	now := time.Now()
	p.forget(q, now)
	if q.timer != nil {
		q.timer.Stop()
	}
	for l := range lanes {
		room := l.share(p.room)
		for len(q.waiting[l]) > 0 && (p.room == 0 || len(q.sent) < room) {
			close(q.waiting[l][0].free)
			q.waiting[l] = q.waiting[l][1:]
			if p.room > 0 {
				q.sent = append(q.sent, now)
			}
		}
		if len(q.waiting[l]) > 0 {
			// No lane has more room than one before it, so nobody else can go either.
			next := q.sent[len(q.sent)-room].Add(p.span)
			q.timer = time.AfterFunc(next.Sub(now), func() {
				p.mu.Lock()
				defer p.mu.Unlock()
				p.release(q)
			})
			return
		}
	}
}

// leave takes a waiter away, or reports that it is not there any more: let go.
func (p *pacer) leave(q *queue, l lane, w *waiter) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i, other := range q.waiting[l] {
		if other == w {
			q.waiting[l] = append(q.waiting[l][:i:i], q.waiting[l][i+1:]...)
			p.release(q) // a lower lane may have waited for this one
			return true
		}
	}
	return false
}
