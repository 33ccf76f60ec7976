package provider

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"

	"github.com/dingbridge/dingbridge/provider/audit"
	"github.com/dingbridge/dingbridge/provider/clients"
	"github.com/dingbridge/dingbridge/provider/device"
	"github.com/dingbridge/dingbridge/provider/grants"
	"github.com/dingbridge/dingbridge/provider/limits"
	"github.com/dingbridge/dingbridge/provider/people"
	"github.com/dingbridge/dingbridge/storage"
)

// deviceAuthorization gives a device its two codes (RFC 8628 section 3.1): one to ask
// with, one to show.
func (p *Provider) deviceAuthorization(ctx context.Context, c *clients.Client, scope string) (*op.Response, error) {
	scopes := c.NarrowScopes(strings.Fields(scope))
	switch {
	case !c.DeviceAuthorization:
		return nil, notForDevices()
	case len(scope) > maxScope, len(scopes) == 0:
		return nil, op.NewStatusError(oidc.ErrInvalidScope().WithDescription("no scope is left that this client may ask for; ask for openid"), http.StatusBadRequest)
	}
	if over, ok := p.mayBegin(ctx, kindDevice, c); !ok {
		return nil, p.overLimit(ctx, over)
	}
	codes, err := p.device.Begin(ctx, device.Ask{ClientID: c.ID, Scopes: scopes, Address: callOf(ctx).address})
	if err != nil {
		return nil, p.outage(ctx, "device authorization", err)
	}
	p.record(ctx, audit.Event{Name: audit.DeviceBegun})
	page := p.Issuer + pathDevice
	return op.NewResponse(&oidc.DeviceAuthorizationResponse{
		DeviceCode:              codes.DeviceCode,
		UserCode:                codes.UserCode,
		VerificationURI:         page,
		VerificationURIComplete: page + "?" + url.Values{"user_code": {codes.UserCode}}.Encode(),
		ExpiresIn:               int(codes.Life / time.Second),
		Interval:                int(codes.Interval / time.Second),
	}), nil
}

func notForDevices() error {
	return op.NewStatusError(oidc.ErrUnauthorizedClient().WithDescription("this client is not registered for device authorization"), http.StatusBadRequest)
}

// deviceToken exchanges a device code that a person has approved for tokens (RFC 8628
// section 3.4). As with a code, whatever may refuse comes first and burns nothing; the
// grant is stored before the device code is spent for it, so that a code is never
// spent for a grant that is not there.
func (p *Provider) deviceToken(ctx context.Context, c *clients.Client, code string) (*op.Response, error) {
	if !c.DeviceAuthorization {
		return nil, notForDevices()
	}
	if err := p.show(ctx, c, code); err != nil {
		return nil, oauthError(err)
	}
	asked, err := p.device.Poll(ctx, code, c.ID)
	if err != nil {
		return nil, p.deviceRefused(ctx, asked, err)
	}
	person, err := p.readApprover(ctx, asked.Approval)
	if err == nil {
		person, err = p.admit(ctx, c, person, asked.Approval.Epoch)
	}
	if err != nil {
		return nil, p.deviceRefused(ctx, asked, err)
	}
	scopes := c.NarrowScopes(asked.Scopes)
	grant, keep := p.grants.IssueActive(grants.Request{ // of no session: it outlives them all
		Subject: asked.Approval.Subject, CorpID: person.CorpID, Epoch: person.Epoch, ClientID: c.ID, Scopes: scopes,
		AuthTime: asked.Approval.AuthTime, Refreshable: c.IssuesRefresh(scopes),
	})
	if err := p.Store.Together(ctx, append(p.grants.Enlist(grant.Ref, grant.Refreshable), keep)...); err != nil {
		return nil, p.deviceRefused(ctx, asked, err)
	}
	if asked, err = p.device.Take(ctx, asked, grant.Ref.ID); err != nil {
		_ = p.grants.End(ctx, grant, "the device code was spent for another") // nobody has anything of it
		return nil, p.deviceRefused(ctx, asked, err)
	}
	answer, err := p.issue(c, grant, person, scopes, "")
	if err != nil {
		return nil, p.deviceRefused(ctx, asked, err)
	}
	p.cameBack(ctx, kindDevice)
	p.record(ctx, audit.Event{Name: audit.DeviceRedeemed, Subject: string(person.Subject), GrantID: grant.Ref.Name()})
	return answer, nil
}

// readApprover reads the person who approved a device.
func (p *Provider) readApprover(ctx context.Context, a device.Approval) (people.Person, error) {
	if p.organisation(a.CorpID) == nil { // another's, on a store or secret that is shared or was
		return people.Person{}, errRemoved
	}
	subject := people.SubjectFromRaw(a.Subject)
	read := p.people.Fetch(subject)
	if err := p.Store.Together(ctx, read); errors.Is(err, storage.ErrUnknown) {
		return people.Person{}, err
	}
	return p.people.Read(subject, read)
}

// deviceRefused notes why a device code opened nothing, and returns what the device is
// told. One that is shown twice ends its grant, as a code does: somebody may have
// stolen it.
func (p *Provider) deviceRefused(ctx context.Context, asked device.Request, err error) error {
	e := audit.Event{Name: audit.DeviceRefused, Reason: err.Error()}
	if asked.Approval.Subject != [16]byte{} {
		e.Subject = string(people.SubjectFromRaw(asked.Approval.Subject))
	}
	if errors.Is(err, device.ErrTaken) {
		ref := grants.Ref{ID: asked.Grant, Subject: asked.Approval.Subject}
		e.GrantID = ref.Name()
		if ended := p.endGrant(ctx, ref, "device code shown again"); ended != nil {
			return p.outage(ctx, "token", ended)
		}
	}
	switch {
	case errors.Is(err, people.ErrCannotDecide): // audited at the gate
		return oauthError(err)
	case isOutage(err):
		return p.outage(ctx, "token", err)
	case errors.Is(err, device.ErrInvalid):
		if over, ok := p.mayFail(ctx, limits.Codes); !ok {
			return p.overLimit(ctx, over)
		}
	case !errors.Is(err, device.ErrPending) && !errors.Is(err, device.ErrSlowDown):
		callOf(ctx).shown.Take()
	}
	for _, d := range deviceErrors {
		if errors.Is(err, d.err) {
			if !d.quiet {
				p.record(ctx, e)
			}
			return op.NewStatusError(d.code, http.StatusBadRequest)
		}
	}
	p.record(ctx, e)
	return oauthError(err)
}

// endGrant ends the grant of that name, if there is one.
func (p *Provider) endGrant(ctx context.Context, ref grants.Ref, why string) error {
	read := p.grants.Fetch(ref)
	_ = p.Store.Together(ctx, read) // the op has its own error
	grant, err := p.grants.Read(ref, read)
	if errors.Is(err, grants.ErrInvalid) {
		return nil
	}
	if err != nil {
		return err
	}
	return p.grants.End(ctx, grant, why)
}
