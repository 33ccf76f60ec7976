package provider_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/dingbridge/dingbridge/dingtalk/simulator"
	"github.com/dingbridge/dingbridge/provider/audit"
	"github.com/dingbridge/dingbridge/provider/clients"
	"github.com/dingbridge/dingbridge/provider/pages"
	"github.com/dingbridge/dingbridge/provider/people"
)

// TestH5_EveryGrantPassesTheGate: the client's allow, the person's epoch and
// DingTalk's word decide at sign-on, code and refresh alike (CVE-2025-53942,
// CVE-2024-38371). A way in that has no row here is not tested: add one.
func TestH5_EveryGrantPassesTheGate(t *testing.T) {
	ways := map[string]func(h *house, b *browser, code, refresh string) bool{ // was anything given
		"code":    func(h *house, b *browser, code, refresh string) bool { return h.exchange(code).status == 200 },
		"refresh": func(h *house, b *browser, code, refresh string) bool { return h.refresh(refresh, "").status == 200 },
		"sign-on": func(h *house, b *browser, code, refresh string) bool {
			return strings.Contains(b.get(h.authorization("prompt", "none")).location, "code=")
		},
	}
	for _, c := range []struct {
		name   string
		remove func(t *testing.T, h *house)
		event  audit.Name // besides what the way itself records
	}{
		{"allow withdrawn", func(t *testing.T, h *house) {
			specs := testClients()
			specs[0].Allow = clients.Allow{People: []string{"lisi"}}
			h.replace(specs)
		}, ""},
		{"client removed", func(t *testing.T, h *house) { h.replace(testClients()[1:]) }, ""},
		{"person removed", func(t *testing.T, h *house) {
			registry := h.people(t)
			if err := registry.Remove(t.Context(), h.subject(t, "zhangsan")); err != nil {
				t.Fatal(err)
			}
		}, ""},
		{"person left", func(t *testing.T, h *house) { h.sim.Leave("zhangsan") }, audit.PersonGone},
		{"person disabled", func(t *testing.T, h *house) {
			if err := h.sim.ChangePerson("zhangsan", func(p *simulator.Person) {
				p.ExclusiveAccount, p.ExclusiveAccountType, p.LoginID, p.DisableStatus = true, "dingtalk", "zs@yunshan", true
			}); err != nil {
				t.Fatal(err)
			}
		}, audit.PersonGone},
	} {
		for way, try := range ways {
			t.Run(c.name+" at "+way, func(t *testing.T) {
				h := build(t, func(p *plan) { p.People.RecheckAfter = time.Nanosecond; p.People.MaxStale = time.Hour })
				b := h.browser()
				tokens := h.exchange(h.login(b))
				code := answer(t, b.get(h.authorization())).Get("code")
				if code == "" || tokens.status != 200 {
					t.Fatal("nothing to lose")
				}
				h.events.take()
				c.remove(t, h)
				if try(h, b, code, tokens.text("refresh_token")) {
					t.Error("something was given")
				}
				if c.event != "" && !h.events.has(c.event, "") {
					t.Errorf("no event %s", c.event)
				}
				if strings.HasPrefix(c.name, "person") {
					if h.userinfo(tokens.text("access_token")).status == 200 {
						t.Error("the access token works")
					}
					if r := h.call("/introspect", "api", testSecret, url.Values{"token": {tokens.text("access_token")}}); r.json["active"] != false {
						t.Errorf("introspection: %s", r.body)
					}
				}
			})
		}
	}
}

// people is a registry beside the provider's own, on the same storage.
func (h *house) people(t *testing.T) *people.Registry {
	t.Helper()
	registry, err := people.New(people.Config{Store: h.store, Secrets: h.secrets, Organisations: map[string]people.Organisation{h.sim.CorpID(): {Directory: h.upstream}}})
	if err != nil {
		t.Fatal(err)
	}
	return registry
}

func (h *house) subject(t *testing.T, userID string) people.Subject {
	t.Helper()
	person, ok := h.sim.Person(userID)
	if !ok {
		t.Fatalf("no %s", userID)
	}
	return people.SubjectOf(h.sim.CorpID(), person.UnionID)
}

