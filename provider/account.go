package provider

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"slices"

	"github.com/dingbridge/dingbridge/provider/clients"
	"github.com/dingbridge/dingbridge/provider/grants"
	"github.com/dingbridge/dingbridge/provider/pages"
	"github.com/dingbridge/dingbridge/provider/people"
	"github.com/dingbridge/dingbridge/provider/sessions"
	"github.com/dingbridge/dingbridge/storage"
)

// accountForm is what the buttons of the account page can end, and nothing else: it is
// what the page's ticket is about.
type accountForm struct {
	Sessions []sessions.ID `json:"s,omitempty"`
	Grants   [][]string    `json:"g,omitempty"` // those of one button, its own first
}

// What stands before the id on those buttons.
const (
	endsSession = "session:"
	endsGrant   = "grant:"
)

// account shows whoever is signed in who they are to apps, where they are signed in, and
// what has access without a session. It shows nothing of anybody else: all that it reads
// lies under the session's own subject, and is of the person's present epoch.
func (p *Provider) account(w http.ResponseWriter, r *http.Request, session sessions.Session, person people.Person) {
	own := p.sessions.FetchEnded(session.ID)
	found, err := p.holdings(r.Context(), session.Ref.Subject, own)
	if err == nil {
		err = sessions.CheckEnded(own)
	}
	if errors.Is(err, sessions.ErrNone) { // ended, and its record stayed
		p.page(w, r, http.StatusOK, p.homePage(r))
		return
	}
	var hidden []pages.Field
	form := accountForm{}
	overview := p.whoAmI(person)
	if err == nil {
		p.showSessions(overview, &form, found, session, person)
		p.showGrants(overview, &form, found, person)
		hidden, err = p.ticket(ticketAccount, session.Ref, form)
	}
	if err != nil {
		p.refusePerson(w, r, nil, err)
		return
	}
	page := p.homePage(r)
	page.Kind, page.Overview = pages.SignedIn, overview
	page.Form = &pages.Form{Action: p.base + pathAccountEnd, Hidden: hidden}
	if o := p.organisation(person.CorpID); o != nil {
		page.Organisation = o.Name
	}
	p.page(w, r, http.StatusOK, page)
}

// whoAmI is the person as apps may see them: the claims that userinfo gives to a client
// that may have all of them. A number that no client may learn is not shown. Nor is the
// picture: it lies at DingTalk's, and no page of ours loads anything from elsewhere.
func (p *Provider) whoAmI(person people.Person) *pages.Overview {
	phone := false
	for c := range p.Clients.All() {
		phone = phone || c.PhoneNumber && slices.Contains(c.Scopes, "phone")
	}
	claims := p.people.Claims(person, people.ClaimOptions{Scopes: []string{"profile", "email", "phone"}, PhoneNumber: phone})
	return &pages.Overview{
		Nickname: claims.Nickname, Name: claims.Name, Username: claims.PreferredUsername,
		Email: claims.Email, EmailVerified: claims.EmailVerified, Phone: claims.PhoneNumber,
		Departments: len(person.Profile.Departments), Roles: len(person.Profile.Roles),
		CorpID: person.CorpID, Subject: string(claims.Subject),
	}
}

// holdings are what a person has with us, as it was read.
type holdings struct {
	sessions     []sessions.Session // that live, the newest first
	moreSessions bool               // there may be others
	grants       []grants.Grant     // the newest first
	moreGrants   bool
	entered      map[sessions.ID][]string // ids of clients
}

