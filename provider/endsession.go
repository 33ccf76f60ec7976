package provider

import (
	"errors"
	"net/http"
	"net/url"

	"github.com/dingbridge/dingbridge/provider/audit"
	"github.com/dingbridge/dingbridge/provider/clients"
	"github.com/dingbridge/dingbridge/provider/pages"
	"github.com/dingbridge/dingbridge/provider/people"
	"github.com/dingbridge/dingbridge/provider/sessions"
)

// logoutRequest is a logout request that was found in order (OpenID Connect RP-Initiated
// Logout section 2).
type logoutRequest struct {
	ClientID    string `json:"c,omitempty"`
	RedirectURI string `json:"u,omitempty"` // post_logout_redirect_uri, registered for the client
	State       string `json:"s,omitempty"`
	client      *clients.Client
	hint        *hint
}

// endSession is the logout endpoint. It ends the session of this browser and no other,
// and not before the person confirmed it, unless the hint proves that it is about this
// very session: otherwise any page on the web could log people out.
func (p *Provider) endSession(w http.ResponseWriter, r *http.Request) {
	if r.Form.Has("posted") {
		form, ok := p.openPosted(w, r, pathEndSession)
		if !ok {
			return
		}
		r.Form = form
	}
	l, fault := p.readLogoutRequest(r.Form)
	callOf(r.Context()).client = l.client
	if fault != "" {
		p.refuseLogoutRequest(w, r, l, fault)
		return
	}
	session, person, err := p.liveSession(r)
	switch {
	case errors.Is(err, sessions.ErrNone):
		p.loggedOut(w, r, l, false)
	case err != nil:
		p.refusePerson(w, r, l.client, err)
	case l.hint != nil && l.hint.sessionID == session.ID.String() && l.hint.subject == people.SubjectFromRaw(session.Ref.Subject):
		p.endHere(w, r, l, session, "by the app")
	default:
		p.askLogout(w, r, l, session, person)
	}
}

func (p *Provider) refuseLogoutRequest(w http.ResponseWriter, r *http.Request, l logoutRequest, fault pages.Kind) {
	p.record(r.Context(), audit.Event{Name: audit.LogoutRefused, Reason: string(fault)})
	// The button leads to where they are asked, whatever the app did wrong: somebody who
	// wanted to leave is still logged in.
	p.page(w, r, http.StatusBadRequest, pages.Page{Kind: fault, ClientName: clientName(l.client), RetryURL: p.base + pathEndSession})
}

// readLogoutRequest checks a logout request. With a fault nothing is ended, and the browser
// goes nowhere.
func (p *Provider) readLogoutRequest(form url.Values) (l logoutRequest, fault pages.Kind) {
	if doubled(form) != "" {
		return l, pages.InvalidLogout
	}
	l.ClientID, l.State = form.Get("client_id"), form.Get("state")
	if token := form.Get("id_token_hint"); token != "" {
		h, err := p.openHint(token)
		if err != nil || l.ClientID != "" && l.ClientID != h.clientID {
			return l, pages.InvalidLogout
		}
		l.hint, l.ClientID = &h, h.clientID
	}
	if l.ClientID != "" {
		client, known := p.Clients.Lookup(l.ClientID)
		if !known {
			return l, pages.UnknownClient
		}
		l.client = client
	}
	uri := form.Get("post_logout_redirect_uri")
	switch {
	case len(l.State) > maxState:
		return l, pages.InvalidLogout
	case uri != "" && l.client != nil && !l.client.AllowsPostLogoutRedirect(uri):
		return l, pages.UnregisteredRedirect
	case uri != "" && l.client != nil:
		l.RedirectURI = uri
	}
	return l, "" // an address that nobody has registered is not followed, and harms nobody
}

// askLogout asks the person.
func (p *Provider) askLogout(w http.ResponseWriter, r *http.Request, l logoutRequest, session sessions.Session, person people.Person) {
	hidden, err := p.ticket(ticketEndSession, session.Ref, l)
	if err != nil {
		p.refusePerson(w, r, l.client, err)
		return
	}
	p.page(w, r, http.StatusOK, pages.Page{Kind: pages.SignOut, ClientName: clientName(l.client), Account: person.Profile.Nick,
		Form: &pages.Form{Action: p.base + pathEndSessionConfirm, Hidden: hidden, LeadsTo: l.RedirectURI}})
}

