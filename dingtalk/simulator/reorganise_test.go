package simulator

import (
	"testing"
)

func TestDepartmentsCanBeReorganised(t *testing.T) {
	g := start(t, Config{})
	for _, tc := range []struct {
		method, path, body string
		status             int
	}{
		{"POST", "departments", `{"id":432825033,"name":"x"}`, 400},
		{"POST", "departments", `{"id":1,"name":"x"}`, 400},
		{"POST", "departments", `{"id":-3,"name":"x"}`, 400},
		{"POST", "departments", `{"name":""}`, 400},
		{"POST", "departments", `{"name":"x","parent":7}`, 400},
		{"POST", "departments", `{"name":"x","managers":["nobody"]}`, 400},
		{"PATCH", "departments/7", `{"name":"x"}`, 404},
		{"PATCH", "departments/x", `{"name":"x"}`, 404},
		{"PATCH", "departments/1", `{"name":"x"}`, 400},
		{"PATCH", "departments/39960012", `{"parent":432825035}`, 400}, // below itself
		{"PATCH", "departments/39960012", `{"parent":39960012}`, 400},
		{"PATCH", "departments/39960012", `{"id":3}`, 400},
		{"PATCH", "departments/39960012", `{"colour":"x"}`, 400},
		{"DELETE", "departments/1", "", 400},
		{"DELETE", "departments/39960012", "", 400},
		{"DELETE", "departments/432825036", "", 400}, // somebody is in it
		{"DELETE", "departments/x", "", 404},
		{"POST", "departments", `{"name":"空","parent":39960014}`, 200},
		{"DELETE", "departments/900000001", "", 200},
		{"PATCH", "departments/432825033", `{"parent":39960013,"name":"平台","managers":["lisi"]}`, 200},
	} {
		if r := g.control(tc.method, tc.path, tc.body); r.StatusCode != tc.status {
			t.Errorf("%s %s %s: %d %s", tc.method, tc.path, tc.body, r.StatusCode, r.body)
		}
	}
	exact(t, g.top("v2/department/listparentbyuser", m{"userid": "zhangsan"}), 200,
		`{"errcode":0,"errmsg":"ok","result":{"parent_list":[{"parent_dept_id_list":[432825033,39960013,1]}]},"request_id":"ID"}`)
	exact(t, g.top("v2/department/listsubid", m{"dept_id": 39960012}), 200, `{"errcode":0,"errmsg":"ok","result":{"dept_id_list":[432825034]},"request_id":"ID"}`)
	equal(t, g.top("v2/department/get", m{"dept_id": 432825033}).json(t)["result"].(m)["name"], "平台")
	if old := DefaultCompany().Departments[1]; old.Name != "平台工程部" || old.Parent != 39960012 {
		t.Error("the change reached the default company")
	}
	g.Reset()
	exact(t, g.top("v2/department/listsubid", m{"dept_id": 39960012}), 200, `{"errcode":0,"errmsg":"ok","result":{"dept_id_list":[432825033,432825034]},"request_id":"ID"}`)
	if n := len(g.control("GET", "departments", "").json(t)["departments"].([]any)); n != len(DefaultCompany().Departments) {
		t.Errorf("%d departments", n)
	}
}
