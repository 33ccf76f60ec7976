package simulator

import (
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// Anyone is the value of [Config.As] and [Simulator.ApproveAs] under which
// every login is approved at once, each by the next member in turn: by those
// invented ([Config.Extra]) where there are any, else by those of the company.
// Load tests use it, because a thousand logins of one person exercise one
// cache line and not a directory.
const Anyone = "any"

// Config describes a simulator. Its zero value is the company of
// company.yaml, a login page on which one picks who scans, and the real clock.
type Config struct {
	// Company is who works there; nil means [DefaultCompany]. It is copied.
	Company *Company
	// As is the userid that approves every login at once, or [Anyone].
	// Empty means that the login page asks.
	As string
	// Extra is how many invented members to add, as [Simulator.Grow] does.
	Extra int
	// RefuseOutsiders makes the login page stop people who are not in the
	// organisation with DingTalk's error 11055, as the real page does for an
	// internal app. By default they are let through, so that the relying
	// party's own membership check is the thing under test.
	RefuseOutsiders bool
	// AnyBrowserIsClient sets the variant client to any: every browser is taken
	// for DingTalk's client, as a demonstration in an ordinary one needs.
	AnyBrowserIsClient bool
	// LogSize is how many calls are remembered for [Simulator.Calls]: zero
	// means 1000, less than zero means none.
	LogSize int
	// Log receives one debug line per call; nil discards. No secret is logged.
	Log *slog.Logger
	// Now is the clock below the controllable one; nil means [time.Now].
	Now func() time.Time
}

// Simulator is DingTalk for one company: the login pages, both API families
// and the controls. Its methods may be called from any goroutine.
type Simulator struct {
	cfg     Config
	company *Company // as given; Reset returns to it
	log     *slog.Logger
	handler http.Handler

	offset atomic.Int64 // nanoseconds that the clock was advanced by

	mu     sync.Mutex // serialises changes of app, scan, as, added and variants
	app    atomic.Pointer[App]
	scan   atomic.Pointer[ScanApp] // its zero value: there is none
	as     atomic.Pointer[string]
	holder atomic.Pointer[string] // userid of who is logged in to the client; empty: not told
	added  []string               // redirect URLs that survive Reset
	turn   atomic.Uint64
	strict atomic.Bool // refuse outsiders at the login page

	variants atomic.Pointer[map[string]string]
	loopback atomic.Bool // every address of this machine counts as registered; survives Reset

	stream *stream
	staff  *staff
	vault  *vault
	faults faults
	calls  recorder
	limits limiter
	meter  meter
	nobody *staff // the organisation without people, for the variant directory
}

// New returns a simulator of cfg. The error names every fault of the company
// ([*CompanyError]) or the userid of As that nobody has.
func New(cfg Config) (*Simulator, error) {
	if cfg.Company == nil {
		cfg.Company = DefaultCompany()
	}
	company := cfg.Company.clone()
	if err := company.check(nil); err != nil {
		return nil, fmt.Errorf("check company: %w", err)
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	s := &Simulator{cfg: cfg, company: company, log: cfg.Log, staff: &staff{}, nobody: &staff{}, vault: newVault()}
	s.nobody.fill(&Company{CorpID: company.CorpID, Name: company.Name}, 0)
	s.stream = newStream(s)
	s.handler = s.routes()
	s.Reset()
	if err := s.ApproveAs(cfg.As); err != nil {
		return nil, err
	}
	return s, nil
}

// Handler serves DingTalk's three hosts and its script host on one address
// (their paths do not collide) and the controls under /control/.
func (s *Simulator) Handler() http.Handler { return s.handler }

// Now is the simulated time.
func (s *Simulator) Now() time.Time {
	return s.cfg.Now().Add(time.Duration(s.offset.Load()))
}

// Advance moves the simulated clock forward by d; codes and tokens age with
// it. A clock that ran backwards would revive the dead, so a negative d is
// refused.
func (s *Simulator) Advance(d time.Duration) error {
	if d < 0 {
		return fmt.Errorf("advance clock: %v is negative", d)
	}
	s.offset.Add(int64(d))
	return nil
}

// Reset brings back the state after [New]: people, app, clock, no codes,
// tokens, tickets, events, faults or remembered calls. Connections of Stream mode stay
// open, and redirect URLs from
// [Simulator.AddRedirectURLs] and [Simulator.RegisterLoopback] stay, because they belong to the program that
// embeds the simulator and not to the test that steers it.
func (s *Simulator) Reset() {
	s.mu.Lock()
	defer s.mu.Unlock()
	app := s.company.App.clone()
	app.RedirectURLs = append(app.RedirectURLs, s.added...)
	s.app.Store(&app)
	scan := s.company.ScanApp.clone()
	scan.RedirectURLs = append(scan.RedirectURLs, s.added...)
	s.scan.Store(&scan)
	as, holder := s.cfg.As, ""
	s.as.Store(&as)
	s.holder.Store(&holder)
	s.resetVariants()
	s.turn.Store(0)
	s.strict.Store(s.cfg.RefuseOutsiders)
	s.offset.Store(0)
	s.staff.fill(s.company, s.cfg.Extra)
	s.vault.empty()
	s.stream.reset()
	s.faults.clear()
	s.limits.clear()
	s.meter.clear()
	s.calls.size(s.cfg.LogSize)
}
