package simulator

import (
	"net/url"
	"strings"
	"testing"
)

func TestM2_LoginPageChecksTheRequest(t *testing.T) {
	g := start(t, Config{As: "zhangsan"})
	for _, tc := range []struct {
		name string
		path string
		ok   bool
	}{
		{"as it should be", g.authorize(), true},
		{"challenge.htm", strings.Replace(g.authorize(), "/oauth2/auth?", "/oauth2/challenge.htm?", 1), true},
		{"scope with corpid", g.authorize("scope", "openid corpid"), true},
		{"scope with a literal plus", g.authorize("scope", "openid+corpid"), true},
		{"scope with a delegated permission", g.authorize("scope", "openid Contact.User.Read"), true},
		{"no state", g.authorize("state", "-"), true},
		{"iframe and others ignored", g.authorize("org_type", "management", "exclusiveLogin", "true"), true},
		{"no client_id", g.authorize("client_id", "-"), false},
		{"foreign client_id", g.authorize("client_id", "ding0000000000000000"), false},
		{"no redirect_uri", g.authorize("redirect_uri", "-"), false},
		{"redirect_uri no URL", g.authorize("redirect_uri", ":"), false},
		{"foreign redirect_uri", g.authorize("redirect_uri", "https://evil.example/upstream/dingtalk/callback"), false},
		{"other port", g.authorize("redirect_uri", "http://127.0.0.1:10/upstream/dingtalk/callback"), false},
		{"other scheme", g.authorize("redirect_uri", "https://127.0.0.1:9/upstream/dingtalk/callback"), false},
		{"userinfo", g.authorize("redirect_uri", "http://127.0.0.1:9@evil.example/upstream/dingtalk/callback"), false},
		{"fragment", g.authorize("redirect_uri", callback+"#x"), false},
		{"no response_type", g.authorize("response_type", "-"), false},
		{"response_type token", g.authorize("response_type", "token"), false},
		{"no scope", g.authorize("scope", "-"), false},
		{"scope without openid", g.authorize("scope", "corpid"), false},
		{"scope of OpenID Connect", g.authorize("scope", "openid profile"), false},
		{"no prompt", g.authorize("prompt", "-"), false},
		{"prompt none", g.authorize("prompt", "none"), false},
		{"prompt login", g.authorize("prompt", "login"), false},
		{"state twice", g.authorize() + "&state=2", false},
		{"redirect_uri twice", g.authorize() + "&redirect_uri=https://evil.example", false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := g.get(tc.path)
			if tc.ok {
				g.back(r)
				return
			}
			if r.StatusCode != 400 || r.Header.Get("Location") != "" || !strings.Contains(string(r.body), "无法登录") {
				t.Errorf("no error page: %d %s", r.StatusCode, r.Header.Get("Location"))
			}
		})
	}
	if r := g.do("PUT", g.authorize(), "", ""); r.StatusCode != 405 {
		t.Errorf("PUT: status %d", r.StatusCode)
	}
}

func TestM2_RedirectPolicies(t *testing.T) {
	for _, tc := range []struct {
		policy, entry, uri string
		ok                 bool
	}{
		{"", "https://a.example", "https://a.example/any/path?q=1", true},
		{"prefix", "https://a.example/cb", "https://a.example/cb", true},
		{"prefix", "https://a.example/cb", "https://a.example/cb/more", true},
		{"prefix", "https://a.example/cb", "https://A.example/cb", true},
		{"prefix", "https://a.example/cb", "https://a.example/cbevil", false},
		{"prefix", "https://a.example/cb", "https://a.example/", false},
		{"prefix", "https://a.example", "https://a.example.evil/", false},
		{"prefix", "https://a.example:443", "https://a.example/", false},
		{"prefix", "https://a.example", "javascript://a.example/", false},
		{"exact", "https://a.example/cb", "https://a.example/cb", true},
		{"exact", "https://a.example/cb", "https://a.example/cb/more", false},
		{"exact", "https://a.example/cb", "https://a.example/cb?q=1", false},
	} {
		u, err := url.Parse(tc.uri)
		if err != nil {
			t.Fatal(err)
		}
		if got := redirectable(u) && listed([]string{tc.entry}, tc.policy, u); got != tc.ok {
			t.Errorf("%s policy, %s for %s: %v", tc.policy, tc.entry, tc.uri, got)
		}
	}
}

