package provider_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/dingbridge/dingbridge/dingtalk/simulator"
	"github.com/dingbridge/dingbridge/provider/pages"
	"github.com/dingbridge/dingbridge/storage"
	"github.com/dingbridge/dingbridge/storage/storagetest"
)

// response is an authorization response, by whichever way it goes to the client, and
// where it goes.
func response(t *testing.T, p page) (to string, answer url.Values) {
	t.Helper()
	if p.kind() == string(pages.FormPost) {
		return p.action(), hidden(t, p)
	}
	u := mustURL(t, p.location)
	answer = u.Query()
	u.RawQuery = ""
	return u.String(), answer
}

// ways are all by which a browser gets an authorization response, success or error.
func (h *house) ways(pairs ...string) map[string]func() page {
	with := func(more ...string) string { return h.authorization(slices.Concat(pairs, more)...) }
	decide := func(choice string) page {
		b := h.browser()
		h.login(b)
		fields := hidden(h.t, b.get(with("prompt", "consent")))
		fields.Set("choice", choice)
		return b.post(h.issuer+"/authorize/consent", fields)
	}
	return map[string]func() page{
		"login": func() page { return h.browser().follow(with(), appCallback) },
		"sign-on": func() page {
			b := h.browser()
			h.login(b)
			return b.get(with())
		},
		"consent":                   func() page { return decide("approve") },
		"access_denied":             func() page { return decide("deny") },
		"login_required":            func() page { return h.browser().get(with("prompt", "none")) },
		"invalid_request":           func() page { return h.browser().get(with("code_challenge", "x")) },
		"invalid_scope":             func() page { return h.browser().get(with("scope", "admin")) },
		"unsupported_response_type": func() page { return h.browser().get(with("response_type", "token")) },
		"request_not_supported":     func() page { return h.browser().get(with("request", "x")) },
		"access_denied at DingTalk": func() page {
			if err := h.sim.Fault(simulator.Fault{Call: "auth", Kind: "refuse"}); err != nil {
				h.t.Fatal(err)
			}
			return h.browser().follow(with(), appCallback)
		},
		"temporarily_unavailable": func() page {
			b := h.browser()
			h.login(b)
			h.store.fail(func(*storage.Op) storagetest.Fault { return storagetest.FailBefore })
			defer h.store.fail(nil)
			return b.get(with("prompt", "none"))
		},
	}
}

// TestThreat_MixUp: every response says whose it is, by redirect and by form, success
// and error; and what another provider gave opens nothing here, though both have the
// same secrets, signing keys, clients and people.
//
// proves: iss in every authorization response | RFC 9207 section 2
// proves: response_mode form_post | Form Post section 2
func TestThreat_MixUp(t *testing.T) {
	h := build(t)
	for _, mode := range []string{"query", "form_post"} {
		for name, way := range h.ways("response_mode", mode, "state", "the & state") {
			p := way()
			to, q := response(t, p)
			wanted := q.Get("code") != ""
			if kind, isError := strings.CutSuffix(name, " at DingTalk"); isError || strings.Contains(name, "_") {
				wanted = q.Get("error") == kind && !q.Has("code")
			}
			if to != appCallback || !wanted || q.Get("iss") != h.issuer || q.Get("state") != "the & state" || (p.kind() == "") != (mode == "query") {
				t.Errorf("%s by %s: to %s with %v (%d %s)", name, mode, to, q, p.status, p.kind())
			}
		}
	}

	other := build(t)
	b, there := h.browser(), other.browser()
	tokens, code := h.exchange(h.login(b)), h.login(b)
	other.login(there)
	wantOAuth(t, "another provider's code", other.exchange(code), 400, "invalid_grant")
	wantOAuth(t, "another provider's refresh token", other.refresh(tokens.text("refresh_token"), ""), 400, "invalid_grant")
	wantBearer(t, "another provider's access token", other.userinfo(tokens.text("access_token")), 401, "invalid_token")
	if r := other.call("/introspect", "app", testSecret, url.Values{"token": {tokens.text("access_token")}}); r.json["active"] != false {
		t.Errorf("introspection: %s", r.body)
	}
	other.wantError(t, there.get(other.authorization("prompt", "none", "id_token_hint", tokens.text("id_token"))), appCallback, "invalid_request", "st-"+t.Name())
	if p := there.get(other.issuer + "/end_session?id_token_hint=" + tokens.text("id_token")); p.status != http.StatusBadRequest || !other.in(there) {
		t.Errorf("another provider's hint at logout: %d %s", p.status, p.kind())
	}
	if r := h.exchange(code); r.status != http.StatusOK {
		t.Errorf("the code where it belongs: %d %s", r.status, r.body)
	}
}

