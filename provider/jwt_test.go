package provider_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/dingbridge/dingbridge/keys"
)

// A reader is a place where the provider reads a JWT that it wrote itself, and the
// token that is taken there.
type reader struct {
	name, typ, genuine string
	takes              func(token string) bool
}

// readers are all places that read a JWT, each for both algorithms.
func (m *matrix) readers() []reader {
	m.t.Helper()
	var list []reader
	for alg, client := range map[string]string{"RS256": "jwt", "ES256": "jwtes"} {
		tokens := m.call("/token", client, testSecret, codeForm(m.code("client_id", client)))
		access, id := tokens.text("access_token"), tokens.text("id_token")
		list = append(list,
			reader{"userinfo " + alg, keys.TypeAccessToken, access, m.opensUserinfo},
			reader{"introspection " + alg, keys.TypeAccessToken, access, func(token string) bool {
				return m.call("/introspect", client, testSecret, url.Values{"token": {token}}).json["active"] == true
			}},
			reader{"hint at authorize " + alg, keys.TypeJWT, id, func(token string) bool {
				return strings.Contains(m.loggedIn().get(m.authorization("client_id", client, "prompt", "none", "id_token_hint", token)).location, "code=")
			}},
			reader{"hint in a pushed request " + alg, keys.TypeJWT, id, func(token string) bool {
				q := m.query("client_id", client, "id_token_hint", token)
				return m.call("/par", client, testSecret, q).status == http.StatusCreated
			}},
			reader{"hint at logout " + alg, keys.TypeJWT, id, func(token string) bool {
				b := m.house.browser() // has no session: what is at stake is where it is sent
				to := url.Values{"id_token_hint": {token}, "post_logout_redirect_uri": {appGoodbye}}
				return strings.HasPrefix(b.get(m.issuer+"/end_session?"+to.Encode()).location, appGoodbye)
			}},
			// Last: the token is dead when it was taken.
			reader{"revocation " + alg, keys.TypeAccessToken, access, func(token string) bool {
				m.call("/revoke", client, testSecret, url.Values{"token": {token}})
				return m.userinfo(access).status != http.StatusOK
			}},
		)
	}
	return list
}

// opensUserinfo shows a token in the header, where one can stand there, and in the body.
func (m *matrix) opensUserinfo(token string) bool {
	if !strings.ContainsAny(token, "\r\n") && strings.TrimSpace(token) == token && m.userinfo(token).status == http.StatusOK {
		return true
	}
	return m.raw("POST", "/userinfo", formType, "", url.Values{"access_token": {token}}.Encode()).status == http.StatusOK
}

// TestThreat_ForeignJWTs: nothing but our own token, in our own spelling, is taken
// where a JWT is read, though most of these are signed with our very key.
//
// proves: JWT best practices | RFC 8725 section 3
func TestThreat_ForeignJWTs(t *testing.T) {
	t.Parallel()
	m := newMatrix(t)
	f := newForger(t, m.house)
	for _, r := range m.readers() {
		t.Run(r.name, func(t *testing.T) {
			m.t, m.house.t, f.t = t, t, t
			forgeries := f.foreign(r.genuine)
			if len(forgeries) < 55 {
				t.Errorf("only %d forgeries", len(forgeries))
			}
			for name, token := range forgeries {
				if token == r.genuine {
					t.Errorf("%s: the forgery is the token itself", name)
				}
				if r.takes(token) {
					t.Errorf("%s is taken", name)
				}
			}
			if !r.takes(r.genuine) {
				t.Error("the genuine token is not taken")
			}
		})
	}
}

