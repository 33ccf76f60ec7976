package conformance_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// OIDCCRpInitiatedLogoutDiscoveryEndpointVerification
func logoutDiscovery(a *app) {
	a.checkEndpoints()
	a.must(a.endpoint("end_session_endpoint") != "", "CheckDiscEndSessionEndpoint", "there is none")
}

// toBeEnded logs somebody in and makes the full logout request of the suite
// (AbstractOIDCCRpInitiatedLogout).
func (a *app) toBeEnded() url.Values {
	a.Helper()
	a.need(a.endpoint("end_session_endpoint") != "", "CheckDiscEndSessionEndpoint", "there is none")
	l := a.login(a.ask("state", random(128)))
	a.access, a.kept = l.access, a.browser.twin()
	a.browser, a.kept = a.kept, a.browser
	a.silent(a.login(a.ask("prompt", "none"))) // or the twin would prove nothing
	a.browser, a.kept = a.kept, a.browser
	return url.Values{"id_token_hint": {l.id.text}, "post_logout_redirect_uri": {a.client.postLogout}, "state": {random(128)}}
}

// end sends the browser to the logout endpoint.
func (a *app) end(request url.Values) landing {
	a.Helper()
	address := a.endpoint("end_session_endpoint")
	if query := request.Encode(); query != "" {
		address += "?" + query
	}
	l, err := a.browser.open(address)
	if err != nil {
		a.Fatalf("the browser: %v", err)
	}
	return l
}

// ended checks that nobody is logged in any more. The suite asks the browser, whose
// cookie may be gone while the session lives; so one that kept the cookie is asked too,
// and what the session gave to the app.
func (a *app) ended() {
	a.Helper()
	a.promptNoneFails()
	a.browser = a.kept
	a.promptNoneFails()
	got := a.userinfo(http.MethodGet, a.access)
	a.must(got.status == http.StatusUnauthorized, "the access token ends with the session", "%s", got)
}

// returned checks that the browser came back to the app with the state and nothing
// else, and that nobody is logged in any more.
func (a *app) returned(l landing, state string) {
	a.Helper()
	a.need(l.at != nil, "post_logout_redirect", "%s", l)
	query := l.at.url.Query()
	l.at.url.RawQuery = ""
	a.must(l.at.method == http.MethodGet && l.at.url.String() == a.client.postLogout, "post_logout_redirect", "%s", l)
	a.must(query.Get("state") == state && query.Has("state") == (state != ""), "CheckPostLogoutState", "sent %q, got %q", state, query["state"])
	query.Del("state")
	a.should(len(query) == 0, "CheckForUnexpectedParametersInPostLogoutRedirect", "%v", query)
	a.ended()
}

// stays checks that the browser is not sent to the app, whatever the person presses:
// on an error page there is nothing to press, and the question of the provider's own,
// answered with yes, ends on a page. Until it is answered the session goes on.
func (a *app) stays(request url.Values) {
	a.Helper()
	a.browser.pause = "sign-out"
	l := a.end(request)
	a.need(l.page != nil, "no redirect", "%s", l)
	asked := l.page
	a.must(asked.kind == "sign-out" && asked.status == http.StatusOK || asked.status/100 == 4 && asked.kind != "", "error or question", "%s", l)
	a.browser.pause = ""
	a.silent(a.login(a.ask("prompt", "none")))
	if asked.kind != "sign-out" {
		return
	}
	l, err := a.browser.press(asked)
	a.need(err == nil && l.page != nil, "no redirect", "%s, %v", l, err)
	a.must(l.page.kind == "signed-out", "ExpectSuccessfulLogoutPage", "%s", l)
	a.ended()
}

// loggedOut checks that the person is told that they are logged out, after having been
// asked or not, and that it is true.
func (a *app) loggedOut(request url.Values) {
	a.Helper()
	l := a.end(request)
	a.need(l.page != nil, "no redirect", "%s", l)
	a.must(l.page.kind == "signed-out" && l.page.status == http.StatusOK, "ExpectSuccessfulLogoutPage", "%s", l)
	a.ended()
}

// OIDCCRpInitiatedLogout
func logoutWithAll(a *app) {
	request := a.toBeEnded()
	a.returned(a.end(request), request.Get("state"))
}

// OIDCCRpInitiatedLogoutNoState
func logoutNoState(a *app) {
	request := a.toBeEnded()
	request.Del("state")
	a.returned(a.end(request), "")
}

// OIDCCRpInitiatedLogoutBadLogoutRedirectUri
func logoutBadURI(a *app) {
	request := a.toBeEnded()
	request.Set("post_logout_redirect_uri", a.client.postLogout+random(20))
	a.stays(request)
}

// OIDCCRpInitiatedLogoutQueryAddedToLogoutRedirectUri
func logoutQueryAdded(a *app) {
	request := a.toBeEnded()
	request.Set("post_logout_redirect_uri", a.client.postLogout+"?foo=bar")
	a.stays(request)
}

// OIDCCRpInitiatedLogoutModifiedIdTokenHint
func logoutModifiedHint(a *app) {
	request := a.toBeEnded()
	hint, err := parseToken(request.Get("id_token_hint"))
	a.need(err == nil, "ChangeIdTokenToAlgNone", "%v", err)
	request.Set("id_token_hint", unsigned(hint.claims))
	a.stays(request)
}

