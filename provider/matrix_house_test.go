package provider_test

import (
	"cmp"
	"encoding/json"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/dingbridge/dingbridge/keys"
	"github.com/dingbridge/dingbridge/provider/clients"
	"github.com/dingbridge/dingbridge/provider/login"
	"github.com/dingbridge/dingbridge/provider/pages"
	"github.com/dingbridge/dingbridge/provider/pushed"
	"github.com/dingbridge/dingbridge/storage"
)

func newMatrix(t *testing.T) *matrix {
	t.Helper()
	var upstream login.Upstream
	h := build(t, withDevices, func(p *plan) {
		more := []clients.Spec{
			{ID: "jwt", AccessToken: "jwt", Audiences: []string{"api"}, RedirectURIs: []string{appCallback}, PostLogoutRedirectURIs: []string{appGoodbye}},
			{ID: "jwtes", AccessToken: "jwt", IDTokenSignedResponseAlg: "ES256", RedirectURIs: []string{appCallback}, PostLogoutRedirectURIs: []string{appGoodbye}},
			{ID: "stranger", ResourceServer: true, RedirectURIs: []string{"https://stranger.example.com/cb"}},
		}
		for _, spec := range more {
			spec.SecretHash, spec.Allow = clients.HashSecret(testSecret), clients.Allow{Everyone: true}
			p.specs = append(p.specs, spec)
		}
		// A client beside them all, for an organisation that offers every way.
		ways := clients.Spec{ID: "ways", SecretHash: clients.HashSecret(testSecret), RedirectURIs: []string{appCallback}, Organisations: []string{secondCorp}, Allow: clients.Allow{Everyone: true}}
		secondCompany(t, p)
		p.Organisations[0].Ways, upstream = everyWay, p.Organisations[0].Upstream
		for i := range p.specs {
			p.specs[i].Organisations = []string{firstCorp}
		}
		p.specs = append(p.specs, ways)
	})
	ring, err := keys.Open(t.Context(), keys.Config{Store: h.store, Secrets: h.secrets})
	if err != nil {
		t.Fatal(err)
	}
	return &matrix{house: h, t: t, browser: h.browser(), ring: ring, ways: upstream}
}

// entrance is a state of a login of the client that offers every way, with the code that
// belongs to it, in a browser of its own.
func (m *matrix) entrance(way string) artefact {
	m.t.Helper()
	b := m.house.browser()
	a := artefact{value: m.statesOf(b, "client_id", "ways")[way], client: "ways", browser: b, with: url.Values{}}
	if kind := kindOfWay[way]; kind != "" {
		a.with.Set("authCode", m.someCode(m.ways, kind))
	}
	return a
}

// before is the browser that a state was made in, or one with a login of its own.
func (m *matrix) before(a artefact, caller string) *browser {
	m.t.Helper()
	if caller == "own" && a.browser != nil {
		return a.browser
	}
	b := m.house.browser()
	m.arrive(b)
	return b
}

// shows tells whether a state is let in to a page between the app and DingTalk.
func (m *matrix) shows(a artefact, caller, path string, kind pages.Kind) bool {
	m.t.Helper()
	return m.before(a, caller).get(m.issuer+path+"?"+url.Values{"state": {a.value}}.Encode()).kind() == string(kind)
}

// takes tells whether a code is taken by a way, in a browser that goes it.
func (m *matrix) takes(a artefact, way string) bool {
	m.t.Helper()
	e := m.entrance(way)
	if way == "inapp" {
		return strings.HasPrefix(m.handIn(e.browser, e.value, a.value).location, appCallback)
	}
	return strings.HasPrefix(m.back(e.browser, e.value, a.value).location, appCallback)
}

// loggedIn is the browser of the matrix, with a session.
func (m *matrix) loggedIn() *browser {
	m.t.Helper()
	if !m.in(m.browser) {
		m.login(m.browser)
	}
	return m.browser
}

// at is the browser of a caller, and what a form of ours is about: what the piece came
// with, or else what this very browser is shown.
func (m *matrix) at(a artefact, caller, form string) (*browser, string) {
	m.t.Helper()
	b := m.house.browser()
	if caller == "own" {
		b = m.loggedIn()
	} else if caller == "other" {
		m.login(b)
	}
	if request := a.with.Get("request"); request != "" || caller == "nobody" {
		return b, request
	}
	return b, m.form(b.get(form)).with.Get("request")
}

// form is what a form of ours posts.
func (m *matrix) form(p page) artefact {
	m.t.Helper()
	fields := hidden(m.t, p)
	if fields.Get("ticket") == "" || fields.Get("request") == "" {
		m.t.Fatalf("no form: %d %s", p.status, p.kind())
	}
	return artefact{value: fields.Get("ticket"), with: fields, browser: m.browser}
}

func (a artefact) clientID() string { return cmp.Or(a.client, "app") }

func (m *matrix) pushed() *pushed.Requests {
	return pushed.New(pushed.Config{Store: m.store, Secrets: m.secrets})
}

func (m *matrix) stored(reference string, op *storage.Op, err error) string {
	m.t.Helper()
	if err == nil {
		err = m.store.Together(m.t.Context(), op)
	}
	if err != nil {
		m.t.Fatal(err)
	}
	return reference
}

// code is a new code, from the session if there is one.
func (m *matrix) code(pairs ...string) string {
	m.t.Helper()
	return m.login(m.browser, pairs...)
}

// signed is a token that the ring signs, about the person and the client, fresh.
func (m *matrix) signed(typ string, more map[string]any) artefact {
	m.t.Helper()
	tokens := m.exchange(m.code())
	claims := m.claimsOf(tokens.text("id_token"), "app")
	claims["exp"], claims["jti"] = time.Now().Add(time.Minute).Unix(), "AAAAAAAAAAAAAAAAAAAAAA"
	delete(claims, "nonce")
	for name, value := range more {
		claims[name] = value
	}
	payload, err := json.Marshal(claims)
	if err != nil {
		m.t.Fatal(err)
	}
	token, err := m.ring.Sign(keys.RS256, typ, payload)
	if err != nil {
		m.t.Fatal(err)
	}
	return artefact{value: token, probe: tokens.text("access_token")}
}

// as posts a form as one of the callers.
func (m *matrix) as(a artefact, path, caller string, form url.Values) reply {
	m.t.Helper()
	switch caller {
	case "own":
		return m.call(path, a.clientID(), testSecret, form)
	case "other":
		return m.call(path, "wiki", testSecret, form)
	case "server":
		return m.call(path, "api", testSecret, form)
	case "stranger":
		return m.call(path, "stranger", testSecret, form)
	case "public":
		return m.call(path, "spa", "", form)
	}
	return m.raw("POST", path, formType, "", form.Encode())
}

func mustURL(t *testing.T, raw string) *url.URL {
	t.Helper()
	u, err := url.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	return u
}
