package conformance_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
)

// An app is the relying party of one module, with the browser of one person. It knows
// the provider by its discovery document.
type app struct {
	*judge
	house    *house
	browser  *browser
	client   client
	formPost bool // asks for every response by response_mode=form_post
	metadata map[string]any
	keys     keySet

	// What a logout has to end: a browser that keeps its cookies whatever it is told, and
	// an access token.
	kept   *browser
	access string
}

// newApp begins as every module does: discovery, then the keys
// (AbstractOIDCCServerTest.configure).
func newApp(t *testing.T, module string, formPost bool) *app {
	h := open(t)
	a := &app{judge: newJudge(t, module), house: h, browser: h.newBrowser(), client: basicClient, formPost: formPost}
	doc := a.get(h.issuer + "/.well-known/openid-configuration")
	a.need(doc.status == http.StatusOK && doc.json != nil, "GetDynamicServerConfiguration", "%s", doc)
	a.metadata = doc.json
	for _, name := range []string{"issuer", "authorization_endpoint", "token_endpoint", "jwks_uri"} {
		a.need(a.endpoint(name) != "", "CheckServerConfiguration", "there is no %s", name)
	}
	set := a.get(a.endpoint("jwks_uri"))
	keys, err := parseKeys([]byte(set.body))
	a.need(set.status == http.StatusOK && err == nil, "FetchServerKeys", "%s: %v", set, err)
	a.keys = keys
	a.checkKeys()
	return a
}

// endpoint is a text of the discovery document.
func (a *app) endpoint(name string) string { s, _ := a.metadata[name].(string); return s }

// lists tells whether a list of the discovery document has a value.
func (a *app) lists(name, value string) bool {
	list, _ := a.metadata[name].([]any)
	return slices.Contains(list, any(value))
}

// An answer is what an app gets of an endpoint.
type answer struct {
	status int
	header http.Header
	body   string
	json   map[string]any // nil if it is no JSON object
}

func (r answer) word(name string) string { s, _ := r.json[name].(string); return s }

func (r answer) String() string { return fmt.Sprintf("%d %.400s", r.status, r.body) }

// isJSON tells whether the answer says that it is JSON.
func (r answer) isJSON() bool {
	kind, _, _ := strings.Cut(r.header.Get("Content-Type"), ";")
	return strings.TrimSpace(kind) == "application/json" && r.json != nil
}

// send sends a request of the app's own, without a cookie.
func (a *app) send(req *http.Request) answer {
	a.Helper()
	req.Header.Set("Accept", "application/json")
	resp, err := (&http.Client{Transport: a.house.wires, Timeout: patience,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}).Do(req)
	if err != nil {
		a.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		a.Fatal(err)
	}
	got := answer{status: resp.StatusCode, header: resp.Header, body: string(body)}
	if json.Unmarshal(body, &got.json) != nil {
		got.json = nil
	}
	return got
}

func (a *app) request(method, address string, form url.Values) *http.Request {
	a.Helper()
	var body io.Reader
	if form != nil {
		body = strings.NewReader(form.Encode())
	}
	req, err := http.NewRequestWithContext(a.Context(), method, address, body)
	if err != nil {
		a.Fatal(err)
	}
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	return req
}

func (a *app) get(address string) answer { return a.send(a.request(http.MethodGet, address, nil)) }

// token calls the token endpoint in the way in which the client authenticates
// (RFC 6749 section 2.3.1).
func (a *app) token(form url.Values) answer {
	a.Helper()
	if a.client.post {
		form.Set("client_id", a.client.id)
		form.Set("client_secret", a.client.secret)
	}
	req := a.request(http.MethodPost, a.endpoint("token_endpoint"), form)
	if !a.client.post {
		req.SetBasicAuth(url.QueryEscape(a.client.id), url.QueryEscape(a.client.secret))
	}
	return a.send(req)
}

// userinfo calls the userinfo endpoint with the token in the header.
func (a *app) userinfo(method, access string) answer {
	a.Helper()
	req := a.request(method, a.endpoint("userinfo_endpoint"), nil)
	req.Header.Set("Authorization", "Bearer "+access)
	return a.send(req)
}