// TestThreat_D10_LeaverAndReturn: who left is out of everything at the first use and
// gets in again only by a new login; what was issued before stays dead.
func TestThreat_D10_LeaverAndReturn(t *testing.T) {
	h := build(t, func(p *plan) { p.People.RecheckAfter = time.Nanosecond; p.People.MaxStale = time.Hour })
	b := h.browser()
	tokens := h.exchange(h.login(b))
	h.sim.Leave("zhangsan")
	wantOAuth(t, "refresh", h.refresh(tokens.text("refresh_token"), ""), 400, "invalid_grant")
	wantPage(t, b.follow(h.authorization(), appCallback), http.StatusForbidden, pages.Outsider)
	h.sim.Return("zhangsan")
	wantOAuth(t, "refresh after the return", h.refresh(tokens.text("refresh_token"), ""), 400, "invalid_grant")
	if h.userinfo(tokens.text("access_token")).status != 401 {
		t.Error("the old access token works again")
	}
	h.wantError(t, b.get(h.authorization("prompt", "none")), appCallback, "login_required", "st-"+t.Name())
	again := h.exchange(h.login(b))
	if again.status != 200 || h.userinfo(again.text("access_token")).text("sub") != string(h.subject(t, "zhangsan")) {
		t.Errorf("a new login: %d %s", again.status, again.body)
	}
}

// TestThreat_D9_DirectoryCannotSay: while DingTalk is away an older answer counts; one
// that is too old is 503, ends nothing, and works again afterwards.
func TestThreat_D9_DirectoryCannotSay(t *testing.T) {
	for kind, within := range map[string]bool{"500": true, "html": false, "object": false, "50002": false, "permission": true, "drop:userid": false} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			h := build(t, func(p *plan) {
				p.People.RecheckAfter, p.People.MaxStale = time.Nanosecond, time.Nanosecond
				if within {
					p.People.MaxStale = time.Hour
				}
			})
			b := h.browser()
			tokens := h.exchange(h.login(b))
			code := answer(t, b.get(h.authorization())).Get("code")
			h.sim.Fault(simulator.Fault{Call: "getbyunionid", Kind: kind, Count: -1})
			h.events.take()
			refreshed, redeemed, on := h.refresh(tokens.text("refresh_token"), ""), h.exchange(code), b.get(h.authorization())
			if within {
				if refreshed.status != 200 || redeemed.status != 200 || answer(t, on).Get("code") == "" {
					t.Errorf("within max_stale: %d %d %s", refreshed.status, redeemed.status, on.location)
				}
				return
			}
			wantOAuth(t, "refresh", refreshed, 503, "temporarily_unavailable")
			wantOAuth(t, "code", redeemed, 503, "temporarily_unavailable")
			wantPage(t, on, http.StatusServiceUnavailable, pages.DirectoryUndecided)
			h.wantError(t, b.get(h.authorization("prompt", "none")), appCallback, "temporarily_unavailable", "st-"+h.t.Name())
			if !h.events.has(audit.PersonCannotDecide, "") || h.events.has(audit.PersonGone, "") || h.events.has(audit.StorageTrouble, "") {
				t.Error("audited as something else")
			}
			h.sim.ClearFaults()
			// Who could not be decided about is not asked about at every use: a few seconds.
			r := h.refresh(tokens.text("refresh_token"), "")
			for range 600 {
				if r.status == 200 {
					break
				}
				time.Sleep(100 * time.Millisecond)
				r = h.refresh(tokens.text("refresh_token"), "")
			}
			if r.status != 200 {
				t.Errorf("refresh afterwards: %d %s", r.status, r.body)
			}
			if r := h.exchange(code); r.status != 200 {
				t.Errorf("the code afterwards: %d %s", r.status, r.body)
			}
			if on := b.get(h.dial(on.retry())); answer(t, on).Get("code") == "" {
				t.Errorf("sign-on afterwards: %d %s", on.status, on.kind())
			}
		})
	}
}
