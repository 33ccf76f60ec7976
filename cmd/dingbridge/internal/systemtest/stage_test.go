package systemtest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"github.com/dingbridge/dingbridge/cmd/dingbridge/internal/demoapp"
	"github.com/dingbridge/dingbridge/dingtalk/simulator"
	"github.com/dingbridge/dingbridge/keys/secret"
	"github.com/dingbridge/dingbridge/provider/clients"
)

// A company is a simulated DingTalk, as a process. People's browsers reach it by another
// site than ours, as they do DingTalk, so that cookies and frames behave as there.
type company struct {
	t   testing.TB
	url string // http://127.0.0.1:port
	web string // http://localhost:port
}

func newCompany(t testing.TB, url string) company {
	d := company{t, url, abroad(url)}
	// Pictures of invented people are on no network.
	d.control(http.MethodPatch, "people/zhangsan", `{"avatar_url": "", "avatar": ""}`)
	return d
}

// abroad is an address of this machine under the name of another site.
func abroad(address string) string { return strings.Replace(address, "127.0.0.1", "localhost", 1) }

// control steers the simulator.
func (d company) control(method, verb, body string) []byte {
	d.t.Helper()
	req, err := http.NewRequestWithContext(d.t.Context(), method, d.url+"/control/"+verb, bytes.NewReader([]byte(body)))
	if err != nil {
		d.t.Fatal(err)
	}
	resp, err := (&http.Client{Transport: wires, Timeout: patience}).Do(req)
	if err != nil {
		d.t.Fatal(err)
	}
	defer resp.Body.Close()
	out, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		d.t.Fatalf("%s %s: %d %s %v", verb, body, resp.StatusCode, out, err)
	}
	return out
}

func (d company) fault(call, kind, more string) {
	d.t.Helper()
	d.control(http.MethodPost, "faults", fmt.Sprintf(`{"call": %q, "kind": %q%s}`, call, kind, more))
}

// calls is how often something was called.
func (d company) calls(name string) int {
	d.t.Helper()
	var told struct{ Calls []json.RawMessage }
	if err := json.Unmarshal(d.control(http.MethodGet, "log?call="+name, ""), &told); err != nil {
		d.t.Fatal(err)
	}
	return len(told.Calls)
}

// scriptPath is that of DingTalk's script on its host.
const scriptPath = "/dingding/dingtalk-jsapi/3.1.0/dingtalk.open.js"

// A stage is one provider for two organisations, each with a DingTalk of its own, and
// apps for them. The first organisation has every way but the client's; people of the
// second scan in our page, or are in the client.
type stage struct {
	*world
	first, second company
	one           string // an app of the first organisation
	two           string // of the second
	both          string // of both
	tap           string // of the second, where people press a button first
	hosts         hosts
}

// newStage has more clients, if there are entries of clients.yaml for them.
func newStage(t testing.TB, more ...string) *stage {
	t.Helper()
	w := &world{t: t, folder: t.TempDir(), secret: secret.Generate(), clients: map[string]string{}}
	w.storage = "bolt://" + filepath.ToSlash(filepath.Join(w.folder, "state.db"))
	s := &stage{world: w}
	file, err := filepath.Abs("../../../../dingtalk/simulator/company2.yaml")
	if err != nil {
		t.Fatal(err)
	}
	s.first = newCompany(t, w.readyURL(w.start(nil, "simulator", "--listen", "127.0.0.1:0")))
	s.second = newCompany(t, w.readyURL(w.start(nil, "simulator", "--listen", "127.0.0.1:0", "--company", file)))
	port := freePort(t)
	w.issuer = "http://127.0.0.1:" + port
	here, there := simulator.DefaultCompany(), simulator.SecondCompany()
	corpOne, corpTwo := here.CorpID, there.CorpID

	var list strings.Builder
	list.WriteString("clients:\n")
	add := func(id, organisations, allow, more string) demoapp.Client {
		key, hash := clients.GenerateSecret()
		fmt.Fprintf(&list, "  - id: %s\n    secret_hash: %q\n    allow: %s\n    organisations: [%s]\n%s", id, hash, allow, organisations, more)
		return demoapp.Client{ID: id, Secret: key, Name: "应用 " + id}
	}
	app := func(a, b func() demoapp.Client) string {
		server := httptest.NewUnstartedServer(nil)
		address := "http://localhost:" + strings.TrimPrefix(server.Listener.Addr().String(), "127.0.0.1:")
		named := func(make func() demoapp.Client, path string) demoapp.Client {
			c := make()
			fmt.Fprintf(&list, "    name: %q\n    redirect_uris: [%q]\n    post_logout_redirect_uris: [%q]\n", c.Name,
				address+path+"/callback", address+path+"/signedout")
			return c
		}
		party, err := demoapp.New(demoapp.Config{URL: address, Issuer: w.issuer, First: named(a, ""), Second: named(b, "/second")})
		if err != nil {
			t.Fatal(err)
		}
		server.Config.Handler = party.Handler()
		server.Start()
		t.Cleanup(server.Close)
		return address
	}
	of := func(id, organisations, more string) func() demoapp.Client {
		return func() demoapp.Client { return add(id, organisations, "everyone", more) }
	}
	s.one = app(of("one", corpOne, ""), of("two", corpTwo, ""))
	s.both = app(of("both", corpOne+", "+corpTwo, ""), of("tap", corpTwo, "    in_app_tap: true\n    home_url: https://tap.example.com/\n"))
	s.two, s.tap = s.one+"/second", s.both+"/second"
	w.clients["strict"] = add("strict", corpOne, "{people: [lisi]}", "    name: 财务系统\n    redirect_uris: [https://strict.example.com/callback]\n").Secret
	w.clients["screen"] = add("screen", corpOne, "everyone", "    name: 会议室大屏\n    redirect_uris: [https://screen.example.com/callback]\n    device_authorization: true\n").Secret
	w.write("clients.yaml", list.String()+strings.Join(more, ""))
	w.write("secret", w.secret+"\n")
	for name, key := range map[string]string{"one": here.App.ClientSecret, "two": there.App.ClientSecret, "scan": here.ScanApp.AppSecret} {
		w.write(name, key+"\n")
	}
	w.write("config.yaml", fmt.Sprintf(`issuer: %s
listen: 127.0.0.1:%s
storage: %q
secret_file: secret
clients_file: clients.yaml
operator: {name: 云杉集团, contact: it@corp.example.cn}
dingtalk:
  organisations:
    - corp_id: %s
      name: 云杉示例科技
      client_id: %s
      client_secret_file: one
      ways: [oauth2, sns, password, frame]
      scan_app: {app_id: %s, app_secret_file: scan}
      endpoints: {login: %q, api: %q, oapi: %q}
    - corp_id: %s
      name: 白杨示例物流
      client_id: %s
      client_secret_file: two
      ways: [frame, oauth2, inapp]
      endpoints: {login: %q, api: %q, oapi: %q}
  endpoints: {script: %q}
limits: {logins_per_second: 1000000, dingtalk_logins_per_second: 1000000, dingtalk_calls_per_second: 1000000}
`, w.issuer, port, w.storage, corpOne, here.App.ClientID, here.ScanApp.AppID, s.first.web, s.first.url, s.first.web,
		corpTwo, there.App.ClientID, s.second.web, s.second.url, s.second.web, s.second.web))
	w.serve()
	s.hosts = hosts{provider: w.issuer, script: s.second.web + scriptPath, dingTalk: []string{s.first.web, s.second.web}, app: []string{s.one, s.both}}
	return s
}
