package provider_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/dingbridge/dingbridge/dingtalk/simulator"
	"github.com/dingbridge/dingbridge/provider/audit"
	"github.com/dingbridge/dingbridge/storage"
	"github.com/dingbridge/dingbridge/storage/storagetest"
)

// TestThreat_SecretsScrape: after everything has happened once, good and bad, no
// secret that was in the air stands in a log, an audit event or the store.
func TestThreat_SecretsScrape(t *testing.T) {
	h := build(t, withDevices)
	secrets := map[string]string{"client secret": testSecret, "app secret": h.sim.App().ClientSecret, "verifier": testVerifier}
	keep := func(name, value string) {
		t.Helper()
		if len(value) < 8 {
			t.Fatalf("%s was not there: %q", name, value)
		}
		secrets[fmt.Sprintf("%s %d", name, len(secrets))] = value
	}
	keepTokens := func(r reply) reply {
		t.Helper()
		keep("access token", r.text("access_token"))
		keep("refresh token", r.text("refresh_token"))
		keep("ID token", r.text("id_token"))
		return r
	}
	b := h.browser()
	to := h.arrive(b)
	q := mustQuery(t, to)
	keep("upstream state", q.Get("state"))
	keep("DingTalk code", q.Get("authCode"))
	other := h.browser()
	other.get(to)                                      // another browser
	b.get(strings.Replace(to, "state=", "state=x", 1)) // a forged state
	declined := h.browser()
	declined.get(h.arrive(declined) + "&error=x" + url.QueryEscape(testSecret)) // a strange one
	b.get(h.issuer + "/login/callback?state=" + q.Get("state") + "x")           // and more
	end := b.get(to)
	code := answer(t, end).Get("code")
	keep("code", code)
	b.get(to) // reload
	keep("session cookie", b.cookieNamed(h.issuer, "-session-"))
	keep("binding cookie", b.cookieNamed(h.issuer, "-login-"))
	// Every way to be refused, with a secret in hand.
	h.raw("POST", "/token", formType, basic("app", "wrong-"+testSecret), codeForm(code).Encode())
	h.raw("POST", "/token?client_secret="+testSecret, formType, "", codeForm(code).Encode())
	h.raw("POST", "/token", formType, basic(testSecret, testSecret), codeForm(code).Encode())
	h.call("/token", "wiki", testSecret, codeForm(code))
	keepTokens(h.exchange(code))
	h.exchange(code) // reuse
	tokens := keepTokens(h.exchange(answer(t, b.get(h.authorization())).Get("code")))
	renewed := keepTokens(h.refresh(tokens.text("refresh_token"), ""))
	h.refresh(tokens.text("refresh_token"), "")
	h.userinfo(renewed.text("access_token"))
	h.userinfo(renewed.text("refresh_token"))
	h.raw("GET", "/userinfo?access_token="+renewed.text("access_token"), "", "", "")
	h.call("/introspect", "api", testSecret, url.Values{"token": {renewed.text("access_token")}})
	// Outages of storage and DingTalk.
	for _, fault := range []storagetest.Fault{storagetest.FailBefore, storagetest.FailAfter} {
		h.store.fail(func(*storage.Op) storagetest.Fault { return fault })
		h.refresh(renewed.text("refresh_token"), "")
		h.userinfo(renewed.text("access_token"))
		b.get(h.authorization())
		b.get(h.authorization("prompt", "none"))
		h.store.fail(nil)
	}
	for _, call := range []string{"userAccessToken", "users/me", "getbyunionid", "user/get"} {
		for _, kind := range []string{"500", "html", "reset", "error", "badtoken", "permission", "not-json"} {
			h.sim.ClearFaults()
			h.sim.DropTokens()
			if err := h.sim.Fault(simulator.Fault{Call: call, Kind: kind, Count: -1, Status: 400, Code: "x", Message: "secret " + h.sim.App().ClientSecret}); err != nil {
				t.Fatal(err)
			}
			f := h.browser()
			at := h.arrive(f)
			keep("DingTalk code", mustQuery(t, at).Get("authCode"))
			keep("upstream state", mustQuery(t, at).Get("state"))
			f.get(at)
		}
	}
	h.sim.ClearFaults()
	h.call("/revoke", "app", testSecret, url.Values{"token": {renewed.text("refresh_token")}})
	// Requests that came otherwise than in the URL, and devices.
	for range 2 { // once more than it may be
		uri := h.push("login_hint", "hint-of-a-pushed-request").text("request_uri")
		keep("request_uri", strings.TrimPrefix(uri, "urn:ietf:params:oauth:request_uri:"))
		b.get(h.issuer + "/authorize?" + url.Values{"client_id": {"app"}, "request_uri": {uri}}.Encode())
		h.browser().get(h.issuer + "/authorize?" + url.Values{"client_id": {"app"}, "request_uri": {uri}}.Encode())
		posted := b.post(h.issuer+"/end_session", url.Values{"id_token_hint": {tokens.text("id_token")}, "logout_hint": {"hint-of-a-posted-form"}})
		keep("posted reference", mustQuery(t, posted.location).Get("posted"))
		codes := h.deviceCodes("app", testSecret)
		keep("device code", codes.text("device_code"))
		keep("user code", codes.text("user_code"))
		keep("user code", strings.ReplaceAll(codes.text("user_code"), "-", ""))
		left := h.browser()
		left.get(codes.text("verification_uri_complete")) // and never comes back
		asked := h.enter(b, codes.text("user_code"))
		keep("ticket", hidden(t, asked).Get("ticket"))
		h.enter(b, "BCDF-GHJK")
		h.poll("app", "wrong-"+testSecret, codes.text("device_code"))
		h.poll("app", testSecret, flip(codes.text("device_code")))
		h.choose(b, asked, "approve")
		keepTokens(h.poll("app", testSecret, codes.text("device_code")))
		h.poll("app", testSecret, codes.text("device_code"))
	}
	secrets["hint of a pushed request"], secrets["hint of a posted form"], secrets["wrong user code"] = "hint-of-a-pushed-request", "hint-of-a-posted-form", "BCDF-GHJK"
	// DingTalk gives the same tokens again while they live: fetched here, they are those
	// that the provider had in hand.
	h.login(h.browser())
	app := h.sim.App()
	for name, ask := range map[string]struct{ path, body string }{
		"app token": {"/v1.0/oauth2/accessToken", fmt.Sprintf(`{"appKey":%q,"appSecret":%q}`, app.ClientID, app.ClientSecret)},
		"user token": {"/v1.0/oauth2/userAccessToken", fmt.Sprintf(`{"clientId":%q,"clientSecret":%q,"code":%q,"grantType":"authorization_code"}`,
			app.ClientID, app.ClientSecret, mustQuery(t, h.arrive(h.browser())).Get("code"))},
	} {
		resp, err := http.Post(h.dingtalk+ask.path, "application/json", strings.NewReader(ask.body))
		if err != nil {
			t.Fatal(err)
		}
		var got map[string]any
		err = json.NewDecoder(resp.Body).Decode(&got)
		resp.Body.Close()
		if err != nil {
			t.Fatal(err)
		}
		keep(name, fmt.Sprint(got["accessToken"]))
	}

	person, _ := h.sim.Person("zhangsan")
	secrets["phone number"], secrets["personal mail"] = person.Mobile, person.AccountEmail
	if written := h.scrape(t, secrets); written < 10000 {
		t.Errorf("little was written: %d bytes", written)
	}
}

