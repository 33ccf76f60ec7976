package people

import (
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dingbridge/dingbridge/dingtalk"
	"github.com/dingbridge/dingbridge/storage"
	"github.com/dingbridge/dingbridge/storage/bolt"
	"github.com/dingbridge/dingbridge/storage/redis"
	"github.com/dingbridge/dingbridge/storage/storagetest"
)

// D9: whatever befalls the directory or its credentials, nobody is removed, the alarm is
// raised, people stay until max_stale and not longer, and afterwards all is as before.
func TestP16_ABrokenDirectoryRemovesNobody(t *testing.T) {
	const organisations = 12
	for name, tc := range map[string]struct {
		happen  func(*company)
		app     string // another app asks from then on
		silent  bool   // it says nothing about anybody, so that there is nothing to withhold
		mending func(*company)
	}{
		"an empty directory": {happen: func(c *company) { c.leave(c.people...); c.dir.empty = true }},
		"an empty directory, and another app": {app: "other",
			happen: func(c *company) { c.leave(c.people...); c.dir.empty = true }},
		"another organisation's credentials": {app: "other",
			happen: func(c *company) { c.leave(c.people...) }}, // which has people of its own
		"the directory of another organisation, in which some userIds are others'": {app: "other",
			happen: func(c *company) {
				c.dir.set(func(d *directory) {
					d.members = maps.Clone(d.members)
					for union, member := range d.members {
						member.UserID = "other" + member.UserID
						d.members[union] = member
					}
					delete(d.members, "union0")
				})
			}},
		"permission withdrawn": {silent: true, happen: func(c *company) { c.dir.err = undecided["permission"] }},
		"range narrowed":       {silent: true, happen: func(c *company) { c.dir.err = undecided["out of range"] }},
		"throttled":            {silent: true, happen: func(c *company) { c.dir.err = undecided["throttled"] }},
		"down":                 {silent: true, happen: func(c *company) { c.dir.err = undecided["unavailable"] }},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := staffed(t, organisations, Config{})
				whole := c.dir.members
				time.Sleep(20 * minute)
				tc.happen(c)
				asks := c.replica(t, Organisation{App: tc.app})
				for range 4 { // uses and sweeps, for an hour and a half
					c.recheckAll(t, asks.Registry)
					for _, p := range c.people {
						_, err := asks.Fresh(t.Context(), c.mustRead(t, p.Subject))
						now := c.mustRead(t, p.Subject)
						switch stale := !asks.within(now, asks.maxStale); {
						case stale != (err != nil), stale && !errors.Is(err, ErrCannotDecide), errors.Is(err, ErrGone):
							t.Fatalf("%s, an answer of %v ago: %v", p.Profile.UserID, time.Since(now.CheckedAt), err)
						}
					}
					time.Sleep(25 * minute)
				}
				if n := c.gone(t); n != 0 || c.count(Removed) != 0 {
					t.Errorf("%d removed", n)
				}
				if (c.count(RemovalWithheld) > 0) == tc.silent {
					t.Errorf("%d alarms", c.count(RemovalWithheld))
				}
				if b, err := c.Braked(t.Context(), corp); err != nil || len(b.Removals) != 0 {
					t.Errorf("counted %d, %v", len(b.Removals), err)
				}
				c.dir.set(func(d *directory) { d.members, d.err, d.empty = whole, nil, false })
				for _, p := range c.people {
					if now, err := c.Fresh(t.Context(), c.mustRead(t, p.Subject)); err != nil || now.Epoch != p.Epoch {
						t.Errorf("afterwards: %v", err)
					}
				}
			})
		})
	}
}

// Real leavers of an organisation of any size are out at once.
func TestP16_FewLeaversGo(t *testing.T) {
	for known := 1; known <= 6; known++ {
		t.Run(fmt.Sprint(known), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := staffed(t, known, Config{})
				time.Sleep(20 * minute)
				for i, p := range c.people[:min(known, 3)] {
					c.leave(p)
					if _, err := c.Recheck(t.Context(), c.mustRead(t, p.Subject), Cause{Source: FromEvent}); !errors.Is(err, ErrGone) {
						t.Errorf("leaver %d: %v", i+1, err)
					}
				}
				if n := c.gone(t); n != min(known, 3) || c.count(Removed) != n || c.count(RemovalWithheld) != 0 {
					t.Errorf("%d removed, %d told", n, c.count(Removed))
				}
			})
		})
	}
}

