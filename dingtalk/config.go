package dingtalk

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"net/url"
	"strings"
	"time"
)

// Endpoints are the base URLs of DingTalk's three hosts. Each may have a path. Only
// https is accepted, except on loopback addresses.
type Endpoints struct {
	Login string // the login pages and the frame; default https://login.dingtalk.com
	API   string // the new API; default https://api.dingtalk.com
	OAPI  string // the old API and the pages of 2020, so browsers go there too; default https://oapi.dingtalk.com
}

// Config is what a [Client] needs: the organisation and its app, and, where the
// zero values do not do, how to reach DingTalk.
type Config struct {
	CorpID       string // the organisation (corpId); required
	ClientID     string // the app's Client ID (AppKey); required
	ClientSecret string `json:"-"` // the app's Client Secret; required

	// ScanAppID and ScanAppSecret are those of a scan-login app of 2020 (its id begins
	// with dingoa). Both or neither; without them the app's own sign that login.
	ScanAppID     string
	ScanAppSecret string `json:"-"`

	Endpoints Endpoints // zero: the public ones of mainland DingTalk
	// Timeout bounds one call with its repetition; default 5 s. DingTalk's own
	// gateway gives up after 3. Waiting for room under CallsPerSecond is not in it.
	Timeout time.Duration
	// CallsPerSecond is how many requests of one call are sent in any second; 0 is no
	// limit. DingTalk allows an app 20. See [Client.Pace].
	CallsPerSecond float64
	// MaxIdleConns is how many connections per host are kept open; default 128.
	MaxIdleConns int
	// Proxy is the URL of an HTTP proxy, or "environment" to take HTTPS_PROXY and
	// its kin from the environment. Empty: no proxy, whatever the environment says.
	Proxy     string
	UserAgent string       // default "dingbridge"
	Log       *slog.Logger // default: discard
	// Observe, if set, is told of every request sent, with the context of whoever asked.
	// Waiting for room is not in the time it took, and what found none was not sent. It
	// may run concurrently.
	Observe func(context.Context, Sent)
}

// LogValue hides the secrets.
func (c Config) LogValue() slog.Value {
	return slog.GroupValue(
		slog.String("corp_id", c.CorpID),
		slog.String("client_id", c.ClientID),
		slog.String("scan_app_id", c.ScanAppID),
		slog.String("login", c.Endpoints.Login),
		slog.String("api", c.Endpoints.API),
		slog.String("oapi", c.Endpoints.OAPI),
	)
}

// String hides the secrets.
func (c Config) String() string {
	return "dingtalk.Config{CorpID: " + c.CorpID + ", ClientID: " + c.ClientID + "}"
}

// GoString hides the secrets.
func (c Config) GoString() string { return c.String() }

const (
	defaultTimeout      = 5 * time.Second
	defaultMaxIdleConns = 128
	defaultUserAgent    = "dingbridge"
)

// withDefaults fills in what was left out.
func (c Config) withDefaults() Config {
	if c.Endpoints.Login == "" {
		c.Endpoints.Login = "https://login.dingtalk.com"
	}
	if c.Endpoints.API == "" {
		c.Endpoints.API = "https://api.dingtalk.com"
	}
	if c.Endpoints.OAPI == "" {
		c.Endpoints.OAPI = "https://oapi.dingtalk.com"
	}
	if c.Timeout <= 0 {
		c.Timeout = defaultTimeout
	}
	if c.MaxIdleConns <= 0 {
		c.MaxIdleConns = defaultMaxIdleConns
	}
	if c.UserAgent == "" {
		c.UserAgent = defaultUserAgent
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return c
}

// check names every field that is missing or cannot be used. It never quotes a
// secret.
func (c Config) check() error {
	var faults []error
	type field struct{ name, value string }
	fields := []field{{"corpId", c.CorpID}, {"client id", c.ClientID}, {"client secret", c.ClientSecret}}
	if c.ScanAppID != "" || c.ScanAppSecret != "" {
		fields = append(fields, field{"scan app id", c.ScanAppID}, field{"scan app secret", c.ScanAppSecret})
	}
	for _, f := range fields {
		switch {
		case f.value == "":
			faults = append(faults, fmt.Errorf("%s is missing", f.name))
		case !isToken(f.value):
			faults = append(faults, fmt.Errorf("%s holds spaces or characters other than ASCII", f.name))
		}
	}
	if strings.ContainsAny(c.UserAgent, "\r\n\x00") {
		faults = append(faults, errors.New("user agent holds a line break"))
	}
	return errors.Join(faults...)
}

// parseEndpoint accepts an https base URL, or an http one on loopback.
func parseEndpoint(name, raw string) (*url.URL, error) {
	u, err := url.Parse(raw)
	switch {
	case err != nil:
		return nil, fmt.Errorf("%s endpoint is not a URL", name)
	case u.Scheme != "https" && u.Scheme != "http", u.Host == "", u.Opaque != "":
		return nil, fmt.Errorf("%s endpoint must be an absolute https URL", name)
	case u.User != nil, u.RawQuery != "", u.ForceQuery, u.Fragment != "":
		return nil, fmt.Errorf("%s endpoint must have no user, query or fragment", name)
	case !isToken(u.Host):
		return nil, fmt.Errorf("%s endpoint must have a host in ASCII, as browsers send it (xn--...)", name)
	case u.Scheme == "http" && !isLoopback(u.Hostname()):
		return nil, fmt.Errorf("%s endpoint: plain http is accepted on loopback addresses only", name)
	}
	if u.Path == "" {
		u.Path = "/" // JoinPath would otherwise make a path without a leading slash
	}
	return u, nil
}

// originOf writes the origin of a URL as a browser does in an event: small letters, and
// no port that goes without saying (RFC 6454 section 6).
func originOf(u *url.URL) string {
	host, port := strings.ToLower(u.Hostname()), u.Port()
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	if port == "" || u.Scheme == "https" && port == "443" || u.Scheme == "http" && port == "80" {
		return u.Scheme + "://" + host
	}
	return u.Scheme + "://" + host + ":" + port
}

// isLoopback reports whether traffic to host stays on this machine.
func isLoopback(host string) bool {
	if host == "localhost" {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.IsLoopback()
}
