package redis

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestParseURL(t *testing.T) {
	tests := map[string]struct {
		url   string
		check func(s settings) bool
	}{
		"plain": {"redis://localhost", func(s settings) bool {
			o := s.options
			return slices.Equal(o.Addrs, []string{"localhost:6379"}) && o.DB == 0 && o.TLSConfig == nil && s.wait == 0 &&
				s.prefix == "dingbridge:" && s.retries == 1 && o.DialTimeout == 2*time.Second && o.ReadTimeout == time.Second
		}},
		"database": {"redis://h:1234/7", func(s settings) bool { return s.options.Addrs[0] == "h:1234" && s.options.DB == 7 }},
		"IPv6":     {"redis://[::1]:6380", func(s settings) bool { return s.options.Addrs[0] == "[::1]:6380" }},
		"IPv6 without port": {"redis://[fe80::1]", func(s settings) bool {
			return s.options.Addrs[0] == "[fe80::1]:6379"
		}},
		"password": {"redis://:p%40ss%2F%3f%25@h", func(s settings) bool {
			return s.options.Username == "" && s.options.Password == "p@ss/?%"
		}},
		"password with raw @": {"redis://u:p@ss@h", func(s settings) bool {
			return s.options.Username == "u" && s.options.Password == "p@ss" && s.options.Addrs[0] == "h:6379"
		}},
		"TLS": {"rediss://h", func(s settings) bool { return s.options.TLSConfig != nil && s.options.TLSConfig.MinVersion >= 0x0303 }},
		"TLS by parameter": {"redis://h?tls=true&tls_server_name=other", func(s settings) bool {
			return s.options.TLSConfig.ServerName == "other" && !s.options.TLSConfig.InsecureSkipVerify
		}},
		"sentinel": {"redis+sentinel://u:p@a,b:1/2?master=main&sentinel_username=su&sentinel_password=sp", func(s settings) bool {
			o := s.options
			return slices.Equal(o.Addrs, []string{"a:26379", "b:1"}) && o.MasterName == "main" && o.DB == 2 &&
				o.SentinelUsername == "su" && o.SentinelPassword == "sp" && o.Username == "u" && o.Password == "p" && s.wait == 1
		}},
		"cluster": {"redis+cluster://a,b:1,[::1]/0?wait=0", func(s settings) bool {
			return slices.Equal(s.options.Addrs, []string{"a:6379", "b:1", "[::1]:6379"}) && s.wait == 0
		}},
		"all numbers": {"redis://h?prefix=x:&pool_size=5&min_idle_conns=2&max_retries=0&dial_timeout=3s&read_timeout=4s" +
			"&write_timeout=5s&pool_timeout=6s&conn_max_idle_time=7m&conn_max_lifetime=8h", func(s settings) bool {
			o := s.options
			return s.prefix == "x:" && o.PoolSize == 5 && o.MinIdleConns == 2 && s.retries == 0 && o.DialTimeout == 3*time.Second &&
				o.ReadTimeout == 4*time.Second && o.WriteTimeout == 5*time.Second && o.PoolTimeout == 6*time.Second &&
				o.ConnMaxIdleTime == 7*time.Minute && o.ConnMaxLifetime == 8*time.Hour
		}},
		"empty prefix": {"redis://h?prefix=", func(s settings) bool { return s.prefix == "" }},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s, err := parseURL(test.url)
			if err != nil {
				t.Fatal(err)
			}
			if !test.check(s) {
				t.Fatalf("read as %+v", s)
			}
		})
	}
}

