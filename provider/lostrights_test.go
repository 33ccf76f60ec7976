package provider_test

import (
	"net/url"
	"testing"

	"github.com/dingbridge/dingbridge/provider/clients"
)

// TestThreat_UsernameByIntrospection: who may not learn a person's name at userinfo does
// not learn it by asking about the token, nor does a resource server.
//
// proves: introspection tells no more than the scopes do | RFC 7662 section 5
func TestThreat_UsernameByIntrospection(t *testing.T) {
	h := build(t)
	b := h.browser()
	for scope, told := range map[string]bool{"openid offline_access": false, "openid profile offline_access": true} {
		tokens := h.exchange(h.login(b, "scope", scope))
		name := h.userinfo(tokens.text("access_token")).text("preferred_username")
		if (name != "") != told {
			t.Fatalf("%s: userinfo says %q", scope, name)
		}
		for asks, token := range map[[2]string]string{
			{"app", "access"}: tokens.text("access_token"), {"api", "access"}: tokens.text("access_token"), {"app", "refresh"}: tokens.text("refresh_token"),
		} {
			r := h.call("/introspect", asks[0], testSecret, url.Values{"token": {token}})
			if r.json["active"] != true || r.text("username") != name {
				t.Errorf("%s, asked by %v: %s", scope, asks, r.body)
			}
		}
	}
}

// TestThreat_OfflineAccessTakenAway: a client that may not ask for offline_access any more
// gets no further by a refresh token of before, and has it back with the scope.
func TestThreat_OfflineAccessTakenAway(t *testing.T) {
	h := build(t)
	token := h.exchange(h.login(h.browser())).text("refresh_token")
	scopes := func(names ...string) {
		specs := testClients()
		specs[0].Scopes = names
		h.replace(specs)
	}
	scopes("openid", "profile")
	wantOAuth(t, "without the scope", h.refresh(token, ""), 400, "invalid_grant")
	if r := h.call("/introspect", "app", testSecret, url.Values{"token": {token}}); r.json["active"] != false {
		t.Errorf("introspection: %s", r.body)
	}
	specs := testClients()
	specs[0].Scopes, specs[0].RefreshToken = []string{"openid", "profile"}, clients.RefreshAlways
	h.replace(specs)
	if r := h.refresh(token, ""); r.status != 200 || r.text("scope") != "openid profile" {
		t.Errorf("where every grant may be refreshed: %d %s", r.status, r.body)
	} else {
		token = r.text("refresh_token")
	}
	scopes("openid", "profile", "offline_access")
	if r := h.refresh(token, ""); r.status != 200 {
		t.Errorf("with the scope again: %d %s", r.status, r.body)
	}
}
