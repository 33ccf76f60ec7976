package provider_test

import (
	"net/url"
	"slices"
	"strings"
	"testing"

	xhtml "golang.org/x/net/html"

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
	forms := tags(p.body, "form")
	if len(forms) != 1 || forms[0]["method"] != "post" {
		t.Fatalf("forms %v on %q, status %d: %.200s", forms, p.kind(), p.status, p.body)
	}
	f := form{action: p.action(), fields: url.Values{}}
	for _, input := range tags(p.body, "input") {
		f.fields.Add(input["name"], input["value"])
	}
	for _, button := range tags(p.body, "button") {
		if button["name"] != "" {
			f.buttons = append(f.buttons, button["name"]+"="+button["value"])
		}
	}
	return f
}

// tags are the attributes of each element of a name.
func tags(body, name string) (list []map[string]string) {
	z := xhtml.NewTokenizer(strings.NewReader(body))
	for {
		switch z.Next() {
		case xhtml.ErrorToken:
			return list
		case xhtml.StartTagToken, xhtml.SelfClosingTagToken:
			token := z.Token()
			if token.Data != name {
				continue
			}
			attributes := map[string]string{}
			for _, a := range token.Attr {
				attributes[a.Key] = a.Val
			}
			list = append(list, attributes)
		}
	}
}

// action is where a page's form goes.
func (p page) action() string {
	for _, e := range tags(p.body, "form") {
		return e["action"]
	}
	return ""
}

// hidden are the hidden fields of a page's form.
func hidden(t *testing.T, p page) url.Values {
	t.Helper()
	fields := url.Values{}
	for _, input := range tags(p.body, "input") {
		if input["type"] == "hidden" {
			fields.Add(input["name"], input["value"])
		}
	}
	return fields
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
