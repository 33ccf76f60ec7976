package conformance_test

import (
	"net/http"
	"net/url"
	"strings"
)

// OIDCCUserInfoGet
func userinfoGet(a *app) {
	l := a.login(a.ask())
	a.checkUserinfo(l, a.userinfo(http.MethodGet, l.access))
}

// OIDCCUserInfoPostHeader
func userinfoPostHeader(a *app) {
	l := a.login(a.ask())
	a.checkUserinfo(l, a.userinfo(http.MethodPost, l.access))
}

// OIDCCUserInfoPostBody
func userinfoPostBody(a *app) {
	l := a.login(a.ask())
	got := a.send(a.request(http.MethodPost, a.endpoint("userinfo_endpoint"), url.Values{"access_token": {l.access}}))
	if got.status/100 != 2 {
		a.should(false, "UserInfoEndpointWithAccessTokenInBodyNotSupported", "%s", got)
		return
	}
	a.checkUserinfo(l, got)
}

// scope is OIDCCScopeProfile and its like: the claims of the scopes are in userinfo.
func scope(more string) func(a *app) {
	return func(a *app) {
		if !a.supports(more) {
			return
		}
		r := a.ask("scope", "openid "+more)
		l := a.login(r)
		a.checkScopesReturned(l, a.checkUserinfo(l, a.userinfo(http.MethodGet, l.access)))
		a.checkNothingUnasked(l)
	}
}

// supports is skipTestIfScopesNotSupported. What is not published must not be given
// either, or the metadata would not tell the truth.
func (a *app) supports(scopes string) bool {
	a.Helper()
	for one := range strings.FieldsSeq(scopes) {
		if a.lists("scopes_supported", one) {
			continue
		}
		l := a.login(a.ask("scope", "openid "+scopes))
		claims := a.checkUserinfo(l, a.userinfo(http.MethodGet, l.access))
		for _, name := range claimsOfScope[one] {
			a.must(claims[name] == nil, "scopes_supported", "%s is not listed, and its claim %s is given", one, name)
		}
		a.skips("scopes_supported does not list " + one)
		return false
	}
	return true
}

// OIDCCScopeEmail
func scopeEmail(a *app) { a.email(a.ask("scope", "openid email")) }

func (a *app) email(r *authRequest) {
	a.Helper()
	a.need(a.lists("scopes_supported", "email"), "OIDCCCheckScopesSupportedContainScopeTest", "email is not listed")
	l := a.login(r)
	a.should(l.id.claims["name"] == nil, "EnsureIdTokenDoesNotContainName", "%v", l.id.claims["name"])
	a.should(l.id.claims["email"] == nil, "EnsureIdTokenDoesNotContainEmailForScopeEmail", "%v", l.id.claims["email"])
	claims := a.checkUserinfo(l, a.userinfo(http.MethodGet, l.access))
	a.checkScopesReturned(l, claims)
	a.should(claims["name"] == nil, "EnsureUserInfoDoesNotContainName", "%v", claims["name"])
}

// OIDCCClaimsEssential
func claimsEssential(a *app) {
	l := a.login(a.ask("claims", `{"userinfo":{"name":{"essential":true}}}`))
	claims := a.checkUserinfo(l, a.userinfo(http.MethodGet, l.access))
	a.checkScopesReturned(l, claims)
	name, _ := claims["name"].(string)
	a.should(name != "", "EnsureUserInfoContainsName", "%v", claims)
	a.should(l.id.claims["name"] == nil, "EnsureIdTokenDoesNotContainName", "%v", l.id.claims["name"])
}
