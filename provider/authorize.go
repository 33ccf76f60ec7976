package provider

import (
	"errors"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"time"

	"github.com/dingbridge/dingbridge/provider/audit"
	"github.com/dingbridge/dingbridge/provider/clients"
	"github.com/dingbridge/dingbridge/provider/grants"
	"github.com/dingbridge/dingbridge/provider/limits"
	"github.com/dingbridge/dingbridge/provider/login"
	"github.com/dingbridge/dingbridge/provider/pages"
	"github.com/dingbridge/dingbridge/provider/people"
	"github.com/dingbridge/dingbridge/provider/sessions"
)

// authorize is the authorization endpoint. A session of ours that is fresh enough
// answers at once; otherwise the browser is sent to DingTalk.
func (p *Provider) authorize(w http.ResponseWriter, r *http.Request) {
	form, byPush, ok := p.openRequest(w, r)
	if !ok {
		return
	}
	r.Form = form // it says in which language pages are
	a, fault := p.readAuthRequest(form, byPush)
	callOf(r.Context()).client = a.client
	if fault != nil {
		p.refuseAuthRequest(w, r, a, fault)
		return
	}
	// prompt=login and select_account go to DingTalk whatever our session says.
	if cookie := p.cookies.get(r, p.cookies.session); cookie != "" && !a.asks("login", "select_account") && !p.tapFirst(r, a) {
		if p.inCircles(w, r, a, cookie) {
			return
		}
		if p.signOn(w, r, a, cookie) {
			return
		}
	}
	if a.asks("none") {
		p.respondError(w, r, a.reply(), "login_required", "")
		return
	}
	p.begin(w, r, a.Request, a.client)
}

// readAuthRequest checks a whole authorization request, however it came; byPush says
// that its client pushed it, or is doing so.
func (p *Provider) readAuthRequest(form url.Values, byPush bool) (authRequest, *requestFault) {
	a, fault := parseAuthRequest(form, p.Clients)
	switch {
	case fault != nil:
		return a, fault
	case a.client.RequirePushed && !byPush:
		return a, tell("invalid_request", "this client must push its authorization requests")
	case a.Organisation != "" && (p.organisation(a.Organisation) == nil || !p.serves(a.client, a.Organisation)):
		return a, tell("invalid_request", "organisation is not one whose people may enter by this client")
	case a.hint == "":
		return a, nil
	}
	h, err := p.openHint(a.hint)
	switch {
	case err != nil:
		return a, tell("invalid_request", "id_token_hint is not an ID token of this provider")
	case h.clientID != a.client.ID:
		return a, tell("invalid_request", "id_token_hint was issued to another client")
	case a.Expected != "" && a.Expected != string(h.subject):
		return a, tell("invalid_request", "id_token_hint and the claims parameter name different people")
	}
	a.Expected = string(h.subject)
	return a, nil
}

func (p *Provider) refuseAuthRequest(w http.ResponseWriter, r *http.Request, a authRequest, fault *requestFault) {
	reason := fault.description
	if fault.page != "" {
		reason = string(fault.page)
	}
	p.record(r.Context(), audit.Event{Name: audit.AuthorizeRefused, Reason: reason})
	if fault.page != "" {
		p.page(w, r, http.StatusBadRequest, pages.Page{Kind: fault.page})
		return
	}
	p.respondError(w, r, a.reply(), fault.code, fault.description)
}

// signOn answers from the browser's session, and tells whether it did.
func (p *Provider) signOn(w http.ResponseWriter, r *http.Request, a authRequest, cookie string) bool {
	session, person, err := p.readSession(r.Context(), cookie)
	switch {
	case errors.Is(err, sessions.ErrNone), errors.Is(err, people.ErrUnknownPerson):
		return false
	case err != nil:
		p.authorizeTrouble(w, r, a, err)
		return true
	case a.maxAge >= 0 && time.Since(session.AuthTime()) >= a.maxAge, a.Expected != "" && a.Expected != string(person.Subject),
		!p.mayGo(a.Request, a.client, person.CorpID):
		return false
	}
	callOf(r.Context()).subject = string(person.Subject)
	person, err = p.admit(r.Context(), a.client, person, session.Epoch)
	switch {
	case errors.Is(err, errRemoved), errors.Is(err, people.ErrGone), errors.Is(err, people.ErrEnded):
		return false // DingTalk's own word decides, at the login
	case err != nil:
		p.authorizeTrouble(w, r, a, err)
	case a.Consent:
		p.askConsent(w, r, a.Request, a.client, session.Ref, person)
	default:
		return p.grant(w, r, a, session, person)
	}
	return true
}

