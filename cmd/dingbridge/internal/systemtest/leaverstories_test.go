package systemtest

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/dingbridge/dingbridge/storage/storagetest"
)

// A tale is one company in which the stories of E17 happen one after the other.
type tale struct {
	*world
	t       *testing.T
	redis   *storagetest.Redis
	parties []*party
	notices chan notice
	told    map[string]map[string]visit // who came in where, by whom the simulator calls them
}

// TestE17_Stories: who has no e-mail address, namesakes, an outsider, a leaver, and a
// newcomer who is given all that the leaver had, at apps of each kind, with each source of
// usernames.
func TestE17_Stories(t *testing.T) {
	sources := []string{"userid", "pinyin", "job_number", "org_email"}
	if testing.Short() {
		sources = sources[1:2]
	}
	for _, source := range sources {
		t.Run(source, func(t *testing.T) {
			r := storagetest.StartRedis(t, "--appendonly", "yes", "--appendfsync", "always")
			s := &tale{world: newWorld(t, setting{storage: r.URL}), t: t, redis: r, parties: newParties(),
				notices: make(chan notice, 1000), told: map[string]map[string]visit{}}
			receiver := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				s.notices <- notice{strings.TrimPrefix(r.URL.Path, "/") + " " + r.PostFormValue("logout_token"), time.Now()}
			}))
			t.Cleanup(receiver.Close)
			s.settle(s.parties, receiver.URL)
			s.addClients(t, "  - {id: closed, name: 财务系统, public: true, redirect_uris: [\"https://closed.example.com/callback\"], allow: {groups: [\"dept:39960013\"]}}\n"+
				"  - {id: screen, public: true, device_authorization: true, allow: everyone}\n")
			s.serve("DINGBRIDGE_CLAIMS_SUBSTITUTE_EMAIL_DOMAIN=users.example.com", "DINGBRIDGE_CLAIMS_USERNAME_SOURCES="+source,
				"DINGBRIDGE_OPERATOR_CONTACT=it@corp.example.cn")
			for _, story := range []struct {
				name string
				tell func()
			}{{"2 no e-mail", s.noEmail}, {"3 namesakes", s.namesakes}, {"6 outsiders", s.outsiders}, {"4 leaver", s.leaver},
				{"5 reuse", s.reuse}, {"re-hire", s.rehire}} {
				if s.t = t; !t.Run(story.name, func(t *testing.T) { s.t = t; story.tell() }) {
					t.FailNow() // the next ones go on from here
				}
			}
			s.nothingInClear(t)
		})
	}
}

// enters takes a person in at every party. who is how this test calls them.
func (s *tale) enters(userID, who string) map[string]visit {
	s.t.Helper()
	browser, all := s.as(s.t, userID), map[string]visit{}
	for _, p := range s.parties {
		v, err := p.visit(s.t.Context(), s.world, browser, who)
		if err != nil {
			s.t.Fatalf("%s at %s: %v", who, p.id, err)
		}
		all[p.id] = v
	}
	if s.told[who] == nil {
		s.told[who] = all
	}
	return all
}

// noEmail: somebody called 张三 without an address has a working account wherever they may
// go, and elsewhere a page that says so.
func (s *tale) noEmail() {
	t := s.t
	s.patch(t, "people/noemail", map[string]string{"name": "张三", "nick": "张三"})
	for id, v := range s.enters("noemail", "noemail") {
		substitute := v.sub + "@users.example.com"
		switch wants := id == "by-email" || id == "as-grafana"; {
		case v.Verified, wants && v.Email != substitute, !wants && v.Email != "":
			t.Errorf("%s was told %+v", id, v.told)
		case v.Name != "张三" || v.owner != "noemail":
			t.Errorf("%s: account %+v, told %+v", id, v.account, v.told)
		}
	}
	closed := &party{app: app{id: "closed", redirect: "https://closed.example.com/callback"}}
	_, err := closed.visit(t.Context(), s.world, s.as(t, "noemail"), "noemail")
	refusedBy(t, err, "您不能使用该应用", "财务系统", "it@corp.example.cn")
}

