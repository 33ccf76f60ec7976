package provider_test

import (
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/dingbridge/dingbridge/provider/audit"
	"github.com/dingbridge/dingbridge/provider/pages"
	"github.com/dingbridge/dingbridge/storage"
	"github.com/dingbridge/dingbridge/storage/storagetest"
)

// push leaves the authorization request with the provider, as the client app.
func (h *house) push(pairs ...string) reply {
	h.t.Helper()
	q := mustURL(h.t, h.authorization(pairs...)).Query()
	q.Del("client_id")
	return h.call("/par", "app", testSecret, q)
}

// pushedURL pushes a request and returns where its client sends the browser.
func (h *house) pushedURL(pairs ...string) string {
	h.t.Helper()
	r := h.push(pairs...)
	if r.status != http.StatusCreated || !strings.HasPrefix(r.text("request_uri"), "urn:ietf:params:oauth:request_uri:") {
		h.t.Fatalf("push: %d %s", r.status, r.body)
	}
	return h.issuer + "/authorize?" + url.Values{"client_id": {"app"}, "request_uri": {r.text("request_uri")}}.Encode()
}

// TestH12_PAR_LogsIn: a pushed request is the one that is answered, and nothing of it stands
// in a URL (RFC 9126 sections 2.2 and 4).
//
// proves: pushed authorization requests | RFC 9126 sections 2 and 4
func TestH12_PAR_LogsIn(t *testing.T) {
	h := build(t)
	r := h.push("state", "pushed state", "nonce", "pushed nonce")
	if r.status != http.StatusCreated || r.json["expires_in"] != 90.0 || len(r.json) != 2 || r.header.Get("Content-Type") != "application/json" {
		t.Errorf("push: %d %s %v", r.status, r.body, r.header)
	}
	if !h.events.has(audit.RequestPushed, "") {
		t.Error("not audited")
	}
	// Beside it only client_id counts: whatever else stands in the URL is ignored.
	to := h.issuer + "/authorize?" + url.Values{
		"client_id": {"app"}, "request_uri": {r.text("request_uri")}, "state": {"another"}, "redirect_uri": {wikiCallback}, "nonce": {"another"},
		"prompt": {"none"}, "scope": {"openid"}, "response_type": {"token"}, "code_challenge": {challenge("x")}, "response_mode": {"fragment"}, "ui_locales": {"en", "zh"},
	}.Encode()
	b := h.browser()
	q := answer(t, b.follow(to, appCallback))
	if q.Get("state") != "pushed state" || q.Get("code") == "" {
		t.Fatalf("answered %v", q)
	}
	tokens := h.exchange(q.Get("code"))
	if claims := h.claimsOf(tokens.text("id_token"), "app"); claims["nonce"] != "pushed nonce" || tokens.text("refresh_token") == "" {
		t.Errorf("tokens of another request: %s", tokens.body)
	}
	// The same browser loads the page again; another one is refused.
	if q := answer(t, b.get(to)); q.Get("code") == "" {
		t.Errorf("reloaded: %v", q)
	}
	h.events.take()
	wantPage(t, h.browser().get(to), http.StatusBadRequest, pages.OtherBrowser)
	if !h.events.has(audit.AuthorizeRefused, "request_of_another_browser") {
		t.Error("another browser is not audited")
	}
	// Also one that had no cookie of ours before, and is not sent to log in.
	silent, none := h.browser(), h.pushedURL("prompt", "none")
	for range 2 {
		h.wantError(t, silent.get(none), appCallback, "login_required", "st-"+t.Name())
	}
	// By POST the reference alone is carried on.
	fresh := h.browser()
	posted := fresh.post(h.issuer+"/authorize", url.Values{"client_id": {"app"}, "request_uri": {h.push().text("request_uri")}, "state": {"another"}})
	if posted.status != http.StatusSeeOther || strings.Contains(posted.location, "another") {
		t.Errorf("POST: %d %s", posted.status, posted.location)
	}
	if q := answer(t, fresh.follow(posted.location, appCallback)); q.Get("code") == "" {
		t.Errorf("POST: %v", q)
	}
}

