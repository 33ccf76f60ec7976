package keys

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"
)

// The types of what is signed. They keep an ID token, an access token and a
// logout token from passing for one another (RFC 8725 §3.11).
const (
	TypeJWT         = "JWT"        // ID token, signed userinfo
	TypeAccessToken = "at+jwt"     // RFC 9068 §2.1
	TypeLogoutToken = "logout+jwt" // OpenID Connect Back-Channel Logout §2.4
)

var types = [...]string{TypeJWT, TypeAccessToken, TypeLogoutToken}

// prepare encodes, once for each type, the header that the key writes.
func (k *key) prepare() error {
	for i, typ := range types {
		header, err := json.Marshal(struct {
			Alg string `json:"alg"`
			KID string `json:"kid"`
			Typ string `json:"typ"`
		}{k.alg, k.kid, typ})
		if err != nil {
			return fmt.Errorf("encode a header: %w", err)
		}
		k.headers[i] = base64.RawURLEncoding.EncodeToString(header)
	}
	return nil
}

// Sign returns payload as a compact JWS (RFC 7515 §7.1) with alg, kid and typ in
// its header, under the key that signs alg now. alg is [RS256] or [ES256], typ is
// one of the types above; anything else is an error.
func (r *Ring) Sign(alg, typ string, payload []byte) (string, error) {
	keys := r.view.Load().of(alg)
	if keys == nil {
		return "", fmt.Errorf("sign: unknown algorithm %q", alg)
	}
	i := slices.Index(types[:], typ)
	if i < 0 {
		return "", fmt.Errorf("sign: unknown type %q", typ)
	}
	k := keys[signing(keys, time.Now())]
	token, err := k.sign(k.headers[i], payload)
	if err != nil {
		return "", fmt.Errorf("sign with %s: %w", alg, err)
	}
	return token, nil
}

// sign writes the JWS itself: go-jose's signer would encode the header anew each
// time, which costs half as much again as an ECDSA signature, and Verify counts
// on the header's very bytes.
func (k *key) sign(header string, payload []byte) (string, error) {
	const room = 1 + 1 + 344 // two dots and the longest signature, RSA's
	token := make([]byte, 0, len(header)+base64.RawURLEncoding.EncodedLen(len(payload))+room)
	token = append(token, header...)
	token = append(token, '.')
	token = base64.RawURLEncoding.AppendEncode(token, payload)
	sum := sha256.Sum256(token)
	var signature []byte
	switch private := k.private.(type) {
	case *rsa.PrivateKey: // RFC 7518 §3.3
		var err error
		if signature, err = rsa.SignPKCS1v15(nil, private, crypto.SHA256, sum[:]); err != nil {
			return "", err
		}
	case *ecdsa.PrivateKey: // RFC 7518 §3.4: R and S, 32 bytes each
		r, s, err := ecdsa.Sign(rand.Reader, private, sum[:])
		if err != nil {
			return "", err
		}
		signature = make([]byte, 64)
		r.FillBytes(signature[:32])
		s.FillBytes(signature[32:])
	default:
		return "", errors.New("the key has no private half")
	}
	token = append(token, '.')
	return string(base64.RawURLEncoding.AppendEncode(token, signature)), nil
}
