package clients

import (
	"net/netip"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"
)

const registered = "https://app.example.com/cb/x?tenant=a"

// mutations of the registered URI and of two loopback URIs, none of which may pass.
// Each is a way in which some provider was once talked into sending a code elsewhere.
var mutations = []string{
	"", " ", "/", "?", "cb", "//app.example.com/cb/x?tenant=a", "/cb/x?tenant=a",
	"https://app.example.com", "https://app.example.com/", "https://app.example.com/cb", "https://app.example.com/cb/",
	"https://app.example.com/cb/x", "https://app.example.com/cb/x?", "https://app.example.com/cb/x?tenant=",
	"https://app.example.com/cb/x?tenant=A", "https://app.example.com/cb/x?tenant=b", "https://app.example.com/cb/x?tenant=a&",
	"https://app.example.com/cb/x?tenant=a&tenant=a", "https://app.example.com/cb/x?tenant=a&code=x",
	"https://app.example.com/cb/x?code=x&tenant=a", "https://app.example.com/cb/x?Tenant=a", "https://app.example.com/cb/x?tenant=%61",
	"https://app.example.com/cb/x?tenant=a;b=c", "https://app.example.com/cb/x;tenant=a", "https://app.example.com/cb/x;v=1?tenant=a",
	"https://app.example.com/cb/x/?tenant=a", "https://app.example.com/cb//x?tenant=a", "https://app.example.com//cb/x?tenant=a",
	"https://app.example.com/./cb/x?tenant=a", "https://app.example.com/cb/./x?tenant=a", "https://app.example.com/cb/../cb/x?tenant=a",
	"https://app.example.com/cb/x/..?tenant=a", "https://app.example.com/cb/x/../../evil?tenant=a",
	"https://app.example.com/cb/%2e%2e/cb/x?tenant=a", "https://app.example.com/cb%2fx?tenant=a", "https://app.example.com/cb%2Fx?tenant=a",
	"https://app.example.com/cb%5cx?tenant=a", "https://app.example.com/%63b/x?tenant=a", "https://app.example.com/cb/%78?tenant=a",
	"https://app.example.com/cb/%2578?tenant=a", "https://app.example.com/cb\\x?tenant=a", "https:\\\\app.example.com/cb/x?tenant=a",
	"https://app.example.com\\cb/x?tenant=a", "https:/app.example.com/cb/x?tenant=a", "https:app.example.com/cb/x?tenant=a",
	"https:///app.example.com/cb/x?tenant=a", "https:////app.example.com/cb/x?tenant=a",
	"https://app.example.com/CB/x?tenant=a", "https://app.example.com/cb/X?tenant=a", "https://APP.example.com/cb/x?tenant=a",
	"https://app.EXAMPLE.com/cb/x?tenant=a", "HTTPS://app.example.com/cb/x?tenant=a", "Https://app.example.com/cb/x?tenant=a",
	"http://app.example.com/cb/x?tenant=a", "ftp://app.example.com/cb/x?tenant=a", "javascript://app.example.com/cb/x?tenant=a",
	"javascript:alert(1)", "data:text/html,x", "file:///etc/passwd", "about:blank", "blob:https://app.example.com/cb/x?tenant=a",
	"view-source:https://app.example.com/cb/x?tenant=a", "com.example.app:/cb",
	"https://app.example.com:443/cb/x?tenant=a", "https://app.example.com:8443/cb/x?tenant=a", "https://app.example.com:/cb/x?tenant=a",
	"https://app.example.com:80@evil.example/cb/x?tenant=a", "https://app.example.com:0443/cb/x?tenant=a",
	"https://app.example.com./cb/x?tenant=a", "https://.app.example.com/cb/x?tenant=a", "https://app..example.com/cb/x?tenant=a",
	"https://app.example.com.evil.example/cb/x?tenant=a", "https://evil.example/app.example.com/cb/x?tenant=a",
	"https://evil-app.example.com/cb/x?tenant=a", "https://evil.app.example.com/cb/x?tenant=a", "https://example.com/cb/x?tenant=a",
	"https://appXexample.com/cb/x?tenant=a", "https://app.example.co/cb/x?tenant=a", "https://app.example.comm/cb/x?tenant=a",
	"https://app.example.com@evil.example/cb/x?tenant=a", "https://evil@app.example.com/cb/x?tenant=a", "https://@app.example.com/cb/x?tenant=a",
	"https://:@app.example.com/cb/x?tenant=a", "https://app.example.com%40evil.example/cb/x?tenant=a",
	"https://app.example.com%2eevil.example/cb/x?tenant=a", "https://app%2eexample.com/cb/x?tenant=a", "https://app.example.com%00.evil.example/cb/x?tenant=a",
	"https://app.example.com%23@evil.example/cb/x?tenant=a", "https://evil.example#@app.example.com/cb/x?tenant=a",
	"https://evil.example\\@app.example.com/cb/x?tenant=a", "https://evil.example?@app.example.com/cb/x?tenant=a",
	"https://аpp.example.com/cb/x?tenant=a" /* Cyrillic а */, "https://app。example.com/cb/x?tenant=a", "https://app.example.com／cb/x?tenant=a",
	"https://ⓐpp.example.com/cb/x?tenant=a", "https://xn--pp-8cd.example.com/cb/x?tenant=a", "https://app.example.com\u200b/cb/x?tenant=a",
	"https://app.example.com\u00ad/cb/x?tenant=a", "https://[::ffff:1.2.3.4]/cb/x?tenant=a",
	registered + "#", registered + "#fragment", registered + " ", " " + registered, "\t" + registered, registered + "\n", registered + "\r\nLocation: x",
	registered + "\x00", registered + "%00", registered + "%0a", registered + "/", registered + "*", registered + "a", registered + "?",
	registered + "\u2028", registered + "\xff", registered + "," + registered, registered + " " + registered,
	"https://app.example.com/cb/x\t?tenant=a", "https://app.example.com/cb/\nx?tenant=a", "ht\ntps://app.example.com/cb/x?tenant=a",
	"https://app.example.com\x00/cb/x?tenant=a", "https://app.example.com/cb/x%3ftenant=a", "https://app.example.com/cb/x?tenant=a%26",
	"<" + registered + ">", `"` + registered + `"`, "url:" + registered, "https://*.example.com/cb/x?tenant=a", ".*", "https://app.example.com/.*",
}

