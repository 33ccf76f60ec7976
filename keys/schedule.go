package keys

import "time"

const (
	// reread is how often a replica looks for what others wrote.
	reread = time.Minute
	// settle is added to every moment at which keys change their part, so that
	// each interval holds for the replica that rereads last and for clocks that are
	// off by a minute either way.
	settle = 5 * time.Minute
	// minLead is the shortest PublishLead that leaves rereading some tries.
	minLead = 5 * time.Minute
	// resealEvery bounds how often one replica re-seals, because during a change
	// of secrets two replicas may have different first ones.
	resealEvery = time.Hour
)

// policy is how keys age. Its methods decide from times alone; they neither read
// the clock nor write anything. Where they take keys, these are all of one
// algorithm, in the order in which they begin to sign.
type policy struct{ lead, rotate, keep, hints time.Duration }

// firstUse is when a key published now begins to sign.
func (p policy) firstUse(now time.Time) time.Time { return now.Add(p.lead + settle) }

// due tells whether the successor of the newest key has to be published.
func (p policy) due(keys []*key, now time.Time) bool {
	return !waiting(keys, now) && !p.firstUse(now).Before(keys[len(keys)-1].signs.Add(p.rotate))
}

// waiting tells whether a key is published that does not sign yet.
func waiting(keys []*key, now time.Time) bool { return keys[len(keys)-1].signs.After(now) }

// signing returns the index of the key that signs: the last whose time has come.
// A clock too far behind finds none and takes the oldest that still can.
func signing(keys []*key, now time.Time) int {
	at := -1
	for i, k := range keys {
		if k.private != nil && (at < 0 || !k.signs.After(now)) {
			at = i
		}
	}
	return at
}

// A span says how long keys[i] takes its parts; zero times lie open.
type span struct{ retired, unpublished, dropped time.Time }

func (p policy) span(keys []*key, i int) span {
	if i+1 >= len(keys) {
		return span{}
	}
	retired := keys[i+1].signs
	unpublished := retired.Add(p.keep + settle)
	return span{retired, unpublished, unpublished.Add(p.hints)}
}

// over tells whether the moment t, unless it lies open, has come.
func over(t, now time.Time) bool { return !t.IsZero() && !now.Before(t) }

// state names the part keys[i] takes now.
func (p policy) state(keys []*key, i int, now time.Time) State {
	s := p.span(keys, i)
	switch {
	case over(s.dropped, now):
		return Dropped
	case over(s.unpublished, now):
		return Remembered
	case i == signing(keys, now):
		return Signing
	case keys[i].signs.After(now):
		return Next
	}
	return Retired
}

// states returns the state of each key of s, in its order.
func (p policy) states(s *snapshot, now time.Time) []State {
	states := make([]State, 0, len(s.keys))
	for _, alg := range algorithms {
		keys := s.of(alg)
		for i := range keys {
			states = append(states, p.state(keys, i, now))
		}
	}
	return states
}

// prune returns what the record has to keep of keys, and whether that is less
// than there is: dropped keys go, and private halves of unpublished ones.
func (p policy) prune(keys []*key, now time.Time) (kept []*key, less bool) {
	for i, k := range keys {
		switch state := p.state(keys, i, now); {
		case state == Dropped:
			less = true
			continue
		case state == Remembered && k.private != nil:
			less = true
			k = k.withoutPrivate()
		}
		kept = append(kept, k)
	}
	return kept, less
}
