package people

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"

	"github.com/dingbridge/dingbridge/dingtalk"
	"github.com/dingbridge/dingbridge/keys/secret"
	"github.com/dingbridge/dingbridge/storage"
)

// Errors of a [Registry]. Whatever else it returns wraps storage.ErrUnknown.
var (
	// ErrUnknownPerson: there is positively no record.
	ErrUnknownPerson = errors.New("unknown person")
	// ErrGone: the directory has positively said that the person is not ours any
	// more. The epoch has been raised.
	ErrGone = errors.New("person is gone")
	// ErrEnded: the epoch was raised while we asked; what the caller holds is void.
	ErrEnded = errors.New("person's sessions and grants were ended")
	// ErrCannotDecide: the last answer is too old and the directory cannot say.
	// Answer 503 and end nothing. It wraps the directory's error.
	ErrCannotDecide = errors.New("directory cannot decide")
	// ErrRecord: the stored record is strange. Answer 503 and end nothing.
	ErrRecord = errors.New("strange person record")
	// ErrContradiction: the answers given to Welcome do not belong together.
	ErrContradiction = errors.New("directory answers contradict")
	// ErrBlocked: an administrator has blocked the person.
	ErrBlocked = errors.New("person is blocked")
)

// A Directory says who is in an organisation; *dingtalk.Client is one. It is safe
// for concurrent use and bounds its own time.
type Directory interface {
	// Member finds an employee by unionId, Lookup by userId.
	Member(ctx context.Context, unionID string) (dingtalk.Member, error)
	Lookup(ctx context.Context, userID string) (dingtalk.Member, error)
	// Parents tells the way from each of an employee's departments to the root.
	Parents(ctx context.Context, userID string) ([][]int64, error)
	// Anybody finds an employee, whoever it is: proof that the directory is not empty.
	Anybody(ctx context.Context) (userID string, err error)
	// FormerUnionID tells what an account's unionId was before its migration.
	FormerUnionID(ctx context.Context, unionID string) (string, error)
}

// An Organisation is one whose people may log in.
type Organisation struct {
	// Directory is asked about this organisation's people and no other's; needed.
	Directory Directory
	// App names the app that asks, by its client id. When it changes, what the new one
	// says removes nobody until it has vouched for somebody who was known before.
	App string
	// EmailDomains are those that an e-mail claim of its people may have, in lower
	// case, each without its subdomains. None: no e-mail claims.
	EmailDomains []string
	// VerifiedEmailDomains are those for which the operator vouches that an
	// organisation mailbox belongs to its person. Here they need no mention among
	// EmailDomains; a configuration file has to name them in both. No other
	// organisation may have them in either list.
	VerifiedEmailDomains []string
}

// A Config says what a [Registry] stands on. Store, Secrets and Organisations are
// needed.
type Config struct {
	Store         storage.Store
	Secrets       *secret.List
	Organisations map[string]Organisation // by corpId
	// RecheckAfter is how old a directory answer may be; 0 is 10 minutes.
	RecheckAfter time.Duration
	// MaxStale is how old it may be while the directory cannot decide; 0 is 1 hour.
	MaxStale time.Duration
	// EmailSources in order of preference; none is SourceOrgEmail alone.
	EmailSources []string
	// UsernameSources in order of preference; none is SourceUserID alone.
	UsernameSources []string
	// ReservedUsernames beside the built-in ones.
	ReservedUsernames []string
	// SubstituteEmailDomain is where made-up addresses are, for clients that want one for
	// whoever has none; a domain that the organisation owns. None: there are none.
	SubstituteEmailDomain string
	Brake                 Brake
	// Tell is told what happens beside what was asked; it must not block for long.
	Tell func(context.Context, Happening)
	Log  *slog.Logger // nil is silent
}

