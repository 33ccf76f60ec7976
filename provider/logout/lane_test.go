package logout

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dingbridge/dingbridge/provider/audit"
)

var quiet = log.New(io.Discard, "", 0)

// Receivers that drip: the header, byte by byte, ends the try; a body that drips does
// not change what the status said.
func TestN5_SlowLoris(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		t.Cleanup(func() { time.Sleep(2 * time.Second) }) // until the receiver notices that it is over
		tr := newTrail(t)
		n := notify(t, tr, Config{})
		receiver(t, n, func(w http.ResponseWriter, r *http.Request) {
			_ = r.ParseForm()
			if r.URL.Path == "/body" {
				for r.Context().Err() == nil {
					_, _ = io.WriteString(w, "x")
					_ = http.NewResponseController(w).Flush()
					time.Sleep(time.Second)
				}
				return
			}
			c, _, err := http.NewResponseController(w).Hijack()
			if err != nil {
				t.Error(err)
				return
			}
			defer c.Close()
			for _, b := range []byte("HTTP/1.1 200 OK\r\nX-Long: " + strings.Repeat("x", 1000)) {
				if _, err := c.Write([]byte{b}); err != nil {
					return
				}
				time.Sleep(time.Second)
			}
		})
		n.Send(to("header", "http://app.example.com/header"), to("body", "http://app.example.com/body"))
		tr.await("header", 1)
		tr.await("body", 1)
		if tr.story("header") != "retried:timeout" || tr.story("body") != "delivered" {
			t.Errorf("header: %s, body: %s", tr.story("header"), tr.story("body"))
		}
		if d := tr.of("body")[0].Duration; d != 5*time.Second {
			t.Errorf("a body that does not end held a try for %v", d)
		}
	})
}

// Endless bodies and headers are not read to the end.
func TestN5_HugeAnswers(t *testing.T) {
	var wrote atomic.Int64
	ended := make(chan struct{}, 1)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/header" {
			w.Header().Set("X-Long", strings.Repeat("x", 2*maxHeader))
			return
		}
		block := make([]byte, 64<<10)
		for {
			size, err := w.Write(block)
			wrote.Add(int64(size))
			if err != nil {
				break
			}
		}
		ended <- struct{}{}
	}))
	defer s.Close()
	tr := newTrail(t)
	n := notify(t, tr, Config{Timeout: 100 * time.Second})
	n.Send(to("body", s.URL+"/body", home...), to("header", s.URL+"/header", home...))
	tr.await("body", 1)
	tr.await("header", 1)
	<-ended
	if got := tr.story("body"); got != "delivered" || wrote.Load() > 64<<20 {
		t.Errorf("%s after %d bytes", got, wrote.Load())
	}
	if got := tr.story("header"); got != "retried:unreachable" {
		t.Error(got)
	}
}

// A receiver hangs, with more notices than fit under way; another is told meanwhile:
// when its notice has come, no try of the first is over.
func TestN6_AHangingReceiverDelaysNobody(t *testing.T) {
	release := make(chan struct{})
	var hanging atomic.Int32
	hang := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { hanging.Add(1); <-release }))
	defer hang.Close()
	good := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer good.Close()
	tr := newTrail(t)
	n := notify(t, tr, Config{Timeout: 100 * time.Second})
	for range 50 {
		n.Send(to("hang", hang.URL, home...))
	}
	for i := range 20 {
		n.Send(to("good", good.URL, home...))
		tr.await("good", i+1)
	}
	if tr.story("hang") != "" {
		t.Errorf("of the hanging one, %s", tr.story("hang"))
	}
	if got := hanging.Load(); got > 2 {
		t.Errorf("%d tries of one client at once", got)
	}
	close(release)
	tr.await("hang", 50)
	if strings.Contains(tr.story(""), "retried") || strings.Contains(tr.story(""), "failed") {
		t.Error(tr.story(""))
	}
}

