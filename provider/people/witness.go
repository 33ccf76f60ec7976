package people

import (
	"context"
	"crypto/rand"
	"math/big"
	"sync"
	"time"
)

// mostWitnesses is how many known people are asked about for one that the directory
// still knows.
const mostWitnesses = 5

// A witness is somebody about whom the directory said yes: proof that it answers for the
// right organisation and is not empty. Credentials of another organisation's app, or a
// directory that has lost everybody, call each person unknown. Safe for concurrent use.
type witness struct {
	mu      sync.Mutex
	person  Person // vouched for last
	at      time.Time
	asking  sync.Mutex
	anybody time.Time // when the app last found anybody at all
}

// saw notes a positive answer about a person who was known before, to a question put at
// that time.
func (w *witness) saw(p Person, asked time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if asked.After(w.at) {
		w.person, w.at = p, asked
	}
}

func (w *witness) since(asked time.Time, but Subject) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return !w.at.Before(asked) && w.person.Subject != but
}

func (w *witness) last() Person {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.person
}

// stands tells whether the directory that called p gone, asked at that time, has since
// said yes about somebody: about a person whom we knew, or, if the app that asks once vouched for p
// itself, about anybody. One question serves all who wait for it.
func (r *Registry) stands(ctx context.Context, o *organisation, p Person, asked time.Time) bool {
	w := &o.witness
	if w.since(asked, p.Subject) {
		return true
	}
	w.asking.Lock()
	defer w.asking.Unlock()
	if w.since(asked, p.Subject) || p.App == o.app && !w.anybody.Before(asked) {
		return true
	}
	if o.knows(ctx, p, w.last()) || o.knows(ctx, p, r.some(ctx, o.corpID)...) {
		return true
	}
	if p.App != o.app || o.app == "" {
		return false
	}
	now := now()
	userID, err := o.directory.Anybody(ctx)
	if err != nil || userID == p.Profile.UserID {
		return false
	}
	w.anybody = now
	return true
}

// knows asks the directory about known people until it says yes about one.
func (o *organisation) knows(ctx context.Context, but Person, people ...Person) bool {
	for _, p := range people {
		if p.Subject == "" || p.Subject == but.Subject || p.Gone {
			continue
		}
		asked := now()
		member, err := o.directory.Member(ctx, p.Profile.UnionID)
		if err == nil && member.UnionID == p.Profile.UnionID && member.CorpID == o.corpID {
			o.witness.saw(p, asked)
			return true
		}
	}
	return false
}

// some returns a few known people, by lot.
func (r *Registry) some(ctx context.Context, corpID string) []Person {
	known, err := r.Everyone(ctx, corpID)
	if err != nil || len(known) == 0 {
		return nil
	}
	var lot []Subject
	for range mostWitnesses {
		n, err := rand.Int(rand.Reader, big.NewInt(int64(len(known))))
		if err != nil {
			return nil
		}
		lot = append(lot, known[n.Int64()])
	}
	read, err := r.Load(ctx, lot...)
	if err != nil {
		return nil
	}
	return read
}
