package simulator

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

// newErr is an error of the new API.
func newErr(code, message string) string {
	return `{"code":"` + code + `","requestid":"ID","message":"` + message + `"}`
}

func gate502(status int) string {
	text := fmt.Sprintf("%d %s", status, http.StatusText(status))
	return "<html>\r\n<head><title>" + text + "</title></head>\r\n<body>\r\n<center><h1>" + text + "</h1></center>\r\n<hr><center>tengine</center>\r\n</body>\r\n</html>\r\n"
}

func TestM13_EveryKindOfFault(t *testing.T) {
	g := start(t, Config{})
	token := g.userToken("zhangsan")
	app := g.appToken()
	calls := map[string]func() result{
		"users/me": func() result { return g.me(token) },
		"user/get": func() result { return g.post("/topapi/v2/user/get?access_token="+app, m{"userid": "zhangsan"}) },
		"getbyunionid": func() result {
			p, _ := g.Person("zhangsan")
			return g.post("/topapi/user/getbyunionid?access_token="+app, m{"unionid": p.UnionID})
		},
		"gettoken": func() result { return g.get("/gettoken?appkey=" + g.id + "&appsecret=" + g.key) },
	}
	fast := "您的应用调用该接口次数过多，超出了该接口承受的最大qps，请求被暂时限制了"
	all := allTooFast.text
	perm := "应用尚未开通所需的权限：[qyapi_get_member]，点击链接申请并开通即可：https://open-dev.dingtalk.com/appscope/apply?content=" + g.id + "%23qyapi_get_member"
	ip := "访问ip不在白名单之中,request ip=127.0.0.1 appKey(" + g.id + ")"
	const f403 = "Forbidden.AccessDenied."
	const ok = `{"errcode":0,"errmsg":"ok","result":{"contact_type":0,"userid":"zhangsan"},"request_id":"ID"}`

	tested := map[string]bool{}
	for _, tc := range []struct {
		call, kind string
		status     int
		want       string
	}{
		{"user/get", "qps", 200, wrapped(90018, fast, "")},
		{"user/get", "90018", 200, wrapped(90018, fast, "")},
		{"gettoken", "qps", 200, `{"errcode":90018,"errmsg":"` + fast + `"}`},
		{"users/me", "qps403", 403, newErr(f403+"QpsLimitForAppkeyAndApi", fast)},
		{"user/get", "qps-bare", 200, `{"errcode":88,"errmsg":"ding talk error[subcode=90018,submsg=` + fast + `]"}`},
		{"user/get", "90002", 200, wrapped(90002, all, "")},
		{"users/me", "qps-api", 403, newErr(f403+"QpsLimitForApi", all)},
		{"user/get", "qps-api-bare", 200, `{"errcode":88,"errmsg":"ding talk error[subcode=90002,submsg=` + all + `]"}`},
		{"users/me", "qps-minute", 403, newErr(f403+"QpmLimitForAppkeyAndApi", minuteFast.text)},
		{"user/get", "90020", 200, wrapped(90020, quotaSpent.text, "")},
		{"users/me", "quota", 403, newErr(f403+"ApiCountLimitForOrg", quotaSpent.text)},
		{"user/get", "permission", 200, wrapped(60011, perm, "{requiredScopes=[qyapi_get_member]}")},
		{"users/me", "60011", 403, `{"code":"Forbidden.AccessDenied.AccessTokenPermissionDenied","requestid":"ID","message":"没有调用该接口的权限","accessdenieddetail":{"requiredScopes":["Contact.User.Read"]}}`},
		{"user/get", "60020", 200, wrapped(60020, ip, "")},
		{"user/get", "ip-bare", 200, `{"errcode":88,"errmsg":"ding talk error[subcode=60020,submsg=` + ip + `]"}`},
		{"users/me", "ip", 403, newErr(f403+"IpNotInWhiteList", ip)},
		{"user/get", "badtoken", 200, wrapped(40014, "不合法的access_token", "")},
		{"users/me", "40014", 400, newErr("InvalidAuthentication", "不合法的access_token")},
		{"users/me", "missing-token", 400, newErr("AuthenticationFailed.MissingParameter", "缺少参数：x-acs-dingtalk-access-token")},
		{"users/me", "expired-user", 400, newErr("accesstoken.expired", "用户accessToken过期")},
		{"users/me", "user-notfound", 404, newErr("invalidParameter.user.notFound", "找不到该用户")},
		{"users/me", "cross-org", 403, newErr("unsupported.operation", "Does not support cross-org access")},
		{"users/me", "specified-absent", 404, newErr("InvalidAction.NotFound", "Specified api is not found, please check your url and method.")},
		{"users/me", "code-notfound", 400, codeRefused},
		{"users/me", "bad-credentials", 400, newErr("invalidClientIdOrSecret", "无效的clientId或者clientSecret")},
		{"gettoken", "bad-credentials", 200, `{"errcode":40096,"errmsg":"不合法的appKey或appSecret"}`},
		{"user/get", "unknown-method", 200, plain("22", "Invalid method[submsg=不合法ApiName:/topapi/v2/user/get]")},
		{"user/get", "88-empty", 200, `{"errcode":88,"sub_code":"","sub_msg":"","errmsg":"ding talk error[subcode=,submsg=]","request_id":"ID"}`},
		{"user/get", "busy", 200, plain("-1", "系统繁忙")},
		{"users/me", "busy", 400, newErr("system.busy", "系统繁忙")},
		{"user/get", "60120", 200, plain("60120", "用户已被禁用")},
		{"user/get", "errcode:50002", 200, plain("50002", "企业员工不在授权范围")},
		{"gettoken", "-1", 200, `{"errcode":-1,"errmsg":"系统繁忙"}`},
		{"user/get", "404", 404, gate502(404)},
		{"users/me", "429", 429, newErr("system.busy", "系统繁忙")},
		{"user/get", "429", 429, gate502(429)},
		{"users/me", "500", 500, newErr("unknownError", "未知错误")},
		{"user/get", "500", 500, gate502(500)},
		{"users/me", "502", 502, gate502(502)},
		{"users/me", "503", 503, newErr("unknownError", "未知错误")},
		{"user/get", "504", 504, gate502(504)},
		{"user/get", "html", 200, "<!DOCTYPE html><html><body><h1>访问被拒绝</h1></body></html>"},
		{"users/me", "x5", 200, `{"status":1111,"wait":5,"source":"x5","punish":"deny","uuid":"0b86a1f2176380000000000d1e5f"}`},
		{"user/get", "empty", 200, ""},
		{"user/get", "null", 200, "null"},
		{"user/get", "array", 200, "[]"},
		{"user/get", "object", 200, "{}"},
		{"user/get", "not-json", 200, "success"},
		{"user/get", "redirect", 302, ""},
		{"getbyunionid", "slow", 200, ok},
		{"getbyunionid", "trailing", 200, ok + `{"more":1}`},
		{"getbyunionid", "errcode-string", 200, `{"errcode":"0","errmsg":"ok","request_id":"ID","result":{"contact_type":0,"userid":"zhangsan"}}`},
		{"getbyunionid", "drop:userid", 200, `{"errcode":0,"errmsg":"ok","request_id":"ID","result":{"contact_type":0}}`},
		{"getbyunionid", "drop:result", 200, `{"errcode":0,"errmsg":"ok","request_id":"ID"}`},
		{"getbyunionid", "drop:nothing", 200, ok},
		{"getbyunionid", "drop:result.nothing", 200, ok},
		{"getbyunionid", "null:result.userid", 200, `{"errcode":0,"errmsg":"ok","request_id":"ID","result":{"contact_type":0,"userid":null}}`},
		{"getbyunionid", "retype:contact_type", 200, `{"errcode":0,"errmsg":"ok","request_id":"ID","result":{"contact_type":"0","userid":"zhangsan"}}`},
		{"getbyunionid", "retype:userid", 200, `{"errcode":0,"errmsg":"ok","request_id":"ID","result":{"contact_type":0,"userid":7}}`},
		{"getbyunionid", "retype:result", 200, `{"errcode":0,"errmsg":"ok","request_id":"ID","result":[]}`},
	} {
		name, _, _ := strings.Cut(tc.kind, ":")
		if alias, has := aliases[name]; has {
			name = alias
		}
		tested[name] = true
		t.Run(tc.call+" "+tc.kind, func(t *testing.T) {
			f := Fault{Call: tc.call, Kind: tc.kind}
			if tc.kind == "slow" {
				f.Delay = time.Millisecond
			}
			g.must(g.Fault(f))
			exact(t, calls[tc.call](), tc.status, tc.want)
			if r := calls[tc.call](); r.err != nil || r.StatusCode != 200 || strings.Contains(string(r.body), `"sub_code"`) {
				t.Errorf("the fault stays: %v %s", r.err, r.body)
			}
		})
	}

	for _, kind := range []string{"reset", "lost", "cut", "truncated", "huge", "error", "set:userid"} {
		name, _, _ := strings.Cut(kind, ":")
		tested[name] = true
		t.Run(kind, func(t *testing.T) {
			f := Fault{Call: "getbyunionid", Kind: kind, Status: 418, Code: "70001", Message: "企业不存在", Value: []byte(`["x"]`)}
			g.must(g.Fault(f))
			r := calls["getbyunionid"]()
			switch kind {
			case "reset", "lost", "cut":
				if r.err == nil {
					t.Errorf("an answer: %d %s", r.StatusCode, r.body)
				}
			case "truncated":
				if r.err != nil || !strings.HasPrefix(`{"errcode":0,"errmsg":"ok","result":{"contact_type":0`, string(r.body[:20])) || strings.HasSuffix(string(r.body), "}") {
					t.Errorf("%v %s", r.err, r.body)
				}
			case "huge":
				if len(r.body) < 4<<20 || r.json(t)["errcode"] != 0.0 {
					t.Errorf("%d bytes", len(r.body))
				}
			case "error":
				exact(t, r, 418, plain("70001", "企业不存在"))
			case "set:userid":
				exact(t, r, 200, `{"errcode":0,"errmsg":"ok","request_id":"ID","result":{"contact_type":0,"userid":["x"]}}`)
			}
			exact(t, calls["getbyunionid"](), 200, ok)
		})
	}
	for name, k := range kinds {
		if !tested[name] && k.varies == 0 {
			t.Errorf("the kind %s has no test", name)
		}
	}
}

