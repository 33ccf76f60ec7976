package provider_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/dingbridge/dingbridge/provider/audit"
	"github.com/dingbridge/dingbridge/provider/pages"
	"github.com/dingbridge/dingbridge/storage"
	"github.com/dingbridge/dingbridge/storage/storagetest"
)

// TestH12_Posted_AuthorizeByPOST: the request comes again by GET, and nothing of it stands in
// a URL (docs/decisions/0010).
//
// proves: authorization request by POST | Core section 3.1.2.1
func TestH12_Posted_AuthorizeByPOST(t *testing.T) {
	h := build(t)
	b := h.browser()
	h.login(b)
	hint := h.exchange(h.login(b)).text("id_token")
	q := h.query()
	q.Set("id_token_hint", hint)
	q.Set("login_hint", "zhangsan@example.com")
	p := b.post(h.issuer+"/authorize", q)
	if p.status != http.StatusSeeOther || !strings.HasPrefix(p.location, h.issuer+"/authorize?posted=") || strings.Contains(p.location, hint) || len(mustQuery(t, p.location)) != 1 {
		t.Fatalf("POST: %d %s", p.status, p.location)
	}
	for range 2 { // a page may be loaded again
		if q := answer(t, b.get(p.location)); q.Get("code") == "" {
			t.Errorf("GET: %v", q)
		}
	}
	// What else stands in the URL does not count.
	if q := answer(t, b.get(p.location+"&prompt=none&state=another&redirect_uri="+url.QueryEscape(wikiCallback))); q.Get("code") == "" || q.Get("state") == "another" {
		t.Errorf("with more in the URL: %v", q)
	}
	for name, to := range map[string]string{
		"forged":  flip(p.location),
		"nothing": h.issuer + "/authorize?posted=x",
	} {
		if wantPage(t, b.get(to), http.StatusBadRequest, pages.LoginExpired); t.Failed() {
			t.Fatal(name)
		}
	}
	wantPage(t, b.get(p.location+"&posted=x"), http.StatusBadRequest, pages.InvalidRequest)
	// At a logout nobody is told to log in again.
	for _, to := range []string{strings.Replace(p.location, "/authorize?", "/end_session?", 1), h.issuer + "/end_session?posted=x"} {
		p := b.get(to)
		if wantPage(t, p, http.StatusBadRequest, pages.FormExpired); p.retry() != "/end_session" {
			t.Errorf("whoever wanted to leave is led to %q", p.retry())
		}
	}
}

// TestH12_Posted_EndSessionByPOST: likewise. The form itself ends nothing: another site can
// post it, and its hint is looked at when the browser brings its own cookie.
//
// proves: logout request by POST | RP-Initiated Logout section 2
func TestH12_Posted_EndSessionByPOST(t *testing.T) {
	h := build(t)
	b := h.browser()
	tokens := h.exchange(h.login(b, "scope", "openid"))
	form := url.Values{"id_token_hint": {tokens.text("id_token")}, "post_logout_redirect_uri": {appGoodbye}, "state": {"bye"}}
	p := b.post(h.issuer+"/end_session", form)
	if p.status != http.StatusSeeOther || !strings.HasPrefix(p.location, h.issuer+"/end_session?posted=") || len(mustQuery(t, p.location)) != 1 {
		t.Fatalf("POST: %d %s", p.status, p.location)
	}
	if h.userinfo(tokens.text("access_token")).status != http.StatusOK {
		t.Error("the POST ended the session")
	}
	wantPage(t, b.get(strings.Replace(p.location, "/end_session?", "/authorize?", 1)), http.StatusBadRequest, pages.LoginExpired)
	end := b.get(p.location)
	if !strings.HasPrefix(end.location, appGoodbye) || answer(t, end).Get("state") != "bye" {
		t.Errorf("GET: %d %s %s", end.status, end.location, end.kind())
	}
	if h.userinfo(tokens.text("access_token")).status == http.StatusOK {
		t.Error("logged out, and the token works")
	}
	// What is not in order is answered at once, and nothing is kept.
	for name, c := range map[string]struct {
		form url.Values
		page pages.Kind
	}{
		"a hint that is none":   {url.Values{"id_token_hint": {"x"}}, pages.InvalidLogout},
		"an unregistered URI":   {url.Values{"client_id": {"app"}, "post_logout_redirect_uri": {"https://evil.example/"}}, pages.UnregisteredRedirect},
		"an unknown client":     {url.Values{"client_id": {"nobody"}}, pages.UnknownClient},
		"a doubled parameter":   {url.Values{"state": {"a", "b"}}, pages.InvalidLogout},
		"more than we may keep": {url.Values{"logout_hint": {strings.Repeat("x", 17<<10)}}, pages.TooLarge},
	} {
		h.store.Reset()
		p := b.post(h.issuer+"/end_session", c.form)
		if p.kind() != string(c.page) || p.location != "" || h.store.Trips() != 0 {
			t.Errorf("%s: %d %s %s, %d trips", name, p.status, p.location, p.kind(), h.store.Trips())
		}
		if leave := p.retry(); c.page != pages.TooLarge && leave != "/end_session" {
			t.Errorf("%s: whoever wanted to leave is led to %q", name, leave)
		}
	}
	h.store.Reset()
	if p := b.post(h.issuer+"/end_session", nil); p.location != h.issuer+"/end_session" || h.store.Trips() != 0 {
		t.Errorf("nothing posted: %d %s", p.status, p.location)
	}
}

// TestThreat_PostedForms_Limits: any page on the web can make a browser post, so what is
// kept for it is bounded in number, as logins are, and only for what is in order.
func TestThreat_PostedForms_Limits(t *testing.T) {
	h := build(t, func(p *plan) { p.LoginsPerSecond = 1 })
	limited := map[string]int{}
	for range 100 {
		for path, form := range map[string]url.Values{"/authorize": h.query(), "/end_session": {"state": {"x"}}} {
			switch p := h.browser().post(h.issuer+path, form); p.status {
			case http.StatusServiceUnavailable:
				limited[path]++
				if p.header.Get("Retry-After") == "" || p.kind() != string(pages.TooManyRequests) {
					t.Errorf("%s: %v %s", path, p.header, p.kind())
				}
			case http.StatusSeeOther:
			default:
				t.Errorf("%s: %d", path, p.status)
			}
		}
	}
	if limited["/authorize"] == 0 || limited["/end_session"] == 0 || !h.events.has(audit.RequestLimited, "") {
		t.Errorf("turned away: %v", limited)
	}
}

// TestH3_Posted_StorageFails: a page that says so, at both ends.
func TestH3_Posted_StorageFails(t *testing.T) {
	h := build(t)
	b := h.browser()
	h.login(b)
	for path, form := range map[string]url.Values{"/authorize": h.query(), "/end_session": {"state": {"x"}}} {
		to := b.post(h.issuer+path, form).location
		for _, fault := range []storagetest.Fault{storagetest.FailBefore, storagetest.FailAfter} {
			h.store.fail(func(*storage.Op) storagetest.Fault { return fault })
			wantOutage(t, "POST "+path, b.post(h.issuer+path, form))
			wantOutage(t, "GET "+path, b.get(to))
			h.store.fail(nil)
		}
		if p := b.get(to); p.status >= 400 {
			t.Errorf("%s afterwards: %d %s", path, p.status, p.kind())
		}
	}
}
