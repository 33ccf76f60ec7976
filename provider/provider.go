package provider

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/dingbridge/dingbridge/keys"
	"github.com/dingbridge/dingbridge/keys/secret"
	"github.com/dingbridge/dingbridge/provider/audit"
	"github.com/dingbridge/dingbridge/provider/clients"
	"github.com/dingbridge/dingbridge/provider/device"
	"github.com/dingbridge/dingbridge/provider/grants"
	"github.com/dingbridge/dingbridge/provider/leavers"
	"github.com/dingbridge/dingbridge/provider/limits"
	"github.com/dingbridge/dingbridge/provider/login"
	"github.com/dingbridge/dingbridge/provider/logout"
	"github.com/dingbridge/dingbridge/provider/pages"
	"github.com/dingbridge/dingbridge/provider/people"
	"github.com/dingbridge/dingbridge/provider/pushed"
	"github.com/dingbridge/dingbridge/provider/sessions"
	"github.com/dingbridge/dingbridge/storage"
)

// Config is what a Provider is built of. Issuer, Store, Secrets, Ring, Clients,
// Organisations, Pages and Audit are required.
type Config struct {
	// Issuer is compared as a string by every client: no trailing slash, query or
	// fragment. https, or http on a loopback address.
	Issuer  string
	Store   storage.Store
	Secrets *secret.List
	Ring    *keys.Ring
	Clients *clients.Set
	// Organisations are those whose people may log in; at least one.
	Organisations []Organisation
	// InAppScript is needed where an organisation has the way login.InApp.
	InAppScript InAppScript
	// AlwaysInApp takes every browser for the DingTalk client; for the demo.
	AlwaysInApp bool
	// People says where claims come from; Store, Secrets and Organisations are filled
	// in here.
	People people.Config
	// Leavers says how leavers are found; Store, People and Organisations are filled in here.
	Leavers  leavers.Config
	Lives    grants.Lives
	Sessions sessions.Config
	IDToken  time.Duration // life of an ID token; 10 minutes
	Pages    *pages.Pages
	Audit    audit.Sink
	Log      *slog.Logger
	// TrustedProxies are the peers whose X-Forwarded-For is believed.
	TrustedProxies []netip.Prefix
	// LoginsPerSecond bounds the logins that this process begins, each of which costs
	// storage before anybody has proven anything; 100.
	LoginsPerSecond int
	// DingTalkLoginsPerSecond bounds the answers of DingTalk that this process works on, each
	// of which costs calls to DingTalk; 20, which is what DingTalk grants one app.
	DingTalkLoginsPerSecond int
	// Limits are all the others.
	Limits limits.Config
	// Contact is shown to people whom a client does not admit.
	Contact string
}

// Provider is an OpenID Connect provider over HTTP. It is safe for concurrent use.
type Provider struct {
	Config
	base      string // the issuer's path
	origin    string // of the issuer, as browsers write it
	callback  string // the one redirect URI that DingTalk knows
	cookies   cookies
	grants    *grants.Ledger
	sessions  *sessions.Register
	people    *people.Registry
	leavers   *leavers.Watch
	login     *login.Steps
	pushed    *pushed.Requests
	device    *device.Steps
	codes     *secret.Sealer // user codes that wait for a login
	notices   *logout.Notifier
	tickets   *secret.Tokens
	begun     *budget
	answers   *budget
	limits    *limits.Limits
	turned    turned
	strangers sync.Once // a proxy that is not listed was told of
	discovery []byte
	handler   http.Handler
	paths     []string
	draining  atomic.Bool
	drained   chan struct{} // closed with draining
	watched   atomic.Bool   // somebody asks whether we are ready
	sweeps    sweeps
	dead      lately   // grants whose access tokens were shown in vain
	crowded   sync.Map // ids of clients for whose groups there was no room, told once
}

