package provider

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"mime"
	"net/http"
	"net/url"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/zitadel/oidc/v3/pkg/oidc"

	"github.com/dingbridge/dingbridge/provider/audit"
	"github.com/dingbridge/dingbridge/provider/limits"
	"github.com/dingbridge/dingbridge/provider/pages"
)

// The paths, below the issuer.
const (
	pathAuthorize         = "/authorize"
	pathPAR               = "/par"
	pathConsent           = "/authorize/consent"
	pathCallback          = "/login/callback"
	pathChoose            = "/login/choose"
	pathFrame             = "/login/frame"
	pathInApp             = "/login/inapp"
	pathEndSession        = "/end_session"
	pathEndSessionConfirm = "/end_session/confirm"
	pathAccountEnd        = "/account/end"
	pathToken             = "/token"
	pathUserinfo          = "/userinfo"
	pathIntrospect        = "/introspect"
	pathRevoke            = "/revoke"
	pathJWKS              = "/jwks"
	pathDiscovery         = "/.well-known/openid-configuration"
	pathMetadata          = "/.well-known/oauth-authorization-server" // RFC 8414
	pathHealth            = "/healthz"
	pathReady             = "/readyz"

	pathDeviceAuthorization = "/device_authorization" // RFC 8628
	pathDevice              = "/device"
	pathDeviceConfirm       = "/device/confirm"
)

// Limits of a request. The header's is set where the server is made.
const (
	maxBody  = 64 << 10
	maxQuery = 16 << 10
)

// audience says who is at the other end: what an error looks like, and whether
// scripts of other origins may ask.
type audience uint8

const (
	person audience = iota // a browser's window: HTML pages
	client                 // a program: JSON errors
	script                 // a program, or a script of a registered origin
	anyone                 // public documents: any origin, cacheable
)

// A route is everything there is to know about an endpoint (promise H8).
type route struct {
	path     string
	methods  []string // without OPTIONS, which CORS adds; none: the path is unknown, whatever the method
	audience audience
	form     bool // parameters are read from the body alone, form-encoded
	handler  http.Handler
}

// routeTable is the whole surface. Only /userinfo/ takes what is below it.
func (p *Provider) routeTable() []route {
	library := p.authenticateClient(p.library())
	f := func(h http.HandlerFunc) http.Handler { return h }
	get := []string{http.MethodGet, http.MethodHead}
	return []route{
		{pathDiscovery, get, anyone, false, f(p.serveDiscovery)},
		{pathMetadata, get, anyone, false, f(p.serveDiscovery)},
		{pathJWKS, get, anyone, false, f(p.serveJWKS)},
		{pathAuthorize, []string{http.MethodGet, http.MethodPost}, person, false, byMethod(p.authorize, p.authorizePost)},
		{pathConsent, []string{http.MethodPost}, person, true, f(p.consentPost)},
		{pathPAR, []string{http.MethodPost}, script, true, p.authenticateClient(f(p.par))},
		{pathEndSession, []string{http.MethodGet, http.MethodPost}, person, false, byMethod(p.endSession, p.endSessionPost)},
		{pathEndSessionConfirm, []string{http.MethodPost}, person, true, f(p.endSessionConfirmPost)},
		{pathAccountEnd, []string{http.MethodPost}, person, true, f(p.accountEndPost)},
		{pathCallback, []string{http.MethodGet}, person, false, f(p.callbackGet)},
		{pathChoose, []string{http.MethodGet}, person, false, f(p.choose)},
		{pathFrame, []string{http.MethodGet}, person, false, f(p.frame)},
		{pathInApp, []string{http.MethodGet, http.MethodPost}, person, false, byMethod(p.inApp, p.inAppPost)},
		{pathToken, []string{http.MethodPost}, script, true, p.knownGrant(library)},
		{pathDeviceAuthorization, []string{http.MethodPost}, client, true, library},
		{pathDevice, []string{http.MethodGet, http.MethodPost}, person, false, byMethod(p.devicePage, p.deviceCodePost)},
		{pathDeviceConfirm, []string{http.MethodPost}, person, true, f(p.deviceConfirmPost)},
		{pathIntrospect, []string{http.MethodPost}, client, true, p.confidential(library)},
		{pathRevoke, []string{http.MethodPost}, script, true, library},
		{pathUserinfo, []string{http.MethodGet, http.MethodPost}, script, false, f(p.userinfo)},
		{pathUserinfo + "/", []string{http.MethodGet, http.MethodPost}, script, false, f(p.userinfoOther)},
		{pathHealth, get, client, false, f(p.healthz)},
		{pathReady, get, client, false, f(p.readyz)},
		{"/", get, person, false, f(p.home)},
	}
}

