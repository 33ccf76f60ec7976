package provider

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/dingbridge/dingbridge/provider/clients"
	"github.com/dingbridge/dingbridge/provider/login"
	"github.com/dingbridge/dingbridge/provider/pages"
)

// A reply is where an authorization response goes, and how.
type reply struct {
	client      *clients.Client
	redirectURI string
	state       string
	mode        string // response_mode; empty is query
}

func replyTo(c *clients.Client, l login.Request) reply {
	return reply{client: c, redirectURI: l.RedirectURI, state: l.State, mode: l.Mode}
}

// respond sends the browser back to the client with an authorization response
// (RFC 6749 section 4.1.2, RFC 9207, OAuth 2.0 Form Post Response Mode). The redirect
// URI is kept byte by byte, its own query included.
func (p *Provider) respond(w http.ResponseWriter, r *http.Request, to reply, answer url.Values) {
	if to.state != "" {
		answer.Set("state", to.state)
	}
	if !to.client.OmitIss {
		answer.Set("iss", p.Issuer)
	}
	if to.mode == modeFormPost {
		p.Pages.WriteFormPost(w, r, http.StatusOK, p.language(r), to.redirectURI, fieldsOf(answer))
		return
	}
	redirect(w, r, withQuery(to.redirectURI, answer))
}

// redirect sends the browser on with 302 after GET and 303 after POST: never by a
// status that repeats a body (RFC 9700 section 4.12).
func redirect(w http.ResponseWriter, r *http.Request, location string) {
	w.Header().Set("Location", location)
	status := http.StatusFound
	if r.Method == http.MethodPost {
		status = http.StatusSeeOther
	}
	w.WriteHeader(status)
}

func withQuery(uri string, query url.Values) string {
	if len(query) == 0 {
		return uri
	}
	separator := "?"
	if strings.Contains(uri, "?") {
		separator = "&"
	}
	return uri + separator + query.Encode()
}

// fieldsOf turns parameters into the fields of a form, in a stable order.
func fieldsOf(values url.Values) []pages.Field {
	var fields []pages.Field
	for name, list := range values {
		for _, value := range list {
			fields = append(fields, pages.Field{Name: name, Value: value})
		}
	}
	slices.SortFunc(fields, func(a, b pages.Field) int { return cmp.Compare(a.Name, b.Name) })
	return fields
}

// respondError tells the client that there is no code, and why.
func (p *Provider) respondError(w http.ResponseWriter, r *http.Request, to reply, code, description string) {
	answer := url.Values{"error": {code}}
	if description != "" {
		answer.Set("error_description", description)
	}
	p.respond(w, r, to, answer)
}
