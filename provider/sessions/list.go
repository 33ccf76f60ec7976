package sessions

import (
	"cmp"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"slices"
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

// A line is what stands in the set: when the session was noted, its ID, and where its
// record is.
type line struct {
	at   time.Time
	id   ID
	hash string
}

// lineSize is that of a line in storage: six bytes of Unix milliseconds, the ID and the
// hash. Redis keeps a small set in a tenth of the room while no member is above 64 bytes.
const lineSize = 6 + len(ID{}) + sha256.Size

func (l line) String() string {
	b := binary.BigEndian.AppendUint64(make([]byte, 0, 2+lineSize), uint64(l.at.UnixMilli()))
	b = append(b, l.id[:]...)
	b, _ = base64.RawURLEncoding.AppendDecode(b, []byte(l.hash)) // which we have made
	return string(b[2:])
}

func parseLine(member string) (l line, ok bool) {
	if len(member) != lineSize {
		return line{}, false // a later version's
	}
	b := []byte("\x00\x00" + member)
	l.at = time.UnixMilli(int64(binary.BigEndian.Uint64(b)))
	l.hash = base64.RawURLEncoding.EncodeToString(b[8+copy(l.id[:], b[8:]):])
	return l, true
}

// enlist makes the op that puts a session on its person's list.
func (g *Register) enlist(s Session, now time.Time) *storage.Op {
	return storage.Join(listOf(s.Ref.Subject), line{now, s.ID, s.Ref.hash}.String(), max(time.Until(s.Ends()), time.Second))
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
	var lines []line
	for _, member := range op.Members {
		if l, ok := parseLine(member); ok {
			lines = append(lines, l)
		}
	}
	slices.SortFunc(lines, func(a, b line) int { return cmp.Or(b.at.Compare(a.at), cmp.Compare(a.hash, b.hash)) })
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
