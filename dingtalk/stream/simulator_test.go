package stream

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/dingbridge/dingbridge/dingtalk/simulator"
)

// Another reading of the same documents plays DingTalk here. It shares no line with
// this room, so that a misreading does not hide in both.

func simulated(t *testing.T) (*simulator.Simulator, func(change ...func(*Config)) *listener) {
	t.Helper()
	sim, err := simulator.New(simulator.Config{})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(sim.Handler())
	t.Cleanup(server.Close)
	t.Cleanup(sim.Close)
	if err := sim.SetStream(func(s *simulator.StreamSettings) { s.Redeliver = time.Second }); err != nil {
		t.Fatal(err)
	}
	return sim, func(change ...func(*Config)) *listener {
		t.Helper()
		ours := func(c *Config) {
			c.CorpID, c.ClientID, c.ClientSecret = sim.CorpID(), sim.App().ClientID, sim.App().ClientSecret
			c.BackoffMin, c.BackoffMax = time.Millisecond, 20*time.Millisecond
		}
		l := start(t, newGateway(), server.URL, append([]func(*Config){ours}, change...)...)
		<-l.connects
		return l
	}
}

// until waits for what will be.
func until(t *testing.T, what string, done func() bool) {
	t.Helper()
	for end := time.Now().Add(5 * time.Minute); !done(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not within five minutes: %s", what)
		}
	}
}

// rightly fails if the simulator found anything wrong with what we said.
func rightly(t *testing.T, sim *simulator.Simulator) {
	t.Helper()
	if s := sim.Stream(); s.WrongAnswers != 0 { // slow some may be, on a busy machine
		t.Errorf("%d wrong answers: %q", s.WrongAnswers, s.Wrong)
	}
}

func TestSimulator_ALeaverIsHeardOf(t *testing.T) {
	sim, connect := simulated(t)
	l := connect()
	if err := sim.Leave("zhangsan"); err != nil {
		t.Fatal(err)
	}
	if e := l.handled(t); e.Type != "user_leave_org" || e.CorpID != sim.CorpID() || fmt.Sprint(e.UserIDs) != "[zhangsan]" || e.Partial || e.ID == "" || e.Born.IsZero() {
		t.Errorf("event %+v", e)
	}
	until(t, "acknowledged", func() bool { return sim.Stream().Acked == 1 && sim.Stream().Pending == 0 })
	if _, err := sim.ActOnStream(simulator.StreamAction{Action: "ping"}); err != nil {
		t.Fatal(err)
	}
	until(t, "echoed", func() bool { return sim.Stream().Echoes == 1 })
	rightly(t, sim)
}

func TestW3_W4_Simulator_RedeliveredUntilTaken(t *testing.T) {
	sim, connect := simulated(t)
	var calls atomic.Int32
	l := connect(func(c *Config) { c.Handle = func(context.Context, Event) bool { return calls.Add(1) == 3 } })
	id, err := sim.Inject(simulator.Event{Type: "user_leave_org", Data: json.RawMessage(`{"userId":["lisi"]}`)})
	if err != nil {
		t.Fatal(err)
	}
	until(t, "taken", func() bool { return sim.Stream().Acked == 1 })
	if _, err := sim.Inject(simulator.Event{Type: "user_leave_org", ID: id, Data: json.RawMessage(`{"userId":["lisi"]}`)}); err != nil {
		t.Fatal(err)
	}
	until(t, "known", func() bool { return sim.Stream().Acked == 2 })
	if s := l.Status(); calls.Load() != 3 || s.Later < 2 || s.Handled != 1 || s.Repeated < 1 { // more, if it came again before it was answered
		t.Errorf("%d calls, status %+v", calls.Load(), s)
	}
	rightly(t, sim)
}

func TestThreat_D8_W1_Simulator_AnotherOrganisation(t *testing.T) {
	sim, connect := simulated(t)
	l := connect()
	if _, err := sim.Inject(simulator.Event{Type: "user_leave_org", CorpID: otherOne, Data: json.RawMessage(`{"userId":["lisi"]}`)}); err != nil {
		t.Fatal(err)
	}
	if e := l.sees(t, Refused); e.CorpID != otherOne {
		t.Errorf("refused %+v", e)
	}
	until(t, "acknowledged", func() bool { return sim.Stream().Acked == 1 })
	l.none(t)
	rightly(t, sim)
}

