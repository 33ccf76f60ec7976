package simulator

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

func wrapped(sub int, text, detail string) string {
	return fmt.Sprintf(`{"errcode":88,"sub_code":"%d","sub_msg":"%s","errmsg":"ding talk error[subcode=%d,submsg=%s%s]","request_id":"ID"}`, sub, text, sub, text, detail)
}

func TestM7_OldAPIErrors(t *testing.T) {
	g := start(t, Config{})
	const get = "/topapi/v2/user/get"
	body := m{"userid": "zhangsan"}
	bad := wrapped(40014, "不合法的access_token", "")
	blank := wrapped(40000, "access_token is blank", "")
	exact(t, g.post(get+"?access_token=deadbeef", body), 200, bad)
	exact(t, g.post(get+"?access_token=", body), 200, blank)
	exact(t, g.post(get, body), 200, blank)
	exact(t, g.post(get, body, "x-acs-dingtalk-access-token", g.appToken()), 200, blank) // a header is not taken
	exact(t, g.get("/auth/scopes?access_token=deadbeef"), 200, `{"errcode":40014,"errmsg":"不合法的access_token"}`)
	exact(t, g.get(get+"?access_token="+g.appToken()), 200, `{"errcode":43002,"errmsg":"需要POST请求","request_id":"ID"}`)
	exact(t, g.top("v2/user/nonsense", m{}), 200, `{"errcode":22,"errmsg":"Invalid method[submsg=不合法ApiName:/topapi/v2/user/nonsense]","request_id":"ID"}`)
	exact(t, g.top("user/getbyunionid", m{"unionid": "strangeriEiE"}), 200, `{"errcode":60121,"errmsg":"找不到该用户","request_id":"ID"}`)

	bareBody := g.do("POST", get+"?access_token="+g.appToken(), "", `{"userid":"zhangsan"}`)
	equal(t, bareBody.json(t)["errcode"], 0)
	form := g.do("POST", get, "application/x-www-form-urlencoded", "userid=zhangsan&access_token="+g.appToken())
	equal(t, form.json(t)["errcode"], 0)

	g.must(g.UpdateApp(func(a *App) { a.Permissions = []string{permBase} }))
	text := "应用尚未开通所需的权限：[qyapi_get_member]，点击链接申请并开通即可：https://open-dev.dingtalk.com/appscope/apply?content=" + g.id + "%23qyapi_get_member"
	exact(t, g.top("v2/user/get", body), 200, wrapped(60011, text, "{requiredScopes=[qyapi_get_member]}"))

	g.must(g.UpdateApp(func(a *App) { a.IPAllowlist = []string{"203.0.113.*"} }))
	exact(t, g.top("v2/user/get", body), 200, wrapped(60020, "访问ip不在白名单之中,request ip=127.0.0.1 appKey("+g.id+")", ""))
	g.must(g.UpdateApp(func(a *App) { a.IPAllowlist = []string{"127.0.*.1"}; a.Permissions = knownPermissions }))
	equal(t, g.top("v2/user/get", body).json(t)["errcode"], 0)

	g.must(g.UpdateApp(func(a *App) { a.QPS = 2 }))
	g.freeze()
	token := g.appToken()
	var codes []any
	for range 4 {
		codes = append(codes, g.post(get+"?access_token="+token, body).json(t)["sub_code"])
	}
	equal(t, codes, []any{nil, nil, "90018", "90018"})
}

