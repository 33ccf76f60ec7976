package provider_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/dingbridge/dingbridge/keys"
	"github.com/dingbridge/dingbridge/provider"
	"github.com/dingbridge/dingbridge/provider/audit"
	"github.com/dingbridge/dingbridge/provider/clients"
	"github.com/dingbridge/dingbridge/provider/pages"
)

// upstreamCalls counts how often DingTalk was asked one thing.
func (h *house) upstreamCalls(call string) (n int) {
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
	if n := h.upstreamCalls("userAccessToken"); n < 2 || n > 3 {
		t.Errorf("one login brought %d bad codes to DingTalk", n)
	}
}

func TestThreat_D14_AnswersPerSecond(t *testing.T) {
	h := build(t, func(p *plan) { p.UpstreamPerSecond = 1 })
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
	if n := h.upstreamCalls("userAccessToken"); n > 8 {
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
	if r := other.call("/introspect", "app", testSecret, url.Values{"token": {tokens.text("access_token")}}); r.json["active"] != false {
		t.Errorf("introspection: %s", r.body)
	}
}

// ofAnother is a provider for another organisation on the same store and secrets.
func (h *house) ofAnother(corpID string) *house {
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
		Clients: h.clients, CorpID: corpID, Upstream: h.upstream, Pages: site, Audit: h.events})
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
