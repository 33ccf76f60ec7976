package provider_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/dingbridge/dingbridge/dingtalk"
	"github.com/dingbridge/dingbridge/keys"
	"github.com/dingbridge/dingbridge/provider"
	"github.com/dingbridge/dingbridge/provider/audit"
	"github.com/dingbridge/dingbridge/provider/clients"
	"github.com/dingbridge/dingbridge/provider/login"
	"github.com/dingbridge/dingbridge/provider/pages"
	"github.com/dingbridge/dingbridge/storage"
	"github.com/dingbridge/dingbridge/storage/storagetest"
)

// callsOf counts how often DingTalk was asked one thing.
func (h *house) callsOf(call string) (n int) {
	for _, c := range h.sim.Calls() {
		if c.Call == call {
			n++
		}
	}
	return n
}

// stateAt begins a login and returns the state that was sent to DingTalk.
func (h *house) stateAt(b *browser) string {
	h.t.Helper()
	u, err := url.Parse(b.get(h.authorization()).location)
	if err != nil {
		h.t.Fatal(err)
	}
	return u.Query().Get("state")
}

func (h *house) back(b *browser, state, code string) page {
	h.t.Helper()
	return b.get(h.issuer + "/login/callback?" + url.Values{"state": {state}, "authCode": {code}}.Encode())
}

func TestThreat_D14_GarbageCodesEndTheLogin(t *testing.T) {
	h := build(t)
	b := h.browser()
	state := h.stateAt(b)
	for try := range 20 {
		p := h.back(b, state, "garbage"+strings.Repeat("x", try))
		link := p.retry()
		if link == "" {
			break
		}
		u, err := url.Parse(link)
		if err != nil {
			t.Fatal(err)
		}
		state = u.Query().Get("state")
	}
	if n := h.callsOf("userAccessToken"); n < 2 || n > 3 {
		t.Errorf("one login brought %d bad codes to DingTalk", n)
	}
}

func TestThreat_D14_AnswersPerSecond(t *testing.T) {
	h := build(t, func(p *plan) { p.DingTalkLoginsPerSecond = 1 })
	b := h.browser()
	var states []string
	for range 12 {
		states = append(states, h.stateAt(b))
	}
	turned := make(chan page, len(states))
	for _, state := range states {
		go func() { turned <- h.back(b, state, "garbage") }()
	}
	limited := 0
	for range states {
		if p := <-turned; p.status == http.StatusServiceUnavailable && p.header.Get("Retry-After") != "" {
			limited++
		}
	}
	if limited == 0 || !h.events.has(audit.RequestLimited, "") {
		t.Error("nothing was turned away")
	}
	if n := h.callsOf("userAccessToken"); n > 8 {
		t.Errorf("%d answers were worked on", n)
	}
}

func TestThreat_OtherOrganisationsGrant(t *testing.T) {
	h := build(t)
	tokens := h.exchange(h.login(h.browser()))
	code := h.login(h.browser())
	other := h.ofAnother("dinganother")
	for name, r := range map[string]reply{
		"code":     other.exchange(code),
		"refresh":  other.refresh(tokens.text("refresh_token"), ""),
		"userinfo": other.userinfo(tokens.text("access_token")),
	} {
		if r.status/100 != 4 {
			t.Errorf("%s of another organisation: %d %s", name, r.status, r.body)
		}
	}
	if r := other.call("/revoke", "app", testSecret, url.Values{"token": {tokens.text("refresh_token")}}); r.status != http.StatusOK {
		t.Errorf("revocation of what is nobody's here: %d %s", r.status, r.body)
	}
	if r := h.userinfo(tokens.text("access_token")); r.status != http.StatusOK {
		t.Errorf("the other organisation ended the grant: %d %s", r.status, r.body)
	}
	if r := other.call("/introspect", "app", testSecret, url.Values{"token": {tokens.text("access_token")}}); r.json["active"] != false {
		t.Errorf("introspection: %s", r.body)
	}
}

// ofAnother is a provider for another organisation on the same store and secrets.
func (h *house) ofAnother(corpID string) *house {
	h.t.Helper()
	return h.among(provider.Organisation{CorpID: corpID, Upstream: h.upstream})
}

