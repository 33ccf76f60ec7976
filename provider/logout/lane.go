package logout

import (
	"context"
	"time"

	"github.com/dingbridge/dingbridge/provider/audit"
)

// A lane is one client's: nothing in it waits for another client. Its fields, and those
// of its deliveries but token, are guarded by the Notifier's mutex.
type lane struct {
	ready  []*delivery // wait for their turn, first come first served
	active int         // tries under way
	held   int         // ready, under way, or waiting for a later try
}

// A delivery is a notice under way.
type delivery struct {
	Notice
	lane  *lane
	sent  time.Time
	done  int // tries
	again *time.Timer
	ctx   context.Context
	end   context.CancelFunc

	token string // made at the first try; of whoever tries
}

// take holds a notice and gives it its turn, if there is room for it.
func (n *Notifier) take(notice Notice) bool {
	id := notice.Client.ID
	l := n.lanes[id]
	if l == nil {
		l = &lane{}
	}
	if l.held >= n.PerClient || len(n.held) >= n.InAll && l.held >= n.AtOnce {
		return false
	}
	n.lanes[id] = l
	d := &delivery{Notice: notice, lane: l, sent: time.Now()}
	d.ctx, d.end = context.WithCancel(context.Background())
	n.held[d] = struct{}{}
	n.open++
	l.held++
	l.ready = append(l.ready, d)
	n.advance(l)
	return true
}

// advance starts tries as long as the lane may have more of them.
func (n *Notifier) advance(l *lane) {
	for l.active < n.AtOnce && len(l.ready) > 0 {
		d := l.ready[0]
		l.ready[0] = nil
		l.ready = l.ready[1:]
		l.active++
		d.done++
		go n.try(d, d.done)
	}
}

// try makes one try and says what became of it.
func (n *Notifier) try(d *delivery, done int) {
	result := n.attempt(d)
	again := result.again && done < tries
	if result.again && !again {
		result.name = audit.BackchannelFailed
	}
	if !n.settle(d, again) {
		return // given up meanwhile, which was audited
	}
	e := audit.Event{Name: result.name, Reason: result.reason, Err: result.err, Count: done}
	if !again {
		e.Duration = max(time.Since(d.sent), time.Millisecond)
	}
	n.record(d.Notice, e)
	if again {
		n.schedule(d, backoff(done))
	} else {
		n.leave(1)
	}
}

// settle frees the turn of a try that is over, and lets go of a delivery that is not
// tried again. It tells whether the delivery was still held.
func (n *Notifier) settle(d *delivery, again bool) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	l := d.lane
	l.active--
	n.advance(l)
	_, mine := n.held[d]
	if mine && !again {
		n.release(d)
	}
	n.tidy(d)
	return mine
}

// schedule gives a delivery its next turn later. Until then it is in nobody's way.
func (n *Notifier) schedule(d *delivery, wait time.Duration) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if _, mine := n.held[d]; !mine {
		return
	}
	d.again = time.AfterFunc(wait, func() {
		n.mu.Lock()
		defer n.mu.Unlock()
		if _, mine := n.held[d]; mine {
			d.lane.ready = append(d.lane.ready, d)
			n.advance(d.lane)
		}
	})
}

// release lets go of a delivery.
func (n *Notifier) release(d *delivery) {
	delete(n.held, d)
	d.lane.held--
	d.end()
	if d.again != nil {
		d.again.Stop()
	}
}

// tidy forgets a lane in which nothing is left.
func (n *Notifier) tidy(d *delivery) {
	if l := d.lane; l.held == 0 && l.active == 0 && n.lanes[d.Client.ID] == l {
		delete(n.lanes, d.Client.ID)
	}
}

// leave counts deliveries that have ended and are audited.
func (n *Notifier) leave(count int) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.open -= count
	if n.open == 0 && n.idle != nil {
		close(n.idle)
		n.idle = nil
	}
}

// abandon gives up all that is held, and tells how much it was. Tries under way are
// broken off.
func (n *Notifier) abandon() int {
	n.mu.Lock()
	lost := make([]*delivery, 0, len(n.held))
	for d := range n.held {
		lost = append(lost, d)
	}
	for _, d := range lost {
		d.lane.ready = nil
		n.release(d)
		n.tidy(d)
	}
	n.mu.Unlock()
	for _, d := range lost {
		n.record(d.Notice, audit.Event{Name: audit.BackchannelDropped, Reason: "shutdown"})
	}
	n.leave(len(lost))
	return len(lost)
}