// holdings reads a person's sessions and lasting grants, in two trips, of which the second
// does other ops beside.
func (p *Provider) holdings(ctx context.Context, subject [16]byte, beside ...*storage.Op) (h holdings, err error) {
	readSessions, readGrants, readEntered := p.sessions.FetchList(subject), p.grants.FetchList(subject), p.sessions.FetchEntered(subject)
	p.Store.Together(ctx, readSessions, readGrants, readEntered) // each op has its own error
	entries, moreSessions, err := p.sessions.ReadList(subject, readSessions)
	if err != nil {
		return h, err
	}
	refs, moreGrants, err := p.grants.ReadList(subject, readGrants)
	if err != nil {
		return h, err
	}
	if h.entered, err = sessions.ReadEntered(readEntered); err != nil {
		return h, err
	}
	h.moreSessions, h.moreGrants = moreSessions, moreGrants
	ops := slices.Clone(beside)
	for _, e := range entries {
		ops = append(ops, e.Ops()...)
	}
	records := make([]*storage.Op, len(refs))
	for i, ref := range refs {
		records[i] = p.grants.Fetch(ref)
	}
	if ops = append(ops, records...); len(ops) > 0 {
		p.Store.Together(ctx, ops...)
	}
	for _, e := range entries {
		s, err := p.sessions.ReadEntry(e)
		if err == nil {
			h.sessions = append(h.sessions, s)
		} else if !errors.Is(err, sessions.ErrNone) {
			return h, err
		}
	}
	for i, ref := range refs {
		g, err := p.grants.Read(ref, records[i])
		if err == nil {
			h.grants = append(h.grants, g)
		} else if !errors.Is(err, grants.ErrInvalid) {
			return h, err
		}
	}
	return h, nil
}

// showSessions puts the session that asks first: it is never among those that are cut.
func (p *Provider) showSessions(o *pages.Overview, form *accountForm, h holdings, here sessions.Session, person people.Person) {
	o.MoreSessions = h.moreSessions
	others := slices.DeleteFunc(h.sessions, func(s sessions.Session) bool { return s.ID == here.ID || s.Epoch != person.Epoch })
	for i, s := range append([]sessions.Session{here}, others...) {
		if i == pages.MostShown {
			o.MoreSessions = true
			break
		}
		row := pages.OpenSession{Agent: s.Agent, Here: i == 0, Address: s.Address, Began: s.Began(), Used: s.Used()}
		for _, id := range h.entered[s.ID] {
			row.Apps = append(row.Apps, p.appName(id))
		}
		slices.Sort(row.Apps)
		if i > 0 {
			row.End = endsSession + s.ID.String()
			form.Sessions = append(form.Sessions, s.ID)
		}
		o.Sessions = append(o.Sessions, row)
	}
}

// showGrants puts what was used last first. What an app has from several logins is one
// entry and ends together; each device is one.
func (p *Provider) showGrants(o *pages.Overview, form *accountForm, h holdings, person people.Person) {
	o.MoreLasting = h.moreGrants
	living := slices.DeleteFunc(h.grants, func(g grants.Grant) bool { return !g.Lives() || g.Epoch != person.Epoch })
	slices.SortStableFunc(living, func(a, b grants.Grant) int { return p.grants.Used(b).Compare(p.grants.Used(a)) })
	entry := map[string]int{} // of an app
	for _, g := range living {
		at, known := entry[g.ClientID]
		if known = known && !g.OnDevice(); !known {
			if len(o.Lasting) == pages.MostShown {
				o.MoreLasting = true
				continue
			}
			at = len(o.Lasting)
			form.Grants = append(form.Grants, nil)
			o.Lasting = append(o.Lasting, pages.LastingAccess{App: p.appName(g.ClientID), Device: g.OnDevice(),
				Since: p.grants.Issued(g), Used: p.grants.Used(g), End: endsGrant + g.Ref.IDText()})
			if !g.OnDevice() {
				entry[g.ClientID] = at
			}
		}
		row := &o.Lasting[at]
		row.Times++
		if since := p.grants.Issued(g); since.Before(row.Since) {
			row.Since = since
		}
		form.Grants[at] = append(form.Grants[at], g.Ref.IDText())
	}
}

// appName is what a client is called, or its id if it is not registered any more.
func (p *Provider) appName(id string) string {
	c, known := p.Clients.Lookup(id)
	if !known {
		c = &clients.Client{ID: id}
	}
	return cmp.Or(c.Name, id)
}
