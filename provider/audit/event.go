package audit

import (
	"context"
	"time"
)

// An Event is one thing that happened. Which fields count depends on the Name:
// see [Catalogue]. RequestID counts for all. Zero fields are left out.
type Event struct {
	Name      Name
	RequestID string        // of the HTTP request; the one that pages show
	ClientID  string        // the app
	Subject   string        // the person's sub
	Address   string        // where the request came from
	Reason    string        // a fixed word for why, such as "outsider"
	GrantID   string        // its first 16 characters are written
	SessionID string        // likewise; never the cookie
	CorpID    string        // DingTalk's corpId
	Way       string        // the way in: oauth2, sns, frame, inapp; the grant_type; or what led to a removal
	Call      string        // the DingTalk call, or the storage verb and kind of record
	KeyID     string        // kid of a signing key
	Version   string        // of the program
	Other     string        // another person's sub
	EventID   string        // of DingTalk's event
	By        string        // who asked for it, such as "uid 1000" of the admin socket
	Err       error         // its text is written, cleaned and without secrets
	Count     int           // how many
	Duration  time.Duration // written in milliseconds
}

// A Sink takes events. Implementations are safe for concurrent use, do not
// block for long and do not fail: an event is told and forgotten.
type Sink interface {
	Record(ctx context.Context, e Event)
}

// Discard is a Sink that keeps nothing.
var Discard Sink = discard{}

type discard struct{}

func (discard) Record(context.Context, Event) {}
