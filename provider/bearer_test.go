package provider_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/dingbridge/dingbridge/provider/grants"
)

// wantBearer holds a refusal of RFC 6750 section 3: with the error code, or, where
// nothing was shown, without.
func wantBearer(t *testing.T, name string, r reply, status int, code string) {
	t.Helper()
	challenge := r.header.Get("WWW-Authenticate")
	if r.status != status || !strings.HasPrefix(challenge, "Bearer ") || r.json["sub"] != nil || r.header.Get("Cache-Control") != "no-store" {
		t.Errorf("%s: %d %s %q", name, r.status, r.body, challenge)
	}
	if code == "" && strings.Contains(challenge, "error") || code != "" && !strings.Contains(challenge, `error="`+code+`"`) {
		t.Errorf("%s: challenge %q, want error %q", name, challenge, code)
	}
}

// proves: one bearer token, in the header or the body, never in the address | RFC 6750 section 2
func TestUserinfoTakesOneTokenInTheRightPlace(t *testing.T) {
	h := build(t, func(p *plan) { p.Lives = grants.Lives{Access: time.Hour} })
	tokens := h.exchange(h.login(h.browser()))
	token := tokens.text("access_token")
	auth := "Bearer " + token
	body := url.Values{"access_token": {token}}.Encode()
	for name, r := range map[string]reply{
		"GET": h.raw("GET", "/userinfo", "", auth, ""), "POST header": h.raw("POST", "/userinfo", "", auth, ""),
		"POST body": h.raw("POST", "/userinfo", formType, "", body), "scheme in other case": h.raw("GET", "/userinfo", "", "bearer "+token, ""),
	} {
		if r.status != 200 || r.text("sub") == "" || r.header.Get("Content-Type") != "application/json" || r.header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %d %s", name, r.status, r.body)
		}
	}
	wantBearer(t, "nothing", h.raw("GET", "/userinfo", "", "", ""), 401, "")
	wantBearer(t, "Basic", h.raw("GET", "/userinfo", "", basic("app", testSecret), ""), 401, "")
	wantBearer(t, "empty", h.raw("GET", "/userinfo", "", "Bearer ", ""), 401, "")
	wantBearer(t, "POST nothing", h.raw("POST", "/userinfo", formType, "", ""), 401, "")
	wantBearer(t, "query", h.raw("GET", "/userinfo?"+body, "", "", ""), 400, "invalid_request")
	wantBearer(t, "query beside the header", h.raw("GET", "/userinfo?"+body, "", auth, ""), 400, "invalid_request")
	wantBearer(t, "header and body", h.raw("POST", "/userinfo", formType, auth, body), 400, "invalid_request")
	wantBearer(t, "GET with a body", h.raw("GET", "/userinfo", formType, "", body), 401, "")
	for name, bad := range map[string]string{"garbage": "x", "bent": flip(token), "cut": token[:len(token)-1], "longer": token + "A", "padded": token + "=", "huge": strings.Repeat("A", 8000), "two words": "x y"} {
		wantBearer(t, name, h.raw("GET", "/userinfo", "", "Bearer "+bad, ""), 401, "invalid_token")
	}
	req, _ := http.NewRequest("GET", h.issuer+"/userinfo", nil)
	req.Header["Authorization"] = []string{auth, auth}
	wantBearer(t, "two headers", reply{page: h.browser().send(req)}, 400, "invalid_request")
	if r := h.raw("DELETE", "/userinfo", "", auth, ""); r.status != 405 || r.header.Get("Allow") == "" {
		t.Errorf("DELETE: %d", r.status)
	}
	// Grafana asks for this, and stumbles over anything but JSON.
	if r := h.raw("GET", "/userinfo/emails", "", auth, ""); r.status != 404 || r.text("error") == "" {
		t.Errorf("/userinfo/emails: %d %s", r.status, r.body)
	}
	if r := h.call("/revoke", "app", testSecret, url.Values{"token": {token}}); r.status != 200 {
		t.Fatal(r.body)
	}
	wantBearer(t, "revoked", h.userinfo(token), 401, "invalid_token")
	wantOAuth(t, "refresh after revocation", h.refresh(tokens.text("refresh_token"), ""), 400, "invalid_grant")
}

