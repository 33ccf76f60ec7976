package dingtalk

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
)

func departments(t *testing.T, c *Client) ([]Department, error) {
	t.Helper()
	var all []Department
	err := c.Departments(t.Context(), func(d Department) error { all = append(all, d); return nil })
	return all, err
}

func TestDepartments(t *testing.T) {
	u := newUpstream()
	golden(t, u, CallDept, `POST /topapi/v2/department/get?access_token=`+appTokenValue+` {"dept_id":1,"language":"zh_CN"}`, deptJSON)
	u.handle(CallListSub, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		switch got := r.Method + " " + r.URL.String() + " " + string(body); got {
		case `POST /topapi/v2/department/listsub?access_token=` + appTokenValue + ` {"dept_id":1,"language":"zh_CN"}`:
			io.WriteString(w, listSubJSON)
		case `POST /topapi/v2/department/listsub?access_token=` + appTokenValue + ` {"dept_id":432825033,"language":"zh_CN"}`:
			io.WriteString(w, `{"errcode":0,"result":[{"dept_id":7,"name":"平台部","parent_id":432825033}]}`)
		default:
			io.WriteString(w, noSubsJSON)
		}
	})
	all, err := departments(t, dial(t, u))
	expect := []Department{{1, 0, "示例公司"}, {432825033, 1, "平台部"}, {39960012, 1, "财务部"}, {7, 432825033, "平台部"}}
	if err != nil || !slices.Equal(all, expect) || u.asked(CallListSub) != 4 {
		t.Errorf("%v, %v", all, err)
	}
	enough := errors.New("enough")
	if err := dial(t, u).Departments(t.Context(), func(Department) error { return enough }); err != enough {
		t.Errorf("%v", err)
	}
}

func TestDepartments_OfARange(t *testing.T) {
	u := newUpstream()
	u.answer(CallScopes, 200, `{"errcode":0,"auth_org_scopes":{"authed_user":["a"],"authed_dept":[5,6,7]}}`)
	u.handle(CallDept, func(w http.ResponseWriter, r *http.Request) {
		var q map[string]any
		if err := json.NewDecoder(r.Body).Decode(&q); err != nil {
			t.Error(err)
		}
		fmt.Fprintf(w, `{"errcode":0,"result":{"dept_id":%v,"name":"d","parent_id":%d}}`, q["dept_id"], map[bool]int{true: 5, false: 1}[q["dept_id"] == 7.0])
	})
	u.handle(CallListSub, func(w http.ResponseWriter, r *http.Request) {
		var q map[string]any
		if err := json.NewDecoder(r.Body).Decode(&q); err != nil {
			t.Error(err)
		}
		if q["dept_id"] == 5.0 { // 7 is in the range by itself too
			io.WriteString(w, `{"errcode":0,"result":[{"dept_id":7,"name":"d","parent_id":5},{"dept_id":8,"name":"d","parent_id":5}]}`)
			return
		}
		io.WriteString(w, noSubsJSON)
	})
	all, err := departments(t, dial(t, u))
	if err != nil || !slices.Equal(all, []Department{{5, 1, "d"}, {6, 1, "d"}, {7, 5, "d"}, {8, 5, "d"}}) {
		t.Errorf("%v, %v", all, err)
	}
}

func TestDepartments_End(t *testing.T) {
	u, n := newUpstream(), 1
	u.handle(CallListSub, func(w http.ResponseWriter, r *http.Request) {
		var q struct {
			ID int `json:"dept_id"`
		}
		if err := json.NewDecoder(r.Body).Decode(&q); err != nil {
			t.Error(err)
		}
		var subs []string
		for range 500 {
			n++
			subs = append(subs, fmt.Sprintf(`{"dept_id":%d,"name":"d","parent_id":%d}`, n, q.ID))
		}
		fmt.Fprintf(w, `{"errcode":0,"result":[%s]}`, strings.Join(subs, ","))
	})
	all, err := departments(t, dial(t, u))
	if want(t, err, ReasonStrange); len(all) != maxDepartments {
		t.Errorf("%d departments", len(all))
	}
	// Each below the other: told once, and over.
	u = newUpstream()
	u.answer(CallListSub, 200, `{"errcode":0,"result":[{"dept_id":1,"name":"d"}]}`)
	_, err = departments(t, dial(t, u))
	want(t, err, ReasonStrange)
}

func TestDepartments_OddOnes(t *testing.T) {
	for name, body := range map[string]string{
		"an object":         `{"errcode":0,"result":{"dept_id":5,"name":"d","parent_id":1}}`,
		"null":              `{"errcode":0,"result":null}`,
		"nothing":           `{"errcode":0}`,
		"no id":             `{"errcode":0,"result":[{"name":"d","parent_id":1}]}`,
		"id a string":       `{"errcode":0,"result":[{"dept_id":"5","name":"d","parent_id":1}]}`,
		"nought":            `{"errcode":0,"result":[{"dept_id":0,"name":"d","parent_id":1}]}`,
		"school":            `{"errcode":0,"result":[{"dept_id":-7,"name":"d","parent_id":1}]}`,
		"no parent":         `{"errcode":0,"result":[{"dept_id":5,"name":"d"}]}`,
		"of another":        `{"errcode":0,"result":[{"dept_id":5,"name":"d","parent_id":6}]}`,
		"its own parent":    `{"errcode":0,"result":[{"dept_id":1,"name":"d","parent_id":1}]}`,
		"name a number":     `{"errcode":0,"result":[{"dept_id":5,"name":5,"parent_id":1}]}`,
		"id twice":          `{"errcode":0,"result":[{"dept_id":5,"dept_id":6,"name":"d","parent_id":1}]}`,
		"success and error": `{"errcode":60003,"result":[]}`,
		"with a sub code":   `{"errcode":0,"sub_code":"60011","result":[]}`,
	} {
		if all, fault := decodeListSub(200, []byte(body), 1); fault == nil || all != nil {
			t.Errorf("%s: %v, %v", name, all, fault)
		}
	}
	for _, body := range []string{
		`{"errcode":0,"result":{"dept_id":6,"name":"d","parent_id":1}}`, `{"errcode":0,"result":[]}`, `{"errcode":0,"result":{}}`,
		`{"errcode":0,"result":{"dept_id":5,"name":"d"}}`, `{"errcode":0,"result":{"dept_id":5,"name":"d","parent_id":5}}`,
	} {
		if d, fault := decodeDepartment(200, []byte(body), 5); fault == nil || d != (Department{}) {
			t.Errorf("%s: %v, %v", body, d, fault)
		}
	}
	mutate(t, listSubJSON, func(member, kind, body string) {
		all, fault := decodeListSub(200, []byte(body), 1)
		if fault != nil {
			return
		}
		for _, d := range all {
			if d.ID <= 0 || d.Parent != 1 || d.ID != 432825033 && d.ID != 39960012 && member != "dept_id" {
				t.Errorf("%s %s: %v from %s", member, kind, all, body)
			}
		}
		if len(all) != 2 && member != "result" {
			t.Errorf("%s %s: %v from %s", member, kind, all, body)
		}
	})
}