func TestM13_LostMeansTheCallTookEffect(t *testing.T) {
	g := start(t, Config{})
	for _, tc := range []struct {
		kind  string
		spent bool
	}{{"lost", true}, {"reset", false}, {"500", false}} {
		code := g.code("zhangsan")
		g.must(g.Fault(Fault{Call: "userAccessToken", Kind: tc.kind}))
		g.exchange(code)
		if r := g.exchange(code); (r.StatusCode == 400) != tc.spent {
			t.Errorf("%s: then %d", tc.kind, r.StatusCode)
		}
	}
}

func TestM13_FaultsStrikeWhatIsNamed(t *testing.T) {
	g := start(t, Config{})
	token := g.userToken("zhangsan")
	status := func() int { return g.me(token).StatusCode }
	g.must(g.Fault(Fault{Call: "users/me", Kind: "500", Count: 2}))
	g.must(g.Fault(Fault{Call: "users/me", Kind: "503"}))
	if app := g.appToken(); app == "" {
		t.Error("another call was struck")
	}
	equal(t, []int{status(), status(), status(), status()}, []int{500, 500, 503, 200})

	g.must(g.ApproveAs(""))
	g.must(g.Fault(Fault{Call: "*", Kind: "500", Count: -1}))
	if r := g.get(g.authorize()); r.StatusCode != 200 {
		t.Errorf("* struck the login page: %d", r.StatusCode)
	}
	equal(t, []int{status(), status(), g.get("/gettoken").StatusCode, g.get("/v1.0/nonsense").StatusCode}, []int{500, 500, 500, 500})
	if r := g.control("GET", "faults", ""); string(r.body) != `{"faults":[{"call":"*","kind":"500","count":-1}]}`+"\n" {
		t.Errorf("list %s", r.body)
	}
	g.control("DELETE", "faults", "")
	equal(t, status(), 200)

	g.must(g.Fault(Fault{Call: "auth", Kind: "502"}))
	if r := g.get(g.authorize()); r.StatusCode != 502 {
		t.Errorf("login page: %d", r.StatusCode)
	}
	// A fault of the redirect waits until there is one.
	g.must(g.Fault(Fault{Call: "auth", Kind: "code-only"}))
	g.get(g.authorize())
	g.must(g.ApproveAs("zhangsan"))
	if q := g.back(g.get(g.authorize())); q.Has("authCode") {
		t.Errorf("sent back with %v", q)
	}
}

