package provider_test

import (
	"html"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/dingbridge/dingbridge/dingtalk"
	"github.com/dingbridge/dingbridge/dingtalk/simulator"
	"github.com/dingbridge/dingbridge/provider/audit"
	"github.com/dingbridge/dingbridge/provider/login"
	"github.com/dingbridge/dingbridge/provider/pages"
)

// everyWay offers all of them, so that a login begins on the page on which to choose.
var everyWay = []login.Way{login.OAuth2, login.Sns, login.Password, login.Frame, login.InApp}

// exchanges are the calls of DingTalk that take a code, by the kind of it.
var exchanges = map[string]string{"web": "userAccessToken", "sns": "getuserinfo_bycode", "inapp": "getuserinfo"}

// exchanged lists the exchanges that a simulator was asked for, by the kind of code.
func exchanged(sim *simulator.Simulator) (list []string) {
	for _, c := range sim.Calls() {
		for kind, call := range exchanges {
			if c.Call == call {
				list = append(list, kind)
			}
		}
	}
	return list
}

// someCode is a new code of a kind, as DingTalk's pages give it to whoever is sent there
// with the app of up.
func (h *house) someCode(up login.Upstream, kind string) string {
	h.t.Helper()
	b := h.browser().says(agentIOS)
	callback := h.issuer + "/login/callback"
	var code string
	switch kind {
	case "web":
		code = mustQuery(h.t, b.get(up.AuthorizeURL(callback, "x")).location).Get("authCode")
	case "sns":
		code = mustQuery(h.t, b.get(up.ScanURL(callback, "x")).location).Get("code")
	case "inapp":
		script := b.get(up.LoginOrigin() + "/dingding/dingtalk-jsapi/3.1.0/dingtalk.open.js").body
		if found := regexp.MustCompile(`"codes":\["([^"]+)"`).FindStringSubmatch(script); found != nil {
			code = found[1]
		}
	}
	if code == "" {
		h.t.Fatalf("no code of kind %s", kind)
	}
	return code
}

var rowLink = regexp.MustCompile(`href="([^"]+)" data-way="([a-z0-9]+)"`)

// links are where the rows of a page lead, by way.
func (p page) links() map[string][]string {
	list := map[string][]string{}
	for _, found := range rowLink.FindAllStringSubmatch(p.body, -1) {
		list[found[2]] = append(list[found[2]], html.UnescapeString(found[1]))
	}
	return list
}

// statesOf begins a login and returns its states, by way; "" has not chosen yet.
func (h *house) statesOf(b *browser, pairs ...string) map[string]string {
	h.t.Helper()
	states := map[string]string{}
	choose := b.says(agentDesktop).get(h.authorization(pairs...)).location
	states[""] = mustQuery(h.t, choose).Get("state")
	for _, agent := range []string{agentDesktop, agentIOS} {
		for way, links := range b.says(agent).get(choose).links() {
			states[way] = mustQuery(h.t, links[0]).Get("state")
		}
	}
	return states
}

// handIn posts a state and a code as the page inside DingTalk's client does.
func (h *house) handIn(b *browser, state, code string) page {
	h.t.Helper()
	return b.postFrom(h.origin(), h.issuer+"/login/inapp", url.Values{"state": {state}, "code": {code}})
}

// nothingGiven holds an answer to have brought neither a session nor the app an answer.
func nothingGiven(t *testing.T, what string, p page) {
	t.Helper()
	if p.status/100 == 2 || p.location != "" || p.cookie("-session-") != "" {
		t.Errorf("%s: %d %s %s", what, p.status, p.kind(), p.location)
	}
}

