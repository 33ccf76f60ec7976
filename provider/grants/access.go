package grants

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Access is what an access token says, under its MAC. It says it without
// storage; whether the grant still lives, CheckAccess tells.
type Access struct {
	Ref      Ref
	ID       [8]byte // the token's own, for logs and `jti`
	Issued   time.Time
	Expires  time.Time
	Scopes   []string
	Audience string // the client it was issued to
}

// AccessToken issues an access token for some of the grant's scopes (promise
// G7). It writes nothing.
func (l *Ledger) AccessToken(g Grant, scopes []string) (token string, a Access) {
	now := time.Now().Truncate(time.Second)
	a = Access{Ref: g.Ref, Issued: now, Expires: now.Add(l.lives.Access), Audience: g.ClientID}
	if ends := time.Unix(g.Ends, 0); a.Expires.After(ends) {
		a.Expires = ends
	}
	for _, s := range scopes {
		if slices.Contains(g.Scopes, s) {
			a.Scopes = append(a.Scopes, s)
		}
	}
	id := newID()
	copy(a.ID[:], id[:])

	b := make([]byte, 0, 160)
	b = append(b, a.Ref.ID[:]...)
	b = append(b, a.Ref.Subject[:]...)
	b = append(b, a.ID[:]...)
	b = binary.BigEndian.AppendUint64(b, uint64(a.Issued.Unix()))
	b = binary.BigEndian.AppendUint64(b, uint64(a.Expires.Unix()))
	b = append(b, a.Audience...)
	b = append(b, 0)
	b = append(b, strings.Join(a.Scopes, " ")...)
	return l.access.Issue(b), a
}

// OpenAccess checks that an access token is authentic and has not expired.
func (l *Ledger) OpenAccess(token string) (Access, error) {
	invalid := fmt.Errorf("access token: %w", ErrInvalid)
	b, _, err := l.access.Open(token)
	if err != nil || len(b) < 56 {
		return Access{}, invalid
	}
	a := Access{
		Ref:     refOf(b),
		Issued:  time.Unix(int64(binary.BigEndian.Uint64(b[40:])), 0),
		Expires: time.Unix(int64(binary.BigEndian.Uint64(b[48:])), 0),
	}
	copy(a.ID[:], b[32:40])
	audience, scopes, found := strings.Cut(string(b[56:]), "\x00")
	if !found || !time.Now().Before(a.Expires) {
		return Access{}, invalid
	}
	a.Audience, a.Scopes = audience, strings.Fields(scopes)
	return a, nil
}

// CheckAccess tells whether the grant of an access token still lives. The person's
// epoch is the caller's to compare.
func (g Grant) CheckAccess(a Access) error {
	if g.State != Active || g.ClientID != a.Audience || time.Now().Unix() >= g.Ends {
		return fmt.Errorf("access token: %w", ErrInvalid)
	}
	return nil
}
