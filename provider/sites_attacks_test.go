package provider_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/dingbridge/dingbridge/provider/audit"
	"github.com/dingbridge/dingbridge/provider/limits"
	"github.com/dingbridge/dingbridge/provider/pages"
)

// network is the n-th of the networks of 64 bits that come with one line. To each budget
// of an address it is another address.
func (h *house) network(n int) *house { return h.at(fmt.Sprintf("2001:db8:9:%x::1", n)) }

// TestThreat_DoS_ManyNetworksOfOneSite: who has an IPv6 network of 48 bits begins each login
// out of another of the 65,536 in it, and leaves the last quarter to others all the same.
func TestThreat_DoS_ManyNetworksOfOneSite(t *testing.T) {
	h := build(t, proxied(func(c *limits.Config) { c.LoginsPerAddress = 20 }), func(p *plan) { p.LoginsPerSecond = 1 })
	var turned page
	for n := range 95 { // of 40, and of what has come back meanwhile
		stranger := h.network(n)
		if p := stranger.browser().get(h.authorization()); !h.toDingTalk(p) {
			turned = p
		}
	}
	wantPage(t, turned, http.StatusServiceUnavailable, pages.TooManyRequests)
	for _, from := range []string{elsewhere, another} {
		if p := h.at(from).browser().get(h.authorization()); !h.toDingTalk(p) {
			t.Errorf("somebody at %s: %d", from, p.status)
		}
	}
}

// TestThreat_DoS_ManyPeopleOfOneSite: who comes back makes room for their site too, and no
// address is refused for what its site did.
func TestThreat_DoS_ManyPeopleOfOneSite(t *testing.T) {
	h := build(t, proxied(func(c *limits.Config) { c.LoginsPerAddress = 10 }), func(p *plan) { p.LoginsPerSecond = 4 })
	for n := range 15 {
		colleague := h.network(n)
		colleague.login(colleague.browser())
	}
	for n := range 12 { // begun and left
		stranger := h.network(100 + n)
		if p := stranger.browser().get(h.authorization()); !h.toDingTalk(p) {
			t.Errorf("the address number %d of a site: %d", n, p.status)
		}
	}
}

// TestThreat_DoS_GarbageAnswersOfOneSite: likewise codes that DingTalk does not know.
func TestThreat_DoS_GarbageAnswersOfOneSite(t *testing.T) {
	h := build(t, proxied(func(c *limits.Config) { c.FailuresPerMinute = 1 }), func(p *plan) { p.DingTalkLoginsPerSecond = 1 })
	asked, turned := 0, 0
	var states []func() page
	for n := range 26 { // begun before any comes back, for time gives turns back
		stranger := h.network(n)
		b := stranger.browser()
		state := stranger.stateAt(b)
		states = append(states, func() page { return stranger.back(b, state, "garbage") })
	}
	for _, back := range states {
		if back().kind() == string(pages.TooManyRequests) {
			turned++
		} else {
			asked++
		}
	}
	if turned == 0 {
		t.Errorf("%d were asked about, none was turned away", asked)
	}
	if p := h.browser().follow(h.authorization(), appCallback); !strings.HasPrefix(p.location, appCallback) {
		t.Errorf("somebody else: %d %s", p.status, p.kind())
	}
	if !h.events.has(audit.RequestLimited, string(limits.AddressAnswers)) {
		t.Error("not audited")
	}
}
