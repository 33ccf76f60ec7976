package admin

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"time"
	"unicode"

	"github.com/dingbridge/dingbridge/keys"
	"github.com/dingbridge/dingbridge/provider"
	"github.com/dingbridge/dingbridge/provider/audit"
	"github.com/dingbridge/dingbridge/storage"
)

const (
	// maxBody bounds what a call may send, in bytes.
	maxBody = 1 << 10
	// workTime bounds the work on a call that is not a long one.
	workTime = 40 * time.Second
)

// A Ring is the signing keys, as [keys.Ring] has them.
type Ring interface {
	List() []keys.Info
	Rotate(context.Context) error
}

// Config is what the verbs work on. Ring is required; without a House or a Status there are
// no verbs for these; a nil Audit or Log is silent.
type Config struct {
	Ring   Ring
	House  House
	Status func(context.Context) Status // it returns when ctx ends, with what it knows by then
	Audit  audit.Sink
	Log    *slog.Logger
}

// Handler answers calls. It is safe for concurrent use. Time limits of a connection
// are its server's, but for a sweep, which has none; a rotation has that of the ring.
func Handler(c Config) http.Handler {
	c.Audit = cmp.Or(c.Audit, audit.Discard)
	c.Log = cmp.Or(c.Log, slog.New(slog.DiscardHandler))
	verbs := c.verbs()
	// Not a ServeMux: it redirects paths that it would write otherwise, unaudited.
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		called, known := verbs[r.Method+" "+r.URL.Path]
		if !known {
			called = verb{way: "unknown", do: unknown}
		}
		c.call(w, r, called)
	})
}

// call does one verb, tells the audit trail and answers.
func (c Config) call(w http.ResponseWriter, r *http.Request, called verb) {
	var answer any
	by := callerOf(r)
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		err = errLarge
	} else {
		answer, err = c.work(w, r, called, by, body)
	}
	e := audit.Event{Name: audit.AdminCalled, Way: called.way, Reason: "done", By: string(by)}
	status := http.StatusOK
	if err != nil {
		status, e.Reason, answer = outcome(err, called)
		if e.Reason == "failed" || errors.Is(err, errUnknown) || errors.Is(err, errLarge) {
			e.Err = err // a refusal's words are for the caller: they name people
		}
	}
	c.Audit.Record(r.Context(), e)
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	if _, err := w.Write(shown(answer)); err != nil {
		c.Log.Debug("the caller of the admin socket went away", "err", fmt.Errorf("answering %s: %w", called.way, err))
	}
}

// work does what was asked for. A sweep waits for as long as the caller does; all else is
// short, and goes on when the caller has gone away: who was to be blocked is.
func (c Config) work(w http.ResponseWriter, r *http.Request, called verb, by provider.Administrator, body []byte) (any, error) {
	if called.long {
		limits := http.NewResponseController(w) // an error: there are none to lift
		_ = limits.SetReadDeadline(time.Time{})
		_ = limits.SetWriteDeadline(time.Time{})
		return called.do(r.Context(), by, body)
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), workTime)
	defer cancel()
	return called.do(ctx, by, body)
}

// outcome is how a call that went wrong is answered and audited.
func outcome(err error, called verb) (status int, reason string, told fault) {
	status, reason, told = http.StatusInternalServerError, "failed", fault{Text: err.Error()}
	refusal, refused := errors.AsType[*provider.Refusal](err)
	switch {
	case refused:
		status, reason, told = http.StatusUnprocessableEntity, "refused", fault{Text: refusal.Text, Remedy: refusal.Remedy}
	case errors.Is(err, errUnknown):
		status, reason = http.StatusNotFound, "refused"
		told.Remedy = "let the command and the server be of one version"
	case errors.Is(err, errLarge):
		status, reason = http.StatusRequestEntityTooLarge, "refused"
	case errors.Is(err, errBody):
		status, reason = http.StatusBadRequest, "refused"
		told.Remedy = "let the command and the server be of one version"
	case errors.Is(err, storage.ErrUnknown):
		status = http.StatusServiceUnavailable
		told = fault{Text: "the storage does not answer, so it is not known " + called.doubt,
			Remedy: "try again when it does: what was done already is not done twice"}
	}
	return status, reason, told
}

// shown writes an answer in which every text can be shown on a terminal: what is more than
// text in the words of a directory or of an error is replaced (promise A10).
func shown(answer any) []byte {
	text, err := json.Marshal(answer)
	if err != nil {
		panic(err) // the answers are ours
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber() // departments are longer than a float is exact
	var all any
	if err := d.Decode(&all); err != nil {
		panic(err)
	}
	if text, err = json.Marshal(each(all, Printable)); err != nil {
		panic(err)
	}
	return append(text, '\n')
}

// Printable is a foreign text as a terminal may show it.
func Printable(s string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return unicode.ReplacementChar
		}
		return r
	}, s)
}

// each applies a change to every text of what JSON was read into.
func each(v any, change func(string) string) any {
	switch v := v.(type) {
	case string:
		return change(v)
	case []any:
		for i := range v {
			v[i] = each(v[i], change)
		}
	case map[string]any:
		for name := range v {
			v[name] = each(v[name], change)
		}
	}
	return v
}
