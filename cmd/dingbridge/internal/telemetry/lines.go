package telemetry

import (
	"context"
	"encoding/hex"
	"log/slog"
)

// Lines puts a handler before next that adds trace_id to the lines of a request whose trace
// is kept: the trace to which the request belongs as far as is known by then. A login is
// known by its record, and what is told before that record is touched ends the request.
func Lines(next slog.Handler) slog.Handler { return lines{next} }

type lines struct{ slog.Handler }

// Handle adds the id.
func (h lines) Handle(ctx context.Context, r slog.Record) error {
	if tr := trailOf(ctx); tr != nil {
		if ids := tr.identify(); tr.tracer.keeps(ids, tr.caller) {
			r = r.Clone()
			r.AddAttrs(slog.String("trace_id", hex.EncodeToString(ids.trace[:])))
		}
	}
	return h.Handler.Handle(ctx, r)
}

// WithAttrs keeps the id on what it returns.
func (h lines) WithAttrs(attrs []slog.Attr) slog.Handler { return lines{h.Handler.WithAttrs(attrs)} }

// WithGroup keeps it too.
func (h lines) WithGroup(name string) slog.Handler { return lines{h.Handler.WithGroup(name)} }
