package dingtalk

import (
	"context"
	"io"
	"net/http"
	"reflect"
	"strings"
	"testing"
)

// golden answers a call and fails unless it was asked as written: method, path, query and
// body, byte by byte.
func golden(t *testing.T, u *upstream, call, asked, reply string) {
	t.Helper()
	u.handle(call, func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		got := r.Method + " " + r.URL.String() + " " + string(body)
		if token := r.Header.Get("x-acs-dingtalk-access-token"); token != "" {
			got += "x-acs " + token
		}
		if got != asked {
			t.Errorf("asked %s\nwant  %s", got, asked)
		}
		io.WriteString(w, reply)
	})
}

func TestLookup(t *testing.T) {
	u := newUpstream()
	golden(t, u, CallUser, `POST /topapi/v2/user/get?access_token=`+appTokenValue+` {"userid":"`+userID+`","language":"zh_CN"}`, userJSON)
	c := dial(t, u)
	expect := wantMember
	expect.CorpID = corp
	if m, err := c.Lookup(t.Context(), userID); err != nil || !reflect.DeepEqual(m, expect) {
		t.Errorf("%+v, %v", m, err)
	}
	if u.asked(CallByUnionID) != 0 {
		t.Error("asked for more than one answer")
	}
	// Whose the userid is now is for the caller to compare.
	u.answer(CallUser, 200, changed(t, unionID, "newcomerNewcomerNewcomeriEiE"))
	if m, err := c.Lookup(t.Context(), userID); err != nil || m.UnionID != "newcomerNewcomerNewcomeriEiE" || m.UserID != userID {
		t.Errorf("%+v, %v", m, err)
	}
}

func TestU1_LookupIsAboutTheUserIDAskedFor(t *testing.T) {
	for name, test := range map[string]struct {
		body   string
		reason Reason
		gone   bool
	}{
		"nobody":                 {strangerJSON, ReasonOutsider, true},
		"nobody, in a wrapper":   {`{"errcode":88,"sub_code":"60121","errmsg":"x"}`, ReasonStrange, false},
		"disabled":               {changed(t, `"active":true`, `"disable_status":true`), ReasonDisabled, true},
		"disabled by code":       {`{"errcode":60120,"errmsg":"x"}`, ReasonDisabled, true},
		"disabled, another":      {strings.Replace(changed(t, `"active":true`, `"disable_status":true`), userID, "lisi", 1), ReasonStrange, false},
		"disabled null":          {changed(t, `"active":true`, `"disable_status":null`), ReasonStrange, false},
		"another userid":         {changed(t, userID, "0156421733781265"), ReasonStrange, false},
		"no userid":              {changed(t, `"userid":"0156421733781264",`, ``), ReasonStrange, false},
		"no unionid":             {changed(t, `"unionid":"iiXk3Rz9PqWm4TsYbLc8vNwiEiE",`, ``), ReasonStrange, false},
		"unionid null":           {changed(t, `"iiXk3Rz9PqWm4TsYbLc8vNwiEiE"`, `null`), ReasonStrange, false},
		"unionid of spaces":      {changed(t, unionID, " "), ReasonStrange, false},
		"unionid of half a rune": {changed(t, unionID, `\ud800`), ReasonStrange, false},
		"id never given":         {`{"errcode":33012,"errmsg":"无效的USERID"}`, ReasonStrange, false},
		"out of range":           {`{"errcode":50002,"errmsg":"x"}`, ReasonOutOfRange, false},
		"no permission":          {noPermissionOld, ReasonPermission, false},
		"an empty result":        {`{"errcode":0,"errmsg":"ok","result":{}}`, ReasonStrange, false},
	} {
		t.Run(name, func(t *testing.T) {
			u := newUpstream()
			u.answer(CallUser, 200, test.body)
			m, err := dial(t, u).Lookup(t.Context(), userID)
			e := want(t, err, test.reason)
			if e.Gone() != test.gone || e.Call != CallUser || !reflect.DeepEqual(m, Member{}) {
				t.Errorf("%v: gone %v, %+v", e, e.Gone(), m)
			}
		})
	}
}

func TestImpossibleUserIDsAreNotSent(t *testing.T) {
	u := newUpstream()
	c := dial(t, u)
	for _, id := range []string{"", " ", "a\x00", "\xff", "\ufffd", "null", strings.Repeat("a", 300)} {
		for call, ask := range map[string]func(context.Context, string) error{
			CallUser:    func(ctx context.Context, id string) error { _, err := c.Lookup(ctx, id); return err },
			CallParents: func(ctx context.Context, id string) error { _, err := c.Parents(ctx, id); return err },
			CallFormer:  func(ctx context.Context, id string) error { _, err := c.FormerUnionID(ctx, id); return err },
		} {
			if e := want(t, ask(t.Context(), id), ReasonStrange); e.Gone() || e.Call != call || u.asked(call) != 0 {
				t.Errorf("%q: %v, asked %d times", id, e, u.asked(call))
			}
		}
	}
}

func TestLeader(t *testing.T) {
	const fixture = `"leader_in_dept":[{"dept_id":432825033,"leader":false}]`
	for in, leads := range map[string]bool{
		fixture: false,
		`"leader_in_dept":[{"dept_id":432825033,"leader":true}]`:                              true,
		`"leader_in_dept":[{"dept_id":432825033,"leader":true},{"dept_id":1,"leader":false}]`: true,
		`"leader_in_dept":[{"leader":false,"dept_id":432825033},{"dept_id":1,"leader":true}]`: true,
		`"leader_in_dept":[{"dept_id":432825033}]`:                                            false,
		`"leader_in_dept":[]`:                                          false,
		`"leader_in_dept":null`:                                        false,
		`"x":[{"dept_id":1,"leader":true}]`:                            false,
		`"leader_in_dept":[{"dept_id":1,"Leader":true}],"leader":true`: false,
		`"leader_in_dept":[{"dept_id":1,"leader":null,"order":[]}],"leader_in":[{"leader":[]}]`: false,
	} {
		m, fault := decodeUser(200, []byte(changed(t, fixture, in)), unionID, userID)
		if fault != nil || m.Leader != leads {
			t.Errorf("%s: %v, %v", in, m.Leader, fault)
		}
	}
	for _, in := range []string{
		`"leader_in_dept":{"dept_id":1,"leader":true}`, `"leader_in_dept":true`, `"leader_in_dept":[true]`, `"leader_in_dept":[null]`,
		`"leader_in_dept":[{"leader":true}]`, `"leader_in_dept":[{"dept_id":"1","leader":true}]`, `"leader_in_dept":[{"dept_id":1,"leader":"true"}]`,
		`"leader_in_dept":[{"dept_id":1,"leader":1}]`, `"leader_in_dept":[{"dept_id":1.5,"leader":true}]`,
		`"leader_in_dept":[{"dept_id":1,"leader":false,"leader":true}]`, fixture + "," + fixture,
	} {
		if m, fault := decodeUser(200, []byte(changed(t, fixture, in)), unionID, userID); fault == nil || m.Leader {
			t.Errorf("%s: accepted", in)
		}
	}
}
