package provider

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/dingbridge/dingbridge/dingtalk"
	"github.com/dingbridge/dingbridge/provider/audit"
	"github.com/dingbridge/dingbridge/provider/clients"
	"github.com/dingbridge/dingbridge/provider/login"
	"github.com/dingbridge/dingbridge/provider/pages"
	"github.com/dingbridge/dingbridge/storage"
)

// mostRejected is how many attempts of one login may end in a code that DingTalk does
// not know, before the login is over.
const mostRejected = 2

// clientName is what pages call a client, if there is one.
func clientName(c *clients.Client) string {
	if c == nil {
		return ""
	}
	return c.Name
}

// refuseLogin ends a request of the login with a page and an audit event; the login
// itself stays as it is.
func (p *Provider) refuseLogin(w http.ResponseWriter, r *http.Request, f refused) {
	p.trouble(r.Context(), f)
	p.record(r.Context(), audit.Event{Name: audit.LoginRefused, Reason: f.reason, Call: f.call, Err: f.err})
	if f.page.RetryURL == "" && f.retry {
		f.page.RetryURL = p.retryHere(r)
	}
	p.page(w, r, 0, f.page)
}

// refuse ends the login for good: a reload shows the same page.
func (p *Provider) refuse(w http.ResponseWriter, r *http.Request, f finish, why refused) {
	if !p.note(w, r, f, login.End{Refused: string(why.page.Kind), Detail: why.page.Permission}) {
		return
	}
	why.page.ClientName, why.page.Organisation = clientName(f.client), f.organisation.Name
	p.refuseLogin(w, r, why)
}

// note writes how the login ended, and tells whether it could; otherwise it has
// answered.
func (p *Provider) note(w http.ResponseWriter, r *http.Request, f finish, end login.End) bool {
	op := p.login.Finish(f.login, end)
	if err := p.Store.Together(r.Context(), op); err != nil {
		p.refuseLogin(w, r, refusedBy(err))
		return false
	}
	return true
}

// upstreamFailed ends the login, or keeps it where DingTalk may answer later.
func (p *Provider) upstreamFailed(w http.ResponseWriter, r *http.Request, f finish, err error) {
	why := refusedBy(err)
	if dingtalk.ReasonOf(err) == dingtalk.ReasonCodeRejected && f.login.Attempt >= mostRejected {
		why.retry = false // no person brings so many bad codes
	}
	switch {
	case why.retry:
		p.tryAgain(w, r, f, why)
	case dingtalk.ReasonOf(err) == dingtalk.ReasonOutsider && p.chooseAgain(w, r, f, why):
	default:
		p.refuse(w, r, f, why)
	}
}

// chooseAgain refuses somebody who is not of the organisation that they chose, and leaves
// them the choice of the others. It tells whether there is one.
func (p *Provider) chooseAgain(w http.ResponseWriter, r *http.Request, f finish, why refused) bool {
	elsewhere := func(t turn) bool { return t.organisation != f.organisation }
	if f.login.Attempt >= mostRejected || !slices.ContainsFunc(p.turns(r, f.login.Request, f.client), elsewhere) {
		return false
	}
	state, err := p.login.Again(r.Context(), f.login)
	if err != nil {
		return false
	}
	why.page.RetryURL = p.ownPage(pathChoose, state)
	why.page.ClientName, why.page.Organisation = clientName(f.client), f.organisation.Name
	p.refuseLogin(w, r, why)
	return true
}

// tryAgain puts the login back to pending and offers the person a new try (login's
// promise L4): DingTalk's code is spent or lost, the login is not.
func (p *Provider) tryAgain(w http.ResponseWriter, r *http.Request, f finish, why refused) {
	p.trouble(r.Context(), why)
	state, err := p.login.Again(r.Context(), f.login)
	switch {
	case errors.Is(err, login.ErrExpired) && errors.Is(why.err, storage.ErrUnknown):
		p.refuseLogin(w, r, why) // what looked lost took effect: the same answer again shows it
		return
	case err != nil:
		p.refuseLogin(w, r, refusedBy(err))
		return
	}
	p.record(r.Context(), audit.Event{Name: audit.LoginRetried, Reason: why.reason, Call: why.call, Err: why.err})
	next := turn{f.organisation, f.state.Way}
	if next.way == login.InApp {
		next.way = f.organisation.fallback() // once is enough
	}
	why.page.RetryURL = p.whereTo(state, next)
	why.page.ClientName, why.page.Organisation = clientName(f.client), f.organisation.Name
	p.page(w, r, 0, why.page)
}

// refusePerson answers with a page what a session of ours could not answer. Reloading is
// the way to try again.
func (p *Provider) refusePerson(w http.ResponseWriter, r *http.Request, c *clients.Client, err error) {
	why := p.refusalOf(r, c, err)
	if why.retry {
		why.page.RetryURL = p.here(r)
	}
	why.page.ClientName = clientName(c)
	p.page(w, r, 0, why.page)
}

// refusalOf says how a person meets an error at authorize or at the logout, and audits
// it there.
func (p *Provider) refusalOf(r *http.Request, c *clients.Client, err error) refused {
	why := refusedBy(err)
	if errors.Is(err, errNotAdmitted) {
		why = p.notAdmitted(c)
	}
	p.trouble(r.Context(), why)
	e := audit.Event{Name: audit.AuthorizeRefused, Reason: why.reason, Err: why.err}
	if strings.HasPrefix(r.URL.Path, pathEndSession) {
		e.Name = audit.LogoutRefused
	}
	p.record(r.Context(), e)
	return why
}

func (p *Provider) notAdmitted(c *clients.Client) refused {
	return refused{page: pages.Page{Kind: pages.NotAdmitted, ClientName: c.Name, Contact: p.Contact}, reason: "not_admitted"}
}

// trouble notes what an operator has to know of, beside who was refused for it.
func (p *Provider) trouble(ctx context.Context, why refused) {
	switch why.page.Kind {
	case pages.Unavailable:
		p.record(ctx, audit.Event{Name: audit.StorageTrouble, Reason: why.reason, Err: why.err})
	case pages.UpstreamDown, pages.UpstreamConfig, pages.UpstreamStrange, pages.ClockSkew, pages.PermissionMissing, pages.OutOfRange:
		p.record(ctx, audit.Event{Name: audit.UpstreamTrouble, Reason: why.reason, Call: why.call, Err: why.err})
	case pages.Internal:
		p.record(ctx, audit.Event{Name: audit.InternalFault, Reason: why.reason, Err: why.err})
	}
}

// retryHere is where the same answer of DingTalk can be shown again; for one that was
// posted, where another is to be had.
func (p *Provider) retryHere(r *http.Request) string {
	if r.Method == http.MethodPost {
		return withQuery(p.base+r.URL.EscapedPath(), url.Values{"state": {r.PostForm.Get("state")}})
	}
	return p.here(r)
}

// here is the address of the request itself, for trying again: the issuer's path was
// cut off before the handler.
func (p *Provider) here(r *http.Request) string { return p.base + r.URL.RequestURI() }
