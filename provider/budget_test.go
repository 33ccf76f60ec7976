package provider_test

import (
	"maps"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/dingbridge/dingbridge/provider/pages"
)

// TestH7_RoundTrips counts how often each request goes to storage; a pipeline counts
// once. The table in docs/state.md says the same, row by row.
func TestH7_RoundTrips(t *testing.T) {
	h := build(t, withDevices)
	counted := map[string]int{}
	trips := func(row string, do func()) {
		t.Helper()
		h.store.Reset()
		do()
		if before, again := counted[row]; again && before != h.store.Trips() {
			t.Errorf("%s: %d trips, and then %d: %v", row, before, h.store.Trips(), h.store.Calls())
		}
		counted[row] = h.store.Trips()
	}
	b := h.browser()
	h.login(b) // who logged in before
	other := h.browser()
	var to, code string
	trips("authorize, no session", func() { to = h.arrive(other) })
	trips("callback", func() { code = answer(t, other.get(to)).Get("code") })
	trips("callback, loaded again", func() { other.get(to) })
	trips("authorize, with our session", func() { answer(t, other.get(h.authorization())) })
	var tokens reply
	trips("code exchange", func() { tokens = h.exchange(code) })
	trips("refresh", func() { tokens = h.refresh(tokens.text("refresh_token"), "") })
	access := tokens.text("access_token")
	trips("userinfo", func() { tokens = h.userinfo(access) })
	if tokens.status != 200 {
		t.Fatal("what was counted did not work")
	}
	token := url.Values{"token": {access}}
	trips("introspection", func() { h.call("/introspect", "app", testSecret, token) })
	trips("revocation", func() { h.call("/revoke", "app", testSecret, token) })

	second := h.browser()
	h.exchange(h.login(second))
	var own page
	trips("the issuer's own page, with our session", func() { own = other.get(h.issuer + "/") })
	wantPage(t, own, 200, pages.SignedIn)
	trips("a session ended on that page", func() { other.post(h.issuer+"/account/end", own.ending(t, "session:")) })
	trips("an app or device ended on that page", func() { other.post(h.issuer+"/account/end", own.ending(t, "grant:")) })

	trips("a pushed request", func() { to = h.pushedURL() })
	trips("authorize, with a pushed request", func() { h.browser().get(to) })
	trips("a form by POST", func() { to = other.post(h.issuer+"/authorize", h.query()).location })
	trips("authorize, with that form", func() { h.browser().get(to) })

	var codes reply
	trips("a device's codes", func() { codes = h.deviceCodes("tv", "") })
	trips("a device that waits", func() { h.poll("tv", "", codes.text("device_code")) })
	var asks page
	trips("the page for a user code", func() { asks = other.get(h.issuer + "/device") })
	f := asks.form(t)
	f.fields.Set("user_code", codes.text("user_code"))
	trips("a user code", func() { asks = other.post(h.dial(f.action), f.fields) })
	trips("the answer to a device", func() { wantPage(t, h.press(other, asks, "approve"), 200, pages.DeviceApproved) })
	trips("a device's tokens", func() { h.poll("tv", "", codes.text("device_code")) })

	trips("logout, asked", func() { asks = other.get(h.logout()) })
	trips("logout", func() { wantPage(t, h.press(other, asks, "here"), 200, pages.SignedOut) })
	hint := h.exchange(h.login(other)).text("id_token")
	trips("logout", func() { wantPage(t, other.get(h.logout("id_token_hint", hint)), 200, pages.SignedOut) })
	asks = b.get(h.logout())
	trips("logout everywhere", func() { wantPage(t, h.press(b, asks, "everywhere"), 200, pages.SignedOutEverywhere) })

	h.sim.ApproveAs("noemail")
	somebody := h.browser()
	to = h.arrive(somebody)
	trips("callback, a person's very first", func() { somebody.get(to) })
	for _, path := range []string{"/.well-known/openid-configuration", "/.well-known/oauth-authorization-server", "/jwks"} {
		trips("discovery, JWKS", func() { h.browser().get(h.issuer + path) })
	}

	h = build(t, byWays(everyWay...))
	for range 2 { // the first time is the person's very first
		b = h.browser()
		trips("authorize, no session", func() { to = b.says(agentDesktop).get(h.authorization()).location })
		trips("a page to choose, to scan, or for the DingTalk client", func() { b.get(to) })
		states := h.statesOf(b)
		for _, path := range []string{"/login/frame?state=" + states["frame"], "/login/inapp?state=" + states["inapp"]} {
			trips("a page to choose, to scan, or for the DingTalk client", func() { b.get(h.issuer + path) })
		}
		inside := h.someCode(h.upstream, "inapp")
		h.store.Reset()
		if answer(t, h.handIn(b, states["inapp"], inside)).Get("code") == "" {
			t.Fatal("what was counted did not work")
		}
		counted["a code from inside the DingTalk client"] = h.store.Trips()
	}

	if told := roundTrips(t); !maps.Equal(told, counted) {
		for _, row := range slices.Sorted(maps.Keys(counted)) {
			if n, known := told[row]; !known || n != counted[row] {
				t.Errorf("| %s | %d | is not what docs/state.md says", row, counted[row])
			}
		}
		for row := range told {
			if _, known := counted[row]; !known {
				t.Errorf("docs/state.md has %q, which nothing here counts", row)
			}
		}
	}
}