var loopbackMutations = []string{
	"http://127.0.0.1", "http://127.0.0.1/", "http://127.0.0.1:8000", "http://127.0.0.1:8000/", "http://127.0.0.1:8000/cb/", "http://127.0.0.1:8000/CB",
	"http://127.0.0.1:8000/cb?x=1", "http://127.0.0.1:8000/cb#", "http://127.0.0.1:8000/cb;x", "http://127.0.0.1:8000//cb", "http://127.0.0.1:8000/x/../cb",
	"https://127.0.0.1:8000/cb", "http://127.0.0.1:/cb", "http://127.0.0.1:0/cb", "http://127.0.0.1:08000/cb", "http://127.0.0.1:+8000/cb",
	"http://127.0.0.1:65536/cb", "http://127.0.0.1:99999999999/cb", "http://127.0.0.1:-1/cb", "http://127.0.0.1:8e3/cb", "http://127.0.0.1:80 /cb",
	"http://127.0.0.1:80:80/cb", "http://127.0.0.1:80@evil.example/cb", "http://127.0.0.1:@evil.example/cb", "http://127.0.0.1@evil.example/cb",
	"http://evil@127.0.0.1:8000/cb", "http://127.0.0.1.evil.example/cb", "http://127.0.0.1.:8000/cb", "http://127.0.0.1\\@evil.example/cb",
	"http://127.0.0.1:80\\@evil.example/cb", "http://127.0.0.1:80#@evil.example/cb", "http://127.0.0.1:80?@evil.example/cb", "http://127.0.0.2:8000/cb",
	"http://127.1:8000/cb", "http://2130706433:8000/cb", "http://0x7f.0.0.1:8000/cb", "http://0177.0.0.1:8000/cb", "http://0.0.0.0:8000/cb",
	"http://127.0.0.1%00:8000/cb", "http://127.0.0.1%2f:8000/cb", "http://127.0.0.1\t:8000/cb", "http://127.0.0.1:８０００/cb", "http://１27.0.0.1:8000/cb",
	"HTTP://127.0.0.1:8000/cb", "http:127.0.0.1:8000/cb", "http:/127.0.0.1:8000/cb", "http:///127.0.0.1:8000/cb",
	"http://localhost:8000/cb", "http://LOCALHOST:8000/cb", "http://localhost.:8000/cb", "http://localhost.evil.example/cb",
	"http://[::1]", "http://[::1]/cb", "http://[::1%25lo]:8000/v6", "http://[0:0:0:0:0:0:0:1]:8000/v6", "http://[::0001]:8000/v6",
	"http://[::ffff:127.0.0.1]:8000/v6", "http://[::1]evil.example/v6", "http://[::1].evil.example/v6", "http://::1:8000/v6", "http://[::1]:80@evil.example/v6",
}

