package provider_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/dingbridge/dingbridge/provider/audit"
	"github.com/dingbridge/dingbridge/provider/clients"
	"github.com/dingbridge/dingbridge/provider/pages"
)

// query is the query of a request in order, to be bent by a test.
func (h *house) query(pairs ...string) url.Values {
	u, _ := url.Parse(h.authorization(pairs...))
	return u.Query()
}

// TestH1_AuthorizeFaults: what decides where an error goes is a page; everything
// else goes to the client, with state and iss (promise H2).
//
// proves: errors reach the client only after client and redirect URI are proven | RFC 6749 section 4.1.2.1, Core section 3.1.2.6
func TestH1_AuthorizeFaults(t *testing.T) {
	h := build(t)
	long := strings.Repeat("x", 3000)
	const mark = "zzINJECTEDzz"
	for _, c := range []struct {
		name  string
		bend  func(q url.Values)
		page  pages.Kind
		error string
		state string // "" is that of the request, "-" none
	}{
		{"no client", func(q url.Values) { q.Del("client_id") }, pages.UnknownClient, "", ""},
		{"unknown client", func(q url.Values) { q.Set("client_id", mark) }, pages.UnknownClient, "", ""},
		{"client in other case", func(q url.Values) { q.Set("client_id", "APP") }, pages.UnknownClient, "", ""},
		{"doubled client", func(q url.Values) { q.Add("client_id", "app") }, pages.InvalidRequest, "", ""},
		{"no redirect_uri", func(q url.Values) { q.Del("redirect_uri") }, pages.UnregisteredRedirect, "", ""},
		{"wrong redirect_uri", func(q url.Values) { q.Set("redirect_uri", "https://"+mark+".example.com/") }, pages.UnregisteredRedirect, "", ""},
		{"another client's redirect_uri", func(q url.Values) { q.Set("redirect_uri", wikiCallback) }, pages.UnregisteredRedirect, "", ""},
		{"doubled redirect_uri, good first", func(q url.Values) { q.Add("redirect_uri", "https://"+mark+".example.com/") }, pages.InvalidRequest, "", ""},
		{"doubled redirect_uri, the same", func(q url.Values) { q.Add("redirect_uri", appCallback) }, pages.InvalidRequest, "", ""},
		{"wrong in everything", func(q url.Values) {
			q.Set("redirect_uri", mark)
			q.Set("response_type", mark)
			q.Set("prompt", "none")
		}, pages.UnregisteredRedirect, "", ""},

		{"doubled state", func(q url.Values) { q.Add("state", mark) }, "", "invalid_request", "-"},
		{"doubled scope", func(q url.Values) { q.Add("scope", "openid") }, "", "invalid_request", ""},
		{"doubled nonce", func(q url.Values) { q.Add("nonce", "n") }, "", "invalid_request", ""},
		{"doubled response_type", func(q url.Values) { q.Add("response_type", "token") }, "", "invalid_request", ""},
		{"doubled challenge", func(q url.Values) { q.Add("code_challenge", challenge("x")) }, "", "invalid_request", ""},
		{"doubled method", func(q url.Values) { q.Add("code_challenge_method", "plain") }, "", "invalid_request", ""},
		{"doubled prompt", func(q url.Values) { q["prompt"] = []string{"none", "login"} }, "", "invalid_request", ""},
		{"doubled parameter nobody knows", func(q url.Values) { q["x"] = []string{"1", "2"} }, "", "invalid_request", ""},
		{"long state", func(q url.Values) { q.Set("state", long) }, "", "invalid_request", "-"},
		{"long nonce", func(q url.Values) { q.Set("nonce", long) }, "", "invalid_request", ""},
		{"long scope", func(q url.Values) { q.Set("scope", "openid "+long) }, "", "invalid_scope", ""},

		{"no response_type", func(q url.Values) { q.Del("response_type") }, "", "invalid_request", ""},
		{"empty response_type", func(q url.Values) { q.Set("response_type", "") }, "", "invalid_request", ""}, // RFC 6749 section 3.1: as if omitted
		{"response_type token", func(q url.Values) { q.Set("response_type", "token") }, "", "unsupported_response_type", ""},
		{"response_type id_token", func(q url.Values) { q.Set("response_type", "id_token") }, "", "unsupported_response_type", ""},
		{"hybrid", func(q url.Values) { q.Set("response_type", "code id_token") }, "", "unsupported_response_type", ""},
		{"hybrid with token", func(q url.Values) { q.Set("response_type", "code token") }, "", "unsupported_response_type", ""},
		{"response_type none", func(q url.Values) { q.Set("response_type", "none") }, "", "unsupported_response_type", ""},
		{"response_type in other case", func(q url.Values) { q.Set("response_type", "CODE") }, "", "unsupported_response_type", ""},
		{"response_type of markup", func(q url.Values) { q.Set("response_type", "<"+mark+">") }, "", "unsupported_response_type", ""},
		{"fragment", func(q url.Values) { q.Set("response_mode", "fragment") }, "", "invalid_request", ""},
		{"unknown response_mode", func(q url.Values) { q.Set("response_mode", mark) }, "", "invalid_request", ""},
		{"request object", func(q url.Values) { q.Set("request", "eyJhbGciOiJub25lIn0.e30.") }, "", "request_not_supported", ""},
		{"request_uri", func(q url.Values) { q.Set("request_uri", h.dingtalk+"/"+mark) }, "", "request_uri_not_supported", ""},

		{"no scope", func(q url.Values) { q.Del("scope") }, "", "invalid_scope", ""},
		{"unknown scopes only", func(q url.Values) { q.Set("scope", mark+" admin") }, "", "invalid_scope", ""},
		{"scope not registered", func(q url.Values) { q.Set("scope", "phone") }, "", "invalid_scope", ""},

		{"no challenge", func(q url.Values) { q.Del("code_challenge"); q.Del("code_challenge_method") }, "", "invalid_request", ""},
		{"method without challenge", func(q url.Values) { q.Del("code_challenge") }, "", "invalid_request", ""},
		{"plain", func(q url.Values) { q.Set("code_challenge_method", "plain") }, "", "invalid_request", ""},
		{"plain by omission", func(q url.Values) { q.Del("code_challenge_method") }, "", "invalid_request", ""},
		{"S256 in other case", func(q url.Values) { q.Set("code_challenge_method", "s256") }, "", "invalid_request", ""},
		{"S512", func(q url.Values) { q.Set("code_challenge_method", "S512") }, "", "invalid_request", ""},
		{"short challenge", func(q url.Values) { q.Set("code_challenge", challenge("x")[1:]) }, "", "invalid_request", ""},
		{"long challenge", func(q url.Values) { q.Set("code_challenge", challenge("x")+"A") }, "", "invalid_request", ""},
		{"padded challenge", func(q url.Values) { q.Set("code_challenge", challenge("x")+"=") }, "", "invalid_request", ""},
		{"challenge of other characters", func(q url.Values) { q.Set("code_challenge", strings.Repeat("+", 43)) }, "", "invalid_request", ""},
		{"a verifier for a challenge", func(q url.Values) { q.Set("code_challenge", strings.Repeat("~", 43)) }, "", "invalid_request", ""},

		{"prompt none", func(q url.Values) { q.Set("prompt", "none") }, "", "login_required", ""},
		{"prompt none and login", func(q url.Values) { q.Set("prompt", "none login") }, "", "invalid_request", ""},
		{"prompt none and consent", func(q url.Values) { q.Set("prompt", "consent none") }, "", "invalid_request", ""},
		{"max_age of letters", func(q url.Values) { q.Set("max_age", mark) }, "", "invalid_request", ""},
		{"negative max_age", func(q url.Values) { q.Set("max_age", "-1") }, "", "invalid_request", ""},
		{"huge max_age", func(q url.Values) { q.Set("max_age", "99999999999999999999") }, "", "invalid_request", ""},
		{"max_age with a fraction", func(q url.Values) { q.Set("max_age", "1.5") }, "", "invalid_request", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			q := h.query()
			q.Set("state", "the state & <more>")
			c.bend(q)
			h.events.take()
			before := h.store.Trips()
			b := h.browser()
			p := b.get(h.issuer + "/authorize?" + q.Encode())
			if c.page != "" {
				wantPage(t, p, http.StatusBadRequest, c.page)
				if strings.Contains(p.body, mark) || strings.Contains(p.body, "the state") {
					t.Error("the page says what it was sent")
				}
			} else {
				state := "the state & <more>"
				if c.state == "-" {
					state = ""
				}
				h.wantError(t, p, appCallback, c.error, state)
				if strings.Contains(p.location, mark) {
					t.Errorf("the answer says what it was sent: %s", p.location)
				}
			}
			if h.store.Trips() != before {
				t.Error("storage was asked about a request that is not in order")
			}
			if c.error != "login_required" && !h.events.has(audit.AuthorizeRefused, "") {
				t.Error("not audited")
			}
			// POST answers the same, and keeps nothing of what is not in order.
			before = h.store.Trips()
			posted := b.post(h.issuer+"/authorize", q)
			if c.error == "login_required" { // in order, so it comes again as GET
				posted = b.get(posted.location)
			} else if h.store.Trips() != before {
				t.Error("POST: something was kept")
			}
			if posted.location != p.location || posted.kind() != p.kind() || posted.status != p.status && (posted.location == "" || posted.status != http.StatusSeeOther) {
				t.Errorf("POST ends in %d %s %s, GET in %d %s %s", posted.status, posted.location, posted.kind(), p.status, p.location, p.kind())
			}
		})
	}
	if h.apiCalls() != 0 {
		t.Error("DingTalk was asked")
	}
}

