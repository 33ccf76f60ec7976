package provider_test

import (
	"net/http"
	"net/url"
	"slices"
	"testing"

	"github.com/dingbridge/dingbridge/provider"
	"github.com/dingbridge/dingbridge/provider/audit"
	"github.com/dingbridge/dingbridge/provider/clients"
	"github.com/dingbridge/dingbridge/provider/login"
	"github.com/dingbridge/dingbridge/provider/pages"
)

// TestThreat_D18_TokensOfAWithdrawnOrganisation: a client serves an organisation no more,
// and somebody of it still has tokens. They open nothing from that moment on: the groups
// in them would else go by bare numbers, which are groups of the organisation that is
// left. The people of that one notice nothing.
func TestThreat_D18_TokensOfAWithdrawnOrganisation(t *testing.T) {
	g := buildTwo(t)
	tokens := map[string]reply{}
	for _, corpID := range []string{firstCorp, secondCorp} {
		if tokens[corpID] = g.exchange(g.enter(g.browser(), corpID)); tokens[corpID].text("refresh_token") == "" {
			t.Fatal(tokens[corpID].body)
		}
	}
	g.change("app", func(s *clients.Spec) { s.Organisations = []string{secondCorp} })
	g.wantOpen(t, tokens[firstCorp], false)
	g.wantOpen(t, tokens[secondCorp], true)
}

// TestThreat_D18_TokensWhereASecondOrganisationCame: the same for a client that names no
// organisation, which serves nobody where there are two.
func TestThreat_D18_TokensWhereASecondOrganisationCame(t *testing.T) {
	h := build(t)
	tokens := h.exchange(h.login(h.browser()))
	h.wantOpen(t, tokens, true)
	after := h.among(provider.Organisation{CorpID: h.sim.CorpID(), Upstream: h.upstream}, provider.Organisation{CorpID: secondCorp, Upstream: h.upstream})
	after.wantOpen(t, tokens, false)
}

// wantOpen holds tokens to be live, or not, wherever they are shown and nothing is
// granted for them.
func (h *house) wantOpen(t *testing.T, tokens reply, live bool) {
	t.Helper()
	if r := h.userinfo(tokens.text("access_token")); (r.status == http.StatusOK) != live {
		t.Errorf("userinfo: %d %s", r.status, r.body)
	}
	for _, kind := range []string{"access_token", "refresh_token"} {
		r := h.call("/introspect", "app", testSecret, url.Values{"token": {tokens.text(kind)}})
		if active, _ := r.json["active"].(bool); active != live {
			t.Errorf("introspection of the %s: %d %s", kind, r.status, r.body)
		}
	}
}

// TestThreat_D4_AWayThatWasTakenOut: the operator takes a way out while people are on
// their way in by it. Neither its page nor its codes are good for anything any more, and
// DingTalk is not asked.
func TestThreat_D4_AWayThatWasTakenOut(t *testing.T) {
	h := build(t, byWays(everyWay...))
	for _, way := range everyWay {
		b := h.browser()
		state, code := h.statesOf(b)[string(way)], h.someCode(h.upstream, kindOfWay[string(way)])
		calls := h.apiCalls()
		h.provider.Organisations[0].Ways = slices.DeleteFunc(slices.Clone(everyWay), func(w login.Way) bool { return w == way })
		var answers []page
		if way == login.InApp {
			answers = []page{b.get(h.issuer + "/login/inapp?state=" + state), h.handIn(b, state, code)}
		} else {
			answers = []page{h.back(b, state, code)}
		}
		if way == login.Frame {
			answers = append(answers, b.get(h.issuer+"/login/frame?state="+state))
		}
		for _, p := range answers {
			if wantPage(t, p, http.StatusBadRequest, pages.LoginExpired); h.in(b) || h.apiCalls() != calls {
				t.Errorf("%s: in: %v, asked %d times", way, h.in(b), h.apiCalls()-calls)
			}
		}
		h.provider.Organisations[0].Ways = everyWay
	}
}

// TestThreat_D4_APageOfOurOwnWayAlone: the page of one way is not to be had with the
// state of another, which would hand that state to what the page shows.
func TestThreat_D4_APageOfOurOwnWayAlone(t *testing.T) {
	h := build(t, byWays(everyWay...))
	b := h.browser()
	states := h.statesOf(b)
	for path, own := range map[string]string{"/login/frame": "frame", "/login/inapp": "inapp"} {
		for way, state := range states {
			h.events.take()
			p := b.get(h.issuer + path + "?state=" + state)
			if way == own {
				if p.status != http.StatusOK {
					t.Errorf("%s with its own state: %d", path, p.status)
				}
				continue
			}
			if wantPage(t, p, http.StatusBadRequest, pages.InvalidRequest); !h.events.has(audit.LoginRefused, "other_way") {
				t.Errorf("%s with a state for %q: not audited", path, way)
			}
		}
	}
}

// TestThreat_D18_SessionsOfAnOrganisationThatWasTakenOut: whoever has one is nobody here,
// and is sent to log in like anybody.
func TestThreat_D18_SessionsOfAnOrganisationThatWasTakenOut(t *testing.T) {
	h := build(t)
	b := h.browser()
	h.login(b)
	h.provider.Organisations[0].CorpID = "dinganother"
	if p := b.get(h.issuer + "/"); p.kind() != string(pages.Home) {
		t.Errorf("the issuer's own page: %d %s", p.status, p.kind())
	}
	if p := b.get(h.authorization("prompt", "none")); answer(t, p).Get("error") != "login_required" {
		t.Errorf("single sign-on: %d %s", p.status, p.location)
	}
	if p := b.get(h.authorization()); !h.toDingTalk(p) {
		t.Errorf("a login: %d %s", p.status, p.location)
	}
}
