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

// takeAbove takes one if this part of the whole is left then, for others.
func (b *budget) takeAbove(part float64) bool {
	_, ok := b.reserve(0, part)
	return ok
}

// wait takes, and waits for it no longer than most. Who came first is served first.
func (b *budget) wait(ctx context.Context, most time.Duration) bool {
	turn, ok := b.reserve(most, 0)
	if !ok || turn <= 0 {
		return ok
	}
	select {
	case <-ctx.Done():
		return false
	case <-time.After(turn):
		return true
	}
}

// reserve takes one now, or one that will be there within most, and says when. The part
// of the whole is not touched.
func (b *budget) reserve(most time.Duration, part float64) (turn time.Duration, ok bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := time.Now()
	b.left = min(b.left+now.Sub(b.since).Seconds()*b.rate, b.full)
	b.since = now
	turn = time.Duration((1 + part*b.full - b.left) / b.rate * float64(time.Second))
	if turn > most {
		return 0, false
	}
	b.left--
	return turn, true
}

// giveBack returns one that was taken and not used.
func (b *budget) giveBack() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.left = min(b.left+1, b.full)
}
