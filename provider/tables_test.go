package provider_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/dingbridge/dingbridge/provider/pages"
)

// asker is a way to bring an authorization request: it returns the page where the
// browser ends, or, if a client was refused before a browser came, the answer to it.
type asker func(b *browser, client, secret string, q url.Values) (page, reply)

// askers are all ways.
func (h *house) askers() map[string]asker {
	return map[string]asker{
		"GET": func(b *browser, _, _ string, q url.Values) (page, reply) {
			return b.get(h.issuer + "/authorize?" + q.Encode()), reply{}
		},
		"POST": func(b *browser, _, _ string, q url.Values) (page, reply) {
			p := b.post(h.issuer+"/authorize", q)
			if p.status == http.StatusSeeOther && strings.HasPrefix(p.location, h.issuer) {
				p = b.get(p.location)
			}
			return p, reply{}
		},
		"pushed": func(b *browser, client, secret string, q url.Values) (page, reply) {
			r := h.call("/par", client, secret, q)
			if r.status != http.StatusCreated {
				return page{}, r
			}
			return b.get(h.issuer + "/authorize?" + url.Values{"client_id": {client}, "request_uri": {r.text("request_uri")}}.Encode()), r
		},
	}
}

// TestThreat_RedirectURIMutations_ByEveryWay: a bent redirect URI is refused, and goes
// nowhere, by whichever way it comes and the answer would go.
//
// proves: redirect URIs are compared byte by byte | RFC 9700 section 2.1, Core section 3.1.2.1, RFC 9126 section 2.4
func TestThreat_RedirectURIMutations_ByEveryWay(t *testing.T) {
	t.Parallel()
	const good = "https://app.example.com/cb/x?tenant=a"
	h := build(t, func(p *plan) { p.specs[0].RedirectURIs = []string{good} })
	b := h.browser()
	for way, ask := range h.askers() {
		tried := 0
		for i, uri := range append(mutations(good), wikiCallback, appGoodbye) {
			q := h.query("redirect_uri", uri)
			if i%3 == 0 {
				q.Set("response_mode", "form_post")
			}
			if i%2 == 0 {
				q.Set("prompt", "none")
			}
			tried++
			p, r := ask(b, "app", testSecret, q)
			switch {
			case way == "pushed" && (r.status != http.StatusBadRequest || r.text("error") != "invalid_request" || r.json["request_uri"] != nil):
				t.Errorf("%s %q: %d %s", way, uri, r.status, r.body)
			case way != "pushed" && (p.status != http.StatusBadRequest || p.kind() != string(pages.UnregisteredRedirect) || p.location != "" || p.action() != ""):
				t.Errorf("%s %q: %d %s %s", way, uri, p.status, p.kind(), p.location)
			}
		}
		if tried < 150 {
			t.Errorf("%s: only %d mutations", way, tried)
		}
		if p, _ := ask(b, "app", testSecret, h.query("redirect_uri", good, "prompt", "none")); !strings.HasPrefix(p.location, good+"&error=login_required") {
			t.Errorf("%s: the registered one: %d %s %s", way, p.status, p.kind(), p.location)
		}
	}
}

// TestThreat_PKCETable: every kind of client, every way to ask, every challenge and
// every verifier. A code comes out for S256 alone, or for a client that may leave PKCE
// out, and then tokens for the verifier of that very request (CVE-2023-48228,
// CVE-2024-23647, CVE-2025-4144, CVE-2024-22258).
//
// proves: PKCE with S256, which no request can downgrade | RFC 7636 section 4, RFC 9700 section 2.1.1
func TestThreat_PKCETable(t *testing.T) {
	t.Parallel()
	h := build(t)
	s256 := challenge(testVerifier)
	b := h.browser()
	h.login(b)
	for _, c := range []struct {
		client, redirect, secret string
		required                 bool
	}{
		{"app", appCallback, testSecret, true}, {"wiki", wikiCallback, testSecret, false},
		{"spa", "https://spa.example.com/cb", "", true}, {"cli", "http://127.0.0.1:5000/cb", "", true},
	} {
		for way, ask := range h.askers() {
			for name, asked := range map[string]struct {
				challenge, method string
				with, without     bool // good for a verifier, or for none
			}{
				"S256":                       {s256, "S256", true, false},
				"nothing":                    {"", "", false, !c.required},
				"no method, which is plain":  {s256, "", false, false},
				"plain":                      {testVerifier, "plain", false, false},
				"plain of a hash":            {s256, "plain", false, false},
				"a method without challenge": {"", "S256", false, false},
				"another method":             {s256, "S512", false, false},
				"the method in other case":   {s256, "s256", false, false},
				"a challenge too short":      {s256[1:], "S256", false, false},
			} {
				label := c.client + " " + way + " " + name
				q := h.query("client_id", c.client, "redirect_uri", c.redirect, "code_challenge", asked.challenge, "code_challenge_method", asked.method)
				redeem := func(verifier string) reply {
					p, r := ask(b, c.client, c.secret, q)
					if !asked.with && !asked.without {
						if way == "pushed" {
							wantOAuth(t, label, r, http.StatusBadRequest, "invalid_request")
						} else if u := mustQuery(t, p.location); u.Get("error") != "invalid_request" || u.Has("code") {
							t.Errorf("%s: %d %s", label, p.status, p.location)
						}
						return reply{}
					}
					form := url.Values{"grant_type": {"authorization_code"}, "code": {answer(t, p).Get("code")}, "redirect_uri": {c.redirect}}
					if verifier != "" {
						form.Set("code_verifier", verifier)
					}
					return h.call("/token", c.client, c.secret, form)
				}
				for _, verifier := range []string{testVerifier, "", s256, strings.Repeat("a", 43), "short"} {
					r := redeem(verifier)
					good := asked.with && verifier == testVerifier || asked.without && verifier == ""
					if r.status != 0 && (r.status == http.StatusOK) != good {
						t.Errorf("%s, verifier %q: %d %s", label, verifier, r.status, r.body)
					}
					if r.status != 0 && !good {
						wantOAuth(t, label, r, http.StatusBadRequest, "invalid_grant")
					}
				}
			}
		}
	}
}
