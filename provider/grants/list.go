package grants

import (
	"cmp"
	"encoding/base64"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/dingbridge/dingbridge/storage"
)

// The list is for people to look at: what they have let in that no logout ends. What
// it names may be over; the grant's own record says.

// mostListed bounds what is read of a list.
const mostListed = 200

func listOf(subject [16]byte) string {
	return "grants-of/" + base64.RawURLEncoding.EncodeToString(subject[:])
}

// Enlist makes the op that puts a grant on its person's list; none if the grant ends
// with a session.
func (l *Ledger) Enlist(ref Ref, refreshable bool) []*storage.Op {
	if ref.Session != [16]byte{} {
		return nil
	}
	life := l.lives.Code + l.lives.Access
	if refreshable {
		life = l.lives.RefreshAbsolute
	}
	member := fmt.Sprintf("%d %s", time.Now().UnixMilli(), ref.IDText())
	return []*storage.Op{storage.Join(listOf(ref.Subject), member, life)}
}

// FetchList makes the op that reads a person's list. Give it to ReadList when it is done.
func (l *Ledger) FetchList(subject [16]byte) *storage.Op { return storage.Members(listOf(subject)) }

// ReadList returns the list that FetchList read, the newest first. more tells that there
// are others, older than all of these.
func (l *Ledger) ReadList(subject [16]byte, op *storage.Op) (list []Ref, more bool, err error) {
	if op.Err != nil {
		return nil, false, fmt.Errorf("read a person's grants: %w", op.Err)
	}
	type line struct {
		at int64
		id string
	}
	var lines []line
	for _, member := range op.Members {
		at, id, _ := strings.Cut(member, " ")
		if n, err := strconv.ParseInt(at, 10, 64); err == nil {
			lines = append(lines, line{n, id})
		}
	}
	slices.SortFunc(lines, func(a, b line) int { return cmp.Or(cmp.Compare(b.at, a.at), cmp.Compare(a.id, b.id)) })
	for _, one := range lines {
		ref, err := ParseID(one.id, subject)
		if err != nil {
			continue // a later version's
		}
		if len(list) == mostListed {
			return list, true, nil
		}
		list = append(list, ref)
	}
	return list, false, nil
}

// Lives tells whether anything that was issued from the grant is good, the person's epoch
// aside. A code that nobody has come for counts for nothing yet.
func (g Grant) Lives() bool { return g.State == Active && time.Now().Unix() < g.Ends }

// OnDevice tells whether it was granted to a device (RFC 8628), not to a browser.
func (g Grant) OnDevice() bool { return g.RedirectURI == "" }

// Issued is when the grant was made.
func (l *Ledger) Issued(g Grant) time.Time { return time.UnixMilli(g.CodeEnds).Add(-l.lives.Code) }

// Used is when a refresh token of the grant was last exchanged; its making, if none was.
func (l *Ledger) Used(g Grant) time.Time {
	if len(g.Spent) > 0 {
		return time.UnixMilli(g.Spent[0])
	}
	return l.Issued(g)
}