// among is a provider for these organisations on the same store and secrets.
func (h *house) among(organisations ...provider.Organisation) *house {
	h.t.Helper()
	server := httptest.NewUnstartedServer(nil)
	other := *h
	other.issuer = "http://" + server.Listener.Addr().String()
	site, err := pages.New(pages.Config{Issuer: other.issuer})
	if err != nil {
		h.t.Fatal(err)
	}
	ring, err := keys.Open(h.t.Context(), keys.Config{Store: h.store, Secrets: h.secrets})
	if err != nil {
		h.t.Fatal(err)
	}
	other.provider, err = provider.New(provider.Config{Issuer: other.issuer, Store: h.store, Secrets: h.secrets, Ring: ring,
		Clients: h.clients, Organisations: organisations, Pages: site, Audit: h.events})
	if err != nil {
		h.t.Fatal(err)
	}
	server.Config.Handler = other.provider.Handler()
	server.Start()
	h.t.Cleanup(server.Close)
	return &other
}

func TestG7_NarrowedClientNarrowsItsFamilies(t *testing.T) {
	h := build(t)
	tokens := h.exchange(h.login(h.browser()))
	narrow := func(change func(*clients.Spec)) {
		specs := testClients()
		change(&specs[0])
		set, faults := clients.NewSet(specs)
		if len(faults) > 0 {
			t.Fatal(faults)
		}
		h.clients.Replace(set)
	}
	narrow(func(s *clients.Spec) { s.Scopes = []string{"openid", "offline_access"} })
	r := h.refresh(tokens.text("refresh_token"), "")
	if r.text("scope") != "openid offline_access" {
		t.Errorf("scope after narrowing: %q", r.text("scope"))
	}
	if i := h.call("/introspect", "app", testSecret, url.Values{"token": {tokens.text("access_token")}}); i.text("scope") != "openid offline_access" {
		t.Errorf("introspected scope: %q", i.text("scope"))
	}
	narrow(func(s *clients.Spec) { s.RefreshToken = "never" })
	if r := h.refresh(r.text("refresh_token"), ""); r.text("error") != "invalid_grant" {
		t.Errorf("a client told to do without refresh: %d %s", r.status, r.body)
	}
}

// proves: a parameter without a value was not sent | RFC 6749 section 3.1
func TestEmptyParametersWereNotSent(t *testing.T) {
	h := build(t)
	tokens := h.exchange(h.login(h.browser()))
	r := h.call("/token", "app", testSecret, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {tokens.text("refresh_token")}, "scope": {""}})
	if r.status != 200 || r.text("scope") != tokens.text("scope") {
		t.Errorf("scope= at refresh: %d %s", r.status, r.body)
	}
	if p := h.browser().get(h.authorization() + "&request=&request_uri=&max_age=&prompt="); answerError(t, p) != "" {
		t.Errorf("empty parameters: %s", p.location)
	}
}

func answerError(t *testing.T, p page) string { t.Helper(); return answer(t, p).Get("error") }

func TestParameterNamesAreExact(t *testing.T) {
	h := build(t)
	code := h.login(h.browser())
	form := url.Values{"grant_type": {"authorization_code"}, "CODE": {code}, "code": {"x"}, "redirect_uri": {appCallback}, "code_verifier": {testVerifier}}
	for range 12 {
		if r := h.call("/token", "app", testSecret, form); r.status == 200 {
			t.Fatal("CODE was read for code")
		}
	}
	if r := h.exchange(code); r.status != 200 {
		t.Errorf("the code was burnt: %s", r.body)
	}
}

// panicking is an Upstream with a fault of ours in it.
type panicking struct{ login.Upstream }

func (panicking) Account(context.Context, string) (dingtalk.Account, error) { panic("boom") }

func TestPanicIsAnswered(t *testing.T) {
	h := build(t, func(p *plan) { p.wrap = func(u login.Upstream) login.Upstream { return panicking{u} } })
	p := h.browser().follow(h.authorization(), appCallback)
	if p.status != http.StatusInternalServerError || !strings.Contains(p.body, "data-page=\"internal\"") || strings.Contains(p.body, "boom") {
		t.Errorf("%d %.300s", p.status, p.body)
	}
	if !h.events.has(audit.InternalFault, "") {
		t.Error("not audited")
	}
}

