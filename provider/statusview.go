package provider

import (
	"cmp"
	"context"
	"time"
)

// A StatusView is how the hall stands.
type StatusView struct {
	Draining bool          `json:"draining"`
	Clients  int           `json:"clients"`
	Held     int           `json:"hints_held"` // events that wait, of all organisations
	Leavers  []LeaversView `json:"leavers"`    // of each organisation, as configured
}

// A LeaversView is how the search for one organisation's leavers stands. Times are UTC, and left
// out where there is none.
type LeaversView struct {
	CorpID     string        `json:"corp_id"`
	SweepEvery time.Duration `json:"-"` // less than zero: never by itself
	Complete   time.Time     `json:"swept,omitzero"`
	Sweeping   bool          `json:"sweeping,omitempty"`
	Began      time.Time     `json:"sweep_began,omitzero"` // that is under way, or was cut off
	Missed     time.Time     `json:"hints_lost,omitzero"`  // and not made good for yet
	DryRun     bool          `json:"dry_run,omitempty"`
	Brake      BrakeView     `json:"brake"`
	// Fault is why the rest is not known.
	Fault string `json:"fault,omitempty"`
}

// Draining tells whether readiness fails by now.
func (p *Provider) Draining() bool { return p.draining.Load() }

// Status tells how the hall stands. What storage does not tell is a fault in it.
func (p *Provider) Status(ctx context.Context) StatusView {
	v := StatusView{Draining: p.Draining(), Held: p.leavers.Held(), Leavers: []LeaversView{}}
	for range p.Clients.All() {
		v.Clients++
	}
	for _, o := range p.Organisations {
		one := LeaversView{CorpID: o.CorpID, SweepEvery: p.leavers.SweepEvery, DryRun: p.leavers.DryRun}
		status, err := p.leavers.Status(ctx, o.CorpID)
		if err == nil {
			one.Complete, one.Sweeping, one.Began, one.Missed = utc(status.Complete), status.Sweeping, utc(status.Began), utc(status.Missed)
			one.Brake, err = p.Brake(ctx, o.CorpID)
		}
		if err != nil {
			one.Fault = err.Error()
		}
		one.Brake.CorpID = cmp.Or(one.Brake.CorpID, o.CorpID)
		v.Leavers = append(v.Leavers, one)
	}
	return v
}

// utc is a time in UTC; no time stays none.
func utc(t time.Time) time.Time {
	if t.IsZero() {
		return t
	}
	return t.UTC()
}