// routes builds the handler. Paths are compared as they were sent: a ServeMux cleans
// them and answers with a redirect of its own, which has none of our headers and
// carries the body of a POST on.
func (p *Provider) routes() http.Handler {
	exact := map[string]http.Handler{}
	for _, route := range p.routeTable() {
		exact[p.base+route.path] = p.guard(route)
		switch {
		case route.path == "/":
			exact[p.base] = p.guard(route)
		case route.path == pathMetadata && p.base != "":
			exact[pathMetadata+p.base] = p.guard(route) // RFC 8414 section 3.1: before the issuer's path
		}
	}
	belowUserinfo := p.base + pathUserinfo + "/"
	unknown := p.guard(route{audience: person, handler: http.HandlerFunc(p.notFound)})
	p.paths = slices.Sorted(maps.Keys(exact))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		path := r.URL.EscapedPath()
		handler, known := exact[path]
		switch {
		case known:
			handler.ServeHTTP(w, r)
		case strings.HasPrefix(path, belowUserinfo):
			exact[belowUserinfo].ServeHTTP(w, r)
		default:
			unknown.ServeHTTP(w, r)
		}
	})
}

// guard holds a route to what it declares, before its handler runs.
func (p *Provider) guard(route route) http.Handler {
	allow := strings.Join(route.methods, ", ")
	if route.audience >= script {
		allow += ", " + http.MethodOptions // answered to preflights
	}
	strip := http.StripPrefix(p.base, route.handler)
	free := route.audience == anyone || route.path == pathHealth || route.path == pathReady // what never starves
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		call := &call{id: newCallID(), from: p.address(r)}
		if call.from.IsValid() {
			call.address = call.from.String()
		}
		r = r.WithContext(context.WithValue(r.Context(), callKey{}, call))
		h := w.Header()
		defer p.recovered(w, r, route)
		h.Set("X-Request-Id", call.id)
		if p.draining.Load() {
			h.Set("Connection", "close") // a proxy keeps no connection that ends under its next request
		}
		if p.cookies.secure {
			h.Set("Strict-Transport-Security", "max-age=31536000") // RFC 6797; the issuer is https and stays it
		}
		h.Set("Cache-Control", "no-store")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
		if p.cors(w, r, route) {
			return
		}
		// A link in a chat is looked at by a machine before a person sees it, and nothing
		// may begin or be spent by that.
		if route.audience == person && linkPreview(r.UserAgent()) {
			p.page(w, r, http.StatusOK, pages.Page{Kind: pages.Preview})
			return
		}
		if route.methods == nil {
			route.handler.ServeHTTP(w, r)
			return
		}
		if !slices.Contains(route.methods, r.Method) {
			h.Set("Allow", allow)
			p.fail(w, r, route, http.StatusMethodNotAllowed, pages.MethodNotAllowed, "method not allowed")
			return
		}
		if status, kind, problem := p.readForm(w, r, route); status != 0 {
			p.fail(w, r, route, status, kind, problem)
			return
		}
		// Only now: whoever sends a body slowly takes no place.
		if !free {
			if !p.limits.Requests.Enter() {
				p.turnAway(w, r, route, limits.RequestsAtOnce)
				return
			}
			call.work = atWork{ResponseWriter: w, place: p.limits.Requests}
			defer call.work.leave()
			w = &call.work
		}
		if p.base != "" && strings.HasPrefix(r.URL.Path, p.base) {
			strip.ServeHTTP(w, r)
			return
		}
		route.handler.ServeHTTP(w, r)
	})
}

