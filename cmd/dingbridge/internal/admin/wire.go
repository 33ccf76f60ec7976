package admin

import (
	"time"

	"github.com/dingbridge/dingbridge/keys"
	"github.com/dingbridge/dingbridge/provider"
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

// ShowUsers asks `POST /users/show`, which answers [Users].
type ShowUsers struct {
	Who    string `json:"who"`
	Client string `json:"client,omitempty"`
	All    bool   `json:"all,omitempty"`
}

// Users are all who can be meant.
type Users struct {
	Users []provider.PersonView `json:"users"`
}

// ListUsers asks `POST /users/list`, which answers a provider.PeopleList.
type ListUsers struct {
	Organisation string `json:"organisation,omitempty"`
	Blocked      bool   `json:"blocked,omitempty"`
	Gone         bool   `json:"gone,omitempty"`
	After        string `json:"after,omitempty"`
	Limit        int    `json:"limit,omitempty"`
	All          bool   `json:"all,omitempty"`
}

// ListSessions asks `POST /sessions/list`, which answers a provider.SessionList.
type ListSessions struct {
	User   string `json:"user,omitempty"`
	Client string `json:"client,omitempty"`
	After  string `json:"after,omitempty"`
	Limit  int    `json:"limit,omitempty"`
	All    bool   `json:"all,omitempty"`
}

// EndSessions asks `POST /sessions/end`, which answers a provider.EndedView.
type EndSessions struct {
	User    string `json:"user,omitempty"`
	Session string `json:"session,omitempty"`
	Grants  bool   `json:"grants,omitempty"`
}

// A User asks `POST /users/block`, `/users/unblock` and `/users/migrate`, which answer how the
// person is then.
type User struct {
	Who string `json:"who"`
}

// RenameUser asks `POST /users/rename`.
type RenameUser struct {
	Who      string `json:"who"`
	Username string `json:"username"`
}

// An Email asks `POST /users/release-email`.
type Email struct {
	Address string `json:"address"`
}

// A Policy asks `POST /policy/test`.
type Policy struct {
	Client string `json:"client"`
	As     string `json:"as"`
}

// An Organisation asks `POST /brake/show`, `/brake/confirm` and `/brake/release`; empty for the
// only one.
type Organisation struct {
	Organisation string `json:"organisation,omitempty"`
}

// A Sweep asks `POST /leavers/sweep`.
type Sweep struct {
	Organisation string `json:"organisation,omitempty"`
	DryRun       bool   `json:"dry_run,omitempty"`
}

// fault is what a call that went wrong is answered with.
type fault struct {
	Text   string `json:"error"`
	Remedy string `json:"remedy,omitempty"`
}

// KeyOf describes a key of the ring.
func KeyOf(i keys.Info) Key {
	return Key{KID: i.KID, Alg: i.Alg, State: i.State, Created: i.Made.UTC(), SignsFrom: i.Signs.UTC(),
		SignsUntil: i.Retired.UTC(), PublishedUntil: i.Unpublished.UTC()}
}
