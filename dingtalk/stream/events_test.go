package stream

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func TestAnEventArrives(t *testing.T) {
	g := newGateway()
	l := start(t, g, onLoopback(t, g))
	p := g.next(t)
	p.send(leave("m1", "e1"))
	want := Event{ID: "e1", Type: "user_leave_org", CorpID: corp, Born: time.UnixMilli(1763800001234).UTC(), UserIDs: []string{"0156421733781264"}}
	if got := l.handled(t); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("event %+v, want %+v", got, want)
	}
	if got := p.status("m1"); got != "SUCCESS" {
		t.Errorf("answered %s", got)
	}
	p.ping("m2")
	asked := g.attempts()[0]
	if asked.header.Get("Content-Type") != "application/json" || asked.header.Get("Accept") != "application/json" || asked.header.Get("User-Agent") != "dingbridge/test" {
		t.Errorf("headers %v", asked.header)
	}
	if want := `{"clientId":"` + clientID + `","clientSecret":"` + secret + `","subscriptions":[{"type":"EVENT","topic":"*"}],"ua":"dingbridge/test"}`; asked.body != want {
		t.Errorf("body %s, want %s", asked.body, want)
	}
	if p.ticket != g.tickets[0] {
		t.Errorf("ticket %q, want %q", p.ticket, g.tickets[0])
	}
	l.stop()
	s := l.Status()
	if s.Connected || s.Connects != 1 || s.Events != 1 || s.Handled != 1 || s.Since.IsZero() || s.LastFrame.IsZero() || s.LastError != "" {
		t.Errorf("status %+v", s)
	}
}

func TestThreat_D8_W1_OnlyEventsOfTheOrganisation(t *testing.T) {
	inBubble(t, func(t *testing.T, g *gateway) {
		l := start(t, g, "")
		p := g.next(t)
		for i, of := range []string{otherOne, "", strings.ToUpper(corp), corp + " ", corp + "\u200b", "null"} {
			id := fmt.Sprint("m", i)
			p.send(eventFrame(id, fmt.Sprint("e", i), "user_leave_org", of, `{"userId":["0156421733781264"]}`))
			if got := p.status(id); got != "SUCCESS" {
				t.Errorf("%q: answered %s", of, got)
			}
			if e := l.sees(t, Refused); e.ID != fmt.Sprint("e", i) || e.CorpID == corp {
				t.Errorf("%q: refused %+v", of, e)
			}
		}
		// The organisation may stand in no other place, and not twice.
		p.send(`{"type":"EVENT","headers":{"messageId":"a","eventType":"user_leave_org"},"data":"{\"CorpId\":\"` + corp + `\",\"userId\":[\"x\"]}"}`)
		p.status("a")
		p.send(`{"type":"EVENT","headers":{"messageId":"b","eventType":"user_leave_org","eventCorpId":"` + corp + `","EventCorpID":"` + otherOne + `"},"data":"{}"}`)
		p.ping("c") // the one before is not answered: it is not known which it is
		synctest.Wait()
		l.none(t)
		synctest.Wait()
		if s := l.Status(); s.Refused != 7 || s.Events != 0 || s.Unreadable != 1 {
			t.Errorf("status %+v", s)
		}
		p.send(leave("d", "e0")) // the id of one that was refused
		l.handled(t)
		p.status("d")
	})
}

