package grants

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/dingbridge/dingbridge/storage"
)

// format is the number of the record's layout. A reader knows its own and the
// one before.
const format = 1

// A Ref names a grant and the person it belongs to. Every code and token
// carries it under a MAC, so that grant, person and the end of the session can be
// read in one trip.
type Ref struct {
	ID      [16]byte
	Subject [16]byte // the raw form of `sub`
	Session [16]byte // the session that the grant ends with; zero if it outlives it
}

func (r Ref) key() string { return "grant/" + r.IDText() }

// Name is the grant's public name, for logs. It opens nothing.
func (r Ref) Name() string { return base64.RawURLEncoding.EncodeToString(r.ID[:6]) }

// IDText is the grant's ID, for a form of ours that asks to end it. It opens nothing, and
// is no secret to the person.
func (r Ref) IDText() string { return base64.RawURLEncoding.EncodeToString(r.ID[:]) }

// ParseID names the grant of that ID, as IDText wrote it, that belongs to a person and
// outlives their sessions.
func ParseID(text string, subject [16]byte) (Ref, error) {
	ref := Ref{Subject: subject}
	id, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil || len(id) != len(ref.ID) {
		return Ref{}, fmt.Errorf("grant: %w", ErrInvalid)
	}
	copy(ref.ID[:], id)
	return ref, nil
}

// A State says how far a grant has come.
type State string

// The states. A grant moves only forward.
const (
	Outstanding State = "code"   // its code is not yet spent
	Active      State = "active" // code spent; access and refresh tokens live
	Ended       State = "ended"  // a tombstone: nothing of it works again
)

// A Grant is a record as it was read. Its fields are not to be changed by
// callers; the Ledger's methods return the grant as it became.
type Grant struct {
	Ref     Ref
	version storage.Version
	record
}

// record is what is stored, as JSON.
type record struct {
	Format      int      `json:"f"`
	State       State    `json:"st"`
	ClientID    string   `json:"c"`
	RedirectURI string   `json:"u"`
	Scopes      []string `json:"sc"`
	Nonce       string   `json:"n,omitempty"`
	Challenge   string   `json:"ch,omitempty"` // PKCE, S256
	CorpID      string   `json:"co"`
	Epoch       int64    `json:"e"` // of the person, when granted
	SessionID   string   `json:"sid,omitempty"`
	IDClaims    []string `json:"ic,omitempty"` // asked for one by one, in the ID token
	InfoClaims  []string `json:"uc,omitempty"` // and at userinfo
	AuthTime    int64    `json:"at"`           // Unix seconds
	Refreshable bool     `json:"r,omitempty"`
	CodeEnds    int64    `json:"ce"` // Unix milliseconds
	Ends        int64    `json:"en"` // Unix seconds; the absolute end
	Generation  uint32   `json:"g,omitempty"`
	Spent       []int64  `json:"sp,omitempty"` // when Generation-1, -2, ... were spent, Unix milliseconds; only those within the leeway
	Secret      string   `json:"k"`            // names the secret of the current generation
	Reason      string   `json:"why,omitempty"`
}

// AuthTime is when the person proved themselves to DingTalk.
func (g Grant) AuthTime() time.Time { return time.Unix(g.record.AuthTime, 0) }

// Fetch makes the op that reads the grant. Give it to Read when it is done.
func (l *Ledger) Fetch(ref Ref) *storage.Op { return storage.Get(ref.key()) }

// Read decodes what Fetch read. No record is ErrInvalid; a strange one is an
// error too, and never a grant.
func (l *Ledger) Read(ref Ref, op *storage.Op) (Grant, error) {
	if errors.Is(op.Err, storage.ErrNotFound) {
		return Grant{}, fmt.Errorf("%w: no such grant", ErrInvalid)
	}
	if op.Err != nil {
		return Grant{}, fmt.Errorf("read grant: %w", op.Err)
	}
	return decode(ref, op.Value, op.Version)
}

func decode(ref Ref, value []byte, version storage.Version) (Grant, error) {
	g := Grant{Ref: ref, version: version}
	if err := json.Unmarshal(value, &g.record); err != nil {
		return Grant{}, fmt.Errorf("read grant %s: %w: not a record", ref.Name(), storage.ErrUnknown)
	}
	if g.Format != format || g.ClientID == "" || g.State != Outstanding && g.State != Active && g.State != Ended {
		return Grant{}, fmt.Errorf("read grant %s: %w: format %d, state %q", ref.Name(), storage.ErrUnknown, g.Format, g.State)
	}
	return g, nil
}

func (g Grant) encode() []byte {
	b, err := json.Marshal(&g.record)
	if err != nil { // a struct of strings and numbers always has a JSON form
		return nil
	}
	return b
}

func newID() (id [16]byte) {
	rand.Read(id[:]) // never fails: it ends the program instead
	return id
}