// New builds a Provider. It opens no connection and starts nothing.
func New(c Config) (*Provider, error) {
	issuer, err := url.Parse(c.Issuer)
	if err != nil || issuer.Host == "" || issuer.RawQuery != "" || issuer.Fragment != "" || issuer.User != nil || strings.HasSuffix(c.Issuer, "/") {
		return nil, fmt.Errorf("issuer %q is not an absolute URL without trailing slash, query and fragment", c.Issuer)
	}
	if issuer.Scheme != "https" && !(issuer.Scheme == "http" && loopback(issuer.Hostname())) {
		return nil, fmt.Errorf("issuer %q is not https; plain http is for loopback only", c.Issuer)
	}
	if c.Store == nil || c.Secrets == nil || c.Ring == nil || c.Clients == nil || len(c.Organisations) == 0 || c.Pages == nil || c.Audit == nil {
		return nil, errors.New("provider: a required field of Config is missing")
	}
	c.Log = cmp.Or(c.Log, slog.New(slog.DiscardHandler))
	c.IDToken = cmp.Or(c.IDToken, 10*time.Minute)
	c.LoginsPerSecond = cmp.Or(c.LoginsPerSecond, 100)
	c.DingTalkLoginsPerSecond = cmp.Or(c.DingTalkLoginsPerSecond, 20)
	c.People.Store, c.People.Secrets = c.Store, c.Secrets
	c.Organisations = slices.Clone(c.Organisations)
	c.People.Organisations = map[string]people.Organisation{}
	c.Leavers.Organisations = map[string]leavers.Directory{}
	for i := range c.Organisations {
		o := &c.Organisations[i]
		if err := o.check(); err != nil {
			return nil, fmt.Errorf("provider: %w", err)
		}
		if _, twice := c.People.Organisations[o.CorpID]; twice {
			return nil, fmt.Errorf("provider: organisation %s is there twice", o.CorpID)
		}
		if slices.Contains(o.Ways, login.InApp) && c.InAppScript.URL == "" {
			return nil, errors.New("provider: a way inside the DingTalk client needs its script")
		}
		c.People.Organisations[o.CorpID] = people.Organisation{Directory: o.Upstream, App: o.Upstream.ClientID(),
			EmailDomains: o.EmailDomains, VerifiedEmailDomains: o.VerifiedEmailDomains}
		c.Leavers.Organisations[o.CorpID] = o.Upstream
	}
	p := &Provider{}
	c.People.Log, c.People.Tell = c.Log, p.happened
	registry, err := people.New(c.People)
	if err != nil {
		return nil, fmt.Errorf("provider: %w", err)
	}
	c.Leavers.Store, c.Leavers.People, c.Leavers.Log, c.Leavers.Tell = c.Store, registry, c.Log, p.swept
	*p = Provider{
		Config:   c,
		base:     issuer.EscapedPath(),
		origin:   originOf(issuer),
		callback: c.Issuer + pathCallback,
		cookies:  newCookies(c.Issuer, issuer.Scheme == "https"),
		grants:   grants.New(grants.Config{Store: c.Store, Secrets: c.Secrets, Lives: c.Lives}),
		sessions: sessions.New(c.Sessions),
		people:   registry,
		leavers:  leavers.New(c.Leavers),
		login:    login.New(login.Config{Store: c.Store, Secrets: c.Secrets, Claim: workTime + 5*time.Second}),
		pushed:   pushed.New(pushed.Config{Store: c.Store, Secrets: c.Secrets}),
		device:   device.New(device.Config{Store: c.Store, Secrets: c.Secrets}),
		codes:    c.Secrets.Sealer("user code"),
		tickets:  c.Secrets.Tokens("form"),
		begun:    newBudget(c.LoginsPerSecond, 10),
		answers:  newBudget(c.DingTalkLoginsPerSecond, 1),
		limits:   limits.New(c.Limits),
		drained:  make(chan struct{}),
	}
	p.notices = logout.New(logout.Config{Issuer: c.Issuer, Audit: c.Audit, Log: c.Log, Sign: func(alg string, payload []byte) (string, error) {
		return c.Ring.Sign(alg, keys.TypeLogoutToken, payload)
	}})
	if p.discovery, err = p.metadata(); err != nil {
		return nil, fmt.Errorf("provider: %w", err)
	}
	p.handler = p.routes()
	return p, nil
}

// Handler serves everything.
func (p *Provider) Handler() http.Handler { return p.handler }

// Paths lists those that Handler knows, each as browsers send it. Of one that ends in a
// slash, but for the front page, it serves what is below it too.
func (p *Provider) Paths() []string { return p.paths }

// Drain makes readiness fail, so that a load balancer sends nothing new; what is
// under way goes on.
func (p *Provider) Drain() {
	if !p.draining.Swap(true) {
		close(p.drained)
	}
}

// Watched reports whether anybody has ever asked if we are ready: a load balancer, which
// needs a moment to notice that we no longer are.
func (p *Provider) Watched() bool { return p.watched.Load() }

// Finish waits until the notices of logouts that are under way have reached their
// clients, or have failed for good; until ctx ends at the longest. Call it when no
// more requests are served.
func (p *Provider) Finish(ctx context.Context) error { return p.notices.Drain(ctx) }

// originOf writes an origin as browsers do: in small letters, without the port that
// goes without saying (RFC 6454 section 6.2).
func originOf(u *url.URL) string {
	host := strings.ToLower(u.Host)
	switch {
	case u.Scheme == "https":
		host = strings.TrimSuffix(host, ":443")
	case u.Scheme == "http":
		host = strings.TrimSuffix(host, ":80")
	}
	return u.Scheme + "://" + host
}

func loopback(host string) bool {
	if host == "localhost" {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.IsLoopback()
}
