package provider

import (
	"errors"
	"net/http"

	"github.com/dingbridge/dingbridge/provider/pages"
	"github.com/dingbridge/dingbridge/provider/sessions"
)

// home says what this is, and to whoever is signed in, that they are.
func (p *Provider) home(w http.ResponseWriter, r *http.Request) {
	page := pages.Page{Kind: pages.Home, ContinueURL: p.base + pathEndSession, SwitchURL: p.switchURL(r, "/", nil)}
	if p.cookies.get(r, p.cookies.session) != "" {
		_, person, err := p.liveSession(r)
		switch {
		case err == nil:
			page.Kind, page.Account = pages.SignedIn, person.Profile.Nick
			if o := p.organisation(person.CorpID); o != nil {
				page.Organisation = o.Name
			}
		case !errors.Is(err, sessions.ErrNone):
			p.refusePerson(w, r, nil, err)
			return
		}
	}
	p.page(w, r, http.StatusOK, page)
}
