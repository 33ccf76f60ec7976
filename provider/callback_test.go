package provider_test

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/dingbridge/dingbridge/dingtalk/simulator"
	"github.com/dingbridge/dingbridge/provider/audit"
	"github.com/dingbridge/dingbridge/provider/clients"
	"github.com/dingbridge/dingbridge/provider/pages"
	"github.com/dingbridge/dingbridge/storage"
)

// TestThreat_CVE_2022_39222_BrowserB: what browser A began, browser B cannot finish,
// with any cookie; neither storage nor DingTalk is asked, and A still can.
func TestThreat_CVE_2022_39222_BrowserB(t *testing.T) {
	h := build(t)
	a := h.browser()
	to := h.arrive(a)
	other := h.browser()
	other.get(h.authorization()) // has a binding cookie, of its own
	trips, calls := h.store.Trips(), h.apiCalls()
	for name, b := range map[string]*browser{"no cookie": h.browser(), "its own cookie": other} {
		h.events.take()
		p := b.get(to)
		wantPage(t, p, http.StatusBadRequest, pages.OtherBrowser)
		if len(p.header.Values("Set-Cookie")) != 0 || strings.Contains(p.body, "code=") {
			t.Errorf("%s: got something: %v", name, p.header)
		}
		if !h.events.has(audit.LoginRefused, "other_browser") {
			t.Errorf("%s: not audited", name)
		}
	}
	if h.store.Trips() != trips || h.apiCalls() != calls {
		t.Error("storage or DingTalk was asked")
	}
	if q := answer(t, a.get(to)); q.Get("code") == "" {
		t.Errorf("the attempts of others cost the login: %v", q)
	}
	// Replayed after it is done, elsewhere.
	wantPage(t, other.get(to), http.StatusBadRequest, pages.OtherBrowser)
	wantPage(t, h.browser().get(to), http.StatusBadRequest, pages.OtherBrowser)
}

// TestThreat_D4_CodeOfAnotherFlow: a DingTalk code that belongs to somebody else's
// flow is put into one's own (code injection), and the reverse.
func TestThreat_D4_CodeOfAnotherFlow(t *testing.T) {
	h := build(t)
	victim, attacker := h.browser(), h.browser()
	stolen := mustQuery(t, h.arrive(victim))
	h.sim.ApproveAs("mallory")
	own := mustQuery(t, h.arrive(attacker))
	// The victim's state with the attacker's code, in the attacker's browser.
	mixed := url.Values{"state": stolen["state"], "code": own["code"], "authCode": own["authCode"]}
	wantPage(t, attacker.get(h.issuer+"/login/callback?"+mixed.Encode()), http.StatusBadRequest, pages.OtherBrowser)
	// One answer per attempt: after the first, another code for the same state.
	own1 := h.issuer + "/login/callback?" + own.Encode()
	first := attacker.get(own1)
	if answer(t, first).Get("code") == "" {
		t.Fatal("the first answer is refused")
	}
	mixed = url.Values{"state": own["state"], "code": stolen["code"], "authCode": stolen["authCode"]}
	calls := h.apiCalls()
	wantPage(t, attacker.get(h.issuer+"/login/callback?"+mixed.Encode()), http.StatusBadRequest, pages.CodeUsed)
	if !h.events.has(audit.LoginRefused, "other_answer") || h.apiCalls() != calls {
		t.Error("another answer for a finished attempt: not audited, or DingTalk was asked")
	}
	if again := attacker.get(own1); again.location != first.location {
		t.Error("the attempt cost the login")
	}
}

func mustQuery(t *testing.T, raw string) url.Values {
	t.Helper()
	u, err := url.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	return u.Query()
}

// TestReloadedCallback: the same answer in the same browser gives the same redirect
// and the same session, and DingTalk is not asked again.
func TestReloadedCallback(t *testing.T) {
	h := build(t)
	b := h.browser()
	to := h.arrive(b)
	first := b.get(to)
	calls := h.apiCalls()
	for range 3 {
		again := b.get(to)
		if again.location != first.location || again.cookie("-session-") != first.cookie("-session-") || again.status != http.StatusFound {
			t.Errorf("reload: %s and then %s", first.location, again.location)
		}
	}
	if h.apiCalls() != calls || !h.events.has(audit.LoginReplayed, "") {
		t.Error("DingTalk was asked again, or the reload is not audited")
	}
	if r := h.exchange(answer(t, first).Get("code")); r.status != 200 {
		t.Fatalf("the code: %d %s", r.status, r.body)
	}
	if p := b.get(h.authorization("prompt", "none")); answer(t, p).Get("code") == "" {
		t.Error("the session does not work")
	}
	// The code that a further reload brings is spent, and ends what it gave.
	code := answer(t, b.get(to)).Get("code")
	if r := h.exchange(code); r.status != 400 || r.text("error") != "invalid_grant" {
		t.Errorf("a code from a reload, spent before: %d %s", r.status, r.body)
	}
}

