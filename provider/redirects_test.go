package provider_test

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/dingbridge/dingbridge/provider/audit"
	"github.com/dingbridge/dingbridge/provider/pages"
)

// mutations are what mutate makes, and what only an address without a session behind
// it may be bent to.
func mutations(uri string) []string {
	rest := strings.TrimPrefix(uri, "https://app.example.com")
	return append(mutate(uri),
		"https://app.example.com:443"+rest, "https://app.example.com:0443"+rest, "https://app.example.com:65536"+rest, "https://app.example.com:44 3"+rest,
		"https://[fe80::1%25eth0]"+rest, "https://[fe80::1%eth0]"+rest, "https://[::ffff:app.example.com]"+rest, "https://0x5db8d822"+rest,
		"https://xn--pp-4ia.example.com"+rest, "https://app.example.com%ff"+rest, "https://app.example.com%E3%80%82evil.example"+rest, "https://app.example.com／evil.example"+rest,
		"https://app.example.com⁄.evil.example"+rest, "https://app.example.com\r"+rest, "https://app.example.com\\"+rest, "https://\tapp.example.com"+rest, "https:// app.example.com"+rest,
		"\u00a0"+uri, "\ufeff"+uri, "\x01"+uri, "vbscript:x", "file:///etc/passwd", "blob:"+uri, "filesystem:"+uri, "intent://app.example.com"+rest, "http+unix://x"+rest,
		"JaVaScRiPt:alert(1)//"+uri, "javascript://app.example.com/%0aalert(1)", "data:text/html;base64,PHNjcmlwdD4=", "data:"+uri,
		"?"+rest, "#"+uri, "\\\\app.example.com"+rest, "/\\app.example.com"+rest, "//evil.example/https://app.example.com"+rest, "https://evil.example/?"+uri,
	)
}

const goodbyeURI = "https://app.example.com/cb/x?tenant=a"

// goodbyeHouse has a client that may send people to goodbyeURI after a logout.
func goodbyeHouse(t *testing.T) *house {
	t.Helper()
	return build(t, func(p *plan) { p.specs[0].PostLogoutRedirectURIs = []string{goodbyeURI} })
}

// TestThreat_PostLogoutRedirectMutations: whatever the address after a logout is bent
// to, a page says so, the browser goes nowhere, and nobody is logged out, with the
// best of hints in hand too (RFC 9700 section 4.11, CVE-2024-1132, CVE-2023-6291).
//
// proves: only registered post-logout URIs | RP-Initiated Logout section 3
func TestThreat_PostLogoutRedirectMutations(t *testing.T) {
	t.Parallel()
	h := goodbyeHouse(t)
	b := h.browser()
	hint := h.exchange(h.login(b)).text("id_token")
	tried := 0
	for _, uri := range append(mutations(goodbyeURI), appCallback, wikiCallback) {
		if uri == "" {
			continue // no address at all is in order
		}
		for _, proof := range [][]string{{"id_token_hint", hint}, {"client_id", "app"}, {"client_id", "app", "id_token_hint", hint}} {
			tried++
			p := b.get(h.logout(append(proof, "post_logout_redirect_uri", uri, "state", "x")...))
			wantPage(t, p, http.StatusBadRequest, pages.UnregisteredRedirect)
			if len(p.header.Values("Set-Cookie")) > 0 {
				t.Errorf("%q: a cookie is set", uri)
			}
			if t.Failed() {
				t.Fatalf("%q with %s", uri, proof[0])
			}
		}
		if p := b.post(h.issuer+"/end_session", url.Values{"id_token_hint": {hint}, "post_logout_redirect_uri": {uri}}); p.status != http.StatusBadRequest || p.kind() != string(pages.UnregisteredRedirect) || p.location != "" {
			t.Errorf("%q by POST: %d %s %s", uri, p.status, p.kind(), p.location)
		}
		// Without a client there is no registration to compare with: it is not followed.
		if p := b.get(h.logout("post_logout_redirect_uri", uri)); p.location != "" || p.kind() != string(pages.SignOut) {
			t.Errorf("%q without a client: %d %s %s", uri, p.status, p.kind(), p.location)
		}
	}
	if tried < 400 {
		t.Errorf("only %d attempts", tried)
	}
	if !h.in(b) {
		t.Fatal("one of them ended the session")
	}
	if h.events.has(audit.SessionEnded, "") || !h.events.has(audit.LogoutRefused, string(pages.UnregisteredRedirect)) {
		t.Error("not audited, or as something else")
	}
	if p := b.get(h.logout("id_token_hint", hint, "post_logout_redirect_uri", goodbyeURI, "state", "a b&c=d#e")); p.location != goodbyeURI+"&state=a+b%26c%3Dd%23e" || h.in(b) {
		t.Errorf("the registered one: %d %s", p.status, p.location)
	}
}

