package systemtest

import (
	"context"
	"net/http"
	"net/url"
	"testing"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"github.com/dingbridge/dingbridge/storage/storagetest"
)

// TestE1_GoClients are relying parties made of coreos/go-oidc and x/oauth2.
//
// proves: apps made of go-oidc and x/oauth2 | Core section 3.1
func TestE1_GoClients(t *testing.T) {
	onEachStorage(t, func(t *testing.T, s setting, _ *storagetest.Redis) {
		s.as = "zhangsan"
		w := newWorld(t, s)
		w.serve()
		for _, tc := range []struct {
			client, alg string
			pkce        bool
		}{{"rs", "RS256", true}, {"es", "ES256", true}, {"spa", "RS256", true}, {"plain", "RS256", false}} {
			t.Run(tc.client, func(t *testing.T) { relyingParty(t, w, w.app(tc.client), tc.alg, tc.pkce) })
		}
	})
}

func relyingParty(t *testing.T, w *world, a app, alg string, pkce bool) {
	ctx := oidc.ClientContext(t.Context(), &http.Client{Transport: wires, Timeout: patience})
	op, err := oidc.NewProvider(ctx, w.issuer)
	if err != nil {
		t.Fatal(err)
	}
	config := oauth2.Config{ClientID: a.id, ClientSecret: a.secret, Endpoint: op.Endpoint(), RedirectURL: a.redirect,
		Scopes: []string{"openid", "profile", "email", "groups", "offline_access"}}
	begin, finish := []oauth2.AuthCodeOption{oidc.Nonce("the-nonce")}, []oauth2.AuthCodeOption(nil)
	if pkce {
		v := oauth2.GenerateVerifier()
		begin, finish = append(begin, oauth2.S256ChallengeOption(v)), append(finish, oauth2.VerifierOption(v))
	}
	back, err := newPerson().follow(ctx, config.AuthCodeURL("the-state", begin...), a.redirect)
	if err != nil {
		t.Fatal(err)
	}
	u, _ := url.Parse(back.location)
	if q := u.Query(); q.Get("state") != "the-state" || q.Get("iss") != w.issuer || q.Get("code") == "" {
		t.Fatalf("the authorization response is %d %q", back.status, back.location)
	}
	token, err := config.Exchange(ctx, u.Query().Get("code"), finish...)
	if err != nil {
		t.Fatal(err)
	}
	first := verified(ctx, t, op, a, alg, token)
	if first.id.Nonce != "the-nonce" {
		t.Errorf("nonce %q", first.id.Nonce)
	}
	if first.Nick != "三哥" || first.Name != "张三" || first.Email != "san.zhang@corp.example.cn" || !first.Verified || len(first.Groups) == 0 {
		t.Errorf("the ID token tells %+v", first.told)
	}
	info, err := op.UserInfo(ctx, oauth2.StaticTokenSource(token))
	if err != nil {
		t.Fatal(err)
	}
	var also told
	if err := info.Claims(&also); err != nil || !also.equal(first.told) || info.Subject != first.id.Subject {
		t.Errorf("userinfo tells %+v (%v), the ID token %+v", also, err, first.told)
	}

	// An expired token makes the library refresh.
	renewed, err := config.TokenSource(ctx, &oauth2.Token{RefreshToken: token.RefreshToken}).Token()
	if err != nil {
		t.Fatal(err)
	}
	second := verified(ctx, t, op, a, alg, renewed)
	if second.id.Subject != first.id.Subject || !second.equal(first.told) {
		t.Errorf("after the refresh %+v, before %+v", second.told, first.told)
	}
	if renewed.RefreshToken == token.RefreshToken || renewed.AccessToken == token.AccessToken {
		t.Error("the refresh gave the same tokens")
	}

	introspector := a
	if a.secret == "" { // public clients may not ask; a resource server may
		if got := a.introspect(ctx, w.issuer, renewed.AccessToken); got.status != http.StatusUnauthorized {
			t.Errorf("a public client introspects: %v", got)
		}
		introspector = w.app("api")
	}
	got := introspector.introspect(ctx, w.issuer, renewed.AccessToken)
	if got.status != 200 || got.json["active"] != true || got.text("sub") != first.id.Subject || got.text("client_id") != a.id {
		t.Errorf("introspection: %v", got)
	}
	if got := a.revoke(ctx, w.issuer, renewed.RefreshToken); got.status != 200 {
		t.Errorf("revocation: %v", got)
	}
	if got := introspector.introspect(ctx, w.issuer, renewed.AccessToken); got.status != 200 || got.json["active"] != false {
		t.Errorf("introspection after the revocation: %v", got)
	}
	if _, err := op.UserInfo(ctx, oauth2.StaticTokenSource(renewed)); err == nil {
		t.Error("userinfo after the revocation")
	}
	if _, err := config.TokenSource(ctx, &oauth2.Token{RefreshToken: renewed.RefreshToken}).Token(); err == nil {
		t.Error("a refresh after the revocation")
	}
}

// told is what the claims tell.
type told struct {
	Nick     string   `json:"nickname"`
	Name     string   `json:"name"`
	Username string   `json:"preferred_username"`
	Email    string   `json:"email"`
	Verified bool     `json:"email_verified"`
	Groups   []string `json:"groups"`
}

func (p told) equal(q told) bool {
	if len(p.Groups) != len(q.Groups) {
		return false
	}
	for i := range p.Groups {
		if p.Groups[i] != q.Groups[i] {
			return false
		}
	}
	return p.Nick == q.Nick && p.Name == q.Name && p.Username == q.Username && p.Email == q.Email && p.Verified == q.Verified
}

type claims struct {
	told
	id *oidc.IDToken
}

func verified(ctx context.Context, t *testing.T, op *oidc.Provider, a app, alg string, token *oauth2.Token) claims {
	t.Helper()
	raw, _ := token.Extra("id_token").(string)
	id, err := op.Verifier(&oidc.Config{ClientID: a.id, SupportedSigningAlgs: []string{alg}}).Verify(ctx, raw)
	if err != nil {
		t.Fatal(err)
	}
	if err := id.VerifyAccessToken(token.AccessToken); err != nil {
		t.Errorf("at_hash: %v", err)
	}
	c := claims{id: id}
	if err := id.Claims(&c.told); err != nil {
		t.Fatal(err)
	}
	return c
}
