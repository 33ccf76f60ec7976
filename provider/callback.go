package provider

import (
	"context"
	"net/http"
	"time"

	"github.com/dingbridge/dingbridge/dingtalk"
	"github.com/dingbridge/dingbridge/provider/audit"
	"github.com/dingbridge/dingbridge/provider/clients"
	"github.com/dingbridge/dingbridge/provider/login"
	"github.com/dingbridge/dingbridge/provider/pages"
	"github.com/dingbridge/dingbridge/provider/people"
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
	state, err := p.login.Open(query.Get("state"), f.binding)
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
	if f.login, err = p.login.Claim(ctx, state, f.code); err != nil {
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
