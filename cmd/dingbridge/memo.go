package main

import (
	"context"
	"strings"
	"sync"
	"time"

	"github.com/dingbridge/dingbridge/cmd/dingbridge/internal/admin"
	"github.com/dingbridge/dingbridge/provider/audit"
)

// mostReasons bounds what is counted by its reason; there are a few.
const mostReasons = 50

// A memo is an audit trail that remembers what a status tells of it.
type memo struct {
	audit.Sink
	mu      sync.Mutex
	clients admin.Clients  // without their number
	hit     map[string]int // limits, by reason
}

func newMemo(beside audit.Sink) *memo {
	return &memo{Sink: beside, clients: admin.Clients{Read: thisSecond()}, hit: map[string]int{}}
}

// Record implements [audit.Sink].
func (m *memo) Record(ctx context.Context, e audit.Event) {
	m.note(e)
	m.Sink.Record(ctx, e)
}

func (m *memo) note(e audit.Event) {
	m.mu.Lock()
	defer m.mu.Unlock()
	switch e.Name {
	case audit.ClientsReplaced:
		m.clients = admin.Clients{Read: thisSecond()}
	case audit.ClientsRejected:
		m.clients.Rejected, m.clients.Fault = thisSecond(), ""
		if e.Err != nil {
			m.clients.Fault, _, _ = strings.Cut(e.Err.Error(), "\n")
		}
	case audit.RequestLimited:
		if _, counted := m.hit[e.Reason]; counted || len(m.hit) < mostReasons {
			m.hit[e.Reason] += max(1, e.Count)
		}
	}
}

// tell is what was remembered.
func (m *memo) tell() (c admin.Clients, hit map[string]int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	hit = make(map[string]int, len(m.hit))
	for reason, n := range m.hit {
		hit[reason] = n
	}
	return m.clients, hit
}

func thisSecond() time.Time { return time.Now().UTC().Truncate(time.Second) }
