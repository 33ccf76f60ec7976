package provider

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/dingbridge/dingbridge/provider/clients"
	"github.com/dingbridge/dingbridge/provider/grants"
	"github.com/dingbridge/dingbridge/provider/login"
	"github.com/dingbridge/dingbridge/provider/pages"
)

// Limits of what a client may have us keep for it.
const (
	maxState = 2048
	maxNonce = 512
	maxScope = 1024

	maxLanguages = 256 // what is longer is ignored
)

// Values of response_mode. A code never goes into a fragment: there it would be kept
// from nobody and reach scripts that never asked for it.
const (
	modeQuery    = "query"
	modeFormPost = "form_post"
)

// authRequest is an authorization request that was found in order (OpenID Connect
// Core section 3.1.2.1).
type authRequest struct {
	login.Request
	client *clients.Client
	prompt []string
	maxAge time.Duration // negative: none given
	hint   string        // id_token_hint, not yet looked at
}

// reply is where the answer to the request goes.
func (a *authRequest) reply() reply { return replyTo(a.client, a.Request) }

// requestFault is why an authorization request is not in order. As long as client and
// redirect URI are not proven it is a page; afterwards the client is told.
type requestFault struct {
	page        pages.Kind // when the client must not be told
	code        string     // OAuth error code, when it may
	description string
}

func tell(code, description string) *requestFault {
	return &requestFault{code: code, description: description}
}

// doubled returns a parameter that stands more than once: OAuth forbids it, and two
// readers would read two things (RFC 6749 section 3.1).
func doubled(form url.Values) string {
	for name, values := range form {
		if len(values) > 1 && name != "resource" { // RFC 8707 allows this one
			return name
		}
	}
	return ""
}

// parseAuthRequest checks a request in the order in which it may be answered:
// first what decides where an error goes, then the rest. Unknown parameters and
// scopes are ignored.
func parseAuthRequest(form url.Values, set *clients.Set) (a authRequest, r *requestFault) {
	a.maxAge = -1
	// Taken from the first of doubled values, which is refused further down: client
	// and redirect URI must be single before anything is believed.
	if len(form["client_id"]) > 1 || len(form["redirect_uri"]) > 1 {
		return a, &requestFault{page: pages.InvalidRequest}
	}
	client, ok := set.Lookup(form.Get("client_id"))
	if !ok {
		return a, &requestFault{page: pages.UnknownClient}
	}
	a.client, a.ClientID = client, client.ID
	if a.RedirectURI = form.Get("redirect_uri"); !client.AllowsRedirect(a.RedirectURI) {
		return a, &requestFault{page: pages.UnregisteredRedirect}
	}
	// From here on errors go to the client (promise H1), with its state if there is one
	// and by the way it wants them.
	if len(form["state"]) <= 1 {
		a.State = form.Get("state")
	}
	mode := form.Get("response_mode")
	if mode == modeFormPost && len(form["response_mode"]) == 1 {
		a.Mode = mode
	}
	if len(a.State) > maxState {
		a.State = ""
		return a, tell("invalid_request", "state is too long")
	}
	switch {
	case a.Mode == "":
	case !takesPost(a.RedirectURI):
		a.Mode = ""
		return a, tell("invalid_request", "response_mode form_post needs an http redirect URI")
	case !pages.Postable(a.State):
		a.State = ""
		return a, tell("invalid_request", "state has characters that a form cannot carry")
	}
	if name := doubled(form); name != "" {
		return a, tell("invalid_request", "a parameter is given more than once")
	}
	switch {
	case mode != "" && mode != modeQuery && mode != modeFormPost:
		return a, tell("invalid_request", "response_mode must be query or form_post")
	case form.Has("request"):
		a.answerAs(form.Get("request"))
		return a, tell("request_not_supported", "request objects are not supported")
	case form.Has("request_uri"): // one that was pushed to us has been resolved before
		return a, tell("request_uri_not_supported", "only a request_uri of the pushed authorization request endpoint is supported")
	}
	switch form.Get("response_type") {
	case "code":
	case "":
		return a, tell("invalid_request", "response_type is missing")
	default:
		return a, tell("unsupported_response_type", "only response_type code is supported")
	}
	for _, parse := range []func(url.Values) *requestFault{a.parseScope, a.parsePKCE, a.parseSession, a.parseClaims} {
		if r := parse(form); r != nil {
			return a, r
		}
	}
	return a, nil
}