func TestM8_NewAPIErrors(t *testing.T) {
	g := start(t, Config{})
	exact(t, g.me("deadbeef"), 400, `{"code":"InvalidAuthentication","requestid":"ID","message":"不合法的access_token"}`)
	missing := `{"code":"AuthenticationFailed.MissingParameter","requestid":"ID","message":"缺少参数：x-acs-dingtalk-access-token"}`
	token := g.userToken("zhangsan")
	exact(t, g.get("/v1.0/contact/users/me"), 400, missing)
	exact(t, g.get("/v1.0/contact/users/me", "Authorization", "Bearer "+token), 400, missing)
	exact(t, g.get("/v1.0/contact/users/me?access_token="+token), 400, missing)
	g.must(g.Advance(tokenLife))
	exact(t, g.me(token), 400, `{"code":"InvalidAuthentication","requestid":"ID","message":"不合法的access_token"}`)
	exact(t, g.get("/v1.0/oauth2/token"), 404, `{"code":"InvalidAction.NotFound","requestid":"ID","message":"Specified api is not found, please check your url and method."}`)

	token = g.userToken("zhangsan")
	g.must(g.UpdateApp(func(a *App) { a.Permissions = []string{permOpenApp} }))
	exact(t, g.me(token), 403, `{"code":"Forbidden.AccessDenied.AccessTokenPermissionDenied","requestid":"ID","message":"没有调用该接口的权限","accessdenieddetail":{"requiredScopes":["Contact.User.Read"]}}`)

	g.must(g.UpdateApp(func(a *App) { a.Permissions = knownPermissions; a.IPAllowlist = []string{"203.0.113.24"} }))
	r := g.get("/v1.0/contact/empLeaveRecords?startTime=2025-01-01T00:00:00Z", "x-acs-dingtalk-access-token", g.appToken())
	exact(t, r, 403, `{"code":"Forbidden.AccessDenied.IpNotInWhiteList","requestid":"ID","message":"访问ip不在白名单之中,request ip=127.0.0.1 appKey(`+g.id+`)"}`)

	g.must(g.UpdateApp(func(a *App) { a.QPS = 1 }))
	g.freeze()
	g.me(token)
	exact(t, g.me(token), 403, `{"code":"Forbidden.AccessDenied.QpsLimitForAppkeyAndApi","requestid":"ID","message":"您的应用调用该接口次数过多，超出了该接口承受的最大qps，请求被暂时限制了"}`)
}

func TestM9_TokensOfTheRightKind(t *testing.T) {
	g := start(t, Config{})
	user, app := g.userToken("zhangsan"), g.appToken()
	denied := `{"code":"Forbidden.AccessDenied.AccessTokenPermissionDenied","requestid":"ID","message":"没有调用该接口的权限","accessdenieddetail":{"requiredScopes":["%s"]}}`
	exact(t, g.me(app), 403, fmt.Sprintf(denied, "Contact.User.Read"))
	exact(t, g.get("/v1.0/contact/empLeaveRecords?startTime=2025-01-01T00:00:00Z", "x-acs-dingtalk-access-token", user), 403, fmt.Sprintf(denied, "Contact.Common.Read"))
	for _, r := range table {
		if r.family == topAPI {
			exact(t, g.post(r.path+"?access_token="+user, m{"userid": "zhangsan", "unionid": "x", "dept_id": 1}), 200, wrapped(40014, "不合法的access_token", ""))
		}
	}
}

func TestM10_Me(t *testing.T) {
	g := start(t, Config{})
	token := g.userToken("zhangsan")
	r := g.me(token)
	likeSample(t, r, `{"nick":"阿青","unionId":"iiXk","avatarUrl":"https://x","openId":"7xQm","mobile":"13912345678","stateCode":"86","email":"aqing@example.com"}`)
	me := r.json(t)
	equal(t, g.get("/v1.0/contact/users/"+me["unionId"].(string), "x-acs-dingtalk-access-token", token).json(t), me)
	other, _ := g.Person("lisi")
	exact(t, g.get("/v1.0/contact/users/"+other.UnionID, "x-acs-dingtalk-access-token", token), 404,
		`{"code":"invalidParameter.user.notFound","requestid":"ID","message":"找不到该用户"}`)
	for _, id := range []string{me["unionId"].(string), me["openId"].(string)} {
		if !strings.HasSuffix(id, "iEiE") || len(id) != 27 {
			t.Errorf("id %q", id)
		}
	}
	if _, has := g.me(g.userToken("0156421733781264")).json(t)["email"]; has {
		t.Error("an address at dingtalk.com is told")
	}
	equal(t, g.me(g.userToken("mallory")).json(t)["email"], "san.zhang@corp.example.cn")
	likeSample(t, g.me(g.userToken("inactive")), `{"nick":"n","unionId":"u","openId":"o"}`)
	equal(t, g.me(g.userToken("newline")).json(t)["nick"], "第一行\n第二行\tTab\x00终")
	if body := string(g.me(g.userToken("markup")).body); !strings.Contains(body, "<script>alert('nick')</script>") {
		t.Errorf("markup is escaped, which DingTalk does not do: %s", body)
	}

	g.must(g.UpdateApp(func(a *App) {
		a.Permissions = slices.DeleteFunc(a.Permissions, func(p string) bool { return p == permUserMobile })
	}))
	me = g.me(token).json(t)
	if me["mobile"] != nil || me["stateCode"] != nil {
		t.Errorf("a mobile without permission: %v", me)
	}
}
