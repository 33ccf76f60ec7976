package keys

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// The types of what is signed. They keep an ID token, an access token and a
// logout token from passing for one another (RFC 8725 §3.11).
const (
	TypeJWT         = "JWT"        // ID token, signed userinfo
	TypeAccessToken = "at+jwt"     // RFC 9068 §2.1
	TypeLogoutToken = "logout+jwt" // OpenID Connect Back-Channel Logout §2.4
)

var types = [...]string{TypeJWT, TypeAccessToken, TypeLogoutToken}

// prepare builds, once for each type, the signer and the header it will write.
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
		if k.private == nil {
			continue
		}
		k.signers[i], err = jose.NewSigner(jose.SigningKey{
			Algorithm: jose.SignatureAlgorithm(k.alg),
			Key:       jose.JSONWebKey{Key: k.private, KeyID: k.kid},
		}, new(jose.SignerOptions).WithType(jose.ContentType(typ)))
		if err != nil {
			return fmt.Errorf("prepare a signer for %s: %w", k.alg, err)
		}
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
	jws, err := keys[signing(keys, time.Now())].signers[i].Sign(payload)
	if err != nil {
		return "", fmt.Errorf("sign with %s: %w", alg, err)
	}
	token, err := jws.CompactSerialize()
	if err != nil {
		return "", fmt.Errorf("sign with %s: %w", alg, err)
	}
	return token, nil
}
