package provider

import (
	"cmp"
	"encoding/base64"
	"errors"
	"net/http"
	"net/url"

	"github.com/dingbridge/dingbridge/provider/audit"
	"github.com/dingbridge/dingbridge/provider/clients"
	"github.com/dingbridge/dingbridge/provider/device"
	"github.com/dingbridge/dingbridge/provider/limits"
	"github.com/dingbridge/dingbridge/provider/login"
	"github.com/dingbridge/dingbridge/provider/pages"
	"github.com/dingbridge/dingbridge/provider/people"
	"github.com/dingbridge/dingbridge/provider/sessions"
)

// deviceCodeForm is what the form for the code is about: nothing but itself.
type deviceCodeForm struct{}

// deviceForm is what the form with the question is about.
type deviceForm struct {
	ID string `json:"id"` // the device request's
}

// devicePage asks a person for the code that a device shows (RFC 8628 section 3.3). A
// link may fill it in (verification_uri_complete) and does no more: nothing is looked
// up and nothing approved before the person has pressed a button, for such a link is
// what an attacker sends who wants their own device let in (section 5.4).
func (p *Provider) devicePage(w http.ResponseWriter, r *http.Request) {
	if doubled(r.Form) != "" {
		p.page(w, r, http.StatusBadRequest, pages.Page{Kind: pages.InvalidRequest})
		return
	}
	session, _, ok := p.personHere(w, r)
	if !ok {
		return
	}
	p.askDeviceCode(w, r, session, false)
}

// shownCode is the user code of the request as it is shown; empty if it is none. It may
// come back sealed from a login.
func (p *Provider) shownCode(r *http.Request) string {
	typed := r.Form.Get("user_code")
	if sealed, err := base64.RawURLEncoding.Strict().DecodeString(r.Form.Get("code")); typed == "" && err == nil {
		plain, _, _ := p.codes.Open(sealed, []byte(p.binding(r))) // of another browser: none
		typed = string(plain)
	}
	code, ok := device.NormalizeUserCode(typed)
	if !ok {
		return ""
	}
	return device.FormatUserCode(code)
}

// afterLogin is where a login that began at a page of the device comes back to. The code
// of a link goes along sealed, for this browser alone: a login is stored, and no user
// code is to be read there (promise D6 of package device).
func (p *Provider) afterLogin(r *http.Request) string {
	code := p.shownCode(r)
	if code == "" {
		return pathDevice
	}
	sealed := p.codes.Seal([]byte(code), []byte(p.binding(r)))
	return withQuery(pathDevice, url.Values{"code": {base64.RawURLEncoding.EncodeToString(sealed)}})
}

// personHere is who sits before one of the device's pages: somebody with a session of
// ours. If ok is false it has answered, by sending the browser to log in and come back.
func (p *Provider) personHere(w http.ResponseWriter, r *http.Request) (session sessions.Session, person people.Person, ok bool) {
	session, person, err := p.liveSession(r)
	switch {
	case err == nil:
		return session, person, true
	case errors.Is(err, sessions.ErrNone):
		languages := r.Form.Get("ui_locales")
		if len(languages) > maxLanguages {
			languages = ""
		}
		p.begin(w, r, login.Request{Page: p.afterLogin(r), Languages: languages}, nil)
	default:
		p.deviceTrouble(w, r, session, nil, err)
	}
	return sessions.Session{}, people.Person{}, false
}

func (p *Provider) askDeviceCode(w http.ResponseWriter, r *http.Request, session sessions.Session, wrong bool) {
	hidden, err := p.ticket(ticketDeviceCode, session.Ref, deviceCodeForm{})
	if err != nil {
		p.deviceTrouble(w, r, session, nil, err)
		return
	}
	p.page(w, r, http.StatusOK, pages.Page{Kind: pages.DeviceCode, UserCode: p.shownCode(r), WrongCode: wrong, SwitchURL: p.switchURL(r, pathDevice, nil),
		Form: &pages.Form{Action: p.base + pathDevice, Hidden: hidden}})
}

// deviceCodePost takes the code, and asks whether the device that shows it may come in:
// which app it is, what it would learn, from where and when it asked (RFC 8628 section
// 5.4). Only our own form counts: another site must neither use up a person's guesses
// nor bring them straight to the question.
func (p *Provider) deviceCodePost(w http.ResponseWriter, r *http.Request) {
	ctx := r.Context()
	if doubled(r.Form) != "" {
		p.page(w, r, http.StatusBadRequest, pages.Page{Kind: pages.InvalidRequest})
		return
	}
	session, person, ok := p.personHere(w, r)
	if !ok {
		return
	}
	if p.openTicket(r, ticketDeviceCode, session.Ref, &deviceCodeForm{}) != nil {
		p.refuseDevice(w, r, session, pages.FormExpired, "form")
		return
	}
	guessed := p.limits.Of(limits.UserCodes, callOf(ctx).from, "", "")
	if !guessed.Has() {
		p.limited(ctx, limits.UserCodes)
		p.refuseDevice(w, r, session, pages.TooManyCodes, "too_many_codes")
		return
	}
	asked, err := p.device.Find(ctx, session.Ref.Subject, r.PostForm.Get("user_code"))
	switch {
	case errors.Is(err, device.ErrWrongCode):
		guessed.Take()
		p.recordDevice(r, session, audit.DeviceRefused, "wrong_code")
		p.askDeviceCode(w, r, session, true)
		return
	case errors.Is(err, device.ErrTooManyGuesses):
		p.refuseDevice(w, r, session, pages.TooManyCodes, "too_many_codes")
		return
	case err != nil:
		p.deviceTrouble(w, r, session, nil, err)
		return
	}
	c, ok := p.deviceClient(w, r, session, asked)
	if !ok {
		return
	}
	hidden, err := p.ticket(ticketDevice, session.Ref, deviceForm{ID: asked.ID})
	if err != nil {
		p.deviceTrouble(w, r, session, c, err)
		return
	}
	p.page(w, r, http.StatusOK, pages.Page{
		Kind: pages.DeviceConfirm, ClientName: c.Name, Account: person.Profile.Nick, Scopes: c.NarrowScopes(asked.Scopes),
		UserCode: p.shownCode(r), DeviceAddress: asked.Address, Begun: asked.Begun(),
		Form: &pages.Form{Action: p.base + pathDeviceConfirm, Hidden: hidden},
	})
}

