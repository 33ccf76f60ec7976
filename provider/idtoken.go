package provider

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/dingbridge/dingbridge/keys"
	"github.com/dingbridge/dingbridge/provider/audit"
	"github.com/dingbridge/dingbridge/provider/clients"
	"github.com/dingbridge/dingbridge/provider/grants"
	"github.com/dingbridge/dingbridge/provider/people"
)

// What we say of how somebody proved themselves. DingTalk tells neither by what means
// nor how surely, so both are constants: it was DingTalk, and nothing is known of it.
const acr = "urn:dingbridge:acr:dingtalk"

var amr = []string{"dingtalk"}

// idTokenClaims are an ID token's payload (OpenID Connect Core section 2). The
// audience is one string, so azp has no use.
type idTokenClaims struct {
	Issuer    string   `json:"iss"`
	Audience  string   `json:"aud"`
	Expires   int64    `json:"exp"`
	Issued    int64    `json:"iat"`
	AuthTime  int64    `json:"auth_time"`
	ACR       string   `json:"acr"`
	AMR       []string `json:"amr"`
	Nonce     string   `json:"nonce,omitempty"`
	AtHash    string   `json:"at_hash"`
	SessionID string   `json:"sid,omitempty"`
	people.Claims
}

// idToken makes an ID token of a grant. One of a refresh has the auth_time of the
// login and no nonce (section 12.2).
func (p *Provider) idToken(c *clients.Client, g grants.Grant, person people.Person, scopes []string, nonce, accessToken string) (string, error) {
	now := time.Now()
	var table map[string]any
	if c.MinimalIDToken {
		scopes = nil // what is asked for by scope is at userinfo alone (section 5.4)
	} else {
		table = c.TableClaims(facts(person))
	}
	payload, err := json.Marshal(&idTokenClaims{
		Issuer:    p.Issuer,
		Audience:  c.ID,
		Expires:   now.Add(p.IDToken).Unix(),
		Issued:    now.Unix(),
		AuthTime:  g.AuthTime().Unix(),
		ACR:       acr,
		AMR:       amr,
		Nonce:     nonce,
		AtHash:    atHash(accessToken),
		SessionID: g.SessionID,
		Claims:    p.claims(c, person, scopes, g.IDClaims),
	})
	if err == nil {
		payload, err = withTable(payload, table)
	}
	if err != nil {
		return "", fmt.Errorf("make ID token: %w", err)
	}
	token, err := p.Ring.Sign(c.IDTokenAlg, keys.TypeJWT, payload)
	if err != nil {
		return "", fmt.Errorf("make ID token: %w", err)
	}
	return token, nil
}

// claims are what the client may know of the person, the same in ID token and
// userinfo (promise H6), but for names that were asked for in one of the two alone. A
// scope or permission that the client lost since the grant is lost here too.
func (p *Provider) claims(c *clients.Client, person people.Person, scopes, names []string) people.Claims {
	allowed := slices.DeleteFunc(slices.Clone(scopes), func(s string) bool { return !slices.Contains(c.Scopes, s) })
	o := people.ClaimOptions{Scopes: allowed, Names: entitled(c, names), OmitNickname: c.OmitNickname, PhoneNumber: c.PhoneNumber,
		Directory: c.DirectoryClaims, SubstituteEmail: c.SubstituteEmail}
	if slices.Contains(allowed, "groups") || slices.Contains(o.Names, "groups") {
		o.Groups = p.groups(c, person)
	}
	return p.people.Claims(person, o)
}

// groups are those of the person that the client sees. That there is no room for all is
// told once for a client: it is so at every token, and the remedy is in its registration.
func (p *Provider) groups(c *clients.Client, person people.Person) []string {
	names, dropped := c.Groups(facts(person))
	if dropped > 0 {
		if _, told := p.crowded.LoadOrStore(c.ID, true); !told {
			p.Audit.Record(context.Background(), audit.Event{Name: audit.GroupsCapped, ClientID: c.ID, Subject: string(person.Subject), CorpID: person.CorpID, Count: dropped})
		}
	}
	return names
}

// withTable adds to a JSON object the claims of the client's own tables. No table has a
// claim that we make (the clients' promise), so that none is there twice.
func withTable(object []byte, table map[string]any) ([]byte, error) {
	if len(table) == 0 {
		return object, nil
	}
	more, err := json.Marshal(table)
	if err != nil {
		return nil, fmt.Errorf("make claims of a table: %w", err)
	}
	return append(append(object[:len(object)-1], ','), more[1:]...), nil
}

// atHash is for RS256 and ES256: the left half of SHA-256 (section 3.1.3.6).
func atHash(accessToken string) string {
	sum := sha256.Sum256([]byte(accessToken))
	return base64.RawURLEncoding.EncodeToString(sum[:sha256.Size/2])
}
