package people

import (
	"context"
	"crypto/rand"
	"math/big"
	"slices"
	"sync"
	"time"

	"github.com/dingbridge/dingbridge/dingtalk"
)

// mostWitnesses is how many known people are asked about for one that the directory
// still knows.
const mostWitnesses = 5

// mostDrawn is how many records are read to find those.
const mostDrawn = 1000

// vainPause is for how long nobody is asked about again after nobody was found.
const vainPause = 5 * time.Second

// A witness is somebody about whom the directory said yes: proof that it answers for the
// right organisation and is not empty. Credentials of another organisation's app, or a
// directory that has lost everybody, call each person unknown. Its times are those at which
// questions were put, of a clock that nobody can set. Safe for concurrent use.
type witness struct {
	mu     sync.Mutex
	person Person // vouched for last
	at     time.Time

	asking chan struct{} // holds one thing while somebody asks; guards the rest
	// anybody is when the app last found anybody at all, and who that was.
	anybody   time.Time
	anybodyID string
	vain      time.Time // when nobody was found
}

// saw notes a positive answer about a person who was known before, to a question put at
// that time. Who has another userId now is no witness: it could be another's directory.
func (w *witness) saw(p Person, userID string, asked time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if userID == p.Profile.UserID && !p.Gone && asked.After(w.at) {
		w.person, w.at = p, asked
	}
}

func (w *witness) since(said time.Time, but Subject) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.at.After(said) && w.person.Subject != but
}

func (w *witness) last() Person {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.person
}

// stands tells whether the directory that called p gone has said yes, to a question put after
// that time, about somebody: about a person whom we knew, or, if the app that asks once vouched for p
// itself, about anybody. One question serves all who wait for it.
func (r *Registry) stands(ctx context.Context, o *organisation, p Person, said time.Time) bool {
	w := &o.witness
	if w.since(said, p.Subject) {
		return true
	}
	select {
	case w.asking <- struct{}{}:
		defer func() { <-w.asking }()
	case <-ctx.Done():
		return false
	}
	// A sweep waits for room as long as it takes; a hint that waits for this must not.
	ctx = dingtalk.InBackground(ctx)
	same := p.App == o.app && o.app != ""
	switch {
	case w.since(said, p.Subject), same && w.anybody.After(said) && w.anybodyID != p.Profile.UserID:
		return true
	case !w.vain.IsZero() && time.Since(w.vain) < vainPause:
		return false
	}
	if o.knows(ctx, p, w.last()) || o.knows(ctx, p, r.some(ctx, o.corpID)...) {
		return true
	}
	if same {
		now := time.Now()
		if userID, ok := o.finds(ctx); ok && userID != p.Profile.UserID {
			w.anybody, w.anybodyID = now, userID
			return true
		}
	}
	if ctx.Err() == nil {
		w.vain = time.Now()
	}
	return false
}

// finds asks for anybody, and about them in the way in which p was asked about: a directory
// that lists people and calls each of them gone vouches for nobody.
func (o *organisation) finds(ctx context.Context) (userID string, ok bool) {
	userID, err := o.directory.Anybody(ctx)
	if err != nil {
		return "", false
	}
	known, err := o.directory.Lookup(ctx, userID)
	if err != nil {
		return "", false
	}
	member, err := o.directory.Member(ctx, known.UnionID)
	return userID, err == nil && member.UnionID == known.UnionID && member.UserID == userID && member.CorpID == o.corpID
}

// knows asks the directory about known people until it says yes about one.
func (o *organisation) knows(ctx context.Context, but Person, people ...Person) bool {
	for _, p := range people {
		if p.Subject == "" || p.Subject == but.Subject || p.Gone {
			continue
		}
		asked := time.Now()
		member, err := o.directory.Member(ctx, p.Profile.UnionID)
		if err == nil && member.UnionID == p.Profile.UnionID && member.UserID == p.Profile.UserID && member.CorpID == o.corpID {
			o.witness.saw(p, member.UserID, asked)
			return true
		}
	}
	return false
}

// some returns a few known people, by lot, none who is known to be gone: in time those are most.
func (r *Registry) some(ctx context.Context, corpID string) (few []Person) {
	known, err := r.Everyone(ctx, corpID)
	if err != nil {
		return nil
	}
	for i := range min(mostDrawn, len(known)) {
		n, err := rand.Int(rand.Reader, big.NewInt(int64(len(known)-i)))
		if err != nil {
			return nil
		}
		j := i + int(n.Int64())
		known[i], known[j] = known[j], known[i]
	}
	for lot := range slices.Chunk(known[:min(mostDrawn, len(known))], 50) {
		read, err := r.Load(ctx, lot...)
		if err != nil {
			return nil
		}
		few = append(few, slices.DeleteFunc(read, func(p Person) bool { return p.Gone })...)
		if len(few) >= mostWitnesses {
			return few[:mostWitnesses]
		}
	}
	return few
}