func client(t *testing.T, s Spec) *Client {
	t.Helper()
	if s.ID == "" {
		s.ID = "app"
	}
	s.Public = true
	set, faults := NewSet([]Spec{s})
	if faults != nil {
		t.Fatalf("faults: %v", faults)
	}
	c, _ := set.Lookup(s.ID)
	return c
}

// proves: redirect URIs are compared byte by byte | RFC 6749 section 3.1.2.3, RFC 9700 section 4.1.3
func TestC2_OnlyTheRegisteredBytesPass(t *testing.T) {
	web := client(t, Spec{RedirectURIs: []string{registered, "http://127.0.0.1:8082/cb", "http://localhost:8082/cb"}})
	native := client(t, Spec{ApplicationType: Native, RedirectURIs: []string{registered, "http://127.0.0.1:8082/cb", "http://[::1]/v6", "com.example.real:/cb"}})
	if n := len(mutations) + len(loopbackMutations); n < 150 {
		t.Fatalf("only %d mutations", n)
	}
	for _, c := range []*Client{web, native} {
		for _, uri := range c.RedirectURIs {
			if !c.AllowsRedirect(uri) {
				t.Errorf("%s: registered %q refused", c.ApplicationType, uri)
			}
		}
		for _, uri := range slices.Concat(mutations, loopbackMutations) {
			if c.AllowsRedirect(uri) {
				t.Errorf("%s: %q accepted", c.ApplicationType, uri)
			}
		}
	}
	for _, uri := range []string{"http://127.0.0.1:8083/cb", "http://127.0.0.1/cb", "http://localhost:1/cb"} {
		if web.AllowsRedirect(uri) {
			t.Errorf("web client: another port accepted in %q", uri)
		}
	}
}

// proves: any port on loopback for native apps | RFC 8252 section 7.3
func TestC2_NativeLoopbackPortsAreFree(t *testing.T) {
	native := client(t, Spec{ApplicationType: Native, RedirectURIs: []string{
		"http://127.0.0.1/cb?x=1", "http://[::1]:5000/v6", "http://localhost:8000", "https://app.example.com:1/cb"}})
	for uri, want := range map[string]bool{
		"http://127.0.0.1/cb?x=1":       true,
		"http://127.0.0.1:1/cb?x=1":     true,
		"http://127.0.0.1:65535/cb?x=1": true,
		"http://[::1]/v6":               true,
		"http://[::1]:49152/v6":         true,
		"http://localhost:18000":        true,
		"http://localhost":              true,
		"http://localhost:18000/":       false, // the path is exact
		"http://localhost:18000/v6":     false, // each path belongs to its host
		"http://127.0.0.1:18000":        false,
		"https://app.example.com:2/cb":  false, // ports elsewhere are not free
		"https://127.0.0.1:1/cb?x=1":    false,
	} {
		if native.AllowsRedirect(uri) != want {
			t.Errorf("%q: accepted %v", uri, !want)
		}
	}
	if without := client(t, Spec{ApplicationType: Native, RedirectURIs: []string{"http://127.0.0.1/cb"}}); without.AllowsRedirect("http://localhost:1/cb") {
		t.Error("localhost accepted for a client that did not register it")
	}
}

func TestC2_OnlyCodeCanWidenIt(t *testing.T) {
	asked := ""
	c := client(t, Spec{RedirectURIs: []string{registered}, ExtraRedirect: func(uri string) bool { asked = uri; return uri == "http://127.0.0.1:9/x" }})
	if !c.AllowsRedirect("http://127.0.0.1:9/x") || c.AllowsRedirect("http://127.0.0.1:9/y") || asked != "http://127.0.0.1:9/y" {
		t.Error("the extra rule was not asked or not obeyed")
	}
	if c.AllowsPostLogoutRedirect("http://127.0.0.1:9/x") || c.AllowsPostLogoutRedirect(registered) {
		t.Error("a login URI is good for logout")
	}
	asked = ""
	c = client(t, Spec{RedirectURIs: []string{registered}, ExtraPostLogoutRedirect: func(uri string) bool { asked = uri; return uri == "http://127.0.0.1:9/x" }})
	if !c.AllowsPostLogoutRedirect("http://127.0.0.1:9/x") || c.AllowsPostLogoutRedirect("http://127.0.0.1:9/y") || asked != "http://127.0.0.1:9/y" {
		t.Error("the extra rule for logout was not asked or not obeyed")
	}
	if c.AllowsRedirect("http://127.0.0.1:9/x") {
		t.Error("a logout URI is good for login")
	}
	for field := range reflect.TypeFor[Spec]().Fields() {
		if field.Type.Kind() == reflect.Func && field.Tag.Get("yaml") != "-" {
			t.Errorf("a file may set %s", field.Name)
		}
	}
}

