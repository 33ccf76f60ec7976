package provider

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"

	"github.com/dingbridge/dingbridge/provider/audit"
	"github.com/dingbridge/dingbridge/provider/clients"
	"github.com/dingbridge/dingbridge/provider/limits"
)

// credentials are what a client shows of itself (RFC 6749 section 2.3.1).
type credentials struct {
	id, secret string
	method     string
}

// readCredentials takes the credentials out of a request. More than one method, or
// two that differ, is an error: then nobody knows who is meant.
func readCredentials(r *http.Request) (c credentials, description string) {
	c = credentials{id: r.PostForm.Get("client_id"), secret: r.PostForm.Get("client_secret"), method: clients.AuthNone}
	if c.secret != "" {
		c.method = clients.AuthPost
	}
	if r.PostForm.Has("client_assertion") || r.PostForm.Has("client_assertion_type") {
		return c, "client assertions are not supported"
	}
	header := r.Header.Values("Authorization")
	if len(header) == 0 {
		if c.id == "" {
			return c, "the client did not authenticate"
		}
		return c, ""
	}
	id, secret, ok := basicCredentials(header)
	switch {
	case !ok:
		return c, "the Authorization header is not Basic with form-encoded id and secret"
	case c.method == clients.AuthPost:
		return c, "the client authenticated by more than one method"
	case c.id != "" && c.id != id:
		return c, "client_id differs from the Authorization header"
	}
	return credentials{id: id, secret: secret, method: clients.AuthBasic}, ""
}

// basicCredentials decodes HTTP Basic credentials whose two parts are form-encoded
// (RFC 6749 section 2.3.1).
func basicCredentials(header []string) (id, secret string, ok bool) {
	if len(header) != 1 {
		return "", "", false
	}
	scheme, rest, _ := strings.Cut(header[0], " ")
	if !strings.EqualFold(scheme, "Basic") || len(rest) > 4096 {
		return "", "", false
	}
	plain, err := base64.StdEncoding.DecodeString(rest)
	if err != nil {
		return "", "", false
	}
	id, secret, ok = strings.Cut(string(plain), ":")
	if !ok {
		return "", "", false
	}
	var err1, err2 error
	id, err1 = url.QueryUnescape(id)
	secret, err2 = url.QueryUnescape(secret)
	return id, secret, err1 == nil && err2 == nil && id != ""
}

// authenticateClient puts the client into the request's call, or answers. It runs
// before any code or token is looked at (promise H4).
func (p *Provider) authenticateClient(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		shown, description := readCredentials(r)
		client, known := p.Clients.Lookup(shown.id)
		call := callOf(r.Context())
		tried := p.limits.Of(limits.Authentications, call.from, "", "")
		if known {
			call.client = client
			tried = p.limits.Of(limits.Authentications, call.from, client.ID, "")
		}
		// Beyond so many wrong secrets none is looked at, but one that was right here lately:
		// a stranger behind the same address locks no app out.
		if shown.secret != "" && !tried.Has() && !(known && p.limits.WasProven(call.from, client.ID, shown.secret)) {
			p.turnAwayClient(w, r, limits.Authentications)
			return
		}
		switch {
		case description != "":
		case !known:
			description = "the client is not known or its secret is wrong"
		case !client.AllowsAuthMethod(shown.method):
			description = "this client must authenticate by " + strings.Join(client.TokenEndpointAuthMethods, " or ")
		case client.Public && shown.secret != "", !client.Public && !client.Authenticate(shown.secret):
			description = "the client is not known or its secret is wrong"
		}
		if description != "" {
			if _, ok := tried.Take(); !ok {
				p.turnAwayClient(w, r, limits.Authentications)
				return
			}
			// A client that is not known is not named: people paste the secret into the
			// field of the id.
			reason := description
			if !known && shown.id != "" {
				reason = "unknown client: " + description
			}
			p.record(r.Context(), audit.Event{Name: audit.ClientAuthenticationFailed, Reason: reason, Way: shown.method})
			writeInvalidClient(w, description)
			return
		}
		if shown.secret != "" {
			p.limits.Proven(call.from, client.ID, shown.secret)
		}
		if over, ok := p.mayWork(r.Context(), client); !ok {
			p.turnAwayClient(w, r, over)
			return
		}
		next.ServeHTTP(w, r)
	})
}
