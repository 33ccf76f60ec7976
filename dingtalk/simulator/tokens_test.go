package simulator

import (
	"net/url"
	"strings"
	"testing"
	"time"
)

func TestM5_UserAccessToken(t *testing.T) {
	g := start(t, Config{})
	const path = "/v1.0/oauth2/userAccessToken"
	likeSample(t, g.exchange(g.code("zhangsan")),
		`{"expireIn":7200,"accessToken":"e7c0b1f25d3a4c68915f7a20d4b6e839","refreshToken":"0c9e6f0d41b24b7f8a35d2e7c1b0a964"}`)
	r := g.exchange(g.code("zhangsan", "scope", "openid corpid"))
	likeSample(t, r, `{"expireIn":7200,"accessToken":"e7c0","refreshToken":"0c9e","corpId":"ding3f2a"}`)
	equal(t, r.json(t)["corpId"], g.CorpID())
	equal(t, r.json(t)["expireIn"], 7200)
	if r := g.exchange(g.code("outsider", "scope", "openid corpid")); r.json(t)["corpId"] == g.CorpID() {
		t.Error("an outsider chose our organisation")
	}
	if ct := r.Header.Get("Content-Type"); ct != "application/json;charset=utf-8" {
		t.Errorf("content type %q", ct)
	}
	if id := r.Header.Get("x-acs-request-id"); len(id) != 36 || id != strings.ToUpper(id) {
		t.Errorf("x-acs-request-id %q", id)
	}

	const noBody = `{"code":"Missingbody","requestid":"ID","message":"body is mandatory for this action."}`
	const noClient = `{"code":"MissingclientId","requestid":"ID","message":"clientId is mandatory for this action."}`
	code := g.code("zhangsan")
	fields := url.Values{"clientId": {g.id}, "clientSecret": {g.key}, "code": {code}, "grantType": {"authorization_code"}}
	for _, tc := range []struct{ name, kind, body, want string }{
		{"form body", "application/x-www-form-urlencoded", fields.Encode(), noBody},
		{"no body", "application/json", "", noBody},
		{"no JSON", "application/json", "clientId", noBody},
		{"an array", "application/json", "[]", noBody},
		{"null", "application/json", "null", noBody},
		{"two documents", "application/json", "{}{}", noBody},
		{"unlabelled", "text/plain", `{"clientId":"` + g.id + `"}`, noBody},
		{"snake case", "application/json", `{"client_id":"` + g.id + `","client_secret":"` + g.key + `","code":"` + code + `","grant_type":"authorization_code"}`, noClient},
		{"another case", "application/json", `{"clientid":"` + g.id + `"}`, noClient},
		{"a number", "application/json", `{"clientId":7}`, noClient},
		{"no secret", "application/json", `{"clientId":"` + g.id + `"}`, `{"code":"MissingclientSecret","requestid":"ID","message":"clientSecret is mandatory for this action."}`},
		{"another grant", "application/json", `{"clientId":"` + g.id + `","clientSecret":"` + g.key + `","grantType":"password"}`, `{"code":"unsupported.grant.type","requestid":"ID","message":"不支持的grantType"}`},
	} {
		t.Run(tc.name, func(t *testing.T) { exact(t, g.do("POST", path, tc.kind, tc.body), 400, tc.want) })
	}
	if r := g.exchange(code); r.StatusCode != 200 {
		t.Errorf("a malformed request burnt the code: %s", r.body)
	}
	exact(t, g.get(path), 404, `{"code":"InvalidAction.NotFound","requestid":"ID","message":"Specified api is not found, please check your url and method."}`)
}

func TestRefreshTokenWorksOnce(t *testing.T) {
	g := start(t, Config{})
	first := g.exchange(g.code("zhangsan")).json(t)
	again := g.exchange(g.code("zhangsan")).json(t)
	equal(t, again["accessToken"], first["accessToken"]) // the same while it is valid
	renew := func(v any) result {
		return g.post("/v1.0/oauth2/userAccessToken", m{"clientId": g.id, "clientSecret": g.key, "refreshToken": v, "grantType": "refresh_token"})
	}
	r := renew(first["refreshToken"])
	second := r.json(t)
	if second["accessToken"] == first["accessToken"] || second["refreshToken"] == first["refreshToken"] {
		t.Errorf("not a new pair: %s", r.body)
	}
	exact(t, renew(first["refreshToken"]), 400, codeRefused)
	if r := g.me(first["accessToken"].(string)); r.StatusCode != 400 {
		t.Errorf("the old token lives: %d", r.StatusCode)
	}
	if r := g.me(second["accessToken"].(string)); r.StatusCode != 200 {
		t.Errorf("the new token: %s", r.body)
	}
	g.must(g.Advance(refreshLife))
	exact(t, renew(second["refreshToken"]), 400, codeRefused)
}

