package dingtalk

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"sync/atomic"
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

	CallScan  = "getuserinfo_bycode" // POST /sns/getuserinfo_bycode
	CallInApp = "getuserinfo"        // POST /topapi/v2/user/getuserinfo
)

// A Client speaks with DingTalk for one app of one organisation. It is safe for
// concurrent use; one per app is enough, and the promise of one token fetch holds
// per Client.
type Client struct {
	corpID, clientID string
	scanAppID        string // the app's own where none was configured
	secrets          atomic.Pointer[appSecrets]

	authorize, userToken, me, appToken, byUnionID, user *url.URL
	qrConnect, password, scan, inApp                    *url.URL
	api, oapi                                           *url.URL // of which the probes make more
	loginOrigin                                         string

	timeout   time.Duration
	transport http.RoundTripper
	userAgent []string
	log       *slog.Logger
	observe   func(context.Context, Sent)
	calls     calls
	token     tokenCache
	pace      pacer
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
	if cfg.ScanAppID == "" {
		cfg.ScanAppID, cfg.ScanAppSecret = cfg.ClientID, cfg.ClientSecret
	}
	c := &Client{
		corpID: cfg.CorpID, clientID: cfg.ClientID, scanAppID: cfg.ScanAppID,
		authorize: login.JoinPath("oauth2/auth"),
		userToken: api.JoinPath("v1.0/oauth2/userAccessToken"),
		me:        api.JoinPath("v1.0/contact/users/me"),
		appToken:  api.JoinPath("v1.0/oauth2/accessToken"),
		byUnionID: oapi.JoinPath("topapi/user/getbyunionid"),
		user:      oapi.JoinPath("topapi/v2/user/get"),
		qrConnect: oapi.JoinPath("connect/qrconnect"),
		password:  oapi.JoinPath("connect/oauth2/sns_authorize"),
		scan:      oapi.JoinPath("sns/getuserinfo_bycode"),
		inApp:     oapi.JoinPath("topapi/v2/user/getuserinfo"),
		api:       api,
		oapi:      oapi,

		loginOrigin: originOf(login),
		timeout:     cfg.Timeout,
		transport:   transport,
		userAgent:   []string{cfg.UserAgent},
		log:         cfg.Log,
	}
	c.observe = c.calls.beside(cfg.Observe)
	c.secrets.Store(&appSecrets{app: cfg.ClientSecret, scan: cfg.ScanAppSecret})
	c.token.fetch = c.fetchAppToken
	c.token.log = cfg.Log
	c.Pace(cfg.CallsPerSecond)
	return c, nil
}

// CorpID returns the organisation that the client asks about.
func (c *Client) CorpID() string { return c.corpID }

// ClientID returns the app's Client ID. It is public: DingTalk's own client is told
// it by the page that asks for a code.
func (c *Client) ClientID() string { return c.clientID }

// LoginOrigin returns the origin of DingTalk's login pages as browsers write it. A
// message about a login that comes from any other origin is forged.
func (c *Client) LoginOrigin() string { return c.loginOrigin }

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
