package doctor

import (
	"bytes"
	"context"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/dingbridge/dingbridge/dingtalk"
	"github.com/dingbridge/dingbridge/dingtalk/simulator"
	"github.com/dingbridge/dingbridge/dingtalk/stream"
)

// A clinic is an installation in which nothing is wrong, until a test changes it.
type clinic struct {
	t       *testing.T
	sim     *simulator.Simulator
	server  *httptest.Server
	client  dingtalk.Config
	org     Organisation
	subject Subject
}

const issuerName = "https://idp.example.cn/sso"

var allWays = []string{"oauth2", "frame", "sns", "inapp"}

func newClinic(t *testing.T) *clinic {
	t.Helper()
	company := simulator.DefaultCompany()
	company.App.Permissions = []string{"qyapi_base", "open_app_api_base", "snsapi_base", "Contact.User.Read", "qyapi_get_member", "qyapi_get_department_list"}
	company.App.FieldPermissions = nil
	company.App.Range = simulator.Range{Departments: []int64{1}}
	company.App.RedirectURLs = []string{issuerName + "/login/callback"}
	if company.ScanApp.AppID != "" {
		company.ScanApp.RedirectURLs = []string{issuerName + "/login/callback"}
	}
	sim, err := simulator.New(simulator.Config{Company: company})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(sim.Handler())
	t.Cleanup(server.Close)
	ends := dingtalk.Endpoints{Login: server.URL, API: server.URL, OAPI: server.URL}
	return &clinic{t: t, sim: sim, server: server,
		client: dingtalk.Config{CorpID: company.CorpID, ClientID: company.App.ClientID, ClientSecret: company.App.ClientSecret, Endpoints: ends},
		org:    Organisation{CorpID: company.CorpID, Name: "云杉", Ways: allWays, Endpoints: ends},
		subject: Subject{Issuer: issuerName, SkipIssuer: true,
			Script: Script{URL: server.URL + "/dingding/dingtalk-jsapi/3.1.0/dingtalk.open.js"}},
	}
}

func (c *clinic) examine() Report {
	c.t.Helper()
	client, err := dingtalk.New(c.client)
	if err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(client.Close)
	c.org.Client, c.org.ScanAppID = client, c.client.ScanAppID
	if c.org.Stream, err = stream.New(stream.Config{API: c.client.Endpoints.API, CorpID: c.client.CorpID, ClientID: c.client.ClientID,
		ClientSecret: c.client.ClientSecret, Handle: func(context.Context, stream.Event) bool { return false }}); err != nil {
		c.t.Fatal(err)
	}
	c.subject.Organisations = []Organisation{c.org}
	r := Examine(c.t.Context(), c.subject)
	c.tellsNoSecret(r)
	return r
}

// token is what a code or token of DingTalk looks like; ids of calls have other forms.
var token = regexp.MustCompile(`(?:^|[^0-9A-Za-z])[0-9a-f]{32}(?:[^0-9A-Za-z]|$)`)

func (c *clinic) tellsNoSecret(r Report) {
	c.t.Helper()
	var b bytes.Buffer
	if err := r.JSON(&b); err != nil {
		c.t.Fatal(err)
	}
	if err := r.Text(&b, Chinese, English); err != nil {
		c.t.Fatal(err)
	}
	for _, secret := range []string{c.client.ClientSecret, c.client.ScanAppSecret, c.sim.App().ClientSecret, c.sim.ScanApp().AppSecret} {
		if secret != "" && strings.Contains(b.String(), secret) {
			c.t.Error("a secret is in the report")
		}
	}
	if found := token.FindString(b.String()); found != "" {
		c.t.Errorf("what looks like a token is in the report: %s", found)
	}
	if regexp.MustCompile(`\{[a-z_]+\}`).Match(b.Bytes()) {
		c.t.Errorf("a value is missing in a text:\n%s", b.String())
	}
}

