package audit

import (
	"context"
	"log/slog"
	"time"
)

// Caps of what an event holds, in bytes.
const (
	maxID     = 64  // ids, addresses, reasons
	maxPrefix = 16  // grants and sessions
	maxError  = 400 // error texts
	maxFields = 19  // all fields, the event and the request id
)

// A Log is a Sink that writes JSON lines:
//
//	{"time":"...","level":"INFO","msg":"audit","event":"code.redeemed","request_id":"...","client_id":"grafana","sub":"...","address":"..."}
//
// It is safe for concurrent use.
type Log struct {
	handler slog.Handler
}

// NewLog makes a Sink of a logger, whose handler is best one of [Redact]. Events are
// written whatever the logger's level. Without a logger they go to slog.Default.
func NewLog(l *slog.Logger) *Log {
	if l == nil {
		l = slog.Default()
	}
	h := l.Handler()
	if r, ok := h.(*redactor); ok {
		h = r.next // events are clean already
	}
	return &Log{handler: h}
}

// Record writes the event. Fields that its row does not allow are dropped; an
// event that the catalogue does not have is written as an internal fault, with
// its request id alone.
func (l *Log) Record(ctx context.Context, e Event) {
	r := rows[e.Name]
	if r == nil {
		r = rows[InternalFault]
		e = Event{Name: InternalFault, RequestID: e.RequestID, Reason: "unknown_event"}
	}
	// The record is made by hand: a Logger would look up the caller's line, which
	// costs as much as the rest, and would ask the handler for its level.
	rec := slog.NewRecord(time.Now(), r.level, "audit", 0)
	var list [maxFields]slog.Attr
	attrs := append(list[:0], slog.String("event", string(e.Name)))
	if e.RequestID != "" {
		attrs = append(attrs, slog.String("request_id", clean(e.RequestID, maxID)))
	}
	allowed := e.fields() & r.fields
	for i, text := range [...]string{
		e.ClientID, e.Subject, e.Address, e.Reason, e.GrantID, e.SessionID, e.CorpID, e.Way,
		e.Call, e.KeyID, e.Version, e.Other, e.EventID, e.By,
	} {
		bit := field(1) << i
		if allowed&bit == 0 {
			continue
		}
		if bit&(fGrant|fSession) != 0 {
			attrs = append(attrs, slog.String(fieldTable[i].Name, prefix(text)))
			continue
		}
		attrs = append(attrs, slog.String(fieldTable[i].Name, clean(text, maxID)))
	}
	if allowed&fErr != 0 {
		attrs = append(attrs, slog.String("error", scrub(e.Err.Error(), maxError)))
	}
	if allowed&fCount != 0 {
		attrs = append(attrs, slog.Int("count", e.Count))
	}
	if allowed&fDuration != 0 {
		attrs = append(attrs, slog.Int64("duration_ms", e.Duration.Milliseconds()))
	}
	rec.AddAttrs(attrs...)
	// A log that cannot be written has nowhere to say so.
	_ = l.handler.Handle(ctx, rec)
}
