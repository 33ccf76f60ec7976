package stream

import "sync"

// A memory knows which events have been handled lately and which are being handled.
// Redelivery comes within minutes, so the oldest are forgotten first.
type memory struct {
	mu       sync.Mutex
	handled  map[string]bool
	order    []string // of those handled, a ring once it is full
	oldest   int
	underWay map[string]bool // bounded by the events that are let in
}

func newMemory(most int) memory {
	return memory{handled: map[string]bool{}, order: make([]string, 0, most), underWay: map[string]bool{}}
}

type known int

const (
	isNew known = iota
	isHandled
	isUnderWay
)

// begin says what is known of an event, and if it is new, that it is now under way. One
// without an id is always new.
func (m *memory) begin(id string) known {
	m.mu.Lock()
	defer m.mu.Unlock()
	switch {
	case id == "":
	case m.handled[id]:
		return isHandled
	case m.underWay[id]:
		return isUnderWay
	default:
		m.underWay[id] = true
	}
	return isNew
}

// end says what became of an event that was under way.
func (m *memory) end(id string, handled bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.underWay, id)
	if id == "" || !handled || m.handled[id] {
		return
	}
	m.handled[id] = true
	if len(m.order) < cap(m.order) {
		m.order = append(m.order, id)
		return
	}
	delete(m.handled, m.order[m.oldest])
	m.order[m.oldest] = id
	m.oldest = (m.oldest + 1) % len(m.order)
}
