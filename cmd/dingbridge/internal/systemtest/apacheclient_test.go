package systemtest

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// A visitor is a person at Apache's app.
type visitor struct {
	*person
	t      *testing.T
	apache *apache
}

// window is what a browser says when somebody opens an address in it. Apache sends
// nobody else to a login.
type window struct{}

func (window) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("Accept", "text/html,application/xhtml+xml,*/*;q=0.8")
	r.Header.Set("Sec-Fetch-Mode", "navigate")
	r.Header.Set("Sec-Fetch-Dest", "document")
	return wires.RoundTrip(r)
}

func newVisitor(t *testing.T, a *apache) visitor {
	v := visitor{newPerson(), t, a}
	v.http.Transport = window{}
	return v
}

// enter goes to a path of the app, through whatever logins that takes, and returns
// what the app was told.
func (v visitor) enter(path string) map[string]string {
	v.t.Helper()
	s, err := v.follow(v.t.Context(), v.apache.url+path, "nowhere")
	if err != nil || s.status != http.StatusOK {
		v.t.Fatalf("%s: %d, %v, by %q: %.300s", path, s.status, err, v.passed, s.body)
	}
	var told map[string]string
	if err := json.Unmarshal([]byte(s.body), &told); err != nil || told["path"] != path {
		v.t.Fatalf("%s: the app was not reached: %v: %.300s", path, err, s.body)
	}
	return told
}

// inside tells whether Apache lets the visitor in without asking anybody.
func (v visitor) inside() bool {
	v.t.Helper()
	s, err := v.get(v.t.Context(), v.apache.url+"/look")
	elsewhere := strings.Contains(s.location, "/authorize?") || s.location == v.apache.url+"/signed-out"
	if err != nil || s.status != http.StatusOK && !elsewhere {
		v.t.Fatalf("%d, to %q, %v: %.300s", s.status, s.location, err, s.body)
	}
	return s.status == http.StatusOK
}

// through tells whether the last way led by an address.
func (v visitor) through(address string) bool { return v.at(address) != nil }

// at is the query with which the last way led by an address.
func (v visitor) at(address string) url.Values {
	for _, a := range v.passed {
		if strings.HasPrefix(a, address) {
			u, err := url.Parse(a)
			if err != nil {
				v.t.Fatal(err)
			}
			return u.Query()
		}
	}
	return nil
}

// copied is somebody with a copy of the cookies for Apache, and with no others.
func (v visitor) copied() visitor {
	u, _ := url.Parse(v.apache.url)
	thief := newVisitor(v.t, v.apache)
	thief.http.Jar.SetCookies(u, v.http.Jar.Cookies(u))
	return thief
}

// apacheWorld is a provider and an Apache before an app.
func apacheWorld(t *testing.T, more ...string) (*world, *apache) {
	t.Helper()
	needsApache(t)
	w := newWorld(t, setting{as: "zhangsan"})
	address := "http://127.0.0.1:" + freePort(t)
	p := w.preset(t, "apache", "--url", address, "--backchannel-logout-network", "127.0.0.0/8")
	// A leaver is found at the next refresh, not ten minutes later.
	w.serve("DINGBRIDGE_FRESHNESS_RECHECK_AFTER=1s")
	return w, w.apacheAt(t, address, p, more...)
}

// groupAlone is what the example has beside what is printed: a part for a group.
func groupAlone(t *testing.T) string {
	t.Helper()
	_, more, ok := strings.Cut(example(t, "apache", "app.conf"), "# Part of the app for some only")
	if !ok {
		t.Fatal("the example of Apache has no part for some only")
	}
	return "# " + more
}

