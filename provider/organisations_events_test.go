package provider_test

import (
	"testing"

	"github.com/dingbridge/dingbridge/dingtalk/simulator"
	"github.com/dingbridge/dingbridge/provider/audit"
)

// TestH15_EventsNameTheOrganisation: where there are several, whoever reads the log has
// to know whose app lacks the permission. A login whose person has yet to choose names
// none.
func TestH15_EventsNameTheOrganisation(t *testing.T) {
	var second *simulator.Simulator
	g := build(t, func(p *plan) {
		second = secondCompany(t, p)
		for i := range p.specs {
			switch p.specs[i].ID {
			case "app":
				p.specs[i].Organisations = []string{firstCorp, secondCorp}
			case "es":
				p.specs[i].Organisations = []string{secondCorp}
			}
		}
	})
	g.browser().get(g.authorization())
	for _, e := range g.events.take() {
		if e.Name == audit.LoginBegun && (e.CorpID != "" || e.Way != "") {
			t.Errorf("nobody has chosen yet: %+v", e)
		}
	}
	for _, test := range []struct {
		kind string
		want audit.Name
	}{{"permission", audit.LoginRefused}, {"502", audit.LoginRetried}} {
		second.ClearFaults()
		if err := second.Fault(simulator.Fault{Call: "getbyunionid", Kind: test.kind, Count: -1}); err != nil {
			t.Fatal(err)
		}
		g.events.take()
		g.browser().follow(g.authorization("client_id", "es"), appCallback)
		seen := map[audit.Name]bool{}
		for _, e := range g.events.take() {
			seen[e.Name] = true
			switch e.Name {
			case audit.LoginBegun:
				if e.CorpID != secondCorp || e.Way != "oauth2" {
					t.Errorf("%s: %+v", test.kind, e)
				}
			case audit.UpstreamTrouble, test.want:
				if e.CorpID != secondCorp {
					t.Errorf("%s: %s names %q", test.kind, e.Name, e.CorpID)
				}
			}
		}
		if !seen[audit.LoginBegun] || !seen[audit.UpstreamTrouble] || !seen[test.want] {
			t.Errorf("%s: events %v", test.kind, seen)
		}
	}
}
