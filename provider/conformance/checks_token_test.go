package conformance_test

import (
	"math"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
)

// skew is how far the suite lets clocks differ.
const skew = 5 * time.Minute

// checkTokenAnswer checks what the token endpoint says beside the ID token
// (RFC 6749 section 5.1).
func (a *app) checkTokenAnswer(got answer) {
	a.Helper()
	a.must(got.isJSON(), "CheckTokenEndpointReturnedJsonContentType", "%q", got.header.Get("Content-Type"))
	a.must(slices.Contains(strings.FieldsFunc(got.header.Get("Cache-Control"), func(r rune) bool { return r == ',' || r == ' ' }), "no-store"),
		"CheckTokenEndpointCacheHeaders", "Cache-Control: %q", got.header.Get("Cache-Control"))
	if pragma := got.header.Get("Pragma"); pragma != "" {
		a.must(strings.Contains(pragma, "no-cache"), "CheckTokenEndpointCacheHeaders", "Pragma: %q", pragma)
	}
	a.need(got.word("access_token") != "", "CheckForAccessTokenValue", "%s", got)
	a.must(strings.EqualFold(got.word("token_type"), "Bearer"), "CheckTokenTypeIsBearer", "%q", got.word("token_type"))
	a.must(vschars.MatchString(got.word("access_token")), "EnsureAccessTokenContainsAllowedCharactersOnly", "%q", got.word("access_token"))
	if value, has := got.json["expires_in"]; has {
		seconds, ok := value.(float64)
		a.must(ok && seconds > 0 && seconds == math.Trunc(seconds), "ValidateExpiresIn", "%v", value)
	}
}

var (
	// vschars is VSCHAR of RFC 6749 appendix A, once or more.
	vschars = regexp.MustCompile(`^[\x20-\x7e]+$`)
	// scopeToken is scope-token of appendix A.4.
	scopeToken = regexp.MustCompile(`^[\x21\x23-\x5b\x5d-\x7e]+$`)
)

// entropy is Shannon's, in bits, over the whole text: what the suite estimates with.
func entropy(text string) float64 {
	counts := map[rune]int{}
	for _, r := range text {
		counts[r]++
	}
	bits, n := 0.0, float64(len(text))
	for _, count := range counts {
		p := float64(count) / n
		bits -= p * math.Log2(p)
	}
	return bits * n
}

// minEntropy is 128 bits less what the estimate may err.
const minEntropy = 96

// hardToGuess is EnsureMinimum…Length and …Entropy (RFC 6749 section 10.10).
func (a *app) hardToGuess(what, secret string) {
	a.Helper()
	a.must(len(secret)*8 >= 128, "EnsureMinimum"+what+"Length", "%d characters", len(secret))
	a.must(entropy(secret) > minEntropy, "EnsureMinimum"+what+"Entropy", "%.0f bits", entropy(secret))
}

// checkIDToken is PerformStandardIdTokenChecks.
func (a *app) checkIDToken(id *token, r *authRequest) {
	a.Helper()
	now := time.Now()
	a.must(id.word("iss") == a.endpoint("issuer"), "ValidateIdToken", "iss is %q", id.word("iss"))
	aud := id.audience()
	a.must(slices.Contains(aud, a.client.id), "ValidateIdToken", "aud is %q", aud)
	if azp, has := id.claims["azp"]; has || len(aud) > 1 {
		a.must(azp == a.client.id, "ValidateIdToken", "azp is %v and aud %q", azp, aud)
	}
	exp, ok := id.when("exp")
	a.must(ok && exp.After(now.Add(-skew)), "ValidateIdToken", "exp is %v", id.claims["exp"])
	iat, ok := id.when("iat")
	a.must(ok && iat.Before(now.Add(skew)) && iat.After(now.Add(-skew)) && iat.Before(exp), "ValidateIdToken", "iat is %v", id.claims["iat"])
	if _, has := id.claims["auth_time"]; has {
		at, ok := id.when("auth_time")
		a.must(ok && at.Before(now.Add(skew)), "ValidateIdToken", "auth_time is %v", id.claims["auth_time"])
	}
	if nonce, has := id.claims["nonce"]; has || r.nonce != "" {
		a.must(nonce == r.nonce, "ValidateIdTokenNonce", "sent %q, got %v", r.nonce, nonce)
	}
	a.must(id.header["alg"] == "RS256", "ValidateIdTokenSignature", "alg is %v", id.header["alg"])
	err := id.verify(a.keys)
	a.must(err == nil, "ValidateIdTokenSignatureUsingKid", "%v", err)
	sub := id.word("sub")
	a.must(sub != "" && len(sub) <= 255 && vschars.MatchString(sub), "CheckForSubjectInIdToken", "%q", sub)
	a.checkStandardClaims("ValidateIdTokenStandardClaims", id.claims)
	a.checkUpdatedAt("EnsureIdTokenUpdatedAtValid", id.claims)
}

// checkInvalidGrant checks what a token endpoint must answer to a code or token that
// opens nothing (RFC 6749 section 5.2).
func (a *app) checkInvalidGrant(got answer) {
	a.Helper()
	a.must(got.status == http.StatusBadRequest, "CheckTokenEndpointHttpStatus400", "%s", got)
	a.must(got.isJSON(), "CheckTokenEndpointReturnedJsonContentType", "%q", got.header.Get("Content-Type"))
	a.must(got.word("error") == "invalid_grant", "CheckErrorFromTokenEndpointResponseErrorInvalidGrant", "%s", got)
	a.must(got.word("access_token") == "" && got.word("id_token") == "", "no token beside the error", "%s", got)
	a.checkErrorText("FromTokenEndpointResponseError", got.word("error"), got.word("error_description"), got.word("error_uri"))
}

// checkKeys checks the provider's keys as every module does before it begins.
func (a *app) checkKeys() {
	a.Helper()
	seen := map[any]bool{}
	for i, key := range a.keys {
		_, err := key.public()
		a.must(err == nil, "ValidateServerJWKs", "key %d: %v", i, err)
		kid, _ := key["kid"].(string)
		a.must(kid != "", "CheckForKeyIdInServerJWKs", "key %d", i)
		a.must(!seen[kid], "CheckDistinctKeyIdValueInServerJWKs", "%q twice", kid)
		seen[kid] = true
		for _, private := range []string{"d", "p", "q", "dp", "dq", "qi", "oth", "k"} {
			a.must(key[private] == nil, "EnsureServerJwksDoesNotContainPrivateOrSymmetricKeys", "%q has %s", kid, private)
		}
		a.should(key["use"] == nil || key["use"] == "sig", "CheckServerKeysIsValid", "use of %q is %v", kid, key["use"])
	}
	for _, name := range []string{"token_endpoint", "jwks_uri", "authorization_endpoint"} {
		u, err := url.Parse(a.endpoint(name))
		a.must(err == nil && u.Scheme == "https" && u.Host != "", "CheckServerConfiguration", "%s is %q", name, a.endpoint(name))
	}
}
