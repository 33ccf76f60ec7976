package provider_test

import (
	"encoding/base64"
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/dingbridge/dingbridge/provider/clients"
)

// withJWT makes a client's access tokens JWTs.
func withJWT(id string, audiences ...string) option {
	return func(p *plan) {
		for i := range p.specs {
			if p.specs[i].ID == id {
				p.specs[i].AccessToken, p.specs[i].Audiences = clients.AccessJWT, audiences
			}
		}
	}
}

// TestJWTAccessToken: what it says, and that it is as good as a handle, and no better.
//
// proves: JWT access tokens | RFC 9068 sections 2 and 4
func TestJWTAccessToken(t *testing.T) {
	for _, c := range []struct{ client, alg string }{{"app", "RS256"}, {"es", "ES256"}} {
		h := build(t, withJWT(c.client))
		b := h.browser()
		exchange := func(code string) reply {
			return h.call("/token", c.client, testSecret, url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {appCallback}, "code_verifier": {testVerifier}})
		}
		tokens := exchange(h.login(b, "client_id", c.client))
		token := tokens.text("access_token")
		header, claims := map[string]any{}, map[string]any{}
		for i, into := range []*map[string]any{&header, &claims} {
			part, err := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[i])
			if err != nil || json.Unmarshal(part, into) != nil {
				t.Fatalf("not a JWT: %s", token)
			}
		}
		id := h.claimsOf(tokens.text("id_token"), c.client) // verified against the JWKS
		if header["typ"] != "at+jwt" || header["alg"] != c.alg || header["kid"] == nil {
			t.Errorf("header %v", header)
		}
		for name, want := range map[string]any{"iss": h.issuer, "aud": c.client, "client_id": c.client, "sub": id["sub"], "acr": id["acr"], "auth_time": id["auth_time"],
			"scope": tokens.text("scope")} {
			if claims[name] != want {
				t.Errorf("%s is %v, want %v", name, claims[name], want)
			}
		}
		if claims["exp"].(float64)-claims["iat"].(float64) != tokens.json["expires_in"].(float64) || claims["jti"] == nil || claims["groups"] == nil {
			t.Errorf("claims %v", claims)
		}
		for _, absent := range []string{"name", "nickname", "email", "picture", "preferred_username", "nonce", "at_hash"} {
			if claims[absent] != nil {
				t.Errorf("it tells %s", absent)
			}
		}
		if again := exchange(h.login(b, "client_id", c.client)).text("access_token"); again == token {
			t.Error("two tokens are one")
		}

		if r := h.userinfo(token); r.status != 200 || r.json["sub"] != id["sub"] {
			t.Errorf("userinfo: %d %s", r.status, r.body)
		}
		if r := h.call("/introspect", c.client, testSecret, url.Values{"token": {token}}); r.json["active"] != true || r.json["jti"] != claims["jti"] || r.json["scope"] != claims["scope"] {
			t.Errorf("introspection: %s", r.body)
		}
		if r := h.call("/introspect", "wiki", testSecret, url.Values{"token": {token}}); r.json["active"] != false {
			t.Errorf("introspection by another client: %s", r.body)
		}
		if r := h.call("/revoke", c.client, testSecret, url.Values{"token": {token}}); r.status != 200 {
			t.Errorf("revocation: %d", r.status)
		}
		if r := h.userinfo(token); r.status != 401 {
			t.Errorf("after revocation: %d", r.status)
		}
		// It ends with its session, which it names in its jti.
		online := exchange(h.login(b, "client_id", c.client, "scope", "openid")).text("access_token")
		if h.userinfo(online).status != 200 {
			t.Fatal("the second token opens nothing")
		}
		h.goes(b)
		if r := h.userinfo(online); r.status != 401 {
			t.Errorf("after the logout: %d", r.status)
		}
	}
}

// TestResourceServer: it may ask about tokens that are meant for it, whatever their
// form, and about no others.
//
// proves: introspection by resource servers | RFC 7662 sections 2 and 4
func TestResourceServer(t *testing.T) {
	for _, form := range []string{clients.AccessOpaque, clients.AccessJWT} {
		h := build(t, withJWT("app", "api"), func(p *plan) {
			p.specs[0].AccessToken = form
			p.specs = append(p.specs, clients.Spec{ID: "other-api", SecretHash: clients.HashSecret(testSecret), ResourceServer: true})
		})
		b := h.browser()
		token := h.exchange(h.login(b)).text("access_token")
		for _, c := range []struct {
			asks   string
			active bool
		}{{"api", true}, {"app", true}, {"other-api", false}, {"wiki", false}} {
			r := h.call("/introspect", c.asks, testSecret, url.Values{"token": {token}})
			if r.status != 200 || r.json["active"] != c.active || !c.active && len(r.json) != 1 {
				t.Errorf("%s, asked by %s: %d %s", form, c.asks, r.status, r.body)
			}
			if aud, _ := r.json["aud"].([]any); c.active && !(slices.Contains(aud, any("api")) && slices.Contains(aud, any("app")) && r.json["client_id"] == "app") {
				t.Errorf("%s: %s", form, r.body)
			}
		}
		// A resource server that may ask about access tokens may not about refresh tokens.
		if r := h.call("/introspect", "api", testSecret, url.Values{"token": {h.exchange(h.login(b)).text("refresh_token")}}); r.json["active"] != false {
			t.Errorf("a refresh token: %s", r.body)
		}
		if r := h.call("/revoke", "api", testSecret, url.Values{"token": {token}}); r.status != 400 || h.userinfo(token).status != 200 {
			t.Errorf("it revokes: %d", r.status)
		}
	}
}
