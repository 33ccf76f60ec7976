package admin

import (
	"time"

	"github.com/dingbridge/dingbridge/keys"
)

// A Key describes a signing key. Times are UTC; those that are not known yet are
// left out.
type Key struct {
	KID            string     `json:"kid"`
	Alg            string     `json:"alg"`
	State          keys.State `json:"state"`
	Created        time.Time  `json:"created"`
	SignsFrom      time.Time  `json:"signs_from"`
	SignsUntil     time.Time  `json:"signs_until,omitzero"`
	PublishedUntil time.Time  `json:"published_until,omitzero"`
}

// A Rotation is what became of one algorithm.
type Rotation struct {
	Key // that signs next
	// New says that this call published it; else it was waiting already.
	New bool `json:"new"`
}

// KeyList answers `GET /keys`.
type KeyList struct {
	Keys []Key `json:"keys"`
}

// Rotations answers `POST /keys/rotations`.
type Rotations struct {
	Rotations []Rotation `json:"rotations"`
}

// fault is what a call that went wrong is answered with.
type fault struct {
	Text   string `json:"error"`
	Remedy string `json:"remedy,omitempty"`
}

func keyOf(i keys.Info) Key {
	return Key{KID: i.KID, Alg: i.Alg, State: i.State, Created: i.Made.UTC(), SignsFrom: i.Signs.UTC(),
		SignsUntil: i.Retired.UTC(), PublishedUntil: i.Unpublished.UTC()}
}