// scrape looks for secrets in everything that was written: the process log at its most
// talkative, the audit log, what the library logs, and the store. It returns the size of
// the logs.
func (h *house) scrape(t *testing.T, secrets map[string]string) (written int) {
	t.Helper()
	// Written as the program writes it, to the same place as the rest.
	lines := audit.NewLog(slog.New(slog.NewJSONHandler(h.logs, nil)))
	for _, event := range h.events.take() {
		lines.Record(t.Context(), event)
		fmt.Fprintf(h.logs, "%+v\n", event)
	}
	stored := h.stored(t)
	if strings.Count(stored, "\n") < 5 {
		t.Errorf("only %d keys were touched", strings.Count(stored, "\n"))
	}
	for where, text := range map[string]string{"logs": h.logs.String() + libraryLog.String(), "store": stored} {
		for name, secret := range secrets {
			if at := strings.Index(text, secret); at >= 0 {
				t.Errorf("%s in the %s: …%s…", name, where, text[max(0, at-120):min(len(text), at+20)])
			}
		}
	}
	return len(h.logs.String())
}

// stored is every record that was touched, as whoever reads a dump sees it.
func (h *house) stored(t *testing.T) string {
	t.Helper()
	var all strings.Builder
	for _, key := range h.store.Keys() {
		get, members := storage.Get(key), storage.Members(key)
		h.store.Counter.Store.Together(t.Context(), get, members)
		fmt.Fprintf(&all, "%s %s %s\n", key, get.Value, strings.Join(members.Members, " "))
	}
	return all.String()
}
