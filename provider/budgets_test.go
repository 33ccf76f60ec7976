package provider_test

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/dingbridge/dingbridge/provider/audit"
	"github.com/dingbridge/dingbridge/provider/limits"
	"github.com/dingbridge/dingbridge/provider/login"
	"github.com/dingbridge/dingbridge/provider/pages"
	"github.com/dingbridge/dingbridge/storage"
	"github.com/dingbridge/dingbridge/storage/storagetest"
)

// proxied trusts the test's own address as a proxy, so that requests come from where
// house.at says, and sets limits.
func proxied(change func(*limits.Config)) option {
	return func(p *plan) {
		p.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
		change(&p.Limits)
	}
}

// wantLimited holds an answer to how a limit is told to a client.
func wantLimited(t *testing.T, what string, r reply, status int) {
	t.Helper()
	code := r.text("error")
	if r.status != status || code != "temporarily_unavailable" && code != "slow_down" || r.header.Get("Retry-After") == "" {
		t.Errorf("%s: %d %s, Retry-After %q", what, r.status, r.body, r.header.Get("Retry-After"))
	}
}

const elsewhere, another = "198.51.100.7", "2001:db8:7::1"

// TestThreat_BruteForce_ClientSecrets: whoever tries secrets out is stopped after so many;
// the app itself is not, not even from the same address, and nobody elsewhere.
func TestThreat_BruteForce_ClientSecrets(t *testing.T) {
	h := build(t, withDevices, proxied(func(c *limits.Config) { c.FailuresPerMinute = 10 }))
	tokens := h.exchange(h.login(h.browser())) // the app has shown its secret
	for _, path := range []string{"/token", "/introspect", "/revoke", "/par", "/device_authorization"} {
		h.call(path, "app", "wrong", url.Values{"token": {"x"}})
	}
	refused, limited := 5, 0
	for n := range 30 {
		switch r := h.call("/introspect", "app", fmt.Sprint("guess", n), url.Values{"token": {"x"}}); r.status {
		case http.StatusUnauthorized:
			refused++
		default:
			limited++
			wantLimited(t, "a guess", r, http.StatusTooManyRequests)
		}
	}
	if limited < 20 || refused > 15 {
		t.Errorf("%d guesses were looked at, %d not", refused, limited)
	}
	if r := h.refresh(tokens.text("refresh_token"), ""); r.status != http.StatusOK {
		t.Errorf("the app is locked out by a stranger behind its own address: %d %s", r.status, r.body)
	}
	for _, address := range []string{elsewhere, another} {
		if r := h.at(address).call("/introspect", "app", testSecret, url.Values{"token": {"x"}}); r.status != http.StatusOK {
			t.Errorf("the app at %s: %d %s", address, r.status, r.body)
		}
	}
	if r := h.call("/introspect", "es", testSecret, url.Values{"token": {"x"}}); r.status != http.StatusOK {
		t.Errorf("another app at that address: %d %s", r.status, r.body)
	}
	if r := h.poll("tv", "", "x"); r.text("error") != "invalid_grant" {
		t.Errorf("a public client at that address: %d %s", r.status, r.body)
	}
	if !h.events.has(audit.RequestLimited, string(limits.Authentications)) {
		t.Error("not audited")
	}
	// Of clients that there are not the address alone counts, whatever they are called.
	limited = 0
	for n := range 30 {
		if r := h.at("203.0.113.1").call("/token", fmt.Sprint("app", n), "guess", url.Values{"grant_type": {"refresh_token"}}); r.status == http.StatusTooManyRequests {
			limited++
		}
	}
	if limited < 15 {
		t.Errorf("only %d tries of made up clients were turned away", limited)
	}
}