// proves: an access token ends, and the answer says so | RFC 6750 section 3.1
func TestExpiredAccessToken(t *testing.T) {
	h := build(t, func(p *plan) { p.Lives = grants.Lives{Access: time.Second} })
	token := h.exchange(h.login(h.browser())).text("access_token")
	for range 30 {
		if h.userinfo(token).status != 200 {
			break
		}
		time.Sleep(100 * time.Millisecond)
	}
	wantBearer(t, "expired", h.userinfo(token), 401, "invalid_token")
	if r := h.call("/introspect", "app", testSecret, url.Values{"token": {token}}); r.status != 200 || r.json["active"] != false {
		t.Errorf("introspection: %s", r.body)
	}
}

// proves: introspection is for the token's owner and its resource servers | RFC 7662 sections 2.1 and 4
func TestIntrospectionIsForOwnerAndResourceServer(t *testing.T) {
	h := build(t)
	tokens := h.exchange(h.login(h.browser()))
	token := url.Values{"token": {tokens.text("access_token")}}
	for client, want := range map[string]bool{"app": true, "api": true, "wiki": false} {
		r := h.call("/introspect", client, testSecret, token)
		if r.status != 200 || r.json["active"] != want || r.header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %d %s", client, r.status, r.body)
		}
		if !want && len(r.json) != 1 {
			t.Errorf("%s is told more than active:false: %s", client, r.body)
		}
		if want && (r.text("client_id") != "app" || r.text("iss") != h.issuer || r.json["exp"] == nil || r.text("token_type") != "Bearer") {
			t.Errorf("%s: %s", client, r.body)
		}
	}
	// A refresh token is its owner's alone.
	refresh := url.Values{"token": {tokens.text("refresh_token")}}
	for client, want := range map[string]bool{"app": true, "api": false, "wiki": false} {
		if r := h.call("/introspect", client, testSecret, refresh); r.json["active"] != want || !want && len(r.json) != 1 {
			t.Errorf("%s on a refresh token: %s", client, r.body)
		}
	}
	wantOAuth(t, "public", h.call("/introspect", "spa", "", token), 401, "invalid_client")
	wantOAuth(t, "nobody", h.raw("POST", "/introspect", formType, "", token.Encode()), 401, "invalid_client")
	wantOAuth(t, "wrong secret", h.raw("POST", "/introspect", formType, basic("app", "x"), token.Encode()), 401, "invalid_client")
	wantOAuth(t, "GET", h.raw("GET", "/introspect?"+token.Encode(), "", basic("app", testSecret), ""), 405, "invalid_request")
	wantOAuth(t, "query", h.raw("POST", "/introspect?"+token.Encode(), formType, basic("app", testSecret), ""), 400, "invalid_request")
	wantOAuth(t, "no token", h.raw("POST", "/introspect", formType, basic("app", testSecret), "x=y"), 400, "invalid_request")
}

// proves: revocation | RFC 7009 section 2
func TestRevocation(t *testing.T) {
	h := build(t)
	tokens := h.exchange(h.login(h.browser()))
	for _, kind := range []string{"access_token", "refresh_token"} {
		wantOAuth(t, "another client's "+kind, h.call("/revoke", "wiki", testSecret, url.Values{"token": {tokens.text(kind)}}), 400, "unauthorized_client")
		wantOAuth(t, "a public client", h.call("/revoke", "spa", "", url.Values{"token": {tokens.text(kind)}}), 400, "unauthorized_client")
	}
	if h.userinfo(tokens.text("access_token")).status != 200 {
		t.Fatal("another client revoked it")
	}
	for name, token := range map[string]string{"garbage": "x", "an ID token": tokens.text("id_token"), "bent": flip(tokens.text("refresh_token"))} {
		if r := h.call("/revoke", "app", testSecret, url.Values{"token": {token}}); r.status != 200 {
			t.Errorf("%s: %d %s", name, r.status, r.body)
		}
	}
	wantOAuth(t, "no token", h.call("/revoke", "app", testSecret, url.Values{"x": {"y"}}), 400, "invalid_request")
	// With a hint that is wrong or unknown, and twice.
	for _, hint := range []string{"access_token", "nonsense"} {
		if r := h.call("/revoke", "app", testSecret, url.Values{"token": {tokens.text("refresh_token")}, "token_type_hint": {hint}}); r.status != 200 {
			t.Errorf("hint %s: %d %s", hint, r.status, r.body)
		}
	}
	if h.userinfo(tokens.text("access_token")).status != 401 || h.refresh(tokens.text("refresh_token"), "").status != 400 {
		t.Error("what was revoked works")
	}
}

