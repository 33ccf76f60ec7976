package sessions

import (
	"cmp"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/dingbridge/dingbridge/storage"
)

const format = 1

// ErrNone: there is no session: never was, or it ended.
var ErrNone = errors.New("no session")

// Config says how long sessions live. Zero fields take the defaults: idle 12
// hours, absolute 7 days.
type Config struct {
	Idle     time.Duration
	Absolute time.Duration
}

// A Register starts, reads and ends sessions. It is safe for concurrent use.
type Register struct{ idle, absolute time.Duration }

// New makes a Register.
func New(c Config) *Register {
	return &Register{cmp.Or(c.Idle, 12*time.Hour), cmp.Or(c.Absolute, 7*24*time.Hour)}
}

// An ID is a session's public name, the `sid` of ID tokens and logout tokens. It opens
// nothing. All cookies that one person had in one browser, one after the other,
// share it (promise E4).
type ID [16]byte

// String returns the ID as tokens carry it: 22 characters of base64url.
func (id ID) String() string { return base64.RawURLEncoding.EncodeToString(id[:]) }

// MarshalText is String.
func (id ID) MarshalText() ([]byte, error) { return []byte(id.String()), nil }

// UnmarshalText reads what MarshalText wrote.
func (id *ID) UnmarshalText(text []byte) error {
	b, err := base64.RawURLEncoding.Strict().DecodeString(string(text))
	if err != nil || len(b) != len(id) {
		return errors.New("not a session's id")
	}
	copy(id[:], b)
	return nil
}

// A Ref is a cookie taken apart. The subject stands in the cookie so that session
// and person can be read in one trip; what it is worth, only the record tells.
type Ref struct {
	Subject [16]byte
	hash    string
}

func (r Ref) key() string { return "session/" + r.hash }

// Hash names the cookie. What is bound to a browser's session is bound to this.
func (r Ref) Hash() string { return r.hash }

// cookieSize is the subject's 16 bytes and 32 bytes that cannot be guessed.
const cookieSize = 48

// Parse takes a cookie's value apart.
func Parse(cookie string) (Ref, error) {
	b, err := base64.RawURLEncoding.Strict().DecodeString(cookie)
	if err != nil || len(b) != cookieSize || len(cookie) != cookieSize*4/3 {
		return Ref{}, ErrNone
	}
	var r Ref
	copy(r.Subject[:], b)
	sum := sha256.Sum256(b)
	r.hash = base64.RawURLEncoding.EncodeToString(sum[:])
	return r, nil
}

// Cookie makes the value of the cookie that Start makes of a subject and a secret of
// at least 32 bytes.
func Cookie(subject [16]byte, secret []byte) string {
	return base64.RawURLEncoding.EncodeToString(append(subject[:], secret[:32]...))
}

// A Session is a record as it was read.
type Session struct {
	Ref     Ref
	version storage.Version
	record
}

type record struct {
	Format   int    `json:"f"`
	CorpID   string `json:"co"`
	ID       ID     `json:"sid"`
	Epoch    int64  `json:"e"`
	AuthTime int64  `json:"at"` // Unix seconds
	Ends     int64  `json:"en"` // Unix seconds, absolute
	Seen     int64  `json:"s"`  // Unix seconds
	// What a person knows the session by. A record of before has none of it.
	Began   int64  `json:"b,omitempty"` // Unix seconds: when the sid began
	Agent   string `json:"ua,omitempty"`
	Address string `json:"a,omitempty"`
}

// AuthTime is when the person proved themselves to DingTalk.
func (s Session) AuthTime() time.Time { return time.Unix(s.record.AuthTime, 0) }

// Ends is when the session ends however much it is used.
func (s Session) Ends() time.Time { return time.Unix(s.record.Ends, 0) }

// Began is when the session began: the first login of a person in a browser, of those
// that share its ID.
func (s Session) Began() time.Time { return time.Unix(cmp.Or(s.record.Began, s.record.AuthTime), 0) }

// Used is when the session was last used, give or take a twentieth of its idle life.
func (s Session) Used() time.Time { return time.Unix(s.Seen, 0) }

