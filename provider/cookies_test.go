package provider_test

import (
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/dingbridge/dingbridge/provider/sessions"
)

// direct sends a request to a provider whose issuer no test can listen on.
func (h *house) direct(method, target string, cookies ...*http.Cookie) *http.Response {
	r := httptest.NewRequest(method, target, nil)
	for _, c := range cookies {
		r.AddCookie(c)
	}
	w := httptest.NewRecorder()
	h.provider.Handler().ServeHTTP(w, r)
	return w.Result()
}

// TestCookieAttributes: __Host- and everything it demands on https; without Secure on
// loopback, or the browser would not send them (ZITADEL CVE-2024-28197).
func TestCookieAttributes(t *testing.T) {
	for _, issuer := range []string{"https://login.example.com", "https://login.example.com/sso", ""} {
		h := build(t, func(p *plan) { p.Issuer = issuer })
		secure := issuer != ""
		begun := h.direct("GET", h.authorization())
		binding := begun.Cookies()
		if begun.StatusCode != http.StatusFound || len(binding) != 1 {
			t.Fatalf("%s: %d %v", issuer, begun.StatusCode, binding)
		}
		client := h.browser()
		back := client.get(begun.Header.Get("Location")).location // DingTalk sends to the callback
		if !strings.HasPrefix(back, h.issuer+"/login/callback?") {
			t.Fatalf("callback %s", back)
		}
		done := h.direct("GET", back, binding[0])
		if done.StatusCode != http.StatusFound || len(done.Cookies()) != 1 {
			t.Fatalf("%s: %d %v", issuer, done.StatusCode, done.Cookies())
		}
		names := map[string]bool{}
		for _, c := range append(binding, done.Cookies()...) {
			names[c.Name] = true
			if c.Path != "/" || c.Domain != "" || !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Secure != secure || c.MaxAge <= 0 {
				t.Errorf("%s: %s", issuer, c.Raw)
			}
			if strings.HasPrefix(c.Name, "__Host-") != secure {
				t.Errorf("%s: name %s", issuer, c.Name)
			}
		}
		if len(names) != 2 {
			t.Errorf("names %v", names)
		}
		// Only under its own name, and only once.
		session := done.Cookies()[0]
		silent := h.authorization("prompt", "none")
		if l := h.direct("GET", silent, session).Header.Get("Location"); !strings.Contains(l, "code=") {
			t.Errorf("%s: the session does not work: %s", issuer, l)
		}
		planted := *session
		planted.Name = strings.TrimPrefix(session.Name, "__Host-") + "x"
		for name, jar := range map[string][]*http.Cookie{"twice": {session, session}, "beside another": {{Name: session.Name, Value: "x"}, session}, "under another name": {&planted}} {
			if l := h.direct("GET", silent, jar...).Header.Get("Location"); !strings.Contains(l, "login_required") {
				t.Errorf("%s: session %s: %s", issuer, name, l)
			}
		}
		if p := h.direct("GET", back, binding[0], binding[0]); p.StatusCode != http.StatusBadRequest {
			t.Errorf("%s: the binding cookie twice: %d", issuer, p.StatusCode)
		}
	}
	// Two issuers on one host do not overwrite each other's.
	a, b := build(t, func(p *plan) { p.Issuer = "https://login.example.com/a" }), build(t, func(p *plan) { p.Issuer = "https://login.example.com/b" })
	if a.direct("GET", a.authorization()).Cookies()[0].Name == b.direct("GET", b.authorization()).Cookies()[0].Name {
		t.Error("two issuers share a cookie")
	}
}

