package leavers

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/dingbridge/dingbridge/storage"
)

const format = 1

// leaseLife is how long a replica that sweeps may be silent before another takes over.
const leaseLife = time.Minute

// A turn is sweep/<corp> as it was read.
type turn struct {
	version storage.Version
	turnRecord
}

type turnRecord struct {
	Format int    `json:"f"`
	Holder string `json:"h,omitempty"` // the replica that sweeps
	Until  int64  `json:"u,omitempty"` // its lease, Unix milliseconds
	// Began is when the sweep under way began, 0 if none is. Who was asked about since
	// need not be asked again.
	Began int64 `json:"b,omitempty"` // Unix milliseconds
	Done  int64 `json:"d,omitempty"` // when one was last complete, Unix milliseconds
	Swept int64 `json:"s,omitempty"` // when that one began, Unix milliseconds
	// Caught is until when DingTalk's list of leavers was read, Unix milliseconds.
	Caught int64 `json:"c,omitempty"`
	// Missed is when hints were last lost with a replica that ended, Unix milliseconds.
	Missed int64 `json:"m,omitempty"`
}

func newName() string {
	var b [8]byte
	rand.Read(b[:])
	return hex.EncodeToString(b[:])
}

func turnKey(corpID string) string { return "sweep/" + corpID }

func (w *Watch) readTurn(ctx context.Context, corpID string) (turn, error) {
	op := storage.Get(turnKey(corpID))
	_ = w.Store.Together(ctx, op) // decodeTurn tells what the op's error means
	return decodeTurn(op)
}

func decodeTurn(op *storage.Op) (turn, error) {
	t := turn{version: op.Version}
	switch {
	case errors.Is(op.Err, storage.ErrNotFound):
		return t, nil
	case op.Err != nil && !errors.Is(op.Err, storage.ErrConflict):
		return t, fmt.Errorf("read whose turn it is to sweep: %w", op.Err)
	}
	if err := json.Unmarshal(op.Value, &t.turnRecord); err != nil || t.Format != format {
		return t, fmt.Errorf("read whose turn it is to sweep: %w: not a record of format %d", storage.ErrUnknown, format)
	}
	return t, nil
}

// held tells whether another replica sweeps.
func (t turn) held(name string, now time.Time) bool {
	return t.Holder != "" && t.Holder != name && now.UnixMilli() < t.Until
}

// change writes a new turn if the old one is still there. False: another was faster.
func (w *Watch) change(ctx context.Context, corpID string, t turn, change func(*turnRecord)) (turn, bool, error) {
	next := t
	next.Format = format
	change(&next.turnRecord)
	value, err := json.Marshal(next.turnRecord)
	if err != nil {
		return t, false, fmt.Errorf("note whose turn it is to sweep: %w", err)
	}
	op := storage.Create(turnKey(corpID), value, 0)
	if t.version != (storage.Version{}) {
		op = storage.Swap(turnKey(corpID), t.version, value, 0)
	}
	err = w.Store.Together(ctx, op)
	if errors.Is(err, storage.ErrConflict) {
		return t, false, nil
	}
	if err != nil {
		return t, false, fmt.Errorf("note whose turn it is to sweep: %w", err)
	}
	next.version = op.Version
	return next, true, nil
}

// claim takes the turn to sweep, or goes on with a sweep whose replica fell silent.
func (w *Watch) claim(ctx context.Context, corpID string, due func(turn) bool) (turn, bool, error) {
	t, err := w.readTurn(ctx, corpID)
	now := time.Now()
	if err != nil || t.held(w.name, now) || t.Began == 0 && !due(t) {
		return t, false, err
	}
	return w.change(ctx, corpID, t, func(r *turnRecord) {
		r.Holder, r.Until = w.name, now.Add(leaseLife).UnixMilli()
		if r.Began == 0 {
			r.Began = now.UnixMilli()
		}
	})
}

// errTakenOver: another replica took this one for dead.
var errTakenOver = errors.New("another replica took over")

// keep changes the turn if it is still this replica's. What others note in it meanwhile does
// no harm.
func (w *Watch) keep(ctx context.Context, corpID string, change func(*turnRecord)) error {
	for range 8 {
		t, err := w.readTurn(ctx, corpID)
		switch {
		case err != nil:
			return err
		case t.Holder != w.name:
			return errTakenOver
		}
		if _, done, err := w.change(ctx, corpID, t, change); done || err != nil {
			return err
		}
	}
	return fmt.Errorf("note whose turn it is to sweep: too many rivals: %w", storage.ErrUnknown)
}

// hold renews the lease until ctx ends, and ends the sweep when it is lost, or when it is over
// because storage has been away for so long.
func (w *Watch) hold(ctx context.Context, corpID string, lost func(error)) {
	every := time.NewTicker(leaseLife / 4)
	defer every.Stop()
	for renewed := time.Now(); ; {
		select {
		case <-ctx.Done():
			return
		case <-every.C:
		}
		now := time.Now()
		err := w.keep(ctx, corpID, func(r *turnRecord) { r.Until = now.Add(leaseLife).UnixMilli() })
		switch {
		case err == nil:
			renewed = now
		case errors.Is(err, errTakenOver), time.Since(renewed) >= leaseLife*3/4:
			lost(err)
			return
		}
	}
}
