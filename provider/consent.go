package provider

import (
	"errors"
	"net/http"

	"github.com/dingbridge/dingbridge/provider/audit"
	"github.com/dingbridge/dingbridge/provider/clients"
	"github.com/dingbridge/dingbridge/provider/login"
	"github.com/dingbridge/dingbridge/provider/pages"
	"github.com/dingbridge/dingbridge/provider/people"
	"github.com/dingbridge/dingbridge/provider/sessions"
)

// askConsent shows what a client that sent prompt=consent would learn, and asks the
// person whether it may (OpenID Connect Core section 3.1.2.4). Without that prompt
// the operator's registration of the client is the consent.
func (p *Provider) askConsent(w http.ResponseWriter, r *http.Request, l login.Request, c *clients.Client, session sessions.Ref, person people.Person) {
	hidden, err := p.ticket(ticketConsent, session, l)
	if err != nil {
		p.refusePerson(w, r, c, err)
		return
	}
	p.page(w, r, http.StatusOK, pages.Page{
		Kind: pages.Consent, ClientName: c.Name, Account: person.Profile.Nick, Scopes: l.Scopes,
		Form: &pages.Form{Action: p.base + pathConsent, Hidden: hidden, LeadsTo: l.RedirectURI},
	})
}

// consentPost takes the person's answer.
func (p *Provider) consentPost(w http.ResponseWriter, r *http.Request) {
	ctx := r.Context()
	cookie := p.cookies.get(r, p.cookies.session)
	ref, err := sessions.Parse(cookie)
	a := authRequest{maxAge: -1}
	if err != nil || p.openTicket(r, ticketConsent, ref, &a.Request) != nil {
		p.refuseLogin(w, r, refused{page: pages.Page{Kind: pages.FormExpired}, reason: "form"})
		return
	}
	callOf(ctx).locales = a.Languages
	a.client, _ = p.Clients.Lookup(a.ClientID)
	if a.client == nil || !a.client.AllowsRedirect(a.RedirectURI) { // changed since the form was shown
		p.refuseLogin(w, r, refused{page: pages.Page{Kind: pages.UnknownClient}, reason: "client_removed"})
		return
	}
	callOf(ctx).client = a.client
	event := audit.Event{Name: audit.ConsentDenied, Subject: string(people.SubjectFromRaw(ref.Subject))}
	if r.PostForm.Get("choice") != choiceApprove {
		p.record(ctx, event)
		p.respondError(w, r, a.reply(), "access_denied", "")
		return
	}
	session, person, err := p.readSession(ctx, cookie)
	if err == nil {
		person, err = p.admit(ctx, a.client, person, session.Epoch)
	}
	switch {
	case err == nil && p.grant(w, r, a, session, person):
		event.Name = audit.ConsentGiven
		p.record(ctx, event)
	case err == nil, errors.Is(err, sessions.ErrNone), errors.Is(err, people.ErrUnknownPerson), errors.Is(err, errRemoved),
		errors.Is(err, people.ErrGone), errors.Is(err, people.ErrEnded): // ended while the form was open
		p.refuseLogin(w, r, refused{page: pages.Page{Kind: pages.LoginExpired}, reason: "session_ended"})
	default:
		p.authorizeTrouble(w, r, a, err)
	}
}
