package provider_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/dingbridge/dingbridge/dingtalk"
	"github.com/dingbridge/dingbridge/dingtalk/simulator"
	"github.com/dingbridge/dingbridge/keys"
	"github.com/dingbridge/dingbridge/keys/secret"
	"github.com/dingbridge/dingbridge/provider"
	"github.com/dingbridge/dingbridge/provider/audit"
	"github.com/dingbridge/dingbridge/provider/clients"
	"github.com/dingbridge/dingbridge/provider/pages"
	"github.com/dingbridge/dingbridge/provider/people"
	"github.com/dingbridge/dingbridge/storage"
	"github.com/dingbridge/dingbridge/storage/bolt"
	"github.com/dingbridge/dingbridge/storage/storagetest"
)

const (
	testVerifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk" // RFC 7636 appendix B
	testSecret   = "app-secret-that-nobody-else-has-0123456789"
	appCallback  = "https://app.example.com/callback"
	wikiCallback = "https://wiki.example.com/oidc?from=dingbridge"
)

// house is a provider with a simulated DingTalk, over real HTTP on loopback.
type house struct {
	t        *testing.T
	issuer   string
	sim      *simulator.Simulator
	provider *provider.Provider
	store    *faultyStore
	events   *events
	logs     *lockedBuffer
}

// faultyStore is the real store, counted, with faults on demand.
type faultyStore struct {
	*storagetest.Counter
	mu     sync.Mutex
	decide func(op *storage.Op) storagetest.Fault
}

func (s *faultyStore) Together(ctx context.Context, ops ...*storage.Op) error {
	s.mu.Lock()
	decide := s.decide
	s.mu.Unlock()
	if decide == nil {
		return s.Counter.Together(ctx, ops...)
	}
	return storagetest.Faulty(s.Counter, decide).Together(ctx, ops...)
}

// fail makes storage fail from now on; nil mends it.
func (s *faultyStore) fail(decide func(op *storage.Op) storagetest.Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.decide = decide
}

// events keeps what was audited, and holds every event to the catalogue.
type events struct {
	t    *testing.T
	mu   sync.Mutex
	list []audit.Event
}

func (e *events) Record(_ context.Context, event audit.Event) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if err := audit.Check(event); err != nil {
		e.t.Errorf("audit: %v", err)
	}
	e.list = append(e.list, event)
}

func (e *events) take() []audit.Event {
	e.mu.Lock()
	defer e.mu.Unlock()
	list := e.list
	e.list = nil
	return list
}

// has tells whether an event with the reason (any if empty) was recorded since the
// last take.
func (e *events) has(name audit.Name, reason string) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, event := range e.list {
		if event.Name == name && (reason == "" || event.Reason == reason) {
			return true
		}
	}
	return false
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func testClients() []clients.Spec {
	hash := clients.HashSecret(testSecret)
	everyone := clients.Allow{Everyone: true}
	no := false
	return []clients.Spec{
		{ID: "app", Name: "The App", SecretHash: hash, RedirectURIs: []string{appCallback}, Allow: everyone},
		{ID: "es", Name: "ES256 App", SecretHash: hash, RedirectURIs: []string{appCallback}, IDTokenSignedResponseAlg: "ES256", Allow: everyone},
		{ID: "wiki", Name: "Wiki", SecretHash: hash, RedirectURIs: []string{wikiCallback}, Allow: everyone, RequirePKCE: &no},
		{ID: "spa", Name: "Single Page", Public: true, RedirectURIs: []string{"https://spa.example.com/cb"}, AllowedOrigins: []string{"https://spa.example.com"}, Allow: everyone},
		{ID: "cli", Name: "Command Line", Public: true, ApplicationType: "native", RedirectURIs: []string{"http://127.0.0.1/cb"}, Allow: everyone},
		{ID: "closed", Name: "Closed", SecretHash: hash, RedirectURIs: []string{"https://closed.example.com/cb"}},
		{ID: "api", Name: "API", SecretHash: hash, RedirectURIs: []string{"https://api.example.com/cb"}, ResourceServer: true, Allow: everyone},
		{ID: "phone", Name: "Phone", SecretHash: hash, RedirectURIs: []string{"https://phone.example.com/cb"}, PhoneNumber: true, Scopes: []string{"openid", "profile", "phone"}, Allow: everyone},
	}
}

