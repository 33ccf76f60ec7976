package provider_test

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/dingbridge/dingbridge/provider/audit"
	"github.com/dingbridge/dingbridge/provider/clients"
	"github.com/dingbridge/dingbridge/provider/device"
	"github.com/dingbridge/dingbridge/provider/pages"
	"github.com/dingbridge/dingbridge/storage"
	"github.com/dingbridge/dingbridge/storage/storagetest"
)

const grantDevice = "urn:ietf:params:oauth:grant-type:device_code"

// withDevices registers the app for devices, beside a public one and others.
func withDevices(p *plan) {
	p.specs[0].DeviceAuthorization = true
	everyone := clients.Allow{Everyone: true}
	p.specs = append(p.specs,
		clients.Spec{ID: "tv", Name: "The Television", Public: true, DeviceAuthorization: true, Allow: everyone},
		clients.Spec{ID: "cinema", Name: "Cinema", SecretHash: clients.HashSecret(testSecret), DeviceAuthorization: true, Scopes: []string{"openid"}, Allow: clients.Allow{People: []string{"lisi"}}})
}

// deviceCodes are a device's codes.
func (h *house) deviceCodes(client, password string) reply {
	h.t.Helper()
	r := h.call("/device_authorization", client, password, url.Values{"scope": {"openid profile email offline_access"}})
	if r.status != http.StatusOK {
		h.t.Fatalf("device authorization: %d %s", r.status, r.body)
	}
	return r
}

// poll asks for the tokens of a device code, as its client.
func (h *house) poll(client, password, code string) reply {
	h.t.Helper()
	return h.call("/token", client, password, url.Values{"grant_type": {grantDevice}, "device_code": {code}})
}

// enter types a user code into the form that the browser is shown.
func (h *house) enter(b *browser, userCode string) page {
	h.t.Helper()
	fields := hidden(h.t, b.get(h.issuer+"/device"))
	fields.Set("user_code", userCode)
	return b.post(h.issuer+"/device", fields)
}

// choose presses a button of the page that asks.
func (h *house) choose(b *browser, asked page, choice string) page {
	h.t.Helper()
	fields := hidden(h.t, asked)
	fields.Set("choice", choice)
	return b.post(h.issuer+"/device/confirm", fields)
}

// letIn has the person in the browser approve.
func (h *house) letIn(b *browser, codes reply) {
	h.t.Helper()
	if p := h.choose(b, h.enter(b, codes.text("user_code")), "approve"); p.kind() != string(pages.DeviceApproved) || !strings.Contains(p.body, `/end_session"`) {
		h.t.Fatalf("not approved: %d %s", p.status, p.kind())
	}
}

// TestH13_Device_LogsIn: from the codes to tokens that outlive the session (RFC 8628).
//
// proves: a device logs in | RFC 8628 sections 3.1 and 3.5
func TestH13_Device_LogsIn(t *testing.T) {
	for client, password := range map[string]string{"tv": "", "app": testSecret} {
		t.Run(client, func(t *testing.T) {
			h := build(t, withDevices)
			h.t = t
			codes := h.deviceCodes(client, password)
			if codes.text("verification_uri") != h.issuer+"/device" || codes.json["expires_in"] != 600.0 || codes.json["interval"] != 5.0 || len(codes.json) != 6 ||
				codes.text("verification_uri_complete") != h.issuer+"/device?user_code="+codes.text("user_code") || codes.header.Get("Content-Type") != "application/json" {
				t.Errorf("codes: %s", codes.body)
			}
			wantOAuth(t, "nobody has answered", h.poll(client, password, codes.text("device_code")), 400, "authorization_pending")
			wantOAuth(t, "too soon", h.poll(client, password, codes.text("device_code")), 400, "slow_down")
			b := h.browser()
			tokens := h.exchange(h.login(b, "scope", "openid"))
			h.events.take()
			h.letIn(b, codes)
			got := h.poll(client, password, codes.text("device_code"))
			if got.status != http.StatusOK || got.text("refresh_token") == "" || got.text("scope") != "openid profile email offline_access" {
				t.Fatalf("tokens: %d %s", got.status, got.body)
			}
			if !h.events.has(audit.DeviceApproved, "") || !h.events.has(audit.DeviceRedeemed, "") {
				t.Error("not audited")
			}
			id := h.claimsOf(got.text("id_token"), client)
			if id["sub"] != string(h.subject(t, "zhangsan")) || id["nonce"] != nil || id["sid"] != nil || id["auth_time"] != h.claimsOf(tokens.text("id_token"), "app")["auth_time"] {
				t.Errorf("ID token: %v", id)
			}
			// Logging out in the browser ends what belongs to the session, not the device.
			b.get(h.issuer + "/end_session?id_token_hint=" + tokens.text("id_token"))
			if h.userinfo(tokens.text("access_token")).status == http.StatusOK || h.userinfo(got.text("access_token")).status != http.StatusOK {
				t.Error("the logout ended the wrong thing")
			}
			next := h.call("/token", client, password, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {got.text("refresh_token")}})
			if next.status != http.StatusOK || next.text("refresh_token") == got.text("refresh_token") {
				t.Errorf("refresh: %d %s", next.status, next.body)
			}
			// Removing the person ends the device too.
			if err := h.people(t).Remove(t.Context(), h.subject(t, "zhangsan")); err != nil {
				t.Fatal(err)
			}
			if h.userinfo(next.text("access_token")).status == http.StatusOK {
				t.Error("the person was removed, and the device goes on")
			}
		})
	}
}

