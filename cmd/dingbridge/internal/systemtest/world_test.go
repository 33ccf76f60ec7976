package systemtest

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/dingbridge/dingbridge/dingtalk/simulator"
	"github.com/dingbridge/dingbridge/keys/secret"
	"github.com/dingbridge/dingbridge/provider/clients"
	"github.com/dingbridge/dingbridge/storage/storagetest"
)

// A setting is what a test wants of its world. The zero one is on bolt.
type setting struct {
	storage  string // URL; empty: a bolt file
	as       string // who approves at the simulator; empty: invented people, one after the other
	leeway   string // of refresh tokens; 30s if empty
	upstream func(simulator string) string
}

// A world is a simulated DingTalk and the configuration of a provider, which runs as
// one process or as several on one storage.
type world struct {
	t         testing.TB
	folder    string
	simulator string // URL
	issuer    string
	storage   string
	secret    string // the line in the provider's secret_file
	clients   map[string]string
}

// app is a client of the world.
type app struct{ id, secret, redirect string }

const verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk" // RFC 7636 appendix B
const challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"

func newWorld(t testing.TB, s setting) *world {
	t.Helper()
	w := &world{t: t, folder: t.TempDir(), storage: s.storage, secret: secret.Generate(), clients: map[string]string{}}
	if w.storage == "" {
		w.storage = "bolt://" + filepath.ToSlash(filepath.Join(w.folder, "state.db"))
	}
	people := []string{"--as", "any", "--extra", "300"}
	if s.as != "" {
		people = []string{"--as", s.as}
	}
	sim := w.start(nil, append([]string{"simulator", "--listen", "127.0.0.1:" + freePort(t)}, people...)...)
	w.simulator = w.readyURL(sim)
	upstream := w.simulator
	if s.upstream != nil {
		upstream = s.upstream(w.simulator)
	}
	if s.leeway == "" {
		s.leeway = "30s"
	}
	company := simulator.DefaultCompany()
	port := freePort(t)
	w.issuer = "http://127.0.0.1:" + port
	w.write("secret", w.secret+"\n")
	w.write("app-secret", company.App.ClientSecret+"\n")
	w.write("clients.yaml", w.clientsYAML())
	w.write("config.yaml", fmt.Sprintf(`issuer: %s
listen: 127.0.0.1:%s
drain_delay: 0s
storage: %q
secret_file: secret
clients_file: clients.yaml
dingtalk:
  organisations:
    - {corp_id: %s, client_id: %s, client_secret_file: app-secret}
  endpoints: {login: %q, api: %q, oapi: %q}
lives: {refresh_leeway: %s}
claims: {email_domains: [corp.example.cn], verified_email_domains: [corp.example.cn]}
limits: {logins_per_second: 1000000, dingtalk_logins_per_second: 1000000, dingtalk_calls_per_second: 1000000, logins_per_address: 1000000, failures_per_minute: 1000000, requests_per_client: 1000000}
`, w.issuer, port, w.storage, company.CorpID, company.App.ClientID, w.simulator, upstream, upstream, s.leeway))
	return w
}

func (w *world) clientsYAML() string {
	var b strings.Builder
	b.WriteString("clients:\n")
	add := func(id, more string) {
		secret, hash := clients.GenerateSecret()
		w.clients[id] = secret
		fmt.Fprintf(&b, "  - {id: %s, redirect_uris: [%q], secret_hash: %q, allow: everyone%s}\n", id, w.app(id).redirect, hash, more)
	}
	add("rs", "")
	add("es", ", id_token_signed_response_alg: ES256")
	add("plain", ", require_pkce: false, backchannel_logout_uri: \"https://plain.example.com/bye\"")
	add("phone", ", id_token_signed_response_alg: ES256, phone_number: true, scopes: [openid, profile, email, phone, groups, offline_access]")
	add("api", ", resource_server: true")
	w.clients["spa"] = ""
	fmt.Fprintf(&b, "  - {id: spa, public: true, redirect_uris: [%q], allow: everyone, audiences: [api]}\n", w.app("spa").redirect)
	return b.String()
}

func (w *world) app(id string) app {
	return app{id: id, secret: w.clients[id], redirect: "https://" + id + ".example.com/callback"}
}

func (w *world) write(name, text string) {
	w.t.Helper()
	if err := os.WriteFile(filepath.Join(w.folder, name), []byte(text), 0o600); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) start(env []string, args ...string) *process {
	w.t.Helper()
	p, err := launch(w.t, w.folder, env, args...)
	if err != nil {
		w.t.Fatal(err)
	}
	return p
}

func (w *world) readyURL(p *process) string {
	w.t.Helper()
	url, err := p.ready()
	if err != nil {
		w.t.Fatal(err)
	}
	return url
}

// serve starts the provider at its issuer's address. env are settings that prevail
// over config.yaml.
func (w *world) serve(env ...string) *process {
	w.t.Helper()
	p := w.start(env, "serve", "--config", "config.yaml")
	w.readyURL(p)
	return p
}

// serveBeside starts another process of the same provider, and returns its address.
func (w *world) serveBeside(env ...string) (*process, string) {
	w.t.Helper()
	port := freePort(w.t)
	p := w.start(append([]string{"DINGBRIDGE_LISTEN=127.0.0.1:" + port}, env...), "serve", "--config", "config.yaml")
	w.readyURL(p)
	return p, "http://127.0.0.1:" + port
}

// logs is what all processes of the world wrote to standard error.
func (w *world) logs() string {
	w.t.Helper()
	files, err := filepath.Glob(filepath.Join(w.folder, "serve-*.err"))
	if err != nil {
		w.t.Fatal(err)
	}
	var all strings.Builder
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			w.t.Fatal(err)
		}
		all.Write(text)
	}
	return all.String()
}

// onEachStorage runs a test on a bolt file and on a Redis that forgets nothing.
func onEachStorage(t *testing.T, test func(t *testing.T, s setting, redis *storagetest.Redis)) {
	t.Run("bolt", func(t *testing.T) { test(t, setting{}, nil) })
	t.Run("redis", func(t *testing.T) {
		r := storagetest.StartRedis(t, "--appendonly", "yes", "--appendfsync", "always")
		test(t, setting{storage: r.URL}, r)
	})
}