func TestThreat_D8_W5_Simulator_ABurst(t *testing.T) {
	burst := 10_000
	if testing.Short() {
		burst = 2000
	}
	sim, connect := simulated(t)
	var handled atomic.Int32
	connect(func(c *Config) {
		c.Handle = func(_ context.Context, e Event) bool { handled.Add(1); return true }
		c.Observe = nil
	})
	// As late as DingTalk. What comes again before a busy machine has got to it only lengthens the queue.
	if err := sim.SetStream(func(s *simulator.StreamSettings) { s.Redeliver = time.Minute }); err != nil {
		t.Fatal(err)
	}
	if _, err := sim.Inject(simulator.Event{Type: "user_modify_org", Count: burst, Data: json.RawMessage(`{"userId":["u{n}"]}`)}); err != nil {
		t.Fatal(err)
	}
	until(t, "all taken", func() bool { return sim.Stream().Acked == burst })
	if int(handled.Load()) != burst {
		t.Errorf("handled %d", handled.Load())
	}
	rightly(t, sim)
}

func TestW6_Simulator_DisconnectAndKill(t *testing.T) {
	sim, connect := simulated(t)
	if err := sim.SetStream(func(s *simulator.StreamSettings) { s.Drain = 50 * time.Millisecond }); err != nil {
		t.Fatal(err)
	}
	alone := func(nth int) {
		t.Helper()
		until(t, "one connection", func() bool {
			state := sim.Stream()
			return int(state.Opened) == nth && len(state.Connections) == 1
		})
	}
	l := connect()
	alone(1)
	for i, action := range []string{"disconnect", "kill", "disconnect", "kill"} {
		if struck, err := sim.ActOnStream(simulator.StreamAction{Action: action}); err != nil || struck != 1 {
			t.Fatalf("%s struck %d: %v", action, struck, err)
		}
		<-l.connects
		alone(i + 2)
		user := fmt.Sprint("u", i)
		if _, err := sim.Inject(simulator.Event{Type: "user_leave_org", Data: json.RawMessage(`{"userId":["` + user + `"]}`)}); err != nil {
			t.Fatal(err)
		}
		if e := l.handled(t); fmt.Sprint(e.UserIDs) != "["+user+"]" {
			t.Errorf("event %+v", e)
		}
	}
	if s := l.Status(); s.Connects != 5 || sim.Stream().Opened != 5 || !s.Connected || s.LastError == "" {
		t.Errorf("status %+v", s)
	}
	rightly(t, sim)
}

// Threat D10: what happens while nobody is connected may be lost; Connected says that
// there was such a time.
func TestThreat_D10_W10_Simulator_AGap(t *testing.T) {
	sim, connect := simulated(t)
	if err := sim.SetVariants(map[string]string{"events": "lost"}); err != nil {
		t.Fatal(err)
	}
	l := connect()
	l.stop()
	if err := sim.Leave("zhangsan"); err != nil {
		t.Fatal(err)
	}
	until(t, "lost", func() bool { return sim.Stream().Lost == 1 })
	l.run(t)
	<-l.connects
	l.none(t)
	if got := l.Status().Gap; got <= 0 {
		t.Errorf("gap %s", got)
	}
	rightly(t, sim)
}

func TestSimulator_TwoShareTheEvents(t *testing.T) {
	const events = 200
	sim, connect := simulated(t)
	both := make(chan Event, 2*events)
	share := func(c *Config) { c.Handle = func(_ context.Context, e Event) bool { both <- e; return true } }
	a, b := connect(share), connect(share)
	until(t, "two connections", func() bool { return len(sim.Stream().Connections) == 2 })
	if _, err := sim.Inject(simulator.Event{Type: "user_modify_org", Count: events, Data: json.RawMessage(`{"userId":["u{n}"]}`)}); err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for len(seen) < events {
		seen[(<-both).UserIDs[0]] = true
	}
	until(t, "acknowledged", func() bool { return sim.Stream().Acked == events })
	a.stop()
	if _, err := sim.Inject(simulator.Event{Type: "user_modify_org", Count: 10, Data: json.RawMessage(`{"userId":["v{n}"]}`)}); err != nil {
		t.Fatal(err)
	}
	until(t, "the other has them", func() bool { return sim.Stream().Acked == events+10 })
	if sa, sb := a.Status().Handled, b.Status().Handled; sa == 0 || sb < 11 || sa+sb < events+10 {
		t.Errorf("handled %d and %d", sa, sb)
	}
	rightly(t, sim)
}

func TestW6_Simulator_WrongSecret(t *testing.T) {
	sim, connect := simulated(t)
	l := connect(func(c *Config) {
		c.ClientSecret = "another"
		c.Connected() // connect waits for it, and it will not come
	})
	l.sees(t, Failed)
	if s := l.Status(); s.Connected || !strings.Contains(s.LastError, "authFailed") || !strings.Contains(s.LastError, "鉴权失败") {
		t.Errorf("status %+v", s)
	}
	if opened := sim.Stream().Opened; opened != 0 {
		t.Errorf("%d connections", opened)
	}
}
