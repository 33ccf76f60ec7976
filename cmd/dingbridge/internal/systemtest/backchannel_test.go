package systemtest

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"

	"github.com/dingbridge/dingbridge/provider/clients"
	"github.com/dingbridge/dingbridge/storage/storagetest"
)

// A notice is a logout token, and when it came.
type notice struct {
	token string
	at    time.Time
}

// listener starts an app's receiver of notices. It keeps each, then answers as it likes.
func listener(t *testing.T, answer http.HandlerFunc) (address string, notices chan notice) {
	t.Helper()
	notices = make(chan notice, 1000)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		notices <- notice{r.PostFormValue("logout_token"), time.Now()}
		if answer != nil {
			answer(w, r)
		}
	}))
	t.Cleanup(s.Close)
	return s.URL + "/logout", notices
}

// untouched is an address at which nothing may arrive.
func untouched(t *testing.T) (port string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			t.Errorf("somebody connected to %s", l.Addr())
			c.Close()
		}
	}()
	_, port, _ = net.SplitHostPort(l.Addr().String())
	return port
}

// listening registers clients that are told of logouts, beside the world's own.
func (w *world) listening(at map[string]string, networks string) {
	w.t.Helper()
	text := w.clientsYAML()
	for id, address := range at {
		secret, hash := clients.GenerateSecret()
		w.clients[id] = secret
		alg := "RS256"
		if id == "two" {
			alg = "ES256"
		}
		within := networks
		if id == "forbidden" {
			within = ""
		}
		text += fmt.Sprintf("  - {id: %s, redirect_uris: [%q], post_logout_redirect_uris: [%q], secret_hash: %q, allow: everyone, id_token_signed_response_alg: %s, backchannel_logout_uri: %q%s}\n",
			id, w.app(id).redirect, w.app(id).redirect+"/bye", hash, alg, address, within)
	}
	w.write("clients.yaml", text)
}

// enter logs a person into an app and returns the ID token.
func (w *world) enter(p *person, a app) string {
	w.t.Helper()
	code, err := p.login(w.t.Context(), w, a, "scope", "openid")
	if err != nil {
		w.t.Fatalf("%s: %v", a.id, err)
	}
	tokens := a.redeem(w.t.Context(), w.issuer, code)
	if tokens.text("id_token") == "" {
		w.t.Fatalf("%s: %v", a.id, tokens)
	}
	return tokens.text("id_token")
}

// leave logs a person out by an app's request, and returns when that was sent.
func (w *world) leave(p *person, a app, idToken string) time.Time {
	w.t.Helper()
	sent := time.Now()
	s, err := p.get(w.t.Context(), w.issuer+"/end_session?"+url.Values{"id_token_hint": {idToken},
		"post_logout_redirect_uri": {a.redirect + "/bye"}, "state": {"gone"}}.Encode())
	if err != nil || s.location != a.redirect+"/bye?state=gone" {
		w.t.Fatalf("logout: %v, %d %q", err, s.status, s.location)
	}
	return sent
}

func come(t *testing.T, from chan notice) notice {
	t.Helper()
	select {
	case n := <-from:
		return n
	case <-time.After(patience):
		t.Fatal("no notice came")
		return notice{}
	}
}

