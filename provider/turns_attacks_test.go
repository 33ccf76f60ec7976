package provider_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/dingbridge/dingbridge/provider/login"
)

// TestThreat_D14_ReplaysTakeNoTurn: what is sent again and again, by any way, about a login
// that is over asks DingTalk nothing. It takes nobody's turn among the answers that are
// worked on in a second.
func TestThreat_D14_ReplaysTakeNoTurn(t *testing.T) {
	h := build(t, byWays(everyWay...), func(p *plan) { p.DingTalkLoginsPerSecond = 2 })
	b := h.browser()
	state, unused := h.statesOf(b), h.statesOf(b)
	code := h.someCode(h.upstream, "inapp")
	if p := h.handIn(b, state["inapp"], code); !strings.HasPrefix(p.location, appCallback) {
		t.Fatalf("%d %s", p.status, p.kind())
	}
	for name, again := range map[string]func() page{
		"the same answer": func() page { return h.handIn(b, state["inapp"], code) },
		"another answer":  func() page { return h.handIn(b, state["inapp"], "garbage") },
		"another way":     func() page { return h.back(b, state[string(login.Frame)], "garbage") },
		"a refusal":       func() page { return b.get(h.issuer + "/login/callback?error=access_denied&state=" + unused["oauth2"]) },
	} {
		for range 3 {
			if p := again(); p.status == http.StatusServiceUnavailable {
				t.Fatalf("%s: turned away", name)
			}
		}
		if left := h.provider.AnswersLeft(); left < 1 { // there were two, and the login took one
			t.Errorf("%s: took turns, %.1f are left", name, left)
		}
	}
}
