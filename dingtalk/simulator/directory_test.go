package simulator

import (
	"net/url"
	"slices"
	"testing"
	"time"
)

func plain(errcode, text string) string {
	return `{"errcode":` + errcode + `,"errmsg":"` + text + `","request_id":"ID"}`
}

func TestM11_UserGet(t *testing.T) {
	g := start(t, Config{})
	r := g.top("v2/user/get", m{"userid": "zhangsan", "language": "zh_CN"})
	likeSample(t, r, `{"errcode":0,"errmsg":"ok","request_id":"15r6h3k0d8wzq","result":{
	  "userid":"0156421733781264","unionid":"iiXk","name":"陈青","avatar":"https://x","state_code":"86","mobile":"13912345678","hide_mobile":false,
	  "telephone":"010","job_number":"A1029","title":"t","email":"e","org_email":"o","org_email_type":"profession",
	  "work_place":"杭州","extension":"{}","hired_date":1597573616000,
	  "dept_id_list":[432825033,1],"dept_order_list":[{"dept_id":432825033,"order":176293}],
	  "dept_position_list":[{"dept_id":432825033,"title":"平台工程师","is_main":true,"work_place":"杭州"}],
	  "leader_in_dept":[{"dept_id":432825033,"leader":false}],"role_list":[{"id":1507113581,"name":"主管","group_name":"默认"}],
	  "manager_userid":"manager7521","active":true,"real_authed":true,"senior":false,"admin":false,"boss":false,"exclusive_account":false}}`)
	user := func(id string) m {
		res, _ := g.top("v2/user/get", m{"userid": id}).json(t)["result"].(m)
		return res
	}
	equal(t, user("zhangsan")["role_list"], []m{{"group_name": "默认", "id": 1507113581, "name": "主管"}, {"group_name": "岗位", "id": 1507113591, "name": "值班工程师"}})
	likeSample(t, g.top("v2/user/get", m{"userid": "blank"}), `{"errcode":0,"errmsg":"ok","request_id":"x","result":{
	  "userid":"x","unionid":"x","name":"x","hide_mobile":false,"dept_id_list":[1],"dept_order_list":[{"dept_id":1,"order":1}],
	  "dept_position_list":[{"dept_id":1,"title":"","is_main":true}],"leader_in_dept":[{"dept_id":1,"leader":false}],
	  "active":true,"real_authed":true,"senior":false,"admin":false,"boss":false,"exclusive_account":false}}`)
	disabled := user("disabled")
	equal(t, []any{disabled["exclusive_account"], disabled["exclusive_account_type"], disabled["disable_status"]}, []any{true, "dingtalk", true})
	equal(t, user("exclusive")["disable_status"], false)
	equal(t, user("inactive")["active"], false)
	if _, has := user("lisi")["disable_status"]; has {
		t.Error("an ordinary account has disable_status")
	}

	for _, tc := range []struct{ id, want string }{
		{"outsider", plain("60121", "找不到该用户")},
		{"gone", plain("60121", "找不到该用户")},
		{"nobody", plain("60121", "找不到该用户")},
		{"Zhangsan", plain("60121", "找不到该用户")}, // case counts
		{"outofrange", plain("50002", "企业员工不在授权范围")},
		{"张三", plain("33012", "无效的USERID")},
		{"", plain("400002", "参数错误")},
	} {
		exact(t, g.top("v2/user/get", m{"userid": tc.id}), 200, tc.want)
	}
	exact(t, g.top("v2/user/get", m{"userid": 7}), 200, plain("400002", "参数错误"))

	g.must(g.UpdateApp(func(a *App) { a.FieldPermissions = nil }))
	lean := user("zhangsan")
	for _, field := range []string{"mobile", "email", "work_place", "remark", "extension"} {
		if _, has := lean[field]; has {
			t.Errorf("%s without field permission", field)
		}
	}
	if lean["org_email"] == nil {
		t.Error("org_email needs no field permission")
	}
}

func TestM11_GetByUnionID(t *testing.T) {
	g := start(t, Config{})
	by := func(id string) result {
		p, _ := g.Person(id)
		return g.top("user/getbyunionid", m{"unionid": p.UnionID})
	}
	exact(t, by("zhangsan"), 200, `{"errcode":0,"errmsg":"ok","result":{"contact_type":0,"userid":"zhangsan"},"request_id":"ID"}`)
	exact(t, by("zhangsan2"), 200, `{"errcode":0,"errmsg":"ok","result":{"contact_type":0,"userid":"zhangsan2"},"request_id":"ID"}`)
	exact(t, by("supplier"), 200, `{"errcode":0,"errmsg":"ok","result":{"contact_type":1,"userid":"supplier"},"request_id":"ID"}`)
	exact(t, by("outofrange"), 200, `{"errcode":0,"errmsg":"ok","result":{"contact_type":0,"userid":"outofrange"},"request_id":"ID"}`)
	for _, id := range []string{"outsider", "gone"} {
		exact(t, by(id), 200, plain("60121", "找不到该用户"))
	}
	exact(t, g.top("user/getbyunionid", m{}), 200, plain("400002", "参数错误"))

	for _, step := range []struct {
		verb string
		want string
	}{{"leave", plain("60121", "找不到该用户")}, {"return", `{"errcode":0,"errmsg":"ok","result":{"contact_type":0,"userid":"lisi"},"request_id":"ID"}`}} {
		if r := g.control("POST", "people/lisi/"+step.verb, ""); r.StatusCode != 200 {
			t.Fatalf("%s: %s", step.verb, r.body)
		}
		exact(t, by("lisi"), 200, step.want)
		if r := g.control("POST", "people/lisi/"+step.verb, ""); r.StatusCode != 400 {
			t.Errorf("%s twice: %s", step.verb, r.body)
		}
	}
}

