package provider

import (
	"context"
	"sync"
	"time"
)

// A budget bounds how much of something one process does in a second. It is a bucket
// that holds some seconds' worth, since a whole office arrives at nine o'clock.
type budget struct {
	mu    sync.Mutex
	rate  float64
	full  float64
	left  float64
	since time.Time
}

func newBudget(perSecond, seconds int) *budget {
	full := float64(perSecond * seconds)
	return &budget{rate: float64(perSecond), full: full, left: full, since: time.Now()}
}

func (b *budget) take() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := time.Now()
	b.left = min(b.left+now.Sub(b.since).Seconds()*b.rate, b.full)
	b.since = now
	if b.left < 1 {
		return false
	}
	b.left--
	return true
}

// wait takes, and waits for it no longer than most.
func (b *budget) wait(ctx context.Context, most time.Duration) bool {
	for deadline := time.Now().Add(most); ; {
		if b.take() {
			return true
		}
		if !time.Now().Before(deadline) {
			return false
		}
		select {
		case <-ctx.Done():
			return false
		case <-time.After(50 * time.Millisecond):
		}
	}
}
