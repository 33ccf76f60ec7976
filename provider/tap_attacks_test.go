package provider_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/dingbridge/dingbridge/provider/clients"
	"github.com/dingbridge/dingbridge/provider/login"
	"github.com/dingbridge/dingbridge/provider/pages"
)

// TestThreat_D5_ASessionIsNoTap: somebody sends a link to a client with in_app_tap about
// in a chat. Whoever opens it inside DingTalk presses a button before they are logged in,
// though they have a session of ours from another client; no other page or parameter
// gets round it, and nobody else is asked.
func TestThreat_D5_ASessionIsNoTap(t *testing.T) {
	for _, ways := range [][]login.Way{{login.OAuth2, login.InApp}, {login.InApp, login.Frame, login.Sns}} {
		h := build(t, byWays(ways...))
		specs := testClients()
		specs[slices.IndexFunc(specs, func(s clients.Spec) bool { return s.ID == "app" })].InAppTap = true
		h.replace(specs)
		b := h.browser().says(agentAndroid)
		enter := func(pairs ...string) page {
			t.Helper()
			p := b.get(b.get(h.authorization(pairs...)).location)
			if p.kind() != string(pages.InApp) {
				t.Fatalf("%d %s", p.status, p.kind())
			}
			return p
		}
		es := []string{"client_id", "es"}
		if p := enter(es...); strings.Contains(p.body, `id="enter"`) || answer(t, h.hand(b, p, h.clientCode(b, p))).Get("code") == "" {
			t.Fatal("the other client asks for a tap, or lets nobody in")
		}
		for _, pairs := range [][]string{nil, {"prompt", "consent"}, {"max_age", "3600"}, {"organisation", h.sim.CorpID()}} {
			if p := enter(pairs...); !strings.Contains(p.body, `id="enter"`) {
				t.Errorf("%v: no button", pairs)
			}
		}
		p := enter()
		if answer(t, h.hand(b, p, h.clientCode(b, p))).Get("code") == "" {
			t.Error("no login after the tap")
		}
		for name, silent := range map[string]page{
			"prompt none":            b.get(h.authorization("prompt", "none")),
			"a client without":       b.get(h.authorization(es...)),
			"outside DingTalk":       b.says(agentDesktop).get(h.authorization()),
			"prompt none, elsewhere": b.get(h.authorization("prompt", "none")),
		} {
			if answer(t, silent).Get("code") == "" {
				t.Errorf("%s: %s", name, silent.location)
			}
		}
	}
}
