package sessions

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

// The list is for people to look at. What it names may be over: only the record and the
// note of its end say whether a session lives, and ReadEntry reads both.

const (
	// mostListed bounds what is read of a list: a person with more sessions than this
	// in a week has no use for the rest.
	mostListed = 200
	// mostWords is how much of a browser's name and of an address is kept, in bytes.
	mostWords = 64
)

// capped cuts a text that is longer than any that we make.
func capped(s string) string {
	if len(s) > mostWords {
		s = strings.ToValidUTF8(s[:mostWords], "")
	}
	return s
}

func listOf(subject [16]byte) string {
	return "browsers-of/" + base64.RawURLEncoding.EncodeToString(subject[:])
}

// enlist makes the op that puts a session on its person's list.
func (g *Register) enlist(s Session, now time.Time) *storage.Op {
	member := fmt.Sprintf("%d %s %s", now.UnixMilli(), s.ID, s.Ref.hash)
	return storage.Join(listOf(s.Ref.Subject), member, max(time.Until(s.Ends()), time.Second))
}

// An Entry is one line of a person's list: a session that may be over.
type Entry struct {
	ID            ID
	ref           Ref
	record, ended *storage.Op
}

// Ops are what must be done before ReadEntry.
func (e Entry) Ops() []*storage.Op { return []*storage.Op{e.record, e.ended} }

// FetchList makes the op that reads a person's list. Give it to ReadList when it is done.
func (g *Register) FetchList(subject [16]byte) *storage.Op { return storage.Members(listOf(subject)) }

// ReadList returns the list that FetchList read, the newest first, each ID once: a login
// that keeps its session's ID takes the one before off the list. more tells that there
// are others, older than all of these.
func (g *Register) ReadList(subject [16]byte, op *storage.Op) (list []Entry, more bool, err error) {
	if op.Err != nil {
		return nil, false, fmt.Errorf("read a person's sessions: %w", op.Err)
	}
	type line struct {
		at   int64
		id   ID
		hash string
	}
	var lines []line
	for _, member := range op.Members {
		var l line
		at, rest, _ := strings.Cut(member, " ")
		id, hash, _ := strings.Cut(rest, " ")
		if l.at, err = strconv.ParseInt(at, 10, 64); err != nil || l.id.UnmarshalText([]byte(id)) != nil || hash == "" {
			continue // a later version's
		}
		l.hash = hash
		lines = append(lines, l)
	}
	slices.SortFunc(lines, func(a, b line) int { return cmp.Or(cmp.Compare(b.at, a.at), cmp.Compare(a.hash, b.hash)) })
	seen := map[ID]bool{}
	for _, l := range lines {
		if seen[l.id] {
			continue
		}
		if len(list) == mostListed {
			return list, true, nil
		}
		seen[l.id] = true
		ref := Ref{Subject: subject, hash: l.hash}
		list = append(list, Entry{l.id, ref, g.Fetch(ref), g.FetchEnded(l.id)})
	}
	return list, false, nil
}

// ReadEntry returns the session of an entry whose ops are done; ErrNone if it is over.
func (g *Register) ReadEntry(e Entry) (Session, error) {
	if err := CheckEnded(e.ended); err != nil {
		return Session{}, err
	}
	s, err := g.Read(e.ref, e.record)
	if err == nil && s.ID != e.ID {
		return Session{}, ErrNone
	}
	return s, err
}
