package provider

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/dingbridge/dingbridge/dingtalk"
	"github.com/dingbridge/dingbridge/provider/clients"
	"github.com/dingbridge/dingbridge/provider/login"
	"github.com/dingbridge/dingbridge/provider/people"
)

// An Organisation is one whose people may log in, with our app in it.
type Organisation struct {
	CorpID   string
	Name     string // as pages call it; may be empty
	Upstream login.Upstream
	// Ways in, in the operator's order, with at least one of DingTalk's own pages: the
	// other ways do not work everywhere. None: OAuth2 alone.
	Ways []login.Way
	// EmailDomains and VerifiedEmailDomains are as in [people.Organisation].
	EmailDomains, VerifiedEmailDomains []string
}

// errWay: a state of ours for a way that has no exchange.
var errWay = errors.New("no way in")

// check fills in the defaults.
func (o *Organisation) check() error {
	if o.CorpID == "" || o.Upstream == nil {
		return errors.New("an organisation needs a corpId and an app")
	}
	if len(o.Ways) == 0 {
		o.Ways = []login.Way{login.OAuth2}
	}
	for i, way := range o.Ways {
		if _, known := login.ParseWay(string(way)); !known || slices.Contains(o.Ways[:i], way) {
			return fmt.Errorf("organisation %s: way %q is unknown or there twice", o.CorpID, way)
		}
	}
	if o.fallback() == "" {
		return fmt.Errorf("organisation %s: one of the ways must be a page of DingTalk's own", o.CorpID)
	}
	return nil
}

// fallback is the first of the ways that work in every browser.
func (o *Organisation) fallback() login.Way {
	for _, way := range o.Ways {
		if way.FullPage() {
			return way
		}
	}
	return ""
}

// account exchanges a code by the exchange of its way, and by no other.
func (o *Organisation) account(ctx context.Context, way login.Way, code string) (dingtalk.Account, error) {
	switch way {
	case login.OAuth2, login.Frame:
		return o.Upstream.Account(ctx, code)
	case login.Sns, login.Password:
		return o.Upstream.ScanAccount(ctx, code)
	case login.InApp:
		return o.Upstream.InAppAccount(ctx, code)
	}
	return dingtalk.Account{}, errWay
}

// organisation finds one by its corpId; nil: none of ours.
func (p *Provider) organisation(corpID string) *Organisation {
	for i := range p.Organisations {
		if p.Organisations[i].CorpID == corpID {
			return &p.Organisations[i]
		}
	}
	return nil
}

// organisationOf finds the one that a state leads into, for a login that may go there.
// Nil: none, or one that is not for this client or request.
func (p *Provider) organisationOf(state login.State, l login.Request, c *clients.Client) *Organisation {
	for i := range p.Organisations {
		o := &p.Organisations[i]
		if state.Leads(o.CorpID) && slices.Contains(o.Ways, state.Way) && p.mayGo(l, c, o.CorpID) {
			return o
		}
	}
	return nil
}

// mayGo tells whether a login may be into an organisation. c is nil for a page of ours.
func (p *Provider) mayGo(l login.Request, c *clients.Client, corpID string) bool {
	return (l.Organisation == "" || l.Organisation == corpID) && (c == nil || p.serves(c, corpID))
}

// serves tells whether people of an organisation may enter by a client. One that names
// none serves the only one that there is; where there are several it serves nobody:
// nobody said whom it was meant for.
func (p *Provider) serves(c *clients.Client, corpID string) bool {
	if len(c.Organisations) == 0 {
		return len(p.Organisations) == 1 && p.Organisations[0].CorpID == corpID
	}
	return c.Serves(corpID)
}

// facts are what a client's rules and tables ask about.
func facts(person people.Person) clients.Facts {
	return clients.Facts{
		CorpID: person.CorpID, UserID: person.Profile.UserID,
		Departments: person.Profile.Ancestry(), Direct: person.Profile.Departments, Roles: person.Profile.Roles,
		Partial: person.Profile.PathsUnknown,
	}
}
