package people

import (
	"errors"
	"reflect"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dingbridge/dingbridge/dingtalk"
)

// Inside DingTalk's client the account's side tells a userId too: both are the same
// person's, or nobody comes in.
func TestThreat_D3_TheAccountsUserIDIsTheDirectorys(t *testing.T) {
	for given, fine := range map[string]bool{"": true, "zhangsan": true, "lisi": false, "ZhangSan": false, "zhangsan ": false, "unionZhang": false} {
		for _, known := range []bool{false, true} {
			h := build(t, Config{})
			account, member := zhangsan()
			var present *Person
			if known {
				p := h.login(t, account, member)
				present = &p
			}
			account.UserID, account.Nick = given, "new"
			trips := h.store.trips
			_, op, err := h.Welcome(t.Context(), present, corp, account, member, time.Now())
			if fine != (err == nil) || fine != (op != nil) || !fine && (!errors.Is(err, ErrContradiction) || h.store.trips != trips) {
				t.Errorf("%q, known %v: %v", given, known, err)
			}
		}
	}
}

func TestP14_WhatIsNotToldStays(t *testing.T) {
	type told struct{ nick, name, avatar string }
	type known struct {
		nick, picture string
		standsIn      bool
	}
	const old, young = "https://static.example.com/old.png", "https://static.example.com/new.png"
	for name, tc := range map[string]struct {
		logins []told
		want   known
	}{
		"nothing":                           {[]told{{}}, known{}},
		"a nick":                            {[]told{{nick: "小张", avatar: old}}, known{"小张", old, false}},
		"a name alone stands in":            {[]told{{name: "张三"}}, known{"张三", "", true}},
		"the name is cleaned":               {[]told{{name: " 张\u202e三\x00 "}}, known{"张三", "", true}},
		"a name of nothing":                 {[]told{{name: "\u200b"}}, known{}},
		"a nick beside a name":              {[]told{{nick: "小张", name: "张三"}}, known{"小张", "", false}},
		"a nick of nothing, and a name":     {[]told{{nick: "\u200b", name: "张三"}}, known{"张三", "", true}},
		"then nothing":                      {[]told{{nick: "小张", avatar: old}, {}}, known{"小张", old, false}},
		"then a name":                       {[]told{{nick: "小张", avatar: old}, {name: "张三"}}, known{"小张", old, false}},
		"then another nick and picture":     {[]told{{nick: "小张", avatar: old}, {nick: "张总", avatar: young}}, known{"张总", young, false}},
		"a name, then a nick":               {[]told{{name: "张三"}, {nick: "小张"}}, known{"小张", "", false}},
		"a name, then a nick, then a name":  {[]told{{name: "张三"}, {nick: "小张"}, {name: "张三丰"}}, known{"小张", "", false}},
		"a name, then nothing":              {[]told{{name: "张三"}, {}}, known{"张三", "", true}},
		"a name that changes":               {[]told{{name: "张三"}, {name: "张三丰"}}, known{"张三丰", "", true}},
		"a nick like the name, then a name": {[]told{{nick: "张三"}, {name: "张三丰"}}, known{"张三", "", false}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := build(t, Config{})
				account, member := zhangsan()
				s := SubjectOf(corp, member.UnionID)
				for _, login := range tc.logins {
					account.Nick, account.Name, account.AvatarURL = login.nick, login.name, login.avatar
					h.login(t, account, member)
					time.Sleep(11 * minute)
					if _, err := h.Fresh(t.Context(), h.mustRead(t, s)); err != nil { // a re-check tells none of it
						t.Fatal(err)
					}
				}
				h.recall = recall{}
				p := h.mustRead(t, s).Profile
				if got := (known{p.Nick, p.Avatar, p.NickIsName}); got != tc.want {
					t.Errorf("%+v", got)
				}
			})
		})
	}
}

// Who left and comes back begins anew: what was known of the account went with them.
func TestP14_TheGoneLeaveNoNick(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := build(t, Config{})
		account, member := zhangsan()
		p := h.login(t, account, member)
		h.dir.set(func(d *directory) { d.members = nil })
		time.Sleep(11 * minute)
		if _, err := h.Fresh(t.Context(), p); !errors.Is(err, ErrGone) {
			t.Fatal(err)
		}
		account = dingtalk.Account{UnionID: account.UnionID, UserID: member.UserID, Name: "张三"}
		if back := h.login(t, account, member).Profile; back.Nick != "张三" || back.Avatar != "" || !back.NickIsName {
			t.Errorf("%s, %s, %v", back.Nick, back.Avatar, back.NickIsName)
		}
	})
}

// A login inside DingTalk's client a moment after one by the page has nothing to write.
func TestP14_WhatIsNotToldIsNotWritten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := build(t, Config{})
		account, member := zhangsan()
		p := h.login(t, account, member)
		account = dingtalk.Account{UnionID: account.UnionID, UserID: member.UserID, Name: member.Name}
		if q, op, err := h.Welcome(t.Context(), &p, corp, account, member, time.Now()); err != nil || op != nil || !reflect.DeepEqual(p, q) {
			t.Errorf("op %v, %v", op, err)
		}
		// But a nick that is told for the first time is, be it the very name that stood in.
		account.UnionID, member.UnionID = "unionOther", "unionOther"
		p = h.login(t, account, member)
		account.Nick = account.Name
		if q, op, err := h.Welcome(t.Context(), &p, corp, account, member, time.Now()); err != nil || op == nil || q.Profile.NickIsName {
			t.Errorf("op %v, %v", op, err)
		}
	})
}
