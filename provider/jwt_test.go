package provider_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// A reader is a place where the provider reads a JWT that it wrote itself.
type reader struct {
	name    string
	genuine string // the token that it takes
	takes   func(token string) bool
}

// readers are all places that read a JWT, or that could be talked into it.
func (m *matrix) readers() []reader {
	tokens := m.exchange(m.code())
	id := tokens.text("id_token")
	es := m.call("/token", "es", testSecret, codeForm(m.code("client_id", "es"))).text("id_token")
	var list []reader
	for alg, token := range map[string]string{"RS256": id, "ES256": es} {
		list = append(list,
			reader{"userinfo, ID token " + alg, token, m.opensUserinfo},
			reader{"introspection, ID token " + alg, token, func(token string) bool {
				return m.call("/introspect", "app", testSecret, url.Values{"token": {token}}).json["active"] == true
			}},
			reader{"revocation, ID token " + alg, token, func(token string) bool {
				m.call("/revoke", "app", testSecret, url.Values{"token": {token}})
				return m.userinfo(tokens.text("access_token")).status != http.StatusOK
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
func TestThreat_ForeignJWTs(t *testing.T) {
	m := newMatrix(t)
	f := newForger(t, m.house)
	for _, r := range m.readers() {
		t.Run(r.name, func(t *testing.T) {
			forgeries := f.foreign(r.genuine)
			if len(forgeries) < 55 {
				t.Errorf("only %d forgeries", len(forgeries))
			}
			m.t, m.house.t, f.t = t, t, t
			for name, token := range forgeries {
				if token == r.genuine {
					t.Errorf("%s: the forgery is the token itself", name)
				}
				if r.takes(token) {
					t.Errorf("%s is taken", name)
				}
			}
		})
	}
}
