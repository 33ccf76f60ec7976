package provider_test

import (
	"context"
	"net/url"
	"path/filepath"
	"testing"
	"time"

	"github.com/dingbridge/dingbridge/dingtalk"
	"github.com/dingbridge/dingbridge/dingtalk/simulator"
	"github.com/dingbridge/dingbridge/provider/audit"
	"github.com/dingbridge/dingbridge/provider/clients"
	"github.com/dingbridge/dingbridge/provider/login"
	"github.com/dingbridge/dingbridge/provider/people"
	"github.com/dingbridge/dingbridge/storage"
	"github.com/dingbridge/dingbridge/storage/bolt"
)

// stranger is another organisation's app under our corpId: it knows nobody of ours, and has
// people of its own.
type stranger struct {
	login.Upstream
	client string
	alone  bool // and has none
}

func (s stranger) ClientID() string { return s.client }

func (s stranger) Member(context.Context, string) (dingtalk.Member, error) {
	return dingtalk.Member{}, &dingtalk.Error{Reason: dingtalk.ReasonOutsider, Call: dingtalk.CallByUnionID}
}

func (s stranger) Lookup(context.Context, string) (dingtalk.Member, error) {
	return dingtalk.Member{}, &dingtalk.Error{Reason: dingtalk.ReasonOutsider, Call: dingtalk.CallUser}
}

func (s stranger) Anybody(context.Context) (string, error) {
	if s.alone {
		return "", &dingtalk.Error{Reason: dingtalk.ReasonStrange, Call: dingtalk.CallScopes}
	}
	return "somebody", nil
}

// crewIn logs in as many of the company as there are names, and returns their tokens.
func crewIn(t *testing.T, h *house, n int) (names []string, tokens []reply) {
	t.Helper()
	for _, name := range h.sim.People() {
		p, ok := h.sim.Person(name)
		if len(names) == n || !ok || p.Left || p.Outsider || p.DisableStatus || p.ContactType != 0 {
			continue
		}
		h.as(name)
		b := h.browser()
		q := answer(t, b.follow(h.authorization("scope", offlineScope), appCallback))
		r := h.exchange(q.Get("code"))
		if r.status != 200 { // outside the app's range, and the like
			continue
		}
		names, tokens = append(names, name), append(tokens, r)
	}
	if len(names) < n {
		t.Fatalf("only %v", names)
	}
	h.events.take()
	return names, tokens
}

func everyoneApp(p *plan) {
	p.specs[0].Allow = clients.Allow{Everyone: true}
}

