package provider

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/dingbridge/dingbridge/provider/audit"
	"github.com/dingbridge/dingbridge/provider/clients"
	"github.com/dingbridge/dingbridge/provider/grants"
	"github.com/dingbridge/dingbridge/provider/limits"
	"github.com/dingbridge/dingbridge/provider/people"
)

// userinfo tells a client about the person whose access token it shows (OpenID
// Connect Core section 5.3), by header or, on POST, in the body (RFC 6750 section 2).
func (p *Provider) userinfo(w http.ResponseWriter, r *http.Request) {
	token, problem := bearer(r)
	if problem != "" {
		code := "invalid_request"
		if problem == noToken {
			code = "" // RFC 6750 section 3.1: no error code when nothing was shown
		}
		p.bearerRefused(w, code, problem)
		return
	}
	ctx := r.Context()
	access, err := p.openAccess(token)
	if err != nil {
		if over, ok := p.mayFail(ctx, limits.Tokens); !ok {
			p.turnAwayClient(w, r, over)
			return
		}
		p.bearerRefused(w, "invalid_token", tokenNotValid)
		return
	}
	client, _ := p.Clients.Lookup(access.Audience)
	callOf(ctx).client = client
	if client != nil {
		if over, ok := p.mayWork(ctx, client); !ok {
			p.turnAwayClient(w, r, over)
			return
		}
	}
	if p.show(ctx, client, token) != nil {
		w.Header().Set("Retry-After", limitedTry)
		writeOAuthError(w, http.StatusTooManyRequests, "temporarily_unavailable", tooMuch)
		return
	}
	grant, person, err := p.liveGrant(ctx, client, access)
	if errors.Is(err, people.ErrCannotDecide) { // the gate has audited it
		w.Header().Set("Retry-After", unavailableTry)
		writeOAuthError(w, http.StatusServiceUnavailable, "temporarily_unavailable", cannotAnswer)
		return
	}
	switch {
	case err != nil && isOutage(err):
		p.record(ctx, audit.Event{Name: audit.StorageTrouble, Reason: "userinfo", Err: err})
		w.Header().Set("Retry-After", unavailableTry)
		writeOAuthError(w, http.StatusServiceUnavailable, "temporarily_unavailable", cannotAnswer)
		return
	case err != nil:
		callOf(ctx).shown.Take()
		p.bearerRefused(w, "invalid_token", tokenNotValid)
		return
	case !slices.Contains(access.Scopes, "openid") && !slices.Contains(access.Scopes, "profile"):
		w.Header().Set("WWW-Authenticate", `Bearer error="insufficient_scope", scope="openid"`)
		writeOAuthError(w, http.StatusForbidden, "insufficient_scope", "the access token has neither scope openid nor profile")
		return
	}
	body, err := json.Marshal(p.claims(client, person, access.Scopes, grant.InfoClaims))
	if err == nil {
		body, err = withTable(body, client.TableClaims(facts(person)))
	}
	if err != nil {
		p.record(ctx, audit.Event{Name: audit.InternalFault, Reason: "userinfo", Err: err})
		writeOAuthError(w, http.StatusInternalServerError, "server_error", cannotAnswer)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Write(body)
}

// liveGrant returns the grant of an access token, and its person, if the grant lives and
// passes the gate. c is nil if the client is not there any more.
func (p *Provider) liveGrant(ctx context.Context, c *clients.Client, access grants.Access) (grants.Grant, people.Person, error) {
	grant, person, err := p.readGrant(ctx, access.Ref)
	switch {
	case err != nil:
	case grant.CheckAccess(access) != nil:
		err = grant.CheckAccess(access)
	case c == nil:
		err = errRemoved
	default:
		if person, err = p.admit(ctx, c, person, grant.Epoch); err != nil {
			p.deadToken(ctx, access.Ref, err)
		}
	}
	return grant, person, err
}

const noToken = "no access token was shown"

// bearer takes the access token out of a request: exactly one, in the header or the
// body, never in the query (RFC 9700 section 4.3).
func bearer(r *http.Request) (token, problem string) {
	if r.URL.Query().Has("access_token") {
		return "", "an access token does not belong in the query"
	}
	header, body := r.Header.Values("Authorization"), r.PostForm.Get("access_token")
	switch {
	case len(header) > 1, len(r.PostForm["access_token"]) > 1, len(header) == 1 && body != "":
		return "", "more than one access token was shown"
	case len(header) == 1:
		scheme, token, _ := strings.Cut(header[0], " ")
		if !strings.EqualFold(scheme, "Bearer") || token == "" {
			return "", noToken
		}
		return token, ""
	case body != "":
		return body, ""
	}
	return "", noToken
}

func (p *Provider) bearerRefused(w http.ResponseWriter, code, description string) {
	challenge := `Bearer realm="dingbridge"`
	status := http.StatusUnauthorized
	if code == "" {
		code = "invalid_request"
	} else {
		challenge += `, error="` + code + `", error_description="` + description + `"`
		if code == "invalid_request" {
			status = http.StatusBadRequest
		}
	}
	w.Header().Set("WWW-Authenticate", challenge)
	writeOAuthError(w, status, code, description)
}

// userinfoOther answers everything below /userinfo: Grafana asks for /userinfo/emails
// and stumbles over anything but clean JSON.
func (p *Provider) userinfoOther(w http.ResponseWriter, r *http.Request) {
	writeOAuthError(w, http.StatusNotFound, "not_found", "there is nothing below userinfo")
}
