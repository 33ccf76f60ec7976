package limits

import "sync/atomic"

// A Gate lets so many in at once. It is safe for concurrent use.
type Gate struct {
	most   int64
	inside atomic.Int64
}

// NewGate makes a gate.
func NewGate(most int) *Gate { return &Gate{most: int64(most)} }

// Enter lets one in, who has to Leave, or tells that it is full.
func (g *Gate) Enter() bool {
	if g.inside.Add(1) > g.most {
		g.inside.Add(-1)
		return false
	}
	return true
}

// Leave lets one out.
func (g *Gate) Leave() { g.inside.Add(-1) }

// Inside is how many are in.
func (g *Gate) Inside() int { return int(g.inside.Load()) }
