package keys

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"os"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/dingbridge/dingbridge/keys/secret"
)

func b64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// forge signs header and payload with the ring's own private key: the signature
// is right, whatever the header says.
func forge(t testing.TB, k *key, header, payload string) string {
	t.Helper()
	input := b64([]byte(header)) + "." + b64([]byte(payload))
	sum := sha256.Sum256([]byte(input))
	switch private := k.private.(type) {
	case *rsa.PrivateKey:
		sig, err := rsa.SignPKCS1v15(nil, private, crypto.SHA256, sum[:])
		if err != nil {
			t.Fatal(err)
		}
		return input + "." + b64(sig)
	case *ecdsa.PrivateKey:
		r, s, err := ecdsa.Sign(rand.Reader, private, sum[:])
		if err != nil {
			t.Fatal(err)
		}
		return input + "." + b64(append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...))
	}
	panic("no such key")
}

// sharedRing spares the tests that change nothing the making of RSA keys.
var sharedRing, otherRing = sync.OnceValue(freshRing), sync.OnceValue(freshRing)

func freshRing() *Ring {
	list, err := secret.Parse([]byte(secretA))
	if err != nil {
		panic(err)
	}
	r, err := Open(context.Background(), Config{Store: newMemory(), Secrets: list})
	if err != nil {
		panic(err)
	}
	return r
}

func keyOf(r *Ring, alg string) *key { return r.view.Load().of(alg)[0] }

// proves: JWTs say their algorithm, key and type | RFC 7515 section 4.1, RFC 8725 section 3.11
func TestSignWritesAlgKIDAndTyp(t *testing.T) {
	r := sharedRing()
	for _, alg := range algorithms {
		for _, typ := range types {
			token, err := r.Sign(alg, typ, []byte(`{"sub":"a"}`))
			if err != nil {
				t.Fatal(err)
			}
			header, err := base64.RawURLEncoding.DecodeString(token[:strings.IndexByte(token, '.')])
			if want := fmt.Sprintf(`{"alg":"%s","kid":"%s","typ":"%s"}`, alg, keyOf(r, alg).kid, typ); err != nil || string(header) != want {
				t.Errorf("header %s, want %s", header, want)
			}
			if err := check(keySet(t, r.JWKS()), token); err != nil {
				t.Error(err)
			}
			gotTyp, payload, err := r.Verify(token)
			if err != nil || gotTyp != typ || string(payload) != `{"sub":"a"}` {
				t.Errorf("Verify = %q, %q, %v", gotTyp, payload, err)
			}
		}
		if _, err := r.Sign(alg, "jwt", nil); err == nil {
			t.Error("signed a type we do not have")
		}
	}
	for _, alg := range []string{"", "none", "HS256", "RS384", "EdDSA"} {
		if _, err := r.Sign(alg, TypeJWT, nil); err == nil {
			t.Errorf("signed %q", alg)
		}
	}
	// An access token, an ID token and a logout token are told apart.
	id, _ := r.Sign(ES256, TypeJWT, []byte("{}"))
	if typ, _, _ := r.Verify(id); typ == TypeAccessToken || typ == TypeLogoutToken {
		t.Error("an ID token passes for another type")
	}
}

