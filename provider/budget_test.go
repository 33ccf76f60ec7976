package provider_test

import (
	"net/url"
	"testing"
)

// TestH7_StorageTrips: how often each request goes to storage, for a person who
// logged in before. A pipeline counts once.
func TestH7_StorageTrips(t *testing.T) {
	h := build(t)
	b := h.browser()
	h.login(b)
	trips := func(what string, most int, do func()) {
		t.Helper()
		h.store.Reset()
		do()
		if got := h.store.Trips(); got > most {
			t.Errorf("%s: %d trips, at most %d: %v", what, got, most, h.store.Calls())
		}
	}
	fresh := h.browser()
	var to string
	trips("authorize", 1, func() { to = h.arrive(fresh) })
	var end page
	trips("callback", 3, func() { end = fresh.get(to) })
	trips("callback reloaded", 1, func() { fresh.get(to) })
	var on page
	trips("sign-on", 2, func() { on = fresh.get(h.authorization()) })
	trips("callback of another browser", 0, func() { b.get(to) })
	var tokens reply
	trips("token", 2, func() { tokens = h.exchange(answer(t, end).Get("code")) })
	trips("refresh", 2, func() { tokens = h.refresh(tokens.text("refresh_token"), "") })
	trips("userinfo", 1, func() { h.userinfo(tokens.text("access_token")) })
	trips("introspection", 1, func() { h.call("/introspect", "app", testSecret, url.Values{"token": {tokens.text("access_token")}}) })
	trips("revocation", 2, func() { h.call("/revoke", "app", testSecret, url.Values{"token": {tokens.text("access_token")}}) })
	if tokens.status != 200 || answer(t, on).Get("code") == "" {
		t.Fatal("what was counted did not work")
	}
	h.sim.ApproveAs("noemail")
	fresh = h.browser()
	to = h.arrive(fresh)
	trips("callback of somebody new, whose username is registered", 4, func() { fresh.get(to) })
	for _, path := range []string{"/.well-known/openid-configuration", "/.well-known/oauth-authorization-server", "/jwks", "/", "/healthz", "/readyz", "/nothing", "/authorize", "/login/callback", "/userinfo"} {
		trips(path, 0, func() { b.get(h.issuer + path) })
	}
	for name, token := range map[string]string{"garbage": "x", "bent": flip(tokens.text("access_token"))} {
		trips(name+" token", 0, func() {
			h.userinfo(token)
			h.refresh(token, "")
			h.exchange(token)
			h.call("/introspect", "app", testSecret, url.Values{"token": {token}})
			h.call("/revoke", "app", testSecret, url.Values{"token": {token}})
		})
	}
}