// TestThreat_D4_EveryStateTakesItsOwnCodeAlone: each state of a login, at each place that
// takes answers, with a code of each kind, each app and each organisation. Where the
// place is wrong DingTalk is not asked and the login not spent; where the code is wrong
// one exchange is asked, that of the state's own way, and refuses.
//
// proves: codes of two flows are not mixed | RFC 9700 section 4.4
func TestThreat_D4_EveryStateTakesItsOwnCodeAlone(t *testing.T) {
	var second *simulator.Simulator
	var other login.Upstream
	h := build(t, byWays(everyWay...), func(p *plan) {
		second = secondCompany(t, p)
		other = p.Organisations[0].Upstream
		for i := range p.specs {
			p.specs[i].Organisations = []string{simulator.DefaultCompany().CorpID}
		}
	})
	scan := h.sim.ScanApp()
	scanApp, err := dingtalk.New(dingtalk.Config{CorpID: h.sim.CorpID(), ClientID: h.sim.App().ClientID, ClientSecret: h.sim.App().ClientSecret,
		ScanAppID: scan.AppID, ScanAppSecret: scan.AppSecret, Endpoints: dingtalk.Endpoints{Login: h.dingtalk, API: h.dingtalk, OAPI: h.dingtalk}})
	if err != nil {
		t.Fatal(err)
	}
	h.sim.RegisterLoopback()
	h.sim.KeepCalls(1 << 16)
	takes := map[string]string{"oauth2": "web", "frame": "web", "sns": "sns", "password": "sns", "inapp": "inapp"} // way by way
	codes := map[string]func() (kind, code string){
		"sns of another app": func() (string, string) { return "", h.someCode(scanApp, "sns") },
	}
	for kind := range exchanges {
		codes[kind] = func() (string, string) { return kind, h.someCode(h.upstream, kind) }
		codes[kind+" of another organisation"] = func() (string, string) { return "", h.someCode(other, kind) }
	}
	places := map[string]func(b *browser, state, code string) page{
		"callback": func(b *browser, state, code string) page { return h.back(b, state, code) },
		"callback, as code": func(b *browser, state, code string) page {
			return b.get(h.issuer + "/login/callback?" + url.Values{"state": {state}, "code": {code}}.Encode())
		},
		"form": h.handIn,
	}
	for way := range maps.Keys(h.statesOf(h.browser())) {
		for place, answer := range places {
			for name, make := range codes {
				what := "state of way " + way + " at the " + place + " with a code of " + name
				b := h.browser()
				state := h.statesOf(b)[way]
				kind, code := make()
				before := len(exchanged(h.sim))
				h.events.take()
				p := answer(b, state, code)
				asked := exchanged(h.sim)[before:]
				rightPlace := way != "" && (way == "inapp") == (place == "form")
				switch {
				case rightPlace && takes[way] == kind:
					if !strings.HasPrefix(p.location, appCallback+"?code=") {
						t.Errorf("%s: %d %s", what, p.status, p.kind())
					}
				case rightPlace:
					nothingGiven(t, what, p)
					if p.kind() != string(pages.CodeUsed) || !slices.Equal(asked, []string{takes[way]}) {
						t.Errorf("%s: %s, asked %v", what, p.kind(), asked)
					}
				default:
					nothingGiven(t, what, p)
					if p.kind() != string(pages.InvalidRequest) || len(asked) > 0 || !h.events.has(audit.LoginRefused, "other_way") {
						t.Errorf("%s: %s, asked %v", what, p.kind(), asked)
					}
				}
			}
		}
	}
	if n := len(exchanged(second)); n > 0 {
		t.Errorf("the other organisation was asked %d times", n)
	}
	// A wrong place costs the login nothing.
	b := h.browser()
	states := h.statesOf(b)
	h.back(b, states[""], h.someCode(h.upstream, "web"))
	h.back(b, states["inapp"], h.someCode(h.upstream, "inapp"))
	h.handIn(b, states["oauth2"], h.someCode(h.upstream, "web"))
	if p := h.back(b, states["oauth2"], h.someCode(h.upstream, "web")); !strings.HasPrefix(p.location, appCallback+"?code=") {
		t.Errorf("afterwards: %d %s", p.status, p.kind())
	}
	// One code under two states of a login is two answers, and one attempt has one.
	b = h.browser()
	states = h.statesOf(b)
	code := h.someCode(h.upstream, "web")
	first := h.back(b, states["oauth2"], code)
	if wantPage(t, h.back(b, states["frame"], code), http.StatusBadRequest, pages.CodeUsed); answer(t, first).Get("code") == "" {
		t.Error("the first was refused")
	}
}