// TestThreat_OpenRedirectAtLogout: no way through the confirmation leads anywhere but
// to what the form was made for, and what is registered when it is posted.
//
// proves: no open redirector | RFC 9700 section 4.11
func TestThreat_OpenRedirectAtLogout(t *testing.T) {
	h := goodbyeHouse(t)
	b := h.browser()
	h.login(b)
	shown := b.get(h.logout("client_id", "app", "post_logout_redirect_uri", goodbyeURI))
	fields := hidden(t, shown)
	var about map[string]any
	raw, err := base64.RawURLEncoding.DecodeString(fields.Get("request"))
	if err != nil || json.Unmarshal(raw, &about) != nil {
		t.Fatalf("the form is about %q: %v", raw, err)
	}
	bent := 0
	for name, value := range about {
		if value == goodbyeURI {
			about[name] = "https://evil.example/"
			bent++
		}
	}
	if bent != 1 {
		t.Fatalf("the form does not name the address: %s", raw)
	}
	raw, _ = json.Marshal(about)
	for name, form := range map[string]url.Values{
		"another address in the form": {"request": {base64.RawURLEncoding.EncodeToString(raw)}, "ticket": fields["ticket"], "choice": {"here"}},
		"another address beside it":   {"request": fields["request"], "ticket": {flip(fields.Get("ticket"))}, "choice": {"here"}, "post_logout_redirect_uri": {"https://evil.example/"}},
	} {
		if p := b.post(h.issuer+"/end_session/confirm", form); p.location != "" || p.status/100 != 4 || !h.in(b) {
			t.Errorf("%s: %d %s %s", name, p.status, p.kind(), p.location)
		}
	}
	// The registration is withdrawn while the form stands open: out, and no further.
	h.replace(testClients())
	fields.Set("choice", "here")
	fields.Set("post_logout_redirect_uri", goodbyeURI) // read by nobody
	wantPage(t, b.post(h.issuer+"/end_session/confirm", fields), http.StatusOK, pages.SignedOut)
	if h.in(b) {
		t.Error("still here")
	}
}

