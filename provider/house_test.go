package provider_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/dingbridge/dingbridge/dingtalk"
	"github.com/dingbridge/dingbridge/dingtalk/simulator"
	"github.com/dingbridge/dingbridge/keys"
	"github.com/dingbridge/dingbridge/keys/secret"
	"github.com/dingbridge/dingbridge/provider"
	"github.com/dingbridge/dingbridge/provider/audit"
	"github.com/dingbridge/dingbridge/provider/clients"
	"github.com/dingbridge/dingbridge/provider/limits"
	"github.com/dingbridge/dingbridge/provider/login"
	"github.com/dingbridge/dingbridge/provider/pages"
	"github.com/dingbridge/dingbridge/storage"
	"github.com/dingbridge/dingbridge/storage/bolt"
	"github.com/dingbridge/dingbridge/storage/storagetest"
)

const (
	testVerifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk" // RFC 7636 appendix B
	testSecret   = "app-secret-that-nobody-else-has-0123456789"
	appCallback  = "https://app.example.com/callback"
	appGoodbye   = "https://app.example.com/goodbye?from=dingbridge"
	wikiCallback = "https://wiki.example.com/oidc?from=dingbridge"
)

// libraryLog is what the protocol library writes: it knows only the default logger.
var libraryLog lockedBuffer

func TestMain(m *testing.M) {
	slog.SetDefault(slog.New(slog.NewJSONHandler(&libraryLog, nil)))
	m.Run()
}

// house is a provider with a simulated DingTalk, over real HTTP on loopback.
type house struct {
	t        *testing.T
	issuer   string
	sim      *simulator.Simulator
	dingtalk string // where it listens
	provider *provider.Provider
	clients  *clients.Set
	upstream *dingtalk.Client
	secrets  *secret.List
	store    *faultyStore
	events   *events
	logs     *lockedBuffer
	from     string // the address from which it is asked; empty: loopback
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
		{ID: "app", Name: "The App", SecretHash: hash, RedirectURIs: []string{appCallback}, PostLogoutRedirectURIs: []string{appGoodbye}, Audiences: []string{"api"}, Allow: everyone},
		{ID: "es", Name: "ES256 App", SecretHash: hash, RedirectURIs: []string{appCallback}, IDTokenSignedResponseAlg: "ES256", Allow: everyone},
		{ID: "wiki", Name: "Wiki", SecretHash: hash, RedirectURIs: []string{wikiCallback}, Allow: everyone, RequirePKCE: &no},
		{ID: "spa", Name: "Single Page", Public: true, RedirectURIs: []string{"https://spa.example.com/cb"}, AllowedOrigins: []string{"https://spa.example.com"}, Allow: everyone},
		{ID: "cli", Name: "Command Line", Public: true, ApplicationType: "native", RedirectURIs: []string{"http://127.0.0.1/cb"}, Allow: everyone},
		{ID: "closed", Name: "Closed", SecretHash: hash, RedirectURIs: []string{"https://closed.example.com/cb"}},
		{ID: "api", Name: "API", SecretHash: hash, RedirectURIs: []string{"https://api.example.com/cb"}, ResourceServer: true, Allow: everyone},
		{ID: "phone", Name: "Phone", SecretHash: hash, RedirectURIs: []string{"https://phone.example.com/cb"}, PhoneNumber: true, Scopes: []string{"openid", "profile", "phone"}, Allow: everyone},
	}
}

// plan is what a house is built of.
type plan struct {
	provider.Config
	dingTalk dingtalk.Config
	specs    []clients.Spec
	groups   []clients.GroupSpec
	path     string // of the issuer
	as       string
	wrap     func(login.Upstream) login.Upstream
	ways     []login.Way // none: OAuth2
}

// unlimited is for what other tests look at.
var unlimited = limits.Config{LoginsPerAddress: 1 << 20, FailuresPerMinute: 1 << 20, RequestsPerClient: 1 << 20, Circles: 1 << 20}

// option changes a house before it is built.
type option func(*plan)

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
	design := plan{specs: testClients(), as: "zhangsan"}
	design.LoginsPerSecond, design.DingTalkLoginsPerSecond, design.Contact = 1<<20, 1<<20, "it@example.com"
	design.Limits = unlimited
	for _, o := range options {
		o(&design)
	}
	sim, err := simulator.New(simulator.Config{As: design.as})
	if err != nil {
		t.Fatal(err)
	}
	dt := httptest.NewServer(sim.Handler())
	t.Cleanup(dt.Close)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	h := &house{t: t, issuer: "http://" + listener.Addr().String() + design.path, sim: sim, dingtalk: dt.URL, logs: &lockedBuffer{},
		store: &faultyStore{Counter: storagetest.Count(store)}, events: &events{t: t}}
	log := slog.New(slog.NewJSONHandler(h.logs, &slog.HandlerOptions{Level: slog.LevelDebug}))

	h.secrets = seed(t, store)
	ring, err := keys.Open(t.Context(), keys.Config{Store: store, Secrets: h.secrets})
	if err != nil {
		t.Fatal(err)
	}
	design.dingTalk.CorpID, design.dingTalk.ClientID, design.dingTalk.ClientSecret = sim.CorpID(), sim.App().ClientID, sim.App().ClientSecret
	design.dingTalk.Log, design.dingTalk.Endpoints = log, dingtalk.Endpoints{Login: dt.URL, API: dt.URL, OAPI: dt.URL}
	if h.upstream, err = dingtalk.New(design.dingTalk); err != nil {
		t.Fatal(err)
	}
	var faults []clients.Fault
	if h.clients, faults = clients.NewSet(design.specs, design.groups...); len(faults) > 0 {
		t.Fatal(faults)
	}
	if design.Issuer == "" {
		design.Issuer = h.issuer
	}
	h.issuer = design.Issuer
	if design.Pages, err = pages.New(pages.Config{Issuer: h.issuer, Operator: "Test Works"}); err != nil {
		t.Fatal(err)
	}
	config := design.Config
	config.Store, config.Secrets, config.Ring, config.Clients = h.store, h.secrets, ring, h.clients
	config.Audit, config.Log = h.events, log
	own := provider.Organisation{CorpID: sim.CorpID(), Name: "云杉示例科技", Upstream: h.upstream, Ways: design.ways,
		EmailDomains: []string{"corp.example.cn"}, VerifiedEmailDomains: []string{"corp.example.cn"}}
	if design.wrap != nil {
		own.Upstream = design.wrap(h.upstream)
	}
	config.Organisations = append([]provider.Organisation{own}, design.Organisations...)
	config.InAppScript.URL = dt.URL + "/dingding/dingtalk-jsapi/3.1.0/dingtalk.open.js"
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
