package provider

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/dingbridge/dingbridge/keys"
	"github.com/dingbridge/dingbridge/provider/people"
)

// hint is what an id_token_hint of ours says. It is no credential: it only says whom
// the client believes to be here.
type hint struct {
	subject   people.Subject
	clientID  string
	sessionID string
}

var errHint = errors.New("id_token_hint is not an ID token of ours")

// openHint checks that a hint is an ID token that we issued: signature, type, issuer,
// and that it says for whom. It may have expired (OpenID Connect RP-Initiated Logout
// section 4, Core section 3.1.2.1), its key may be retired.
func (p *Provider) openHint(token string) (hint, error) {
	typ, payload, err := p.Ring.Verify(token)
	if err != nil {
		return hint{}, fmt.Errorf("%w: %w", errHint, err)
	}
	var claims struct {
		Issuer    string         `json:"iss"`
		Subject   people.Subject `json:"sub"`
		Audience  string         `json:"aud"`
		SessionID string         `json:"sid"`
		Expires   int64          `json:"exp"`
	}
	if typ != keys.TypeJWT || json.Unmarshal(payload, &claims) != nil || claims.Issuer != p.Issuer || claims.Audience == "" || claims.Expires == 0 {
		return hint{}, errHint
	}
	if _, ok := claims.Subject.Raw(); !ok {
		return hint{}, errHint
	}
	return hint{subject: claims.Subject, clientID: claims.Audience, sessionID: claims.SessionID}, nil
}
