package simulator

import (
	"runtime"
	"testing"
	"time"
)

func TestM38_UseridOfALeaver(t *testing.T) {
	g := start(t, Config{Extra: 2})
	old, _ := g.Person("zhangsan")
	token, code := g.userToken("zhangsan"), g.code("zhangsan")
	begin := g.Now().Add(-time.Minute).UTC().Format(time.RFC3339)
	const newcomer = `{"userid":"zhangsan","nick":"新人","name":"章三","departments":[39960014],"mobile":"13000000000"}`
	if r := g.control("POST", "people", newcomer); r.StatusCode != 400 {
		t.Errorf("in the lifetime of another: %s", r.body)
	}
	g.must(g.Leave("zhangsan"))
	r := g.control("POST", "people", newcomer)
	if r.StatusCode != 200 {
		t.Fatal(string(r.body))
	}
	p, _ := g.Person("zhangsan")
	equal(t, r.json(t), m{"userid": "zhangsan", "unionid": p.UnionID, "former": "zhangsan.former1"})
	if p.UnionID == old.UnionID || p.OpenID == old.OpenID || p.Name != "章三" || p.JobNumber != "" {
		t.Errorf("the new one is %+v", p)
	}
	former, _ := g.Person("zhangsan.former1")
	if former.UnionID != old.UnionID || former.OpenID != old.OpenID || !former.Outsider || former.Left || former.Nick != old.Nick {
		t.Errorf("the old one is %+v", former)
	}
	// The account goes on, as that of a stranger.
	me := g.me(token).json(t)
	equal(t, me["unionId"], old.UnionID)
	equal(t, g.me(g.exchange(code).json(t)["accessToken"].(string)).json(t)["unionId"], old.UnionID)
	equal(t, g.me(g.userToken("zhangsan")).json(t)["unionId"], p.UnionID)
	exact(t, g.top("user/getbyunionid", m{"unionid": old.UnionID}), 200, plain("60121", "找不到该用户"))
	exact(t, g.top("user/getbyunionid", m{"unionid": p.UnionID}), 200, `{"errcode":0,"errmsg":"ok","result":{"contact_type":0,"userid":"zhangsan"},"request_id":"ID"}`)
	user := g.top("v2/user/get", m{"userid": "zhangsan"}).json(t)["result"].(m)
	equal(t, []any{user["unionid"], user["name"]}, []any{p.UnionID, "章三"})
	left := g.get("/v1.0/contact/empLeaveRecords?startTime="+begin, "x-acs-dingtalk-access-token", g.appToken()).json(t)["records"].([]any)
	equal(t, []any{len(left), left[0].(m)["name"]}, []any{1, "张三"}) // who he was then

	g.must(g.Leave("zhangsan"))
	if former, err := g.Hire(Person{UserID: "zhangsan", Nick: "三", Departments: []int64{1}}); former != "zhangsan.former2" || err != nil {
		t.Errorf("once more: %q, %v", former, err)
	}
	if third, _ := g.Person("zhangsan"); third.UnionID == p.UnionID || third.UnionID == old.UnionID {
		t.Errorf("the third is %+v", third)
	}
	// Those who were hired are not among the invented ones, of whom Anyone is made up.
	ids := g.People()
	equal(t, ids[len(ids)-2:], []string{"p000001", "p000002"})
	for _, bad := range []string{`{}`, `{"userid":"x"}`, `{"userid":"x","nick":"x"}`, `{"userid":"x","nick":"x","departments":[7]}`,
		`{"userid":"x","nick":"x","departments":[1],"unionid":"` + p.UnionID + `"}`, `{"userid":"any","nick":"x","departments":[1]}`, `{"shoe":1}`} {
		if r := g.control("POST", "people", bad); r.StatusCode != 400 {
			t.Errorf("%s: %d %s", bad, r.StatusCode, r.body)
		}
	}
}

