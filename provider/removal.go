package provider

import (
	"context"
	"time"

	"github.com/dingbridge/dingbridge/provider/audit"
	"github.com/dingbridge/dingbridge/provider/leavers"
	"github.com/dingbridge/dingbridge/provider/people"
)

// happened says what became of a person beside what a request asked for. It is where a
// removal, whatever led to it, is told to the apps: once, by the replica that wrote it.
func (p *Provider) happened(ctx context.Context, h people.Happening) {
	e := audit.Event{Subject: string(h.Subject), CorpID: h.CorpID, Way: string(h.Cause.Source), EventID: h.Cause.Event, Reason: h.Reason}
	switch h.Kind {
	case people.Removed:
		e.Name, e.Count = audit.PersonRemoved, p.tellAll(ctx, h.Subject)
		if !h.Cause.At.IsZero() {
			e.Duration = time.Since(h.Cause.At)
		}
	case people.RemovalWithheld:
		e.Name = audit.RemovalWithheld
		if h.Cause.DryRun && h.Reason == "dry_run" {
			e.Name, e.Reason = audit.RemovalForeseen, ""
		}
	case people.BrakeEngaged:
		e = audit.Event{Name: audit.BrakeEngaged, CorpID: h.CorpID, Reason: h.Reason, Count: h.Count}
	case people.EmailWithheld:
		e = audit.Event{Name: audit.EmailWithheld, Subject: string(h.Subject), Other: string(h.Other), CorpID: h.CorpID}
	case people.UserIDReused:
		e = audit.Event{Name: audit.UserIDReused, Subject: string(h.Subject), Other: string(h.Other), CorpID: h.CorpID}
	}
	p.Audit.Record(ctx, e)
}

// tellAll sends a notice for every session of a person to every client that was entered with
// it, and tells how many. It happens once, so that whoever led to it may have gone away.
func (p *Provider) tellAll(ctx context.Context, s people.Subject) int {
	raw, ok := s.Raw()
	if !ok {
		return 0
	}
	ctx = context.WithoutCancel(ctx)
	entered := p.sessions.FetchEntered(raw)
	_ = p.Store.Together(ctx, entered) // notify tells what the op's error means
	return p.notify(ctx, raw, nil, entered)
}

// swept says what became of a sweep.
func (p *Provider) swept(ctx context.Context, r leavers.Report) {
	e := audit.Event{Name: audit.SweepStarted, CorpID: r.CorpID, Way: r.Why}
	if !r.Begins {
		e.Name, e.Count, e.Duration, e.Err = audit.SweepFinished, r.Asked, r.Took, r.Err
		e.Reason = "complete"
		switch {
		case r.Err != nil:
			e.Reason = "stopped"
		case r.DryRun:
			e.Reason = "dry_run"
		}
	}
	p.Audit.Record(ctx, e)
}

// Run looks after leavers and after this replica's share of DingTalk's limits until ctx ends,
// and returns when nothing is under way.
func (p *Provider) Run(ctx context.Context) { p.sweeps.run(ctx, p.leavers.Run) }

// Hint takes an event of DingTalk that names people by their userIds. False: there is no room,
// let it be delivered again.
func (p *Provider) Hint(corpID string, userIDs []string, eventID string) bool {
	return p.leavers.Hint(corpID, userIDs, eventID)
}

// Left is Hint for an event that says that the people have left: it goes before all others.
func (p *Provider) Left(corpID string, userIDs []string, eventID string) bool {
	return p.leavers.Left(corpID, userIDs, eventID)
}

// Missed says that hints about people of an organisation were lost, so that everybody is to be
// asked about.
func (p *Provider) Missed(corpID string) { p.leavers.Missed(corpID) }

// DepartmentsChanged takes an event that says that an organisation's tree has changed.
func (p *Provider) DepartmentsChanged(corpID string) { p.people.ForgetDepartments(corpID) }

// Listening says that events of an organisation are heard from now on.
func (p *Provider) Listening(corpID string) { p.leavers.Connected(corpID) }
