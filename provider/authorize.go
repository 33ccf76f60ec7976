package provider

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/dingbridge/dingbridge/provider/audit"
	"github.com/dingbridge/dingbridge/provider/clients"
	"github.com/dingbridge/dingbridge/provider/grants"
	"github.com/dingbridge/dingbridge/provider/login"
	"github.com/dingbridge/dingbridge/provider/pages"
	"github.com/dingbridge/dingbridge/provider/people"
	"github.com/dingbridge/dingbridge/provider/sessions"
	"github.com/dingbridge/dingbridge/storage"
)

// authorize is the authorization endpoint. A session of ours that is fresh enough
// answers at once; otherwise the browser is sent to DingTalk.
func (p *Provider) authorize(w http.ResponseWriter, r *http.Request) {
	a, fault := parseAuthRequest(r.Form, p.Clients)
	callOf(r.Context()).client = a.client
	if fault != nil {
		p.refuseAuthRequest(w, r, a, fault)
		return
	}
	if cookie := p.cookies.get(r, p.cookies.session); cookie != "" && !a.asks("login", "select_account") {
		if p.signOn(w, r, a, cookie) {
			return
		}
	}
	if a.asks("none") {
		p.respondError(w, r, a.client, a.redirectURI, a.state, "login_required", "")
		return
	}
	p.begin(w, r, a)
}

// authorizePost answers the same request by POST (OpenID Connect Core section
// 3.1.2.1) with a redirect to GET: a POST from another site carries no Lax cookie.
func (p *Provider) authorizePost(w http.ResponseWriter, r *http.Request) {
	query := r.PostForm.Encode()
	if len(query) > maxReposted {
		p.page(w, r, http.StatusRequestEntityTooLarge, pages.Page{Kind: pages.TooLarge})
		return
	}
	w.Header().Set("Location", p.Issuer+pathAuthorize+"?"+query)
	w.WriteHeader(http.StatusSeeOther)
}

// maxReposted bounds a request that moves from a body into a URL.
const maxReposted = 7 << 10

func (p *Provider) refuseAuthRequest(w http.ResponseWriter, r *http.Request, a authRequest, fault *refusal) {
	reason := fault.description
	if fault.page != "" {
		reason = string(fault.page)
	}
	p.record(r.Context(), audit.Event{Name: audit.AuthorizeRefused, Reason: reason})
	if fault.page != "" {
		p.page(w, r, http.StatusBadRequest, pages.Page{Kind: fault.page})
		return
	}
	p.respondError(w, r, a.client, a.redirectURI, a.state, fault.code, fault.description)
}

// signOn answers from the browser's session, and tells whether it did.
func (p *Provider) signOn(w http.ResponseWriter, r *http.Request, a authRequest, cookie string) bool {
	ctx := r.Context()
	ref, err := sessions.Parse(cookie)
	if err != nil {
		return false
	}
	subject := people.SubjectFromRaw(ref.Subject)
	readSession, readPerson := p.sessions.Fetch(ref), p.people.Fetch(subject)
	if err := p.Store.Together(ctx, readSession, readPerson); errors.Is(err, storage.ErrUnknown) {
		p.authorizeTrouble(w, r, a, err)
		return true
	}
	session, err := p.sessions.Read(ref, readSession)
	if errors.Is(err, sessions.ErrNone) {
		return false
	}
	person, err2 := p.people.Read(subject, readPerson)
	if err := errors.Join(err, err2); err != nil {
		if errors.Is(err, people.ErrUnknownPerson) {
			return false
		}
		p.authorizeTrouble(w, r, a, err)
		return true
	}
	if session.CorpID != p.CorpID || a.maxAge >= 0 && time.Since(session.AuthTime()) >= a.maxAge {
		return false
	}
	person, err = p.admit(ctx, a.client, person, session.Epoch)
	switch {
	case errors.Is(err, errRemoved), errors.Is(err, people.ErrGone), errors.Is(err, people.ErrEnded):
		return false // DingTalk's own word decides, at the login
	case err != nil:
		p.authorizeTrouble(w, r, a, err)
		return true
	}
	grant, issue := p.grants.Issue(p.grantRequest(a.client, login.Request{
		RedirectURI: a.redirectURI, Scopes: a.scopes, Nonce: a.nonce, Challenge: a.challenge,
	}, session, person))
	ops := []*storage.Op{issue}
	if touch := p.sessions.Touch(session); touch != nil {
		ops = append(ops, touch)
	}
	p.Store.Together(ctx, ops...)
	if issue.Err != nil { // the session's own note may lose a race
		p.authorizeTrouble(w, r, a, issue.Err)
		return true
	}
	p.record(ctx, audit.Event{Name: audit.SingleSignOn, Subject: string(person.Subject), SessionID: session.ID, GrantID: grant.Name()})
	p.respond(w, r, a.client, a.redirectURI, a.state, url.Values{"code": {p.grants.Code(grant)}})
	return true
}

