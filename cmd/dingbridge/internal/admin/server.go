package admin

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"time"

	"github.com/dingbridge/dingbridge/keys"
	"github.com/dingbridge/dingbridge/provider/audit"
	"github.com/dingbridge/dingbridge/storage"
)

// maxBody bounds what a call may send, in bytes. No verb takes anything yet.
const maxBody = 1 << 10

// A Ring is the signing keys, as [keys.Ring] has them.
type Ring interface {
	List() []keys.Info
	Rotate(context.Context) error
}

// Config is what the verbs work on. Ring is required; a nil Audit or Log is silent.
type Config struct {
	Ring  Ring
	Audit audit.Sink
	Log   *slog.Logger
}

// Handler answers calls. It is safe for concurrent use. Time limits of a connection
// are its server's; a rotation has that of the ring.
func Handler(c Config) http.Handler {
	c.Audit = cmp.Or(c.Audit, audit.Discard)
	c.Log = cmp.Or(c.Log, slog.New(slog.DiscardHandler))
	type verb struct {
		way string
		do  func(context.Context) (any, error)
	}
	verbs := map[string]verb{
		"GET /keys":            {"keys.list", c.list},
		"POST /keys/rotations": {"keys.rotate", c.rotate},
	}
	// Not a ServeMux: it redirects paths that it would write otherwise, unaudited.
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		called, known := verbs[r.Method+" "+r.URL.Path]
		if !known {
			called = verb{"unknown", unknown}
		}
		c.call(w, r, called.way, called.do)
	})
}

var (
	errUnknown = errors.New("this server does not know what was asked")
	errLarge   = errors.New("the call is too large")
)

func unknown(context.Context) (any, error) { return nil, errUnknown }

func (c Config) list(context.Context) (any, error) {
	list := KeyList{Keys: []Key{}}
	for _, info := range c.Ring.List() {
		list.Keys = append(list.Keys, keyOf(info))
	}
	return list, nil
}

// rotate goes on when the caller has gone away: half a rotation helps nobody.
func (c Config) rotate(ctx context.Context) (any, error) {
	began := time.Now().Truncate(time.Second) // as keys say when they were made
	// This replica may not have read yet what another has published, so that what
	// is new here may be older than the call: both have to speak for it.
	before := c.Ring.List()
	if err := c.Ring.Rotate(context.WithoutCancel(ctx)); err != nil {
		return nil, err
	}
	done := Rotations{Rotations: []Rotation{}}
	for _, info := range c.Ring.List() {
		if info.State == keys.Next {
			done.Rotations = append(done.Rotations, Rotation{Key: keyOf(info), New: !info.Made.Before(began) &&
				!slices.ContainsFunc(before, func(old keys.Info) bool { return old.KID == info.KID })})
		}
	}
	return done, nil
}

// call does one verb, tells the audit trail and answers.
func (c Config) call(w http.ResponseWriter, r *http.Request, way string, do func(context.Context) (any, error)) {
	var answer any
	_, err := io.Copy(io.Discard, http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		err = errLarge
	} else {
		answer, err = do(r.Context())
	}
	status, reason := http.StatusOK, "done"
	if err != nil {
		status, reason = http.StatusInternalServerError, "failed"
		told := fault{Text: err.Error()}
		switch {
		case errors.Is(err, errUnknown):
			status, reason = http.StatusNotFound, "refused"
			told.Remedy = "let the command and the server be of one version"
		case errors.Is(err, errLarge):
			status, reason = http.StatusRequestEntityTooLarge, "refused"
		case errors.Is(err, storage.ErrUnknown):
			status = http.StatusServiceUnavailable
			told = fault{Text: "the storage does not answer, so it is not known whether a key was published",
				Remedy: "try again when it does: a key that waits already is not doubled"}
		}
		answer = told
	}
	c.Audit.Record(r.Context(), audit.Event{Name: audit.AdminCalled, Way: way, Reason: reason, Err: err})
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	if err := json.NewEncoder(w).Encode(answer); err != nil {
		c.Log.Debug("the caller of the admin socket went away", "err", fmt.Errorf("answering %s: %w", way, err))
	}
}
