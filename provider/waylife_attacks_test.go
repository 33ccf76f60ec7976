package provider_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/dingbridge/dingbridge/dingtalk/simulator"
	"github.com/dingbridge/dingbridge/provider/audit"
	"github.com/dingbridge/dingbridge/provider/login"
	"github.com/dingbridge/dingbridge/provider/pages"
	"github.com/dingbridge/dingbridge/storage"
	"github.com/dingbridge/dingbridge/storage/storagetest"
)

// TestThreat_D6_QRRelay: the QR code of browser A's page is scanned by somebody before
// browser B. Only A can finish the login, as whoever scanned; B has nothing of it, and
// the code is shown for three minutes at the longest.
func TestThreat_D6_QRRelay(t *testing.T) {
	h := build(t, byWays(login.Frame, login.OAuth2))
	a, b := h.browser(), h.browser()
	shown := a.get(a.get(h.authorization("state", "of A")).location)
	if seconds := shown.attribute(t, "data-seconds"); len(seconds) > 3 || seconds > "180" {
		t.Errorf("the code is shown for %s seconds", seconds)
	}
	b.get(h.authorization("state", "of B")) // with a login of its own under way
	to := h.scanned(b, shown)               // whoever scans; DingTalk tells the frame, which is A's
	p := b.get(to)
	wantPage(t, p, http.StatusBadRequest, pages.OtherBrowser)
	if len(p.header.Values("Set-Cookie")) > 0 || h.in(b) {
		t.Errorf("B has something: %v", p.header)
	}
	// The code, without the state, in a state of B's own: A is robbed of nothing either.
	if q := mustQuery(t, to); q.Get("state") != shown.attribute(t, "data-state") {
		t.Error("the frame says another state than the page")
	}
	q := answer(t, a.get(to))
	if q.Get("state") != "of A" || h.claimsOf(h.exchange(q.Get("code")).text("id_token"), "app")["sub"] != string(h.subject(t, "zhangsan")) || h.in(b) || !h.in(a) {
		t.Errorf("A: %v", q)
	}
	wantPage(t, b.get(to), http.StatusBadRequest, pages.OtherBrowser)
}

// TestThreat_LinkPreviewSpendsNothing: DingTalk's service opens whatever can be opened of
// a login, by link and by form, with the cookies of whoever sent it: nothing is kept,
// given or asked, and each works afterwards.
func TestThreat_LinkPreviewSpendsNothing(t *testing.T) {
	h := build(t, withDevices, byWays(everyWay...))
	b := h.browser()
	states := h.statesOf(b)
	asked := h.browser() // with a session
	h.handIn(asked, h.statesOf(asked)["inapp"], h.someCode(h.upstream, "inapp"))
	consent := asked.get(h.authorization("prompt", "consent")).form(t).fields
	consent.Set("choice", "approve")
	codes := h.deviceCodes("app", testSecret)
	device := h.enter(asked, codes.text("user_code")).form(t).fields
	device.Set("choice", "approve")
	leave := asked.get(h.logout()).form(t).fields
	leave.Set("choice", "here")
	pushed, posted := h.pushedURL(), b.post(h.issuer+"/authorize", h.query("prompt", "login")).location
	inApp := url.Values{"state": {states["inapp"]}, "code": {h.someCode(h.upstream, "inapp")}}
	code := h.someCode(h.upstream, "web")
	type visit struct {
		who  *browser
		to   string
		form url.Values
	}
	visits := map[string]visit{
		"a pushed request": {b, pushed, nil}, "a posted request": {b, posted, nil}, "a request to post": {b, h.issuer + "/authorize", h.query()},
		"choose": {b, h.issuer + "/login/choose?state=" + states[""], nil}, "frame": {b, h.issuer + "/login/frame?state=" + states["frame"], nil},
		"in-app page": {b, h.issuer + "/login/inapp?state=" + states["inapp"], nil}, "in-app form": {b, h.issuer + "/login/inapp", inApp},
		"callback":       {b, h.issuer + "/login/callback?" + url.Values{"state": {states["oauth2"]}, "authCode": {code}}.Encode(), nil},
		"a refusal":      {b, h.issuer + "/login/callback?error=x&state=" + states["oauth2"], nil},
		"single sign-on": {asked, h.authorization(), nil}, "consent": {asked, h.issuer + "/authorize/consent", consent}, "device": {asked, h.issuer + "/device/confirm", device},
		"logout": {asked, h.issuer + "/end_session/confirm", leave}, "a language": {asked, h.issuer + "/?lang=en", nil}, "nothing": {asked, h.issuer + "/nothing", nil},
	}
	h.events.take()
	calls := len(h.sim.Calls())
	for name, v := range visits {
		for _, agent := range []string{agentPreview, strings.ToUpper(agentPreview), "DingTalk-LinkService", agentIOS + " DingTalk-LinkService/1.0"} {
			v.who.says(agent)
			h.store.Reset()
			var p page
			if v.form == nil {
				p = v.who.get(v.to)
			} else {
				p = v.who.postFrom(h.origin(), v.to, v.form)
			}
			if p.status != http.StatusOK || p.kind() != string(pages.Preview) || p.location != "" || len(p.header.Values("Set-Cookie")) > 0 || h.store.Trips() != 0 || strings.Contains(p.body, states[""]) {
				t.Errorf("%s for %s: %d %s %s, %v, %d trips", name, agent, p.status, p.kind(), p.location, p.header.Values("Set-Cookie"), h.store.Trips())
			}
		}
	}
	if events := h.events.take(); len(events) > 0 || len(h.sim.Calls()) != calls {
		t.Errorf("%v, %d calls", events, len(h.sim.Calls())-calls)
	}
	b.says(agentDesktop)
	asked.says(agentDesktop)
	for _, to := range []string{pushed, posted} {
		if p := b.get(b.get(to).location); p.kind() != string(pages.ChooseWay) {
			t.Errorf("afterwards: %d %s", p.status, p.kind())
		}
	}
	if p := asked.post(h.issuer+"/device/confirm", device); p.kind() != string(pages.DeviceApproved) || h.poll("app", testSecret, codes.text("device_code")).status != http.StatusOK {
		t.Errorf("the device afterwards: %d %s", p.status, p.kind())
	}
	if p := asked.post(h.issuer+"/authorize/consent", consent); answer(t, p).Get("code") == "" {
		t.Errorf("the consent afterwards: %d %s", p.status, p.kind())
	}
	if p := b.postFrom(h.origin(), h.issuer+"/login/inapp", inApp); answer(t, p).Get("code") == "" {
		t.Errorf("the code from inside afterwards: %d %s", p.status, p.kind())
	}
	wantPage(t, asked.post(h.issuer+"/end_session/confirm", leave), http.StatusOK, pages.SignedOut)
}