func TestM39_Migration(t *testing.T) {
	g := start(t, Config{})
	ask := func(unionID string) result {
		return g.get("/v1.0/contact/orgAccount/getUnionIdByMigrationUnionIds?migrationUnionId="+unionID, "x-acs-dingtalk-access-token", g.appToken())
	}
	old, _ := g.Person("lisi")
	token := g.userToken("lisi")
	exact(t, ask(""), 400, `{"code":"invalid.param","requestid":"ID","message":"参数错误"}`)
	exact(t, ask("nobodysUnionIdiEiE"), 400, `{"code":"invalid.unionId","requestid":"ID","message":"无效的unionId"}`)
	exact(t, ask(old.UnionID), 400, `{"code":"illegal.migration.unionId","requestid":"ID","message":"不是迁移后的unionId"}`)
	r := g.control("POST", "people/lisi/migrate", "")
	p, _ := g.Person("lisi")
	equal(t, r.json(t), m{"userid": "lisi", "unionid": p.UnionID})
	if p.UnionID == old.UnionID || p.OpenID == old.OpenID || p.Name != old.Name || !p.ExclusiveAccount {
		t.Errorf("migrated: %+v", p)
	}
	exact(t, ask(p.UnionID), 200, `{"unionId":"`+old.UnionID+`"}`)
	exact(t, ask(old.UnionID), 400, `{"code":"invalid.unionId","requestid":"ID","message":"无效的unionId"}`)
	if r := g.me(token); r.StatusCode != 400 {
		t.Errorf("a token of the old account: %d", r.StatusCode)
	}
	equal(t, g.me(g.userToken("lisi")).json(t)["unionId"], p.UnionID)
	exact(t, g.top("user/getbyunionid", m{"unionid": old.UnionID}), 200, plain("60121", "找不到该用户"))
	exact(t, g.top("user/getbyunionid", m{"unionid": p.UnionID}), 200, `{"errcode":0,"errmsg":"ok","result":{"contact_type":0,"userid":"lisi"},"request_id":"ID"}`)

	g.must(g.Migrate("lisi", "chosenUnionId0001iEiE"))
	exact(t, ask("chosenUnionId0001iEiE"), 200, `{"unionId":"`+p.UnionID+`"}`)
	zhangsan, _ := g.Person("zhangsan")
	for path, body := range map[string]string{"people/outsider/migrate": "", "people/lisi/migrate": `{"unionid":"` + zhangsan.UnionID + `"}`,
		"people/zhangsan2/migrate": `{"unionid":"!"}`, "people/zhangsan/migrate": `{"colour":1}`} {
		if r := g.control("POST", path, body); r.StatusCode != 400 {
			t.Errorf("%s %s: %d", path, body, r.StatusCode)
		}
	}
	if r := g.control("POST", "people/nobody/migrate", ""); r.StatusCode != 404 {
		t.Errorf("nobody: %d", r.StatusCode)
	}
	g.must(g.UpdateApp(func(a *App) { a.Permissions = nil }))
	exact(t, ask(p.UnionID), 403, `{"code":"Forbidden.AccessDenied.AccessTokenPermissionDenied","requestid":"ID","message":"没有调用该接口的权限","accessdenieddetail":{"requiredScopes":["Contact.OrgAccountMigration.Read"]}}`)
}

func TestM40_EmptyDirectory(t *testing.T) {
	g := start(t, Config{})
	p, _ := g.Person("zhangsan")
	g.must(g.Leave("lisi"))
	code := g.inAppCode("zhangsan")
	g.must(g.SetVariants(map[string]string{"directory": "empty"}))
	nobody := plain("60121", "找不到该用户")
	exact(t, g.top("user/getbyunionid", m{"unionid": p.UnionID}), 200, nobody)
	exact(t, g.top("v2/user/get", m{"userid": "zhangsan"}), 200, nobody)
	exact(t, g.top("v2/user/getuserinfo", m{"code": code}), 200, nobody)
	exact(t, g.top("v2/department/listparentbyuser", m{"userid": "zhangsan"}), 200, plain("33012", "无效的USERID"))
	exact(t, g.top("user/listid", m{"dept_id": 1}), 200, `{"errcode":0,"errmsg":"ok","result":{"userid_list":[]},"request_id":"ID"}`)
	exact(t, g.top("v2/department/listsubid", m{}), 200, `{"errcode":0,"errmsg":"ok","result":{"dept_id_list":[]},"request_id":"ID"}`)
	exact(t, g.top("v2/department/listsub", m{}), 200, `{"errcode":0,"errmsg":"ok","result":[],"request_id":"ID"}`)
	exact(t, g.top("role/list", m{}), 200, `{"errcode":0,"errmsg":"ok","result":{"hasMore":false,"list":[]},"request_id":"ID"}`)
	begin := g.Now().Add(-time.Minute).UTC().Format(time.RFC3339)
	exact(t, g.get("/v1.0/contact/empLeaveRecords?startTime="+begin, "x-acs-dingtalk-access-token", g.appToken()), 200, `{"records":[]}`)
	equal(t, g.me(g.userToken("zhangsan")).json(t)["unionId"], p.UnionID)
	g.must(g.SetVariants(map[string]string{"directory": "full"}))
	equal(t, g.top("v2/user/get", m{"userid": "zhangsan"}).json(t)["errcode"], 0)
}