// readForm parses the parameters within their limits.
func (p *Provider) readForm(w http.ResponseWriter, r *http.Request, route route) (status int, kind pages.Kind, problem string) {
	if len(r.URL.RawQuery) > maxQuery {
		return http.StatusRequestURITooLong, pages.TooLarge, "the query is too long"
	}
	if route.form && r.URL.RawQuery != "" { // neither secrets nor codes belong into a URL (RFC 9700 section 4.3)
		return http.StatusBadRequest, pages.InvalidRequest, "parameters belong in the body, not in the query"
	}
	if r.Method == http.MethodPost {
		r.Body = http.MaxBytesReader(w, r.Body, maxBody)
		media, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
		if media != "application/x-www-form-urlencoded" && (route.form || r.ContentLength != 0) {
			return http.StatusBadRequest, pages.InvalidRequest, "the body must be application/x-www-form-urlencoded"
		}
	}
	if err := r.ParseForm(); err != nil {
		if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
			return http.StatusRequestEntityTooLarge, pages.TooLarge, "the body is too large"
		}
		return http.StatusBadRequest, pages.InvalidRequest, "the parameters cannot be read"
	}
	if route.form && doubled(r.PostForm) != "" {
		return http.StatusBadRequest, pages.InvalidRequest, "a parameter is given more than once"
	}
	// A parameter without a value is one that was not sent (RFC 6749 section 3.1).
	for _, form := range []url.Values{r.Form, r.PostForm} {
		maps.DeleteFunc(form, func(_ string, values []string) bool { return len(values) == 1 && values[0] == "" })
	}
	return 0, "", ""
}

// recovered answers a request whose handler panicked: a fault of ours, told as one.
func (p *Provider) recovered(w http.ResponseWriter, r *http.Request, route route) {
	fault := recover()
	if fault == nil {
		return
	}
	if err, ok := fault.(error); ok && errors.Is(err, http.ErrAbortHandler) {
		panic(fault)
	}
	p.Log.ErrorContext(r.Context(), "a handler panicked", "fault", fmt.Sprint(fault), "stack", string(debug.Stack()))
	p.record(r.Context(), audit.Event{Name: audit.InternalFault, Reason: "panic"})
	if route.audience == person {
		p.page(w, r, http.StatusInternalServerError, pages.Page{Kind: pages.Internal})
		return
	}
	writeOAuthError(w, http.StatusInternalServerError, "server_error", cannotAnswer)
}

// fail answers what never reached its handler, in the form that the route's callers
// read.
func (p *Provider) fail(w http.ResponseWriter, r *http.Request, route route, status int, kind pages.Kind, problem string) {
	p.record(r.Context(), audit.Event{Name: audit.RequestLimited, Reason: problem})
	if route.audience == person {
		if r.Form == nil {
			r.Form = map[string][]string{}
		}
		p.page(w, r, status, pages.Page{Kind: kind})
		return
	}
	writeOAuthError(w, status, "invalid_request", problem)
}

// knownGrant refuses what the library would refuse with a text that RFC 6749 does not
// allow.
func (p *Provider) knownGrant(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch grant := r.PostForm.Get("grant_type"); {
		case slices.Contains(grantTypes, oidc.GrantType(grant)):
			next.ServeHTTP(w, r)
		case grant == "":
			writeOAuthError(w, http.StatusBadRequest, "invalid_request", "grant_type is missing")
		default:
			writeOAuthError(w, http.StatusBadRequest, "unsupported_grant_type", "the grant types that are supported stand in the discovery document")
		}
	})
}

// confidential refuses public clients: introspection is for those who can prove who
// they are (RFC 7662 section 2.1).
func (p *Provider) confidential(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if c, known := p.Clients.Lookup(r.PostForm.Get("client_id")); known && c.Public {
			writeInvalidClient(w, "public clients may not introspect")
			return
		}
		next.ServeHTTP(w, r)
	})
}

func byMethod(get, post http.HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			post(w, r)
			return
		}
		get(w, r)
	})
}

func (p *Provider) notFound(w http.ResponseWriter, r *http.Request) {
	p.page(w, r, http.StatusNotFound, pages.Page{Kind: pages.NotFound})
}