// TestDevice_LoginFirst: whoever is not logged in is sent to DingTalk and comes back to
// the code.
func TestDevice_LoginFirst(t *testing.T) {
	for _, path := range []string{"", "/sso"} {
		h := build(t, withDevices, func(p *plan) { p.path = path })
		codes := h.deviceCodes("tv", "")
		b := h.browser()
		p := b.get(codes.text("verification_uri_complete"))
		if !strings.HasPrefix(p.location, h.dingtalk) {
			t.Fatalf("not sent to DingTalk: %d %s", p.status, p.location)
		}
		p = b.follow(p.location, h.issuer+"/device")
		if !strings.HasPrefix(p.location, h.issuer+"/device?code=") {
			t.Fatalf("came back to %q", p.location)
		}
		// The code is in no record of the login, and another browser is not told it.
		if inStore := h.stored(t); strings.Contains(inStore, codes.text("user_code")) || strings.Contains(inStore, strings.ReplaceAll(codes.text("user_code"), "-", "")) {
			t.Error("the user code can be read in storage")
		}
		other := h.browser()
		h.login(other)
		if theirs := other.get(p.location); theirs.kind() != string(pages.DeviceCode) || strings.Contains(theirs.body, codes.text("user_code")) {
			t.Errorf("another browser: %d %s", theirs.status, theirs.kind())
		}
		if p = b.get(p.location); p.kind() != string(pages.DeviceCode) || !strings.Contains(p.body, `value="`+codes.text("user_code")+`"`) {
			t.Errorf("%d %s", p.status, p.kind())
		}
		h.letIn(b, codes)
		if r := h.poll("tv", "", codes.text("device_code")); r.status != http.StatusOK {
			t.Errorf("%d %s", r.status, r.body)
		}
		// What is no code is not carried on, nor is anything else that the link says.
		odd := h.browser()
		p = odd.get(h.issuer + "/device?user_code=" + url.QueryEscape("https://evil.example") + "&next=https://evil.example&client_id=app&redirect_uri=" + url.QueryEscape(appCallback))
		if p = odd.follow(p.location, h.issuer+"/device"); p.location != h.issuer+"/device" {
			t.Errorf("carried on to %q", p.location)
		}
	}
	// An outsider gets no session, and so no device in.
	h := build(t, withDevices, func(p *plan) { p.as = "outsider" })
	b := h.browser()
	wantPage(t, b.follow(h.deviceCodes("tv", "").text("verification_uri_complete"), "nowhere"), http.StatusForbidden, pages.Outsider)
	if b.cookieNamed(h.issuer, "-session-") != "" {
		t.Error("an outsider has a session")
	}
}

