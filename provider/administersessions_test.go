package provider_test

import (
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/dingbridge/dingbridge/provider"
	"github.com/dingbridge/dingbridge/provider/audit"
	"github.com/dingbridge/dingbridge/storage"
	"github.com/dingbridge/dingbridge/storage/storagetest"
)

// listed are the sessions of a query.
func (h *house) listed(q provider.SessionQuery) provider.SessionList {
	h.t.Helper()
	l, err := h.provider.ListSessions(h.t.Context(), q)
	if err != nil {
		h.t.Fatalf("%+v: %v", q, err)
	}
	return l
}

// handEnded are the audit events of what was ended by hand since the last take.
func (h *house) handEnded() (all []string) {
	for _, e := range h.events.take() {
		if e.By != "" {
			if e.By != string(root) || e.Subject == "" {
				h.t.Errorf("%+v", e)
			}
			all = append(all, strings.TrimSpace(string(e.Name)+" "+e.ClientID))
		}
	}
	slices.Sort(all)
	return all
}

// TestH22_OneSession: over at once, its app is told; another session of the same person and what
// outlives sessions go on, unless it came with this one and that was asked for.
func TestH22_OneSession(t *testing.T) {
	for name, named := range map[string]string{"by its id alone": "", "with its person": "zhangsan"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			one := party(t, "one")
			h := build(t, registered(one))
			h.t = t
			here, there := h.browser(), h.browser()
			idToken := one.enters(h, here)
			lasting, other := h.exchange(h.login(here)), h.exchange(h.login(there))
			bound := h.call("/token", "es", testSecret, url.Values{"grant_type": {"authorization_code"}, "redirect_uri": {appCallback}, "code_verifier": {testVerifier},
				"code": {h.login(here, "client_id", "es", "scope", "openid")}})
			sid := part(t, idToken, 1)["sid"].(string)
			h.events.take()
			v, err := h.provider.EndSessions(t.Context(), root, provider.EndOrder{Who: named, ID: sid})
			if err != nil || v.Sessions != 1 || v.Told != 1 || v.Grants != 0 || v.Stay != 1 || v.Username != h.only(t, "zhangsan").Username {
				t.Fatalf("%+v, %v", v, err)
			}
			if got := h.handEnded(); !slices.Equal(got, []string{"session.ended"}) {
				t.Errorf("audited %q", got)
			}
			wantNotice(t, one.told(h), idToken)
			if h.in(here) || !h.in(there) {
				t.Errorf("here %v, there %v", h.in(here), h.in(there))
			}
			if h.userinfo(bound.text("access_token")).status != 401 || h.userinfo(lasting.text("access_token")).status != 200 {
				t.Error("what ends with the session lives, or what does not is dead")
			}
			_, err = h.provider.EndSessions(t.Context(), root, provider.EndOrder{Who: named, ID: sid})
			refused(t, "again", err, "no session that lives is called")

			sid = part(t, other.text("id_token"), 1)["sid"].(string)
			h.events.take()
			v, err = h.provider.EndSessions(t.Context(), root, provider.EndOrder{Who: named, ID: sid, Grants: true})
			if err != nil || v.Sessions != 1 || v.Grants != 1 || v.Stay != 0 {
				t.Fatalf("%+v, %v", v, err)
			}
			if got := h.handEnded(); !slices.Equal(got, []string{"grant.ended app", "session.ended"}) {
				t.Errorf("audited %q", got)
			}
			if h.in(there) || h.userinfo(other.text("access_token")).status != 401 || h.userinfo(lasting.text("access_token")).status != 200 {
				t.Error("what came with the session lives, or what came with another is dead")
			}
		})
	}
}

