package provider

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/dingbridge/dingbridge/provider/clients"
	"github.com/dingbridge/dingbridge/provider/grants"
	"github.com/dingbridge/dingbridge/provider/pages"
)

// Limits of what a client may have us keep for it.
const (
	maxState = 2048
	maxNonce = 512
	maxScope = 1024
)

// authRequest is an authorization request that was found in order (OpenID Connect
// Core section 3.1.2.1).
type authRequest struct {
	client      *clients.Client
	redirectURI string
	scopes      []string
	state       string
	nonce       string
	challenge   string
	prompt      []string
	maxAge      time.Duration // negative: none given
	languages   string
}

// refusal is why an authorization request is not in order. As long as client and
// redirect URI are not proven it is a page; afterwards the client is told.
type refusal struct {
	page        pages.Kind // when the client must not be told
	code        string     // OAuth error code, when it may
	description string
}

func tell(code, description string) *refusal { return &refusal{code: code, description: description} }

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
func parseAuthRequest(form url.Values, set *clients.Set) (a authRequest, r *refusal) {
	a.maxAge = -1
	// Taken from the first of doubled values, which is refused further down: client
	// and redirect URI must be single before anything is believed.
	if len(form["client_id"]) > 1 || len(form["redirect_uri"]) > 1 {
		return a, &refusal{page: pages.InvalidRequest}
	}
	client, ok := set.Lookup(form.Get("client_id"))
	if !ok {
		return a, &refusal{page: pages.UnknownClient}
	}
	a.client = client
	if a.redirectURI = form.Get("redirect_uri"); !client.AllowsRedirect(a.redirectURI) {
		return a, &refusal{page: pages.UnregisteredRedirect}
	}
	// From here on errors go to the client (promise H1), with its state if there is one.
	if len(form["state"]) <= 1 {
		a.state = form.Get("state")
	}
	if len(a.state) > maxState {
		a.state = ""
		return a, tell("invalid_request", "state is too long")
	}
	if name := doubled(form); name != "" {
		return a, tell("invalid_request", "a parameter is given more than once")
	}
	switch form.Get("response_mode") {
	case "", "query":
	default:
		return a, tell("invalid_request", "response_mode is not supported")
	}
	switch {
	case form.Has("request"):
		return a, tell("request_not_supported", "request objects are not supported")
	case form.Has("request_uri"):
		return a, tell("request_uri_not_supported", "request_uri is not supported")
	}
	switch form.Get("response_type") {
	case "code":
	case "":
		return a, tell("invalid_request", "response_type is missing")
	default:
		return a, tell("unsupported_response_type", "only response_type code is supported")
	}
	if r := a.parseRest(form); r != nil {
		return a, r
	}
	return a, nil
}

func (a *authRequest) parseRest(form url.Values) *refusal {
	scope := form.Get("scope")
	if len(scope) > maxScope {
		return tell("invalid_scope", "scope is too long")
	}
	if a.scopes = a.client.NarrowScopes(strings.Fields(scope)); len(a.scopes) == 0 {
		return tell("invalid_scope", "no scope is left that this client may ask for; ask for openid")
	}
	if a.nonce = form.Get("nonce"); len(a.nonce) > maxNonce {
		return tell("invalid_request", "nonce is too long")
	}
	a.challenge = form.Get("code_challenge")
	method := form.Get("code_challenge_method")
	switch {
	case a.challenge == "" && method != "":
		return tell("invalid_request", "code_challenge is missing")
	case a.challenge == "" && (a.client.PKCERequired || a.client.Public):
		return tell("invalid_request", "code_challenge is missing: this client must use PKCE with S256")
	case a.challenge != "" && method != "S256": // an omitted method means plain (RFC 7636 section 4.3)
		return tell("invalid_request", "code_challenge_method must be S256")
	case a.challenge != "" && !grants.ValidChallenge(a.challenge):
		return tell("invalid_request", "code_challenge is not an S256 challenge")
	}
	a.prompt = strings.Fields(form.Get("prompt"))
	if slices.Contains(a.prompt, "none") && len(a.prompt) > 1 {
		return tell("invalid_request", "prompt none cannot be combined")
	}
	if age := form.Get("max_age"); age != "" {
		seconds, err := strconv.ParseInt(age, 10, 32)
		if err != nil || seconds < 0 {
			return tell("invalid_request", "max_age is not a number of seconds")
		}
		a.maxAge = time.Duration(seconds) * time.Second
	}
	if a.languages = form.Get("ui_locales"); len(a.languages) > 256 {
		a.languages = ""
	}
	return nil
}

// asks tells whether the request has one of the prompts.
func (a *authRequest) asks(prompts ...string) bool {
	return slices.ContainsFunc(a.prompt, func(p string) bool { return slices.Contains(prompts, p) })
}