// TestThreat_BruteForce_CodesAndTokens: garbage is turned away after a while, and so is a
// dead token that an app shows again and again, without asking storage; what lives, and
// other dead ones, are answered as ever.
func TestThreat_BruteForce_CodesAndTokens(t *testing.T) {
	h := build(t, withDevices, proxied(func(c *limits.Config) { c.FailuresPerMinute = 10 }))
	live, dead, other, third := h.exchange(h.login(h.browser())), h.exchange(h.login(h.browser())), h.exchange(h.login(h.browser())), h.exchange(h.login(h.browser()))
	for _, r := range []reply{dead, other, third} {
		h.call("/revoke", "app", testSecret, url.Values{"token": {r.text("refresh_token")}})
	}
	after := func(what string, status int, ask func(n int) reply) {
		t.Helper()
		for n := range 10 {
			if r := ask(n); r.status == http.StatusTooManyRequests {
				t.Errorf("%s: turned away after %d", what, n)
			}
		}
		h.store.Reset()
		for n := range 10 {
			if r := ask(n); n > 2 { // one may come back meanwhile on a busy machine
				wantLimited(t, what, r, status)
			}
		}
		if n := h.store.Trips(); n > 2 {
			t.Errorf("%s: %d trips", what, n)
		}
	}
	after("garbage for codes", http.StatusTooManyRequests, func(n int) reply { return h.at(elsewhere).exchange(fmt.Sprint("garbage", n)) })
	if r := h.at(another).refresh("garbage", ""); r.text("error") != "invalid_grant" {
		t.Errorf("garbage from elsewhere: %d %s", r.status, r.body)
	}
	if r := h.at(elsewhere).refresh(live.text("refresh_token"), ""); r.status != http.StatusOK {
		t.Errorf("a live token where garbage came from: %d %s", r.status, r.body)
	} else {
		live = r
	}
	after("a dead refresh token", http.StatusTooManyRequests, func(int) reply { return h.refresh(dead.text("refresh_token"), "") })
	if r := h.refresh(other.text("refresh_token"), ""); r.text("error") != "invalid_grant" {
		t.Errorf("another dead one: %d %s", r.status, r.body)
	}
	after("a dead access token at userinfo", http.StatusTooManyRequests, func(int) reply { return h.userinfo(dead.text("access_token")) })
	if r := h.userinfo(third.text("access_token")); r.status != http.StatusUnauthorized {
		t.Errorf("another dead one at userinfo: %d", r.status)
	}
	after("a dead access token, introspected", http.StatusTooManyRequests, func(int) reply {
		return h.call("/introspect", "app", testSecret, url.Values{"token": {other.text("access_token")}})
	})
	if r := h.call("/introspect", "app", testSecret, url.Values{"token": {live.text("access_token")}}); r.json["active"] != true {
		t.Errorf("a live one: %d %s", r.status, r.body)
	}
	if r := h.userinfo(live.text("access_token")); r.status != http.StatusOK {
		t.Errorf("a live one at userinfo: %d", r.status)
	}
	after("garbage for device codes", http.StatusTooManyRequests, func(n int) reply { return h.poll("tv", "", fmt.Sprint("garbage", n)) })
	for _, word := range []limits.Word{limits.Codes, limits.DeadTokens} {
		if !h.events.has(audit.RequestLimited, string(word)) {
			t.Errorf("%s is not audited", word)
		}
	}
}

// TestThreat_BruteForce_TokensAreMany: what is not ours at userinfo and introspection may
// be much: tokens that have expired are among it, of a whole company.
func TestThreat_BruteForce_TokensAreMany(t *testing.T) {
	h := build(t, proxied(func(c *limits.Config) { c.FailuresPerMinute = 1 }))
	tokens := h.exchange(h.login(h.browser()))
	for name, ask := range map[string]func() reply{
		"userinfo":      func() reply { return h.at(elsewhere).userinfo("garbage") },
		"introspection": func() reply { return h.call("/introspect", "app", testSecret, url.Values{"token": {"garbage"}}) },
	} {
		limited := 0
		for n := range 130 {
			if r := ask(); r.status == http.StatusTooManyRequests {
				wantLimited(t, name, r, http.StatusTooManyRequests)
				if limited++; n < 100 {
					t.Fatalf("%s: turned away after %d", name, n)
				}
			}
		}
		if limited < 5 {
			t.Errorf("%s: %d were turned away", name, limited)
		}
	}
	if r := h.at(elsewhere).userinfo(tokens.text("access_token")); r.status != http.StatusOK {
		t.Errorf("a live token: %d", r.status)
	}
}

