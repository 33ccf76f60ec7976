package secret

import (
	"crypto/aes"
	"crypto/cipher"
)

// sealOverhead is the nonce and the tag of AES-GCM, in bytes.
const sealOverhead = 12 + 16

// A Sealer encrypts the records of one purpose for storage: AES-256-GCM with a
// random 96-bit nonce under a key of its secret and purpose, which bears some
// four thousand million values before the key should change (NIST SP 800-38D
// §8.3). Safe for concurrent use; make it once.
type Sealer struct{ keys *keys[ciphers] }

// ciphers are the keys of a Sealer under one content of the file.
type ciphers struct {
	ids []ID
	// aead returns the cipher of the secret ids[i]; a closure for the same reason
	// as in entry.
	aead func(i int) cipher.AEAD
}

// Sealer returns the sealer for purpose, a constant of the caller's, such as
// "keys/ring". Values of one purpose never open under another.
func (l *List) Sealer(purpose string) *Sealer {
	return &Sealer{keysOf(l, func(now *lines) *ciphers { return newCiphers(now, purpose) })}
}

func newCiphers(now *lines, purpose string) *ciphers {
	aeads := make([]cipher.AEAD, len(now.entries))
	for i, e := range now.entries {
		block, err := aes.NewCipher(e.key("dingbridge/seal/" + purpose))
		if err == nil {
			aeads[i], err = cipher.NewGCMWithRandomNonce(block)
		}
		if err != nil {
			panic("secret: " + err.Error()) // a 32-byte key cannot fail
		}
	}
	return &ciphers{ids: now.ids, aead: func(i int) cipher.AEAD { return aeads[i] }}
}

// Seal encrypts plain under the first secret and binds it to context, such as
// the key it is stored under: moved elsewhere, it does not open. The outcome is
// 1 | ID | nonce | ciphertext, 33 bytes longer than plain.
func (s *Sealer) Seal(plain, context []byte) []byte {
	now := s.keys.get()
	sealed := make([]byte, 0, prefixLen+len(plain)+sealOverhead)
	sealed = append(sealed, version)
	sealed = append(sealed, now.ids[0][:]...)
	return now.aead(0).Seal(sealed, nil, plain, context)
}

// Open returns what Seal was given with the same context, and the name of the
// secret that sealed it. Anything else is ErrInvalid.
func (s *Sealer) Open(sealed, context []byte) ([]byte, ID, error) {
	now := s.keys.get()
	i := find(now.ids, sealed)
	if i < 0 {
		return nil, ID{}, ErrInvalid
	}
	plain, err := now.aead(i).Open(nil, nil, sealed[prefixLen:], context)
	if err != nil {
		return nil, ID{}, ErrInvalid
	}
	return plain, now.ids[i], nil
}

// SealedBy returns the name of the secret that a sealed value claims to be
// sealed by, and whether it has the shape of one at all. Nothing is verified: it
// serves to tell an operator which secret is missing.
func SealedBy(sealed []byte) (ID, bool) {
	if len(sealed) < prefixLen+sealOverhead || sealed[0] != version {
		return ID{}, false
	}
	return ID(sealed[1:prefixLen]), true
}
