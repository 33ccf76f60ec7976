package provider_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/dingbridge/dingbridge/provider/audit"
	"github.com/dingbridge/dingbridge/provider/clients"
	"github.com/dingbridge/dingbridge/storage"
	"github.com/dingbridge/dingbridge/storage/storagetest"
)

// TestThreat_SecretsScrape_Logout: neither hints, good and bad, nor the tickets of forms,
// nor the logout tokens that were sent, nor JWT access tokens stand in a log, an audit
// event or the store.
func TestThreat_SecretsScrape_Logout(t *testing.T) {
	rp := party(t, "told")
	h := build(t, withDevices, registered(rp), func(p *plan) {
		p.specs = append(p.specs, clients.Spec{ID: "jwt", AccessToken: "jwt", SecretHash: clients.HashSecret(testSecret), RedirectURIs: []string{appCallback}, Allow: clients.Allow{Everyone: true}})
	})
	secrets := map[string]string{}
	keep := func(name, value string) string {
		t.Helper()
		if len(value) < 20 {
			t.Fatalf("%s was not there: %q", name, value)
		}
		secrets[fmt.Sprintf("%s %d", name, len(secrets))] = value
		if part := strings.Split(value, "."); len(part) == 3 { // nor a part of it that tells anything
			secrets[fmt.Sprintf("claims of %s %d", name, len(secrets))] = part[1]
			secrets[fmt.Sprintf("signature of %s %d", name, len(secrets))] = part[2]
		}
		return value
	}
	for _, choice := range []string{"here", "everywhere", "by the hint"} {
		b := h.browser()
		hint := keep("hint", rp.enters(h, b))
		keep("session cookie", b.cookieNamed(h.issuer, "-session-"))
		tokens := h.call("/token", "jwt", testSecret, codeForm(h.login(b, "client_id", "jwt")))
		access := keep("JWT access token", tokens.text("access_token"))
		for _, wrong := range []string{flip(access), access + "=", access} {
			h.userinfo(wrong)
			h.call("/introspect", "wiki", testSecret, url.Values{"token": {wrong}})
			h.call("/revoke", "wiki", testSecret, url.Values{"token": {wrong}})
			h.raw("GET", "/userinfo?access_token="+wrong, "", "", "")
			b.get(h.logout("id_token_hint", wrong))
		}
		for _, client := range []string{"app", "told", "nobody"} {
			b.get(h.authorization("client_id", client, "redirect_uri", rp.callback(), "prompt", "none", "id_token_hint", hint))
			b.get(h.authorization("client_id", client, "redirect_uri", appCallback, "prompt", "none", "id_token_hint", keep("bent hint", flip(hint))))
			b.get(h.logout("client_id", client, "id_token_hint", flip(hint)))
		}
		h.push("id_token_hint", hint)
		b.get(h.logout("id_token_hint", hint, "post_logout_redirect_uri", "https://evil.example/"))
		agree := b.get(h.authorization("prompt", "consent")).form(t).fields
		keep("consent ticket", agree.Get("ticket"))
		b.post(h.issuer+"/authorize/consent", url.Values{"ticket": {flip(agree.Get("ticket"))}, "request": agree["request"], "choice": {"approve"}})
		p := b.get(h.logout())
		keep("sign-out ticket", p.form(t).fields.Get("ticket"))
		for _, fault := range []storagetest.Fault{storagetest.FailBefore, storagetest.FailAfter} {
			h.store.fail(func(*storage.Op) storagetest.Fault { return fault })
			h.userinfo(access)
			b.get(h.logout("id_token_hint", hint))
			b.post(h.issuer+"/authorize/consent", agree)
			h.store.fail(nil)
		}
		if !h.in(b) { // what was reported as lost took effect
			rp.enters(h, b)
		}
		if choice == "by the hint" {
			p = b.get(h.logout("id_token_hint", keep("hint", rp.enters(h, b))))
		} else {
			p = h.press(b, b.get(h.logout()), choice)
		}
		if p.status != http.StatusOK || h.in(b) {
			t.Fatalf("%s: %d %s", choice, p.status, p.kind())
		}
	}
	if err := h.provider.Finish(t.Context()); err != nil {
		t.Fatal(err)
	}
	for sent := true; sent; {
		select {
		case token := <-rp.notices:
			keep("logout token", token)
		case <-time.After(100 * time.Millisecond):
			sent = false
		}
	}
	if !strings.Contains(fmt.Sprint(secrets), "logout token") || !h.events.has(audit.BackchannelDelivered, "") {
		t.Error("no notice was sent")
	}
	if written := h.scrape(t, secrets); written < 5000 {
		t.Errorf("little was written: %d bytes", written)
	}
}