// TestThreat_LogoutCSRF: another site cannot log anybody out: not by a link, not by a
// form, not with a token of its own, not with a form that was made for another browser.
//
// proves: logout is confirmed by the person | RP-Initiated Logout section 2
func TestThreat_LogoutCSRF(t *testing.T) {
	h := goodbyeHouse(t)
	h.sim.ApproveAs("mallory")
	attacker := h.browser()
	stolen := h.exchange(h.login(attacker)).text("id_token")
	forged := hidden(t, attacker.get(h.logout("client_id", "app")))
	h.sim.ApproveAs("zhangsan")
	victim := h.browser()
	mine := h.exchange(h.login(victim)).text("id_token")
	again := h.browser() // the victim's other browser
	other := h.exchange(h.login(again)).text("id_token")

	for name, pairs := range map[string][]string{
		"a bare link": {}, "a link that names a client": {"client_id", "app", "post_logout_redirect_uri", goodbyeURI}, "a session id": {"client_id", "app", "sid", "x", "logout_hint", "zhangsan"},
		"a hint of the attacker's": {"id_token_hint", stolen, "post_logout_redirect_uri", goodbyeURI}, "a hint of the victim's other session": {"id_token_hint", other},
	} {
		p := victim.get(h.logout(pairs...))
		wantPage(t, p, http.StatusOK, pages.SignOut)
		if !h.in(victim) {
			t.Fatalf("%s logs the victim out", name)
		}
	}
	for name, pairs := range map[string][]string{
		"a bent hint": {"id_token_hint", flip(mine)}, "a hint beside another client": {"id_token_hint", mine, "client_id", "wiki"}, "an unknown client": {"client_id", "nobody"},
		"two hints": {"id_token_hint", mine, "id_token_hint", mine}, "two clients": {"client_id", "app", "client_id", "wiki"}, "two states": {"id_token_hint", mine, "state", "x", "state", "y"},
		"a state without end": {"id_token_hint", mine, "state", strings.Repeat("x", 3000)},
	} {
		if p := victim.get(h.logout(pairs...)); p.status != http.StatusBadRequest || p.location != "" || !h.in(victim) {
			t.Errorf("%s: %d %s %s", name, p.status, p.kind(), p.location)
		}
	}
	// A form on another site: the browser sends no Lax cookie with it, and takes ours.
	for name, form := range map[string]url.Values{"a post": {"client_id": {"app"}}, "a post of nothing": {}, "a post with the attacker's hint": {"id_token_hint": {stolen}}} {
		p := h.browser().post(h.issuer+"/end_session", form)
		if len(p.header.Values("Set-Cookie")) > 0 {
			t.Errorf("%s from another site makes the browser forget its session: %v", name, p.header.Values("Set-Cookie"))
		}
		if p.status != http.StatusSeeOther || !strings.HasPrefix(p.location, h.issuer+"/end_session") {
			t.Fatalf("%s: %d %s", name, p.status, p.location)
		}
		wantPage(t, victim.get(p.location), http.StatusOK, pages.SignOut) // where the redirect leads, the cookie is sent again
		if p := h.browser().get(p.location); len(p.header.Values("Set-Cookie")) > 0 && strings.Contains(p.header.Get("Set-Cookie"), "-session-") {
			t.Errorf("%s, in a browser without a session: %v", name, p.header.Values("Set-Cookie"))
		}
	}
	for _, choice := range []string{"here", "everywhere"} {
		forged.Set("choice", choice)
		for name, bend := range map[string]func(url.Values){
			"the attacker's form": func(url.Values) {}, "no ticket": func(f url.Values) { f.Del("ticket") }, "no form": func(f url.Values) { f.Del("request") },
			"the hint for a ticket": func(f url.Values) { f.Set("ticket", mine) },
		} {
			form := url.Values{"request": forged["request"], "ticket": forged["ticket"], "choice": forged["choice"]}
			bend(form)
			if p := victim.post(h.issuer+"/end_session/confirm", form); p.status/100 != 4 || p.location != "" || !h.in(victim) {
				t.Errorf("%s, %s: %d %s", name, choice, p.status, p.kind())
			}
			if p := h.browser().post(h.issuer+"/end_session/confirm", form); len(p.header.Values("Set-Cookie")) > 0 {
				t.Errorf("%s, %s, from another site: %v", name, choice, p.header.Values("Set-Cookie"))
			}
		}
	}
	if h.events.has(audit.SessionEnded, "") || h.events.has(audit.SessionEndedEverywhere, "") {
		t.Error("a session was ended")
	}
	for name, b := range map[string]*browser{"victim": victim, "the victim's other browser": again, "attacker": attacker} {
		if !h.in(b) {
			t.Errorf("%s is out", name)
		}
	}
}
