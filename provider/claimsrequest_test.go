package provider_test

import (
	"net/url"
	"slices"
	"strings"
	"testing"
)

// TestClaimsRequest: claims that are asked for one by one, where they were asked for,
// as far as the client is registered for their scope.
//
// proves: claims parameter | OpenID Connect Core 1.0 section 5.5
func TestClaimsRequest(t *testing.T) {
	h := build(t, func(p *plan) {
		for i := range p.specs {
			if p.specs[i].ID == "app" {
				p.specs[i].MinimalIDToken = true
				p.specs[i].Scopes = []string{"openid", "profile", "email", "offline_access"}
			}
		}
	})
	names := func(claims map[string]any) (list []string) {
		for _, name := range []string{"name", "nickname", "email", "email_verified", "groups", "phone_number"} {
			if claims[name] != nil {
				list = append(list, name)
			}
		}
		return list
	}
	b := h.browser()
	sub, _ := h.claimsOf(h.exchange(h.login(b)).text("id_token"), "app")["sub"].(string)
	for request, c := range map[string]struct{ id, info string }{
		``:                                  {"", ""},
		`{}`:                                {"", ""},
		`{"id_token":null,"userinfo":null}`: {"", ""},
		`{"userinfo":{"name":{"essential":true}}}`:                                    {"", "name"},
		`{"userinfo":{"name":null,"nickname":{"essential":false}}}`:                   {"", "name nickname"},
		`{"id_token":{"email":null}}`:                                                 {"email", ""},
		`{"id_token":{"email":{"value":"other@example.com"}},"userinfo":{"name":{}}}`: {"email", "name"},
		`{"userinfo":{"groups":{"essential":true},"phone_number":null,"given_name":{"essential":true},"http://x.example/y":null}}`: {"", ""},
		`{"id_token":{"acr":{"essential":true,"values":["urn:x","urn:dingbridge:acr:dingtalk"]},"auth_time":{"essential":true}}}`:  {"", ""},
		`{"id_token":{"acr":{"essential":true}},"verified_claims":{"x":1}}`:                                                        {"", ""},
		`{"id_token":{"acr":{"values":["urn:nothing"]}}}`:                                                                          {"", ""}, // voluntary
		`{"id_token":{"sub":{"value":"` + sub + `"}}}`:                                                                             {"", ""},
	} {
		tokens := h.exchange(h.login(b, "scope", "openid offline_access", "claims", request))
		for range 2 {
			if got := strings.Join(names(h.claimsOf(tokens.text("id_token"), "app")), " "); got != c.id {
				t.Errorf("%s: ID token has %q, want %q", request, got, c.id)
			}
			if got := strings.Join(names(h.userinfo(tokens.text("access_token")).json), " "); got != c.info {
				t.Errorf("%s: userinfo has %q, want %q", request, got, c.info)
			}
			tokens = h.refresh(tokens.text("refresh_token"), "") // and again after a refresh
		}
	}
	for request, code := range map[string]string{
		`x`: "invalid_request", `[]`: "invalid_request", `{"userinfo":[]}`: "invalid_request", `{"userinfo":{"name":true}}`: "invalid_request",
		`{"id_token":{"sub":{"value":7}}}`: "invalid_request", `{} {}`: "invalid_request",
		`{"userinfo":{"x":"` + strings.Repeat("y", 5000) + `"}}`:                           "invalid_request",
		`{"id_token":{"acr":{"essential":true,"values":["urn:mfa"]}}}`:                     "unmet_authentication_requirements",
		`{"id_token":{"acr":{"essential":true,"value":"urn:mfa"}}}`:                        "unmet_authentication_requirements",
		`{"id_token":{"sub":{"value":"a"}},"userinfo":{"sub":{"value":"b"}}}`:              "invalid_request",
		`{"id_token":{"sub":{"value":"` + strings.Repeat("a", 26) + `"}}}`:                 "login_required",
		`{"userinfo":{"sub":{"value":"` + strings.Repeat("a", 26) + `"}},"id_token":null}`: "login_required",
	} {
		if q := answer(t, b.get(h.authorization("claims", request, "prompt", "none"))); q.Get("error") != code || q.Has("code") {
			t.Errorf("%s: %v, want %s", request, q, code)
		}
	}
	// With scopes the claims parameter adds, and takes nothing away.
	tokens := h.exchange(h.login(b, "scope", "openid profile", "claims", `{"userinfo":{"email":null}}`))
	if got := names(h.userinfo(tokens.text("access_token")).json); !slices.Equal(got, []string{"name", "nickname", "email", "email_verified"}) && !slices.Equal(got, []string{"name", "nickname", "email"}) {
		t.Errorf("beside a scope: %v", got)
	}
	// A client that is told everything in its ID token may ask too.
	if r := h.call("/token", "wiki", testSecret, url.Values{"grant_type": {"authorization_code"}, "redirect_uri": {wikiCallback}, "code_verifier": {testVerifier},
		"code": {h.login(b, "client_id", "wiki", "redirect_uri", wikiCallback, "scope", "openid", "claims", `{"id_token":{"groups":null}}`)}}); h.claimsOf(r.text("id_token"), "wiki")["groups"] == nil {
		t.Error("groups were asked for and not told")
	}
}
