package device

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/dingbridge/dingbridge/storage"
)

// beginTries bounds how often Begin makes another user code when one is taken, which
// is next to never.
const beginTries = 3

// An Ask is what a device asks for, validated by the caller.
type Ask struct {
	ClientID string
	Scopes   []string
	Address  string // of the device, to be shown to the person
}

// Codes are the answer to a device (RFC 8628 section 3.2).
type Codes struct {
	ID         string // the request's, for logs
	DeviceCode string
	UserCode   string // as it is shown
	Life       time.Duration
	Interval   time.Duration
}

// Begin keeps a pending request. One trip, unless the user code is taken.
func (s *Steps) Begin(ctx context.Context, a Ask) (Codes, error) {
	now := time.Now()
	h := newHandle(now.Add(s.life))
	r := Request{ID: h.id(), record: record{
		Format: format, State: Pending, ClientID: a.ClientID, Scopes: a.Scopes, Address: a.Address,
		Begun: now.Unix(), Ends: h.ends().UnixMilli(),
	}}
	keep := storage.Create(key(r.ID), r.encode(), s.life)
	ops := []*storage.Op{keep}
	for range beginTries {
		user := newUserCode()
		name := storage.Create(s.userKeys(user)[0], []byte(r.ID), s.life)
		err := s.store.Together(ctx, append(ops, name)...)
		if err == nil {
			return Codes{ID: r.ID, DeviceCode: s.codes.Issue(h[:]), UserCode: FormatUserCode(user), Life: s.life, Interval: s.interval}, nil
		}
		if keep.Err != nil || !errors.Is(name.Err, storage.ErrConflict) {
			return Codes{}, fmt.Errorf("begin device request: %w", err)
		}
		ops = nil // the request itself is kept
	}
	return Codes{}, fmt.Errorf("begin device request: %w: no user code is free", storage.ErrUnknown)
}
