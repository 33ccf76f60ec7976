package provider_test

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/dingbridge/dingbridge/dingtalk/simulator"
	"github.com/dingbridge/dingbridge/provider"
	"github.com/dingbridge/dingbridge/provider/audit"
	"github.com/dingbridge/dingbridge/provider/clients"
	"github.com/dingbridge/dingbridge/provider/login"
	"github.com/dingbridge/dingbridge/provider/pages"
	"github.com/dingbridge/dingbridge/provider/people"
)

var firstCorp, secondCorp = simulator.DefaultCompany().CorpID, simulator.SecondCompany().CorpID

// two is a house of two organisations, each on a simulator of its own. App and tv serve
// both, es the second alone, all others the first alone.
type two struct {
	*house
	second *simulator.Simulator
	ups    map[string]login.Upstream // by corpId; the first is the house's own
}

func buildTwo(t *testing.T, options ...option) *two {
	t.Helper()
	g := &two{ups: map[string]login.Upstream{}}
	g.house = build(t, append([]option{byWays(everyWay...), withDevices, func(p *plan) {
		g.second = secondCompany(t, p)
		p.Organisations[0].Ways = everyWay
		g.ups[secondCorp] = p.Organisations[0].Upstream
		p.specs = g.specs()
	}}, options...)...)
	g.ups[firstCorp] = g.upstream
	return g
}

func (g *two) specs() []clients.Spec {
	p := plan{specs: testClients()}
	withDevices(&p)
	for i := range p.specs {
		switch s := &p.specs[i]; s.ID {
		case "app", "tv":
			s.Organisations = []string{firstCorp, secondCorp}
		case "es":
			s.Organisations = []string{secondCorp}
		default:
			s.Organisations = []string{firstCorp}
		}
	}
	return p.specs
}

// change replaces the clients by ones in which one differs.
func (g *two) change(id string, change func(*clients.Spec)) {
	specs := g.specs()
	change(&specs[slices.IndexFunc(specs, func(s clients.Spec) bool { return s.ID == id })])
	g.replace(specs)
}

// states are those of one login, by corpId and way.
func (g *two) states(b *browser, pairs ...string) map[string]map[string]string {
	g.t.Helper()
	choose := b.says(agentDesktop).get(g.authorization(pairs...)).location
	states := map[string]map[string]string{firstCorp: {}, secondCorp: {}}
	for _, agent := range []string{agentDesktop, agentIOS} {
		for way, links := range b.says(agent).get(choose).links() {
			if len(links) != 2 {
				g.t.Fatalf("%d rows for %s", len(links), way)
			}
			states[firstCorp][way], states[secondCorp][way] = mustQuery(g.t, links[0]).Get("state"), mustQuery(g.t, links[1]).Get("state")
		}
	}
	return states
}

// bring hands an answer of a kind in where its way is taken.
func (g *two) bring(b *browser, way, state, code string) page {
	g.t.Helper()
	if way == "inapp" {
		return g.handIn(b, state, code)
	}
	return g.back(b, state, code)
}

// enter logs a browser in to an organisation and returns the client's code.
func (g *two) enter(b *browser, corpID string) string {
	g.t.Helper()
	code := answer(g.t, g.bring(b, "oauth2", g.states(b, "prompt", "login")[corpID]["oauth2"], g.someCode(g.ups[corpID], "web"))).Get("code")
	if code == "" {
		g.t.Fatal("no code")
	}
	return code
}

var kindOfWay = map[string]string{"oauth2": "web", "frame": "web", "sns": "sns", "password": "sns", "inapp": "inapp"}

