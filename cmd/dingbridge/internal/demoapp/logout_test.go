package demoapp

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/base64"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"
)

func TestD6_LogoutAtTheProvider(t *testing.T) {
	o := newOP(t)
	_, app := open(t, o)
	b := newBrowser(t)
	b.get(app + "/login")
	b.get(app + "/second/login")
	b.post(app + "/refresh")
	for _, path := range []string{"", "/second"} {
		status, page := b.post(app + path + "/signout")
		if status != 200 || strings.Contains(page, inside) || !strings.Contains(page, "here and at the provider") {
			t.Errorf("%s: %d %s", path, status, page)
		}
		claims := strings.Split(o.hint, ".")
		if len(claims) != 3 {
			t.Fatalf("%s: the hint is %q", path, o.hint)
		}
		payload, _ := base64.RawURLEncoding.DecodeString(claims[1])
		client := map[string]string{"": `"aud":"demo"`, "/second": `"aud":"demo-second"`}[path]
		if text := string(payload); !strings.Contains(text, client) || (path == "") != strings.Contains(text, `"refreshed"`) {
			t.Errorf("%s: the hint is not the newest ID token: %s", path, text)
		}
	}
	if _, page := b.get(app + "/login"); !strings.Contains(page, inside) || strings.Contains(page, `id="left"`) {
		t.Error("the next login does not count")
	}
	if status, page := newBrowser(t).post(app + "/signout"); status != 200 || strings.Contains(page, `id="left"`) {
		t.Errorf("nobody logged out: %d", status)
	}
}

func TestD6_TheWayBackCountsOnceInItsBrowser(t *testing.T) {
	refused := func(t *testing.T, what string, status int, page string) {
		t.Helper()
		if status != http.StatusBadRequest || !strings.Contains(page, "退出没有完成") || strings.Contains(page, `id="left"`) {
			t.Errorf("%s: %d %s", what, status, page)
		}
	}
	o := newOP(t)
	_, app := open(t, o)
	b := newBrowser(t)
	b.get(app + "/login")
	state := ""
	o.goodbye = func(answer url.Values) { state = answer.Get("state"); answer.Set("state", "other") }
	status, page := b.post(app + "/signout")
	refused(t, "another state", status, page)
	if _, page := b.get(app + "/"); strings.Contains(page, inside) {
		t.Error("the app's session waits for the provider's")
	}
	status, page = newBrowser(t).get(app + "/signedout?state=" + state)
	refused(t, "another browser", status, page)
	status, page = b.get(app + "/signedout")
	refused(t, "no state", status, page)
	status, page = b.get(app + "/second/signedout?state=" + state)
	refused(t, "the other client", status, page)
	if status, _ = b.get(app + "/callback?code=x&iss=" + url.QueryEscape(o.URL) + "&state=" + state); status != http.StatusBadRequest {
		t.Errorf("a logout's state is good for a login: %d", status)
	}
	if status, page = b.get(app + "/signedout?state=" + state); status != 200 || !strings.Contains(page, `id="left"`) {
		t.Errorf("the right one: %d %s", status, page)
	}
	status, page = b.get(app + "/signedout?state=" + state)
	refused(t, "again", status, page)

	login, _ := url.Parse(b.begin(app))
	status, page = b.get(app + "/signedout?state=" + login.Query().Get("state"))
	refused(t, "a login's state", status, page)
}

func TestD6_NoEndpointNoLogout(t *testing.T) {
	o := newOP(t)
	o.noEnd = true
	_, app := open(t, o)
	b := newBrowser(t)
	b.get(app + "/login")
	status, page := b.post(app + "/signout")
	if status != http.StatusBadGateway || !strings.Contains(page, "end_session_endpoint") {
		t.Errorf("%d %s", status, page)
	}
	if _, page := b.get(app + "/"); !strings.Contains(page, inside) {
		t.Error("it says that it failed, and logged out nevertheless")
	}
}

// notice sends a notice as a provider does, and returns the status.
func notice(t *testing.T, to, token string) int {
	t.Helper()
	answer, err := http.PostForm(to, url.Values{"logout_token": {token}})
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if body, _ := io.ReadAll(answer.Body); answer.Header.Get("Cache-Control") != "no-store" || strings.Contains(string(body), "eyJ") {
		t.Errorf("%v %s", answer.Header, body)
	}
	return answer.StatusCode
}

