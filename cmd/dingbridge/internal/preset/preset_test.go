package preset

import (
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/dingbridge/dingbridge/provider/clients"
)

const (
	testIssuer = "https://sso.example.com:8443/dt"
	testURL    = "https://app.example.com:444/sub"
	testSecret = "a-secret_of-the-test"
)

// filled is the preset for an app whose address has everything that one may have.
func filled(t *testing.T, p Preset) Preset {
	t.Helper()
	v := Values{Issuer: testIssuer, URL: testURL, ID: "its.id", Secret: testSecret, Random: func() string { return "cmFuZG9t-XyZ=" }}
	if p.Nowhere {
		v.URL = ""
	}
	made, err := p.For(v)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

// An expectation is a row of what is known about an app: where its logins come back, and
// what it can do.
type expectation struct {
	redirects []string // ~ is the app's address
	pkce      bool     // is required of it
	public    bool
	more      func(c clients.Spec) bool
}

var expected = map[string]expectation{
	"apache": {redirects: []string{"~/oidc"}, pkce: true, more: func(c clients.Spec) bool {
		return c.RefreshToken == clients.RefreshAlways && strings.HasSuffix(c.BackchannelLogoutURI, "/oidc?logout=backchannel")
	}},
	"argocd":     {redirects: []string{"~/auth/callback"}},
	"django":     {redirects: []string{"~/oidc/callback/"}, pkce: true},
	"gitea":      {redirects: []string{"~/user/oauth2/dingtalk/callback"}, more: func(c clients.Spec) bool { return c.OmitNickname }},
	"gitlab":     {redirects: []string{"~/users/auth/openid_connect/callback"}},
	"grafana":    {redirects: []string{"~/login/generic_oauth"}, pkce: true, more: offline},
	"harbor":     {redirects: []string{"~/c/oidc/callback"}, pkce: true, more: offline},
	"jenkins":    {redirects: []string{"~/securityRealm/finishLogin"}, pkce: true},
	"jumpserver": {redirects: []string{"~/core/auth/openid/callback/"}, pkce: true, more: func(c clients.Spec) bool { return c.RefreshToken == clients.RefreshAlways }},
	"kibana":     {redirects: []string{"~/api/security/oidc/callback"}},
	"kubernetes": {redirects: []string{"http://localhost:8000", "http://localhost:18000"}, pkce: true, public: true, more: native},
	"minio":      {redirects: []string{"~/oauth_callback"}},
	"nacos":      {redirects: []string{"~/v1/auth/oidc/callback"}},
	"nextcloud": {redirects: []string{"~/apps/user_oidc/code", "~/index.php/apps/user_oidc/code"}, pkce: true, more: func(c clients.Spec) bool {
		return strings.HasSuffix(c.BackchannelLogoutURI, "/index.php/apps/user_oidc/backchannel-logout/dingtalk")
	}},
	"node":         {redirects: []string{"~/callback"}, pkce: true},
	"oauth2-proxy": {redirects: []string{"~/oauth2/callback"}, pkce: true, more: offline},
	"outline":      {redirects: []string{"~/auth/oidc.callback"}},
	"portainer":    {redirects: []string{"~"}},
	"rancher":      {redirects: []string{"~/verify-auth"}, more: func(c clients.Spec) bool { return c.AccessToken == clients.AccessJWT }},
	"sonarqube":    {redirects: []string{"~/oauth2/callback/oidc"}},
	"spring":       {redirects: []string{"~/login/oauth2/code/dingtalk"}},
	"superset":     {redirects: []string{"~/oauth-authorized/dingtalk"}, pkce: true},
	"vault":        {redirects: []string{"~/ui/vault/auth/oidc/oidc/callback", "http://localhost:8250/oidc/callback"}, pkce: true},
}

func offline(c clients.Spec) bool { return slices.Contains(c.Scopes, "offline_access") }
func native(c clients.Spec) bool  { return c.ApplicationType == clients.Native }

// TestP1_WhatIsRegisteredIsWhatTheAppAsksFor: each preset against what was read in the
// sources of the apps.
func TestP1_WhatIsRegisteredIsWhatTheAppAsksFor(t *testing.T) {
	if len(All()) != len(expected) {
		t.Errorf("%d presets, %d expected", len(All()), len(expected))
	}
	for _, raw := range All() {
		t.Run(raw.Name, func(t *testing.T) {
			want, known := expected[raw.Name]
			if !known {
				t.Fatal("nothing is known about this app")
			}
			p := filled(t, raw)
			specs := slices.Clone(p.Clients)
			for i := range specs {
				if !specs[i].Public {
					_, specs[i].SecretHash = clients.GenerateSecret()
				}
				if i > 0 && !specs[i].Public {
					t.Errorf("%s would need a secret, and only the first client's is printed", specs[i].ID)
				}
			}
			set, faults := clients.NewSet(specs)
			for _, f := range faults {
				t.Error(f)
			}
			if set == nil {
				return
			}
			for _, s := range specs {
				if !s.Allow.Nobody() {
					t.Errorf("%s admits somebody", s.ID)
				}
				if s.SubstituteEmail || s.PhoneNumber || s.DeviceAuthorization || s.InsecureHTTPRedirects || s.OmitIss || len(s.DirectoryClaims) > 0 {
					t.Errorf("%s has more than it needs: %+v", s.ID, s)
				}
			}
			c := specs[0]
			var redirects []string
			for _, uri := range want.redirects {
				redirects = append(redirects, strings.Replace(uri, "~", testURL, 1))
			}
			if c.ID != "its.id" || !reflect.DeepEqual(c.RedirectURIs, redirects) {
				t.Errorf("%s comes back to %q, not to %q", c.ID, c.RedirectURIs, redirects)
			}
			if pkce := c.RequirePKCE == nil || *c.RequirePKCE; pkce != want.pkce || c.Public != want.public {
				t.Errorf("PKCE %t, public %t", pkce, c.Public)
			}
			if want.more != nil && !want.more(c) {
				t.Errorf("it lacks something: %+v", c)
			}
			if es256 := c.IDTokenSignedResponseAlg == "ES256"; es256 && !p.Proof.LoggedInto() {
				t.Error("ES256, and nobody has seen the app take it")
			}
		})
	}
}

// TestP3_NoValueEndsItsQuotes: what may be put in.
func TestP3_NoValueEndsItsQuotes(t *testing.T) {
	for text, want := range map[string]string{
		"https://app.example.com":        "https://app.example.com",
		"https://app.example.com/":       "https://app.example.com",
		"https://app.example.com:8443/a": "https://app.example.com:8443/a",
		"https://[2001:db8::1]:8443":     "https://[2001:db8::1]:8443",
		"http://127.0.0.1:3000":          "http://127.0.0.1:3000",
		"http://localhost":               "http://localhost",
		"http://app.example.com":         "",
		"app.example.com":                "",
		"https://":                       "",
		"https:///path":                  "",
		"https://:8443":                  "",
		"https://app.example.com:":       "",
		"ftp://app.example.com":          "",
		"HTTPS://app.example.com":        "",
		"https://app.example.com/a?b=c":  "",
		"https://app.example.com/#a":     "",
		"https://a@app.example.com":      "",
		"https://app.example.com/a//b":   "",
		"https://app.example.com/../b":   "",
		"https://app.example.com/a b":    "",
		"https://app.example.com/'":      "",
		"https://app.example.com/\"":     "",
		"https://app.example.com/$(id)":  "",
		"https://app.example.com/`id`":   "",
		"https://app.example.com/\nb: c": "",
		"https://app.example.com/;b":     "",
		"https://app.example.com/\\":     "",
		"https://app.example.com/%2e":    "",
		"https://app.exämple.com":        "",
		"https://app.example.com/@url@":  "",
	} {
		got, err := Address(text, false)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("%q is taken as %q (%v), not as %q", text, got, err, want)
		}
	}
	if got, err := Address("http://app.example.com", true); got != "http://app.example.com" || err != nil {
		t.Errorf("where plain http is permitted: %q, %v", got, err)
	}
}

