package provider_test

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/dingbridge/dingbridge/provider/audit"
	"github.com/dingbridge/dingbridge/provider/clients"
	"github.com/dingbridge/dingbridge/provider/grants"
	"github.com/dingbridge/dingbridge/provider/pages"
)

// codeForm is a code exchange of the client app in order.
func codeForm(code string) url.Values {
	return url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {appCallback}, "code_verifier": {testVerifier}}
}

// raw sends a request as it is, and reads the answer as JSON if it is.
func (h *house) raw(method, path, contentType, authorization, body string) reply {
	h.t.Helper()
	req, err := http.NewRequest(method, h.issuer+path, strings.NewReader(body))
	if err != nil {
		h.t.Fatal(err)
	}
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	if authorization != "" {
		req.Header.Set("Authorization", authorization)
	}
	r := reply{page: h.browser().send(req)}
	json.Unmarshal([]byte(r.body), &r.json)
	return r
}

const formType = "application/x-www-form-urlencoded"

func basic(id, secret string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(id+":"+secret))
}

// wantOAuth holds an answer to be an error of RFC 6749 section 5.2.
func wantOAuth(t *testing.T, name string, r reply, status int, code string) {
	t.Helper()
	if r.status != status || r.text("error") != code {
		t.Errorf("%s: %d %.200s, want %d %s", name, r.status, r.body, status, code)
	}
	for _, token := range []string{"access_token", "refresh_token", "id_token"} {
		if r.json[token] != nil {
			t.Errorf("%s: an error with %s", name, token)
		}
	}
	if !oauthText(r.text("error_description")) || r.header.Get("Cache-Control") != "no-store" || !strings.HasPrefix(r.header.Get("Content-Type"), "application/json") {
		t.Errorf("%s: description %q, Cache-Control %q, %s", name, r.text("error_description"), r.header.Get("Cache-Control"), r.header.Get("Content-Type"))
	}
	if status == http.StatusUnauthorized && r.header.Get("WWW-Authenticate") == "" {
		t.Errorf("%s: 401 without a challenge", name)
	}
}

