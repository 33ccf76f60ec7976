package provider_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"strings"
	"sync"
	"testing"

	"github.com/go-jose/go-jose/v4"
)

// looser sets a bit of the last character of a base64 text that no byte comes from.
func looser(last byte) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	return string(alphabet[strings.IndexByte(alphabet, last)^1])
}

func otherCase(s string) string {
	if up := strings.ToUpper(s); up != s {
		return up
	}
	return strings.ToLower(s)
}

func decoded(t *testing.T, part string) string {
	t.Helper()
	b, err := base64.RawURLEncoding.DecodeString(part)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// unencoded is signed over the payload as it is (RFC 7797).
func (f *forger) unencoded(k forgersKey, header, payload string) string {
	head := encoded(header[:len(header)-1] + `,"b64":false,"crit":["b64"]}`)
	sum := sha256.Sum256([]byte(head + "." + payload))
	signature, err := k.private(f.t).Sign(rand.Reader, sum[:], crypto.SHA256)
	if err != nil {
		f.t.Fatal(err)
	}
	return head + "." + encoded(payload) + "." + encoded(string(signature))
}

var strangers = sync.OnceValues(func() (*rsa.PrivateKey, *ecdsa.PrivateKey) {
	r, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	e, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	return r, e
})

// strangersKey is the attacker's own.
func (f *forger) strangersKey(alg string) crypto.Signer {
	r, e := strangers()
	if alg == "ES256" {
		return e
	}
	return r
}

// jwkOf is a public key as a JWK and in a certificate of its own.
func jwkOf(t *testing.T, key crypto.Signer) (jwk string, certificate []byte) {
	t.Helper()
	b, err := json.Marshal(jose.JSONWebKey{Key: key.Public()})
	if err != nil {
		t.Fatal(err)
	}
	template := x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "evil"}}
	der, err := x509.CreateCertificate(rand.Reader, &template, &template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return string(b), der
}

// jwkIn is the text of one key of a set, as it is published.
func jwkIn(t *testing.T, jwks, kid string) string {
	t.Helper()
	var set struct{ Keys []json.RawMessage }
	if err := json.Unmarshal([]byte(jwks), &set); err != nil {
		t.Fatal(err)
	}
	for _, key := range set.Keys {
		if strings.Contains(string(key), kid) {
			return string(key)
		}
	}
	t.Fatalf("%s is not published", kid)
	return ""
}
