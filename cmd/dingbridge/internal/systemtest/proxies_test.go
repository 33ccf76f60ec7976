package systemtest

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// host is the issuer's in deploy/proxy, and so it is here.
const host = "sso.example.com"

// A frontage is a proxy of others before the provider, as deploy/proxy configures it:
// at the host's name on port 443, to whoever dials there.
type frontage struct {
	folder  string
	address string // where it really listens
	roots   *x509.CertPool
}

// TestE31_ProxiesOfOthers: people log in through each, over TLS and HTTP/2, past a replica
// that is dead. The address that is audited is theirs, whatever they claim in a header.
// What is too large is refused, and no query is in the proxy's log.
func TestE31_ProxiesOfOthers(t *testing.T) {
	if testing.Short() {
		t.Skip("what others wrote is the same under -short")
	}
	for name, start := range map[string]func(*frontage, *testing.T, string, string){
		"nginx": func(f *frontage, t *testing.T, dead, live string) { f.nginx(t, dead, live) }, "caddy": (*frontage).caddy,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			program := map[string]string{"nginx": "/usr/sbin/nginx", "caddy": "caddy"}[name]
			needs(t, "proxies", program)
			w := newWorld(t, setting{as: "zhangsan"})
			live := strings.TrimPrefix(w.issuer, "http://")
			w.behind("https://" + host)
			w.patch(t, "app", map[string]any{"redirect_urls": []string{w.issuer}})
			w.serve()
			f := newFrontage(t)
			start(f, t, "127.0.0.1:"+freePort(t), live)
			p := f.browser()
			code, err := p.login(t.Context(), w, w.app("rs"), "state", strings.Repeat("s", 1000))
			if err != nil {
				t.Fatalf("a login by %q: %v", p.passed, err)
			}
			form := url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {w.app("rs").redirect}, "code_verifier": {verifier}}
			if got := f.post(t, p, w, "/token", form); got.status != http.StatusOK || !strings.Contains(got.body, "id_token") {
				t.Errorf("the code is answered with %d %s", got.status, got.body)
			}
			for range 10 { // past the dead one
				if got, err := p.get(t.Context(), w.issuer+"/.well-known/openid-configuration"); err != nil || got.status != http.StatusOK {
					t.Fatalf("discovery: %d, %v", got.status, err)
				}
			}
			if got, err := p.get(t.Context(), w.authorization(w.app("rs"), "state", strings.Repeat("s", 11<<10))); err != nil || got.header.Get("X-Request-Id") == "" {
				t.Errorf("a long request got no answer of ours: %d, %v", got.status, err)
			}
			form.Set("padding", strings.Repeat("x", 80<<10))
			if got := f.post(t, p, w, "/token", form); got.status != http.StatusRequestEntityTooLarge {
				t.Errorf("a body that is too large is answered with %d", got.status)
			}
			f.heard(t, w)
		})
	}
}

// behind makes the world's issuer the address of a proxy on this machine.
func (w *world) behind(issuer string) {
	w.t.Helper()
	text, err := os.ReadFile(filepath.Join(w.folder, "config.yaml"))
	if err != nil {
		w.t.Fatal(err)
	}
	w.write("config.yaml", strings.Replace(string(text), "issuer: "+w.issuer, "trusted_proxies: [127.0.0.1/32]\nissuer: "+issuer, 1))
	w.issuer = issuer
}

// heard looks at what was audited, and at what the proxy wrote down.
func (f *frontage) heard(t *testing.T, w *world) {
	t.Helper()
	begun := w.events("login.begun")
	if len(begun) == 0 || len(w.events("login.succeeded")) == 0 {
		t.Fatal("no login was audited")
	}
	for _, e := range begun {
		if e["address"] != "127.0.0.2" {
			t.Errorf("%v was audited as the address of a person at 127.0.0.2", e["address"])
		}
	}
	files, err := filepath.Glob(filepath.Join(f.folder, "*.log"))
	if err != nil || len(files) == 0 {
		t.Fatalf("the proxy has no log: %v", err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(text, []byte("code=")) || bytes.Contains(text, []byte("code_challenge=")) {
			t.Errorf("queries are in %s:\n%s", filepath.Base(file), text)
		}
	}
}

func newFrontage(t *testing.T) *frontage {
	t.Helper()
	f := &frontage{folder: ownFolder(t), roots: x509.NewCertPool()}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{host},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	f.roots.AddCert(leaf)
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	f.write(t, "fullchain.pem", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})))
	f.write(t, "privkey.pem", string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret})))
	return f
}

func (f *frontage) write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(f.folder, name), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// configured is a file of deploy/proxy. replace are pairs: what it says, and what it is here.
func (f *frontage) configured(t *testing.T, name string, replace ...string) string {
	t.Helper()
	return example(t, filepath.Join("..", "proxy"), name, replace...)
}

