package conformance_test

import (
	"net/http"
	"slices"
	"strings"
	"time"
)

// standardClaims are those of Core section 5.1, with a value of their type.
var standardClaims = map[string]any{
	"sub": "", "name": "", "given_name": "", "family_name": "", "middle_name": "", "nickname": "", "preferred_username": "",
	"profile": "", "picture": "", "website": "", "email": "", "email_verified": false, "gender": "", "birthdate": "",
	"zoneinfo": "", "locale": "", "phone_number": "", "phone_number_verified": false, "address": map[string]any{}, "updated_at": 0.0,
	"_claim_names": map[string]any{}, "_claim_sources": map[string]any{},
}

// claimsOfScope are the claims that a scope asks for (Core section 5.4).
var claimsOfScope = map[string][]string{
	"openid": {"sub"},
	"profile": {"name", "given_name", "family_name", "middle_name", "nickname", "profile", "picture", "website", "gender",
		"birthdate", "zoneinfo", "locale", "updated_at", "preferred_username"},
	"email":   {"email", "email_verified"},
	"address": {"address"},
	"phone":   {"phone_number", "phone_number_verified"},
}

// checkStandardClaims checks the types of all standard claims that are there.
func (a *app) checkStandardClaims(check string, claims map[string]any) {
	a.Helper()
	for name, value := range claims {
		var ok bool
		switch standardClaims[name].(type) {
		case string:
			_, ok = value.(string)
		case bool:
			_, ok = value.(bool)
		case float64:
			_, ok = value.(float64)
		case map[string]any:
			_, ok = value.(map[string]any)
		default:
			continue // not one of them
		}
		a.must(ok, check, "%s is %v", name, value)
	}
}

// checkUpdatedAt holds updated_at to seconds, which milliseconds would put far ahead.
func (a *app) checkUpdatedAt(check string, claims map[string]any) {
	a.Helper()
	if at, has := claims["updated_at"]; has {
		seconds, ok := at.(float64)
		a.must(ok && seconds >= 0 && time.Unix(int64(seconds), 0).Before(time.Now().Add(skew)), check, "%v", at)
	}
}

// idTokenClaims are those of the ID token itself, which need not be asked for.
var idTokenClaims = strings.Fields("iss sub aud exp iat auth_time nonce acr amr azp at_hash c_hash nbf jti sid s_hash txn")

// checkNothingUnasked is EnsureIdTokenDoesNotContainNonRequestedClaims.
func (a *app) checkNothingUnasked(l *login) {
	a.Helper()
	allowed := slices.Clone(idTokenClaims)
	for scope := range strings.FieldsSeq(l.request.values.Get("scope")) {
		allowed = append(allowed, claimsOfScope[scope]...)
	}
	for name := range l.id.claims {
		a.should(slices.Contains(allowed, name), "EnsureIdTokenDoesNotContainNonRequestedClaims", "%s", name)
	}
}

// checkHashes checks at_hash and c_hash where they are given, which they need not be
// (Core section 3.1.3.6).
func (a *app) checkHashes(l *login) {
	a.Helper()
	for claim, of := range map[string]string{"at_hash": l.access, "c_hash": l.code} {
		if value, has := l.id.claims[claim]; has {
			a.must(value == half(of), "Validate "+claim, "%v is not of this token response", value)
		}
	}
}

// checkUserinfo checks the answer of the userinfo endpoint (Core section 5.3.2) and
// returns its claims.
func (a *app) checkUserinfo(l *login, got answer) map[string]any {
	a.Helper()
	a.must(got.status == http.StatusOK, "EnsureHttpStatusCodeIs200", "%s", got)
	a.must(got.isJSON(), "EnsureContentTypeJson", "%q", got.header.Get("Content-Type"))
	a.need(len(got.json) > 0, "ExtractUserInfoFromUserInfoEndpointResponse", "%s", got)
	a.checkStandardClaims("ValidateUserInfoStandardClaims", got.json)
	a.must(got.word("sub") != "", "EnsureUserInfoContainsSub", "%s", got)
	a.must(got.word("sub") == l.id.word("sub"), "VerifyUserInfoAndIdTokenInTokenEndpointSameSub", "%q, %q", got.word("sub"), l.id.word("sub"))
	a.checkUpdatedAt("EnsureUserInfoUpdatedAtValid", got.json)
	names, _ := got.json["_claim_names"].(map[string]any)
	sources, _ := got.json["_claim_sources"].(map[string]any)
	for _, source := range names {
		name, _ := source.(string)
		a.must(sources[name] != nil, "EnsureMemberValuesInClaimNameReferenceToMemberNamesInClaimSources", "%v", source)
	}
	return got.json
}

// checkScopesReturned is VerifyScopesReturnedInUserInfoClaims: everything that the
// scopes ask for.
func (a *app) checkScopesReturned(l *login, claims map[string]any) {
	a.Helper()
	for scope := range strings.FieldsSeq(l.request.values.Get("scope")) {
		for _, name := range claimsOfScope[scope] {
			a.should(claims[name] != nil, "VerifyScopesReturnedInUserInfoClaims "+name, "scope %s was given, and userinfo lacks the claim", scope)
		}
	}
}