// option changes a house before it is built.
type option func(*provider.Config)

// build starts a house on a store of its own (bolt).
func build(t *testing.T, options ...option) *house {
	t.Helper()
	store, err := bolt.Open(filepath.Join(t.TempDir(), "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	return buildOn(t, store, options...)
}

func buildOn(t *testing.T, store storage.Store, options ...option) *house {
	t.Helper()
	sim, err := simulator.New(simulator.Config{As: "zhangsan"})
	if err != nil {
		t.Fatal(err)
	}
	dt := httptest.NewServer(sim.Handler())
	t.Cleanup(dt.Close)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	h := &house{t: t, issuer: "http://" + listener.Addr().String(), sim: sim, logs: &lockedBuffer{},
		store: &faultyStore{Counter: storagetest.Count(store)}, events: &events{t: t}}
	log := slog.New(slog.NewJSONHandler(h.logs, &slog.HandlerOptions{Level: slog.LevelDebug}))

	secrets := seed(t, store)
	ring, err := keys.Open(t.Context(), keys.Config{Store: store, Secrets: secrets})
	if err != nil {
		t.Fatal(err)
	}
	upstream, err := dingtalk.New(dingtalk.Config{
		CorpID: sim.CorpID(), ClientID: sim.App().ClientID, ClientSecret: sim.App().ClientSecret, Log: log,
		Endpoints: dingtalk.Endpoints{Login: dt.URL, API: dt.URL, OAPI: dt.URL},
	})
	if err != nil {
		t.Fatal(err)
	}
	set, faults := clients.NewSet(testClients())
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	site, err := pages.New(pages.Config{Issuer: h.issuer, Operator: "Test Works"})
	if err != nil {
		t.Fatal(err)
	}
	config := provider.Config{
		Issuer: h.issuer, Store: h.store, Secrets: secrets, Ring: ring, Clients: set, CorpID: sim.CorpID(), Upstream: upstream,
		Pages: site, Audit: h.events, Log: log, LoginsPerSecond: 1 << 20, Contact: "it@example.com",
		People: people.Config{EmailDomains: []string{"corp.example.cn"}, VerifiedEmailDomains: []string{"corp.example.cn"}},
	}
	for _, o := range options {
		o(&config)
	}
	h.issuer = config.Issuer
	if h.provider, err = provider.New(config); err != nil {
		t.Fatal(err)
	}
	if err := sim.AddRedirectURLs(h.issuer + "/login/callback"); err != nil {
		t.Fatal(err)
	}
	server := &httptest.Server{Listener: listener, Config: &http.Server{Handler: h.provider.Handler()}}
	server.Start()
	t.Cleanup(server.Close)
	return h
}

// made is a ring that was made once for all houses: making an RSA key takes longer than
// most tests.
var made = sync.OnceValues(func() (secrets *secret.List, ring []byte) {
	secrets, err := secret.Parse([]byte(secret.Generate()))
	if err != nil {
		panic(err)
	}
	folder, err := os.MkdirTemp("", "ring")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(folder)
	store, err := bolt.Open(filepath.Join(folder, "state.db"))
	if err != nil {
		panic(err)
	}
	defer store.Close()
	if _, err := keys.Open(context.Background(), keys.Config{Store: store, Secrets: secrets}); err != nil {
		panic(err)
	}
	get := storage.Get("keys/ring")
	if err := store.Together(context.Background(), get); err != nil {
		panic(err)
	}
	return secrets, get.Value
})

func seed(t *testing.T, store storage.Store) *secret.List {
	t.Helper()
	secrets, ring := made()
	if err := store.Together(t.Context(), storage.Create("keys/ring", ring, 0)); err != nil && !errors.Is(err, storage.ErrConflict) {
		t.Fatal(err)
	}
	return secrets
}

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
	return &browser{h.t, &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
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
