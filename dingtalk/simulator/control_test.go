package simulator

import (
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestM15_ControlIsForThisMachineOnly(t *testing.T) {
	g := start(t, Config{})
	for _, tc := range []struct {
		name   string
		header []string
		status int
	}{
		{"from here", nil, 200},
		{"by name", []string{"Host", "localhost:8081"}, 200},
		{"a rebound name", []string{"Host", "evil.example"}, 403},
		{"through a proxy", []string{"X-Forwarded-For", "203.0.113.9"}, 403},
		{"through another proxy", []string{"Forwarded", "for=203.0.113.9"}, 403},
		{"from another site's page", []string{"Sec-Fetch-Site", "cross-site"}, 403},
		{"from another origin", []string{"Origin", "https://evil.example"}, 403},
	} {
		r := g.do("POST", "/control/clock", "application/json", `{"advance":"1s"}`, tc.header...)
		if r.StatusCode != tc.status {
			t.Errorf("%s: %d %s", tc.name, r.StatusCode, r.body)
		}
	}
	for addr, status := range map[string]int{"192.0.2.1:4711": 403, "10.0.0.1:4711": 403, "[::1]:4711": 200, "127.0.0.9:4711": 200, "": 403} {
		w := httptest.NewRecorder()
		r := httptest.NewRequest("GET", "http://127.0.0.1/control/log", nil)
		r.RemoteAddr = addr
		g.Handler().ServeHTTP(w, r)
		if w.Code != status {
			t.Errorf("from %q: %d", addr, w.Code)
		}
	}
}

func TestControlPeople(t *testing.T) {
	g := start(t, Config{})
	patch := func(id, body string) result { return g.control("PATCH", "people/"+id, body) }
	r := patch("zhangsan", `{"nick":"新昵称","org_email":"","departments":[39960014],"leads":[],"exclusive_account":true,"disable_status":true}`)
	if r.StatusCode != 200 {
		t.Fatal(string(r.body))
	}
	p, _ := g.Person("zhangsan")
	if p.Nick != "新昵称" || p.OrgEmail != "" || p.Name != "张三" || len(p.Departments) != 1 || !p.DisableStatus {
		t.Errorf("patched to %+v", p)
	}
	old := DefaultCompany().People[0]
	if old.Departments[0] != 432825033 {
		t.Error("the patch reached the default company")
	}
	equal(t, g.me(g.userToken("zhangsan")).json(t)["nick"], "新昵称")
	before := p.UnionID
	if r := patch("zhangsan", `{"unionid":"migratedAccount0001iEiE"}`); r.StatusCode != 200 { // an account migration
		t.Fatal(string(r.body))
	}
	exact(t, g.top("user/getbyunionid", m{"unionid": before}), 200, plain("60121", "找不到该用户"))
	exact(t, g.top("user/getbyunionid", m{"unionid": "migratedAccount0001iEiE"}), 200, `{"errcode":0,"errmsg":"ok","result":{"contact_type":0,"userid":"zhangsan"},"request_id":"ID"}`)
	for _, tc := range []struct {
		id, body string
		status   int
	}{
		{"zhangsan", `{"userid":"other"}`, 400},
		{"zhangsan", `{"shoe_size":43}`, 400},
		{"zhangsan", `{"departments":[7]}`, 400},
		{"zhangsan", `{"departments":[]}`, 400},
		{"zhangsan", `{"roles":[7]}`, 400},
		{"zhangsan", `{"nick":7}`, 400},
		{"zhangsan", `{"nick":""}`, 400},
		{"zhangsan", `{`, 400},
		{"lisi", `{"unionid":"migratedAccount0001iEiE"}`, 400},
		{"nobody", `{"nick":"x"}`, 404},
	} {
		if r := patch(tc.id, tc.body); r.StatusCode != tc.status {
			t.Errorf("%s %s: %d %s", tc.id, tc.body, r.StatusCode, r.body)
		}
	}
	if q, _ := g.Person("zhangsan"); q.Nick != "新昵称" {
		t.Error("a refused patch took effect")
	}
	for _, tc := range []struct {
		method, path, body string
		status             int
	}{
		{"POST", "people/nobody/leave", "", 404},
		{"POST", "people/outsider/leave", "", 400},
		{"POST", "people/zhangsan/return", "", 400},
		{"GET", "people/nobody", "", 404},
		{"GET", "people/lisi", "", 200},
		{"POST", "as", `{"userid":"nobody"}`, 404},
		{"POST", "as", `{}`, 400},
		{"POST", "as", `{"userid":""}`, 200},
		{"POST", "grow", `{"count":-1}`, 400},
		{"PATCH", "app", `{"client_secret":"x"}`, 400},
		{"PATCH", "app", `{"permissions":["root"]}`, 400},
		{"PATCH", "app", `{"colour":"red"}`, 400},
		{"PATCH", "app", `{"redirect_urls":["not a URL"]}`, 400},
		{"PATCH", "app", `{"qps":20}`, 200},
		{"POST", "nonsense", "", 404},
		{"PUT", "as", "", 405},
	} {
		if r := g.control(tc.method, tc.path, tc.body); r.StatusCode != tc.status {
			t.Errorf("%s %s %s: %d %s", tc.method, tc.path, tc.body, r.StatusCode, r.body)
		}
	}
}

func TestM20_Reset(t *testing.T) {
	g := start(t, Config{As: "lisi", Extra: 2})
	code := g.code("zhangsan")
	token, app := g.userToken("zhangsan"), g.appToken()
	g.must(g.Leave("zhangsan"))
	g.must(g.ChangePerson("lisi", func(p *Person) { p.Nick = "x" }))
	g.must(g.Advance(time.Hour))
	g.must(g.UpdateApp(func(a *App) { a.Permissions = nil; a.RedirectURLs = []string{"https://a.example"} }))
	g.must(g.Fault(Fault{Call: "*", Kind: "500", Count: -1}))
	g.RefuseOutsiders(true)
	g.Grow(5)
	g.freeze()
	if r := g.control("POST", "reset", ""); r.StatusCode != 200 {
		t.Fatal(string(r.body))
	}
	if n := len(g.Calls()); n != 0 {
		t.Errorf("%d calls remembered", n)
	}
	if !g.Now().Equal(*g.frozen.Load()) {
		t.Error("the clock is still ahead")
	}
	q := g.back(g.get(g.authorize())) // the redirect URL of start is still there
	tok, _ := g.exchange(q.Get("authCode")).json(t)["accessToken"].(string)
	equal(t, g.me(tok).json(t)["nick"], "Lee")
	exact(t, g.exchange(code), 400, codeRefused)
	if r := g.me(token); r.StatusCode != 400 {
		t.Error("a user token lives")
	}
	if r := g.post("/topapi/v2/user/get?access_token="+app, m{"userid": "zhangsan"}).json(t); r["sub_code"] != "40014" {
		t.Error("an app token lives")
	}
	equal(t, g.top("v2/user/get", m{"userid": "zhangsan"}).json(t)["errcode"], 0)
	if n, want := len(g.People()), len(DefaultCompany().People)+2; n != want {
		t.Errorf("%d people, want %d", n, want)
	}
	g.must(g.ApproveAs("outsider"))
	g.back(g.get(g.authorize()))
}

func TestManyAtOnce(t *testing.T) {
	g := start(t, Config{As: Anyone, Extra: 20})
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for range 10 {
				if r := g.me(g.exchange(g.back(g.get(g.authorize())).Get("code")).json(t)["accessToken"].(string)); r.StatusCode != 200 {
					t.Errorf("status %d", r.StatusCode)
				}
				switch i {
				case 0:
					g.must(g.Leave("lisi"))
					g.must(g.Return("lisi"))
				case 1:
					g.must(g.UpdateApp(func(a *App) { a.QPS = 0 }))
				case 2:
					g.must(g.Fault(Fault{Call: "gettoken", Kind: "500"}))
					g.get("/gettoken")
				case 3:
					g.Calls()
					g.Grow(1)
				case 4:
					g.must(g.Advance(time.Second))
				}
			}
		})
	}
	wg.Wait()
	if !strings.HasPrefix(g.People()[len(g.People())-1], "p") {
		t.Error("nobody was invented")
	}
}
