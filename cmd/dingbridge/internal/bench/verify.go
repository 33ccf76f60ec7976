package main

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"strings"
	"time"
)

// The algorithms that are measured. Both hash with SHA-256.
const (
	rs256 = "RS256"
	es256 = "ES256"
)

var encoding = base64.RawURLEncoding.Strict()

// A keySet are a provider's public keys by key id.
type keySet map[string]crypto.PublicKey

// parseKeys reads a JWKS (RFC 7517 section 5). Keys of other kinds are left out.
func parseKeys(document []byte) (keySet, error) {
	var set struct {
		Keys []struct{ Kty, Kid, Crv, N, E, X, Y string }
	}
	if err := json.Unmarshal(document, &set); err != nil {
		return nil, fmt.Errorf("reading the keys: %w", err)
	}
	keys := keySet{}
	for _, k := range set.Keys {
		switch k.Kty + k.Crv {
		case "RSA":
			n, errN := encoding.DecodeString(k.N)
			e, errE := encoding.DecodeString(k.E)
			if exponent := new(big.Int).SetBytes(e); errN == nil && errE == nil && exponent.IsInt64() && exponent.BitLen() < 32 {
				keys[k.Kid] = &rsa.PublicKey{N: new(big.Int).SetBytes(n), E: int(exponent.Int64())}
			}
		case "ECP-256":
			x, errX := encoding.DecodeString(k.X)
			y, errY := encoding.DecodeString(k.Y)
			point := append(append([]byte{4}, x...), y...)
			if key, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), point); errX == nil && errY == nil && err == nil {
				keys[k.Kid] = key
			}
		}
	}
	if len(keys) == 0 {
		return nil, errors.New("reading the keys: none can be used")
	}
	return keys, nil
}

// An idToken is what is compared of one.
type idToken struct {
	Issuer   string          `json:"iss"`
	Subject  string          `json:"sub"`
	Audience json.RawMessage `json:"aud"`
	Expires  float64         `json:"exp"`
	Nonce    string          `json:"nonce"`
	ATHash   string          `json:"at_hash"`
}

var errUnknownKey = errors.New("no key of that id")

// verify checks the signature of a compact JWS, made with alg and no other, and
// returns what it says.
func (keys keySet) verify(token, alg string) (idToken, error) {
	head, rest, two := strings.Cut(token, ".")
	payload, tail, three := strings.Cut(rest, ".")
	if !two || !three || strings.ContainsAny(token, "\r\n") { // line ends the decoder skips
		return idToken{}, errors.New("not a JWS")
	}
	header, err1 := encoding.DecodeString(head)
	claims, err2 := encoding.DecodeString(payload)
	signature, err3 := encoding.DecodeString(tail)
	if err := errors.Join(err1, err2, err3); err != nil {
		return idToken{}, fmt.Errorf("not a JWS: %w", err)
	}
	var h struct{ Alg, Kid string }
	if err := json.Unmarshal(header, &h); err != nil {
		return idToken{}, fmt.Errorf("header: %w", err)
	}
	if h.Alg != alg {
		return idToken{}, fmt.Errorf("alg is %q, not %s", h.Alg, alg)
	}
	key, known := keys[h.Kid]
	if !known {
		return idToken{}, errUnknownKey
	}
	digest := sha256.Sum256([]byte(token[:len(head)+1+len(payload)]))
	if !genuine(key, alg, digest[:], signature) {
		return idToken{}, errors.New("wrong signature")
	}
	var t idToken
	if err := json.Unmarshal(claims, &t); err != nil {
		return idToken{}, fmt.Errorf("claims: %w", err)
	}
	return t, nil
}

func genuine(key crypto.PublicKey, alg string, digest, signature []byte) bool {
	switch key := key.(type) {
	case *rsa.PublicKey:
		return alg == rs256 && rsa.VerifyPKCS1v15(key, crypto.SHA256, digest, signature) == nil
	case *ecdsa.PublicKey: // RFC 7518 section 3.4: r and s, 32 bytes each
		return alg == es256 && len(signature) == 64 &&
			ecdsa.Verify(key, digest, new(big.Int).SetBytes(signature[:32]), new(big.Int).SetBytes(signature[32:]))
	}
	return false
}

// check compares the claims of OpenID Connect Core section 3.1.3.7. An empty nonce is
// not compared: a refreshed token need not repeat it. An absent at_hash is let pass
// if lax.
func (t idToken) check(issuer, audience, nonce, accessToken string, lax bool) error {
	switch {
	case t.Issuer != issuer:
		return fmt.Errorf("iss is %q", t.Issuer)
	case t.Subject == "":
		return errors.New("no sub")
	case !t.isFor(audience):
		return fmt.Errorf("aud is %s", t.Audience)
	case float64(time.Now().Unix()) >= t.Expires:
		return errors.New("expired")
	case nonce != "" && t.Nonce != nonce:
		return errors.New("wrong nonce")
	case t.ATHash != atHash(accessToken) && !(lax && t.ATHash == ""):
		return errors.New("wrong at_hash")
	}
	return nil
}

// isFor reports whether id is the one audience, in either form.
func (t idToken) isFor(id string) bool {
	var one string
	if json.Unmarshal(t.Audience, &one) == nil {
		return one == id
	}
	var several []string
	return json.Unmarshal(t.Audience, &several) == nil && len(several) == 1 && several[0] == id
}

// atHash is the claim of section 3.1.3.6: the left half of the hash.
func atHash(accessToken string) string {
	sum := sha256.Sum256([]byte(accessToken))
	return encoding.EncodeToString(sum[:len(sum)/2])
}
