package grants

import (
	"context"
	"errors"
	"fmt"

	"github.com/dingbridge/dingbridge/storage"
)

// endTries bounds how often End re-reads a grant that others keep changing.
const endTries = 16

// End makes a tombstone of the grant: nothing issued from it works again. It is
// no error if it has ended or expired before. An error means that the grant may
// still live: the caller must not say that it was ended.
func (l *Ledger) End(ctx context.Context, g Grant, reason string) error {
	for range endTries {
		if g.State == Ended {
			return nil
		}
		ended := g
		ended.State, ended.Reason = Ended, reason
		ended.Challenge, ended.Nonce = "", ""
		op := l.swap(g, ended)
		err := l.store.Together(ctx, op)
		switch {
		case err == nil, errors.Is(err, storage.ErrNotFound):
			return nil
		case !errors.Is(err, storage.ErrConflict):
			return fmt.Errorf("end grant: %w", err)
		}
		if g, err = decode(g.Ref, op.Value, op.Version); err != nil {
			return err
		}
	}
	return fmt.Errorf("end grant: %w: it keeps changing", storage.ErrUnknown)
}

// reused ends a grant whose code or refresh token was shown again, and says so.
// If it cannot be ended that is the error: the client must come again.
func (l *Ledger) reused(ctx context.Context, g Grant, reason string) error {
	if err := l.End(ctx, g, reason); err != nil {
		return err
	}
	return fmt.Errorf("%w: %s", ErrReused, reason)
}