// TestThreat_PAR_WhoMayUseIt: a reference of another client, none, an old or a strange
// one opens nothing, is a page, and goes nowhere.
//
// proves: a request_uri is its client's | RFC 9126 sections 4 and 7.5
func TestThreat_PAR_WhoMayUseIt(t *testing.T) {
	h := build(t)
	uri := h.push().text("request_uri")
	for name, c := range map[string]struct {
		q    url.Values
		page pages.Kind
	}{
		"another client":     {url.Values{"client_id": {"wiki"}, "request_uri": {uri}, "redirect_uri": {wikiCallback}}, pages.InvalidRequest},
		"no client":          {url.Values{"request_uri": {uri}}, pages.UnknownClient},
		"unknown client":     {url.Values{"client_id": {"nobody"}, "request_uri": {uri}}, pages.UnknownClient},
		"two clients":        {url.Values{"client_id": {"app", "wiki"}, "request_uri": {uri}}, pages.InvalidRequest},
		"two references":     {url.Values{"client_id": {"app"}, "request_uri": {uri, uri}}, pages.InvalidRequest},
		"forged":             {url.Values{"client_id": {"app"}, "request_uri": {flip(uri)}, "redirect_uri": {appCallback}}, pages.LoginExpired},
		"made up":            {url.Values{"client_id": {"app"}, "request_uri": {"urn:ietf:params:oauth:request_uri:6esc_11ACC5bwc014ltc14eY22c"}}, pages.LoginExpired},
		"nothing behind it":  {url.Values{"client_id": {"app"}, "request_uri": {"urn:ietf:params:oauth:request_uri:"}}, pages.LoginExpired},
		"posted, not pushed": {url.Values{"client_id": {"app"}, "posted": {strings.TrimPrefix(uri, "urn:ietf:params:oauth:request_uri:")}}, pages.LoginExpired},
	} {
		h.events.take()
		p := h.browser().get(h.issuer + "/authorize?" + c.q.Encode())
		if wantPage(t, p, http.StatusBadRequest, c.page); t.Failed() {
			t.Fatal(name)
		}
		if !h.events.has(audit.AuthorizeRefused, "") {
			t.Errorf("%s: not audited", name)
		}
	}
	if q := answer(t, h.browser().follow(h.issuer+"/authorize?"+url.Values{"client_id": {"app"}, "request_uri": {uri}}.Encode(), appCallback)); q.Get("code") == "" {
		t.Errorf("afterwards: %v", q) // nobody has taken it away
	}
}

// TestThreat_PAR_WhatIsPushed: the same parser as at authorize, and errors as RFC 9126
// section 2.3 has them.
//
// proves: what is pushed is checked at once, and holds no request_uri | RFC 9126 sections 2.1 and 2.3
func TestThreat_PAR_WhatIsPushed(t *testing.T) {
	h := build(t)
	uri := h.push().text("request_uri")
	for name, c := range map[string]struct {
		pairs []string
		error string
	}{
		"request_uri inside":        {[]string{"request_uri", uri}, "invalid_request"},
		"a foreign request_uri":     {[]string{"request_uri", "https://app.example.com/request"}, "invalid_request"},
		"request object":            {[]string{"request", "eyJhbGciOiJub25lIn0.e30."}, "request_not_supported"},
		"redirect URI":              {[]string{"redirect_uri", wikiCallback}, "invalid_request"},
		"no redirect URI":           {[]string{"redirect_uri", ""}, "invalid_request"},
		"response type":             {[]string{"response_type", "token"}, "unsupported_response_type"},
		"scope":                     {[]string{"scope", "phone"}, "invalid_scope"},
		"no PKCE":                   {[]string{"code_challenge", "", "code_challenge_method", ""}, "invalid_request"},
		"plain PKCE":                {[]string{"code_challenge_method", "plain"}, "invalid_request"},
		"fragment":                  {[]string{"response_mode", "fragment"}, "invalid_request"},
		"a hint that is not one":    {[]string{"id_token_hint", "x"}, "invalid_request"},
		"prompts that do not agree": {[]string{"prompt", "none login"}, "invalid_request"},
	} {
		h.events.take()
		r := h.push(c.pairs...)
		wantOAuth(t, name, r, http.StatusBadRequest, c.error)
		if !h.events.has(audit.RequestPushRefused, "") || h.events.has(audit.RequestPushed, "") {
			t.Errorf("%s: audited otherwise", name)
		}
	}
	form := h.query()
	form["scope"] = []string{"openid", "email"}
	wantOAuth(t, "doubled parameter", h.call("/par", "app", testSecret, form), http.StatusBadRequest, "invalid_request")
	form = h.query()
	form.Set("x", strings.Repeat("x", 17<<10))
	wantOAuth(t, "large request", h.call("/par", "app", testSecret, form), http.StatusRequestEntityTooLarge, "invalid_request")
}

