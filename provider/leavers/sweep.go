package leavers

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/dingbridge/dingbridge/dingtalk"
	"github.com/dingbridge/dingbridge/provider/people"
)

const (
	batch   = 25 // people read in one trip
	atOnce  = 8  // people asked about at once
	settled = 5 * time.Minute
	look    = time.Minute // between two looks whether a sweep is due
	overlap = 10 * time.Minute
	longest = 300 * 24 * time.Hour // that DingTalk's list of leavers is read back
	respite = 5 * time.Minute      // after a sweep that had to stop
)

// A Report says what a sweep did.
type Report struct {
	CorpID   string
	Why      string // schedule, connected, hand
	DryRun   bool
	Known    int // people who are members as far as we knew
	Asked    int // about whom the directory gave an answer
	Gone     []people.Subject
	Withheld int // called gone, and not removed
	Unclear  int // no answer
	Took     time.Duration
	Err      error // why it did not come to its end
	Begins   bool  // it begins; the rest is not known yet
}

// Connected says that events of an organisation are heard from now on; those from before may
// have been lost.
func (w *Watch) Connected(corpID string) { w.orderSweep(corpID, "connected") }

// SweepSoon orders a sweep.
func (w *Watch) SweepSoon(corpID string) { w.orderSweep(corpID, "hand") }

func (w *Watch) orderSweep(corpID, why string) {
	select {
	case w.sweeps[corpID] <- why:
	default: // one is ordered already
	}
}

// keepSweeping catches up when events are heard again, and sweeps when it is time.
func (w *Watch) keepSweeping(ctx context.Context, corpID string) {
	if known, err := w.People.Everyone(ctx, corpID); err == nil {
		if state, err := w.People.Braked(ctx, corpID); err == nil && state.Known == 0 && len(known) > 0 {
			_ = w.People.Counted(ctx, corpID, len(known)) // until a sweep knows better
		}
	}
	every := time.NewTicker(look)
	defer every.Stop()
	ordered := false // by hand, while another replica swept, which had been past some by then
	for stopped := (time.Time{}); ; {
		why := "schedule"
		select {
		case <-ctx.Done():
			return
		case why = <-w.sweeps[corpID]:
		case <-every.C:
			if ordered {
				why = "hand"
			}
		}
		if why == "connected" && w.catchUp(ctx, corpID) || why == "schedule" && !stopped.IsZero() && time.Since(stopped) < respite {
			continue
		}
		stopped = time.Time{}
		mine, err := w.sweepIfDue(ctx, corpID, why)
		if err != nil {
			stopped = time.Now()
		}
		ordered = !mine && (ordered || why == "hand")
	}
}

// catchUp makes hints of DingTalk's own list of leavers since it was last read. False: the
// list is not to be had, and everybody has to be asked about.
func (w *Watch) catchUp(ctx context.Context, corpID string) bool {
	t, err := w.readTurn(ctx, corpID)
	if err != nil || t.Caught == 0 {
		return false
	}
	until := time.Now()
	since := time.UnixMilli(t.Caught).Add(-overlap)
	if until.Sub(since) > longest || until.Before(since) {
		return false
	}
	full := false
	err = w.Organisations[corpID].Leavers(dingtalk.InSweep(ctx), since, until, func(userID string, _ time.Time) error {
		if !w.add(subject{corpID: corpID, userID: userID}, hint{why: people.Cause{Source: people.FromSweep}, urgent: true}) {
			full = true
		}
		return nil
	})
	if err != nil || full {
		w.Log.InfoContext(ctx, "DingTalk's list of leavers cannot be read, so everybody is asked about", "corp_id", corpID, "error", err)
		return false
	}
	_, _, err = w.change(ctx, corpID, t, func(r *turnRecord) { r.Caught = max(r.Caught, until.UnixMilli()) })
	return err == nil
}

