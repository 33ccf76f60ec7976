package provider

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/dingbridge/dingbridge/dingtalk"
	"github.com/dingbridge/dingbridge/provider/audit"
	"github.com/dingbridge/dingbridge/provider/clients"
	"github.com/dingbridge/dingbridge/provider/limits"
	"github.com/dingbridge/dingbridge/provider/login"
	"github.com/dingbridge/dingbridge/provider/pages"
	"github.com/dingbridge/dingbridge/provider/people"
)

// finish is what the callback works with once the login is claimed.
type finish struct {
	login        login.Login
	state        login.State
	organisation *Organisation
	client       *clients.Client // nil if the login was for a page of ours
	binding      string
	code         string
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
	if doubled(r.Form) != "" {
		p.refuseLogin(w, r, refused{page: pages.Page{Kind: pages.InvalidRequest}, reason: "doubled_parameter"})
		return
	}
	state, ok := p.openState(w, r, r.Form)
	if !ok {
		return
	}
	// A code from inside the client is posted, by a page of ours.
	if state.Way == "" || state.Way == login.InApp {
		p.refuseLogin(w, r, refused{page: pages.Page{Kind: pages.InvalidRequest}, reason: "other_way"})
		return
	}
	code, declined, err := dingtalk.CodeFromQuery(r.Form)
	if err != nil {
		p.refuseLogin(w, r, refusedBy(err))
		return
	}
	if declined {
		code = declinedByPerson // the answer is the refusal itself
	}
	p.takeAnswer(w, r, state, code, declined)
}

// takeAnswer works on what DingTalk answered, by whatever way it came.
func (p *Provider) takeAnswer(w http.ResponseWriter, r *http.Request, state login.State, code string, declined bool) {
	ctx := r.Context()
	// A state costs nothing to get, an answer costs calls to DingTalk, which grants an
	// app so many a second. What is turned away here is not claimed and can come again.
	if over, ok := p.mayAnswer(ctx); !ok {
		p.turnAwayPerson(w, r, over, p.retryHere(r))
		return
	}
	f := finish{state: state, code: code, binding: p.cookies.get(r, p.cookies.binding)}
	var err error
	f.login, err = p.login.Claim(ctx, state, code)
	if err != nil || declined || f.login.Done != nil {
		p.answers.giveBack() // nothing is going to be asked: whoever sends it again and again takes no other's turn
	}
	if err != nil {
		p.refuseLogin(w, r, refusedBy(err))
		return
	}
	// From here on the answer is worked on to its end, even if the browser navigates
	// away: when it comes back it waits for this very end.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), workTime)
	defer cancel()
	r = r.WithContext(ctx)
	var ok bool
	if f.client, ok = p.clientOf(w, r, f.login); !ok {
		return
	}
	if f.organisation = p.organisationOf(state, f.login.Request, f.client); f.organisation == nil { // changed since
		p.refuseLogin(w, r, refused{page: pages.Page{Kind: pages.LoginExpired}, reason: "organisation_removed"})
		return
	}
	callOf(ctx).corpID = f.organisation.CorpID
	switch {
	case f.login.Done != nil:
		p.again(w, r, f)
	case declined:
		p.decline(w, r, f, declinedByPerson)
	default:
		p.identify(w, r, f)
	}
}

// mayAnswer takes a place among the logins that DingTalk is asked about, and a turn. An
// address or a site that brought many codes which DingTalk does not know waits for none,
// and leaves half of them to others.
func (p *Provider) mayAnswer(ctx context.Context) (over limits.Word, ok bool) {
	call := callOf(ctx)
	switch {
	case !call.work.move(p.limits.Logins):
		return limits.LoginsAtOnce, false
	case !p.limits.Of(limits.AddressAnswers, call.from, "", "").Has(), !p.limits.OfSite(limits.AddressAnswers, call.from, "").Has():
		return limits.AddressAnswers, p.answers.takeAbove(.5)
	}
	return limits.Answers, p.answers.wait(ctx, answerWait)
}

// decline ends the login with an answer that has no code: the person pressed refuse,
// or is not the one whom the client expects.
func (p *Provider) decline(w http.ResponseWriter, r *http.Request, f finish, why string) {
	if !p.note(w, r, f, login.End{Refused: why}) {
		return
	}
	p.record(r.Context(), audit.Event{Name: audit.LoginRefused, Reason: why})
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
	account, err := f.organisation.account(ctx, f.state.Way, f.code)
	if err != nil {
		if dingtalk.ReasonOf(err) == dingtalk.ReasonCodeRejected {
			from := callOf(ctx).from
			p.limits.Of(limits.AddressAnswers, from, "", "").Take()
			p.limits.OfSite(limits.AddressAnswers, from, "").Take()
		}
		p.upstreamFailed(w, r, f, err)
		return
	}
	subject := people.SubjectOf(f.organisation.CorpID, account.UnionID)
	member, err := f.organisation.Upstream.Member(ctx, account.UnionID)
	if err != nil {
		if upstream, ok := errors.AsType[*dingtalk.Error](err); ok && upstream.Gone() {
			p.leavers.Suspect(subject, people.Cause{Source: people.FromLogin}) // what they still have elsewhere
		}
		p.upstreamFailed(w, r, f, err)
		return
	}
	took := time.Since(start)
	before, present, subject, err := p.readBefore(ctx, r, subject)
	if err != nil {
		p.tryAgain(w, r, f, refusedBy(err))
		return
	}
	callOf(ctx).subject = string(subject)
	if f.login.Expected != "" && f.login.Expected != string(subject) {
		p.decline(w, r, f, otherPerson)
		return
	}
	person, keep, err := p.people.Welcome(ctx, present, f.organisation.CorpID, account, member, start)
	if errors.Is(err, people.ErrBlocked) {
		p.refuse(w, r, f, refusedBy(err))
		return
	}
	if err != nil {
		p.tryAgain(w, r, f, refusedBy(err))
		return
	}
	notes := p.people.Index(person)
	if keep != nil {
		notes = append(notes, keep)
	}
	if f.client != nil {
		if err := p.mayEnter(f.client, person); err != nil {
			p.Store.Together(ctx, notes...) // what DingTalk said is worth keeping; losing it costs one question
			if errors.Is(err, errUndecided) {
				p.tryAgain(w, r, f, refusedBy(err))
				return
			}
			p.refuse(w, r, f, p.notAdmitted(f.client))
			return
		}
	}
	p.complete(w, r, f, person, notes, before, took)
}
