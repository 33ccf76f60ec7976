package provider_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/dingbridge/dingbridge/provider/audit"
	"github.com/dingbridge/dingbridge/provider/pages"
	"github.com/dingbridge/dingbridge/storage"
	"github.com/dingbridge/dingbridge/storage/storagetest"
)

// logout is a logout request, of pairs of name and value.
func (h *house) logout(pairs ...string) string {
	q := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		q.Add(pairs[i], pairs[i+1])
	}
	return h.issuer + "/end_session?" + q.Encode()
}

// goes logs a browser out by the person's own word.
func (h *house) goes(b *browser) {
	h.t.Helper()
	if p := h.press(b, b.get(h.logout()), "here"); p.kind() != string(pages.SignedOut) {
		h.t.Fatalf("not signed out: %d %s", p.status, p.kind())
	}
}

// in tells whether the browser has a session.
func (h *house) in(b *browser) bool {
	h.t.Helper()
	return answer(h.t, b.get(h.authorization("prompt", "none"))).Get("code") != ""
}

// TestH9_Logout: the table of what a logout request does to a browser with a session.
//
// proves: RP-initiated logout | OpenID Connect RP-Initiated Logout 1.0 sections 2, 3 and 4
func TestH9_Logout(t *testing.T) {
	const gone, asked, refused = "gone", "asked", "refused"
	h := build(t)
	elsewhere := h.exchange(h.login(h.browser())).text("id_token") // same person, another browser
	h.as("zhangsan2")
	others := h.exchange(h.login(h.browser())).text("id_token")
	h.as("zhangsan")
	for name, c := range map[string]struct {
		pairs    func(hint string) []string
		want     string
		location string
	}{
		"hint": {func(hint string) []string { return []string{"id_token_hint", hint} }, gone, ""},
		"hint and address": {func(hint string) []string {
			return []string{"id_token_hint", hint, "post_logout_redirect_uri", appGoodbye, "state", "s &1"}
		}, gone, appGoodbye + "&state=s+%261"},
		"hint, address, no state": {func(hint string) []string {
			return []string{"id_token_hint", hint, "post_logout_redirect_uri", appGoodbye}
		}, gone, appGoodbye},
		"hint and its client":     {func(hint string) []string { return []string{"id_token_hint", hint, "client_id", "app"} }, gone, ""},
		"hint and another client": {func(hint string) []string { return []string{"id_token_hint", hint, "client_id", "wiki"} }, refused, ""},
		"hint, wrong address": {func(hint string) []string {
			return []string{"id_token_hint", hint, "post_logout_redirect_uri", appGoodbye + "/"}
		}, refused, ""},
		"hint, redirect URI": {func(hint string) []string {
			return []string{"id_token_hint", hint, "post_logout_redirect_uri", appCallback}
		}, refused, ""},
		"hint of another session": {func(string) []string { return []string{"id_token_hint", elsewhere} }, asked, ""},
		"another person's hint": {func(string) []string {
			return []string{"id_token_hint", others, "post_logout_redirect_uri", appGoodbye}
		}, asked, ""},
		"changed hint": {func(hint string) []string {
			return []string{"id_token_hint", flip(hint)}
		}, refused, ""},
		"unsigned hint": {func(hint string) []string {
			return []string{"id_token_hint", "eyJhbGciOiJub25lIn0." + strings.Split(hint, ".")[1] + "."}
		}, refused, ""},
		"two hints":          {func(hint string) []string { return []string{"id_token_hint", hint, "id_token_hint", hint} }, refused, ""},
		"nothing":            {func(string) []string { return nil }, asked, ""},
		"only state":         {func(string) []string { return []string{"state", "s"} }, asked, ""},
		"client and address": {func(string) []string { return []string{"client_id", "app", "post_logout_redirect_uri", appGoodbye} }, asked, ""},
		"address alone":      {func(string) []string { return []string{"post_logout_redirect_uri", appGoodbye} }, asked, ""},
		"client, wrong address": {func(string) []string {
			return []string{"client_id", "app", "post_logout_redirect_uri", "https://evil.example/"}
		}, refused, ""},
		"unknown client":            {func(string) []string { return []string{"client_id", "nobody"} }, refused, ""},
		"another client's address":  {func(string) []string { return []string{"client_id", "wiki", "post_logout_redirect_uri", appGoodbye} }, refused, ""},
		"logout_hint and languages": {func(string) []string { return []string{"logout_hint", "zhangsan", "ui_locales", "zh-CN"} }, asked, ""},
	} {
		b := h.browser()
		tokens := h.exchange(h.login(b))
		h.events.take()
		p := b.get(h.logout(c.pairs(tokens.text("id_token"))...))
		got := refused
		switch {
		case p.kind() == string(pages.SignOut):
			got = asked
		case p.kind() == string(pages.SignedOut), p.location != "":
			got = gone
		}
		if got != c.want || p.location != c.location {
			t.Errorf("%s: %s %d %q %s", name, got, p.status, p.kind(), p.location)
		}
		if in := h.in(b); in == (c.want == gone) {
			t.Errorf("%s: still in: %v", name, in)
		}
		if c.want == refused && (p.status != 400 || !h.events.has(audit.LogoutRefused, "")) {
			t.Errorf("%s: status %d, or not audited", name, p.status)
		}
	}
}

