package dingtalk

import (
	"context"
	"math"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func TestU11_PatienceIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		observed := 0
		c, _, l := paced(t, 0.05) // one in twenty seconds
		if _, err := c.Lookup(t.Context(), userID); err != nil {
			t.Fatal(err)
		}
		c.observe = func(context.Context, Sent) { observed++ }
		for ctx, bound := range map[context.Context]time.Duration{
			t.Context():               patience[lanePerson],
			InBackground(t.Context()): patience[laneBackground],
		} {
			before := time.Now()
			_, err := c.Lookup(ctx, userID)
			if e := want(t, err, ReasonThrottled); !e.Transient() || e.Status != 0 || time.Since(before) != bound {
				t.Errorf("%v after %v", e, time.Since(before))
			}
		}
		ctx, cancel := context.WithTimeout(InSweep(t.Context()), time.Second)
		defer cancel()
		before := time.Now()
		_, err := c.Lookup(ctx, userID)
		if want(t, err, ReasonThrottled); time.Since(before) != time.Second {
			t.Errorf("over after %v", time.Since(before))
		}
		before = time.Now()
		ctx, leave := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, leave)
		_, err = c.Lookup(ctx, userID)
		if e := want(t, err, ReasonUnavailable); e.Err != context.Canceled || time.Since(before) != time.Second {
			t.Errorf("%v after %v", e, time.Since(before))
		}
		_, err = c.Lookup(ctx, userID)
		want(t, err, ReasonUnavailable)
		if _, err := c.Lookup(InSweep(t.Context()), userID); err != nil || observed != 1 || len(l.of(CallUser)) != 2 {
			t.Errorf("%v, %d observed, %d sent", err, observed, len(l.of(CallUser)))
		}
	})
}

// Who cannot outlast those before him is told so at once, and does not make the queue
// longer for those who can.
func TestU11_QueuesStayShort(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, _, _ := paced(t, 10)
		var mu sync.Mutex
		atOnce := 0
		start := time.Now()
		var wg sync.WaitGroup
		for range 1000 {
			wg.Go(func() {
				if _, err := c.Lookup(t.Context(), userID); err != nil && time.Since(start) == 0 {
					mu.Lock()
					atOnce++
					mu.Unlock()
				}
			})
		}
		wg.Wait()
		if atOnce < 940 {
			t.Errorf("%d were told at once", atOnce)
		}
	})
}

func TestU11_AllRequestsAreHeldBack(t *testing.T) {
	for _, call := range allCalls {
		t.Run(call, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c, _, l := paced(t, 5)
				for range 20 {
					c.token.drop(appTokenValue)
					if err := exchange(t, c, call); err != nil {
						t.Error(err)
					}
				}
				for call := range goods {
					if sent := l.of(call); most(sent, time.Second) > 5 {
						t.Errorf("%s: %d in one second", call, most(sent, time.Second))
					}
				}
				if len(l.of(call)) != 20 {
					t.Errorf("%d sent", len(l.of(call)))
				}
			})
		})
	}
	t.Run("pages", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			c, _, _ := paced(t, 2)
			before := time.Now()
			for range 5 {
				if _, _, err := c.ProbePage(t.Context(), c.AuthorizeURL("https://idp.example.cn/callback", "s")); err != nil {
					t.Error(err)
				}
			}
			if time.Since(before) < 2*time.Second {
				t.Errorf("five in %v", time.Since(before))
			}
		})
	})
}

func TestU11_RepetitionsCount(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, u, l := paced(t, 2)
		u.answer(CallUser, 500, "")
		var took []time.Duration
		again := 0
		c.observe = func(_ context.Context, s Sent) {
			if s.Call == CallUser {
				took = append(took, s.Took)
			}
			if s.Again {
				again++
			}
		}
		for range 5 {
			_, err := c.Lookup(t.Context(), userID)
			want(t, err, ReasonUnavailable)
		}
		if sent := l.of(CallUser); most(sent, time.Second) > 2 || len(sent) != 10 || again != 5 {
			t.Errorf("%d, %d in one second, %d told as repetitions", len(sent), most(sent, time.Second), again)
		}
		for _, d := range took {
			if d > 0 {
				t.Errorf("waiting counts as DingTalk's: %v", d)
			}
		}
	})
}