// TestH4_WhateverIsWrongBurnsNoCode: one code, every wrong request before the right
// one. The attacks of the password grant and of parameters in the query are among
// them.
//
// proves: a code is bound to client, redirect URI and verifier | RFC 6749 section 4.1.3, RFC 7636 section 4.6
func TestH4_WhateverIsWrongBurnsNoCode(t *testing.T) {
	h := build(t)
	code := h.login(h.browser())
	good := basic("app", testSecret)
	with := func(pairs ...string) string {
		form := codeForm(code)
		for i := 0; i < len(pairs); i += 2 {
			if pairs[i+1] == "" {
				form.Del(pairs[i])
			} else {
				form.Set(pairs[i], pairs[i+1])
			}
		}
		return form.Encode()
	}
	inBody := func(id, secret string) string { return with("client_id", id, "client_secret", secret) }
	h.store.Reset()
	for _, c := range []struct {
		name, method, path, contentType, authorization, body string
		status                                               int
		code                                                 string
	}{
		{"GET", "GET", "/token", "", good, "", 405, "invalid_request"},
		{"GET with all in the query", "GET", "/token?" + inBody("app", testSecret), "", "", "", 405, "invalid_request"},
		{"PUT", "PUT", "/token", formType, good, with(), 405, "invalid_request"},
		{"all in the query", "POST", "/token?" + with(), formType, good, "", 400, "invalid_request"},
		{"secret in the query", "POST", "/token?client_secret=" + testSecret, formType, "", with("client_id", "app"), 400, "invalid_request"},
		{"JSON", "POST", "/token", "application/json", good, `{"grant_type":"authorization_code"}`, 400, "invalid_request"},
		{"text", "POST", "/token", "text/plain", good, with(), 400, "invalid_request"},
		{"no content type", "POST", "/token", "", good, with(), 400, "invalid_request"},
		{"multipart", "POST", "/token", "multipart/form-data; boundary=x", good, with(), 400, "invalid_request"},
		{"empty", "POST", "/token", formType, good, "", 400, "invalid_request"},
		{"broken encoding", "POST", "/token", formType, good, with() + "&x=%zz", 400, "invalid_request"},
		{"semicolons", "POST", "/token", formType, good, strings.ReplaceAll(with(), "&", ";"), 400, "invalid_request"},
		{"64 kB", "POST", "/token", formType, good, with() + "&x=" + strings.Repeat("x", 64<<10), 413, "invalid_request"},
		{"doubled code", "POST", "/token", formType, good, with() + "&code=x", 400, "invalid_request"},
		{"doubled grant_type", "POST", "/token", formType, good, with() + "&grant_type=refresh_token", 400, "invalid_request"},
		{"doubled redirect_uri", "POST", "/token", formType, good, with() + "&redirect_uri=x", 400, "invalid_request"},
		{"doubled client_id", "POST", "/token", formType, good, with() + "&client_id=app&client_id=wiki", 400, "invalid_request"},

		{"no grant_type", "POST", "/token", formType, good, with("grant_type", ""), 400, "invalid_request"},
		{"password", "POST", "/token", formType, good, with("grant_type", "password", "username", "zhangsan", "password", "x"), 400, "unsupported_grant_type"},
		{"client_credentials", "POST", "/token", formType, good, with("grant_type", "client_credentials"), 400, "unsupported_grant_type"},
		{"device", "POST", "/token", formType, good, with("grant_type", "urn:ietf:params:oauth:grant-type:device_code", "device_code", "x"), 400, "unauthorized_client"},
		{"jwt-bearer", "POST", "/token", formType, good, with("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion", "x"), 400, "unsupported_grant_type"},
		{"token exchange", "POST", "/token", formType, good, with("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange", "subject_token", "x"), 400, "unsupported_grant_type"},
		{"implicit", "POST", "/token", formType, good, with("grant_type", "implicit"), 400, "unsupported_grant_type"},
		{"grant_type with quotes", "POST", "/token", formType, good, with("grant_type", `"\é`), 400, "unsupported_grant_type"},

		{"nobody", "POST", "/token", formType, "", with(), 401, "invalid_client"},
		{"no secret", "POST", "/token", formType, "", with("client_id", "app"), 401, "invalid_client"},
		{"empty secret", "POST", "/token", formType, basic("app", ""), with(), 401, "invalid_client"},
		{"wrong secret by Basic", "POST", "/token", formType, basic("app", "wrong"), with(), 401, "invalid_client"},
		{"wrong secret in the body", "POST", "/token", formType, "", inBody("app", "wrong"), 401, "invalid_client"},
		{"cut secret", "POST", "/token", formType, basic("app", testSecret[:len(testSecret)-1]), with(), 401, "invalid_client"},
		{"the stored hash as secret", "POST", "/token", formType, basic("app", url.QueryEscape(clients.HashSecret(testSecret))), with(), 401, "invalid_client"},
		{"unknown client", "POST", "/token", formType, basic("nobody", testSecret), with(), 401, "invalid_client"},
		{"unknown client in the body", "POST", "/token", formType, "", inBody("nobody", testSecret), 401, "invalid_client"},
		{"no client in Basic", "POST", "/token", formType, basic("", testSecret), with(), 401, "invalid_client"},
		{"both methods", "POST", "/token", formType, good, inBody("app", testSecret), 401, "invalid_client"},
		{"two clients", "POST", "/token", formType, good, with("client_id", "wiki"), 401, "invalid_client"},
		{"garbage Basic", "POST", "/token", formType, "Basic !!!", with(), 401, "invalid_client"},
		{"Basic without colon", "POST", "/token", formType, "Basic " + base64.StdEncoding.EncodeToString([]byte("app")), with(), 401, "invalid_client"},
		{"Basic of broken form encoding", "POST", "/token", formType, basic("app", "%zz"), with(), 401, "invalid_client"},
		{"huge Basic", "POST", "/token", formType, basic("app", strings.Repeat("x", 8000)), with(), 401, "invalid_client"},
		{"Bearer", "POST", "/token", formType, "Bearer " + testSecret, with(), 401, "invalid_client"},
		{"Digest", "POST", "/token", formType, `Digest username="app"`, with("client_id", "app"), 401, "invalid_client"},
		{"client assertion", "POST", "/token", formType, "", with("client_id", "app", "client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer", "client_assertion", "x"), 401, "invalid_client"},
		{"a public client with a secret", "POST", "/token", formType, "", inBody("spa", testSecret), 401, "invalid_client"},
		{"a public client by Basic", "POST", "/token", formType, basic("spa", ""), with(), 401, "invalid_client"},
	} {
		wantOAuth(t, c.name, h.raw(c.method, c.path, c.contentType, c.authorization, c.body), c.status, c.code)
	}
	if h.store.Trips() != 0 {
		t.Errorf("storage was asked: %v", h.store.Calls())
	}
	// Authenticated, and still not the one it was issued to, or not so.
	for _, c := range []struct{ name, authorization, body, code string }{
		{"another client", basic("wiki", testSecret), with(), "invalid_grant"},
		{"another client that uses no PKCE", basic("wiki", testSecret), with("code_verifier", ""), "invalid_grant"},
		{"a public client", "", with("client_id", "spa"), "invalid_grant"},
		{"no redirect_uri", good, with("redirect_uri", ""), "invalid_request"},
		{"another redirect_uri", good, with("redirect_uri", wikiCallback), "invalid_grant"},
		{"redirect_uri with a slash", good, with("redirect_uri", appCallback+"/"), "invalid_grant"},
		{"no verifier", good, with("code_verifier", ""), "invalid_grant"},
		{"another verifier", good, with("code_verifier", strings.Repeat("a", 43)), "invalid_grant"},
		{"bent code", good, with("code", flip(code)), "invalid_grant"},
		{"cut code", good, with("code", code[:len(code)-1]), "invalid_grant"},
		{"garbage code", good, with("code", "x"), "invalid_grant"},
		{"huge code", good, with("code", strings.Repeat("x", 30000)), "invalid_grant"},
		{"code as refresh token", good, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {code}}.Encode(), "invalid_grant"},
		{"garbage refresh token", good, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {"x"}}.Encode(), "invalid_grant"},
	} {
		wantOAuth(t, c.name, h.raw("POST", "/token", formType, c.authorization, c.body), 400, c.code)
	}
	for name, form := range map[string]url.Values{"no code": {"grant_type": {"authorization_code"}, "redirect_uri": {appCallback}}, "no refresh token": {"grant_type": {"refresh_token"}}} {
		r := h.raw("POST", "/token", formType, good, form.Encode())
		if r.status != 400 || r.text("error") != "invalid_request" && r.text("error") != "invalid_grant" || !oauthText(r.text("error_description")) {
			t.Errorf("%s: %d %s", name, r.status, r.body)
		}
	}
	// golang.org/x/oauth2 tries Basic, and when refused the body, with the same code.
	r := h.raw("POST", "/token", formType, "", inBody("app", testSecret))
	if r.status != 200 || r.text("access_token") == "" {
		t.Fatalf("after all that: %d %s", r.status, r.body)
	}
	if !h.events.has(audit.ClientAuthenticationFailed, "") || !h.events.has(audit.CodeRefused, "") {
		t.Error("not audited")
	}
}

