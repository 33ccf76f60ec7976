package provider_test

import (
	"net/url"
	"strings"

	"github.com/dingbridge/dingbridge/keys"
	"github.com/dingbridge/dingbridge/provider/clients"
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
	{"JWT access token", []string{keys.TypeAccessToken}, func(m *matrix) artefact {
		token := m.call("/token", "jwt", testSecret, codeForm(m.code("client_id", "jwt"))).text("access_token")
		return artefact{value: token, client: "jwt", probe: token}
	}},
	{"refresh token", []string{"refresh"}, func(m *matrix) artefact {
		tokens := m.exchange(m.code())
		return artefact{value: tokens.text("refresh_token"), probe: tokens.text("access_token")}
	}},
	{"ID token RS256", []string{keys.TypeJWT}, func(m *matrix) artefact {
		tokens := m.exchange(m.code())
		return artefact{value: tokens.text("id_token"), browser: m.browser, probe: tokens.text("access_token")}
	}},
	{"ID token ES256", []string{keys.TypeJWT}, func(m *matrix) artefact {
		tokens := m.call("/token", "es", testSecret, codeForm(m.code("client_id", "es")))
		return artefact{value: tokens.text("id_token"), client: "es", browser: m.browser, probe: tokens.text("access_token")}
	}},
	{"logout token", []string{keys.TypeLogoutToken}, func(m *matrix) artefact {
		return m.signed(keys.TypeLogoutToken, map[string]any{"events": map[string]any{"http://schemas.openid.net/event/backchannel-logout": map[string]any{}}})
	}},
	{"foreign at+jwt", nil, func(m *matrix) artefact { // ours by its signature, of no grant of ours
		return m.signed(keys.TypeAccessToken, map[string]any{"client_id": "app", "scope": "openid profile"})
	}},
	{"login state", []string{"state"}, func(m *matrix) artefact {
		b := m.house.browser()
		q := mustQuery(m.t, m.arrive(b))
		return artefact{value: q.Get("state"), with: q, browser: b}
	}},
	{"state that has not chosen", []string{"state"}, func(m *matrix) artefact { return m.entrance("") }},
	{"state of the frame", []string{"state"}, func(m *matrix) artefact { return m.entrance("frame") }},
	{"state of the signed login", []string{"state"}, func(m *matrix) artefact { return m.entrance("sns") }},
	{"state inside the client", []string{"state"}, func(m *matrix) artefact { return m.entrance("inapp") }},
	{"DingTalk's code", nil, func(m *matrix) artefact { return artefact{value: m.someCode(m.ways, "web")} }},
	{"DingTalk's signed code", nil, func(m *matrix) artefact { return artefact{value: m.someCode(m.ways, "sns")} }},
	{"DingTalk's code inside", nil, func(m *matrix) artefact { return artefact{value: m.someCode(m.ways, "inapp")} }},
	{"request_uri", []string{"pushed"}, func(m *matrix) artefact {
		uri, _, op, err := m.pushed().Push("app", m.query())
		return artefact{value: m.stored(uri, op, err)}
	}},
	{"posted reference", []string{"posted"}, func(m *matrix) artefact {
		reference, op, err := m.pushed().Post("/authorize", m.query())
		return artefact{value: m.stored(reference, op, err)}
	}},
	{"posted logout", []string{"posted"}, func(m *matrix) artefact {
		reference, op, err := m.pushed().Post("/end_session", url.Values{"client_id": {"app"}})
		return artefact{value: m.stored(reference, op, err)}
	}},
	{"device code", []string{"device code"}, func(m *matrix) artefact {
		codes := m.deviceCodes("app", testSecret)
		m.letIn(m.loggedIn(), codes)
		return artefact{value: codes.text("device_code")}
	}},
	{"user code", nil, func(m *matrix) artefact {
		return artefact{value: m.deviceCodes("app", testSecret).text("user_code")}
	}},
	{"user code's form", []string{"form"}, func(m *matrix) artefact {
		return m.form(m.loggedIn().get(m.issuer + "/device"))
	}},
	{"device's form", []string{"form"}, func(m *matrix) artefact {
		return m.form(m.enter(m.loggedIn(), m.deviceCodes("app", testSecret).text("user_code")))
	}},
	{"sign-out form", []string{"form"}, func(m *matrix) artefact {
		return m.form(m.loggedIn().get(m.issuer + "/end_session?client_id=app"))
	}},
	{"account form", []string{"form"}, func(m *matrix) artefact {
		tokens := m.exchange(m.login(m.loggedIn()))
		p := m.own(m.browser)
		f := m.form(p)
		f.with.Set("choice", p.ends("grant:")[0])
		f.probe = tokens.text("access_token")
		return f
	}},
	{"consent form", []string{"form"}, func(m *matrix) artefact {
		return m.form(m.loggedIn().get(m.authorization("prompt", "consent")))
	}},
	{"session cookie", nil, func(m *matrix) artefact {
		return artefact{value: m.loggedIn().cookieNamed(m.issuer, "-session-"), browser: m.browser}
	}},
	{"binding cookie", nil, func(m *matrix) artefact {
		return artefact{value: m.loggedIn().cookieNamed(m.issuer, "-login-"), browser: m.browser}
	}},
	{"client secret", nil, func(*matrix) artefact { return artefact{value: testSecret} }},
	{"hash of the client's secret", nil, func(*matrix) artefact { return artefact{value: clients.HashSecret(testSecret)} }},
	{"unsigned JWT", nil, func(m *matrix) artefact {
		part := strings.Split(m.exchange(m.code()).text("id_token"), ".")
		return artefact{value: "eyJhbGciOiJub25lIn0." + part[1] + "."}
	}},
	{"nothing", nil, func(*matrix) artefact { return artefact{value: ""} }},
}
