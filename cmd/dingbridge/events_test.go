package main

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dingbridge/dingbridge/dingtalk/stream"
	"github.com/dingbridge/dingbridge/provider/audit"
)

// noted keeps what was audited.
type noted []audit.Event

func (n *noted) Record(_ context.Context, e audit.Event) { *n = append(*n, e) }

// TestAConnectionThatCannotBeMadeIsToldOnce: not at each try, for weeks; how many there were
// is told when one succeeds.
func TestAConnectionThatCannotBeMadeIsToldOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, err := stream.New(stream.Config{CorpID: "ding1", ClientID: "app", ClientSecret: "secret",
			Handle: func(context.Context, stream.Event) bool { return true }})
		if err != nil {
			t.Fatal(err)
		}
		var all noted
		l := &hearing{corpID: "ding1", audit: &all, client: client}
		for _, o := range []stream.Outcome{stream.Failed, stream.Failed, stream.Failed, stream.Connected, stream.Handled, stream.Later} {
			l.note(o, stream.Event{})
		}
		time.Sleep(time.Minute)
		for _, o := range []stream.Outcome{stream.Lost, stream.Failed, stream.Moved, stream.Connected, stream.Refused, stream.Unreadable} {
			l.note(o, stream.Event{Type: "user_leave_org"})
		}
		type line struct {
			name   audit.Name
			reason string
			count  int
			took   time.Duration
		}
		var got []line
		for _, e := range all {
			if e.CorpID != "ding1" || audit.Check(e) != nil {
				t.Errorf("%+v: %v", e, audit.Check(e))
			}
			got = append(got, line{e.Name, e.Reason, e.Count, e.Duration})
		}
		want := []line{
			{audit.StreamLost, "failed", 0, 0}, {audit.StreamConnected, "", 4, 0},
			{audit.StreamLost, "lost", 0, time.Minute}, {audit.StreamLost, "failed", 0, 0}, {audit.StreamConnected, "", 2, 0},
			{audit.EventRefused, "other_organisation", 0, 0}, {audit.EventRefused, "unreadable", 0, 0},
		}
		if !slices.Equal(got, want) {
			t.Errorf("got  %+v\nwant %+v", got, want)
		}
	})
}
