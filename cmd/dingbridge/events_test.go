package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dingbridge/dingbridge/dingtalk/stream"
	"github.com/dingbridge/dingbridge/provider/audit"
	"github.com/dingbridge/dingbridge/provider/clients"
	"github.com/dingbridge/dingbridge/storage"
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

// lookups keeps which userIds were looked up in the sets, in order.
type lookups struct {
	storage.Store
	mu      sync.Mutex
	userIDs []string
	sought  chan struct{} // closed when the one who is waited for was
	who     string
}

func (l *lookups) Together(ctx context.Context, ops ...*storage.Op) error {
	l.mu.Lock()
	for _, op := range ops {
		if key, found := strings.CutPrefix(op.Key, "userid/"); found && op.Verb == storage.VerbMembers {
			_, userID, _ := strings.Cut(key, "/")
			if l.userIDs = append(l.userIDs, userID); userID == l.who {
				close(l.sought)
			}
		}
	}
	l.mu.Unlock()
	return l.Store.Together(ctx, ops...)
}

// TestWhoLeavesGoesFirst: DingTalk's event that somebody has left waits for none of the
// thousands that say that something has changed, and that came before.
func TestWhoLeavesGoesFirst(t *testing.T) {
	m, sim := demoMaterials(t)
	l := &lookups{Store: m.store, sought: make(chan struct{}), who: "zhangsan"}
	m.store, m.audit = l, audit.Discard
	if m.clients, _ = clients.NewSet(nil); m.clients == nil {
		t.Fatal("no set of clients")
	}
	h, err := build(t.Context(), m, 0)
	if err != nil {
		t.Fatal(err)
	}
	const changes = 4000
	for i := range changes {
		if !h.heard(sim.CorpID(), stream.Event{ID: fmt.Sprint(i), Type: "user_modify_org", UserIDs: []string{fmt.Sprint("user", i)}}) {
			t.Fatalf("event %d is to be delivered again", i)
		}
	}
	if !h.heard(sim.CorpID(), stream.Event{ID: "left", Type: "user_leave_org", UserIDs: []string{"zhangsan"}}) {
		t.Fatal("it is to be delivered again")
	}
	ctx, stop := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { h.provider.Run(ctx) })
	select {
	case <-l.sought:
	case <-time.After(time.Minute):
		t.Error("nobody looked")
	}
	stop()
	running.Wait()
	if before := slices.Index(l.userIDs, "zhangsan"); before > changes/2 {
		t.Errorf("%d others were looked up before who left", before)
	}
}