// deviceClient is the app on the device. If ok is false it is not one any more, and the
// person has been told.
func (p *Provider) deviceClient(w http.ResponseWriter, r *http.Request, session sessions.Session, asked device.Request) (c *clients.Client, ok bool) {
	c, known := p.Clients.Lookup(asked.ClientID)
	if !known || !c.DeviceAuthorization { // changed since the device asked
		p.refuseDevice(w, r, session, pages.UnknownClient, "client_removed")
		return nil, false
	}
	callOf(r.Context()).client = c
	return c, true
}

// deviceConfirmPost takes the person's answer. Whom the client does not admit can let
// no device of it in; the token endpoint asks that again.
func (p *Provider) deviceConfirmPost(w http.ResponseWriter, r *http.Request) {
	ctx := r.Context()
	session, person, ok := p.personHere(w, r)
	if !ok {
		return
	}
	var form deviceForm
	if p.openTicket(r, ticketDevice, session.Ref, &form) != nil {
		p.refuseDevice(w, r, session, pages.FormExpired, "form")
		return
	}
	asked, err := p.device.Read(ctx, form.ID)
	if err != nil {
		p.deviceTrouble(w, r, session, nil, err)
		return
	}
	c, ok := p.deviceClient(w, r, session, asked)
	if !ok {
		return
	}
	kind, event := pages.DeviceDenied, audit.DeviceDenied
	if r.PostForm.Get("choice") == choiceApprove {
		kind, event = pages.DeviceApproved, audit.DeviceApproved
		// A device outlives the session, so none is let in with one whose end is noted,
		// though its record is still there.
		ended := p.sessions.FetchEnded(session.ID)
		_ = p.Store.Together(ctx, ended) // the op has its own error
		if err = sessions.CheckEnded(ended); err == nil {
			person, err = p.admit(ctx, c, person, session.Epoch)
		}
		if err == nil {
			asked, err = p.device.Approve(ctx, asked, device.Approval{
				Subject: session.Ref.Subject, CorpID: person.CorpID, Epoch: person.Epoch, AuthTime: session.AuthTime(),
			})
		}
	} else {
		asked, err = p.device.Deny(ctx, asked, session.Ref.Subject)
	}
	switch {
	case err == nil:
		p.recordDevice(r, session, event, "")
	case errors.Is(err, device.ErrAnswered) && asked.Approval.Subject == session.Ref.Subject:
		// The button pressed twice: what was pressed first stands.
		if kind = pages.DeviceApproved; asked.State == device.Denied {
			kind = pages.DeviceDenied
		}
	default:
		p.deviceTrouble(w, r, session, c, err)
		return
	}
	page := pages.Page{Kind: kind, ClientName: c.Name}
	if kind == pages.DeviceApproved {
		page.ContinueURL = p.base + pathEndSession // where it can be taken back
	}
	p.page(w, r, http.StatusOK, page)
}

// refuseDevice ends a step with a page, from which the person may begin again.
func (p *Provider) refuseDevice(w http.ResponseWriter, r *http.Request, session sessions.Session, kind pages.Kind, reason string) {
	p.recordDevice(r, session, audit.DeviceRefused, reason)
	page := pages.Page{Kind: kind}
	if kind == pages.FormExpired {
		page.RetryURL = p.base + pathDevice
	}
	p.page(w, r, 0, page)
}

// deviceTrouble answers what kept a device out and is not the person's choice.
func (p *Provider) deviceTrouble(w http.ResponseWriter, r *http.Request, session sessions.Session, c *clients.Client, err error) {
	why := refusedBy(err)
	if errors.Is(err, errRemoved) || errors.Is(err, people.ErrEnded) || errors.Is(err, sessions.ErrNone) { // while the form was open
		why = refused{page: pages.Page{Kind: pages.FormExpired}, reason: "session_ended"}
	}
	if c != nil && errors.Is(err, errNotAdmitted) {
		why = p.notAdmitted(c)
	}
	p.trouble(r.Context(), why)
	p.recordDevice(r, session, audit.DeviceRefused, cmp.Or(why.reason, "internal"))
	if why.retry || why.page.Kind == pages.FormExpired {
		why.page.RetryURL = p.base + pathDevice
	}
	why.page.ClientName = clientName(c)
	p.page(w, r, 0, why.page)
}

func (p *Provider) recordDevice(r *http.Request, session sessions.Session, name audit.Name, reason string) {
	e := audit.Event{Name: name, Reason: reason}
	if session.Ref != (sessions.Ref{}) {
		e.Subject, e.SessionID = string(people.SubjectFromRaw(session.Ref.Subject)), session.ID.String()
	}
	p.record(r.Context(), e)
}
