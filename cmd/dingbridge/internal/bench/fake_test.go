package main

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/json"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// A fake is a provider that does one thing wrong. Its upstream is a page of its own,
// and its login depends on a Secure cookie.
type fake struct {
	*httptest.Server
	fault string
	alg   string
	key   crypto.Signer
	stale atomic.Bool // the key set is empty the first time that it is asked for
}

var (
	rsaKey = sync.OnceValues(func() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, 2048) })
	ecKey  = sync.OnceValues(func() (*ecdsa.PrivateKey, error) { return ecdsa.GenerateKey(elliptic.P256(), rand.Reader) })
)

func newFake(t *testing.T, alg, fault string) *fake {
	t.Helper()
	f := &fake{fault: fault, alg: alg}
	var err error
	if f.key, err = signer(alg); err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/openid-configuration", f.discovery)
	mux.HandleFunc("GET /jwks", f.jwks)
	mux.HandleFunc("GET /authorize", f.authorize)
	mux.HandleFunc("GET /callback", f.callback)
	mux.HandleFunc("POST /token", f.token)
	mux.HandleFunc("GET /userinfo", f.userinfo)
	mux.HandleFunc("POST /introspect", f.introspect)
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, r.FormValue("back"), http.StatusFound)
	}))
	t.Cleanup(upstream.Close)
	f.Server = httptest.NewServer(mux)
	t.Cleanup(f.Close)
	mux.HandleFunc("GET /upstream", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, upstream.URL+"/?back="+url.QueryEscape(f.URL+"/callback"), http.StatusFound)
	})
	return f
}

func signer(alg string) (crypto.Signer, error) {
	if alg == rs256 {
		return rsaKey()
	}
	return ecKey()
}

// or is right, unless the fault is the one named.
func (f *fake) or(fault, wrong, right string) string {
	if f.fault == fault {
		return wrong
	}
	return right
}

func answerJSON(w http.ResponseWriter, v any) { _ = json.NewEncoder(w).Encode(v) }

func (f *fake) discovery(w http.ResponseWriter, _ *http.Request) {
	answerJSON(w, metadata{
		Issuer: f.or("issuer of the metadata", "http://127.0.0.1:1", f.URL), Authorization: f.URL + "/authorize", Token: f.URL + "/token",
		Userinfo: f.URL + "/userinfo", Introspection: f.URL + "/introspect", JWKS: f.URL + "/jwks",
	})
}

func (f *fake) jwks(w http.ResponseWriter, _ *http.Request) {
	public := f.key.Public()
	if f.fault == "key" { // another one under the same id
		if f.alg == rs256 {
			other, _ := rsa.GenerateKey(rand.Reader, 2048)
			public = other.Public()
		} else {
			other, _ := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
			public = other.Public()
		}
	}
	id := "k1"
	if f.fault == "turned keys" && !f.stale.Swap(true) {
		id = "k0"
	}
	key := map[string]string{"kid": id, "use": "sig", "alg": f.alg}
	switch public := public.(type) {
	case *rsa.PublicKey:
		key["kty"], key["n"], key["e"] = "RSA", encoding.EncodeToString(public.N.Bytes()), encoding.EncodeToString(big.NewInt(int64(public.E)).Bytes())
	case *ecdsa.PublicKey:
		point, _ := public.Bytes()
		key["kty"], key["crv"], key["x"], key["y"] = "EC", "P-256", encoding.EncodeToString(point[1:33]), encoding.EncodeToString(point[33:])
	}
	answerJSON(w, map[string]any{"keys": []any{map[string]string{"kty": "oct", "kid": "unknown"}, key}})
}

func (f *fake) authorize(w http.ResponseWriter, r *http.Request) {
	http.SetCookie(w, &http.Cookie{Name: "login", Value: encoding.EncodeToString([]byte(r.URL.RawQuery)), Path: "/", Secure: true})
	if f.fault == "endless" {
		http.Redirect(w, r, "/authorize", http.StatusFound)
		return
	}
	http.Redirect(w, r, "/upstream", http.StatusFound)
}