func TestM12_Departments(t *testing.T) {
	g := start(t, Config{})
	likeSample(t, g.top("v2/department/get", m{"dept_id": 432825033}), `{"errcode":0,"errmsg":"ok","request_id":"x","result":{
	  "dept_id":1,"name":"n","parent_id":1,"order":1,"dept_manager_userid_list":["x"],"create_dept_group":true,"auto_add_user":true,
	  "group_contain_sub_dept":false,"outer_dept":false,"outer_permit_depts":[],"outer_permit_users":[],"hide_dept":false,
	  "dept_permits":[],"user_permits":[],"auto_approve_apply":false,"member_count":3,"from_union_org":false}}`)
	likeSample(t, g.top("v2/department/listsub", m{}), `{"errcode":0,"errmsg":"ok","request_id":"x","result":[{"dept_id":1,"name":"n","parent_id":1,"create_dept_group":true,"auto_add_user":true}]}`)
	for _, tc := range []struct {
		call string
		in   m
		want string
	}{
		{"listsubid", m{"dept_id": 39960012}, `{"errcode":0,"errmsg":"ok","result":{"dept_id_list":[432825033,432825034]},"request_id":"ID"}`},
		{"listsubid", m{}, `{"errcode":0,"errmsg":"ok","result":{"dept_id_list":[39960012,39960013,39960014,51120077]},"request_id":"ID"}`},
		{"listparentbydept", m{"dept_id": 432825035}, `{"errcode":0,"errmsg":"ok","result":{"parent_id_list":[432825035,432825033,39960012,1]},"request_id":"ID"}`},
		{"listparentbydept", m{"dept_id": "1"}, `{"errcode":0,"errmsg":"ok","result":{"parent_id_list":[1]},"request_id":"ID"}`},
		{"listparentbyuser", m{"userid": "zhangsan2"}, `{"errcode":0,"errmsg":"ok","result":{"parent_list":[{"parent_dept_id_list":[39960013,1]},{"parent_dept_id_list":[432825036,39960013,1]}]},"request_id":"ID"}`},
		{"listparentbyuser", m{"userid": "nobody"}, plain("33012", "无效的USERID")},
		{"listparentbyuser", m{}, plain("400002", "参数错误")},
		{"get", m{"dept_id": 7}, plain("60003", "部门不存在")},
		{"get", m{"dept_id": -7}, plain("40009", "不合法的部门id")},
		{"get", m{}, plain("400002", "参数错误")},
		{"get", m{"dept_id": "x"}, plain("400002", "参数错误")},
		{"get", m{"dept_id": 51120077}, plain("50004", "企业部门不在授权范围")},
		{"listsub", m{"dept_id": 51120077}, plain("50004", "企业部门不在授权范围")},
	} {
		t.Run(tc.call, func(t *testing.T) { exact(t, g.top("v2/department/"+tc.call, tc.in), 200, tc.want) })
	}
	subs := g.top("v2/department/listsub", m{}).json(t)["result"].([]any)
	if len(subs) != 3 {
		t.Errorf("the app sees %d departments under the root", len(subs))
	}
	exact(t, g.top("user/listid", m{"dept_id": 39960013}), 200, `{"errcode":0,"errmsg":"ok","result":{"userid_list":["zhangsan2","lisi"]},"request_id":"ID"}`)
	exact(t, g.top("user/listid", m{"dept_id": 51120077}), 200, `{"errcode":0,"errmsg":"ok","result":{"userid_list":["outofrange"]},"request_id":"ID"}`)
	exact(t, g.top("user/listid", m{"dept_id": 7}), 200, plain("60003", "部门不存在"))
	exact(t, g.top("user/listid", m{}), 200, plain("400002", "参数错误"))
	exact(t, g.top("user/listid", m{"dept_id": -7}), 200, plain("40009", "不合法的部门id"))
	likeSample(t, g.get("/auth/scopes?access_token="+g.appToken()), `{"errcode":0,"auth_org_scopes":{"authed_user":["x"],"authed_dept":[1]},"auth_user_field":["name"],"condition_field":[]}`)
}