// TestThreat_FormPostInjection: what a client sends as its state is a value in the form
// and nothing else; the page runs no script but its own, and cannot be framed.
func TestThreat_FormPostInjection(t *testing.T) {
	h := build(t)
	b := h.browser()
	h.login(b)
	plain := elements(t, b.get(h.authorization("response_mode", "form_post", "state", "x")).body)
	for _, fault := range []string{"", "token"} { // successes and errors
		for _, state := range append(slices.Clone(payloads), `"/><input name="code" value="evil">`, `</form><form action="https://evil.example">`, `'"><svg/onload=x>`, "\u2028x", strings.Repeat("<", 600)) {
			if strings.ContainsAny(state, "\r\x00") || !utf8.ValidString(state) {
				continue // no form can carry these as they are
			}
			request := []string{"response_mode", "form_post", "state", state}
			if fault != "" {
				request = append(request, "response_type", fault)
			}
			p := b.get(h.authorization(request...))
			to, q := response(t, p)
			if p.kind() != string(pages.FormPost) || to != appCallback || q.Get("state") != state || len(q["state"]) != 1 || q.Has("code") == q.Has("error") {
				t.Errorf("state %q: %d %s to %s with %v", state, p.status, p.kind(), to, q)
			}
			if found := elements(t, p.body); fault == "" && !slices.Equal(found, plain) || len(tags(p.body, "form")) != 1 || len(tags(p.body, "script")) != 1 {
				t.Errorf("state %.100q: %d forms, %d scripts, elements %v", state, len(tags(p.body, "form")), len(tags(p.body, "script")), found)
			}
			csp := p.header.Get("Content-Security-Policy")
			if strings.Contains(csp, "unsafe") || !strings.Contains(csp, "frame-ancestors 'none'") || p.header.Get("X-Frame-Options") != "DENY" || p.header.Get("Cache-Control") != "no-store" ||
				strings.Count(csp, "script-src 'sha256-") != 1 || strings.Count(csp, "script-src") != 1 {
				t.Errorf("state %q: CSP %q", state, csp)
			}
		}
	}
}

// TestThreat_FormPostBeforeProof: before client and redirect URI are proven nothing is
// posted anywhere, and a way that was not asked for once is not taken.
func TestThreat_FormPostBeforeProof(t *testing.T) {
	h := build(t)
	b := h.browser()
	for name, bend := range map[string]func(url.Values){
		"an unknown client": func(q url.Values) { q.Set("client_id", "nobody") }, "another address": func(q url.Values) { q.Set("redirect_uri", "https://evil.example/") },
		"two addresses": func(q url.Values) { q.Add("redirect_uri", "https://evil.example/") },
	} {
		q := h.query("response_mode", "form_post")
		bend(q)
		if p := b.get(h.issuer + "/authorize?" + q.Encode()); p.action() != "" || p.location != "" || p.status != http.StatusBadRequest {
			t.Errorf("%s: %d, form to %q", name, p.status, p.action())
		}
	}
	for _, modes := range [][]string{{"form_post", "query"}, {"query", "form_post"}, {"fragment"}, {"form_post.jwt"}, {"FORM_POST"}, {"web_message"}} {
		q := h.query()
		q["response_mode"] = modes
		h.wantError(t, b.get(h.issuer+"/authorize?"+q.Encode()), appCallback, "invalid_request", "st-"+t.Name())
	}
}
