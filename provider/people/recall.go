package people

import "sync"

// recallSize is how many records each half of a recall holds.
const recallSize = 512

// A recall keeps what records said that were lately read or written, by their very
// bytes: one login reads its person's three times over, and opening a record costs
// more than fetching it. What is not byte for byte the record that was opened is
// opened anew, so nothing here can be out of date. Safe for concurrent use.
type recall struct {
	mu         sync.Mutex
	young, old map[string]Person // what was of no use while young filled up goes with old
}

// find returns what these bytes say as a record of s, if they were seen lately. The
// person's slices are shared: nobody writes to them.
func (m *recall) find(s Subject, value []byte) (Person, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	p, found := m.young[string(value)]
	if !found {
		if p, found = m.old[string(value)]; found {
			m.add(value, p)
		}
	}
	return p, found && p.Subject == s
}

func (m *recall) keep(value []byte, p Person) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.add(value, p)
}

func (m *recall) add(value []byte, p Person) {
	if m.young == nil || len(m.young) >= recallSize {
		m.young, m.old = make(map[string]Person, recallSize), m.young
	}
	m.young[string(value)] = p
}
