package provider_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/dingbridge/dingbridge/keys"
	"github.com/dingbridge/dingbridge/provider/clients"
	"github.com/dingbridge/dingbridge/provider/pushed"
	"github.com/dingbridge/dingbridge/storage"
)

// kinds are what the provider gives out, and what looks like it.
var kinds = []kind{
	{"code", []string{"code"}, func(m *matrix) artefact {
		return artefact{value: m.code()}
	}},
	{"access token", []string{"access"}, func(m *matrix) artefact {
		token := m.exchange(m.code()).text("access_token")
		return artefact{value: token, probe: token}
	}},
	{"refresh token", []string{"refresh"}, func(m *matrix) artefact {
		tokens := m.exchange(m.code())
		return artefact{value: tokens.text("refresh_token"), probe: tokens.text("access_token")}
	}},
	{"ID token RS256", []string{keys.TypeJWT}, func(m *matrix) artefact {
		tokens := m.exchange(m.code())
		return artefact{value: tokens.text("id_token"), probe: tokens.text("access_token")}
	}},
	{"ID token ES256", []string{keys.TypeJWT}, func(m *matrix) artefact {
		tokens := m.call("/token", "es", testSecret, codeForm(m.code("client_id", "es")))
		return artefact{value: tokens.text("id_token"), probe: tokens.text("access_token")}
	}},
	{"logout token", []string{keys.TypeLogoutToken}, func(m *matrix) artefact {
		return m.signed(keys.TypeLogoutToken, map[string]any{"events": map[string]any{"http://schemas.openid.net/event/backchannel-logout": map[string]any{}}})
	}},
	{"foreign at+jwt", []string{keys.TypeAccessToken}, func(m *matrix) artefact { // ours by its signature, of no grant of ours
		return m.signed(keys.TypeAccessToken, map[string]any{"client_id": "app", "scope": "openid profile"})
	}},
	{"login state", []string{"state"}, func(m *matrix) artefact {
		b := m.house.browser()
		q := mustQuery(m.t, m.arrive(b))
		return artefact{value: q.Get("state"), with: q, browser: b}
	}},
	{"request_uri", []string{"pushed"}, func(m *matrix) artefact {
		uri, _, op, err := m.pushed().Push("app", m.query())
		return artefact{value: m.stored(uri, op, err)}
	}},
	{"posted reference", []string{"posted"}, func(m *matrix) artefact {
		reference, op, err := m.pushed().Post("/authorize", m.query())
		return artefact{value: m.stored(reference, op, err)}
	}},
	{"session cookie", nil, func(m *matrix) artefact {
		return artefact{value: m.browser.cookieNamed(m.issuer, "-session-"), browser: m.browser}
	}},
	{"binding cookie", nil, func(m *matrix) artefact {
		return artefact{value: m.browser.cookieNamed(m.issuer, "-login-"), browser: m.browser}
	}},
	{"client secret", nil, func(*matrix) artefact { return artefact{value: testSecret} }},
	{"hash of the client's secret", nil, func(*matrix) artefact { return artefact{value: clients.HashSecret(testSecret)} }},
	{"unsigned JWT", nil, func(m *matrix) artefact {
		part := strings.Split(m.exchange(m.code()).text("id_token"), ".")
		return artefact{value: "eyJhbGciOiJub25lIn0." + part[1] + "."}
	}},
	{"nothing", nil, func(*matrix) artefact { return artefact{value: ""} }},
}

