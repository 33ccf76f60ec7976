package conformance_test

import (
	"go/parser"
	gotoken "go/token"
	"os"
	"strings"
	"testing"
)

// A module is one test of the suite. feature and spec go into docs/conformance.md.
type module struct {
	name, feature, spec string
	run                 func(a *app)
}

// basicModules are the plan oidcc-basic-certification-test-plan, in its order, and
// with response_mode=form_post oidcc-formpost-basic-certification-test-plan.
var basicModules = []module{
	{"oidcc-server", "authorization code flow", "Core §3.1", server},
	{"oidcc-response-type-missing", "errors go back to the client", "RFC 6749 §3.1.1, Core §3.1.2.6", responseTypeMissing},
	{"oidcc-idtoken-signature", "ID tokens are signed with RS256, and name the key", "Core §3.1.3.7, §10.1", idTokenSignature},
	{"oidcc-idtoken-unsigned", "no unsigned ID tokens", "Core §3.1.3.7", idTokenUnsigned},
	{"oidcc-userinfo-get", "userinfo by GET", "Core §5.3.1", userinfoGet},
	{"oidcc-userinfo-post-header", "userinfo by POST", "Core §5.3.1, RFC 6750 §2.1", userinfoPostHeader},
	{"oidcc-userinfo-post-body", "userinfo by POST, the token in the body", "Core §5.3.1, RFC 6750 §2.2", userinfoPostBody},
	{"oidcc-ensure-request-without-nonce-succeeds-for-code-flow", "nonce is optional", "Core §3.1.2.1", withoutNonce},
	{"oidcc-scope-profile", "scope profile", "Core §5.4", scope("profile")},
	{"oidcc-scope-email", "scope email", "Core §5.4", scopeEmail},
	{"oidcc-scope-address", "scope address", "Core §5.4", scope("address")},
	{"oidcc-scope-phone", "scope phone", "Core §5.4", scope("phone")},
	{"oidcc-scope-all", "all scopes at once", "Core §5.4", scope("email phone address profile")},
	{"oidcc-alternate-happy-flow", "order of scopes and parameters", "RFC 6749 §3.3", otherOrder},
	{"oidcc-display-page", "display", "Core §3.1.2.1", with("display", "page")},
	{"oidcc-display-popup", "display", "Core §3.1.2.1", with("display", "popup")},
	{"oidcc-prompt-login", "prompt=login", "Core §3.1.2.1", promptLogin},
	{"oidcc-prompt-none-not-logged-in", "prompt=none without a session", "Core §3.1.2.1, §3.1.2.6", promptNoneNotLoggedIn},
	{"oidcc-prompt-none-logged-in", "prompt=none with a session", "Core §3.1.2.1", promptNoneLoggedIn},
	{"oidcc-max-age-1", "max_age that is exceeded", "Core §3.1.2.1, §2", maxAge1},
	{"oidcc-max-age-10000", "max_age that is not exceeded", "Core §3.1.2.1, §2", maxAge10000},
	{"oidcc-ensure-request-with-unknown-parameter-succeeds", "unknown parameters are ignored", "RFC 6749 §3.1", with("extra", "foobar")},
	{"oidcc-id-token-hint", "id_token_hint", "Core §3.1.2.1, §3.1.2.2", idTokenHint},
	{"oidcc-login-hint", "login_hint", "Core §3.1.2.1", with("login_hint", "zhangsan@corp.example.cn")},
	{"oidcc-ui-locales", "ui_locales", "Core §3.1.2.1", with("ui_locales", "se")},
	{"oidcc-claims-locales", "claims_locales", "Core §5.2", with("claims_locales", "se")},
	{"oidcc-ensure-request-with-acr-values-succeeds", "acr_values and acr", "Core §3.1.2.1, §2", acrValues},
	{"oidcc-codereuse", "a code opens once", "RFC 6749 §4.1.2", codeReuse},
	{"oidcc-codereuse-30seconds", "a code shown again ends what it opened", "RFC 6749 §4.1.2", codeReuse30Seconds},
	{"oidcc-ensure-registered-redirect-uri", "only registered redirect URIs", "Core §3.1.2.1, RFC 6749 §3.1.2.4", registeredRedirectURI},
	{"oidcc-ensure-post-request-succeeds", "authorization request by POST", "Core §3.1.2.1", postRequest},
	{"oidcc-server-client-secret-post", "client_secret_post", "Core §9, RFC 6749 §2.3.1", clientSecretPost},
	{"oidcc-request-uri-unsigned-supported-correctly-or-rejected-as-unsupported", "no foreign request_uri", "Core §6.2, §3.1.2.6", requestURI},
	{"oidcc-unsigned-request-object-supported-correctly-or-rejected-as-unsupported", "no request objects", "Core §6.1, §3.1.2.6", requestObject},
	{"oidcc-claims-essential", "claims parameter", "Core §5.5, §5.5.1", claimsEssential},
	{"oidcc-ensure-request-object-with-redirect-uri", "a request object changes no redirect URI", "Core §6.1, RFC 6749 §3.1.2", requestObjectRedirect},
	{"oidcc-refresh-token", "refresh tokens", "RFC 6749 §6, Core §12", refreshToken},
	{"oidcc-ensure-request-with-valid-pkce-succeeds", "PKCE with S256", "RFC 7636 §4", pkce},
}

