package main

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"
)

// A lap is told each step of an operation and how long it took.
type lap func(step string, took time.Duration)

// The steps of a login.
const (
	stepAuthorize = "authorize"
	stepUpstream  = "dingtalk" // the upstream's page, which is not ours to speed up
	stepCallback  = "callback"
	stepToken     = "token"
	stepUserinfo  = "userinfo"
	stepTotal     = "total"
)

const maxHops = 10

// A party is a relying party: it sends browsers to a provider and believes nothing
// that it cannot verify. Its methods may be called by many goroutines.
type party struct {
	issuer, id, secret string
	redirect, scope    string
	alg                string // of ID tokens
	lax                bool   // iss of the answer, and at_hash, may be missing

	wire     browser // without cookies
	metadata metadata
	keys     atomic.Pointer[keySet]
}

// A metadata is what is used of a discovery document.
type metadata struct {
	Issuer        string `json:"issuer"`
	Authorization string `json:"authorization_endpoint"`
	Token         string `json:"token_endpoint"`
	Userinfo      string `json:"userinfo_endpoint"`
	Introspection string `json:"introspection_endpoint"`
	Revocation    string `json:"revocation_endpoint"`
	JWKS          string `json:"jwks_uri"`
}

// meet reads the provider's metadata and keys.
func (p *party) meet(ctx context.Context, t *http.Transport) error {
	p.wire = browser{transport: t}
	if err := p.discover(ctx); err != nil {
		return err
	}
	return p.fetchKeys(ctx)
}

func (p *party) discover(ctx context.Context) error {
	var m metadata
	req, err := get(ctx, p.issuer+"/.well-known/openid-configuration")
	if err != nil {
		return err
	}
	if err := p.wire.json(req, &m); err != nil {
		return err
	}
	if m.Issuer != p.issuer {
		return fmt.Errorf("discovery: issuer is %q", m.Issuer)
	}
	if m.Authorization == "" || m.Token == "" || m.Userinfo == "" || m.JWKS == "" {
		return errors.New("discovery: an endpoint is missing")
	}
	if p.metadata.Issuer == "" { // later calls measure; a write would race
		p.metadata = m
	}
	return nil
}

func (p *party) fetchKeys(ctx context.Context) error {
	req, err := get(ctx, p.metadata.JWKS)
	if err != nil {
		return err
	}
	a, err := p.wire.do(req)
	if err != nil {
		return err
	}
	if a.status != http.StatusOK {
		return fmt.Errorf("jwks: status %d", a.status)
	}
	keys, err := parseKeys(a.body)
	if err == nil {
		p.keys.Store(&keys)
	}
	return err
}

// A session is somebody who is logged in to a party.
type session struct {
	subject, access, refresh string
}

// login is a complete login in b: from the authorization endpoint through all
// redirects to a code, the tokens, and userinfo.
func (p *party) login(ctx context.Context, b *browser, lap lap) (session, error) {
	state, nonce, verifier := rand.Text(), rand.Text(), rand.Text()+rand.Text()
	code, err := p.authorize(ctx, b, p.request(state, nonce, verifier), state, lap)
	if err != nil {
		return session{}, fmt.Errorf("authorize: %w", err)
	}
	began := time.Now()
	s, err := p.token(ctx, url.Values{
		"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {p.redirect}, "code_verifier": {verifier},
	}, nonce)
	if err != nil {
		return session{}, fmt.Errorf("token: %w", err)
	}
	lap(stepToken, time.Since(began))
	began = time.Now()
	if err := p.userinfo(ctx, s); err != nil {
		return session{}, err
	}
	lap(stepUserinfo, time.Since(began))
	return s, nil
}

// request is the URL that a login begins with.
func (p *party) request(state, nonce, verifier string) string {
	challenge := sha256.Sum256([]byte(verifier))
	return p.metadata.Authorization + "?" + url.Values{
		"response_type":         {"code"},
		"client_id":             {p.id},
		"redirect_uri":          {p.redirect},
		"scope":                 {p.scope},
		"state":                 {state},
		"nonce":                 {nonce},
		"code_challenge":        {encoding.EncodeToString(challenge[:])},
		"code_challenge_method": {"S256"},
	}.Encode()
}

// authorize follows redirects until one leads to our redirect URI, which is caught
// and not dialled, and returns the code in it.
func (p *party) authorize(ctx context.Context, b *browser, to, state string, lap lap) (string, error) {
	for hop := range maxHops {
		step := stepUpstream
		if hop == 0 {
			step = stepAuthorize
		} else if strings.HasPrefix(to, p.issuer+"/") {
			step = stepCallback
		}
		req, err := get(ctx, to)
		if err != nil {
			return "", err
		}
		began := time.Now()
		a, err := b.do(req)
		if err != nil {
			return "", err
		}
		lap(step, time.Since(began))
		if a.location == nil {
			return "", fmt.Errorf("%s answered %d: %.120q", req.URL.Path, a.status, a.body)
		}
		to = a.location.String()
		if at, query, _ := strings.Cut(to, "?"); at == p.redirect {
			return p.code(query, state)
		}
	}
	return "", errors.New("too many redirects")
}

