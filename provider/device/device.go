package device

import (
	"cmp"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/dingbridge/dingbridge/keys/secret"
	"github.com/dingbridge/dingbridge/storage"
)

const format = 1

// The reasons for which a device or a person gets nothing.
var (
	// ErrInvalid: the device code is not one of ours.
	ErrInvalid = errors.New("not a device code")
	// ErrExpired: the request's life has ended (RFC 8628: expired_token).
	ErrExpired = errors.New("device request expired")
	// ErrWrongClient: another client asked for the device code.
	ErrWrongClient = errors.New("device code of another client")
	// ErrPending: nobody has answered yet (authorization_pending).
	ErrPending = errors.New("nobody has answered yet")
	// ErrSlowDown: nor has the device kept to its interval (slow_down).
	ErrSlowDown = errors.New("asked too soon after the last time")
	// ErrDenied: a person denied it (access_denied).
	ErrDenied = errors.New("denied")
	// ErrTaken: the device code was used before; its grant is to be ended.
	ErrTaken = errors.New("device code used before")
	// ErrWrongCode: no pending request has the user code.
	ErrWrongCode = errors.New("no request with this code")
	// ErrTooManyGuesses: the person has entered too many wrong user codes.
	ErrTooManyGuesses = errors.New("too many wrong codes")
	// ErrAnswered: the request has been approved or denied before.
	ErrAnswered = errors.New("answered before")
)

// Config is what Steps needs. Store and Secrets are required; zero fields take their
// defaults.
type Config struct {
	Store    storage.Store
	Secrets  *secret.List
	Life     time.Duration // of a request, from asking to fetching; 10 minutes
	Interval time.Duration // between two questions of a device; 5 s
	Guesses  int           // wrong codes that a person may enter within GuessLife; 10
	// GuessLife is how long a wrong code is remembered; 10 minutes.
	GuessLife time.Duration
}

// Steps begins, answers and redeems device requests. It is safe for concurrent use.
type Steps struct {
	store                     storage.Store
	secrets                   *secret.List
	codes                     *secret.Tokens
	life, interval, guessLife time.Duration
	guesses                   int
	resting                   resting
}

// New makes Steps.
func New(c Config) *Steps {
	return &Steps{
		store: c.Store, secrets: c.Secrets, codes: c.Secrets.Tokens("device code"),
		life:      cmp.Or(c.Life, 10*time.Minute),
		interval:  cmp.Or(c.Interval, 5*time.Second),
		guesses:   cmp.Or(c.Guesses, 10),
		guessLife: cmp.Or(c.GuessLife, 10*time.Minute),
		resting:   resting{until: map[[16]byte]time.Time{}},
	}
}

// A State says how far a request has come.
type State string

// The states. A request moves only forward.
const (
	Pending  State = "pending"  // nobody has answered
	Approved State = "approved" // a person approved; the device has not fetched
	Denied   State = "denied"
	Taken    State = "taken" // the device has its grant; a tombstone
)

// A Request is a record as it was read.
type Request struct {
	// ID is the record's name, the device code's hash. It opens nothing: it may stand
	// in a form of ours and in a log.
	ID      string
	version storage.Version
	record
}

// record is what is stored, as JSON.
type record struct {
	Format   int      `json:"f"`
	State    State    `json:"st"`
	ClientID string   `json:"c"`
	Scopes   []string `json:"sc"`
	Address  string   `json:"a,omitempty"` // from which the device asked
	Begun    int64    `json:"t"`           // Unix seconds
	Ends     int64    `json:"en"`          // Unix milliseconds
	Approval Approval `json:"ap,omitzero"` // also who denied it
	Grant    [16]byte `json:"g,omitzero"`
}

// An Approval is who answered, and what the grant is to be made of.
type Approval struct {
	Subject  [16]byte  `json:"p"`
	CorpID   string    `json:"co,omitempty"`
	Epoch    int64     `json:"e,omitempty"` // of the person, when approved
	AuthTime time.Time `json:"at,omitzero"` // when the person proved themselves to DingTalk
}

// Begun is when the device asked.
func (r Request) Begun() time.Time { return time.Unix(r.record.Begun, 0) }

// Ends is when the request ends, whatever has become of it.
func (r Request) Ends() time.Time { return time.UnixMilli(r.record.Ends) }

func key(id string) string { return "device/" + id }

// handle is what a device code says under its MAC: an id that cannot be guessed, and
// its end in Unix milliseconds.
type handle [16 + 8]byte

func newHandle(ends time.Time) (h handle) {
	rand.Read(h[:16]) // never fails: it ends the program instead
	binary.BigEndian.PutUint64(h[16:], uint64(ends.UnixMilli()))
	return h
}

func (h handle) ends() time.Time { return time.UnixMilli(int64(binary.BigEndian.Uint64(h[16:]))) }

// id names the record. It is a hash, so that neither the record nor the name of it in
// a form makes the code, secret or no secret.
func (h handle) id() string {
	sum := sha256.Sum256(append([]byte("device code\x00"), h[:]...))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// open checks that a device code is ours and has not expired, without asking storage.
func (s *Steps) open(deviceCode string) (handle, error) {
	b, _, err := s.codes.Open(deviceCode)
	if err != nil || len(b) != len(handle{}) {
		return handle{}, ErrInvalid
	}
	if h := handle(b); time.Now().Before(h.ends()) {
		return h, nil
	}
	return handle{}, ErrExpired
}

// read decodes what a Get found. No record is ErrExpired, since codes are asked for
// only if we made them.
func read(id string, op *storage.Op) (Request, error) {
	if errors.Is(op.Err, storage.ErrNotFound) {
		return Request{}, ErrExpired
	}
	if op.Err != nil {
		return Request{}, fmt.Errorf("read device request: %w", op.Err)
	}
	return decode(id, op)
}

// decode decodes what a Get found or a Swap met.
func decode(id string, op *storage.Op) (Request, error) {
	r := Request{ID: id, version: op.Version}
	if err := json.Unmarshal(op.Value, &r.record); err != nil || r.Format != format {
		return Request{}, fmt.Errorf("read device request: %w: not a record of format %d", storage.ErrUnknown, format)
	}
	if !time.Now().Before(r.Ends()) {
		return Request{}, ErrExpired
	}
	return r, nil
}

func (r Request) encode() []byte {
	b, err := json.Marshal(&r.record)
	if err != nil { // a struct of strings and numbers always has a JSON form
		return nil
	}
	return b
}