// configModules are the plan oidcc-config-certification-test-plan.
var configModules = []module{
	{"oidcc-discovery-endpoint-verification", "discovery", "Discovery §3, §4, RFC 8414 §2", discovery},
}

// logoutModules are the plan oidcc-rp-initiated-logout-certification-test-plan.
var logoutModules = []module{
	{"oidcc-rp-initiated-logout-discovery-endpoint-verification", "discovery of the logout endpoint", "RP-Initiated Logout §2.1", logoutDiscovery},
	{"oidcc-rp-initiated-logout", "logout that the client begins", "RP-Initiated Logout §2, §3", logoutWithAll},
	{"oidcc-rp-initiated-logout-bad-post-logout-redirect-uri", "only registered post-logout URIs", "RP-Initiated Logout §3", logoutBadURI},
	{"oidcc-rp-initiated-logout-modified-id-token-hint", "a hint without signature proves nothing", "RP-Initiated Logout §2, §6", logoutModifiedHint},
	{"oidcc-rp-initiated-logout-no-id-token-hint", "without a hint the person is asked", "RP-Initiated Logout §2, §6", logoutNoHint},
	{"oidcc-rp-initiated-logout-no-params", "logout without parameters", "RP-Initiated Logout §2", logoutNoParams},
	{"oidcc-rp-initiated-logout-no-post-logout-redirect-uri", "logout without a post-logout URI", "RP-Initiated Logout §2", logoutNoURI},
	{"oidcc-rp-initiated-logout-no-state", "logout without state", "RP-Initiated Logout §3", logoutNoState},
	{"oidcc-rp-initiated-logout-only-state", "logout with state alone", "RP-Initiated Logout §2", logoutOnlyState},
	{"oidcc-rp-initiated-logout-query-added-to-post-logout-redirect-uri", "post-logout URIs byte by byte", "RP-Initiated Logout §3", logoutQueryAdded},
	{"oidcc-rp-initiated-logout-bad-id-token-hint", "a hint that somebody else signed proves nothing", "RP-Initiated Logout §2, §6", logoutBadHint},
}

// backChannelModules are the plan oidcc-backchannel-rp-initiated-logout-certification-test-plan.
var backChannelModules = []module{
	{"oidcc-backchannel-logout-discovery-endpoint-verification", "discovery of back-channel logout", "Back-Channel Logout §2.1", backChannelDiscovery},
	{"oidcc-backchannel-rp-initiated-logout", "back-channel logout", "Back-Channel Logout §2.4, §2.5", backChannelLogout},
}

func TestBasic(t *testing.T)             { try(t, basicModules, false) }
func TestConfig(t *testing.T)            { try(t, configModules, false) }
func TestFormPostBasic(t *testing.T)     { try(t, basicModules, true) }
func TestRPInitiatedLogout(t *testing.T) { try(t, logoutModules, false) }
func TestBackChannelLogout(t *testing.T) { try(t, backChannelModules, false) }

func try(t *testing.T, modules []module, formPost bool) {
	open(t)
	t.Parallel() // the plans beside one another, so that their long waits are one
	for _, m := range modules {
		t.Run(m.name, func(t *testing.T) {
			t.Parallel()
			m.run(newApp(t, m.name, formPost))
		})
	}
}

func TestQ1_EveryModuleHasATest(t *testing.T) {
	seen := map[string]bool{}
	for _, plan := range []struct {
		modules []module
		count   int
	}{{basicModules, 38}, {configModules, 1}, {logoutModules, 11}, {backChannelModules, 2}} {
		if len(plan.modules) != plan.count {
			t.Errorf("%d modules where the plan has %d", len(plan.modules), plan.count)
		}
		for _, m := range plan.modules {
			if seen[m.name] || !strings.HasPrefix(m.name, "oidcc-") || m.feature == "" || m.spec == "" || m.run == nil {
				t.Errorf("%q is there twice, or not whole", m.name)
			}
			seen[m.name] = true
		}
	}
	for _, a := range acceptedWarnings {
		if !seen[a.module] || a.check == "" || a.reason == "" {
			t.Errorf("the accepted warning %q of %q is not whole", a.check, a.module)
		}
	}
}

func TestQ2_TheAppsSideSharesNoCodeWithTheProvider(t *testing.T) {
	files, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	imports := 0
	for _, file := range files {
		if !strings.HasSuffix(file.Name(), ".go") {
			continue
		}
		parsed, err := parser.ParseFile(gotoken.NewFileSet(), file.Name(), nil, parser.ImportsOnly)
		if err != nil {
			t.Fatal(err)
		}
		for _, imported := range parsed.Imports {
			imports++
			path := strings.Trim(imported.Path.Value, `"`)
			if strings.Contains(path, ".") && path != "golang.org/x/net/html" && path != "github.com/dingbridge/dingbridge/dingtalk/simulator" {
				t.Errorf("%s imports %s", file.Name(), path)
			}
		}
	}
	if imports == 0 {
		t.Error("no import found")
	}
}
