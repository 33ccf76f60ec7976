package provider_test

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/dingbridge/dingbridge/provider/audit"
	"github.com/dingbridge/dingbridge/provider/pages"
	"github.com/dingbridge/dingbridge/storage"
	"github.com/dingbridge/dingbridge/storage/storagetest"
)

// declared is what a route is held to.
type declared struct {
	path    string
	methods string
	html    bool // errors are pages
	public  bool // cacheable
}

// routesOf is every path and what it declares. A route that is added and not listed
// here fails TestH8_EveryRouteIsDeclared through the discovery document or through
// routes.go itself.
var routesOf = []declared{
	{"/.well-known/openid-configuration", "GET HEAD", false, true},
	{"/.well-known/oauth-authorization-server", "GET HEAD", false, true},
	{"/jwks", "GET HEAD", false, true},
	{"/authorize", "GET POST", true, false},
	{"/authorize/consent", "POST", true, false},
	{"/par", "POST", false, false},
	{"/login/callback", "GET", true, false},
	{"/login/choose", "GET", true, false},
	{"/login/frame", "GET", true, false},
	{"/login/inapp", "GET POST", true, false},
	{"/end_session", "GET POST", true, false},
	{"/end_session/confirm", "POST", true, false},
	{"/account/end", "POST", true, false},
	{"/token", "POST", false, false},
	{"/device_authorization", "POST", false, false},
	{"/device", "GET POST", true, false},
	{"/device/confirm", "POST", true, false},
	{"/introspect", "POST", false, false},
	{"/revoke", "POST", false, false},
	{"/userinfo", "GET POST", false, false},
	{"/userinfo/", "GET POST", false, false},
	{"/healthz", "GET HEAD", false, false},
	{"/readyz", "GET HEAD", false, false},
	{"/", "GET HEAD", true, false},
}

// TestH8_EveryRouteIsDeclared: the table of routes.go and the one here have the same
// rows.
func TestH8_EveryRouteIsDeclared(t *testing.T) {
	source, err := os.ReadFile("routes.go")
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(source), "return []route{")
	table, _, _ = strings.Cut(table, "\n\t}\n")
	if rows := strings.Count(table, "\n\t\t{"); rows != len(routesOf) {
		t.Errorf("routes.go has %d routes, the test %d", rows, len(routesOf))
	}
}

// TestH8_HeadersAndMethods: every route with every method.
//
// proves: nothing private is cached | RFC 6749 section 5.1
func TestH8_HeadersAndMethods(t *testing.T) {
	for _, path := range []string{"", "/sso", "/a/b"} {
		h := build(t, func(p *plan) { p.path = path })
		for _, route := range routesOf {
			for _, method := range []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND"} {
				req, err := http.NewRequest(method, h.issuer+route.path, nil)
				if err != nil {
					t.Fatal(err)
				}
				p := h.browser().send(req)
				name := method + " " + path + route.path
				checkHeaders(t, name, p, route.public && p.status == 200)
				allowed := slices.Contains(strings.Fields(route.methods), method)
				if allowed == (p.status == http.StatusMethodNotAllowed) || p.status == http.StatusNotFound && route.path != "/userinfo/" {
					t.Errorf("%s: %d", name, p.status)
				}
				if p.status == http.StatusMethodNotAllowed {
					if allow := p.header.Get("Allow"); !strings.HasPrefix(strings.ReplaceAll(allow, ",", ""), route.methods) {
						t.Errorf("%s: Allow %q", name, allow)
					}
					if route.html && method != "HEAD" && p.kind() != string(pages.MethodNotAllowed) {
						t.Errorf("%s: page %q", name, p.kind())
					}
				}
			}
		}
	}
}

// checkHeaders holds an answer to what all have to have.
func checkHeaders(t *testing.T, name string, p page, public bool) {
	t.Helper()
	want := map[string]string{"X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY", "Referrer-Policy": "no-referrer", "Cache-Control": "no-store"}
	if public {
		want["Cache-Control"] = p.header.Get("Cache-Control")
		if !strings.HasPrefix(want["Cache-Control"], "public, max-age=") {
			t.Errorf("%s: Cache-Control %q", name, want["Cache-Control"])
		}
	}
	for header, value := range want {
		if p.header.Get(header) != value {
			t.Errorf("%s: %s is %q", name, header, p.header.Get(header))
		}
	}
	csp := p.header.Get("Content-Security-Policy")
	if !strings.Contains(csp, "frame-ancestors 'none'") || !strings.Contains(csp, "default-src 'none'") || strings.Contains(csp, "unsafe") || strings.Contains(csp, "script-src") {
		t.Errorf("%s: CSP %q", name, csp)
	}
	if len(p.header.Get("X-Request-Id")) < 16 {
		t.Errorf("%s: X-Request-Id %q", name, p.header.Get("X-Request-Id"))
	}
}