// doors are the places that take one of them.
var doors = []door{
	{"code", "/token authorization_code", "own other public nobody", func(m *matrix, a artefact, caller string) bool {
		return m.as("/token", caller, codeForm(a.value)).status == http.StatusOK
	}},
	{"refresh token", "/token refresh_token", "own other public nobody", func(m *matrix, a artefact, caller string) bool {
		return m.as("/token", caller, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {a.value}}).status == http.StatusOK
	}},
	{"userinfo", "/userinfo", "nobody", func(m *matrix, a artefact, _ string) bool {
		return m.userinfo(a.value).status == http.StatusOK || m.raw("POST", "/userinfo", formType, "", url.Values{"access_token": {a.value}}.Encode()).status == http.StatusOK
	}},
	{"introspection", "/introspect", "own other public server nobody", func(m *matrix, a artefact, caller string) bool {
		open := false
		for _, hint := range []string{"", "access_token", "refresh_token"} {
			r := m.as("/introspect", caller, url.Values{"token": {a.value}, "token_type_hint": {hint}})
			open = open || r.json["active"] == true
			if r.status == http.StatusOK && r.json["active"] == false && len(r.json) != 1 {
				m.t.Errorf("introspection as %s tells of what is not active: %s", caller, r.body)
			}
		}
		return open
	}},
	{"revocation", "/revoke", "own other public server nobody", func(m *matrix, a artefact, caller string) bool {
		if a.probe == "" { // nothing of it can end: whatever happens, the browser's own tokens stay
			a.probe = m.exchange(m.code()).text("access_token")
		}
		if m.userinfo(a.probe).status != http.StatusOK {
			m.t.Fatal("dead before")
		}
		m.as("/revoke", caller, url.Values{"token": {a.value}})
		return m.userinfo(a.probe).status != http.StatusOK
	}},
	{"login state", "/login/callback", "own other", func(m *matrix, a artefact, caller string) bool {
		b := m.house.browser()
		q := mustQuery(m.t, m.arrive(b)) // a browser with a login of its own under way
		if a.with != nil && a.with.Has("authCode") {
			q = a.with
		}
		if caller == "own" && a.browser != nil {
			b = a.browser
		}
		return strings.HasPrefix(b.get(m.issuer+"/login/callback?"+url.Values{"state": {a.value}, "authCode": q["authCode"]}.Encode()).location, appCallback)
	}},
	{"session cookie", "/authorize", "own other", func(m *matrix, a artefact, caller string) bool { // whoever has it, for every client
		to := m.authorization("prompt", "none")
		if caller == "other" {
			to = m.authorization("prompt", "none", "client_id", "wiki", "redirect_uri", wikiCallback)
		}
		b, at := m.house.browser(), mustURL(m.t, m.issuer)
		for _, c := range m.browser.client.Jar.Cookies(at) {
			if strings.Contains(c.Name, "-session-") {
				b.client.Jar.SetCookies(at, []*http.Cookie{{Name: c.Name, Value: a.value, Path: "/"}})
			}
		}
		return answer(m.t, b.get(to)).Get("code") != ""
	}},
	{"client secret", "/revoke", "own", func(m *matrix, a artefact, _ string) bool {
		r := m.raw("POST", "/revoke", formType, basic("app", url.QueryEscape(a.value)), "token=x")
		body := m.raw("POST", "/revoke", formType, "", url.Values{"client_id": {"app"}, "client_secret": {a.value}, "token": {"x"}}.Encode())
		if (r.status == http.StatusOK) != (body.status == http.StatusOK) {
			m.t.Errorf("by Basic %d, in the body %d", r.status, body.status)
		}
		return r.status == http.StatusOK
	}},
}

func newMatrix(t *testing.T) *matrix {
	t.Helper()
	h := build(t)
	ring, err := keys.Open(t.Context(), keys.Config{Store: h.store, Secrets: h.secrets})
	if err != nil {
		t.Fatal(err)
	}
	m := &matrix{house: h, t: t, browser: h.browser(), ring: ring}
	h.login(m.browser)
	return m
}

func (m *matrix) pushed() *pushed.Requests {
	return pushed.New(pushed.Config{Store: m.store, Secrets: m.secrets})
}

func (m *matrix) stored(reference string, op *storage.Op, err error) string {
	m.t.Helper()
	if err == nil {
		err = m.store.Together(m.t.Context(), op)
	}
	if err != nil {
		m.t.Fatal(err)
	}
	return reference
}

// code is a new code from the session that is there.
func (m *matrix) code(pairs ...string) string {
	m.t.Helper()
	code := answer(m.t, m.browser.get(m.authorization(pairs...))).Get("code")
	if code == "" {
		m.t.Fatal("no code")
	}
	return code
}

// signed is a token that the ring signs, about the person and the client, fresh.
func (m *matrix) signed(typ string, more map[string]any) artefact {
	m.t.Helper()
	tokens := m.exchange(m.code())
	claims := m.claimsOf(tokens.text("id_token"), "app")
	claims["exp"], claims["jti"] = time.Now().Add(time.Minute).Unix(), "AAAAAAAAAAAAAAAAAAAAAA"
	delete(claims, "nonce")
	for name, value := range more {
		claims[name] = value
	}
	payload, err := json.Marshal(claims)
	if err != nil {
		m.t.Fatal(err)
	}
	token, err := m.ring.Sign(keys.RS256, typ, payload)
	if err != nil {
		m.t.Fatal(err)
	}
	return artefact{value: token, probe: tokens.text("access_token")}
}

// as posts a form as one of the callers.
func (m *matrix) as(path, caller string, form url.Values) reply {
	m.t.Helper()
	switch caller {
	case "own":
		return m.call(path, "app", testSecret, form)
	case "other":
		return m.call(path, "wiki", testSecret, form)
	case "server":
		return m.call(path, "api", testSecret, form)
	case "public":
		return m.call(path, "spa", "", form)
	}
	return m.raw("POST", path, formType, "", form.Encode())
}

func mustURL(t *testing.T, raw string) *url.URL {
	t.Helper()
	u, err := url.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	return u
}
