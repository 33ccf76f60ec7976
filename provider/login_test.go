package provider_test

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/coreos/go-oidc/v3/oidc"

	"github.com/dingbridge/dingbridge/provider/audit"
)

// claimsOf verifies an ID token as a relying party does and returns its claims.
func (h *house) claimsOf(token, client string) map[string]any {
	h.t.Helper()
	op, err := oidc.NewProvider(h.t.Context(), h.issuer)
	if err != nil {
		h.t.Fatal(err)
	}
	id, err := op.Verifier(&oidc.Config{ClientID: client, SupportedSigningAlgs: []string{"RS256", "ES256"}}).Verify(h.t.Context(), token)
	if err != nil {
		h.t.Fatal(err)
	}
	var claims map[string]any
	if err := id.Claims(&claims); err != nil {
		h.t.Fatal(err)
	}
	return claims
}

// proves: authorization code flow | RFC 6749 section 4.1, Core section 3.1
func TestOneLogin(t *testing.T) {
	h := build(t)
	b := h.browser()
	p := b.follow(h.authorization(), appCallback)
	q := answer(t, p)
	if q.Get("state") != "st-TestOneLogin" || q.Get("iss") != h.issuer || q.Get("code") == "" || p.status != http.StatusFound {
		t.Fatalf("authorization response: %d %v", p.status, q)
	}
	tokens := h.exchange(q.Get("code"))
	if tokens.status != 200 || tokens.text("token_type") != "Bearer" || tokens.header.Get("Cache-Control") != "no-store" {
		t.Fatalf("token response: %d %s", tokens.status, tokens.body)
	}
	claims := h.claimsOf(tokens.text("id_token"), "app")
	if claims["nickname"] != "三三" && claims["nickname"] == nil {
		t.Errorf("nickname %v", claims["nickname"])
	}
	if claims["nonce"] != "n-0S6_WzA2Mj" || claims["auth_time"] == nil || claims["sid"] == nil || claims["at_hash"] == nil {
		t.Errorf("claims %v", claims)
	}
	if claims["aud"] != "app" {
		t.Errorf("aud is %v, not one string", claims["aud"])
	}
	info := h.userinfo(tokens.text("access_token"))
	if info.status != 200 {
		t.Fatalf("userinfo: %d %s", info.status, info.body)
	}
	for name, value := range info.json { // promise H6
		if a, b := asJSON(value), asJSON(claims[name]); a != b {
			t.Errorf("%s: userinfo says %s, the ID token %s", name, a, b)
		}
	}
	for _, name := range []string{"sub", "name", "nickname", "preferred_username", "groups"} {
		if info.json[name] == nil {
			t.Errorf("userinfo has no %s: %s", name, info.body)
		}
	}
	renewed := h.refresh(tokens.text("refresh_token"), "")
	if renewed.status != 200 || renewed.text("refresh_token") == tokens.text("refresh_token") {
		t.Fatalf("refresh: %d %s", renewed.status, renewed.body)
	}
	again := h.claimsOf(renewed.text("id_token"), "app")
	for _, name := range []string{"sub", "aud", "iss", "auth_time", "sid", "nickname"} {
		if again[name] != claims[name] {
			t.Errorf("refreshed %s is %v, was %v", name, again[name], claims[name])
		}
	}
	if again["nonce"] != nil {
		t.Error("a refreshed ID token has a nonce")
	}
	intro := h.call("/introspect", "app", testSecret, url.Values{"token": {renewed.text("access_token")}})
	if intro.json["active"] != true || intro.text("sub") != claims["sub"] {
		t.Errorf("introspection: %s", intro.body)
	}
	if r := h.call("/revoke", "app", testSecret, url.Values{"token": {renewed.text("refresh_token")}}); r.status != 200 {
		t.Errorf("revocation: %d %s", r.status, r.body)
	}
	if r := h.userinfo(renewed.text("access_token")); r.status != 401 {
		t.Errorf("userinfo after revocation: %d", r.status)
	}
	for _, name := range []audit.Name{audit.LoginBegun, audit.LoginSucceeded, audit.CodeRedeemed, audit.RefreshRotated, audit.TokenRevoked} {
		if !h.events.has(name, "") {
			t.Errorf("no event %s", name)
		}
	}
}

func asJSON(v any) string { b, _ := json.Marshal(v); return string(b) }

// proves: ID tokens with ES256 | RFC 7515 section 4.1.1, Core section 2
func TestES256ForTheClientThatAsksForIt(t *testing.T) {
	h := build(t)
	code := h.login(h.browser(), "client_id", "es")
	r := h.call("/token", "es", testSecret, url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {appCallback}, "code_verifier": {testVerifier}})
	head, _, _ := strings.Cut(r.text("id_token"), ".")
	if b, _ := base64.RawURLEncoding.DecodeString(head); !strings.Contains(string(b), `"ES256"`) {
		t.Errorf("header %s", b)
	}
	h.claimsOf(r.text("id_token"), "es")
}

// proves: one session for all apps | Core section 3.1.2.3
func TestSingleSignOn(t *testing.T) {
	h := build(t)
	b := h.browser()
	h.login(b)
	calls := len(h.sim.Calls())
	p := b.get(h.authorization("client_id", "wiki", "redirect_uri", wikiCallback, "code_challenge", "", "code_challenge_method", ""))
	if !strings.HasPrefix(p.location, wikiCallback+"&") || answer(t, p).Get("code") == "" || answer(t, p).Get("from") != "dingbridge" {
		t.Fatalf("second app: %d %s", p.status, p.location)
	}
	if len(h.sim.Calls()) != calls {
		t.Error("single sign-on asked DingTalk")
	}
	if !h.events.has(audit.SingleSignOn, "") {
		t.Error("not audited")
	}
	if p := b.get(h.authorization("prompt", "login")); strings.HasPrefix(p.location, appCallback) {
		t.Error("prompt=login was answered from the session")
	}
	if p := h.browser().get(h.authorization("prompt", "none")); answer(t, p).Get("error") != "login_required" {
		t.Errorf("prompt=none without session: %s", p.location)
	}
}
