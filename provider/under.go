package provider

import (
	"net/http"
	"net/url"

	"github.com/dingbridge/dingbridge/provider/clients"
	"github.com/dingbridge/dingbridge/provider/login"
	"github.com/dingbridge/dingbridge/provider/pages"
)

// under is a login under way, as the pages between the client and DingTalk see it.
type under struct {
	state  login.State
	login  login.Login
	client *clients.Client // nil if the login is for a page of ours
}

// openUnder reads the login that a page of ours is asked for. If ok is false it has
// answered. Looking at such a page claims and spends nothing.
func (p *Provider) openUnder(w http.ResponseWriter, r *http.Request) (u under, ok bool) {
	if doubled(r.Form) != "" {
		p.refuseLogin(w, r, refused{page: pages.Page{Kind: pages.InvalidRequest}, reason: "doubled_parameter"})
		return under{}, false
	}
	var err error
	if u.state, ok = p.openState(w, r, r.Form); !ok {
		return under{}, false
	}
	if u.login, err = p.login.Read(r.Context(), u.state); err != nil {
		p.refuseLogin(w, r, refusedBy(err))
		return under{}, false
	}
	u.client, ok = p.clientOf(w, r, u.login)
	return u, ok
}

// openState reads the state of a request that comes back to us.
func (p *Provider) openState(w http.ResponseWriter, r *http.Request, form url.Values) (login.State, bool) {
	if !form.Has("state") { // a bookmark or the history: nobody has forged anything
		p.refuseLogin(w, r, refused{page: pages.Page{Kind: pages.LoginExpired}, reason: "no_state"})
		return login.State{}, false
	}
	state, err := p.login.Open(form.Get("state"), p.cookies.get(r, p.cookies.binding))
	if err != nil {
		p.refuseLogin(w, r, refusedBy(err))
		return login.State{}, false
	}
	callOf(r.Context()).way = state.Way
	return state, true
}

// clientOf is the client that a login is for; nil if it is for a page of ours. If ok is
// false it has answered: the client has changed since the login began.
func (p *Provider) clientOf(w http.ResponseWriter, r *http.Request, l login.Login) (c *clients.Client, ok bool) {
	call := callOf(r.Context())
	call.locales = l.Languages
	if l.Page != "" {
		return nil, true
	}
	c, _ = p.Clients.Lookup(l.ClientID)
	if c == nil || !c.AllowsRedirect(l.RedirectURI) {
		p.refuseLogin(w, r, refused{page: pages.Page{Kind: pages.UnknownClient}, reason: "client_removed"})
		return nil, false
	}
	call.client = c
	return c, true
}

// openTurn is openUnder for a page that belongs to one way.
func (p *Provider) openTurn(w http.ResponseWriter, r *http.Request, way login.Way) (u under, o *Organisation, ok bool) {
	if u, ok = p.openUnder(w, r); !ok {
		return u, nil, false
	}
	if u.state.Way != way {
		p.refuseLogin(w, r, refused{page: pages.Page{Kind: pages.InvalidRequest}, reason: "other_way"})
		return u, nil, false
	}
	if o = p.organisationOf(u.state, u.login.Request, u.client); o == nil { // changed since
		p.refuseLogin(w, r, refused{page: pages.Page{Kind: pages.LoginExpired}, reason: "organisation_removed"})
		return u, nil, false
	}
	return u, o, true
}
