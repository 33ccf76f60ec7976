package provider_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/dingbridge/dingbridge/provider/pages"
)

// scenes are the pages on which a person decides or is told what was done, by kind.
// Each comes to a browser with a session.
var scenes = map[pages.Kind]func(h *house, b *browser) page{
	pages.SignOut: func(h *house, b *browser) page {
		return b.get(h.logout("client_id", "app", "post_logout_redirect_uri", appGoodbye))
	},
	pages.SignedOut:           func(h *house, b *browser) page { return h.press(b, b.get(h.logout()), "here") },
	pages.SignedOutEverywhere: func(h *house, b *browser) page { return h.press(b, b.get(h.logout()), "everywhere") },
	pages.InvalidLogout:       func(h *house, b *browser) page { return b.get(h.logout("id_token_hint", "x")) },
	pages.UnregisteredRedirect: func(h *house, b *browser) page {
		return b.get(h.logout("client_id", "app", "post_logout_redirect_uri", "https://evil.example/"))
	},
	pages.UnknownClient: func(h *house, b *browser) page { return b.get(h.logout("client_id", "nobody")) },
	pages.Consent:       func(h *house, b *browser) page { return b.get(h.authorization("prompt", "consent")) },
	pages.FormPost:      func(h *house, b *browser) page { return b.get(h.authorization("response_mode", "form_post")) },
	pages.FormExpired: func(h *house, b *browser) page {
		return b.post(h.issuer+"/end_session/confirm", url.Values{"ticket": {"x"}, "choice": {"here"}})
	},
	pages.LoginExpired: func(h *house, b *browser) page { return b.get(h.issuer + "/authorize?posted=x") },
	pages.DeviceCode:   func(h *house, b *browser) page { return b.get(h.issuer + "/device?user_code=BCDF-GHJK") },
	pages.DeviceConfirm: func(h *house, b *browser) page {
		return h.enter(b, h.deviceCodes("app", testSecret).text("user_code"))
	},
	pages.DeviceApproved: func(h *house, b *browser) page {
		return h.choose(b, h.enter(b, h.deviceCodes("app", testSecret).text("user_code")), "approve")
	},
	pages.DeviceDenied: func(h *house, b *browser) page {
		return h.choose(b, h.enter(b, h.deviceCodes("app", testSecret).text("user_code")), "deny")
	},
	pages.SignedIn: func(h *house, b *browser) page {
		h.exchange(h.login(h.browser()))
		return b.get(h.issuer + "/")
	},
	pages.NotAdmitted: func(h *house, b *browser) page {
		return b.get(h.authorization("client_id", "closed", "redirect_uri", "https://closed.example.com/cb"))
	},
}

