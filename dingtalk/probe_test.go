package dingtalk

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// A desk answers each path with one body and remembers what it was asked.
type desk struct {
	mu      sync.Mutex
	bodies  map[string]string // by path
	status  map[string]int
	date    string
	queries map[string]string
	sent    map[string]string
}

func (d *desk) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	d.mu.Lock()
	defer d.mu.Unlock()
	d.queries[r.URL.Path], d.sent[r.URL.Path] = r.URL.RawQuery, string(body)
	if d.date != "" {
		w.Header().Set("Date", d.date)
	}
	status := d.status[r.URL.Path]
	if status == 0 {
		status = http.StatusOK
	}
	if status == http.StatusFound {
		w.Header().Set("Location", "https://idp.example.cn/login/callback?authCode=5a1d7e0c94b83f62a7d8e1c05b9f4426&state=s")
	}
	w.WriteHeader(status)
	io.WriteString(w, d.bodies[r.URL.Path])
}

const probeSecret = "Vw3kT0vWq8ZbN5xJr1YdLm7HsPf2cUe9"

func newDesk(t *testing.T) (*desk, *Client) {
	t.Helper()
	d := &desk{queries: map[string]string{}, sent: map[string]string{}, status: map[string]int{}, bodies: map[string]string{
		"/v1.0/oauth2/accessToken":      `{"accessToken":"fw8e0000000000000000000000000000","expireIn":7200}`,
		"/v1.0/oauth2/ding3f2a91/token": `{"access_token":"2bf00000000000000000000000000000","expires_in":7200}`,
		"/v1.0/oauth2/userAccessToken":  `{"code":"invalidParameter.authCode.notFound","requestid":"F340","message":"不合法的临时授权码"}`,
		"/sns/getuserinfo_bycode":       `{"errcode":40078,"errmsg":"不存在的临时授权码"}`,
		"/topapi/v2/user/getuserinfo":   `{"errcode":40078,"errmsg":"不存在的临时授权码","request_id":"16k"}`,
		"/topapi/user/getbyunionid":     `{"errcode":60121,"errmsg":"找不到该用户","request_id":"16k"}`,
		"/topapi/v2/user/get":           `{"errcode":33012,"errmsg":"无效的USERID","request_id":"16k"}`,
		"/topapi/v2/department/get":     `{"errcode":60003,"errmsg":"部门不存在","request_id":"16k"}`,
		"/topapi/role/getrole":          `{"errcode":33011,"errmsg":"无效的角色ID","request_id":"16k"}`,
		"/v1.0/contact/empLeaveRecords": `{"code":"invalidParameter.param.invalid","requestid":"F341","message":"参数错误"}`,
		"/auth/scopes":                  `{"errcode":0,"auth_org_scopes":{"authed_user":["chairwoman"],"authed_dept":[39960012]},"auth_user_field":["name","mobile"],"condition_field":[]}`,
	}}
	d.status["/v1.0/oauth2/userAccessToken"], d.status["/v1.0/contact/empLeaveRecords"] = 400, 400
	s := httptest.NewServer(d)
	t.Cleanup(s.Close)
	c, err := New(Config{CorpID: "ding3f2a91", ClientID: "dingb7x2", ClientSecret: probeSecret, Endpoints: Endpoints{s.URL, s.URL, s.URL}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return d, c
}

var probes = map[string]struct {
	path string
	ask  func(*Client, context.Context) (Probe, error)
}{
	CallAppToken:  {"/v1.0/oauth2/accessToken", (*Client).ProbeApp},
	CallCorpToken: {"/v1.0/oauth2/ding3f2a91/token", (*Client).ProbeCorp},
	CallUserToken: {"/v1.0/oauth2/userAccessToken", (*Client).ProbeCode},
	CallScan:      {"/sns/getuserinfo_bycode", (*Client).ProbeScan},
	CallInApp:     {"/topapi/v2/user/getuserinfo", (*Client).ProbeInApp},
	CallByUnionID: {"/topapi/user/getbyunionid", (*Client).ProbeByUnionID},
	CallUser:      {"/topapi/v2/user/get", (*Client).ProbeUser},
	CallDept:      {"/topapi/v2/department/get", (*Client).ProbeDepartments},
	CallRole:      {"/topapi/role/getrole", (*Client).ProbeRoles},
	CallLeavers:   {"/v1.0/contact/empLeaveRecords", (*Client).ProbeLeavers},
	CallScopes: {"/auth/scopes", func(c *Client, ctx context.Context) (Probe, error) {
		_, p, err := c.ProbeRange(ctx)
		return p, err
	}},
}

func TestProbesTakeTheExpectedRefusalForAYes(t *testing.T) {
	d, c := newDesk(t)
	d.date = time.Now().Add(-90 * time.Second).UTC().Format(http.TimeFormat)
	for call, probe := range probes {
		t.Run(call, func(t *testing.T) {
			p, err := probe.ask(c, t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if !p.Dated || p.Skew < 89*time.Second || p.Skew > 100*time.Second {
				t.Errorf("clock: %+v", p)
			}
		})
	}
	r, _, err := c.ProbeRange(t.Context())
	if err != nil || r.Whole || !slices.Equal(r.Departments, []int64{39960012}) || !slices.Equal(r.People, []string{"chairwoman"}) ||
		!slices.Contains(r.Fields, "mobile") {
		t.Errorf("range: %+v, %v", r, err)
	}
}

func TestProbesTakeNothingElseForAYes(t *testing.T) {
	const newDenied = `{"code":"Forbidden.AccessDenied.AccessTokenPermissionDenied","requestid":"F","message":"没有","accessdenieddetail":{"requiredScopes":["some_permission"]}}`
	const oldDenied = `{"errcode":88,"sub_code":"60011","sub_msg":"应用尚未开通所需的权限：[some_permission]","errmsg":"x","request_id":"r"}`
	for call, probe := range probes {
		for what, want := range map[string]Reason{
			"permission": ReasonPermission, "html": ReasonUnavailable, "502": ReasonUnavailable, "not json": ReasonStrange, "empty object": ReasonStrange,
		} {
			t.Run(call+"/"+what, func(t *testing.T) {
				d, c := newDesk(t)
				switch what {
				case "permission":
					d.bodies[probe.path], d.status[probe.path] = newDenied, 403
					if !strings.HasPrefix(probe.path, "/v1.0/") {
						d.bodies[probe.path], d.status[probe.path] = oldDenied, 200
					}
				case "html":
					d.bodies[probe.path], d.status[probe.path] = "<html></html>", 200
				case "502":
					d.bodies[probe.path], d.status[probe.path] = "<html></html>", 502
				case "not json":
					d.bodies[probe.path], d.status[probe.path] = "success", 200
				case "empty object":
					d.bodies[probe.path], d.status[probe.path] = "{}", 200
				}
				_, err := probe.ask(c, t.Context())
				fault, ok := errors.AsType[*Error](err)
				if !ok || fault.Reason != want || fault.Call != call {
					t.Fatalf("%v", err)
				}
				if what == "permission" && fault.Permission != "some_permission" {
					t.Errorf("permission %q", fault.Permission)
				}
			})
		}
	}
}

func TestU3_ProbesTellNoSecret(t *testing.T) {
	for call, probe := range probes {
		t.Run(call, func(t *testing.T) {
			d, c := newDesk(t)
			echo := strings.Join([]string{probeSecret, "fw8e0000000000000000000000000000"}, " ")
			d.bodies[probe.path], d.status[probe.path] = fmt.Sprintf(`{"errcode":40035,"code":"x","errmsg":%q,"message":%q}`, echo, echo), 400
			_, err := probe.ask(c, t.Context())
			if err == nil && call != CallLeavers {
				t.Fatal("an echo was taken for a yes")
			}
			if err == nil {
				return
			}
			if strings.Contains(err.Error(), probeSecret) || call != CallAppToken && call != CallCorpToken && call != CallUserToken && call != CallScan &&
				strings.Contains(err.Error(), "fw8e00") {
				t.Errorf("%v", err)
			}
		})
	}
}

func TestProbesShowOnlyWhatIsMadeUp(t *testing.T) {
	d, c := newDesk(t)
	for range 2 {
		before := d.sent["/v1.0/oauth2/userAccessToken"]
		if _, err := c.ProbeCode(t.Context()); err != nil {
			t.Fatal(err)
		}
		if d.sent["/v1.0/oauth2/userAccessToken"] == before {
			t.Error("the same code twice")
		}
	}
	if _, err := c.ProbeScanAsApp(t.Context()); err != nil || !strings.Contains(d.queries["/sns/getuserinfo_bycode"], "accessKey=dingb7x2") {
		t.Errorf("%v, %s", err, d.queries["/sns/getuserinfo_bycode"])
	}
	d.bodies["/v1.0/oauth2/userAccessToken"], d.status["/v1.0/oauth2/userAccessToken"] = userTokenJSON, 200
	if _, err := c.ProbeCode(t.Context()); ReasonOf(err) != ReasonStrange || err == nil {
		t.Errorf("a made-up code was exchanged, and that is %v", err)
	}
}

func TestProbePage(t *testing.T) {
	d, c := newDesk(t)
	address := c.AuthorizeURL("https://idp.example.cn/login/callback", "s")
	for status, want := range map[int]string{200: "", 302: "https://idp.example.cn/login/callback", 400: ""} {
		d.status["/oauth2/auth"] = status
		page, p, err := c.ProbePage(t.Context(), address)
		if err != nil || page.Status != status || page.Location != want || !p.Dated {
			t.Errorf("%d: %+v %+v %v", status, page, p, err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := c.ProbePage(ctx, address); ReasonOf(err) != ReasonUnavailable {
		t.Errorf("%v", err)
	}
}

func TestWordsOfRefusals(t *testing.T) {
	for message, want := range map[string]string{
		"访问ip不在白名单之中,request ip=203.0.113.24 appKey(dingb7x2)": "203.0.113.24",
		"request ip=2001:db8::1":            "2001:db8::1",
		"request ip=evil.example appKey(x)": "",
		"nothing":                           "",
		"应用尚未开通所需的权限：[a_b]，点击链接申请并开通即可：https://open-dev.dingtalk.com/appscope/apply?content=ding1%23a_b": "https://open-dev.dingtalk.com/appscope/apply?content=ding1%23a_b",
		"https://open-dev.dingtalk.com.evil.example/x":             "",
		"https://open-dev.dingtalk.com@evil.example/x":             "",
		"https://open-dev.dingtalk.com:of@open-dev.dingtalk.com/x": "", // browsers show the user's name first
		"request ip=fe80::1%eth0":                                  "",
	} {
		e := &Error{Message: message}
		if got := e.RequestIP() + e.ApplyURL(); got != want {
			t.Errorf("%q: %q", message, got)
		}
	}
}

func FuzzDecodeScopes(f *testing.F) {
	f.Add(200, []byte(`{"errcode":0,"auth_org_scopes":{"authed_user":[],"authed_dept":[1]},"auth_user_field":["name"],"condition_field":[]}`))
	f.Add(200, []byte(`{"errcode":40014,"errmsg":"不合法的access_token"}`))
	f.Add(200, []byte(`{"errcode":0,"auth_org_scopes":[]}`))
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		r, fault := decodeScopes(status, body)
		if fault == nil && status != http.StatusOK {
			t.Errorf("status %d was taken for success", status)
		}
		if fault != nil && (r.Whole || r.Departments != nil || r.People != nil || r.Fields != nil) {
			t.Errorf("a fault and %+v", r)
		}
	})
}

func FuzzWordsOfRefusals(f *testing.F) {
	f.Add("request ip=203.0.113.24 appKey(x)")
	f.Add("https://open-dev.dingtalk.io/appscope/apply?content=a%23b")
	f.Fuzz(func(t *testing.T, message string) {
		e := &Error{Message: message}
		for _, text := range []string{e.RequestIP(), e.ApplyURL()} {
			if strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r > '~' }) {
				t.Errorf("%q is not fit to be shown", text)
			}
		}
	})
}