// inCircles tells whether a browser comes with its session to one client again and again,
// sent there by an app in a loop, and then has answered.
func (p *Provider) inCircles(w http.ResponseWriter, r *http.Request, a authRequest, cookie string) bool {
	if _, ok := p.limits.Of(limits.Circles, netip.Addr{}, a.client.ID, cookie).Take(); ok {
		return false
	}
	if a.asks("none") {
		p.limited(r.Context(), limits.Circles)
		p.respondError(w, r, a.reply(), "temporarily_unavailable", "")
		return true
	}
	p.turnAwayPerson(w, r, limits.Circles, p.here(r))
	return true
}

// grant issues a code to a client for a person who is here and was admitted. It tells
// whether it answered; if not, a logout has ended the session meanwhile, or ended it
// before and could not remove its record.
func (p *Provider) grant(w http.ResponseWriter, r *http.Request, a authRequest, session sessions.Session, person people.Person) bool {
	ctx := r.Context()
	grant, issue := p.grants.Issue(p.grantRequest(a.client, a.Request, session, person))
	ended := p.sessions.FetchEnded(session.ID)
	ops := append(p.entered(session, a.client), issue, ended)
	ops = append(ops, p.grants.Enlist(grant, a.client.IssuesRefresh(a.Scopes))...)
	if touch := p.sessions.Touch(session); touch != nil {
		ops = append(ops, touch)
	}
	p.Store.Together(ctx, ops...)
	err := errors.Join(issue.Err, sessions.CheckEnded(ended)) // the session's own notes may lose a race
	switch {
	case errors.Is(err, sessions.ErrNone):
		return false
	case err != nil:
		p.authorizeTrouble(w, r, a, err)
		return true
	}
	p.record(ctx, audit.Event{Name: audit.SingleSignOn, Subject: string(person.Subject), SessionID: session.ID.String(), GrantID: grant.Name()})
	p.respond(w, r, a.reply(), url.Values{"code": {p.grants.Code(grant)}})
	return true
}

func (p *Provider) grantRequest(c *clients.Client, l login.Request, s sessions.Session, person people.Person) grants.Request {
	raw, _ := person.Subject.Raw()
	request := grants.Request{
		Subject: raw, CorpID: person.CorpID, Epoch: person.Epoch,
		ClientID: c.ID, RedirectURI: l.RedirectURI, Scopes: l.Scopes, Nonce: l.Nonce, Challenge: l.Challenge,
		IDClaims: l.IDClaims, InfoClaims: l.InfoClaims,
		SessionID: s.ID.String(), AuthTime: s.AuthTime(), Refreshable: c.IssuesRefresh(l.Scopes),
	}
	if !slices.Contains(l.Scopes, "offline_access") { // then it does not outlive the session
		request.Session, request.Ends = s.ID, s.Ends()
	}
	return request
}

// begin sends the browser to DingTalk, or to a page of ours on the way there.
func (p *Provider) begin(w http.ResponseWriter, r *http.Request, l login.Request, c *clients.Client) {
	ctx := r.Context()
	if over, ok := p.mayBegin(ctx, kindLogin, nil); !ok {
		retry := p.here(r)
		if l.Page != "" { // the request may be a form
			retry = p.base + l.Page
		}
		p.turnAwayPerson(w, r, over, retry)
		return
	}
	state, op, err := p.login.Begin(l, p.binding(r))
	if err == nil {
		err = p.Store.Together(ctx, op)
	}
	if err != nil {
		p.refusePerson(w, r, c, err)
		return
	}
	list := p.turns(r, l, c)
	if len(list) == 1 { // else the person chooses
		call := callOf(ctx)
		call.corpID, call.way = list[0].organisation.CorpID, list[0].way
	}
	p.record(ctx, audit.Event{Name: audit.LoginBegun})
	p.keepBinding(w, r)
	p.goOn(w, r, state, list, c)
}

// authorizeTrouble answers what is neither the client's nor the person's fault, and
// a refusal of the person: with a page, since retrying is the person's to do.
func (p *Provider) authorizeTrouble(w http.ResponseWriter, r *http.Request, a authRequest, err error) {
	if !a.asks("none") {
		p.refusePerson(w, r, a.client, err)
		return
	}
	// No page can be shown (OpenID Connect Core section 3.1.2.6).
	code := "temporarily_unavailable"
	if errors.Is(err, errNotAdmitted) {
		code = "access_denied"
	}
	p.refusalOf(r, a.client, err)
	p.respondError(w, r, a.reply(), code, "")
}