// TestH8_UnknownAndOddPaths: a page, whatever the method; nothing is cleaned, and
// nothing redirected (Keycloak CVE-2026-0976: paths that a proxy reads otherwise).
func TestH8_UnknownAndOddPaths(t *testing.T) {
	for _, path := range []string{"", "/sso"} {
		h := build(t, func(p *plan) { p.path = path })
		origin := strings.TrimSuffix(h.issuer, path)
		odd := []string{
			"/nothing", "//token", "/token/", "/TOKEN", "/token;x=y", "/./token", "/x/../token", "/%74oken", "/token%00", "/token%2f", "/login%2Fcallback", "/login//callback",
			"/authorize/", "//authorize", "/x/../authorize", "/authorize;jsessionid=1", "/authorize%3fclient_id=app", "/login/callback/", "/authorize/callback?id=1", "/login/..%2ftoken",
			"/.well-known/", "/.well-known/openid-configuration/", "/.git/config", "//evil.example", "/%2f%2fevil.example", "/\\evil.example", "/users", "/device/", "/device/code", "/registration", "/logout", "/debug/pprof/",
		}
		for i := range odd {
			odd[i] = path + odd[i]
		}
		if path != "" {
			odd = append(odd, "/", "/token", "/authorize", "/ssotoken", "/sso2/token", "//sso/token", "/sso//", "/SSO/token", "/.well-known/openid-configuration/sso", "/.well-known/oauth-authorization-server", "/.well-known/oauth-authorization-server/other")
		}
		for _, at := range odd {
			for _, method := range []string{"GET", "POST", "PUT"} {
				req, err := http.NewRequest(method, origin, nil)
				if err != nil {
					t.Fatal(err)
				}
				req.URL.Opaque, req.URL.RawQuery, _ = strings.Cut("//"+req.URL.Host+at, "?")
				req.URL.Opaque = strings.TrimPrefix(req.URL.Opaque, "//"+req.URL.Host) // sent as written
				if strings.HasPrefix(req.URL.Opaque, "//") || strings.Contains(req.URL.Opaque, "\\") {
					h.rawLine(t, method, at)
					continue
				}
				p := h.browser().send(req)
				if p.status != http.StatusNotFound || p.kind() != string(pages.NotFound) || p.location != "" {
					t.Errorf("%s %s: %d %q %s", method, at, p.status, p.kind(), p.location)
				}
				checkHeaders(t, method+" "+at, p, false)
			}
		}
	}
}

// rawLine sends a request line that no client of Go's would write.
func (h *house) rawLine(t *testing.T, method, target string) {
	t.Helper()
	u, _ := url.Parse(h.issuer)
	conn, err := net.Dial("tcp", u.Host)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprintf(conn, "%s %s HTTP/1.1\r\nHost: %s\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", method, target, u.Host)
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusNotFound && resp.StatusCode != http.StatusBadRequest || resp.Header.Get("Location") != "" {
		t.Errorf("%s %s: %d %s", method, target, resp.StatusCode, resp.Header.Get("Location"))
	}
}

