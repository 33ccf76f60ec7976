package pushed

import (
	"cmp"
	"crypto/rand"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/dingbridge/dingbridge/keys/secret"
	"github.com/dingbridge/dingbridge/storage"
)

const format = 1

// Errors of a reference.
var (
	// ErrUnknownRequest: the reference is not ours, is another endpoint's, or its life
	// has ended.
	ErrUnknownRequest = errors.New("no such request")
	// ErrOtherBrowser: another browser came with the reference before.
	ErrOtherBrowser = errors.New("request belongs to another browser")
	// ErrOtherClient: another client pushed the request.
	ErrOtherClient = errors.New("request was pushed by another client")
	// ErrTooLarge: the request is larger than what is kept.
	ErrTooLarge = errors.New("request too large")
)

// Config is what Requests needs. Store and Secrets are required; zero fields take
// their defaults.
type Config struct {
	Store   storage.Store
	Secrets *secret.List
	Life    time.Duration // of a pushed request, from the push to the browser's last use; 90 s
	// Posted is the life of a posted form, which any page on the web can cause: 90 s. With
	// Largest it bounds what strangers fill, by the same brake as logins, to no more than
	// they do.
	Posted  time.Duration
	Largest int // bytes of a request in its form encoding; 16 KiB
}

// Requests keeps pushed and posted requests. It is safe for concurrent use.
type Requests struct {
	store       storage.Store
	uris, posts *secret.Tokens
	sealer      *secret.Sealer
	life, stays time.Duration
	largest     int
}

// New makes Requests.
func New(c Config) *Requests {
	return &Requests{
		store:   c.Store,
		uris:    c.Secrets.Tokens("pushed"),
		posts:   c.Secrets.Tokens("posted"),
		sealer:  c.Secrets.Sealer("pushed"),
		life:    cmp.Or(c.Life, 90*time.Second),
		stays:   cmp.Or(c.Posted, 90*time.Second),
		largest: cmp.Or(c.Largest, 16<<10),
	}
}

// record is what is sealed and stored, as JSON.
type record struct {
	Format  int    `json:"f"`
	For     string `json:"for"` // the client that pushed it, or the endpoint it was posted to
	Request string `json:"r"`   // form encoding
	Browser string `json:"b,omitempty"`
}

// A handle is what a reference says under its MAC.
type handle struct {
	key  string
	ends time.Time
}

// handleSize is an id that cannot be guessed, and the end in Unix milliseconds.
const handleSize = 16 + 8

// keep makes a reference and the op that stores what it stands for.
func (q *Requests) keep(tokens *secret.Tokens, prefix, whose string, form url.Values, life time.Duration) (string, *storage.Op, error) {
	text := form.Encode()
	if len(text) > q.largest {
		return "", nil, ErrTooLarge
	}
	payload := make([]byte, 16, handleSize)
	rand.Read(payload) // never fails: it ends the program instead
	h := handle{prefix + base64.RawURLEncoding.EncodeToString(payload), time.Now().Add(life)}
	payload = binary.BigEndian.AppendUint64(payload, uint64(h.ends.UnixMilli()))
	return tokens.Issue(payload), storage.Create(h.key, q.seal(h, record{Format: format, For: whose, Request: text}), life), nil
}

// open takes a reference apart without asking storage (promise Q4).
func open(tokens *secret.Tokens, prefix, reference string) (handle, error) {
	payload, _, err := tokens.Open(reference)
	if err != nil || len(payload) != handleSize {
		return handle{}, ErrUnknownRequest
	}
	h := handle{prefix + base64.RawURLEncoding.EncodeToString(payload[:16]), time.UnixMilli(int64(binary.BigEndian.Uint64(payload[16:])))}
	if !time.Now().Before(h.ends) {
		return handle{}, ErrUnknownRequest
	}
	return h, nil
}

func (q *Requests) seal(h handle, r record) []byte {
	b, err := json.Marshal(&r)
	if err != nil { // a struct of strings and numbers always has a JSON form
		return nil
	}
	return q.sealer.Seal(b, []byte(h.key))
}

// unseal reads what a Get found, or a Swap met.
func (q *Requests) unseal(h handle, value []byte) (r record, err error) {
	plain, _, err := q.sealer.Open(value, []byte(h.key))
	if err == nil {
		err = json.Unmarshal(plain, &r)
	}
	if err != nil || r.Format != format {
		return record{}, fmt.Errorf("read request: %w: not a record of format %d", storage.ErrUnknown, format)
	}
	return r, nil
}

func (r record) form() (url.Values, error) {
	form, err := url.ParseQuery(r.Request)
	if err != nil { // it was encoded here, and sealed since
		return nil, fmt.Errorf("read request: %w: not a form", storage.ErrUnknown)
	}
	return form, nil
}