func FuzzP3_Address(f *testing.F) {
	for _, text := range []string{"https://app.example.com", "https://[::1]:1/a", "http://localhost/", "https://a'b", "https://\x00"} {
		f.Add(text, true)
	}
	plain := regexp.MustCompile(`^https?://[A-Za-z0-9._~:/\[\]-]+$`)
	f.Fuzz(func(t *testing.T, text string, insecure bool) {
		got, err := Address(text, insecure)
		if err != nil {
			if got != "" {
				t.Errorf("%q beside a fault", got)
			}
			return
		}
		if !plain.MatchString(got) || strings.HasSuffix(got, "/") || !strings.HasPrefix(strings.TrimRight(text, "/"), got) {
			t.Errorf("%q was taken as %q", text, got)
		}
	})
}

// off are lines that must be there, since the app's default is another, or somebody could
// take it for harmless.
var off = map[string][]string{
	"apache":       {"OIDCSSLValidateServer On", "OIDCIDTokenSignedResponseAlg RS256", "OIDCPKCEMethod S256", "OIDCCookieHTTPOnly On", "OIDCUnAuthAction pass"},
	"argocd":       {`oidc.tls.insecure.skip.verify: "false"`, `policy.default: ""`},
	"django":       {`OIDC_RP_SIGN_ALGO = "RS256"`, "OIDC_VERIFY_SSL = True", "OIDC_VERIFY_JWT = True", "OIDC_USE_NONCE = True", `filter(username=claims["sub"])`},
	"gitea":        {"ACCOUNT_LINKING = login", "USERNAME = preferred_username"},
	"gitlab":       {"gitlab_rails['omniauth_auto_link_user'] = []", "uid_field: 'sub'"},
	"grafana":      {"oauth_allow_insecure_email_lookup = false", "allow_assign_grafana_admin = false", "tls_skip_verify_insecure = false"},
	"harbor":       {`"oidc_verify_cert": true`, `"oidc_user_claim": "preferred_username"`},
	"jenkins":      {"disableSslVerification: false", "- pkce", "scopesOverride:"},
	"jumpserver":   {"AUTH_OPENID_PROVIDER_SIGNATURE_ALG=RS256", "AUTH_OPENID_IGNORE_SSL_VERIFICATION=false", "AUTH_OPENID_USE_NONCE=true", "AUTH_OPENID_USE_STATE=true"},
	"kibana":       {"claims.principal: sub", "ssl.verification_mode: full"},
	"kubernetes":   {`prefix: "dt:"`, "userValidationRules:"},
	"minio":        {`MINIO_IDENTITY_OPENID_CLAIM_NAME="policy"`, `REDIRECT_URI_DYNAMIC="off"`},
	"nacos":        {"strict-nonce-validation=true", "strict-audience-validation=true"},
	"nextcloud":    {"--unique-uid=1", "--mapping-uid=sub", "--check-bearer=0"},
	"node":         {"enableNonRepudiationChecks", "id_token_signed_response_alg: 'RS256'", "expectedNonce", "expectedState", "idTokenExpected: true"},
	"oauth2-proxy": {"insecure_oidc_skip_nonce = false", "insecure_oidc_allow_unverified_email = false", "insecure_oidc_skip_issuer_verification = false", "ssl_insecure_skip_verify = false", "cookie_secure = true"},
	"outline":      {"OIDC_USERNAME_CLAIM=preferred_username"},
	"portainer":    {`"UserIdentifier": "preferred_username"`},
	"rancher":      {"Restrict to authorized users and groups"},
	"sonarqube":    {"loginStrategy=Preferred username", "idTokenSigAlg=RS256"},
	"spring":       {"user-name-attribute: sub"},
	"superset":     {`AUTH_USER_REGISTRATION_ROLE = "Public"`, `told["sub"] + "@email.notfound"`},
	"vault":        {"user_claim=sub", "bound_audiences='its.id'", "verbose_oidc_logging=false"},
}

