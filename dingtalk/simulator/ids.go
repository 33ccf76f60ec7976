package simulator

import (
	crand "crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"strconv"
)

// opaque returns 32 hex characters, the look of codes and tokens.
func opaque() string {
	var b [16]byte
	crand.Read(b[:]) // never fails since Go 1.24
	return hex.EncodeToString(b[:])
}

const base62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

// derivedID returns an identifier of the look of unionId and openId: 23
// case-sensitive characters and "iEiE". Equal parts give equal ids, so that a
// restarted simulator still knows the accounts that its users have stored.
func derivedID(parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		var n [8]byte
		binary.BigEndian.PutUint64(n[:], uint64(len(p)))
		h.Write(n[:])
		h.Write([]byte(p))
	}
	sum := h.Sum(nil)
	id := make([]byte, 23, 27)
	for i := range id {
		id[i] = base62[int(sum[i])%len(base62)]
	}
	return string(append(id, "iEiE"...))
}

// newRequestID looks like the request ids of the new API: an upper-case UUID.
// It is no secret, so the cheap generator does.
func newRequestID() string {
	a, b := rand.Uint64(), rand.Uint64()
	return fmt.Sprintf("%08X-%04X-%04X-%04X-%012X", a>>32, a>>16&0xffff, a&0xffff, b>>48, b&0xffffffffffff)
}

// oldRequestID looks like the request ids of the old API: "16" and eleven
// characters of base 36.
func oldRequestID() string {
	const span = 36 * 36 * 36 * 36 * 36 * 36 * 36 * 36 * 36 * 36 // 36^10
	return "16" + strconv.FormatUint(span+rand.Uint64N(35*span), 36)
}

// masked stands for a secret in the call log: equal secrets look equal, and
// nothing can be recovered from 48 bits of a hash of a 128-bit value.
func masked(secret string) string {
	if secret == "" {
		return ""
	}
	sum := sha256.Sum256([]byte(secret))
	return "sha256:" + hex.EncodeToString(sum[:6])
}
