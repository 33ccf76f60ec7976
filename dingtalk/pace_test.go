package dingtalk

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// A ledger is a transport that writes down when which call left, and in which lane.
type ledger struct {
	next *upstream

	mu   sync.Mutex
	sent map[string][]departure
}

type departure struct {
	at   time.Time
	lane lane
}

func (l *ledger) RoundTrip(r *http.Request) (*http.Response, error) {
	l.mu.Lock()
	call := paths[r.URL.Path]
	l.sent[call] = append(l.sent[call], departure{time.Now(), laneOf(r.Context())})
	l.mu.Unlock()
	return l.next.RoundTrip(r)
}

func (l *ledger) of(call string) []departure {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.sent[call])
}

// most is how many left within any span, both of its ends counted.
func most(sent []departure, span time.Duration) int {
	n := 0
	for i := range sent {
		k := i
		for k < len(sent) && sent[k].at.Sub(sent[i].at) <= span {
			k++
		}
		n = max(n, k-i)
	}
	return n
}

// paced returns a client with a ledger, for virtual time.
func paced(t *testing.T, perSecond float64) (*Client, *upstream, *ledger) {
	t.Helper()
	u := newUpstream()
	c := inProcess(t, u)
	l := &ledger{next: u, sent: map[string][]departure{}}
	c.transport = l
	c.Pace(perSecond)
	return c, u, l
}

func TestU11_AStormIsHeldBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const rate = 20
		c, u, l := paced(t, rate)
		u.handle(CallUser, func(w http.ResponseWriter, _ *http.Request) {
			time.Sleep(30 * time.Millisecond)
			send(200, userJSON)(w, nil)
		})
		start := time.Now()
		var mu sync.Mutex
		done, late := [lanes]int{}, [lanes]int{}
		var wg sync.WaitGroup
		ask := func(ctx context.Context, n int) {
			for range n {
				wg.Go(func() {
					_, err := c.Lookup(ctx, userID)
					mu.Lock()
					defer mu.Unlock()
					if err == nil {
						done[laneOf(ctx)]++
						return
					}
					late[laneOf(ctx)]++
					if e := want(t, err, ReasonThrottled); !errors.Is(e, errOwnLimit) || e.Call != CallUser || e.Gone() {
						t.Errorf("%v", e)
					}
				})
			}
		}
		ask(t.Context(), rate) // the window is full: all that follows waits
		synctest.Wait()
		ask(InSweep(t.Context()), 750)
		ask(InBackground(t.Context()), 130)
		synctest.Wait()
		ask(t.Context(), 100)
		wg.Wait()

		sent := l.of(CallUser)
		if n := most(sent, time.Second); n > rate {
			t.Errorf("%d in one second", n)
		}
		if len(sent) != done[0]+done[1]+done[2] {
			t.Errorf("%d sent, %v done", len(sent), done)
		}
		if done[lanePerson] != rate+60 || late[lanePerson] != 40 { // three more windows within four seconds
			t.Errorf("of the people %d got through, %d did not", done[lanePerson], late[lanePerson])
		}
		if done[laneBackground] == 0 || late[laneBackground] == 0 || done[laneSweep] != 750 {
			t.Errorf("done %v, late %v", done, late)
		}
		last, first := [lanes]time.Time{}, [lanes]time.Time{}
		for i, d := range sent {
			if first[d.lane].IsZero() {
				first[d.lane] = d.at
			}
			last[d.lane] = d.at
			share := d.lane.share(rate)
			if i >= share && d.at.Sub(sent[i-share].at) < time.Second {
				t.Fatalf("lane %d left at %v with more than its share taken", d.lane, d.at.Sub(start))
			}
		}
		if first[laneBackground].Before(last[lanePerson]) || first[laneSweep].Before(last[laneBackground]) {
			t.Errorf("first %v, last %v", first, last)
		}
		if n := len(l.of(CallAppToken)); n != 1 {
			t.Errorf("%d fetches of the token", n)
		}
	})
}

func TestU11_APersonGoesAtOnceThroughASweep(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, _, l := paced(t, 20)
		var wg sync.WaitGroup
		for range 500 {
			wg.Go(func() { c.Lookup(InSweep(t.Context()), userID) })
		}
		for range 40 {
			time.Sleep(700 * time.Millisecond)
			before := time.Now()
			for _, ctx := range []context.Context{t.Context(), InBackground(t.Context())} {
				if _, err := c.Lookup(ctx, userID); err != nil || time.Since(before) > 0 {
					t.Fatalf("after %v: %v", time.Since(before), err)
				}
			}
		}
		wg.Wait()
		if n := most(l.of(CallUser), time.Second); n > 20 {
			t.Errorf("%d in one second", n)
		}
	})
}

// Any lane goes on if the others are idle, at any rate.
func TestU11_NoLaneStarvesAlone(t *testing.T) {
	for _, rate := range []float64{0.2, 0.9, 1, 1.5, 2, 3, 7.9, 20} {
		for l := range lanes {
			t.Run(fmt.Sprint(rate, "/", l), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					c, _, ledger := paced(t, rate)
					for range 6 {
						if _, err := c.Lookup(inLane(t.Context(), l), userID); err != nil && ReasonOf(err) != ReasonThrottled {
							t.Error(err)
						}
					}
					sent := ledger.of(CallUser)
					if len(sent) < 2 && (rate >= 1 || l == laneSweep) {
						t.Errorf("%d sent", len(sent))
					}
					span, room := time.Second, int(rate)
					if rate < 1 {
						span, room = time.Duration(float64(time.Second)/rate), 1
					}
					if n := most(sent, span); n > room {
						t.Errorf("%d in %v", n, span)
					}
				})
			})
		}
	}
}

func TestU11_TheRateChangesAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, _, l := paced(t, 1)
		var wg sync.WaitGroup
		for range 200 {
			wg.Go(func() {
				if _, err := c.Lookup(InSweep(t.Context()), userID); err != nil {
					t.Error(err)
				}
			})
		}
		passed := 0
		pass := func(rate float64, d time.Duration) (sent []departure) {
			c.Pace(rate)
			time.Sleep(d)
			synctest.Wait()
			all := l.of(CallUser)
			sent, passed = all[passed:], len(all)
			return sent
		}
		for _, test := range []struct {
			rate     float64
			lasts    time.Duration
			min, max int
		}{
			{1, 10 * time.Second, 9, 10},
			{20, 5 * time.Second, 40, 50}, // the sweep's half
			{0.5, 10 * time.Second, 3, 5},
			{4, 10 * time.Second, 18, 20},
			{0, time.Millisecond, 100, 200}, // all the rest
		} {
			sent := pass(test.rate, test.lasts)
			if len(sent) < test.min || len(sent) > test.max {
				t.Errorf("at %v for %v: %d sent", test.rate, test.lasts, len(sent))
			}
			if room := max(1, int(test.rate)); test.rate > 0 && most(sent, time.Second) > room {
				t.Errorf("at %v: %d in one second", test.rate, most(sent, time.Second))
			}
		}
		wg.Wait()
		if passed != 200 {
			t.Errorf("%d sent", passed)
		}
	})
}
