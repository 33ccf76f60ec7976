package secret

import (
	"crypto/hmac"
	"crypto/sha256"
	"hash"
	"sync"
)

// A macKey is one HMAC-SHA256 key with its inner and outer states computed
// beforehand; issuing and opening tokens is on the path of every request.
type macKey struct{ pool sync.Pool }

// mac is a keyed hash and room to work in, so that a token costs one allocation.
type mac struct {
	hash      hash.Hash
	out       [sha256.Size]byte
	raw, text []byte
}

func newMACKey(key []byte) *macKey {
	return &macKey{pool: sync.Pool{New: func() any {
		return &mac{hash: hmac.New(sha256.New, key)}
	}}}
}

func (k *macKey) get() *mac { return k.pool.Get().(*mac) }

// maxKept bounds what a pooled mac holds on to, in bytes.
const maxKept = 8 << 10

func (k *macKey) put(m *mac) {
	if cap(m.raw)+cap(m.text) <= maxKept {
		k.pool.Put(m)
	}
}

// sum returns the MAC of data. It is valid until m is put back.
func (m *mac) sum(data []byte) []byte {
	m.hash.Reset()
	m.hash.Write(data)
	return m.hash.Sum(m.out[:0])
}
