package provider

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"

	"github.com/dingbridge/dingbridge/provider/audit"
	"github.com/dingbridge/dingbridge/provider/clients"
	"github.com/dingbridge/dingbridge/provider/grants"
	"github.com/dingbridge/dingbridge/provider/limits"
	"github.com/dingbridge/dingbridge/provider/people"
	"github.com/dingbridge/dingbridge/provider/sessions"
	"github.com/dingbridge/dingbridge/storage"
)

// tokenResponse is a success of the token endpoint (RFC 6749 section 5.1, OpenID
// Connect Core section 3.1.3.3).
type tokenResponse struct {
	AccessToken  string `json:"access_token"`
	TokenType    string `json:"token_type"`
	ExpiresIn    int64  `json:"expires_in"`
	RefreshToken string `json:"refresh_token,omitempty"`
	IDToken      string `json:"id_token,omitempty"`
	Scope        string `json:"scope"`
}

// codeExchange redeems a code. First everything that may refuse without burning it:
// authenticity, client, redirect URI, verifier, the gate; the spending comes last.
func (p *Provider) codeExchange(ctx context.Context, c *clients.Client, code, redirectURI, verifier string) (*op.Response, error) {
	if err := p.show(ctx, c, code); err != nil {
		return nil, oauthError(err)
	}
	ref, err := p.grants.OpenCode(code)
	if err != nil {
		return nil, p.codeRefused(ctx, ref, err)
	}
	grant, person, err := p.readGrant(ctx, ref)
	if err != nil {
		return nil, p.codeRefused(ctx, ref, err)
	}
	if grant.State == grants.Outstanding {
		if err := grant.Check(grants.Redemption{ClientID: c.ID, RedirectURI: redirectURI, Verifier: verifier, PKCE: c.PKCERequired || c.Public}); err != nil {
			return nil, p.codeRefused(ctx, ref, err)
		}
		if person, err = p.admit(ctx, c, person, grant.Epoch); err != nil {
			return nil, p.codeRefused(ctx, ref, err)
		}
	}
	if grant, err = p.grants.Redeem(ctx, grant); err != nil {
		return nil, p.codeRefused(ctx, ref, err)
	}
	answer, err := p.issue(c, grant, person, c.NarrowScopes(grant.Scopes), grant.Nonce)
	if err != nil {
		return nil, p.codeRefused(ctx, ref, err)
	}
	p.record(ctx, audit.Event{Name: audit.CodeRedeemed, Subject: string(person.Subject), GrantID: ref.Name()})
	return answer, nil
}

// refreshToken exchanges a refresh token for its successor and new tokens, an ID
// token among them.
func (p *Provider) refreshToken(ctx context.Context, c *clients.Client, token string, scopes []string) (*op.Response, error) {
	if err := p.show(ctx, c, token); err != nil {
		return nil, oauthError(err)
	}
	ref, generation, err := p.grants.OpenRefresh(token)
	if err != nil {
		return nil, p.refreshRefused(ctx, ref, err)
	}
	grant, person, err := p.readGrant(ctx, ref)
	if err == nil {
		err = grant.CheckRefresh(c.ID, generation)
	}
	if err == nil && !c.IssuesRefresh(c.NarrowScopes(grant.Scopes)) {
		err = errNotAdmitted // the client was told since to do without, or lost the scope
	}
	if err == nil {
		person, err = p.admit(ctx, c, person, grant.Epoch)
	}
	if err != nil {
		return nil, p.refreshRefused(ctx, ref, err)
	}
	narrowed := c.NarrowScopes(grant.Scopes)
	if len(scopes) > 0 {
		// Scopes never grow (RFC 6749 section 6). Unknown ones are ignored, as at
		// authorize: many apps repeat their whole list.
		narrowed = slices.DeleteFunc(narrowed, func(s string) bool { return !slices.Contains(scopes, s) })
		if len(narrowed) == 0 {
			return nil, op.NewStatusError(oidc.ErrInvalidScope().WithDescription("none of these scopes was granted"), http.StatusBadRequest)
		}
	}
	recovered := generation > grant.Generation
	grant, replayed, err := p.grants.Rotate(ctx, grant, generation)
	if err != nil {
		return nil, p.refreshRefused(ctx, ref, err)
	}
	answer, err := p.issue(c, grant, person, narrowed, "")
	if err != nil {
		return nil, p.refreshRefused(ctx, ref, err)
	}
	name := audit.RefreshRotated
	if replayed {
		name = audit.RefreshReplayed
	} else if recovered {
		name = audit.RefreshRecovered
	}
	p.record(ctx, audit.Event{Name: name, Subject: string(person.Subject), GrantID: ref.Name(), Count: int(grant.Generation)})
	return answer, nil
}

