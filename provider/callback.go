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
	client  *clients.Client // nil if the login was for a page of ours
	binding string
	code    string
}

// reply is where the login's answer goes, if a client asked for it.
func (f finish) reply() reply { return replyTo(f.client, f.login.Request) }

// clientName is what pages call the client, if there is one.
func (f finish) clientName() string {
	if f.client == nil {
		return ""
	}
	return f.client.Name
}

// How a login may end that is told to the client, and not on a page.
const (
	declinedByPerson = "declined"
	otherPerson      = "other_person"
)

// toldToClient has the OAuth errors of these ends.
var toldToClient = map[string]string{
	declinedByPerson: "access_denied",
	otherPerson:      "login_required", // OpenID Connect Core section 3.1.2.1, id_token_hint
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
	if f.login.Page == "" {
		client, _ := p.Clients.Lookup(f.login.ClientID)
		if client == nil || !client.AllowsRedirect(f.login.RedirectURI) { // changed since the login began
			p.refuseLogin(w, r, refused{page: pages.Page{Kind: pages.UnknownClient}, reason: "client_removed"})
			return
		}
		f.client, callOf(ctx).client = client, client
	}
	switch {
	case f.login.Done != nil:
		p.again(w, r, f)
	case declined:
		p.decline(w, r, f, declinedByPerson)
	default:
		p.identify(w, r, f)
	}
}

// decline ends the login with an answer that has no code: the person pressed refuse,
// or is not the one whom the client expects.
func (p *Provider) decline(w http.ResponseWriter, r *http.Request, f finish, why string) {
	if !p.note(w, r, f, login.End{Refused: why}) {
		return
	}
	p.record(r.Context(), audit.Event{Name: audit.LoginRefused, Reason: why, Way: wayOAuth2})
	p.declined(w, r, f, why)
}

func (p *Provider) declined(w http.ResponseWriter, r *http.Request, f finish, why string) {
	if f.client == nil {
		p.page(w, r, http.StatusOK, pages.Page{Kind: pages.LoginExpired})
		return
	}
	p.respondError(w, r, f.reply(), toldToClient[why], "")
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
	subject := people.SubjectOf(f.login.CorpID, account.UnionID)
	if f.login.Expected != "" && f.login.Expected != string(subject) {
		p.decline(w, r, f, otherPerson)
		return
	}
	member, err := p.Upstream.Member(ctx, account.UnionID)
	if err != nil {
		p.upstreamFailed(w, r, f, err)
		return
	}
	took := time.Since(start)
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
	if f.client != nil && !f.client.Admits(person.Groups(), person.Profile.UserID) {
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

// complete starts the session and issues the grant, in one pipeline. Where the person
// has to be asked first, or no client waits, there is no grant yet.
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
	end := login.End{Subject: raw}
	var issue, ended, told *storage.Op
	if f.client != nil && !f.login.Consent {
		var grant grants.Ref
		grant, issue = p.grants.Issue(p.grantRequest(f.client, f.login.Request, session, person))
		end.Grant, end.Session = grant.ID, grant.Session
		ops = append(ops, p.sessions.Enter(session, f.client.ID), issue)
	}
	if keep != nil {
		ops = append(ops, keep)
	}
	switch {
	case before == nil:
	case before.ID == session.ID:
		ended = p.sessions.FetchEnded(session.ID)
		ops = append(ops, ended)
	default:
		told = p.sessions.FetchClients(before.ID)
		ops = append(ops, told)
	}
	// Last the note that the login is done: whoever reads it finds the rest.
	done := p.login.Finish(f.login, f.code, end)
	err = p.Store.Together(ctx, append(ops, done)...)
	// The person's own record may lose a race against another login of theirs, which
	// wrote the same; against a removal the epoch decides at the first use.
	if issue != nil && issue.Err != nil || done.Err != nil || errors.Is(err, storage.ErrUnknown) {
		if done.Err == nil {
			f.login = f.login.After(done) // noted, but what was noted is not there
		}
		p.unfinished(w, r, f, refusedBy(errors.Join(done.Err, err)))
		return
	}
	if ended != nil && sessions.CheckEnded(ended) != nil {
		// A logout in another tab, in this very moment, ended the session that this login
		// meant to go on with: what was just made is dead. The next attempt makes a new one.
		f.login = f.login.After(done)
		p.Store.Together(ctx, p.sessions.End(session)...)
		p.tryAgain(w, r, f, refused{page: pages.Page{Kind: pages.LoginExpired}, reason: "session_ended"})
		return
	}
	if told != nil {
		p.notify(ctx, people.SubjectFromRaw(before.Ref.Subject), before.ID, told.Members)
	}
	p.record(ctx, audit.Event{Name: audit.LoginSucceeded, Subject: string(person.Subject), SessionID: session.ID.String(),
		GrantID: nameOf(end), CorpID: person.CorpID, Way: wayOAuth2, Duration: took})
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
		p.page(w, r, 0, pages.Page{Kind: pages.Kind(done.Refused), ClientName: f.clientName(), Permission: done.Detail, Contact: p.Contact})
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
