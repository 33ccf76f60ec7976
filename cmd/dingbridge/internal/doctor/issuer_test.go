package doctor

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"
)

// A house is a provider as the network shows it. rewrite may change an answer as a
// proxy in front would.
type house struct {
	issuer  string
	rewrite func(w http.ResponseWriter, r *http.Request) bool // true: it has answered
	keys    string
}

func (h *house) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if h.rewrite != nil && h.rewrite(w, r) {
		return
	}
	switch path := strings.TrimPrefix(r.URL.Path, "/sso"); path {
	case "/.well-known/openid-configuration":
		fmt.Fprintf(w, `{"issuer":%q,"authorization_endpoint":%q,"token_endpoint":%q,"userinfo_endpoint":%q,"jwks_uri":%q,"scopes_supported":["openid"]}`,
			h.issuer, h.issuer+"/authorize", h.issuer+"/token", h.issuer+"/userinfo", h.issuer+"/keys")
	case "/keys":
		io.WriteString(w, h.keys)
	case "/authorize", "/login/callback":
		w.WriteHeader(http.StatusBadRequest)
	case "/userinfo":
		w.WriteHeader(http.StatusUnauthorized)
	case "/token":
		w.WriteHeader(http.StatusMethodNotAllowed)
	default:
		w.WriteHeader(http.StatusNotFound)
	}
}

const oneKey = `{"keys":[{"kty":"EC","kid":"a","crv":"P-256","x":"x","y":"y"}]}`

// certificate is one for 127.0.0.1 that signs itself and ends when told.
func certificate(t *testing.T, ends time.Time) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, NotBefore: time.Now().Add(-48 * time.Hour), NotAfter: ends,
		IsCA: true, BasicConstraintsValid: true, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, DNSNames: []string{"localhost"},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(leaf)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, pool
}

func TestDR3_Issuer(t *testing.T) {
	soon, late := time.Now().Add(5*24*time.Hour+time.Hour), time.Now().Add(60*24*time.Hour)
	answer := func(status int, body string) func(*house) {
		return func(h *house) {
			h.rewrite = func(w http.ResponseWriter, _ *http.Request) bool {
				w.WriteHeader(status)
				io.WriteString(w, body)
				return true
			}
		}
	}
	at := func(path string, status int) func(*house) {
		return func(h *house) {
			h.rewrite = func(w http.ResponseWriter, r *http.Request) bool {
				if r.URL.Path == path {
					w.WriteHeader(status)
				}
				return r.URL.Path == path
			}
		}
	}
	for name, test := range map[string]struct {
		change   func(*house)
		ends     time.Time
		distrust bool
		want     []string
	}{
		"as it should be":          {nil, late, false, []string{"certificate-ok", "issuer-ok"}},
		"certificate ending":       {nil, soon, false, []string{"certificate-ending", "issuer-ok"}},
		"certificate ended":        {nil, time.Now().Add(-time.Hour), false, []string{"certificate-refused"}},
		"authority not known":      {nil, late, true, []string{"certificate-refused"}},
		"another issuer":           {func(h *house) { h.issuer = "https://idp.example.cn" }, late, false, []string{"certificate-ok", "issuer-other"}},
		"issuer with a slash more": {func(h *house) { h.issuer += "/" }, late, false, []string{"certificate-ok", "issuer-other"}},
		"redirect": {func(h *house) {
			h.rewrite = func(w http.ResponseWriter, r *http.Request) bool {
				http.Redirect(w, r, "https://www.example.cn/", http.StatusMovedPermanently)
				return true
			}
		}, late, false, []string{"certificate-ok", "issuer-redirects"}},
		"proxy without server":   {answer(502, "<html>"), late, false, []string{"certificate-ok", "issuer-not-serving"}},
		"another site":           {answer(200, "<html><body>welcome</body></html>"), late, false, []string{"certificate-ok", "issuer-elsewhere"}},
		"path not passed on":     {answer(404, "not found"), late, false, []string{"certificate-ok", "issuer-elsewhere"}},
		"callback not passed on": {at("/sso/login/callback", 404), late, false, []string{"certificate-ok", "endpoint-silent"}},
		"token endpoint fails":   {at("/sso/token", 500), late, false, []string{"certificate-ok", "endpoint-silent"}},
		"keys forbidden":         {at("/sso/keys", 403), late, false, []string{"certificate-ok", "keys-none"}},
		"no keys":                {func(h *house) { h.keys = `{"keys":[]}` }, late, false, []string{"certificate-ok", "keys-none"}},
		"a secret key":           {func(h *house) { h.keys = `{"keys":[{"kty":"oct","kid":"a"}]}` }, late, false, []string{"certificate-ok", "keys-none"}},
		"a rewriting proxy": {func(h *house) {
			h.rewrite = func(w http.ResponseWriter, r *http.Request) bool {
				if !strings.HasSuffix(r.URL.Path, "/openid-configuration") {
					return false
				}
				fmt.Fprintf(w, `{"issuer":%q,"authorization_endpoint":%q,"jwks_uri":%q}`, h.issuer, "http://10.0.0.7:8080/sso/authorize", h.issuer+"/keys")
				return true
			}
		}, late, false, []string{"certificate-ok", "endpoint-elsewhere"}},
		"an endpoint of another whose name begins so": {func(h *house) {
			h.rewrite = func(w http.ResponseWriter, r *http.Request) bool {
				if !strings.HasSuffix(r.URL.Path, "/openid-configuration") {
					return false
				}
				fmt.Fprintf(w, `{"issuer":%q,"authorization_endpoint":%q,"jwks_uri":%q}`, h.issuer, h.issuer+".evil.example/authorize", h.issuer+"/keys")
				return true
			}
		}, late, false, []string{"certificate-ok", "endpoint-elsewhere"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			pair, pool := certificate(t, test.ends)
			h := &house{keys: oneKey}
			s := httptest.NewUnstartedServer(h)
			s.TLS = &tls.Config{Certificates: []tls.Certificate{pair}}
			s.Config.ErrorLog = nil
			s.StartTLS()
			defer s.Close()
			h.issuer = s.URL + "/sso"
			issuer := h.issuer
			if test.change != nil {
				test.change(h)
			}
			if test.distrust {
				pool = x509.NewCertPool()
			}
			r := Examine(t.Context(), Subject{Issuer: issuer, Fetch: NewFetcher(pool, 10*time.Second)})
			if got := ids(r); !slices.Equal(got, test.want) {
				t.Errorf("found %q, want %q", got, test.want)
			}
		})
	}
}