// TestThreat_CVE_2025_46815_BentCookies: every bit of the session cookie counts
// (ZITADEL CVE-2026-109373, authentik CVE-2026-25748).
func TestThreat_CVE_2025_46815_BentCookies(t *testing.T) {
	h := build(t)
	b := h.browser()
	h.login(b)
	u, _ := url.Parse(h.issuer)
	var session *http.Cookie
	for _, c := range b.client.Jar.Cookies(u) {
		if strings.Contains(c.Name, "-session-") {
			session = c
		}
	}
	silent := h.authorization("prompt", "none")
	try := func(value string) bool {
		return strings.Contains(h.direct("GET", silent, &http.Cookie{Name: session.Name, Value: value}).Header.Get("Location"), "code=")
	}
	if !try(session.Value) {
		t.Fatal("the cookie itself does not work")
	}
	raw, err := base64.RawURLEncoding.DecodeString(session.Value)
	if err != nil {
		t.Fatal(err)
	}
	for i := range raw {
		for bit := range 8 {
			raw[i] ^= 1 << bit
			if try(base64.RawURLEncoding.EncodeToString(raw)) {
				t.Errorf("bit %d of byte %d does not count", bit, i)
			}
			raw[i] ^= 1 << bit
		}
	}
	for _, bad := range []string{"", "x", session.Value + "A", session.Value[1:], session.Value + "==", strings.ToUpper(session.Value), session.Value + "." + session.Value, strings.Repeat("A", 64)} {
		if try(bad) {
			t.Errorf("%q works", bad)
		}
	}
}

// TestE1_LoginFixation: a login gives a new cookie, whatever the browser had, and what
// it had opens nothing any more (Jenkins CVE-2023-24424, CVE-2024-52553).
func TestE1_LoginFixation(t *testing.T) {
	h := build(t)
	u, _ := url.Parse(h.issuer)
	attacker := h.browser()
	h.sim.ApproveAs("mallory")
	h.login(attacker)
	planted := attacker.client.Jar.Cookies(u)
	// The attacker's cookies are planted in the victim's browser, who logs in anew.
	victim := h.browser()
	victim.client.Jar.SetCookies(u, planted)
	h.sim.ApproveAs("zhangsan")
	code := h.login(victim, "prompt", "login")
	if sub := h.claimsOf(h.exchange(code).text("id_token"), "app")["sub"]; sub != string(h.subject(t, "zhangsan")) {
		t.Fatalf("logged in as %v", sub)
	}
	for _, c := range planted {
		if strings.Contains(c.Name, "-session-") && victim.cookieNamed(h.issuer, "-session-") == c.Value {
			t.Error("the cookie is the planted one")
		}
	}
	h.wantError(t, attacker.get(h.authorization("prompt", "none")), appCallback, "login_required", "st-"+t.Name())
	if q := answer(t, victim.get(h.authorization("prompt", "none"))); q.Get("code") == "" {
		t.Errorf("the victim's own: %v", q)
	}
	// The same person again: a new cookie, the same sid, and the old cookie is dead.
	before := victim.client.Jar.Cookies(u)
	sid := h.claimsOf(h.exchange(answer(t, victim.get(h.authorization())).Get("code")).text("id_token"), "app")["sid"]
	again := h.exchange(h.login(victim, "prompt", "login"))
	if got := h.claimsOf(again.text("id_token"), "app")["sid"]; got != sid || sid == nil {
		t.Errorf("sid %v, was %v", got, sid)
	}
	old := h.browser()
	old.client.Jar.SetCookies(u, before)
	h.wantError(t, old.get(h.authorization("prompt", "none")), appCallback, "login_required", "st-"+t.Name())
}

// TestMaxAge: a session older than the client wants is none.
//
// proves: max_age=0 asks for a login | Core section 3.1.2.1
func TestMaxAge(t *testing.T) {
	h := build(t)
	b := h.browser()
	h.login(b)
	if q := answer(t, b.get(h.authorization("prompt", "none", "max_age", "3600"))); q.Get("code") == "" {
		t.Errorf("a young session: %v", q)
	}
	for range 30 {
		if q := answer(t, b.get(h.authorization("prompt", "none", "max_age", "0"))); q.Get("error") == "login_required" {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	t.Error("max_age=0 is answered from an old session")
}

// TestIdleSession: a session that was not used for too long is none.
func TestIdleSession(t *testing.T) {
	h := build(t, func(p *plan) { p.Sessions = sessions.Config{Idle: time.Millisecond, Absolute: time.Hour} })
	b := h.browser()
	h.login(b)
	time.Sleep(5 * time.Millisecond)
	h.wantError(t, b.get(h.authorization("prompt", "none")), appCallback, "login_required", "st-"+t.Name())
}
