package storagetest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// A Guard has servers speak TLS alone, or know nobody but the users that it lists. Its
// zero value has neither.
type Guard struct {
	TLS *Authority
	// Users are lines of an ACL file of the servers, Watchers of the sentinels. The users
	// "replica" and "sentinel" must be among them, with Password.
	Users, Watchers, Password string
}

// Denied returns what was denied to a user on this server since the last time.
func (r *Redis) Denied(user string) string {
	r.tb.Helper()
	log := r.Do("ACL", "LOG")
	r.Do("ACL", "LOG", "RESET")
	if strings.Contains(log, "\n"+user+"\n") {
		return log
	}
	return ""
}

// keeper is the tests' own user on a guarded server.
const keeper = "user keeper on nopass ~* &* +@all\n"

// guard adds to a server's arguments what the guard wants.
func (g Guard) guard(r *Redis) {
	r.tb.Helper()
	if g.TLS != nil {
		_, port, _ := net.SplitHostPort(r.Addr)
		r.args = append(r.args, "--port", "0", "--tls-port", port, "--tls-cert-file", g.TLS.ServerCert, "--tls-key-file", g.TLS.ServerKey,
			"--tls-ca-cert-file", g.TLS.CA, "--tls-auth-clients", "yes", "--tls-replication", "yes", "--tls-cluster", "yes")
		r.tls = g.TLS.client
	}
	if g.Users != "" {
		r.args = append(r.args, "--aclfile", write(r.tb, r.Dir, "users.acl", g.Users+"\n"+keeper), "--masteruser", "replica", "--masterauth", g.Password)
		r.user = "keeper"
	}
}

// watcher is what a sentinel's configuration says besides.
func (g Guard) watcher(r *Redis) (text string) {
	r.tb.Helper()
	if g.TLS != nil {
		_, port, _ := net.SplitHostPort(r.Addr)
		text += fmt.Sprintf("port 0\ntls-port %s\ntls-cert-file %s\ntls-key-file %s\ntls-ca-cert-file %s\ntls-auth-clients yes\ntls-replication yes\n",
			port, g.TLS.ServerCert, g.TLS.ServerKey, g.TLS.CA)
		r.tls = g.TLS.client
	}
	if g.Watchers != "" {
		text += fmt.Sprintf("aclfile %s\nsentinel sentinel-user sentinel\nsentinel sentinel-pass %s\nsentinel auth-user main sentinel\nsentinel auth-pass main %s\n",
			write(r.tb, r.Dir, "watchers.acl", g.Watchers+"\n"+keeper), g.Password, g.Password)
		r.user = "keeper"
	}
	return text
}

// Delivered reads the files in a folder as deploy/redis, with a password in place of the
// hash of nobody's that they are delivered with.
func Delivered(tb testing.TB, folder, password string) Guard {
	tb.Helper()
	sum := sha256.Sum256([]byte(password))
	nobody := "#" + strings.Repeat("0", 2*len(sum))
	read := func(name string) string {
		text, err := os.ReadFile(filepath.Join(folder, name))
		if err != nil {
			tb.Fatal(err)
		}
		if strings.Count(string(text), nobody) != strings.Count(string(text), " on ") {
			tb.Fatalf("%s holds somebody's password", name)
		}
		return strings.ReplaceAll(string(text), nobody, "#"+hex.EncodeToString(sum[:]))
	}
	return Guard{Users: read("users.acl"), Watchers: read("sentinel.acl"), Password: password}
}

func write(tb testing.TB, dir, name, text string) string {
	tb.Helper()
	file := filepath.Join(dir, name)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		tb.Fatal(err)
	}
	return file
}

// An Authority is a certificate authority of a test, with a certificate for servers at
// 127.0.0.1 and one for clients. All are names of PEM files.
type Authority struct {
	CA, ServerCert, ServerKey, ClientCert, ClientKey string

	client *tls.Config
}

// NewAuthority makes one.
func NewAuthority(tb testing.TB) *Authority {
	tb.Helper()
	dir := tb.TempDir()
	must := func(err error) {
		tb.Helper()
		if err != nil {
			tb.Fatal(err)
		}
	}
	caKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(err)
	root := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "authority of a test"}, NotBefore: time.Now().Add(-time.Hour),
		NotAfter: time.Now().Add(24 * time.Hour), IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
	der, err := x509.CreateCertificate(rand.Reader, root, root, caKey.Public(), caKey)
	must(err)
	a := &Authority{CA: write(tb, dir, "ca.pem", encode("CERTIFICATE", der))}
	issue := func(name string, serial int64) (cert, key string) {
		k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		must(err)
		leaf := &x509.Certificate{SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: name}, NotBefore: root.NotBefore, NotAfter: root.NotAfter,
			KeyUsage: x509.KeyUsageDigitalSignature, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
			ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}}
		der, err := x509.CreateCertificate(rand.Reader, leaf, root, k.Public(), caKey)
		must(err)
		private, err := x509.MarshalPKCS8PrivateKey(k)
		must(err)
		return write(tb, dir, name+".pem", encode("CERTIFICATE", der)), write(tb, dir, name+".key", encode("PRIVATE KEY", private))
	}
	a.ServerCert, a.ServerKey = issue("server", 2)
	a.ClientCert, a.ClientKey = issue("client", 3)
	pair, err := tls.LoadX509KeyPair(a.ClientCert, a.ClientKey)
	must(err)
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM([]byte(encode("CERTIFICATE", der)))
	a.client = &tls.Config{RootCAs: pool, Certificates: []tls.Certificate{pair}}
	return a
}

// Params are the parameters of a storage URL for it.
func (a *Authority) Params() string {
	return "tls_ca_file=" + a.CA + "&tls_cert_file=" + a.ClientCert + "&tls_key_file=" + a.ClientKey
}

func encode(kind string, der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
}
