package provider_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/dingbridge/dingbridge/dingtalk/simulator"
	"github.com/dingbridge/dingbridge/provider/audit"
	"github.com/dingbridge/dingbridge/provider/login"
	"github.com/dingbridge/dingbridge/provider/pages"
	"github.com/dingbridge/dingbridge/storage"
)

// faultsOfWay is what may befall the exchanges of the older ways, beside everyCall.
var faultsOfWay = map[login.Way]map[string]upstreamFault{
	login.Sns: {"drop:errcode": strange, "drop:user_info": strange, "null:user_info": strange, "retype:user_info": strange,
		"drop:unionid": strange, "null:unionid": strange, "retype:unionid": strange},
	login.InApp: {"badtoken": misconfigued, "unknown-method": strange, "drop:errcode": strange, "drop:result": strange,
		"null:result": strange, "retype:result": strange, "drop:unionid": strange, "null:unionid": strange, "retype:unionid": strange,
		"drop:userid": strange, "null:userid": strange, "retype:userid": strange, "retype:name": strange},
}

// TestThreat_D11_EveryFaultOfTheOlderWays: each fault at the signed exchange and at the
// one for codes from inside the client gives no code and no session, has its page and its
// event, and a button where trying again may help.
func TestThreat_D11_EveryFaultOfTheOlderWays(t *testing.T) {
	var wg sync.WaitGroup // most of the time is spent waiting
	for way, own := range faultsOfWay {
		h := build(t, byWays(everyWay...), func(p *plan) { p.dingTalk.Timeout = 3 * time.Second })
		wg.Go(func() {
			faults := maps.Clone(everyCall)
			maps.Copy(faults, own)
			for kind, want := range faults {
				h.faultOfWay(t, way, kind, want)
			}
		})
	}
	wg.Wait()
	// Where the two clocks disagree DingTalk refuses what we sign.
	h := build(t, byWays(login.Sns))
	if err := h.sim.Advance(3 * time.Hour); err != nil {
		t.Fatal(err)
	}
	b := h.browser()
	p := b.follow(h.authorization(), appCallback)
	if wantPage(t, p, http.StatusBadGateway, pages.ClockSkew); p.retry() != "" || h.in(b) || !h.events.has(audit.UpstreamTrouble, "clock_skew") {
		t.Errorf("a wrong clock: button %q", p.retry())
	}
}

func (h *house) faultOfWay(t *testing.T, way login.Way, kind string, want upstreamFault) {
	name := string(way) + ", " + kind
	call := exchanges[kindOfWay[string(way)]]
	h.sim.ClearFaults()
	b := h.browser()
	state, code := h.statesOf(b)[string(way)], h.someCode(h.upstream, kindOfWay[string(way)])
	fault := simulator.Fault{Call: call, Kind: kind, Count: -1, Status: 418, Code: "70999", Message: "m"}
	if kind == "slow" {
		fault.Delay = 5 * time.Second
	}
	if err := h.sim.Fault(fault); err != nil {
		t.Errorf("%s: %v", name, err)
		return
	}
	h.events.take()
	bring := h.back
	if way == login.InApp {
		bring = h.handIn
	}
	p := bring(b, state, code)
	if p.kind() != string(want.page) || p.status != want.page.Status() || p.location != "" || p.cookie("-session-") != "" || (p.retry() != "") != want.retry {
		t.Errorf("%s: %d %q %s, button %q; want %q", name, p.status, p.kind(), p.location, p.retry(), want.page)
	}
	event := audit.LoginRefused
	if want.retry {
		event = audit.LoginRetried
	}
	if !h.events.has(event, want.reason) || h.events.has(audit.LoginSucceeded, "") {
		t.Errorf("%s: no event %s %s", name, event, want.reason)
	}
	h.sim.ClearFaults()
	if h.in(b) {
		t.Errorf("%s: somebody is logged in", name)
	}
}