// TestThreat_D4_NoCodeReachesAnotherOrganisation: by every way people of both log in, in
// turns, in one browser; the calls that each simulator remembers have the codes, the
// app and the unionIds of its own and none of the other's. What somebody mixes by hand
// goes where the state says, and is refused there.
//
// proves: state remembers the app and the organisation | RFC 9700 section 4.4
func TestThreat_D4_NoCodeReachesAnotherOrganisation(t *testing.T) {
	g := buildTwo(t)
	g.sim.KeepCalls(1 << 16)
	g.second.KeepCalls(1 << 16)
	b := g.browser()
	given := map[string][]string{} // codes, ids and secrets by corpId
	for way, kind := range kindOfWay {
		for corpID, up := range g.ups {
			code := g.someCode(up, kind)
			given[corpID] = append(given[corpID], code)
			if p := g.bring(b, way, g.states(b, "prompt", "login")[corpID][way], code); answer(t, p).Get("code") == "" {
				t.Errorf("%s by %s: %d %s", corpID, way, p.status, p.kind())
			}
		}
	}
	for corpID, sim := range map[string]*simulator.Simulator{firstCorp: g.sim, secondCorp: g.second} {
		person, _ := sim.Person("zhangsan")
		given[corpID] = append(given[corpID], person.UnionID, sim.App().ClientID, sim.App().ClientSecret)
	}
	crossed := func(sim *simulator.Simulator, foreign []string) (list []string) {
		for _, call := range sim.Calls() {
			for _, value := range foreign {
				sum := sha256.Sum256([]byte(value))
				for _, sent := range []map[string]string{call.Query, call.Body} {
					for name, said := range sent {
						if said == value || said == "sha256:"+hex.EncodeToString(sum[:6]) {
							list = append(list, call.Call+" "+name)
						}
					}
				}
			}
		}
		return list
	}
	if own := crossed(g.sim, given[firstCorp]); len(own) < 10 {
		t.Fatalf("the simulator's log shows only %v of what was sent", own)
	}
	if list := append(crossed(g.sim, given[secondCorp]), crossed(g.second, given[firstCorp])...); len(list) > 0 {
		t.Errorf("of another organisation: %v", list)
	}
	// Mixed by whoever has both in hand: their own browser, their own codes.
	for way, kind := range kindOfWay {
		for corpID := range g.ups {
			other, sims := secondCorp, map[string]*simulator.Simulator{firstCorp: g.sim, secondCorp: g.second}
			if corpID == secondCorp {
				other = firstCorp
			}
			b := g.browser()
			states, code := g.states(b), g.someCode(g.ups[other], kind)
			here, there := len(exchanged(sims[corpID])), len(exchanged(sims[other]))
			p := g.bring(b, way, states[corpID][way], code)
			wantPage(t, p, http.StatusBadRequest, pages.CodeUsed)
			if len(exchanged(sims[corpID])) != here+1 || len(exchanged(sims[other])) != there {
				t.Errorf("%s: %d and %d exchanges", way, len(exchanged(sims[corpID]))-here, len(exchanged(sims[other]))-there)
			}
			if g.in(b) {
				t.Errorf("%s: somebody is logged in", way)
			}
		}
	}
}

