package secret

import (
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"slices"
	"sync/atomic"
)

// ErrInvalid is the one answer to a token or a sealed value that is not ours.
// It does not say why, so that it cannot be used as an oracle.
var ErrInvalid = errors.New("not a valid value of this provider")

// version is the first byte of every token and sealed value. Another format
// takes another number, and other key labels with it.
const version = 1

// prefixLen is the version and the [ID] in front of every value.
const prefixLen = 1 + len(ID{})

// A List is the content of a secret file: at least one secret, the first of
// which issues while all accept. It changes by [List.Replace] alone, whole, and is
// safe for concurrent use. Make it with [Parse].
type List struct{ file *file }

// file holds the lines that count now. A pointer to it is copied with a List.
type file struct{ now atomic.Pointer[lines] }

// lines are one content of the file. They never change.
type lines struct {
	entries []*entry
	ids     []ID      // of entries, in the same order
	derive  []*macKey // likewise
	first   string    // the ID of the first in words
}

func (l *List) lines() *lines { return l.file.now.Load() }

// entry is one secret, as far as it is kept: the line itself is not.
type entry struct {
	id ID
	// key returns the 32-byte key of this secret for what label names. A closure,
	// because fmt reaches into fields (%s of a struct that holds a List in an
	// unexported field calls no method of ours), but not into functions.
	key func(label string) []byte
}

// An ID is the public name of a secret. It is derived from the secret one way
// and stands in clear in every value the secret made.
type ID [4]byte

// String returns the ID in hexadecimal.
func (id ID) String() string { return hex.EncodeToString(id[:]) }

// IDs returns the names of the secrets in the order of the file, first the one
// that issues.
func (l *List) IDs() []ID {
	return slices.Clone(l.lines().ids)
}

// First returns the name of the secret that issues, and the same in words.
func (l *List) First() (ID, string) {
	now := l.lines()
	return now.ids[0], now.first
}

// Has tells whether the list still holds the secret of that name.
func (l *List) Has(id ID) bool {
	return slices.Contains(l.lines().ids, id)
}

// Derive returns 32 bytes that depend on the first secret, the purpose and the
// parts, and that nobody without the secret can compute or check. Each part goes
// in with its length, so ("ab","c") and ("a","bc") differ. When another secret
// becomes the first one, the answers change.
func (l *List) Derive(purpose string, parts ...[]byte) []byte {
	return l.lines().derive[0].derived(purpose, parts)
}

// DeriveAll returns what Derive gives, or gave while another secret was the first,
// for each secret in the order of the file. It finds what was filed under a derived
// name before the secrets were rotated.
func (l *List) DeriveAll(purpose string, parts ...[]byte) [][]byte {
	now := l.lines()
	all := make([][]byte, len(now.derive))
	for i, key := range now.derive {
		all[i] = key.derived(purpose, parts)
	}
	return all
}

func (k *macKey) derived(purpose string, parts [][]byte) []byte {
	m := k.get()
	defer k.put(m)
	m.raw = frame(m.raw[:0], []byte(purpose))
	for _, part := range parts {
		m.raw = frame(m.raw, part)
	}
	return slices.Clone(m.sum(m.raw))
}

// frame appends part with its length to dst.
func frame(dst, part []byte) []byte {
	dst = binary.BigEndian.AppendUint64(dst, uint64(len(part)))
	return append(dst, part...)
}

func newList(texts []string) *List {
	now := new(lines)
	for _, text := range texts {
		e := newEntry(text)
		now.entries, now.ids = append(now.entries, e), append(now.ids, e.id)
		now.derive = append(now.derive, newMACKey(e.key("dingbridge/derive")))
	}
	now.first = now.ids[0].String()
	l := &List{file: new(file)}
	l.file.now.Store(now)
	return l
}

func newEntry(line string) *entry {
	prk, err := hkdf.Extract(sha256.New, []byte(line), []byte("dingbridge/secret/1"))
	if err != nil {
		panic("secret: " + err.Error()) // HKDF-Extract of a checked line cannot fail
	}
	e := &entry{key: func(label string) []byte {
		key, err := hkdf.Expand(sha256.New, prk, label, sha256.Size)
		if err != nil {
			panic("secret: " + err.Error()) // 32 bytes are within HKDF's bound
		}
		return key
	}}
	copy(e.id[:], e.key("dingbridge/id"))
	return e
}

// find returns the index in ids of the secret named in a value's prefix, or -1
// if the value is too short, of another version, or names none of ours.
func find(ids []ID, value []byte) int {
	if len(value) < prefixLen || value[0] != version {
		return -1
	}
	return slices.Index(ids, ID(value[1:prefixLen]))
}
