package grants

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/dingbridge/dingbridge/storage"
)

// Request is what a grant is made of.
type Request struct {
	Subject     [16]byte
	CorpID      string
	Epoch       int64
	ClientID    string
	RedirectURI string
	Scopes      []string
	Nonce       string
	Challenge   string   // PKCE S256, or empty
	SessionID   string   // the `sid`
	Session     [16]byte // the session that the grant ends with; zero if it outlives it
	IDClaims    []string // names of claims asked for one by one (OpenID Connect Core section 5.5)
	InfoClaims  []string
	AuthTime    time.Time
	Refreshable bool      // refresh tokens are to be issued
	Ends        time.Time // an end earlier than the refresh family's own, or zero
}

// Issue makes a grant whose code is outstanding, and the op that stores it. The
// code opens nothing before the op has succeeded.
func (l *Ledger) Issue(r Request) (Ref, *storage.Op) {
	g := l.make(r, time.Now())
	return g.Ref, storage.Create(g.Ref.key(), g.encode(), l.lives.Code)
}

// IssueActive makes a grant that never had a code, for what another one-time code
// has already opened (RFC 8628), and the op that stores it. It is good for nothing
// before the op has succeeded.
func (l *Ledger) IssueActive(r Request) (Grant, *storage.Op) {
	g := l.make(r, time.Now())
	g.State, g.Generation = Active, 1
	return g, storage.Create(g.Ref.key(), g.encode(), l.life(g))
}

func (l *Ledger) make(r Request, now time.Time) Grant {
	ends := now.Add(l.lives.RefreshAbsolute)
	if !r.Refreshable {
		ends = now.Add(l.lives.Code + l.lives.Access)
	}
	if !r.Ends.IsZero() && r.Ends.Before(ends) {
		ends = r.Ends
	}
	return Grant{Ref: Ref{ID: newID(), Subject: r.Subject, Session: r.Session}, record: record{
		Format:      format,
		State:       Outstanding,
		ClientID:    r.ClientID,
		RedirectURI: r.RedirectURI,
		Scopes:      r.Scopes,
		Nonce:       r.Nonce,
		Challenge:   r.Challenge,
		CorpID:      r.CorpID,
		Epoch:       r.Epoch,
		SessionID:   r.SessionID,
		IDClaims:    r.IDClaims,
		InfoClaims:  r.InfoClaims,
		AuthTime:    r.AuthTime.Unix(),
		Refreshable: r.Refreshable,
		CodeEnds:    now.Add(l.lives.Code).UnixMilli(),
		Ends:        ends.Unix(),
		Secret:      l.secret(),
	}}
}

// Code returns the code of a grant: always the same text for the same grant, so
// that a browser which reloads its callback is sent on with the same code.
func (l *Ledger) Code(ref Ref) string { return l.codes.Issue(refBytes(ref)) }

// OpenCode checks that a code is authentic and says which grant it belongs to.
// Whether it is still good only Redeem can tell.
func (l *Ledger) OpenCode(code string) (Ref, error) {
	payload, _, err := l.codes.Open(code)
	if err != nil || len(payload) != refSize {
		return Ref{}, fmt.Errorf("code: %w", ErrInvalid)
	}
	return refOf(payload), nil
}

// A Redemption is what a client shows together with a code.
type Redemption struct {
	ClientID    string // authenticated by the caller
	RedirectURI string
	Verifier    string // PKCE code_verifier, or empty
	PKCE        bool   // the client must use PKCE
}

// Check tells whether the client that shows a code may have what it stands for.
// It changes nothing: see Redeem for the code itself.
func (g Grant) Check(r Redemption) error {
	if g.ClientID != r.ClientID {
		return fmt.Errorf("code: %w", ErrWrongClient)
	}
	// RFC 6749 section 4.1.3: identical to the one of the authorization request.
	if g.RedirectURI != r.RedirectURI {
		return fmt.Errorf("code: %w: redirect_uri", ErrMismatch)
	}
	if err := checkPKCE(g.Challenge, r.Verifier, r.PKCE); err != nil {
		return fmt.Errorf("code: %w: %w", ErrMismatch, err)
	}
	return nil
}

// Redeem spends the code of a grant that was read and checked. It returns the
// grant as it became. A code that was spent before ends the grant (promise G2).
func (l *Ledger) Redeem(ctx context.Context, g Grant) (Grant, error) {
	switch {
	case g.State == Ended:
		return Grant{}, fmt.Errorf("code: %w: ended (%s)", ErrInvalid, g.Reason)
	case g.State == Active:
		return Grant{}, l.reused(ctx, g, "code shown again")
	case time.Now().UnixMilli() >= g.CodeEnds, time.Now().Unix() >= g.Ends:
		return Grant{}, fmt.Errorf("code: %w: expired", ErrInvalid)
	}
	spent := g
	spent.State = Active
	spent.Generation = 1
	spent.Secret = l.secret()
	spent.Challenge, spent.Nonce = "", "" // of no use any more, except the nonce in this one answer
	op := l.swap(g, spent)
	err := l.store.Together(ctx, op)
	switch {
	case err == nil:
		spent.version, spent.Nonce = op.Version, g.Nonce
		return spent, nil
	case errors.Is(err, storage.ErrConflict):
		rival, err := decode(g.Ref, op.Value, op.Version)
		if err != nil {
			return Grant{}, err
		}
		if rival.State == Active {
			return Grant{}, l.reused(ctx, rival, "code shown again")
		}
		return Grant{}, fmt.Errorf("code: %w: ended (%s)", ErrInvalid, rival.Reason)
	case errors.Is(err, storage.ErrNotFound):
		return Grant{}, fmt.Errorf("code: %w: expired", ErrInvalid)
	}
	return Grant{}, fmt.Errorf("spend code: %w", err)
}

// swap makes the op that turns one state of a grant into the next.
func (l *Ledger) swap(from, to Grant) *storage.Op {
	return storage.Swap(from.Ref.key(), from.version, to.encode(), l.life(to))
}

// life is how long the record is of use: as long as anything issued from it could
// be shown.
func (l *Ledger) life(g Grant) time.Duration {
	left := time.Until(time.Unix(g.Ends, 0))
	if g.Refreshable {
		left = min(left, l.lives.RefreshIdle)
	}
	return max(left, l.lives.Access)
}

// refSize is the size of a Ref in bytes, as codes and tokens carry it.
const refSize = 48

func refBytes(r Ref) []byte { return slices.Concat(r.ID[:], r.Subject[:], r.Session[:]) }

func refOf(payload []byte) (r Ref) {
	copy(r.ID[:], payload[:16])
	copy(r.Subject[:], payload[16:32])
	copy(r.Session[:], payload[32:48])
	return r
}
