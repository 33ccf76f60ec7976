package grants

import (
	"cmp"
	"errors"
	"time"

	"github.com/dingbridge/dingbridge/keys/secret"
	"github.com/dingbridge/dingbridge/storage"
)

// The reasons for which a code or token opens nothing. All of them are
// `invalid_grant` or `invalid_token` to the client, which is told no more.
var (
	// ErrInvalid: not ours, unknown, expired, or ended before.
	ErrInvalid = errors.New("not valid")
	// ErrWrongClient: authentic, but another client's.
	ErrWrongClient = errors.New("issued to another client")
	// ErrMismatch: authentic and this client's, but the redirect URI or the PKCE
	// verifier is not the one it was issued for.
	ErrMismatch = errors.New("redirect URI or verifier differs")
	// ErrReused: a spent code or refresh token was shown again, and the grant was
	// ended for it.
	ErrReused = errors.New("used before; the grant was ended")
	// ErrSuperseded: a spent refresh token whose successor is already used, shown
	// within the leeway; nothing was ended.
	ErrSuperseded = errors.New("its successor is already used")
)

// Lives are the spans for which things live. Zero fields take those of defaultLives.
type Lives struct {
	Code            time.Duration // an authorization code
	Access          time.Duration // an access token
	RefreshIdle     time.Duration // a refresh token that is not used
	RefreshAbsolute time.Duration // a family, however often it is used
	Leeway          time.Duration // how long a spent refresh token yields its successor again
	LeewayUses      int           // how often, at the most
}

// defaultLives are the lives of a Ledger that is told none.
var defaultLives = Lives{
	Code:            time.Minute,
	Access:          10 * time.Minute,
	RefreshIdle:     14 * 24 * time.Hour,
	RefreshAbsolute: 90 * 24 * time.Hour,
	Leeway:          30 * time.Second,
	LeewayUses:      100,
}

func (l Lives) withDefaults() Lives {
	d := defaultLives
	return Lives{
		Code:            cmp.Or(l.Code, d.Code),
		Access:          cmp.Or(l.Access, d.Access),
		RefreshIdle:     cmp.Or(l.RefreshIdle, d.RefreshIdle),
		RefreshAbsolute: cmp.Or(l.RefreshAbsolute, d.RefreshAbsolute),
		Leeway:          cmp.Or(l.Leeway, d.Leeway),
		LeewayUses:      cmp.Or(l.LeewayUses, d.LeewayUses),
	}
}

// Config is what a Ledger needs. Store and Secrets are required.
type Config struct {
	Store   storage.Store
	Secrets *secret.List
	Lives   Lives
}

// A Ledger issues, redeems and ends grants. It holds no state of its own and is
// safe for concurrent use.
type Ledger struct {
	store                  storage.Store
	lives                  Lives
	secrets                *secret.List
	codes, access, refresh *secret.Tokens
}

// New makes a Ledger.
func New(c Config) *Ledger {
	return &Ledger{
		store:   c.Store,
		lives:   c.Lives.withDefaults(),
		secrets: c.Secrets,
		codes:   c.Secrets.Tokens("code"),
		access:  c.Secrets.Tokens("access"),
		refresh: c.Secrets.Tokens("refresh"),
	}
}

// secret names the secret that issues now.
func (l *Ledger) secret() string {
	_, name := l.secrets.First()
	return name
}
