package doctor

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/dingbridge/dingbridge/dingtalk"
)

// The hosts of DingTalk, as dingtalk.endpoints names them.
const (
	loginHost = "login"
	apiHost   = "api"
	oapiHost  = "oapi"
)

// A visit looks at one organisation. What fails on the way keeps it from asking what
// would fail for the same reason (promise DR3).
type visit struct {
	*examination
	org Organisation

	token        bool            // the app's token can be had
	unknown      bool            // DingTalk knows no such app
	down         map[string]bool // hosts that do not answer
	shut         bool            // this machine's address is not let in, or blocked
	answered     []string        // hosts that did answer
	clocks       []dingtalk.Probe
	clockRefused *dingtalk.Error
	granted      []string // permissions that were seen to be there
	skipped      []string // what was not looked at
}

func (v *visit) all(ctx context.Context) {
	v.down = map[string]bool{}
	v.app(ctx)
	v.corp(ctx)
	v.code(ctx)
	v.scan(ctx)
	v.pages(ctx)
	v.members(ctx)
	v.events(ctx)
	v.clock()
	if hosts := v.inOrder(); hosts != "" {
		v.find("dingtalk-ok", values{"hosts": hosts})
	}
	if len(v.granted) > 0 {
		v.find("permission-ok", values{"permissions": strings.Join(v.granted, ", ")})
	}
	if len(v.skipped) > 0 {
		v.find("not-checked", values{"checks": strings.Join(v.skipped, ", ")})
	}
}

// find adds a finding about this organisation.
func (v *visit) find(id string, val values) { v.tell(id, val, nil) }

// tell is find with the refusal that it was concluded from.
func (v *visit) tell(id string, val values, f *dingtalk.Error) {
	if f != nil && f.Code == "" && f.Message == "" {
		f = nil // DingTalk said nothing
	}
	v.add(Finding{Kind: kindOf(id), Values: val, CorpID: v.org.CorpID, Organisation: v.org.Name, DingTalk: f})
}

func (v *visit) skip(what string) {
	if !slices.Contains(v.skipped, what) {
		v.skipped = append(v.skipped, what)
	}
}

func (v *visit) has(ways ...string) bool {
	return slices.ContainsFunc(ways, func(w string) bool { return slices.Contains(v.org.Ways, w) })
}

func (v *visit) host(endpoint string) string {
	return map[string]string{loginHost: v.org.Endpoints.Login, apiHost: v.org.Endpoints.API, oapiHost: v.org.Endpoints.OAPI}[endpoint]
}

// inOrder names the hosts that answered and had no fault.
func (v *visit) inOrder() string {
	var all []string
	for _, endpoint := range v.answered {
		if host := v.host(endpoint); !v.down[endpoint] && !slices.Contains(all, host) {
			all = append(all, host)
		}
	}
	return strings.Join(all, ", ")
}

// ask puts a question to a host, unless it is known not to answer. asked is false then.
func (v *visit) ask(ctx context.Context, endpoint, what string, do func(context.Context) (dingtalk.Probe, error)) (f *dingtalk.Error, asked bool) {
	if v.down[endpoint] || ctx.Err() != nil {
		v.skip(what)
		return nil, false
	}
	p, err := do(ctx)
	if p.Dated {
		v.clocks = append(v.clocks, p)
	}
	if f, ok := errors.AsType[*dingtalk.Error](err); ok {
		return f, true
	}
	if !slices.Contains(v.answered, endpoint) {
		v.answered = append(v.answered, endpoint)
	}
	return nil, true
}

// signed are the ways whose codes are exchanged with a signature.
var signed = []string{"sns", "password"}

// badCredentials are DingTalk's codes for a client id and secret that do not fit.
var badCredentials = []string{"invalidClientIdOrSecret", "invalid.client", "authFailed", "40096", "40089", "40001"}

// app asks for the app's token, on which all else hangs.
func (v *visit) app(ctx context.Context) {
	f, asked := v.ask(ctx, apiHost, dingtalk.CallAppToken, v.org.Client.ProbeApp)
	id := values{"client_id": v.org.Client.ClientID()}
	switch {
	case !asked:
	case f == nil:
		v.token = true
		v.find("app-ok", id)
	case !slices.Contains(badCredentials, f.Code):
		v.refuse(apiHost, dingtalk.CallAppToken, "", f)
	default:
		// One answer for both mistakes; the pages of 2020 tell them apart.
		which, _ := v.ask(ctx, oapiHost, dingtalk.CallScan, v.org.Client.ProbeScanAsApp)
		switch {
		case which != nil && which.Code == "853003":
			v.unknown = true
			v.tell("app-unknown", id, f)
		case which != nil && which.Code == "853004":
			v.tell("app-secret-wrong", id, f)
		default:
			v.unknown = true // for all that we know
			v.tell("app-refused", id, f)
		}
	}
}

