package clients

import (
	"errors"
	"net/netip"
	"net/url"
	"slices"
	"strings"
)

// Only one byte sequence is ever accepted for a registered URI, but a browser
// still has to understand it, and so have the app and every proxy between. What
// follows keeps to URIs that all of them read alike (promise C3).

// responseParameters are ours to add (OAuth 2.0 multiple response types,
// RFC 9207, RP-initiated logout); registered ones would arrive doubled.
var responseParameters = []string{"code", "state", "iss", "error", "error_description", "error_uri",
	"response", "id_token", "access_token", "token_type", "expires_in", "session_state"}

// checkURI returns why uri cannot be registered as a redirect URI, or nil.
func checkURI(uri string, native, insecureHTTP bool) error {
	if len(uri) > 2048 {
		return errors.New("it is longer than 2048 bytes")
	}
	if err := checkCharacters(uri); err != nil {
		return err
	}
	u, err := url.Parse(uri)
	if err != nil || !u.IsAbs() {
		return errors.New("it is not an absolute URI")
	}
	if err := checkPath(u.EscapedPath()); err != nil {
		return err
	}
	if err := checkQuery(u.RawQuery); err != nil {
		return err
	}
	scheme, rest, _ := strings.Cut(uri, ":")
	if scheme != u.Scheme {
		return errors.New("its scheme is not in lower case")
	}
	if strings.Contains(scheme, ".") {
		return checkPrivateUse(rest, native)
	}
	if !strings.HasPrefix(rest, "//") {
		return errors.New("it has no host")
	}
	return checkOrigin(u, insecureHTTP)
}

// checkOrigin checks scheme, host and port.
func checkOrigin(u *url.URL, insecureHTTP bool) error {
	if u.User != nil || strings.Contains(u.Host, "@") {
		return errors.New("it has a user part")
	}
	host, port, hasPort := u.Host, "", false
	if i := strings.LastIndexByte(u.Host, ':'); i > strings.LastIndexByte(u.Host, ']') {
		host, port, hasPort = u.Host[:i], u.Host[i+1:], true
	}
	if hasPort && !isPort(port) {
		return errors.New("its port is not a number from 1 to 65535")
	}
	if err := checkHost(host); err != nil {
		return err
	}
	switch {
	case u.Scheme == "https":
		return nil
	case u.Scheme != "http":
		return errors.New("its scheme is neither https nor http")
	case slices.Contains(loopbackOrigins, "http://"+host) || insecureHTTP:
		return nil
	}
	return errors.New("it is plain http to another machine, where all that is sent can be read on the way")
}

// checkPrivateUse checks what follows a scheme like com.example.app:
// (RFC 8252 §7.1): a path alone.
func checkPrivateUse(rest string, native bool) error {
	if !native {
		return errors.New("a private-use scheme is for application_type native")
	}
	if !strings.HasPrefix(rest, "/") || strings.HasPrefix(rest, "//") {
		return errors.New("after a private-use scheme comes one slash and a path")
	}
	return nil
}

func checkCharacters(uri string) error {
	for i := range len(uri) {
		switch c := uri[i]; {
		case c <= ' ' || c >= 0x7f:
			return errors.New("it has a space, a control character or one outside ASCII")
		case c == '#':
			return errors.New("it has a fragment")
		case c == '*':
			return errors.New("it has a wildcard; redirect URIs are compared byte by byte")
		case strings.IndexByte("\\\"<>^`{|}", c) >= 0:
			return errors.New("it has a character that browsers rewrite")
		case c == '%' && (i+2 >= len(uri) || !isHex(uri[i+1]) || !isHex(uri[i+2])):
			return errors.New("it has a broken percent escape")
		}
	}
	return nil
}

func checkPath(escaped string) error {
	path, err := url.PathUnescape(escaped)
	if err != nil {
		return errors.New("it has a broken percent escape")
	}
	if strings.ContainsFunc(path, func(r rune) bool { return r < ' ' || r == 0x7f || r == '\\' }) {
		return errors.New("its path hides a control character or a backslash")
	}
	for segment := range strings.SplitSeq(path, "/") {
		// Some servers cut path parameters off before they resolve dots.
		name, _, _ := strings.Cut(segment, ";")
		if name == "." || name == ".." {
			return errors.New("its path has a dot segment")
		}
	}
	return nil
}

func checkQuery(raw string) error {
	for pair := range strings.FieldsFuncSeq(raw, func(r rune) bool { return r == '&' || r == ';' }) {
		name, _, _ := strings.Cut(pair, "=")
		if name, err := url.QueryUnescape(name); err != nil || slices.Contains(responseParameters, name) {
			return errors.New("its query has a parameter that authorization responses carry")
		}
	}
	return nil
}

// checkHost accepts lower-case DNS names and canonical IP addresses.
func checkHost(host string) error {
	if inner, ok := strings.CutPrefix(host, "["); ok {
		inner, closed := strings.CutSuffix(inner, "]")
		address, err := netip.ParseAddr(inner)
		if !closed || err != nil || !address.Is6() || address.Zone() != "" || address.Is4In6() || address.String() != inner {
			return errors.New("its host is not a canonical IPv6 address")
		}
		return nil
	}
	if host == "" || len(host) > 253 {
		return errors.New("it has no host, or too long a one")
	}
	labels := strings.Split(host, ".")
	for _, label := range labels {
		if !isLabel(label) {
			return errors.New("its host is not a lower-case DNS name")
		}
	}
	// Browsers read a name whose last label is a number as an IPv4 address in any
	// of several notations (WHATWG URL §3.5): only dotted decimal is unambiguous.
	if isNumber(labels[len(labels)-1]) {
		if address, err := netip.ParseAddr(host); err != nil || address.String() != host {
			return errors.New("its host looks like a number but is not a canonical IPv4 address")
		}
	}
	return nil
}

func isNumber(label string) bool {
	hex, isHexadecimal := strings.CutPrefix(label, "0x")
	return strings.Trim(label, "0123456789") == "" || isHexadecimal && strings.Trim(hex, "0123456789abcdef") == ""
}

func isLabel(label string) bool {
	if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
		return false
	}
	for i := range len(label) {
		// Underscores are no host names, but Compose services have them.
		if c := label[i]; (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' && c != '_' {
			return false
		}
	}
	return true
}

func isHex(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F'
}