// TestClientAuthentication: what is to be accepted, form-encoded characters among it.
//
// proves: client_secret_basic, client_secret_post and none | RFC 6749 sections 2.3.1 and 5.2
func TestClientAuthentication(t *testing.T) {
	const odd = "pass+word %2B:with/odd=characters&more-0123456789" // RFC 6749 section 2.3.1 encodes it
	h := build(t, func(p *plan) {
		p.specs = append(p.specs,
			clients.Spec{ID: "odd", SecretHashes: []string{clients.HashSecret(odd), clients.HashSecret(testSecret)}, RedirectURIs: []string{appCallback}, Allow: clients.Allow{Everyone: true}},
			clients.Spec{ID: "basic-only", SecretHash: clients.HashSecret(testSecret), RedirectURIs: []string{appCallback}, TokenEndpointAuthMethods: []string{"client_secret_basic"}, Allow: clients.Allow{Everyone: true}},
			clients.Spec{ID: "post-only", SecretHash: clients.HashSecret(testSecret), RedirectURIs: []string{appCallback}, TokenEndpointAuthMethods: []string{"client_secret_post"}, Allow: clients.Allow{Everyone: true}})
	})
	b := h.browser()
	h.login(b)
	for _, c := range []struct {
		name, client, secret string
		post                 bool
		status               int
	}{
		{"Basic", "app", testSecret, false, 200}, {"body", "app", testSecret, true, 200},
		{"odd by Basic", "odd", odd, false, 200}, {"odd in the body", "odd", odd, true, 200}, {"the second live secret", "odd", testSecret, false, 200},
		{"Basic only", "basic-only", testSecret, false, 200}, {"Basic only, in the body", "basic-only", testSecret, true, 401},
		{"body only", "post-only", testSecret, true, 200}, {"body only, by Basic", "post-only", testSecret, false, 401},
	} {
		code := answer(t, b.get(h.authorization("client_id", c.client))).Get("code")
		form, authorization := codeForm(code), ""
		if c.post {
			form.Set("client_id", c.client)
			form.Set("client_secret", c.secret)
		} else {
			authorization = basic(url.QueryEscape(c.client), url.QueryEscape(c.secret))
		}
		if r := h.raw("POST", "/token", formType, authorization, form.Encode()); r.status != c.status {
			t.Errorf("%s: %d %s", c.name, r.status, r.body)
		}
	}
	// Basic beside the same client_id in the body, and in any case of the scheme.
	form := codeForm(answer(t, b.get(h.authorization())).Get("code"))
	form.Set("client_id", "app")
	if r := h.raw("POST", "/token", formType, strings.Replace(basic("app", testSecret), "Basic", "bAsIc", 1), form.Encode()); r.status != 200 {
		t.Errorf("client_id beside Basic: %d %s", r.status, r.body)
	}
}

