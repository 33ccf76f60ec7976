package demoapp

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

// A login is what the provider said about somebody.
type login struct {
	idToken, userinfo claims
	before            claims // the ID token before the last refresh
	subject           string
	sid               string // of the provider's session
	hint              string // the newest ID token, for the logout
	refreshToken      string
	expires           time.Time // of the access token
	at                time.Time
	refreshes         int
}

// login sends the browser to the provider.
func (s *side) login(w http.ResponseWriter, r *http.Request) {
	p, err := s.app.discover(r.Context())
	if err != nil {
		s.fail(w, http.StatusBadGateway, err)
		return
	}
	current := s.current(r)
	if current == nil {
		current, _ = s.sessions.start(nil)
		s.give(w, current)
	}
	begun := pending{state: rand.Text(), nonce: rand.Text(), verifier: oauth2.GenerateVerifier(), began: time.Now()}
	current.begin(begun)
	http.Redirect(w, r, s.oauth(p).AuthCodeURL(begun.state, oidc.Nonce(begun.nonce),
		oauth2.S256ChallengeOption(begun.verifier)), http.StatusSeeOther)
}

// finish is the callback (promise D1).
func (s *side) finish(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	current := s.current(r)
	if current == nil {
		s.fail(w, http.StatusBadRequest, errors.New("this browser has begun no login here"))
		return
	}
	begun, ok := current.take(q.Get("state"), false)
	switch {
	case !ok:
		s.fail(w, http.StatusBadRequest, errors.New("the state is of no login under way in this browser"))
		return
	case q.Get("iss") != s.app.issuer: // RFC 9207: our provider always says who it is
		s.fail(w, http.StatusBadRequest, errors.New("the answer is not of the provider that was asked"))
		return
	case q.Get("error") != "":
		s.fail(w, http.StatusForbidden, refused(q.Get("error"), q.Get("error_description")))
		return
	}
	made, err := s.redeem(r.Context(), q.Get("code"), begun)
	if err != nil {
		s.fail(w, http.StatusBadGateway, err)
		return
	}
	// A new id, so that a cookie known before the login is worth nothing after it.
	s.sessions.end(current.id)
	fresh, ok := s.sessions.start(made)
	if !ok {
		s.give(w, nil)
		s.fail(w, http.StatusForbidden, errors.New("the provider has ended this login meanwhile"))
		return
	}
	s.give(w, fresh)
	http.Redirect(w, r, s.path+"/", http.StatusSeeOther)
}

func (s *side) redeem(ctx context.Context, code string, begun pending) (*login, error) {
	p, err := s.app.discover(ctx)
	if err != nil {
		return nil, err
	}
	ctx = oidc.ClientContext(ctx, s.app.http)
	token, err := s.oauth(p).Exchange(ctx, code, oauth2.VerifierOption(begun.verifier))
	if err != nil {
		return nil, fmt.Errorf("redeeming the code: %w", plain(err))
	}
	return s.read(ctx, p, token, begun.nonce)
}

// read verifies the ID token and asks for userinfo. nonce is empty after a refresh.
func (s *side) read(ctx context.Context, p *oidc.Provider, token *oauth2.Token, nonce string) (*login, error) {
	raw, _ := token.Extra("id_token").(string)
	id, err := p.Verifier(&oidc.Config{ClientID: s.client.ID}).Verify(ctx, raw)
	if err != nil {
		return nil, fmt.Errorf("verifying the ID token: %w", err)
	}
	if nonce != "" && subtle.ConstantTimeCompare([]byte(id.Nonce), []byte(nonce)) != 1 {
		return nil, errors.New("verifying the ID token: it has another nonce")
	}
	if id.AccessTokenHash != "" {
		if err := id.VerifyAccessToken(token.AccessToken); err != nil {
			return nil, fmt.Errorf("verifying at_hash: %w", err)
		}
	}
	info, err := p.UserInfo(ctx, oauth2.StaticTokenSource(token))
	if err != nil {
		return nil, fmt.Errorf("asking for userinfo: %w", err)
	}
	if info.Subject != id.Subject {
		return nil, errors.New("userinfo is about somebody else")
	}
	made := &login{subject: id.Subject, refreshToken: token.RefreshToken, expires: token.Expiry, at: time.Now()}
	if err := id.Claims(&made.idToken); err != nil {
		return nil, fmt.Errorf("reading the ID token: %w", err)
	}
	if err := info.Claims(&made.userinfo); err != nil {
		return nil, fmt.Errorf("reading userinfo: %w", err)
	}
	made.sid, made.hint = made.idToken.text("sid"), raw
	return made, nil
}

// refresh spends the refresh token.
func (s *side) refresh(w http.ResponseWriter, r *http.Request) {
	current := s.current(r)
	if current == nil {
		http.Redirect(w, r, s.path+"/", http.StatusSeeOther)
		return
	}
	current.mu.Lock()
	defer current.mu.Unlock()
	if current.login == nil || current.login.refreshToken == "" {
		s.fail(w, http.StatusBadRequest, errors.New("there is no refresh token"))
		return
	}
	renewed, err := s.renew(r.Context(), current.login)
	if err != nil {
		s.fail(w, http.StatusBadGateway, err)
		return
	}
	current.login = renewed
	http.Redirect(w, r, s.path+"/", http.StatusSeeOther)
}

func (s *side) renew(ctx context.Context, old *login) (*login, error) {
	p, err := s.app.discover(ctx)
	if err != nil {
		return nil, err
	}
	ctx = oidc.ClientContext(ctx, s.app.http)
	token, err := s.oauth(p).TokenSource(ctx, &oauth2.Token{RefreshToken: old.refreshToken}).Token()
	if err != nil {
		return nil, fmt.Errorf("refreshing: %w", plain(err))
	}
	renewed, err := s.read(ctx, p, token, "")
	if err != nil {
		// The old refresh token is spent: keep the new one, or the login is lost.
		old.refreshToken = token.RefreshToken
		return nil, err
	}
	if renewed.subject != old.subject {
		return nil, errors.New("the refreshed ID token is about somebody else")
	}
	if renewed.sid == "" {
		renewed.sid = old.sid // it may be left out
	}
	if renewed.sid != old.sid {
		return nil, errors.New("the refreshed ID token is of another session")
	}
	renewed.before, renewed.refreshes = old.idToken, old.refreshes+1
	return renewed, nil
}

// plain is an error of the token endpoint without its body, which might hold more
// than belongs on a page.
func plain(err error) error {
	if e, ok := errors.AsType[*oauth2.RetrieveError](err); ok {
		if e.ErrorCode != "" {
			return refused(e.ErrorCode, e.ErrorDescription)
		}
		return fmt.Errorf("status %d", e.Response.StatusCode)
	}
	return err
}

// refused is an OAuth error; providers may leave out what it is about.
func refused(code, description string) error {
	switch {
	case description != "":
		return fmt.Errorf("%s: %s", code, description)
	case code == "access_denied":
		return errors.New("access_denied: the login was refused")
	}
	return errors.New(code)
}
