package login

import (
	"bytes"
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

// maxRecord bounds a record: what an unauthenticated caller can make us keep.
const maxRecord = 3 << 10

// Errors of a login.
var (
	// ErrForged: the state is not one of ours.
	ErrForged = errors.New("state is not ours")
	// ErrOtherBrowser: the state is ours, and another browser's.
	ErrOtherBrowser = errors.New("begun in another browser")
	// ErrExpired: the login is over: too old, or a newer attempt took its place.
	ErrExpired = errors.New("login expired")
	// ErrOtherAnswer: this attempt already has another answer of DingTalk.
	ErrOtherAnswer = errors.New("another answer for this attempt")
	// ErrBusy: the same answer is being worked on and did not come to an end while
	// we waited.
	ErrBusy = errors.New("still being worked on")
	// ErrTooLarge: the request is larger than what is kept for a login.
	ErrTooLarge = errors.New("request too large")
)

// Config is what Steps needs. Store and Secrets are required; the zero lives take
// their defaults.
type Config struct {
	Store   storage.Store
	Secrets *secret.List
	Life    time.Duration // of a pending login; 10 minutes
	Claim   time.Duration // how long one answer may be worked on, longer than any caller does; 25 s
	Done    time.Duration // how long a finished login gives the same end again; 60 s
}

// Steps begins, claims and finishes logins. It is safe for concurrent use.
type Steps struct {
	store             storage.Store
	states            *secret.Tokens
	secrets           *secret.List
	life, claim, done time.Duration
}

// New makes Steps.
func New(c Config) *Steps {
	return &Steps{
		store: c.Store, states: c.Secrets.Tokens("state"), secrets: c.Secrets,
		life:  cmp.Or(c.Life, 10*time.Minute),
		claim: cmp.Or(c.Claim, 25*time.Second),
		done:  cmp.Or(c.Done, time.Minute),
	}
}

// A Request is what the client asked for, validated by the caller.
type Request struct {
	ClientID    string   `json:"c"`
	RedirectURI string   `json:"u"`
	Scopes      []string `json:"sc"`
	State       string   `json:"s,omitempty"`
	Nonce       string   `json:"n,omitempty"`
	Challenge   string   `json:"ch,omitempty"`
	Languages   string   `json:"l,omitempty"`  // ui_locales
	Mode        string   `json:"m,omitempty"`  // response_mode; empty is query
	IDClaims    []string `json:"ic,omitempty"` // claims asked for one by one, in the ID token
	InfoClaims  []string `json:"uc,omitempty"` // and at userinfo
	Expected    string   `json:"x,omitempty"`  // the only sub that will do
	Consent     bool     `json:"q,omitempty"`  // the person is to be asked
	// Organisation is the corpId of the one that will do, if the request named one.
	Organisation string `json:"o,omitempty"`
	Tap          bool   `json:"tp,omitempty"` // inside the DingTalk client too, a button is to be pressed
	// Page is where the browser goes afterwards when no client asked for the login: a
	// path of ours, with its query. The rest is empty then.
	Page string `json:"p,omitempty"`
}

// A Login is a record as it was read.
type Login struct {
	ID      [16]byte
	version storage.Version
	answer  string // of DingTalk, that the login was claimed with
	record
}

type record struct {
	Format int `json:"f"`
	Request
	Binding string `json:"b"` // hash of the browser's binding cookie
	Attempt uint32 `json:"a"`
	Begun   int64  `json:"t"` // Unix seconds
	Done    *End   `json:"d,omitempty"`
}

// An End is how a login ended. Code and cookie are not kept: both are made again
// from it.
type End struct {
	Answer  string   `json:"h"` // hash of DingTalk's code, its way and its organisation
	Grant   [16]byte `json:"g,omitzero"`
	Subject [16]byte `json:"p,omitzero"`
	Session [16]byte `json:"s,omitzero"`  // that the grant ends with
	Refused string   `json:"r,omitempty"` // why there is no grant
	Detail  string   `json:"rd,omitempty"`
}

// Begun is when the client sent the browser.
func (l Login) Begun() time.Time { return time.Unix(l.record.Begun, 0) }

func key(id [16]byte) string { return "login/" + base64.RawURLEncoding.EncodeToString(id[:]) }

// NewBinding makes the value of a browser's binding cookie. All tabs of the
// browser share it.
func NewBinding() string {
	var b [32]byte
	rand.Read(b[:])
	return base64.RawURLEncoding.EncodeToString(b[:])
}

// ValidBinding tells whether a cookie has the form of NewBinding.
func ValidBinding(cookie string) bool {
	b, err := base64.RawURLEncoding.Strict().DecodeString(cookie)
	return err == nil && len(b) == 32 && len(cookie) == 43
}

// Begin makes a pending login, the op that stores it, and its state, for no way yet.
// The state is worth nothing before the op has succeeded.
func (s *Steps) Begin(r Request, binding string) (State, *storage.Op, error) {
	l := Login{record: record{Format: format, Request: r, Binding: hash("binding", binding), Begun: time.Now().Unix()}}
	rand.Read(l.ID[:])
	b, err := l.encode()
	if err != nil {
		return State{}, nil, fmt.Errorf("begin login: %w", err)
	}
	if len(b) > maxRecord {
		return State{}, nil, ErrTooLarge
	}
	return StateOf(l), storage.Create(key(l.ID), b, s.life), nil
}

// SessionSecret is the part of the session cookie that cannot be guessed: it
// follows from the login and from a cookie that only this browser has, so that a
// callback which is loaded twice sets the same session cookie twice.
func (s *Steps) SessionSecret(l Login, binding string) []byte {
	return s.secrets.Derive("session cookie", l.ID[:], binary.BigEndian.AppendUint32(nil, l.Attempt), []byte(binding))
}

func read(id [16]byte, op *storage.Op) (Login, error) {
	if errors.Is(op.Err, storage.ErrNotFound) {
		return Login{}, ErrExpired
	}
	if op.Err != nil {
		return Login{}, fmt.Errorf("read login: %w", op.Err)
	}
	l := Login{ID: id, version: op.Version}
	if err := json.Unmarshal(op.Value, &l.record); err != nil || l.Format != format {
		return Login{}, fmt.Errorf("read login: %w: not a record of format %d", storage.ErrUnknown, format)
	}
	return l, nil
}

// encode writes the record without the escapes that HTML would need: they are six bytes
// for one of somebody else's choosing.
func (l Login) encode() ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(&l.record)
	return b.Bytes(), err
}

// hash names a value that must not be stored.
func hash(what, value string) string {
	sum := sha256.Sum256([]byte(what + "\x00" + value))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}
