package provider_test

import (
	"net/url"
	"sync"
	"testing"

	"github.com/dingbridge/dingbridge/storage/redis"
	"github.com/dingbridge/dingbridge/storage/storagetest"
)

// TestOnRedis carries logins through real Redis: rivals for one code, a flushed script
// cache, and a server that is killed in between.
func TestOnRedis(t *testing.T) {
	server := storagetest.StartRedis(t, "--appendonly", "yes", "--appendfsync", "always")
	store, err := redis.Open(t.Context(), server.URL+"?dial_timeout=500ms&read_timeout=500ms")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	h := buildOn(t, store)
	b := h.browser()
	code := h.login(b)
	var answers [8]reply
	var wg sync.WaitGroup
	for i := range answers {
		wg.Go(func() { answers[i] = h.exchange(code) })
	}
	wg.Wait()
	won := 0
	for _, r := range answers {
		if r.status == 200 {
			won++
			if h.userinfo(r.text("access_token")).status != 401 {
				t.Error("the winner's token outlived the reuse")
			}
		}
	}
	if won != 1 {
		t.Errorf("%d winners", won)
	}
	tokens := h.exchange(answer(t, b.get(h.authorization())).Get("code"))
	wg = sync.WaitGroup{}
	for i := range answers { // Harbor refreshes in parallel
		wg.Go(func() { answers[i] = h.refresh(tokens.text("refresh_token"), "") })
	}
	wg.Wait()
	for _, r := range answers {
		if r.status != 200 || r.text("refresh_token") != answers[0].text("refresh_token") {
			t.Errorf("parallel refresh: %d %s", r.status, r.body)
		}
	}
	tokens = answers[0]
	server.Do("SCRIPT", "FLUSH")
	if tokens = h.refresh(tokens.text("refresh_token"), ""); tokens.status != 200 {
		t.Fatalf("after a flush of scripts: %d %s", tokens.status, tokens.body)
	}

	// Redis dies in the middle of a login.
	other := h.browser()
	to := h.arrive(other)
	server.Kill()
	wantOutage(t, "authorize", h.browser().get(h.authorization()))
	wantOutage(t, "callback", other.get(to))
	wantOutage(t, "sign-on", b.get(h.authorization()))
	wantOutage(t, "refresh", h.refresh(tokens.text("refresh_token"), "").page)
	wantOutage(t, "userinfo", h.userinfo(tokens.text("access_token")).page)
	wantOutage(t, "introspection", h.call("/introspect", "app", testSecret, url.Values{"token": {tokens.text("access_token")}}).page)
	wantOutage(t, "revocation", h.call("/revoke", "app", testSecret, url.Values{"token": {tokens.text("access_token")}}).page)
	if p := b.get(h.issuer + "/jwks"); p.status != 200 {
		t.Errorf("JWKS without Redis: %d", p.status)
	}
	server.Restart()
	if p := other.get(to); answer(t, p).Get("code") == "" || h.exchange(answer(t, p).Get("code")).status != 200 {
		t.Errorf("the login under way: %d %s", p.status, p.kind())
	}
	if h.userinfo(tokens.text("access_token")).status != 200 {
		t.Error("the access token is lost")
	}
	if r := h.refresh(tokens.text("refresh_token"), ""); r.status != 200 {
		t.Errorf("the refresh token is lost: %d %s", r.status, r.body)
	}
	if p := b.get(h.authorization("prompt", "none")); answer(t, p).Get("code") == "" {
		t.Errorf("the session is lost: %s", p.location)
	}
}
