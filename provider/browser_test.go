package provider_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"

	"github.com/dingbridge/dingbridge/provider/pages"
)

// browser is a person's: it keeps cookies and stops where the test wants it to.
type browser struct {
	t      *testing.T
	client *http.Client
}

func (h *house) browser() *browser {
	jar, err := cookiejar.New(nil)
	if err != nil {
		h.t.Fatal(err)
	}
	b := &browser{h.t, &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
	if h.from != "" {
		b.client.Transport = fromAddress{h.from}
	}
	return b
}

// at is the house as it is reached from an address, through a proxy that it trusts.
func (h *house) at(address string) *house {
	other := *h
	other.from = address
	return &other
}

type fromAddress struct{ address string }

func (f fromAddress) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("X-Forwarded-For", f.address)
	return http.DefaultTransport.RoundTrip(r)
}

// page is what a browser got.
type page struct {
	status   int
	body     string
	header   http.Header
	location string
}

func (b *browser) send(req *http.Request) page {
	b.t.Helper()
	resp, err := b.client.Do(req)
	if err != nil {
		b.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	p := page{status: resp.StatusCode, body: string(body), header: resp.Header}
	if location, err := resp.Location(); err == nil {
		p.location = location.String()
	}
	return p
}

func (b *browser) get(to string) page {
	b.t.Helper()
	req, err := http.NewRequest(http.MethodGet, to, nil)
	if err != nil {
		b.t.Fatal(err)
	}
	return b.send(req)
}

func (b *browser) post(to string, form url.Values) page {
	b.t.Helper()
	req, err := http.NewRequest(http.MethodPost, to, strings.NewReader(form.Encode()))
	if err != nil {
		b.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return b.send(req)
}

// follow goes on from a URL until it is redirected to prefix, or gets a page.
func (b *browser) follow(to, prefix string) page {
	b.t.Helper()
	for range 10 {
		p := b.get(to)
		if p.location == "" || strings.HasPrefix(p.location, prefix) {
			return p
		}
		to = p.location
	}
	b.t.Fatal("too many redirects")
	return page{}
}

// cookieNamed is the value of a cookie that the browser keeps, by a word in its name.
func (b *browser) cookieNamed(issuer, word string) string {
	u, _ := url.Parse(issuer)
	for _, c := range b.client.Jar.Cookies(u) {
		if strings.Contains(c.Name, word) {
			return c.Value
		}
	}
	return ""
}

func challenge(verifier string) string {
	sum := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// authorization is a request in order; change it with pairs of name and value, an
// empty value taking a parameter away.
func (h *house) authorization(pairs ...string) string {
	q := url.Values{
		"client_id": {"app"}, "redirect_uri": {appCallback}, "response_type": {"code"}, "scope": {"openid profile email groups offline_access"},
		"state": {"st-" + h.t.Name()}, "nonce": {"n-0S6_WzA2Mj"}, "code_challenge": {challenge(testVerifier)}, "code_challenge_method": {"S256"},
	}
	for i := 0; i < len(pairs); i += 2 {
		if pairs[i+1] == "" {
			q.Del(pairs[i])
			continue
		}
		q.Set(pairs[i], pairs[i+1])
	}
	return h.issuer + "/authorize?" + q.Encode()
}

// kind is the kind of the page that was shown, or empty.
func (p page) kind() string {
	_, rest, _ := strings.Cut(p.body, ` data-page="`)
	kind, _, _ := strings.Cut(rest, `"`)
	return kind
}

// retry is where the page's button leads, or empty.
func (p page) retry() string {
	_, rest, _ := strings.Cut(p.body, `id="retry" class="button" href="`)
	href, _, _ := strings.Cut(rest, `"`)
	return html.UnescapeString(href)
}

// dial makes a link of one of our pages absolute.
func (h *house) dial(href string) string {
	base, _ := url.Parse(h.issuer)
	u, err := base.Parse(href)
	if err != nil || href == "" {
		h.t.Fatalf("no link: %q", href)
	}
	return u.String()
}

// cookie is the value of a cookie that the page sets, by the word in its name.
func (p page) cookie(word string) string {
	for _, c := range (&http.Response{Header: p.header}).Cookies() {
		if strings.Contains(c.Name, word) {
			return c.Value
		}
	}
	return ""
}

// wantPage holds a page to be of a kind, to lead nowhere, and to bring no session.
func wantPage(t *testing.T, p page, status int, kind pages.Kind) {
	t.Helper()
	if p.status != status || p.kind() != string(kind) || p.location != "" {
		t.Errorf("got %d %q %s, want %d %q", p.status, p.kind(), p.location, status, kind)
	}
	if p.cookie("-session-") != "" && kind != pages.Consent { // which may follow a login
		t.Error("a page sets a session cookie")
	}
}

// wantError holds an authorization response to be an error (promises H1, H2).
func (h *house) wantError(t *testing.T, p page, redirectURI, code, state string) {
	t.Helper()
	if !strings.HasPrefix(p.location, redirectURI) || p.status != http.StatusFound {
		t.Errorf("%d %s %.200s, want a redirect to %s", p.status, p.location, p.kind(), redirectURI)
		return
	}
	q := answer(t, p)
	if q.Get("error") != code || q.Get("state") != state || q.Get("iss") != h.issuer || q.Has("code") {
		t.Errorf("response %v, want error %s and state %q", q, code, state)
	}
	if !oauthText(q.Get("error_description")) {
		t.Errorf("error_description %q has characters that RFC 6749 does not allow", q.Get("error_description"))
	}
}

// oauthText tells whether a text is of the characters of RFC 6749 section 5.2.
func oauthText(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r < 0x20 || r > 0x7e || r == '"' || r == '\\' })
}

// arrive carries a browser to our callback and returns its URL, not loaded yet.
func (h *house) arrive(b *browser, pairs ...string) string {
	h.t.Helper()
	p := b.get(h.authorization(pairs...))
	if p = b.get(p.location); !strings.HasPrefix(p.location, h.issuer+"/login/callback?") {
		h.t.Fatalf("did not come to the callback: %d %s %.200s", p.status, p.location, p.body)
	}
	return p.location
}

// upstreamCalls counts the calls that we made to DingTalk's APIs.
func (h *house) apiCalls() (n int) {
	for _, c := range h.sim.Calls() {
		if c.Call != "auth" && c.Call != "logout" {
			n++
		}
	}
	return n
}

// answer is an authorization response, taken apart.
func answer(t *testing.T, p page) url.Values {
	t.Helper()
	u, err := url.Parse(p.location)
	if err != nil || p.location == "" {
		t.Fatalf("no redirect: status %d, %.300s", p.status, p.body)
	}
	return u.Query()
}

// login carries a browser from authorize to the client's callback and returns the code.
func (h *house) login(b *browser, pairs ...string) string {
	h.t.Helper()
	start := h.authorization(pairs...)
	u, _ := url.Parse(start)
	q := answer(h.t, b.follow(start, u.Query().Get("redirect_uri")))
	if q.Get("code") == "" {
		h.t.Fatalf("no code: %v", q)
	}
	return q.Get("code")
}

// reply is what a client got as JSON.
type reply struct {
	page
	json map[string]any
}

func (r reply) text(name string) string { s, _ := r.json[name].(string); return s }

// call posts a form to an endpoint, as the client with its secret by Basic.
func (h *house) call(path, client, password string, form url.Values) reply {
	h.t.Helper()
	req, err := http.NewRequest(http.MethodPost, h.issuer+path, strings.NewReader(form.Encode()))
	if err != nil {
		h.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if password != "" {
		req.SetBasicAuth(url.QueryEscape(client), url.QueryEscape(password))
	} else if client != "" {
		form.Set("client_id", client)
		req.Body = io.NopCloser(strings.NewReader(form.Encode()))
		req.ContentLength = int64(len(form.Encode()))
	}
	return h.json(req)
}

func (h *house) json(req *http.Request) reply {
	h.t.Helper()
	r := reply{page: h.browser().send(req)}
	if len(r.body) > 0 && json.Unmarshal([]byte(r.body), &r.json) != nil {
		h.t.Fatalf("%s %s: not JSON: %d %.200s", req.Method, req.URL.Path, r.status, r.body)
	}
	return r
}

func (h *house) exchange(code string) reply {
	h.t.Helper()
	return h.call("/token", "app", testSecret, url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {appCallback}, "code_verifier": {testVerifier}})
}

func (h *house) refresh(token string, scope string) reply {
	h.t.Helper()
	form := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {token}}
	if scope != "" {
		form.Set("scope", scope)
	}
	return h.call("/token", "app", testSecret, form)
}

func (h *house) userinfo(token string) reply {
	h.t.Helper()
	req, err := http.NewRequest(http.MethodGet, h.issuer+"/userinfo", nil)
	if err != nil {
		h.t.Fatal(err)
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	return h.json(req)
}