// TestThreat_Clickjacking: no page on which a button decides something can be framed,
// runs a script of anybody's, or sends its form elsewhere than it says; a press that a
// person never made is worth nothing without the page's own ticket.
//
// proves: no page can be framed | RFC 6749 section 10.13, RFC 9700 section 4.16
func TestThreat_Clickjacking(t *testing.T) {
	t.Parallel()
	h := build(t, withDevices)
	for kind, scene := range scenes {
		b := h.browser()
		h.login(b)
		p := scene(h, b)
		if p.kind() != string(kind) {
			t.Errorf("%s: got %d %s %s", kind, p.status, p.kind(), p.location)
			continue
		}
		csp := map[string]string{}
		for part := range strings.SplitSeq(p.header.Get("Content-Security-Policy"), ";") {
			name, value, _ := strings.Cut(strings.TrimSpace(part), " ")
			csp[name] = value
		}
		if csp["default-src"] != "'none'" || csp["frame-ancestors"] != "'none'" || csp["base-uri"] != "'none'" || p.header.Get("X-Frame-Options") != "DENY" ||
			p.header.Get("Cache-Control") != "no-store" || p.header.Get("Referrer-Policy") != "no-referrer" || p.header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: %v", kind, p.header)
		}
		if script := csp["script-src"]; (script != "") != (kind == pages.FormPost) || script != "" && !strings.HasPrefix(script, "'sha256-") || strings.Contains(script, " ") {
			t.Errorf("%s: script-src %q", kind, script)
		}
		to := p.action()
		switch ours := strings.HasPrefix(to, "/"); {
		case to == "" && csp["form-action"] != "'none'", ours && !strings.HasPrefix(csp["form-action"], "'self'"), strings.ContainsAny(csp["form-action"], "*"):
			t.Errorf("%s: form to %q, form-action %q", kind, to, csp["form-action"])
		case to != "" && !ours && to != appCallback:
			t.Errorf("%s: form to %q", kind, to)
		}
		for _, target := range append(tags(p.body, "a"), tags(p.body, "form")...) {
			if strings.HasPrefix(target["href"], "javascript:") || target["target"] != "" || target["onclick"] != "" {
				t.Errorf("%s: %v", kind, target)
			}
		}
	}
	for _, route := range routesOf {
		if route.html && !slices.Contains(strings.Fields(route.methods), "GET") { // what a button does, no link does
			if p := h.browser().get(h.issuer + route.path + "?choice=approve"); p.status != http.StatusMethodNotAllowed {
				t.Errorf("GET %s: %d", route.path, p.status)
			}
		}
	}
}

// TestThreat_DoubledParameters: two readers would read two things. At each endpoint
// where something is decided a doubled parameter is refused, and nothing happens
// (Keycloak CVE-2026-9689).
//
// proves: no parameter more than once | RFC 6749 section 3.1
func TestThreat_DoubledParameters(t *testing.T) {
	t.Parallel()
	h := build(t, withDevices)
	b := h.browser()
	hint := h.exchange(h.login(b)).text("id_token")
	out := url.Values{"id_token_hint": {hint}, "client_id": {"app"}, "post_logout_redirect_uri": {appGoodbye}, "state": {"x"}, "ui_locales": {"en"}, "logout_hint": {"x"}}
	leave, agree := b.get(h.logout()).form(t).fields, b.get(h.authorization("prompt", "consent")).form(t).fields
	leave.Set("choice", "here")
	agree.Set("choice", "approve")
	refresh := h.exchange(h.login(b)).text("refresh_token")
	codes := h.deviceCodes("app", testSecret)
	enter, letIn := b.get(h.issuer+"/device").form(t).fields, h.enter(b, codes.text("user_code")).form(t).fields
	enter.Set("user_code", codes.text("user_code"))
	letIn.Set("choice", "approve")
	for name, c := range map[string]struct {
		form url.Values
		send func(url.Values) page
	}{
		"end_session":          {out, func(q url.Values) page { return b.get(h.issuer + "/end_session?" + q.Encode()) }},
		"end_session by POST":  {out, func(q url.Values) page { return b.post(h.issuer+"/end_session", q) }},
		"sign-out form":        {leave, func(q url.Values) page { return b.post(h.issuer+"/end_session/confirm", q) }},
		"consent form":         {agree, func(q url.Values) page { return b.post(h.issuer+"/authorize/consent", q) }},
		"device page":          {url.Values{"user_code": {codes.text("user_code")}, "ui_locales": {"en"}}, func(q url.Values) page { return b.get(h.issuer + "/device?" + q.Encode()) }},
		"user code's form":     {enter, func(q url.Values) page { return b.post(h.issuer+"/device", q) }},
		"device's form":        {letIn, func(q url.Values) page { return b.post(h.issuer+"/device/confirm", q) }},
		"device authorization": {url.Values{"scope": {"openid"}}, func(q url.Values) page { return h.call("/device_authorization", "app", testSecret, q).page }},
		"device token": {url.Values{"grant_type": {grantDevice}, "device_code": {codes.text("device_code")}}, func(q url.Values) page {
			return h.call("/token", "app", testSecret, q).page
		}},
		"pushed request": {h.query(), func(q url.Values) page { return h.call("/par", "app", testSecret, q).page }},
		"refresh": {url.Values{"grant_type": {"refresh_token"}, "refresh_token": {refresh}, "scope": {"openid"}}, func(q url.Values) page {
			return h.call("/token", "app", testSecret, q).page
		}},
		"introspection": {url.Values{"token": {refresh}, "token_type_hint": {"refresh_token"}}, func(q url.Values) page { return h.call("/introspect", "app", testSecret, q).page }},
		"revocation":    {url.Values{"token": {refresh}, "token_type_hint": {"refresh_token"}}, func(q url.Values) page { return h.call("/revoke", "app", testSecret, q).page }},
	} {
		for parameter, values := range c.form {
			for _, second := range []string{values[0], "another"} {
				for _, order := range [][]string{{values[0], second}, {second, values[0]}} {
					bent := url.Values{}
					for other, kept := range c.form {
						bent[other] = kept
					}
					bent[parameter] = order
					if p := c.send(bent); p.status != http.StatusBadRequest || p.location != "" {
						t.Errorf("%s, %s twice: %d %s %s", name, parameter, p.status, p.kind(), p.location)
					}
				}
			}
		}
		if !h.in(b) {
			t.Fatalf("%s: the session is gone", name)
		}
	}
	if r := h.refresh(refresh, ""); r.status != http.StatusOK {
		t.Errorf("the refresh token afterwards: %d %s", r.status, r.body)
	}
	if p := b.post(h.issuer+"/device/confirm", letIn); p.kind() != string(pages.DeviceApproved) || h.poll("app", testSecret, codes.text("device_code")).status != http.StatusOK {
		t.Errorf("the device afterwards: %d %s", p.status, p.kind())
	}
	if p := b.post(h.issuer+"/authorize/consent", agree); answer(t, p).Get("code") == "" {
		t.Errorf("the consent afterwards: %d %s", p.status, p.kind())
	}
	if p := b.post(h.issuer+"/end_session/confirm", leave); p.status != http.StatusOK || h.in(b) {
		t.Errorf("the logout afterwards: %d %s", p.status, p.kind())
	}
}

