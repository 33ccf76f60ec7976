package provider

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"

	"github.com/dingbridge/dingbridge/provider/audit"
	"github.com/dingbridge/dingbridge/provider/clients"
	"github.com/dingbridge/dingbridge/provider/grants"
	"github.com/dingbridge/dingbridge/provider/limits"
	"github.com/dingbridge/dingbridge/provider/people"
	"github.com/dingbridge/dingbridge/provider/sessions"
)

// introspection is an answer of RFC 7662 section 2.2. Of what is not active, or not
// this client's to know, it says nothing else.
type introspection struct {
	Active    bool           `json:"active"`
	Scope     string         `json:"scope,omitempty"`
	ClientID  string         `json:"client_id,omitempty"`
	Username  string         `json:"username,omitempty"`
	TokenType string         `json:"token_type,omitempty"`
	Expires   int64          `json:"exp,omitempty"`
	Issued    int64          `json:"iat,omitempty"`
	Subject   people.Subject `json:"sub,omitempty"`
	Audience  audiences      `json:"aud,omitempty"`
	Issuer    string         `json:"iss,omitempty"`
	TokenID   string         `json:"jti,omitempty"`
}

var inactive = op.NewResponse(introspection{})

// introspect answers about an access token to the client it was issued to, and to the
// resource servers that this client's tokens are for. It tells no more of the person than
// userinfo would: a username is scope profile's.
func (p *Provider) introspect(ctx context.Context, c *clients.Client, token string) (*op.Response, error) {
	if err := p.show(ctx, c, token); err != nil {
		return nil, oauthError(err)
	}
	if ref, generation, err := p.grants.OpenRefresh(token); err == nil {
		return p.introspectRefresh(ctx, c, ref, generation)
	}
	access, err := p.openAccess(token)
	if err != nil {
		if over, ok := p.mayFail(ctx, limits.Tokens); !ok {
			return nil, p.overLimit(ctx, over)
		}
		return inactive, nil
	}
	owner, known := p.Clients.Lookup(access.Audience)
	if !known || owner.ID != c.ID && !(c.ResourceServer && slices.Contains(owner.Audiences, c.ID)) {
		return inactive, nil // not this client's to know (RFC 7662 section 4)
	}
	_, person, err := p.liveGrant(ctx, owner, access)
	switch {
	case errors.Is(err, people.ErrCannotDecide): // audited at the gate
		return nil, oauthError(err)
	case err != nil && isOutage(err): // never active:false for what could not be asked
		return nil, p.outage(ctx, "introspect", err)
	case err != nil:
		callOf(ctx).shown.Take()
		return inactive, nil
	}
	scopes := owner.NarrowScopes(access.Scopes)
	return op.NewResponse(introspection{
		Active: true, Scope: strings.Join(scopes, " "), ClientID: access.Audience, Username: p.claims(owner, person, scopes, nil).PreferredUsername, TokenType: "Bearer",
		Expires: access.Expires.Unix(), Issued: access.Issued.Unix(), Subject: person.Subject,
		Audience: append(audiences{owner.ID}, owner.Audiences...), Issuer: p.Issuer, TokenID: access.Name(),
	}), nil
}

// introspectRefresh answers about a refresh token, to its owner alone.
func (p *Provider) introspectRefresh(ctx context.Context, c *clients.Client, ref grants.Ref, generation uint32) (*op.Response, error) {
	grant, person, err := p.readGrant(ctx, ref)
	switch {
	case err != nil && isOutage(err):
		return nil, p.outage(ctx, "introspect", err)
	case err != nil, grant.CheckRefresh(c.ID, generation) != nil, !c.IssuesRefresh(c.NarrowScopes(grant.Scopes)), generation < grant.Generation:
		callOf(ctx).shown.Take()
		return inactive, nil
	}
	person, err = p.admit(ctx, c, person, grant.Epoch)
	switch {
	case errors.Is(err, people.ErrCannotDecide): // audited at the gate
		return nil, oauthError(err)
	case err != nil && isOutage(err):
		return nil, p.outage(ctx, "introspect", err)
	case err != nil:
		return inactive, nil
	}
	scopes := c.NarrowScopes(grant.Scopes)
	return op.NewResponse(introspection{
		Active: true, Scope: strings.Join(scopes, " "), ClientID: c.ID, Username: p.claims(c, person, scopes, nil).PreferredUsername, TokenType: "refresh_token",
		Expires: grant.Ends, Subject: person.Subject, Audience: audiences{c.ID}, Issuer: p.Issuer,
	}), nil
}

// revoke ends the grant of an access or refresh token (RFC 7009). A token that is
// nobody's, or already dead, is a success; another client's is refused.
func (p *Provider) revoke(ctx context.Context, c *clients.Client, token string) (*op.Response, error) {
	ref, _, err := p.grants.OpenRefresh(token)
	if err != nil {
		access, err := p.openAccess(token)
		if err != nil {
			return op.NewResponse(nil), nil
		}
		ref = access.Ref
	}
	grant, _, err := p.readGrant(ctx, ref)
	switch {
	case errors.Is(err, grants.ErrInvalid), errors.Is(err, errRemoved), errors.Is(err, sessions.ErrNone):
		return op.NewResponse(nil), nil
	case err != nil && !errors.Is(err, people.ErrUnknownPerson):
		return nil, p.outage(ctx, "revoke", err)
	case grant.ClientID != c.ID:
		return nil, op.NewStatusError(oidc.ErrUnauthorizedClient().WithDescription("the token was issued to another client"), http.StatusBadRequest)
	}
	if err := p.grants.End(ctx, grant, "revoked by the client"); err != nil {
		return nil, p.outage(ctx, "revoke", err) // never "revoked" when it was not (RFC 7009 section 2.2.1)
	}
	p.record(ctx, audit.Event{Name: audit.TokenRevoked, Subject: string(people.SubjectFromRaw(ref.Subject)), GrantID: ref.Name()})
	return op.NewResponse(nil), nil
}
