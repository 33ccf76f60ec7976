package provider_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/dingbridge/dingbridge/provider/login"
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