// The last one whom we know has left: the app vouched for them, so that anybody will do, but
// not nobody, and not the very userId.
func TestP16_TheLastKnownPerson(t *testing.T) {
	for name, tc := range map[string]struct {
		happen func(*company)
		app    string
		want   error
	}{
		"somebody else is there":          {func(*company) {}, "app", ErrGone},
		"who is there is called gone too": {func(c *company) { c.dir.odd = true }, "app", ErrUnvouched},
		"nobody is there":                 {func(c *company) { c.dir.empty = true }, "app", ErrUnvouched},
		"another app asks":                {func(*company) {}, "other", ErrUnvouched},
		"no app is named":                 {func(*company) {}, "app ", ErrUnvouched},
		"their userId is another":         {func(c *company) { c.people[0].Profile.UserID = "somebody" }, "app", ErrUnvouched},
	} {
		synctest.Test(t, func(t *testing.T) {
			c := staffed(t, 1, Config{})
			time.Sleep(20 * minute)
			c.leave(c.people...)
			tc.happen(c)
			p := c.mustRead(t, c.people[0].Subject)
			p.Profile.UserID = c.people[0].Profile.UserID
			if _, err := c.replica(t, Organisation{App: tc.app}).Recheck(t.Context(), p, Cause{Source: FromEvent}); !errors.Is(err, tc.want) {
				t.Errorf("%s: %v", name, err)
			}
		})
	}
}

// An answer that was asked for before the one that says "gone" proves nothing: the directory
// may have been emptied between them. Nor does the clock make it younger.
func TestP16_AWitnessIsAskedAfterwards(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := staffed(t, 3, Config{})
		time.Sleep(20 * minute)
		if _, err := c.Recheck(t.Context(), c.people[1], Cause{}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Millisecond)
		c.leave(c.people...)
		c.dir.empty = true
		if _, err := c.Recheck(t.Context(), c.people[0], Cause{}); !errors.Is(err, ErrUnvouched) {
			t.Errorf("vouched for by an earlier answer: %v", err)
		}
		// A login whose question was put earlier, and whose answer is noted now.
		c = staffed(t, 3, Config{})
		asked := time.Now()
		time.Sleep(20 * minute)
		c.leave(c.people...)
		c.dir.empty = true
		c.dir.then = func() {
			c.dir.then = nil
			account, member := employee(1)
			present := c.mustRead(t, c.people[1].Subject)
			if _, _, err := c.Welcome(t.Context(), &present, corp, account, member, asked); err != nil {
				t.Error(err)
			}
		}
		if _, err := c.Recheck(t.Context(), c.people[0], Cause{}); !errors.Is(err, ErrUnvouched) {
			t.Errorf("vouched for by an earlier login: %v", err)
		}
	})
}

// Nor does an answer to a question that was put after the one about the leaver, and before its
// answer: the directory was emptied since, and calls everybody gone who is asked about from then
// on.
func TestP16_AWitnessIsAskedAfterTheAnswer(t *testing.T) {
	for name, vouch := range map[string]func(*testing.T, *company){
		"somebody known": func(t *testing.T, c *company) {
			if _, err := c.Recheck(t.Context(), c.people[1], Cause{Source: FromUse}); err != nil {
				t.Error(err)
			}
		},
		"another leaver's witness": func(t *testing.T, c *company) {
			c.leave(c.people[2])
			if _, err := c.Recheck(t.Context(), c.people[2], Cause{Source: FromEvent}); !errors.Is(err, ErrGone) {
				t.Error(err)
			}
		},
		"anybody": func(t *testing.T, c *company) {
			c.leave(c.people...)
			if _, err := c.Recheck(t.Context(), c.people[2], Cause{Source: FromEvent}); !errors.Is(err, ErrGone) || c.dir.anybody != 1 {
				t.Errorf("%v, asked for anybody %d times", err, c.dir.anybody)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := staffed(t, 4, Config{})
				time.Sleep(20 * minute)
				c.leave(c.people[0])
				slow := func() { // the answer about the leaver is on its way
					c.dir.set(func(d *directory) { d.then = nil })
					time.Sleep(time.Second)
					vouch(t, c)
					time.Sleep(time.Second)
					c.leave(c.people...)
					c.dir.set(func(d *directory) { d.empty = true })
				}
				c.dir.set(func(d *directory) { d.then = slow })
				if _, err := c.Recheck(t.Context(), c.people[0], Cause{Source: FromEvent}); !errors.Is(err, ErrUnvouched) {
					t.Errorf("vouched for by an answer from before: %v", err)
				}
				if c.mustRead(t, c.people[0].Subject).Gone {
					t.Error("removed")
				}
			})
		})
	}
}

