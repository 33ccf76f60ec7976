package conformance_test

import (
	"net/http"
	"net/url"
	"slices"
	"time"
)

// OIDCCRefreshToken
func refreshToken(a *app) {
	a.refresh(false)
	a.client = secondClient
	theirs := a.refresh(true)
	a.client = basicClient
	a.checkInvalidGrant(a.token(url.Values{"grant_type": {"refresh_token"}, "refresh_token": {theirs}, "scope": {"openid"}}))
}

// refresh is one client's way through the module; it returns its newest refresh token.
func (a *app) refresh(second bool) string {
	a.Helper()
	scopes := "openid"
	if a.lists("scopes_supported", "offline_access") {
		scopes += " offline_access"
	}
	more := []string{"scope", scopes}
	if scopes != "openid" {
		more = append(more, "prompt", "consent") // Core section 11
	}
	if second {
		more = append(more, "nonce", random(43))
	}
	first := a.tokens(a.ask(more...))
	if scopes != "openid" {
		a.must(slices.Contains(first.seen, "consent"), "prompt=consent", "nobody was asked: %q", first.seen)
	}
	old := first.answer.word("refresh_token")
	a.need(old != "", "ExtractRefreshTokenFromTokenResponse", "%s", first.answer)
	a.should(a.lists("grant_types_supported", "refresh_token"), "EnsureServerConfigurationSupportsRefreshToken", "not listed")
	a.must(vschars.MatchString(old), "EnsureRefreshTokenContainsAllowedCharactersOnly", "%q", old)

	// RefreshTokenRequestSteps
	form := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {old}}
	if !second {
		form.Set("scope", scopes)
	}
	time.Sleep(time.Second) // so that iat differs
	got := a.token(form)
	a.need(got.status == http.StatusOK && got.word("error") == "", "CheckTokenEndpointHttpStatus200", "%s", got)
	a.checkTokenAnswer(got)
	a.hardToGuess("AccessToken", got.word("access_token"))
	a.should(got.json["expires_in"] != nil, "ExtractExpiresInFromTokenEndpointResponse", "%s", got)
	a.must(got.word("access_token") != first.access, "EnsureAccessTokenValuesAreDifferent", "the same access token")
	newest := got.word("refresh_token")
	a.need(newest != "" && newest != old, "rotation", "%q, then %q", old, newest)
	a.hardToGuess("RefreshToken", newest)
	if text := got.word("id_token"); text != "" {
		id, err := parseToken(text)
		a.need(err == nil, "ExtractIdTokenFromTokenResponse", "%v", err)
		a.compareIDTokens(first.id, id)
	}
	info := a.userinfo(http.MethodGet, got.word("access_token"))
	a.must(info.status == http.StatusOK, "EnsureHttpStatusCodeIs200", "userinfo: %s", info)
	return newest
}

// compareIDTokens is CompareIdTokenClaims (Core section 12.2).
func (a *app) compareIDTokens(first, second *token) {
	a.Helper()
	const check = "CompareIdTokenClaims"
	err := second.verify(a.keys)
	a.must(err == nil, check, "%v", err)
	for _, claim := range []string{"iss", "sub"} {
		a.must(first.word(claim) != "" && first.word(claim) == second.word(claim), check, "%s: %q, then %q", claim, first.word(claim), second.word(claim))
	}
	before, ok1 := first.when("iat")
	after, ok2 := second.when("iat")
	a.must(ok1 && ok2 && after.After(before), check, "iat: %v, then %v", before, after)
	a.must(slices.Equal(first.audience(), second.audience()), check, "aud: %q, then %q", first.audience(), second.audience())
	if _, has := second.claims["auth_time"]; has {
		a.must(first.claims["auth_time"] == second.claims["auth_time"], check, "auth_time: %v, then %v", first.claims["auth_time"], second.claims["auth_time"])
	}
	a.must(first.claims["azp"] == second.claims["azp"], check, "azp: %v, then %v", first.claims["azp"], second.claims["azp"])
	if nonce, has := second.claims["nonce"]; has {
		a.must(nonce == first.claims["nonce"], check, "nonce: %v, then %v", first.claims["nonce"], nonce)
	}
}