// TestH22_AllOfSomebody: every session of one person and nobody else's; with grants, devices too.
func TestH22_AllOfSomebody(t *testing.T) {
	one := party(t, "one")
	h := build(t, registered(one), withDevices)
	h.as("lisi")
	stranger := h.browser()
	one.enters(h, stranger)
	h.as("zhangsan")
	here, there := h.browser(), h.browser()
	sids := map[any]bool{}
	for _, b := range []*browser{here, there} {
		sids[part(t, one.enters(h, b), 1)["sid"]] = true
	}
	lasting := h.exchange(h.login(here))
	codes := h.deviceCodes("tv", "")
	h.choose(here, h.enter(here, codes.text("user_code")), "approve")
	television := h.poll("tv", "", codes.text("device_code"))
	alive := func(r reply) bool { return h.userinfo(r.text("access_token")).status == 200 }
	h.events.take()
	v, err := h.provider.EndSessions(t.Context(), root, provider.EndOrder{Who: "zhangsan"})
	if err != nil || v.Sessions != 2 || v.Told != 2 || v.Grants != 0 || v.Stay != 2 {
		t.Fatalf("%+v, %v", v, err)
	}
	if got := h.handEnded(); !slices.Equal(got, []string{"session.ended", "session.ended"}) {
		t.Errorf("audited %q", got)
	}
	for range sids {
		if sid := one.told(h)["sid"]; !sids[sid] {
			t.Errorf("told of %v", sid)
		} else {
			sids[sid] = false
		}
	}
	if h.in(here) || h.in(there) || !h.in(stranger) || !alive(lasting) || !alive(television) {
		t.Errorf("here %v, there %v, stranger %v, lasting %v, television %v", h.in(here), h.in(there), h.in(stranger), alive(lasting), alive(television))
	}
	again := h.browser()
	one.enters(h, again)
	h.events.take()
	v, err = h.provider.EndSessions(t.Context(), root, provider.EndOrder{Who: "zhangsan", Grants: true})
	if err != nil || v.Sessions != 1 || v.Told == 0 || v.Grants != 2 || v.Stay != 0 {
		t.Fatalf("%+v, %v", v, err)
	}
	if got := h.handEnded(); !slices.Equal(got, []string{"session.ended_everywhere"}) {
		t.Errorf("audited %q", got)
	}
	if h.in(again) || alive(lasting) || alive(television) || !h.in(stranger) {
		t.Error("something lives, or a stranger is out")
	}
	if tokens := h.exchange(h.login(h.browser())); tokens.status != 200 {
		t.Errorf("a new login: %d %s", tokens.status, tokens.body)
	}
}

func TestH22_HowNotToEnd(t *testing.T) {
	h := build(t)
	b := h.browser()
	h.login(b)
	for words, o := range map[string]provider.EndOrder{
		"it is not said whose":          {},
		"is not the id of a session":    {ID: "x"},
		"no session that lives":         {ID: strings.Repeat("A", 22)},
		"no session that lives is":      {Who: "zhangsan", ID: strings.Repeat("A", 22)},
		`nobody is known here as "who"`: {Who: "who"},
		"nobody is known here as":       {Who: "lisi", Grants: true},
	} {
		_, err := h.provider.EndSessions(t.Context(), root, o)
		refused(t, words, err, words)
	}
	// What may live is not said to be over.
	h.store.fail(func(op *storage.Op) storagetest.Fault {
		if strings.HasPrefix(op.Key, "ended/") && op.Verb == storage.VerbCreate {
			return storagetest.FailBefore
		}
		return storagetest.NoFault
	})
	h.events.take()
	v, err := h.provider.EndSessions(t.Context(), root, provider.EndOrder{Who: "zhangsan"})
	h.store.fail(nil)
	if err == nil || v.Sessions != 0 || h.events.has(audit.SessionEnded, "") {
		t.Errorf("%+v, %v", v, err)
	}
}

