package sessions

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/dingbridge/dingbridge/storage"
)

// endSlack is how much longer than any session the note of an end is kept: what ends
// with the session may end a clock's difference later.
const endSlack = 2 * time.Minute

func endedKey(id ID) string { return "ended/" + id.String() }

// End makes the ops that end a session: first a note under its ID, which ends at
// once whatever was granted with it, then the removal of its record. Whether they
// did, EndError tells. The note is kept as long as a session that starts now could
// live: beside a logout a login may have prolonged what was read for it under the same
// ID, and must not rise again when what was read would have run out.
func (g *Register) End(s Session) []*storage.Op {
	left := max(time.Until(s.Ends()), g.absolute) + endSlack
	return []*storage.Op{storage.Create(endedKey(s.ID), []byte("1"), left), storage.Delete(s.Ref.key())}
}

// EndError returns why the ops of End did not end the session, or nil. That it had
// ended before is no error.
func EndError(ops []*storage.Op) error {
	var first error
	for _, op := range ops {
		if op.Err != nil && !errors.Is(op.Err, storage.ErrConflict) && first == nil {
			first = fmt.Errorf("end session: %w", op.Err)
		}
	}
	return first
}

// FetchEnded makes the op that asks whether a session was ended. Give it to
// CheckEnded when it is done.
func (g *Register) FetchEnded(id ID) *storage.Op { return storage.Get(endedKey(id)) }

// CheckEnded tells what FetchEnded found: nil if the session was not ended, ErrNone
// if it was. One that only ran out is not ended (promise E7).
func CheckEnded(op *storage.Op) error {
	switch {
	case errors.Is(op.Err, storage.ErrNotFound):
		return nil
	case op.Err != nil:
		return fmt.Errorf("read the end of a session: %w", op.Err)
	}
	return fmt.Errorf("%w: it was ended", ErrNone)
}

// The set says whom to tell of an end. It is for notices and pages: no decision rests
// on it. One for each person, of pairs, serves the end of one session and of all.

func setOf(subject [16]byte) string {
	return "sessions-of/" + base64.RawURLEncoding.EncodeToString(subject[:])
}

// Enter makes the op that notes that a client was entered with a session.
func (g *Register) Enter(s Session, clientID string) *storage.Op {
	return storage.Join(setOf(s.Ref.Subject), s.ID.String()+" "+clientID, max(time.Until(s.Ends()), time.Second))
}

// FetchEntered makes the op that reads which clients a person entered, with which
// sessions. Give it to ReadEntered when it is done.
func (g *Register) FetchEntered(subject [16]byte) *storage.Op { return storage.Members(setOf(subject)) }

// ReadEntered returns the ids of the clients that FetchEntered read, by session, those
// of sessions that have ended among them.
func ReadEntered(op *storage.Op) (map[ID][]string, error) {
	if op.Err != nil {
		return nil, fmt.Errorf("read what a person entered: %w", op.Err)
	}
	entered := map[ID][]string{}
	for _, member := range op.Members {
		var id ID
		text, client, _ := strings.Cut(member, " ")
		if id.UnmarshalText([]byte(text)) == nil && client != "" {
			entered[id] = append(entered[id], client)
		}
	}
	return entered, nil
}
