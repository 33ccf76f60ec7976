package dingtalk

import (
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"time"
)

// Names of the calls, as they appear in [Error.Call] and in Config.Observe.
const (
	CallCallback  = "callback"        // not a call: the redirect back from the login page
	CallUserToken = "userAccessToken" // POST /v1.0/oauth2/userAccessToken
	CallMe        = "users/me"        // GET /v1.0/contact/users/me
	CallAppToken  = "accessToken"     // POST /v1.0/oauth2/accessToken
	CallByUnionID = "getbyunionid"    // POST /topapi/user/getbyunionid
	CallUser      = "user/get"        // POST /topapi/v2/user/get
)

// A Client speaks with DingTalk for one app of one organisation. It is safe for
// concurrent use; one per app is enough, and the promise of one token fetch holds
// per Client.
type Client struct {
	corpID, clientID, clientSecret string

	authorize, userToken, me, appToken, byUnionID, user *url.URL

	timeout   time.Duration
	transport http.RoundTripper
	userAgent []string
	log       *slog.Logger
	observe   func(call string, took time.Duration, err error)
	token     tokenCache
}

// New makes a client. It sends nothing yet. The error names every fault of the
// configuration and never holds the secret.
func New(cfg Config) (*Client, error) {
	cfg = cfg.withDefaults()
	faults := []error{cfg.check()}
	base := func(name, raw string) *url.URL {
		u, err := parseEndpoint(name, raw)
		faults = append(faults, err)
		return u
	}
	login, api, oapi := base("login", cfg.Endpoints.Login), base("api", cfg.Endpoints.API), base("oapi", cfg.Endpoints.OAPI)
	transport, err := newTransport(cfg)
	if err := errors.Join(append(faults, err)...); err != nil {
		return nil, fmt.Errorf("configure dingtalk: %w", err)
	}
	c := &Client{
		corpID: cfg.CorpID, clientID: cfg.ClientID, clientSecret: cfg.ClientSecret,
		authorize: login.JoinPath("oauth2/auth"),
		userToken: api.JoinPath("v1.0/oauth2/userAccessToken"),
		me:        api.JoinPath("v1.0/contact/users/me"),
		appToken:  api.JoinPath("v1.0/oauth2/accessToken"),
		byUnionID: oapi.JoinPath("topapi/user/getbyunionid"),
		user:      oapi.JoinPath("topapi/v2/user/get"),
		timeout:   cfg.Timeout,
		transport: transport,
		userAgent: []string{cfg.UserAgent},
		log:       cfg.Log,
		observe:   cfg.Observe,
	}
	c.token.fetch = c.fetchAppToken
	c.token.log = cfg.Log
	return c, nil
}

// CorpID returns the organisation that the client asks about.
func (c *Client) CorpID() string { return c.corpID }

// Close drops idle connections. Calls under way go on; later ones connect anew.
func (c *Client) Close() {
	if t, ok := c.transport.(*http.Transport); ok {
		t.CloseIdleConnections()
	}
}

// LogValue hides the secret and the token.
func (c *Client) LogValue() slog.Value {
	return slog.GroupValue(slog.String("corp_id", c.corpID), slog.String("client_id", c.clientID))
}

// String hides the secret and the token.
func (c *Client) String() string {
	return "dingtalk.Client{CorpID: " + c.corpID + ", ClientID: " + c.clientID + "}"
}

// GoString hides the secret and the token.
func (c *Client) GoString() string { return c.String() }

// newTransport makes the connections. It is used without an http.Client: a
// RoundTripper follows no redirect and puts no URL into its errors.
func newTransport(cfg Config) (*http.Transport, error) {
	t := &http.Transport{
		DialContext:         (&net.Dialer{Timeout: cfg.Timeout, KeepAlive: 30 * time.Second}).DialContext,
		TLSClientConfig:     &tls.Config{MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout: cfg.Timeout,
		MaxIdleConnsPerHost: cfg.MaxIdleConns,
		// A connection that a middlebox forgot loses the request written to it, and
		// a lost code exchange costs a login. So idle ones are not kept for long.
		IdleConnTimeout:        30 * time.Second,
		MaxResponseHeaderBytes: 64 << 10,
		DisableCompression:     true, // answers are smaller than what gzip would save
	}
	switch cfg.Proxy {
	case "":
	case "environment":
		t.Proxy = http.ProxyFromEnvironment
	default:
		u, err := url.Parse(cfg.Proxy)
		if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
			return nil, errors.New("proxy must be an http or https URL, or the word environment")
		}
		t.Proxy = http.ProxyURL(u)
	}
	return t, nil
}