// TestAuthorizeIgnores: what a client may say though we do not know it.
//
// proves: unknown parameters and scopes are ignored | RFC 6749 section 3.1, Core section 3.1.2.1
func TestAuthorizeIgnores(t *testing.T) {
	h := build(t)
	for _, pairs := range [][]string{
		{"scope", "openid admin system:masters"}, {"claims", `{"id_token":{"email":null}}`}, {"display", "popup"}, {"acr_values", "x"},
		{"prompt", "select_account"}, {"prompt", "login"}, {"max_age", "0"}, {"max_age", "3600"}, {"response_mode", "query"},
		{"login_hint", "zhangsan2"}, {"ui_locales", "zh-CN"}, {"unknown", "x"}, {"state", ""}, {"nonce", ""}, {"resource", "https://api.example.com"},
	} {
		b := h.browser()
		q := answer(t, b.follow(h.authorization(pairs...), appCallback))
		if q.Get("code") == "" || q.Get("iss") != h.issuer || q.Has("error") {
			t.Errorf("%v: %v", pairs, q)
		}
		if pairs[0] == "state" && q.Has("state") {
			t.Error("a state for a client that sent none")
		}
	}
	// Empty is as good as absent (RFC 6749 section 3.1).
	empty := h.query()
	for _, name := range []string{"request", "request_uri", "response_mode", "prompt", "max_age", "ui_locales", "nonce", "state"} {
		empty.Set(name, "")
	}
	if q := answer(t, h.browser().follow(h.issuer+"/authorize?"+empty.Encode(), appCallback)); q.Get("code") == "" || q.Has("state") {
		t.Errorf("empty parameters: %v", q)
	}
	// The same by POST.
	b := h.browser()
	p := b.post(h.issuer+"/authorize", h.query())
	if q := answer(t, b.follow(p.location, appCallback)); q.Get("code") == "" {
		t.Errorf("POST: %v", q)
	}
}

