package provider

import (
	"errors"
	"net/http"
	"net/url"

	"github.com/dingbridge/dingbridge/provider/audit"
	"github.com/dingbridge/dingbridge/provider/pages"
	"github.com/dingbridge/dingbridge/provider/pushed"
)

// authorizePost takes an authorization request by POST (OpenID Connect Core section
// 3.1.2.1).
func (p *Provider) authorizePost(w http.ResponseWriter, r *http.Request) {
	form := r.PostForm
	if pushed.IsURI(form.Get("request_uri")) { // kept already
		redirect(w, r, p.Issuer+pathAuthorize+"?"+url.Values{"client_id": form["client_id"], "request_uri": form["request_uri"]}.Encode())
		return
	}
	a, fault := p.readAuthRequest(form, false)
	callOf(r.Context()).client = a.client
	if fault != nil {
		p.refuseAuthRequest(w, r, a, fault)
		return
	}
	p.keepPosted(w, r, pathAuthorize)
}

// endSessionPost takes a logout request by POST (OpenID Connect RP-Initiated Logout
// section 2).
func (p *Provider) endSessionPost(w http.ResponseWriter, r *http.Request) {
	if len(r.PostForm) == 0 {
		redirect(w, r, p.Issuer+pathEndSession)
		return
	}
	l, fault := p.readLogoutRequest(r.PostForm)
	callOf(r.Context()).client = l.client
	if fault != "" {
		p.refuseLogoutRequest(w, r, l, fault)
		return
	}
	p.keepPosted(w, r, pathEndSession)
}

// keepPosted stores a form that was found in order and has the browser come again by GET: a
// POST from another site carries no SameSite=Lax cookie, and what such a form says
// belongs in no URL (docs/decisions/0010).
func (p *Provider) keepPosted(w http.ResponseWriter, r *http.Request, path string) {
	ctx := r.Context()
	if over, ok := p.mayBegin(ctx, kindPosted, nil); !ok {
		p.turnAwayPerson(w, r, over, "")
		return
	}
	reference, op, err := p.pushed.Post(path, r.PostForm)
	if err == nil {
		err = p.Store.Together(ctx, op)
	}
	if err != nil {
		p.refusePerson(w, r, callOf(ctx).client, err)
		return
	}
	redirect(w, r, p.Issuer+path+"?"+url.Values{"posted": {reference}}.Encode())
}

// openPosted returns the form behind the reference that the browser came back with. If ok
// is false it has answered.
func (p *Provider) openPosted(w http.ResponseWriter, r *http.Request, path string) (form url.Values, ok bool) {
	if len(r.Form["posted"]) > 1 {
		p.page(w, r, http.StatusBadRequest, pages.Page{Kind: pages.InvalidRequest})
		return nil, false
	}
	form, err := p.pushed.OpenPosted(r.Context(), path, r.Form.Get("posted"))
	switch {
	case err == nil:
		return form, true
	case path == pathEndSession && errors.Is(err, pushed.ErrUnknownRequest): // not to be told to log in again
		p.record(r.Context(), audit.Event{Name: audit.LogoutRefused, Reason: "request_expired"})
		p.page(w, r, http.StatusBadRequest, pages.Page{Kind: pages.FormExpired, RetryURL: p.base + pathEndSession})
	default:
		p.refusePerson(w, r, nil, err)
	}
	return nil, false
}