// TestThreat_D9_TheBrake: whatever befalls the directory, nobody is removed, the alarm is
// raised where it calls somebody gone, people stay until max_stale and get 503 afterwards, and
// then everything works again.
func TestThreat_D9_TheBrake(t *testing.T) {
	vary := func(value string) func(*testing.T, *house) {
		return func(t *testing.T, h *house) {
			if err := h.sim.SetVariants(map[string]string{"directory": value}); err != nil {
				t.Fatal(err)
			}
		}
	}
	fault := func(faults ...simulator.Fault) func(*testing.T, *house) {
		return func(t *testing.T, h *house) {
			for _, f := range faults {
				f.Count = -1
				if err := h.sim.Fault(f); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	app := func(change func(*simulator.App)) func(*testing.T, *house) {
		return func(t *testing.T, h *house) {
			if err := h.sim.UpdateApp(change); err != nil {
				t.Fatal(err)
			}
		}
	}
	for name, tc := range map[string]struct {
		happen func(*testing.T, *house)
		as     func(login.Upstream) login.Upstream // the upstream from then on
		alarm  bool
	}{
		"an empty directory":      {vary("empty"), nil, true},
		"all lists fail":          {fault(simulator.Fault{Call: "user/listid", Kind: "500"}, simulator.Fault{Call: "department/listsubid", Kind: "500"}, simulator.Fault{Call: "auth/scopes", Kind: "500"}, simulator.Fault{Call: "getbyunionid", Kind: "60121"}), nil, true},
		"everybody is called odd": {fault(simulator.Fault{Call: "getbyunionid", Kind: "60121"}), nil, true},
		"permission withdrawn":    {app(func(a *simulator.App) { a.Permissions = []string{"qyapi_base"} }), nil, false},
		"range narrowed":          {app(func(a *simulator.App) { a.Range = simulator.Range{People: []string{"chairwoman"}} }), nil, false},
		"down":                    {fault(simulator.Fault{Call: "getbyunionid", Kind: "503"}, simulator.Fault{Call: "user/get", Kind: "503"}), nil, false},
		"throttled":               {fault(simulator.Fault{Call: "getbyunionid", Kind: "qps"}), nil, false},
		"not a directory at all":  {fault(simulator.Fault{Call: "getbyunionid", Kind: "html"}), nil, false},
		"another organisation's credentials": {nil, func(u login.Upstream) login.Upstream {
			return stranger{u, "dingother", false}
		}, true},
		"the same app, which knows nobody": {nil, func(u login.Upstream) login.Upstream {
			return stranger{u, u.ClientID(), true}
		}, true},
	} {
		for _, stale := range []time.Duration{time.Hour, time.Nanosecond} {
			t.Run(name+" "+stale.String(), func(t *testing.T) {
				t.Parallel()
				store, err := bolt.Open(filepath.Join(t.TempDir(), "state.db"))
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { store.Close() })
				hasty := func(p *plan) { p.People.RecheckAfter, p.People.MaxStale = time.Nanosecond, stale }
				first := buildOn(t, store, hasty, everyoneApp)
				names, tokens := crewIn(t, first, 3)
				h := first
				if tc.as != nil {
					h = buildOn(t, store, hasty, everyoneApp, func(p *plan) { p.wrap = tc.as })
				} else {
					tc.happen(t, h)
				}
				h.events.take()
				ctx, stop := context.WithCancel(t.Context())
				defer stop()
				go h.provider.Run(ctx)
				h.provider.Hint(h.sim.CorpID(), names, "ev")
				for i, r := range tokens {
					refreshed := h.refresh(r.text("refresh_token"), "")
					if stale == time.Hour {
						if refreshed.status != 200 {
							t.Errorf("%s within max_stale: %d %s", names[i], refreshed.status, refreshed.body)
						} else {
							tokens[i] = refreshed
						}
						continue
					}
					wantOAuth(t, "refresh", refreshed, 503, "temporarily_unavailable")
					if h.issuer == first.issuer {
						if r := h.userinfo(r.text("access_token")); r.status != 503 {
							t.Errorf("userinfo: %d %s", r.status, r.body)
						}
						if r := h.call("/introspect", "api", testSecret, url.Values{"token": {r.text("access_token")}}); r.json["active"] == false {
							t.Errorf("introspection: %s", r.body)
						}
					}
				}
				if h.events.has(audit.PersonRemoved, "") || h.events.has(audit.PersonGone, "") {
					t.Error("somebody was removed")
				}
				if h.events.has(audit.RemovalWithheld, "unproven") != tc.alarm {
					t.Errorf("alarm: %v", !tc.alarm)
				}
				stop()
				for _, name := range names {
					if p := personOf(t, store, first, name); p.Gone || p.Epoch != 1 {
						t.Errorf("%s: gone %v, epoch %d", name, p.Gone, p.Epoch)
					}
				}
				// Mended, everything works again.
				first.sim.ClearFaults()
				vary("full")(t, first)
				if tc.as == nil {
					original, _ := simulator.New(simulator.Config{})
					app(func(a *simulator.App) { a.Permissions, a.Range = original.App().Permissions, original.App().Range })(t, first)
				}
				for i, r := range tokens {
					if r := first.until(r, func(r reply) bool { return r.status == 200 }); r.status != 200 {
						t.Errorf("%s afterwards: %d %s", names[i], r.status, r.body)
					}
				}
			})
		}
	}
}

// until refreshes until the answer fits: who was called gone and kept is not asked about again
// for a few seconds.
func (h *house) until(r reply, fits func(reply) bool) reply {
	for start := time.Now(); ; time.Sleep(200 * time.Millisecond) {
		again := h.refresh(r.text("refresh_token"), "")
		if fits(again) || time.Since(start) > time.Minute {
			return again
		}
		if again.status == 200 {
			r = again
		}
	}
}

func personOf(t *testing.T, store storage.Store, h *house, name string) people.Person {
	t.Helper()
	registry := h.people(t)
	list, err := registry.Load(t.Context(), h.subject(t, name))
	if err != nil || len(list) != 1 {
		t.Fatalf("%s: %v", name, err)
	}
	return list[0]
}

// TestThreat_D9_LeaversGo: the opposite. Few who leave are out, one after the other, by
// whatever finds them, to the last one who is known; what is too much stops until an
// administrator confirms it.
func TestThreat_D9_LeaversGo(t *testing.T) {
	ways := map[string]func(h *house, name string, r reply){
		"use":   func(h *house, _ string, r reply) { h.refresh(r.text("refresh_token"), "") },
		"event": func(h *house, name string, _ reply) { h.provider.Hint(h.sim.CorpID(), []string{name}, "ev-1") },
		"login": func(h *house, name string, _ reply) {
			h.as(name)
			h.browser().follow(h.authorization(), appCallback)
		},
	}
	sources := map[string]people.Source{"use": people.FromUse, "event": people.FromEvent, "login": people.FromLogin}
	for way, find := range ways {
		for _, known := range []int{1, 2, 3} {
			t.Run(way, func(t *testing.T) {
				t.Parallel()
				p := party(t, "told")
				h := build(t, func(p *plan) { p.People.RecheckAfter, p.People.MaxStale = time.Nanosecond, time.Hour }, everyoneApp, registered(p))
				names, tokens := crewIn(t, h, known)
				h.as(names[0])
				p.enters(h, h.browser())
				ctx, stop := context.WithCancel(t.Context())
				defer stop()
				go h.provider.Run(ctx)
				for i, name := range names {
					if err := h.sim.Leave(name); err != nil {
						t.Fatal(err)
					}
					h.events.take()
					for range 3 {
						find(h, name, tokens[i])
					}
					h.events.awaitOf(audit.PersonRemoved, string(h.subject(t, name)))
					wantOAuth(t, "refresh", h.refresh(tokens[i].text("refresh_token"), ""), 400, "invalid_grant")
					if r := h.userinfo(tokens[i].text("access_token")); r.status != 401 {
						t.Errorf("userinfo: %d", r.status)
					}
					n := 0
					for _, e := range h.events.take() {
						if e.Name == audit.PersonRemoved {
							if n++; e.Way != string(sources[way]) || e.Reason != "outsider" {
								t.Errorf("%+v", e)
							}
						}
						if e.Name == audit.RemovalWithheld || e.Name == audit.BrakeEngaged {
							t.Errorf("%s: %s %s", name, e.Name, e.Reason)
						}
					}
					if n > 1 {
						t.Errorf("removed %d times", n)
					}
				}
				p.told(h)
				select {
				case <-p.notices:
					t.Error("told twice")
				case <-time.After(100 * time.Millisecond):
				}
			})
		}
	}
}

func TestThreat_D9_TooManyLeavers(t *testing.T) {
	h := build(t, func(p *plan) {
		p.People.RecheckAfter, p.People.MaxStale = time.Nanosecond, time.Hour
		p.People.Brake = people.Brake{MostPeople: 2, MostPercent: 100}
	}, everyoneApp)
	names, tokens := crewIn(t, h, 5)
	for _, name := range names[:4] {
		if err := h.sim.Leave(name); err != nil {
			t.Fatal(err)
		}
	}
	tries := func() (out int) {
		for i, r := range tokens[:4] {
			if again := h.refresh(r.text("refresh_token"), ""); again.status != 200 {
				out++
			} else {
				tokens[i] = again
			}
		}
		return out
	}
	if out := tries(); out != 2 || !h.events.has(audit.BrakeEngaged, "") || !h.events.has(audit.RemovalWithheld, "brake") {
		t.Errorf("%d out", out)
	}
	if out := tries(); out != 2 {
		t.Errorf("%d out at the second try", out)
	}
	// No other way leads round it.
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	go h.provider.Run(ctx)
	h.events.take()
	h.provider.Hint(h.sim.CorpID(), names, "ev")
	h.as(names[3])
	h.browser().follow(h.authorization(), appCallback)
	time.Sleep(300 * time.Millisecond)
	if out := tries(); out != 2 || h.events.has(audit.PersonRemoved, "") {
		t.Errorf("%d out by another way", out)
	}
	// Though nobody is removed, nobody who has left comes in.
	if p := h.browser().follow(h.authorization(), appCallback); p.location != "" && answer(t, p).Get("code") != "" {
		t.Error("a leaver logs in")
	}
	if _, err := h.people(t).Confirm(t.Context(), h.sim.CorpID()); err != nil {
		t.Fatal(err)
	}
	for i, r := range tokens[:4] {
		if r := h.until(r, func(r reply) bool { return r.status == 400 }); r.status != 400 {
			t.Errorf("%s after the confirmation: %d", names[i], r.status)
		}
	}
	if r := h.refresh(tokens[4].text("refresh_token"), ""); r.status != 200 {
		t.Errorf("who stayed: %d", r.status)
	}
}

// TestH5_AYoungAnswerCostsNoCall: userinfo and introspection pass the gate, and ask DingTalk
// only when the last answer is old.
func TestH5_AYoungAnswerCostsNoCall(t *testing.T) {
	h := build(t)
	tokens := h.exchange(h.login(h.browser()))
	calls := h.apiCalls()
	for range 5 {
		if r := h.userinfo(tokens.text("access_token")); r.status != 200 {
			t.Errorf("userinfo: %d", r.status)
		}
		if r := h.call("/introspect", "api", testSecret, url.Values{"token": {tokens.text("access_token")}}); r.json["active"] != true {
			t.Errorf("introspection: %s", r.body)
		}
	}
	if n := h.apiCalls() - calls; n != 0 {
		t.Errorf("%d calls to DingTalk", n)
	}
}
