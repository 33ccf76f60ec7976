package provider_test

import (
	"net/url"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"github.com/dingbridge/dingbridge/provider/audit"
	"github.com/dingbridge/dingbridge/provider/clients"
	"github.com/dingbridge/dingbridge/provider/pages"
)

// form is the one form of a page: where it posts to and what it holds.
type form struct {
	action  string
	fields  url.Values
	buttons []string // "name=value"
}

// form takes the page's form apart as a browser does.
func (p page) form(t *testing.T) form {
	t.Helper()
	doc, err := html.Parse(strings.NewReader(p.body))
	if err != nil {
		t.Fatal(err)
	}
	var found []form
	for n := range doc.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		attr := map[string]string{}
		for _, a := range n.Attr {
			attr[a.Key] = a.Val
		}
		switch n.Data {
		case "form":
			if attr["method"] != "post" {
				t.Fatalf("a form by %q", attr["method"])
			}
			found = append(found, form{action: attr["action"], fields: url.Values{}})
		case "input":
			found[len(found)-1].fields.Add(attr["name"], attr["value"])
		case "button":
			if attr["name"] != "" {
				found[len(found)-1].buttons = append(found[len(found)-1].buttons, attr["name"]+"="+attr["value"])
			}
		}
	}
	if len(found) != 1 {
		t.Fatalf("%d forms on %q, status %d: %.200s", len(found), p.kind(), p.status, p.body)
	}
	return found[0]
}

// press posts the page's form with one of its buttons.
func (h *house) press(b *browser, p page, choice string) page {
	h.t.Helper()
	f := p.form(h.t)
	if !slices.Contains(f.buttons, "choice="+choice) {
		h.t.Fatalf("no button %q among %v", choice, f.buttons)
	}
	f.fields.Set("choice", choice)
	return b.post(h.dial(f.action), f.fields)
}

// TestConsent: a client that asks for the question gets no code without the answer.
//
// proves: prompt=consent | OpenID Connect Core 1.0 section 3.1.2.4
func TestConsent(t *testing.T) {
	h := build(t)
	b := h.browser()
	for _, before := range []string{"a login", "a session"} {
		ask := b.follow(h.authorization("prompt", "consent", "nonce", "n-1"), appCallback)
		wantPage(t, ask, 200, pages.Consent)
		if !strings.Contains(ask.body, "The App") {
			t.Errorf("after %s: the client is not named", before)
		}
		if q := answer(t, h.press(b, ask, "deny")); q.Get("error") != "access_denied" || q.Get("iss") != h.issuer || q.Get("state") == "" {
			t.Errorf("after %s, denied: %v", before, q)
		}
		yes := h.press(b, ask, "approve")
		if yes.status != 303 {
			t.Errorf("after %s: status %d", before, yes.status)
		}
		tokens := h.exchange(answer(t, yes).Get("code"))
		if claims := h.claimsOf(tokens.text("id_token"), "app"); claims["nonce"] != "n-1" {
			t.Errorf("after %s: nonce %v", before, claims["nonce"])
		}
	}
	if !h.events.has(audit.ConsentGiven, "") || !h.events.has(audit.ConsentDenied, "") {
		t.Error("not audited")
	}
	// The callback that ended in the question shows it again.
	other := h.browser()
	start := other.get(h.authorization("prompt", "consent"))
	callback := other.follow(start.location, h.issuer+"/login/callback").location
	for range 2 {
		wantPage(t, other.get(callback), 200, pages.Consent)
	}
	if q := answer(t, h.press(other, other.get(callback), "approve")); q.Get("code") == "" {
		t.Errorf("after a reload: %v", q)
	}
}

// TestH11_ConsentFormIsOfThisSession: the form works in the session that it was shown to,
// unchanged, and while the client is what it was.
func TestH11_ConsentFormIsOfThisSession(t *testing.T) {
	h := build(t)
	mine, theirs := h.browser(), h.browser()
	h.login(mine)
	h.login(theirs)
	ask := mine.get(h.authorization("prompt", "consent"))
	f := ask.form(t)
	at := h.dial(f.action)
	f.fields.Set("choice", "approve")
	wantPage(t, theirs.post(at, f.fields), 400, pages.FormExpired)
	wantPage(t, h.browser().post(at, f.fields), 400, pages.FormExpired)
	for _, change := range []func(url.Values){
		func(v url.Values) { v.Del("ticket") },
		func(v url.Values) { v.Del("request") },
		func(v url.Values) { v.Set("ticket", v.Get("ticket")+"A") },
		func(v url.Values) {
			v.Set("request", theirs.get(h.authorization("prompt", "consent", "scope", "openid")).form(t).fields.Get("request"))
		},
	} {
		changed := url.Values{}
		for name, values := range f.fields {
			changed[name] = slices.Clone(values)
		}
		change(changed)
		if p := mine.post(at, changed); p.location != "" {
			t.Errorf("a changed form leads to %s", p.location)
		}
	}
	// A logout while the form stands open: nothing to consent with.
	h.goes(mine)
	if p := mine.post(at, f.fields); p.location != "" {
		t.Errorf("after a logout: %s", p.location)
	}
	h.login(mine)
	ask = mine.get(h.authorization("prompt", "consent"))
	h.replace(slices.DeleteFunc(testClients(), func(s clients.Spec) bool { return s.ID == "app" }))
	wantPage(t, h.press(mine, ask, "approve"), 400, pages.UnknownClient)
}

// TestFormPost: success and error alike come as a form, and never in the query.
//
// proves: response_mode=form_post | OAuth 2.0 Form Post Response Mode section 2
func TestFormPost(t *testing.T) {
	h := build(t)
	b := h.browser()
	state := `st"><script>alert(1)</script>&amp;'`
	for name, pairs := range map[string][]string{
		"error before a login": {"prompt", "none"},
		"a login":              nil,
		"single sign-on":       {"prompt", "none"},
		"refused request":      {"scope", "nothing"},
		"no response_type":     {"response_type", ""},
	} {
		p := b.follow(h.authorization(append(pairs, "response_mode", "form_post", "state", state)...), appCallback)
		if p.status != 200 || p.location != "" {
			t.Fatalf("%s: %d %s", name, p.status, p.location)
		}
		f := p.form(t)
		if f.action != appCallback || f.fields.Get("state") != state || f.fields.Get("iss") != h.issuer || f.fields.Has("code") == f.fields.Has("error") {
			t.Errorf("%s: %s %v", name, f.action, f.fields)
		}
		if policy := p.header.Get("Content-Security-Policy"); !strings.Contains(policy, "script-src 'sha256-") || strings.Contains(policy, "unsafe") || p.header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %v", name, p.header)
		}
		if f.fields.Has("code") && h.exchange(f.fields.Get("code")).text("access_token") == "" {
			t.Errorf("%s: the code opens nothing", name)
		}
	}
	if p := b.get(h.authorization("response_mode", "form_post", "state", "a\nb")); p.form(t).fields.Get("error") != "invalid_request" || p.form(t).fields.Has("state") {
		t.Error("a state that a form cannot carry")
	}
}