// TestThreat_RedirectURIMutations repeats, over HTTP, every way in which a provider
// was talked into sending a code elsewhere: CVE-2020-15233, CVE-2020-15234,
// CVE-2023-6291, CVE-2024-8883, CVE-2024-1132, CVE-2022-3782, CVE-2024-52289,
// CVE-2026-28512, CVE-2025-4143, CVE-2026-48794.
//
// proves: redirect URIs are compared byte by byte | RFC 6749 section 3.1.2.3, RFC 9700 section 4.1.3
func TestThreat_RedirectURIMutations(t *testing.T) {
	const good = "https://app.example.com/cb/x?tenant=a"
	h := build(t, func(p *plan) {
		p.specs[0].RedirectURIs = []string{good}
	})
	b := h.browser()
	if p := b.get(h.authorization("redirect_uri", good)); !strings.HasPrefix(p.location, h.dingtalk) {
		t.Fatalf("the registered one is refused: %d %s", p.status, p.kind())
	}
	if p := b.get(h.authorization("client_id", "cli", "redirect_uri", "http://127.0.0.1:49152/cb")); !strings.HasPrefix(p.location, h.dingtalk) {
		t.Fatalf("a native client's port is refused: %d %s", p.status, p.kind())
	}
	tried := 0
	try := func(client, uri string) {
		tried++
		q := h.query("client_id", client)
		q.Set("redirect_uri", uri)
		p := b.get(h.issuer + "/authorize?" + q.Encode())
		if p.status != http.StatusBadRequest || p.kind() != string(pages.UnregisteredRedirect) || p.location != "" {
			t.Errorf("%s %q: %d %s %s", client, uri, p.status, p.kind(), p.location)
		}
	}
	for _, uri := range mutate(good) {
		try("app", uri)
	}
	for _, uri := range []string{
		"http://127.0.0.1:80@evil.example/cb", "http://127.0.0.1:@evil.example/cb", "http://127.0.0.1@evil.example/cb", "http://127.0.0.1.evil.example/cb",
		"http://127.0.0.1:99999/cb", "http://127.0.0.1:0/cb", "http://127.0.0.1:080/cb", "http://127.0.0.1:/cb", "http://127.0.0.1:80/cb/", "http://127.0.0.1:80/cb?x",
		"http://127.0.0.1:80/cb#x", "http://127.0.0.1:80/CB", "https://127.0.0.1:80/cb", "http://localhost:80/cb", "http://127.1:80/cb", "http://2130706433:80/cb",
		"http://0x7f.1:80/cb", "http://0.0.0.0:80/cb", "http://[::1]:80/cb", "http://[::1%25lo]:80/cb", "http://[::ffff:127.0.0.1]:80/cb", "http://127.0.0.1:80\\@evil.example/cb",
		"http://127.0.0.1:80;@evil.example/cb", "http://127.0.0.1 :80/cb", "http://127.0.0.1:8\t0/cb", "http://127.0.0.1:+80/cb", "HTTP://127.0.0.1:80/cb",
	} {
		try("cli", uri)
	}
	if tried < 120 {
		t.Errorf("only %d mutations", tried)
	}
}

