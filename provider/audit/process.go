package audit

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
)

const maxText = 1000 // bytes of a message or value of the process log

// Redact makes the handler of the process log: before next, it drops attributes named
// like a secret, and cleans messages and values. Values that are neither plain nor errors
// are replaced by their type: what is inside is not known.
func Redact(next slog.Handler) slog.Handler { return &redactor{next: next} }

// Library makes the logger for libraries that write to slog.Default: everything
// comes out at debug level. What matters of it is an event already.
func Library(l *slog.Logger) *slog.Logger {
	h := l.Handler()
	if _, ok := h.(*redactor); !ok {
		h = Redact(h)
	}
	return slog.New(&demoter{next: h.WithAttrs([]slog.Attr{slog.String("from", "library")})})
}

type redactor struct{ next slog.Handler }

func (h *redactor) Enabled(ctx context.Context, level slog.Level) bool {
	return h.next.Enabled(ctx, level)
}

func (h *redactor) Handle(ctx context.Context, r slog.Record) error {
	out := slog.NewRecord(r.Time, r.Level, scrub(r.Message, maxText), r.PC)
	r.Attrs(func(a slog.Attr) bool {
		if a, keep := redact(a); keep {
			out.AddAttrs(a)
		}
		return true
	})
	return h.next.Handle(ctx, out)
}

func (h *redactor) WithAttrs(attrs []slog.Attr) slog.Handler {
	return &redactor{next: h.next.WithAttrs(redactAll(attrs))}
}

func (h *redactor) WithGroup(name string) slog.Handler {
	return &redactor{next: h.next.WithGroup(clean(name, maxID))}
}

func redactAll(attrs []slog.Attr) []slog.Attr {
	out := make([]slog.Attr, 0, len(attrs))
	for _, a := range attrs {
		if a, keep := redact(a); keep {
			out = append(out, a)
		}
	}
	return out
}

// redact cleans one attribute, or tells that it must go.
func redact(a slog.Attr) (slog.Attr, bool) {
	if secretive(a.Key) {
		return a, false
	}
	a.Key = clean(a.Key, maxID)
	a.Value = a.Value.Resolve()
	switch a.Value.Kind() {
	case slog.KindString:
		a.Value = slog.StringValue(scrub(a.Value.String(), maxText))
	case slog.KindGroup:
		a.Value = slog.GroupValue(redactAll(a.Value.Group())...)
	case slog.KindAny:
		a.Value = slog.StringValue(scrub(flat(a.Value.Any()), maxText))
	}
	return a, true
}

// flat makes a text of a value of any type.
func flat(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case error:
		return v.Error()
	case fmt.Stringer:
		return v.String()
	case []string:
		return strings.Join(v, " ")
	case []byte:
		return fmt.Sprintf("(%d bytes)", len(v))
	}
	return fmt.Sprintf("(%T)", v)
}

// secretive tells whether an attribute's name is that of a secret. Names are
// taken apart at every separator and capital, so that "userAccessToken" and
// "client-secret" are caught and "status_code" is not.
func secretive(key string) bool {
	parts := segments(key)
	for i, part := range parts {
		switch part {
		case "code", "codes":
			harmless := []string{"status", "error", "err", "exit", "sub", "state"}
			if i == 0 || !slices.Contains(harmless, parts[i-1]) {
				return true
			}
		case "token", "tokens", "accesstoken", "secret", "secrets", "appsecret", "clientsecret",
			"cookie", "cookies", "authorization", "password", "passwd", "credential", "credentials",
			"verifier", "assertion", "nonce", "signature", "jwt", "bearer", "ticket", "apikey", "query":
			return true
		case "state":
			if len(parts) == 1 {
				return true // the parameter of the protocol
			}
		}
	}
	return false
}

// segments takes a name apart: "userAccessToken" is user, access, token.
func segments(key string) []string {
	var parts []string
	start := 0
	cutAt := func(end, next int) {
		if end > start {
			parts = append(parts, strings.ToLower(key[start:end]))
		}
		start = next
	}
	for i := range len(key) {
		c := key[i]
		switch {
		case strings.IndexByte("_-. :/", c) >= 0:
			cutAt(i, i+1)
		case c >= 'A' && c <= 'Z' && i > 0 && key[i-1] >= 'a' && key[i-1] <= 'z':
			cutAt(i, i)
		}
	}
	cutAt(len(key), len(key))
	return parts
}

// A demoter lets everything pass at debug level.
type demoter struct{ next slog.Handler }

func (h *demoter) Enabled(ctx context.Context, _ slog.Level) bool {
	return h.next.Enabled(ctx, slog.LevelDebug)
}

func (h *demoter) Handle(ctx context.Context, r slog.Record) error {
	r.Level = slog.LevelDebug
	return h.next.Handle(ctx, r)
}

func (h *demoter) WithAttrs(attrs []slog.Attr) slog.Handler {
	return &demoter{next: h.next.WithAttrs(attrs)}
}

func (h *demoter) WithGroup(name string) slog.Handler {
	return &demoter{next: h.next.WithGroup(name)}
}
