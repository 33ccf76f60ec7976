package keys

import (
	"encoding/base64"
	"errors"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// ErrNotOurs is the one answer to a token that this ring did not sign.
var ErrNotOurs = errors.New("not a token signed by this provider")

// MaxToken is the length in bytes beyond which Verify looks at nothing.
const MaxToken = 16 << 10

// A headerOwner is the key and type that one encoded header belongs to.
type headerOwner struct {
	keys []*key // all of the algorithm
	at   int    // the key among them
	typ  string
}

// Verify returns the type and payload of a compact JWS that this ring signed,
// with any key it remembers, also one no longer published. Whether the payload
// is still good, for whom and for what, is the caller's to judge, the type first.
// Anything else is [ErrNotOurs].
//
// The header is compared, not parsed: it has to be, byte for byte, one that we
// write for a key of ours. So "none", another algorithm on our key, a foreign
// kid, jwk, jku, x5u, crit, b64 and doubled members all fail alike (RFC 8725
// §3.1), before any of them is interpreted.
func (r *Ring) Verify(token string) (typ string, payload []byte, err error) {
	if len(token) > MaxToken {
		return "", nil, ErrNotOurs
	}
	header, rest, _ := strings.Cut(token, ".")
	body, signature, _ := strings.Cut(rest, ".")
	v := r.view.Load()
	owner, ok := v.headers[header]
	if !ok || !canonical(body) || !canonical(signature) {
		return "", nil, ErrNotOurs
	}
	if r.policy.state(owner.keys, owner.at, time.Now()) == Dropped {
		return "", nil, ErrNotOurs
	}
	k := owner.keys[owner.at]
	jws, err := jose.ParseSignedCompact(token, []jose.SignatureAlgorithm{jose.SignatureAlgorithm(k.alg)})
	if err != nil {
		return "", nil, ErrNotOurs
	}
	payload, err = jws.Verify(k.public)
	if err != nil {
		return "", nil, ErrNotOurs
	}
	return owner.typ, payload, nil
}

// canonical tells whether part is the one base64url spelling of its bytes. The
// library's decoder would let line breaks and loose trailing bits pass.
func canonical(part string) bool {
	if strings.ContainsAny(part, "\r\n") {
		return false
	}
	_, err := base64.RawURLEncoding.Strict().DecodeString(part)
	return err == nil
}