// TestIssuerWithAPath: one whole login below a path, its retry button among it, and
// cookies that the whole host sends.
//
// proves: the metadata of an issuer that has a path | RFC 8414 section 3.1, Discovery section 4.1
func TestIssuerWithAPath(t *testing.T) {
	h := build(t, func(p *plan) { p.path = "/sso" })
	b := h.browser()
	code := h.login(b)
	tokens := h.exchange(code)
	if tokens.status != 200 || h.claimsOf(tokens.text("id_token"), "app")["iss"] != h.issuer || h.userinfo(tokens.text("access_token")).status != 200 {
		t.Fatalf("%d %s", tokens.status, tokens.body)
	}
	if h.refresh(tokens.text("refresh_token"), "").status != 200 {
		t.Error("refresh")
	}
	origin := strings.TrimSuffix(h.issuer, "/sso")
	ours := b.get(h.issuer + "/.well-known/openid-configuration")
	for _, at := range []string{"/.well-known/oauth-authorization-server/sso", "/sso/.well-known/oauth-authorization-server"} {
		if p := b.get(origin + at); p.body != ours.body || p.status != 200 {
			t.Errorf("%s: %d", at, p.status)
		}
	}
	for _, home := range []string{"/sso", "/sso/"} {
		if p := b.get(origin + home); p.kind() != string(pages.SignedIn) || !strings.Contains(p.body, `href="/sso/end_session"`) {
			t.Errorf("%s: %d %s, or no way to log out", home, p.status, p.kind())
		}
	}
	h.store.fail(func(*storage.Op) storagetest.Fault { return storagetest.FailBefore })
	p := b.get(h.authorization())
	h.store.fail(nil)
	wantPage(t, p, http.StatusServiceUnavailable, pages.Unavailable)
	if p := b.get(h.dial(p.retry())); answer(t, p).Get("code") == "" {
		t.Errorf("the button leads to %d %s", p.status, p.kind())
	}
}

// TestDiscoveryTellsTheTruth: every endpoint answers, and what is advertised works.
//
// proves: the metadata says what is served, and all of it is | RFC 8414 section 2, Discovery section 3
func TestDiscoveryTellsTheTruth(t *testing.T) {
	h := build(t)
	doc := h.raw("GET", "/.well-known/openid-configuration", "", "", "")
	if doc.text("issuer") != h.issuer || doc.json["authorization_response_iss_parameter_supported"] != true {
		t.Fatalf("%s", doc.body)
	}
	list := func(name string) (out []string) {
		values, ok := doc.json[name].([]any)
		if !ok {
			t.Fatalf("no %s", name)
		}
		for _, v := range values {
			out = append(out, v.(string))
		}
		return out
	}
	want := func(name string, values ...string) {
		t.Helper()
		if got := list(name); !slices.Equal(got, values) {
			t.Errorf("%s is %v, want %v", name, got, values)
		}
	}
	want("scopes_supported", "openid", "profile", "email", "phone", "groups", "offline_access")
	want("response_types_supported", "code")
	want("response_modes_supported", "query", "form_post")
	want("grant_types_supported", "authorization_code", "refresh_token", grantDevice)
	want("subject_types_supported", "public")
	want("id_token_signing_alg_values_supported", "RS256", "ES256")
	want("token_endpoint_auth_methods_supported", "client_secret_basic", "client_secret_post", "none")
	want("introspection_endpoint_auth_methods_supported", "client_secret_basic", "client_secret_post")
	want("code_challenge_methods_supported", "S256")
	for name, value := range doc.json {
		at, isText := value.(string)
		if !isText || name == "issuer" {
			continue
		}
		if !strings.HasPrefix(at, h.issuer+"/") {
			t.Errorf("%s is %q", name, at)
			continue
		}
		path := strings.TrimPrefix(at, h.issuer)
		known := slices.ContainsFunc(routesOf, func(r declared) bool { return r.path == path })
		if !known || h.raw("GET", path, "", "", "").status == http.StatusNotFound {
			t.Errorf("%s: %s does not answer", name, at)
		}
	}
	for name, path := range map[string]string{"pushed_authorization_request_endpoint": "/par", "device_authorization_endpoint": "/device_authorization"} {
		if doc.text(name) != h.issuer+path {
			t.Errorf("%s is %v", name, doc.json[name])
		}
	}
	for _, absent := range []string{"registration_endpoint", "request_parameter_supported"} {
		if v, there := doc.json[absent]; there && v != false {
			t.Errorf("%s is advertised: %v", absent, v)
		}
	}
	if v, there := doc.json["request_uri_parameter_supported"]; there && v != false {
		t.Errorf("request_uri_parameter_supported %v", v)
	}
	// Every scope gives its claims, every claim of a token is listed, for a person who
	// has all there is.
	code := h.login(h.browser(), "client_id", "phone", "redirect_uri", "https://phone.example.com/cb", "scope", "openid profile phone")
	r := h.call("/token", "phone", testSecret, url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {"https://phone.example.com/cb"}, "code_verifier": {testVerifier}})
	claims := h.claimsOf(r.text("id_token"), "phone")
	for name, value := range h.claimsOf(h.exchange(h.login(h.browser())).text("id_token"), "app") {
		claims[name] = value
	}
	listed := list("claims_supported")
	for _, name := range listed {
		if claims[name] == nil {
			t.Errorf("claim %s is advertised and never told", name)
		}
	}
	for name := range claims {
		if name != "iat" && name != "exp" && !slices.Contains(listed, name) {
			t.Errorf("claim %s is told and not advertised", name)
		}
	}
	// Caches are told how long, and a document that did not change is not sent again.
	keys := h.raw("GET", "/jwks", "", "", "")
	req, _ := http.NewRequest("GET", h.issuer+"/jwks", nil)
	req.Header.Set("If-None-Match", keys.header.Get("ETag"))
	if p := h.browser().send(req); p.status != http.StatusNotModified || p.body != "" {
		t.Errorf("JWKS again: %d", p.status)
	}
	for _, private := range []string{`"d"`, `"p"`, `"q"`, `"k"`, "oct"} {
		if strings.Contains(keys.body, private) {
			t.Errorf("JWKS has %s", private)
		}
	}
}

