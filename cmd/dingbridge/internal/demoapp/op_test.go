package demoapp

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"maps"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc/oidctest"
)

// An op is a provider that can lie: the real one does not, so what the app refuses
// could not be shown with it.
type op struct {
	*httptest.Server
	key *ecdsa.PrivateKey

	mu        sync.Mutex
	challenge map[string]string // by code
	nonce     map[string]string // by code
	codes     int
	refresh   int
	idToken   map[string]any // put over the right claims
	userinfo  map[string]any
	iss       string // of the authorization response, if not the right one
	denied    string
	noEnd     bool             // no end_session_endpoint in the metadata
	goodbye   func(url.Values) // alters the answer of the logout
	hint      string           // the last id_token_hint
}

func newOP(t *testing.T) *op {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	o := &op{key: key, challenge: map[string]string{}, nonce: map[string]string{}}
	keys := &oidctest.Server{PublicKeys: []oidctest.PublicKey{{PublicKey: key.Public(), KeyID: "k", Algorithm: "ES256"}}}
	mux := http.NewServeMux()
	mux.Handle("/keys", keys)
	mux.HandleFunc("/.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, `{"issuer":%q,"authorization_endpoint":%q,"token_endpoint":%q,"jwks_uri":%q,"userinfo_endpoint":%q,
			"end_session_endpoint":%q,"id_token_signing_alg_values_supported":["ES256"]}`,
			o.URL, o.URL+"/auth", o.URL+"/token", o.URL+"/keys", o.URL+"/userinfo", o.endSession())
	})
	mux.HandleFunc("/auth", o.auth)
	mux.HandleFunc("/token", o.token)
	mux.HandleFunc("/userinfo", o.info)
	mux.HandleFunc("/end", o.end)
	o.Server = httptest.NewServer(mux)
	t.Cleanup(o.Close)
	keys.SetIssuer(o.URL)
	return o
}

func (o *op) auth(w http.ResponseWriter, r *http.Request) {
	o.mu.Lock()
	defer o.mu.Unlock()
	q := r.URL.Query()
	o.codes++
	code := fmt.Sprint("CODE-", o.codes)
	o.challenge[code], o.nonce[code] = q.Get("code_challenge"), q.Get("nonce")
	answer := url.Values{"state": {q.Get("state")}, "iss": {o.URL}}
	if o.iss != "" {
		answer.Set("iss", o.iss)
	}
	if o.denied != "" {
		answer.Set("error", "access_denied")
		answer.Set("error_description", o.denied)
	} else {
		answer.Set("code", code)
	}
	http.Redirect(w, r, q.Get("redirect_uri")+"?"+answer.Encode(), http.StatusFound)
}

func (o *op) endSession() string {
	if o.noEnd {
		return ""
	}
	return o.URL + "/end?a=b" // may have a query (RFC 6749 section 3.1)
}

func (o *op) end(w http.ResponseWriter, r *http.Request) {
	o.mu.Lock()
	defer o.mu.Unlock()
	q := r.URL.Query()
	o.hint = q.Get("id_token_hint")
	answer := url.Values{"state": {q.Get("state")}}
	if o.goodbye != nil {
		o.goodbye(answer)
	}
	http.Redirect(w, r, q.Get("post_logout_redirect_uri")+"?"+answer.Encode(), http.StatusFound)
}

// logoutToken makes a logout token for a client; changes are put over what is right,
// nil takes away.
func (o *op) logoutToken(client, typ string, changes map[string]any) string {
	claims := map[string]any{
		"iss": o.URL, "aud": client, "sub": "somebody", "sid": "SID", "jti": rand.Text(),
		"iat": time.Now().Unix(), "exp": time.Now().Add(2 * time.Minute).Unix(), "events": map[string]any{logoutEvent: map[string]any{}},
	}
	for name, value := range changes {
		claims[name] = value
		if value == nil {
			delete(claims, name)
		}
	}
	return o.sign(o.key, map[string]any{"alg": "ES256", "kid": "k", "typ": typ}, claims)
}

const logoutEvent = "http://schemas.openid.net/event/backchannel-logout"

// sign makes a JWS with just this header, which the library's test helper cannot.
func (o *op) sign(key *ecdsa.PrivateKey, header, claims map[string]any) string {
	head, _ := json.Marshal(header)
	payload, _ := json.Marshal(claims)
	text := base64.RawURLEncoding.EncodeToString(head) + "." + base64.RawURLEncoding.EncodeToString(payload)
	sum := sha256.Sum256([]byte(text))
	a, b, err := ecdsa.Sign(rand.Reader, key, sum[:])
	if err != nil {
		panic(err)
	}
	signature := append(a.FillBytes(make([]byte, 32)), b.FillBytes(make([]byte, 32))...)
	return text + "." + base64.RawURLEncoding.EncodeToString(signature)
}

func (o *op) token(w http.ResponseWriter, r *http.Request) {
	o.mu.Lock()
	defer o.mu.Unlock()
	id, secret, _ := r.BasicAuth()
	if want := map[string]string{"demo": "SECRET-1", "demo-second": "SECRET-2"}[id]; want == "" || secret != want {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	claims := map[string]any{"iss": o.URL, "aud": id, "sub": "somebody", "sid": "SID", "exp": time.Now().Add(time.Minute).Unix(), "iat": time.Now().Unix()}
	switch r.PostFormValue("grant_type") {
	case "authorization_code":
		code := r.PostFormValue("code")
		sum := sha256.Sum256([]byte(r.PostFormValue("code_verifier")))
		if o.challenge[code] == "" || o.challenge[code] != base64.RawURLEncoding.EncodeToString(sum[:]) {
			oauthError(w, "invalid_grant")
			return
		}
		claims["nonce"] = o.nonce[code]
		delete(o.challenge, code)
	case "refresh_token":
		if r.PostFormValue("refresh_token") != fmt.Sprint("REFRESH-", o.refresh) {
			oauthError(w, "invalid_grant")
			return
		}
		o.refresh++
		claims["refreshed"] = o.refresh
	}
	maps.Copy(claims, o.idToken)
	body, _ := json.Marshal(claims)
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]any{
		"access_token": "ACCESS-TOKEN", "token_type": "Bearer", "expires_in": 60,
		"refresh_token": fmt.Sprint("REFRESH-", o.refresh),
		"id_token":      oidctest.SignIDToken(o.key, "k", "ES256", string(body)),
	})
}

func oauthError(w http.ResponseWriter, code string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusBadRequest)
	fmt.Fprintf(w, `{"error":%q,"error_description":"no"}`, code)
}

func (o *op) info(w http.ResponseWriter, r *http.Request) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if r.Header.Get("Authorization") != "Bearer ACCESS-TOKEN" {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	claims := map[string]any{"sub": "somebody", "nickname": "三哥"}
	maps.Copy(claims, o.userinfo)
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(claims)
}

// open starts the app against o.
func open(t *testing.T, o *op) (*App, string) {
	t.Helper()
	var app *App
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { app.Handler().ServeHTTP(w, r) }))
	t.Cleanup(server.Close)
	app, err := New(Config{
		URL: server.URL, Issuer: o.URL,
		First:  Client{ID: "demo", Secret: "SECRET-1", Name: "First"},
		Second: Client{ID: "demo-second", Secret: "SECRET-2", Name: "Second"},
	})
	if err != nil {
		t.Fatal(err)
	}
	return app, server.URL
}

// A browser keeps cookies and notes all that it saw.
type browser struct {
	http.Client
	t    *testing.T
	seen *strings.Builder // headers and bodies of every answer
}

func newBrowser(t *testing.T) *browser {
	jar, _ := cookiejar.New(nil)
	b := &browser{t: t, seen: &strings.Builder{}}
	b.Client = http.Client{Jar: jar, Transport: b, Timeout: 30 * time.Second}
	return b
}

func (b *browser) RoundTrip(r *http.Request) (*http.Response, error) {
	answer, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		return nil, err
	}
	for name, values := range answer.Header {
		fmt.Fprintln(b.seen, name, values)
	}
	b.seen.Write(body)
	answer.Body = io.NopCloser(strings.NewReader(string(body)))
	return answer, nil
}

// get is where the redirects from a URL end, its status and its text unescaped.
func (b *browser) get(rawURL string) (int, string) { return b.read(b.Get(rawURL)) }

func (b *browser) post(rawURL string) (int, string) { return b.read(b.PostForm(rawURL, nil)) }

func (b *browser) read(answer *http.Response, err error) (int, string) {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	return answer.StatusCode, html.UnescapeString(string(body))
}

// begin starts a login and stops before the callback, whose URL it returns.
func (b *browser) begin(appURL string) string {
	b.t.Helper()
	var callback string
	b.CheckRedirect = func(r *http.Request, _ []*http.Request) error {
		if strings.HasSuffix(r.URL.Path, "/callback") {
			callback = r.URL.String()
			return http.ErrUseLastResponse
		}
		return nil
	}
	defer func() { b.CheckRedirect = nil }()
	b.get(appURL + "/login")
	if callback == "" {
		b.t.Fatal("the login does not come to its callback")
	}
	return callback
}