func TestR6_URLIsReadStrictly(t *testing.T) {
	tests := map[string]struct{ url, want string }{
		"empty":              {"", "scheme"},
		"no scheme":          {"localhost:6379", "scheme"},
		"other scheme":       {"bolt:///x", "scheme"},
		"upper case":         {"REDIS://h", "scheme"},
		"no host":            {"redis://", "host"},
		"empty host in list": {"redis+cluster://a,,b", "host"},
		"two hosts":          {"redis://a,b", "redis+cluster://"},
		"bare IPv6":          {"redis://::1", "host"},
		"port 0":             {"redis://h:0", "port"},
		"port too big":       {"redis://h:65536", "port"},
		"port no number":     {"redis://h:SECRET", "port"},
		"raw / in password":  {"redis://:SEC/RET@h", "host"},
		"raw ? in password":  {"redis://:SEC?RET@h", "host"},
		"raw # in password":  {"redis://:SEC#RET@h", "%23"},
		"raw % in password":  {"redis://:SECRET%@h", "%25"},
		"user alone":         {"redis://SECRET@h", "password"},
		"path":               {"redis://h/SECRET", "path"},
		"deep path":          {"redis://h/0/1", "path"},
		"negative database":  {"redis://h/-1", "path"},
		"cluster database":   {"redis+cluster://h/1", "database 0"},
		"sentinel, no name":  {"redis+sentinel://h", "master"},
		"unknown":            {"redis://h?SECRET=1", "unknown"},
		"typing error":       {"redis://h?pool_sise=5", "unknown"},
		"master on plain":    {"redis://h?master=x", "unknown"},
		"wait on plain":      {"redis://h?wait=1", "unknown"},
		"twice":              {"redis://h?pool_size=5&pool_size=6", "pool_size"},
		"bad escape":         {"redis://h?prefix=SECRET%zz", "escape"},
		"semicolon":          {"redis://h?a=1;b=2", "separator"},
		"pool of none":       {"redis://h?pool_size=0", "pool_size"},
		"pool of words":      {"redis://h?pool_size=many", "pool_size"},
		"too many retries":   {"redis://h?max_retries=6", "max_retries"},
		"duration unit":      {"redis://h?read_timeout=5", "read_timeout"},
		"no duration":        {"redis://h?dial_timeout=0s", "dial_timeout"},
		"negative duration":  {"redis://h?write_timeout=-1s", "write_timeout"},
		"wait too long":      {"redis+cluster://h?wait_timeout=1s", "wait_timeout"},
		"tls word":           {"redis://h?tls=yes", "tls"},
		"tls contradiction":  {"rediss://h?tls=false", "tls"},
		"tls file, no tls":   {"redis://h?tls_ca_file=/x", "tls"},
		"tls file missing":   {"rediss://h?tls_ca_file=/does/not/exist/SECRET", "tls_ca_file"},
		"tls pair missing":   {"rediss://h?tls_cert_file=/does/not/exist/SECRET", "tls_cert_file"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := Open(t.Context(), test.url)
			if err == nil {
				t.Fatal("accepted")
			}
			if !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %q does not tell of %q", err, test.want)
			}
			for _, part := range []string{"SECRET", "SEC", "RET"} {
				if strings.Contains(err.Error(), part) {
					t.Errorf("error %q quotes the URL", err)
				}
			}
		})
	}
}

func TestParseURLTLSFiles(t *testing.T) {
	dir := t.TempDir()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	cert := &x509.Certificate{SerialNumber: big.NewInt(1), IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, cert, cert, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	write := func(name, kind string, der []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	certFile, keyFile := write("c", "CERTIFICATE", der), write("k", "PRIVATE KEY", keyDER)
	s, err := parseURL("redis+cluster://h?tls=true&tls_ca_file=" + certFile + "&tls_cert_file=" + certFile + "&tls_key_file=" + keyFile)
	if err != nil {
		t.Fatal(err)
	}
	if c := s.options.TLSConfig; c.RootCAs == nil || len(c.Certificates) != 1 {
		t.Fatalf("TLS files not taken: %+v", c)
	}
	if _, err := parseURL("rediss://h?tls_ca_file=" + keyFile); err == nil {
		t.Fatal("a key was taken as a CA")
	}
}

// FuzzParseURL: no input panics or is quoted, and what is accepted has a host and
// sane numbers.
func FuzzParseURL(f *testing.F) {
	for _, seed := range []string{
		"redis://localhost", "redis://u:p@h:1/2?pool_size=5", "rediss://[::1]:1", "redis+sentinel://a,b/0?master=m",
		"redis+cluster://:p%40@a:1,b?wait=2&wait_timeout=5ms", "redis://@", "redis://:@:?#", "redis://h?%zz", "redis://[", "redis://h/0?prefix=%00",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		s, err := parseURL(raw)
		if err != nil {
			if rest := strings.TrimSpace(raw); len(rest) > 24 && strings.Contains(err.Error(), rest) {
				t.Fatalf("error quotes the URL: %v", err)
			}
			return
		}
		o := s.options
		if len(o.Addrs) == 0 || slices.Contains(o.Addrs, "") {
			t.Fatalf("no host: %q", o.Addrs)
		}
		if o.DialTimeout <= 0 || o.ReadTimeout <= 0 || o.WriteTimeout <= 0 || o.PoolSize < 0 || s.retries < 0 || s.retries > 5 || o.DB < 0 {
			t.Fatalf("numbers: %+v", s)
		}
		if strings.HasPrefix(raw, "rediss://") != (s.scheme == schemeTLS) || (s.scheme == schemeTLS && o.TLSConfig == nil) {
			t.Fatal("TLS lost")
		}
	})
}