// healthy is what is found where nothing is wrong and all ways are used.
var healthy = []string{"events-unseen", "home-unseen", "issuer-skipped", "permission-unseen", "redirect-unseen"}

// news are the ids of all that is not in order, beside what a healthy one has.
func news(r Report) []string {
	all := []string{}
	for _, f := range r.Findings {
		if f.Kind.Severity != OK && !slices.Contains(healthy, f.Kind.ID) {
			all = append(all, f.Kind.ID)
		}
	}
	slices.Sort(all)
	return all
}

func value(t *testing.T, r Report, id, name string) string {
	t.Helper()
	for _, f := range r.Findings {
		if f.Kind.ID == id {
			return f.Values[name]
		}
	}
	t.Errorf("no %s", id)
	return ""
}

func (c *clinic) app(change func(*simulator.App)) {
	c.t.Helper()
	if err := c.sim.UpdateApp(change); err != nil {
		c.t.Fatal(err)
	}
}

func (c *clinic) fault(call, kind string) {
	c.t.Helper()
	if err := c.sim.Fault(simulator.Fault{Call: call, Kind: kind, Count: -1, Delay: c.delay(kind)}); err != nil {
		c.t.Fatal(err)
	}
}

func (c *clinic) delay(kind string) time.Duration {
	if kind != "slow" {
		return 0
	}
	c.client.Timeout = 2 * time.Second // a busy machine needs a part of it
	return 30 * time.Second
}

func without(list []string, gone ...string) []string {
	return slices.DeleteFunc(slices.Clone(list), func(s string) bool { return slices.Contains(gone, s) })
}

func TestNothingIsWrong(t *testing.T) {
	c := newClinic(t)
	r := c.examine()
	if got := news(r); len(got) != 0 {
		t.Errorf("found %q", got)
	}
	for _, id := range slices.Concat(healthy, []string{"app-ok", "corp-ok", "scan-ok", "permission-ok", "leavers-unread", "range-whole", "clock-ok", "dingtalk-ok", "login-page-ok", "script-unpinned", "stream-ok"}) {
		if !slices.ContainsFunc(r.Findings, func(f Finding) bool { return f.Kind.ID == id }) {
			t.Errorf("no %s", id)
		}
	}
	if got := value(t, r, "permission-ok", "permissions"); got != "open_app_api_base, snsapi_base, qyapi_get_member, qyapi_base, qyapi_get_department_list" {
		t.Errorf("permissions: %s", got)
	}
	if got := value(t, r, "redirect-unseen", "callback"); got != issuerName+"/login/callback" {
		t.Errorf("callback: %s", got)
	}
	if got := value(t, r, "redirect-unseen", "origin"); got != "https://idp.example.cn" {
		t.Errorf("origin: %s", got)
	}
}

