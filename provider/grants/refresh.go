package grants

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/dingbridge/dingbridge/storage"
)

// RefreshToken returns the refresh token of the grant's current generation, or
// none if the grant has no refresh tokens. It is the same text each time.
func (l *Ledger) RefreshToken(g Grant) string {
	if !g.Refreshable {
		return ""
	}
	return l.refresh.Issue(binary.BigEndian.AppendUint32(refBytes(g.Ref), g.Generation))
}

// OpenRefresh checks that a refresh token is authentic and says which grant it
// belongs to and its generation.
func (l *Ledger) OpenRefresh(token string) (Ref, uint32, error) {
	payload, _, err := l.refresh.Open(token)
	if err != nil || len(payload) != refSize+4 {
		return Ref{}, 0, fmt.Errorf("refresh token: %w", ErrInvalid)
	}
	return refOf(payload), binary.BigEndian.Uint32(payload[refSize:]), nil
}

// CheckRefresh tells whether the client that shows generation n may use the grant
// at all. It changes nothing. A grant whose code still looks outstanding is no
// obstacle: the token proves that it was spent and the write lost (promise G6).
func (g Grant) CheckRefresh(clientID string, n uint32) error {
	switch {
	case g.ClientID != clientID:
		return fmt.Errorf("refresh token: %w", ErrWrongClient)
	case g.State == Ended:
		return fmt.Errorf("refresh token: %w: ended (%s)", ErrInvalid, g.Reason)
	case !g.Refreshable, n == 0:
		return fmt.Errorf("refresh token: %w", ErrInvalid)
	case time.Now().Unix() >= g.Ends:
		return fmt.Errorf("refresh token: %w: the family has ended", ErrInvalid)
	}
	return nil
}

// Rotate spends generation n of a grant that was read and checked, and returns
// the grant with its successor current. replayed says that n was spent before and
// the leeway gave the same successor again (promise G4).
func (l *Ledger) Rotate(ctx context.Context, g Grant, n uint32) (rotated Grant, replayed bool, err error) {
	now := time.Now()
	if n < g.Generation {
		return l.replay(ctx, g, n, now)
	}
	// n is the current generation. Or it is above it: then the write that made it
	// current was lost in a failover, for nobody else can have made it (G6).
	next := g
	next.State, next.Generation = Active, n+1
	next.Challenge, next.Nonce = "", ""
	next.Spent = append([]int64{now.UnixMilli()}, recent(g.Spent, now, l.lives.Leeway)...)
	next.Secret = l.secret()
	op := l.swap(g, next)
	err = l.store.Together(ctx, op)
	switch {
	case err == nil:
		next.version = op.Version
		return next, false, nil
	case errors.Is(err, storage.ErrConflict):
		rival, err := decode(g.Ref, op.Value, op.Version)
		if err != nil {
			return Grant{}, false, err
		}
		if rival.State != Active || n >= rival.Generation {
			return Grant{}, false, fmt.Errorf("refresh token: %w: ended (%s)", ErrInvalid, rival.Reason)
		}
		return l.replay(ctx, rival, n, now)
	case errors.Is(err, storage.ErrNotFound):
		return Grant{}, false, fmt.Errorf("refresh token: %w: expired", ErrInvalid)
	}
	return Grant{}, false, fmt.Errorf("rotate refresh token: %w", err)
}

// replay decides on a generation that was spent before.
func (l *Ledger) replay(ctx context.Context, g Grant, n uint32, now time.Time) (Grant, bool, error) {
	back := int(g.Generation - n) // 1: the one spent last
	if back > len(g.Spent) || now.Sub(time.UnixMilli(g.Spent[back-1])) > l.lives.Leeway {
		return Grant{}, false, l.reused(ctx, g, "refresh token shown again after its leeway")
	}
	if back > 1 {
		return Grant{}, false, fmt.Errorf("refresh token: %w", ErrSuperseded)
	}
	uses, err := l.countReplay(ctx, g)
	if err != nil {
		return Grant{}, false, err
	}
	if uses > l.lives.LeewayUses {
		return Grant{}, false, l.reused(ctx, g, "refresh token shown again too often")
	}
	return g, true, nil
}

// countReplay counts, exactly and without rivals in each other's way, how often
// the leeway of one generation was used.
func (l *Ledger) countReplay(ctx context.Context, g Grant) (int, error) {
	id := newID()
	set := fmt.Sprintf("replays/%s.%d", base64.RawURLEncoding.EncodeToString(g.Ref.ID[:]), g.Generation)
	join := storage.Join(set, base64.RawURLEncoding.EncodeToString(id[:9]), 2*l.lives.Leeway)
	members := storage.Members(set)
	if err := l.store.Together(ctx, join, members); err != nil {
		return 0, fmt.Errorf("count uses of the leeway: %w", err)
	}
	return len(members.Members), nil
}

// recent keeps the leading times that are still within the leeway.
func recent(spent []int64, now time.Time, leeway time.Duration) []int64 {
	for i, t := range spent {
		if now.Sub(time.UnixMilli(t)) > leeway {
			return spent[:i]
		}
	}
	return spent
}