// TestThreat_BruteForce_UserCodesOfAnAddress: beside the person's own limit.
func TestThreat_BruteForce_UserCodesOfAnAddress(t *testing.T) {
	h := build(t, withDevices, proxied(func(c *limits.Config) { c.FailuresPerMinute = 1 }))
	b, other := h.browser(), h.at(elsewhere).browser()
	h.login(b)
	h.login(other)
	for n := range 5 {
		wantPage(t, h.enter(b, "BBBB-BBB"+string("CDFGH"[n])), http.StatusOK, pages.DeviceCode)
	}
	wantPage(t, h.enter(b, "BBBB-BBBB"), http.StatusTooManyRequests, pages.TooManyCodes)
	wantPage(t, h.enter(other, "BBBB-BBBJ"), http.StatusOK, pages.DeviceCode)
	if !h.events.has(audit.RequestLimited, string(limits.UserCodes)) {
		t.Error("not audited")
	}
}

// TestThreat_DoS_LoginsOfOneAddress: so many may be under way; who comes back makes room,
// and other addresses are not asked.
func TestThreat_DoS_LoginsOfOneAddress(t *testing.T) {
	h := build(t, withDevices, proxied(func(c *limits.Config) { c.LoginsPerAddress = 10 }))
	for range 25 { // an office: all of them come back
		h.login(h.browser())
	}
	stranger := h.at(elsewhere)
	h.store.Reset()
	begun, last := 0, page{}
	for range 25 {
		if last = stranger.browser().get(h.authorization("ui_locales", "zh-CN")); stranger.toDingTalk(last) {
			begun++
		}
	}
	if begun < 10 || begun > 12 || h.store.Trips() > begun {
		t.Errorf("%d logins were begun, with %d trips", begun, h.store.Trips())
	}
	wantPage(t, last, http.StatusTooManyRequests, pages.TooManyRequests)
	if last.header.Get("Retry-After") == "" || last.retry() == "" || !strings.Contains(last.body, `lang="zh-CN"`) || !strings.Contains(last.body, last.header.Get("X-Request-Id")) {
		t.Errorf("the page says not when, where or what: %v %.300s", last.header, last.body)
	}
	if !h.events.has(audit.RequestLimited, string(limits.LoginsOfAddress)) {
		t.Error("not audited")
	}
	if !h.toDingTalk(h.browser().get(h.authorization())) || !h.toDingTalk(h.at(another).browser().get(h.authorization())) {
		t.Error("another address was turned away")
	}
	// Devices and forms are counted by themselves, and an app with a secret speaks for many.
	var device, posted page
	for range 25 {
		device = stranger.call("/device_authorization", "tv", "", url.Values{"scope": {"openid"}}).page
		posted = stranger.browser().post(h.issuer+"/authorize", h.query())
		if r := stranger.push(); r.status != http.StatusCreated {
			t.Fatalf("an app pushed: %d %s", r.status, r.body)
		}
	}
	if device.status != http.StatusTooManyRequests || device.header.Get("Retry-After") == "" {
		t.Errorf("devices: %d %s", device.status, device.body)
	}
	wantPage(t, posted, http.StatusTooManyRequests, pages.TooManyRequests)
}