// Each fault of the simulator, and each way in which its company can be set up wrongly,
// is named, and nothing else is.
func TestDR3_EachFaultIsNamedAndNoOther(t *testing.T) {
	const cut = "not-checked"
	for name, test := range map[string]struct {
		change func(*clinic)
		want   []string
		value  [2]string // of the first wanted, name and value
	}{
		"wrong secret": {func(c *clinic) { c.client.ClientSecret = "another_secret_of_nobody_0123456789" }, []string{"app-secret-wrong", cut}, [2]string{}},
		"unknown app":  {func(c *clinic) { c.client.ClientID = "dingnobody0000000000" }, []string{"app-unknown", cut}, [2]string{"client_id", "dingnobody0000000000"}},
		"one of the two": {func(c *clinic) {
			c.client.ClientSecret = "another_secret_of_nobody_0123456789"
			c.fault("getuserinfo_bycode", "busy")
		}, []string{"app-refused", cut}, [2]string{}},
		"other organisation": {func(c *clinic) { c.client.CorpID, c.org.CorpID = "dingother", "dingother" }, []string{"corp-wrong"}, [2]string{"corp_id", "dingother"}},
		"app switched off":   {func(c *clinic) { c.fault("getuserinfo", "50003") }, []string{"app-disabled"}, [2]string{}},

		"no qyapi_base":        {func(c *clinic) { c.lose("qyapi_base") }, []string{"permission-missing"}, [2]string{"permission", "qyapi_base"}},
		"no open_app_api_base": {func(c *clinic) { c.lose("open_app_api_base") }, []string{"permission-missing"}, [2]string{"permission", "open_app_api_base"}},
		"no snsapi_base":       {func(c *clinic) { c.lose("snsapi_base") }, []string{"permission-missing"}, [2]string{"permission", "snsapi_base"}},
		"no qyapi_get_member":  {func(c *clinic) { c.lose("qyapi_get_member") }, []string{"permission-missing"}, [2]string{"permission", "qyapi_get_member"}},
		"apply link": {func(c *clinic) { c.lose("qyapi_get_member") }, []string{"permission-missing"},
			[2]string{"link", "https://open-dev.dingtalk.com/appscope/apply?content=dingb7x2k9qw4m1ztr0c%23qyapi_get_member"}},
		// Only a person's token shows this one: it stays unseen.
		"no Contact.User.Read": {func(c *clinic) { c.lose("Contact.User.Read") }, []string{}, [2]string{}},

		"no departments": {func(c *clinic) { c.lose("qyapi_get_department_list") }, []string{"departments-unread"},
			[2]string{"link", "https://open-dev.dingtalk.com/appscope/apply?content=dingb7x2k9qw4m1ztr0c%23qyapi_get_department_list"}},
		"surplus members": {func(c *clinic) { c.gain("qyapi_get_department_member") }, []string{"permission-surplus"}, [2]string{"permission", "qyapi_get_department_member"}},
		"leavers":         {func(c *clinic) { c.gain("Contact.Common.Read") }, []string{}, [2]string{}},
		"surplus mail":    {func(c *clinic) { c.fields("邮箱等个人信息") }, []string{"field-surplus"}, [2]string{"field", "email"}},
		"surplus mobile":  {func(c *clinic) { c.fields("企业员工手机号信息") }, []string{"field-surplus"}, [2]string{"field", "mobile"}},
		"mail wanted":     {func(c *clinic) { c.org.ReadsEmail = true }, []string{"field-missing"}, [2]string{"field", "email"}},
		"mobile wanted":   {func(c *clinic) { c.org.ReadsMobile = true }, []string{"field-missing"}, [2]string{"field", "mobile"}},
		"both wanted, given": {func(c *clinic) {
			c.org.ReadsEmail, c.org.ReadsMobile = true, true
			c.fields("邮箱等个人信息", "企业员工手机号信息")
		}, []string{}, [2]string{}},

		"range narrowed": {func(c *clinic) {
			c.app(func(a *simulator.App) {
				a.Range = simulator.Range{Departments: []int64{39960012}, People: []string{"chairwoman"}}
			})
		}, []string{"range-part"}, [2]string{"ids", "39960012, chairwoman"}},
		"range of nobody": {func(c *clinic) { c.app(func(a *simulator.App) { a.Range = simulator.Range{} }) }, []string{"range-none"}, [2]string{}},

		"address not on the list": {func(c *clinic) { c.app(func(a *simulator.App) { a.IPAllowlist = []string{"203.0.113.24"} }) },
			[]string{"address-refused", cut}, [2]string{"address", "127.0.0.1"}},
		"address, without sub_code": {func(c *clinic) { c.fault("getbyunionid", "ip-bare") }, []string{"address-refused", cut}, [2]string{"address", "127.0.0.1"}},

		"clock 30 s behind":             {func(c *clinic) { c.advance(30 * time.Second) }, []string{"clock-off"}, [2]string{}},
		"clock 90 s behind":             {func(c *clinic) { c.advance(90 * time.Second) }, []string{"clock-wrong", cut}, [2]string{}},
		"clock 90 s behind without sns": {func(c *clinic) { c.advance(90 * time.Second); c.org.Ways = without(allWays, "sns") }, []string{"clock-off"}, [2]string{}},
		"clock that only sns sees":      {func(c *clinic) { c.fault("getuserinfo_bycode", "853002") }, []string{"clock-wrong", cut}, [2]string{"seconds", "> 60"}},

		"app token throttled": {func(c *clinic) { c.fault("accessToken", "qps") }, []string{"dingtalk-throttled", cut}, [2]string{"call", "accessToken"}},
		"directory throttled": {func(c *clinic) { c.fault("getbyunionid", "90018") }, []string{"dingtalk-throttled", cut}, [2]string{"call", "getbyunionid"}},
		"quota":               {func(c *clinic) { c.fault("getbyunionid", "quota") }, []string{"quota-used"}, [2]string{}},
		"blocked":             {func(c *clinic) { c.fault("*", "x5") }, []string{"dingtalk-blocked", cut}, [2]string{}},
		"bad token":           {func(c *clinic) { c.fault("user/get", "badtoken") }, []string{"refused"}, [2]string{"call", "user/get"}},

		"web pages everywhere": {func(c *clinic) { c.fault("*", "html") }, []string{"dingtalk-failing", cut}, [2]string{}},
		"a web page":           {func(c *clinic) { c.fault("user/get", "html") }, []string{"dingtalk-failing", cut}, [2]string{}},
		"500 everywhere":       {func(c *clinic) { c.fault("*", "500") }, []string{"dingtalk-failing", cut}, [2]string{}},
		"502 for the corp":     {func(c *clinic) { c.fault("corpToken", "502") }, []string{"dingtalk-failing", cut}, [2]string{}},
		"504 for a code":       {func(c *clinic) { c.fault("userAccessToken", "504") }, []string{"dingtalk-failing", cut}, [2]string{}},
		"login page 502":       {func(c *clinic) { c.fault("auth", "502") }, []string{"dingtalk-failing"}, [2]string{"reason", "status 502"}},
		"slow token":           {func(c *clinic) { c.fault("accessToken", "slow") }, []string{"dingtalk-slow", cut}, [2]string{}},
		"slow directory":       {func(c *clinic) { c.fault("user/get", "slow") }, []string{"dingtalk-slow", cut}, [2]string{}},
		"cut off":              {func(c *clinic) { c.fault("accessToken", "reset") }, []string{"dingtalk-unreachable", cut}, [2]string{}},
		"not there": {func(c *clinic) { c.server.Close(); c.org.Ways = []string{"oauth2", "sns"} },
			[]string{"dingtalk-unreachable", "dingtalk-unreachable", "dingtalk-unreachable", cut}, [2]string{}},
		"not understood": {func(c *clinic) { c.fault("user/get", "not-json") }, []string{"dingtalk-strange", cut}, [2]string{}},

		"redirect URL not registered": {func(c *clinic) {
			c.app(func(a *simulator.App) { a.RedirectURLs = []string{"https://other.example.cn"} })
		},
			[]string{"login-page-refused"}, [2]string{"callback", issuerName + "/login/callback"}},

		"stream refused": {func(c *clinic) { c.fault("connections/open", "500") }, []string{"stream-refused"}, [2]string{"client_id", "dingb7x2k9qw4m1ztr0c"}},

		"script pinned to another": {func(c *clinic) { c.subject.Script.Integrity = integrity("sha384", []byte("another")) }, []string{"script-changed"}, [2]string{}},
		"script not there":         {func(c *clinic) { c.subject.Script.URL = c.server.URL + "/nowhere.js" }, []string{"script-missing"}, [2]string{"reason", "status 404"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newClinic(t)
			test.change(c)
			r := c.examine()
			if got := news(r); !slices.Equal(got, slices.Sorted(slices.Values(test.want))) {
				var b bytes.Buffer
				_ = r.Text(&b, English)
				t.Fatalf("found %q, want %q\n%s", got, test.want, b.String())
			}
			if test.value[0] != "" {
				if got := value(t, r, test.want[0], test.value[0]); got != test.value[1] {
					t.Errorf("%s is %q", test.value[0], got)
				}
			}
		})
	}
}