func (f *fake) callback(w http.ResponseWriter, r *http.Request) {
	cookie, err := r.Cookie("login")
	if err != nil || f.fault == "page" {
		http.Error(w, "no login under way", http.StatusBadRequest)
		return
	}
	asked, _ := encoding.DecodeString(cookie.Value)
	q, _ := url.ParseQuery(string(asked))
	back := url.Values{"code": {cookie.Value}, "state": {f.or("state", "x", q.Get("state"))}, "iss": {f.or("iss of the answer", "x", f.URL)}}
	switch f.fault {
	case "no iss":
		back.Del("iss")
	case "no state":
		back.Del("state")
	case "no code":
		back.Del("code")
	case "doubled code":
		back.Add("code", cookie.Value)
	case "refused":
		back.Set("error", "access_denied")
	}
	http.Redirect(w, r, q.Get("redirect_uri")+f.or("redirect", "/elsewhere", "")+"?"+back.Encode(), http.StatusFound)
}

func (f *fake) token(w http.ResponseWriter, r *http.Request) {
	id, secret, _ := r.BasicAuth()
	if f.fault == "token refused" || id != "bench-"+f.alg || secret != "s%25%2B" {
		http.Error(w, "invalid_client", http.StatusUnauthorized)
		return
	}
	claims := map[string]any{
		"iss": f.or("iss", "x", f.URL), "sub": f.or("no sub", "", "u1"), "aud": f.or("aud", "x", id), "exp": time.Now().Add(time.Hour).Unix(),
		"at_hash": atHash(f.or("at_hash", "another", "access")),
	}
	switch r.FormValue("grant_type") {
	case "authorization_code":
		asked, _ := encoding.DecodeString(r.FormValue("code"))
		q, _ := url.ParseQuery(string(asked))
		if sum := sha256.Sum256([]byte(r.FormValue("code_verifier"))); encoding.EncodeToString(sum[:]) != q.Get("code_challenge") ||
			r.FormValue("redirect_uri") != q.Get("redirect_uri") {
			http.Error(w, "invalid_grant", http.StatusBadRequest)
			return
		}
		claims["nonce"] = f.or("nonce", "x", q.Get("nonce"))
	case "refresh_token":
		claims["sub"] = f.or("sub of a refresh", "u2", "u1")
	}
	switch f.fault {
	case "two audiences":
		claims["aud"] = []string{id, "another"}
	case "audience in a list":
		claims["aud"] = []string{id}
	case "exp":
		claims["exp"] = time.Now().Add(-time.Second).Unix()
	case "no exp", "no nonce", "no at_hash":
		delete(claims, strings.TrimPrefix(f.fault, "no "))
	}
	refresh := "r" + time.Now().String()
	if f.fault == "refresh does not rotate" {
		refresh = "r"
	}
	answerJSON(w, map[string]string{
		"access_token": f.or("no access token", "", "access"), "refresh_token": refresh, "token_type": f.or("token type", "mac", "bearer"),
		"id_token": f.or("no id token", "", f.sign(claims)),
	})
}

func (f *fake) sign(claims map[string]any) string {
	alg := f.or("alg none", "none", f.alg)
	if f.fault == "another alg" {
		alg = map[string]string{rs256: es256, es256: rs256}[f.alg]
	}
	header, _ := json.Marshal(map[string]string{"alg": alg, "kid": f.or("kid", "k2", "k1")})
	payload, _ := json.Marshal(claims)
	signed := encoding.EncodeToString(header) + "." + encoding.EncodeToString(payload)
	digest := sha256.Sum256([]byte(signed + f.or("signature", "x", "")))
	var signature []byte
	switch key := f.key.(type) {
	case *rsa.PrivateKey:
		signature, _ = rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, digest[:])
	case *ecdsa.PrivateKey:
		r, s, _ := ecdsa.Sign(rand.Reader, key, digest[:])
		signature = append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...)
	}
	if f.fault == "no signature" {
		signature = nil
	}
	return signed + "." + encoding.EncodeToString(signature)
}

func (f *fake) userinfo(w http.ResponseWriter, r *http.Request) {
	if f.fault == "userinfo refused" || r.Header.Get("Authorization") != "Bearer access" {
		http.Error(w, "invalid_token", http.StatusUnauthorized)
		return
	}
	answerJSON(w, map[string]string{"sub": f.or("sub at userinfo", "u2", "u1")})
}

func (f *fake) introspect(w http.ResponseWriter, r *http.Request) {
	answerJSON(w, map[string]any{"active": f.fault != "inactive" && r.FormValue("token") == "access", "sub": f.or("sub at introspection", "u2", "u1")})
}