// TestThreat_DevicePhishing: a link with the attacker's own code is sent to a victim who
// is logged in (RFC 8628 section 5.4). Loading it, however often, lets nobody in; the
// page names the app, the address and the time, and no other site can press the button.
//
// proves: a link with a code lets nobody in by itself | RFC 8628 sections 3.3.1 and 5.4
func TestThreat_DevicePhishing(t *testing.T) {
	h := build(t, withDevices)
	b := h.browser()
	h.login(b)
	codes := h.deviceCodes("tv", "")
	var asked page
	for range 3 {
		p := b.get(codes.text("verification_uri_complete"))
		if p.kind() != string(pages.DeviceCode) || strings.Contains(p.body, "<script") || strings.Contains(p.body, "Television") {
			t.Fatalf("%d %s", p.status, p.kind())
		}
		asked = h.enter(b, codes.text("user_code"))
	}
	for _, shown := range []string{"The Television", codes.text("user_code"), "127.0.0.1", time.Now().UTC().Format("2006-01-02"), "your e-mail address"} {
		if !strings.Contains(asked.body, shown) {
			t.Errorf("the page does not say %q", shown)
		}
	}
	if asked.kind() != string(pages.DeviceConfirm) || strings.Contains(asked.body, "<script") || !strings.Contains(asked.header.Get("Content-Security-Policy"), "form-action 'self'") {
		t.Errorf("asked by %s, %s", asked.kind(), asked.header.Get("Content-Security-Policy"))
	}
	// Another site cannot make the forms: neither the question's, nor the code's, which
	// would use up the victim's guesses or bring them straight to the question.
	form, other := hidden(t, asked), h.browser()
	h.login(other)
	theirs := hidden(t, h.enter(other, codes.text("user_code")))
	for name, fields := range map[string]url.Values{
		"no ticket":             {"choice": {"approve"}},
		"no request":            {"choice": {"approve"}, "ticket": form["ticket"]},
		"bent":                  {"choice": {"approve"}, "ticket": {flip(form.Get("ticket"))}, "request": form["request"]},
		"of another session":    {"choice": {"approve"}, "ticket": theirs["ticket"], "request": theirs["request"]},
		"of the code's form":    {"choice": {"approve"}, "ticket": hidden(t, b.get(h.issuer+"/device"))["ticket"], "request": form["request"]},
		"about another request": {"choice": {"approve"}, "ticket": form["ticket"], "request": {"eyJpZCI6IngifQ"}},
	} {
		h.events.take()
		if p := b.post(h.issuer+"/device/confirm", fields); p.status != http.StatusBadRequest || p.kind() != string(pages.FormExpired) || !h.events.has(audit.DeviceRefused, "form") {
			t.Errorf("%s: %d %s", name, p.status, p.kind())
		}
	}
	for name, fields := range map[string]url.Values{
		"no ticket":              {"user_code": {codes.text("user_code")}},
		"of another session":     {"user_code": {codes.text("user_code")}, "ticket": hidden(t, other.get(h.issuer+"/device"))["ticket"], "request": {"e30"}},
		"of the question's form": {"user_code": {codes.text("user_code")}, "ticket": form["ticket"], "request": form["request"]},
	} {
		h.store.Reset()
		if p := b.post(h.issuer+"/device", fields); p.status != http.StatusBadRequest || p.kind() != string(pages.FormExpired) {
			t.Errorf("the code's form, %s: %d %s", name, p.status, p.kind())
		}
		if slices.ContainsFunc(h.store.Keys(), func(key string) bool { return strings.HasPrefix(key, "guesses/") }) {
			t.Errorf("the code's form, %s: it counts as a guess", name)
		}
	}
	if p := b.get(h.issuer + "/device/confirm?" + form.Encode() + "&choice=approve"); p.status != http.StatusMethodNotAllowed {
		t.Errorf("GET: %d", p.status)
	}
	wantOAuth(t, "after all that", h.poll("tv", "", codes.text("device_code")), 400, "authorization_pending")
	// What is not the button is a denial.
	h.events.take()
	if p := h.choose(b, asked, ""); p.kind() != string(pages.DeviceDenied) || !h.events.has(audit.DeviceDenied, "") {
		t.Errorf("no button: %d %s", p.status, p.kind())
	}
	wantOAuth(t, "denied", h.poll("tv", "", codes.text("device_code")), 400, "access_denied")
}