// TestThreat_SessionFixation_AfterLogout: what a browser had before a logout opens
// nothing after the next login, whoever put it there; the new session is another.
func TestThreat_SessionFixation_AfterLogout(t *testing.T) {
	h := build(t)
	at := mustURL(t, h.issuer)
	for _, choice := range []string{"here", "everywhere"} {
		b := h.browser()
		before := h.claimsOf(h.exchange(h.login(b)).text("id_token"), "app")
		planted := b.client.Jar.Cookies(at)
		form := b.get(h.authorization("prompt", "consent")).form(t).fields
		form.Set("choice", "approve")
		if p := h.press(b, b.get(h.logout()), choice); p.cookie("-session-") != "" {
			t.Errorf("%s: the page sets a session", choice)
		}
		if b.cookieNamed(h.issuer, "-session-") != "" {
			t.Errorf("%s: the cookie is kept", choice)
		}
		thief := h.browser()
		thief.client.Jar.SetCookies(at, planted)
		if h.in(thief) {
			t.Errorf("%s: the old cookie works", choice)
		}
		// The victim logs in with the attacker's old cookies in the browser.
		b.client.Jar.SetCookies(at, planted)
		after := h.claimsOf(h.exchange(h.login(b)).text("id_token"), "app")
		if before["sid"] == after["sid"] || after["sid"] == nil || !h.in(b) {
			t.Errorf("%s: sid %v, before %v", choice, after["sid"], before["sid"])
		}
		if h.in(thief) {
			t.Errorf("%s: the new login has revived the old cookie", choice)
		}
		if p := b.post(h.issuer+"/authorize/consent", form); strings.Contains(p.location, "code=") {
			t.Errorf("%s: a form of the old session works in the new one", choice)
		}
	}
}
