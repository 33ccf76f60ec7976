package keys

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"time"
)

// A key is one key of the ring. It does not change.
type key struct {
	kid, alg    string
	made, signs time.Time
	private     crypto.Signer // nil once it cannot sign any more
	public      crypto.PublicKey
	der         []byte // of the private half, or else of the public one

	headers [len(types)]string // the encoded header of each type
}

// kidLen is the length of a kid: 128 random bits that say nothing.
const kidLen = 16

// generate makes a key that begins to sign at signs. RSA takes a good part of a
// second, so it is called once an installation and once a rotation.
func generate(alg string, made, signs time.Time) (*key, error) {
	var private crypto.Signer
	var err error
	switch alg {
	case RS256:
		private, err = rsa.GenerateKey(rand.Reader, 2048)
	case ES256:
		private, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	default:
		err = errors.New("unknown algorithm")
	}
	if err != nil {
		return nil, fmt.Errorf("generate a key for %s: %w", alg, err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return nil, fmt.Errorf("encode a key for %s: %w", alg, err)
	}
	var kid [kidLen]byte
	rand.Read(kid[:])
	return recordKey{
		KID:     base64.RawURLEncoding.EncodeToString(kid[:]),
		Alg:     alg,
		Made:    made.UTC().Truncate(time.Second),
		Signs:   signs.UTC().Truncate(time.Second),
		Private: der,
	}.key()
}

// key decodes and checks one key of the record. Errors quote none of it.
func (rk recordKey) key() (*key, error) {
	k := &key{kid: rk.KID, alg: rk.Alg, made: rk.Made, signs: rk.Signs}
	if raw, err := base64.RawURLEncoding.Strict().DecodeString(rk.KID); err != nil || len(raw) != kidLen {
		return nil, errors.New("it has no proper kid")
	}
	if k.made.IsZero() || k.signs.IsZero() {
		return nil, errors.New("it does not say when it signs")
	}
	switch {
	case len(rk.Private) > 0 && len(rk.Public) == 0:
		k.der = rk.Private
		parsed, err := x509.ParsePKCS8PrivateKey(k.der)
		if err != nil {
			return nil, errors.New("its private half cannot be read")
		}
		var ok bool
		if k.private, ok = parsed.(crypto.Signer); !ok {
			return nil, errors.New("it cannot sign")
		}
		k.public = k.private.Public()
	case len(rk.Public) > 0 && len(rk.Private) == 0:
		k.der = rk.Public
		parsed, err := x509.ParsePKIXPublicKey(k.der)
		if err != nil {
			return nil, errors.New("its public half cannot be read")
		}
		k.public = parsed
	default:
		return nil, errors.New("it has no half, or both")
	}
	if !fits(k.alg, k.public) {
		return nil, errors.New("it is not of its algorithm")
	}
	return k, k.prepare()
}

// fits pins an algorithm to the one kind of key it is used with.
func fits(alg string, public crypto.PublicKey) bool {
	switch p := public.(type) {
	case *rsa.PublicKey:
		return alg == RS256 && p.N.BitLen() >= 2048
	case *ecdsa.PublicKey:
		return alg == ES256 && p.Curve == elliptic.P256()
	}
	return false
}

// withoutPrivate returns the key as it is remembered: it verifies, no more.
func (k *key) withoutPrivate() *key {
	der, err := x509.MarshalPKIXPublicKey(k.public)
	if err != nil {
		return k // cannot happen with the two kinds there are; try again later
	}
	less := *k
	less.private, less.der = nil, der
	return &less
}
