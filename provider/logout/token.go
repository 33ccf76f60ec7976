package logout

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"time"
)

// tokenLife is how long a logout token is good: short, as section 2.4 recommends.
const tokenLife = 2 * time.Minute

// event is the member of `events` that makes a JWT a logout token.
const event = "http://schemas.openid.net/event/backchannel-logout"

// tokenClaims are a logout token's payload (section 2.4). A nonce is prohibited: with
// one it could pass for an ID token.
type tokenClaims struct {
	Issuer    string              `json:"iss"`
	Subject   string              `json:"sub"`
	Audience  string              `json:"aud"`
	Issued    int64               `json:"iat"`
	Expires   int64               `json:"exp"`
	ID        string              `json:"jti"`
	Events    map[string]struct{} `json:"events"`
	SessionID string              `json:"sid,omitempty"`
}

// token makes the logout token of a notice.
func (n *Notifier) token(notice Notice) (string, error) {
	now := time.Now()
	payload, err := json.Marshal(&tokenClaims{
		Issuer:    n.Issuer,
		Subject:   notice.Subject,
		Audience:  notice.Client.ID,
		Issued:    now.Unix(),
		Expires:   now.Add(tokenLife).Unix(),
		ID:        rand.Text(),
		Events:    map[string]struct{}{event: {}},
		SessionID: notice.SessionID,
	})
	if err != nil {
		return "", fmt.Errorf("make logout token: %w", err)
	}
	token, err := n.Sign(notice.Client.IDTokenAlg, payload)
	if err != nil {
		return "", fmt.Errorf("make logout token: %w", err)
	}
	return token, nil
}