// TestThreat_JWTOfAnotherType: ID token, access token and logout token do not pass for
// one another, though all are signed with one key and say the same.
//
// proves: typ keeps JWTs apart | RFC 8725 section 3.11, RFC 9068 section 4
func TestThreat_JWTOfAnotherType(t *testing.T) {
	t.Parallel()
	m := newMatrix(t)
	f := newForger(t, m.house)
	for _, r := range m.readers() {
		t.Run(r.name, func(t *testing.T) {
			m.t, m.house.t, f.t = t, t, t
			part := strings.Split(r.genuine, ".")
			k := f.byAlg(strings.Fields(r.name)[len(strings.Fields(r.name))-1])
			for _, typ := range []string{"", "jwt", "application/at+jwt", "application/jwt", "secevent+jwt", "dpop+jwt", keys.TypeJWT, keys.TypeAccessToken, keys.TypeLogoutToken} {
				if typ != r.typ && r.takes(f.sign(k, k.header(typ), decoded(t, part[1]))) {
					t.Errorf("typ %q is taken", typ)
				}
			}
			if !r.takes(f.sign(k, k.header(r.typ), decoded(t, part[1]))) {
				t.Error("its own type is not taken")
			}
		})
	}
}

// TestThreat_JWTThatSaysTooLittle: signed by us and of the right type, and still not a
// token that we would write: another issuer's, endless, nobody's, or of no grant.
func TestThreat_JWTThatSaysTooLittle(t *testing.T) {
	t.Parallel()
	m := newMatrix(t)
	f := newForger(t, m.house)
	for _, r := range m.readers() {
		if strings.HasPrefix(r.name, "revocation") {
			continue // takes its token once
		}
		t.Run(r.name, func(t *testing.T) {
			m.t, m.house.t, f.t = t, t, t
			k := f.byAlg(strings.Fields(r.name)[len(strings.Fields(r.name))-1])
			payload := decoded(t, strings.Split(r.genuine, ".")[1])
			for name, change := range map[string]map[string]any{
				"another issuer":        {"iss": "https://evil.example"},
				"issuer with a slash":   {"iss": m.issuer + "/"},
				"issuer missing":        {"iss": nil},
				"issuer among others":   {"iss": []string{m.issuer}},
				"subject missing":       {"sub": nil},
				"subject of other form": {"sub": "admin"},
				"subject a number":      {"sub": 1},
				"subject in upper case": {"sub": strings.ToUpper(m.claimsText(payload, "sub"))},
				"expiry missing":        {"exp": nil},
				"expiry a text":         {"exp": "9999999999"},
				"expiry beyond numbers": {"exp": json.RawMessage("1e400")},
				"expiry too long":       {"exp": json.RawMessage(strings.Repeat("9", 400))},
				"audience missing":      {"aud": nil, "client_id": nil},
				"audience empty":        {"aud": "", "client_id": ""},
				"audience nobody":       {"aud": "nobody", "client_id": "nobody"},
			} {
				if r.takes(f.sign(k, k.header(r.typ), altered(t, payload, change))) {
					t.Errorf("%s: taken", name)
				}
			}
			if r.typ == keys.TypeAccessToken {
				for name, change := range map[string]map[string]any{
					"expired":          {"exp": time.Now().Add(-time.Second).Unix()},
					"no grant's name":  {"jti": nil},
					"another grant":    {"jti": strings.Repeat("A", 54)},
					"a shorter name":   {"jti": m.claimsText(payload, "jti")[:40]},
					"another client's": {"client_id": "wiki"},
					"somebody else's":  {"sub": string(m.subject(t, "lisi"))},
				} {
					if r.takes(f.sign(k, k.header(r.typ), altered(t, payload, change))) {
						t.Errorf("%s: taken", name)
					}
				}
			}
			if !r.takes(f.sign(k, k.header(r.typ), payload)) {
				t.Error("the payload as it was is not taken")
			}
		})
	}
}

func (m *matrix) claimsText(payload, name string) string {
	m.t.Helper()
	var claims map[string]any
	if err := json.Unmarshal([]byte(payload), &claims); err != nil {
		m.t.Fatal(err)
	}
	text, _ := claims[name].(string)
	return text
}

// altered is a payload with some claims changed; nil takes one away.
func altered(t *testing.T, payload string, change map[string]any) string {
	t.Helper()
	var claims map[string]any
	if err := json.Unmarshal([]byte(payload), &claims); err != nil {
		t.Fatal(err)
	}
	for name, value := range change {
		if value == nil {
			delete(claims, name)
		} else {
			claims[name] = value
		}
	}
	b, err := json.Marshal(claims)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