// Fetch makes the op that reads the session. Give it to Read when it is done.
func (g *Register) Fetch(ref Ref) *storage.Op { return storage.Get(ref.key()) }

// Read decodes what Fetch read. No session, or one that has ended, is ErrNone.
func (g *Register) Read(ref Ref, op *storage.Op) (Session, error) {
	if errors.Is(op.Err, storage.ErrNotFound) {
		return Session{}, ErrNone
	}
	if op.Err != nil {
		return Session{}, fmt.Errorf("read session: %w", op.Err)
	}
	s := Session{Ref: ref, version: op.Version}
	if err := json.Unmarshal(op.Value, &s.record); err != nil || s.Format != format {
		return Session{}, fmt.Errorf("read session: %w: not a record of format %d", storage.ErrUnknown, format)
	}
	now := time.Now()
	if !now.Before(s.Ends()) || now.Sub(time.Unix(s.Seen, 0)) > g.idle {
		return Session{}, ErrNone
	}
	return s, nil
}

// Login is what a session starts with.
type Login struct {
	Subject  [16]byte
	CorpID   string
	Epoch    int64
	AuthTime time.Time
	// Secret is what cannot be guessed in the cookie: 32 bytes known to nobody but
	// this provider and this browser. A login that is answered twice gives the
	// same, so that both answers set the same cookie.
	Secret []byte
	// Before is the browser's session so far, or nil.
	Before *Session
	// Agent is what the browser is, in a few words, and Address where it asks from. Both
	// are for the person to read, and may be empty. Agent is never what a browser says of
	// itself, as it says it: that could be anything.
	Agent, Address string
}

// keeps tells whether the session goes on under a new cookie: same person, same
// browser, and alive. One of an epoch that is over was told to the apps as ended, and
// they may remember its sid for ever.
func (l Login) keeps() bool {
	return l.Before != nil && l.Before.Ref.Subject == l.Subject && l.Before.Epoch == l.Epoch
}

// Start makes a session, its cookie's value, and the ops that store it and end
// the one before. The cookie opens nothing before the ops have succeeded. The one
// before may be ended by a logout in the same moment: a caller that keeps its ID
// reads FetchEnded behind these ops.
func (g *Register) Start(l Login) (Session, string, []*storage.Op, error) {
	if len(l.Secret) < 32 {
		return Session{}, "", nil, errors.New("start session: secret too short")
	}
	cookie := Cookie(l.Subject, l.Secret)
	ref, err := Parse(cookie)
	if err != nil {
		return Session{}, "", nil, fmt.Errorf("start session: %w", err)
	}
	now := time.Now()
	s := Session{Ref: ref, record: record{
		Format:   format,
		CorpID:   l.CorpID,
		Epoch:    l.Epoch,
		AuthTime: l.AuthTime.Unix(),
		Ends:     now.Add(g.absolute).Unix(),
		Seen:     now.Unix(),
		Began:    now.Unix(),
		Agent:    capped(l.Agent),
		Address:  capped(l.Address),
	}}
	var ops []*storage.Op
	switch {
	case l.keeps():
		s.ID, s.record.Began = l.Before.ID, l.Before.Began().Unix()
		ops = append(ops, storage.Delete(l.Before.Ref.key())) // its cookie; what it began goes on
	case l.Before != nil:
		ops = append(ops, g.End(*l.Before)...)
	}
	if !l.keeps() {
		rand.Read(s.ID[:])
	}
	return s, cookie, append(ops, storage.Create(ref.key(), s.encode(), min(g.idle, g.absolute)), g.enlist(s, now)), nil
}

// Touch makes the op that notes the session's use, or nil if it was used so
// lately that there is nothing to note. Losing the race of two uses does no harm.
func (g *Register) Touch(s Session) *storage.Op {
	now := time.Now()
	if now.Sub(time.Unix(s.Seen, 0)) < g.idle/20 {
		return nil
	}
	s.Seen = now.Unix()
	return storage.Swap(s.Ref.key(), s.version, s.encode(), min(g.idle, time.Until(s.Ends())))
}

func (s Session) encode() []byte {
	b, err := json.Marshal(&s.record)
	if err != nil { // a struct of strings and numbers always has a JSON form
		return nil
	}
	return b
}