func TestM13_FaultsAreChecked(t *testing.T) {
	g := start(t, Config{})
	for _, body := range []string{
		`{"call":"users/me","kind":"nonsense"}`,
		`{"call":"nonsense","kind":"500"}`,
		`{"kind":"500"}`,
		`{"call":"users/me","kind":"60120"}`,    // no errcode on the new API
		`{"call":"users/me","kind":"refuse"}`,   // of the login page only
		`{"call":"auth","kind":"qps"}`,          // of the APIs only
		`{"call":"*","kind":"refuse"}`,          //
		`{"call":"users/me","kind":"drop:"}`,    // which field?
		`{"call":"users/me","kind":"set:nick"}`, // to what?
		`{"call":"users/me","kind":"error"}`,    // which?
		`{"call":"users/me","kind":"slow","delay":"-1s"}`,
		`{"call":"users/me","kind":"slow","delay":"long"}`,
		`{"call":"users/me","kind":"500","times":2}`,
	} {
		if r := g.control("POST", "faults", body); r.StatusCode != 400 || !strings.Contains(string(r.body), `"error"`) {
			t.Errorf("%s: %d %s", body, r.StatusCode, r.body)
		}
	}
	if r := g.control("POST", "faults", `{"call":"users/me","kind":"slow","delay":"1ms","count":1}`); r.StatusCode != 200 {
		t.Errorf("a good one: %s", r.body)
	}
}

func TestM13_SlowEndsWithTheCaller(t *testing.T) {
	g := start(t, Config{})
	g.must(g.Fault(Fault{Call: "gettoken", Kind: "slow", Delay: time.Hour}))
	ctx, cancel := context.WithCancel(t.Context())
	req, err := http.NewRequestWithContext(ctx, "GET", g.url+"/gettoken", nil)
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		for g.faults.n.Load() > 0 { // until the fault is taken
			time.Sleep(time.Millisecond)
		}
		cancel()
	}()
	if _, err := g.http.Do(req); err == nil {
		t.Error("an answer")
	} // and the server of start closes, which it would not while a handler hangs
}
