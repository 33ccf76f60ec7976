package clients

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"strings"
)

const (
	digestSize   = sha256.Size
	digestPrefix = "sha256:"
)

// encoding is URL-safe: many client libraries forget to form-encode a secret in
// HTTP Basic (RFC 6749 §2.3.1), and this alphabet is its own encoding. Strict, so
// that a hash has one spelling.
var encoding = base64.RawURLEncoding.Strict()

// GenerateSecret makes a client secret of 256 random bits, to be shown once, and
// its hash, to be written into clients.yaml.
func GenerateSecret() (secret, hash string) {
	var bits [32]byte
	rand.Read(bits[:]) // never fails (crypto/rand)
	secret = encoding.EncodeToString(bits[:])
	return secret, HashSecret(secret)
}

// HashSecret returns the hash of a secret as clients.yaml wants it. A plain
// SHA-256 is enough for 256 random bits only: never use it for chosen passwords.
func HashSecret(secret string) string {
	digest := sha256.Sum256([]byte(secret))
	return digestPrefix + encoding.EncodeToString(digest[:])
}

// Authenticate reports whether secret is one of the client's live secrets. It
// takes the same time whichever hash matches. A public client has no secret, so
// none is right.
func (c *Client) Authenticate(secret string) bool {
	digest := sha256.Sum256([]byte(secret))
	match := 0
	for i := range c.digests {
		match |= subtle.ConstantTimeCompare(digest[:], c.digests[i][:])
	}
	return match == 1 && secret != ""
}

// parseHash reads what HashSecret wrote. Its errors do not repeat the input, which
// may be a secret that somebody pasted into the wrong place.
func parseHash(hash string) (digest [digestSize]byte, err error) {
	text, ok := strings.CutPrefix(hash, digestPrefix)
	if !ok {
		return digest, errors.New(`it does not begin with "sha256:"`)
	}
	raw, err := encoding.DecodeString(text)
	// The decoder skips line ends, which a hash does not have.
	if err != nil || len(raw) != digestSize || encoding.EncodeToString(raw) != text {
		return digest, errors.New("it is not a base64url SHA-256 without padding")
	}
	digest = [digestSize]byte(raw)
	if digest == sha256.Sum256(nil) {
		return digest, errors.New("it is the hash of the empty secret")
	}
	return digest, nil
}