// proves: post-logout URIs are compared byte by byte | RP-Initiated Logout section 3
func TestC2_PostLogoutIsExact(t *testing.T) {
	c := client(t, Spec{ApplicationType: Native, RedirectURIs: []string{"http://127.0.0.1/cb"}, PostLogoutRedirectURIs: []string{registered, "http://127.0.0.1:1/bye"}})
	if !c.AllowsPostLogoutRedirect(registered) || !c.AllowsPostLogoutRedirect("http://127.0.0.1:1/bye") {
		t.Error("registered URI refused")
	}
	for _, uri := range slices.Concat(mutations, loopbackMutations, []string{"http://127.0.0.1:2/bye", "http://127.0.0.1/cb"}) {
		if c.AllowsPostLogoutRedirect(uri) {
			t.Errorf("%q accepted", uri)
		}
	}
}

func TestC3_WhatParsersDisagreeAboutIsNotRegistered(t *testing.T) {
	good := []string{registered, "https://app.example.com", "https://app.example.com/", "https://app.example.com:8443/a/b-c_d.e~f?x=%20&y", "http://127.0.0.1:8082/cb",
		"http://[::1]/cb", "http://localhost/cb", "https://10.0.0.1/cb", "https://[2001:db8::1]:8443/cb", "https://xn--fiqs8s.example/cb", "https://git_lab/cb",
		"https://app.example.com/wp-admin/admin-ajax.php?action=openid-connect-authorize", "https://app.example.com/a.b/..c/d..", "https://1panel/cb"}
	for _, uri := range good {
		if err := checkURI(uri, false, false); err != nil {
			t.Errorf("%q refused: %v", uri, err)
		}
	}
	bad := []string{"", "cb", "/cb", "//app.example.com/cb", "app.example.com/cb", "https:", "https://", "https:///cb", "https:/app.example.com/cb", "https:app.example.com",
		"http://app.example.com/cb", "http://127.0.0.2/cb", "http://localhost.example.com/cb", "ftp://app.example.com/cb", "javascript:alert(1)", "data:text/html,x", "urn:ietf:wg:oauth:2.0:oob",
		"HTTPS://app.example.com/cb", "https://App.example.com/cb", "https://app.example.com/cb#x", "https://app.example.com/cb#", "https://*.example.com/cb", "https://app.example.com/*",
		"https://user@app.example.com/cb", "https://user:pw@app.example.com/cb", "https://@app.example.com/cb", "https://app.example.com:80@evil.example/cb",
		"https://app.example.com\\cb", "https://app.example.com/%5ccb", "https://app.example.com/a/../cb", "https://app.example.com/..", "https://app.example.com/./cb", "https://app.example.com/%2e%2e/cb",
		"https://app.example.com/%2E/cb", "https://app.example.com/a%2f..%2fcb", "https://app.example.com/..;/cb", "https://app.example.com/%00", "https://app.example.com/%0d%0a", "https://app.example.com/%zz", "https://app.example.com/?a=%z",
		"https://app.example.com/c b", "https://app.example.com/cb\n", "\thttps://app.example.com/cb", "https://app.example.com/中文", "https://中文.example/cb", "https://app。example.com/cb", "https://%61pp.example.com/cb",
		"https://app.example.com:/cb", "https://app.example.com:0/cb", "https://app.example.com:65536/cb", "https://app.example.com:0443/cb", "https://app.example.com:x/cb",
		"https://app.example.com./cb", "https://.example.com/cb", "https://a..b/cb", "https://-a.example/cb", "https://a-.example/cb", "https://2130706433/cb", "https://0x7f.1/cb", "https://0x7f000001/cb", "https://127.1/cb", "https://0177.0.0.1/cb", "https://1.2.3.4.5/cb",
		"https://[::1/cb", "https://::1/cb", "https://[0::1]/cb", "https://[fe80::1%25eth0]/cb", "https://[::ffff:1.2.3.4]/cb", "https://[v1.x]/cb", "https://[127.0.0.1]/cb",
		"https://app.example.com/cb?code=x", "https://app.example.com/cb?a=b&state=x", "https://app.example.com/cb?%73tate=x", "https://app.example.com/cb?a;iss=x", "https://app.example.com/cb?error",
		"https://app.example.com/<script>", "https://app.example.com/{x}", `https://app.example.com/"`, "https://app.example.com/" + strings.Repeat("a", 2048), "com.example.app:/cb", "com.example.app://cb"}
	for _, uri := range bad {
		if checkURI(uri, false, false) == nil {
			t.Errorf("%q can be registered", uri)
		}
	}
	if err := checkURI("com.example.app:/cb", true, false); err != nil {
		t.Errorf("private-use scheme of a native client refused: %v", err)
	}
	for _, uri := range []string{"com.example.app://cb", "com.example.app:cb", "example:/cb", "javascript:/cb", "com.example.app:/../cb", "Com.example.app:/cb"} {
		if checkURI(uri, true, false) == nil {
			t.Errorf("%q can be registered by a native client", uri)
		}
	}
	if err := checkURI("http://wiki.corp.example:8090/cb", false, true); err != nil {
		t.Errorf("insecure_http_redirects does not work: %v", err)
	}
	for _, uri := range []string{"ftp://a.example/cb", "http://a.example/cb#x", "http://u@a.example/cb", "http:///cb"} {
		if checkURI(uri, false, true) == nil {
			t.Errorf("insecure_http_redirects opened more than http: %q", uri)
		}
	}
}