// mutate makes URIs that are not the given one but that some parser takes for it.
func mutate(uri string) []string {
	rest := strings.TrimPrefix(uri, "https://app.example.com")
	list := []string{
		"", " ", "/", "//app.example.com" + rest, rest, "javascript:alert(1)", "data:text/html,x", "about:blank", ".*", "https://.*",
		"https:app.example.com" + rest, "https:/app.example.com" + rest, "https:///app.example.com" + rest, "https:\\\\app.example.com" + rest,
		"<" + uri + ">", `"` + uri + `"`, uri + "," + uri, uri + " " + uri,
	}
	for _, host := range []string{
		"APP.example.com", "app.EXAMPLE.com", "app.example.com.", ".app.example.com", "app..example.com", "app.example.com:443", "app.example.com:",
		"app.example.com:80@evil.example", "app.example.com@evil.example", "evil@app.example.com", "@app.example.com", ":@app.example.com",
		"app.example.com.evil.example", "evil-app.example.com", "evil.app.example.com", "example.com", "appXexample.com", "app.example.comm",
		"app.example.com%40evil.example", "app%2eexample.com", "app.example.com%00.evil.example", "evil.example#@app.example.com",
		"evil.example\\@app.example.com", "evil.example?@app.example.com", "evil.example/app.example.com", "аpp.example.com", "app。example.com",
		"app.example.com\u200b", "app.example.com\u00ad", "app.example.com\t", "app.example.com\n", "app.example.com\x00", "*.example.com", "app.example.com;", "[::1%25x]",
	} {
		list = append(list, "https://"+host+rest)
	}
	for _, scheme := range []string{"http", "HTTPS", "Https", "ftp", "ws", "https ", "\thttps", "ht\ntps", "view-source:https", "com.example.app"} {
		list = append(list, scheme+"://app.example.com"+rest)
	}
	for _, path := range []string{
		"", "/", "/cb", "/cb/", "/cb/x", "/cb/x?", "/cb/x/?tenant=a", "/CB/x?tenant=a", "/cb/X?tenant=a", "/cb//x?tenant=a", "//cb/x?tenant=a", "/./cb/x?tenant=a",
		"/cb/../cb/x?tenant=a", "/cb/x/..?tenant=a", "/cb/x/../../evil?tenant=a", "/cb/%2e%2e/cb/x?tenant=a", "/cb/..;/x?tenant=a", "/cb%2fx?tenant=a", "/cb%5cx?tenant=a",
		"/%63b/x?tenant=a", "/cb/%2578?tenant=a", "/cb\\x?tenant=a", "/cb/x;v=1?tenant=a", "/cb/x\t?tenant=a", "/cb/x%3ftenant=a", "/cb/x?tenant=A", "/cb/x?tenant=b",
		"/cb/x?tenant=%61", "/cb/x?tenant=a&", "/cb/x?tenant=a&tenant=a", "/cb/x?code=x&tenant=a", "/cb/x?tenant=a;b", "/cb/x?Tenant=a",
	} {
		list = append(list, "https://app.example.com"+path)
	}
	for _, tail := range []string{"#", "#x", " ", "\n", "\r\nLocation: https://evil.example", "\x00", "%00", "%0a", "/", "*", "a", "?", "&x=1", "\u2028", "\xff", "%20"} {
		list = append(list, uri+tail)
	}
	return list
}