// code reads the authorization response.
func (p *party) code(query, state string) (string, error) {
	q, err := url.ParseQuery(query)
	switch {
	case err != nil:
		return "", fmt.Errorf("answer: %w", err)
	case len(q["state"]) != 1 || q.Get("state") != state:
		return "", errors.New("wrong state")
	case q.Get("iss") != p.issuer && !(p.lax && !q.Has("iss")): // RFC 9207
		return "", errors.New("wrong iss in the answer")
	case q.Has("error"):
		return "", fmt.Errorf("%s: %s", q.Get("error"), q.Get("error_description"))
	case len(q["code"]) != 1 || q.Get("code") == "":
		return "", errors.New("no code")
	}
	return q.Get("code"), nil
}

// token asks the token endpoint and verifies the ID token in its answer.
func (p *party) token(ctx context.Context, form url.Values, nonce string) (session, error) {
	var answer struct {
		Access  string `json:"access_token"`
		Refresh string `json:"refresh_token"`
		ID      string `json:"id_token"`
		Type    string `json:"token_type"`
	}
	if err := p.post(ctx, p.metadata.Token, form, &answer); err != nil {
		return session{}, err
	}
	if answer.Access == "" || !strings.EqualFold(answer.Type, "Bearer") {
		return session{}, errors.New("no bearer token")
	}
	t, err := p.keys.Load().verify(answer.ID, p.alg)
	if errors.Is(err, errUnknownKey) { // the keys may have turned since
		if err := p.fetchKeys(ctx); err != nil {
			return session{}, err
		}
		t, err = p.keys.Load().verify(answer.ID, p.alg)
	}
	if err == nil {
		err = t.check(p.issuer, p.id, nonce, answer.Access, p.lax)
	}
	if err != nil {
		return session{}, fmt.Errorf("id token: %w", err)
	}
	return session{subject: t.Subject, access: answer.Access, refresh: answer.Refresh}, nil
}

// renew replaces s by what its refresh token yields.
func (p *party) renew(ctx context.Context, s *session) error {
	next, err := p.token(ctx, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {s.refresh}}, "")
	switch {
	case err != nil:
		return fmt.Errorf("refresh: %w", err)
	case next.subject != s.subject:
		return errors.New("refresh: another sub")
	case next.refresh == "" || next.refresh == s.refresh:
		return errors.New("refresh: the refresh token did not rotate")
	}
	*s = next
	return nil
}

// userinfo asks who the person of s is, which must agree with the ID token.
func (p *party) userinfo(ctx context.Context, s session) error {
	req, err := get(ctx, p.metadata.Userinfo)
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+s.access)
	var claims struct {
		Subject string `json:"sub"`
	}
	if err := p.wire.json(req, &claims); err != nil {
		return err
	}
	if claims.Subject != s.subject {
		return errors.New("userinfo: another sub")
	}
	return nil
}

// introspect asks about the access token of s (RFC 7662).
func (p *party) introspect(ctx context.Context, s session) error {
	var answer struct {
		Active  bool   `json:"active"`
		Subject string `json:"sub"`
	}
	if err := p.post(ctx, p.metadata.Introspection, url.Values{"token": {s.access}}, &answer); err != nil {
		return err
	}
	if !answer.Active || answer.Subject != s.subject {
		return errors.New("introspection: not active, or another sub")
	}
	return nil
}

// revoke ends the grant of s (RFC 7009).
func (p *party) revoke(ctx context.Context, s session) error {
	req, err := p.form(ctx, p.metadata.Revocation, url.Values{"token": {s.refresh}})
	if err != nil {
		return err
	}
	a, err := p.wire.do(req)
	if err == nil && a.status != http.StatusOK {
		err = fmt.Errorf("revocation: status %d: %.120q", a.status, a.body)
	}
	return err
}

func (p *party) post(ctx context.Context, to string, form url.Values, into any) error {
	req, err := p.form(ctx, to, form)
	if err != nil {
		return err
	}
	return p.wire.json(req, into)
}

// form is a request by which the party proves who it is (client_secret_basic).
func (p *party) form(ctx context.Context, to string, form url.Values) (*http.Request, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, to, strings.NewReader(form.Encode()))
	if err != nil {
		return nil, fmt.Errorf("making a request: %w", err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.SetBasicAuth(url.QueryEscape(p.id), url.QueryEscape(p.secret))
	return req, nil
}

func get(ctx context.Context, from string) (*http.Request, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, from, nil)
	if err != nil {
		return nil, fmt.Errorf("making a request: %w", err)
	}
	return req, nil
}