// sweepIfDue sweeps, or goes on with a sweep that was cut off, unless another replica does.
// The error is why it had to stop. Not mine: it has not begun.
func (w *Watch) sweepIfDue(ctx context.Context, corpID, why string) (mine bool, stopped error) {
	w.mu.Lock()
	missed := w.missed[corpID]
	w.mu.Unlock()
	t, mine, err := w.claim(ctx, corpID, func(t turn) bool {
		age := time.Since(time.UnixMilli(t.Done))
		switch {
		case why == "hand":
			return true
		case why == "connected", !missed.IsZero() && missed.UnixMilli() >= t.Swept, t.Missed != 0:
			return age > settled || age < 0
		}
		return w.SweepEvery > 0 && (age >= w.SweepEvery || age < 0)
	})
	if err != nil {
		w.Log.WarnContext(ctx, "cannot tell whose turn it is to sweep", "corp_id", corpID, "error", err)
	}
	if !mine {
		return false, nil
	}
	w.tell(ctx, Report{CorpID: corpID, Why: why, DryRun: w.DryRun, Begins: true})
	leased, end := context.WithCancelCause(ctx)
	var holding sync.WaitGroup
	holding.Go(func() { w.hold(leased, corpID, end) })
	report := w.sweep(leased, corpID, time.UnixMilli(t.Began), w.DryRun)
	end(nil)
	holding.Wait()
	report.Why = why
	if report.Err == nil {
		report.Err = w.keep(ctx, corpID, func(r *turnRecord) {
			lost := r.Missed
			if lost < r.Began {
				lost = 0
			}
			*r = turnRecord{Format: format, Done: time.Now().UnixMilli(), Swept: r.Began, Caught: max(r.Began, r.Caught), Missed: lost}
		})
	}
	w.tell(ctx, report)
	return true, report.Err
}

// Sweep asks about everybody of an organisation now, whoever else does. With dryRun it removes
// nobody and says who would be.
func (w *Watch) Sweep(ctx context.Context, corpID string, dryRun bool) Report {
	if w.Organisations[corpID] == nil {
		return Report{CorpID: corpID, Err: errors.New("the organisation is not configured")}
	}
	report := w.sweep(ctx, corpID, time.Now(), dryRun)
	report.Why = "hand"
	w.tell(ctx, report)
	return report
}

func (w *Watch) tell(ctx context.Context, r Report) {
	if w.Tell != nil {
		w.Tell(ctx, r)
	}
}

// errUndecided stops a sweep: to go on would only load a directory that is in trouble.
var errUndecided = errors.New("the directory cannot decide about anybody")

// sweep asks about everybody who was not asked about since began. It ends early when ctx does,
// or the directory is of no use.
func (w *Watch) sweep(ctx context.Context, corpID string, began time.Time, dryRun bool) (report Report) {
	report = Report{CorpID: corpID, DryRun: dryRun}
	start := time.Now()
	defer func() { report.Took = time.Since(start) }()
	everyone, err := w.People.Everyone(ctx, corpID)
	if err != nil {
		report.Err = err
		return report
	}
	why := people.Cause{Source: people.FromSweep, DryRun: dryRun}
	var mu sync.Mutex
	decided, skipped := 0, 0 // people
	note := func(p people.Person, err error) {
		mu.Lock()
		defer mu.Unlock()
		switch {
		case err == nil:
			report.Asked++
			decided++
		case errors.Is(err, people.ErrGone):
			report.Asked++
			decided++
			report.Gone = append(report.Gone, p.Subject)
		case errors.Is(err, people.ErrWithheld):
			report.Asked++
			report.Withheld++
			if dryRun {
				decided++
				report.Gone = append(report.Gone, p.Subject)
			}
		default:
			report.Unclear++
		}
	}
	for len(everyone) > 0 && report.Err == nil {
		n := min(batch, len(everyone))
		list, err := w.People.Load(ctx, everyone[:n]...)
		everyone = everyone[n:]
		if err != nil {
			report.Err = err
			break
		}
		before, asked := decided, 0
		room := make(chan struct{}, atOnce)
		var all sync.WaitGroup
		for _, p := range list {
			if p.Gone {
				continue
			}
			report.Known++
			if !dryRun && p.CheckedAt.After(began) && !p.CheckedAt.After(time.Now()) {
				skipped++
				continue
			}
			asked++
			room <- struct{}{}
			all.Go(func() {
				defer func() { <-room }()
				_, err := w.People.Recheck(dingtalk.InSweep(ctx), p, why)
				note(p, err)
			})
		}
		all.Wait()
		switch {
		case ctx.Err() != nil:
			report.Err = context.Cause(ctx)
		case decided == before && asked >= batch/2:
			report.Err = errUndecided
		}
	}
	if report.Err == nil && decided+skipped == 0 && report.Withheld+report.Unclear > 0 {
		report.Err = errUndecided
	}
	if report.Err == nil && !dryRun {
		report.Err = w.People.Counted(ctx, corpID, report.Known-len(report.Gone))
	}
	return report
}