// Whom nobody vouched for is not asked about witnesses again and again.
func TestP16_AVainSearchIsNotRepeatedAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := staffed(t, 30, Config{})
		time.Sleep(20 * minute)
		whole := c.dir.members
		c.leave(c.people...)
		c.dir.empty = true
		c.dir.asked = 0
		c.recheckAll(t, c.Registry)
		if c.dir.asked > 2*30+2*mostWitnesses || c.dir.anybody != 1 {
			t.Errorf("%d questions about %d people, and %d about anybody", c.dir.asked, 30, c.dir.anybody)
		}
		if c.count(RemovalWithheld, "unproven") != 30 {
			t.Errorf("%d alarms", c.count(RemovalWithheld))
		}
		time.Sleep(vainPause)
		c.dir.set(func(d *directory) { d.members, d.empty = whole, false })
		c.leave(c.people[0])
		if _, err := c.Recheck(t.Context(), c.people[0], Cause{}); !errors.Is(err, ErrGone) {
			t.Errorf("afterwards: %v", err)
		}
	})
}

func TestP17_TheBrakeHolds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := staffed(t, 100, Config{Brake: Brake{MostPeople: 7, MostPercent: 10}})
		time.Sleep(20 * minute)
		c.leave(c.people[:50]...)
		for range 3 {
			c.recheckAll(t, c.Registry)
		}
		if n := c.gone(t); n != 7 || c.count(Removed) != 7 || c.count(BrakeEngaged) != 1 || c.count(RemovalWithheld, "brake") != 3*43 {
			t.Fatalf("%d removed, told %d, alarms %d and %d", n, c.count(Removed), c.count(BrakeEngaged), c.count(RemovalWithheld))
		}
		// It is no matter of time.
		time.Sleep(48 * hour)
		c.recheckAll(t, c.Registry)
		if n := c.gone(t); n != 7 {
			t.Fatalf("%d removed two days later", n)
		}
		// Nor does it let those go again who are back.
		back := 0
		for i, p := range c.people {
			if c.mustRead(t, p.Subject).Gone && back == 0 {
				account, member := employee(i)
				c.people[i] = c.enter(t, account, member)
				back++
			}
		}
		c.recheckAll(t, c.Registry)
		if n := c.gone(t); n != 6 {
			t.Fatalf("%d removed, though one was back", n)
		}
		if b, err := c.Release(t.Context(), corp); err != nil || !b.Engaged.IsZero() || len(b.Removals) != 0 {
			t.Fatal(err)
		}
		c.recheckAll(t, c.Registry)
		if n := c.gone(t); n != 13 || c.count(BrakeEngaged) != 2 {
			t.Fatalf("%d removed after a release", n)
		}
		if b, err := c.Confirm(t.Context(), corp); err != nil || !b.Engaged.IsZero() {
			t.Fatal(err)
		}
		c.recheckAll(t, c.Registry)
		if n := c.gone(t); n != 50 || c.count(RemovalWithheld, "unproven") != 0 {
			t.Errorf("%d removed after a confirmation", n)
		}
	})
}