// TestThreat_PKCEDowngrade: the four combinations of challenge and verifier, for
// every kind of client (CVE-2023-48228, CVE-2024-23647, CVE-2025-4144,
// CVE-2024-22258).
//
// proves: PKCE cannot be left out or weakened | RFC 7636 section 4.4.1, RFC 9700 section 4.8
func TestThreat_PKCEDowngrade(t *testing.T) {
	h := build(t)
	for _, c := range []struct {
		client, redirect, secret string
		required                 bool
	}{
		{"app", appCallback, testSecret, true},
		{"wiki", wikiCallback, testSecret, false},
		{"spa", "https://spa.example.com/cb", "", true},
		{"cli", "http://127.0.0.1:5000/cb", "", true},
	} {
		for _, challenged := range []bool{true, false} {
			for _, verifier := range []string{testVerifier, "", "a-wrong-verifier-of-the-right-length-0123456789", challenge(testVerifier), "short"} {
				pairs := []string{"client_id", c.client, "redirect_uri", c.redirect}
				if !challenged {
					pairs = append(pairs, "code_challenge", "", "code_challenge_method", "")
					if c.required {
						h.wantError(t, h.browser().get(h.authorization(pairs...)), c.redirect, "invalid_request", "st-"+t.Name())
						break
					}
				}
				code := h.login(h.browser(), pairs...)
				form := url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {c.redirect}}
				if verifier != "" {
					form.Set("code_verifier", verifier)
				}
				r := h.call("/token", c.client, c.secret, form)
				good := challenged && verifier == testVerifier || !challenged && verifier == ""
				if good && r.status != 200 || !good && (r.status != 400 || r.text("error") != "invalid_grant" || r.json["access_token"] != nil) {
					t.Errorf("%s challenged %t verifier %q: %d %s", c.client, challenged, verifier, r.status, r.body)
				}
				if !good && challenged { // and the mistake burnt nothing
					form.Set("code_verifier", testVerifier)
					if r := h.call("/token", c.client, c.secret, form); r.status != 200 {
						t.Errorf("%s: the right verifier after a wrong one: %d %s", c.client, r.status, r.body)
					}
				}
			}
		}
	}
}