func TestD7_ANoticeEndsTheSession(t *testing.T) {
	for name, tc := range map[string]struct {
		changes       map[string]any
		first, second bool // who is logged in afterwards; the notice is for the second
	}{
		"sid and sub":       {nil, true, false},
		"sid":               {map[string]any{"sub": nil}, true, false},
		"sub":               {map[string]any{"sid": nil}, true, false},
		"another's sid":     {map[string]any{"sid": "other"}, true, true},
		"somebody else":     {map[string]any{"sub": "somebody else"}, true, true},
		"somebody else all": {map[string]any{"sub": "somebody else", "sid": nil}, true, true},
	} {
		t.Run(name, func(t *testing.T) {
			o := newOP(t)
			_, app := open(t, o)
			b, other := newBrowser(t), newBrowser(t)
			b.get(app + "/login")
			b.get(app + "/second/login")
			other.get(app + "/second/login") // the same person and sid: a cookie that moved
			if status := notice(t, app+"/second/backchannel", o.logoutToken("demo-second", "logout+jwt", tc.changes)); status != http.StatusOK {
				t.Fatalf("status %d", status)
			}
			_, first := b.get(app + "/")
			_, second := b.get(app + "/second/")
			_, elsewhere := other.get(app + "/second/")
			if strings.Contains(first, inside) != tc.first || strings.Contains(second, inside) != tc.second || strings.Contains(elsewhere, inside) != tc.second {
				t.Errorf("%s\n%s", first, second)
			}
			if strings.Contains(second, "the provider sent word") == tc.second {
				t.Error("the page does not say why")
			}
			if !tc.second {
				if status, _ := b.post(app + "/second/refresh"); status < 400 {
					t.Errorf("it refreshes after its end: %d", status)
				}
			}
		})
	}
}

func TestD7_OnlyALogoutTokenCounts(t *testing.T) {
	o := newOP(t)
	stranger, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	now := func(after time.Duration) int64 { return time.Now().Add(after).Unix() }
	_, app := open(t, o)
	b := newBrowser(t)
	b.get(app + "/login")
	right := func(changes map[string]any) string { return o.logoutToken("demo", "logout+jwt", changes) }
	with := func(name string, value any) string { return right(map[string]any{name: value}) }
	signature := func(token string) string { return token[strings.LastIndex(token, ".")+1:] }
	whole := right(nil)
	parts := strings.Split(whole, ".")
	for name, token := range map[string]string{
		"none":              "",
		"no JWS":            "x.y.z",
		"no typ":            o.logoutToken("demo", "", nil),
		"an ID token's typ": o.logoutToken("demo", "JWT", nil),
		"an access token's": o.logoutToken("demo", "at+jwt", nil),
		"for another app":   o.logoutToken("demo-second", "logout+jwt", nil),
		"another issuer":    with("iss", "https://evil.example"),
		"expired":           with("exp", now(-time.Minute)),
		"no exp":            with("exp", nil),
		"no iat":            with("iat", nil),
		"old":               with("iat", now(-time.Hour)),
		"of later":          with("iat", now(time.Hour)),
		"no jti":            with("jti", nil),
		"nonce":             with("nonce", "n"),
		"nonce null":        right(map[string]any{"nonce": jsonNull{}}),
		"no events":         with("events", nil),
		"another event":     with("events", map[string]any{"https://example.com/other": map[string]any{}}),
		"event no object":   with("events", map[string]any{logoutEvent: true}),
		"event null":        with("events", map[string]any{logoutEvent: jsonNull{}}),
		"about nobody":      right(map[string]any{"sub": nil, "sid": nil}),
		"another key": o.sign(stranger, map[string]any{"alg": "ES256", "kid": "k", "typ": "logout+jwt"}, map[string]any{
			"iss": o.URL, "aud": "demo", "sub": "somebody", "sid": "SID", "jti": "j", "iat": now(0), "exp": now(time.Minute),
			"events": map[string]any{logoutEvent: map[string]any{}}}),
		"unsigned": base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none","typ":"logout+jwt"}`)) + "." + parts[1] + ".",
		"in JSON":  `{"protected":"` + parts[0] + `","payload":"` + parts[1] + `","signature":"` + signature(whole) + `"}`,
	} {
		if status := notice(t, app+"/backchannel", token); status != http.StatusBadRequest {
			t.Errorf("%s: %d", name, status)
		}
		if _, page := b.get(app + "/"); !strings.Contains(page, inside) {
			t.Fatalf("%s: it logged somebody out", name)
		}
	}
	if answer, err := http.Get(app + "/backchannel?logout_token=" + whole); err != nil || answer.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("GET: %v", err)
	} else {
		answer.Body.Close()
	}
	if answer, err := http.Post(app+"/backchannel?logout_token="+whole, "text/plain", nil); err != nil || answer.StatusCode != http.StatusBadRequest {
		t.Errorf("a token in the query: %v", err)
	} else {
		answer.Body.Close()
	}
	if status := notice(t, app+"/backchannel", whole); status != http.StatusOK {
		t.Errorf("the right one: %d", status)
	}
	if status := notice(t, app+"/backchannel", whole); status != http.StatusBadRequest {
		t.Errorf("the right one again: %d", status)
	}
	if _, page := b.get(app + "/"); strings.Contains(page, inside) {
		t.Error("the right one logged nobody out")
	}
}

