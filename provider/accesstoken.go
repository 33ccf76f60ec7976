package provider

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/dingbridge/dingbridge/keys"
	"github.com/dingbridge/dingbridge/provider/clients"
	"github.com/dingbridge/dingbridge/provider/grants"
	"github.com/dingbridge/dingbridge/provider/people"
)

// accessTokenClaims are the payload of a JWT access token (RFC 9068 section 2.2). It
// tells a resource server what userinfo would tell it about rights, and no more of
// the person: groups are there where the scope is (section 2.2.3.1).
type accessTokenClaims struct {
	Issuer   string         `json:"iss"`
	Subject  people.Subject `json:"sub"`
	Audience audiences      `json:"aud"`
	ClientID string         `json:"client_id"`
	Expires  int64          `json:"exp"`
	Issued   int64          `json:"iat"`
	AuthTime int64          `json:"auth_time,omitempty"`
	ACR      string         `json:"acr,omitempty"`
	AMR      []string       `json:"amr,omitempty"`
	TokenID  string         `json:"jti"`
	Scope    string         `json:"scope"`
	Groups   []string       `json:"groups,omitempty"`
}

// audiences is one string where there is one, as most verifiers expect.
type audiences []string

func (a audiences) MarshalJSON() ([]byte, error) {
	if len(a) == 1 {
		return json.Marshal(a[0])
	}
	return json.Marshal([]string(a))
}

// accessToken makes the access token that says a: a handle of ours, or, for clients
// that verify it themselves, a JWT.
func (p *Provider) accessToken(c *clients.Client, g grants.Grant, a grants.Access, person people.Person) (string, error) {
	if !c.AccessTokenJWT {
		return p.grants.AccessToken(a), nil
	}
	payload, err := json.Marshal(&accessTokenClaims{
		Issuer:   p.Issuer,
		Subject:  person.Subject,
		Audience: append(audiences{c.ID}, c.Audiences...),
		ClientID: c.ID,
		Expires:  a.Expires.Unix(),
		Issued:   a.Issued.Unix(),
		AuthTime: g.AuthTime().Unix(),
		ACR:      acr,
		AMR:      amr,
		TokenID:  a.Name(),
		Scope:    strings.Join(a.Scopes, " "),
		Groups:   p.claims(c, person, a.Scopes, nil).Groups,
	})
	if err != nil {
		return "", fmt.Errorf("make access token: %w", err)
	}
	token, err := p.Ring.Sign(c.IDTokenAlg, keys.TypeAccessToken, payload)
	if err != nil {
		return "", fmt.Errorf("make access token: %w", err)
	}
	return token, nil
}

// openAccess checks that an access token of either form is ours and has not expired.
// Whether its grant still lives is to be asked.
func (p *Provider) openAccess(token string) (grants.Access, error) {
	if strings.Count(token, ".") != 2 {
		return p.grants.OpenAccess(token)
	}
	typ, payload, err := p.Ring.Verify(token)
	if err != nil || typ != keys.TypeAccessToken {
		return grants.Access{}, fmt.Errorf("access token: %w", grants.ErrInvalid)
	}
	var claims struct {
		Issuer   string         `json:"iss"`
		Subject  people.Subject `json:"sub"`
		ClientID string         `json:"client_id"`
		Expires  int64          `json:"exp"`
		Issued   int64          `json:"iat"`
		TokenID  string         `json:"jti"`
		Scope    string         `json:"scope"`
	}
	invalid := fmt.Errorf("access token: %w", grants.ErrInvalid)
	if json.Unmarshal(payload, &claims) != nil || claims.Issuer != p.Issuer || claims.ClientID == "" || time.Now().Unix() >= claims.Expires {
		return grants.Access{}, invalid
	}
	raw, ok := claims.Subject.Raw()
	ref, id, err := grants.ParseAccessName(claims.TokenID, raw)
	if !ok || err != nil {
		return grants.Access{}, invalid
	}
	return grants.Access{Ref: ref, ID: id, Issued: time.Unix(claims.Issued, 0), Expires: time.Unix(claims.Expires, 0),
		Scopes: strings.Fields(claims.Scope), Audience: claims.ClientID}, nil
}