// A host that does not answer is asked once: what else is asked of it is told as not
// looked at, so that nobody waits for each in turn.
func TestDR3_AHostThatIsDownIsAskedOnce(t *testing.T) {
	c := newClinic(t)
	c.fault("getbyunionid", "slow")
	r := c.examine()
	if checks := value(t, r, "not-checked", "checks"); !strings.Contains(checks, "user/get") || !strings.Contains(checks, "auth/scopes") {
		t.Errorf("not looked at: %s", checks)
	}
}

func (c *clinic) lose(permission string) {
	c.app(func(a *simulator.App) { a.Permissions = without(a.Permissions, permission) })
}

func (c *clinic) gain(permission string) {
	c.app(func(a *simulator.App) { a.Permissions = append(a.Permissions, permission) })
}

func (c *clinic) fields(names ...string) {
	c.app(func(a *simulator.App) { a.FieldPermissions = names })
}

func (c *clinic) advance(d time.Duration) {
	if err := c.sim.Advance(d); err != nil {
		c.t.Fatal(err)
	}
}

// harmless kinds of fault are such that DingTalk shows now and then, and that change
// nothing of what is told.
var harmless = []string{"errcode-string", "user-notfound", "code-notfound", "expired-user"}

func TestDR3_EveryKindOfFaultGivesOneFinding(t *testing.T) {
	struck := 0
	for _, kind := range simulator.FaultKinds() {
		if strings.ContainsAny(kind, ":") || kind == "ERRCODE" {
			continue
		}
		calls := []string{"accessToken", "user/get", "userAccessToken", "auth/scopes"}
		if testing.Short() {
			calls = calls[1:2] // much of this is waiting, and one goroutine's
		}
		for _, call := range calls {
			c := newClinic(t)
			if c.sim.Fault(simulator.Fault{Call: call, Kind: kind, Count: -1, Delay: c.delay(kind)}) != nil {
				continue // it cannot strike this call
			}
			struck++
			t.Run(kind+"/"+call, func(t *testing.T) {
				t.Parallel()
				c.t = t
				r := c.examine()
				got := without(news(r), "not-checked")
				if want := 1; slices.Contains(harmless, kind) && len(got) <= want {
					return
				} else if len(got) != want {
					t.Errorf("found %q", got)
				}
			})
		}
	}
	if struck < 80 && !testing.Short() {
		t.Errorf("%d faults struck; the table of kinds has changed its form", struck)
	}
}

func TestDR1_OnlyQuestionsAreAsked(t *testing.T) {
	c := newClinic(t)
	before, people := c.sim.App(), c.sim.People()
	c.examine()
	asked := map[string]bool{}
	for _, call := range c.sim.Calls() {
		asked[call.Call] = true
		if !slices.Contains([]string{
			"accessToken", "corpToken", "userAccessToken", "getuserinfo_bycode", "getuserinfo", "getbyunionid", "user/get", "auth/scopes",
			"department/get", "role/getrole", "empLeaveRecords", "auth", "qrconnect", "jsapi", "connections/open",
		}, call.Call) {
			t.Errorf("it called %s", call.Call)
		}
	}
	if n := c.sim.Stream().Opened; n != 0 {
		t.Errorf("%d connections were opened, to which events would have come", n)
	}
	if len(asked) < 13 {
		t.Errorf("it asked only %v", asked)
	}
	after := c.sim.App()
	if !slices.Equal(before.Permissions, after.Permissions) || !slices.Equal(people, c.sim.People()) {
		t.Error("something has changed")
	}
}