// TestE9_Apache is Debian's mod_auth_openidc, with the configuration that is printed and
// published.
//
// proves: Debian's mod_auth_openidc | Core section 3.1, RP-Initiated Logout section 2
func TestE9_Apache(t *testing.T) {
	othersAtWork(t)
	w, a := apacheWorld(t, groupAlone(t))
	v := newVisitor(t, a)

	told := v.enter("/first")
	asked := v.at(w.issuer + "/authorize")
	if asked.Get("code_challenge_method") != "S256" || asked.Get("nonce") == "" || !v.through(w.simulator) {
		t.Errorf("the login went by %q", v.passed)
	}
	for name, want := range map[string]string{"oidc_claim_name": "张三", "oidc_claim_email": "san.zhang@corp.example.cn",
		"oidc_claim_email_verified": "1", "oidc_claim_iss": w.issuer, "oidc_claim_aud": "apache"} {
		if told[name] != want {
			t.Errorf("the app was told %s %q, not %q", name, told[name], want)
		}
	}
	if told["oidc_claim_sub"] == "" || !strings.Contains(told["oidc_claim_groups"], "dept:432825033") {
		t.Errorf("the app was told %v", told)
	}
	if !v.inside() {
		t.Error("the second request is asked to log in")
	}
	v.enter("/admin") // the group is a role of the person's
	w.control(t, "as", `{"userid":"zhangsan2"}`)
	namesake := newVisitor(t, a)
	namesake.enter("/")
	if s, err := namesake.get(t.Context(), a.url+"/admin"); err != nil || s.status != http.StatusUnauthorized {
		t.Errorf("somebody without the group gets %d, %v at /admin", s.status, err)
	}
	w.control(t, "as", `{"userid":"zhangsan"}`)

	stolen := v.copied()
	if !stolen.inside() {
		t.Fatal("a copy of the cookies does not work, so it proves nothing below")
	}
	v.enterAfterLogout(w, told["oidc_claim_sub"])
	if stolen.inside() {
		t.Error("a copy of the cookies from before the logout still works")
	}
}

// enterAfterLogout logs out at the app and in again.
func (v visitor) enterAfterLogout(w *world, sub string) {
	t := v.t
	t.Helper()
	if told := v.enterBy("/oidc?logout=", "/signed-out"); told["oidc_claim_sub"] != "" {
		t.Errorf("after the logout the app is told %v", told)
	}
	asked := v.at(w.issuer + "/end_session")
	if asked.Get("id_token_hint") == "" || asked.Get("post_logout_redirect_uri") != v.apache.url+"/signed-out" {
		t.Errorf("the logout went by %q", v.passed)
	}
	if v.inside() {
		t.Error("after the logout the app lets people in")
	}
	if again := v.enter("/again"); again["oidc_claim_sub"] != sub {
		t.Errorf("logged in again as %q, not as %q", again["oidc_claim_sub"], sub)
	}
	if !v.through(w.simulator) {
		t.Errorf("the login after the logout did not ask DingTalk: %q", v.passed)
	}
}

// enterBy is enter with an address that leads to another path.
func (v visitor) enterBy(path, to string) map[string]string {
	v.t.Helper()
	s, err := v.follow(v.t.Context(), v.apache.url+path, v.apache.url+to)
	if err != nil || s.location != v.apache.url+to {
		v.t.Fatalf("%s leads to %q, %d, %v, by %q: %.300s", path, s.location, s.status, err, v.passed, s.body)
	}
	by := v.passed
	told := v.enter(to)
	v.passed = by
	return told
}

// TestE9_ApacheTrustsNoHeader: what a browser says about itself is not what the app
// is told.
func TestE9_ApacheTrustsNoHeader(t *testing.T) {
	othersAtWork(t)
	_, a := apacheWorld(t)
	v := newVisitor(t, a)
	told := v.enter("/")
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, a.url+"/", nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"OIDC_CLAIM_sub", "OIDC-CLAIM-sub", "OIDC_CLAIM_groups"} {
		req.Header[name] = []string{"forged"}
	}
	resp, err := v.http.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var now map[string]string
	if err := json.NewDecoder(resp.Body).Decode(&now); err != nil {
		t.Fatal(err)
	}
	for name, value := range now {
		if strings.Contains(value, "forged") {
			t.Errorf("the app is told %s: %s", name, value)
		}
	}
	if now["oidc_claim_sub"] != told["oidc_claim_sub"] {
		t.Errorf("the app is told of %q", now["oidc_claim_sub"])
	}
}

