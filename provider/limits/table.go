package limits

import (
	"encoding/binary"
	"hash/maphash"
	"net/netip"
	"sync"
	"time"
)

// A Rate lets Most through at once, and Most anew within Per, one after the other.
type Rate struct {
	Most int
	Per  time.Duration
}

// step is how long one takes to come back.
func (r Rate) step() time.Duration { return max(r.Per/time.Duration(max(r.Most, 1)), 1) }

// ways is how many keys have one place in a table, and so compete for it.
const ways = 8

// A Table keeps how far each key has used up its budget, in a fixed number of entries. An
// entry is a single time, that at which its budget is whole again: one that has passed is
// as good as none. It is safe for concurrent use.
type Table struct {
	seed  maphash.Seed // nobody outside can tell which keys compete
	began time.Time
	sets  []set
}

type set struct {
	mu      sync.Mutex
	entries [ways]entry
}

type entry struct {
	key   uint64
	whole time.Duration // since the table began
}

// A Key names a budget.
type Key uint64

// NewTable makes a table of at least so many entries.
func NewTable(entries int) *Table {
	sets := 1
	for sets*ways < entries {
		sets *= 2
	}
	return &Table{seed: maphash.MakeSeed(), began: time.Now(), sets: make([]set, sets)}
}

// Key makes the key of a kind, an address and two texts; any of them may be empty.
func (t *Table) Key(kind string, addr netip.Addr, first, second string) Key {
	var b [16 + 3*8]byte
	from := network(addr)
	copy(b[:], from[:])
	for i, text := range [...]string{kind, first, second} {
		binary.LittleEndian.PutUint64(b[16+8*i:], maphash.String(t.seed, text))
	}
	return Key(maphash.Bytes(t.seed, b[:]))
}

// Take takes one from a key's budget, if there is one. used is which part of the budget
// was used up before, from 0 to 1.
func (t *Table) Take(k Key, r Rate) (used float64, ok bool) {
	s, now := t.set(k), time.Since(t.began)
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.find(k)
	owed := time.Duration(0)
	if e != nil {
		owed = max(e.whole-now, 0)
	}
	used = float64(owed) / float64(r.Per)
	if owed+r.step() > r.Per {
		return used, false
	}
	if e == nil {
		e = s.least()
		e.key = uint64(k)
	}
	e.whole = now + owed + r.step()
	return used, true
}

// Has tells whether a key's budget has one left.
func (t *Table) Has(k Key, r Rate) bool {
	s, now := t.set(k), time.Since(t.began)
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.find(k)
	return e == nil || max(e.whole-now, 0)+r.step() <= r.Per
}

// GiveBack returns one that was taken.
func (t *Table) GiveBack(k Key, r Rate) {
	s := t.set(k)
	s.mu.Lock()
	defer s.mu.Unlock()
	if e := s.find(k); e != nil {
		e.whole -= r.step()
	}
}

// Note keeps a key for so long, and Noted finds it.
func (t *Table) Note(k Key, life time.Duration) {
	s, now := t.set(k), time.Since(t.began)
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.find(k)
	if e == nil {
		e = s.least()
		e.key = uint64(k)
	}
	e.whole = max(e.whole, now+life)
}

// Noted tells whether a key was noted, and its life is not over.
func (t *Table) Noted(k Key) bool {
	s, now := t.set(k), time.Since(t.began)
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.find(k)
	return e != nil && e.whole > now
}

func (t *Table) set(k Key) *set { return &t.sets[uint64(k)&uint64(len(t.sets)-1)] }

func (s *set) find(k Key) *entry {
	for i := range s.entries {
		if s.entries[i].key == uint64(k) {
			return &s.entries[i]
		}
	}
	return nil
}

// least is the entry whose budget is whole soonest: it is given up for another (promise
// T3). It begins anew.
func (s *set) least() *entry {
	e := &s.entries[0]
	for i := range s.entries {
		if s.entries[i].whole < e.whole {
			e = &s.entries[i]
		}
	}
	*e = entry{}
	return e
}
