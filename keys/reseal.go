package keys

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/dingbridge/dingbridge/keys/secret"
	"github.com/dingbridge/dingbridge/storage"
)

// WouldOpen reads the ring as it is stored, and tells whether it could be opened with the
// secrets of next: [ErrUnreadable] if it is sealed by one that next lacks. Ask before next
// replaces the secrets that the ring was opened with.
func (r *Ring) WouldOpen(ctx context.Context, next *secret.List) error {
	op := storage.Get(storageKey)
	switch err := r.store.Together(ctx, op); {
	case errors.Is(err, storage.ErrNotFound):
		return nil // it will be put back, under the first of them
	case err != nil:
		return fmt.Errorf("read the signing ring: %w", err)
	}
	if by, ok := secret.SealedBy(op.Value); ok && !next.Has(by) {
		return missing(by, next)
	}
	return nil
}

// Reseal seals the ring under the first secret now, unless it is. It is for the moment
// after the secrets were replaced; otherwise Run does it, less often.
func (r *Ring) Reseal(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	r.mu.Lock()
	r.lastReseal = time.Time{}
	r.mu.Unlock()
	if err := r.tend(ctx, false); err != nil {
		return fmt.Errorf("seal the signing keys: %w", err)
	}
	return nil
}