// TestH13_Device_AnsweredOnce: what was pressed first stands, for the person, for others and
// for the device.
func TestH13_Device_AnsweredOnce(t *testing.T) {
	for first, kind := range map[string]pages.Kind{"approve": pages.DeviceApproved, "deny": pages.DeviceDenied} {
		h := build(t, withDevices)
		b := h.browser()
		h.login(b)
		h.sim.ApproveAs("lisi")
		other := h.browser()
		h.login(other)
		codes := h.deviceCodes("tv", "")
		asked, askedToo := h.enter(b, codes.text("user_code")), h.enter(other, codes.text("user_code"))
		for _, choice := range []string{first, "approve", "deny"} {
			if p := h.choose(b, asked, choice); p.kind() != string(kind) {
				t.Errorf("%s, then %s: %d %s", first, choice, p.status, p.kind())
			}
			wantPage(t, h.choose(other, askedToo, choice), http.StatusBadRequest, pages.FormExpired)
		}
		if p := h.enter(other, codes.text("user_code")); p.kind() != string(pages.DeviceCode) || !strings.Contains(p.body, `aria-invalid="true"`) {
			t.Errorf("the code again: %d %s", p.status, p.kind())
		}
		got := h.poll("tv", "", codes.text("device_code"))
		if first == "deny" {
			wantOAuth(t, "denied", got, 400, "access_denied")
		} else if h.claimsOf(got.text("id_token"), "tv")["sub"] != string(h.subject(t, "zhangsan")) {
			t.Errorf("tokens of somebody else: %s", got.body)
		}
		// Also once the device has fetched.
		if p := h.choose(b, asked, "deny"); p.kind() != string(kind) {
			t.Errorf("%s, fetched: %d %s", first, p.status, p.kind())
		}
	}
}

// TestThreat_DeviceGuesses: a person who tries codes is stopped, right codes included;
// others are not.
//
// proves: guesses of user codes are limited | RFC 8628 section 5.1
func TestThreat_DeviceGuesses(t *testing.T) {
	h := build(t, withDevices)
	b := h.browser()
	h.login(b)
	codes := h.deviceCodes("tv", "")
	wrong := func(n int) string { return "BCDF-GHJ" + string("BCDFGHJKLMNPQRSTVWXZ"[n]) }
	h.events.take()
	for n := range 10 {
		if p := h.enter(b, wrong(n)); p.status != http.StatusOK || p.kind() != string(pages.DeviceCode) {
			t.Fatalf("guess %d: %d %s", n, p.status, p.kind())
		}
	}
	if !h.events.has(audit.DeviceRefused, "wrong_code") {
		t.Error("not audited")
	}
	wantPage(t, h.enter(b, wrong(10)), http.StatusTooManyRequests, pages.TooManyCodes)
	wantPage(t, h.enter(b, codes.text("user_code")), http.StatusTooManyRequests, pages.TooManyCodes)
	if !h.events.has(audit.DeviceRefused, "too_many_codes") {
		t.Error("not audited")
	}
	// The limit is the person's, not the browser's, and not everybody's.
	again := h.browser()
	h.login(again)
	wantPage(t, h.enter(again, codes.text("user_code")), http.StatusTooManyRequests, pages.TooManyCodes)
	h.sim.ApproveAs("lisi")
	other := h.browser()
	h.login(other)
	h.letIn(other, codes)
}

