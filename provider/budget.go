package provider

import (
	"sync"
	"time"
)

// A budget bounds how many logins one process begins: each costs storage before
// anybody has proven anything. It is a bucket that holds ten seconds' worth, since
// a whole office arrives at nine o'clock.
type budget struct {
	mu    sync.Mutex
	rate  float64
	left  float64
	since time.Time
}

const budgetSeconds = 10

func newBudget(perSecond int) *budget {
	return &budget{rate: float64(perSecond), left: float64(perSecond) * budgetSeconds, since: time.Now()}
}

func (b *budget) take() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := time.Now()
	b.left = min(b.left+now.Sub(b.since).Seconds()*b.rate, b.rate*budgetSeconds)
	b.since = now
	if b.left < 1 {
		return false
	}
	b.left--
	return true
}
