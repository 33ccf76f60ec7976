package provider_test

import (
	"fmt"
	"net/url"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dingbridge/dingbridge/provider"
	"github.com/dingbridge/dingbridge/provider/audit"
	"github.com/dingbridge/dingbridge/provider/clients"
	"github.com/dingbridge/dingbridge/storage"
)

// refusedTokens are the events about tokens that opened nothing.
func (h *house) refusedTokens() (list []audit.Event) {
	for _, e := range h.events.take() {
		if e.Name == audit.TokenRefused {
			list = append(list, e)
		}
	}
	return list
}

// TestH18_ADeadTokenIsToldOnce: that an app still asks about somebody who is out, and why they
// are, once for each grant, however often it asks.
func TestH18_ADeadTokenIsToldOnce(t *testing.T) {
	for reason, out := range map[string]func(h *house){
		"removed": func(h *house) {
			if _, err := h.provider.Block(t.Context(), root, "zhangsan"); err != nil {
				t.Error(err)
			}
		},
		"not_admitted": func(h *house) {
			specs := testClients()
			specs[0].Allow = clients.Allow{People: []string{"lisi"}}
			h.replace(specs)
		},
		"blocked": func(h *house) { h.blockedAlone("zhangsan") },
	} {
		t.Run(reason, func(t *testing.T) {
			h := build(t)
			h.t = t
			one, other := h.exchange(h.login(h.browser())), h.exchange(h.login(h.browser()))
			out(h)
			h.events.take()
			for range 20 {
				if r := h.userinfo(one.text("access_token")); r.status == 200 {
					t.Errorf("%s", r.body)
				}
				if r := h.call("/introspect", "app", testSecret, url.Values{"token": {one.text("access_token")}}); r.json["active"] == true {
					t.Errorf("%s", r.body)
				}
			}
			got := h.refusedTokens()
			if len(got) != 1 || got[0].Subject != one.subject(t) || got[0].ClientID != "app" || got[0].Reason != reason || got[0].GrantID == "" || got[0].Address == "" {
				t.Errorf("%+v", got)
			}
			h.userinfo(other.text("access_token"))
			if again := h.refusedTokens(); len(again) != 1 || again[0].GrantID == got[0].GrantID {
				t.Errorf("another grant: %+v", again)
			}
			for _, nobodys := range []string{"x", flip(one.text("access_token"))} {
				h.userinfo(nobodys)
			}
			if more := h.refusedTokens(); len(more) != 0 {
				t.Errorf("of a token of nobody's: %+v", more)
			}
		})
	}
}

// subject is the sub of the ID token in an answer.
func (r reply) subject(t *testing.T) string {
	t.Helper()
	sub, _ := part(t, r.text("id_token"), 1)["sub"].(string)
	return sub
}

// blockedAlone makes somebody blocked whose epoch stays: as if the block and what is held came
// at the same moment.
func (h *house) blockedAlone(who string) {
	h.t.Helper()
	key := "person/" + string(h.subject(h.t, who))
	op := storage.Get(key)
	if err := h.store.Together(h.t.Context(), op); err != nil {
		h.t.Fatal(err)
	}
	blocked := append([]byte(`{"blocked":true,`), op.Value[1:]...)
	if err := h.store.Together(h.t.Context(), storage.Swap(key, op.Version, blocked, 0)); err != nil {
		h.t.Fatal(err)
	}
}

// TestLately: what was remembered is forgotten in time, and no more is remembered than fits.
func TestLately(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		first := provider.NewLately()
		for i, want := range []bool{true, false, false} {
			if first("a") != want {
				t.Errorf("time %d: %v", i, !want)
			}
			time.Sleep(4 * time.Minute)
		}
		time.Sleep(20 * time.Minute)
		if !first("a") {
			t.Error("remembered for ever")
		}
		told := 0
		for i := range 3 * provider.MostLately {
			if first(fmt.Sprint(i)) {
				told++
			}
		}
		if told != provider.MostLately-1 || first("a") {
			t.Errorf("%d told", told)
		}
		time.Sleep(10 * time.Minute)
		if first("a") || !first("new") {
			t.Error("forgotten too soon, or full for ever")
		}
	})
}

// TestH13_ADeviceOfSomebodyBlocked: to the device it is a denial, as for everybody who is out.
func TestH13_ADeviceOfSomebodyBlocked(t *testing.T) {
	h := build(t, withDevices)
	b := h.browser()
	h.login(b)
	codes := h.deviceCodes("tv", "")
	h.choose(b, h.enter(b, codes.text("user_code")), "approve")
	h.blockedAlone("zhangsan")
	h.events.take()
	wantOAuth(t, "blocked", h.poll("tv", "", codes.text("device_code")), 400, "access_denied")
	if !h.events.has(audit.DeviceRefused, "") {
		t.Error("not audited")
	}
}