// TestG2_CodeShownAgain: over HTTP, the second showing ends everything the first gave.
//
// proves: a code shown again ends what it opened | RFC 6749 section 4.1.2
func TestG2_CodeShownAgain(t *testing.T) {
	h := build(t)
	code := h.login(h.browser())
	tokens := h.exchange(code)
	if h.userinfo(tokens.text("access_token")).status != 200 {
		t.Fatal("the token does not work")
	}
	wantOAuth(t, "again", h.exchange(code), 400, "invalid_grant")
	if r := h.userinfo(tokens.text("access_token")); r.status != 401 {
		t.Errorf("userinfo after reuse: %d", r.status)
	}
	wantOAuth(t, "refresh after reuse", h.refresh(tokens.text("refresh_token"), ""), 400, "invalid_grant")
	if r := h.call("/introspect", "app", testSecret, url.Values{"token": {tokens.text("access_token")}}); r.json["active"] != false || len(r.json) != 1 {
		t.Errorf("introspection after reuse: %s", r.body)
	}
	if !h.events.has(audit.CodeReused, "") {
		t.Error("not audited")
	}
}

// TestG1_ParallelRedemption: many at once over HTTP, one winner, and its tokens are
// dead after it.
//
// proves: a code opens once, however many show it at once | RFC 6749 section 4.1.2
func TestG1_ParallelRedemption(t *testing.T) {
	h := build(t)
	code := h.login(h.browser())
	var answers [12]reply
	var wg sync.WaitGroup
	for i := range answers {
		wg.Go(func() { answers[i] = h.exchange(code) })
	}
	wg.Wait()
	won := 0
	for _, r := range answers {
		switch {
		case r.status == 200:
			won++
			if h.userinfo(r.text("access_token")).status != 401 {
				t.Error("the winner's token outlived the reuse")
			}
		case r.text("error") != "invalid_grant":
			t.Errorf("%d %s", r.status, r.body)
		}
	}
	if won != 1 {
		t.Errorf("%d winners", won)
	}
}