// TestH9_LogoutConfirmed: after the person's yes the browser goes where the client asked,
// and nowhere if nobody proved which client that is.
func TestH9_LogoutConfirmed(t *testing.T) {
	h := build(t)
	for name, c := range map[string]struct {
		pairs    []string
		location string
	}{
		"client and address": {[]string{"client_id", "app", "post_logout_redirect_uri", appGoodbye, "state", "s"}, appGoodbye + "&state=s"},
		"client":             {[]string{"client_id", "app", "state", "s"}, ""},
		"address":            {[]string{"post_logout_redirect_uri", appGoodbye}, ""},
		"nothing":            {nil, ""},
	} {
		b := h.browser()
		h.login(b)
		ask := b.get(h.logout(c.pairs...))
		if nick, _ := h.sim.Person("zhangsan"); !strings.Contains(ask.body, nick.Nick) {
			t.Errorf("%s: the page does not say who is logged in", name)
		}
		if p := h.press(b, ask, "here"); p.location != c.location || p.location != "" && p.status != 303 || p.location == "" && p.kind() != string(pages.SignedOut) {
			t.Errorf("%s: %d %q %s", name, p.status, p.kind(), p.location)
		}
		if h.in(b) || b.cookieNamed(h.issuer, "session") != "" {
			t.Errorf("%s: still in", name)
		}
	}
	// Nobody is here: there is nothing to ask.
	if p := h.browser().get(h.logout("client_id", "app", "post_logout_redirect_uri", appGoodbye, "state", "s")); p.location != appGoodbye+"&state=s" {
		t.Errorf("without a session: %d %s", p.status, p.location)
	}
}

