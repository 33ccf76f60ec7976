package provider_test

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	xhtml "golang.org/x/net/html"

	"github.com/dingbridge/dingbridge/provider/audit"
	"github.com/dingbridge/dingbridge/provider/clients"
	"github.com/dingbridge/dingbridge/provider/pages"
)

// own is the issuer's own page, as somebody with a session gets it.
func (h *house) own(b *browser) page {
	h.t.Helper()
	p := b.get(h.issuer + "/")
	wantPage(h.t, p, http.StatusOK, pages.SignedIn)
	return p
}

// ends are the values of the page's buttons that begin so, in order.
func (p page) ends(prefix string) (list []string) {
	for _, button := range tags(p.body, "button") {
		if strings.HasPrefix(button["value"], prefix) {
			list = append(list, button["value"])
		}
	}
	return list
}

// ending is what the press of the first such button posts.
func (p page) ending(t *testing.T, prefix string) url.Values {
	t.Helper()
	list := p.ends(prefix)
	if len(list) == 0 {
		t.Fatalf("no button %s on %q", prefix, p.kind())
	}
	form := p.form(t).fields
	form.Set("choice", list[0])
	return form
}

// element is the text of the element with that id.
func (p page) element(t *testing.T, id string) string {
	t.Helper()
	root, err := xhtml.Parse(strings.NewReader(p.body))
	if err != nil {
		t.Fatal(err)
	}
	for n := range root.Descendants() {
		for _, a := range n.Attr {
			if a.Key == "id" && a.Val == id {
				var text strings.Builder
				for d := range n.Descendants() {
					if d.Type == xhtml.TextNode {
						text.WriteString(d.Data)
					}
				}
				return text.String()
			}
		}
	}
	return ""
}

// end presses a button of the account page and expects to be sent back to it.
func (h *house) end(b *browser, form url.Values) {
	h.t.Helper()
	if p := b.post(h.issuer+"/account/end", form); p.status != http.StatusSeeOther || p.location != h.issuer+"/" {
		h.t.Errorf("%d %s to %q", p.status, p.kind(), p.location)
	}
}

// TestH17_WhoIAmIsWhatUserinfoSays: the same words, for everybody (promise H6).
func TestH17_WhoIAmIsWhatUserinfoSays(t *testing.T) {
	h := build(t)
	for _, who := range []string{"zhangsan", "noemail", "markup", "emoji", "rtl", "longname"} {
		h.as(who)
		b := h.browser()
		info := h.userinfo(h.exchange(h.login(b)).text("access_token"))
		phone := h.userinfo(h.call("/token", "phone", testSecret, url.Values{"grant_type": {"authorization_code"}, "redirect_uri": {"https://phone.example.com/cb"},
			"code": {h.login(b, "client_id", "phone", "redirect_uri", "https://phone.example.com/cb", "scope", "openid phone")}, "code_verifier": {testVerifier}}).text("access_token"))
		p := h.own(b)
		for id, want := range map[string]string{"sub": info.text("sub"), "name": info.text("name"), "nickname": info.text("nickname"), "username": info.text("preferred_username"),
			"email": info.text("email"), "phone": phone.text("phone_number"), "corp-id": h.sim.CorpID(), "organisation": "云杉示例科技"} {
			got := p.element(t, id)
			if id == "email" && want != "" {
				if info.json["email_verified"] == true {
					want += " verified"
				} else {
					want += " not verified"
				}
			}
			if !sameText(got, want) {
				t.Errorf("%s: %s is %q, apps are told %q", who, id, got, want)
			}
		}
		if strings.Contains(p.body, info.text("picture")) && info.text("picture") != "" || len(tags(p.body, "img")) > 0 {
			t.Errorf("%s: a picture", who)
		}
	}
}

// sameText compares what a page shows with what an app is told: a page takes out what
// could pose as its own, and cuts.
func sameText(shown, told string) bool {
	if shown == told {
		return true
	}
	cut, isCut := strings.CutSuffix(shown, "…")
	squeezed := strings.Join(strings.Fields(told), " ")
	return shown == squeezed || isCut && len(cut) > 40 && strings.HasPrefix(squeezed, cut) || shown != "" && !isCut && len([]rune(shown)) >= len([]rune(told))/2 && strings.Trim(shown, told) == ""
}

// TestH17_NoNumberThatNoAppMayLearn: a phone number is shown if some client may have it.
func TestH17_NoNumberThatNoAppMayLearn(t *testing.T) {
	h := build(t, func(p *plan) { p.specs = p.specs[:7] })
	b := h.browser()
	h.login(b)
	if p := h.own(b); p.element(t, "phone") != "" || strings.Contains(p.body, "+86") {
		t.Errorf("phone %q", p.element(t, "phone"))
	}
}

