package keys

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// A Document is the published key set, ready to be served.
type Document struct {
	Body []byte // a JWK Set (RFC 7517 §5); not to be changed
	ETag string // strong, with its quotes (RFC 9110 §8.8.3)
}

// A view is what Sign, Verify, JWKS and List read: one version of the ring, and
// what is computed from it. It is replaced whole and never changed.
type view struct {
	*snapshot
	headers map[string]headerOwner // by encoded header
	jwks    *Document
	states  []State // of the keys, when this was computed
	signs   []Event // who signed each algorithm then
}

// JWKS returns the key set: the public halves of the keys that sign, will sign,
// or have signed something that is still good. It needs no storage.
func (r *Ring) JWKS() *Document { return r.view.Load().jwks }

// longestKept is how long others may keep the key set at most: a change that nobody
// planned, a ring made anew, should be known to all within minutes.
const longestKept = 15 * time.Minute

// KeepFor is how long others may keep the key set: far less than a key is published
// before it signs, so that nobody meets a kid that is not in the set they have.
func (r *Ring) KeepFor() time.Duration { return min(longestKept, r.policy.lead/4) }

// adopt makes s what this replica uses, as far as now is concerned. Most often
// nothing has changed since the last time.
func (r *Ring) adopt(s *snapshot, now time.Time) {
	v := &view{snapshot: s, headers: map[string]headerOwner{}, states: r.policy.states(s, now)}
	if was := r.view.Load(); was != nil && was.snapshot == s && slices.Equal(was.states, v.states) {
		return
	}
	var set jose.JSONWebKeySet
	for _, alg := range algorithms {
		keys := s.of(alg)
		// Verifiers that ignore the kid take the first key: let it be the right one.
		for _, state := range []State{Signing, Next, Retired} {
			for i, k := range keys {
				if r.policy.state(keys, i, now) == state {
					set.Keys = append(set.Keys, jose.JSONWebKey{Key: k.public, KeyID: k.kid, Algorithm: k.alg, Use: "sig"})
				}
			}
		}
		k := keys[signing(keys, now)]
		v.signs = append(v.signs, Event{Kind: EventSigning, Alg: alg, KID: k.kid})
		for i, k := range keys {
			for t, typ := range types {
				v.headers[k.headers[t]] = headerOwner{keys, i, typ}
			}
		}
	}
	v.jwks = document(set)
	r.view.Store(v)
}

func document(set jose.JSONWebKeySet) *Document {
	body, err := json.Marshal(set)
	if err != nil {
		panic(fmt.Sprintf("keys: public keys cannot be encoded: %v", err)) // checked by fits
	}
	sum := sha256.Sum256(body)
	return &Document{Body: body, ETag: `"` + base64.RawURLEncoding.EncodeToString(sum[:16]) + `"`}
}