// TestThreat_DoS_TheLastIsForOthers: who has used much of their own leaves the last quarter
// of the replica's to others.
func TestThreat_DoS_TheLastIsForOthers(t *testing.T) {
	h := build(t, proxied(func(c *limits.Config) { c.LoginsPerAddress = 100 }), func(p *plan) { p.LoginsPerSecond = 4 })
	var turned page
	for range 95 { // of 40, and of what has come back meanwhile
		if p := h.at(elsewhere).browser().get(h.authorization()); !h.toDingTalk(p) {
			turned = p
		}
	}
	wantPage(t, turned, http.StatusServiceUnavailable, pages.TooManyRequests)
	for range 5 {
		if p := h.browser().get(h.authorization()); !h.toDingTalk(p) {
			t.Errorf("somebody else: %d", p.status)
		}
	}
}

// TestThreat_DoS_GarbageAnswersOfOneAddress: who brings codes that DingTalk does not know
// leaves half of what DingTalk lets us ask to others.
func TestThreat_DoS_GarbageAnswersOfOneAddress(t *testing.T) {
	h := build(t, proxied(func(c *limits.Config) { c.FailuresPerMinute = 1 }), func(p *plan) { p.DingTalkLoginsPerSecond = 8 })
	stranger := h.at(elsewhere)
	for range 2 {
		b := stranger.browser()
		stranger.back(b, stranger.stateAt(b), "garbage")
	}
	var all sync.WaitGroup
	var mu sync.Mutex
	asked, turned := 0, 0
	for range 24 {
		b := stranger.browser()
		state := stranger.stateAt(b)
		all.Go(func() {
			p := stranger.back(b, state, "garbage")
			mu.Lock()
			defer mu.Unlock()
			if p.kind() == string(pages.TooManyRequests) {
				turned++
			} else {
				asked++
			}
		})
	}
	all.Wait()
	if turned == 0 {
		t.Errorf("%d were asked about, none was turned away", asked)
	}
	if p := h.browser().follow(h.authorization(), appCallback); !strings.HasPrefix(p.location, appCallback) {
		t.Errorf("somebody else: %d %s", p.status, p.kind())
	}
	if !h.events.has(audit.RequestLimited, string(limits.AddressAnswers)) {
		t.Error("not audited")
	}
}

// TestH23_AnAppInALoop: a browser that is sent round is stopped, and goes on at other
// apps; a runaway app is told so, and no other is.
func TestH23_AnAppInALoop(t *testing.T) {
	h := build(t, withDevices, proxied(func(c *limits.Config) { c.Circles, c.RequestsPerClient = 5, 2 }))
	b := h.browser()
	h.login(b)
	code, last := "", page{}
	for range 8 {
		if last = b.get(h.authorization()); last.location != "" {
			code = answer(t, last).Get("code")
		}
	}
	wantPage(t, last, http.StatusTooManyRequests, pages.TooManyRequests)
	if _, advice, _ := strings.Cut(last.body, `id="advice"`); !strings.Contains(advice, "The App") || strings.Contains(last.body, "{app}") {
		t.Errorf("the page does not say whose people are to be told: %s", advice)
	}
	if r := answer(t, b.get(h.authorization("prompt", "none"))); r.Get("error") != "temporarily_unavailable" {
		t.Errorf("silently: %v", r)
	}
	if p := b.get(h.authorization("client_id", "es")); answer(t, p).Get("code") == "" {
		t.Errorf("another app: %d", p.status)
	}
	second := h.browser()
	h.login(second)
	if p := second.get(h.authorization()); answer(t, p).Get("code") == "" {
		t.Errorf("another browser: %d", p.status)
	}
	tokens := h.exchange(code)
	limited := reply{}
	for range 40 {
		if r := h.userinfo(tokens.text("access_token")); r.status != http.StatusOK {
			limited = r
		}
	}
	wantLimited(t, "userinfo", limited, http.StatusTooManyRequests)
	wantLimited(t, "token", h.refresh(tokens.text("refresh_token"), ""), http.StatusTooManyRequests)
	if r := h.at(elsewhere).refresh(tokens.text("refresh_token"), ""); r.status != http.StatusOK {
		t.Errorf("the same app from elsewhere: %d %s", r.status, r.body)
	}
	if r := h.call("/introspect", "es", testSecret, url.Values{"token": {"x"}}); r.status != http.StatusOK {
		t.Errorf("another app: %d %s", r.status, r.body)
	}
	for range 30 {
		if r := h.poll("tv", "", "x"); r.status == http.StatusTooManyRequests && r.text("error") != "slow_down" {
			t.Fatalf("a device: %s", r.body)
		}
	}
	for _, word := range []limits.Word{limits.Circles, limits.ClientRequests} {
		if !h.events.has(audit.RequestLimited, string(word)) {
			t.Errorf("%s is not audited", word)
		}
	}
}