// corp asks whether the app is of this organisation.
func (v *visit) corp(ctx context.Context) {
	if !v.token {
		v.skip(dingtalk.CallCorpToken)
		return
	}
	f, asked := v.ask(ctx, apiHost, dingtalk.CallCorpToken, v.org.Client.ProbeCorp)
	switch {
	case !asked:
	case f == nil:
		v.find("corp-ok", values{"corp_id": v.org.CorpID})
	case slices.Contains([]string{"unknownError", "unauthorized.client", "invalid.client", "40013", "33001"}, f.Code):
		v.tell("corp-wrong", values{"corp_id": v.org.CorpID, "client_id": v.org.Client.ClientID()}, f)
	case f.Status == http.StatusNotFound:
		v.skip(dingtalk.CallCorpToken) // an edition of DingTalk without this call
	default:
		v.refuse(apiHost, dingtalk.CallCorpToken, "", f)
	}
}

// code shows a code as the login page and the frame give them.
func (v *visit) code(ctx context.Context) {
	if !v.has("oauth2", "frame") {
		return
	}
	v.find("permission-unseen", permissionValues("Contact.User.Read"))
	if !v.token {
		v.skip(dingtalk.CallUserToken)
		return
	}
	f, asked := v.ask(ctx, apiHost, dingtalk.CallUserToken, v.org.Client.ProbeCode)
	v.settle(apiHost, dingtalk.CallUserToken, "open_app_api_base", f, asked)
}

// scan shows a signed code as the pages of 2020 give them.
func (v *visit) scan(ctx context.Context) {
	if !v.has(signed...) {
		return
	}
	own := v.org.ScanAppID != ""
	if !own && !v.token {
		v.skip(dingtalk.CallScan)
		return
	}
	f, asked := v.ask(ctx, oapiHost, dingtalk.CallScan, v.org.Client.ProbeScan)
	id := values{"app_id": v.scanApp()}
	switch {
	case !asked:
	case f == nil:
		v.grant("snsapi_base")
		v.find("scan-ok", id)
	case f.Code == "853003":
		v.tell("scan-unknown", id, f)
	case f.Code == "853004":
		v.tell("scan-secret-wrong", id, f)
	default:
		v.refuse(oapiHost, dingtalk.CallScan, "snsapi_base", f)
	}
}

func (v *visit) scanApp() string {
	if v.org.ScanAppID != "" {
		return v.org.ScanAppID
	}
	return v.org.Client.ClientID()
}

// pages opens the login pages, and tells what has to be registered for them.
func (v *visit) pages(ctx context.Context) {
	callback := v.subject.callback()
	if v.has("oauth2", "frame") {
		if v.unknown {
			v.skip("login page")
		} else {
			v.page(ctx, loginHost, v.org.Client.ClientID(), v.org.Client.AuthorizeURL(callback, "doctor"))
		}
	}
	for _, of2020 := range []struct {
		way, call string
		address   func(redirectURI, state string) string
	}{{"sns", "qrconnect", v.org.Client.ScanURL}, {"password", "sns_authorize", v.org.Client.PasswordURL}} {
		switch {
		case !v.has(of2020.way):
		case v.unknown && v.org.ScanAppID == "", v.found("scan-unknown"):
			v.skip(of2020.call)
		default:
			v.page(ctx, oapiHost, v.scanApp(), of2020.address(callback, "doctor"))
		}
	}
	if v.has("inapp") {
		v.find("home-unseen", values{"client_id": v.org.Client.ClientID(), "origin": v.subject.origin()})
	}
}

func (v *visit) page(ctx context.Context, endpoint, app, address string) {
	var page dingtalk.Page
	f, asked := v.ask(ctx, endpoint, dingtalk.CallPage, func(ctx context.Context) (p dingtalk.Probe, err error) {
		page, p, err = v.org.Client.ProbePage(ctx, address)
		return p, err
	})
	host, callback := v.host(endpoint), v.subject.callback()
	status := strconv.Itoa(page.Status)
	switch {
	case !asked:
	case f != nil:
		v.refuse(endpoint, dingtalk.CallPage, "", f)
	case page.Status >= 500:
		v.find("dingtalk-failing", values{"host": host, "reason": "status " + status})
	case page.Status == http.StatusTooManyRequests:
		v.find("dingtalk-throttled", values{"call": dingtalk.CallPage})
	case page.Status >= 400:
		v.find("login-page-refused", values{"host": host, "client_id": app, "callback": callback, "origin": v.subject.origin(), "status": status})
	case page.Location == callback:
		v.find("login-page-ok", values{"host": host})
		v.find("redirect-ok", values{"callback": callback})
	default:
		v.find("login-page-ok", values{"host": host})
		v.find("redirect-unseen", values{"client_id": app, "callback": callback, "origin": v.subject.origin()})
	}
}

// found tells whether this organisation has a finding of a kind already.
func (v *visit) found(id string) bool {
	return slices.ContainsFunc(v.report.Findings, func(f Finding) bool { return f.Kind.ID == id && f.CorpID == v.org.CorpID })
}

// origin is the issuer without its path.
func (s Subject) origin() string {
	u, err := url.Parse(s.Issuer)
	if err != nil {
		return s.Issuer
	}
	return u.Scheme + "://" + u.Host
}