// At most two tries of a client are under way, and one that waits for its next try is
// not among them: it holds up no other notice, not even its own client's.
func TestN6_WhatWaitsIsInNobodysWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr := newTrail(t)
		n := notify(t, tr, Config{})
		var mu sync.Mutex
		var now, most int
		receiver(t, n, func(w http.ResponseWriter, r *http.Request) {
			mu.Lock()
			now++
			most = max(most, now)
			mu.Unlock()
			time.Sleep(time.Millisecond)
			if claimsOf(t, r.FormValue("logout_token"))["sub"] == "unlucky" {
				w.WriteHeader(http.StatusInternalServerError)
			}
			mu.Lock()
			now--
			mu.Unlock()
		})
		for i := range 40 {
			notice := to("app", "http://app.example.com/")
			if i < 10 {
				notice.Subject = "unlucky"
			}
			n.Send(notice)
		}
		time.Sleep(500 * time.Millisecond) // before anything is tried again
		if got := strings.Count(tr.story("app"), "delivered"); got != 30 || most != 2 {
			t.Errorf("%d delivered, at most %d at once", got, most)
		}
		if err := n.Drain(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := strings.Count(tr.story("app"), "failed:unavailable"); got != 10 || most != 2 {
			t.Errorf("%d failed, at most %d at once", got, most)
		}
	})
}

// What is too much is dropped and audited; another client has its share however full
// the house is. Send comes back each time though nothing moves.
func TestN7_WhatIsHeldIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr := newTrail(t)
		n := notify(t, tr, Config{PerClient: 5, InAll: 12})
		release := make(chan struct{})
		receiver(t, n, func(w http.ResponseWriter, r *http.Request) { <-release })
		for _, client := range []string{"a", "b", "c", "d"} {
			for range 7 {
				n.Send(to(client, "http://app.example.com/"))
			}
		}
		synctest.Wait()
		for client, want := range map[string]int{"a": 2, "b": 2, "c": 5, "d": 5} {
			if got := tr.story(client); got != strings.TrimSpace(strings.Repeat("dropped:too_many ", want)) {
				t.Errorf("%s: %s, want %d", client, got, want)
			}
		}
		close(release)
		if err := n.Drain(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := strings.Count(tr.story(""), "delivered"); got != 14 {
			t.Errorf("%d delivered", got)
		}
		if len(n.lanes) != 0 || len(n.held) != 0 || n.open != 0 {
			t.Errorf("left: %d lanes, %d held, %d open", len(n.lanes), len(n.held), n.open)
		}
	})
}

func TestN7_ClientsWithoutAddressAreNotTold(t *testing.T) {
	tr := newTrail(t)
	n := notify(t, tr, Config{})
	n.Send(to("app", ""))
	n.Send()
	if len(tr.of("")) != 0 || len(n.held) != 0 {
		t.Errorf("%d held: %s", len(n.held), tr.story(""))
	}
}