// namesakes: people of one name are people of their own everywhere.
func (s *tale) namesakes() {
	t := s.t
	s.enters("zhangsan", "zhangsan")
	s.enters("zhangsan2", "zhangsan2")
	usernames := map[string]string{}
	for who, visits := range s.told {
		for id, v := range visits {
			if v.owner != who {
				t.Errorf("%s is in the account of %s at %s", who, v.owner, id)
			}
			if usernames[v.Username] == "" {
				usernames[v.Username] = who
			}
			if v.Name != "张三" || usernames[v.Username] != who {
				t.Errorf("%s is called %s at %s, as is %s", who, v.Username, id, usernames[v.Username])
			}
		}
	}
	s.accounts(3)
}

// accounts asserts how many there are at each party.
func (s *tale) accounts(want int) {
	s.t.Helper()
	for _, p := range s.parties {
		if len(p.accounts) != want {
			s.t.Errorf("%s has %d accounts, not %d", p.id, len(p.accounts), want)
		}
	}
}

// lasting are the keys that a person leaves behind.
func (s *tale) lasting() (keys []string) {
	for key := range records(s.t, s.redis) {
		for _, kind := range []string{"person/", "username/", "email/", "userid/", "people-of/", "session/", "grant/", "browsers-of/", "grants-of/", "sessions-of/"} {
			if strings.HasPrefix(key, kind) {
				keys = append(keys, key)
			}
		}
	}
	slices.Sort(keys)
	return keys
}

// outsiders get nothing anywhere, and nothing is made for them.
func (s *tale) outsiders() {
	t, before := s.t, s.lasting()
	for _, row := range []struct{ who, says, reason string }{{"outsider", "您不是本组织的成员", "outsider"}, {"gone", "您不是本组织的成员", "outsider"},
		{"supplier", "", ""}, {"disabled", "您的账号未启用", "disabled"}} {
		browser := s.as(t, row.who)
		for _, p := range s.parties {
			_, err := p.visit(t.Context(), s.world, browser, row.who)
			refusedBy(t, err, row.says)
		}
		refused := s.events("login.refused")
		if n := len(refused); n < len(s.parties) || row.reason != "" && refused[n-1]["reason"] != row.reason {
			t.Errorf("%s: %d refusals in the log, the last %v", row.who, n, refused[max(0, n-1)])
		}
	}
	s.accounts(3)
	if after := s.lasting(); !slices.Equal(before, after) {
		t.Errorf("the storage had %q, and has %q", before, after)
	}
}