// A Registry keeps the people. It is safe for concurrent use.
type Registry struct {
	store         storage.Store
	secrets       *secret.List
	sealer        *secret.Sealer
	organisations map[string]*organisation // by corpId
	recheckAfter  time.Duration
	maxStale      time.Duration
	emails        map[string]emailPolicy // by corpId
	substitute    string                 // domain of made-up addresses
	usernames     usernamePolicy
	brake         Brake
	tell          func(context.Context, Happening)
	log           *slog.Logger
	flights       singleflight.Group
	ahead         chan struct{} // rechecks that nobody waits for
	renewing      sync.Map      // whose those are
	kept          kept
	recall        recall
}

// organisation is an Organisation, and what is remembered of its directory.
type organisation struct {
	corpID    string
	directory Directory
	app       string
	chains    chains
	witness   witness
	counting  sync.Mutex // of removals
}

// New checks the configuration and makes a registry. It asks nobody anything.
func New(c Config) (*Registry, error) {
	if c.Store == nil || c.Secrets == nil || len(c.Organisations) == 0 {
		return nil, errors.New("people: store, secrets and at least one organisation are needed")
	}
	r := &Registry{
		store: c.Store, secrets: c.Secrets, sealer: c.Secrets.Sealer("person"), organisations: make(map[string]*organisation, len(c.Organisations)),
		recheckAfter: cmp.Or(c.RecheckAfter, 10*time.Minute),
		substitute:   c.SubstituteEmailDomain,
		brake:        c.Brake.withDefaults(),
		tell:         c.Tell,
		log:          cmp.Or(c.Log, slog.New(slog.DiscardHandler)),
		ahead:        make(chan struct{}, mostAhead),
	}
	r.maxStale = cmp.Or(c.MaxStale, max(time.Hour, r.recheckAfter))
	if r.recheckAfter < 0 || r.maxStale < r.recheckAfter {
		return nil, fmt.Errorf("people: recheck_after (%v) must be positive and max_stale (%v) no shorter", r.recheckAfter, r.maxStale)
	}
	for corpID, o := range c.Organisations {
		if !plausibleIDs(corpID) || strings.Contains(corpID, ":") || o.Directory == nil {
			return nil, fmt.Errorf("people: organisation %q has no corpId or no directory", corpID)
		}
		r.organisations[corpID] = &organisation{corpID: corpID, directory: o.Directory, app: o.App, witness: witness{asking: make(chan struct{}, 1)}}
	}
	var err error
	if r.emails, err = newEmailPolicies(c); err != nil {
		return nil, fmt.Errorf("people: %w", err)
	}
	if domain := c.SubstituteEmailDomain; domain != "" {
		if cleanEmail("a@"+domain) != "a@"+domain {
			return nil, fmt.Errorf("people: domain %q for made-up addresses is not a lower-case domain name", domain)
		}
		for corpID, policy := range r.emails {
			if policy.domains[domain] {
				return nil, fmt.Errorf("people: domain %q for made-up addresses is one of real addresses of organisation %s", domain, corpID)
			}
		}
	}
	if r.usernames, err = newUsernamePolicy(c); err != nil {
		return nil, fmt.Errorf("people: %w", err)
	}
	return r, nil
}

// change applies a change to the record of p as it is in the store now, by Swap,
// however many rivals there are. The change returns false if it has nothing to do.
func (r *Registry) change(ctx context.Context, p Person, change func(*Person) bool) (Person, error) {
	for range 16 {
		next := p
		if !change(&next) {
			return p, nil
		}
		op := storage.Swap(key(p.Subject), p.Version, r.writeRecord(next), 0)
		err := r.store.Together(ctx, op)
		if err == nil {
			next.Version = op.Version
			return next, nil
		}
		if !errors.Is(err, storage.ErrConflict) {
			if errors.Is(err, storage.ErrNotFound) {
				return p, ErrUnknownPerson
			}
			return p, fmt.Errorf("write person: %w", err)
		}
		if p, err = r.Read(p.Subject, op); err != nil {
			return p, err
		}
	}
	return p, fmt.Errorf("write person: too many rivals: %w", storage.ErrUnknown)
}

// now is the time to note.
func now() time.Time { return millis(time.Now()) }

// millis is a time no finer than records keep it.
func millis(t time.Time) time.Time { return time.UnixMilli(t.UnixMilli()) }
