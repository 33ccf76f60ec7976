package demoapp

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

const inside = `id="nick"`

func TestLoginRefreshSecondClientLogout(t *testing.T) {
	o := newOP(t)
	_, app := open(t, o)
	b := newBrowser(t)
	if status, page := b.get(app + "/"); status != 200 || strings.Contains(page, inside) {
		t.Errorf("before: %d %s", status, page)
	}
	if status, page := b.get(app + "/login"); status != 200 || !strings.Contains(page, "<bdi>三哥</bdi>") {
		t.Fatalf("after: %d %s", status, page)
	}
	status, page := b.post(app + "/refresh")
	if status != 200 || !strings.Contains(page, `<b id="refreshes">1</b>`) || !strings.Contains(page, `<tr class="new"><th scope="row"><code>refreshed</code>`) {
		t.Errorf("refreshed: %d %s", status, page)
	}
	if _, page := b.post(app + "/refresh"); !strings.Contains(page, `<b id="refreshes">2</b>`) {
		t.Error("the second refresh did not use the new token")
	}
	if _, page := b.get(app + "/second/login"); !strings.Contains(page, inside) || !strings.Contains(page, "<code>demo-second</code>") {
		t.Errorf("the second client: %s", page)
	}
	if _, page := b.post(app + "/logout"); strings.Contains(page, inside) {
		t.Error("it is logged in after the logout")
	}
	if _, page := b.get(app + "/second/"); !strings.Contains(page, inside) {
		t.Error("the logout of one client ended the other's session")
	}
}

func TestD1_ACallbackCountsOnceInItsBrowser(t *testing.T) {
	o := newOP(t)
	_, app := open(t, o)
	refused := func(what string, status int, page string) {
		t.Helper()
		if status < 400 || strings.Contains(page, inside) {
			t.Errorf("%s: %d %s", what, status, page)
		}
	}
	b := newBrowser(t)
	callback := b.begin(app)
	other := newBrowser(t)
	status, page := other.get(callback)
	refused("a browser without a session", status, page)
	other.begin(app)
	status, page = other.get(callback)
	refused("a browser with a login of its own", status, page)

	if status, page = b.get(callback); status != 200 || !strings.Contains(page, inside) {
		t.Fatalf("the right browser: %d %s", status, page)
	}
	o.mu.Lock()
	o.challenge["CODE-1"] = "" // whatever the provider does
	o.mu.Unlock()
	status, page = b.get(callback)
	refused("the same callback again", status, page)

	altered := func(key, value string) string {
		u, _ := url.Parse(b.begin(app))
		q := u.Query()
		q.Set(key, value)
		u.RawQuery = q.Encode()
		return u.String()
	}
	for key, value := range map[string]string{"state": "", "iss": "https://evil.example", "code": "CODE-1"} {
		status, page = b.get(altered(key, value))
		refused("another "+key, status, page)
	}
	status, page = b.get(altered("iss", ""))
	refused("no iss", status, page)
}

func TestD1_ALyingProviderIsRefused(t *testing.T) {
	for name, lie := range map[string]func(*op){
		"nonce":    func(o *op) { o.idToken = map[string]any{"nonce": "other"} },
		"audience": func(o *op) { o.idToken = map[string]any{"aud": "demo-second"} },
		"issuer":   func(o *op) { o.idToken = map[string]any{"iss": "https://evil.example"} },
		"expired":  func(o *op) { o.idToken = map[string]any{"exp": 1} },
		"at_hash":  func(o *op) { o.idToken = map[string]any{"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"} },
		"userinfo": func(o *op) { o.userinfo = map[string]any{"sub": "somebody else"} },
		"mix-up":   func(o *op) { o.iss = "https://evil.example" },
		"denied":   func(o *op) { o.denied = "not <b>you</b>" },
	} {
		t.Run(name, func(t *testing.T) {
			o := newOP(t)
			lie(o)
			_, app := open(t, o)
			status, page := newBrowser(t).get(app + "/login")
			if status < 400 || strings.Contains(page, inside) || !strings.Contains(page, "登录没有完成") {
				t.Errorf("%d %s", status, page)
			}
		})
	}
	o := newOP(t)
	_, app := open(t, o)
	b := newBrowser(t)
	b.get(app + "/login")
	o.mu.Lock()
	o.idToken, o.userinfo = map[string]any{"sub": "somebody else"}, map[string]any{"sub": "somebody else"}
	o.mu.Unlock()
	if status, page := b.post(app + "/refresh"); status < 400 || strings.Contains(page, inside) {
		t.Errorf("refreshed into somebody else: %d", status)
	}
}

func TestD2_ClaimsAreText(t *testing.T) {
	o := newOP(t)
	const evil = `<script>alert(1)</script>"'>`
	o.userinfo = map[string]any{"nickname": evil, "name": "\u202eevil", "picture": "javascript:alert(1)", evil: []any{evil, 1.5, nil, map[string]any{"a": true}}}
	o.idToken = map[string]any{"nickname": evil, "iat": "1", "auth_time": -1, "big": 12345678901234567}
	_, app := open(t, o)
	b := newBrowser(t)
	answer, err := b.Get(app + "/login")
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	if policy := answer.Header.Get("Content-Security-Policy"); !strings.Contains(policy, "default-src 'none'") || strings.Contains(policy, "script-src") || strings.Contains(policy, "unsafe") {
		t.Errorf("policy %q", policy)
	}
	raw := b.seen.String()
	if strings.Contains(raw, "<script") || strings.Contains(raw, "<img") {
		t.Error("a claim became markup")
	}
	if !strings.Contains(raw, "12345678901234567") || !strings.Contains(raw, "&lt;script&gt;") {
		t.Error("a claim is not shown as it is")
	}
	o.mu.Lock()
	o.userinfo = map[string]any{"picture": "https://img.example/a.jpg"}
	o.mu.Unlock()
	// The demo needs nothing but this machine, and so loads nobody's picture.
	if _, page := newBrowser(t).get(app + "/login"); strings.Contains(page, "<img") || !strings.Contains(page, "https://img.example/a.jpg") {
		t.Error("a picture is loaded, or its address not shown")
	}
}

