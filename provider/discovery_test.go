package provider_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/dingbridge/dingbridge/provider/pages"
)

// TestDiscovery_AllThatIsAdvertisedIsCalled: every member of the metadata has a trial
// here that uses what it advertises, value by value; one without a trial fails.
//
// proves: everything the metadata advertises works | Discovery section 3, RFC 8414 section 2
func TestDiscovery_AllThatIsAdvertisedIsCalled(t *testing.T) {
	h := build(t, func(p *plan) {
		for i := range p.specs {
			p.specs[i].DeviceAuthorization = p.specs[i].ID == "app"
		}
	})
	b := h.browser()
	tokens := h.exchange(h.login(b))
	access, refresh, idToken := tokens.text("access_token"), tokens.text("refresh_token"), tokens.text("id_token")

	post := func(at, client, password string, form url.Values) reply {
		return h.call(strings.TrimPrefix(at, h.issuer), client, password, form)
	}
	codeOf := func(client, callback string) url.Values {
		return url.Values{"grant_type": {"authorization_code"}, "redirect_uri": {callback}, "code_verifier": {testVerifier},
			"code": {h.login(b, "client_id", client, "redirect_uri", callback)}}
	}
	// An authentication method works at an endpoint if what follows does not fail for it.
	method := func(at string, form func() url.Values) func(string) bool {
		return func(method string) bool {
			switch method {
			case "client_secret_basic":
				return post(at, "app", testSecret, form()).status != 401
			case "client_secret_post":
				f := form()
				f.Set("client_id", "app")
				f.Set("client_secret", testSecret)
				return post(at, "", "", f).status != 401
			case "none":
				return post(at, "spa", "", form()).status != 401 && post(at, "app", "", form()).status == 401
			}
			return false
		}
	}
	endpoint := func(answers func(at string) bool) func(string) bool {
		return func(at string) bool { return strings.HasPrefix(at, h.issuer+"/") && answers(at) }
	}
	yes := func(proof func() bool) func(string) bool {
		return func(value string) bool { return value == "true" && proof() }
	}
	no := func(proof func() bool) func(string) bool {
		return func(value string) bool { return value == "false" && proof() }
	}
	errorOf := func(pairs ...string) string { return answer(t, b.get(h.authorization(pairs...))).Get("error") }
	onlyOne := func(want string) func(string) bool { return func(value string) bool { return value == want } }

	trials := map[string]func(value string) bool{
		"issuer": onlyOne(h.issuer),
		"authorization_endpoint": endpoint(func(at string) bool {
			return answer(t, b.get(at+strings.TrimPrefix(h.authorization(), h.issuer+"/authorize"))).Get("code") != ""
		}),
		"token_endpoint": endpoint(func(at string) bool { return post(at, "app", testSecret, codeOf("app", appCallback)).status == 200 }),
		"userinfo_endpoint": endpoint(func(at string) bool {
			req, _ := http.NewRequest(http.MethodGet, at, nil)
			req.Header.Set("Authorization", "Bearer "+access)
			return h.json(req).text("sub") != ""
		}),
		"introspection_endpoint": endpoint(func(at string) bool {
			return post(at, "app", testSecret, url.Values{"token": {access}}).json["active"] == true
		}),
		"revocation_endpoint": endpoint(func(at string) bool {
			mine := h.exchange(h.login(b)).text("access_token")
			return post(at, "app", testSecret, url.Values{"token": {mine}}).status == 200 && h.userinfo(mine).status == 401
		}),
		"device_authorization_endpoint": endpoint(func(at string) bool {
			codes := post(at, "app", testSecret, url.Values{"scope": {"openid"}})
			return h.enter(b, codes.text("user_code")).kind() == string(pages.DeviceConfirm) && strings.HasPrefix(codes.text("verification_uri"), h.issuer+"/")
		}),
		"end_session_endpoint": endpoint(func(at string) bool {
			other := h.browser()
			hint := h.exchange(h.login(other)).text("id_token")
			return other.get(at+"?id_token_hint="+hint).kind() == string(pages.SignedOut) && !h.in(other)
		}),
		"pushed_authorization_request_endpoint": endpoint(func(at string) bool {
			q, _ := url.Parse(h.authorization())
			r := post(at, "app", testSecret, q.Query())
			return r.status == 201 && answer(t, b.get(h.issuer+"/authorize?"+url.Values{"client_id": {"app"}, "request_uri": {r.text("request_uri")}}.Encode())).Get("code") != ""
		}),
		"jwks_uri": endpoint(func(at string) bool { return strings.Contains(b.get(at).body, `"kid"`) }),
		"scopes_supported": func(scope string) bool {
			client, callback := "app", appCallback
			if scope == "phone" {
				client, callback = "phone", "https://phone.example.com/cb"
			}
			form := url.Values{"grant_type": {"authorization_code"}, "redirect_uri": {callback}, "code_verifier": {testVerifier},
				"code": {h.login(b, "client_id", client, "redirect_uri", callback, "scope", "openid "+scope)}}
			return strings.Contains(" "+post(h.issuer+"/token", client, testSecret, form).text("scope")+" ", " "+scope+" ")
		},
		"response_types_supported": func(value string) bool {
			return answer(t, b.get(h.authorization("response_type", value))).Get("code") != ""
		},
		"response_modes_supported": func(mode string) bool {
			p := b.get(h.authorization("response_mode", mode))
			return mode == "form_post" && p.form(t).fields.Get("code") != "" || mode == "query" && answer(t, p).Get("code") != ""
		},
		"grant_types_supported": func(grant string) bool {
			switch grant {
			case "authorization_code":
				return post(h.issuer+"/token", "app", testSecret, codeOf("app", appCallback)).status == 200
			case "refresh_token":
				return h.refresh(refresh, "").status == 200
			case "urn:ietf:params:oauth:grant-type:device_code":
				codes := h.deviceCodes("app", testSecret)
				h.letIn(b, codes)
				return h.poll("app", testSecret, codes.text("device_code")).status == 200
			}
			return false
		},
		"acr_values_supported": func(value string) bool {
			got := h.exchange(h.login(b, "acr_values", value, "claims", `{"id_token":{"acr":{"essential":true,"value":"`+value+`"}}}`))
			return h.claimsOf(got.text("id_token"), "app")["acr"] == value
		},
		"subject_types_supported": func(value string) bool { // public: the same to every client
			other := post(h.issuer+"/token", "wiki", testSecret, codeOf("wiki", wikiCallback)).text("id_token")
			return value == "public" && h.claimsOf(other, "wiki")["sub"] == h.claimsOf(idToken, "app")["sub"]
		},
		"id_token_signing_alg_values_supported": func(alg string) bool {
			client := map[string]string{"RS256": "app", "ES256": "es"}[alg]
			return part(t, post(h.issuer+"/token", client, testSecret, codeOf(client, appCallback)).text("id_token"), 0)["alg"] == alg
		},
		"token_endpoint_auth_methods_supported":      method(h.issuer+"/token", func() url.Values { return codeOf("app", appCallback) }),
		"revocation_endpoint_auth_methods_supported": method(h.issuer+"/revoke", func() url.Values { return url.Values{"token": {"none"}} }),
		"introspection_endpoint_auth_methods_supported": func(m string) bool {
			return m != "none" && method(h.issuer+"/introspect", func() url.Values { return url.Values{"token": {access}} })(m) &&
				post(h.issuer+"/introspect", "spa", "", url.Values{"token": {access}}).status == 401
		},
		"claim_types_supported": onlyOne("normal"),
		"claims_supported": func(claim string) bool { // each is told to somebody: TestDiscoveryTellsTheTruth
			return claim != ""
		},
		"claims_parameter_supported": yes(func() bool {
			return errorOf("claims", `{"userinfo":{"name":null}}`) == "" && errorOf("claims", "[") != ""
		}),
		"display_values_supported": func(value string) bool { return errorOf("display", value) == "" },
		"ui_locales_supported": func(lang string) bool {
			return strings.Contains(b.get(h.issuer+"/?ui_locales="+lang).body, `<html lang="`+lang+`"`)
		},
		"prompt_values_supported": func(value string) bool {
			p := h.browser().get(h.authorization("prompt", value))
			return value == "none" && answer(t, p).Get("error") == "login_required" || value != "none" && h.toDingTalk(p)
		},
		"request_uri_parameter_supported": no(func() bool {
			return errorOf("request_uri", "https://app.example.com/request") == "request_uri_not_supported"
		}),
		"backchannel_logout_supported": yes(func() bool {
			one := party(t, "one")
			h, b := build(t, registered(one)), (*browser)(nil)
			b = h.browser()
			hint := one.enters(h, b)
			b.get(h.logout("id_token_hint", hint))
			return one.told(h)["sid"] == part(t, hint, 1)["sid"]
		}),
		"backchannel_logout_session_supported":           yes(func() bool { return h.claimsOf(idToken, "app")["sid"] != nil }),
		"authorization_response_iss_parameter_supported": yes(func() bool { return answer(t, b.get(h.authorization())).Get("iss") == h.issuer }),
		"code_challenge_methods_supported": func(value string) bool {
			return value == "S256" && errorOf("code_challenge_method", "plain") == "invalid_request"
		},
	}
	for name, value := range h.raw("GET", "/.well-known/openid-configuration", "", "", "").json {
		trial := trials[name]
		if trial == nil {
			t.Errorf("%s is advertised and not tried", name)
			continue
		}
		values, isList := value.([]any)
		if !isList {
			values = []any{value}
		}
		if len(values) == 0 {
			t.Errorf("%s is empty", name)
		}
		for _, v := range values {
			text, isText := v.(string)
			if flag, isFlag := v.(bool); isFlag {
				text, isText = map[bool]string{true: "true", false: "false"}[flag], true
			}
			if !isText || !trial(text) {
				t.Errorf("%s: %v is advertised and does not work", name, v)
			}
		}
		delete(trials, name)
	}
	for name := range trials {
		t.Errorf("%s is not advertised any more", name)
	}
}
