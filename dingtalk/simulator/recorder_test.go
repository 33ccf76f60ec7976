package simulator

import (
	"encoding/json"
	"net/url"
	"strconv"
	"strings"
	"testing"
)

func TestM16_CallLogHoldsNoSecret(t *testing.T) {
	g := start(t, Config{})
	code := g.code("zhangsan", "state", "the-state-of-the-relying-party")
	r := g.exchange(code).json(t)
	access, refresh := r["accessToken"].(string), r["refreshToken"].(string)
	g.me(access)
	g.post("/v1.0/oauth2/userAccessToken", m{"clientId": g.id, "clientSecret": g.key, "refreshToken": refresh, "grantType": "refresh_token"})
	app := g.appToken()
	g.get("/gettoken?appkey=" + g.id + "&appsecret=" + g.key)
	g.top("v2/user/get", m{"userid": "zhangsan"})
	g.do("POST", "/topapi/v2/user/get", "application/x-www-form-urlencoded", "userid=zhangsan&access_token="+app)
	g.get("/topapi/v2/user/get?surprise=" + access)
	g.must(g.Fault(Fault{Call: "auth/scopes", Kind: "reset", Count: -1})) // Go's client repeats such a GET
	g.get("/auth/scopes")

	sns, inApp := g.snsCode("zhangsan", g.id), g.inAppCode("zhangsan")
	stamp := strconv.FormatInt(g.Now().UnixMilli(), 10)
	proof := sign(g.key, stamp)
	g.post(bycode(g.id, stamp, proof), m{"tmp_auth_code": sns})
	g.top("v2/user/getuserinfo", m{"code": inApp})
	_, messages := posted(t, g.get("/login/qrcode.htm?goto="+url.QueryEscape(g.sns("oauth2/sns_authorize", g.id))))
	tmp := messages[0].(string)
	g.get(g.sns("oauth2/sns_authorize", g.id, "loginTmpCode", tmp))

	log := string(g.control("GET", "log", "").body)
	for name, secret := range map[string]string{"code": code, "access token": access, "refresh token": refresh, "app token": app,
		"client secret": g.key, "state": "the-state-of-the-relying-party", "scan app's secret": g.ScanApp().AppSecret,
		"sns code": sns, "in-app code": inApp, "signature": proof, "loginTmpCode": tmp} {
		if strings.Contains(log, secret) {
			t.Errorf("the log holds the %s", name)
		}
	}
	calls := func(query string) (found []Call) {
		var out struct{ Calls []Call }
		if err := json.Unmarshal(g.control("GET", "log"+query, "").body, &out); err != nil {
			t.Fatal(err)
		}
		return out.Calls
	}
	all := calls("")
	for i, c := range all {
		if c.Seq != uint64(i+1) {
			t.Errorf("call %d has number %d", i+1, c.Seq)
		}
	}
	if first := all[0]; first.Call != "auth" || first.Method != "GET" || first.Path != "/oauth2/auth" || first.Status != 302 ||
		first.Code != "ok" || first.Query["redirect_uri"] != callback || first.Query["state"] != masked("the-state-of-the-relying-party") {
		t.Errorf("first call %+v", first)
	}
	if got := calls("?call=userAccessToken"); len(got) != 2 || got[0].Body["code"] != masked(code) || got[0].Body["clientId"] != g.id {
		t.Errorf("exchanges %+v", got)
	}
	if got := calls("?call=users/me"); len(got) != 1 || got[0].Kind != "user" || got[0].Token != masked(access) {
		t.Errorf("users/me %+v", got)
	}
	if got := calls("?call=user/get"); len(got) != 3 || got[0].Kind != "app" || got[1].Token != masked(app) || got[0].Body["userid"] != "zhangsan" {
		t.Errorf("user/get %+v", got)
	}
	if got := calls("?call=getuserinfo_bycode"); len(got) != 1 || got[0].Kind != "signature" || got[0].Token != masked(proof) ||
		got[0].Query["accessKey"] != g.id || got[0].Query["timestamp"] != stamp || got[0].Body["tmp_auth_code"] != masked(sns) {
		t.Errorf("getuserinfo_bycode %+v", got)
	}
	if got := calls("?call=getuserinfo"); len(got) != 1 || got[0].Body["code"] != masked(inApp) {
		t.Errorf("getuserinfo %+v", got)
	}
	if got := calls("?call=auth/scopes"); len(got) == 0 || got[0].Status != 0 || got[0].Fault != "reset" {
		t.Errorf("auth/scopes %+v", got)
	}
	last := all[len(all)-1].Seq
	if got := calls("?since=" + strconv.FormatUint(last-1, 10)); len(got) != 1 || got[0].Seq != last {
		t.Errorf("since: %d calls", len(got))
	}
	if r := g.control("GET", "log?since=x", ""); r.StatusCode != 400 {
		t.Errorf("since=x: %d", r.StatusCode)
	}
}

func TestM16_CallLogIsBounded(t *testing.T) {
	g := start(t, Config{LogSize: 3})
	for range 7 {
		g.get("/gettoken")
	}
	var seqs []uint64
	for _, c := range g.Calls() {
		seqs = append(seqs, c.Seq)
	}
	equal(t, seqs, []uint64{5, 6, 7})

	long := strings.Repeat("x", 5000)
	g.get("/gettoken?appkey=" + long + "&" + long + "=1")
	if c := g.Calls()[2]; len(c.Query["appkey"]) > 2*maxShown || strings.Contains(string(encode(c)), long) {
		t.Error("a long value is kept whole")
	}

	if r := g.control("POST", "log", `{"keep":-1}`); r.StatusCode != 200 {
		t.Fatal(string(r.body))
	}
	g.get("/gettoken")
	if n := len(g.Calls()); n != 0 {
		t.Errorf("%d calls although switched off", n)
	}
	g.KeepCalls(0)
	g.get("/gettoken")
	if n := len(g.Calls()); n != 1 {
		t.Errorf("%d calls after switching on", n)
	}
	for _, bad := range []string{`{}`, `{"keep":2000000}`, `{"keep":"all"}`} {
		if r := g.control("POST", "log", bad); r.StatusCode != 400 {
			t.Errorf("%s: %d", bad, r.StatusCode)
		}
	}
	if n := len(start(t, Config{LogSize: -1}).Calls()); n != 0 {
		t.Errorf("%d calls", n)
	}
}