// A signature that is right for the bytes does not help a header that we do not
// write.
//
// proves: headers of a JWT are not believed | RFC 8725 section 3.10
func TestK7_ForeignHeadersAreRefusedThoughTheSignatureIsRight(t *testing.T) {
	r := sharedRing()
	for _, alg := range algorithms {
		k := keyOf(r, alg)
		jwk, err := json.Marshal(jose.JSONWebKey{Key: k.public, KeyID: k.kid})
		if err != nil {
			t.Fatal(err)
		}
		own := fmt.Sprintf(`{"alg":"%s","kid":"%s","typ":"JWT"}`, alg, k.kid)
		if _, _, err := r.Verify(forge(t, k, own, "{}")); err != nil {
			t.Fatalf("the forger does not even forge our own header: %v", err)
		}
		with := func(more string) string { return own[:len(own)-1] + "," + more + "}" }
		for name, header := range map[string]string{
			"alg none":         strings.Replace(own, alg, "none", 1),
			"alg None":         strings.Replace(own, alg, "None", 1),
			"alg HS256":        strings.Replace(own, alg, "HS256", 1),
			"alg of other key": strings.Replace(own, alg, map[string]string{RS256: ES256, ES256: RS256}[alg], 1),
			"alg PS256":        strings.Replace(own, alg, "PS256", 1),
			"alg missing":      fmt.Sprintf(`{"kid":"%s","typ":"JWT"}`, k.kid),
			"alg twice":        with(`"alg":"none"`),
			"kid twice":        with(`"kid":"other"`),
			"kid missing":      fmt.Sprintf(`{"alg":"%s","typ":"JWT"}`, alg),
			"kid empty":        strings.Replace(own, k.kid, "", 1),
			"kid path":         strings.Replace(own, k.kid, "../../../../dev/null", 1),
			"kid SQL":          strings.Replace(own, k.kid, "x' UNION SELECT 'key", 1),
			"kid URL":          strings.Replace(own, k.kid, "https://evil.example/jwks", 1),
			"kid other case":   strings.Replace(own, k.kid, swapCase(k.kid), 1),
			"kid of other key": strings.Replace(own, k.kid, keyOf(r, map[string]string{RS256: ES256, ES256: RS256}[alg]).kid, 1),
			"kid number":       fmt.Sprintf(`{"alg":"%s","kid":1e999,"typ":"JWT"}`, alg),
			"typ missing":      fmt.Sprintf(`{"alg":"%s","kid":"%s"}`, alg, k.kid),
			"typ other":        strings.Replace(own, "JWT", "secevent+jwt", 1),
			"typ other case":   strings.Replace(own, "JWT", "jwt", 1),
			"jwk":              with(`"jwk":` + string(jwk)),
			"jku":              with(`"jku":"https://evil.example/jwks"`),
			"x5u":              with(`"x5u":"https://evil.example/cert"`),
			"x5c":              with(`"x5c":[]`),
			"crit unknown":     with(`"crit":["exp"],"exp":1`),
			"crit empty":       with(`"crit":[]`),
			"b64":              with(`"b64":true`),
			"b64 crit":         with(`"b64":false,"crit":["b64"]`),
			"cty":              with(`"cty":"JWT"`),
			"huge number":      with(`"n":` + strings.Repeat("9", 4000)),
			"deep":             with(`"n":` + strings.Repeat("[", 2000) + strings.Repeat("]", 2000)),
			"space":            strings.Replace(own, ",", ", ", 1),
			"other order":      fmt.Sprintf(`{"typ":"JWT","alg":"%s","kid":"%s"}`, alg, k.kid),
			"escaped":          strings.Replace(own, "JWT", `\u004aWT`, 1),
			"not an object":    `[]`,
			"not JSON":         `{`,
			"empty":            ``,
			"something behind": own + "{}",
			"mark":             "\xef\xbb\xbf" + own,
		} {
			if typ, payload, err := r.Verify(forge(t, k, header, "{}")); err != ErrNotOurs || payload != nil || typ != "" {
				t.Errorf("%s, %s: %q, %q, %v", alg, name, typ, payload, err)
			}
		}
	}
}

func swapCase(s string) string {
	if up := strings.ToUpper(s); up != s {
		return up
	}
	return strings.ToLower(s)
}

// HS256 under anything the world knows of our key.
//
// proves: the algorithm is ours to choose | RFC 8725 sections 2.1 and 3.1
func TestK7_ThePublicKeyIsNoHMACKey(t *testing.T) {
	r := sharedRing()
	for _, alg := range algorithms {
		k := keyOf(r, alg)
		der, err := x509.MarshalPKIXPublicKey(k.public)
		if err != nil {
			t.Fatal(err)
		}
		jwk, err := json.Marshal(jose.JSONWebKey{Key: k.public, KeyID: k.kid, Algorithm: alg, Use: "sig"})
		if err != nil {
			t.Fatal(err)
		}
		block := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
		for name, shared := range map[string][]byte{"DER": der, "PEM": block, "PEM without its end": bytes.TrimSpace(block), "JWK": jwk, "JWKS": r.JWKS().Body, "nothing": nil} {
			for _, claimed := range []string{"HS256", alg} {
				input := b64(fmt.Appendf(nil, `{"alg":"%s","kid":"%s","typ":"JWT"}`, claimed, k.kid)) + "." + b64([]byte("{}"))
				m := hmac.New(sha256.New, shared)
				m.Write([]byte(input))
				if _, _, err := r.Verify(input + "." + b64(m.Sum(nil))); err != ErrNotOurs {
					t.Errorf("%s under %s of the public key: %v", claimed, name, err)
				}
			}
		}
	}
}