func TestD3_TheBrowserSeesNoToken(t *testing.T) {
	o := newOP(t)
	_, app := open(t, o)
	b := newBrowser(t)
	b.get(app + "/login")
	b.post(app + "/refresh")
	for _, secret := range []string{"ACCESS-TOKEN", "REFRESH-", "SECRET-", "eyJ"} {
		if strings.Contains(b.seen.String(), secret) {
			t.Errorf("%s was sent to the browser", secret)
		}
	}
	b.post(app + "/signout")
	for line := range strings.Lines(b.seen.String()) {
		if strings.Contains(line, "eyJ") && !strings.HasPrefix(line, "Location ["+o.URL+"/end?") {
			t.Errorf("the ID token goes elsewhere than to the provider: %s", line)
		}
	}
}

func TestD4_CookieNames(t *testing.T) {
	o := newOP(t)
	_, app := open(t, o)
	b := newBrowser(t)
	b.get(app + "/login")
	b.get(app + "/second/login")
	u, _ := url.Parse(app)
	names := map[string]bool{}
	for _, c := range b.Jar.Cookies(u) {
		if !strings.HasPrefix(c.Name, "demo-app-"+u.Port()+"-") {
			t.Errorf("a cookie is called %s", c.Name)
		}
		names[c.Name] = true
	}
	if len(names) != 2 {
		t.Errorf("cookies: %v", names)
	}
	for line := range strings.Lines(b.seen.String()) {
		if strings.HasPrefix(line, "Set-Cookie") && (!strings.Contains(line, "HttpOnly") || !strings.Contains(line, "SameSite=Lax")) {
			t.Error(line)
		}
	}
}

func TestD5_SessionsAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSessions()
		first, _ := s.start(nil)
		for i := range 3 * maxSessions {
			s.start(nil)
			s.leave(fmt.Sprint(i), "")
			s.hear(fmt.Sprint(i))
		}
		for name, m := range map[string]memory{"ends": s.ended, "notices": s.heard} {
			if len(m.at) > maxSessions || len(m.order) > maxSessions || !m.has(fmt.Sprint(3*maxSessions-1)) || m.has("0") {
				t.Errorf("%d %s are kept, %d in order", len(m.at), name, len(m.order))
			}
		}
		if len(s.byID) > maxSessions || len(s.order) > maxSessions || s.get(first.id) != nil {
			t.Errorf("%d sessions, %d in order", len(s.byID), len(s.order))
		}
		last, _ := s.start(nil)
		for range 3 * maxPending {
			last.begin(pending{state: "s", began: time.Now()})
		}
		if len(last.pending) > maxPending {
			t.Errorf("%d logins under way", len(last.pending))
		}
		time.Sleep(pendingLife)
		if _, ok := last.take("s", false); ok {
			t.Error("an old login counts")
		}
		time.Sleep(sessionLife)
		if s.get(last.id) != nil {
			t.Error("an old session counts")
		}
	})
}

func TestRefreshesTakeTurns(t *testing.T) {
	o := newOP(t)
	_, app := open(t, o)
	b := newBrowser(t)
	b.get(app + "/login")
	u, _ := url.Parse(app)
	var all sync.WaitGroup
	for range 8 { // the provider here takes no refresh token twice
		all.Go(func() {
			one := &http.Client{Jar: b.Jar}
			answer, err := one.PostForm(app+"/refresh", nil)
			if err != nil {
				t.Error(err)
				return
			}
			answer.Body.Close()
			if answer.StatusCode != http.StatusOK {
				t.Errorf("%s for %s", answer.Status, u)
			}
		})
	}
	all.Wait()
	if _, page := b.get(app + "/"); !strings.Contains(page, `<b id="refreshes">8</b>`) {
		t.Error("a refresh is lost")
	}
}

func TestOtherSitesCannotPost(t *testing.T) {
	o := newOP(t)
	_, app := open(t, o)
	b := newBrowser(t)
	b.get(app + "/login")
	r, _ := http.NewRequestWithContext(t.Context(), http.MethodPost, app+"/logout", nil)
	r.Header.Set("Origin", "https://evil.example")
	answer, err := b.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	if _, page := b.get(app + "/"); answer.StatusCode != http.StatusForbidden || !strings.Contains(page, inside) {
		t.Errorf("another site's POST: %s", answer.Status)
	}
}

func TestProviderIsAskedAgainAfterAFault(t *testing.T) {
	o := newOP(t)
	_, app := open(t, o)
	working := o.Config.Handler
	o.Config.Handler = http.NotFoundHandler()
	if status, page := newBrowser(t).get(app + "/login"); status != http.StatusBadGateway || !strings.Contains(page, "登录没有完成") {
		t.Errorf("while it is down: %d", status)
	}
	o.Config.Handler = working
	if _, page := newBrowser(t).get(app + "/login"); !strings.Contains(page, inside) {
		t.Error("it is not asked again")
	}
}
