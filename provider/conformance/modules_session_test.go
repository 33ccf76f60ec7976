package conformance_test

import (
	"slices"
	"time"
)

// userInterface are the errors that say that somebody would have to be asked
// (CheckErrorFromAuthorizationEndpointIsOneThatRequiredAUserInterface).
var userInterface = []string{"interaction_required", "login_required", "account_selection_required", "consent_required"}

// secondLogin is what the suite wants a screenshot of: the person had to log in again.
func (a *app) secondLogin(l *login) {
	a.Helper()
	a.must(slices.Contains(l.seen, "dingtalk"), "ExpectSecondLoginPage", "the person was not sent to DingTalk: %q", l.seen)
}

// silent is the opposite: nobody was asked anything.
func (a *app) silent(l *login) {
	a.Helper()
	seen := slices.DeleteFunc(slices.Clone(l.seen), func(kind string) bool { return kind == "form-post" })
	a.must(len(seen) == 0, "no user interface", "%q", seen)
}

// sameAuthentication is AbstractOIDCCSameAuthTwiceServerTest.
func (a *app) sameAuthentication(first, second *login) {
	a.Helper()
	a.must(first.id.claims["auth_time"] == second.id.claims["auth_time"], "CheckIdTokenAuthTimeClaimsSameIfPresent",
		"%v, then %v", first.id.claims["auth_time"], second.id.claims["auth_time"])
	a.must(first.id.word("sub") == second.id.word("sub"), "CheckIdTokenSubConsistentForSecondAuthorization",
		"%q, then %q", first.id.word("sub"), second.id.word("sub"))
	a.silent(second)
}

// laterAuthentication is CheckSecondIdTokenAuthTimeIsLaterIfPresent.
func (a *app) laterAuthentication(first, second *login) {
	a.Helper()
	before, ok := first.id.when("auth_time")
	if !ok {
		return
	}
	after, ok := second.id.when("auth_time")
	a.must(ok && after.After(before), "CheckSecondIdTokenAuthTimeIsLaterIfPresent", "%v, then %v", before, second.id.claims["auth_time"])
}

func (a *app) hasAuthTime(l *login) {
	a.Helper()
	_, ok := l.id.when("auth_time")
	a.must(ok, "CheckIdTokenAuthTimeClaimPresentDueToMaxAge", "%v", l.id.claims["auth_time"])
}

// OIDCCPromptLogin
func promptLogin(a *app) {
	first := a.login(a.ask())
	time.Sleep(time.Second)
	second := a.login(a.ask("prompt", "login"))
	a.secondLogin(second)
	a.laterAuthentication(first, second)
}

// OIDCCPromptNoneNotLoggedIn
func promptNoneNotLoggedIn(a *app) {
	a.promptNoneFails()
	a.must(!slices.Contains(a.browser.seen, "dingtalk"), "no user interface", "%q", a.browser.seen)
}

// promptNoneFails asks for a login without a word, with a long state that has to come
// back whole, when there is nobody to be logged in.
func (a *app) promptNoneFails() {
	a.Helper()
	r := a.ask("prompt", "none", "state", random(128))
	code := a.refused(r, a.response(r))
	a.must(slices.Contains(userInterface, code), "CheckErrorFromAuthorizationEndpointIsOneThatRequiredAUserInterface", "%q", code)
}

// OIDCCPromptNoneLoggedIn
func promptNoneLoggedIn(a *app) {
	first := a.login(a.ask())
	a.sameAuthentication(first, a.login(a.ask("prompt", "none")))
}

// OIDCCIdTokenHint
func idTokenHint(a *app) {
	first := a.login(a.ask())
	a.sameAuthentication(first, a.login(a.ask("prompt", "none", "id_token_hint", first.id.text)))
}

// OIDCCMaxAge1
func maxAge1(a *app) {
	first := a.login(a.ask())
	time.Sleep(2 * time.Second) // after one second a login is just still young enough
	second := a.login(a.ask("max_age", "1"))
	a.secondLogin(second)
	a.hasAuthTime(second)
	a.laterAuthentication(first, second)
	at, _ := second.id.when("auth_time")
	a.must(time.Since(at) < skew+time.Second, "CheckIdTokenAuthTimeIsRecentIfPresent", "%v", at)
}

// OIDCCMaxAge10000
func maxAge10000(a *app) {
	first := a.login(a.ask("max_age", "15000"))
	a.hasAuthTime(first)
	second := a.login(a.ask("max_age", "10000"))
	a.hasAuthTime(second)
	a.sameAuthentication(first, second)
}