// readGrant reads, in one trip, a grant, its person, and whether the session that the
// grant ends with was ended. Every use of a grant begins here.
func (p *Provider) readGrant(ctx context.Context, ref grants.Ref) (grants.Grant, people.Person, error) {
	subject := people.SubjectFromRaw(ref.Subject)
	readGrant, readPerson := p.grants.Fetch(ref), p.people.Fetch(subject)
	ops := []*storage.Op{readGrant, readPerson}
	if ref.Session != [16]byte{} {
		ops = append(ops, p.sessions.FetchEnded(ref.Session))
	}
	if err := p.Store.Together(ctx, ops...); errors.Is(err, storage.ErrUnknown) {
		return grants.Grant{}, people.Person{}, err
	}
	grant, err := p.grants.Read(ref, readGrant)
	if err != nil {
		return grants.Grant{}, people.Person{}, err
	}
	if p.organisation(grant.CorpID) == nil { // another's, on a store or secret that is shared or was
		return grants.Grant{}, people.Person{}, errRemoved
	}
	if len(ops) > 2 {
		if err := sessions.CheckEnded(ops[2]); err != nil {
			return grants.Grant{}, people.Person{}, err
		}
	}
	person, err := p.people.Read(subject, readPerson)
	return grant, person, err
}

// issue makes the answer of the token endpoint.
func (p *Provider) issue(c *clients.Client, grant grants.Grant, person people.Person, scopes []string, nonce string) (*op.Response, error) {
	access := p.grants.Access(grant, scopes)
	token, err := p.accessToken(c, grant, access, person)
	if err != nil {
		return nil, err
	}
	answer := tokenResponse{
		AccessToken:  token,
		TokenType:    "Bearer",
		ExpiresIn:    int64(access.Expires.Sub(access.Issued) / time.Second),
		RefreshToken: p.grants.RefreshToken(grant),
		Scope:        strings.Join(access.Scopes, " "),
	}
	if slices.Contains(grant.Scopes, "openid") {
		id, err := p.idToken(c, grant, person, scopes, nonce, token)
		if err != nil {
			return nil, err
		}
		answer.IDToken = id
	}
	return op.NewResponse(answer), nil
}

// codeRefused notes why a code opened nothing, and returns what the client is told.
func (p *Provider) codeRefused(ctx context.Context, ref grants.Ref, err error) error {
	name := audit.CodeRefused
	if errors.Is(err, grants.ErrReused) {
		name = audit.CodeReused
	}
	return p.grantRefused(ctx, name, ref, err)
}

func (p *Provider) refreshRefused(ctx context.Context, ref grants.Ref, err error) error {
	name := audit.RefreshRefused
	if errors.Is(err, grants.ErrReused) {
		name = audit.RefreshReused
	}
	return p.grantRefused(ctx, name, ref, err)
}

func (p *Provider) grantRefused(ctx context.Context, name audit.Name, ref grants.Ref, err error) error {
	e := audit.Event{Name: name}
	if ref != (grants.Ref{}) && !isOutage(err) {
		callOf(ctx).shown.Take()
	}
	if ref != (grants.Ref{}) {
		e.GrantID, e.Subject = ref.Name(), string(people.SubjectFromRaw(ref.Subject))
	}
	switch {
	case errors.Is(err, people.ErrCannotDecide): // audited at the gate
	case isOutage(err):
		return p.outage(ctx, "token", err)
	case ref == (grants.Ref{}): // not ours, or expired
		if over, ok := p.mayFail(ctx, limits.Codes); !ok {
			return p.overLimit(ctx, over)
		}
		e.Reason = err.Error()
		p.record(ctx, e)
	case name == audit.CodeRefused || name == audit.RefreshRefused:
		e.Reason = err.Error()
		p.record(ctx, e)
	default:
		p.record(ctx, e)
	}
	return oauthError(err)
}

// outage notes that storage failed somewhere, and returns what the client is told.
func (p *Provider) outage(ctx context.Context, where string, err error) error {
	p.record(ctx, audit.Event{Name: audit.StorageTrouble, Reason: where, Err: err})
	return oauthError(err)
}
