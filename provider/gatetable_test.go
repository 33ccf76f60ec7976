package provider_test

import (
	"cmp"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"net/http"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/dingbridge/dingbridge/dingtalk/simulator"
	"github.com/dingbridge/dingbridge/provider/clients"
	"github.com/dingbridge/dingbridge/provider/pages"
	"github.com/dingbridge/dingbridge/provider/people"
	"github.com/dingbridge/dingbridge/storage"
	"github.com/dingbridge/dingbridge/storage/storagetest"
)

// What comes of a try.
const (
	given    = "given"
	narrowed = "given without the scope that was taken away"
	refusal  = "refused"
	later    = "503"
)

// A way is one by which codes or tokens come out. begin brings a person as far as one
// step before; what it returns takes that step.
type way struct {
	name    string
	grant   string   // the grant type, if it is one of the token endpoint
	in      []string // the functions of the hall that give it out
	offline bool     // it outlives the session
	begin   func(g *gateHouse) (step func() string)
}

const offlineScope, sessionScope = "openid profile email offline_access", "openid profile email"

var gateWays = []way{
	{"login", "", []string{"complete"}, true, func(g *gateHouse) func() string {
		return func() string {
			return g.page(g.house.browser().follow(g.authorization("scope", offlineScope), appCallback))
		}
	}},
	{"single sign-on", "", []string{"grant"}, false, func(g *gateHouse) func() string {
		g.login(g.b)
		return func() string { return g.page(g.b.get(g.authorization("scope", offlineScope, "prompt", "none"))) }
	}},
	{"consent", "", []string{"grant"}, false, func(g *gateHouse) func() string {
		g.login(g.b)
		fields := hidden(g.t, g.b.get(g.authorization("scope", offlineScope, "prompt", "consent")))
		fields.Set("choice", "approve")
		return func() string { return g.page(g.b.post(g.issuer+"/authorize/consent", fields)) }
	}},
	{"code, offline", "authorization_code", []string{"codeExchange"}, true, func(g *gateHouse) func() string {
		code := g.login(g.b, "scope", offlineScope)
		return func() string { return g.reply(g.exchange(code)) }
	}},
	{"code", "authorization_code", []string{"codeExchange"}, false, func(g *gateHouse) func() string {
		code := g.login(g.b, "scope", sessionScope)
		return func() string { return g.reply(g.exchange(code)) }
	}},
	{"refresh, offline", "refresh_token", []string{"refreshToken"}, true, func(g *gateHouse) func() string {
		token := g.exchange(g.login(g.b, "scope", offlineScope)).text("refresh_token")
		return func() string { return g.reply(g.refresh(token, "")) }
	}},
	{"refresh", "refresh_token", []string{"refreshToken"}, false, func(g *gateHouse) func() string {
		token := g.exchange(g.login(g.b, "scope", sessionScope)).text("refresh_token")
		return func() string { return g.reply(g.refresh(token, "")) }
	}},
	{"device", grantDevice, []string{"deviceToken"}, true, func(g *gateHouse) func() string {
		g.login(g.b)
		codes := g.deviceCodes("app", testSecret)
		g.letIn(g.b, codes)
		return func() string { return g.reply(g.poll("app", testSecret, codes.text("device_code"))) }
	}},
	{"letting a device in", "", []string{"deviceToken"}, false, func(g *gateHouse) func() string {
		g.login(g.b)
		codes := g.deviceCodes("app", testSecret)
		asked := g.enter(g.b, codes.text("user_code"))
		return func() string {
			p := g.choose(g.b, asked, "approve")
			switch {
			case p.kind() == string(pages.DeviceApproved):
				return g.reply(g.poll("app", testSecret, codes.text("device_code")))
			case strings.HasPrefix(p.location, g.dingtalk): // to prove again who it is
				return refusal
			}
			return g.page(p)
		}
	}},
}

// A gate is something that happens between the first step and the last, and what it
// means to each way: want, unless except says otherwise.
type gate struct {
	name   string
	stale  time.Duration // how old an answer of the directory may be; an hour
	happen func(g *gateHouse)
	want   string
	except map[string]string
	mend   func(g *gateHouse) // afterwards the same step succeeds
}

