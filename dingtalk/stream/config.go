package stream

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

// Config is what a [Client] needs.
type Config struct {
	API          string // base URL of the new API; default https://api.dingtalk.com; plain http on loopback only
	CorpID       string // the organisation (corpId) whose events are heard; required
	ClientID     string // the app's Client ID (AppKey); required
	ClientSecret string `json:"-"` // the app's Client Secret; required
	// Proxy is the URL of an HTTP proxy, or "environment" to take HTTPS_PROXY and
	// its kin from the environment. Empty: no proxy, whatever the environment says.
	Proxy     string
	UserAgent string // default "dingbridge"

	// Handle takes an event; required. It runs in goroutines of the client, eight at
	// most at once, and ctx ends with Run's. If it returns false, DingTalk is asked to
	// deliver the event again, and so it is if Handle takes longer than DingTalk waits;
	// if it then returns true, the later delivery is not handed to it. A panic of it is
	// logged, and is false.
	Handle func(ctx context.Context, e Event) bool
	// Connected, if set, is called by Run's own goroutine after each connection: events
	// may have been missed before. It returns at once.
	Connected func()
	// Observe, if set, is told what happened, with the event where there is one. It
	// may run concurrently and returns at once.
	Observe func(o Outcome, e Event)
	Log     *slog.Logger // default: discard

	// Idle is how long a connection may be silent; default 3 min.
	Idle time.Duration
	// BackoffMin is the first wait after an attempt that failed, which then doubles up
	// to BackoffMax; default 1 s and 60 s.
	BackoffMin, BackoffMax time.Duration
}

// An Outcome is what happened, in one word for a counter.
type Outcome string

// The outcomes: of a connection, then of a frame or event.
const (
	Connected  Outcome = "connected"
	Failed     Outcome = "failed"     // an attempt to connect
	Lost       Outcome = "lost"       // a connection
	Moved      Outcome = "moved"      // a connection, because the server said so
	Handled    Outcome = "handled"    // Handle returned true in time
	Later      Outcome = "later"      // DingTalk was asked to deliver the event again
	Repeated   Outcome = "repeated"   // the event had been handled before
	Refused    Outcome = "refused"    // the event names another organisation, or none
	Unreadable Outcome = "unreadable" // the frame, or what makes it an event
)

// LogValue hides the secret.
func (c Config) LogValue() slog.Value {
	return slog.GroupValue(
		slog.String("corp_id", c.CorpID),
		slog.String("client_id", c.ClientID),
		slog.String("api", c.API),
	)
}

// String hides the secret.
func (c Config) String() string {
	return "stream.Config{CorpID: " + c.CorpID + ", ClientID: " + c.ClientID + "}"
}

// GoString hides the secret.
func (c Config) GoString() string { return c.String() }

// withDefaults fills in what was left out.
func (c Config) withDefaults() Config {
	if c.API == "" {
		c.API = "https://api.dingtalk.com"
	}
	if c.UserAgent == "" {
		c.UserAgent = "dingbridge"
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Connected == nil {
		c.Connected = func() {}
	}
	if c.Observe == nil {
		c.Observe = func(Outcome, Event) {}
	}
	if c.Idle <= 0 {
		c.Idle = 3 * time.Minute
	}
	if c.BackoffMin <= 0 {
		c.BackoffMin = time.Second
	}
	if c.BackoffMax <= 0 {
		c.BackoffMax = time.Minute
	}
	c.BackoffMax = max(c.BackoffMax, c.BackoffMin)
	return c
}

// check names every field that is missing or cannot be used. It never quotes a secret.
func (c Config) check() error {
	var faults []error
	for _, f := range []struct{ name, value string }{
		{"corpId", c.CorpID}, {"client id", c.ClientID}, {"client secret", c.ClientSecret},
	} {
		switch {
		case f.value == "":
			faults = append(faults, fmt.Errorf("%s is missing", f.name))
		case !isToken(f.value):
			faults = append(faults, fmt.Errorf("%s holds spaces or characters other than ASCII", f.name))
		}
	}
	if c.Handle == nil {
		faults = append(faults, errors.New("there is nothing to handle events with"))
	}
	if strings.ContainsAny(c.UserAgent, "\r\n\x00") {
		faults = append(faults, errors.New("user agent holds a line break"))
	}
	return errors.Join(faults...)
}

// parseAPI accepts an https base URL, or an http one on loopback.
func parseAPI(raw string) (*url.URL, error) {
	u, err := url.Parse(raw)
	switch {
	case err != nil:
		return nil, errors.New("api endpoint is not a URL")
	case u.Scheme != "https" && u.Scheme != "http", u.Host == "", u.Opaque != "":
		return nil, errors.New("api endpoint must be an absolute https URL")
	case u.User != nil, u.RawQuery != "", u.ForceQuery, u.Fragment != "":
		return nil, errors.New("api endpoint must have no user, query or fragment")
	case !isToken(u.Host):
		return nil, errors.New("api endpoint must have a host in ASCII")
	case u.Scheme == "http" && !isLoopback(u.Hostname()):
		return nil, errors.New("api endpoint: plain http is accepted on loopback addresses only")
	}
	if u.Path == "" {
		u.Path = "/" // JoinPath would otherwise make a path without a leading slash
	}
	return u, nil
}

// isLoopback reports whether traffic to host stays on this machine.
func isLoopback(host string) bool {
	if host == "localhost" {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.IsLoopback()
}

// isToken reports whether s can travel in a header and a URL: visible ASCII.
func isToken(s string) bool {
	if s == "" || len(s) > 4096 {
		return false
	}
	for i := range len(s) {
		if s[i] <= ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}