// TestDoubleNavigation: two callbacks at once, one exchange with DingTalk, one end.
func TestDoubleNavigation(t *testing.T) {
	h := build(t)
	b := h.browser()
	to := h.arrive(b)
	h.sim.Fault(simulator.Fault{Call: "users/me", Kind: "slow", Delay: 200 * time.Millisecond})
	var ends [3]page
	var wg sync.WaitGroup
	for i := range ends {
		wg.Go(func() { ends[i] = b.get(to) })
	}
	wg.Wait()
	if answer(t, ends[0]).Get("code") == "" {
		t.Fatal("no code")
	}
	for _, p := range ends[1:] {
		if p.location != ends[0].location || p.cookie("-session-") != ends[0].cookie("-session-") {
			t.Errorf("ends differ: %s, %s", p.location, ends[0].location)
		}
	}
	if n := h.callsOf("userAccessToken"); n != 1 {
		t.Errorf("%d exchanges with DingTalk", n)
	}
}

// TestNavigationAborted: the browser drops the first request, as it does when it
// navigates twice; the second one still gets the end of the first.
func TestNavigationAborted(t *testing.T) {
	// A machine that is busy gets round to aborting when all is done: then DingTalk is slower.
	for delay := 300 * time.Millisecond; ; delay *= 4 {
		if h := build(t); h.navigatesTwice(delay) {
			return
		}
		if delay > 30*time.Second {
			t.Fatal("the first request was answered")
		}
	}
}

// navigatesTwice tells whether the first request was aborted before its end.
func (h *house) navigatesTwice(delay time.Duration) bool {
	t := h.t
	b := h.browser()
	to := h.arrive(b)
	h.sim.Fault(simulator.Fault{Call: "users/me", Kind: "slow", Delay: delay})
	ctx, cancel := context.WithCancel(t.Context())
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, to, nil)
	if err != nil {
		t.Fatal(err)
	}
	aborted := make(chan error)
	go func() {
		_, err := b.client.Do(req)
		aborted <- err
	}()
	for h.callsOf("userAccessToken") == 0 {
		time.Sleep(5 * time.Millisecond)
	}
	cancel()
	if err := <-aborted; err == nil {
		return false
	}
	p := b.get(to)
	if answer(t, p).Get("code") == "" || p.cookie("-session-") == "" {
		t.Fatalf("the second: %s", p.location)
	}
	if n := h.callsOf("userAccessToken"); n != 1 {
		t.Errorf("%d exchanges with DingTalk", n)
	}
	return true
}

// TestCallbackGarbage: each has a page, asks DingTalk nothing, and leaves the login as
// it is.
func TestCallbackGarbage(t *testing.T) {
	h := build(t)
	b := h.browser()
	to := h.arrive(b)
	good := mustQuery(t, to)
	state, calls := good.Get("state"), h.apiCalls()
	for _, c := range []struct {
		name string
		bend func(q url.Values)
		want pages.Kind
		why  string
	}{
		{"no state", func(q url.Values) { q.Del("state") }, pages.LoginExpired, "no_state"},
		{"nothing at all", func(q url.Values) { clear(q) }, pages.LoginExpired, "no_state"},
		{"empty state", func(q url.Values) { q.Set("state", "") }, pages.LoginExpired, "no_state"},
		{"garbage state", func(q url.Values) { q.Set("state", "x") }, pages.InvalidRequest, "forged_state"},
		{"bent state", func(q url.Values) { q.Set("state", flip(state)) }, pages.InvalidRequest, "forged_state"},
		{"cut state", func(q url.Values) { q.Set("state", state[:len(state)-1]) }, pages.InvalidRequest, "forged_state"},
		{"padded state", func(q url.Values) { q.Set("state", state+"=") }, pages.InvalidRequest, "forged_state"},
		{"doubled state", func(q url.Values) { q.Add("state", state) }, pages.InvalidRequest, "doubled_parameter"},
		{"doubled code", func(q url.Values) { q.Add("authCode", q.Get("authCode")) }, pages.InvalidRequest, "doubled_parameter"},
		{"no code", func(q url.Values) { q.Del("code"); q.Del("authCode") }, pages.UpstreamStrange, "strange_answer"},
		{"empty code", func(q url.Values) { q.Set("code", ""); q.Del("authCode") }, pages.UpstreamStrange, "strange_answer"},
		{"code differs", func(q url.Values) { q.Set("code", q.Get("code")+"x") }, pages.UpstreamStrange, "strange_answer"},
		{"a huge code", func(q url.Values) { q.Set("code", strings.Repeat("a", 5000)); q.Del("authCode") }, pages.UpstreamStrange, "strange_answer"},
	} {
		q := mustQuery(t, to)
		c.bend(q)
		h.events.take()
		p := b.get(h.issuer + "/login/callback?" + q.Encode())
		if p.kind() != string(c.want) || p.status < 400 || p.location != "" || !h.events.has(audit.LoginRefused, c.why) {
			t.Errorf("%s: %d %s %s", c.name, p.status, p.kind(), p.location)
		}
	}
	if h.apiCalls() != calls {
		t.Error("DingTalk was asked")
	}
	if q := answer(t, b.get(to)); q.Get("code") == "" {
		t.Errorf("garbage cost the login: %v", q)
	}
	// What has the form of a code is DingTalk's to refuse; the person may try again.
	for _, code := range []string{"<script>alert(1)</script>", "../../x?y=z", "0123456789abcdef"} {
		b := h.browser()
		q := mustQuery(t, h.arrive(b))
		p := b.get(h.issuer + "/login/callback?" + url.Values{"state": q["state"], "code": {code}}.Encode())
		wantPage(t, p, http.StatusBadRequest, pages.CodeUsed)
		if strings.Contains(p.body, "alert(1)") {
			t.Error("the page shows the code")
		}
		if q := answer(t, b.follow(p.retry(), appCallback)); q.Get("code") == "" {
			t.Errorf("the retry: %v", q)
		}
	}
}

