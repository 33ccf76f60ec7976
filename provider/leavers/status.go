package leavers

import (
	"context"
	"time"
)

// A Status is how the search for one organisation's leavers stands, for all replicas together.
type Status struct {
	// Complete is when a sweep last came to its end; zero: none has.
	Complete time.Time
	// Sweeping: a replica holds the lease; Began is when the sweep that is under way, or was cut
	// off, began, and zero if there is none.
	Sweeping bool
	Began    time.Time
	// Missed is when hints were last lost with a replica that ended, and not made good for yet.
	Missed time.Time
}

// Status reads how the search for leavers of an organisation stands.
func (w *Watch) Status(ctx context.Context, corpID string) (Status, error) {
	t, err := w.readTurn(ctx, corpID)
	if err != nil {
		return Status{}, err
	}
	s := Status{Complete: moment(t.Done), Sweeping: t.held("", time.Now()), Began: moment(t.Began), Missed: moment(t.Missed)}
	w.mu.Lock()
	defer w.mu.Unlock()
	if own := w.missed[corpID]; own.After(s.Missed) && own.UnixMilli() >= t.Swept {
		s.Missed = own
	}
	return s, nil
}

// moment is a time as a record has it; zero for none.
func moment(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms)
}
