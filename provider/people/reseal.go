package people

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/dingbridge/dingbridge/keys/secret"
	"github.com/dingbridge/dingbridge/storage"
)

// resealBatch is how many records are read, or written, in one trip.
const resealBatch = 100

// Reseal seals the records of an organisation's people under the first secret, those that
// are sealed under another, and tells how many that were. Nothing else of them changes.
// Whoever is written by somebody else meanwhile is sealed by that.
func (r *Registry) Reseal(ctx context.Context, corpID string) (moved int, err error) {
	err = r.eachSealed(ctx, corpID, func(ops []*storage.Op, by []secret.ID) error {
		first, _ := r.secrets.First()
		var swaps []*storage.Op
		for i, op := range ops {
			if by[i] == first {
				continue
			}
			s := subjectIn(op.Key)
			p, err := r.Read(s, op)
			if err != nil {
				continue // SealedBeyond counts it, if a secret is missing
			}
			swaps = append(swaps, storage.Swap(op.Key, p.Version, r.writeRecord(p), 0))
		}
		if len(swaps) == 0 {
			return nil
		}
		if err := r.store.Together(ctx, swaps...); errors.Is(err, storage.ErrUnknown) {
			return fmt.Errorf("write people: %w", err)
		}
		for _, op := range swaps {
			if op.Err == nil {
				moved++
			}
		}
		return nil
	})
	return moved, err
}

// SealedBeyond counts the people of an organisation whose records are sealed under a
// secret that next does not have. With next they could not log in.
func (r *Registry) SealedBeyond(ctx context.Context, corpID string, next *secret.List) (n int, err error) {
	err = r.eachSealed(ctx, corpID, func(_ []*storage.Op, by []secret.ID) error {
		for _, id := range by {
			if !next.Has(id) {
				n++
			}
		}
		return nil
	})
	return n, err
}

// eachSealed reads everybody, in batches, and says by which secret each is sealed.
func (r *Registry) eachSealed(ctx context.Context, corpID string, do func([]*storage.Op, []secret.ID) error) error {
	everyone, err := r.Everyone(ctx, corpID)
	if err != nil {
		return err
	}
	for len(everyone) > 0 {
		n := min(resealBatch, len(everyone))
		ops := make([]*storage.Op, n)
		for i, s := range everyone[:n] {
			ops[i] = r.Fetch(s)
		}
		everyone = everyone[n:]
		if err := r.store.Together(ctx, ops...); errors.Is(err, storage.ErrUnknown) {
			return fmt.Errorf("read people: %w", err)
		}
		var found []*storage.Op
		var by []secret.ID
		for _, op := range ops {
			var rec struct {
				Profile []byte `json:"profile"`
			}
			if op.Err != nil || json.Unmarshal(op.Value, &rec) != nil {
				continue // nobody is there, or nothing that we wrote
			}
			if id, ok := secret.SealedBy(rec.Profile); ok {
				found, by = append(found, op), append(by, id)
			}
		}
		if err := do(found, by); err != nil {
			return err
		}
	}
	return nil
}

// subjectIn is whose record lies at a key.
func subjectIn(k string) Subject { return Subject(k[len(key("")):]) }