// dangerous is what no printed configuration says.
var dangerous = regexp.MustCompile(`(?i)HS256|ValidateServer off|allowInsecureRequests|skip(State|Nonce|Subject)Check|\bnone\b.*alg|insecure[a-z_]* ?= ?"?true|insecureSkip[a-z]*: true|skip[-_a-z]*verif[-_a-z]* ?[=:] ?"?true|` +
	`IGNORE_SSL_VERIFICATION=true|verify_cert": false|VERIFY_(JWT|SSL) = False|disableSslVerification: true|disableTokenVerification: true|nonceDisabled: true|` +
	`ACCOUNT_LINKING = auto|auto_link_user'\] = \[.*openid|allow_insecure_email_lookup = true|ROLE_POLICY=|verification_mode: none|--insecure|` +
	`email_lookup = true|strict-[a-z-]+=false|allow_assign_grafana_admin = true|escapeHatchEnabled|rootURLFromRequest: true|preferred_username_claim_as_id`)

// TestP4_DangerousSwitchesAreOff: none is on, and those that matter are written out.
func TestP4_DangerousSwitchesAreOff(t *testing.T) {
	for _, raw := range All() {
		p := filled(t, raw)
		var all strings.Builder
		for _, f := range p.Files {
			all.WriteString(f.Text)
		}
		for line := range strings.Lines(all.String()) {
			bare := strings.TrimSpace(line)
			if !strings.HasPrefix(bare, "#") && !strings.HasPrefix(bare, ";") && dangerous.MatchString(line) {
				t.Errorf("%s: %q", p.Name, bare)
			}
		}
		if len(off[p.Name]) == 0 {
			t.Errorf("%s: nothing is known that must be off", p.Name)
		}
		for _, line := range off[p.Name] {
			if !strings.Contains(all.String(), line) {
				t.Errorf("%s does not say %q", p.Name, line)
			}
		}
	}
}

