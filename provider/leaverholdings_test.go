package provider_test

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/dingbridge/dingbridge/provider/login"
	"github.com/dingbridge/dingbridge/provider/pages"
)

// holdings are what somebody may hold: the rows of the table.
var holdings = []holding{
	underWay(login.OAuth2),
	underWay(login.Sns),
	underWay(login.Password),
	underWay(login.Frame, "/login/frame"),
	underWay(login.InApp, "/login/inapp"),

	{name: "code", opens: []string{"/token authorization_code"}, want: ofGrant, begin: func(p *holder) func() string {
		code := p.enters()
		return func() string { return p.reply(p.token(codeForm(code))) }
	}},
	{name: "refresh token", opens: []string{"/token refresh_token"}, want: ofGrant, begin: func(p *holder) func() string {
		return p.refreshing(p.tokens())
	}},
	{name: "access token at userinfo", opens: []string{"/userinfo"}, want: ofBearer, silent: true, begin: func(p *holder) func() string {
		return p.asking(p.tokens())
	}},
	{name: "JWT access token at userinfo", base: "jwt", want: ofBearer, silent: true, begin: func(p *holder) func() string {
		return p.asking(p.tokens())
	}},
	{name: "access token at introspection", opens: []string{"/introspect"}, want: ofIntrospection, silent: true, begin: func(p *holder) func() string {
		return p.introspecting("api", p.tokens().text("access_token"))
	}},
	{name: "refresh token at introspection", want: ofIntrospection, silent: true, begin: func(p *holder) func() string {
		return p.introspecting(p.client, p.tokens().text("refresh_token"))
	}},
	{name: "token to revoke", opens: []string{"/revoke"}, want: harmless, begin: func(p *holder) func() string {
		token := p.tokens().text("refresh_token")
		return func() string {
			if r := p.call("/revoke", p.client, testSecret, url.Values{"token": {token}}); r.status != http.StatusOK {
				return p.reply(r)
			}
			return given
		}
	}},

	{name: "device code, nobody has answered", opens: []string{"/device"}, want: ofDevicePage, begin: func(p *holder) func() string {
		p.enters()
		codes := p.deviceCodes(p.client, testSecret)
		return func() string {
			asked := p.enter(p.b, codes.text("user_code"))
			if asked.kind() != string(pages.DeviceConfirm) {
				return p.page(asked)
			}
			return p.approving(asked, codes)
		}
	}},
	{name: "device's page open", opens: []string{"/device/confirm"}, want: ofDevicePage, begin: func(p *holder) func() string {
		p.enters()
		codes := p.deviceCodes(p.client, testSecret)
		asked := p.enter(p.b, codes.text("user_code"))
		return func() string { return p.approving(asked, codes) }
	}},
	{name: "device code, let in", opens: []string{"/token " + grantDevice}, want: ofDevice, begin: func(p *holder) func() string {
		p.enters()
		codes := p.deviceCodes(p.client, testSecret)
		p.letIn(p.b, codes)
		return func() string { return p.reply(p.poll(p.client, testSecret, codes.text("device_code"))) }
	}},
	{name: "device, in", want: ofGrant, begin: func(p *holder) func() string {
		p.enters()
		codes := p.deviceCodes(p.client, testSecret)
		p.letIn(p.b, codes)
		return p.refreshing(p.poll(p.client, testSecret, codes.text("device_code")))
	}},

	{name: "session, prompt=none", opens: []string{"/authorize"}, want: ofSilentSession, begin: func(p *holder) func() string {
		p.enters()
		return func() string { return p.page(p.b.get(p.asks("prompt", "none"))) }
	}},
	{name: "session", opens: []string{"/login/choose"}, want: ofSession, begin: func(p *holder) func() string {
		p.enters()
		return func() string { return p.page(p.b.get(p.asks())) }
	}},
	{name: "session, posted request", want: ofSilentSession, begin: func(p *holder) func() string {
		p.enters()
		return func() string {
			return p.page(p.b.get(p.b.post(p.issuer+"/authorize", mustURL(p.t, p.asks("prompt", "none")).Query()).location))
		}
	}},
	{name: "session, request pushed before", opens: []string{"/par"}, want: ofSilentSession, begin: func(p *holder) func() string {
		p.enters()
		push := func() string {
			r := p.call("/par", p.client, testSecret, mustURL(p.t, p.asks("prompt", "none")).Query())
			return p.issuer + "/authorize?" + url.Values{"client_id": {p.client}, "request_uri": {r.text("request_uri")}}.Encode()
		}
		to := push()
		return func() string {
			defer func() { to = push() }() // it is for once
			return p.page(p.b.get(to))
		}
	}},
	{name: "session, and an ID token to hint", want: ofSilentSession, begin: func(p *holder) func() string {
		hint := p.tokens().text("id_token")
		return func() string { return p.page(p.b.get(p.asks("prompt", "none", "id_token_hint", hint))) }
	}},
	{name: "consent page open", opens: []string{"/authorize/consent"}, want: ofConsent, begin: func(p *holder) func() string {
		p.enters()
		fields := hidden(p.t, p.b.get(p.asks("prompt", "consent")))
		fields.Set("choice", "approve")
		return func() string { return p.page(p.b.post(p.issuer+"/authorize/consent", fields)) }
	}},
	{name: "account page", opens: []string{"/"}, want: ofAccount, begin: func(p *holder) func() string {
		p.enters()
		return func() string {
			own := p.b.get(p.issuer + "/")
			if own.kind() != string(pages.SignedIn) || own.element(p.t, "sub") != string(p.subject(p.t, p.userID)) {
				return p.page(own)
			}
			return given
		}
	}},

	// What ends something works for whoever has it, or there is nothing left to end.
	{name: "account page's button", opens: []string{"/account/end"}, want: harmless, begin: func(p *holder) func() string {
		p.tokens()
		form := p.own(p.b).ending(p.t, "grant:")
		return func() string {
			if end := p.b.post(p.issuer+"/account/end", form); end.location != p.issuer+"/" {
				return p.page(end)
			}
			return given
		}
	}},
	{name: "sign-out form", ends: true, opens: []string{"/end_session/confirm"}, want: harmless, begin: func(p *holder) func() string {
		p.enters()
		form := hidden(p.t, p.b.get(p.logout("client_id", p.client)))
		form.Set("choice", "here")
		return func() string { return p.leaving(p.b.post(p.issuer+"/end_session/confirm", form)) }
	}},
	{name: "ID token to log out with", ends: true, opens: []string{"/end_session"}, want: harmless, begin: func(p *holder) func() string {
		hint := p.tokens().text("id_token")
		return func() string { return p.leaving(p.b.get(p.logout("id_token_hint", hint))) }
	}},
}

