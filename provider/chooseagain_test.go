package provider_test

import (
	"html"
	"regexp"
	"strings"
	"testing"

	"github.com/dingbridge/dingbridge/dingtalk/simulator"
	"github.com/dingbridge/dingbridge/provider/audit"
)

// TestTheWrongOrganisation: whoever chose an organisation that they are not of is told
// so, and can choose again without going back to the app; a few times.
func TestTheWrongOrganisation(t *testing.T) {
	corps := []string{simulator.DefaultCompany().CorpID, simulator.SecondCompany().CorpID}
	var second *simulator.Simulator
	h := build(t, func(p *plan) {
		second = secondCompany(t, p)
		for i := range p.specs {
			p.specs[i].Organisations = corps
			if p.specs[i].ID == "es" {
				p.specs[i].Organisations = corps[:1]
			}
		}
	})
	h.as("outsider")
	row := regexp.MustCompile(`href="([^"]+)" data-way`)
	choose := func(b *browser, chosen page, n int) page {
		t.Helper()
		rows := row.FindAllStringSubmatch(chosen.body, -1)
		if chosen.kind() != "choose-way" || len(rows) != 2 {
			t.Fatalf("%d %s, %d rows", chosen.status, chosen.kind(), len(rows))
		}
		return b.follow(html.UnescapeString(rows[n][1]), appCallback)
	}
	b := h.browser()
	chosen := b.follow(h.authorization(), appCallback)
	h.events.take()
	refused := choose(b, chosen, 0)
	if refused.kind() != "outsider" || refused.status != 403 || !strings.Contains(refused.body, "云杉示例科技") {
		t.Fatalf("%d %s", refused.status, refused.kind())
	}
	if !h.events.has(audit.LoginRefused, "outsider") {
		t.Error("no word of the outsider in the audit log")
	}
	again := b.get(h.dial(refused.attribute(t, `id="retry" class="button" href`)))
	if p := choose(b, again, 1); answer(t, p).Get("code") == "" {
		t.Errorf("the right one: %d %s %s", p.status, p.kind(), p.location)
	}

	// Nobody tries for ever, and where there is nothing to choose nothing is offered.
	b = h.browser()
	chosen, tries := b.follow(h.authorization(), appCallback), 0
	for ; tries < 10; tries++ {
		refused = choose(b, chosen, 0)
		if !strings.Contains(refused.body, `id="retry"`) {
			break
		}
		chosen = b.get(h.dial(refused.attribute(t, `id="retry" class="button" href`)))
	}
	if tries != 2 {
		t.Errorf("%d tries", tries)
	}
	if p := h.browser().follow(h.authorization("client_id", "es"), appCallback); p.kind() != "outsider" || strings.Contains(p.body, `id="retry"`) {
		t.Errorf("%d %s", p.status, p.kind())
	}
	if n := len(second.Calls()); n == 0 {
		t.Error("the other organisation was never asked")
	}
}