// The word of an administrator is for an hour.
func TestP17_AConfirmationEnds(t *testing.T) {
	for wait, want := range map[time.Duration]int{59 * minute: 30, 61 * minute: 3} {
		synctest.Test(t, func(t *testing.T) {
			c := staffed(t, 40, Config{Brake: Brake{MostPeople: 3}})
			if _, err := c.Confirm(t.Context(), corp); err != nil {
				t.Fatal(err)
			}
			time.Sleep(wait)
			c.leave(c.people[:30]...)
			c.recheckAll(t, c.Registry)
			if n := c.gone(t); n != want {
				t.Errorf("%v later: %d removed", wait, n)
			}
		})
	}
	if (BrakeState{Confirmed: time.Now().Add(24 * hour)}).confirmed(time.Now()) {
		t.Error("a confirmation from a clock that was wrong counts for a day")
	}
}

func TestP17_TheWindowMoves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := staffed(t, 12, Config{})
		for i, p := range c.people[:9] { // three an hour, nearly
			time.Sleep(21 * minute)
			c.leave(p)
			if _, err := c.Recheck(t.Context(), p, Cause{}); !errors.Is(err, ErrGone) {
				t.Errorf("leaver %d: %v", i+1, err)
			}
		}
	})
}

// A dry run tells, and neither removes nor counts.
func TestP17_ADryRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := staffed(t, 30, Config{})
		c.leave(c.people[:20]...)
		for _, p := range c.people {
			if _, err := c.Recheck(t.Context(), p, Cause{Source: FromSweep, DryRun: true}); errors.Is(err, ErrGone) {
				t.Error(err)
			}
		}
		if b, _ := c.Braked(t.Context(), corp); c.gone(t) != 0 || len(b.Removals) != 0 || c.count(RemovalWithheld, "dry_run") != 20 {
			t.Errorf("%d withheld, %d counted", c.count(RemovalWithheld), len(b.Removals))
		}
	})
}

func TestBrakeLimit(t *testing.T) {
	for _, tc := range []struct{ people, percent, known, want int }{
		{0, 0, 0, 3}, {0, 0, 1, 3}, {0, 0, 29, 3}, {0, 0, 30, 3}, {0, 0, 31, 4}, {0, 0, 100, 10}, {0, 0, 200, 20}, {0, 0, 50_000, 20},
		{1, 0, 0, 1}, {2, 100, 50_000, 2}, {5, 1, 100, 3}, {500, 1, 50_000, 500}, {1000, 100, 7, 7}, {1000, 100, 2, 3},
	} {
		if got := (Brake{tc.people, tc.percent}).withDefaults().limit(tc.known); got != tc.want {
			t.Errorf("%+v: %d", tc, got)
		}
	}
}

func TestP17_ReplicasCountTogether(t *testing.T) {
	t.Run("memory", func(t *testing.T) { replicasCount(t, &memory{}) })
	t.Run("bolt", func(t *testing.T) {
		store, err := bolt.Open(filepath.Join(t.TempDir(), "people.db"))
		if err != nil {
			t.Fatal(err)
		}
		defer store.Close()
		replicasCount(t, store)
	})
	t.Run("redis", func(t *testing.T) {
		store, err := redis.Open(t.Context(), storagetest.StartRedis(t).URL)
		if err != nil {
			t.Fatal(err)
		}
		defer store.Close()
		replicasCount(t, store)
	})
}

// Two replicas meet the same leavers at the same moment: each is told once and counted once,
// and together they stop at the limit.
func replicasCount(t *testing.T, store storage.Store) {
	c := staffed(t, 30, Config{Store: store, Brake: Brake{MostPeople: 6, MostPercent: 100}})
	two := []*Registry{c.Registry, c.replica(t, Organisation{App: "app"}).Registry}
	c.leave(c.people[:20]...)
	var all sync.WaitGroup
	for _, r := range two {
		for worker := range 2 {
			all.Go(func() {
				for i := range 20 {
					p := c.people[(i+worker*7)%20]
					if _, err := r.Recheck(t.Context(), p, Cause{Source: FromEvent}); err == nil || !errors.Is(err, ErrGone) && !errors.Is(err, ErrWithheld) {
						t.Error(err)
					}
				}
			})
		}
	}
	all.Wait()
	b, err := c.Braked(t.Context(), corp)
	if n := c.gone(t); err != nil || n != 6 || c.count(Removed) != 6 || len(b.Removals) != 6 || c.count(BrakeEngaged) != 1 || b.Engaged.IsZero() {
		t.Errorf("%d removed, %d told, %d counted, %d alarms, %v", n, c.count(Removed), len(b.Removals), c.count(BrakeEngaged), err)
	}
}