// roundTrips are the rows of the table of docs/state.md.
func roundTrips(t *testing.T) map[string]int {
	t.Helper()
	text, err := os.ReadFile("../docs/state.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(text), "## Round trips")
	rows := map[string]int{}
	for line := range strings.Lines(table) {
		cells := strings.Split(line, "|")
		if len(cells) < 4 {
			continue
		}
		if n, err := strconv.Atoi(strings.TrimSpace(cells[2])); err == nil {
			rows[strings.TrimSpace(cells[1])] = n
		}
	}
	return rows
}

// TestH7_WhatIsNotOursAsksNoStorage: what can be seen to be wrong costs no trip.
func TestH7_WhatIsNotOursAsksNoStorage(t *testing.T) {
	h := build(t, withDevices)
	b := h.browser()
	h.login(b)
	strange := h.browser()
	callback := h.arrive(strange)
	tokens := h.exchange(h.login(b))
	device, pushed := h.deviceCodes("tv", "").text("device_code"), h.pushedURL()
	none := func(what string, do func()) {
		t.Helper()
		h.store.Reset()
		if do(); h.store.Trips() != 0 {
			t.Errorf("%s: %v", what, h.store.Calls())
		}
	}
	for _, path := range []string{"/healthz", "/readyz", "/nothing", "/authorize", "/login/callback", "/userinfo"} {
		none(path, func() { b.get(h.issuer + path) })
	}
	theirs := url.QueryEscape(h.stateAt(strange))
	for _, path := range []string{"/login/choose", "/login/frame", "/login/inapp"} {
		none(path, func() { b.get(h.issuer + path) })
		none("another browser's "+path, func() { b.get(h.issuer + path + "?state=" + theirs) })
	}
	none("the start page for a stranger", func() { strange.get(h.issuer + "/") })
	none("another browser's callback", func() { b.get(callback) })
	none("a bent device code", func() { h.poll("tv", "", flip(device)) })
	none("a bent request_uri", func() { b.get(flip(pushed)) })
	none("a pushed request that is not in order", func() { h.push("scope", "phone") })
	for name, token := range map[string]string{"garbage": "x", "bent": flip(tokens.text("access_token"))} {
		none(name+" token", func() {
			h.userinfo(token)
			h.refresh(token, "")
			h.exchange(token)
			h.call("/introspect", "app", testSecret, url.Values{"token": {token}})
			h.call("/revoke", "app", testSecret, url.Values{"token": {token}})
		})
	}
}
