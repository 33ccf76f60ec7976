package provider

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"time"

	"github.com/dingbridge/dingbridge/dingtalk"
	"github.com/dingbridge/dingbridge/provider/audit"
	"github.com/dingbridge/dingbridge/provider/clients"
	"github.com/dingbridge/dingbridge/provider/grants"
	"github.com/dingbridge/dingbridge/provider/login"
	"github.com/dingbridge/dingbridge/provider/pages"
	"github.com/dingbridge/dingbridge/provider/people"
	"github.com/dingbridge/dingbridge/provider/sessions"
	"github.com/dingbridge/dingbridge/storage"
)

// finish is what the callback works with once the login is claimed.
type finish struct {
	login   login.Login
	client  *clients.Client
	binding string
	code    string
}

// workTime bounds the work on one answer of DingTalk, which has time-outs of its own
// for each call.
const workTime = 20 * time.Second

// answerWait is how long an answer of DingTalk waits for its turn.
const answerWait = 5 * time.Second

// callbackGet is where DingTalk sends the browser back to.
func (p *Provider) callbackGet(w http.ResponseWriter, r *http.Request) {
	ctx, query := r.Context(), r.Form
	if doubled(query) != "" {
		p.refuseLogin(w, r, refused{page: pages.Page{Kind: pages.InvalidRequest}, reason: "doubled_parameter"})
		return
	}
	if !query.Has("state") { // a bookmark or the history: nobody has forged anything
		p.refuseLogin(w, r, refused{page: pages.Page{Kind: pages.LoginExpired}, reason: "no_state"})
		return
	}
	f := finish{binding: p.cookies.get(r, p.cookies.binding)}
	ticket, err := p.login.Open(query.Get("state"), f.binding)
	if err != nil {
		p.refuseLogin(w, r, refusedBy(err))
		return
	}
	var declined bool
	if f.code, declined, err = dingtalk.CodeFromQuery(query); err != nil {
		p.refuseLogin(w, r, refusedBy(err))
		return
	}
	if declined {
		f.code = declinedByPerson // the answer is the refusal itself
	}
	// A state costs nothing to get, an answer costs calls to DingTalk, which grants an
	// app so many a second. What is turned away here is not claimed and can come again.
	if !p.answers.wait(ctx, answerWait) {
		p.record(ctx, audit.Event{Name: audit.RequestLimited, Reason: "answers of DingTalk per second"})
		w.Header().Set("Retry-After", unavailableTry)
		p.page(w, r, http.StatusServiceUnavailable, pages.Page{Kind: pages.TooManyRequests, RetryURL: p.here(r)})
		return
	}
	if f.login, err = p.login.Claim(ctx, ticket, f.code); err != nil {
		p.refuseLogin(w, r, refusedBy(err))
		return
	}
	// From here on the answer is worked on to its end, even if the browser navigates
	// away: when it comes back it waits for this very end.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), workTime)
	defer cancel()
	r = r.WithContext(ctx)
	callOf(ctx).locales = f.login.Languages
	f.client, _ = p.Clients.Lookup(f.login.ClientID)
	if f.client == nil || !f.client.AllowsRedirect(f.login.RedirectURI) { // changed since the login began
		p.refuseLogin(w, r, refused{page: pages.Page{Kind: pages.UnknownClient}, reason: "client_removed"})
		return
	}
	callOf(ctx).client = f.client
	switch {
	case f.login.Done != nil:
		p.again(w, r, f)
	case declined:
		p.decline(w, r, f)
	default:
		p.identify(w, r, f)
	}
}

// decline tells the client that the person pressed refuse.
func (p *Provider) decline(w http.ResponseWriter, r *http.Request, f finish) {
	if !p.note(w, r, f, login.End{Refused: declinedByPerson}) {
		return
	}
	p.record(r.Context(), audit.Event{Name: audit.LoginRefused, Reason: declinedByPerson, Way: wayOAuth2})
	p.respondError(w, r, f.client, f.login.RedirectURI, f.login.State, "access_denied", "")
}

