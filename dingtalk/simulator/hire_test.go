package simulator

import (
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