// TestH10_LogoutEndsWhatTheSessionGave: code, access and refresh token of the session end
// with it; what asked for offline_access goes on, and other sessions do.
//
// proves: offline_access outlives the session, everything else ends with it | OpenID Connect Back-Channel Logout 1.0 section 2.7
func TestH10_LogoutEndsWhatTheSessionGave(t *testing.T) {
	h := build(t, func(p *plan) {
		for i := range p.specs {
			if p.specs[i].ID == "es" {
				p.specs[i].RefreshToken = "always"
			}
		}
	})
	const online = "openid profile"
	exchange := func(code string) reply {
		return h.call("/token", "es", testSecret, url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {appCallback}, "code_verifier": {testVerifier}})
	}
	refresh := func(client string, r reply) reply {
		return h.call("/token", client, testSecret, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {r.text("refresh_token")}})
	}
	b, far := h.browser(), h.browser()
	offline := h.exchange(h.login(b))
	tokens := exchange(h.login(b, "client_id", "es", "scope", online))
	waiting := h.login(b, "client_id", "es", "scope", online)
	elsewhere := exchange(h.login(far, "client_id", "es", "scope", online))
	if tokens.text("refresh_token") == "" || refresh("es", elsewhere).status != 200 {
		t.Fatal("the clients of this test get no refresh tokens")
	}
	h.goes(b)

	if r := exchange(waiting); r.status != 400 || r.text("error") != "invalid_grant" {
		t.Errorf("the code: %d %s", r.status, r.body)
	}
	if r := refresh("es", tokens); r.status != 400 || r.text("error") != "invalid_grant" {
		t.Errorf("the refresh token: %d %s", r.status, r.body)
	}
	if r := h.userinfo(tokens.text("access_token")); r.status != 401 {
		t.Errorf("the access token: %d", r.status)
	}
	for _, token := range []string{tokens.text("access_token"), tokens.text("refresh_token")} {
		if r := h.call("/introspect", "es", testSecret, url.Values{"token": {token}}); r.json["active"] != false {
			t.Errorf("introspection: %s", r.body)
		}
		if r := h.call("/revoke", "es", testSecret, url.Values{"token": {token}}); r.status != 200 {
			t.Errorf("revocation: %d", r.status)
		}
	}
	if r := refresh("app", offline); r.status != 200 {
		t.Errorf("offline_access: %d %s", r.status, r.body)
	}
	if r := h.userinfo(elsewhere.text("access_token")); r.status != 200 || !h.in(far) {
		t.Errorf("another session: %d", r.status)
	}
}

// TestH10_SignOutEverywhere: every session, every grant, those that outlive sessions too.
func TestH10_SignOutEverywhere(t *testing.T) {
	h := build(t)
	here, far, somebody := h.browser(), h.browser(), h.browser()
	offline := h.exchange(h.login(far))
	h.login(here)
	h.as("zhangsan2")
	other := h.exchange(h.login(somebody))
	h.as("zhangsan")
	h.events.take()
	if p := h.press(here, here.get(h.logout()), "everywhere"); p.kind() != string(pages.SignedOutEverywhere) {
		t.Fatalf("%d %s", p.status, p.kind())
	}
	if !h.events.has(audit.SessionEndedEverywhere, "") {
		t.Error("not audited")
	}
	if h.in(here) || h.in(far) {
		t.Error("a session goes on")
	}
	if h.refresh(offline.text("refresh_token"), "").status != 400 || h.userinfo(offline.text("access_token")).status != 401 {
		t.Error("a grant goes on")
	}
	if !h.in(somebody) || h.userinfo(other.text("access_token")).status != 200 {
		t.Error("somebody else was signed out")
	}
	if h.login(far) == "" {
		t.Error("the person cannot log in again")
	}
}

// TestH10_LogoutWithStorageTrouble: nobody is told that they are out when they may be in.
func TestH10_LogoutWithStorageTrouble(t *testing.T) {
	h := build(t)
	b := h.browser()
	hint := h.exchange(h.login(b)).text("id_token")
	ask := b.get(h.logout())
	for name, leave := range map[string]func() page{
		"by hint":    func() page { return b.get(h.logout("id_token_hint", hint, "post_logout_redirect_uri", appGoodbye)) },
		"confirmed":  func() page { return h.press(b, ask, "here") },
		"everywhere": func() page { return h.press(b, ask, "everywhere") },
	} {
		for fault := range map[string]bool{"reads": true, "writes": true} {
			h.store.fail(func(op *storage.Op) storagetest.Fault {
				if reads := op.Verb == storage.VerbGet || op.Verb == storage.VerbMembers; reads == (fault == "reads") {
					return storagetest.FailBefore
				}
				return storagetest.NoFault
			})
			h.events.take()
			p := leave()
			h.store.fail(nil)
			wantPage(t, p, 503, pages.Unavailable)
			if !h.events.has(audit.LogoutRefused, "storage") || !h.events.has(audit.StorageTrouble, "storage") || h.events.has(audit.AuthorizeRefused, "") {
				t.Errorf("%s, %s: audited as something else: %v", name, fault, h.events.take())
			}
			if !h.in(b) {
				t.Errorf("%s, %s: out, after a page that says otherwise", name, fault)
			}
		}
	}
}

