package demoapp

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

// Config says where the app is and as whom it asks. All but HTTP and Log is
// required.
type Config struct {
	URL    string // of the app itself, such as http://127.0.0.1:8082
	Issuer string
	First  Client
	Second Client
	HTTP   *http.Client // for calls to the provider; default: one that waits 30 seconds
	Log    *slog.Logger // default: discard
}

// Client is a registration at the provider.
type Client struct {
	ID, Secret string
	Name       string // shown on the page
}

// scopes are what the app asks for. phone is left out by the provider where the
// client may not have it.
var scopes = []string{oidc.ScopeOpenID, "profile", "email", "phone", "groups", oidc.ScopeOfflineAccess}

// An App is the relying party. Make it with [New]. It is safe for concurrent use.
type App struct {
	issuer   string
	policy   string // Content-Security-Policy of every page
	http     *http.Client
	log      *slog.Logger
	sides    [2]*side
	handler  http.Handler
	mu       sync.Mutex // guards provider
	provider *oidc.Provider
}

// A side is one of the two clients, with pages and sessions of its own.
type side struct {
	app      *App
	other    *side
	path     string // "" or "/second"
	url      string
	client   Client
	cookie   string
	sessions *sessions
}

// New makes an App. It asks the provider nothing until somebody logs in.
func New(c Config) (*App, error) {
	u, err := url.Parse(c.URL)
	if err != nil || u.Host == "" || u.Path != "" {
		return nil, fmt.Errorf("demo app: %q is not an address", c.URL)
	}
	issuer, err := url.Parse(c.Issuer)
	if err != nil || issuer.Host == "" {
		return nil, fmt.Errorf("demo app: %q is not an issuer", c.Issuer)
	}
	a := &App{
		issuer: c.Issuer,
		// The provider's origin, because Chromium holds the redirect after a form's
		// answer to form-action too, and the logout is such a one.
		policy: "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; frame-ancestors 'none'; " +
			"form-action 'self' " + issuer.Scheme + "://" + issuer.Host,
		http: cmp.Or(c.HTTP, &http.Client{Timeout: 30 * time.Second}),
		log:  cmp.Or(c.Log, slog.New(slog.DiscardHandler)),
	}
	for i, client := range []Client{c.First, c.Second} {
		path := []string{"", "/second"}[i]
		a.sides[i] = &side{
			app: a, path: path, url: c.URL + path, client: client,
			// The port, so that two demos on one host do not end each other's sessions.
			cookie:   fmt.Sprintf("demo-app-%s-%d", cmp.Or(u.Port(), "80"), i+1),
			sessions: newSessions(),
		}
	}
	a.sides[0].other, a.sides[1].other = a.sides[1], a.sides[0]
	a.handler = a.routes()
	return a, nil
}

// RedirectURIs are the callbacks of the first and the second client.
func (a *App) RedirectURIs() [2]string {
	return [2]string{a.sides[0].callback(), a.sides[1].callback()}
}

// PostLogoutURIs are where the browser comes back to from a logout at the provider,
// for the first and the second client.
func (a *App) PostLogoutURIs() [2]string {
	return [2]string{a.sides[0].goodbye(), a.sides[1].goodbye()}
}

// BackchannelURIs are where the first and the second client take notices of a logout.
func (a *App) BackchannelURIs() [2]string {
	return [2]string{a.sides[0].url + "/backchannel", a.sides[1].url + "/backchannel"}
}

// Handler serves the app.
func (a *App) Handler() http.Handler { return a.handler }

func (s *side) callback() string { return s.url + "/callback" }

func (s *side) goodbye() string { return s.url + "/signedout" }

func (a *App) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /style.css", serve("text/css; charset=utf-8", styleText))
	mux.HandleFunc("GET /icon.svg", serve("image/svg+xml", iconText))
	for _, s := range a.sides {
		mux.HandleFunc("GET "+s.path+"/{$}", s.home)
		mux.HandleFunc("GET "+s.path+"/login", s.login)
		mux.HandleFunc("GET "+s.path+"/callback", s.finish)
		mux.HandleFunc("POST "+s.path+"/refresh", s.refresh)
		mux.HandleFunc("POST "+s.path+"/logout", s.logout)
		mux.HandleFunc("POST "+s.path+"/signout", s.signOut)
		mux.HandleFunc("GET "+s.path+"/signedout", s.signedOut)
		mux.HandleFunc("POST "+s.path+"/backchannel", s.backchannel)
	}
	// It lets through what no browser sends, such as the provider's notices: those have
	// neither Origin nor Sec-Fetch-Site.
	guarded := http.NewCrossOriginProtection().Handler(mux)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, 16<<10)
		h := w.Header()
		h.Set("Content-Security-Policy", a.policy)
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Cache-Control", "no-store")
		guarded.ServeHTTP(w, r)
	})
}

// discover asks the provider for its metadata, once it works.
func (a *App) discover(ctx context.Context) (*oidc.Provider, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.provider != nil {
		return a.provider, nil
	}
	// The provider keeps the context for its key set, which outlives the request.
	p, err := oidc.NewProvider(oidc.ClientContext(context.WithoutCancel(ctx), a.http), a.issuer)
	if err != nil {
		return nil, fmt.Errorf("asking the provider for its metadata: %w", err)
	}
	a.provider = p
	return p, nil
}

func (s *side) oauth(p *oidc.Provider) *oauth2.Config {
	return &oauth2.Config{
		ClientID: s.client.ID, ClientSecret: s.client.Secret, Endpoint: p.Endpoint(),
		RedirectURL: s.callback(), Scopes: scopes,
	}
}
