package keys

import "time"

// A State is the part a key takes at a moment.
type State string

// The states, in the order in which a key goes through them.
const (
	Next       State = "next"       // published, does not sign yet
	Signing    State = "signing"    // published, signs
	Retired    State = "retired"    // published, signs no more
	Remembered State = "remembered" // not published, verifies old hints
	Dropped    State = "dropped"    // of no more use
)

// Info describes a key to an operator. Zero times are not known yet.
type Info struct {
	KID, Alg    string
	State       State
	Made        time.Time
	Signs       time.Time // begins to sign
	Retired     time.Time // stops to sign
	Unpublished time.Time // leaves the key set
	Dropped     time.Time // is forgotten
}

// List describes the keys of the ring as this replica knows it, by algorithm and
// then in the order in which they begin to sign.
func (r *Ring) List() []Info {
	v, now := r.view.Load(), time.Now()
	var infos []Info
	for _, alg := range algorithms {
		keys := v.of(alg)
		for i, k := range keys {
			s := r.policy.span(keys, i)
			infos = append(infos, Info{
				KID: k.kid, Alg: k.alg, State: r.policy.state(keys, i, now),
				Made: k.made, Signs: k.signs, Retired: s.retired, Unpublished: s.unpublished, Dropped: s.dropped,
			})
		}
	}
	return infos
}

// Stale tells since when this replica cannot reread the ring; zero while it can.
func (r *Ring) Stale() time.Time {
	if since := r.stale.Load(); since != nil {
		return *since
	}
	return time.Time{}
}

// The kinds of an [Event].
const (
	EventCreated   = "created"   // this replica made the first key of Alg
	EventPublished = "published" // this replica published the next key of Alg
	EventSigning   = "signing"   // KID signs Alg from now on, as this replica sees it
	EventResealed  = "resealed"  // this replica sealed the ring with the first secret
	EventRestored  = "restored"  // this replica put back a ring that had vanished
	EventStale     = "stale"     // this replica cannot reread the ring: Err
	EventReread    = "reread"    // it can again
)

// An Event is something that happened to the ring, for the audit trail.
type Event struct {
	Kind     string
	Alg, KID string // of the key, where it is about one
	Err      error
}