// TestRefreshOverHTTP: rotation, the leeway, reuse, scopes, and other clients.
//
// proves: refresh | RFC 6749 section 6, Core section 12
func TestRefreshOverHTTP(t *testing.T) {
	h := build(t)
	first := h.exchange(h.login(h.browser()))
	second := h.refresh(first.text("refresh_token"), "")
	replayed := h.refresh(first.text("refresh_token"), "")
	if second.status != 200 || replayed.text("refresh_token") != second.text("refresh_token") || !h.events.has(audit.RefreshReplayed, "") {
		t.Errorf("inside the leeway: %d %s", replayed.status, replayed.body)
	}
	wantOAuth(t, "another client", h.call("/token", "wiki", testSecret, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {second.text("refresh_token")}}), 400, "invalid_grant")
	third := h.refresh(second.text("refresh_token"), "openid email admin")
	if third.text("scope") != "openid email" || third.json["id_token"] == nil {
		t.Errorf("narrowed: %d %s", third.status, third.body)
	}
	if info := h.userinfo(third.text("access_token")); info.json["email"] == nil || info.json["nickname"] != nil || info.json["groups"] != nil {
		t.Errorf("userinfo of narrowed scopes: %s", info.body)
	}
	wantOAuth(t, "no scope left", h.refresh(third.text("refresh_token"), "phone admin"), 400, "invalid_scope")
	if r := h.refresh(third.text("refresh_token"), ""); r.status != 200 || !strings.Contains(r.text("scope"), "profile") || strings.Contains(r.text("scope"), "phone") {
		t.Errorf("the whole grant again: %s", r.body)
	}
	// Its successor is used: superseded, and nothing ended.
	wantOAuth(t, "superseded", h.refresh(first.text("refresh_token"), ""), 400, "invalid_grant")
	if h.userinfo(third.text("access_token")).status != 200 {
		t.Error("a superseded token ended the family")
	}
}

// TestG4_ReuseAfterTheLeeway ends the family, over HTTP.
//
// proves: a refresh token used again ends its family | RFC 9700 section 4.14.2
func TestG4_ReuseAfterTheLeeway(t *testing.T) {
	h := build(t, func(p *plan) { p.Lives = grants.Lives{Leeway: time.Millisecond} })
	first := h.exchange(h.login(h.browser()))
	second := h.refresh(first.text("refresh_token"), "")
	time.Sleep(5 * time.Millisecond)
	wantOAuth(t, "reuse", h.refresh(first.text("refresh_token"), ""), 400, "invalid_grant")
	wantOAuth(t, "its successor", h.refresh(second.text("refresh_token"), ""), 400, "invalid_grant")
	if h.userinfo(second.text("access_token")).status != 401 || !h.events.has(audit.RefreshReused, "") {
		t.Error("the access token lives on, or it is not audited")
	}
}

