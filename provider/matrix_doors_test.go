package provider_test

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/dingbridge/dingbridge/provider/pages"
)

// doors are the places that take one of them.
var doors = []door{
	{"code", "/token authorization_code", "own other public nobody", func(m *matrix, a artefact, caller string) bool {
		return m.as(a, "/token", caller, codeForm(a.value)).status == http.StatusOK
	}},
	{"refresh token", "/token refresh_token", "own other public nobody", func(m *matrix, a artefact, caller string) bool {
		return m.as(a, "/token", caller, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {a.value}}).status == http.StatusOK
	}},
	{"userinfo", "/userinfo", "nobody", func(m *matrix, a artefact, _ string) bool {
		return m.userinfo(a.value).status == http.StatusOK || m.raw("POST", "/userinfo", formType, "", url.Values{"access_token": {a.value}}.Encode()).status == http.StatusOK
	}},
	{"introspection", "/introspect", "own other public server stranger nobody", func(m *matrix, a artefact, caller string) bool {
		open := false
		for _, hint := range []string{"", "access_token", "refresh_token"} {
			r := m.as(a, "/introspect", caller, url.Values{"token": {a.value}, "token_type_hint": {hint}})
			open = open || r.json["active"] == true
			if r.status == http.StatusOK && r.json["active"] == false && len(r.json) != 1 {
				m.t.Errorf("introspection as %s tells of what is not active: %s", caller, r.body)
			}
		}
		return open
	}},
	{"revocation", "/revoke", "own other public server stranger nobody", func(m *matrix, a artefact, caller string) bool {
		if a.probe == "" { // nothing of it can end: whatever happens, the browser's own tokens stay
			a.probe = m.exchange(m.code()).text("access_token")
		}
		if m.userinfo(a.probe).status != http.StatusOK {
			m.t.Fatal("dead before")
		}
		m.as(a, "/revoke", caller, url.Values{"token": {a.value}})
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
	{"choosing", "/login/choose", "own other", func(m *matrix, a artefact, caller string) bool {
		return m.shows(a, caller, "/login/choose", pages.ChooseWay)
	}},
	{"frame", "/login/frame", "own other", func(m *matrix, a artefact, caller string) bool {
		return m.shows(a, caller, "/login/frame", pages.Scan)
	}},
	{"inside the client", "/login/inapp", "own other", func(m *matrix, a artefact, caller string) bool {
		return m.shows(a, caller, "/login/inapp", pages.InApp)
	}},
	{"form inside the client", "/login/inapp", "own other", func(m *matrix, a artefact, caller string) bool {
		code := a.with.Get("authCode")
		if code == "" {
			code = m.someCode(m.ways, "inapp")
		}
		return strings.HasPrefix(m.handIn(m.before(a, caller), a.value, code).location, appCallback)
	}},
	{"code by the full page", "/login/callback", "own", func(m *matrix, a artefact, _ string) bool { return m.takes(a, "oauth2") }},
	{"code by the frame", "/login/callback", "own", func(m *matrix, a artefact, _ string) bool { return m.takes(a, "frame") }},
	{"code by the signed login", "/login/callback", "own", func(m *matrix, a artefact, _ string) bool { return m.takes(a, "sns") }},
	{"code inside the client", "/login/inapp", "own", func(m *matrix, a artefact, _ string) bool { return m.takes(a, "inapp") }},
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
	{"hint", "/authorize", "own other", func(m *matrix, a artefact, caller string) bool {
		pairs := []string{"prompt", "none", "id_token_hint", a.value, "client_id", a.clientID()}
		if caller == "other" {
			pairs = append(pairs, "client_id", "wiki", "redirect_uri", wikiCallback)
		}
		return a.value != "" && strings.Contains(m.loggedIn().get(m.authorization(pairs...)).location, "code=")
	}},
	{"hint at logout", "/end_session", "own other", func(m *matrix, a artefact, caller string) bool { // without asking the person
		b := m.loggedIn()
		if caller == "other" {
			b = m.house.browser()
			m.login(b)
		}
		b.get(m.issuer + "/end_session?" + url.Values{"id_token_hint": {a.value}}.Encode())
		return !m.in(b)
	}},
	{"sign-out form", "/end_session/confirm", "own other nobody", func(m *matrix, a artefact, caller string) bool {
		b, request := m.at(a, caller, m.issuer+"/end_session?client_id=app")
		there := m.in(b)
		b.post(m.issuer+"/end_session/confirm", url.Values{"request": {request}, "ticket": {a.value}, "choice": {"here"}})
		return there && !m.in(b)
	}},
	{"account form", "/account/end", "own other nobody", func(m *matrix, a artefact, caller string) bool {
		probe, choice := a.probe, a.with.Get("choice")
		if choice == "" {
			probe = m.exchange(m.login(m.loggedIn())).text("access_token")
			choice = m.own(m.browser).ends("grant:")[0]
		}
		b, request := m.at(a, caller, m.issuer+"/")
		alive := m.house.userinfo(probe).status == http.StatusOK
		b.post(m.issuer+"/account/end", url.Values{"request": {request}, "ticket": {a.value}, "choice": {choice}})
		return alive && m.house.userinfo(probe).status != http.StatusOK
	}},
	{"consent form", "/authorize/consent", "own other nobody", func(m *matrix, a artefact, caller string) bool {
		b, request := m.at(a, caller, m.authorization("prompt", "consent"))
		return strings.Contains(b.post(m.issuer+"/authorize/consent", url.Values{"request": {request}, "ticket": {a.value}, "choice": {"approve"}}).location, "code=")
	}},
	{"pushed request", "/authorize", "own other nobody", func(m *matrix, a artefact, caller string) bool { // by any browser that comes first
		q := url.Values{"request_uri": {a.value}, "redirect_uri": {appCallback}, "response_type": {"code"}, "scope": {"openid"}}
		switch caller {
		case "own":
			q.Set("client_id", "app")
		case "other":
			q.Set("client_id", "wiki")
		}
		return strings.HasPrefix(m.house.browser().get(m.issuer+"/authorize?"+q.Encode()).location, m.dingtalk)
	}},
	{"posted request", "/authorize", "own other", func(m *matrix, a artefact, caller string) bool {
		b := m.house.browser()
		if caller == "own" {
			b = m.loggedIn()
		}
		return strings.HasPrefix(b.follow(m.issuer+"/authorize?"+url.Values{"posted": {a.value}}.Encode(), appCallback).location, appCallback)
	}},
	{"posted logout", "/end_session", "own", func(m *matrix, a artefact, _ string) bool {
		return a.value != "" && m.loggedIn().get(m.issuer+"/end_session?"+url.Values{"posted": {a.value}}.Encode()).kind() == string(pages.SignOut)
	}},
	{"device code", "/token " + grantDevice, "own other public nobody", func(m *matrix, a artefact, caller string) bool {
		return m.as(a, "/token", caller, url.Values{"grant_type": {grantDevice}, "device_code": {a.value}}).status == http.StatusOK
	}},
	{"user code", "/device", "own other nobody", func(m *matrix, a artefact, caller string) bool {
		b := m.house.browser()
		if caller == "nobody" {
			return b.post(m.issuer+"/device", url.Values{"user_code": {a.value}}).kind() == string(pages.DeviceConfirm)
		}
		m.login(b)
		return m.enter(b, a.value).kind() == string(pages.DeviceConfirm)
	}},
	{"user code's form", "/device", "own other nobody", func(m *matrix, a artefact, caller string) bool {
		code := m.deviceCodes("app", testSecret).text("user_code")
		b, request := m.at(a, caller, m.issuer+"/device")
		return b.post(m.issuer+"/device", url.Values{"request": {request}, "ticket": {a.value}, "user_code": {code}}).kind() == string(pages.DeviceConfirm)
	}},
	{"device's form", "/device/confirm", "own other nobody", func(m *matrix, a artefact, caller string) bool {
		b, request := m.house.browser(), a.with.Get("request")
		if caller == "own" {
			b = m.loggedIn()
		} else if caller == "other" {
			m.login(b)
		}
		if request == "" && caller != "nobody" {
			request = hidden(m.t, m.enter(b, m.deviceCodes("app", testSecret).text("user_code"))).Get("request")
		}
		return b.post(m.issuer+"/device/confirm", url.Values{"request": {request}, "ticket": {a.value}, "choice": {"approve"}}).kind() == string(pages.DeviceApproved)
	}},
	{"client secret for codes", "/device_authorization", "own", func(m *matrix, a artefact, _ string) bool {
		return m.raw("POST", "/device_authorization", formType, basic("app", url.QueryEscape(a.value)), "scope=openid").status == http.StatusOK
	}},
	{"client secret at par", "/par", "own", func(m *matrix, a artefact, _ string) bool {
		return m.raw("POST", "/par", formType, basic("app", url.QueryEscape(a.value)), m.query().Encode()).status == http.StatusCreated
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