// FuzzRedirect compares what is accepted with a second statement of the rule, made
// of a URL parser and an address parser instead of bytes.
func FuzzRedirect(f *testing.F) {
	for _, uri := range slices.Concat(mutations, loopbackMutations) {
		f.Add(uri, true)
		f.Add(uri, false)
	}
	f.Add("http://127.0.0.1:4711/cb?x=1", true)
	uris := []string{registered, "http://127.0.0.1/cb?x=1", "http://[::1]:80/v6", "http://localhost:8000"}
	set, faults := NewSet([]Spec{
		{ID: "native", Public: true, ApplicationType: Native, RedirectURIs: uris},
		{ID: "web", Public: true, RedirectURIs: uris},
	})
	if faults != nil {
		f.Fatal(faults)
	}
	f.Fuzz(func(t *testing.T, uri string, native bool) {
		id := map[bool]string{true: "native", false: "web"}[native]
		c, _ := set.Lookup(id)
		accepted := c.AllowsRedirect(uri)
		if want := slices.Contains(uris, uri) || native && slices.ContainsFunc(uris, func(r string) bool { return differInPort(r, uri) }); accepted != want {
			t.Fatalf("%s client: %q accepted: %v", id, uri, accepted)
		}
		if accepted && checkURI(uri, native, false) != nil {
			t.Fatalf("%q is accepted but could not be registered: %v", uri, checkURI(uri, native, false))
		}
	})
}

func differInPort(registered, uri string) bool {
	r, _ := url.Parse(registered)
	u, err := url.Parse(uri)
	if err != nil || u.User != nil || r.Scheme != "http" || u.Hostname() != r.Hostname() || r.Host == "" {
		return false
	}
	if address, err := netip.ParseAddr(r.Hostname()); r.Hostname() != "localhost" && (err != nil || !address.IsLoopback()) {
		return false
	}
	if u.Port() != "" {
		if port, err := netip.ParseAddrPort("127.0.0.1:" + u.Port()); err != nil || port.Port() == 0 || u.Port()[0] == '0' {
			return false
		}
	} else if strings.HasSuffix(u.Host, ":") {
		return false
	}
	u.Host, r.Host = r.Hostname(), r.Hostname()
	// Equal when printed, and printed as given: nothing was normalised away.
	host := r.Host
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	_, given, _ := strings.Cut(uri, "://")
	given = strings.TrimPrefix(given, host)
	if i := strings.IndexAny(given, "/?"); i >= 0 {
		given = given[i:]
	} else if strings.HasPrefix(given, ":") {
		given = ""
	}
	_, rest, _ := strings.Cut(registered, "://")
	rest = strings.TrimPrefix(rest, host)
	if i := strings.IndexAny(rest, "/?"); i >= 0 {
		rest = rest[i:]
	} else {
		rest = ""
	}
	return strings.HasPrefix(uri, "http://") && given == rest
}
