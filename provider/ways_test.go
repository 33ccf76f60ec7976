package provider_test

import (
	"encoding/json"
	"html"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/dingbridge/dingbridge/dingtalk"
	"github.com/dingbridge/dingbridge/dingtalk/simulator"
	"github.com/dingbridge/dingbridge/provider"
	"github.com/dingbridge/dingbridge/provider/audit"
	"github.com/dingbridge/dingbridge/provider/login"
	"github.com/dingbridge/dingbridge/provider/pages"
)

// What browsers inside and outside DingTalk say of themselves.
const (
	agentDesktop = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36"
	agentIOS     = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/21F79 AliApp(DingTalk/7.8.1) com.laiwang.DingTalk/46766536 Channel/201200 language/zh-Hans-CN UT4Aplus/0.0.6 WK"
	agentAndroid = "Mozilla/5.0 (Linux; U; Android 14; zh-CN) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/100.0.4896.58 Mobile Safari/537.36 AliApp(DingTalk/7.6.30) com.alibaba.android.rimet/15213560 Channel/700159 language/zh-CN"
	agentWindows = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/108.0.5359.125 Safari/537.36 dingtalk-win/1.0.0 nw(0.14.7) DingTalk(7.8.10-Release.250724002) Mojo/1.0.0 Native AppType(release) Channel/201200 Architecture/x86_64"
	agentMac     = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/112.0 Safari/537.36 AliApp(DingTalk/7.6.45) dingtalk-mac"
	agentPreview = "Mozilla/5.0 (compatible; DingTalk-LinkService/1.0)"
)

// says makes a browser send a User-Agent and what browsers say of a form's origin.
func (b *browser) says(agent string) *browser {
	b.client.Transport = asAgent{agent}
	return b
}

type asAgent struct{ agent string }

func (a asAgent) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	if r.Header.Get("User-Agent") == "" {
		r.Header.Set("User-Agent", a.agent)
	}
	return http.DefaultTransport.RoundTrip(r)
}

// attribute is the value of the first attribute of a name in a page.
func (p page) attribute(t *testing.T, name string) string {
	t.Helper()
	found := regexp.MustCompile(`\s` + name + `="([^"]*)"`).FindStringSubmatch(p.body)
	if found == nil {
		t.Fatalf("no %s in %d %s: %.600s", name, p.status, p.kind(), p.body)
	}
	return html.UnescapeString(found[1])
}

// scanned is where the frame of a page sends the browser on, after somebody has scanned.
func (h *house) scanned(b *browser, scan page) string {
	h.t.Helper()
	posted := b.get(scan.attribute(h.t, "src"))
	var messages []struct {
		Success     bool
		RedirectURL string
	}
	if err := json.Unmarshal([]byte(posted.attribute(h.t, "data-messages")), &messages); err != nil || len(messages) == 0 || !messages[0].Success {
		h.t.Fatalf("the frame says %+v, %v", messages, err)
	}
	return messages[0].RedirectURL
}

// clientCode is a code that DingTalk's client gives to a page inside it.
func (h *house) clientCode(b *browser, inApp page) string {
	h.t.Helper()
	script := b.get(inApp.attribute(h.t, "data-script")).body
	found := regexp.MustCompile(`"codes":\["([^"]+)"`).FindStringSubmatch(script)
	if found == nil {
		h.t.Fatalf("no code in the script: %.600s", script)
	}
	return found[1]
}

// hand posts a code as the page inside the client does.
func (h *house) hand(b *browser, inApp page, code string) page {
	h.t.Helper()
	return b.postFrom(h.origin(), h.issuer+"/login/inapp", url.Values{"state": {inApp.attribute(h.t, "value")}, "code": {code}})
}

func (h *house) origin() string {
	u, _ := url.Parse(h.issuer)
	return u.Scheme + "://" + u.Host
}