// TestP5_WhoIsCalledLoggedIntoNamesATest: and that test exists.
func TestP5_WhoIsCalledLoggedIntoNamesATest(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("..", "systemtest", "*_test.go"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no tests of the system: %v", err)
	}
	var tests strings.Builder
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		tests.Write(text)
	}
	for _, p := range All() {
		if p.Proof.With == "" || p.Title == "" || p.About == "" || p.Check == "" || len(p.Files) == 0 || len(p.Notes) == 0 {
			t.Errorf("%s says too little: %+v", p.Name, p)
		}
		for _, name := range p.Proof.Tests {
			if !strings.Contains(tests.String(), "func "+name+"(t *testing.T)") {
				t.Errorf("%s names %s, which does not exist", p.Name, name)
			}
		}
		if !p.Proof.LoggedInto() && !strings.Contains(p.Proof.With, " ran") {
			t.Errorf("%s does not say what did not run: %q", p.Name, p.Proof.With)
		}
	}
}

func TestNamed(t *testing.T) {
	if p, ok := Named("grafana"); !ok || p.Title != "Grafana" {
		t.Errorf("%+v, %t", p, ok)
	}
	for _, name := range []string{"", "Grafana", "generic", "../generic"} {
		if _, ok := Named(name); ok {
			t.Errorf("there is a preset called %q", name)
		}
	}
	for _, text := range []string{"title: [", "titel: x", "title: x\n---\ntitle: y"} {
		if _, err := parse("x", []byte(text)); err == nil {
			t.Errorf("%q is a preset", text)
		}
	}
	if _, err := (Preset{Check: "@strange@"}).For(Values{}); err == nil {
		t.Error("a place that nothing fills passes")
	}
}