var gates = []gate{
	{name: "nothing", happen: func(*gateHouse) {}, want: given},
	{name: "person gone at DingTalk", happen: func(g *gateHouse) { g.sim.Leave("zhangsan") }, want: refusal},
	{name: "person disabled at DingTalk", happen: func(g *gateHouse) {
		if err := g.sim.ChangePerson("zhangsan", func(p *simulator.Person) {
			p.ExclusiveAccount, p.ExclusiveAccountType, p.LoginID, p.DisableStatus = true, "dingtalk", "zs@yunshan", true
		}); err != nil {
			g.t.Fatal(err)
		}
	}, want: refusal},
	{name: "epoch raised", happen: func(g *gateHouse) {
		if err := g.people(g.t).Remove(g.t.Context(), g.subject(g.t, "zhangsan")); err != nil && !errors.Is(err, people.ErrUnknownPerson) {
			g.t.Fatal(err)
		}
	}, want: refusal, except: map[string]string{"login": given}},
	{name: "allow withdrawn", happen: func(g *gateHouse) {
		g.change(func(s *clients.Spec) { s.Allow = clients.Allow{People: []string{"lisi"}} })
	}, want: refusal},
	{name: "organisation served no more", happen: func(g *gateHouse) {
		g.change(func(s *clients.Spec) { s.Organisations = []string{"dinganother"} })
	}, want: refusal},
	{name: "client removed", happen: func(g *gateHouse) {
		g.house.replace(slices.DeleteFunc(gateClients(), func(s clients.Spec) bool { return s.ID == "app" }))
	}, want: refusal},
	{name: "scope taken away", happen: func(g *gateHouse) {
		g.change(func(s *clients.Spec) { s.Scopes = []string{"openid", "profile", "offline_access"} })
	}, want: narrowed},
	{name: "logged out", happen: func(g *gateHouse) { g.signOut("here") }, want: given, except: sessionWays(refusal)},
	{name: "logged out everywhere", happen: func(g *gateHouse) { g.signOut("everywhere") }, want: refusal, except: map[string]string{"login": given}},
	{name: "directory undecided, last answer young enough", happen: undecided, want: given, except: map[string]string{"login": later}},
	{name: "directory undecided, last answer too old", stale: time.Nanosecond, happen: undecided, want: later, mend: func(g *gateHouse) { g.sim.ClearFaults() }},
	{name: "storage away", happen: func(g *gateHouse) {
		g.store.fail(func(*storage.Op) storagetest.Fault { return storagetest.FailBefore })
	}, want: later, mend: func(g *gateHouse) { g.store.fail(nil) }},
}

// sessionWays says the same of each way that ends with the session.
func sessionWays(outcome string) map[string]string {
	m := map[string]string{}
	for _, w := range gateWays {
		if !w.offline {
			m[w.name] = outcome
		}
	}
	return m
}

func undecided(g *gateHouse) {
	if err := g.sim.Fault(simulator.Fault{Call: "getbyunionid", Kind: "500", Count: -1}); err != nil {
		g.t.Fatal(err)
	}
}

// TestH5_TheGateTable: every way by which a code or a token comes out, and everything
// that may happen before (CVE-2025-53942, CVE-2024-38371, CVE-2024-52287, Casdoor
// CVE-2026-9097).
//
// proves: every grant passes one gate | RFC 6749 section 5.2, Core section 12
func TestH5_TheGateTable(t *testing.T) {
	for _, w := range gateWays {
		for _, happens := range gates {
			t.Run(w.name+"/"+happens.name, func(t *testing.T) {
				t.Parallel()
				h := build(t, func(p *plan) {
					p.specs = gateClients()
					p.People.RecheckAfter, p.People.MaxStale = time.Nanosecond, cmp.Or(happens.stale, time.Hour)
				})
				g := &gateHouse{house: h, b: h.browser()}
				step := w.begin(g)
				happens.happen(g)
				want := happens.want
				if other, excepted := happens.except[w.name]; excepted {
					want = other
				}
				if got := step(); got != want {
					t.Fatalf("%s, want %s", got, want)
				}
				if happens.mend != nil {
					happens.mend(g)
					if got := step(); got != given {
						t.Errorf("afterwards %s", got)
					}
				}
			})
		}
	}
}