// TestThreat_PAR_ByWhom: only the client itself, proven as at the token endpoint.
//
// proves: who pushes has to authenticate | RFC 9126 section 2
func TestThreat_PAR_ByWhom(t *testing.T) {
	h := build(t)
	form := h.query() // of app
	for name, r := range map[string]reply{
		"another client":       h.call("/par", "wiki", testSecret, form),
		"a wrong secret":       h.call("/par", "app", "wrong-"+testSecret, form),
		"no secret":            h.call("/par", "app", "", form),
		"nobody":               h.raw("POST", "/par", formType, "", url.Values{"redirect_uri": {appCallback}}.Encode()),
		"an assertion":         h.raw("POST", "/par", formType, "", h.query().Encode()+"&client_assertion=x"),
		"two ways of proving":  h.raw("POST", "/par", formType, basic("app", testSecret), h.query().Encode()+"&client_secret="+testSecret),
		"a public one for app": h.call("/par", "spa", "", url.Values{"client_id": {"app"}, "redirect_uri": {"https://spa.example.com/cb"}}),
	} {
		if r.status != http.StatusUnauthorized && name != "a public one for app" || r.status == http.StatusCreated {
			t.Errorf("%s: %d %s", name, r.status, r.body)
		}
	}
	if h.events.has(audit.RequestPushed, "") {
		t.Error("something was pushed")
	}
	// A public client pushes as itself, by POST or by a script of its origin.
	q := mustURL(t, h.authorization("client_id", "spa", "redirect_uri", "https://spa.example.com/cb")).Query()
	r := h.call("/par", "spa", "", q)
	if r.status != http.StatusCreated {
		t.Fatalf("public client: %d %s", r.status, r.body)
	}
	b := h.browser()
	code := answer(t, b.follow(h.issuer+"/authorize?client_id=spa&request_uri="+url.QueryEscape(r.text("request_uri")), "https://spa.example.com/cb")).Get("code")
	tokens := h.call("/token", "spa", "", url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {"https://spa.example.com/cb"}, "code_verifier": {testVerifier}})
	if tokens.status != http.StatusOK {
		t.Errorf("public client: %d %s", tokens.status, tokens.body)
	}
	// PKCE binds a pushed request as any other (RFC 9700 section 2.1.1).
	code = answer(t, h.browser().follow(h.pushedURL("code_challenge", challenge(strings.Repeat("x", 43))), appCallback)).Get("code")
	wantOAuth(t, "another verifier", h.exchange(code), http.StatusBadRequest, "invalid_grant")
}

// TestThreat_PAR_Required: what the registration demands cannot be left out by whoever
// writes the URL (RFC 9126 section 5).
//
// proves: a client that has to push | RFC 9126 section 5
func TestThreat_PAR_Required(t *testing.T) {
	h := build(t, func(p *plan) { p.specs[0].RequirePushed = true })
	b := h.browser()
	state := "st-" + t.Name()
	h.wantError(t, b.get(h.authorization()), appCallback, "invalid_request", state)
	h.wantError(t, b.get(h.authorization("prompt", "none")), appCallback, "invalid_request", state)
	if p := b.post(h.issuer+"/authorize", h.query()); p.status != http.StatusSeeOther || answer(t, p).Get("error") != "invalid_request" {
		t.Errorf("POST: %d %s", p.status, p.location)
	}
	h.wantError(t, b.get(h.authorization("request_uri", "https://app.example.com/r")), appCallback, "request_uri_not_supported", state)
	if q := answer(t, b.follow(h.pushedURL(), appCallback)); q.Get("code") == "" {
		t.Errorf("pushed: %v", q)
	}
	// A request that was pushed before the client changed is judged as it is now.
	to := h.pushedURL()
	specs := testClients()
	specs[0].RedirectURIs = []string{"https://app.example.com/moved"}
	h.replace(specs)
	wantPage(t, h.browser().get(to), http.StatusBadRequest, pages.UnregisteredRedirect)
}

// TestThreat_PAR_OneBrowserOfMany: a reference that many browsers bring at once belongs
// to one of them.
//
// proves: a request_uri logs in once | RFC 9126 section 7.3
func TestThreat_PAR_OneBrowserOfMany(t *testing.T) {
	h := build(t)
	to := h.pushedURL()
	var mu sync.Mutex
	on, refused := 0, 0
	var wg sync.WaitGroup
	for range 8 {
		b := h.browser()
		wg.Go(func() {
			p := b.get(to)
			mu.Lock()
			defer mu.Unlock()
			switch {
			case strings.HasPrefix(p.location, h.dingtalk):
				on++
			case p.kind() == string(pages.OtherBrowser):
				refused++
			default:
				t.Errorf("%d %s %s", p.status, p.location, p.kind())
			}
		})
	}
	wg.Wait()
	if on != 1 || refused != 7 {
		t.Errorf("%d went on, %d were refused", on, refused)
	}
}

// TestPAR_Limits: so many a second, and no more.
func TestThreat_PAR_Limits(t *testing.T) {
	h := build(t, func(p *plan) { p.LoginsPerSecond = 1 })
	limited := 0
	for range 100 {
		if r := h.push(); r.status == http.StatusServiceUnavailable && r.header.Get("Retry-After") != "" && r.text("error") == "temporarily_unavailable" {
			limited++
		} else if r.status != http.StatusCreated {
			t.Fatalf("%d %s", r.status, r.body)
		}
	}
	if limited == 0 {
		t.Error("nothing was turned away")
	}
}

// TestH3_PAR_StorageFails: 503, whichever op it is.
func TestH3_PAR_StorageFails(t *testing.T) {
	h := build(t)
	for _, fault := range []storagetest.Fault{storagetest.FailBefore, storagetest.FailAfter} {
		h.store.fail(func(*storage.Op) storagetest.Fault { return fault })
		wantOutage(t, "push", h.push().page)
		h.store.fail(nil)
		to := h.pushedURL()
		for op := range h.opsOf(func() { h.browser().get(h.pushedURL()) }) - 1 { // without the push's own
			h.failOp(op, fault)
			wantOutage(t, "authorize", h.browser().get(to))
			h.store.fail(nil)
			to = h.pushedURL()
		}
	}
}
