package systemtest

import (
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	browser "github.com/dingbridge/dingbridge/provider/pages/chromium"
)

// A scene is a page of ours, and how a person comes to it.
type scene struct {
	name, kind string
	come       func()
}

// TestScreenshots comes to every page as a person does, and looks at it in both
// schemes. With SCREENSHOTS=DIR it does so in both languages, on a desktop and on a
// phone, and puts the pictures there, for somebody to look at as well.
func TestScreenshots(t *testing.T) {
	if testing.Short() {
		t.Skip("the pages look the same under -short")
	}
	ctx := browser.Start(t, 15*time.Minute)
	s := newStage(t)
	folder := os.Getenv("SCREENSHOTS")
	on, languages := devices[1:2], []string{"zh-CN"}
	if folder != "" {
		on, languages = devices[:2], []string{"zh-CN", "en"}
	}
	for _, d := range on {
		for _, language := range languages {
			v := look(t, ctx, d, s.hosts)
			v.pardons = []string{"status of 4", "status of 5", // error pages are errors
				"SECTION#advice"} // what the frame has said makes room for itself
			own := ask[string](v, `navigator.userAgent`)
			for i, one := range append(s.entries(v), s.others(v)...) {
				if folder == "" && i > 11 && i%5 > 0 {
					continue // some will do, where nobody looks
				}
				t.Run(one.name+"-"+language+"-"+d.name, func(t *testing.T) {
					v.t = t
					v.agent(own, language)
					v.hurry(1)
					command(v, network.ClearBrowserCookies, cdp.Empty{})
					s.first.control("DELETE", "faults", "")
					s.second.control("DELETE", "faults", "")
					one.come()
					for _, dark := range []bool{true, false} {
						v.scheme(dark)
						v.shows(one.kind)
						if got := ask[string](v, `document.documentElement.lang`); got != language {
							t.Errorf("%s is in %s, want %s", one.name, got, language)
						}
						if folder != "" {
							png, err := chromedp.Run(v.ctx, chromedp.FullScreenshot(100))
							v.must(err)
							scheme := map[bool]string{true: "dark", false: "light"}[dark]
							v.must(os.WriteFile(filepath.Join(folder, fmt.Sprintf("%s-%s-%s-%s.png", one.name, language, d.name, scheme)), png, 0o644))
						}
					}
					v.content()
				})
				v.t = t
			}
		}
	}
}

func (v *viewer) agent(agent, language string) {
	v.t.Helper()
	command(v, emulation.SetUserAgentOverride, emulation.SetUserAgentOverrideParams{UserAgent: agent, AcceptLanguage: language})
}

// approve is what somebody does at DingTalk's page.
func (v *viewer) approve(who string) {
	v.t.Helper()
	v.see("button.yes")
	ask[bool](v, `document.querySelector('input[value="`+who+`"]').checked = true`) // a bar may lie over it
	v.click("button.yes")
}

// entries are the pages on the way in.
func (s *stage) entries(v *viewer) []scene {
	// within makes the browser DingTalk's client.
	within := func() { v.agent(devices[2].agent, ask[string](v, `navigator.language`)) }
	scan := func(kind, more, who, note string) func() {
		return func() {
			if kind != "" {
				s.second.fault("auth", kind, more)
			}
			v.open(s.two + "/login")
			v.scan(who)
			v.see(note)
		}
	}
	return []scene{
		{"choose-way", "choose-way", func() { v.open(s.one + "/login") }},
		{"choose-organisation", "choose-way", func() { v.open(s.both + "/login") }},
		{"choose-organisation-in-client", "choose-way", func() { within(); v.open(s.both + "/login") }},
		{"scan", "scan", func() { v.open(s.two + "/login") }},
		{"scan-many-ways", "scan", func() { v.open(s.one + "/login"); v.click(`a[data-way="frame"]`) }},
		{"scan-outsider", "scan", scan("outsider-page", "", "zhangsan", "#not-member")},
		{"scan-failed", "scan", scan("frame-error", "", "zhangsan", "#scan-failed")},
		{"scan-expired", "scan", func() { v.hurry(1000); v.open(s.two + "/login"); v.see("#expired") }},
		{"in-app", "in-app", func() { within(); s.second.fault("jsapi", "jsapi-silent", ""); v.hurry(.001); v.open(s.two + "/login") }},
		{"in-app-tap", "in-app", func() { within(); v.open(s.tap + "/login") }},
		{"consent", "consent", func() {
			v.open(s.ask("one", "prompt", "consent"))
			v.click(`a[data-way="oauth2"]`)
			v.approve("zhangsan")
		}},
		{"preview", "preview", func() {
			v.agent("Mozilla/5.0 (compatible; DingTalk-LinkService/1.0)", ask[string](v, `navigator.language`))
			v.open(s.two + "/login")
		}},
	}
}