// TestThreat_SpoofedHost: nothing is ever made of the Host header or of forwarded
// ones (ZITADEL CVE-2023-49097).
func TestThreat_SpoofedHost(t *testing.T) {
	h := build(t)
	for _, path := range []string{"/.well-known/openid-configuration", "/", "/authorize?" + h.query().Encode(), "/authorize?client_id=x", "/login/callback"} {
		req, _ := http.NewRequest("GET", h.issuer+path, nil)
		req.Host = "evil.example"
		for _, name := range []string{"X-Forwarded-Host", "X-Forwarded-Proto", "X-Forwarded-Prefix", "X-Original-URL", "X-Rewrite-URL", "Forwarded", "X-Host", "X_Forwarded_Host"} {
			req.Header.Set(name, "evil.example")
		}
		p := h.browser().send(req)
		if strings.Contains(p.body, "evil.example") || strings.Contains(fmt.Sprint(p.header), "evil.example") {
			t.Errorf("%s: %s %v", path, p.body, p.header)
		}
	}
	for _, event := range h.events.take() {
		if event.Address != "127.0.0.1" {
			t.Errorf("address %q of a proxy that is not trusted", event.Address)
		}
	}
}

// TestLimits: a query, a header and a body that are too large.
func TestLimits(t *testing.T) {
	h := build(t)
	b := h.browser()
	if p := b.get(h.issuer + "/authorize?client_id=app&x=" + strings.Repeat("x", 17<<10)); p.status != http.StatusRequestURITooLong || p.kind() != string(pages.TooLarge) {
		t.Errorf("query: %d %s", p.status, p.kind())
	}
	q := h.query()
	q.Set("x", strings.Repeat("x", 65<<10))
	if p := b.post(h.issuer+"/authorize", q); p.status != http.StatusRequestEntityTooLarge || p.kind() != string(pages.TooLarge) {
		t.Errorf("body: %d %s", p.status, p.kind())
	}
	q.Set("x", strings.Repeat("x", 17<<10))
	if p := b.post(h.issuer+"/authorize", q); p.status != http.StatusRequestEntityTooLarge || p.kind() != string(pages.TooLarge) {
		t.Errorf("a body too large to be kept: %d %s", p.status, p.kind())
	}
	for name, contentType := range map[string]string{"JSON": "application/json", "multipart": "multipart/form-data; boundary=x", "none": ""} {
		if r := h.raw("POST", "/authorize", contentType, "", "client_id=app"); r.status != http.StatusBadRequest || r.kind() != string(pages.InvalidRequest) {
			t.Errorf("%s: %d %s", name, r.status, r.kind())
		}
	}
	if p := b.get(h.issuer + "/authorize?client_id=app;redirect_uri=x"); p.status != http.StatusBadRequest {
		t.Errorf("semicolons: %d", p.status)
	}
	if p := b.get(h.issuer + "/authorize?client_id=%zz"); p.status != http.StatusBadRequest {
		t.Errorf("broken encoding: %d", p.status)
	}
	if !h.events.has(audit.RequestLimited, "") {
		t.Error("not audited")
	}
}

// TestDraining: readiness fails, everything else goes on.
func TestDraining(t *testing.T) {
	h := build(t)
	h.provider.Drain()
	if h.raw("GET", "/readyz", "", "", "").status != 503 || h.raw("GET", "/healthz", "", "", "").status != 200 || h.login(h.browser()) == "" {
		t.Error("draining")
	}
}