func TestW3_WhatAnEventIsAnswered(t *testing.T) {
	for _, test := range []struct {
		name   string
		handle func(context.Context) bool
		frame  string
		status string
		events uint64
	}{
		{"taken", func(context.Context) bool { return true }, leave("m", "e"), "SUCCESS", 1},
		{"not taken", func(context.Context) bool { return false }, leave("m", "e"), "LATER", 1},
		{"slow", func(context.Context) bool { time.Sleep(time.Hour); return true }, leave("m", "e"), "LATER", 1},
		{"stuck", func(ctx context.Context) bool { <-ctx.Done(); return true }, leave("m", "e"), "LATER", 1},
		{"panic", func(context.Context) bool { panic("an event of death") }, leave("m", "e"), "LATER", 1},
		{"without an id", func(context.Context) bool { return true }, leave("m", ""), "SUCCESS", 1},
		{"without a messageId", func(context.Context) bool { return true }, leave("", "e"), "SUCCESS", 1},
		{"without a type", nil, eventFrame("m", "e", "", corp, "{}"), "SUCCESS", 0},
		{"type of another type", nil, `{"type":"EVENT","headers":{"messageId":"m","eventType":{},"eventCorpId":"` + corp + `"}}`, "SUCCESS", 0},
		{"a payload that is none", func(context.Context) bool { return false }, eventFrame("m", "e", "user_leave_org", corp, "<html>"), "LATER", 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, g *gateway) {
				l := start(t, g, "", func(c *Config) {
					c.Handle = func(ctx context.Context, _ Event) bool { return test.handle(ctx) }
				})
				p := g.next(t)
				sent := time.Now()
				p.send(test.frame)
				id := "m"
				if test.name == "without a messageId" {
					id = ""
				}
				if got := p.status(id); got != test.status {
					t.Errorf("answered %s, want %s", got, test.status)
				}
				if took := time.Since(sent); took > 3*time.Second {
					t.Errorf("answered after %s; DingTalk waits 3 s", took) // virtual time
				}
				synctest.Wait()
				if got := l.Status().Events; got != test.events {
					t.Errorf("%d events, want %d", got, test.events)
				}
				p.ping("after")
			})
		})
	}
}

func TestW4_HandledOnce(t *testing.T) {
	inBubble(t, func(t *testing.T, g *gateway) {
		var refuse atomic.Bool
		calls := make(chan Event, 100)
		l := start(t, g, "", func(c *Config) {
			c.Handle = func(_ context.Context, e Event) bool {
				calls <- e
				if strings.HasPrefix(e.ID, "slow") {
					time.Sleep(10 * time.Second)
				}
				return !refuse.Load()
			}
		})
		p := g.next(t)
		deliver := func(messageID, eventID, status string, handed int) {
			t.Helper()
			p.send(leave(messageID, eventID))
			if got := p.status(messageID); got != status {
				t.Errorf("%s: answered %s, want %s", messageID, got, status)
			}
			synctest.Wait()
			if len(calls) != handed {
				t.Errorf("%s: handed on %d times, want %d", messageID, len(calls), handed)
			}
			for len(calls) > 0 {
				<-calls
			}
		}
		deliver("m1", "e1", "SUCCESS", 1)
		deliver("m2", "e1", "SUCCESS", 0)
		refuse.Store(true)
		deliver("m3", "e2", "LATER", 1)
		deliver("m4", "e2", "LATER", 1)
		refuse.Store(false)
		deliver("m5", "e2", "SUCCESS", 1)
		deliver("m6", "e2", "SUCCESS", 0)
		// While it is being handled, and after that.
		deliver("m7", "slow", "LATER", 1)
		deliver("m8", "slow", "LATER", 0)
		time.Sleep(10 * time.Second)
		deliver("m9", "slow", "SUCCESS", 0)
		// Without an id nothing is known.
		deliver("m10", "", "SUCCESS", 1)
		deliver("m11", "", "SUCCESS", 1)
		// On another connection.
		p.conn.CloseNow()
		p = g.next(t)
		deliver("m12", "e1", "SUCCESS", 0)
		synctest.Wait()
		if s := l.Status(); s.Repeated != 4 || s.Later != 4 || s.Handled != 4 || s.Events != 12 {
			t.Errorf("status %+v", s)
		}
	})
}

func TestW4_TheMemoryIsBounded(t *testing.T) {
	m := newMemory(3)
	for i := range 100 {
		id := fmt.Sprint(i)
		if m.begin(id) != isNew {
			t.Errorf("%s is known", id)
		}
		if m.begin(id) != isUnderWay {
			t.Errorf("%s is not under way", id)
		}
		m.end(id, true)
		for back := range 5 {
			if got, want := m.handled[fmt.Sprint(i-back)], back < 3 && i >= back; got != want {
				t.Errorf("after %d, %d is known: %t, want %t", i, i-back, got, want)
			}
		}
	}
	m.end("99", true)
	if len(m.handled) != 3 || len(m.order) != 3 || len(m.underWay) != 0 {
		t.Errorf("%d handled, %d in order, %d under way", len(m.handled), len(m.order), len(m.underWay))
	}
}