// TestH2_IssUnlessAClientLeavesItOut: mix-up needs iss in every response; one relay
// drops it, and its client may then be registered without.
//
// proves: iss in authorization responses | RFC 9207 section 2
func TestH2_IssUnlessAClientLeavesItOut(t *testing.T) {
	h := build(t, func(p *plan) {
		p.specs = append(p.specs, clients.Spec{ID: "relay", SecretHash: clients.HashSecret(testSecret), RedirectURIs: []string{"https://relay.example.com/cb"},
			OmitIss: true, Allow: clients.Allow{Everyone: true}})
	})
	pairs := []string{"client_id", "relay", "redirect_uri", "https://relay.example.com/cb"}
	b := h.browser()
	for _, p := range []page{
		b.follow(h.authorization(pairs...), "https://relay"), b.get(h.authorization(pairs...)),
		h.browser().get(h.authorization(append(pairs, "prompt", "none")...)),
	} {
		if q := answer(t, p); q.Has("iss") || q.Get("state") == "" {
			t.Errorf("relay: %v", q)
		}
	}
	for _, p := range []page{b.get(h.authorization()), b.get(h.authorization("response_type", "token"))} {
		if q := answer(t, p); q.Get("iss") != h.issuer || q.Get("state") == "" {
			t.Errorf("app: %v", q)
		}
	}
}

// TestNobodyIsAdmittedByAClientWithoutAllow, neither by a login nor by the session of
// another app.
func TestNobodyIsAdmittedByAClientWithoutAllow(t *testing.T) {
	h := build(t)
	pairs := []string{"client_id", "closed", "redirect_uri", "https://closed.example.com/cb"}
	b := h.browser()
	wantPage(t, b.follow(h.authorization(pairs...), "https://closed"), http.StatusForbidden, pages.NotAdmitted)
	audited := func(name audit.Name) { // with who it was: that is known by then
		t.Helper()
		if !slices.ContainsFunc(h.events.take(), func(e audit.Event) bool { return e.Name == name && e.Reason == "not_admitted" && e.Subject != "" }) {
			t.Error("not audited")
		}
	}
	audited(audit.LoginRefused)
	h.login(b)
	wantPage(t, b.get(h.authorization(pairs...)), http.StatusForbidden, pages.NotAdmitted)
	audited(audit.AuthorizeRefused)
	h.wantError(t, b.get(h.authorization(append(pairs, "prompt", "none")...)), "https://closed.example.com/cb", "access_denied", "st-"+t.Name())
}

// TestThreat_D14_AuthorizeAsksDingTalkNothing: a stranger who begins logins costs
// DingTalk's quota nothing and storage one bounded record each.
func TestThreat_D14_AuthorizeAsksDingTalkNothing(t *testing.T) {
	h := build(t)
	b := h.browser()
	h.store.Reset()
	for range 50 {
		b.get(h.authorization())
	}
	if h.apiCalls() != 0 || h.store.Trips() != 50 || len(h.store.Keys()) != 50 {
		t.Errorf("%d calls to DingTalk, %d trips, %d keys", h.apiCalls(), h.store.Trips(), len(h.store.Keys()))
	}
}

// TestTheBudgetOfLogins: beyond it a page that says when to come again.
func TestTheBudgetOfLogins(t *testing.T) {
	h := build(t, func(p *plan) { p.LoginsPerSecond = 1 })
	b := h.browser()
	var p page
	for range 200 {
		if p = b.get(h.authorization()); p.status != http.StatusFound {
			break
		}
	}
	if p.status != http.StatusServiceUnavailable || p.kind() != string(pages.TooManyRequests) || p.header.Get("Retry-After") == "" || p.retry() == "" {
		t.Errorf("%d %s, Retry-After %q, retry %q", p.status, p.kind(), p.header.Get("Retry-After"), p.retry())
	}
}
