package simulator

import (
	"strings"
	"testing"
	"time"
)

func TestM30_TwoSimulatorsShareNothing(t *testing.T) {
	one, two := start(t, Config{As: "zhangsan"}), start(t, Config{Company: SecondCompany(), As: "zhangsan"})
	if one.CorpID() == two.CorpID() || one.id == two.id || one.ScanApp().AppID == two.ScanApp().AppID || one.ScanApp().AppSecret == two.ScanApp().AppSecret {
		t.Fatal("the two have a name or secret in common")
	}
	mine, his := one.me(one.userToken("zhangsan")).json(t), two.me(two.userToken("zhangsan")).json(t)
	for _, name := range []string{"nick", "avatarUrl", "mobile", "email"} {
		equal(t, his[name], mine[name])
	}
	for _, name := range []string{"unionId", "openId"} {
		if his[name] == mine[name] {
			t.Errorf("both have the %s %v", name, mine[name])
		}
	}
	exact(t, two.top("user/getbyunionid", m{"unionid": mine["unionId"]}), 200, plain("60121", "找不到该用户"))

	web, sns, inApp := one.code("lisi"), one.snsCode("lisi", one.ScanApp().AppID), one.inAppCode("lisi")
	scan := two.ScanApp()
	exact(t, two.exchange(web), 400, codeRefused)
	exact(t, two.scan(scan.AppID, scan.AppSecret, sns), 200, snsNotFound)
	exact(t, two.top("v2/user/getuserinfo", m{"code": inApp}), 200, inAppNotFound)
	equal(t, two.scan(one.ScanApp().AppID, one.ScanApp().AppSecret, sns).json(t)["errcode"], 853003)
	equal(t, two.post("/topapi/v2/user/get?access_token="+one.appToken(), m{"userid": "lisi"}).json(t)["sub_code"], "40014")

	before := two.Now()
	one.must(one.Advance(24 * time.Hour))
	one.must(one.Fault(Fault{Call: "*", Kind: "500", Count: -1}))
	one.must(one.SetVariants(map[string]string{"bearer": "accepted"}))
	one.must(one.LogInToClient("lisi"))
	one.RegisterLoopback()
	one.RefuseOutsiders(true)
	if two.Now().Sub(before) > time.Hour || two.Variants()["bearer"] != "refused" || two.loopback.Load() || two.strict.Load() || *two.holder.Load() != "" {
		t.Error("steering one steered the other")
	}
	equal(t, two.top("v2/user/get", m{"userid": "lisi"}).json(t)["errcode"], 0)
}

func TestRegisterLoopback(t *testing.T) {
	g := start(t, Config{As: "zhangsan"})
	paths := func(to string) []string {
		return []string{g.authorize("redirect_uri", to), g.sns("qrconnect", g.id, "redirect_uri", to), g.sns("qrconnect", g.ScanApp().AppID, "redirect_uri", to)}
	}
	check := func(to string, status int) {
		t.Helper()
		for _, path := range paths(to) {
			if r := g.get(path); r.StatusCode != status {
				t.Errorf("%s: %d", path, r.StatusCode)
			}
		}
	}
	check("http://localhost:5173/cb", 400)
	g.RegisterLoopback()
	g.Reset()
	for to, status := range map[string]int{"http://localhost:5173/cb": 302, "http://127.0.0.9:1/cb": 302, "https://[::1]/cb": 302,
		"https://localhost.evil.example/": 400, "http://u@localhost/": 400, "https://evil.example/": 400} {
		check(to, status)
	}
	if _, r := g.script(clientAgent); !strings.Contains(string(r.body), `"loopback":true`) {
		t.Error("the script does not know it")
	}
}