// OIDCCRpInitiatedLogoutBadIdTokenHint: issuer and audience stand in each other's place
// and the client signed it itself.
func logoutBadHint(a *app) {
	request := a.toBeEnded()
	request.Set("id_token_hint", signed(a.client.secret, map[string]any{"iss": a.client.id, "sub": "SubjectID", "aud": a.endpoint("issuer"),
		"nonce": "flibble", "iat": time.Now().Unix(), "exp": time.Now().Add(skew).Unix()}))
	a.stays(request)
}

// OIDCCRpInitiatedLogoutNoIdTokenHint
func logoutNoHint(a *app) {
	request := a.toBeEnded()
	request.Del("id_token_hint")
	a.stays(request)
}

// OIDCCRpInitiatedLogoutNoParams
func logoutNoParams(a *app) {
	a.toBeEnded()
	a.loggedOut(nil)
}

// OIDCCRpInitiatedLogoutNoPostLogoutRedirectUri
func logoutNoURI(a *app) {
	request := a.toBeEnded()
	request.Del("post_logout_redirect_uri")
	a.loggedOut(request)
}

// OIDCCRpInitiatedLogoutOnlyState
func logoutOnlyState(a *app) {
	a.loggedOut(url.Values{"state": a.toBeEnded()["state"]})
}

// OIDCCBackchannelLogoutDiscoveryEndpointVerification
func backChannelDiscovery(a *app) {
	a.checkEndpoints()
	a.must(a.metadata["backchannel_logout_supported"] == true, "CheckDiscEndpointBackchannelLogoutSupported", "%v", a.metadata["backchannel_logout_supported"])
	a.must(a.metadata["backchannel_logout_session_supported"] == true, "CheckDiscEndpointBackchannelLogoutSessionSupported",
		"%v", a.metadata["backchannel_logout_session_supported"])
	a.must(a.endpoint("end_session_endpoint") != "", "CheckDiscEndSessionEndpoint", "there is none")
}

// OIDCCBackChannelRpInitiatedLogout
func backChannelLogout(a *app) {
	a.client = noticeClient
	request := a.toBeEnded()
	id, err := parseToken(request.Get("id_token_hint"))
	a.need(err == nil, "ExtractIdTokenFromTokenResponse", "%v", err)
	l := a.end(request)
	select {
	case n := <-a.house.receiver.notices:
		a.checkNotice(n, id)
	case <-time.After(patience):
		a.Error("handleBackchannelLogout: no notice came")
	}
	a.returned(l, request.Get("state"))
}

// backChannelEvent is the one member of events (Back-Channel Logout section 2.4).
const backChannelEvent = "http://schemas.openid.net/event/backchannel-logout"

func (a *app) checkNotice(n notice, id *token) {
	a.Helper()
	a.should(n.tls >= tls12, "EnsureIncomingTls12WithSecureCipherOrTls13", "%x", n.tls)
	a.must(n.method == http.MethodPost, "ExtractLogoutTokenFromBackchannelLogoutRequest", "%s", n.method)
	kind, _, _ := strings.Cut(n.contentType, ";")
	a.must(kind == "application/x-www-form-urlencoded", "ExtractLogoutTokenFromBackchannelLogoutRequest", "%q", n.contentType)
	a.must(len(n.form) == 1 && len(n.form["logout_token"]) == 1, "CheckForUnexpectedParametersInBackchannelLogoutRequest", "%v", n.form)
	t, err := parseToken(n.form.Get("logout_token"))
	a.need(err == nil, "ExtractLogoutTokenFromBackchannelLogoutRequest", "%v", err)
	err = t.verify(a.keys)
	a.must(err == nil && t.header["alg"] == "RS256", "ValidateLogoutTokenSignature", "%v, %v", err, t.header)
	a.must(t.header["typ"] == "logout+jwt", "typ", "%v", t.header["typ"])

	const check = "ValidateLogoutTokenClaims"
	now := time.Now()
	a.must(t.word("iss") == a.endpoint("issuer"), check, "iss is %q", t.word("iss"))
	aud := t.audience()
	a.must(len(aud) == 1 && aud[0] == a.client.id, check, "aud is %q", aud)
	iat, ok := t.when("iat")
	a.must(ok && iat.Before(now.Add(skew)) && iat.After(now.Add(-skew)), check, "iat is %v", t.claims["iat"])
	exp, ok := t.when("exp")
	a.must(ok && exp.After(now), check, "exp is %v", t.claims["exp"])
	a.must(t.word("jti") != "", check, "jti is %v", t.claims["jti"])
	events, _ := json.Marshal(t.claims["events"]) // it came as JSON
	a.must(string(events) == `{"`+backChannelEvent+`":{}}`, check, "events is %s", events)
	a.must(t.word("sub") == id.word("sub"), "CheckIdTokenSubMatchesLogoutToken", "%q, %q", t.word("sub"), id.word("sub"))
	a.must(t.word("sid") == id.word("sid"), "CheckIdTokenSidMatchesLogoutToken", "%q, %q", t.word("sid"), id.word("sid"))
	_, nonce := t.claims["nonce"]
	a.must(!nonce, "CheckLogoutTokenNoNonce", "%v", t.claims["nonce"])
	// Certification asks for the session, because cookies of the front channel fail.
	a.must(t.word("sub") != "" && t.word("sid") != "", "CheckLogoutTokenHasSubOrSid", "%v", t.claims)
}