// TestH17_WhereIAm: this browser and another, with what was entered; the User-Agent in
// words of ours.
func TestH17_WhereIAm(t *testing.T) {
	h := build(t, withDevices)
	here, far := h.browser().says(agentDesktop), h.browser().says(`Mozilla/5.0 "><script>alert(1)</script> (iPhone) zzUA`)
	h.login(far, "client_id", "wiki", "redirect_uri", wikiCallback, "code_challenge", "", "code_challenge_method", "", "scope", "openid")
	h.exchange(h.login(far))
	h.exchange(h.login(here))
	codes := h.deviceCodes("tv", "")
	h.choose(here, h.enter(here, codes.text("user_code")), "approve")
	h.poll("tv", "", codes.text("device_code"))
	h.login(h.browser()) // a code that nobody comes for
	p := h.own(here)
	for id, want := range map[string]string{"session-1-name": "DingTalk, Windows This browser", "session-1-address": "127.0.0.1", "session-1-apps": "The App", "session-4": ""} {
		if got := p.element(t, id); got != want && !(id == "session-1-name" && strings.HasSuffix(got, " This browser")) {
			t.Errorf("%s: %q, want %q", id, got, want)
		}
	}
	if p.element(t, "session-3-name") != "iPhone" || p.element(t, "session-3-apps") != "The App, Wiki" || p.element(t, "session-2-name") == "" {
		t.Errorf("the other browsers: %q %q, %q", p.element(t, "session-3-name"), p.element(t, "session-3-apps"), p.element(t, "session-2-name"))
	}
	if strings.Contains(p.body, "zzUA") || strings.Contains(p.body, "alert(1)") || len(tags(p.body, "script")) > 0 {
		t.Error("the page says what the browser said of itself")
	}
	if got := len(p.ends("session:")); got != 2 || len(p.ends("grant:")) != 2 {
		t.Errorf("buttons %v", p.ends(""))
	}
	for i, want := range []string{"The Television On a device ", "The App Also when you are away 2"} {
		id := fmt.Sprint("lasting-", i+1, "-")
		if got := p.element(t, id+"name") + " " + p.element(t, id+"how") + " " + p.element(t, id+"times"); got != want {
			t.Errorf("%s: %q, want %q", id, got, want)
		}
	}
	// An app that is gone is shown by its id.
	specs := slices.DeleteFunc(testClients(), func(s clients.Spec) bool { return s.ID == "app" })
	rest, faults := clients.NewSet(specs)
	if faults != nil {
		t.Fatal(faults)
	}
	h.clients.Replace(rest)
	if got := h.own(here).element(t, "session-1-apps"); got != "app" {
		t.Errorf("an app that is gone: %q", got)
	}
}

// TestH17_EndASessionElsewhere: out at once, with what ends with it; the app is told;
// nothing else ends.
func TestH17_EndASessionElsewhere(t *testing.T) {
	one := party(t, "one")
	h := build(t, registered(one))
	here, far, third := h.browser(), h.browser(), h.browser()
	lasting := h.exchange(h.login(far))
	there := one.enters(h, far)
	bound := h.call("/token", "es", testSecret, url.Values{"grant_type": {"authorization_code"}, "redirect_uri": {appCallback}, "code_verifier": {testVerifier},
		"code": {h.login(far, "client_id", "es", "scope", "openid profile")}})
	h.login(third)
	one.enters(h, here)
	p := h.own(here)
	form := p.ending(t, "session:")
	form.Set("choice", "session:"+part(t, there, 1)["sid"].(string))
	h.events.take()
	h.end(here, form)
	wantNotice(t, one.told(h), there)
	if h.in(far) || !h.in(here) || !h.in(third) {
		t.Errorf("far %v, here %v, third %v", h.in(far), h.in(here), h.in(third))
	}
	if bound.status != 200 || h.userinfo(bound.text("access_token")).status != 401 || h.userinfo(lasting.text("access_token")).status != 200 {
		t.Error("what ends with the session lives, or what does not is dead")
	}
	if !h.events.has(audit.SessionEnded, "by the person, from elsewhere") {
		t.Error("not audited")
	}
	if len(one.notices) != 0 {
		t.Error("told of a session that goes on")
	}
	// Again: it is over, and nothing happens.
	h.events.take()
	h.end(here, form)
	if h.events.has(audit.SessionEnded, "") || !h.in(third) {
		t.Error("the same press ended something again")
	}
	if got := h.own(here).ends("session:"); len(got) != 1 {
		t.Errorf("left are %v", got)
	}
}

// TestH17_EndAnAppOrDevice: its tokens open nothing any more, and no session ends.
func TestH17_EndAnAppOrDevice(t *testing.T) {
	h := build(t, withDevices)
	b := h.browser()
	tokens, before := h.exchange(h.login(b)), h.exchange(h.login(h.browser())) // one app, two logins
	codes := h.deviceCodes("tv", "")
	h.choose(b, h.enter(b, codes.text("user_code")), "approve")
	television := h.poll("tv", "", codes.text("device_code"))
	if television.status != 200 || len(h.own(b).ends("grant:")) != 2 {
		t.Fatalf("%d %v", television.status, h.own(b).ends(""))
	}
	for left := 1; left >= 0; left-- {
		p := h.own(b)
		ended := p.element(t, "lasting-1-name")
		h.events.take()
		h.end(b, p.ending(t, "grant:"))
		if !h.events.has(audit.GrantEnded, "") {
			t.Error("not audited")
		}
		dead := map[string]reply{"The App": tokens, "The Television": television}[ended]
		if h.userinfo(dead.text("access_token")).status != 401 {
			t.Errorf("%s: the access token lives", ended)
		}
		if got := len(h.own(b).ends("grant:")); got != left {
			t.Errorf("%d left, want %d", got, left)
		}
	}
	for _, r := range []reply{tokens, before} {
		if r = h.refresh(r.text("refresh_token"), ""); r.text("error") != "invalid_grant" {
			t.Errorf("refresh: %d %s", r.status, r.body)
		}
	}
	if !h.in(b) || h.own(b).element(t, "nothing-lasts") == "" {
		t.Error("the session ended too, or what is left is not said")
	}
}
