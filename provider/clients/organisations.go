package clients

import (
	"fmt"
	"slices"
	"strings"
)

// Serves reports whether people of the organisation may enter by the client. One that
// names no organisation serves none here: whether there is only one to serve, and
// nothing to name, is for the caller to know.
func (c *Client) Serves(corpID string) bool { return slices.Contains(c.Organisations, corpID) }

// organisations checks whose people may enter (promise C13). Which organisations there
// are is not known here.
func (k *checker) organisations(c *Client) {
	c.Organisations = slices.Clone(k.spec.Organisations)
	for i, corpID := range c.Organisations {
		at := fmt.Sprintf("organisations[%d]", i)
		switch {
		case !isCorpID(corpID):
			k.faultf(at, "copy the CorpId from DingTalk's developer console, as in config.yaml", "it is not a corpId")
		case slices.Contains(c.Organisations[:i], corpID):
			k.faultf(at, "keep it once", "the organisation is there twice")
		}
	}
	if len(c.Organisations) < 2 {
		return
	}
	const remedy = "register a client for each organisation, or write allow: everyone"
	if len(c.Allow.Groups) > 0 {
		k.faultf("allow.groups", remedy, "the client serves several organisations, in which the same id is another group")
	}
	if len(c.Allow.People) > 0 {
		k.faultf("allow.people", remedy, "the client serves several organisations, in which the same userId is another person")
	}
}

// isCorpID takes what DingTalk issues ("ding" and hexadecimal digits) and what
// simulators do, and nothing that could run into the text around it.
func isCorpID(s string) bool {
	return s != "" && len(s) <= 64 && strings.Trim(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-") == ""
}

// home checks where the app starts, or derives it (promise C14). People are sent there
// from a page of ours, so it is held to the same rules as a redirect URI.
func (k *checker) home(c *Client) {
	c.HomeURL = k.spec.HomeURL
	if c.HomeURL == "" {
		c.HomeURL = rootOf(c)
		return
	}
	if err := checkURI(c.HomeURL, false, k.spec.InsecureHTTPRedirects); err != nil {
		k.faultf("home_url", "write the absolute https URL at which people open the app "+
			"(http only for 127.0.0.1, [::1] and localhost, or with insecure_http_redirects: true)", "%v", err)
	}
}

// rootOf returns origin and "/" of the first redirect URI that people can open. A native
// program listens at its loopback URI during a login only.
func rootOf(c *Client) string {
	for _, uri := range c.RedirectURIs {
		if _, loopback := cutLoopbackPort(uri); loopback && c.ApplicationType == Native {
			continue
		}
		scheme, rest, found := strings.Cut(uri, "://")
		if !found { // a private-use scheme: those of the web alone have a host (promise C3)
			continue
		}
		if end := strings.IndexAny(rest, "/?"); end >= 0 {
			rest = rest[:end]
		}
		return scheme + "://" + rest + "/"
	}
	return ""
}