// TestThreat_ApacheTrustsNoHeaderWithoutALogin: the page after a logout is there for everybody,
// and so is all below it. The app, which looks at its headers on every page, believes what
// a stranger wrote there as little as elsewhere.
func TestThreat_ApacheTrustsNoHeaderWithoutALogin(t *testing.T) {
	othersAtWork(t)
	_, a := apacheWorld(t)
	for _, path := range []string{"/signed-out", "/signed-out/", "/signed-out/more"} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, a.url+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"OIDC_CLAIM_sub", "OIDC-CLAIM-sub", "OIDC_CLAIM_groups", "OIDC_access_token"} {
			req.Header[name] = []string{"forged"}
		}
		req.Header["X-Else"] = []string{"here"}
		resp, err := newVisitor(t, a).http.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		var told map[string]string
		if err := json.NewDecoder(resp.Body).Decode(&told); err != nil || told["x-else"] != "here" {
			t.Fatalf("%s: the app was not reached, so this proves nothing: %d, %v", path, resp.StatusCode, err)
		}
		for name, value := range told {
			if strings.Contains(value, "forged") {
				t.Errorf("at %s the app is told %s: %s", path, name, value)
			}
		}
	}
}

// TestE9_ApacheHearsOfALogoutElsewhere: the back-channel. The person's other browser,
// which is another session, stays logged in.
//
// proves: mod_auth_openidc hears of logouts | Back-Channel Logout section 2.5
func TestE9_ApacheHearsOfALogoutElsewhere(t *testing.T) {
	othersAtWork(t)
	w, a := apacheWorld(t)
	here, there := newVisitor(t, a), newVisitor(t, a)
	sub := here.enter("/")["oidc_claim_sub"]
	if there.enter("/")["oidc_claim_sub"] != sub {
		t.Fatal("the other browser is another person")
	}
	w.logoutAt(t, here.person, w.app("rs"))
	until(t, "the end of Apache's session", func() bool { return !here.inside() })
	if !there.inside() {
		t.Error("the person's other browser was logged out too")
	}
	until(t, "the audit event", func() bool { return strings.Contains(w.logs(), `"backchannel.delivered"`) })
	if here.enter("/")["oidc_claim_sub"] != sub {
		t.Error("logged in again as somebody else")
	}
	if !here.through(w.simulator) {
		t.Error("the session at the provider has not ended")
	}
}

// logoutAt logs a person in to an app, through the session that the browser has, and
// out of it again, as the app does it: with the ID token.
func (w *world) logoutAt(t *testing.T, p *person, a app) {
	t.Helper()
	code, err := p.login(t.Context(), w, a)
	if err != nil {
		t.Fatal(err)
	}
	for _, address := range p.passed {
		if strings.HasPrefix(address, w.simulator) {
			t.Fatal("the second app's login was not in the same session")
		}
	}
	tokens := a.redeem(t.Context(), w.issuer, code)
	if tokens.status != http.StatusOK {
		t.Fatal(tokens)
	}
	s, err := p.get(t.Context(), w.issuer+"/end_session?"+url.Values{"id_token_hint": {tokens.text("id_token")}}.Encode())
	if err != nil || s.status != http.StatusOK {
		t.Fatalf("logging out: %d, to %q, %v: %.300s", s.status, s.location, err, s.body)
	}
}

// TestE9_ApacheFindsLeavers: with the refresh token that ends with the session, who
// has left the organisation is out of the app.
func TestE9_ApacheFindsLeavers(t *testing.T) {
	othersAtWork(t)
	// Before every request instead of shortly before the token ends.
	w, a := apacheWorld(t, "OIDCRefreshAccessTokenBeforeExpiry 3600 logout_on_error")
	v := newVisitor(t, a)
	first := v.enter("/")
	second := v.enter("/")
	if first["oidc_access_token"] == "" || first["oidc_access_token"] == second["oidc_access_token"] {
		t.Error("the access token was not renewed")
	}
	w.control(t, "people/zhangsan/leave", "")
	until(t, "the end of the leaver's session", func() bool { return !v.inside() })
	s, err := v.follow(t.Context(), a.url+"/", "nowhere")
	if err != nil || s.status != http.StatusForbidden || !v.through(w.issuer+"/login/callback") {
		t.Errorf("the leaver's next login ends with %d, %v, by %q: %.300s", s.status, err, v.passed, s.body)
	}
}
