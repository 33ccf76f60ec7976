package simulator

import (
	"testing"
	"time"
)

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
