package simulator

import (
	"encoding/json"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"
)

const clientAgent = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AliApp(DingTalk/7.8.1) com.laiwang.DingTalk/46766536 language/zh-Hans-CN"

func (g *rig) script(agent string) (baked, result) {
	g.t.Helper()
	r := g.get("/dingding/dingtalk-jsapi/3.1.0/dingtalk.open.js", "User-Agent", agent)
	found := regexp.MustCompile(`(?m)var given = (.*);$`).FindStringSubmatch(string(r.body))
	var b baked
	if found == nil || json.Unmarshal([]byte(found[1]), &b) != nil {
		g.t.Fatalf("the script: %d %s", r.StatusCode, r.body)
	}
	return b, r
}

func (g *rig) inAppCode(as string) string {
	g.t.Helper()
	g.must(g.ApproveAs(as))
	b, _ := g.script(clientAgent)
	return b.Codes[0]
}

const inAppNotFound = `{"errcode":40078,"errmsg":"不存在的临时授权码","request_id":"ID"}`

func TestM27_CodesOfTheClient(t *testing.T) {
	g := start(t, Config{})
	code := g.inAppCode("0156421733781264")
	r := g.top("v2/user/getuserinfo", m{"code": code})
	likeSample(t, r, `{"errcode":0,"errmsg":"ok","result":{"userid":"0156421733781264","name":"陈青","unionid":"iiXk","associated_unionid":"N2o5","device_id":"c4f1a7d2e9","sys":false,"sys_level":0},"request_id":"16lq8m2xk0pz4"}`)
	got := r.json(t)["result"].(m)
	p, _ := g.Person("0156421733781264")
	equal(t, []any{got["userid"], got["name"], got["unionid"]}, []any{p.UserID, p.Name, p.UnionID})
	exact(t, g.top("v2/user/getuserinfo", m{"code": code}), 200, inAppNotFound)
	exact(t, g.top("v2/user/getuserinfo", m{}), 200, plain("41026", oldTexts[41026]))

	code = g.inAppCode("zhangsan")
	form := g.do("POST", "/topapi/v2/user/getuserinfo", "application/x-www-form-urlencoded", url.Values{"code": {code}, "access_token": {g.appToken()}}.Encode())
	equal(t, form.json(t)["errcode"], 0)

	old := g.inAppCode("zhangsan")
	g.must(g.Advance(codeLife))
	exact(t, g.top("v2/user/getuserinfo", m{"code": old}), 200, inAppNotFound)

	likeSample(t, g.get("/user/getuserinfo?access_token="+g.appToken()+"&code="+g.inAppCode("chairwoman")),
		`{"errcode":0,"errmsg":"ok","userid":"chairwoman","name":"n","deviceId":"x","is_sys":true,"sys_level":100}`)

	for id, want := range map[string]int{"chairwoman": 100, "manager7521": 1, "zhangsan": 0} {
		got := g.top("v2/user/getuserinfo", m{"code": g.inAppCode(id)}).json(t)["result"].(m)
		equal(t, []any{got["sys"], got["sys_level"]}, []any{want != 0, want})
	}
	for _, id := range []string{"outsider", "gone"} {
		exact(t, g.top("v2/user/getuserinfo", m{"code": g.inAppCode(id)}), 200, plain("60121", "找不到该用户"))
	}

	// Each kind of code serves at its own exchange only, and the others burn nothing.
	scan := g.ScanApp()
	web, sns, inApp := g.code("lisi"), g.snsCode("lisi", g.id), g.inAppCode("lisi")
	for _, wrong := range []string{web, sns} {
		exact(t, g.top("v2/user/getuserinfo", m{"code": wrong}), 200, inAppNotFound)
		exact(t, g.get("/user/getuserinfo?access_token="+g.appToken()+"&code="+wrong), 200, snsNotFound)
	}
	for _, wrong := range []string{sns, inApp} {
		exact(t, g.exchange(wrong), 400, codeRefused)
	}
	for _, wrong := range []string{web, inApp} {
		exact(t, g.scan(g.id, g.key, wrong), 200, snsNotFound)
		exact(t, g.scan(scan.AppID, scan.AppSecret, wrong), 200, snsNotFound)
	}
	equal(t, g.top("v2/user/getuserinfo", m{"code": inApp}).json(t)["errcode"], 0)
	equal(t, g.scan(g.id, g.key, sns).json(t)["errcode"], 0)
	equal(t, g.exchange(web).StatusCode, 200)
}

