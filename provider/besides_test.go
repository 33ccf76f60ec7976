package provider_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/dingbridge/dingbridge/provider/login"
	"github.com/dingbridge/dingbridge/provider/pages"
)

// TestH15_AQRCodeStandsForOneOrganisation: a QR code in a page of ours comes first without
// being chosen only where all that can be chosen stands beside it.
func TestH15_AQRCodeStandsForOneOrganisation(t *testing.T) {
	frameFirst := []login.Way{login.Frame, login.OAuth2, login.InApp}
	h := build(t, byWays(frameFirst...))
	if to := h.browser().says(agentDesktop).get(h.authorization()).location; !strings.Contains(to, "/login/frame?") {
		t.Errorf("one organisation: %s", to)
	}
	g := buildTwo(t)
	for i := range g.provider.Organisations {
		g.provider.Organisations[i].Ways = frameFirst
	}
	if to := g.browser().says(agentDesktop).get(g.authorization()).location; !strings.Contains(to, "/login/choose?") {
		t.Errorf("two organisations: %s", to)
	}
}

// TestH15_AQRCodeHasAWholePageBesideIt: even inside DingTalk's client, where nothing but
// that client is offered first, and nobody can scan what they hold.
func TestH15_AQRCodeHasAWholePageBesideIt(t *testing.T) {
	h := build(t, byWays(login.Frame, login.OAuth2, login.InApp))
	b := h.browser()
	to := b.says(agentDesktop).get(h.authorization()).location
	for _, agent := range []string{agentDesktop, agentIOS} {
		p := b.says(agent).get(to)
		if p.status != http.StatusOK || len(p.links()["oauth2"]) != 1 {
			t.Errorf("%s: %d, beside it %v", agent, p.status, p.links())
		}
	}
}

// TestH15_WhoIsAskedAnewPressesAButton: a client that wants its person asked again has
// them asked inside DingTalk's client too, where nothing else would be seen of it.
func TestH15_WhoIsAskedAnewPressesAButton(t *testing.T) {
	h := build(t, byWays(login.InApp, login.OAuth2))
	for _, row := range []struct {
		pairs []string
		asked bool
	}{
		{nil, false}, {[]string{"prompt", "consent"}, false},
		{[]string{"prompt", "login"}, true}, {[]string{"prompt", "select_account"}, true}, {[]string{"max_age", "0"}, true}, {[]string{"max_age", "60"}, true},
	} {
		b := h.browser().says(agentAndroid)
		p := b.get(b.get(h.authorization(row.pairs...)).location)
		if asked := strings.Contains(p.body, `id="enter"`); p.kind() != string(pages.InApp) || asked != row.asked {
			t.Errorf("%v: %s, a button: %v", row.pairs, p.kind(), asked)
		}
	}
}

// TestH16_AMachineMayAskWhatMachinesAsk: the preview is for the addresses that people
// open; what a service reads is the same for all.
func TestH16_AMachineMayAskWhatMachinesAsk(t *testing.T) {
	h := build(t)
	for _, path := range []string{"/.well-known/openid-configuration", "/jwks"} {
		if p := h.browser().says(agentPreview).get(h.issuer + path); p.status != http.StatusOK || !strings.HasPrefix(p.header.Get("Content-Type"), "application/j") {
			t.Errorf("%s: %d %s", path, p.status, p.header.Get("Content-Type"))
		}
	}
}