// takesPost tells whether a form can be posted to a redirect URI: to an app behind a
// scheme of its own its body is lost.
func takesPost(redirectURI string) bool {
	return strings.HasPrefix(redirectURI, "https:") || strings.HasPrefix(redirectURI, "http:")
}

func (a *authRequest) parseScope(form url.Values) *requestFault {
	scope := form.Get("scope")
	if len(scope) > maxScope {
		return tell("invalid_scope", "scope is too long")
	}
	if a.Scopes = a.client.NarrowScopes(strings.Fields(scope)); len(a.Scopes) == 0 {
		return tell("invalid_scope", "no scope is left that this client may ask for; ask for openid")
	}
	if a.Nonce = form.Get("nonce"); len(a.Nonce) > maxNonce {
		return tell("invalid_request", "nonce is too long")
	}
	return nil
}

func (a *authRequest) parsePKCE(form url.Values) *requestFault {
	a.Challenge = form.Get("code_challenge")
	method := form.Get("code_challenge_method")
	switch {
	case a.Challenge == "" && method != "":
		return tell("invalid_request", "code_challenge is missing")
	case a.Challenge == "" && (a.client.PKCERequired || a.client.Public):
		return tell("invalid_request", "code_challenge is missing: this client must use PKCE with S256")
	case a.Challenge != "" && method != "S256": // an omitted method means plain (RFC 7636 section 4.3)
		return tell("invalid_request", "code_challenge_method must be S256")
	case a.Challenge != "" && !grants.ValidChallenge(a.Challenge):
		return tell("invalid_request", "code_challenge is not an S256 challenge")
	}
	return nil
}

// parseSession reads what the client wants of our own session. display, login_hint
// and acr_values are wishes: DingTalk's page is one for all, takes no hint, and proves
// a person in one way.
func (a *authRequest) parseSession(form url.Values) *requestFault {
	a.prompt = strings.Fields(form.Get("prompt"))
	if slices.Contains(a.prompt, "none") && len(a.prompt) > 1 {
		return tell("invalid_request", "prompt none cannot be combined")
	}
	a.Consent = a.asks("consent")
	if age := form.Get("max_age"); age != "" {
		seconds, err := strconv.ParseInt(age, 10, 32)
		if err != nil || seconds < 0 {
			return tell("invalid_request", "max_age is not a number of seconds")
		}
		a.maxAge = time.Duration(seconds) * time.Second
	}
	// Who is asked to log in anew is to know of it: inside the DingTalk client nothing
	// else would be seen.
	a.Tap = a.maxAge >= 0 || a.asks("login", "select_account")
	a.Organisation = form.Get("organisation")
	a.hint = form.Get("id_token_hint")
	if a.Languages = form.Get("ui_locales"); len(a.Languages) > maxLanguages {
		a.Languages = ""
	}
	return nil
}

func (a *authRequest) parseClaims(form url.Values) *requestFault {
	wanted, ok := parseClaimsRequest(form.Get("claims"))
	if !ok {
		return tell("invalid_request", "claims is not a claims request of OpenID Connect Core section 5.5")
	}
	if len(wanted.acr) > 0 && !slices.Contains(wanted.acr, acr) {
		return tell("unmet_authentication_requirements", "the essential acr is not one that a login here has")
	}
	a.IDClaims, a.InfoClaims, a.Expected = entitled(a.client, wanted.idToken), entitled(a.client, wanted.userinfo), wanted.subject
	return nil
}

// asks tells whether the request has one of the prompts.
func (a *authRequest) asks(prompts ...string) bool {
	return slices.ContainsFunc(a.prompt, func(p string) bool { return slices.Contains(prompts, p) })
}