// What is to come of a use, by what happened before it.
var (
	ofGrant         = map[string]string{removed: "400 invalid_grant", atUse: "400 invalid_grant", again: "400 invalid_grant", policy: "400 invalid_grant", unknown: "503 temporarily_unavailable"}
	ofBearer        = map[string]string{removed: "401 invalid_token", atUse: "401 invalid_token", again: "401 invalid_token", policy: "401 invalid_token", unknown: "503 temporarily_unavailable"}
	ofIntrospection = map[string]string{removed: "inactive", atUse: "inactive", again: "inactive", policy: "inactive", unknown: "503 temporarily_unavailable"}
	ofDevice        = map[string]string{removed: "400 access_denied", atUse: "400 access_denied", again: "400 access_denied", policy: "400 access_denied", unknown: "503 temporarily_unavailable"}
	ofDevicePage    = map[string]string{removed: askedWho, atUse: "403 outsider", again: askedWho, policy: "403 not-admitted", unknown: "503 directory-undecided"}
	ofSession       = map[string]string{removed: askedWho, atUse: askedWho, again: askedWho, policy: "403 not-admitted", unknown: "503 directory-undecided"}
	ofSilentSession = map[string]string{removed: askedSilently, atUse: askedSilently, again: askedSilently, policy: "access_denied", unknown: "temporarily_unavailable", organisationWithdrawn: askedSilently}
	ofConsent       = map[string]string{removed: "400 login-expired", atUse: "400 login-expired", again: "400 login-expired", policy: "403 not-admitted", unknown: "503 directory-undecided"}
	ofAccount       = map[string]string{removed: atHome, atUse: given, again: atHome, policy: given, unknown: given}
	harmless        = map[string]string{removed: given, atUse: given, again: given, policy: given, unknown: given}
)

// underWay is a login that DingTalk has given its code for, and that has not come back. The
// directory is always asked then. Afterwards another begins.
func underWay(way login.Way, opens ...string) holding {
	return holding{
		name: "login under way by " + string(way), opens: append(opens, "/login/callback", "/login/choose"),
		want: map[string]string{removed: "403 outsider", atUse: "403 outsider", again: given, policy: "403 not-admitted", unknown: "503 directory-undecided",
			disabled: "403 disabled", blocked: "403 blocked", organisationWithdrawn: "400 login-expired"},
		begin: func(p *holder) func() string {
			p.enters() // is known, and not in this browser
			p.b = p.browser()
			state, code := p.at(way)
			return func() string {
				if code == "" {
					state, code = p.at(way)
				}
				defer func() { code = "" }()
				return p.page(p.answers(way, state, code))
			}
		},
	}
}

// refreshing shows the youngest refresh token.
func (p *holder) refreshing(tokens reply) func() string {
	token := tokens.text("refresh_token")
	return func() string {
		r := p.token(url.Values{"grant_type": {"refresh_token"}, "refresh_token": {token}})
		if next := r.text("refresh_token"); next != "" {
			token = next
		}
		return p.reply(r)
	}
}

// asking shows an access token at userinfo.
func (p *holder) asking(tokens reply) func() string {
	return func() string {
		r := p.userinfo(tokens.text("access_token"))
		if r.status == http.StatusOK && r.text("sub") == string(p.subject(p.t, p.userID)) {
			return given
		}
		return p.reply(r)
	}
}

// introspecting asks about a token as a client.
func (p *holder) introspecting(client, token string) func() string {
	return func() string {
		r := p.call("/introspect", client, testSecret, url.Values{"token": {token}})
		switch {
		case r.json["active"] == true && r.text("sub") == string(p.subject(p.t, p.userID)):
			return given
		case r.json["active"] == false && len(r.json) == 1:
			return "inactive"
		}
		return p.reply(r)
	}
}

// approving lets a device in.
func (p *holder) approving(asked page, codes reply) string {
	answered := p.choose(p.b, asked, "approve")
	if answered.kind() != string(pages.DeviceApproved) {
		return p.page(answered)
	}
	return p.reply(p.poll(p.client, testSecret, codes.text("device_code")))
}

// leaving says whether somebody is out.
func (p *holder) leaving(got page) string {
	if got.kind() != string(pages.SignedOut) || strings.Contains(p.page(p.b.get(p.asks("prompt", "none"))), given) {
		return p.page(got)
	}
	return given
}