// TestWithoutOfflineAccess there is no refresh token, unless the client is registered
// for one always, or never.
//
// proves: a refresh token only with offline_access | Core section 11
func TestWithoutOfflineAccess(t *testing.T) {
	h := build(t, func(p *plan) {
		for id, mode := range map[string]string{"always": "always", "never": "never"} {
			p.specs = append(p.specs, clients.Spec{ID: id, SecretHash: clients.HashSecret(testSecret), RedirectURIs: []string{appCallback}, RefreshToken: mode, Allow: clients.Allow{Everyone: true}})
		}
	})
	b := h.browser()
	h.login(b)
	for _, c := range []struct {
		client, scope string
		want          bool
	}{{"app", "openid", false}, {"app", "openid offline_access", true}, {"always", "openid", true}, {"never", "openid offline_access", false}} {
		code := answer(t, b.get(h.authorization("client_id", c.client, "scope", c.scope))).Get("code")
		r := h.call("/token", c.client, testSecret, codeForm(code))
		if r.status != 200 || (r.json["refresh_token"] != nil) != c.want {
			t.Errorf("%s with %q: %d %s", c.client, c.scope, r.status, r.body)
		}
	}
}

// TestWithoutOpenID there is no ID token: the request was OAuth's alone.
//
// proves: plain OAuth without openid: no ID token, no userinfo | Core section 3.1.2.1, RFC 6750 section 3.1
func TestWithoutOpenID(t *testing.T) {
	h := build(t)
	r := h.exchange(h.login(h.browser(), "scope", "profile"))
	if r.status != 200 || r.json["id_token"] != nil {
		t.Errorf("%d %s", r.status, r.body)
	}
	r = h.exchange(h.login(h.browser(), "scope", "email"))
	if info := h.userinfo(r.text("access_token")); info.status != 403 || !strings.Contains(info.header.Get("WWW-Authenticate"), "insufficient_scope") {
		t.Errorf("userinfo with scope email alone: %d %s", info.status, info.body)
	}
}

// TestThreat_TokenMatrix: every kind of token at every place that takes one; only the
// diagonal works (ZITADEL CVE-2026-55669, Casdoor CVE-2026-9097).
//
// proves: each kind of token opens one kind of door | RFC 6749 section 10.3, RFC 8725 section 3.12
func TestThreat_TokenMatrix(t *testing.T) {
	h := build(t)
	b := h.browser()
	tokens := h.exchange(h.login(b))
	code := answer(t, b.get(h.authorization())).Get("code")
	state := mustQuery(t, h.arrive(h.browser())).Get("state")
	session := b.cookieNamed(h.issuer, "-session-")
	for name, token := range map[string]string{
		"access": tokens.text("access_token"), "refresh": tokens.text("refresh_token"), "ID": tokens.text("id_token"), "code": code, "state": state, "session": session,
		"none": "eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0.", "empty": "",
	} {
		if token != "" {
			if got := h.userinfo(token).status == 200; got != (name == "access") {
				t.Errorf("%s token at userinfo: accepted %t", name, got)
			}
			intro := h.call("/introspect", "app", testSecret, url.Values{"token": {token}})
			if got := intro.json["active"] == true; got != (name == "access" || name == "refresh") || intro.status != 200 {
				t.Errorf("%s token at introspection: %d %s", name, intro.status, intro.body)
			}
		}
		if r := h.refresh(token, ""); (r.status == 200) != (name == "refresh") {
			t.Errorf("%s token as refresh token: %d", name, r.status)
		}
		if name != "code" {
			if r := h.exchange(token); r.status == 200 {
				t.Errorf("%s token as code", name)
			}
		}
		if name != "state" {
			bb := h.browser()
			q := mustQuery(t, h.arrive(bb))
			q.Set("state", token)
			want := pages.InvalidRequest
			if token == "" {
				want = pages.LoginExpired // an empty parameter is none (RFC 6749 section 3.1)
			}
			if p := bb.get(h.issuer + "/login/callback?" + q.Encode()); p.kind() != string(want) {
				t.Errorf("%s token as state: %d %s", name, p.status, p.kind())
			}
		}
	}
}
