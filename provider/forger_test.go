package provider_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/dingbridge/dingbridge/storage"
)

// A forger holds the provider's own private keys, taken out of the store with its
// secret: what it signs fails for what it says alone, never for its signature.
type forger struct {
	t    *testing.T
	jwks string
	keys []forgersKey // in the order of the record
}

type forgersKey struct {
	KID     string    `json:"kid"`
	Alg     string    `json:"alg"`
	Made    time.Time `json:"made"`
	Signs   time.Time `json:"signs"`
	Private []byte    `json:"private,omitempty"`
	Public  []byte    `json:"public,omitempty"`
}

// ringRecord is the ring as it is stored.
type ringRecord struct {
	Format int          `json:"format"`
	Keys   []forgersKey `json:"keys"`
}

const ringKey = "keys/ring"

func newForger(t *testing.T, h *house) *forger {
	t.Helper()
	get := storage.Get(ringKey)
	if err := h.store.Together(t.Context(), get); err != nil {
		t.Fatal(err)
	}
	plain, _, err := h.secrets.Sealer(ringKey).Open(get.Value, []byte(ringKey))
	if err != nil {
		t.Fatal(err)
	}
	var record ringRecord
	if err := json.Unmarshal(plain, &record); err != nil {
		t.Fatal(err)
	}
	return &forger{t, h.browser().get(h.issuer + "/jwks").body, record.Keys}
}

func (f *forger) byAlg(alg string) forgersKey {
	f.t.Helper()
	for _, k := range f.keys {
		if k.Alg == alg && len(k.Private) > 0 {
			return k
		}
	}
	f.t.Fatalf("no key for %s", alg)
	return forgersKey{}
}

func (k forgersKey) private(t *testing.T) crypto.Signer {
	t.Helper()
	private, err := x509.ParsePKCS8PrivateKey(k.Private)
	if err != nil {
		t.Fatal(err)
	}
	return private.(crypto.Signer)
}

// header is the one that the provider writes for the key.
func (k forgersKey) header(typ string) string {
	return fmt.Sprintf(`{"alg":"%s","kid":"%s","typ":"%s"}`, k.Alg, k.KID, typ)
}

// sign signs header and payload as they are.
func (f *forger) sign(k forgersKey, header, payload string) string {
	f.t.Helper()
	return signWith(f.t, k.private(f.t), header, payload)
}

func signWith(t *testing.T, private crypto.Signer, header, payload string) string {
	t.Helper()
	input := encoded(header) + "." + encoded(payload)
	sum := sha256.Sum256([]byte(input))
	switch private := private.(type) {
	case *rsa.PrivateKey:
		signature, err := rsa.SignPKCS1v15(nil, private, crypto.SHA256, sum[:])
		if err != nil {
			t.Fatal(err)
		}
		return input + "." + encoded(string(signature))
	case *ecdsa.PrivateKey:
		r, s, err := ecdsa.Sign(rand.Reader, private, sum[:])
		if err != nil {
			t.Fatal(err)
		}
		return input + "." + encoded(string(append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...)))
	}
	t.Fatal("no such key")
	return ""
}

func encoded(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }

// foreign are the forgeries of a genuine token: headers that a careless reader obeys,
// other spellings of the token, and signatures that are none (RFC 8725, threats to
// every reader of a JWT). All have the payload of the genuine one.
func (f *forger) foreign(token string) map[string]string {
	f.t.Helper()
	part := strings.Split(token, ".")
	header, payload := decoded(f.t, part[0]), decoded(f.t, part[1])
	var said struct{ Alg, KID, Typ string }
	if err := json.Unmarshal([]byte(header), &said); err != nil {
		f.t.Fatal(err)
	}
	k := f.byAlg(said.Alg)
	if k.KID != said.KID || k.header(said.Typ) != header {
		f.t.Fatalf("header %s is not that of %s", header, k.KID)
	}
	other := f.byAlg(map[string]string{"RS256": "ES256", "ES256": "RS256"}[said.Alg])
	with := func(more string) string { return f.sign(k, header[:len(header)-1]+","+more+"}", payload) }
	instead := func(old, new string) string { return f.sign(k, strings.Replace(header, old, new, 1), payload) }
	public, err := x509.MarshalPKIXPublicKey(k.private(f.t).Public())
	if err != nil {
		f.t.Fatal(err)
	}
	own := f.strangersKey(said.Alg)
	ownJWK, ownDER := jwkOf(f.t, own)
	list := map[string]string{
		"alg none, no signature":    encoded(strings.Replace(header, said.Alg, "none", 1)) + "." + part[1] + ".",
		"alg NONE":                  encoded(strings.Replace(header, said.Alg, "NONE", 1)) + "." + part[1] + "." + part[2],
		"alg none, right signature": instead(said.Alg, "none"),
		"alg missing":               f.sign(k, fmt.Sprintf(`{"kid":"%s","typ":"%s"}`, k.KID, said.Typ), payload),
		"alg of the other key":      instead(said.Alg, other.Alg),
		"kid of the other key":      instead(k.KID, other.KID),
		"key of the other alg":      f.sign(other, header, payload),
		"kid path":                  instead(k.KID, "../../../../dev/null"),
		"kid SQL":                   instead(k.KID, "x' UNION SELECT 'AAAA"),
		"kid URL":                   instead(k.KID, "https://evil.example/jwks"),
		"kid command":               instead(k.KID, "|id"),
		"kid missing":               f.sign(k, fmt.Sprintf(`{"alg":"%s","typ":"%s"}`, said.Alg, said.Typ), payload),
		"kid number":                f.sign(k, fmt.Sprintf(`{"alg":"%s","kid":1e999,"typ":"%s"}`, said.Alg, said.Typ), payload),
		"kid twice":                 with(`"kid":"other"`),
		"alg twice":                 with(`"alg":"none"`),
		"typ twice":                 with(`"typ":"JWT"`),
		"typ missing":               f.sign(k, fmt.Sprintf(`{"alg":"%s","kid":"%s"}`, said.Alg, k.KID), payload),
		"typ in other case":         instead(`"typ":"`+said.Typ, `"typ":"`+otherCase(said.Typ)),
		"embedded jwk":              signWith(f.t, own, header[:len(header)-1]+`,"jwk":`+ownJWK+`}`, payload),
		"embedded jwk, our key":     with(`"jwk":` + ownJWK),
		"jku":                       signWith(f.t, own, header[:len(header)-1]+`,"jku":"https://evil.example/jwks"}`, payload),
		"x5u":                       signWith(f.t, own, header[:len(header)-1]+`,"x5u":"https://evil.example/cert"}`, payload),
		"x5c":                       signWith(f.t, own, header[:len(header)-1]+`,"x5c":["`+base64.StdEncoding.EncodeToString(ownDER)+`"]}`, payload),
		"somebody's key, our kid":   signWith(f.t, own, header, payload),
		"crit":                      with(`"crit":["exp"],"exp":1`),
		"crit empty":                with(`"crit":[]`),
		"b64 false":                 f.unencoded(k, header, payload),
		"cty":                       with(`"cty":"JWT"`),
		"zip":                       with(`"zip":"DEF"`),
		"huge number":               with(`"n":` + strings.Repeat("9", 3000)),
		"deep":                      with(`"n":` + strings.Repeat("[", 1000) + strings.Repeat("]", 1000)),
		"spaces in the header":      f.sign(k, strings.ReplaceAll(header, ",", ", "), payload),
		"flattened JSON":            fmt.Sprintf(`{"protected":"%s","payload":"%s","signature":"%s"}`, part[0], part[1], part[2]),
		"general JSON":              fmt.Sprintf(`{"payload":"%s","signatures":[{"protected":"%s","signature":"%s"}]}`, part[1], part[0], part[2]),
		"space before":              " " + token,
		"line break behind":         token + "\n",
		"line break inside":         part[0] + "." + part[1][:8] + "\r\n" + part[1][8:] + "." + part[2],
		"padding":                   token + "=",
		"trailing bits":             token[:len(token)-1] + looser(token[len(token)-1]),
		"longer signature":          token + "AAAA",
		"shorter signature":         token[:len(token)-4],
		"no signature":              part[0] + "." + part[1] + ".",
		"two parts":                 part[0] + "." + part[1],
		"four parts":                token + "." + part[2],
		"five parts, as encrypted":  token + ".." + part[2],
		"payload of another":        part[0] + "." + encoded(strings.Replace(payload, `"sub":"`, `"sub":"a`, 1)) + "." + part[2],
		"bent payload":              part[0] + "." + flip(part[1]) + "." + part[2],
		"signature of zeros":        part[0] + "." + part[1] + "." + encoded(string(make([]byte, len(decoded(f.t, part[2]))))), // CVE-2022-21449
	}
	for name, shared := range map[string]string{ // HS256 under what the world knows of our key
		"DER": string(public), "PEM": string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public})), "JWKS": f.jwks, "JWK": jwkIn(f.t, f.jwks, k.KID), "nothing": "",
	} {
		for _, alg := range []string{"HS256", said.Alg} {
			input := encoded(strings.Replace(header, said.Alg, alg, 1)) + "." + part[1]
			m := hmac.New(sha256.New, []byte(shared))
			m.Write([]byte(input))
			list[alg+" under our "+name] = input + "." + encoded(string(m.Sum(nil)))
		}
	}
	if said.Alg == "ES256" {
		raw := decoded(f.t, part[2])
		der, err := asn1.Marshal(struct{ R, S *big.Int }{new(big.Int).SetBytes([]byte(raw[:32])), new(big.Int).SetBytes([]byte(raw[32:]))})
		if err != nil {
			f.t.Fatal(err)
		}
		list["DER signature"] = part[0] + "." + part[1] + "." + encoded(string(der))
	}
	return list
}