// TestH5_TheGateTableIsWhole: a grant type that discovery names, and a function of the
// hall that makes a code or tokens, has its row, or this fails.
func TestH5_TheGateTableIsWhole(t *testing.T) {
	var grantTypes, functions []string
	for _, w := range gateWays {
		grantTypes, functions = append(grantTypes, w.grant), append(functions, w.in...)
	}
	advertised, _ := build(t).raw("GET", "/.well-known/openid-configuration", "", "", "").json["grant_types_supported"].([]any)
	if len(advertised) < 2 {
		t.Errorf("grant types %v", advertised)
	}
	for _, name := range advertised {
		if !slices.Contains(grantTypes, name.(string)) {
			t.Errorf("grant type %s has no row in the table of the gate", name)
		}
	}
	found := givers(t)
	if len(found) < 4 {
		t.Errorf("only %v give anything out; the search is out of date", found)
	}
	for _, name := range found {
		if !slices.Contains(functions, name) {
			t.Errorf("%s gives codes or tokens out, and has no row in the table of the gate", name)
		}
	}
	for _, name := range functions {
		if !slices.Contains(found, name) {
			t.Errorf("%s gives nothing out", name)
		}
	}
}

// givers are the functions of the hall that make a grant or the answer of a grant.
func givers(t *testing.T) (found []string) {
	t.Helper()
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range slices.DeleteFunc(files, func(name string) bool { return strings.HasSuffix(name, "_test.go") }) {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, declared := range file.Decls {
			function, is := declared.(*ast.FuncDecl)
			if !is {
				continue
			}
			ast.Inspect(function, func(n ast.Node) bool {
				if s, is := n.(*ast.SelectorExpr); is && slices.Contains([]string{"Issue", "IssueActive", "issue"}, s.Sel.Name) {
					if on, is := s.X.(*ast.SelectorExpr); s.Sel.Name == "issue" || is && on.Sel.Name == "grants" {
						found = append(found, function.Name.Name)
					}
				}
				return true
			})
		}
	}
	slices.Sort(found)
	return slices.Compact(found)
}

// gateHouse is a house with one person before one browser.
type gateHouse struct {
	*house
	b *browser
}

func gateClients() []clients.Spec {
	specs := testClients()
	specs[0].RefreshToken = "always"
	specs[0].DeviceAuthorization = true
	return specs
}

func (g *gateHouse) change(change func(*clients.Spec)) {
	specs := gateClients()
	change(&specs[0])
	g.house.replace(specs)
}

func (g *gateHouse) signOut(choice string) {
	g.t.Helper()
	p := g.b.get(g.issuer + "/end_session?client_id=app")
	fields := hidden(g.t, p)
	if !fields.Has("ticket") {
		return // nobody is here
	}
	fields.Set("choice", choice)
	if p := g.b.post(g.issuer+"/end_session/confirm", fields); p.status != http.StatusOK {
		g.t.Fatalf("sign out %s: %d %s", choice, p.status, p.kind())
	}
}

// page says what came of a browser's step.
func (g *gateHouse) page(p page) string {
	g.t.Helper()
	var q url.Values
	if strings.HasPrefix(p.location, appCallback) {
		q = answer(g.t, p)
	}
	switch {
	case q.Get("code") != "":
		return g.reply(g.exchange(q.Get("code")))
	case p.status == http.StatusServiceUnavailable, q.Get("error") == "temporarily_unavailable":
		return later
	case p.status/100 == 4, q.Get("error") == "login_required", q.Get("error") == "access_denied":
		return refusal
	}
	g.t.Fatalf("neither given nor refused: %d %s %s", p.status, p.kind(), p.location)
	return ""
}

// reply says what came of a client's step, and that the scopes are those of the client.
func (g *gateHouse) reply(r reply) string {
	g.t.Helper()
	email := strings.Contains(r.text("scope"), "email")
	switch {
	case r.status == http.StatusServiceUnavailable && r.text("error") == "temporarily_unavailable":
		return later
	case r.status == http.StatusBadRequest && slices.Contains([]string{"invalid_grant", "access_denied"}, r.text("error")),
		r.status == http.StatusUnauthorized && r.text("error") == "invalid_client":
		return refusal
	case r.status != http.StatusOK || r.text("access_token") == "":
		g.t.Fatalf("neither given nor refused: %d %s", r.status, r.body)
	case email != (g.userinfo(r.text("access_token")).text("email") != ""):
		g.t.Fatalf("scope %q, userinfo %s", r.text("scope"), g.userinfo(r.text("access_token")).body)
	case !email:
		return narrowed
	}
	return given
}