// TestThreat_DeviceCodeOfAnotherClient: it opens for its own client alone, and being
// shown by another burns nothing.
//
// proves: a device code is its client's | RFC 8628 section 3.4
func TestThreat_DeviceCodeOfAnotherClient(t *testing.T) {
	h := build(t, withDevices)
	b := h.browser()
	h.login(b)
	codes := h.deviceCodes("tv", "")
	code := codes.text("device_code")
	h.letIn(b, codes)
	h.events.take()
	wantOAuth(t, "another client", h.poll("app", testSecret, code), 400, "invalid_grant")
	if !h.events.has(audit.DeviceRefused, "device code of another client") {
		t.Error("not audited")
	}
	wantOAuth(t, "a client that has no devices", h.poll("wiki", testSecret, code), 400, "unauthorized_client")
	wantOAuth(t, "and asks for codes", h.call("/device_authorization", "wiki", testSecret, url.Values{"scope": {"openid"}}), 400, "unauthorized_client")
	if r := h.poll("app", "wrong-"+testSecret, code); r.status != http.StatusUnauthorized {
		t.Errorf("a wrong secret: %d", r.status)
	}
	if r := h.call("/device_authorization", "app", "wrong-"+testSecret, url.Values{"scope": {"openid"}}); r.status != http.StatusUnauthorized {
		t.Errorf("a wrong secret: %d", r.status)
	}
	for name, forged := range map[string]string{"garbage": "x", "bent": flip(code), "the user code": codes.text("user_code")} {
		wantOAuth(t, name, h.poll("tv", "", forged), 400, "invalid_grant")
	}
	wantOAuth(t, "none", h.call("/token", "tv", "", url.Values{"grant_type": {grantDevice}}), 400, "invalid_request")
	if r := h.poll("tv", "", code); r.status != http.StatusOK {
		t.Errorf("its own client: %d %s", r.status, r.body)
	}
	// Scopes are those of the registration (RFC 8628 section 3.1).
	wantOAuth(t, "no scope", h.call("/device_authorization", "tv", "", url.Values{}), 400, "invalid_scope")
	wantOAuth(t, "a foreign scope", h.call("/device_authorization", "tv", "", url.Values{"scope": {"phone admin"}}), 400, "invalid_scope")
	wantOAuth(t, "a long scope", h.call("/device_authorization", "tv", "", url.Values{"scope": {"openid " + strings.Repeat("x", 2000)}}), 400, "invalid_scope")
	// An old code says so itself.
	old, err := device.New(device.Config{Store: h.store, Secrets: h.secrets, Life: time.Millisecond}).Begin(t.Context(), device.Ask{ClientID: "tv"})
	if err != nil {
		t.Fatal(err)
	}
	time.Sleep(2 * time.Millisecond)
	wantOAuth(t, "expired", h.poll("tv", "", old.DeviceCode), 400, "expired_token")
	if p := h.enter(b, old.UserCode); p.kind() != string(pages.DeviceCode) {
		t.Errorf("an expired code: %s", p.kind())
	}
}

// TestThreat_DeviceCodeShownTwice: one of many pollers gets tokens, and since the others
// showed the code again, its grant is ended, as that of a code is.
//
// proves: a device code opens once | RFC 8628 section 3.5
func TestThreat_DeviceCodeShownTwice(t *testing.T) {
	h := build(t, withDevices)
	b := h.browser()
	h.login(b)
	for range 5 {
		codes := h.deviceCodes("tv", "")
		h.letIn(b, codes)
		h.events.take()
		var answers [8]reply
		var wg sync.WaitGroup
		for i := range answers {
			wg.Go(func() { answers[i] = h.poll("tv", "", codes.text("device_code")) })
		}
		wg.Wait()
		var sets []reply
		for _, r := range answers {
			if r.status == http.StatusOK {
				sets = append(sets, r)
			} else if r.text("error") != "invalid_grant" {
				t.Errorf("loser: %d %s", r.status, r.body)
			}
		}
		if len(sets) != 1 {
			t.Fatalf("%d sets of tokens", len(sets))
		}
		if h.userinfo(sets[0].text("access_token")).status == http.StatusOK {
			t.Error("the code was shown again, and its grant lives")
		}
		if !h.events.has(audit.DeviceRefused, device.ErrTaken.Error()) {
			t.Error("not audited")
		}
	}
	// Shown again later.
	codes := h.deviceCodes("tv", "")
	h.letIn(b, codes)
	tokens := h.poll("tv", "", codes.text("device_code"))
	if h.userinfo(tokens.text("access_token")).status != http.StatusOK {
		t.Fatal("no tokens")
	}
	wantOAuth(t, "again", h.poll("tv", "", codes.text("device_code")), 400, "invalid_grant")
	if h.userinfo(tokens.text("access_token")).status == http.StatusOK {
		t.Error("the grant lives")
	}
	wantOAuth(t, "its refresh token", h.call("/token", "tv", "", url.Values{"grant_type": {"refresh_token"}, "refresh_token": {tokens.text("refresh_token")}}), 400, "invalid_grant")
}