func TestM6_AppToken(t *testing.T) {
	g := start(t, Config{})
	fetch := map[string]func() string{
		"accessToken": g.appToken,
		"gettoken": func() string {
			r := g.get("/gettoken?appkey=" + g.id + "&appsecret=" + g.key)
			likeSample(t, r, `{"errcode":0,"access_token":"96fc7a7axxx","errmsg":"ok","expires_in":7200}`)
			return r.json(t)["access_token"].(string)
		},
		"corpToken": func() string {
			r := g.post("/v1.0/oauth2/"+g.CorpID()+"/token", m{"client_id": g.id, "client_secret": g.key, "grant_type": "client_credentials"})
			likeSample(t, r, `{"access_token":"2bf","expires_in":7200}`)
			return r.json(t)["access_token"].(string)
		},
	}
	likeSample(t, g.post("/v1.0/oauth2/accessToken", m{"appKey": g.id, "appSecret": g.key}), `{"accessToken":"fw8e","expireIn":7200}`)
	works := func(token string) (oldAPI, newAPI bool) {
		old := g.post("/topapi/v2/user/get?access_token="+token, m{"userid": "zhangsan"}).json(t)
		leave := g.get("/v1.0/contact/empLeaveRecords?startTime=2025-01-01T00:00:00Z&endTime=2025-01-02T00:00:00Z", "x-acs-dingtalk-access-token", token)
		return old["errcode"] == 0.0, leave.StatusCode == 200
	}
	token := g.appToken()
	for name, f := range fetch {
		g.must(g.Advance(tokenLife - time.Minute)) // dead by now, were it not extended
		if got := f(); got != token {
			t.Errorf("%s gave another token", name)
		}
		if o, n := works(token); !o || !n {
			t.Errorf("%s: old API %v, new API %v", name, o, n)
		}
	}
	g.must(g.Advance(tokenLife))
	if o, n := works(token); o || n {
		t.Errorf("after its end: old API %v, new API %v", o, n)
	}
	if g.appToken() == token {
		t.Error("the dead token came back")
	}
	g.DropTokens()
	if o, _ := works(token); o {
		t.Error("a dropped token works")
	}
}

func TestM6_AppTokenRefusals(t *testing.T) {
	g := start(t, Config{})
	const bad = `{"code":"invalidClientIdOrSecret","requestid":"ID","message":"无效的clientId或者clientSecret"}`
	exact(t, g.post("/v1.0/oauth2/accessToken", m{"appKey": g.id, "appSecret": "wrong"}), 400, bad)
	exact(t, g.post("/v1.0/oauth2/accessToken", m{"appKey": "wrong", "appSecret": g.key}), 400, bad)
	exact(t, g.do("POST", "/v1.0/oauth2/accessToken", "application/x-www-form-urlencoded", "appKey="+g.id+"&appSecret="+g.key), 400,
		`{"code":"Missingbody","requestid":"ID","message":"body is mandatory for this action."}`)
	exact(t, g.get("/gettoken?appkey="+g.id+"&appsecret=wrong"), 200, `{"errcode":40096,"errmsg":"不合法的appKey或appSecret"}`)
	exact(t, g.do("POST", "/gettoken", "application/x-www-form-urlencoded", "appkey="+g.id+"&appsecret="+g.key), 200,
		`{"errcode":40035,"errmsg":"缺少参数 corpid or appkey"}`)
	for _, tc := range []struct {
		corp, id, key, grant string
		status               int
		code                 string
	}{
		{"ding00000000000000000000", g.id, g.key, "client_credentials", 500, "unknownError"},
		{g.CorpID(), g.id, "wrong", "client_credentials", 400, "invalid.client"},
		{g.CorpID(), g.id, g.key, "password", 400, "unsupported.grant.type"},
	} {
		r := g.post("/v1.0/oauth2/"+tc.corp+"/token", m{"client_id": tc.id, "client_secret": tc.key, "grant_type": tc.grant})
		if r.StatusCode != tc.status || r.json(t)["code"] != tc.code {
			t.Errorf("want %d %s, got %d %s", tc.status, tc.code, r.StatusCode, r.body)
		}
	}
}
