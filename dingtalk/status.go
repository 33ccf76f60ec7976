package dingtalk

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"
)

// A CallStatus is how one call has fared since New.
type CallStatus struct {
	Call string
	// Answered is when DingTalk last answered, a plain "no" about a code or a person included, and
	// Took how long that took.
	Answered time.Time
	Took     time.Duration
	// Fails is how many requests have failed since, one after another; Failing is when the first
	// of them did, and Failed the last, for this reason and in these words.
	Fails           int
	Failing, Failed time.Time
	Reason          Reason
	LastError       string
}

// Status tells how each call has fared that was ever made, by its name.
func (c *Client) Status() []CallStatus {
	c.calls.mu.Lock()
	defer c.calls.mu.Unlock()
	list := make([]CallStatus, 0, len(c.calls.each))
	for _, s := range c.calls.each {
		list = append(list, *s)
	}
	slices.SortFunc(list, func(a, b CallStatus) int { return strings.Compare(a.Call, b.Call) })
	return list
}

// calls notes what became of each call. It holds one entry for each of the Call constants.
type calls struct {
	mu   sync.Mutex
	each map[string]*CallStatus
}

// beside notes what an observer is told, and tells it on.
func (c *calls) beside(observe func(context.Context, Sent)) func(context.Context, Sent) {
	return func(ctx context.Context, s Sent) {
		c.note(s.Call, s.Took, s.Err)
		if observe != nil {
			observe(ctx, s)
		}
	}
}

func (c *calls) note(call string, took time.Duration, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.each[call]
	if s == nil {
		if c.each == nil {
			c.each = map[string]*CallStatus{}
		}
		s = &CallStatus{Call: call}
		c.each[call] = s
	}
	now := time.Now()
	if err == nil || ReasonOf(err).answers() {
		*s = CallStatus{Call: call, Answered: now, Took: took}
		return
	}
	if s.Fails++; s.Fails == 1 {
		s.Failing = now
	}
	s.Failed, s.Reason, s.LastError = now, ReasonOf(err), err.Error()
}

// answers reports whether DingTalk has answered all the same: about the code or the person.
func (r Reason) answers() bool {
	return r == ReasonCodeRejected || r == ReasonOutsider || r == ReasonDisabled || r == ReasonOutOfRange
}