// TestThreat_DeviceOfAClientThatDoesNotAdmit: whom the client does not admit lets no
// device of it in (authentik CVE-2024-38371), and who is not admitted any more when the
// device fetches gets nothing out of having approved.
func TestThreat_DeviceOfAClientThatDoesNotAdmit(t *testing.T) {
	h := build(t, withDevices)
	b := h.browser()
	h.login(b)
	codes := h.call("/device_authorization", "cinema", testSecret, url.Values{"scope": {"openid"}})
	h.events.take()
	wantPage(t, h.choose(b, h.enter(b, codes.text("user_code")), "approve"), http.StatusForbidden, pages.NotAdmitted)
	if !h.events.has(audit.DeviceRefused, "not_admitted") {
		t.Error("not audited")
	}
	wantOAuth(t, "the device", h.poll("cinema", testSecret, codes.text("device_code")), 400, "authorization_pending")
	h.sim.ApproveAs("lisi")
	other := h.browser()
	h.login(other)
	h.letIn(other, codes)
	if r := h.poll("cinema", testSecret, codes.text("device_code")); r.status != http.StatusOK || r.text("scope") != "openid" || r.text("refresh_token") != "" {
		t.Errorf("whom it admits: %d %s", r.status, r.body)
	}

	// The client loses its right while the person looks at the question.
	codes = h.deviceCodes("app", testSecret)
	asked := h.enter(b, codes.text("user_code"))
	h.replace(testClients())
	wantPage(t, h.choose(b, asked, "approve"), http.StatusBadRequest, pages.UnknownClient)
	wantPage(t, h.enter(b, codes.text("user_code")), http.StatusBadRequest, pages.UnknownClient)
	wantOAuth(t, "the device", h.poll("app", testSecret, codes.text("device_code")), 400, "unauthorized_client")
}

// TestThreat_DeviceAfterTheSessionEnded: a form that outlived its session, or its person,
// approves nothing.
func TestThreat_DeviceAfterTheSessionEnded(t *testing.T) {
	for name, end := range map[string]func(h *house, b *browser, hint string){
		"logged out": func(h *house, b *browser, hint string) { b.get(h.issuer + "/end_session?id_token_hint=" + hint) },
		"person removed": func(h *house, b *browser, hint string) {
			h.people(h.t).Remove(h.t.Context(), h.subject(h.t, "zhangsan"))
		},
		"logged in again":    func(h *house, b *browser, hint string) { h.login(b, "prompt", "login") },
		"another in between": func(h *house, b *browser, hint string) { h.sim.ApproveAs("lisi"); h.login(b, "prompt", "login") },
	} {
		h := build(t, withDevices)
		b := h.browser()
		hint := h.exchange(h.login(b)).text("id_token")
		codes := h.deviceCodes("tv", "")
		asked := h.enter(b, codes.text("user_code"))
		if asked.kind() != string(pages.DeviceConfirm) {
			t.Fatalf("%s: %s", name, asked.kind())
		}
		end(h, b, hint)
		if p := h.choose(b, asked, "approve"); p.kind() != string(pages.FormExpired) && !strings.HasPrefix(p.location, h.dingtalk) {
			t.Errorf("%s: %d %s %s", name, p.status, p.kind(), p.location)
		}
		if p := b.get(h.issuer + "/device"); strings.HasPrefix(p.location, h.dingtalk) != (name == "logged out" || name == "person removed") {
			t.Errorf("%s, the page: %d %s %s", name, p.status, p.kind(), p.location)
		}
		wantOAuth(t, name, h.poll("tv", "", codes.text("device_code")), 400, "authorization_pending")
	}
}

// TestThreat_DeviceByASessionThatIsHalfEnded: the end of a session is noted, and its record
// could not be removed. What such a session lets in would stay when it is long over.
func TestThreat_DeviceByASessionThatIsHalfEnded(t *testing.T) {
	h := build(t, withDevices)
	b := h.browser()
	hint := h.exchange(h.login(b)).text("id_token")
	codes := h.deviceCodes("tv", "")
	asked := h.enter(b, codes.text("user_code"))
	h.store.fail(func(op *storage.Op) storagetest.Fault {
		if op.Verb == storage.VerbDelete {
			return storagetest.FailBefore
		}
		return storagetest.NoFault
	})
	wantOutage(t, "logout", b.get(h.issuer+"/end_session?id_token_hint="+hint))
	h.store.fail(nil)
	wantPage(t, h.choose(b, asked, "approve"), http.StatusBadRequest, pages.FormExpired)
	wantOAuth(t, "the device", h.poll("tv", "", codes.text("device_code")), 400, "authorization_pending")
	if !h.events.has(audit.DeviceRefused, "session_ended") {
		t.Error("not audited")
	}
}