// leaver: whatever somebody has who leaves is dead, and every app is told.
func (s *tale) leaver() {
	t, ctx := s.t, s.t.Context()
	browser := s.as(t, "zhangsan")
	visits := map[string]visit{}
	for _, p := range s.parties {
		v, err := p.visit(ctx, s.world, browser, "zhangsan")
		if err != nil {
			t.Fatal(err)
		}
		visits[p.id] = v
	}
	flying, err := browser.login(ctx, s.world, s.app("es"))
	if err != nil {
		t.Fatal(err)
	}
	screen := app{id: "screen"}
	approved, pending := s.deviceCode(screen), s.deviceCode(screen)
	s.approve(browser, approved)
	others := s.enters("zhangsan2", "zhangsan2")

	s.steered(t, http.MethodPost, "people/zhangsan/leave", nil)
	left := time.Now()
	access := visits["by-sub"].tokens.AccessToken
	until(t, "the end of the leaver's tokens", func() bool { return userinfo(ctx, s.issuer, access).status == http.StatusUnauthorized })
	t.Logf("%v after the leave the access token is dead", time.Since(left).Round(time.Millisecond))
	for _, p := range s.parties {
		for who, v := range map[string]visit{"at the time": visits[p.id], "earlier": s.told["zhangsan"][p.id]} {
			if got := userinfo(ctx, s.issuer, v.tokens.AccessToken); got.status != http.StatusUnauthorized {
				t.Errorf("userinfo of %s, %s: %v", p.id, who, got)
			}
			if got := p.refresh(ctx, s.issuer, v.tokens.RefreshToken); !got.refused() {
				t.Errorf("refresh at %s, %s: %v", p.id, who, got)
			}
		}
		if got := userinfo(ctx, s.issuer, others[p.id].tokens.AccessToken); got.status != http.StatusOK {
			t.Errorf("a colleague at %s: %v", p.id, got)
		}
		if s, err := browser.follow(ctx, s.authorization(p.app, "prompt", "none"), p.redirect); err != nil || !strings.Contains(s.location, "error=login_required") {
			t.Errorf("single sign-on at %s: %d, to %q, %v", p.id, s.status, s.location, err)
		}
	}
	if got := s.app("es").redeem(ctx, s.issuer, flying); !got.refused() {
		t.Errorf("the code in flight: %v", got)
	}
	if got := s.poll(screen, approved); got.status != http.StatusBadRequest || got.text("error") == "authorization_pending" || got.text("access_token") != "" {
		t.Errorf("the device that was let in: %v", got)
	}
	entered, err := browser.get(ctx, s.issuer+"/device?user_code="+pending.text("user_code"))
	if err != nil || strings.Contains(entered.body, `data-page="device-confirm"`) {
		t.Errorf("the leaver is asked about a device: %v, %d", err, entered.status)
	}
	// Two sessions at each app: the one of now, and one of a story before.
	sub, got := visits["by-sub"].sub, map[string]int{}
	for range 2 * len(s.parties) {
		n := come(t, s.notices)
		id, token, _ := strings.Cut(n.token, " ")
		if subOf(t, token) != sub {
			t.Errorf("%s is told about another person", id)
		}
		got[id]++
	}
	for _, p := range s.parties {
		if got[p.id] != 2 {
			t.Errorf("%s was told %d times", p.id, got[p.id])
		}
	}
	removed := s.events("person.removed")
	if len(removed) != 1 || removed[0]["sub"] != sub || removed[0]["way"] != "event" || removed[0]["event_id"] == nil {
		t.Errorf("audited %v", removed)
	}
	s.as(t, "zhangsan")
	_, err = s.parties[0].visit(ctx, s.world, browser, "zhangsan")
	refusedBy(t, err, "您不是本组织的成员")
}

// reuse: a newcomer gets the leaver's userid, name, nick, address, number and phone, and
// opens none of the leaver's accounts.
func (s *tale) reuse() {
	t := s.t
	before := s.snapshot()
	old := s.told["zhangsan"]["by-sub"]
	s.steered(t, http.MethodPost, "people", map[string]any{"userid": "zhangsan", "name": "张三", "nick": "三哥", "org_email": "san.zhang@corp.example.cn",
		"email": "san.zhang@example.com", "job_number": "A1029", "account_mobile": "13912345678", "mobile": "13912345678", "state_code": "86", "departments": []int64{432825033}})
	for id, v := range s.enters("zhangsan", "newcomer") {
		was := s.told["zhangsan"][id]
		if v.owner != "newcomer" || v.sub == was.sub || strings.EqualFold(v.Username, was.Username) || v.Email == was.Email && v.Email != "" || v.Verified {
			t.Errorf("at %s the newcomer is in the account of %s, told %+v; the leaver was told %+v", id, v.owner, v.told, was.told)
		}
	}
	s.accounts(4)
	if after := s.snapshot(); !strings.HasPrefix(after, before) {
		t.Errorf("the accounts were\n%s and are\n%s", before, after)
	}
	newcomer := s.told["newcomer"]["by-sub"].sub
	for _, name := range []string{"person.userid_reused", "email.withheld"} {
		list := s.events(name)
		if len(list) != 1 || list[0]["sub"] != newcomer || list[0]["other_sub"] != old.sub {
			t.Errorf("%s of %s, formerly %s: %v", name, newcomer, old.sub, list)
		}
	}
	s.dead("zhangsan")
}

