package provider

import (
	"net/http"
	"net/url"
	"slices"

	"github.com/dingbridge/dingbridge/dingtalk"
	"github.com/dingbridge/dingbridge/provider/login"
	"github.com/dingbridge/dingbridge/provider/pages"
)

// InAppScript is DingTalk's script for pages inside its client. It is the one thing of
// somebody else's that a page of ours loads, and on that page alone.
type InAppScript struct {
	URL       string
	Integrity string // as in Subresource Integrity, "sha384-..."; may be empty
}

// inApp is the page inside the DingTalk client: it asks the client for a code, with one
// tap or none, and posts it to us. Where that fails the browser goes to a page of
// DingTalk's own.
func (p *Provider) inApp(w http.ResponseWriter, r *http.Request) {
	u, o, ok := p.openTurn(w, r, login.InApp)
	if !ok {
		return
	}
	page := pages.Page{Kind: pages.InApp, ClientName: clientName(u.client), Organisation: o.Name,
		SwitchURL: p.switchURL(r, pathInApp, p.stateOnly(u.state)),
		Form:      &pages.Form{Action: p.base + pathInApp, Hidden: []pages.Field{{Name: "state", Value: p.login.Seal(u.state)}}, LeadsTo: u.login.RedirectURI},
		InApp: &pages.InAppLogin{
			ScriptURL: p.InAppScript.URL, Integrity: p.InAppScript.Integrity,
			CorpID: o.CorpID, ClientID: o.Upstream.ClientID(),
			FallbackURL: p.whereTo(u.state, turn{o, o.fallback()}),
			Tap:         u.login.Tap,
			Desktop:     onDesktop(r.UserAgent()),
		}}
	if u.client != nil {
		page.InApp.HomeURL = u.client.HomeURL
		page.InApp.Tap = page.InApp.Tap || u.client.InAppTap
	}
	p.page(w, r, http.StatusOK, page)
}

// tapFirst tells whether the person is to press a button though a session of ours may
// know them: else a link in a chat would log whoever opens it in to a client with
// in_app_tap without a word, all but the first time. Where nothing can be shown
// (prompt=none), nothing is asked.
func (p *Provider) tapFirst(r *http.Request, a authRequest) bool {
	return a.client.InAppTap && !a.asks("none") &&
		slices.ContainsFunc(p.turns(r, a.Request, a.client), func(t turn) bool { return t.way == login.InApp })
}

// inAppPost takes the code from that page. A code says who somebody is: another site
// that could post its own here would have this browser in somebody else's name. So the
// form must be ours, by its state, which names this very browser, and by the browser's
// own word; a browser that does not say where a form is from is refused too.
func (p *Provider) inAppPost(w http.ResponseWriter, r *http.Request) {
	if site := r.Header.Get("Sec-Fetch-Site"); r.Header.Get("Origin") != p.origin || site != "" && site != "same-origin" {
		p.refuseLogin(w, r, refused{page: pages.Page{Kind: pages.InvalidRequest}, reason: "foreign_form"})
		return
	}
	if r.URL.RawQuery != "" || doubled(r.PostForm) != "" {
		p.refuseLogin(w, r, refused{page: pages.Page{Kind: pages.InvalidRequest}, reason: "doubled_parameter"})
		return
	}
	state, ok := p.openState(w, r, r.PostForm)
	if !ok {
		return
	}
	if state.Way != login.InApp || !r.PostForm.Has("code") {
		p.refuseLogin(w, r, refused{page: pages.Page{Kind: pages.InvalidRequest}, reason: "other_way"})
		return
	}
	// What has not the form of a code costs the login nothing, as at the callback.
	code, _, err := dingtalk.CodeFromQuery(url.Values{"code": r.PostForm["code"]})
	if err != nil {
		p.refuseLogin(w, r, refusedBy(err))
		return
	}
	p.takeAnswer(w, r, state, code, false)
}
