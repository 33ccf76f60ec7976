package simulator

import (
	"maps"
	"slices"
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

// Rate is how often one API was called, refused calls included.
type Rate struct {
	Calls int `json:"calls"`
	// Most is the most in one second of the clock, as the limit counts.
	Most int `json:"most"`
	// MostSliding is the most in any stretch of one second.
	MostSliding int `json:"most_sliding"`
}

// meter remembers the rate of each API, whether there is a limit or not.
type meter struct {
	mu sync.Mutex
	of map[string]*gauge
}

type gauge struct {
	Rate
	second int64
	count  int         // in that second
	last   []time.Time // those less than a second old
}

func (m *meter) saw(call string, now time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	g := m.of[call]
	if g == nil {
		if m.of == nil {
			m.of = map[string]*gauge{}
		}
		g = &gauge{}
		m.of[call] = g
	}
	if second := now.Unix(); second != g.second {
		g.second, g.count = second, 0
	}
	g.Calls++
	g.count++
	old := 0
	for old < len(g.last) && now.Sub(g.last[old]) >= time.Second {
		old++
	}
	g.last = append(g.last[old:], now)
	g.Most, g.MostSliding = max(g.Most, g.count), max(g.MostSliding, len(g.last))
}

func (m *meter) clear() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.of = nil
}

// Rates returns the rate of each API that was called since the beginning, the last
// [Simulator.Reset] or [Simulator.ForgetRates].
func (s *Simulator) Rates() map[string]Rate {
	s.meter.mu.Lock()
	defer s.meter.mu.Unlock()
	rates := map[string]Rate{}
	for _, call := range slices.Sorted(maps.Keys(s.meter.of)) {
		rates[call] = s.meter.of[call].Rate
	}
	return rates
}

// ForgetRates begins to count anew.
func (s *Simulator) ForgetRates() { s.meter.clear() }