// TestH21_EverySessionOnce: piece by piece, what lives and nothing else.
func TestH21_EverySessionOnce(t *testing.T) {
	h := build(t, withDevices)
	sids := map[string]bool{}
	enter := func(who string, pairs ...string) string {
		t.Helper()
		h.as(who)
		b := h.browser()
		h.login(b, pairs...)
		own := h.listed(provider.SessionQuery{Who: who}).Sessions
		sids[own[0].ID] = true
		return own[0].ID
	}
	wiki := []string{"client_id", "wiki", "redirect_uri", wikiCallback, "code_challenge", "", "code_challenge_method", "", "scope", "openid"}
	for _, who := range []string{"zhangsan", "lisi", "noemail", "emoji", "zhangsan2"} {
		enter(who)
	}
	at := enter("zhangsan", wiki...)
	// None of these lives: ended, of somebody blocked, of somebody whose epoch is another.
	over := enter("lisi")
	if _, err := h.provider.EndSessions(t.Context(), root, provider.EndOrder{ID: over}); err != nil {
		t.Fatal(err)
	}
	delete(sids, over)
	for _, who := range []string{"rtl", "markup"} {
		delete(sids, enter(who))
	}
	if _, err := h.provider.Block(t.Context(), root, "rtl"); err != nil {
		t.Fatal(err)
	}
	if _, err := h.provider.EndSessions(t.Context(), root, provider.EndOrder{Who: "markup", Grants: true}); err != nil {
		t.Fatal(err)
	}
	for _, limit := range []int{0, 1, 2, 3, 7} {
		seen, q, looked := map[string]bool{}, provider.SessionQuery{Limit: limit}, 0
		for pieces := 0; ; pieces++ {
			l := h.listed(q)
			for _, s := range l.Sessions {
				if seen[s.ID] || !sids[s.ID] || s.Username == "" || s.CorpID != h.sim.CorpID() || s.Browser+s.Address != "" || s.Began.IsZero() || !s.Ends.After(s.Used) {
					t.Errorf("limit %d: %+v", limit, s)
				}
				seen[s.ID] = true
			}
			looked += l.Looked
			if q.After = l.After; l.Known != 7 || l.More {
				t.Errorf("limit %d: %+v", limit, l)
			}
			if q.After == "" || pieces > 20 {
				break
			}
		}
		if len(seen) != len(sids) || looked != 7 {
			t.Errorf("limit %d: %d sessions of %d, looked at %d people", limit, len(seen), len(sids), looked)
		}
	}
	l := h.listed(provider.SessionQuery{Client: "wiki", All: true})
	if len(l.Sessions) != 1 || l.Sessions[0].ID != at || !slices.Equal(l.Sessions[0].Clients, []string{"wiki"}) || l.Sessions[0].Address != "127.0.0.1" {
		t.Errorf("of one client: %+v", l)
	}
	if l := h.listed(provider.SessionQuery{Who: "zhangsan", Client: "es"}); len(l.Sessions) != 0 || l.Known != 1 || l.After != "" {
		t.Errorf("of a client that they did not enter: %+v", l)
	}
	for words, q := range map[string]provider.SessionQuery{"no client is called": {Client: "none"}, "a list of 501 is none": {Limit: 501}, "a list of -1 is none": {Limit: -1}, "nobody is known": {Who: "nobody"}} {
		_, err := h.provider.ListSessions(t.Context(), q)
		refused(t, words, err, words)
	}
	if p := h.own(h.browserOf("zhangsan")); p.status != 200 {
		t.Errorf("the account page: %d", p.status)
	}
}

// browserOf is a browser in which somebody is logged in.
func (h *house) browserOf(who string) *browser {
	h.t.Helper()
	h.as(who)
	b := h.browser()
	h.login(b)
	return b
}

// TestH21_EverybodyOnce: piece by piece, also of those who are blocked or gone alone.
func TestH21_EverybodyOnce(t *testing.T) {
	h := build(t)
	people := []string{"zhangsan", "lisi", "noemail", "emoji", "zhangsan2", "rtl"}
	for _, who := range people {
		h.browserOf(who)
	}
	for _, who := range []string{"lisi", "emoji"} {
		if _, err := h.provider.Block(t.Context(), root, who); err != nil {
			t.Fatal(err)
		}
	}
	for name, tc := range map[string]struct {
		q    provider.PeopleQuery
		want []string
	}{
		"all":             {provider.PeopleQuery{}, people},
		"with names":      {provider.PeopleQuery{All: true}, people},
		"organisation":    {provider.PeopleQuery{CorpID: h.sim.CorpID()}, people},
		"blocked":         {provider.PeopleQuery{Blocked: true}, []string{"lisi", "emoji"}},
		"gone":            {provider.PeopleQuery{Gone: true}, nil},
		"blocked or gone": {provider.PeopleQuery{Blocked: true, Gone: true}, []string{"lisi", "emoji"}},
	} {
		for limit := range 8 {
			var seen []string
			q, looked := tc.q, 0
			q.Limit = limit
			for pieces := 0; ; pieces++ {
				l, err := h.provider.ListPeople(t.Context(), q)
				if err != nil {
					t.Fatal(err)
				}
				if limit > 0 && len(l.Users) > limit || l.Known != len(people) {
					t.Errorf("%s, limit %d: %+v", name, limit, l)
				}
				for _, u := range l.Users {
					if (u.Name != "") != q.All || u.Subject == "" || u.Username == "" || u.Checked.IsZero() || (u.State == provider.StateBlocked) != slices.Contains([]string{"lisi", "emoji"}, u.UserID) {
						t.Errorf("%s: %+v", name, u)
					}
					seen = append(seen, u.UserID)
				}
				looked += l.Looked
				if q.After = l.After; q.After == "" || pieces > 20 {
					break
				}
			}
			slices.Sort(seen)
			if want := slices.Sorted(slices.Values(tc.want)); !slices.Equal(seen, want) || looked != len(people) {
				t.Errorf("%s, limit %d: %q, want %q; looked at %d", name, limit, seen, want, looked)
			}
		}
	}
	_, err := h.provider.ListPeople(t.Context(), provider.PeopleQuery{CorpID: "ding0"})
	refused(t, "another organisation", err, "is none of config.yaml's")
	_, err = h.provider.ListPeople(t.Context(), provider.PeopleQuery{Limit: 1000})
	refused(t, "too many", err, "ask for 1 to 500 at once")
}

