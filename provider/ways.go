package provider

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/dingbridge/dingbridge/provider/clients"
	"github.com/dingbridge/dingbridge/provider/login"
	"github.com/dingbridge/dingbridge/provider/pages"
)

// A turn is one of the places where a login can go on.
type turn struct {
	organisation *Organisation
	way          login.Way
}

// turns are the places that a browser may choose from, in the operator's order. Inside
// the DingTalk client that is its own way, where an organisation has it.
func (p *Provider) turns(r *http.Request, l login.Request, c *clients.Client) []turn {
	inside := p.AlwaysInApp || inDingTalk(r.UserAgent())
	var list []turn
	for i := range p.Organisations {
		o := &p.Organisations[i]
		switch {
		case !p.mayGo(l, c, o.CorpID):
		case inside && slices.Contains(o.Ways, login.InApp):
			list = append(list, turn{o, login.InApp})
		default:
			for _, way := range o.Ways {
				if way != login.InApp {
					list = append(list, turn{o, way})
				}
			}
		}
	}
	return list
}

// goOn sends a browser whose login has just begun on: where there is one place to go,
// there; else to the page on which to choose. A QR code in a page of ours has the other
// ways of its organisation beside it.
func (p *Provider) goOn(w http.ResponseWriter, r *http.Request, state login.State, list []turn, c *clients.Client) {
	switch {
	case len(list) == 0: // the client serves organisations that are not here any more
		p.refusePerson(w, r, c, errNotAdmitted)
	case len(list) == 1, list[0].way == login.Frame && list[len(list)-1].organisation == list[0].organisation:
		redirect(w, r, p.whereTo(state, list[0]))
	default:
		redirect(w, r, p.ownPage(pathChoose, state))
	}
}

// whereTo is the address of a turn: DingTalk's, or that of a page of ours which leads
// there.
func (p *Provider) whereTo(state login.State, t turn) string {
	state = state.For(t.organisation.CorpID, t.way)
	switch upstream := t.organisation.Upstream; t.way {
	case login.OAuth2:
		return upstream.AuthorizeURL(p.callback, p.login.Seal(state))
	case login.Sns:
		return upstream.ScanURL(p.callback, p.login.Seal(state))
	case login.Password:
		return upstream.PasswordURL(p.callback, p.login.Seal(state))
	case login.Frame:
		return p.ownPage(pathFrame, state)
	}
	return p.ownPage(pathInApp, state)
}

func (p *Provider) ownPage(path string, state login.State) string {
	return withQuery(p.base+path, p.stateOnly(state))
}

func (p *Provider) stateOnly(state login.State) url.Values {
	return url.Values{"state": {p.login.Seal(state)}}
}

// choices are turns as a page shows them.
func (p *Provider) choices(state login.State, list []turn) []pages.Choice {
	var shown []pages.Choice
	for _, t := range list {
		c := pages.Choice{URL: p.whereTo(state, t), Way: string(t.way)}
		if len(p.Organisations) > 1 {
			c.Organisation = cmp.Or(t.organisation.Name, t.organisation.CorpID)
		}
		shown = append(shown, c)
	}
	return shown
}

// choose shows the ways in, and the organisations.
func (p *Provider) choose(w http.ResponseWriter, r *http.Request) {
	u, ok := p.openUnder(w, r)
	if !ok {
		return
	}
	list := p.turns(r, u.login.Request, u.client)
	if len(list) == 0 { // the client has changed since the login began
		p.refusePerson(w, r, u.client, errNotAdmitted)
		return
	}
	p.page(w, r, http.StatusOK, pages.Page{Kind: pages.ChooseWay, ClientName: clientName(u.client), Choices: p.choices(u.state, list),
		SwitchURL: p.switchURL(r, pathChoose, p.stateOnly(u.state))})
}

// qrLife is how long a QR code of ours is shown before it has to be asked for again: a
// code that hangs about is one that somebody else may be made to scan.
const qrLife = 3 * time.Minute

// frame shows DingTalk's QR code in a page of ours.
func (p *Provider) frame(w http.ResponseWriter, r *http.Request) {
	u, o, ok := p.openTurn(w, r, login.Frame)
	if !ok {
		return
	}
	sealed := p.login.Seal(u.state)
	p.page(w, r, http.StatusOK, pages.Page{Kind: pages.Scan, ClientName: clientName(u.client), Organisation: o.Name,
		Choices:   p.choices(u.state, p.besides(r, u, turn{o, login.Frame})),
		SwitchURL: p.switchURL(r, pathFrame, p.stateOnly(u.state)),
		Frame: &pages.Frame{
			URL: o.Upstream.FrameURL(p.callback, sealed), Origin: o.Upstream.LoginOrigin(), Callback: p.callback, State: sealed,
			ReloadURL: p.ownPage(pathFrame, u.state), Seconds: int(min(p.login.Left(u.state), qrLife) / time.Second),
		}})
}

// besides are the turns that a page offers beside its own; one that works in every
// browser is always among them.
func (p *Provider) besides(r *http.Request, u under, own turn) []turn {
	list := slices.DeleteFunc(p.turns(r, u.login.Request, u.client), func(t turn) bool { return t == own })
	fallback := turn{own.organisation, own.organisation.fallback()}
	if !slices.Contains(list, fallback) {
		list = append([]turn{fallback}, list...)
	}
	return list
}