// dead asserts that nothing which the leaver had lives again.
func (s *tale) dead(who string) {
	for _, p := range s.parties {
		v := s.told[who][p.id]
		if got := p.refresh(s.t.Context(), s.issuer, v.tokens.RefreshToken); !got.refused() {
			s.t.Errorf("the old refresh token of %s at %s: %v", who, p.id, got)
		}
		if got := userinfo(s.t.Context(), s.issuer, v.tokens.AccessToken); got.status != http.StatusUnauthorized {
			s.t.Errorf("the old access token of %s at %s: %v", who, p.id, got)
		}
	}
}

// snapshot is what the apps have about those who came before the newcomer.
func (s *tale) snapshot() string {
	var all strings.Builder
	for _, p := range s.parties {
		for _, a := range p.accounts[:min(3, len(p.accounts))] {
			fmt.Fprintf(&all, "%s %+v\n", p.id, *a)
		}
	}
	return all.String()
}

// rehire: the leaver returns, with another userid, and is who they were; not so what they
// had then. The address is theirs still, though the newcomer had it in between.
func (s *tale) rehire() {
	t := s.t
	s.patch(t, "people/zhangsan", map[string]string{"org_email": ""})
	s.patch(t, "people/zhangsan.former1", map[string]any{"outsider": false, "org_email": "san.zhang@corp.example.cn", "leads": []int64{}, "departments": []int64{432825034}})
	for id, v := range s.enters("zhangsan.former1", "returned") {
		was := s.told["zhangsan"][id]
		if v.owner != "zhangsan" || v.sub != was.sub || v.Username != was.Username || v.Email != was.Email {
			t.Errorf("at %s who returned is in the account of %s, told %+v; was told %+v", id, v.owner, v.told, was.told)
		}
	}
	s.accounts(4)
	s.dead("zhangsan")
	for _, p := range s.parties {
		if got := userinfo(t.Context(), s.issuer, s.told["newcomer"][p.id].tokens.AccessToken); got.status != http.StatusOK {
			t.Errorf("the newcomer at %s: %v", p.id, got)
		}
	}
}

// deviceCode begins a login on a device.
func (s *tale) deviceCode(a app) answer {
	s.t.Helper()
	codes := a.call(s.t.Context(), s.issuer+"/device_authorization", url.Values{"scope": {"openid offline_access"}})
	if codes.status != http.StatusOK {
		s.t.Fatalf("device: %v", codes)
	}
	return codes
}

func (s *tale) poll(a app, codes answer) answer {
	return a.call(s.t.Context(), s.issuer+"/token", url.Values{"grant_type": {"urn:ietf:params:oauth:grant-type:device_code"}, "device_code": {codes.text("device_code")}})
}

// approve lets a device in, with a browser that is logged in.
func (s *tale) approve(browser *person, codes answer) {
	s.t.Helper()
	ctx := s.t.Context()
	asked, err := browser.get(ctx, s.issuer+"/device")
	if err == nil {
		asked, err = browser.press(ctx, asked, s.issuer, "user_code", codes.text("user_code"))
	}
	if err != nil || !strings.Contains(asked.body, `data-page="device-confirm"`) {
		s.t.Fatalf("the user code: %v, %d %.300s", err, asked.status, asked.body)
	}
	if asked, err = browser.press(ctx, asked, s.issuer, "choice", "approve"); err != nil || !strings.Contains(asked.body, `data-page="device-approved"`) {
		s.t.Fatalf("approving: %v, %d %.300s", err, asked.status, asked.body)
	}
}

// nothingInClear looks for what the stories told of people in logs and storage.
func (s *tale) nothingInClear(t *testing.T) {
	l := &loot{}
	l.add("a name", "张三", "三哥", "孙无信")
	l.add("a phone number", "13912345678", "13500000009")
	for who, visits := range s.told {
		for _, v := range visits {
			if !strings.HasSuffix(v.Email, "@users.example.com") {
				l.add("the e-mail address of "+who, v.Email)
			}
			l.add("an access token", v.tokens.AccessToken)
			l.add("a refresh token", v.tokens.RefreshToken)
		}
	}
	l.mustNotBeIn(t, "the storage", dump(t, s.world, s.redis))
	l.mustNotBeIn(t, "the logs", s.logs())
}
