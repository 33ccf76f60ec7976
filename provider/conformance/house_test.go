package conformance_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/dingbridge/dingbridge/dingtalk/simulator"
)

// A client is an app that is registered with the provider beforehand, as the suite's
// variant static_client has it.
type client struct {
	id, secret string
	redirect   string
	post       bool // authenticates in the body (client_secret_post)
	postLogout string
}

// The clients. None of them exists but in this process: the browser stops where it
// would be sent to one.
var (
	basicClient  = newClient("basic", "")
	secondClient = newClient("second", "?dummy1=lorem&dummy2=ipsum") // as the suite registers it
	postClient   = newClient("post", "")
	noticeClient = newClient("notice", "")
)

func newClient(id, query string) client {
	return client{id: id, secret: random(43), post: id == "post",
		redirect:   "https://rp.example.com/" + id + "/callback" + query,
		postLogout: "https://rp.example.com/" + id + "/post_logout_redirect"}
}

// A house is the provider as it runs, with all that is around it.
type house struct {
	issuer    string
	simulator string         // its URL
	receiver  *receiver      // hears of logouts
	roots     *x509.CertPool // who vouches for the provider and the receiver
	wires     *http.Transport
}

// open starts everything, once for all modules.
func open(t *testing.T) *house {
	t.Helper()
	h, err := opened()
	if err != nil {
		t.Fatal(err)
	}
	return h
}

var opened = sync.OnceValues(func() (*house, error) {
	pair, roots, err := certificate()
	if err != nil {
		return nil, err
	}
	h := &house{roots: roots}
	h.wires = &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}, MaxIdleConnsPerHost: 32}
	if h.receiver, err = listen(pair); err != nil {
		return nil, err
	}
	var port [2]string
	for i := range port {
		if port[i], err = freePort(); err != nil {
			return nil, err
		}
	}
	h.simulator = "http://127.0.0.1:" + port[0]
	h.issuer = "https://127.0.0.1:" + port[1]
	if err := h.furnish(port[1]); err != nil {
		return nil, err
	}
	if _, err = launch(nil, "simulator", "--listen", "127.0.0.1:"+port[0], "--as", "zhangsan"); err != nil {
		return nil, err
	}
	// The provider has to believe the receiver's certificate, as it would one of the company.
	_, err = launch([]string{"SSL_CERT_FILE=" + filepath.Join(workshop, "tls.crt")}, "serve", "--config", "config.yaml")
	return h, err
})

// furnish writes what an operator writes.
func (h *house) furnish(port string) error {
	file, err := program()
	if err != nil {
		return err
	}
	if out, err := exec.Command(file, "secret", "new", filepath.Join(workshop, "secret")).CombinedOutput(); err != nil {
		return fmt.Errorf("secret new: %w\n%s", err, out)
	}
	company := simulator.DefaultCompany()
	if err := write("app-secret", company.App.ClientSecret+"\n"); err != nil {
		return err
	}
	if err := write("clients.yaml", h.clients()); err != nil {
		return err
	}
	return write("config.yaml", fmt.Sprintf(`issuer: %s
listen: 127.0.0.1:%s
tls: {cert_file: tls.crt, key_file: tls.key}
storage: %q
secret_file: secret
clients_file: clients.yaml
dingtalk:
  organisations:
    - {corp_id: %s, client_id: %s, client_secret_file: app-secret}
  endpoints: {login: %q, api: %q, oapi: %q}
claims: {email_domains: [corp.example.cn], verified_email_domains: [corp.example.cn]}
limits: {logins_per_second: 1000000, dingtalk_logins_per_second: 1000000, dingtalk_calls_per_second: 1000000}
`, h.issuer, port, "bolt://"+filepath.ToSlash(filepath.Join(workshop, "state.db")),
		company.CorpID, company.App.ClientID, h.simulator, h.simulator, h.simulator))
}

// clients are registered as docs/conformance.md tells to do for the suite: its
// modules send no PKCE, and it wants claims of scopes in userinfo alone.
func (h *house) clients() string {
	var b strings.Builder
	b.WriteString("clients:\n")
	for _, c := range []client{basicClient, secondClient, postClient, noticeClient} {
		fmt.Fprintf(&b, `  - id: %s
    secret_hash: %q
    redirect_uris: [%q]
    post_logout_redirect_uris: [%q]
    allow: everyone
    require_pkce: false
    minimal_id_token: true
    scopes: [openid, profile, email, phone, groups, offline_access]
    phone_number: true
`, c.id, hash(c.secret), c.redirect, c.postLogout)
		if c.post {
			b.WriteString("    token_endpoint_auth_methods: [client_secret_post]\n")
		}
		if c.id == noticeClient.id {
			fmt.Fprintf(&b, "    backchannel_logout_uri: %q\n    backchannel_logout_networks: [127.0.0.1/32]\n", h.receiver.url)
		}
	}
	return b.String()
}

// hash is a client's secret as clients.yaml holds it.
func hash(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return "sha256:" + base64.RawURLEncoding.EncodeToString(sum[:])
}

func write(name, text string) error {
	return os.WriteFile(filepath.Join(workshop, name), []byte(text), 0o600)
}

// certificate makes one for 127.0.0.1 that vouches for itself, and writes it down.
func certificate() (tls.Certificate, *x509.CertPool, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, nil, err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: "conformance"},
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return tls.Certificate{}, nil, err
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return tls.Certificate{}, nil, err
	}
	certPEM := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	keyPEM := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER})
	if err := write("tls.crt", string(certPEM)); err != nil {
		return tls.Certificate{}, nil, err
	}
	if err := write("tls.key", string(keyPEM)); err != nil {
		return tls.Certificate{}, nil, err
	}
	pair, err := tls.X509KeyPair(certPEM, keyPEM)
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(certPEM)
	return pair, roots, err
}

// random is n characters that nobody guesses.
func random(n int) string {
	bits := make([]byte, n)
	rand.Read(bits)
	return base64.RawURLEncoding.EncodeToString(bits)[:n]
}
