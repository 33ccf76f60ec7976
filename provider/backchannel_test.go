package provider_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"

	"github.com/dingbridge/dingbridge/provider/audit"
	"github.com/dingbridge/dingbridge/provider/clients"
	"github.com/dingbridge/dingbridge/provider/pages"
)

// relyingParty is an app with a session of its own, and with a receiver for notices of
// logouts on loopback.
type relyingParty struct {
	id       string
	notices  chan string // logout tokens
	hold     chan struct{}
	receiver *httptest.Server
}

func party(t *testing.T, id string) *relyingParty {
	t.Helper()
	p := &relyingParty{id: id, notices: make(chan string, 100), hold: make(chan struct{})}
	close(p.hold)
	p.receiver = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.notices <- r.PostFormValue("logout_token")
		<-p.hold
	}))
	t.Cleanup(p.receiver.Close)
	return p
}

// hangs makes the receiver answer nothing until the test ends, or release is called.
func (p *relyingParty) hangs(t *testing.T) (release func()) {
	hold := make(chan struct{})
	p.hold = hold
	t.Cleanup(func() {
		select {
		case <-hold:
		default:
			close(hold)
		}
	})
	return func() { close(hold) }
}

func (p *relyingParty) callback() string { return "https://" + p.id + ".example.com/cb" }

// registered adds the parties to the clients of a house.
func registered(parties ...*relyingParty) option {
	return func(design *plan) {
		for i, p := range parties {
			alg := []string{"RS256", "ES256"}[i%2]
			design.specs = append(design.specs, clients.Spec{
				ID: p.id, Name: p.id, SecretHash: clients.HashSecret(testSecret), RedirectURIs: []string{p.callback()},
				PostLogoutRedirectURIs: []string{p.callback() + "/bye"}, IDTokenSignedResponseAlg: alg, Allow: clients.Allow{Everyone: true},
				BackchannelLogoutURI: p.receiver.URL + "/logout", BackchannelLogoutNetworks: []string{"127.0.0.0/8"},
			})
		}
	}
}

// enters logs the browser's person into the party, and returns the ID token.
func (p *relyingParty) enters(h *house, b *browser) string {
	h.t.Helper()
	code := h.login(b, "client_id", p.id, "redirect_uri", p.callback(), "scope", "openid profile")
	r := h.call("/token", p.id, testSecret, url.Values{"grant_type": {"authorization_code"}, "code": {code},
		"redirect_uri": {p.callback()}, "code_verifier": {testVerifier}})
	if r.text("id_token") == "" {
		h.t.Fatalf("%s has no ID token: %d %s", p.id, r.status, r.body)
	}
	return r.text("id_token")
}

// told waits for a notice, and returns its claims once another library has verified it
// with the keys that we publish.
func (p *relyingParty) told(h *house) map[string]any {
	h.t.Helper()
	var token string
	select {
	case token = <-p.notices:
	case <-time.After(time.Minute):
		h.t.Fatalf("%s was not told; audited %v", p.id, h.events.take())
	}
	payload, err := oidc.NewRemoteKeySet(h.t.Context(), h.issuer+"/jwks").VerifySignature(h.t.Context(), token)
	if err != nil {
		h.t.Fatalf("logout token of %s: %v", p.id, err)
	}
	var claims map[string]any
	if err := json.Unmarshal(payload, &claims); err != nil {
		h.t.Fatal(err)
	}
	claims[".typ"] = part(h.t, token, 0)["typ"]
	claims[".alg"] = part(h.t, token, 0)["alg"]
	return claims
}

// part decodes the header (0) or the claims (1) of a token.
func part(t *testing.T, token string, index int) map[string]any {
	t.Helper()
	var members map[string]any
	b, err := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[index])
	if err == nil {
		err = json.Unmarshal(b, &members)
	}
	if err != nil {
		t.Fatal(err)
	}
	return members
}