// A sweep that finds no token does not make people wait in its lane for one.
func TestU11_TheTokenIsFetchedForAPerson(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, _, l := paced(t, 2)
		c.Lookup(InSweep(t.Context()), userID)
		if sent := l.of(CallAppToken); len(sent) != 1 || sent[0].lane != lanePerson {
			t.Errorf("%+v", sent)
		}
		if sent := l.of(CallUser); len(sent) != 1 || sent[0].lane != laneSweep {
			t.Errorf("%+v", sent)
		}
	})
}

// Arrivals, lanes, departures of callers and rates at random.
func TestU11_AtRandom(t *testing.T) {
	for seed := range uint64(20) {
		synctest.Test(t, func(t *testing.T) {
			r := rand.New(rand.NewPCG(seed, 1))
			rate := 1 + r.IntN(12)
			var p pacer
			p.set(float64(rate))
			var mu sync.Mutex
			var sent []departure
			var wg sync.WaitGroup
			for range 300 {
				arrive, stay, l := time.Duration(r.IntN(20_000))*time.Millisecond, time.Duration(r.IntN(8000))*time.Millisecond, lane(r.IntN(int(lanes)))
				wg.Go(func() {
					time.Sleep(arrive)
					ctx, cancel := context.WithTimeout(inLane(t.Context(), l), stay)
					defer cancel()
					before := time.Now()
					if p.wait(ctx, "x") == nil {
						mu.Lock()
						sent = append(sent, departure{time.Now(), l})
						mu.Unlock()
					}
					if waited := time.Since(before); waited > stay {
						t.Errorf("seed %d: waited %v, asked to wait %v", seed, waited, stay)
					}
				})
			}
			wg.Wait()
			if n := most(sent, time.Second); n > rate || len(sent) == 0 {
				t.Errorf("seed %d: %d in one second, rate %d", seed, n, rate)
			}
			p.mu.Lock()
			defer p.mu.Unlock()
			for l, waiting := range p.queues["x"].waiting {
				if len(waiting) > 0 {
					t.Errorf("seed %d: %d left waiting in lane %d", seed, len(waiting), l)
				}
			}
		})
	}
}

func TestPace_Rates(t *testing.T) {
	for rate, room := range map[float64]int{
		0: 0, -1: 0, math.NaN(): 0, math.Inf(1): 0, math.Inf(-1): 0, 1e7: 0, 0.0001: 1, 0.99: 1, 1: 1, 1.99: 1, 20: 20, 18.7: 18, 1e-300: 1,
	} {
		var p pacer
		p.set(rate)
		if p.room != room || p.limited.Load() != (room > 0) || p.span < 0 {
			t.Errorf("%v: %d in %v", rate, p.room, p.span)
		}
	}
	c, err := New(Config{CorpID: corp, ClientID: clientID, ClientSecret: secret, CallsPerSecond: 18})
	if err != nil || c.pace.room != 18 {
		t.Errorf("%d, %v", c.pace.room, err)
	}
}

func TestLanes(t *testing.T) {
	for _, test := range [][4]int{{1, 1, 1, 1}, {2, 2, 1, 1}, {3, 3, 2, 1}, {4, 4, 3, 2}, {5, 5, 3, 2}, {18, 18, 13, 9}, {20, 20, 15, 10}} {
		for l := range lanes {
			if n := l.share(test[0]); n != test[1+l] {
				t.Errorf("lane %d may use %d of %d, want %d", l, n, test[0], test[1+l])
			}
		}
	}
	ctx := t.Context()
	if laneOf(ctx) != lanePerson || laneOf(InSweep(ctx)) != laneSweep || laneOf(InBackground(InSweep(ctx))) != laneBackground {
		t.Error("a context is in another lane")
	}
}

func BenchmarkPaceUnlimited(b *testing.B) {
	var p pacer
	b.ReportAllocs()
	for b.Loop() {
		if p.wait(b.Context(), CallUser) != nil {
			b.Fatal("held back")
		}
	}
}
