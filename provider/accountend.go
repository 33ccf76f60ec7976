package provider

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/dingbridge/dingbridge/provider/audit"
	"github.com/dingbridge/dingbridge/provider/grants"
	"github.com/dingbridge/dingbridge/provider/pages"
	"github.com/dingbridge/dingbridge/provider/people"
	"github.com/dingbridge/dingbridge/provider/sessions"
	"github.com/dingbridge/dingbridge/storage"
)

// accountEndPost ends the one session, app or device whose button was pressed on the account
// page, if the page that was shown to this very session had that button, and shows what
// is left. What is over already is what they wanted.
func (p *Provider) accountEndPost(w http.ResponseWriter, r *http.Request) {
	ctx := r.Context()
	ref, err := sessions.Parse(p.cookies.get(r, p.cookies.session))
	if err != nil {
		redirect(w, r, p.base+"/")
		return
	}
	var form accountForm
	target, id, _ := strings.Cut(r.PostForm.Get("choice"), ":")
	if p.openTicket(r, ticketAccount, ref, &form) != nil || !form.has(target+":", id) {
		p.record(ctx, audit.Event{Name: audit.LogoutRefused, Reason: "form"})
		p.page(w, r, 0, pages.Page{Kind: pages.FormExpired, RetryURL: p.base + "/"})
		return
	}
	session, _, err := p.liveSession(r)
	switch {
	case errors.Is(err, sessions.ErrNone):
		redirect(w, r, p.base+"/")
		return
	case err != nil:
	case target+":" == endsSession && id == session.ID.String(): // since the page was shown
		p.endHere(w, r, logoutRequest{}, session, "by the person")
		return
	case target+":" == endsSession:
		err = p.endElsewhere(ctx, session, id)
	default:
		err = p.endLasting(ctx, session, form.grants(id))
	}
	if err != nil { // never "ended" when it may live
		p.refusePerson(w, r, nil, err)
		return
	}
	redirect(w, r, p.base+"/")
}

// has tells whether the page had a button for that.
func (f accountForm) has(target, id string) bool {
	switch target {
	case endsSession:
		return slices.ContainsFunc(f.Sessions, func(s sessions.ID) bool { return s.String() == id })
	case endsGrant:
		return f.grants(id) != nil
	}
	return false
}

// grants are those that one button ends; none if there was no such button.
func (f accountForm) grants(id string) []string {
	for _, list := range f.Grants {
		if len(list) > 0 && list[0] == id {
			return list
		}
	}
	return nil
}

// endElsewhere ends another session of the same person, as a logout there would, and
// tells its apps. It is looked for among the person's own, whatever the form said.
func (p *Provider) endElsewhere(ctx context.Context, here sessions.Session, id string) error {
	subject := here.Ref.Subject
	read := p.sessions.FetchList(subject)
	p.Store.Together(ctx, read) // the op has its own error
	list, _, err := p.sessions.ReadList(subject, read)
	if err != nil {
		return err
	}
	at := slices.IndexFunc(list, func(e sessions.Entry) bool { return e.ID.String() == id })
	if at < 0 {
		return nil
	}
	p.Store.Together(ctx, list[at].Ops()...)
	there, err := p.sessions.ReadEntry(list[at])
	if errors.Is(err, sessions.ErrNone) {
		return nil
	}
	if err != nil {
		return err
	}
	told, err := p.endSessionNow(ctx, there)
	if err != nil {
		return err
	}
	p.record(ctx, audit.Event{Name: audit.SessionEnded, Subject: string(people.SubjectFromRaw(subject)),
		SessionID: there.ID.String(), Reason: "by the person, from elsewhere", Count: told})
	return nil
}

// endLasting ends grants that outlive sessions: what one app has, or one device.
func (p *Provider) endLasting(ctx context.Context, here sessions.Session, ids []string) error {
	refs, reads := make([]grants.Ref, len(ids)), make([]*storage.Op, len(ids))
	for i, id := range ids {
		var err error
		if refs[i], err = grants.ParseID(id, here.Ref.Subject); err != nil {
			return err
		}
		reads[i] = p.grants.Fetch(refs[i])
	}
	p.Store.Together(ctx, reads...) // each op has its own error
	var living []grants.Grant
	for i, ref := range refs {
		grant, err := p.grants.Read(ref, reads[i])
		switch {
		case err == nil && grant.Lives():
			living = append(living, grant)
		case err != nil && !errors.Is(err, grants.ErrInvalid):
			return err
		}
	}
	if err := p.grants.EndAll(ctx, living, "ended by the person"); err != nil {
		return err
	}
	for _, grant := range living {
		p.record(ctx, audit.Event{Name: audit.GrantEnded, ClientID: grant.ClientID, Subject: string(people.SubjectFromRaw(here.Ref.Subject)),
			GrantID: grant.Ref.Name(), SessionID: here.ID.String()})
	}
	return nil
}
