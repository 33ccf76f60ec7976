package systemtest

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"time"
)

// wires are the connections of all apps and browsers of a test run.
var wires = &http.Transport{MaxIdleConns: 400, MaxIdleConnsPerHost: 128, IdleConnTimeout: 10 * time.Second}

// A person has a browser without a screen: it keeps cookies, follows redirects, and
// stops at an address of the app. One person is for one goroutine.
type person struct {
	http *http.Client
	// elsewhere, if set, replaces the address of each request, as a balancer in front
	// of several processes does.
	elsewhere func(address string) string
	passed    []string // every address of the last login
}

func newPerson() *person {
	jar, _ := cookiejar.New(nil) // fails never
	return &person{http: &http.Client{Jar: jar, Transport: wires, Timeout: patience,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

// seen is what a browser got.
type seen struct {
	status   int
	header   http.Header
	body     string
	location string // where it is sent, absolute
}

func (p *person) get(ctx context.Context, address string) (seen, error) {
	if p.elsewhere != nil {
		address = p.elsewhere(address)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return seen{}, err
	}
	return p.do(req)
}

func (p *person) do(req *http.Request) (seen, error) {
	resp, err := p.http.Do(req)
	if err != nil {
		return seen{}, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return seen{}, err
	}
	s := seen{status: resp.StatusCode, header: resp.Header, body: string(body)}
	if to, err := resp.Location(); err == nil {
		s.location = to.String()
	}
	return s, nil
}

// follow goes on from an address until it is sent to one that begins with end, or
// nowhere.
func (p *person) follow(ctx context.Context, address, end string) (seen, error) {
	p.passed = nil
	for range 10 {
		p.passed = append(p.passed, address)
		s, err := p.get(ctx, address)
		if err != nil || s.location == "" || strings.HasPrefix(s.location, end) {
			return s, err
		}
		address = s.location
	}
	return seen{}, fmt.Errorf("too many redirects: %q", p.passed)
}

// login gets a code for an app. The error tells what came instead.
func (p *person) login(ctx context.Context, w *world, a app, more ...string) (code string, err error) {
	s, err := p.follow(ctx, w.authorization(a, more...), a.redirect)
	if err != nil {
		return "", err
	}
	u, err := url.Parse(s.location)
	if err != nil || u.Query().Get("code") == "" {
		return "", fmt.Errorf("no code: status %d, to %q", s.status, s.location)
	}
	return u.Query().Get("code"), nil
}

// authorization is the address to which an app sends a browser. more are pairs of
// name and value.
func (w *world) authorization(a app, more ...string) string {
	q := url.Values{
		"client_id": {a.id}, "redirect_uri": {a.redirect}, "response_type": {"code"},
		"scope": {"openid profile email groups offline_access"}, "state": {"of-the-app"}, "nonce": {"of-this-login"},
		"code_challenge": {challenge}, "code_challenge_method": {"S256"},
	}
	for i := 0; i+1 < len(more); i += 2 {
		q.Set(more[i], more[i+1])
	}
	return w.issuer + "/authorize?" + q.Encode()
}