// What cannot be counted or written removes nobody for certain, and the next try neither
// counts nor tells twice.
func TestP17_LostReplies(t *testing.T) {
	for name, lost := range map[string]func(op *storage.Op) bool{
		"reading the brake": func(op *storage.Op) bool { return op.Verb == storage.VerbGet && op.Key == brakeKey(corp) },
		"counting":          func(op *storage.Op) bool { return op.Verb == storage.VerbSwap && op.Key == brakeKey(corp) },
	} {
		synctest.Test(t, func(t *testing.T) {
			store := &meddler{Store: &memory{}}
			c := staffed(t, 5, Config{Store: store})
			c.leave(c.people[0])
			store.lose = lost
			if _, err := c.Recheck(t.Context(), c.people[0], Cause{}); !errors.Is(err, storage.ErrUnknown) || c.gone(t) != 0 {
				t.Errorf("%s: %v", name, err)
			}
			store.lose = nil
			if _, err := c.Recheck(t.Context(), c.people[0], Cause{}); !errors.Is(err, ErrGone) || c.gone(t) != 1 {
				t.Errorf("%s, afterwards: %v", name, err)
			}
			if b, err := c.Braked(t.Context(), corp); err != nil || len(b.Removals) != 1 || c.count(Removed) != 1 {
				t.Errorf("%s: counted %d, told %d", name, len(b.Removals), c.count(Removed))
			}
		})
	}
}

// A record of the brake that is strange lets nobody go.
func TestP17_StrangeRecords(t *testing.T) {
	for _, value := range []string{"", "null", "{}", "[]", `{"f":2}`, `{"f":"1"}`, `{"f":1,"r":{}}`, `{"f":1,"r":[{"t":"x"}]}`, "<html>"} {
		synctest.Test(t, func(t *testing.T) {
			c := staffed(t, 3, Config{})
			c.store.values[brakeKey(corp)] = entry{[]byte(value), storage.Version{1}}
			c.leave(c.people[0])
			if _, err := c.Recheck(t.Context(), c.people[0], Cause{}); !errors.Is(err, storage.ErrUnknown) || c.gone(t) != 0 {
				t.Errorf("%q: %v", value, err)
			}
		})
	}
}

// Our clock is an hour off, either way: nobody is removed, and a leaver is out all the same.
func TestP16_ClockAnHourOff(t *testing.T) {
	for name, off := range map[string]time.Duration{"ours is ahead": hour, "ours is behind": -hour} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := staffed(t, 4, Config{})
				shift := func(p Person) Person { // as a replica sees it whose clock is off
					q := c.mustRead(t, p.Subject)
					q.CheckedAt = q.CheckedAt.Add(-off)
					c.Registry.store.Together(t.Context(), storage.Swap(key(q.Subject), q.Version, c.writeRecord(q), 0))
					return c.mustRead(t, p.Subject)
				}
				for _, p := range c.people[:3] {
					if q, err := c.Fresh(t.Context(), shift(p)); err != nil || !q.CheckedAt.Equal(time.Now()) {
						t.Errorf("checked at %v: %v", q.CheckedAt, err)
					}
				}
				c.dir.err = &dingtalk.Error{Reason: dingtalk.ReasonUnavailable}
				if _, err := c.Fresh(t.Context(), shift(c.people[1])); err != nil && !errors.Is(err, ErrCannotDecide) {
					t.Error(err)
				}
				c.dir.err = nil
				c.leave(c.people[3])
				if _, err := c.Fresh(t.Context(), shift(c.people[3])); !errors.Is(err, ErrGone) || c.gone(t) != 1 {
					t.Errorf("a leaver: %v", err)
				}
			})
		})
	}
}