// TestH23_WhatNeverStarves: with every place taken, requests are turned away at once,
// by page and by JSON, while keys, discovery and health answer; afterwards all is well.
func TestH23_WhatNeverStarves(t *testing.T) {
	h := build(t, proxied(func(c *limits.Config) { c.RequestsAtOnce = 16 }))
	b := h.browser()
	h.login(b)
	tokens := h.exchange(h.login(h.browser()))
	release, waiting := make(chan struct{}), make(chan struct{}, 64)
	h.store.fail(func(*storage.Op) storagetest.Fault {
		waiting <- struct{}{}
		<-release
		return storagetest.NoFault
	})
	var all sync.WaitGroup
	for n := range 8 { // half of them are for logins; a quarter is one client's
		all.Go(func() {
			if n < 4 {
				h.userinfo(tokens.text("access_token"))
			} else {
				b.get(h.issuer + "/")
			}
		})
		<-waiting
	}
	wantLimited(t, "token", h.at(elsewhere).refresh("x", ""), http.StatusServiceUnavailable)
	p := b.get(h.authorization())
	wantPage(t, p, http.StatusServiceUnavailable, pages.TooManyRequests)
	if p.header.Get("Retry-After") == "" {
		t.Error("the page says not when to come again")
	}
	for _, path := range []string{"/jwks", "/.well-known/openid-configuration", "/.well-known/oauth-authorization-server", "/healthz", "/readyz"} {
		if p := b.get(h.issuer + path); p.status != http.StatusOK {
			t.Errorf("%s: %d", path, p.status)
		}
	}
	close(release)
	all.Wait()
	h.store.fail(nil)
	if r := h.refresh(tokens.text("refresh_token"), ""); r.status != http.StatusOK {
		t.Errorf("afterwards: %d %s", r.status, r.body)
	}
	if !h.events.has(audit.RequestLimited, string(limits.RequestsAtOnce)) {
		t.Error("not audited")
	}
}

// TestH23_OneAppDoesNotTakeAllPlaces: a client has a quarter of them.
func TestH23_OneAppDoesNotTakeAllPlaces(t *testing.T) {
	h := build(t, proxied(func(c *limits.Config) { c.RequestsAtOnce = 16 }))
	tokens := h.exchange(h.login(h.browser()))
	other := h.call("/token", "es", testSecret, url.Values{"grant_type": {"authorization_code"}, "redirect_uri": {appCallback}, "code_verifier": {testVerifier},
		"code": {h.login(h.browser(), "client_id", "es")}})
	release, waiting := make(chan struct{}), make(chan struct{}, 64)
	h.store.fail(func(*storage.Op) storagetest.Fault {
		waiting <- struct{}{}
		<-release
		return storagetest.NoFault
	})
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() { h.userinfo(tokens.text("access_token")) })
		<-waiting
	}
	wantLimited(t, "the fifth", h.at(elsewhere).userinfo(tokens.text("access_token")), http.StatusServiceUnavailable)
	close(release)
	all.Wait()
	h.store.fail(nil)
	for _, r := range []reply{h.userinfo(tokens.text("access_token")), h.userinfo(other.text("access_token"))} {
		if r.status != http.StatusOK {
			t.Errorf("afterwards: %d %s", r.status, r.body)
		}
	}
}