// wantNotice holds a notice to be about the session of the ID token.
func wantNotice(t *testing.T, claims map[string]any, idToken string) {
	t.Helper()
	id, header := part(t, idToken, 1), part(t, idToken, 0)
	for _, name := range []string{"iss", "aud", "sub", "sid"} {
		if claims[name] == nil || claims[name] != id[name] {
			t.Errorf("%s is %v in the logout token and %v in the ID token", name, claims[name], id[name])
		}
	}
	events, _ := claims["events"].(map[string]any)
	member, ok := events["http://schemas.openid.net/event/backchannel-logout"].(map[string]any)
	iat, _ := claims["iat"].(float64)
	exp, _ := claims["exp"].(float64)
	if claims[".typ"] != "logout+jwt" || claims[".alg"] != header["alg"] || claims["nonce"] != nil || claims["jti"] == nil ||
		!ok || len(events) != 1 || len(member) != 0 || exp-iat != 120 {
		t.Errorf("logout token %v", claims)
	}
}

// await waits until an event of the client was recorded.
func (e *events) await(name audit.Name, client string) audit.Event {
	e.t.Helper()
	for range 6000 {
		e.mu.Lock()
		at := slices.IndexFunc(e.list, func(event audit.Event) bool { return event.Name == name && event.ClientID == client })
		if at >= 0 {
			defer e.mu.Unlock()
			return e.list[at]
		}
		e.mu.Unlock()
		time.Sleep(10 * time.Millisecond)
	}
	e.t.Fatalf("no %s of %s: %v", name, client, e.take())
	return audit.Event{}
}

// TestH14_Backchannel_OneSessionManyApps: three apps through one session, a logout in one
// reaches all three, each with a token of its own; another session of the same person
// goes on, and its apps hear nothing.
//
// proves: back-channel logout | OpenID Connect Back-Channel Logout 1.0 sections 2.4, 2.5
func TestH14_Backchannel_OneSessionManyApps(t *testing.T) {
	one, two, three, other := party(t, "one"), party(t, "two"), party(t, "three"), party(t, "other")
	h := build(t, registered(one, two, three, other))
	here, elsewhere := h.browser(), h.browser()
	tokens := map[*relyingParty]string{one: one.enters(h, here), two: two.enters(h, here), three: three.enters(h, here)}
	aside := other.enters(h, elsewhere)
	again := one.enters(h, elsewhere)
	h.events.take()

	p := here.get(h.logout("id_token_hint", tokens[one], "post_logout_redirect_uri", one.callback()+"/bye", "state", "s"))
	if p.location != one.callback()+"/bye?state=s" {
		t.Fatalf("%d %q %s", p.status, p.location, p.kind())
	}
	jtis := map[any]bool{}
	for party, idToken := range tokens {
		claims := party.told(h)
		wantNotice(t, claims, idToken)
		jtis[claims["jti"]] = true
		e := h.events.await(audit.BackchannelDelivered, party.id)
		if e.RequestID != p.header.Get("X-Request-Id") || e.Subject != claims["sub"] || e.SessionID != claims["sid"] || e.Count != 1 {
			t.Errorf("audited %+v", e)
		}
	}
	if len(jtis) != 3 {
		t.Errorf("%d jtis for three notices", len(jtis))
	}
	if err := h.provider.Finish(t.Context()); err != nil {
		t.Error(err)
	}
	for _, party := range []*relyingParty{one, two, three, other} {
		if n := len(party.notices); n != 0 {
			t.Errorf("%s was told %d times too often", party.id, n)
		}
	}

	// The other session had lived on: its end is told with its own sid.
	h.goes(elsewhere)
	wantNotice(t, other.told(h), aside)
	wantNotice(t, one.told(h), again)
}

// TestH14_Backchannel_SignOutEverywhere: the apps of all of a person's sessions are told,
// each of its own session; those of other people are not.
func TestH14_Backchannel_SignOutEverywhere(t *testing.T) {
	one, two, theirs := party(t, "one"), party(t, "two"), party(t, "theirs")
	h := build(t, registered(one, two, theirs))
	phone, desk, colleague := h.browser(), h.browser(), h.browser()
	onPhone, onDesk, alsoDesk := one.enters(h, phone), one.enters(h, desk), two.enters(h, desk)
	h.as("lisi")
	theirs.enters(h, colleague)
	if p := h.press(phone, phone.get(h.logout()), "everywhere"); p.kind() != string(pages.SignedOutEverywhere) {
		t.Fatalf("%d %s", p.status, p.kind())
	}
	wantNotice(t, two.told(h), alsoDesk)
	first, second := one.told(h), one.told(h)
	if first["sid"] == part(t, onDesk, 1)["sid"] {
		first, second = second, first
	}
	wantNotice(t, first, onPhone)
	wantNotice(t, second, onDesk)
	if err := h.provider.Finish(t.Context()); err != nil {
		t.Error(err)
	}
	if len(one.notices)+len(two.notices)+len(theirs.notices) != 0 {
		t.Errorf("told too often: %d, %d, and %d to somebody else", len(one.notices), len(two.notices), len(theirs.notices))
	}
}