func TestM3_ApprovalRedirects(t *testing.T) {
	g := start(t, Config{As: "zhangsan"})
	for _, tc := range []struct {
		kind                        string
		codes, authCodes, states    int
		equal, wrongState, accepted bool
	}{
		{"", 1, 1, 1, true, false, true},
		{"authCode-only", 0, 1, 1, false, false, true},
		{"code-only", 1, 0, 1, false, false, true},
		{"differ", 1, 1, 1, false, false, true},
		{"wrong-state", 1, 1, 1, true, true, true},
		{"no-state", 1, 1, 0, true, true, true},
		{"doubled", 2, 2, 2, true, false, true},
	} {
		t.Run("kind "+tc.kind, func(t *testing.T) {
			if tc.kind != "" {
				g.must(g.Fault(Fault{Call: "auth", Kind: tc.kind}))
			}
			q := g.back(g.get(g.authorize()))
			if len(q["code"]) != tc.codes || len(q["authCode"]) != tc.authCodes || len(q["state"]) != tc.states {
				t.Errorf("sent back with %v", q)
			}
			if (q.Get("code") == q.Get("authCode")) != tc.equal {
				t.Errorf("code and authCode of %v", q)
			}
			if (q.Get("state") == "st&te=1") == tc.wrongState {
				t.Errorf("state %q", q.Get("state"))
			}
			id := q.Get("authCode")
			if id == "" {
				id = q.Get("code")
			}
			if r := g.exchange(id); r.StatusCode != 200 {
				t.Errorf("exchange: %s", r.body)
			}
		})
	}
	t.Run("kind twice", func(t *testing.T) {
		g.must(g.Fault(Fault{Call: "auth", Kind: "twice"}))
		r := g.get(g.authorize())
		if n := strings.Count(string(r.body), "authCode="); r.StatusCode != 200 || n != 3 { // prefetch, refresh, link
			t.Errorf("%d links: %s", n, r.body)
		}
	})
	t.Run("a query that was there stays", func(t *testing.T) {
		r := g.get(g.authorize("redirect_uri", callback+"?tenant=a%2Fb"))
		if l := r.Header.Get("Location"); !strings.HasPrefix(l, callback+"?tenant=a%2Fb&code=") {
			t.Errorf("sent back to %s", l)
		}
	})
	t.Run("the order observed", func(t *testing.T) {
		l := g.get(g.authorize()).Header.Get("Location")
		if a, b, c := strings.Index(l, "code="), strings.Index(l, "authCode="), strings.Index(l, "state="); !(a < b && b < c) {
			t.Errorf("order of %s", l)
		}
	})
}

func TestM4_RefusalRedirects(t *testing.T) {
	g := start(t, Config{})
	form := func(body string) url.Values {
		return g.back(g.do("POST", g.authorize(), "application/x-www-form-urlencoded", body))
	}
	q := form("decision=refuse&userid=zhangsan")
	if q.Get("error") == "" || q.Get("state") != "st&te=1" || q.Has("code") || q.Has("authCode") {
		t.Errorf("refused by hand: %v", q)
	}
	g.must(g.ApproveAs("zhangsan"))
	g.must(g.Fault(Fault{Call: "auth", Kind: "refuse"}))
	if q := g.back(g.get(g.authorize())); q.Get("error") == "" || q.Has("code") || q.Has("authCode") {
		t.Errorf("refused by fault: %v", q)
	}
}