func (p *Provider) grantRequest(c *clients.Client, l login.Request, s sessions.Session, person people.Person) grants.Request {
	raw, _ := person.Subject.Raw()
	request := grants.Request{
		Subject: raw, CorpID: person.CorpID, Epoch: person.Epoch,
		ClientID: c.ID, RedirectURI: l.RedirectURI, Scopes: l.Scopes, Nonce: l.Nonce, Challenge: l.Challenge,
		SessionID: s.ID, AuthTime: s.AuthTime(), Refreshable: c.IssuesRefresh(l.Scopes),
	}
	if !slices.Contains(l.Scopes, "offline_access") {
		request.Ends = s.Ends() // without offline_access a grant does not outlive the session
	}
	return request
}

// begin sends the browser to DingTalk.
func (p *Provider) begin(w http.ResponseWriter, r *http.Request, a authRequest) {
	ctx := r.Context()
	if !p.begun.take() {
		p.record(ctx, audit.Event{Name: audit.AuthorizeRefused, Reason: "too many logins at once"})
		w.Header().Set("Retry-After", unavailableTry)
		p.page(w, r, http.StatusServiceUnavailable, pages.Page{Kind: pages.TooManyRequests, RetryURL: p.here(r)})
		return
	}
	binding := p.cookies.get(r, p.cookies.binding)
	if !login.ValidBinding(binding) {
		binding = login.NewBinding()
	}
	state, op, err := p.login.Begin(login.Request{
		ClientID: a.client.ID, RedirectURI: a.redirectURI, Scopes: a.scopes,
		State: a.state, Nonce: a.nonce, Challenge: a.challenge, Languages: a.languages,
	}, p.CorpID, binding)
	if err == nil {
		err = p.Store.Together(ctx, op)
	}
	if err != nil {
		p.authorizeTrouble(w, r, a, err)
		return
	}
	p.record(ctx, audit.Event{Name: audit.LoginBegun})
	p.cookies.set(w, p.cookies.binding, binding, bindingCookieAge)
	w.Header().Set("Location", p.Upstream.AuthorizeURL(p.callback, state))
	w.WriteHeader(http.StatusFound)
}

// authorizeTrouble answers what is neither the client's nor the person's fault, and
// a refusal of the person: with a page, since retrying is the person's to do.
func (p *Provider) authorizeTrouble(w http.ResponseWriter, r *http.Request, a authRequest, err error) {
	switch {
	case a.asks("none") && errors.Is(err, errNotAdmitted):
		p.respondError(w, r, a.client, a.redirectURI, a.state, "access_denied", "")
	case a.asks("none"): // no page can be shown (OpenID Connect Core section 3.1.2.6)
		p.Log.ErrorContext(r.Context(), "authorize", "error", err, "request_id", callOf(r.Context()).id)
		p.respondError(w, r, a.client, a.redirectURI, a.state, "temporarily_unavailable", "")
	default:
		p.refusePerson(w, r, a.client, err)
	}
}
