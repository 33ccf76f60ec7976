package device

import (
	"sync"
	"time"
)

// restLife is how long this process turns somebody away without asking storage, once they
// were found to have entered too many wrong codes.
const restLife = 5 * time.Second

// mostResting bounds how many people are remembered; who finds no room is asked about.
const mostResting = 1000

// resting are the people who are turned away for now. Without it each of their further
// guesses would be kept and counted, and each make the next one dearer.
type resting struct {
	mu    sync.Mutex
	until map[[16]byte]time.Time
}

func (r *resting) has(subject [16]byte) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return time.Now().Before(r.until[subject])
}

func (r *resting) add(subject [16]byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := time.Now()
	for other, until := range r.until {
		if !now.Before(until) {
			delete(r.until, other)
		}
	}
	if len(r.until) < mostResting {
		r.until[subject] = now.Add(restLife)
	}
}
