package secret

import (
	"fmt"
	"log/slog"
)

// What holds keys says only how many, however it is printed (promise X8).

func redacted(kind string, n int) string { return fmt.Sprintf("secret.%s{%d, hidden}", kind, n) }

// String says how many secrets the list has, and nothing of them.
func (l List) String() string { return redacted("List", len(l.lines().ids)) }

// GoString is the same for %#v.
func (l List) GoString() string { return l.String() }

// LogValue is the same for slog.
func (l List) LogValue() slog.Value { return slog.StringValue(l.String()) }

// String says how many keys there are, and nothing of them.
func (t Tokens) String() string { return redacted("Tokens", len(t.keys.get().ids)) }

// GoString is the same for %#v.
func (t Tokens) GoString() string { return t.String() }

// LogValue is the same for slog.
func (t Tokens) LogValue() slog.Value { return slog.StringValue(t.String()) }

// String says how many keys there are, and nothing of them.
func (s Sealer) String() string { return redacted("Sealer", len(s.keys.get().ids)) }

// GoString is the same for %#v.
func (s Sealer) GoString() string { return s.String() }

// LogValue is the same for slog.
func (s Sealer) LogValue() slog.Value { return slog.StringValue(s.String()) }