// endSessionConfirmPost takes the person's answer.
func (p *Provider) endSessionConfirmPost(w http.ResponseWriter, r *http.Request) {
	ref, err := sessions.Parse(p.cookies.get(r, p.cookies.session))
	var l logoutRequest
	if err != nil {
		p.page(w, r, http.StatusOK, pages.Page{Kind: pages.SignedOut}) // it is what they wanted
		return
	}
	if err := p.openTicket(r, ticketEndSession, ref, &l); err != nil {
		p.record(r.Context(), audit.Event{Name: audit.LogoutRefused, Reason: "form"})
		p.page(w, r, 0, pages.Page{Kind: pages.FormExpired, RetryURL: p.base + pathEndSession})
		return
	}
	l.client, _ = p.Clients.Lookup(l.ClientID)
	if l.client == nil || !l.client.AllowsPostLogoutRedirect(l.RedirectURI) { // changed since the form was shown
		l.RedirectURI = ""
	}
	callOf(r.Context()).client = l.client
	session, _, err := p.liveSession(r)
	switch {
	case errors.Is(err, sessions.ErrNone):
		p.loggedOut(w, r, l, false)
	case err != nil:
		p.refusePerson(w, r, l.client, err)
	case r.PostForm.Get("choice") == choiceEverywhere:
		p.endEverywhere(w, r, l, session)
	default:
		p.endHere(w, r, l, session, "by the person")
	}
}

// endHere ends this browser's session, and whatever was granted with it and does not
// outlive it.
func (p *Provider) endHere(w http.ResponseWriter, r *http.Request, l logoutRequest, session sessions.Session, why string) {
	ctx := r.Context()
	ops := p.sessions.End(session)
	entered := p.sessions.FetchEntered(session.Ref.Subject)
	p.Store.Together(ctx, append(ops, entered)...)
	if err := sessions.EndError(ops); err != nil { // never "logged out" when nobody was
		p.refusePerson(w, r, l.client, err)
		return
	}
	told := p.notify(ctx, session.Ref.Subject, &session.ID, entered)
	p.record(ctx, audit.Event{Name: audit.SessionEnded, Subject: string(people.SubjectFromRaw(session.Ref.Subject)),
		SessionID: session.ID.String(), Reason: why, Count: told})
	p.loggedOut(w, r, l, false)
}

// endEverywhere ends every session and every grant of the person, those of devices and
// of apps with offline_access too: the epoch is raised, which no grant survives.
func (p *Provider) endEverywhere(w http.ResponseWriter, r *http.Request, l logoutRequest, session sessions.Session) {
	ctx := r.Context()
	subject := people.SubjectFromRaw(session.Ref.Subject)
	if err := p.people.Remove(ctx, subject); err != nil && !errors.Is(err, people.ErrUnknownPerson) {
		p.refusePerson(w, r, l.client, err)
		return
	}
	// From here on nothing works any more, whatever fails of the rest.
	entered := p.sessions.FetchEntered(session.Ref.Subject)
	p.Store.Together(ctx, append(p.sessions.End(session), entered)...)
	told := p.notify(ctx, session.Ref.Subject, nil, entered)
	p.record(ctx, audit.Event{Name: audit.SessionEndedEverywhere, Subject: string(subject), SessionID: session.ID.String(), Count: told})
	p.loggedOut(w, r, l, true)
}

// loggedOut sends the browser where the client wanted it, or tells the person that they are
// out.
func (p *Provider) loggedOut(w http.ResponseWriter, r *http.Request, l logoutRequest, everywhere bool) {
	if len(r.CookiesNamed(p.cookies.session)) > 0 { // another site's request comes without, and must not take it away
		p.cookies.clear(w, p.cookies.session)
	}
	if l.RedirectURI == "" {
		page := pages.Page{Kind: pages.SignedOut, ClientName: clientName(l.client)}
		if everywhere {
			page.Kind = pages.SignedOutEverywhere
		}
		p.page(w, r, http.StatusOK, page)
		return
	}
	answer := url.Values{}
	if l.State != "" {
		answer.Set("state", l.State)
	}
	redirect(w, r, withQuery(l.RedirectURI, answer))
}