// TestThreat_D3_OrganisationIsNeverBelievedFromOutside: the organisation stands in the
// state alone. Named in the address, in the form or by the page inside the client it
// changes nothing; a state that leads into one which the client or the request does not
// allow leads nowhere, and one of another client's login is that client's.
func TestThreat_D3_OrganisationIsNeverBelievedFromOutside(t *testing.T) {
	g := buildTwo(t)
	corpOf := func(p page) (corpID string) {
		t.Helper()
		claims := g.claimsOf(g.exchange(answer(t, p).Get("code")).text("id_token"), "app")
		for corpID, sim := range map[string]*simulator.Simulator{firstCorp: g.sim, secondCorp: g.second} {
			if person, _ := sim.Person("zhangsan"); claims["sub"] == string(people.SubjectOf(corpID, person.UnionID)) {
				return corpID
			}
		}
		t.Fatalf("whose sub is %v", claims["sub"])
		return ""
	}
	for way, kind := range kindOfWay {
		b := g.browser()
		states := g.states(b)
		code := g.someCode(g.ups[firstCorp], kind)
		form := url.Values{"state": {states[firstCorp][way]}, "code": {code}}
		for _, name := range []string{"organisation", "corpId", "corp_id", "corp", "way", "o"} {
			form.Set(name, secondCorp)
		}
		var p page
		if way == "inapp" {
			p = b.postFrom(g.origin(), g.issuer+"/login/inapp", form)
		} else {
			p = b.get(g.issuer + "/login/callback?" + form.Encode())
		}
		if got := corpOf(p); got != firstCorp {
			t.Errorf("%s: %s", way, got)
		}
	}
	for _, path := range []string{"/login/frame", "/login/inapp"} {
		b := g.browser()
		state := g.states(b)[firstCorp][strings.TrimPrefix(path, "/login/")]
		plain, bent := b.get(g.issuer+path+"?state="+state), b.get(g.issuer+path+"?state="+state+"&organisation="+secondCorp+"&corpId="+secondCorp)
		if strings.Contains(bent.body, secondCorp) || strings.Contains(bent.body, g.ups[secondCorp].ClientID()) || !slices.Equal(elements(t, plain.body), elements(t, bent.body)) {
			t.Errorf("%s is led by its address", path)
		}
	}
	// A request for one organisation: the page does not offer the other, and the state
	// of a login that may go there leads that login there, not this one.
	b := g.browser()
	choose := b.says(agentDesktop).get(g.authorization("organisation", firstCorp, "state", "only-first")).location
	if links := b.get(choose + "&organisation=" + secondCorp).links(); len(links["oauth2"]) != 1 {
		t.Fatalf("%v", links)
	}
	states := g.states(b, "state", "both")
	p := g.back(b, states[secondCorp]["oauth2"], g.someCode(g.ups[secondCorp], "web"))
	if answer(t, p).Get("state") != "both" || corpOf(p) != secondCorp {
		t.Errorf("%s", p.location)
	}
	wantPage(t, b.get(g.issuer+"/login/choose?state="+url.QueryEscape(mustQuery(t, choose).Get("state")+states[secondCorp]["oauth2"])), http.StatusBadRequest, pages.InvalidRequest)
	// The same browser has a login for es under way, which serves the second alone: a state
	// of app's login is app's.
	b = g.browser()
	restricted := b.says(agentDesktop).get(g.authorization("client_id", "es")).location
	if links := b.get(restricted).links(); len(links["oauth2"]) != 1 {
		t.Errorf("a client of the second: %v", links)
	}
	p = g.back(b, g.states(b, "state", "of app")[firstCorp]["oauth2"], g.someCode(g.ups[firstCorp], "web"))
	code := answer(t, p).Get("code")
	if answer(t, p).Get("state") != "of app" || code == "" {
		t.Errorf("%s", p.location)
	}
	if r := g.call("/token", "es", testSecret, codeForm(code)); r.status != http.StatusBadRequest {
		t.Errorf("es has app's code: %d %s", r.status, r.body)
	}
}

// TestThreat_D18_WithdrawnMeanwhile: a client that serves an organisation no more, while
// people of it are on their way in: nobody gets in, DingTalk is not asked, and a page
// says so.
func TestThreat_D18_WithdrawnMeanwhile(t *testing.T) {
	g := buildTwo(t)
	b := g.browser()
	choose := b.says(agentDesktop).get(g.authorization()).location
	states := g.states(b)
	codes := map[string]string{}
	for way, kind := range kindOfWay {
		codes[way] = g.someCode(g.ups[firstCorp], kind)
	}
	calls := g.apiCalls()
	g.change("app", func(s *clients.Spec) { s.Organisations = []string{secondCorp} })
	if links := b.says(agentDesktop).get(choose).links(); len(links["oauth2"]) != 1 {
		t.Errorf("%v", links)
	}
	for _, path := range []string{"/login/frame", "/login/inapp"} {
		p := b.get(g.issuer + path + "?state=" + states[firstCorp][strings.TrimPrefix(path, "/login/")])
		wantPage(t, p, http.StatusBadRequest, pages.LoginExpired)
	}
	for way, code := range codes {
		b := g.browser()
		g.replace(g.specs())
		state := g.states(b)[firstCorp][way]
		g.change("app", func(s *clients.Spec) { s.Organisations = []string{secondCorp} })
		g.events.take()
		wantPage(t, g.bring(b, way, state, code), http.StatusBadRequest, pages.LoginExpired)
		if !g.events.has(audit.LoginRefused, "organisation_removed") {
			t.Errorf("%s: not audited", way)
		}
	}
	// One that serves nobody who is here: not a fault of ours, and no redirect.
	g.change("app", func(s *clients.Spec) { s.Organisations = []string{"dingelsewhere"} })
	wantPage(t, b.get(choose), http.StatusForbidden, pages.NotAdmitted)
	wantPage(t, g.browser().get(g.authorization()), http.StatusForbidden, pages.NotAdmitted)
	g.replace(slices.DeleteFunc(g.specs(), func(s clients.Spec) bool { return s.ID == "app" }))
	for _, to := range []string{choose, g.issuer + "/login/frame?state=" + states[firstCorp]["frame"], g.issuer + "/login/inapp?state=" + states[firstCorp]["inapp"]} {
		wantPage(t, b.get(to), http.StatusBadRequest, pages.UnknownClient)
	}
	wantPage(t, g.handIn(b, states[firstCorp]["inapp"], codes["inapp"]), http.StatusBadRequest, pages.UnknownClient)
	if g.apiCalls() != calls {
		t.Error("DingTalk was asked")
	}
}