func TestW5_ReadingNeverWaits(t *testing.T) {
	inBubble(t, func(t *testing.T, g *gateway) {
		var running, most atomic.Int32
		release := make(chan struct{})
		l := start(t, g, "", func(c *Config) {
			c.Handle = func(context.Context, Event) bool {
				now := running.Add(1)
				defer running.Add(-1)
				for old := most.Load(); now > old && !most.CompareAndSwap(old, now); old = most.Load() {
				}
				<-release
				return true
			}
		})
		p := g.next(t)
		burst := 10_000
		if testing.Short() {
			burst = 3000
		}
		sent := time.Now()
		for i := range burst {
			p.send(leave(fmt.Sprint("m", i), fmt.Sprint("e", i)))
		}
		for range burst - mostWaiting { // at once: those that do not even wait
			if !strings.Contains(string(p.reply().Data), "LATER") {
				t.Fatal("not LATER")
			}
		}
		synctest.Wait()
		if len(p.replies) != 0 || time.Since(sent) != 0 || most.Load() != mostAtOnce {
			t.Errorf("%d more answers; %d at once", len(p.replies), most.Load())
		}
		p.ping("p1") // while all is full
		close(release)
		for range mostWaiting { // in turn
			if !strings.Contains(string(p.reply().Data), "SUCCESS") {
				t.Fatal("not SUCCESS")
			}
		}
		synctest.Wait()
		if s := l.Status(); s.Handled != mostWaiting || s.Later != uint64(burst-mostWaiting) || most.Load() != mostAtOnce {
			t.Errorf("status %+v; %d at once", s, most.Load())
		}
	})
}

// Handlers that are stuck cost those that come later their turn, not their answer.
func TestW5_WhoWaitsTooLongIsAskedForAgain(t *testing.T) {
	inBubble(t, func(t *testing.T, g *gateway) {
		const sent = 20
		release := make(chan struct{})
		handed := make(chan string, 2*sent)
		start(t, g, "", func(c *Config) {
			c.Handle = func(_ context.Context, e Event) bool { handed <- e.ID; <-release; return true }
		})
		p := g.next(t)
		for i := range sent {
			p.send(leave(fmt.Sprint("m", i), fmt.Sprint("e", i)))
		}
		for range sent {
			if got := string(p.reply().Data); !strings.Contains(got, "LATER") {
				t.Errorf("answered %s", got)
			}
		}
		if len(handed) != mostAtOnce {
			t.Errorf("%d handed on", len(handed))
		}
		close(release)
		synctest.Wait()
		for i := range sent { // those that have been handled meanwhile, and those that had no turn
			id := fmt.Sprint("again", i)
			p.send(leave(id, fmt.Sprint("e", i)))
			if got := p.status(id); got != "SUCCESS" {
				t.Errorf("answered %s", got)
			}
		}
		if len(handed) != sent {
			t.Errorf("%d calls for %d events", len(handed), sent)
		}
		once := map[string]bool{}
		for len(handed) > 0 {
			once[<-handed] = true
		}
		if len(once) != sent {
			t.Errorf("%d of %d were handled: %v", len(once), sent, once)
		}
	})
}

// What waits is bounded in bytes too.
func TestW2_WhatWaitsIsBounded(t *testing.T) {
	inBubble(t, func(t *testing.T, g *gateway) {
		release := make(chan struct{})
		l := start(t, g, "", func(c *Config) {
			c.Handle = func(context.Context, Event) bool { <-release; return true }
		})
		p := g.next(t)
		data := `{"x":"` + strings.Repeat("x", maxFrame-2000) + `"}`
		const sent, fit = 15, 10
		l.held.Store(mostHeld - fit*maxFrame) // as if others waited
		for i := range sent {
			p.send(eventFrame(fmt.Sprint("m", i), fmt.Sprint("e", i), "x", corp, data))
		}
		synctest.Wait()
		if got := len(p.replies); got != sent-fit {
			t.Errorf("%d of %d are not held", got, sent)
		}
		close(release)
		for range sent {
			p.reply()
		}
		synctest.Wait()
		if l.held.Load() != mostHeld-fit*maxFrame || len(l.room) != 0 {
			t.Errorf("%d bytes and %d events are still held", l.held.Load(), len(l.room))
		}
	})
}