func (f *frontage) log() string {
	text, _ := os.ReadFile(filepath.Join(f.folder, "error.log"))
	return string(text)
}

func (f *frontage) run(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	cmd.Dir = f.folder
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Credential: nobody()}
	startUntilListening(t, cmd, f.address, f.log)
}

// nginx starts it and returns where it listens for http.
func (f *frontage) nginx(t *testing.T, dead, live string) (plain string) {
	t.Helper()
	f.address = "127.0.0.1:" + freePort(t)
	plain = "127.0.0.1:" + freePort(t)
	f.write(t, "dingbridge.conf", f.configured(t, "nginx.conf",
		"server 127.0.0.1:8080 max_fails=2 fail_timeout=10s;", "server "+dead+" max_fails=2 fail_timeout=1s; server "+live+";",
		"listen 443 ssl http2;", "listen "+f.address+" ssl http2;", "listen [::]:443 ssl http2;", "",
		"listen 80;", "listen "+plain+";", "listen [::]:80;", "",
		"/etc/ssl/dingbridge", f.folder, "/var/log/nginx/", f.folder+"/"))
	f.write(t, "nginx.conf", strings.ReplaceAll(`daemon off;
pid FOLDER/nginx.pid;
worker_processes 1;
events {}
http {
	client_body_temp_path FOLDER/body;
	proxy_temp_path FOLDER/proxy;
	fastcgi_temp_path FOLDER/fastcgi;
	uwsgi_temp_path FOLDER/uwsgi;
	scgi_temp_path FOLDER/scgi;
	include FOLDER/dingbridge.conf;
}
`, "FOLDER", f.folder))
	f.run(t, exec.Command("/usr/sbin/nginx", "-p", f.folder, "-e", "error.log", "-c", filepath.Join(f.folder, "nginx.conf")))
	// Who comes by http is sent to https, without what was asked.
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+plain+"/authorize?code_challenge=secret", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Host = host
	got, err := newPerson().do(req)
	if err != nil || got.location != "https://"+host+"/authorize" {
		t.Errorf("by http one is sent to %q, %v", got.location, err)
	}
	return plain
}

func (f *frontage) caddy(t *testing.T, dead, live string) {
	t.Helper()
	f.address = "127.0.0.1:" + freePort(t)
	_, port, _ := net.SplitHostPort(f.address)
	f.write(t, "Caddyfile", f.configured(t, "Caddyfile",
		"\tservers {", "\tadmin off\n\tauto_https disable_redirects\n\tskip_install_trust\n\tservers {",
		"\treverse_proxy {", "\tbind 127.0.0.1\n\ttls fullchain.pem privkey.pem\n\treverse_proxy {"))
	out, err := os.OpenFile(filepath.Join(f.folder, "error.log"), os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { out.Close() })
	cmd := exec.Command("caddy", "run", "--config", "Caddyfile", "--adapter", "caddyfile")
	cmd.Stdout, cmd.Stderr = out, out
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + f.folder, "XDG_DATA_HOME=" + f.folder, "XDG_CONFIG_HOME=" + f.folder,
		"DINGBRIDGE_HOST=https://" + host + ":" + port, "DINGBRIDGE_UPSTREAM=" + dead + " " + live}
	f.run(t, cmd)
}

// browser is a person at 127.0.0.2, who claims to be elsewhere.
func (f *frontage) browser() *person {
	p := newPerson()
	wires := &http.Transport{ForceAttemptHTTP2: true, TLSClientConfig: &tls.Config{RootCAs: f.roots}, IdleConnTimeout: 10 * time.Second}
	wires.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		var d net.Dialer
		if address == host+":443" {
			d.LocalAddr, address = &net.TCPAddr{IP: net.IPv4(127, 0, 0, 2)}, f.address
		}
		return d.DialContext(ctx, network, address)
	}
	p.http.Transport = claiming{wires}
	return p
}

// claiming sends what a caller makes up about the way that a request has come.
type claiming struct{ wires *http.Transport }

func (c claiming) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Add("X-Forwarded-For", "203.0.113.9")
	r.Header.Add("X-Forwarded-For", "127.0.0.1")
	r.Header.Set("X-Forwarded-Host", "evil.example.com")
	r.Header.Set("Forwarded", "for=203.0.113.9")
	resp, err := c.wires.RoundTrip(r)
	if err == nil && r.URL.Host == host && resp.ProtoMajor != 2 {
		return nil, fmt.Errorf("answered by %s", resp.Proto)
	}
	return resp, err
}

func (f *frontage) post(t *testing.T, p *person, w *world, path string, form url.Values) seen {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, w.issuer+path, strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.SetBasicAuth("rs", w.clients["rs"])
	got, err := p.do(req)
	if err != nil {
		t.Fatalf("POST %s: %v", path, err)
	}
	return got
}