// TestThreat_DoS_SlowBodiesTakeNoPlace: who sends a form byte by byte holds a connection,
// and nothing that others need.
func TestThreat_DoS_SlowBodiesTakeNoPlace(t *testing.T) {
	h := build(t, proxied(func(c *limits.Config) { c.RequestsAtOnce = 16 }))
	u, err := url.Parse(h.issuer)
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/token", "/authorize", "/par", "/device"} {
		for range 16 {
			c, err := net.Dial("tcp", u.Host)
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			fmt.Fprintf(c, "POST %s HTTP/1.1\r\nHost: %s\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 1000\r\n\r\ngrant_type=", path, u.Host)
		}
	}
	if r := h.exchange(h.login(h.browser())); r.status != http.StatusOK {
		t.Errorf("a login beside them: %d %s", r.status, r.body)
	}
}

// TestThreat_D14_NothingIsAskedBeforeAPersonComesBack: whatever strangers begin, by
// whatever way, DingTalk is not called, and storage holds no more than the limit.
func TestThreat_D14_NothingIsAskedBeforeAPersonComesBack(t *testing.T) {
	h := build(t, withDevices, byWays(login.OAuth2, login.Frame, login.InApp, login.Sns), func(p *plan) { p.LoginsPerSecond = 5 })
	rounds := 100
	if testing.Short() {
		rounds = 10
	}
	calls := len(h.sim.Calls())
	for range rounds {
		for _, agent := range []string{agentDesktop, agentIOS} {
			b := h.browser().says(agent)
			for _, to := range []string{h.authorization(), h.authorization("prompt", "login"), h.authorization("prompt", "none"), h.issuer + "/device?user_code=BBBB-BBBB", h.issuer + "/"} {
				p := b.get(to)
				for _, links := range p.links() {
					for _, link := range links {
						if strings.Contains(link, "/login/") {
							b.get(h.dial(link))
						}
					}
				}
			}
			if p := b.post(h.issuer+"/authorize", h.query()); p.location != "" {
				b.get(p.location)
			}
			b.get(h.issuer + "/login/callback?state=x&authCode=y")
			b.postFrom(h.origin(), h.issuer+"/login/inapp", url.Values{"state": {"x"}, "code": {"y"}})
		}
		if r := h.push(); r.status == http.StatusCreated {
			h.browser().get(h.issuer + "/authorize?" + url.Values{"client_id": {"app"}, "request_uri": {r.text("request_uri")}}.Encode())
		}
		h.call("/device_authorization", "tv", "", url.Values{"scope": {"openid"}})
	}
	if now := len(h.sim.Calls()); now != calls {
		t.Errorf("DingTalk was called %d times: %v", now-calls, h.sim.Calls()[calls:min(now, calls+5)])
	}
	if !h.events.has(audit.RequestLimited, string(limits.Logins)) && !testing.Short() {
		t.Error("nothing was turned away")
	}
}

// TestLimitsAreToldOnceASecond: what strangers do does not fill the audit log, and every
// request that was turned away is in a count.
func TestLimitsAreToldOnceASecond(t *testing.T) {
	h := build(t, proxied(func(c *limits.Config) { c.FailuresPerMinute = 1 }))
	limited := 0
	for range 60 {
		if r := h.exchange("garbage"); r.status == http.StatusTooManyRequests {
			limited++
		}
	}
	counted, lines := 0, 0
	for deadline := time.Now().Add(time.Minute); counted < limited && time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		for _, e := range h.events.take() {
			if e.Name == audit.RequestLimited {
				counted += e.Count
				lines++
			}
		}
	}
	if counted != limited || lines > limited/2 {
		t.Errorf("%d were turned away, %d are in %d lines", limited, counted, lines)
	}
}

