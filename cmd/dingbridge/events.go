package main

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/dingbridge/dingbridge/cmd/dingbridge/internal/config"
	"github.com/dingbridge/dingbridge/dingtalk/stream"
	"github.com/dingbridge/dingbridge/provider/audit"
	"github.com/dingbridge/dingbridge/provider/fleet"
)

// leaves is the event that comes when people leave, beside all those that come when
// something about them has changed.
const leaves = "user_leave_org"

// An ear hears the events of one organisation.
type ear struct{ config stream.Config }

func newEar(d config.DingTalk, o config.Organisation, secret string, log *slog.Logger) ear {
	return ear{stream.Config{API: d.EndpointsOf(o).API, CorpID: o.CorpID, ClientID: o.ClientID, ClientSecret: secret, Log: log.With("organisation", o.CorpID)}}
}

// hear takes the events of every organisation until ctx ends. An event is a hint, and the
// provider looks into it.
func (h *house) hear(ctx context.Context) {
	var all sync.WaitGroup
	for _, e := range h.materials.ears {
		c := e.config
		c.Handle = func(_ context.Context, event stream.Event) bool { return h.heard(c.CorpID, event) }
		c.Connected = func() { h.provider.Listening(c.CorpID) }
		l := &hearing{corpID: c.CorpID, audit: h.materials.audit}
		c.Observe = l.note
		var err error
		if l.client, err = stream.New(c); err != nil {
			h.materials.log.Error("the events of DingTalk cannot be heard", "corp_id", c.CorpID, "error", err)
			continue
		}
		h.materials.telemetry.Stream(c.CorpID, func() bool { return l.client.Status().Connected })
		h.mu.Lock()
		h.listening = append(h.listening, l)
		h.mu.Unlock()
		all.Go(func() { l.client.Run(ctx) })
	}
	all.Wait()
}

// heard takes an event of an organisation. False: let it be delivered again.
func (h *house) heard(corpID string, event stream.Event) bool {
	if event.Departments {
		h.provider.DepartmentsChanged(corpID)
	}
	if event.Partial {
		h.provider.Missed(corpID)
	}
	if event.Type == leaves {
		return h.provider.Left(corpID, event.UserIDs, event.ID)
	}
	return h.provider.Hint(corpID, event.UserIDs, event.ID)
}

// A hearing is an ear at work. What becomes of its connections is noted one after another;
// what becomes of events, at any time.
type hearing struct {
	corpID string
	audit  audit.Sink
	client *stream.Client
	tries  int          // that failed since there was a connection
	since  time.Time    // of the connection that stands
	last   atomic.Int64 // when there was an event of the organisation, Unix milliseconds
}

// hearings are those that have begun.
func (h *house) hearings() []*hearing {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.listening)
}

// note tells the audit trail what became of the connection, and what was not heeded. Of the
// tries that fail one after another the first is told.
func (l *hearing) note(o stream.Outcome, event stream.Event) {
	e := audit.Event{CorpID: l.corpID, EventID: event.ID, Call: event.Type}
	switch o {
	case stream.Handled, stream.Later, stream.Repeated:
		l.last.Store(time.Now().UnixMilli())
		return
	case stream.Connected:
		e = audit.Event{Name: audit.StreamConnected, CorpID: l.corpID, Count: l.tries + 1, Duration: l.client.Status().Gap}
		l.tries, l.since = 0, time.Now()
	case stream.Failed, stream.Lost:
		e = audit.Event{Name: audit.StreamLost, CorpID: l.corpID, Reason: string(o)}
		if o == stream.Lost {
			e.Duration = time.Since(l.since)
		} else if l.tries++; l.tries > 1 {
			return
		}
		if last := l.client.Status().LastError; last != "" {
			e.Err = errors.New(last)
		}
	case stream.Refused:
		e.Name, e.Reason = audit.EventRefused, "other_organisation"
	case stream.Unreadable:
		e.Name, e.Reason = audit.EventRefused, "unreadable"
	default:
		return
	}
	l.audit.Record(context.Background(), e)
}

// newMember makes what keeps this replica to its part of what DingTalk grants to all of them.
func newMember(m *materials) *fleet.Member {
	c := fleet.Config{Store: m.store, Whole: float64(m.config.Limits.DingTalkCallsPerSecond), Log: m.log, Share: func(perSecond float64) {
		for _, upstream := range m.upstreams {
			upstream.Pace(perSecond)
		}
	}}
	if m.config.Storage.Scheme() == "bolt" {
		c.Store = nil // no second process can open the file
	}
	return fleet.New(c)
}
