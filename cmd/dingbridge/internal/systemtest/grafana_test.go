package systemtest

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"golang.org/x/oauth2"
)

// grafanaKeys are those of our sections that Grafana's own conf/defaults.ini has, as
// compared with it. A key that it does not know it passes over in silence.
var grafanaKeys = map[string][]string{
	"server":   {"root_url"},
	"security": {"cookie_secure"},
	"users":    {"allow_sign_up"},
	"auth":     {"oauth_allow_insecure_email_lookup", "disable_login_form"},
	"auth.generic_oauth": {"name", "icon", "enabled", "allow_sign_up", "auto_login", "client_id", "client_secret", "scopes", "empty_scopes",
		"email_attribute_name", "email_attribute_path", "login_attribute_path", "name_attribute_path", "role_attribute_path",
		"role_attribute_strict", "groups_attribute_path", "id_token_attribute_name", "team_ids_attribute_path", "auth_url", "token_url",
		"api_url", "signout_redirect_url", "teams_url", "allowed_domains", "allowed_groups", "team_ids", "allowed_organizations",
		"tls_skip_verify_insecure", "tls_client_cert", "tls_client_key", "tls_client_ca", "use_pkce", "auth_style",
		"allow_assign_grafana_admin", "skip_org_role_sync", "use_refresh_token"},
}

// A grafana does with grafana.ini what Grafana's sources do (pkg/services/authn/clients,
// pkg/login/social/connectors). It is none: that could not be had here.
type grafana struct {
	*world
	ini map[string]string // section.key
	url string
}

func newGrafana(t *testing.T) *grafana {
	t.Helper()
	w := newWorld(t, setting{as: "zhangsan"})
	g := &grafana{w, map[string]string{}, "http://127.0.0.1:" + freePort(t)}
	secret := w.register(t, "grafana", "https://grafana.example.com", g.url)
	text := example(t, "grafana", "grafana.ini", "https://sso.example.com", w.issuer, "https://grafana.example.com", g.url,
		url.QueryEscape("https://grafana.example.com"), url.QueryEscape(g.url), "$__file{/etc/grafana/oidc-secret}", secret)
	section := ""
	for lines := bufio.NewScanner(strings.NewReader(text)); lines.Scan(); {
		line := strings.TrimSpace(lines.Text())
		if line == "" || strings.HasPrefix(line, ";") {
			continue
		}
		if name, ok := strings.CutPrefix(line, "["); ok {
			section = strings.TrimSuffix(name, "]")
			continue
		}
		key, value, ok := strings.Cut(line, " = ")
		if !ok || !slices.Contains(grafanaKeys[section], key) {
			t.Errorf("Grafana has no %q in [%s]", line, section)
		}
		g.ini[section+"."+key] = value
	}
	w.serve()
	return g
}

func (g *grafana) key(name string) string { return g.ini["auth.generic_oauth."+name] }

func (g *grafana) config() *oauth2.Config {
	return &oauth2.Config{ClientID: g.key("client_id"), ClientSecret: g.key("client_secret"), Scopes: strings.Fields(g.key("scopes")),
		RedirectURL: g.ini["server.root_url"] + "/login/generic_oauth", Endpoint: oauth2.Endpoint{AuthURL: g.key("auth_url"), TokenURL: g.key("token_url")}}
}

// login is a person's way in. seen is where it ended if not in Grafana.
func (g *grafana) login(t *testing.T, p *person) (token *oauth2.Token, s seen) {
	t.Helper()
	verifier := oauth2.GenerateVerifier()
	s, err := p.follow(t.Context(), g.config().AuthCodeURL("state", oauth2.S256ChallengeOption(verifier)), g.config().RedirectURL)
	if err != nil {
		t.Fatal(err)
	}
	back, err := url.Parse(s.location)
	if err != nil || back.Query().Get("code") == "" {
		return nil, s
	}
	token, err = g.config().Exchange(t.Context(), back.Query().Get("code"), oauth2.VerifierOption(verifier))
	if err != nil {
		t.Fatal(err)
	}
	return token, s
}

