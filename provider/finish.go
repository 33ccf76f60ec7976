package provider

import (
	"errors"
	"net/http"
	"net/url"
	"time"

	"github.com/dingbridge/dingbridge/provider/audit"
	"github.com/dingbridge/dingbridge/provider/grants"
	"github.com/dingbridge/dingbridge/provider/login"
	"github.com/dingbridge/dingbridge/provider/pages"
	"github.com/dingbridge/dingbridge/provider/people"
	"github.com/dingbridge/dingbridge/provider/sessions"
	"github.com/dingbridge/dingbridge/storage"
)

// complete starts the session and issues the grant, in one pipeline. Where the person
// has to be asked first, or no client waits, there is no grant yet.
func (p *Provider) complete(w http.ResponseWriter, r *http.Request, f finish, person people.Person, notes []*storage.Op, before *sessions.Session, took time.Duration) {
	ctx := r.Context()
	raw, _ := person.Subject.Raw()
	session, cookie, ops, err := p.sessions.Start(sessions.Login{
		Subject: raw, CorpID: person.CorpID, Epoch: person.Epoch, AuthTime: time.Now(),
		Secret: p.login.SessionSecret(f.login, f.binding), Before: before, Agent: agentWords(r.UserAgent()), Address: callOf(ctx).address,
	})
	if err != nil {
		p.tryAgain(w, r, f, refusedBy(err))
		return
	}
	end := login.End{Subject: raw}
	var issue *storage.Op
	if f.client != nil && !f.login.Consent {
		var grant grants.Ref
		grant, issue = p.grants.Issue(p.grantRequest(f.client, f.login.Request, session, person))
		end.Grant, end.Session = grant.ID, grant.Session
		ops = append(append(ops, p.entered(session, f.client)...), issue)
		ops = append(ops, p.grants.Enlist(grant, f.client.IssuesRefresh(f.login.Scopes))...)
	}
	ops = append(ops, notes...)
	goesOn, replaced := before != nil && before.ID == session.ID, before != nil && before.ID != session.ID
	var ended, entered *storage.Op
	switch {
	case goesOn:
		ended = p.sessions.FetchEnded(session.ID)
		ops = append(ops, ended)
	case replaced:
		entered = p.sessions.FetchEntered(before.Ref.Subject)
		ops = append(ops, entered)
	}
	// Last the note that the login is done: whoever reads it finds the rest.
	done := p.login.Finish(f.login, end)
	err = p.Store.Together(ctx, append(ops, done)...)
	// The person's own record may lose a race against another login of theirs, which
	// wrote the same; against a removal the epoch decides at the first use.
	switch {
	case issue != nil && issue.Err != nil, done.Err != nil, errors.Is(err, storage.ErrUnknown):
		if done.Err == nil {
			f.login = f.login.After(done) // noted, but what was noted is not there
		}
		p.unfinished(w, r, f, refusedBy(errors.Join(done.Err, err)))
		return
	case goesOn && sessions.CheckEnded(ended) != nil:
		// A logout in another tab, in this very moment, ended the session that this login
		// meant to go on with: what was just made is dead. The next attempt makes a new one.
		f.login = f.login.After(done)
		p.Store.Together(ctx, p.sessions.End(session)...)
		p.tryAgain(w, r, f, refused{page: pages.Page{Kind: pages.LoginExpired}, reason: "session_ended"})
		return
	case replaced:
		p.notify(ctx, before.Ref.Subject, &before.ID, entered)
	}
	p.cameBack(ctx, kindLogin)
	p.record(ctx, audit.Event{Name: audit.LoginSucceeded, Subject: string(person.Subject), SessionID: session.ID.String(),
		GrantID: nameOf(end), CorpID: person.CorpID, Duration: took})
	p.sendBack(w, r, f, cookie, end, person)
}

// unfinished answers a login whose last writes were not all confirmed. DingTalk's code
// is spent by now, so the login is put back, unless its end was noted after all.
func (p *Provider) unfinished(w http.ResponseWriter, r *http.Request, f finish, why refused) {
	if why.retry {
		p.tryAgain(w, r, f, why)
		return
	}
	p.refuseLogin(w, r, why)
}

// again gives a reloaded callback the same end (login's promise L3): the same page,
// or the same session cookie and the same code.
func (p *Provider) again(w http.ResponseWriter, r *http.Request, f finish) {
	done := f.login.Done
	switch {
	case toldToClient[done.Refused] != "":
		p.declined(w, r, f, done.Refused)
	case done.Refused != "":
		p.page(w, r, 0, pages.Page{Kind: pages.Kind(done.Refused), ClientName: clientName(f.client), Organisation: f.organisation.Name,
			Permission: done.Detail, Contact: p.Contact})
	default:
		p.record(r.Context(), audit.Event{Name: audit.LoginReplayed, GrantID: nameOf(*done)})
		p.sendBack(w, r, f, sessions.Cookie(done.Subject, p.login.SessionSecret(f.login, f.binding)), *done, people.Person{})
	}
}

// sendBack sets the session's cookie and sends the browser on.
func (p *Provider) sendBack(w http.ResponseWriter, r *http.Request, f finish, cookie string, end login.End, person people.Person) {
	p.cookies.set(w, p.cookies.session, cookie, sessionCookieAge)
	switch {
	case f.client == nil:
		redirect(w, r, p.base+f.login.Page)
	case f.login.Consent:
		ref, _ := sessions.Parse(cookie)
		p.askConsent(w, r, f.login.Request, f.client, ref, person)
	default:
		p.respond(w, r, f.reply(), url.Values{"code": {p.grants.Code(grants.Ref{ID: end.Grant, Subject: end.Subject, Session: end.Session})}})
	}
}

// nameOf names the grant that a login ended in, for the audit log.
func nameOf(end login.End) string {
	if end.Grant == [16]byte{} {
		return ""
	}
	return grants.Ref{ID: end.Grant}.Name()
}
