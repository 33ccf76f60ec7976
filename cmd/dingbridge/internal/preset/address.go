package preset

import (
	"errors"
	"net/url"
	"strings"
)

// Values are what is put into the texts of a preset.
type Values struct {
	Issuer string // without a slash at its end
	URL    string // of the app, likewise; empty if it is nowhere
	ID     string // the client_id
	Secret string
	// More are values that the operator's own client has, for [Generic].
	More map[string]string
	// Random makes a text nobody can guess, for what an app keeps to itself.
	Random func() string
}

var (
	errNoAddress = errors.New("it is not an address like https://app.example.com")
	errPlainHTTP = errors.New("it is plain http: whatever is sent there can be read on the way")
)

// Address is the text of an address, of an app or issuer, without a slash at its end. It
// may have a port and a path, and nothing else. Plain http is for loopback, or where
// insecure says so.
func Address(text string, insecure bool) (string, error) {
	address := strings.TrimRight(text, "/")
	scheme, rest, _ := strings.Cut(address, "://")
	host, _, _ := strings.Cut(rest, "/")
	u, err := url.Parse(address)
	switch {
	case err != nil || u.Hostname() == "" || scheme != "https" && scheme != "http",
		strings.Trim(rest, addressAlphabet) != "", u.Host != host, strings.HasPrefix(host, ":"), strings.HasSuffix(host, ":"),
		strings.Contains(rest, "//"), strings.Contains(rest, "/."):
		return "", errNoAddress
	case scheme == "http" && !insecure && !loopback(u.Hostname()):
		return "", errPlainHTTP
	}
	return address, nil
}

// addressAlphabet is what ends no quotes in any of the formats, and begins nothing there.
const addressAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-_~/:[]"

func loopback(host string) bool {
	return host == "127.0.0.1" || host == "::1" || host == "localhost"
}