// TestThreat_D4_InAppCodeByAnotherSite: somebody else's page posts a code, its own, so
// that this browser logs in under somebody else's name. Whatever of the form is not as
// our page sends it is refused, before storage and DingTalk are asked, and costs nothing.
//
// proves: a code is taken from our own page alone | RFC 9700 section 4.7, RFC 6749 section 10.12
func TestThreat_D4_InAppCodeByAnotherSite(t *testing.T) {
	h := build(t, byWays(everyWay...))
	b, stranger := h.browser(), h.browser()
	state, theirs := h.statesOf(b)["inapp"], h.statesOf(stranger)["inapp"]
	h.as("mallory")
	code := h.someCode(h.upstream, "inapp")
	h.as("zhangsan")
	form := url.Values{"state": {state}, "code": {code}}
	ours := map[string]string{"Origin": h.origin(), "Content-Type": formType}
	with := func(name, value string) map[string]string {
		m := maps.Clone(ours)
		if m[name] = value; value == "" {
			delete(m, name)
		}
		return m
	}
	type try struct {
		who    *browser
		query  string
		header map[string]string
		body   string
	}
	tries := map[string]try{
		"state in the query":      {b, "?state=" + state, ours, url.Values{"code": {code}}.Encode()},
		"code in the query":       {b, "?code=" + code, ours, url.Values{"state": {state}}.Encode()},
		"all in the query":        {b, "?" + form.Encode(), ours, ""},
		"anything in the query":   {b, "?lang=en", ours, form.Encode()},
		"state twice":             {b, "", ours, form.Encode() + "&state=" + state},
		"another's state first":   {b, "", ours, "state=" + theirs + "&" + form.Encode()},
		"code twice":              {b, "", ours, form.Encode() + "&code=" + code},
		"any field twice":         {b, "", ours, form.Encode() + "&x=1&x=2"},
		"no code":                 {b, "", ours, url.Values{"state": {state}}.Encode()},
		"empty code":              {b, "", ours, url.Values{"state": {state}, "code": {""}}.Encode()},
		"what is no code":         {b, "", ours, url.Values{"state": {state}, "code": {"a b\r\nHost: evil"}}.Encode()},
		"an endless code":         {b, "", ours, url.Values{"state": {state}, "code": {strings.Repeat("a", 5000)}}.Encode()},
		"authCode for code":       {b, "", ours, url.Values{"state": {state}, "authCode": {code}}.Encode()},
		"no state":                {b, "", ours, url.Values{"code": {code}}.Encode()},
		"bent state":              {b, "", ours, url.Values{"state": {flip(state)}, "code": {code}}.Encode()},
		"another browser's state": {b, "", ours, url.Values{"state": {theirs}, "code": {code}}.Encode()},
		"in another browser":      {stranger, "", ours, form.Encode()},
		"in a new browser":        {h.browser(), "", ours, form.Encode()},
	}
	for _, origin := range []string{"", "null", "https://evil.example", h.dingtalk, strings.Replace(h.origin(), "http:", "https:", 1), h.origin() + ".evil.example",
		h.origin() + "/", h.origin() + "0", h.origin() + " https://evil.example", strings.ToUpper(h.origin()), "http://localhost", h.origin()[:len(h.origin())-1], "*"} {
		tries["origin "+origin] = try{b, "", with("Origin", origin), form.Encode()}
	}
	for _, site := range []string{"cross-site", "same-site", "none", "Same-Origin", "same-origin, cross-site", "x"} {
		tries["from "+site] = try{b, "", with("Sec-Fetch-Site", site), form.Encode()}
	}
	for _, media := range []string{"", "text/plain", "multipart/form-data; boundary=x", "application/json", "application/x-www-form-urlencoded-not", "text/plain, application/x-www-form-urlencoded"} {
		tries["as "+media] = try{b, "", with("Content-Type", media), form.Encode()}
	}
	calls := h.apiCalls()
	for name, c := range tries {
		req, err := http.NewRequest(http.MethodPost, h.issuer+"/login/inapp"+c.query, strings.NewReader(c.body))
		if err != nil {
			t.Fatal(err)
		}
		for header, value := range c.header {
			req.Header.Set(header, value)
		}
		h.store.Reset()
		p := c.who.send(req)
		nothingGiven(t, name, p)
		if len(p.header.Values("Set-Cookie")) > 0 || h.store.Trips() > 0 {
			t.Errorf("%s: cookies %v, %d trips", name, p.header.Values("Set-Cookie"), h.store.Trips())
		}
	}
	// By GET there is the page, which asks DingTalk anew and looks at no code.
	if p := b.get(h.issuer + "/login/inapp?" + form.Encode()); p.kind() != string(pages.InApp) || strings.Contains(p.body, code) {
		t.Errorf("by GET: %d %s", p.status, p.kind())
	}
	if h.apiCalls() != calls {
		t.Error("DingTalk was asked")
	}
	if p := h.handIn(b, state, h.someCode(h.upstream, "inapp")); answer(t, p).Get("code") == "" {
		t.Errorf("the login is spent: %d %s", p.status, p.kind())
	}
}