// postFrom posts a form that a page of an origin shows; empty: the browser does not say.
func (b *browser) postFrom(origin, to string, form url.Values) page {
	b.t.Helper()
	req, err := http.NewRequest(http.MethodPost, to, strings.NewReader(form.Encode()))
	if err != nil {
		b.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if origin != "" {
		req.Header.Set("Origin", origin)
	}
	return b.send(req)
}

// enterBy goes from the client's request to the client's callback by the way that the
// house sends the browser.
func (h *house) enterBy(b *browser, pairs ...string) page {
	h.t.Helper()
	p := b.get(h.authorization(pairs...))
	for range 5 {
		switch {
		case strings.HasPrefix(p.location, appCallback):
			return p
		case p.location != "":
			p = b.get(p.location)
		case p.kind() == string(pages.Scan):
			p = b.get(h.scanned(b, p))
		case p.kind() == string(pages.InApp):
			p = h.hand(b, p, h.clientCode(b, p))
		default:
			return p
		}
	}
	h.t.Fatalf("the login does not end: %d %s", p.status, p.location)
	return page{}
}

func byWays(ways ...login.Way) option {
	return func(p *plan) { p.ways = ways }
}

// TestH15_EveryWayLeadsIn: the same person, the same claims, whichever way they came,
// and the app cannot tell.
func TestH15_EveryWayLeadsIn(t *testing.T) {
	for _, test := range []struct {
		way   login.Way
		ways  []login.Way
		agent string
		calls []string // of DingTalk that belong to this way and to no other
	}{
		{login.OAuth2, []login.Way{login.OAuth2}, agentDesktop, []string{"userAccessToken", "users/me"}},
		{login.Frame, []login.Way{login.Frame, login.OAuth2}, agentDesktop, []string{"userAccessToken", "users/me"}},
		{login.Sns, []login.Way{login.Sns}, agentDesktop, []string{"getuserinfo_bycode"}},
		{login.Password, []login.Way{login.Password}, agentDesktop, []string{"getuserinfo_bycode"}},
		{login.InApp, []login.Way{login.OAuth2, login.InApp}, agentIOS, []string{"getuserinfo"}},
		{login.InApp, []login.Way{login.Sns, login.InApp}, agentWindows, []string{"getuserinfo"}},
	} {
		t.Run(string(test.way), func(t *testing.T) {
			h := build(t, byWays(test.ways...))
			p := h.enterBy(h.browser().says(test.agent))
			code := answer(t, p).Get("code")
			if code == "" {
				t.Fatalf("%d %s", p.status, p.location)
			}
			claims := h.claimsOf(h.exchange(code).text("id_token"), "app")
			if claims["sub"] != string(h.subject(t, "zhangsan")) || claims["name"] != "张三" {
				t.Errorf("%v", claims)
			}
			if nick := claims["nickname"]; test.way == login.InApp && nick != "张三" || test.way != login.InApp && nick != "三哥" {
				t.Errorf("nickname %v", nick)
			}
			for _, e := range h.events.take() {
				if e.Name == audit.LoginSucceeded && (e.Way != string(test.way) || e.CorpID != h.sim.CorpID()) {
					t.Errorf("audited as %+v", e)
				}
			}
			var made []string
			for _, c := range h.sim.Calls() {
				if slices.Contains([]string{"userAccessToken", "users/me", "getuserinfo_bycode", "getuserinfo"}, strings.TrimPrefix(strings.TrimPrefix(c.Call, "sns/"), "user/")) {
					made = append(made, strings.TrimPrefix(strings.TrimPrefix(c.Call, "sns/"), "user/"))
				}
			}
			if !slices.Equal(made, test.calls) {
				t.Errorf("calls %v, want %v", made, test.calls)
			}
		})
	}
}

// TestH15_WhereTheLoginGoesOn is the rule by which the first page after the client's
// request is picked.
func TestH15_WhereTheLoginGoesOn(t *testing.T) {
	const dingTalk = "DingTalk's own page"
	o, s, f, i := login.OAuth2, login.Sns, login.Frame, login.InApp
	for _, test := range []struct {
		ways  []login.Way
		agent string
		want  string
		turns int // rows of the page to choose
	}{
		{nil, agentDesktop, dingTalk, 0},
		{nil, agentIOS, dingTalk, 0},
		{[]login.Way{o}, "", dingTalk, 0},
		{[]login.Way{o, s}, agentDesktop, "choose-way", 2},
		{[]login.Way{f, o}, agentDesktop, "scan", 1},
		{[]login.Way{f, s, o}, agentDesktop, "scan", 2},
		{[]login.Way{o, f}, agentDesktop, "choose-way", 2},
		{[]login.Way{f, o, i}, agentDesktop, "scan", 1},
		{[]login.Way{f, o, i}, agentAndroid, "in-app", 0},
		{[]login.Way{i, o}, agentIOS, "in-app", 0},
		{[]login.Way{i, o}, agentMac, "in-app", 0},
		{[]login.Way{i, o}, agentWindows, "in-app", 0},
		{[]login.Way{i, o}, strings.ToUpper(agentIOS), "in-app", 0},
		{[]login.Way{i, o}, agentDesktop, dingTalk, 0},
		{[]login.Way{i, o}, "AliApp(AP/10.5)", dingTalk, 0},
		{[]login.Way{i, o}, agentPreview, "preview", 0},
	} {
		h := build(t, byWays(test.ways...))
		b := h.browser().says(test.agent)
		p := b.get(h.authorization())
		if strings.HasPrefix(p.location, h.issuer) {
			p = b.get(p.location)
		}
		got := p.kind()
		if h.toDingTalk(p) {
			got = dingTalk
		}
		if got != test.want {
			t.Errorf("%v for %q: %s, want %s", test.ways, test.agent, got, test.want)
		}
		if rows := strings.Count(p.body, `data-way="`); rows != test.turns {
			t.Errorf("%v for %q: %d rows, want %d", test.ways, test.agent, rows, test.turns)
		}
	}
}

// TestOutOfDingTalk: the page inside the client offers the app itself, by an address that
// carries nothing of the login.
func TestOutOfDingTalk(t *testing.T) {
	for agent, want := range map[string]string{
		agentIOS: "https://app.example.com/", agentAndroid: "https://app.example.com/",
		agentWindows: "dingtalk://dingtalkclient/page/link?pc_slide=false&url=https%3A%2F%2Fapp.example.com%2F",
		agentMac:     "dingtalk://dingtalkclient/page/link?pc_slide=false&url=https%3A%2F%2Fapp.example.com%2F",
	} {
		h := build(t, byWays(login.OAuth2, login.InApp))
		b := h.browser().says(agent)
		p := b.get(b.get(h.authorization()).location)
		found := regexp.MustCompile(`id="outside" href="([^"]*)"`).FindStringSubmatch(p.body)
		if found == nil || html.UnescapeString(found[1]) != want {
			t.Errorf("%s: %v, want %s", agent, found, want)
		}
	}
}

// secondCompany adds another organisation, on a simulator of its own.
func secondCompany(t *testing.T, p *plan) *simulator.Simulator {
	t.Helper()
	sim, err := simulator.New(simulator.Config{Company: simulator.SecondCompany(), As: p.as})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(sim.Handler())
	t.Cleanup(server.Close)
	sim.RegisterLoopback()
	up, err := dingtalk.New(dingtalk.Config{CorpID: sim.CorpID(), ClientID: sim.App().ClientID, ClientSecret: sim.App().ClientSecret,
		Endpoints: dingtalk.Endpoints{Login: server.URL, API: server.URL, OAPI: server.URL}})
	if err != nil {
		t.Fatal(err)
	}
	p.Organisations = append(p.Organisations, provider.Organisation{CorpID: sim.CorpID(), Name: "第二公司", Upstream: up})
	return sim
}

// TestH15_TwoOrganisations: chosen by the person, by the client, by a parameter.
func TestH15_TwoOrganisations(t *testing.T) {
	first := simulator.DefaultCompany().CorpID
	second := simulator.SecondCompany().CorpID
	h := build(t, func(p *plan) {
		secondCompany(t, p)
		for i := range p.specs {
			switch p.specs[i].ID {
			case "app":
				p.specs[i].Organisations = []string{first, second}
			case "es":
				p.specs[i].Organisations = []string{second}
			} // the others name none, and serve nobody
		}
	})
	b := h.browser()
	p := b.get(h.authorization())
	p = b.get(p.location)
	if p.kind() != "choose-way" || strings.Count(p.body, `data-way="`) != 2 || !strings.Contains(p.body, "第二公司") {
		t.Fatalf("%d %s %.300s", p.status, p.kind(), p.body)
	}
	subjects := map[string]string{}
	for _, corp := range []string{first, second} {
		b := h.browser()
		p := b.follow(h.authorization("organisation", corp), appCallback)
		claims := h.claimsOf(h.exchange(answer(t, p).Get("code")).text("id_token"), "app")
		subjects[corp], _ = claims["sub"].(string)
		for _, group := range claims["groups"].([]any) {
			if !strings.HasPrefix(group.(string), corp+":") {
				t.Errorf("a client of several organisations is told of %v", group)
			}
		}
		// A session of one organisation is none for a request that names the other.
		other := first
		if corp == first {
			other = second
		}
		if p := b.get(h.authorization("organisation", other, "prompt", "none")); answer(t, p).Get("error") != "login_required" {
			t.Errorf("%s", p.location)
		}
		if p := b.get(h.authorization("organisation", corp, "prompt", "none")); answer(t, p).Get("code") == "" {
			t.Errorf("%s", p.location)
		}
	}
	if subjects[first] == subjects[second] || subjects[first] == "" || subjects[second] == "" {
		t.Errorf("subjects %v", subjects)
	}
	if p := b.get(h.authorization("organisation", "dingelse")); answer(t, p).Get("error") != "invalid_request" {
		t.Errorf("%s", p.location)
	}
	if p := b.get(h.authorization("client_id", "es", "organisation", first)); answer(t, p).Get("error") != "invalid_request" {
		t.Errorf("%s", p.location)
	}
	if p := b.follow(h.authorization("client_id", "es"), appCallback); answer(t, p).Get("code") == "" {
		t.Errorf("the client's only organisation: %d %s", p.status, p.location)
	}
	if p := b.get(h.authorization("client_id", "spa", "redirect_uri", "https://spa.example.com/cb")); p.kind() != "not-admitted" {
		t.Errorf("a client that names no organisation: %d %s %s", p.status, p.kind(), p.location)
	}
}

// TestH16_LinkPreview: DingTalk looks at every link of a chat.
func TestH16_LinkPreview(t *testing.T) {
	h := build(t, withDevices, byWays(login.Frame, login.OAuth2, login.InApp))
	b := h.browser().says(agentAndroid)
	inApp := b.get(h.authorization()).location
	b.says(agentDesktop)
	callback := h.scanned(b, b.get(b.get(h.authorization()).location))
	logged := h.browser()
	h.enterBy(logged.says(agentDesktop))
	h.events.take()
	calls := len(h.sim.Calls())
	for _, to := range []string{h.authorization(), callback, inApp, h.issuer + "/", h.issuer + "/device?user_code=ABCD-EFGH", h.logout(), h.authorization("prompt", "none")} {
		for _, who := range []*browser{b, logged} {
			who.says(agentPreview)
			h.store.Reset()
			p := who.get(to)
			if p.status != 200 || p.kind() != "preview" || len(p.header.Values("Set-Cookie")) > 0 || h.store.Trips() != 0 {
				t.Errorf("%s: %d %s, cookies %v, %d trips", to, p.status, p.kind(), p.header.Values("Set-Cookie"), h.store.Trips())
			}
		}
	}
	if now := len(h.sim.Calls()); now != calls || len(h.events.take()) > 0 {
		t.Errorf("%d calls to DingTalk, want %d", now, calls)
	}
	b.says(agentDesktop)
	if p := b.follow(callback, appCallback); answer(t, p).Get("code") == "" {
		t.Errorf("the link is spent: %d %s", p.status, p.kind())
	}
}

// TestLanguageIsRemembered: what a person picks goes before what the app asks for.
func TestLanguageIsRemembered(t *testing.T) {
	h := build(t, byWays(login.Frame, login.OAuth2))
	b := h.browser()
	p := b.get(b.get(h.authorization("ui_locales", "en")).location)
	if lang := p.header.Get("Content-Language"); lang != "en" {
		t.Fatal(lang)
	}
	found := regexp.MustCompile(`href="([^"]*lang=zh-CN[^"]*)"`).FindStringSubmatch(p.body)
	if found == nil {
		t.Fatalf("no switch: %s", p.body)
	}
	p = b.get(h.origin() + html.UnescapeString(found[1]))
	if lang := p.header.Get("Content-Language"); lang != pages.Chinese || p.kind() != "scan" {
		t.Fatal(lang, p.kind())
	}
	if lang := b.get(h.authorization("ui_locales", "en", "scope", "")).header.Get("Content-Language"); lang != "" && lang != pages.Chinese {
		t.Error(lang)
	}
	if lang := b.get(h.issuer + "/nothing").header.Get("Content-Language"); lang != pages.Chinese {
		t.Error(lang)
	}
	if p := b.get(h.issuer + "/?lang=xx"); p.header.Get("Content-Language") != pages.Chinese || len(p.header.Values("Set-Cookie")) > 0 {
		t.Error(p.header)
	}
}