// TestLoginAndLogoutAtOnce: a login that goes on with a session which a logout ends in
// that very moment gives no dead session.
func TestLoginAndLogoutAtOnce(t *testing.T) {
	h := build(t)
	b := h.browser()
	h.login(b)
	ask := b.get(h.logout())
	start := b.get(h.authorization("prompt", "login"))
	callback := b.follow(start.location, h.issuer+"/login/callback").location
	// The login has read the session; now the logout comes; then the login writes.
	reads, signedOut := 0, false
	f := ask.form(t)
	f.fields.Set("choice", "here")
	h.store.fail(func(op *storage.Op) storagetest.Fault {
		if op.Verb == storage.VerbCreate && strings.HasPrefix(op.Key, "session/") && !signedOut {
			signedOut = true
			tab := h.browser()
			tab.client.Jar = b.client.Jar
			tab.post(h.dial(f.action), f.fields)
		}
		reads++
		return storagetest.NoFault
	})
	p := b.get(callback)
	h.store.fail(nil)
	if !signedOut || p.location != "" || p.retry() == "" {
		t.Fatalf("signed out %v: %d %q %s", signedOut, p.status, p.kind(), p.location)
	}
	code := answer(t, b.follow(h.dial(p.retry()), appCallback)).Get("code")
	if r := h.exchange(code); r.status != 200 {
		t.Errorf("the next attempt: %d %s", r.status, r.body)
	}
	if r := h.exchange(h.login(b, "scope", "openid")); r.status != 200 {
		t.Errorf("the session after it: %d %s", r.status, r.body)
	}
}

// TestADeadSessionEndsNothing: the cookie of a session that a removal ended opens
// nothing, and does not sign its person out of the sessions they have since.
func TestADeadSessionEndsNothing(t *testing.T) {
	h := build(t)
	stolen, owner := h.browser(), h.browser()
	h.login(stolen)
	ask := stolen.get(h.logout())
	h.login(owner)
	h.press(owner, owner.get(h.logout()), "everywhere")
	h.login(owner)
	h.press(stolen, ask, "everywhere")
	if !h.in(owner) {
		t.Error("a session that was ended has signed its person out everywhere")
	}
}

// TestSingleSignOnFindsTheEnd: a session whose end was noted and whose record stayed
// leads to DingTalk, not to a code that opens nothing.
func TestSingleSignOnFindsTheEnd(t *testing.T) {
	h := build(t)
	b := h.browser()
	hint := h.exchange(h.login(b)).text("id_token")
	ask := b.get(h.authorization("prompt", "consent"))
	h.store.fail(func(op *storage.Op) storagetest.Fault {
		if op.Verb == storage.VerbDelete {
			return storagetest.FailBefore
		}
		return storagetest.NoFault
	})
	p := b.get(h.logout("id_token_hint", hint))
	h.store.fail(nil)
	wantPage(t, p, 503, pages.Unavailable)
	if q := answer(t, b.get(h.authorization("prompt", "none"))); q.Get("error") != "login_required" {
		t.Errorf("prompt none: %v", q)
	}
	if p := h.press(b, ask, "approve"); p.location != "" {
		t.Errorf("consent: %s", p.location)
	}
	// A login does not go on with it either.
	again := b.follow(h.authorization("scope", "openid"), appCallback)
	if r := h.exchange(answer(t, b.follow(again.retry(), appCallback)).Get("code")); r.status != 200 {
		t.Errorf("after a new login: %d %s", r.status, r.body)
	}
}

// TestLogoutThatCannotTell: out is out; that no app can be told is an operator's to know.
func TestLogoutThatCannotTell(t *testing.T) {
	h := build(t)
	b := h.browser()
	h.login(b)
	ask := b.get(h.logout())
	h.store.fail(func(op *storage.Op) storagetest.Fault {
		if op.Verb == storage.VerbMembers {
			return storagetest.FailBefore
		}
		return storagetest.NoFault
	})
	p := h.press(b, ask, "here")
	h.store.fail(nil)
	wantPage(t, p, 200, pages.SignedOut)
	if h.in(b) || !h.events.has(audit.StorageTrouble, "notices of a logout") {
		t.Error("still in, or nobody knows")
	}
}
