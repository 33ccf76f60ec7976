package clients

import "strings"

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
