package demoapp

import "time"

// A memory knows the words that it was told lately, by when.
type memory struct {
	at    map[string]time.Time
	order []string // oldest first
}

func newMemory() memory { return memory{at: map[string]time.Time{}} }

func (m *memory) has(word string) bool {
	at, known := m.at[word]
	return known && time.Since(at) < sessionLife
}

// add notes a word, and forgets the oldest if there are too many.
func (m *memory) add(word string) {
	if _, known := m.at[word]; !known {
		m.order = append(m.order, word)
	}
	m.at[word] = time.Now()
	if len(m.order) > maxSessions {
		delete(m.at, m.order[0])
		m.order = m.order[1:]
	}
}
