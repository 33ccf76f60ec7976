package provider_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/dingbridge/dingbridge/keys"
	"github.com/dingbridge/dingbridge/provider/clients"
	"github.com/dingbridge/dingbridge/storage"
	"github.com/dingbridge/dingbridge/storage/bolt"
)

// agedHouse is a house whose ring has been rotated for months. Its ES256 keys are, in
// this order: dropped, remembered, retired, signing and next.
func agedHouse(t *testing.T) (*house, *forger) {
	t.Helper()
	store, err := bolt.Open(filepath.Join(t.TempDir(), "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	scratch := build(t)
	f := newForger(t, scratch)
	record := ringRecord{Format: 1}
	for _, k := range f.keys {
		if k.Alg != "ES256" {
			record.Keys = append(record.Keys, k)
		}
	}
	day := 24 * time.Hour
	for i, signs := range []time.Duration{-300 * day, -100 * day, -3 * day, -30 * time.Minute, 12 * time.Hour} {
		k := forgersKey{Alg: "ES256", KID: encoded(strings.Repeat(string(rune('a'+i)), len(decoded(t, f.keys[0].KID)))), Made: time.Now().Add(signs - day), Signs: time.Now().Add(signs), Private: newES256(t)}
		record.Keys = append(record.Keys, k)
	}
	plain, err := json.Marshal(record)
	if err != nil {
		t.Fatal(err)
	}
	sealed := scratch.secrets.Sealer(ringKey).Seal(plain, []byte(ringKey))
	if err := store.Together(t.Context(), storage.Create(ringKey, sealed, 0)); err != nil {
		t.Fatal(err)
	}
	h := buildOn(t, store, func(p *plan) {
		p.specs = append(p.specs, clients.Spec{ID: "jwtes", AccessToken: "jwt", IDTokenSignedResponseAlg: "ES256", SecretHash: clients.HashSecret(testSecret), RedirectURIs: []string{appCallback}, Allow: clients.Allow{Everyone: true}})
	})
	return h, newForger(t, h)
}

// TestThreat_TokensOfOldAndComingKeys: which key of the ring a hint or an access token
// may be signed with, and which keys are published. A key that is published and does
// not sign yet counts: a replica whose clock runs ahead uses it first.
//
// proves: tokens of retired keys verify, and of coming ones | Core section 10.1.1
func TestThreat_TokensOfOldAndComingKeys(t *testing.T) {
	h, f := agedHouse(t)
	b := h.browser()
	tokens := h.call("/token", "jwtes", testSecret, codeForm(h.login(b, "client_id", "jwtes")))
	access, id := tokens.text("access_token"), tokens.text("id_token")
	var es []forgersKey
	for _, k := range f.keys {
		if k.Alg == "ES256" {
			es = append(es, k)
		}
	}
	if len(es) != 5 {
		t.Fatalf("%d keys", len(es))
	}
	for i, want := range []struct {
		state                     keys.State
		verifies, published, used bool
	}{{keys.Dropped, false, false, false}, {keys.Remembered, true, false, false}, {keys.Retired, true, true, false}, {keys.Signing, true, true, true}, {keys.Next, true, true, false}} {
		k := es[i]
		sign := func(typ, token string) string {
			return f.sign(k, k.header(typ), decoded(t, strings.Split(token, ".")[1]))
		}
		hinted := strings.Contains(b.get(h.authorization("client_id", "jwtes", "prompt", "none", "id_token_hint", sign(keys.TypeJWT, id))).location, "code=")
		opened := h.userinfo(sign(keys.TypeAccessToken, access)).status == 200
		if hinted != want.verifies || opened != want.verifies {
			t.Errorf("%s key: hint %t, access token %t", want.state, hinted, opened)
		}
		if published := strings.Contains(f.jwks, k.KID); published != want.published {
			t.Errorf("%s key: published %t", want.state, published)
		}
		if used := strings.Contains(decoded(t, strings.Split(id, ".")[0]), k.KID); used != want.used {
			t.Errorf("%s key: signs %t", want.state, used)
		}
	}
}

// TestExpiredHintIsTaken: a hint is no credential; those of yesterday are shown at a
// late logout.
//
// proves: expired id_token_hint is accepted | RP-Initiated Logout section 4
func TestExpiredHintIsTaken(t *testing.T) {
	m := newMatrix(t)
	f := newForger(t, m.house)
	for _, r := range m.readers() {
		if r.typ != keys.TypeJWT {
			continue
		}
		k := f.byAlg(r.name[strings.LastIndex(r.name, " ")+1:])
		payload := decoded(t, strings.Split(r.genuine, ".")[1])
		if !r.takes(f.sign(k, k.header(r.typ), altered(t, payload, map[string]any{"exp": time.Now().Add(-48 * time.Hour).Unix()}))) {
			t.Errorf("%s: an expired hint is refused", r.name)
		}
	}
}

func newES256(t *testing.T) []byte {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return der
}