// TestThreat_D11_RetryKeepsTheWay: where DingTalk fails at the exchange or the directory,
// the button leads on into the same organisation and by the same way; from inside the
// client to the page that always works. The state that failed is worth nothing.
func TestThreat_D11_RetryKeepsTheWay(t *testing.T) {
	g := buildTwo(t)
	for way, kind := range kindOfWay {
		for corpID, sim := range map[string]*simulator.Simulator{firstCorp: g.sim, secondCorp: g.second} {
			for _, call := range []string{exchanges[kind], "getbyunionid"} {
				what := way + " of " + corpID + ", " + call
				b := g.browser()
				state, code := g.states(b)[corpID][way], g.someCode(g.ups[corpID], kind)
				if err := sim.Fault(simulator.Fault{Call: call, Kind: "500", Count: -1}); err != nil {
					t.Fatal(err)
				}
				g.events.take()
				p := g.bring(b, way, state, code)
				sim.ClearFaults()
				wantPage(t, p, http.StatusServiceUnavailable, pages.UpstreamDown)
				if !g.events.has(audit.LoginRetried, "unavailable") {
					t.Errorf("%s: not audited", what)
				}
				wantPage(t, g.bring(b, way, state, g.someCode(g.ups[corpID], kind)), http.StatusBadRequest, pages.LoginExpired)
				to, next := p.retry(), way
				if way == "inapp" {
					next = "oauth2"
				}
				want := map[string]string{"oauth2": g.ups[corpID].LoginOrigin() + "/oauth2/auth?", "sns": g.ups[corpID].LoginOrigin() + "/connect/qrconnect?",
					"password": g.ups[corpID].LoginOrigin() + "/connect/oauth2/sns_authorize?", "frame": "/login/frame?"}[next]
				if !strings.HasPrefix(to, want) {
					t.Errorf("%s: the button leads to %q", what, to)
					continue
				}
				p = g.bring(b, next, mustQuery(t, to).Get("state"), g.someCode(g.ups[corpID], kindOfWay[next]))
				claims := g.claimsOf(g.exchange(answer(t, p).Get("code")).text("id_token"), "app")
				if !slices.ContainsFunc(g.events.take(), func(e audit.Event) bool {
					return e.Name == audit.LoginSucceeded && e.CorpID == corpID && e.Way == next && e.Subject == claims["sub"]
				}) {
					t.Errorf("%s: the retry led elsewhere: %v", what, claims["sub"])
				}
			}
		}
	}
}

// TestThreat_D14_LookingCostsNothing: the pages between the app and DingTalk can be asked
// for by anybody, without end. Nothing is ever written or asked of DingTalk for that, and
// without a state of this very browser nothing is read.
func TestThreat_D14_LookingCostsNothing(t *testing.T) {
	h := build(t, byWays(everyWay...))
	for kind, entrance := range entrances {
		b := h.browser()
		at := h.issuer + entrance(h, b)
		calls := len(h.sim.Calls())
		h.events.take()
		h.store.Reset()
		for range 200 {
			if p := b.get(at); p.kind() != string(kind) {
				t.Fatalf("%s: %d %s", kind, p.status, p.kind())
			}
			h.browser().get(at)
			b.get(flip(at))
		}
		if h.store.Trips() != 200 || slices.ContainsFunc(h.store.Calls(), func(call storagetest.Call) bool { return call.Verb != storage.VerbGet }) {
			t.Errorf("%s: %d trips: %v", kind, h.store.Trips(), h.store.Calls()[:3])
		}
		if len(h.sim.Calls()) != calls || h.events.has(audit.LoginBegun, "") {
			t.Errorf("%s: DingTalk was asked, or a login begun", kind)
		}
	}
}