// wantLogoutToken verifies a logout token as section 2.6 of OpenID Connect Back-Channel
// Logout 1.0 says, by another library and what it leaves to its caller.
func wantLogoutToken(t *testing.T, w *world, client, alg, token, idToken string) {
	t.Helper()
	ctx := oidc.ClientContext(t.Context(), &http.Client{Transport: wires, Timeout: patience})
	op, err := oidc.NewProvider(ctx, w.issuer)
	if err != nil {
		t.Fatal(err)
	}
	verified, err := op.Verifier(&oidc.Config{ClientID: client, SupportedSigningAlgs: []string{alg}}).Verify(ctx, token)
	if err != nil {
		t.Fatalf("logout token of %s: %v", client, err)
	}
	var header, claims, id map[string]any
	for _, from := range []struct {
		token string
		part  int
		into  *map[string]any
	}{{token, 0, &header}, {token, 1, &claims}, {idToken, 1, &id}} {
		b, err := base64.RawURLEncoding.DecodeString(strings.Split(from.token, ".")[from.part])
		if err != nil || json.Unmarshal(b, from.into) != nil {
			t.Fatalf("not a JWT: %.20s…", from.token)
		}
	}
	names := make([]string, 0, len(claims))
	for name := range claims {
		names = append(names, name)
	}
	slices.Sort(names)
	if got := strings.Join(names, " "); got != "aud events exp iat iss jti sid sub" {
		t.Errorf("claims %s", got)
	}
	events, _ := claims["events"].(map[string]any)
	member, ok := events["http://schemas.openid.net/event/backchannel-logout"].(map[string]any)
	switch {
	case header["typ"] != "logout+jwt":
		t.Errorf("typ %v", header["typ"])
	case !ok || len(member) != 0 || len(events) != 1:
		t.Errorf("events %v", claims["events"])
	case claims["sid"] == nil || claims["sid"] != id["sid"] || claims["sub"] != id["sub"]:
		t.Errorf("sid %v and sub %v, in the ID token %v and %v", claims["sid"], claims["sub"], id["sid"], id["sub"])
	case verified.Expiry.Sub(verified.IssuedAt) != 2*time.Minute || time.Since(verified.IssuedAt).Abs() > patience:
		t.Errorf("issued at %v, good until %v", verified.IssuedAt, verified.Expiry)
	case len(claims["jti"].(string)) < 22:
		t.Errorf("jti %v", claims["jti"])
	}
}

// audited waits for an audit event about a client, with a reason if it is not empty.
func audited(t *testing.T, w *world, event, client, reason string) map[string]any {
	t.Helper()
	for give := time.Now().Add(patience); time.Now().Before(give); time.Sleep(20 * time.Millisecond) {
		for line := range strings.Lines(w.logs()) {
			var e map[string]any
			if json.Unmarshal([]byte(line), &e) == nil && e["event"] == event && e["client_id"] == client && (reason == "" || e["reason"] == reason) {
				return e
			}
		}
	}
	t.Fatalf("no %s of %s (%s) in the log:\n%s", event, client, reason, w.logs())
	return nil
}

// TestE10_ALogoutReachesTheOtherApp: two apps through one session of one browser; a
// logout in one reaches the other. How long that takes is printed.
func TestE10_ALogoutReachesTheOtherApp(t *testing.T) {
	onEachStorage(t, func(t *testing.T, s setting, _ *storagetest.Redis) {
		one, toOne := listener(t, nil)
		two, toTwo := listener(t, nil)
		s.as = "zhangsan"
		w := newWorld(t, s)
		w.listening(map[string]string{"one": one, "two": two}, ", backchannel_logout_networks: [127.0.0.1]")
		w.serve()
		var took []time.Duration
		for range rounds(20) {
			p := newPerson()
			here, there := w.enter(p, w.app("one")), w.enter(p, w.app("two"))
			sent := w.leave(p, w.app("one"), here)
			n := come(t, toTwo)
			took = append(took, n.at.Sub(sent))
			wantLogoutToken(t, w, "two", "ES256", n.token, there)
			wantLogoutToken(t, w, "one", "RS256", come(t, toOne).token, here)
			if s, err := p.get(t.Context(), w.authorization(w.app("two"), "prompt", "none")); err != nil || !strings.Contains(s.location, "error=login_required") {
				t.Fatalf("after the logout: %v, %d %q", err, s.status, s.location)
			}
		}
		e := audited(t, w, "backchannel.delivered", "two", "")
		if e["count"] != 1.0 || e["request_id"] == nil || e["session"] == nil || e["sub"] == nil || e["duration_ms"] == nil {
			t.Errorf("audited %v", e)
		}
		slices.Sort(took)
		t.Logf("from the logout request in one app to the notice at the other, %d times: fastest %v, median %v, slowest %v",
			len(took), took[0], took[len(took)/2], took[len(took)-1])
	})
}

