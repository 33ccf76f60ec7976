package systemtest

import (
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"github.com/dingbridge/dingbridge/provider/clients"
)

// A party is a model of other people's apps: go-oidc verifies what it is told, and it
// finds people's accounts as one kind of app does. What it finds them by is in keeps.
type party struct {
	app
	keeps    keeping
	more     string // of its entry in clients.yaml
	accounts []*account
}

// An account is what an app has about somebody.
type account struct {
	sub, username, email string // as the app was told when it made the account
	owner                string // whom the simulator logged in then, which no app knows
}

// A keeping is how a kind of app finds accounts: the first of the rules that fits.
type keeping struct {
	by         []func(a *account, t told, sub string) bool
	needsEmail bool // and looks for one at userinfo's /emails before it gives up
}

func bySub(a *account, _ told, sub string) bool { return a.sub == sub }
func byUsername(a *account, t told, _ string) bool {
	return t.Username != "" && strings.EqualFold(a.username, t.Username)
}
func byEmail(a *account, t told, _ string) bool {
	return t.Email != "" && strings.EqualFold(a.email, t.Email)
}

// newParties are one app of each kind, those that trust most among them: what they do is
// what the claims have to bear.
func newParties() []*party {
	const substitute = ", substitute_email: true"
	type rules = []func(*account, told, string) bool
	list := []*party{
		{keeps: keeping{by: rules{bySub}}, more: ", directory_claims: [userid]"},
		{keeps: keeping{by: rules{byUsername}}},
		{keeps: keeping{by: rules{byEmail}, needsEmail: true}, more: substitute},
		{keeps: keeping{by: rules{bySub, byEmail, byUsername}, needsEmail: true}, more: substitute + ", claims: [{name: role, from: [{group: platform, value: Editor}], default: Viewer}]"},
		{keeps: keeping{by: rules{bySub, byEmail}}, more: ", require_pkce: false, omit_nickname: true"},
	}
	for i, id := range []string{"by-sub", "by-username", "by-email", "as-grafana", "as-gitlab"} {
		list[i].id = id
	}
	return list
}

// settle registers the parties with the world; each is told of logouts at address, below
// its own name.
func (w *world) settle(parties []*party, address string) {
	w.t.Helper()
	text := "groups:\n  - {name: platform, departments: [432825033]}\n" + w.clientsYAML()
	for _, p := range parties {
		secret, hash := clients.GenerateSecret()
		w.clients[p.id] = secret
		text += fmt.Sprintf("  - {id: %s, name: %s 应用, redirect_uris: [%q], secret_hash: %q, allow: everyone, backchannel_logout_uri: %q, backchannel_logout_networks: [127.0.0.0/8]%s}\n",
			p.id, p.id, w.app(p.id).redirect, hash, address+"/"+p.id, p.more)
		p.app = w.app(p.id)
	}
	w.write("clients.yaml", text)
}

// A visit is one login at a party, which is in its account.
type visit struct {
	*account
	told
	sub    string
	tokens *oauth2.Token
}

// noCode: the browser ended on a page of ours.
type noCode struct{ seen }

func (n noCode) Error() string { return fmt.Sprintf("no code: %d %.500s", n.status, n.body) }

var errNeedsEmail = errors.New("the app takes nobody without an e-mail address")

// visit logs a person in whom the simulator takes for owner.
func (p *party) visit(ctx context.Context, w *world, browser *person, owner string) (visit, error) {
	ctx = oidc.ClientContext(ctx, &http.Client{Transport: wires, Timeout: patience})
	op, err := oidc.NewProvider(ctx, w.issuer)
	if err != nil {
		return visit{}, err
	}
	config := oauth2.Config{ClientID: p.id, ClientSecret: p.secret, Endpoint: op.Endpoint(), RedirectURL: p.redirect,
		Scopes: []string{"openid", "profile", "email", "groups", "offline_access"}}
	verifier := oauth2.GenerateVerifier()
	back, err := browser.follow(ctx, config.AuthCodeURL("the-state", oidc.Nonce("the-nonce"), oauth2.S256ChallengeOption(verifier)), p.redirect)
	if err != nil {
		return visit{}, err
	}
	code := codeIn(back.location)
	if code == "" {
		return visit{}, noCode{back}
	}
	token, err := config.Exchange(ctx, code, oauth2.VerifierOption(verifier))
	if err != nil {
		return visit{}, err
	}
	raw, _ := token.Extra("id_token").(string)
	id, err := op.Verifier(&oidc.Config{ClientID: p.id}).Verify(ctx, raw)
	if err != nil {
		return visit{}, err
	}
	v := visit{sub: id.Subject, tokens: token}
	info, err := op.UserInfo(ctx, oauth2.StaticTokenSource(token))
	if err := errors.Join(err, id.Claims(&v.told)); err != nil {
		return visit{}, err
	}
	var also told
	if err := info.Claims(&also); err != nil || info.Subject != v.sub || !also.equal(v.told) {
		return visit{}, fmt.Errorf("the ID token tells %+v, userinfo %+v (%w)", v.told, also, err)
	}
	if id.Nonce != "the-nonce" || strings.Contains(v.Username, "@") || v.Username == "" {
		return visit{}, fmt.Errorf("nonce %q, told %+v", id.Nonce, v.told)
	}
	if v.Email == "" && p.keeps.needsEmail {
		if got := emails(ctx, w.issuer, token.AccessToken); got.err != nil || got.status != http.StatusNotFound {
			return visit{}, fmt.Errorf("/userinfo/emails: %v", got)
		}
		return v, errNeedsEmail
	}
	v.account = p.find(v, owner)
	return v, nil
}