// TestCORS: who may read what from a script; never with credentials.
//
// proves: scripts of other origins are answered where they may be, and nowhere else | RFC 9700 section 2.6
func TestCORS(t *testing.T) {
	h := build(t)
	const ours, other = "https://spa.example.com", "https://evil.example.com"
	ask := func(method, path, origin string, preflight bool) page {
		req, err := http.NewRequest(method, h.issuer+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		if origin != "" {
			req.Header.Set("Origin", origin)
		}
		if preflight {
			req.Header.Set("Access-Control-Request-Method", "POST")
			req.Header.Set("Access-Control-Request-Headers", "authorization")
		}
		return h.browser().send(req)
	}
	public := map[string]bool{"/.well-known/openid-configuration": true, "/.well-known/oauth-authorization-server": true, "/jwks": true}
	scripts := map[string]bool{"/token": true, "/par": true, "/userinfo": true, "/userinfo/emails": true, "/revoke": true}
	for _, path := range []string{"/.well-known/openid-configuration", "/.well-known/oauth-authorization-server", "/jwks", "/token", "/par", "/userinfo", "/userinfo/emails", "/revoke",
		"/authorize", "/login/callback", "/device_authorization", "/device", "/introspect", "/healthz", "/readyz", "/", "/nothing"} {
		for _, origin := range []string{ours, other, "null", "https://spa.example.com.evil.example", "http://spa.example.com", ""} {
			for _, preflight := range []bool{false, true} {
				method := http.MethodGet
				if preflight {
					method = http.MethodOptions
				}
				p := ask(method, path, origin, preflight)
				allowed, want := p.header.Get("Access-Control-Allow-Origin"), ""
				switch {
				case public[path]:
					want = "*"
				case scripts[path] && origin == ours:
					want = ours
				}
				if allowed != want {
					t.Errorf("%s %s from %q: allowed %q, want %q", method, path, origin, allowed, want)
				}
				if p.header.Get("Access-Control-Allow-Credentials") != "" {
					t.Errorf("%s: with credentials", path)
				}
				if scripts[path] && !slices.Contains(p.header.Values("Vary"), "Origin") {
					t.Errorf("%s: Vary %q", path, p.header.Values("Vary"))
				}
				if preflight && (public[path] || scripts[path]) {
					if p.status != http.StatusNoContent || (want != "") != (p.header.Get("Access-Control-Allow-Methods") != "") {
						t.Errorf("preflight %s from %q: %d %v", path, origin, p.status, p.header)
					}
				} else if preflight && p.status < 400 {
					t.Errorf("preflight %s: %d", path, p.status)
				}
			}
		}
	}
	// The whole dance of a script: exchange and userinfo, readable for its origin.
	code := h.login(h.browser(), "client_id", "spa", "redirect_uri", ours+"/cb")
	form := url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {ours + "/cb"}, "code_verifier": {testVerifier}, "client_id": {"spa"}}
	req, _ := http.NewRequest("POST", h.issuer+"/token", strings.NewReader(form.Encode()))
	req.Header.Set("Content-Type", formType)
	req.Header.Set("Origin", ours)
	if r := h.json(req); r.status != 200 || r.header.Get("Access-Control-Allow-Origin") != ours {
		t.Errorf("exchange from a script: %d %s", r.status, r.body)
	}
}