// TestE10_BadReceiversHurtNobody: with apps in the same session whose receivers hang,
// redirect, answer 500 and have a forbidden address, the browser is answered, the good
// app is told while the one that hangs still does, and the audit trail says what became
// of each.
func TestE10_BadReceiversHurtNobody(t *testing.T) {
	t.Parallel() // it mostly waits
	redis := storagetest.StartRedis(t)
	hold := make(chan struct{})
	hangs, toHangs := listener(t, func(http.ResponseWriter, *http.Request) { <-hold })
	defer close(hold) // before the receiver is closed
	trap := untouched(t)
	var redirected atomic.Int32
	var seen sync.Map // tokens; the first showing of each fails
	redirects, _ := listener(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Location", []string{"http://169.254.169.254/latest/meta-data", "http://127.0.0.1:" + trap + "/"}[redirected.Add(1)%2])
		w.WriteHeader(http.StatusTemporaryRedirect)
	})
	fails, toFails := listener(t, func(w http.ResponseWriter, r *http.Request) {
		if _, again := seen.LoadOrStore(r.PostFormValue("logout_token"), true); !again {
			http.Error(w, "out of order", http.StatusInternalServerError)
		}
	})
	good, toGood := listener(t, nil)

	w := newWorld(t, setting{as: "zhangsan", storage: redis.URL})
	w.listening(map[string]string{"one": good, "hangs": hangs, "redirects": redirects, "fails": fails,
		"forbidden": "http://localhost:" + trap + "/logout"}, ", backchannel_logout_networks: [127.0.0.0/8]")
	serve := w.serve()
	for range 2 {
		p := newPerson()
		for _, id := range []string{"hangs", "redirects", "fails", "forbidden"} {
			w.enter(p, w.app(id))
		}
		idToken := w.enter(p, w.app("one"))
		w.leave(p, w.app("one"), idToken)
		wantLogoutToken(t, w, "one", "RS256", come(t, toGood).token, idToken)
	}
	come(t, toHangs)
	if first, again := come(t, toFails), come(t, toFails); first.token == "" || again.token == "" {
		t.Error("a notice without a token")
	}
	audited(t, w, "backchannel.delivered", "one", "")
	audited(t, w, "backchannel.retried", "hangs", "timeout")
	audited(t, w, "backchannel.failed", "redirects", "redirected")
	audited(t, w, "backchannel.retried", "fails", "unavailable")
	if e := audited(t, w, "backchannel.delivered", "fails", ""); e["count"] != 2.0 {
		t.Errorf("audited %v", e)
	}
	if e := audited(t, w, "backchannel.failed", "forbidden", "forbidden_address"); !strings.Contains(fmt.Sprint(e["error"]), "backchannel_logout_networks") {
		t.Errorf("audited %v", e)
	}

	// A stop does not wait for ever for the one that hangs, and says what it gave up.
	if code, err := serve.stop(); code != 0 || err != nil {
		t.Errorf("stopped with %d, %v", code, err)
	}
	audited(t, w, "backchannel.dropped", "hangs", "shutdown")
}

// TestE10_AStopDeliversFirst: a notice that is under way when the program is told to
// stop arrives, though its receiver takes its time.
func TestE10_AStopDeliversFirst(t *testing.T) {
	var told atomic.Int32
	again := make(chan struct{})
	slow, toSlow := listener(t, func(w http.ResponseWriter, r *http.Request) {
		if told.Add(1) == 1 {
			w.WriteHeader(http.StatusServiceUnavailable)
			close(again)
		}
	})
	w := newWorld(t, setting{as: "zhangsan"})
	w.listening(map[string]string{"one": slow}, ", backchannel_logout_networks: [127.0.0.0/8]")
	serve := w.serve()
	p := newPerson()
	w.leave(p, w.app("one"), w.enter(p, w.app("one")))
	<-again
	if code, err := serve.stop(); code != 0 || err != nil {
		t.Errorf("stopped with %d, %v", code, err)
	}
	if first, second := come(t, toSlow), come(t, toSlow); first.token != second.token {
		t.Error("the second try had another token")
	}
	audited(t, w, "backchannel.delivered", "one", "")
}
