package grants

import (
	"encoding/base64"
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

// Access makes what an access token for some of the grant's scopes says (promise
// G7). It writes nothing.
func (l *Ledger) Access(g Grant, scopes []string) Access {
	now := time.Now().Truncate(time.Second)
	a := Access{Ref: g.Ref, Issued: now, Expires: now.Add(l.lives.Access), Audience: g.ClientID}
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
	return a
}

// AccessToken returns the access token that says a.
func (l *Ledger) AccessToken(a Access) string {
	b := make([]byte, 0, 176)
	b = append(b, refBytes(a.Ref)...)
	b = append(b, a.ID[:]...)
	b = binary.BigEndian.AppendUint64(b, uint64(a.Issued.Unix()))
	b = binary.BigEndian.AppendUint64(b, uint64(a.Expires.Unix()))
	b = append(b, a.Audience...)
	b = append(b, 0)
	b = append(b, strings.Join(a.Scopes, " ")...)
	return l.access.Issue(b)
}

// OpenAccess checks that an access token is authentic and has not expired.
func (l *Ledger) OpenAccess(token string) (Access, error) {
	invalid := fmt.Errorf("access token: %w", ErrInvalid)
	b, _, err := l.access.Open(token)
	if err != nil || len(b) < refSize+24 {
		return Access{}, invalid
	}
	a := Access{
		Ref:     refOf(b),
		Issued:  time.Unix(int64(binary.BigEndian.Uint64(b[refSize+8:])), 0),
		Expires: time.Unix(int64(binary.BigEndian.Uint64(b[refSize+16:])), 0),
	}
	copy(a.ID[:], b[refSize:])
	audience, scopes, found := strings.Cut(string(b[refSize+24:]), "\x00")
	if !found || !time.Now().Before(a.Expires) {
		return Access{}, invalid
	}
	a.Audience, a.Scopes = audience, strings.Fields(scopes)
	return a, nil
}

// accessIDSize is the size of an access token's ID within its grant, in bytes.
const accessIDSize = 16 + 16 + 8

// Name is a's name among all access tokens, for `jti`. With the subject it is enough
// to find the grant again; it opens nothing.
func (a Access) Name() string {
	return base64.RawURLEncoding.EncodeToString(slices.Concat(a.Ref.ID[:], a.Ref.Session[:], a.ID[:]))
}

// ParseAccessName takes a name apart that Name made, for an access token that is
// authentic by another proof than ours (a signature).
func ParseAccessName(name string, subject [16]byte) (ref Ref, id [8]byte, err error) {
	b, err := base64.RawURLEncoding.Strict().DecodeString(name)
	if err != nil || len(b) != accessIDSize {
		return Ref{}, id, fmt.Errorf("access token: %w", ErrInvalid)
	}
	ref.Subject = subject
	copy(ref.ID[:], b)
	copy(ref.Session[:], b[16:])
	copy(id[:], b[32:])
	return ref, id, nil
}

// CheckAccess tells whether the grant of an access token still lives. The person's
// epoch is the caller's to compare.
func (g Grant) CheckAccess(a Access) error {
	if g.State != Active || g.ClientID != a.Audience || time.Now().Unix() >= g.Ends {
		return fmt.Errorf("access token: %w", ErrInvalid)
	}
	return nil
}