// TestThreat_D18_AnIDAdmitsInItsOwnOrganisation: lisi and a department of one number are
// in both. A client that names them serves one organisation, and by single sign-on, a
// login, consent, a device or a code the other's lisi never enters.
func TestThreat_D18_AnIDAdmitsInItsOwnOrganisation(t *testing.T) {
	for name, allow := range map[string]clients.Allow{"person": {People: []string{"lisi"}}, "group": {Groups: []string{"dept:39960012"}}} {
		g := buildTwo(t)
		admit := func(s *clients.Spec) {
			s.Organisations, s.Allow, s.DeviceAuthorization = []string{secondCorp}, allow, true
		}
		g.change("es", admit)
		g.as("lisi")
		if err := g.second.ApproveAs("lisi"); err != nil {
			t.Fatal(err)
		}
		es := []string{"client_id", "es", "prompt", "none"}
		mine, theirs := g.browser(), g.browser()
		g.enter(theirs, firstCorp)
		g.enter(mine, secondCorp)
		if p := mine.get(g.authorization(es...)); answer(t, p).Get("code") == "" {
			t.Fatalf("%s: the client's own person: %s", name, p.location)
		}
		if p := theirs.get(g.authorization(es...)); answer(t, p).Get("error") != "login_required" {
			t.Errorf("%s: single sign-on: %s", name, p.location)
		}
		for _, prompt := range []string{"consent", "login"} {
			if p := theirs.get(g.authorization("client_id", "es", "prompt", prompt)); p.kind() == string(pages.Consent) || strings.Contains(p.location, "code=") {
				t.Errorf("%s: prompt %s: %d %s", name, prompt, p.status, p.location)
			}
		}
		codes := g.deviceCodes("es", testSecret)
		asked := g.house.enter(theirs, codes.text("user_code"))
		if p := g.choose(theirs, asked, "approve"); p.kind() != string(pages.NotAdmitted) || g.poll("es", testSecret, codes.text("device_code")).status == http.StatusOK {
			t.Errorf("%s: a device: %d %s", name, p.status, p.kind())
		}
		// A client that is moved to the other organisation takes nobody of the first along.
		code := answer(t, mine.get(g.authorization(es...))).Get("code")
		g.change("es", func(s *clients.Spec) { admit(s); s.Organisations = []string{firstCorp} })
		if r := g.call("/token", "es", testSecret, codeForm(code)); r.status != http.StatusBadRequest || r.text("error") != "invalid_grant" {
			t.Errorf("%s: a code of the other organisation's person: %d %s", name, r.status, r.body)
		}
	}
}

// TestThreat_D18_WhereASecondOrganisationCame: people, tokens and sessions are from when
// there was one. A client that names none does not serve the new one by that, nor the
// old one any more, by any grant; one that does goes on.
func TestThreat_D18_WhereASecondOrganisationCame(t *testing.T) {
	h := build(t, func(p *plan) { p.People.RecheckAfter = time.Hour })
	b := h.browser()
	tokens, code := h.exchange(h.login(b)), h.login(b)
	kept, keptCode := h.exchange(h.login(b)), h.login(b)
	after := h.among(provider.Organisation{CorpID: h.sim.CorpID(), Upstream: h.upstream}, provider.Organisation{CorpID: secondCorp, Upstream: h.upstream})
	for name, r := range map[string]reply{"code": after.exchange(code), "refresh": after.refresh(tokens.text("refresh_token"), "")} {
		if r.status != http.StatusBadRequest || r.text("error") != "invalid_grant" {
			t.Errorf("%s: %d %s", name, r.status, r.body)
		}
	}
	named := testClients()
	named[0].Organisations = []string{h.sim.CorpID()}
	h.replace(named)
	for name, r := range map[string]reply{"code": after.exchange(keptCode), "refresh": after.refresh(kept.text("refresh_token"), "")} {
		if r.status != http.StatusOK {
			t.Errorf("%s of a client that names it: %d %s", name, r.status, r.body)
		}
	}
}