// TestAProxyThatIsNotListedIsTold: once, with the remedy.
func TestAProxyThatIsNotListedIsTold(t *testing.T) {
	const said = "is not among trusted_proxies"
	h := build(t)
	h.browser().get(h.issuer + "/")
	if strings.Contains(h.logs.String(), said) {
		t.Error("told where there is no proxy")
	}
	for range 3 {
		h.at(elsewhere).browser().get(h.issuer + "/")
	}
	if n := strings.Count(h.logs.String(), said); n != 1 {
		t.Errorf("told %d times", n)
	}
	listed := build(t, proxied(func(*limits.Config) {}))
	listed.at(elsewhere).browser().get(listed.issuer + "/")
	listed.at("10.1.2.3").browser().get(listed.issuer + "/")
	if strings.Contains(listed.logs.String(), said) {
		t.Error("told of a proxy that is listed")
	}
}

// TestASlowReaderHoldsNoPlace: a place is free again with the first byte of the answer.
func TestASlowReaderHoldsNoPlace(t *testing.T) {
	h := build(t, proxied(func(c *limits.Config) { c.RequestsAtOnce = 16 }))
	u, err := url.Parse(h.issuer)
	if err != nil {
		t.Fatal(err)
	}
	for range 32 {
		c, err := net.Dial("tcp", u.Host)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		_ = c.(*net.TCPConn).SetReadBuffer(1)
		for range 50 { // pipelined: far more than the buffers take
			fmt.Fprintf(c, "GET /nothing HTTP/1.1\r\nHost: %s\r\n\r\n", u.Host)
		}
		if line, err := bufio.NewReaderSize(c, 16).ReadString('\n'); err != nil || !strings.Contains(line, "404") {
			t.Fatalf("%q %v", line, err)
		}
	}
	if r := h.exchange(h.login(h.browser())); r.status != http.StatusOK {
		t.Errorf("a login beside them: %d %s", r.status, r.body)
	}
}

// TestThreat_DoS_ManyBegunAndAbandoned: tens of thousands of logins that nobody comes back
// from, from very many addresses, leave no more records than the replica's limit allows, and
// memory as it was. The benchmark does it a million times (`-only abandoned`).
func TestThreat_DoS_ManyBegunAndAbandoned(t *testing.T) {
	count := 20_000
	if testing.Short() {
		count = 2_000
	}
	h := build(t, proxied(func(c *limits.Config) { *c = limits.Config{} }), func(p *plan) { p.LoginsPerSecond = 10 })
	calls, began := len(h.sim.Calls()), time.Now()
	request := strings.TrimPrefix(h.authorization(), h.issuer)
	var begun, turned, other atomic.Int64
	flood := func(count int) {
		var all sync.WaitGroup
		for worker := range 8 {
			all.Go(func() {
				for n := range count / 8 {
					r := httptest.NewRequest(http.MethodGet, request, nil)
					r.RemoteAddr = "127.0.0.1:4711"
					r.Header.Set("X-Forwarded-For", fmt.Sprintf("10.%d.%d.%d", worker, n>>8&255, n&255))
					w := httptest.NewRecorder()
					h.provider.Handler().ServeHTTP(w, r)
					switch w.Code {
					case http.StatusFound, http.StatusSeeOther:
						begun.Add(1)
					case http.StatusServiceUnavailable:
						turned.Add(1)
					default:
						other.Add(1)
					}
				}
			})
		}
		all.Wait()
	}
	inUse := func() float64 {
		h.events.take()
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return float64(m.HeapAlloc) / 1e6
	}
	flood(count / 5)
	before := inUse()
	flood(count * 4 / 5)
	after := inUse()
	most := 100 + int64(10*time.Since(began).Seconds()) + 1
	if begun.Load() > most || other.Load() > 0 || turned.Load() < int64(count)*9/10-most {
		t.Errorf("%d were begun, of %d at most; %d were turned away, %d otherwise", begun.Load(), most, turned.Load(), other.Load())
	}
	if after-before > 5 {
		t.Errorf("%.1f MB after, %.1f before", after, before)
	}
	if now := len(h.sim.Calls()); now != calls {
		t.Errorf("DingTalk was called %d times", now-calls)
	}
}