func TestDR3_IssuerWithoutTLS(t *testing.T) {
	h := &house{keys: oneKey}
	s := httptest.NewServer(h)
	h.issuer = s.URL + "/sso"
	if got := ids(Examine(t.Context(), Subject{Issuer: h.issuer})); !slices.Equal(got, []string{"issuer-ok", "issuer-plain"}) {
		t.Errorf("found %q", got)
	}
	// https where plain http is spoken.
	if got := ids(Examine(t.Context(), Subject{Issuer: strings.Replace(h.issuer, "http:", "https:", 1)})); !slices.Equal(got, []string{"certificate-refused"}) {
		t.Errorf("found %q", got)
	}
	s.Close()
	if got := ids(Examine(t.Context(), Subject{Issuer: strings.Replace(h.issuer, "http:", "https:", 1)})); !slices.Equal(got, []string{"issuer-unreachable"}) {
		t.Errorf("found %q", got)
	}
}

func TestDR2_WhereARedirectLeads(t *testing.T) {
	s := httptest.NewServer(http.RedirectHandler("https://operator:hunter2@www.example.cn/", http.StatusFound))
	defer s.Close()
	got, err := NewFetcher(nil, 10*time.Second)(t.Context(), s.URL)
	if err != nil || !strings.Contains(got.Location, "@www.example.cn/") || strings.Contains(got.Location, "hunter2") {
		t.Errorf("%+v, %v", got, err)
	}
}

func FuzzReadDiscovery(f *testing.F) {
	f.Add(200, []byte(`{"issuer":"https://a","authorization_endpoint":"https://a/x","jwks_uri":"https://a/k","scopes_supported":["openid"]}`))
	f.Add(200, []byte(`<html>`))
	f.Add(404, []byte(`{}`))
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		document, reason := readDiscovery(&Fetched{Status: status, Body: body})
		if (reason == "") != (document["issuer"] != "" && status == http.StatusOK) {
			t.Errorf("%q and %q", document, reason)
		}
		if countKeys(body) < 0 {
			t.Error("fewer keys than none")
		}
	})
}