func TestK7_OtherSpellingsAndShapesAreRefused(t *testing.T) {
	r, other := sharedRing(), otherRing()
	for _, alg := range algorithms {
		token, err := r.Sign(alg, TypeJWT, []byte(`{"sub":"ab"}`))
		if err != nil {
			t.Fatal(err)
		}
		part := strings.Split(token, ".")
		stolen := *keyOf(other, alg) // somebody else's key under our kid
		own := fmt.Sprintf(`{"alg":"%s","kid":"%s","typ":"JWT"}`, alg, keyOf(r, alg).kid)
		foreign, err := other.Sign(alg, TypeJWT, []byte("{}"))
		if err != nil {
			t.Fatal(err)
		}
		zero := b64(make([]byte, 64))
		wrong := map[string]string{
			"empty":                "",
			"dots":                 "..",
			"one part":             part[0],
			"two parts":            part[0] + "." + part[1],
			"no signature":         part[0] + "." + part[1] + ".",
			"no payload":           part[0] + ".." + part[2],
			"other payload":        part[0] + "." + b64([]byte(`{"sub":"cd"}`)) + "." + part[2],
			"four parts":           token + ".",
			"five parts":           token + ".." + part[2],
			"two signatures":       token + "." + part[2],
			"zero signature":       part[0] + "." + part[1] + "." + zero,
			"shorter signature":    token[:len(token)-4],
			"longer signature":     token + "AAAA",
			"padding":              token + "=",
			"line break behind":    token + "\n",
			"line break inside":    part[0] + "." + part[1][:4] + "\n" + part[1][4:] + "." + part[2],
			"break in signature":   part[0] + "." + part[1] + "." + part[2][:4] + "\r\n" + part[2][4:],
			"space before":         " " + token,
			"bearer":               "Bearer " + token,
			"standard alphabet":    part[0] + "." + part[1] + "." + strings.NewReplacer("-", "+", "_", "/").Replace(part[2]) + "+",
			"flattened JSON":       fmt.Sprintf(`{"protected":"%s","payload":"%s","signature":"%s"}`, part[0], part[1], part[2]),
			"general JSON":         fmt.Sprintf(`{"payload":"%s","signatures":[{"protected":"%s","signature":"%s"}]}`, part[1], part[0], part[2]),
			"another ring":         foreign,
			"another ring's key":   forge(t, &stolen, own, "{}"),
			"too long":             forge(t, keyOf(r, alg), own, strings.Repeat("x", MaxToken)),
			"a kilobyte of dots":   strings.Repeat(".", 1024),
			"loose bit, payload":   part[0] + "." + loosen(b64([]byte(`{"sub":"ab"}x`))) + "." + part[2],
			"loose bit, signature": part[0] + "." + part[1] + "." + loosen(part[2]),
		}
		for name, s := range wrong {
			if s == token {
				t.Errorf("%s: the attack is the token itself", name)
			}
			if _, _, err := r.Verify(s); err != ErrNotOurs {
				t.Errorf("%s, %s: %v", alg, name, err)
			}
		}
	}
}

// loosen sets a bit of the last character that no byte comes from.
func loosen(s string) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	return s[:len(s)-1] + string(alphabet[strings.IndexByte(alphabet, s[len(s)-1])^1])
}

func TestK6_ASignatureNeverMixesKeys(t *testing.T) {
	a, b := sharedRing(), otherRing()
	sets := keySet(t, a.JWKS())
	sets.Keys = append(sets.Keys, keySet(t, b.JWKS()).Keys...)
	r := open(t, Config{Store: newMemory()})
	rings := []*snapshot{a.view.Load().snapshot, b.view.Load().snapshot}
	r.adopt(rings[0], time.Now())
	done := make(chan struct{})
	var wg, swap sync.WaitGroup
	swap.Go(func() { // as rereading does
		for i := 0; ; i++ {
			select {
			case <-done:
				return
			default:
				r.adopt(rings[i%2], time.Now())
			}
		}
	})
	for i := range 4 {
		wg.Go(func() {
			for n := range 60 {
				alg := algorithms[(i+n)%2]
				token, err := r.Sign(alg, types[n%3], fmt.Appendf(nil, "%d", n))
				if err != nil {
					t.Error(err)
					return
				}
				if err := check(sets, token); err != nil {
					t.Errorf("%s: %v", alg, err)
				}
				r.Verify(token)
				r.List()
			}
		})
	}
	wg.Wait()
	close(done)
	swap.Wait()
}

// 4.1.8 is the first without a known hole that a verifier of foreign tokens
// meets.
func TestGoJoseIsNotOlderThan418(t *testing.T) {
	mod, err := os.ReadFile("../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	m := regexp.MustCompile(`go-jose/go-jose/v4 v4\.(\d+)\.(\d+)`).FindSubmatch(mod)
	if m == nil {
		t.Fatal("go.mod does not require go-jose v4")
	}
	minor, _ := strconv.Atoi(string(m[1]))
	patch, _ := strconv.Atoi(string(m[2]))
	if minor < 1 || minor == 1 && patch < 8 {
		t.Errorf("go-jose 4.%d.%d is older than 4.1.8", minor, patch)
	}
}

func FuzzVerify(f *testing.F) {
	r := sharedRing()
	signed := map[string]bool{}
	for _, alg := range algorithms {
		for _, payload := range []string{"", "{}", `{"sub":"a"}`} {
			token, err := r.Sign(alg, TypeJWT, []byte(payload))
			if err != nil {
				f.Fatal(err)
			}
			signed[token] = true
			f.Add(token)
		}
	}
	f.Fuzz(func(t *testing.T, token string) {
		if _, _, err := r.Verify(token); (err == nil) != signed[token] {
			t.Fatalf("Verify(%q) = %v", token, err)
		}
	})
}

func BenchmarkRing(b *testing.B) {
	r := sharedRing()
	payload := bytes.Repeat([]byte("p"), 400)
	for _, alg := range algorithms {
		b.Run("sign "+alg, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				r.Sign(alg, TypeJWT, payload)
			}
		})
		token, err := r.Sign(alg, TypeJWT, payload)
		if err != nil {
			b.Fatal(err)
		}
		b.Run("verify "+alg, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				r.Verify(token)
			}
		})
	}
}
