package simulator

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

const callback = "http://127.0.0.1:9/upstream/dingtalk/callback"

// rig is a simulator behind a real HTTP server.
type rig struct {
	*Simulator
	t    *testing.T
	url  string
	http *http.Client
	id   string
	key  string

	frozen atomic.Pointer[time.Time]
}

func start(t *testing.T, cfg Config) *rig {
	t.Helper()
	g := &rig{t: t}
	if cfg.Now == nil {
		cfg.Now = func() time.Time {
			if at := g.frozen.Load(); at != nil {
				return *at
			}
			return time.Now()
		}
	}
	s, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.AddRedirectURLs(callback); err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(s.Handler())
	t.Cleanup(srv.Close)
	tr := &http.Transport{MaxIdleConnsPerHost: 64}
	t.Cleanup(tr.CloseIdleConnections)
	app := s.App()
	g.Simulator, g.url, g.id, g.key = s, srv.URL, app.ClientID, app.ClientSecret
	g.http = &http.Client{Transport: tr, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	return g
}

// reply is an answer with its body read.
type result struct {
	*http.Response
	body []byte
	err  error // of the connection
}

// json decodes the body as an object.
func (r result) json(t *testing.T) map[string]any {
	t.Helper()
	var m map[string]any
	if err := json.Unmarshal(r.body, &m); err != nil {
		t.Fatalf("body %q: %v", r.body, err)
	}
	return m
}

func (g *rig) do(method, path, kind, body string, header ...string) result {
	g.t.Helper()
	req, err := http.NewRequestWithContext(g.t.Context(), method, g.url+path, strings.NewReader(body))
	if err != nil {
		g.t.Fatal(err)
	}
	if kind != "" {
		req.Header.Set("Content-Type", kind)
	}
	for i := 0; i < len(header); i += 2 {
		if header[i] == "Host" {
			req.Host = header[i+1]
		}
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := g.http.Do(req)
	if err != nil {
		return result{err: err}
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	return result{resp, b, err}
}

func (g *rig) get(path string, header ...string) result { return g.do("GET", path, "", "", header...) }

func (g *rig) post(path string, v any, header ...string) result {
	b, err := json.Marshal(v)
	if err != nil {
		g.t.Fatal(err)
	}
	return g.do("POST", path, "application/json", string(b), header...)
}

type m = map[string]any

// authorize builds the path of a good authorize request, with changes as
// pairs of name and value; the value "-" drops the parameter.
func (g *rig) authorize(pairs ...string) string {
	q := url.Values{"client_id": {g.id}, "redirect_uri": {callback}, "response_type": {"code"},
		"scope": {"openid"}, "prompt": {"consent"}, "state": {"st&te=1"}}
	for i := 0; i < len(pairs); i += 2 {
		if q.Set(pairs[i], pairs[i+1]); pairs[i+1] == "-" {
			q.Del(pairs[i])
		}
	}
	return "/oauth2/auth?" + q.Encode()
}

// back reads the query that the browser is sent back with.
func (g *rig) back(r result) url.Values {
	g.t.Helper()
	if r.err != nil || r.StatusCode/100 != 3 {
		g.t.Fatalf("no redirect: %v %s", r.err, r.body)
	}
	u, err := r.Location()
	if err != nil {
		g.t.Fatal(err)
	}
	if got := u.Scheme + "://" + u.Host + u.Path; got != callback {
		g.t.Fatalf("sent back to %s, want %s", got, callback)
	}
	return u.Query()
}

func (g *rig) code(as string, pairs ...string) string {
	g.t.Helper()
	if err := g.ApproveAs(as); err != nil {
		g.t.Fatal(err)
	}
	return g.back(g.get(g.authorize(pairs...))).Get("authCode")
}

func (g *rig) exchange(code string) result {
	return g.post("/v1.0/oauth2/userAccessToken", m{"clientId": g.id, "clientSecret": g.key, "code": code, "grantType": "authorization_code"})
}

func (g *rig) userToken(as string) string {
	g.t.Helper()
	r := g.exchange(g.code(as))
	token, _ := r.json(g.t)["accessToken"].(string)
	if token == "" {
		g.t.Fatalf("no user token: %s", r.body)
	}
	return token
}

func (g *rig) me(token string) result {
	return g.get("/v1.0/contact/users/me", "x-acs-dingtalk-access-token", token)
}

func (g *rig) appToken() string {
	g.t.Helper()
	r := g.post("/v1.0/oauth2/accessToken", m{"appKey": g.id, "appSecret": g.key})
	token, _ := r.json(g.t)["accessToken"].(string)
	if token == "" {
		g.t.Fatalf("no app token: %s", r.body)
	}
	return token
}

// top posts to /topapi with the app token.
func (g *rig) top(path string, v any) result {
	g.t.Helper()
	return g.post("/topapi/"+path+"?access_token="+g.appToken(), v)
}

func (g *rig) control(method, path, body string) result {
	return g.do(method, "/control/"+path, "application/json", body)
}

func (g *rig) must(err error) {
	g.t.Helper()
	if err != nil {
		g.t.Fatal(err)
	}
}

// equal compares JSON values as encoded, so that types count.
func equal(t *testing.T, got, want any) {
	t.Helper()
	a, _ := json.Marshal(got)
	b, _ := json.Marshal(want)
	if !bytes.Equal(a, b) {
		t.Errorf("got  %s\nwant %s", a, b)
	}
}

func TestOneLogin(t *testing.T) {
	g := start(t, Config{As: "zhangsan"})
	q := g.back(g.get(g.authorize()))
	if q.Get("code") != q.Get("authCode") || q.Get("state") != "st&te=1" {
		t.Fatalf("sent back with %v", q)
	}
	token := g.exchange(q.Get("authCode")).json(t)["accessToken"].(string)
	me := g.me(token).json(t)
	equal(t, me["nick"], "三哥")
	by := g.top("user/getbyunionid", m{"unionid": me["unionId"]}).json(t)
	equal(t, by["result"], m{"contact_type": 0, "userid": "zhangsan"})
	user := g.top("v2/user/get", m{"userid": "zhangsan"}).json(t)["result"].(m)
	equal(t, user["unionid"], me["unionId"])
	equal(t, user["name"], "张三")
}

func TestM14_ClockMovesForwardOnly(t *testing.T) {
	g := start(t, Config{})
	before := g.Now()
	if r := g.control("POST", "clock", `{"advance":"90s"}`); r.StatusCode != 200 {
		t.Fatalf("advance: %s", r.body)
	}
	if d := g.Now().Sub(before); d < 90*time.Second {
		t.Errorf("the clock moved by %v", d)
	}
	for _, bad := range []string{`{"advance":"-1s"}`, `{"advance":"soon"}`, `{}`, `{"advance":"1s","by":1}`, `[]`, ``} {
		if r := g.control("POST", "clock", bad); r.StatusCode != 400 {
			t.Errorf("%s: status %d", bad, r.StatusCode)
		}
	}
}

// freeze stops the clock below the controllable one.
func (g *rig) freeze() {
	now := time.Now()
	g.frozen.Store(&now)
}
