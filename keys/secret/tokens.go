package secret

import (
	"crypto/hmac"
	"encoding/base64"
	"slices"
	"strings"
)

const (
	// MaxToken is the length in characters beyond which Open looks at nothing.
	MaxToken = 4096
	// MaxPayload is the longest payload, in bytes, that Issue takes.
	MaxPayload = MaxToken/4*3 - prefixLen - macLen

	// macLen is what a token keeps of its HMAC-SHA256: 128 bits (RFC 2104 §5).
	macLen = 16
)

// encoding refuses loose trailing bits, but still skips line breaks: Open has
// to refuse those by itself.
var encoding = base64.RawURLEncoding.Strict()

// Tokens issues and opens the values of one purpose that others carry for us: a
// code, a refresh token, an access token, a state. They are authentic, not
// secret: whoever holds one can read its payload. Nothing in them says when they
// end; that is the payload's business.
//
// A token is base64url( 1 | ID | payload | first half of HMAC-SHA256 ) under a
// key of its secret and purpose. Safe for concurrent use; make it once.
type Tokens struct{ keys *keys[macs] }

// macs are the keys of a Tokens under one content of the file.
type macs struct {
	ids  []ID
	keys []*macKey // of ids, in the same order
}

// Tokens returns the issuer and opener of tokens for purpose, a constant of the
// caller's, such as "code". Tokens of one purpose never open under another.
func (l *List) Tokens(purpose string) *Tokens {
	return &Tokens{keysOf(l, func(now *lines) *macs {
		made := &macs{ids: now.ids, keys: make([]*macKey, len(now.entries))}
		for i, e := range now.entries {
			made.keys[i] = newMACKey(e.key("dingbridge/token/" + purpose))
		}
		return made
	})}
}

// Issue returns the token that carries payload under the first secret. The same
// payload gives the same token. It panics if payload is longer than
// [MaxPayload], because nothing could open the outcome.
func (t *Tokens) Issue(payload []byte) string {
	if len(payload) > MaxPayload {
		panic("secret: token payload longer than MaxPayload")
	}
	now := t.keys.get()
	key := now.keys[0]
	m := key.get()
	defer key.put(m)
	m.raw = append(m.raw[:0], version)
	m.raw = append(m.raw, now.ids[0][:]...)
	m.raw = append(m.raw, payload...)
	m.raw = append(m.raw, m.sum(m.raw)[:macLen]...)
	m.text = encoding.AppendEncode(m.text[:0], m.raw)
	return string(m.text)
}

// Open returns what Issue put into token, and the name of the secret that made
// it. Anything that is not exactly a token of this purpose is ErrInvalid.
func (t *Tokens) Open(token string) (payload []byte, id ID, err error) {
	if len(token) > MaxToken || strings.ContainsAny(token, "\r\n") {
		return nil, ID{}, ErrInvalid
	}
	// The prefix alone says which key, and so whose workspace, is needed.
	var prefix [6]byte
	if len(token) < encoding.EncodedLen(prefixLen+macLen) {
		return nil, ID{}, ErrInvalid
	}
	if _, err := encoding.Decode(prefix[:], []byte(token[:8])); err != nil {
		return nil, ID{}, ErrInvalid
	}
	now := t.keys.get()
	i := find(now.ids, prefix[:])
	if i < 0 {
		return nil, ID{}, ErrInvalid
	}
	key := now.keys[i]
	m := key.get()
	defer key.put(m)
	m.raw, err = encoding.AppendDecode(m.raw[:0], []byte(token))
	if err != nil {
		return nil, ID{}, ErrInvalid
	}
	signed := m.raw[:len(m.raw)-macLen]
	if !hmac.Equal(m.sum(signed)[:macLen], m.raw[len(signed):]) {
		return nil, ID{}, ErrInvalid
	}
	return slices.Clone(signed[prefixLen:]), now.ids[i], nil
}