// TestH21_WhatSomebodyHas: beside who they are, some of the sessions and grants that live, and
// where they are only if that was asked for.
func TestH21_WhatSomebodyHas(t *testing.T) {
	h := build(t, withDevices)
	b := h.browser()
	for range 25 {
		b = h.browser().says(agentDesktop)
		h.login(b)
	}
	h.exchange(h.login(b))
	codes := h.deviceCodes("tv", "")
	h.choose(b, h.enter(b, codes.text("user_code")), "approve")
	h.poll("tv", "", codes.text("device_code"))
	show := func(o provider.Show) *provider.HoldingsView {
		t.Helper()
		list, err := h.provider.FindPeople(t.Context(), "zhangsan", o)
		if err != nil || len(list) != 1 {
			t.Fatalf("%+v, %v", list, err)
		}
		return list[0].Has
	}
	if show(provider.Show{All: true}) != nil {
		t.Error("told without being asked")
	}
	v := show(provider.Show{Holdings: true})
	if len(v.Sessions) != 20 || !v.MoreSessions || len(v.Grants) != 2 || v.MoreGrants || v.Sessions[0].Browser+v.Sessions[0].Address != "" {
		t.Fatalf("%d sessions, %+v", len(v.Sessions), v.Grants)
	}
	if v.Grants[0].Client != "tv" || !v.Grants[0].Device || v.Grants[1].Client != "app" || v.Grants[1].Device || v.Grants[1].ID == "" || !v.Grants[1].Ends.After(v.Grants[1].Used) {
		t.Errorf("%+v", v.Grants)
	}
	if v := show(provider.Show{Holdings: true, All: true}); v.Sessions[0].Address != "127.0.0.1" || v.Sessions[0].Browser == "" {
		t.Errorf("%+v", v.Sessions[0])
	}
	if _, err := h.provider.EndSessions(t.Context(), root, provider.EndOrder{Who: "zhangsan", Grants: true}); err != nil {
		t.Fatal(err)
	}
	if v := show(provider.Show{Holdings: true}); len(v.Sessions)+len(v.Grants) != 0 || v.MoreGrants {
		t.Errorf("of what is over: %+v", v)
	}
}

// TestH19_TheAddressThatAClientIsTold: a real one, a made-up one, or none.
func TestH19_TheAddressThatAClientIsTold(t *testing.T) {
	h := build(t, func(p *plan) {
		p.People.SubstituteEmailDomain = "users.example.com"
		p.specs[2].SubstituteEmail = true                 // wiki
		p.specs[0].Scopes = []string{"openid", "profile"} // app may not ask
		p.specs[1].Scopes = []string{"openid", "email"}   // es
		p.specs[2].Scopes = []string{"openid", "email"}   // wiki
	})
	for _, who := range []string{"zhangsan", "noemail"} {
		h.as(who)
		b := h.browser()
		h.login(b, "scope", "openid")
		for _, client := range []string{"app", "es", "wiki"} {
			list, err := h.provider.FindPeople(t.Context(), who, provider.Show{Client: client})
			if err != nil {
				t.Fatal(err)
			}
			want, madeUp := "", false
			switch {
			case client != "app" && who == "zhangsan":
				want = list[0].Email.Address
			case client == "wiki":
				want, madeUp = list[0].Subject+"@users.example.com", true
			}
			if got := list[0].For; got.Email != want || got.MadeUp != madeUp {
				t.Errorf("%s at %s: %q, made up: %v; want %q", who, client, got.Email, got.MadeUp, want)
			}
		}
	}
}