// TestThreat_D3_WhoIsInsideTheClient: what DingTalk says of a code from inside the client
// and what the directory says have to agree, in both ids; else it is nobody.
func TestThreat_D3_WhoIsInsideTheClient(t *testing.T) {
	h := build(t, byWays(login.OAuth2, login.InApp))
	other, _ := h.sim.Person("lisi")
	quoted := func(s string) json.RawMessage { b, _ := json.Marshal(s); return b }
	for name, fault := range map[string]simulator.Fault{
		"another's userid":               {Call: "getuserinfo", Kind: "set:userid", Value: quoted("lisi")},
		"another's userid, in capitals":  {Call: "getuserinfo", Kind: "set:userid", Value: quoted("ZhangSan")},
		"another's unionid":              {Call: "getuserinfo", Kind: "set:unionid", Value: quoted(other.UnionID)},
		"the directory's is another":     {Call: "user/get", Kind: "set:unionid", Value: quoted(other.UnionID)},
		"the directory's userid another": {Call: "getbyunionid", Kind: "set:userid", Value: quoted("lisi")},
	} {
		b := h.browser().says(agentAndroid)
		shown := b.get(b.get(h.authorization()).location)
		code := h.clientCode(b, shown)
		if err := h.sim.Fault(fault); err != nil {
			t.Fatal(err)
		}
		p := h.hand(b, shown, code)
		h.sim.ClearFaults()
		if wantPage(t, p, http.StatusBadGateway, pages.UpstreamStrange); h.in(b) {
			t.Errorf("%s: somebody is logged in", name)
		}
	}
	for person, want := range map[string]pages.Kind{"outsider": pages.Outsider, "supplier": pages.Outsider, "gone": pages.Outsider, "disabled": pages.Disabled, "outofrange": pages.OutOfRange} {
		h.as(person)
		b := h.browser().says(agentAndroid)
		shown := b.get(b.get(h.authorization()).location)
		if p := h.hand(b, shown, h.clientCode(b, shown)); p.kind() != string(want) || p.location != "" || h.in(b) {
			t.Errorf("%s: %d %s %s", person, p.status, p.kind(), p.location)
		}
	}
}

// TestH3_StorageFailsOnTheWayIn: each op of the pages between the app and DingTalk, and
// of a code from inside the client, fails in turn: nobody is let in by that, the person is
// told, and gets in by the button or by posting again.
func TestH3_StorageFailsOnTheWayIn(t *testing.T) {
	h := build(t, byWays(everyWay...))
	for kind, entrance := range entrances {
		b := h.browser()
		at := h.issuer + entrance(h, b)
		for fault := range faultNames {
			h.failOp(0, fault)
			p := b.get(at)
			h.store.fail(nil)
			wantOutage(t, string(kind), p)
			if p := b.get(h.dial(p.retry())); p.kind() != string(kind) {
				t.Errorf("%s: the button leads to %d %s", kind, p.status, p.kind())
			}
		}
	}
	post := func() (b *browser, send func() page) {
		b = h.browser()
		state, code := h.statesOf(b)["inapp"], h.someCode(h.upstream, "inapp")
		return b, func() page { return h.handIn(b, state, code) }
	}
	_, send := post()
	send() // so that the person is known
	_, send = post()
	for op := range h.opsOf(func() { send() }) {
		for fault, when := range faultNames {
			name := fmt.Sprintf("op %d, %s", op, when)
			b, send := post()
			h.store.Reset()
			h.failOp(op, fault)
			p := send()
			h.store.fail(nil)
			if !strings.HasPrefix(p.location, appCallback) { // not an op that may be lost without harm
				if p.status != http.StatusServiceUnavailable || p.cookie("-session-") != "" || p.retry() == "" {
					t.Errorf("%s: %d %s", name, p.status, p.kind())
				}
				for _, key := range slices.DeleteFunc(h.store.Keys(), func(key string) bool { return !strings.HasPrefix(key, "claim/") }) {
					if err := h.store.Together(t.Context(), storage.Delete(key)); err != nil { // as its 20 seconds would
						t.Fatal(err)
					}
				}
				if mustQuery(t, h.dial(p.retry())).Get("state") == "" {
					t.Errorf("%s: the button forgets the login: %s", name, p.retry())
				}
				again := b.says(agentIOS).get(h.dial(p.retry()))
				switch {
				case again.kind() == string(pages.InApp): // the login waits for another code
					p = h.hand(b, again, h.clientCode(b, again))
				case h.toDingTalk(page{location: h.dial(p.retry())}):
					p = b.get(again.location)
				default: // it had come to its end
					p = send()
				}
			}
			if answer(t, p).Get("code") == "" || !h.in(b) {
				t.Errorf("%s: the login is lost: %d %s", name, p.status, p.kind())
			}
		}
	}
}

