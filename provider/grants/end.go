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
		op := l.swap(g, g.ended(reason))
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

// EndAll is End for several grants, in one trip where nobody changes them meanwhile. An
// error means that one of them may still live; the others are ended all the same.
func (l *Ledger) EndAll(ctx context.Context, list []Grant, reason string) error {
	ops := make([]*storage.Op, 0, len(list))
	var living []Grant
	for _, g := range list {
		if g.State != Ended {
			living, ops = append(living, g), append(ops, l.swap(g, g.ended(reason)))
		}
	}
	if len(ops) == 0 {
		return nil
	}
	_ = l.store.Together(ctx, ops...) // each op has its own error
	var faults []error
	for i, op := range ops {
		if op.Err != nil && !errors.Is(op.Err, storage.ErrNotFound) {
			faults = append(faults, l.End(ctx, living[i], reason))
		}
	}
	return errors.Join(faults...)
}

// ended is the grant's tombstone.
func (g Grant) ended(reason string) Grant {
	g.State, g.Reason = Ended, reason
	g.Challenge, g.Nonce = "", ""
	return g
}

// reused ends a grant whose code or refresh token was shown again, and says so.
// If it cannot be ended that is the error: the client must come again.
func (l *Ledger) reused(ctx context.Context, g Grant, reason string) error {
	if err := l.End(ctx, g, reason); err != nil {
		return err
	}
	return fmt.Errorf("%w: %s", ErrReused, reason)
}
