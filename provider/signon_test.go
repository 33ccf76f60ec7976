package provider_test

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/dingbridge/dingbridge/provider/audit"
	"github.com/dingbridge/dingbridge/provider/pages"
)

// toDingTalk tells whether a browser was sent to DingTalk.
func (h *house) toDingTalk(p page) bool { return strings.HasPrefix(p.location, h.dingtalk) }

// TestPrompt: what each prompt does with a session and without one.
//
// proves: prompt | OpenID Connect Core 1.0 section 3.1.2.1
func TestPrompt(t *testing.T) {
	const signOn, dingTalk, consent = "signed on", "sent to DingTalk", "asked"
	h := build(t)
	for _, c := range []struct{ prompt, without, with string }{
		{"", dingTalk, signOn},
		{"none", "login_required", signOn},
		{"login", dingTalk, dingTalk},
		{"select_account", dingTalk, dingTalk},
		{"login select_account", dingTalk, dingTalk},
		{"consent", dingTalk, consent},
		{"login consent", dingTalk, dingTalk},
		{"select_account consent", dingTalk, dingTalk},
		{"none login", "invalid_request", "invalid_request"},
		{"none consent", "invalid_request", "invalid_request"},
		{"login none", "invalid_request", "invalid_request"},
		{"create", dingTalk, signOn}, // unknown: ignored
	} {
		here := h.browser()
		h.login(here)
		for name, b := range map[string]*browser{c.without: h.browser(), c.with: here} {
			p := b.get(h.authorization("prompt", c.prompt))
			got := ""
			switch {
			case h.toDingTalk(p):
				got = dingTalk
			case p.kind() == string(pages.Consent):
				got = consent
			case answer(t, p).Get("code") != "":
				got = signOn
			default:
				got = answer(t, p).Get("error")
			}
			if got != name {
				t.Errorf("prompt %q: %s, want %s", c.prompt, got, name)
			}
		}
	}
}

// TestPromptLoginProvesAnew: prompt=login and an exceeded max_age always end in a later
// auth_time, whatever our session says.
//
// proves: prompt=login, max_age and auth_time | OpenID Connect Core 1.0 section 3.1.2.1
func TestPromptLoginProvesAnew(t *testing.T) {
	h := build(t)
	b := h.browser()
	authTime := func(code string) float64 {
		return h.claimsOf(h.exchange(code).text("id_token"), "app")["auth_time"].(float64)
	}
	first := authTime(h.login(b))
	if again := authTime(h.login(b, "max_age", "10000")); again != first {
		t.Errorf("within max_age: auth_time %v, before %v", again, first)
	}
	sid := h.claimsOf(h.exchange(h.login(b)).text("id_token"), "app")["sid"]
	time.Sleep(time.Until(time.Unix(int64(first)+1, 0)) + 50*time.Millisecond) // auth_time counts seconds
	for _, pairs := range [][]string{{"prompt", "login"}, {"max_age", "0"}, {"max_age", "1"}} {
		if p := b.get(h.authorization(pairs...)); !h.toDingTalk(p) {
			t.Fatalf("%v: %d %s", pairs, p.status, p.location)
		}
	}
	claims := h.claimsOf(h.exchange(h.login(b, "prompt", "login")).text("id_token"), "app")
	if claims["auth_time"].(float64) <= first {
		t.Errorf("after prompt=login: auth_time %v, before %v", claims["auth_time"], first)
	}
	if claims["sid"] != sid {
		t.Errorf("the same person in the same browser got another sid")
	}
}

// TestIDTokenHint: only an ID token of ours, for this client, counts; and only the
// person whom it names will do.
//
// proves: id_token_hint | OpenID Connect Core 1.0 section 3.1.2.1
func TestIDTokenHint(t *testing.T) {
	h := build(t)
	b := h.browser()
	own := h.exchange(h.login(b))
	hint := own.text("id_token")
	other := h.browser()
	h.as("zhangsan2")
	foreign := h.exchange(h.login(other)).text("id_token")
	wikis := h.call("/token", "wiki", testSecret, url.Values{"grant_type": {"authorization_code"}, "redirect_uri": {wikiCallback}, "code_verifier": {testVerifier},
		"code": {answer(t, b.get(h.authorization("client_id", "wiki", "redirect_uri", wikiCallback))).Get("code")}}).text("id_token")
	flip := func(s string) string { return s[:len(s)-7] + string(s[len(s)-7]^1) + s[len(s)-6:] }

	for name, token := range map[string]string{"garbage": "x", "changed": flip(hint), "access token": own.text("access_token"),
		"refresh token": own.text("refresh_token"), "another client's": wikis} {
		if q := answer(t, b.get(h.authorization("id_token_hint", token))); q.Get("error") != "invalid_request" || q.Has("code") {
			t.Errorf("%s: %v", name, q)
		}
	}
	if q := answer(t, b.get(h.authorization("id_token_hint", hint, "prompt", "none"))); q.Get("code") == "" {
		t.Errorf("own hint: %v", q)
	}
	if q := answer(t, b.get(h.authorization("id_token_hint", foreign, "prompt", "none"))); q.Get("error") != "login_required" {
		t.Errorf("another person's hint, prompt none: %v", q)
	}
	// Without prompt=none the person may log in as whom the client expects, and as nobody else.
	h.as("zhangsan")
	start := b.get(h.authorization("id_token_hint", foreign))
	if !h.toDingTalk(start) {
		t.Fatalf("another person's hint: %d %s", start.status, start.location)
	}
	h.events.take()
	callback := b.follow(start.location, h.issuer+"/login/callback").location
	for range 2 { // a reload has the same end
		if q := answer(t, b.get(callback)); q.Get("error") != "login_required" || q.Has("code") || q.Get("iss") != h.issuer {
			t.Errorf("somebody else logged in: %v", q)
		}
	}
	if !h.events.has(audit.LoginRefused, "other_person") {
		t.Error("not audited")
	}
	if q := answer(t, b.get(h.authorization("prompt", "none", "id_token_hint", hint))); q.Get("code") == "" {
		t.Errorf("the session from before is lost: %v", q)
	}
	h.as("zhangsan2")
	if q := answer(t, b.follow(h.authorization("id_token_hint", foreign), appCallback)); q.Get("code") == "" {
		t.Errorf("the expected person: %v", q)
	}
}

// as makes DingTalk's page approve as somebody else from now on.
func (h *house) as(userID string) {
	h.t.Helper()
	if err := h.sim.ApproveAs(userID); err != nil {
		h.t.Fatal(err)
	}
}