// TestThreat_SecretsScrape_WaysIn: codes, states and secrets of the newer ways stand in
// no log, no audit event and nowhere in the store, whatever became of them.
func TestThreat_SecretsScrape_WaysIn(t *testing.T) {
	g := buildTwo(t)
	secrets := map[string]string{"app secret": g.sim.App().ClientSecret, "other app's secret": g.second.App().ClientSecret}
	for way, kind := range kindOfWay {
		for corpID, sim := range map[string]*simulator.Simulator{firstCorp: g.sim, secondCorp: g.second} {
			for _, fault := range []string{"", "500", "html", "error", "not-json", "lost"} {
				b, thief := g.browser(), g.browser()
				state, code := g.states(b)[corpID][way], g.someCode(g.ups[corpID], kind)
				name := way + " of " + corpID + " " + fault
				secrets["state of "+name], secrets["code of "+name] = state, code
				if fault != "" {
					if err := sim.Fault(simulator.Fault{Call: exchanges[kind], Kind: fault, Status: 400, Code: "70999", Message: "secret " + code}); err != nil {
						t.Fatal(err)
					}
				}
				thief.get(g.authorization())
				g.bring(thief, way, state, code)
				g.bring(b, way, flip(state), code)
				b.postFrom("https://evil.example", g.issuer+"/login/inapp", map[string][]string{"state": {state}, "code": {code}})
				g.handIn(b, state, code+" "+code)
				g.bring(b, way, state, code)
				g.bring(b, way, state, code)
				sim.ClearFaults()
				secrets["binding of "+name] = b.cookieNamed(g.issuer, "-login-")
				if cookie := b.cookieNamed(g.issuer, "-session-"); cookie != "" {
					secrets["session of "+name] = cookie
				} else if fault == "" {
					t.Errorf("%s: no login", name)
				}
			}
		}
	}
	if written := g.scrape(t, secrets); written < 10000 {
		t.Errorf("little was written: %d bytes", written)
	}
}

// TestH15_OriginAsBrowsersWriteIt: an issuer may name the port that goes without saying,
// which no browser does.
func TestH15_OriginAsBrowsersWriteIt(t *testing.T) {
	for issuer, origin := range map[string]string{
		"https://login.example.com": "https://login.example.com", "https://login.example.com:443": "https://login.example.com",
		"https://login.example.com:8443/sso": "https://login.example.com:8443", "http://127.0.0.1:80": "http://127.0.0.1", "https://[::1]:443/a": "https://[::1]",
	} {
		h := build(t, byWays(login.OAuth2, login.InApp), func(p *plan) { p.Issuer = issuer })
		for sent, want := range map[string]string{origin: "no_state", origin + ":1": "foreign_form", "https://evil.example": "foreign_form"} {
			r := httptest.NewRequest(http.MethodPost, issuer+"/login/inapp", strings.NewReader("code=x"))
			r.Header.Set("Content-Type", formType)
			r.Header.Set("Origin", sent)
			h.events.take()
			w := httptest.NewRecorder()
			h.provider.Handler().ServeHTTP(w, r)
			if w.Code != http.StatusBadRequest || !h.events.has(audit.LoginRefused, want) {
				t.Errorf("%s, from %s: %d, want %s", issuer, sent, w.Code, want)
			}
		}
	}
}