// identify asks DingTalk who it is, and the organisation's directory whether they
// belong: all answers must agree, in this request.
func (p *Provider) identify(w http.ResponseWriter, r *http.Request, f finish) {
	ctx, start := r.Context(), time.Now()
	account, err := p.Upstream.Account(ctx, f.code)
	if err != nil {
		p.upstreamFailed(w, r, f, err)
		return
	}
	member, err := p.Upstream.Member(ctx, account.UnionID)
	if err != nil {
		p.upstreamFailed(w, r, f, err)
		return
	}
	took := time.Since(start)
	subject := people.SubjectOf(f.login.CorpID, account.UnionID)
	before, present, err := p.readBefore(ctx, r, subject)
	if err != nil {
		p.tryAgain(w, r, f, refusedBy(err))
		return
	}
	person, keep, err := p.people.Welcome(ctx, present, f.login.CorpID, account, member)
	if err != nil {
		p.tryAgain(w, r, f, refusedBy(err))
		return
	}
	if !f.client.Admits(person.Groups(), person.Profile.UserID) {
		if keep != nil {
			p.Store.Together(ctx, keep) // what DingTalk said is worth keeping; losing it costs one question
		}
		p.refuse(w, r, f, p.notAdmitted(f.client))
		return
	}
	p.complete(w, r, f, person, keep, before, took)
}

// readBefore reads, in one trip, the person and the session the browser had.
func (p *Provider) readBefore(ctx context.Context, r *http.Request, subject people.Subject) (*sessions.Session, *people.Person, error) {
	readPerson := p.people.Fetch(subject)
	ops := []*storage.Op{readPerson}
	ref, noCookie := sessions.Parse(p.cookies.get(r, p.cookies.session))
	if noCookie == nil {
		ops = append(ops, p.sessions.Fetch(ref))
	}
	if err := p.Store.Together(ctx, ops...); errors.Is(err, storage.ErrUnknown) {
		return nil, nil, err
	}
	var before *sessions.Session
	if noCookie == nil {
		session, err := p.sessions.Read(ref, ops[1])
		if err == nil {
			before = &session
		} else if !errors.Is(err, sessions.ErrNone) {
			return nil, nil, err
		}
	}
	person, err := p.people.Read(subject, readPerson)
	if errors.Is(err, people.ErrUnknownPerson) {
		return before, nil, nil
	}
	return before, &person, err
}

// complete starts the session and issues the grant, in one pipeline.
func (p *Provider) complete(w http.ResponseWriter, r *http.Request, f finish, person people.Person, keep *storage.Op, before *sessions.Session, took time.Duration) {
	ctx := r.Context()
	raw, _ := person.Subject.Raw()
	session, cookie, ops, err := p.sessions.Start(sessions.Login{
		Subject: raw, CorpID: person.CorpID, Epoch: person.Epoch, AuthTime: time.Now(),
		Secret: p.login.SessionSecret(f.login, f.binding), Before: before,
	})
	if err != nil {
		p.tryAgain(w, r, f, refusedBy(err))
		return
	}
	grant, issue := p.grants.Issue(p.grantRequest(f.client, f.login.Request, session, person))
	done := p.login.Finish(f.login, f.code, login.End{Grant: grant.ID, Subject: raw})
	if keep != nil {
		ops = append(ops, keep)
	}
	// Last the note that the login is done: whoever reads it finds the rest.
	ops = append(ops, issue, done)
	err = p.Store.Together(ctx, ops...)
	// The person's own record may lose a race against another login of theirs, which
	// wrote the same; against a removal the epoch decides at the first use.
	if issue.Err != nil || done.Err != nil || errors.Is(err, storage.ErrUnknown) {
		if done.Err == nil {
			f.login = f.login.After(done) // noted, but what was noted is not there
		}
		p.unfinished(w, r, f, refusedBy(errors.Join(done.Err, err)))
		return
	}
	p.record(ctx, audit.Event{Name: audit.LoginSucceeded, Subject: string(person.Subject), SessionID: session.ID,
		GrantID: grant.Name(), CorpID: person.CorpID, Way: wayOAuth2, Duration: took})
	p.sendBack(w, r, f, cookie, grant)
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
	case done.Refused == declinedByPerson:
		p.respondError(w, r, f.client, f.login.RedirectURI, f.login.State, "access_denied", "")
	case done.Refused != "":
		p.page(w, r, 0, pages.Page{Kind: pages.Kind(done.Refused), ClientName: f.client.Name, Permission: done.Detail, Contact: p.Contact})
	default:
		ref := grants.Ref{ID: done.Grant, Subject: done.Subject}
		p.record(r.Context(), audit.Event{Name: audit.LoginReplayed, GrantID: ref.Name()})
		p.sendBack(w, r, f, sessions.Cookie(done.Subject, p.login.SessionSecret(f.login, f.binding)), ref)
	}
}

func (p *Provider) sendBack(w http.ResponseWriter, r *http.Request, f finish, cookie string, grant grants.Ref) {
	p.cookies.set(w, p.cookies.session, cookie, sessionCookieAge)
	p.respond(w, r, f.client, f.login.RedirectURI, f.login.State, url.Values{"code": {p.grants.Code(grant)}})
}
