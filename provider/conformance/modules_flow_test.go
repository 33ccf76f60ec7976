package conformance_test

import (
	"crypto/sha256"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

// OIDCCServerTest
func server(a *app) {
	r := a.ask()
	l := a.tokens(r)
	a.hardToGuess("AuthorizationCode", l.code)
	a.should(l.id.claims["name"] == nil, "EnsureIdTokenDoesNotContainName", "%v", l.id.claims["name"])
	a.should(l.answer.json["expires_in"] != nil, "ExtractExpiresInFromTokenEndpointResponse", "%s", l.answer)
	a.checkHashes(l)
	got := a.userinfo(http.MethodGet, l.access)
	a.must(got.status == http.StatusOK, "EnsureHttpStatusCodeIs200", "%s", got)
	a.checkNothingUnasked(l)
}

// with is a module that adds one parameter, which must not end in an error.
func with(name, value string) func(a *app) {
	return func(a *app) { a.login(a.ask(name, value)) }
}

// OIDCCIdTokenSignature. In the suite it is for clients that register themselves; what
// it asks holds here too.
func idTokenSignature(a *app) {
	l := a.login(a.ask())
	kid, _ := l.id.header["kid"].(string)
	a.must(kid != "", "EnsureIdTokenContainsKid", "%v", l.id.header)
	a.must(l.id.header["alg"] == "RS256", "EnsureIdTokenSignatureIsRS256", "%v", l.id.header)
}

// OIDCCIdTokenUnsigned
func idTokenUnsigned(a *app) {
	a.must(!a.lists("id_token_signing_alg_values_supported", "none"), "OIDCCCheckIdTokenSigningAlgValuesSupportedAlgNone",
		"unsigned ID tokens are offered, so this module has to try one")
	a.skips("id_token_signing_alg_values_supported does not list none, which is acceptable for certification")
}

// OIDCCEnsureRequestWithoutNonceSucceedsForCodeFlow
func withoutNonce(a *app) {
	r := a.ask("nonce", "")
	l := a.login(r)
	_, has := l.id.claims["nonce"]
	a.must(!has, "ValidateIdTokenNonce", "a nonce that nobody sent")
}

// OIDCCAlternateHappyFlow
func otherOrder(a *app) {
	r := a.ask("scope", "email openid")
	r.reversed = true
	a.email(r)
}

// OIDCCEnsurePostRequestSucceeds
func postRequest(a *app) {
	r := a.ask()
	r.method = http.MethodPost
	a.login(r)
}

// OIDCCServerTestClientSecretPost
func clientSecretPost(a *app) {
	a.must(a.lists("token_endpoint_auth_methods_supported", "client_secret_post"), "EnsureServerConfigurationSupportsClientSecretPost", "not listed")
	a.client = postClient
	a.login(a.ask())
}

// OIDCCEnsureRequestWithValidPkceSucceeds
func pkce(a *app) {
	a.must(a.lists("code_challenge_methods_supported", "S256"), "code_challenge_methods_supported", "S256 is not listed")
	verifier := random(64)
	challenge := sha256.Sum256([]byte(verifier))
	a.login(a.ask("code_challenge", raw.EncodeToString(challenge[:]), "code_challenge_method", "S256"), "code_verifier", verifier)
}

// OIDCCEnsureRequestWithAcrValuesSucceeds
func acrValues(a *app) {
	values, _ := a.metadata["acr_values_supported"].([]any)
	asked := []string{"1", "2"} // what the suite asks for where nothing is published
	if len(values) > 0 {
		asked = nil
		for _, value := range values {
			if text, ok := value.(string); ok {
				asked = append(asked, text)
			}
		}
	}
	l := a.login(a.ask("acr_values", strings.Join(asked, " ")))
	a.should(slices.Contains(asked, l.id.word("acr")), "ValidateIdTokenACRClaimAgainstAcrValuesRequest", "asked for %q, got %v", asked, l.id.claims["acr"])
}

// OIDCCAuthCodeReuse
func codeReuse(a *app) {
	l := a.login(a.ask())
	again := a.token(l.form)
	if again.status == http.StatusOK {
		a.should(false, "ServerAllowedReusingAuthorizationCode", "%s", again)
		return
	}
	a.checkInvalidGrant(again)
}

// OIDCCAuthCodeReuseAfter30Seconds
func codeReuse30Seconds(a *app) {
	l := a.login(a.ask())
	delay := 31 * time.Second
	if testing.Short() {
		delay = time.Second
	}
	time.Sleep(delay)
	a.checkInvalidGrant(a.token(l.form))
	got := a.userinfo(http.MethodGet, l.access)
	a.should(got.status/100 == 4, "EnsureHttpStatusCodeIs4xx", "the access token still opens: %s", got)
}
