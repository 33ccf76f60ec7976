package clients

import (
	"slices"
	"strconv"
	"strings"
)

// loopbackOrigins are the only ones whose port a native client may choose at run
// time. localhost is there for programs that cannot do otherwise (kubelogin, the
// CLIs of Argo CD and Vault), and only if they registered it by that name.
var loopbackOrigins = []string{"http://127.0.0.1", "http://[::1]", "http://localhost"}

// AllowsRedirect reports whether an authorization response may be sent to uri:
// only if it is registered byte for byte (RFC 9700 §2.1), or by the loopback rule
// of RFC 8252 §7.3.
func (c *Client) AllowsRedirect(uri string) bool {
	if slices.Contains(c.RedirectURIs, uri) {
		return true
	}
	if len(c.loopback) > 0 {
		if portless, ok := cutLoopbackPort(uri); ok && slices.Contains(c.loopback, portless) {
			return true
		}
	}
	return c.extraRedirect != nil && c.extraRedirect(uri)
}

// AllowsPostLogoutRedirect reports whether the browser may be sent to uri after a
// logout: only if it is registered byte for byte (OpenID Connect RP-Initiated
// Logout §3).
func (c *Client) AllowsPostLogoutRedirect(uri string) bool {
	return slices.Contains(c.PostLogoutRedirectURIs, uri) || c.extraPostLogout != nil && c.extraPostLogout(uri)
}

// cutLoopbackPort returns uri without its port, if it is an http URI of the
// loopback interface. It takes the string apart by bytes and not with a URL
// parser, so that "localhost:80@evil", "127.0.0.1.evil" or a control character
// have no way to be understood as something else.
func cutLoopbackPort(uri string) (portless string, ok bool) {
	for _, origin := range loopbackOrigins {
		rest, found := strings.CutPrefix(uri, origin)
		if !found {
			continue
		}
		if after, hasPort := strings.CutPrefix(rest, ":"); hasPort {
			end := strings.IndexAny(after, "/?")
			if end < 0 {
				end = len(after)
			}
			if !isPort(after[:end]) {
				return "", false
			}
			rest = after[end:]
		}
		if rest != "" && rest[0] != '/' && rest[0] != '?' {
			return "", false
		}
		return origin + rest, true
	}
	return "", false
}

// isPort accepts 1 to 65535 in its only canonical spelling.
func isPort(s string) bool {
	n, err := strconv.ParseUint(s, 10, 16)
	return err == nil && n > 0 && strconv.FormatUint(n, 10) == s
}