func TestM12_Roles(t *testing.T) {
	g := start(t, Config{})
	exact(t, g.top("role/list", m{"size": 2, "offset": 2}), 200,
		`{"errcode":0,"errmsg":"ok","result":{"hasMore":true,"list":[{"groupId":1507113577,"name":"默认","roles":[{"id":1507113581,"name":"主管"}]},{"groupId":1507113590,"name":"岗位","roles":[{"id":1507113591,"name":"值班工程师"}]}]},"request_id":"ID"}`)
	likeSample(t, g.top("role/list", m{}), `{"errcode":0,"errmsg":"ok","result":{"hasMore":false,"list":[{"groupId":1,"name":"n","roles":[{"id":1,"name":"n"}]}]},"request_id":"x"}`)
	exact(t, g.top("role/getrole", m{"roleId": 1507113581}), 200, `{"errcode":0,"errmsg":"ok","role":{"groupId":1507113577,"name":"主管"},"request_id":"ID"}`)
	exact(t, g.top("role/getrole", m{"roleId": 7}), 200, plain("33011", "无效的角色ID"))
	exact(t, g.top("role/simplelist", m{"role_id": 1507113591, "size": 1}), 200,
		`{"errcode":0,"errmsg":"ok","result":{"hasMore":true,"list":[{"userid":"zhangsan","name":"张三","manageScopes":[{"dept_id":432825033,"name":"平台工程部"}]}]},"request_id":"ID"}`)
	exact(t, g.top("role/simplelist", m{"role_id": 1507113591, "size": 1, "offset": 1}), 200,
		`{"errcode":0,"errmsg":"ok","result":{"hasMore":false,"list":[{"userid":"0156421733781264","name":"陈青","manageScopes":[]}]},"request_id":"ID"}`)
	exact(t, g.top("role/simplelist", m{"role_id": 1507113591, "offset": 9}), 200, `{"errcode":0,"errmsg":"ok","result":{"hasMore":false,"list":[]},"request_id":"ID"}`)
	exact(t, g.top("role/simplelist", m{"role_id": 7}), 200, plain("33011", "无效的角色ID"))
	for _, tc := range []struct {
		in   m
		want string
	}{{m{"size": 201}, plain("40069", "不合法的分页大小")}, {m{"size": 0}, plain("40069", "不合法的分页大小")}, {m{"offset": -1}, plain("40068", "不合法的偏移量")}} {
		exact(t, g.top("role/list", tc.in), 200, tc.want)
	}
}

func TestM12_LeaveRecords(t *testing.T) {
	g := start(t, Config{})
	g.freeze()
	begin := g.Now().Add(-time.Second)
	for _, id := range []string{"zhangsan", "lisi", "noemail"} {
		g.must(g.Leave(id))
		g.must(g.Advance(time.Hour))
	}
	get := func(pairs ...string) result {
		q := url.Values{"startTime": {begin.UTC().Format(time.RFC3339)}, "nextToken": {"0"}, "maxResults": {"2"}}
		for i := 0; i < len(pairs); i += 2 {
			q.Set(pairs[i], pairs[i+1])
		}
		return g.get("/v1.0/contact/empLeaveRecords?"+q.Encode(), "x-acs-dingtalk-access-token", g.appToken())
	}
	first := get()
	likeSample(t, first, `{"nextToken":"DCCD7A656FFA6F07","records":[{"userId":"0156421733781264","name":"陈青","stateCode":"86","mobile":"139****5678","leaveTime":"2026-06-06T11:47:37Z","leaveReason":"delete"}]}`)
	equal(t, first.json(t)["records"].([]any)[0].(m)["mobile"], "139****5678")
	second := get("nextToken", first.json(t)["nextToken"].(string)).json(t)
	if recs := second["records"].([]any); len(recs) != 1 || recs[0].(m)["userId"] != "noemail" || second["nextToken"] != nil {
		t.Errorf("second page %v", second)
	}
	if recs := get("endTime", begin.UTC().Format(time.RFC3339)).json(t)["records"].([]any); len(recs) != 0 {
		t.Errorf("too early: %v", recs)
	}
	for _, bad := range [][]string{{"startTime", "yesterday"}, {"maxResults", "51"}, {"maxResults", "0"}, {"nextToken", "zz"},
		{"endTime", "2001-01-01T00:00:00Z"}, {"startTime", "2001-01-01T00:00:00Z"}} {
		exact(t, get(bad...), 400, `{"code":"invalidParameter.param.invalid","requestid":"ID","message":"参数错误"}`)
	}
}

func TestRangeDecidesWhoIsSeen(t *testing.T) {
	g := start(t, Config{})
	errcode := func(id string) any { return g.top("v2/user/get", m{"userid": id}).json(t)["errcode"] }
	equal(t, errcode("chairwoman"), 0) // by name: her department is the root
	r := g.control("PATCH", "app", `{"range":{"departments":[51120077],"people":[]}}`)
	if r.StatusCode != 200 {
		t.Fatal(string(r.body))
	}
	equal(t, []any{errcode("chairwoman"), errcode("outofrange"), errcode("zhangsan")}, []any{50002, 0, 50002})
	g.must(g.UpdateApp(func(a *App) { a.Range.Departments = []int64{rootDept} }))
	for _, id := range g.People() {
		if p, _ := g.Person(id); p.employed() && !slices.Contains([]any{0.0}, errcode(id)) {
			t.Errorf("%s is out of the range of the root", id)
		}
	}
}