// find is the account of who comes in, made if there is none.
func (p *party) find(v visit, owner string) *account {
	for _, rule := range p.keeps.by {
		for _, a := range p.accounts {
			if rule(a, v.told, v.sub) {
				return a
			}
		}
	}
	made := &account{sub: v.sub, username: v.Username, email: v.Email, owner: owner}
	p.accounts = append(p.accounts, made)
	return made
}

func emails(ctx context.Context, base, token string) answer {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, base+"/userinfo/emails", nil)
	if err != nil {
		return answer{err: err}
	}
	req.Header.Set("Authorization", "Bearer "+token)
	return send(req)
}

// chinese is what a browser in China says.
type chinese struct{}

func (chinese) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("Accept-Language", "zh-CN,zh;q=0.9,en;q=0.8")
	return wires.RoundTrip(r)
}

func newChinese() *person {
	p := newPerson()
	p.http.Transport = chinese{}
	return p
}

// as says who logs in at the simulator from now on, and brings a browser.
func (w *world) as(t *testing.T, userID string) *person {
	t.Helper()
	w.control(t, "as", fmt.Sprintf(`{"userid":%q}`, userID))
	return newChinese()
}

// patch changes somebody in the simulated company.
func (w *world) patch(t *testing.T, what string, change any) map[string]any {
	t.Helper()
	return w.steered(t, http.MethodPatch, what, change)
}

func (w *world) steered(t *testing.T, method, what string, body any) map[string]any {
	t.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(t.Context(), method, w.simulator+"/control/"+what, strings.NewReader(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	got := send(req)
	if got.status != http.StatusOK {
		t.Fatalf("%s %s: %v", method, what, got)
	}
	return got.json
}

// events is every audit event of a name, oldest first.
func (w *world) events(name string) (list []map[string]any) {
	for line := range strings.Lines(w.logs()) {
		var e map[string]any
		if json.Unmarshal([]byte(line), &e) == nil && e["event"] == name {
			list = append(list, e)
		}
	}
	return list
}

// refusedBy asserts that a login ended on a page of ours in Chinese that has some words.
func refusedBy(t *testing.T, err error, words ...string) {
	t.Helper()
	n, ok := errors.AsType[noCode](err)
	if !ok || n.status != http.StatusForbidden || !strings.Contains(n.body, `lang="zh-CN"`) {
		t.Errorf("not a page that refuses, in Chinese: %v", cmp.Or(err, errors.New("a login")))
		return
	}
	for _, word := range words {
		if !strings.Contains(n.body, word) {
			t.Errorf("the page does not say %q: %s", word, n.body)
		}
	}
}

var (
	formAction  = regexp.MustCompile(`<form [^>]*method="post" action="([^"]*)"`)
	hiddenField = regexp.MustCompile(`type="hidden" name="([a-z_]+)" value="([^"]*)"`)
)

// press sends the form of a page of ours, with some fields filled in.
func (p *person) press(ctx context.Context, s seen, base string, fields ...string) (seen, error) {
	action := formAction.FindStringSubmatch(s.body)
	at, err := url.Parse(base)
	if err != nil || action == nil {
		return seen{}, fmt.Errorf("no form: %.300s", s.body)
	}
	if at, err = at.Parse(html.UnescapeString(action[1])); err != nil {
		return seen{}, err
	}
	form := url.Values{}
	for _, hidden := range hiddenField.FindAllStringSubmatch(s.body, -1) {
		form.Set(hidden[1], html.UnescapeString(hidden[2]))
	}
	for i := 0; i+1 < len(fields); i += 2 {
		form.Set(fields[i], fields[i+1])
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, at.String(), strings.NewReader(form.Encode()))
	if err != nil {
		return seen{}, err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return p.do(req)
}

// subOf reads the person out of a token of ours.
func subOf(t *testing.T, token string) string {
	t.Helper()
	var claims struct {
		Sub string `json:"sub"`
	}
	parts := strings.Split(token, ".")
	payload, err := base64.RawURLEncoding.DecodeString(parts[min(1, len(parts)-1)])
	if err != nil || json.Unmarshal(payload, &claims) != nil || claims.Sub == "" {
		t.Fatalf("no sub in %.20q", token)
	}
	return claims.Sub
}
