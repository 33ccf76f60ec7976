package simulator

import (
	"sync"
	"time"
)

// limiter counts each API's calls in windows of one second, as DingTalk does
// per app and API.
type limiter struct {
	mu     sync.Mutex
	second int64
	counts map[string]int
}

func (l *limiter) allow(call string, qps int, now time.Time) bool {
	if qps == 0 {
		return true
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if second := now.Unix(); second != l.second || l.counts == nil {
		l.second, l.counts = second, map[string]int{}
	}
	l.counts[call]++
	return l.counts[call] <= qps
}

func (l *limiter) clear() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.counts = nil
}