func TestM28_ScriptOfTheClient(t *testing.T) {
	g := start(t, Config{})
	b, r := g.script(clientAgent)
	if !b.Client || len(b.Codes) != bakedCodes || b.CorpID != g.CorpID() || b.ClientID != g.id || b.Version != "3.1.0" {
		t.Errorf("baked %+v", b)
	}
	equal(t, b.Origins, []string{"http://127.0.0.1:9"})
	for name, want := range map[string]string{"Content-Type": "application/javascript; charset=utf-8", "Cache-Control": "no-store", "Access-Control-Allow-Origin": "*"} {
		if got := r.Header.Get(name); got != want {
			t.Errorf("%s: %q", name, got)
		}
	}
	for _, modern := range []string{"=>", "`", "let ", "const ", "class ", "async", "await", "...", "**", "?.", "??", "fetch(", "XMLHttpRequest", "import", "eval", "Function("} {
		if strings.Contains(jsapiScript, modern) {
			t.Errorf("the script has %s", modern)
		}
	}
	for agent, inside := range map[string]bool{
		clientAgent: true,
		"Mozilla/5.0 (Windows NT 10.0) Chrome/108.0.5359.125 Safari/537.36 dingtalk-win/1.0.0 nw(0.14.7) DingTalk(7.8.10-Release.250724002)": true,
		"Mozilla/5.0 (X11; Linux x86_64) Chrome/140.0.0.0 Safari/537.36":                                                                     false,
		"DingTalk-LinkService/1.0": false,
	} {
		if b, _ := g.script(agent); b.Client != inside || len(b.Codes) > 0 != inside {
			t.Errorf("%s: client %v, %d codes", agent, b.Client, len(b.Codes))
		}
	}
	who := func() any {
		b, _ := g.script(clientAgent)
		got, _ := g.top("v2/user/getuserinfo", m{"code": b.Codes[0]}).json(t)["result"].(m)
		return got["userid"]
	}
	equal(t, who(), "zhangsan")
	if r := g.control("POST", "client", `{"userid":"lisi"}`); r.StatusCode != 200 {
		t.Fatal(string(r.body))
	}
	equal(t, who(), "lisi")
	g.must(g.ApproveAs("emoji"))
	equal(t, who(), "emoji")
	g.must(g.ApproveAs(""))
	g.must(g.LogInToClient(""))
	equal(t, who(), "zhangsan")
	for _, bad := range []string{`{}`, `{"userid":7}`, `{"user":"lisi"}`} {
		if r := g.control("POST", "client", bad); r.StatusCode != 400 {
			t.Errorf("%s: %d", bad, r.StatusCode)
		}
	}
	if r := g.control("POST", "client", `{"userid":"nobody"}`); r.StatusCode != 404 {
		t.Errorf("nobody: %d", r.StatusCode)
	}
	g.RefuseOutsiders(true)
	g.must(g.LogInToClient("outsider"))
	if b, _ := g.script(clientAgent); len(b.Codes) != 0 || b.Failure == nil {
		t.Errorf("codes for an outsider: %+v", b)
	}
	if r := g.get("/dingding/dingtalk-jsapi/latest/dingtalk.open.js"); r.StatusCode != 404 {
		t.Errorf("no version: %d", r.StatusCode)
	}
	g.must(g.Fault(Fault{Call: "jsapi", Kind: "404"}))
	if r := g.get("/dingding/dingtalk-jsapi/3.1.0/dingtalk.open.js"); r.StatusCode != 404 {
		t.Errorf("404: %d", r.StatusCode)
	}
	g.must(g.Fault(Fault{Call: "*", Kind: "500"}))
	if r := g.get("/dingding/dingtalk-jsapi/3.1.0/dingtalk.open.js"); r.StatusCode != 200 {
		t.Errorf("a fault of every API struck the script: %d", r.StatusCode)
	}
	for _, tc := range []struct {
		call, kind string
	}{{"auth", "jsapi-fail"}, {"jsapi", "refuse"}, {"jsapi", "qps"}, {"*", "jsapi-fail"}, {"*", "refuse"}} {
		if err := g.Fault(Fault{Call: tc.call, Kind: tc.kind}); err == nil {
			t.Errorf("%s strikes %s", tc.kind, tc.call)
		}
	}
}

func TestM31_AnswersAreDatedByTheSimulatedClock(t *testing.T) {
	g := start(t, Config{})
	g.freeze()
	g.must(g.Advance(90 * time.Second))
	for _, r := range []result{g.get("/gettoken"), g.get(g.authorize()), g.me("x"), g.top("v2/user/get", m{})} {
		if at, err := time.Parse(time.RFC1123, r.Header.Get("Date")); err != nil || !at.Equal(g.Now().UTC().Truncate(time.Second)) {
			t.Errorf("Date %q, and it is %v", r.Header.Get("Date"), g.Now().UTC())
		}
	}
}