// TestThreat_D4_InAppCodeTwice: an answer from inside the client counts once, in its own
// browser, whoever races for it.
func TestThreat_D4_InAppCodeTwice(t *testing.T) {
	h := build(t, byWays(login.OAuth2, login.InApp))
	b := h.browser().says(agentAndroid)
	shown := b.get(b.get(h.authorization()).location)
	state, code := shown.attribute(t, "value"), h.clientCode(b, shown)
	var ends [4]page
	var wg sync.WaitGroup
	for i := range ends {
		wg.Go(func() { ends[i] = h.handIn(b, state, code) })
	}
	wg.Wait()
	for _, p := range ends {
		if p.status != http.StatusSeeOther || answer(t, p).Get("code") == "" || p.location != ends[0].location || p.cookie("-session-") != ends[0].cookie("-session-") {
			t.Errorf("%d %s, and %s", p.status, p.location, ends[0].location)
		}
	}
	if n := len(exchanged(h.sim)); n != 1 {
		t.Errorf("%d exchanges", n)
	}
	other := h.browser().says(agentAndroid)
	other.get(h.authorization())
	for _, thief := range []*browser{other, h.browser()} {
		wantPage(t, h.handIn(thief, state, code), http.StatusBadRequest, pages.OtherBrowser)
	}
	wantPage(t, h.handIn(b, state, h.clientCode(b, shown)), http.StatusBadRequest, pages.CodeUsed)
	wantPage(t, b.get(h.issuer+"/login/inapp?state="+url.QueryEscape(state)), http.StatusBadRequest, pages.LoginExpired)
	// In a login of its own the code is what DingTalk says: spent.
	again := b.get(b.get(h.authorization("prompt", "login")).location)
	wantPage(t, h.handIn(b, again.attribute(t, "value"), code), http.StatusBadRequest, pages.CodeUsed)
	// Two different codes at once: one of them counts.
	again = b.get(b.get(h.authorization("prompt", "login")).location)
	state, before := again.attribute(t, "value"), len(exchanged(h.sim))
	mine := []string{h.someCode(h.upstream, "inapp"), h.someCode(h.upstream, "inapp")}
	var two [2]page
	for i := range two {
		wg.Go(func() { two[i] = h.handIn(b, state, mine[i]) })
	}
	wg.Wait()
	won := 0
	for _, p := range two {
		if strings.HasPrefix(p.location, appCallback+"?code=") {
			won++
		} else {
			wantPage(t, p, http.StatusBadRequest, pages.CodeUsed)
		}
	}
	if n := len(exchanged(h.sim)) - before; won != 1 || n != 1 {
		t.Errorf("%d codes won, %d exchanges", won, n)
	}
}

// TestThreat_D4_LoginOfAnotherByEveryWay: the attacker's own answer, whole and unspent,
// is brought to the victim's browser: the victim is not logged in as the attacker, and
// stays who they are. Whatever way a login came by, its session is a new one.
func TestThreat_D4_LoginOfAnotherByEveryWay(t *testing.T) {
	h := build(t, byWays(everyWay...))
	kinds := map[string]string{"oauth2": "web", "frame": "web", "sns": "sns", "password": "sns", "inapp": "inapp"}
	for way, kind := range kinds {
		bring := h.back
		if way == "inapp" {
			bring = h.handIn
		}
		attacker, victim := h.browser(), h.browser()
		h.as("mallory")
		state, code := h.statesOf(attacker)[way], h.someCode(h.upstream, kind)
		h.as("zhangsan")
		for _, name := range []string{"not logged in", "logged in"} {
			if name == "logged in" {
				bring(victim, h.statesOf(victim)[way], h.someCode(h.upstream, kind))
			}
			before := victim.cookieNamed(h.issuer, "-session-")
			p := bring(victim, state, code)
			wantPage(t, p, http.StatusBadRequest, pages.OtherBrowser)
			if victim.cookieNamed(h.issuer, "-session-") != before || len(p.header.Values("Set-Cookie")) > 0 {
				t.Errorf("%s, %s: %v", way, name, p.header)
			}
		}
		if !h.in(victim) {
			t.Errorf("%s: the victim is out", way)
		}
		// Fixation: a session that was planted before the login is not the one after it.
		planted := victim.client.Jar.Cookies(mustURL(t, h.issuer))
		p := bring(victim, h.statesOf(victim, "prompt", "login")[way], h.someCode(h.upstream, kind))
		thief := h.browser()
		thief.client.Jar.SetCookies(mustURL(t, h.issuer), planted)
		if p.cookie("-session-") == "" || h.in(thief) || !h.in(victim) {
			t.Errorf("%s: %d %s: the planted cookie works, or the new one does not", way, p.status, p.kind())
		}
		if p := bring(attacker, state, code); answer(t, p).Get("code") == "" {
			t.Errorf("%s: the attempts cost the login: %d %s", way, p.status, p.kind())
		}
	}
}
