package provider

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/dingbridge/dingbridge/provider/clients"
)

// respond sends the browser back to the client with an authorization response
// (RFC 6749 section 4.1.2, RFC 9207). The redirect URI is kept byte by byte, its
// own query included.
func (p *Provider) respond(w http.ResponseWriter, r *http.Request, c *clients.Client, redirectURI, state string, answer url.Values) {
	if state != "" {
		answer.Set("state", state)
	}
	if !c.OmitIss {
		answer.Set("iss", p.Issuer)
	}
	separator := "?"
	if strings.Contains(redirectURI, "?") {
		separator = "&"
	}
	w.Header().Set("Location", redirectURI+separator+answer.Encode())
	// 303 after POST, 302 after GET: never a status that repeats a body (RFC 9700
	// section 4.12).
	status := http.StatusFound
	if r.Method == http.MethodPost {
		status = http.StatusSeeOther
	}
	w.WriteHeader(status)
}

// respondError tells the client that there is no code, and why.
func (p *Provider) respondError(w http.ResponseWriter, r *http.Request, c *clients.Client, redirectURI, state, code, description string) {
	answer := url.Values{"error": {code}}
	if description != "" {
		answer.Set("error_description", description)
	}
	p.respond(w, r, c, redirectURI, state, answer)
}
