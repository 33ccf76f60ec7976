package conformance_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// An authRequest is one authorization request of the app.
type authRequest struct {
	values       url.Values
	state, nonce string
	method       string
	reversed     bool // parameters stand in the other order
}

// ask makes a request for scope openid with a state and a nonce of its own; more are
// pairs of name and value, and an empty value takes the parameter out.
func (a *app) ask(more ...string) *authRequest {
	r := &authRequest{state: random(10), nonce: random(10), method: http.MethodGet}
	r.values = url.Values{"client_id": {a.client.id}, "redirect_uri": {a.client.redirect}, "scope": {"openid"},
		"state": {r.state}, "nonce": {r.nonce}, "response_type": {"code"}}
	if a.formPost {
		r.values.Set("response_mode", "form_post")
	}
	for i := 0; i+1 < len(more); i += 2 {
		if r.values.Set(more[i], more[i+1]); more[i+1] == "" {
			r.values.Del(more[i])
		}
	}
	r.state, r.nonce = r.values.Get("state"), r.values.Get("nonce")
	return r
}

// sendOff sends the browser off with the request.
func (a *app) sendOff(r *authRequest) landing {
	a.Helper()
	address, query := a.endpoint("authorization_endpoint"), r.values.Encode()
	if r.reversed {
		parts := strings.Split(query, "&")
		slices.Reverse(parts)
		query = strings.Join(parts, "&")
	}
	var l landing
	var err error
	if r.method == http.MethodPost {
		l, err = a.browser.send(http.MethodPost, address, r.values)
	} else {
		l, err = a.browser.open(address + "?" + query)
	}
	if err != nil {
		a.Fatalf("the browser: %v", err)
	}
	return l
}

// response is what came back to the app's redirect URI, by the way it was asked for
// (AbstractOIDCCServerTest.processCallback).
func (a *app) response(r *authRequest) url.Values {
	a.Helper()
	l := a.sendOff(r)
	a.need(l.at != nil, "the redirect URI is called", "%s", l)
	return a.arrived(l)
}

func (a *app) arrived(l landing) url.Values {
	a.Helper()
	at := l.at
	want, err := url.Parse(a.client.redirect)
	if err != nil {
		a.Fatal(err)
	}
	a.need(at.url.Scheme == want.Scheme && at.url.Host == want.Host && at.url.Path == want.Path, "the redirect URI is called", "%s", l)
	query := at.url.Query()
	for name := range want.Query() {
		a.must(query.Get(name) == want.Query().Get(name), "CheckMatchingCallbackParameters", "%s is %q", name, query.Get(name))
		query.Del(name)
	}
	params := query
	if a.formPost {
		a.must(at.method == http.MethodPost, "CheckCallbackHttpMethodIsPost", "%s", l)
		a.must(at.contentType == "application/x-www-form-urlencoded", "CheckCallbackContentTypeIsFormUrlEncoded", "%q", at.contentType)
		a.must(!query.Has("code"), "RejectAuthCodeInUrlQuery", "%s", l)
		a.must(!query.Has("error"), "RejectErrorInUrlQuery", "%s", l)
		params = at.form
	} else {
		a.must(at.method == http.MethodGet, "the response comes in the query", "%s", l)
	}
	for name, values := range params {
		a.must(len(values) == 1, "each parameter once", "%s: %q", name, values)
	}
	return params
}

// code checks a response that has to be a success, and returns its code
// (AbstractOIDCCServerTest.onAuthorizationCallbackResponse).
func (a *app) code(r *authRequest, params url.Values) string {
	a.Helper()
	a.checkIss(params)
	a.need(!params.Has("error"), "CheckIfAuthorizationEndpointError", "%s", params.Encode())
	a.checkState(r, params)
	a.need(params.Get("code") != "", "ExtractAuthorizationCodeFromAuthorizationResponse", "%s", params.Encode())
	return params.Get("code")
}