// TestThreat_DeviceOfAnotherOrganisation: on a store and a secret that two providers
// share, what a person of one approved opens nothing at the other.
func TestThreat_DeviceOfAnotherOrganisation(t *testing.T) {
	h := build(t, withDevices)
	other := h.ofAnother("dinganother")
	b := h.browser()
	h.login(b)
	codes := h.deviceCodes("app", testSecret)
	h.letIn(b, codes)
	wantOAuth(t, "the other organisation", other.poll("app", testSecret, codes.text("device_code")), 400, "access_denied")
	if r := h.poll("app", testSecret, codes.text("device_code")); r.status != http.StatusOK {
		t.Errorf("its own: %d %s", r.status, r.body)
	}
}

// TestThreat_DeviceLimits: so many codes a second, and no more.
func TestThreat_DeviceLimits(t *testing.T) {
	h := build(t, withDevices, func(p *plan) { p.LoginsPerSecond = 1 })
	limited := 0
	for range 100 {
		switch r := h.call("/device_authorization", "tv", "", url.Values{"scope": {"openid"}}); {
		case r.status == http.StatusServiceUnavailable && r.header.Get("Retry-After") != "" && r.text("error") == "temporarily_unavailable":
			limited++
		case r.status != http.StatusOK:
			t.Fatalf("%d %s", r.status, r.body)
		}
	}
	if limited == 0 || !h.events.has(audit.RequestLimited, "") {
		t.Error("nothing was turned away")
	}
}

// TestH3_Device_StorageFails: each storage op in turn. Nothing is given, nothing is
// refused for good, and what was not spent still works.
func TestH3_Device_StorageFails(t *testing.T) {
	h := build(t, withDevices)
	b := h.browser()
	h.login(b)
	for fault, when := range faultNames {
		h.store.fail(func(*storage.Op) storagetest.Fault { return fault })
		wantOutage(t, "codes", h.call("/device_authorization", "tv", "", url.Values{"scope": {"openid"}}).page)
		wantOutage(t, "page", b.get(h.issuer+"/device"))
		h.store.fail(nil)

		codes := h.deviceCodes("tv", "")
		form := hidden(t, b.get(h.issuer+"/device"))
		form.Set("user_code", codes.text("user_code"))
		var asked page
		for op := range h.opsOf(func() { asked = b.post(h.issuer+"/device", form) }) {
			h.failOp(op, fault)
			p := b.post(h.issuer+"/device", form)
			h.store.fail(nil)
			wantOutage(t, fmt.Sprintf("code, op %d %s", op, when), p)
		}
		if asked.kind() != string(pages.DeviceConfirm) {
			t.Fatalf("code: %s", asked.kind())
		}
		answer := hidden(t, asked)
		answer.Set("choice", "approve")
		spare := hidden(t, h.enter(b, h.deviceCodes("tv", "").text("user_code")))
		spare.Set("choice", "approve")
		for op := range h.opsOf(func() { b.post(h.issuer+"/device/confirm", spare) }) {
			h.failOp(op, fault)
			wantOutage(t, fmt.Sprintf("answer, op %d %s", op, when), b.post(h.issuer+"/device/confirm", answer))
			h.store.fail(nil)
		}
		if p := b.post(h.issuer+"/device/confirm", answer); p.kind() != string(pages.DeviceApproved) {
			t.Errorf("approved after all: %s", p.kind())
		}

		ops := h.opsOf(func() { h.poll("tv", "", codes.text("device_code")) })
		for op := range ops {
			codes := h.deviceCodes("tv", "")
			h.letIn(b, codes)
			h.store.Reset()
			h.failOp(op, fault)
			failed := h.poll("tv", "", codes.text("device_code"))
			h.store.fail(nil)
			if op == 0 && failed.status == http.StatusOK {
				continue // the note that it asked, which an answer makes pointless
			}
			wantOutage(t, fmt.Sprintf("device, op %d %s", op, when), failed.page)
			again := h.poll("tv", "", codes.text("device_code"))
			if spent := op == ops-1 && fault == storagetest.FailAfter; spent {
				wantOAuth(t, "spent for tokens that nobody has", again, 400, "invalid_grant")
			} else if again.status != http.StatusOK {
				t.Errorf("device, op %d %s, again: %d %s", op, when, again.status, again.body)
			}
		}
	}
}