// Whatever receivers do, each notice has one end, and each try but the last an event
// of its own.
func TestN8_EveryNoticeHasOneEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr := newTrail(t)
		n := notify(t, tr, Config{PerClient: 40})
		calls := map[string]int{}
		var mu sync.Mutex
		receiver(t, n, func(w http.ResponseWriter, r *http.Request) {
			sub := claimsOf(t, r.FormValue("logout_token"))["sub"].(string)
			mu.Lock()
			calls[sub]++
			turn := len(sub) + int(sub[len(sub)-1]) + calls[sub]
			mu.Unlock()
			switch turn % 5 {
			case 0:
				w.WriteHeader(http.StatusNotFound)
			case 1:
				<-r.Context().Done()
			case 2:
				c, _, _ := http.NewResponseController(w).Hijack()
				c.Close()
			case 3:
				w.WriteHeader(http.StatusServiceUnavailable)
			}
		})
		const count = 150
		for i := range count {
			notice := to(fmt.Sprintf("app%d", i%3), "http://app.example.com/")
			notice.Subject = fmt.Sprintf("person%d", i)
			n.Send(notice)
			time.Sleep(50 * time.Millisecond)
		}
		if err := n.Drain(t.Context()); err != nil {
			t.Fatal(err)
		}
		ends, attempts := map[string]int{}, map[string]int{}
		for _, e := range tr.of("") {
			switch e.Name {
			case audit.BackchannelRetried:
				attempts[e.Subject]++
				if ends[e.Subject] > 0 {
					t.Errorf("%s is tried again after its end", e.Subject)
				}
			case audit.BackchannelDelivered, audit.BackchannelFailed:
				ends[e.Subject]++
				if e.Reason != "too_late" {
					attempts[e.Subject]++
				}
			case audit.BackchannelDropped:
				ends[e.Subject]++
			}
		}
		for i := range count {
			sub := fmt.Sprintf("person%d", i)
			if ends[sub] != 1 || attempts[sub] != calls[sub] {
				t.Errorf("%s: %d ends, %d tries audited, %d made", sub, ends[sub], attempts[sub], calls[sub])
			}
		}
	})
}

// Drain waits for what is under way and for what is tried again; what was sent while
// it waits too.
func TestN9_DrainWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr := newTrail(t)
		n := notify(t, tr, Config{})
		calls := 0
		receiver(t, n, func(w http.ResponseWriter, r *http.Request) {
			switch calls++; calls {
			case 1:
				w.WriteHeader(http.StatusInternalServerError)
			case 2:
				n.Send(to("app", "http://app.example.com/"))
			}
		})
		if err := n.Drain(t.Context()); err != nil {
			t.Errorf("with nothing held: %v", err)
		}
		n.Send(to("app", "http://app.example.com/"))
		if err := n.Drain(t.Context()); err != nil {
			t.Error(err)
		}
		if got := tr.story("app"); got != "retried:unavailable delivered delivered" {
			t.Error(got)
		}
	})
}

// When Drain's time is over, what is under way, what waits for its turn and what waits
// for another try are given up, each with its event, and a later notice still goes.
func TestN9_DrainGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr := newTrail(t)
		n := notify(t, tr, Config{})
		var well atomic.Bool
		var broken atomic.Int32
		receiver(t, n, func(w http.ResponseWriter, r *http.Request) {
			switch _ = r.ParseForm(); {
			case r.URL.Path == "/fail":
				w.WriteHeader(http.StatusInternalServerError)
			case !well.Load():
				<-r.Context().Done()
				broken.Add(1)
			}
		})
		n.Send(to("again", "http://app.example.com/fail"))
		for range 5 {
			n.Send(to("app", "http://app.example.com/"))
		}
		ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
		defer cancel()
		err := n.Drain(ctx)
		if err == nil || !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "gave up 6") {
			t.Errorf("Drain: %v", err)
		}
		if synctest.Wait(); broken.Load() != 2 {
			t.Errorf("%d tries were broken off, not both that were under way", broken.Load())
		}
		if tr.story("again") != "retried:unavailable dropped:shutdown" ||
			tr.story("app") != strings.TrimSpace(strings.Repeat("dropped:shutdown ", 5)) {
			t.Errorf("again: %s; app: %s", tr.story("again"), tr.story("app"))
		}
		well.Store(true)
		n.Send(to("app", "http://app.example.com/"))
		if err := n.Drain(t.Context()); err != nil {
			t.Error(err)
		}
		time.Sleep(tokenLife) // what was given up does not come back
		if got := tr.story("app"); !strings.HasSuffix(got, "dropped:shutdown delivered") || strings.Count(got, " ") != 5 {
			t.Error(got)
		}
		if len(n.lanes) != 0 || n.open != 0 {
			t.Errorf("left: %d lanes, %d open", len(n.lanes), n.open)
		}
	})
}