// checkIss is RFC 9207 section 2.4: there if the metadata says so, and the issuer.
func (a *app) checkIss(params url.Values) {
	a.Helper()
	if a.metadata["authorization_response_iss_parameter_supported"] == true || params.Has("iss") {
		a.must(params.Get("iss") == a.endpoint("issuer"), "ValidateIssIfPresentInAuthorizationResponse", "iss is %q", params.Get("iss"))
	}
}

func (a *app) checkState(r *authRequest, params url.Values) {
	a.Helper()
	a.must(params.Get("state") == r.state && params.Has("state") == (r.state != ""), "CheckStateInAuthorizationResponse",
		"sent %q, got %q", r.state, params.Get("state"))
}

// refused checks a response that has to be an error, and returns its error code
// (performGenericAuthorizationEndpointErrorResponseValidation).
func (a *app) refused(r *authRequest, params url.Values) string {
	a.Helper()
	a.checkState(r, params)
	a.checkIss(params)
	a.need(params.Get("error") != "", "EnsureErrorFromAuthorizationEndpointResponse", "%s", params.Encode())
	a.must(!params.Has("code"), "RejectAuthCodeInAuthorizationEndpointResponse", "%s", params.Encode())
	for name := range params {
		a.should(slices.Contains([]string{"error", "error_description", "error_uri", "state", "session_state", "iss"}, name),
			"CheckForUnexpectedParametersInErrorResponseFromAuthorizationEndpoint", "%s", name)
	}
	a.checkErrorText("FromAuthorizationEndpointResponseError", params.Get("error"), params.Get("error_description"), params.Get("error_uri"))
	return params.Get("error")
}

// checkErrorText holds texts of an error to their alphabets (RFC 6749 appendix A.7 to A.9).
func (a *app) checkErrorText(where, code, description, uri string) {
	a.Helper()
	strange := func(text string) bool {
		return strings.ContainsFunc(text, func(r rune) bool { return r < 0x20 || r > 0x7e || r == '"' || r == '\\' })
	}
	a.should(!strings.ContainsAny(description, "\r\n\t"), "CheckErrorDescription"+where+"ContainsCRLFTAB", "%q", description)
	a.must(!strange(code), "ValidateError"+where, "%q", code)
	a.must(!strange(description), "ValidateErrorDescription"+where, "%q", description)
	_, err := url.Parse(uri)
	a.must(err == nil, "ValidateErrorUri"+where, "%q", uri)
}

// A login is a flow that went well.
type login struct {
	request *authRequest
	code    string
	form    url.Values // what was sent to the token endpoint
	answer  answer
	access  string
	id      *token
	seen    []string // on the way; see browser
}

// login goes through the whole flow with the checks of every module: authorization,
// tokens, userinfo (AbstractOIDCCServerTest).
func (a *app) login(r *authRequest, more ...string) *login {
	a.Helper()
	l := a.tokens(r, more...)
	got := a.userinfo(http.MethodGet, l.access)
	a.must(got.status == http.StatusOK, "EnsureHttpStatusCodeIs200", "userinfo: %s", got)
	return l
}

// tokens is login without userinfo. more are pairs for the token request.
func (a *app) tokens(r *authRequest, more ...string) *login {
	a.Helper()
	code := a.code(r, a.response(r))
	l := &login{request: r, code: code, seen: a.browser.seen}
	l.form = url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {a.client.redirect}}
	for i := 0; i+1 < len(more); i += 2 {
		l.form.Set(more[i], more[i+1])
	}
	l.answer = a.token(l.form)
	a.need(l.answer.status == http.StatusOK && l.answer.word("error") == "", "CheckIfTokenEndpointResponseError", "%s", l.answer)
	a.checkTokenAnswer(l.answer)
	l.access = l.answer.word("access_token")
	id, err := parseToken(l.answer.word("id_token"))
	a.need(err == nil, "ExtractIdTokenFromTokenResponse", "%v", err)
	l.id = id
	a.checkIDToken(id, r)
	return l
}
