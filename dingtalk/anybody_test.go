package dingtalk

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"testing"
)

// A staff is an organisation that answers what Anybody asks.
type staff struct {
	scopes string
	people map[int64]string // who is directly in a department, as JSON
	below  map[int64]string
	gone   map[string]string // what user/get says of somebody, if not yes
}

func (s staff) upstream(t *testing.T) *upstream {
	u := newUpstream()
	read := func(r *http.Request) (q struct {
		Dept int64  `json:"dept_id"`
		User string `json:"userid"`
	}) {
		if err := json.NewDecoder(r.Body).Decode(&q); err != nil {
			t.Error(err)
		}
		return q
	}
	list := func(all map[int64]string, member string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			fmt.Fprintf(w, `{"errcode":0,"result":{"%s":[%s]}}`, member, all[read(r).Dept])
		}
	}
	u.answer(CallScopes, 200, `{"errcode":0,"auth_org_scopes":`+s.scopes+`}`)
	u.handle(CallListID, list(s.people, "userid_list"))
	u.handle(CallListSubID, list(s.below, "dept_id_list"))
	u.handle(CallUser, func(w http.ResponseWriter, r *http.Request) {
		id := read(r).User
		if body, ok := s.gone[id]; ok {
			io.WriteString(w, body)
			return
		}
		fmt.Fprintf(w, `{"errcode":0,"result":{"userid":"%s","unionid":"u%s"}}`, id, id)
	})
	return u
}

func TestAnybody(t *testing.T) {
	disabled := `{"errcode":0,"result":{"userid":"b","unionid":"ub","disable_status":true}}`
	deep := map[int64]string{}
	for i := range int64(100) {
		deep[i+1] = fmt.Sprint(i + 2)
	}
	for name, test := range map[string]struct {
		staff  staff
		found  string
		reason Reason // if nobody
	}{
		"a person of the range": {staff{scopes: `{"authed_user":["chairwoman"],"authed_dept":[]}`}, "chairwoman", 0},
		"directly in the root": {staff{scopes: `{"authed_user":[],"authed_dept":[1]}`,
			people: map[int64]string{1: `"a","b"`}}, "a", 0},
		"below": {staff{scopes: `{"authed_dept":[1]}`,
			below: map[int64]string{1: "5,6"}, people: map[int64]string{6: `"a"`}}, "a", 0},
		"a leaver first": {staff{scopes: `{"authed_user":["a","b","c"]}`,
			gone: map[string]string{"a": strangerJSON, "b": disabled}}, "c", 0},
		"out of range first": {staff{scopes: `{"authed_dept":[5]}`, people: map[int64]string{5: `"a","b"`},
			gone: map[string]string{"a": `{"errcode":50002,"errmsg":"x"}`}}, "b", 0},
		"one answered about another": {staff{scopes: `{"authed_dept":[5]}`, people: map[int64]string{5: `"a","b"`},
			gone: map[string]string{"a": disabled}}, "b", 0},
		"nobody in the range":    {staff{scopes: `{"authed_user":[],"authed_dept":[]}`}, "", ReasonOutOfRange},
		"nobody in the company":  {staff{scopes: `{"authed_dept":[1]}`}, "", ReasonOutOfRange},
		"departments of nothing": {staff{scopes: `{"authed_dept":[1]}`, below: deep}, "", ReasonOutOfRange},
		"all gone": {staff{scopes: `{"authed_user":["a"],"authed_dept":[1]}`, people: map[int64]string{1: `"a","a","a"`},
			gone: map[string]string{"a": strangerJSON}}, "", ReasonOutOfRange},
		"too fast": {staff{scopes: `{"authed_user":["a","b"]}`,
			gone: map[string]string{"a": punishedJSON}}, "", ReasonThrottled},
		"no permission": {staff{scopes: `{"authed_user":["a","b"]}`,
			gone: map[string]string{"a": noPermissionOld}}, "", ReasonPermission},
		"ids that are none": {staff{scopes: `{"authed_dept":[5]}`, people: map[int64]string{5: `"",1`}}, "", ReasonOutOfRange},
	} {
		t.Run(name, func(t *testing.T) {
			u := test.staff.upstream(t)
			id, err := dial(t, u).Anybody(t.Context())
			if id != test.found || (err == nil) != (test.found != "") {
				t.Fatalf("%q, %v", id, err)
			}
			if err != nil {
				if e := want(t, err, test.reason); e.Gone() {
					t.Errorf("somebody is gone by %v", e)
				}
			}
			if n := u.asked(CallScopes) + u.asked(CallListID) + u.asked(CallListSubID) + u.asked(CallUser); n > anybodyCalls {
				t.Errorf("%d questions", n)
			}
		})
	}
	t.Run("may not go down", func(t *testing.T) {
		u := staff{scopes: `{"authed_dept":[5,6]}`, people: map[int64]string{6: `"a"`}}.upstream(t)
		u.answer(CallListSubID, 200, noPermissionOld)
		if id, err := dial(t, u).Anybody(t.Context()); err != nil || id != "a" {
			t.Errorf("%q, %v", id, err)
		}
		u = staff{scopes: `{"authed_dept":[5,6]}`}.upstream(t)
		u.answer(CallListSubID, 200, noPermissionOld)
		_, err := dial(t, u).Anybody(t.Context())
		if e := want(t, err, ReasonPermission); e.Permission == "" {
			t.Errorf("%+v", e)
		}
	})
}

func TestU7_AnybodyThrowsNobodyOut(t *testing.T) {
	for _, call := range []string{CallScopes, CallListID, CallListSubID, CallUser} {
		for _, body := range []string{strangerJSON, `{"errcode":60120,"errmsg":"x"}`, badAppTokenJSON, `{}`, ``} {
			u := staff{scopes: `{"authed_user":["a"],"authed_dept":[1]}`}.upstream(t)
			u.answer(call, 200, body)
			id, err := dial(t, u).Anybody(t.Context())
			if e, ok := err.(*Error); err != nil && (!ok || e.Gone()) || err == nil && id != "a" {
				t.Errorf("%s %s: %q, %v", call, body, id, err)
			}
		}
	}
}

func TestListsOfIDs(t *testing.T) {
	for body, good := range map[string]bool{
		`{"userid_list":["a"],"dept_id_list":[1]}`: true,
		`{"userid_list":[],"dept_id_list":[]}`:     true,
		`{"userid_list":null,"dept_id_list":null}`: true,
		`{}`: true, // nobody, nothing below
		`{"userid_list":[1],"dept_id_list":["1"]}`:                    false,
		`{"userid_list":[""],"dept_id_list":[0]}`:                     false,
		`{"userid_list":["a",null],"dept_id_list":[1,null]}`:          false,
		`{"userid_list":["a\u0000"],"dept_id_list":[-7]}`:             false,
		`{"userid_list":"a","dept_id_list":1}`:                        false,
		`{"userid_list":{"0":"a"},"dept_id_list":{"0":1}}`:            false,
		`{"userid_list":[["a"]],"dept_id_list":[[1]]}`:                false,
		`{"userid_list":[],"userid_list":["a"],"dept_id_list":[1.5]}`: false,
	} {
		answer := []byte(`{"errcode":0,"result":` + body + `}`)
		if people, fault := decodeListID(200, answer); (fault == nil) != good || fault != nil && people != nil {
			t.Errorf("%s: %v, %v", body, people, fault)
		}
		if ids, fault := decodeListSubID(200, answer); (fault == nil) != good || fault != nil && ids != nil {
			t.Errorf("%s: %v, %v", body, ids, fault)
		}
	}
}