func TestM41_BigCompany(t *testing.T) {
	g := start(t, Config{})
	known := len(g.People())
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	begun := time.Now()
	if r := g.control("POST", "grow", `{"people":50000,"departments":500}`); r.StatusCode != 200 {
		t.Fatal(string(r.body))
	}
	took := time.Since(begun)
	runtime.GC()
	runtime.ReadMemStats(&after)
	grown := (after.HeapAlloc - before.HeapAlloc) >> 20
	t.Logf("%v, %d MiB", took, grown)
	if took > 10*time.Second || grown > 100 {
		t.Errorf("it took %v and %d MiB", took, grown)
	}
	if n := len(g.People()); n != known+50_000 {
		t.Errorf("%d people", n-known)
	}
	list := g.Departments()
	if n := len(list) - len(DefaultCompany().Departments); n != 500 {
		t.Errorf("%d departments", n)
	}
	tops := 0
	members := 0
	for _, d := range list {
		if d.ID < firstInvented {
			continue
		}
		if d.Parent < firstInvented {
			tops++
		}
		ids := g.top("user/listid", m{"dept_id": d.ID}).json(t)["result"].(m)["userid_list"].([]any)
		members += len(ids)
		if len(ids) != 100 {
			t.Fatalf("%d people in %d", len(ids), d.ID)
		}
	}
	if tops != 50 || members != 50_000 {
		t.Errorf("%d departments above others, %d members", tops, members)
	}
	user := g.top("v2/user/get", m{"userid": "p050000"}).json(t)
	equal(t, user["errcode"], 0)
	chains := g.top("v2/department/listparentbyuser", m{"userid": "p050000"}).json(t)["result"].(m)["parent_list"].([]any)
	if ids := chains[0].(m)["parent_dept_id_list"].([]any); len(ids) < 3 || len(ids) > 5 {
		t.Errorf("chain %v", ids)
	}
	for _, bad := range []string{`{"people":-1}`, `{"people":2000000}`, `{"departments":200000}`, `{"departments":-1}`, `{"people":1,"count":1}`} {
		if r := g.control("POST", "grow", bad); r.StatusCode != 400 {
			t.Errorf("%s: %d", bad, r.StatusCode)
		}
	}
}

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

func TestPermissionsAndRangeCanBeTaken(t *testing.T) {
	g := start(t, Config{})
	p, _ := g.Person("zhangsan")
	patch := func(body string) {
		t.Helper()
		if r := g.control("PATCH", "app", body); r.StatusCode != 200 {
			t.Fatalf("%s: %s", body, r.body)
		}
	}
	patch(`{"range":{"departments":[39960013],"people":["lisi"]}}`)
	exact(t, g.top("v2/user/get", m{"userid": "zhangsan"}), 200, plain("50002", "企业员工不在授权范围"))
	equal(t, g.top("v2/user/get", m{"userid": "lisi"}).json(t)["errcode"], 0)
	equal(t, g.top("user/getbyunionid", m{"unionid": p.UnionID}).json(t)["errcode"], 0)
	equal(t, g.top("v2/department/listparentbyuser", m{"userid": "zhangsan"}).json(t)["errcode"], 0)
	equal(t, g.get("/auth/scopes?access_token=" + g.appToken()).json(t)["auth_org_scopes"], m{"authed_user": []string{"lisi"}, "authed_dept": []int64{39960013}})
	patch(`{"permissions":["qyapi_base"]}`)
	for _, path := range []string{"v2/user/get", "user/getbyunionid", "v2/department/listparentbyuser", "user/listid", "role/list"} {
		equal(t, g.top(path, m{"userid": "lisi"}).json(t)["sub_code"], "60011")
	}
}

func TestM42_Rates(t *testing.T) {
	g := start(t, Config{})
	at := time.Unix(1_763_800_000, 900_000_000)
	g.frozen.Store(&at)
	if r := g.control("PATCH", "app", `{"qps":20}`); r.StatusCode != 200 {
		t.Fatal(string(r.body))
	}
	token := g.appToken()
	get := func() any {
		return g.post("/topapi/v2/user/get?access_token="+token, m{"userid": "zhangsan"}).json(t)["errcode"]
	}
	passed := 0
	for range 23 {
		if get() == 0.0 {
			passed++
		}
	}
	if passed != 20 {
		t.Errorf("%d calls passed in one second", passed)
	}
	equal(t, g.post("/topapi/user/getbyunionid?access_token="+token, m{"unionid": "x1234567"}).json(t)["errcode"], 60121) // each call has its own
	next := at.Add(200 * time.Millisecond)                                                                                // another second of the clock, and less than one later
	g.frozen.Store(&next)
	for range 5 {
		if get() != 0.0 {
			t.Error("refused in a new second")
		}
	}
	equal(t, g.Rates()["user/get"], Rate{Calls: 28, Most: 23, MostSliding: 28})
	equal(t, g.Rates()["getbyunionid"], Rate{1, 1, 1})
	later := at.Add(5 * time.Second)
	g.frozen.Store(&later)
	get()
	var out struct{ Rates map[string]Rate }
	g.must(jsonOf(g.control("GET", "rates", ""), &out))
	equal(t, out.Rates["user/get"], Rate{29, 23, 28})
	g.control("DELETE", "rates", "")
	equal(t, len(g.Rates()), 0)
}