// others are the pages of those who are in, and of those who cannot come in.
func (s *stage) others(v *viewer) []scene {
	in := func(who string) { v.open(s.one + "/login"); v.click(`a[data-way="oauth2"]`); v.approve(who) }
	inside := func() { in("zhangsan"); v.see("#nick") }
	failing := func(call, kind, more string) func() {
		return func() { s.first.fault(call, kind, more); in("zhangsan") }
	}
	leave := func(button string) func() {
		return func() { inside(); v.open(s.issuer + "/end_session"); v.click(button) }
	}
	device := func() {
		inside()
		a := s.app("screen").call(v.t.Context(), s.issuer+"/device_authorization", url.Values{"scope": {"openid profile groups"}})
		v.open(a.text("verification_uri_complete"))
		v.click("#send")
	}
	guess := func(code string) {
		v.open(s.issuer + "/device?user_code=" + code)
		v.click("#send")
		v.see(`#wrong-code, main[data-page="too-many-codes"]`)
	}
	return []scene{
		{"home", "home", func() { v.open(s.issuer + "/") }},
		{"signed-in", "signed-in", func() {
			inside()
			a := s.app("screen").call(v.t.Context(), s.issuer+"/device_authorization", url.Values{"scope": {"openid offline_access"}})
			v.open(a.text("verification_uri_complete"))
			v.click("#send")
			v.click("#choose-approve")
			v.see(`main[data-page="device-approved"]`)
			s.app("screen").call(v.t.Context(), s.issuer+"/token", url.Values{"grant_type": {"urn:ietf:params:oauth:grant-type:device_code"}, "device_code": {a.text("device_code")}})
			v.open(s.issuer + "/")
		}},
		{"sign-out", "sign-out", func() { inside(); v.open(s.issuer + "/end_session") }},
		{"signed-out", "signed-out", leave("#choose-here")},
		{"signed-out-everywhere", "signed-out-everywhere", leave("#choose-everywhere")},
		{"device-code", "device-code", func() { inside(); v.open(s.issuer + "/device") }},
		{"device-code-wrong", "device-code", func() { inside(); guess("BCDF-GHJK") }},
		{"too-many-codes", "too-many-codes", func() {
			in("lisi") // and nobody of the other scenes, for it is remembered
			v.see("#nick")
			for _, last := range "BCDFGHJKLMNPQ" {
				guess("BCDF-GHJ" + string(last))
			}
		}},
		{"device-confirm", "device-confirm", device},
		{"device-approved", "device-approved", func() { device(); v.click("#choose-approve") }},
		{"device-denied", "device-denied", func() { device(); v.click("#choose-deny") }},

		{"outsider", "outsider", func() { in("outsider") }},
		{"disabled", "disabled", func() { in("disabled") }},
		{"out-of-range", "out-of-range", func() { in("outofrange") }},
		{"not-admitted", "not-admitted", func() { v.open(s.ask("strict")); v.click(`a[data-way="oauth2"]`); v.approve("zhangsan") }},
		{"permission-missing", "permission-missing", failing("getbyunionid", "permission", "")},
		{"upstream-config", "upstream-config", failing("userAccessToken", "bad-credentials", "")},
		{"upstream-down", "upstream-down", failing("userAccessToken", "503", `, "count": -1`)},
		{"upstream-strange", "upstream-strange", failing("users/me", "object", `, "count": -1`)},
		{"code-used", "code-used", failing("userAccessToken", "code-notfound", "")},
		{"clock-skew", "clock-skew", func() {
			s.first.fault("getuserinfo_bycode", "errcode:853002", `, "count": -1`)
			v.open(s.one + "/login")
			v.click(`a[data-way="sns"]`)
			v.approve("zhangsan")
		}},
		{"login-expired", "login-expired", func() { v.open(s.issuer + "/login/callback") }},
		{"other-browser", "other-browser", func() {
			v.open(s.one + "/login")
			v.click(`a[data-way="oauth2"]`)
			v.see("button.yes")
			command(v, network.ClearBrowserCookies, cdp.Empty{})
			v.approve("zhangsan")
		}},
		{"unknown-client", "unknown-client", func() { v.open(s.ask("nobody")) }},
		{"unregistered-redirect", "unregistered-redirect", func() { v.open(s.ask("one", "redirect_uri", "https://other.example.com/")) }},
		{"invalid-request", "invalid-request", func() { v.open(s.issuer + "/login/callback?state=x&state=y") }},
		{"invalid-logout", "invalid-logout", func() { v.open(s.issuer + "/end_session?id_token_hint=x") }},
		{"form-expired", "form-expired", func() {
			device()
			v.see("#choose-approve")
			ask[string](v, `document.querySelector("#form input[type=hidden]").value = "old"`)
			v.click("#choose-approve")
		}},
		{"method-not-allowed", "method-not-allowed", func() { v.open(s.issuer + "/authorize/consent") }},
		{"not-found", "not-found", func() { v.open(s.issuer + "/nothing") }},
	}
}

// ask is an address to which the app id could send a browser.
func (s *stage) ask(id string, more ...string) string {
	a := s.app(id)
	if id == "one" {
		a.redirect = s.one + "/callback"
	}
	return strings.Replace(s.authorization(a, more...), "+offline_access", "", 1)
}