// jsonNull is written as null, where a nil would leave the claim out.
type jsonNull struct{}

func (jsonNull) MarshalJSON() ([]byte, error) { return []byte("null"), nil }

// A notice may be faster than the answer to the code.
func TestD7_ALoginUnderWayEndsToo(t *testing.T) {
	o := newOP(t)
	_, app := open(t, o)
	b := newBrowser(t)
	callback := b.begin(app)
	if status := notice(t, app+"/backchannel", o.logoutToken("demo", "logout+jwt", nil)); status != http.StatusOK {
		t.Fatalf("status %d", status)
	}
	if status, page := b.get(callback); status != http.StatusForbidden || strings.Contains(page, inside) {
		t.Errorf("%d %s", status, page)
	}
	o.idToken = map[string]any{"sid": "SID-2"}
	if _, page := b.get(app + "/login"); !strings.Contains(page, inside) {
		t.Error("the next login does not count")
	}
	o.idToken = map[string]any{"sid": "SID-3"}
	if status, page := b.post(app + "/refresh"); status < 400 || strings.Contains(page, inside) {
		t.Errorf("refreshed into another session: %d", status)
	}
}

func TestD7_NoKeysIsNoRefusal(t *testing.T) {
	o := newOP(t)
	_, app := open(t, o)
	working := o.Config.Handler
	o.Config.Handler = http.NotFoundHandler()
	token := o.logoutToken("demo", "logout+jwt", nil)
	if status := notice(t, app+"/backchannel", token); status != http.StatusServiceUnavailable {
		t.Errorf("while the provider is down: %d", status)
	}
	o.Config.Handler = working
	if status := notice(t, app+"/backchannel", token); status != http.StatusOK {
		t.Errorf("tried again: %d", status)
	}
}

func TestFormsMayLeadToTheProvider(t *testing.T) {
	app, err := New(Config{URL: "http://127.0.0.1:1", Issuer: "https://sso.example.com/a;b?c"})
	if err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	app.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil))
	if policy := w.Header().Get("Content-Security-Policy"); !strings.HasSuffix(policy, "; form-action 'self' https://sso.example.com") {
		t.Error(policy)
	}
	if _, err := New(Config{URL: "http://127.0.0.1:1", Issuer: "sso.example.com"}); err == nil {
		t.Error("an issuer that is no address")
	}
}

func FuzzTokenType(f *testing.F) {
	f.Add("eyJ0eXAiOiJsb2dvdXQrand0In0.e30.AA")
	f.Add("eyJ0eXAiOjF9.e30.AA")
	f.Add(`{"protected":"e30"}`)
	f.Add("\reyJ0eXAiOiJ4In0.e30.AA")
	f.Fuzz(func(t *testing.T, raw string) {
		typ, err := tokenType(raw)
		if err != nil && typ != "" || typ != strings.ToLower(typ) {
			t.Errorf("%q has type %q, %v", raw, typ, err)
		}
		if err == nil && strings.ContainsAny(raw[:strings.Index(raw, ".")], "+/=\r\n {") {
			t.Errorf("%q is not in compact form", raw)
		}
	})
}