// flip changes one character in the middle.
func flip(s string) string {
	b := []byte(s)
	if b[len(b)/2] == 'A' {
		b[len(b)/2] = 'B'
	} else {
		b[len(b)/2] = 'A'
	}
	return string(b)
}

// TestRedirectVariants: what DingTalk's own redirect may look like.
func TestRedirectVariants(t *testing.T) {
	h := build(t)
	for kind, want := range map[string]string{
		"authCode-only": "", "code-only": "", "differ": string(pages.UpstreamStrange), "wrong-state": string(pages.InvalidRequest),
		"no-state": string(pages.LoginExpired), "doubled": string(pages.InvalidRequest),
	} {
		h.sim.ClearFaults()
		b := h.browser()
		if err := h.sim.Fault(simulator.Fault{Call: "auth", Kind: kind}); err != nil {
			t.Fatal(err)
		}
		p := b.follow(h.authorization(), appCallback)
		if p.kind() != want || want == "" && answer(t, p).Get("code") == "" {
			t.Errorf("%s: %d %q %s", kind, p.status, p.kind(), p.location)
		}
	}
}

// TestPersonDeclines: the client is told, and a reload tells it again.
func TestPersonDeclines(t *testing.T) {
	h := build(t)
	b := h.browser()
	h.sim.Fault(simulator.Fault{Call: "auth", Kind: "refuse"})
	to := h.arrive(b)
	for range 2 {
		p := b.get(to)
		h.wantError(t, p, appCallback, "access_denied", "st-"+t.Name())
		if p.cookie("-session-") != "" {
			t.Error("a session for a refusal")
		}
	}
	if !h.events.has(audit.LoginRefused, "declined") {
		t.Error("not audited")
	}
	// A refusal and a code at once is another answer.
	q := mustQuery(t, to)
	q.Set("error", "x<script>")
	q.Del("code")
	if p := b.get(h.issuer + "/login/callback?" + q.Encode()); strings.Contains(p.location, "script") || strings.Contains(p.body, "x&lt;script") {
		t.Error("DingTalk's error value is passed on")
	}
}

// TestExpiredLogin: a login that is over has a page of its own.
func TestExpiredLogin(t *testing.T) {
	h := build(t)
	b := h.browser()
	h.store.Reset()
	to := h.arrive(b)
	for _, key := range h.store.Keys() { // its life, at its end
		if err := h.store.Together(t.Context(), storage.Delete(key)); err != nil {
			t.Fatal(err)
		}
	}
	calls := h.apiCalls()
	wantPage(t, b.get(to), http.StatusBadRequest, pages.LoginExpired)
	if h.apiCalls() != calls || !h.events.has(audit.LoginRefused, "expired") {
		t.Error("DingTalk was asked, or it is not audited")
	}
}

// TestClientRemovedMeanwhile: a client or redirect URI that was withdrawn since the
// login began gets nothing.
func TestClientRemovedMeanwhile(t *testing.T) {
	h := build(t)
	b := h.browser()
	for _, bend := range []func([]clients.Spec) []clients.Spec{
		func(s []clients.Spec) []clients.Spec { return s[1:] },
		func(s []clients.Spec) []clients.Spec {
			s[0].RedirectURIs = []string{"https://moved.example.com/cb"}
			return s
		},
	} {
		h.replace(testClients())
		to := h.arrive(b)
		h.replace(bend(testClients()))
		wantPage(t, b.get(to), http.StatusBadRequest, pages.UnknownClient)
		if !h.events.has(audit.LoginRefused, "client_removed") {
			t.Error("not audited")
		}
	}
}

func (h *house) replace(specs []clients.Spec) {
	h.t.Helper()
	set, faults := clients.NewSet(specs)
	if len(faults) > 0 {
		h.t.Fatal(faults)
	}
	h.clients.Replace(set)
}
