package systemtest

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// dingTalk are DingTalk's hosts, under their own names and over TLS, in front of a
// simulator, for a program that is told whom to trust and which proxy to ask. The proxy
// opens no other host. The methods are safe for concurrent use.
type dingTalk struct {
	simulator string
	tls       string // host:port of the TLS server itself
	proxy     *url.URL
	roots     string // PEM file of its authority
	pool      *x509.CertPool

	mu      sync.Mutex
	asked   []string // "POST api.dingtalk.com/v1.0/oauth2/userAccessToken", in turn
	refused []string // hosts of others that the proxy was asked for
}

var dingTalkNames = []string{"login.dingtalk.com", "api.dingtalk.com", "oapi.dingtalk.com", "g.alicdn.com"}

// newDingTalk starts a simulator where as approves every login, and its hosts.
func newDingTalk(t *testing.T, as string) *dingTalk {
	t.Helper()
	folder := t.TempDir()
	sim, err := launch(t, folder, nil, "simulator", "--listen", "127.0.0.1:"+freePort(t), "--as", as)
	if err != nil {
		t.Fatal(err)
	}
	d := &dingTalk{roots: filepath.Join(folder, "roots.pem"), pool: x509.NewCertPool()}
	if d.simulator, err = sim.ready(); err != nil {
		t.Fatal(err)
	}
	to, err := url.Parse(d.simulator)
	if err != nil {
		t.Fatal(err)
	}
	forward := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(to) }, Transport: wires}
	d.tls = d.listen(t, tls.NewListener, &tls.Config{Certificates: []tls.Certificate{d.certify(t)}},
		http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			d.mu.Lock()
			d.asked = append(d.asked, r.Method+" "+r.Host+r.URL.Path)
			d.mu.Unlock()
			forward.ServeHTTP(w, r)
		}))
	plain := func(l net.Listener, _ *tls.Config) net.Listener { return l }
	d.proxy = &url.URL{Scheme: "http", Host: d.listen(t, plain, nil, http.HandlerFunc(d.tunnel))}
	return d
}

func (d *dingTalk) listen(t *testing.T, wrap func(net.Listener, *tls.Config) net.Listener, c *tls.Config, h http.Handler) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &http.Server{Handler: h, ReadHeaderTimeout: patience}
	go func() { _ = s.Serve(wrap(l, c)) }() // it ends with the test
	t.Cleanup(func() { s.Close() })
	return l.Addr().String()
}

// certify makes an authority, writes it where a program can be pointed at it, and
// returns a certificate for all of DingTalk's names.
func (d *dingTalk) certify(t *testing.T) tls.Certificate {
	t.Helper()
	made := func(template, parent *x509.Certificate, by *ecdsa.PrivateKey) (*x509.Certificate, *ecdsa.PrivateKey) {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		if by == nil {
			parent, by = template, key
		}
		template.NotBefore, template.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(24*time.Hour)
		der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), by)
		if err != nil {
			t.Fatal(err)
		}
		c, err := x509.ParseCertificate(der)
		if err != nil {
			t.Fatal(err)
		}
		return c, key
	}
	authority, key := made(&x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test authority"},
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}, nil, nil)
	leaf, leafKey := made(&x509.Certificate{SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "simulator"},
		DNSNames: dingTalkNames, KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}, authority, key)
	d.pool.AddCert(authority)
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: authority.Raw})
	if err := os.WriteFile(d.roots, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{leaf.Raw}, PrivateKey: leafKey}
}

// tunnel is the proxy's CONNECT (RFC 9110 section 9.3.6).
func (d *dingTalk) tunnel(w http.ResponseWriter, r *http.Request) {
	host, port, _ := net.SplitHostPort(r.Host)
	if r.Method != http.MethodConnect || port != "443" || !slices.Contains(dingTalkNames, host) {
		d.mu.Lock()
		d.refused = append(d.refused, r.Host)
		d.mu.Unlock()
		http.Error(w, "only DingTalk is here", http.StatusForbidden)
		return
	}
	to, err := net.Dial("tcp", d.tls)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	defer to.Close()
	from, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	defer from.Close()
	if _, err := io.WriteString(from, "HTTP/1.1 200 OK\r\n\r\n"); err != nil {
		return
	}
	go func(ahead *bufio.Reader) {
		_, _ = io.Copy(to, ahead)
		to.Close()
	}(buffered.Reader)
	_, _ = io.Copy(from, to)
}

// browser is a person whose DingTalk is this one.
func (d *dingTalk) browser() *person {
	p := newPerson()
	p.http.Transport = &http.Transport{Proxy: func(r *http.Request) (*url.URL, error) {
		if slices.Contains(dingTalkNames, r.URL.Hostname()) {
			return d.proxy, nil
		}
		return nil, nil
	}, TLSClientConfig: &tls.Config{RootCAs: d.pool}, DisableKeepAlives: true}
	return p
}

// calls are the calls of a host's API since the last time, and hosts of others.
func (d *dingTalk) calls() (asked, refused string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	asked, refused = strings.Join(d.asked, "\n"), strings.Join(d.refused, "\n")
	d.asked, d.refused = nil, nil
	return asked, refused
}
