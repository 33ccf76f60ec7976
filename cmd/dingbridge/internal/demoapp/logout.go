package demoapp

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
)

// logout ends the app's session. The provider's goes on.
func (s *side) logout(w http.ResponseWriter, r *http.Request) {
	if current := s.current(r); current != nil {
		s.sessions.end(current.id)
	}
	s.give(w, nil)
	http.Redirect(w, r, s.path+"/", http.StatusSeeOther)
}

// signOut ends the app's session and then sends the browser to the provider to end
// that one too (OpenID Connect RP-Initiated Logout section 2). The ID token goes with
// it as the hint: without one the provider would have to ask the person, because any
// page on the web can send a browser there.
func (s *side) signOut(w http.ResponseWriter, r *http.Request) {
	l := s.shown(r)
	if l == nil {
		http.Redirect(w, r, s.path+"/", http.StatusSeeOther)
		return
	}
	endpoint, err := s.endSessionEndpoint(r.Context())
	if err != nil {
		s.failLogout(w, http.StatusBadGateway, err)
		return
	}
	if current := s.current(r); current != nil {
		s.sessions.end(current.id)
	}
	fresh, _ := s.sessions.start(nil)
	begun := pending{state: rand.Text(), logout: true, began: time.Now()}
	fresh.begin(begun)
	s.give(w, fresh)
	q := endpoint.Query()
	q.Set("id_token_hint", l.hint)
	q.Set("post_logout_redirect_uri", s.goodbye())
	q.Set("state", begun.state)
	endpoint.RawQuery = q.Encode()
	http.Redirect(w, r, endpoint.String(), http.StatusSeeOther)
}

// endSessionEndpoint is where the provider's metadata says that a session is ended.
func (s *side) endSessionEndpoint(ctx context.Context) (*url.URL, error) {
	p, err := s.app.discover(ctx)
	if err != nil {
		return nil, err
	}
	var metadata struct {
		EndSession string `json:"end_session_endpoint"`
	}
	if err := p.Claims(&metadata); err != nil {
		return nil, fmt.Errorf("reading the provider's metadata: %w", err)
	}
	endpoint, err := url.Parse(metadata.EndSession)
	if err != nil || endpoint.Host == "" {
		return nil, errors.New("the provider's metadata has no end_session_endpoint")
	}
	return endpoint, nil
}

// signedOut is where the browser comes back from the provider (section 3).
func (s *side) signedOut(w http.ResponseWriter, r *http.Request) {
	current := s.current(r)
	if current == nil {
		s.failLogout(w, http.StatusBadRequest, errors.New("this browser has begun no logout here"))
		return
	}
	if _, ok := current.take(r.URL.Query().Get("state"), true); !ok {
		s.failLogout(w, http.StatusBadRequest, errors.New("the state is of no logout under way in this browser"))
		return
	}
	current.mu.Lock()
	current.left = leftHere
	current.mu.Unlock()
	http.Redirect(w, r, s.path+"/", http.StatusSeeOther)
}

// backchannel takes the provider's notice that a session has ended (OpenID Connect
// Back-Channel Logout section 2.5). It is the provider's own request, not a browser's:
// it has no cookie and no Origin, and all its worth is in the token.
func (s *side) backchannel(w http.ResponseWriter, r *http.Request) {
	p, err := s.app.discover(r.Context())
	if err != nil {
		s.app.log.Warn("demo app: a notice of a logout", "client_id", s.client.ID, "error", err)
		http.Error(w, "the provider's keys are not known", http.StatusServiceUnavailable) // it will try again
		return
	}
	token, err := verifyLogout(r.Context(), p, s.client.ID, r.PostFormValue("logout_token"))
	if err == nil && !s.sessions.hear(token.TokenID) {
		err = errors.New("its jti was here before")
	}
	if err != nil {
		s.app.log.Warn("demo app: a notice of a logout is refused", "client_id", s.client.ID, "error", err)
		http.Error(w, "not a logout token for this app", http.StatusBadRequest)
		return
	}
	ended := s.sessions.leave(token.SessionID, token.Subject)
	s.app.log.Info("demo app: told of a logout", "client_id", s.client.ID, "sid", token.SessionID, "sessions", ended)
	w.WriteHeader(http.StatusOK)
}

// maxAge is how long after it was made a logout token is taken, and skew by how much
// the provider's clock may be ahead.
const (
	maxAge = 5 * time.Minute
	skew   = time.Minute
)

// verifyLogout checks a logout token as section 2.6 says, save that it was not here
// before. The library checks signature, iss, aud, exp, jti, the event, that there is a
// sub or a sid, and that there is no nonce; the rest is here.
func verifyLogout(ctx context.Context, p *oidc.Provider, clientID, raw string) (*oidc.LogoutToken, error) {
	token, err := p.Verifier(&oidc.Config{ClientID: clientID}).VerifyLogout(ctx, raw)
	if err != nil {
		return nil, fmt.Errorf("verifying the logout token: %w", err)
	}
	if typ, err := tokenType(raw); err != nil || typ != "logout+jwt" {
		return nil, fmt.Errorf("verifying the logout token: its typ is %q", typ)
	}
	var payload struct {
		Events map[string]map[string]any `json:"events"`
	}
	if err := token.Claims(&payload); err != nil || payload.Events["http://schemas.openid.net/event/backchannel-logout"] == nil {
		return nil, errors.New("verifying the logout token: its event is no object")
	}
	if age := time.Since(token.IssuedAt); age > maxAge || age < -skew {
		return nil, errors.New("verifying the logout token: its iat is not of now")
	}
	return token, nil
}
