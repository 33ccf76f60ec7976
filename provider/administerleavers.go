package provider

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/dingbridge/dingbridge/provider/audit"
	"github.com/dingbridge/dingbridge/provider/leavers"
	"github.com/dingbridge/dingbridge/provider/people"
)

// A BrakeView is the brake on the removals of one organisation. Times are UTC, and left out
// where there is none.
type BrakeView struct {
	CorpID       string `json:"corp_id"`
	Organisation string `json:"organisation,omitempty"`
	// Engaged is since when nobody is removed.
	Engaged time.Time `json:"engaged,omitzero"`
	// Confirmed is until when all removals go on.
	Confirmed time.Time `json:"confirmed,omitzero"`
	Removed   int       `json:"removed"` // within the last hour
	Limit     int       `json:"limit"`   // of those
	Known     int       `json:"known"`   // people, when they were last counted
}

// Brake shows the brake of an organisation; of the only one, if none is named.
func (p *Provider) Brake(ctx context.Context, corpID string) (BrakeView, error) {
	return p.brake(ctx, corpID, p.people.Braked)
}

// ConfirmBrake says that so many people have left indeed: for an hour removals go on whatever
// their number. A sweep is ordered, to find those who were kept.
func (p *Provider) ConfirmBrake(ctx context.Context, by Administrator, corpID string) (BrakeView, error) {
	view, err := p.brake(ctx, corpID, p.people.Confirm)
	if err == nil {
		p.Audit.Record(ctx, audit.Event{Name: audit.BrakeConfirmed, CorpID: view.CorpID, By: string(by), Count: view.Removed})
		p.leavers.SweepSoon(view.CorpID)
	}
	return view, err
}

// ReleaseBrake takes the brake off: removals are counted from none.
func (p *Provider) ReleaseBrake(ctx context.Context, by Administrator, corpID string) (BrakeView, error) {
	view, err := p.brake(ctx, corpID, p.people.Release)
	if err == nil {
		p.Audit.Record(ctx, audit.Event{Name: audit.BrakeReleased, CorpID: view.CorpID, By: string(by), Reason: "by hand"})
	}
	return view, err
}

func (p *Provider) brake(ctx context.Context, corpID string, do func(context.Context, string) (people.BrakeState, error)) (BrakeView, error) {
	o, err := p.onlyOrganisation(corpID)
	if err != nil {
		return BrakeView{}, err
	}
	state, err := do(ctx, o.CorpID)
	if err != nil {
		return BrakeView{}, err
	}
	v := BrakeView{CorpID: o.CorpID, Organisation: o.Name, Removed: len(state.Removals), Limit: state.Limit, Known: state.Known}
	if !state.Engaged.IsZero() {
		v.Engaged = state.Engaged.UTC()
	}
	if state.Confirmed.After(time.Now()) {
		v.Confirmed = state.Confirmed.UTC()
	}
	return v, nil
}

// A SweepView is what a sweep came to.
type SweepView struct {
	CorpID string `json:"corp_id"`
	DryRun bool   `json:"dry_run"`
	// Running: it goes on, and its end is in the audit log.
	Running  bool     `json:"running,omitempty"`
	Known    int      `json:"known"`
	Asked    int      `json:"asked"`    // about whom the directory answered
	Gone     int      `json:"gone"`     // of them; with DryRun those who would be removed
	Subjects []string `json:"subs"`     // of those, the first thousand
	Withheld int      `json:"withheld"` // called gone and, with DryRun or by the brake, not removed
	Unclear  int      `json:"unclear"`  // about whom it did not answer
	Seconds  float64  `json:"seconds"`
	Fault    string   `json:"fault,omitempty"` // why it did not come to its end
}

// sweeps are those that were asked for by hand. They are this process's own, and end with
// [Provider.Run].
type sweeps struct {
	mu      sync.Mutex
	ctx     context.Context // of Run; nil: not running
	running sync.WaitGroup
	under   map[string]*sweep // by corpId
}

type sweep struct {
	dryRun bool
	over   chan struct{}
	report leavers.Report // once over
}

// run lets sweeps be until ctx ends and the last has.
func (s *sweeps) run(ctx context.Context, beside func(context.Context)) {
	s.mu.Lock()
	s.ctx, s.under = ctx, map[string]*sweep{}
	s.mu.Unlock()
	beside(ctx)
	s.mu.Lock()
	s.ctx = nil
	s.mu.Unlock()
	s.running.Wait()
}

// mostNamed is how many of those who are gone a view names.
const mostNamed = 1000

var errNotRunning = errors.New("the server begins or ends; try again when it serves")

// SweepNow asks the directory about everybody of an organisation, and waits for it. With dryRun
// nobody is removed. Where the caller's ctx ends first, or the server is to end, the sweep goes
// on and is audited; there is one at a time.
func (p *Provider) SweepNow(ctx context.Context, by Administrator, corpID string, dryRun bool) (SweepView, error) {
	o, err := p.onlyOrganisation(corpID)
	if err != nil {
		return SweepView{}, err
	}
	s, err := p.beginSweep(ctx, by, o.CorpID, dryRun)
	if err != nil {
		return SweepView{}, err
	}
	select {
	case <-s.over:
		return sweepView(s.report), nil
	case <-ctx.Done():
	case <-p.drained:
	}
	return SweepView{CorpID: o.CorpID, DryRun: dryRun, Running: true, Subjects: []string{}}, nil
}

func (p *Provider) beginSweep(ctx context.Context, by Administrator, corpID string, dryRun bool) (*sweep, error) {
	p.sweeps.mu.Lock()
	defer p.sweeps.mu.Unlock()
	if p.sweeps.ctx == nil || p.sweeps.ctx.Err() != nil {
		return nil, errNotRunning
	}
	if s := p.sweeps.under[corpID]; s != nil {
		if s.dryRun != dryRun {
			return nil, &Refusal{Text: "a sweep of the organisation is under way, of the other kind", Remedy: "wait for sweep.finished in the audit log"}
		}
		return s, nil
	}
	s := &sweep{dryRun: dryRun, over: make(chan struct{})}
	p.sweeps.under[corpID] = s
	p.Audit.Record(ctx, audit.Event{Name: audit.SweepStarted, CorpID: corpID, Way: "hand", By: string(by)})
	own := p.sweeps.ctx
	p.sweeps.running.Go(func() {
		s.report = p.leavers.Sweep(own, corpID, dryRun)
		p.sweeps.mu.Lock()
		delete(p.sweeps.under, corpID)
		p.sweeps.mu.Unlock()
		close(s.over)
	})
	return s, nil
}

func sweepView(r leavers.Report) SweepView {
	v := SweepView{CorpID: r.CorpID, DryRun: r.DryRun, Known: r.Known, Asked: r.Asked, Gone: len(r.Gone), Subjects: []string{}, Withheld: r.Withheld,
		Unclear: r.Unclear, Seconds: r.Took.Seconds()}
	for _, s := range r.Gone[:min(len(r.Gone), mostNamed)] {
		v.Subjects = append(v.Subjects, string(s))
	}
	if r.Err != nil {
		v.Fault = r.Err.Error()
	}
	return v
}