// proves: what is not offline_access ends with the session | Core section 11
func TestH5_WithoutOfflineAccessAGrantEndsWithItsSession(t *testing.T) {
	var h *house
	var tokens reply
	for life := 2 * time.Second; ; life *= 4 { // a busy machine may need longer than a session lives
		h = build(t, func(p *plan) {
			p.specs[0].RefreshToken = "always"
			p.Sessions.Absolute = life
		})
		b, began := h.browser(), time.Now()
		if tokens = h.exchange(h.login(b, "scope", "openid profile")); tokens.text("refresh_token") != "" {
			time.Sleep(life + time.Second) // times are kept in seconds
			break
		}
		if took := time.Since(began); took < life/2 || life > time.Minute {
			t.Fatalf("no refresh token: %d %s", tokens.status, tokens.body)
		}
	}
	if r := h.refresh(tokens.text("refresh_token"), ""); r.text("error") != "invalid_grant" {
		t.Errorf("refresh: %d %s", r.status, r.body)
	}
	if r := h.userinfo(tokens.text("access_token")); r.status != http.StatusUnauthorized {
		t.Errorf("userinfo: %d", r.status)
	}
}

func TestG7_CodeOfAClientThatWasNarrowed(t *testing.T) {
	h := build(t)
	code := h.login(h.browser())
	specs := testClients()
	specs[0].Scopes = []string{"openid"}
	set, faults := clients.NewSet(specs)
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	h.clients.Replace(set)
	if r := h.exchange(code); r.text("scope") != "openid" {
		t.Errorf("scope %q", r.text("scope"))
	}
}

func TestTokensOfARemovedClientAreInactive(t *testing.T) {
	h := build(t)
	tokens := h.exchange(h.login(h.browser()))
	ask := func() any {
		return h.call("/introspect", "api", testSecret, url.Values{"token": {tokens.text("access_token")}}).json["active"]
	}
	if ask() != true {
		t.Fatal("not active to a resource server")
	}
	set, faults := clients.NewSet(testClients()[1:])
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	h.clients.Replace(set)
	if ask() != false {
		t.Error("active though its client is gone")
	}
}

func TestStrictTransportSecurity(t *testing.T) {
	h := build(t, func(p *plan) { p.Issuer = "https://login.example.com" })
	if got := h.direct("GET", h.issuer+"/").Header.Get("Strict-Transport-Security"); !strings.Contains(got, "max-age=") {
		t.Errorf("%q", got)
	}
	plain := build(t)
	if got := plain.direct("GET", plain.issuer+"/").Header.Get("Strict-Transport-Security"); got != "" {
		t.Errorf("on loopback http: %q", got)
	}
}

func TestBearerTwiceInTheBody(t *testing.T) {
	h := build(t)
	token := h.exchange(h.login(h.browser())).text("access_token")
	req, err := http.NewRequest(http.MethodPost, h.issuer+"/userinfo", strings.NewReader(url.Values{"access_token": {token, token}}.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if r := h.json(req); r.status != http.StatusBadRequest {
		t.Errorf("%d %s", r.status, r.body)
	}
}

func TestLanguageOutlivesDingTalk(t *testing.T) {
	h := build(t, func(p *plan) { p.as = "outsider" })
	for locale, lang := range map[string]string{"zh-CN": `<html lang="zh-CN"`, "en": `<html lang="en"`} {
		b := h.browser()
		start := h.authorization("ui_locales", locale)
		for range 2 { // a reload speaks it too
			p := b.follow(start, appCallback)
			if p.kind() != string(pages.Outsider) || !strings.Contains(p.body, lang) {
				t.Errorf("%s: %d %s %.60q", locale, p.status, p.kind(), p.body)
			}
		}
	}
}

func TestH3_TokenEndpointSaysWhenToComeAgain(t *testing.T) {
	h := build(t)
	code := h.login(h.browser())
	h.store.fail(func(*storage.Op) storagetest.Fault { return storagetest.FailBefore })
	r := h.exchange(code)
	if r.status != http.StatusServiceUnavailable || r.header.Get("Retry-After") == "" {
		t.Errorf("%d, Retry-After %q", r.status, r.header.Get("Retry-After"))
	}
	h.store.fail(nil)
	if r := h.exchange(code); r.status != http.StatusOK || r.header.Get("Retry-After") != "" {
		t.Errorf("mended: %d, Retry-After %q", r.status, r.header.Get("Retry-After"))
	}
}

// TestAnswersWaitTheirTurn: who waits for a turn within the limit gets one.
func TestAnswersWaitTheirTurn(t *testing.T) {
	h := build(t, func(p *plan) { p.DingTalkLoginsPerSecond = 2 })
	var done sync.WaitGroup
	for range 6 { // two at once, the others half a second apart
		done.Go(func() {
			if p := h.browser().follow(h.authorization(), appCallback); !strings.HasPrefix(p.location, appCallback) {
				t.Errorf("%d %.200s", p.status, p.body)
			}
		})
	}
	done.Wait()
}
