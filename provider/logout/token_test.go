package logout

import (
	"encoding/json"
	"errors"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/dingbridge/dingbridge/keys"
	"github.com/dingbridge/dingbridge/keys/secret"
	"github.com/dingbridge/dingbridge/storage/bolt"
)

// A token signed by the real ring, read by another library, has all that section 2.4
// asks for and nothing else.
//
// proves: logout tokens | Back-Channel Logout section 2.4
func TestN1_TheTokenIsWhatTheStandardSays(t *testing.T) {
	store, err := bolt.Open(filepath.Join(t.TempDir(), "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	secrets, err := secret.Parse([]byte(secret.Generate()))
	if err != nil {
		t.Fatal(err)
	}
	ring, err := keys.Open(t.Context(), keys.Config{Store: store, Secrets: secrets})
	if err != nil {
		t.Fatal(err)
	}
	n := New(Config{Issuer: "https://id.example.com/oidc", Sign: func(alg string, payload []byte) (string, error) {
		return ring.Sign(alg, keys.TypeLogoutToken, payload)
	}})
	var set jose.JSONWebKeySet
	if err := json.Unmarshal(ring.JWKS().Body, &set); err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, alg := range []string{"RS256", "ES256", "ES256"} {
		notice := to("app", "https://app.example.com/logout")
		notice.Client.IDTokenAlg = alg
		before := time.Now().Unix()
		token, err := n.token(notice)
		if err != nil {
			t.Fatal(err)
		}
		after := time.Now().Unix()
		jws, err := jose.ParseSignedCompact(token, []jose.SignatureAlgorithm{jose.SignatureAlgorithm(alg)})
		if err != nil {
			t.Fatal(err)
		}
		header := jws.Signatures[0].Protected
		if header.ExtraHeaders["typ"] != "logout+jwt" || header.KeyID == "" {
			t.Errorf("header %+v", header)
		}
		payload, err := jws.Verify(set.Key(header.KeyID)[0].Key)
		if err != nil {
			t.Fatal(err)
		}
		var claims map[string]any
		if err := json.Unmarshal(payload, &claims); err != nil {
			t.Fatal(err)
		}
		for name, want := range map[string]any{"iss": "https://id.example.com/oidc", "sub": "subject", "aud": "app", "sid": notice.SessionID} {
			if claims[name] != want {
				t.Errorf("%s is %v", name, claims[name])
			}
		}
		iat, exp := int64(claims["iat"].(float64)), int64(claims["exp"].(float64))
		if iat < before || iat > after || exp != iat+120 {
			t.Errorf("iat %d, exp %d, made between %d and %d", iat, exp, before, after)
		}
		events := claims["events"].(map[string]any)
		if member, ok := events["http://schemas.openid.net/event/backchannel-logout"].(map[string]any); !ok || len(events) != 1 || len(member) != 0 {
			t.Errorf("events %v", events)
		}
		jti := claims["jti"].(string)
		if len(jti) < 22 || seen[jti] {
			t.Errorf("jti %q", jti)
		}
		seen[jti] = true
		var names []string
		for name := range claims {
			names = append(names, name)
		}
		slices.Sort(names)
		if got := strings.Join(names, " "); got != "aud events exp iat iss jti sid sub" {
			t.Errorf("claims %s", got)
		}
	}
}

// However often a notice is tried, the receiver sees one token; another notice has
// another.
func TestN1_ANoticeHasOneToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr := newTrail(t)
		n := notify(t, tr, Config{AtOnce: 1})
		var tokens []string
		receiver(t, n, func(w http.ResponseWriter, r *http.Request) {
			tokens = append(tokens, r.FormValue("logout_token"))
			if len(tokens) < 3 {
				w.WriteHeader(http.StatusBadGateway)
			}
		})
		n.Send(to("app", "http://app.example.com/"))
		tr.await("app", 3)
		n.Send(to("app", "http://app.example.com/"))
		tr.await("app", 4)
		if len(tokens) != 4 || tokens[0] == "" || tokens[1] != tokens[0] || tokens[2] != tokens[0] || tokens[3] == tokens[0] {
			t.Errorf("tokens %q", tokens)
		}
		if claimsOf(t, tokens[0])["jti"] == claimsOf(t, tokens[3])["jti"] {
			t.Error("two notices have one jti")
		}
	})
}

// A ring that cannot sign fails the notice, and nothing is sent.
func TestN1_NothingUnsignedIsSent(t *testing.T) {
	tr := newTrail(t)
	n := notify(t, tr, Config{Sign: func(string, []byte) (string, error) { return "", errors.New("no key") }})
	receiver(t, n, func(http.ResponseWriter, *http.Request) { t.Error("something was sent") })
	n.Send(to("app", "http://app.example.com/"))
	tr.await("app", 1)
	if got := tr.story("app"); got != "failed:signing" {
		t.Error(got)
	}
}
