package provider_test

import (
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/dingbridge/dingbridge/provider/pages"
)

// newerParameters are those of the endpoints where people decide; the older ones stand
// in TestThreat_XSS_EveryParameterOfEveryPage.
var newerParameters = []string{"post_logout_redirect_uri", "id_token_hint", "logout_hint", "client_id", "state", "ui_locales", "posted", "request_uri", "user_code", "ticket", "request",
	"choice", "prompt", "claims", "scope", "login_hint", "response_mode", "redirect_uri", "nonce"}

// TestThreat_XSS_FormsAndPosts: a payload in any parameter of any page, sent by link and
// by form, with a session and everything else in order, adds no element, attribute or
// word to a page and leads nowhere (Hydra CVE-2019-8400, ZITADEL CVE-2026-29191).
func TestThreat_XSS_FormsAndPosts(t *testing.T) {
	if testing.Short() {
		t.Skip("one request after another: the race detector has nothing to see")
	}
	t.Parallel()
	h := build(t, withDevices)
	ours := map[string]bool{} // every element, with its attributes, that our pages are made of
	for _, scene := range scenes {
		visitor := h.browser()
		h.login(visitor)
		for _, element := range elements(t, scene(h, visitor).body) {
			ours[element] = true
		}
	}
	b := h.browser()
	h.login(b)
	for _, element := range elements(t, h.enter(b, "a wrong code").body) {
		ours[element] = true
	}
	bases := map[string][]url.Values{
		"/authorize":           {h.query("prompt", "consent"), h.query("response_mode", "form_post", "response_type", "token")},
		"/end_session":         {{}, {"client_id": {"app"}, "post_logout_redirect_uri": {appGoodbye}}},
		"/end_session/confirm": {b.get(h.logout()).form(t).fields},
		"/device":              {b.get(h.issuer + "/device").form(t).fields, {"user_code": {"BCDF-GHJK"}}},
		"/device/confirm":      {h.enter(b, h.deviceCodes("app", testSecret).text("user_code")).form(t).fields},
		"/authorize/consent":   {b.get(h.authorization("prompt", "consent")).form(t).fields},
	}
	tried, shown := 0, map[string]bool{}
	for _, route := range routesOf {
		if !route.html {
			continue
		}
		for i, payload := range payloads {
			for j, name := range newerParameters {
				for k, base := range append(bases[route.path], url.Values{}) {
					if (i+j+k)%3 != 0 { // a third: every payload somewhere, every parameter four times
						continue
					}
					q := url.Values{}
					for other, values := range base {
						q[other] = values
					}
					q.Set(name, payload)
					if strings.HasSuffix(route.path, "/confirm") && name != "ticket" && name != "request" {
						q.Set("ticket", payload) // or the session would end
					}
					for _, method := range strings.Fields(route.methods) {
						var p page
						switch method {
						case "GET":
							p = b.get(h.issuer + route.path + "?" + q.Encode())
						case "POST":
							if p = b.post(h.issuer+route.path, q); p.status == 303 && strings.HasPrefix(p.location, h.issuer+route.path) {
								p = b.get(p.location)
							}
						default:
							continue
						}
						tried++
						where := method + " " + route.path + " " + name
						// form_post carries the state, as a value and nothing else.
						body := p.body
						if p.kind() == string(pages.FormPost) && name == "state" {
							body = strings.ReplaceAll(body, "zzXSS", "")
						}
						if strings.Contains(body, "zzXSS") {
							t.Fatalf("%s=%q: the page says it", where, payload)
						}
						if p.header.Get("Set-Cookie") == "a=b" || len(p.header["A"]) > 0 {
							t.Fatalf("%s=%q: a header was made", where, payload)
						}
						if to := p.location; to != "" && !slices.ContainsFunc([]string{appCallback + "?", appGoodbye, h.dingtalk + "/", h.issuer + "/"}, func(prefix string) bool { return strings.HasPrefix(to, prefix) }) {
							t.Fatalf("%s=%q leads to %s", where, payload, to)
						}
						if kind := p.kind(); kind != "" {
							shown[kind] = true
							for _, element := range elements(t, p.body) {
								if !ours[element] || strings.HasPrefix(element, "script") && kind != string(pages.FormPost) {
									t.Fatalf("%s=%q: %s has the element %q", where, payload, kind, element)
								}
							}
							if len(tags(p.body, "form")) > 1 || len(tags(p.body, "script")) > 1 {
								t.Fatalf("%s=%q: %s has forms or scripts of somebody else's", where, payload, kind)
							}
						}
					}
				}
			}
		}
	}
	if tried < 500 || !shown[string(pages.Consent)] || !shown[string(pages.SignOut)] || !shown[string(pages.FormExpired)] || !shown[string(pages.DeviceCode)] {
		t.Errorf("%d attempts, pages %v", tried, shown)
	}
	if !h.in(b) {
		t.Error("the session is gone")
	}
}