func TestM21_LoginPage(t *testing.T) {
	g := start(t, Config{})
	r := g.get(g.authorize())
	text := string(r.body)
	for _, want := range []string{"这是模拟器，不是钉钉", "This is a simulator, not DingTalk", `<form method="post">`, `value="zhangsan2"`,
		`value="approve"`, `value="refuse"`, "<fieldset>", "<legend>", "width=device-width", `lang="zh-CN"`,
		"&lt;script&gt;alert(&#39;nick&#39;)&lt;/script&gt;", "not in the organisation", "account disabled", "external contact", "outside the app"} {
		if !strings.Contains(text, want) {
			t.Errorf("the page lacks %s", want)
		}
	}
	for _, bad := range []string{"<script", "<img", "javascript:"} {
		if strings.Contains(text, bad) {
			t.Errorf("the page has %s", bad)
		}
	}
	if csp := r.Header.Get("Content-Security-Policy"); !strings.Contains(csp, "script-src 'none'") {
		t.Errorf("policy %q", csp)
	}
	if r.Header.Get("Cache-Control") != "no-store" {
		t.Error("the page may be stored")
	}
	post := func(body string) result {
		return g.do("POST", g.authorize(), "application/x-www-form-urlencoded", body)
	}
	for _, tc := range []struct{ body, nick string }{
		{"decision=approve&userid=lisi", "Lee"},
		{"decision=approve&userid=lisi&other=LiSi", "LEE"},
	} {
		r := post(tc.body)
		if r.StatusCode != 303 {
			t.Errorf("%s: status %d", tc.body, r.StatusCode)
		}
		token, _ := g.exchange(g.back(r).Get("authCode")).json(t)["accessToken"].(string)
		equal(t, g.me(token).json(t)["nick"], tc.nick)
	}
	if r := post("decision=approve&userid=nobody"); r.StatusCode != 400 {
		t.Errorf("nobody: status %d", r.StatusCode)
	}
	if r := post(""); r.StatusCode != 200 {
		t.Errorf("empty form: status %d", r.StatusCode)
	}
}

func TestOutsidersAtTheLoginPage(t *testing.T) {
	g := start(t, Config{As: "outsider"})
	g.back(g.get(g.authorize())) // let through: the relying party has to notice
	if r := g.control("POST", "outsiders", `{"refuse":true}`); r.StatusCode != 200 {
		t.Fatal(string(r.body))
	}
	stopped := func() bool {
		r := g.get(g.authorize())
		return r.StatusCode == 400 && strings.Contains(string(r.body), "11055")
	}
	if !stopped() {
		t.Error("the outsider is let through")
	}
	g.must(g.ApproveAs("zhangsan"))
	if stopped() {
		t.Error("a member is stopped")
	}
	g.must(g.Leave("zhangsan"))
	if !stopped() {
		t.Error("a leaver is let through")
	}
	g.RefuseOutsiders(false)
	g.must(g.Fault(Fault{Call: "auth", Kind: "outsider-page"}))
	if !stopped() || stopped() {
		t.Error("the fault does not stop exactly one")
	}
}

func TestLogout(t *testing.T) {
	g := start(t, Config{})
	for _, tc := range []struct {
		to     string
		status int
	}{{callback, 302}, {"https://evil.example/", 200}, {"", 200}} {
		r := g.get("/oauth2/logout?" + url.Values{"client_id": {g.id}, "continue": {tc.to}}.Encode())
		if r.StatusCode != tc.status {
			t.Errorf("%q: status %d", tc.to, r.StatusCode)
		}
	}
}

func TestM19_AnyoneTakesTurns(t *testing.T) {
	nicks := func(g *rig, n int) map[string]int {
		seen := map[string]int{}
		for range n {
			token, _ := g.exchange(g.back(g.get(g.authorize())).Get("authCode")).json(t)["accessToken"].(string)
			seen[g.me(token).json(t)["unionId"].(string)]++
		}
		return seen
	}
	if seen := nicks(start(t, Config{As: Anyone, Extra: 5}), 10); len(seen) != 5 {
		t.Errorf("ten logins by %d of five", len(seen))
	}
	g := start(t, Config{As: Anyone})
	seen := nicks(g, 40)
	for _, id := range []string{"outsider", "supplier", "disabled", "outofrange", "gone"} {
		if p, _ := g.Person(id); seen[p.UnionID] > 0 {
			t.Errorf("%s logged in", id)
		}
	}
	if len(seen) < 15 {
		t.Errorf("only %d people", len(seen))
	}
	if r := g.control("POST", "grow", `{"count":3}`); r.StatusCode != 200 {
		t.Fatal(string(r.body))
	}
	if seen := nicks(g, 6); len(seen) != 3 {
		t.Errorf("after growing, six logins by %d of three", len(seen))
	}
	g.must(g.Leave("p000002"))
	if seen := nicks(g, 6); len(seen) != 2 {
		t.Errorf("after one left, six logins by %d of two", len(seen))
	}
}
