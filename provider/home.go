package provider

import (
	"errors"
	"net/http"

	"github.com/dingbridge/dingbridge/provider/pages"
	"github.com/dingbridge/dingbridge/provider/sessions"
)

// home says what this is; to whoever is signed in, what they have here.
func (p *Provider) home(w http.ResponseWriter, r *http.Request) {
	if p.cookies.get(r, p.cookies.session) != "" {
		session, person, err := p.liveSession(r)
		switch {
		case err == nil:
			p.account(w, r, session, person)
			return
		case !errors.Is(err, sessions.ErrNone):
			p.refusePerson(w, r, nil, err)
			return
		}
	}
	p.page(w, r, http.StatusOK, p.homePage(r))
}

func (p *Provider) homePage(r *http.Request) pages.Page {
	return pages.Page{Kind: pages.Home, ContinueURL: p.base + pathEndSession, SwitchURL: p.switchURL(r, "/", nil)}
}