// TestH14_Backchannel_ADeadReceiverDelaysNobody: the browser is answered, and the other app
// told, while one receiver hangs and another has nobody who listens. Finish waits for
// the one that hangs.
func TestH14_Backchannel_ADeadReceiverDelaysNobody(t *testing.T) {
	hanging, dead, good := party(t, "hanging"), party(t, "dead"), party(t, "good")
	release := hanging.hangs(t)
	dead.receiver.Close()
	h := build(t, registered(hanging, dead, good))
	b := h.browser()
	hanging.enters(h, b)
	dead.enters(h, b)
	idToken := good.enters(h, b)
	h.goes(b)
	wantNotice(t, good.told(h), idToken)
	hanging.told(h) // it has come, and has no answer
	e := h.events.await(audit.BackchannelRetried, "dead")
	if e.Reason != "unreachable" || e.Err == nil {
		t.Errorf("audited %+v", e)
	}
	if h.events.has(audit.BackchannelFailed, "") {
		t.Error("a notice has failed for good")
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	release()
	h.events.await(audit.BackchannelDelivered, "hanging")
	if err := h.provider.Finish(ended); err == nil {
		t.Error("Finish did not wait for the one that is tried again")
	}
	if e := h.events.await(audit.BackchannelDropped, "dead"); e.Reason != "shutdown" {
		t.Errorf("audited %+v", e)
	}
}

// TestBackchannel_AnAppThatWasNotEnteredIsNotTold, though it has a receiver: nor is one
// that has none, nor a stranger to the session who shows a hint of it.
func TestBackchannel_AnAppThatWasNotEnteredIsNotTold(t *testing.T) {
	entered, never := party(t, "entered"), party(t, "never")
	h := build(t, registered(entered, never))
	b, stranger := h.browser(), h.browser()
	idToken := entered.enters(h, b)
	h.login(b) // "app" has no receiver
	stranger.get(h.logout("id_token_hint", idToken))
	if err := h.provider.Finish(t.Context()); err != nil || len(entered.notices) != 0 {
		t.Fatalf("a stranger's request was told of: %v, %d", err, len(entered.notices))
	}
	h.goes(b)
	wantNotice(t, entered.told(h), idToken)
	if err := h.provider.Finish(t.Context()); err != nil || len(never.notices)+len(entered.notices) != 0 {
		t.Errorf("%v; %d and %d more notices", err, len(never.notices), len(entered.notices))
	}
	if e := h.events.await(audit.SessionEnded, ""); e.Count != 1 {
		t.Errorf("audited %+v", e)
	}
}

// TestThreat_ALogoutTokenIsNoHint: what an app was sent to be told of a logout neither
// logs anybody out nor opens anything.
//
// proves: one kind of JWT is never taken for another | RFC 8725 section 3.12, Back-Channel Logout section 4
func TestThreat_ALogoutTokenIsNoHint(t *testing.T) {
	one := party(t, "one")
	h := build(t, registered(one))
	b := h.browser()
	one.enters(h, b)
	h.goes(b)
	var token string
	select {
	case token = <-one.notices:
	case <-time.After(time.Minute):
		t.Fatal("not told")
	}
	one.enters(h, b)
	p := b.get(h.logout("id_token_hint", token))
	wantPage(t, p, http.StatusBadRequest, pages.InvalidLogout)
	if p := b.get(h.authorization("prompt", "none", "id_token_hint", token)); answer(t, p).Get("error") != "invalid_request" {
		t.Errorf("authorize: %s", p.location)
	}
	if r := h.userinfo(token); r.status != http.StatusUnauthorized {
		t.Errorf("userinfo: %d", r.status)
	}
	if strings.Contains(h.logs.String(), token) || strings.Contains(fmt.Sprint(h.events.take()), token) {
		t.Error("the token was logged")
	}
}
