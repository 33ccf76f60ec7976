// Package audit keeps the catalogue of events: what may be said about who came,
// who was let in or refused and why, and what became of codes, tokens and keys.
// Each event is one JSON line through log/slog. The package also keeps secrets
// out of the process log, which is everything else that the program writes.
//
// Promises, each proven by the test that bears its number:
//
//	A1   Every event is in the catalogue, with a meaning, a level and its fields;
//	     a field that its row does not list is not written.
//	A2   One event is one line, whatever its values hold: no control, line-breaking,
//	     bidirectional or invisible character is written, and values are capped.
//	A3   No event holds a secret: there is no field for one, ids of grants and
//	     sessions are cut, and queries, passwords and anything long and random
//	     are taken out of error texts.
//	A4   The level of the process log silences no event.
//	A5   The process log drops attributes that are named like a secret (code,
//	     token, secret, cookie, authorization, ...), at any depth, and cleans the
//	     rest as A2 and A3 say.
//	A6   The OpenID library's own lines are for debugging only: they come out at
//	     debug level, redacted.
//	A7   Recording is safe for concurrent use, and lines do not mix.
//
// No event holds personal data beyond the subject identifier and the address:
// names, e-mail addresses and telephone numbers have no field.
//
// Every step and noun may report to a [Sink]; the hall and cmd make them.
package audit