// account is what Grafana makes of a token: by the paths of the ini, in the ID token.
func (g *grafana) account(t *testing.T, token *oauth2.Token) (login, name, email, role string) {
	t.Helper()
	raw, _ := token.Extra("id_token").(string)
	told := tokenClaims(t, raw)
	at := func(key string) string { s, _ := told[g.key(key)].(string); return s }
	if told["login"] != nil || told["username"] != nil {
		t.Errorf("what Grafana takes before login_attribute_path is told: %v", told)
	}
	info := userinfo(t.Context(), strings.TrimSuffix(g.key("api_url"), "/userinfo"), token.AccessToken)
	if info.status != http.StatusOK || info.json[g.key("role_attribute_path")] != told[g.key("role_attribute_path")] || info.text("sub") != told["sub"] {
		t.Errorf("userinfo tells %v, the ID token %v", info, told)
	}
	return at("login_attribute_path"), at("name_attribute_path"), at("email_attribute_path"), at("role_attribute_path")
}

// tokenClaims are the claims of a token from the token endpoint itself.
func tokenClaims(t *testing.T, raw string) (told map[string]any) {
	t.Helper()
	parts := strings.Split(raw, ".")
	payload, err := base64.RawURLEncoding.DecodeString(parts[min(1, len(parts)-1)])
	if err != nil || json.Unmarshal(payload, &told) != nil {
		t.Fatalf("not a JWT: %q, %v", raw, err)
	}
	return told
}

// TestE9_GrafanasConfiguration goes with the published grafana.ini through login, roles,
// refresh and sign-out.
//
// proves: the published configuration of Grafana, by a model of it | Core section 3.1, RP-Initiated Logout section 2
func TestE9_GrafanasConfiguration(t *testing.T) {
	t.Parallel()
	g := newGrafana(t)
	p := newPerson()
	token, s := g.login(t, p)
	if token == nil {
		t.Fatalf("no login: %d %.300s", s.status, s.body)
	}
	login, name, email, role := g.account(t, token)
	if login == "" || strings.Contains(login, "@") || name != "张三" || email != "san.zhang@corp.example.cn" || role != "Editor" {
		t.Errorf("the account is %q, %q, %q, %q", login, name, email, role)
	}
	for who, want := range map[string]string{"manager7521": "Admin", "0156421733781264": "Viewer", "zhangsan2": ""} {
		g.control(t, "as", `{"userid": "`+who+`"}`)
		token, s := g.login(t, newPerson())
		switch {
		case want == "" && (token != nil || s.status != http.StatusForbidden || !strings.Contains(s.body, `data-page="not-admitted"`)):
			t.Errorf("%s is let in, or sees %d %.300s", who, s.status, s.body)
		case want != "" && token == nil:
			t.Errorf("%s is not let in: %d %.300s", who, s.status, s.body)
		case want != "":
			if _, _, _, role := g.account(t, token); role != want {
				t.Errorf("%s has the role %q, not %q", who, role, want)
			}
		}
	}

	renewed, err := g.config().TokenSource(t.Context(), &oauth2.Token{RefreshToken: token.RefreshToken}).Token()
	if err != nil {
		t.Fatal(err)
	}
	g.account(t, renewed)

	// With post_logout_redirect_uri in it Grafana adds the ID token.
	out, err := url.Parse(g.key("signout_redirect_url"))
	if err != nil || !out.Query().Has("post_logout_redirect_uri") {
		t.Fatalf("signout_redirect_url is %q: %v", g.key("signout_redirect_url"), err)
	}
	q := out.Query()
	q.Set("id_token_hint", renewed.Extra("id_token").(string))
	out.RawQuery = q.Encode()
	if s, err := p.get(t.Context(), out.String()); err != nil || s.location != g.url+"/login" {
		t.Errorf("signing out leads to %q, %d, %v: %.300s", s.location, s.status, err, s.body)
	}
	if _, err := g.config().TokenSource(t.Context(), &oauth2.Token{RefreshToken: renewed.RefreshToken}).Token(); err == nil {
		t.Error("after the sign-out Grafana's refresh token works")
	}
	logins := asked(t, g.simulator)
	g.control(t, "as", `{"userid": "zhangsan"}`)
	if token, _ := g.login(t, p); token == nil || asked(t, g.simulator) != logins+1 {
		t.Error("the login after the sign-out did not ask DingTalk")
	}
}
