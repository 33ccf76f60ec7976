package people

import (
	"context"
	"time"
)

// A Source says what led to a recheck or to a removal.
type Source string

// The sources.
const (
	FromUse   Source = "recheck" // a token, code or session was used, and the last answer was old
	FromEvent Source = "event"   // DingTalk sent a hint
	FromSweep Source = "sweep"   // everybody is asked about in turn
	FromLogin Source = "login"   // DingTalk knew the person as none of ours when they logged in
	FromHand  Source = "hand"    // an administrator
)

// A Cause is why somebody is asked about.
type Cause struct {
	Source Source
	Event  string    // DingTalk's id of the event
	At     time.Time // when the event came
	// DryRun changes nothing and tells what would have been done, as a [RemovalWithheld].
	DryRun bool
}

// What can happen to a person or an organisation beside what a caller asked for.
const (
	// Removed: all sessions and grants of the person are dead. It is told once, by the
	// process whose write it was.
	Removed = "removed"
	// RemovalWithheld: the directory said "gone", and nobody was removed; Reason says why.
	RemovalWithheld = "removal_withheld"
	// BrakeEngaged: removals of the organisation have stopped until an administrator acts.
	BrakeEngaged = "brake_engaged"
	// EmailWithheld: the person's address was somebody else's before, and is not claimed. It is
	// told when the directory first has the address for them.
	EmailWithheld = "email_withheld"
	// UserIDReused: the person's userId was somebody else's before.
	UserIDReused = "userid_reused"
)

// A Happening is told to [Config.Tell].
type Happening struct {
	Kind    string
	CorpID  string
	Subject Subject
	Other   Subject // who had before what this one has now
	Cause   Cause
	Reason  string // a fixed word or two
	Count   int    // removals within the hour
}

func (r *Registry) happened(ctx context.Context, h Happening) {
	if r.tell != nil {
		r.tell(ctx, h)
	}
}
