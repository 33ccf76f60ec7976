package leavers

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dingbridge/dingbridge/dingtalk"
	"github.com/dingbridge/dingbridge/provider/people"
	"github.com/dingbridge/dingbridge/storage"
)

func TestV5_OneReplicaSweeps(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := employ(t, 200)
		f.office.takes = time.Second
		time.Sleep(time.Hour)
		f.leave("7", "77")
		for range 3 {
			defer f.run(f.watch())()
		}
		time.Sleep(10 * time.Minute)
		for who := range 200 {
			if n := f.office.about(fmt.Sprint(who)); n < 1 || n > 3 { // a leaver by userId and unionId; witnesses twice
				t.Errorf("%d was asked about %d times", who, n)
			}
		}
		if f.gone() != 2 || f.removals(people.FromSweep) != 2 || len(f.swept()) != 1 {
			t.Errorf("%d removed, %d sweeps", f.gone(), len(f.swept()))
		}
		r := f.swept()[0]
		if r.Known != 200 || r.Asked != 200 || len(r.Gone) != 2 || r.Unclear != 0 || r.Took < 25*time.Second || r.Err != nil {
			t.Errorf("%+v", r)
		}
		if b, err := f.first.Braked(t.Context(), corp); err != nil || b.Known != 198 {
			t.Errorf("%d known, %v", b.Known, err)
		}
		time.Sleep(23 * time.Hour)
		if len(f.swept()) != 1 {
			t.Errorf("%d sweeps in a day", len(f.swept()))
		}
		f.leave("8")
		time.Sleep(2 * time.Hour)
		if len(f.swept()) != 2 || f.gone() != 3 {
			t.Errorf("%d sweeps in two days", len(f.swept()))
		}
	})
}

// A replica dies in the middle of a sweep: another goes on where it was, after the lease.
func TestV5_ATakeOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := employ(t, 400)
		f.office.takes = time.Second
		time.Sleep(time.Hour)
		stop := f.run(f.watch())
		time.Sleep(look + 20*time.Second)
		before := f.office.count()
		if before < 100 || before > 300 {
			t.Fatalf("%d calls when it dies", before)
		}
		stop()
		before = f.office.count() // with those whose question was cut off
		defer f.run(f.watch())()
		time.Sleep(30 * time.Second)
		if f.office.count() > before {
			t.Errorf("taken over within the lease: %d calls, %d before", f.office.count(), before)
		}
		time.Sleep(5 * time.Minute)
		if f.office.count() < 400 || f.office.count() > 400+2*batch+atOnce || f.turn().Done == 0 || f.turn().Holder != "" {
			t.Errorf("%d calls for 400 people, %+v", f.office.count(), f.turn())
		}
	})
}

// An order by hand that finds another replica sweeping is not lost: whom that one has passed
// is asked about once more.
func TestV5_AnOrderWhileAnotherSweeps(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := employ(t, 400)
		f.office.takes = time.Second
		time.Sleep(time.Hour)
		defer f.run(f.watch())()
		time.Sleep(look + 20*time.Second)
		if f.office.count() == 0 || f.turn().Holder == "" {
			t.Fatal("nobody sweeps")
		}
		other := f.watch(never)
		defer f.run(other)()
		other.SweepSoon(corp)
		time.Sleep(10 * time.Minute)
		if all := f.swept(); len(all) != 2 || all[0].Why != "schedule" || all[1].Why != "hand" || all[1].Asked != 400 || f.turn().Holder != "" {
			t.Errorf("%+v", all)
		}
		time.Sleep(time.Hour)
		if n := len(f.swept()); n != 2 {
			t.Errorf("%d sweeps for one order", n)
		}
	})
}

// What another replica notes about the same organisation meanwhile takes the turn from nobody.
func TestV5_WhatOthersNoteDoesNoHarm(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := employ(t, 400)
		f.office.takes = time.Second
		time.Sleep(time.Hour)
		f.store.Together(t.Context(), storage.Create(turnKey(corp), []byte(fmt.Sprintf(`{"f":1,"d":%d,"c":%d}`, time.Now().UnixMilli(), time.Now().UnixMilli())), 0))
		time.Sleep(25 * time.Hour)
		defer f.run(f.watch())()
		other := f.watch()
		defer f.run(other)()
		for range 20 {
			time.Sleep(10 * time.Second)
			other.Connected(corp)
		}
		time.Sleep(time.Minute)
		if len(f.swept()) != 1 || f.swept()[0].Err != nil {
			t.Errorf("%+v", f.swept())
		}
	})
}

// A replica whose lease is over while storage is away stops, and one of them goes on.
func TestV5_StorageAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := employ(t, 300)
		f.office.takes = 40 * time.Second // one batch takes longer than a lease
		time.Sleep(time.Hour)
		defer f.run(f.watch())()
		defer f.run(f.watch())()
		time.Sleep(look + 10*time.Second)
		f.store.leave(true)
		time.Sleep(2 * leaseLife)
		calls := f.office.count()
		time.Sleep(leaseLife)
		if f.office.count() != calls {
			t.Error("goes on without a lease")
		}
		f.store.leave(false)
		f.office.set(func(o *office) { o.takes = time.Second })
		time.Sleep(30 * time.Minute)
		if f.turn().Done == 0 {
			t.Errorf("%+v, %+v", f.turn(), f.swept())
		}
	})
}

// A slow directory does not cost the turn: the lease is renewed beside it.
func TestV5_ASlowDirectory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := employ(t, 60)
		f.office.takes = 50 * time.Second
		time.Sleep(time.Hour)
		for range 2 {
			defer f.run(f.watch())()
		}
		time.Sleep(30 * time.Minute)
		if len(f.swept()) != 1 || f.office.count() != 60 {
			t.Errorf("%d calls for 60 people, %+v", f.office.count(), f.swept())
		}
	})
}

func TestV5_StrangeTurns(t *testing.T) {
	for _, value := range []string{"", "null", "{}", "[]", `{"f":2}`, `{"f":"1"}`, `{"f":1,"u":"x"}`, "<html>"} {
		synctest.Test(t, func(t *testing.T) {
			f := employ(t, 2)
			f.store.values[turnKey(corp)] = entry{[]byte(value), storage.Version{1}}
			stop := f.run(f.watch())
			time.Sleep(10 * time.Minute)
			stop()
			if f.office.count() != 0 {
				t.Errorf("%q: swept", value)
			}
		})
	}
}

// The directory goes away in the middle, and for two hours: few questions, nobody removed,
// and afterwards the rest is asked about.
func TestV5_ADirectoryThatCannotDecide(t *testing.T) {
	for name, err := range map[string]error{
		"unavailable": unavailable,
		"permission":  &dingtalk.Error{Reason: dingtalk.ReasonPermission, Call: dingtalk.CallUser},
		"emptied":     &dingtalk.Error{Reason: dingtalk.ReasonOutsider, Call: dingtalk.CallByUnionID},
	} {
		for _, n := range []int{8, 400} {
			t.Run(fmt.Sprint(name, n), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					f := employ(t, n)
					f.office.takes = time.Second
					time.Sleep(time.Hour)
					defer f.run(f.watch())()
					if n > 100 {
						time.Sleep(look + 20*time.Second)
					}
					f.office.set(func(o *office) { o.err, o.calls = err, 0 })
					time.Sleep(2 * time.Hour)
					if f.office.count() > 2000 || f.gone() != 0 || f.turn().Done != 0 {
						t.Errorf("%d calls in two hours, %d removed, done %d", f.office.count(), f.gone(), f.turn().Done)
					}
					t.Logf("%s, %d people: %d calls and %d reports in two hours", name, n, f.office.count(), len(f.swept()))
					f.leave(f.last()) // who was asked about before it went away is not asked about again
					f.office.set(func(o *office) { o.err, o.calls = nil, 0 })
					time.Sleep(30 * time.Minute)
					if f.gone() != 1 || f.turn().Done == 0 || f.office.count() > n+5 {
						t.Errorf("afterwards %d removed, %d calls, %+v", f.gone(), f.office.count(), f.turn())
					}
				})
			})
		}
	}
}

// A few people about whom the directory never decides keep no sweep from its end.
func TestV5_SomePeopleAreNeverDecidedAbout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := employ(t, 101)
		f.office.decides = func(who string) error {
			if who < "2" { // a fifth or so
				return &dingtalk.Error{Reason: dingtalk.ReasonOutOfRange, Call: dingtalk.CallUser}
			}
			return nil
		}
		time.Sleep(time.Hour)
		defer f.run(f.watch())()
		time.Sleep(time.Hour)
		if len(f.swept()) != 1 || f.swept()[0].Err != nil || f.swept()[0].Unclear < 10 {
			t.Errorf("%+v", f.swept())
		}
	})
}

// What happened while nobody listened is caught up with by DingTalk's own records.
func TestV6_CatchingUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := employ(t, 100)
		time.Sleep(time.Hour)
		w := f.watch()
		defer f.run(w)()
		w.Connected(corp) // never read before: everybody is asked about
		time.Sleep(time.Second)
		if len(f.swept()) != 1 || f.swept()[0].Why != "connected" || len(f.office.read()) != 0 {
			t.Fatalf("%+v", f.swept())
		}
		time.Sleep(3 * time.Hour)
		f.leave("42")
		f.office.set(func(o *office) { o.records["7"] = time.Now(); o.records["stranger"] = time.Now(); o.calls = 0 }) // 7 is back
		time.Sleep(time.Hour)
		w.Connected(corp)
		time.Sleep(time.Second)
		if f.gone() != 1 || f.office.count() > 10 || len(f.swept()) != 1 {
			t.Errorf("%d removed, %d calls, %d sweeps", f.gone(), f.office.count(), len(f.swept()))
		}
		span := f.office.read()[0]
		if since := span[1].Sub(span[0]); since < 4*time.Hour || since > 5*time.Hour {
			t.Errorf("read for %v", since)
		}
		time.Sleep(time.Hour)
		w.Connected(corp)
		time.Sleep(time.Second)
		if span := f.office.read()[1]; span[1].Sub(span[0]) > 2*time.Hour {
			t.Errorf("read for %v again", span[1].Sub(span[0]))
		}
		// Without the permission everybody is asked about, but not at every connection.
		f.office.set(func(o *office) { o.barred = true })
		f.leave("43")
		for range 20 {
			w.Connected(corp)
			time.Sleep(10 * time.Second)
		}
		if f.gone() != 2 || len(f.swept()) != 2 {
			t.Errorf("%d removed, %d sweeps", f.gone(), len(f.swept()))
		}
	})
}

func TestV6_NoListRemovesAnybody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := employ(t, 30)
		w := f.watch()
		defer f.run(w)()
		w.Connected(corp)
		time.Sleep(time.Hour)
		f.office.set(func(o *office) { // the records name everybody
			o.records = map[string]time.Time{}
			for i := range 30 {
				o.records[fmt.Sprint(i)] = time.Now()
			}
		})
		time.Sleep(time.Minute)
		w.Connected(corp)
		time.Sleep(time.Hour)
		f.store.mu.Lock()
		f.store.sets = map[string]map[string]bool{} // and ours nobody
		f.store.mu.Unlock()
		time.Sleep(48 * time.Hour)
		if f.gone() != 0 {
			t.Errorf("%d removed", f.gone())
		}
	})
}

func TestDryRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := employ(t, 50)
		time.Sleep(time.Hour)
		f.leave("1", "2", "3")
		w := f.watch(func(c *Config) { c.DryRun = true })
		defer f.run(w)()
		w.Hint(corp, []string{"user1"}, "ev")
		time.Sleep(2 * look)
		if f.gone() != 0 || len(f.swept()) != 1 || len(f.swept()[0].Gone) != 3 || !f.swept()[0].DryRun {
			t.Errorf("%d removed, %+v", f.gone(), f.swept())
		}
		// By hand, on a watch that is in earnest.
		earnest := f.watch()
		if r := earnest.Sweep(t.Context(), corp, true); len(r.Gone) != 3 || r.Withheld != 3 || r.Err != nil || f.gone() != 0 {
			t.Errorf("%+v", r)
		}
		if b, err := f.first.Braked(t.Context(), corp); err != nil || len(b.Removals) != 0 {
			t.Errorf("counted %d, %v", len(b.Removals), err)
		}
		if r := earnest.Sweep(t.Context(), corp, false); len(r.Gone) != 3 || r.Err != nil || f.gone() != 3 || r.Known != 50 {
			t.Errorf("%+v", r)
		}
		if r := earnest.Sweep(t.Context(), "dingother", false); r.Err == nil {
			t.Error("another organisation was swept")
		}
	})
}

// The end of a process waits for no sweep.
func TestTheEndWhileSweeping(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := employ(t, 400)
		f.office.takes = time.Minute
		time.Sleep(time.Hour)
		stop := f.run(f.watch())
		time.Sleep(look + time.Second)
		start := time.Now()
		stop()
		if took := time.Since(start); took != 0 || f.gone() != 0 {
			t.Errorf("took %v", took)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if r := f.watch().Sweep(ctx, corp, false); r.Err == nil || r.Took != time.Second {
			t.Errorf("%+v", r)
		}
	})
}

// The brake holds in a sweep, the sweep goes on, and a confirmation lets the next one remove.
func TestTheBrakeInASweep(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := employ(t, 0)
		f.brake = people.Brake{MostPeople: 5, MostPercent: 10}
		f.first = f.registry()
		for i := range 100 {
			f.enter(fmt.Sprint(i))
		}
		time.Sleep(time.Hour)
		for i := range 30 {
			f.leave(fmt.Sprint(i))
		}
		w := f.watch(never)
		if r := w.Sweep(t.Context(), corp, false); r.Err != nil || len(r.Gone) != 5 || r.Withheld != 25 || f.gone() != 5 {
			t.Errorf("%+v", r)
		}
		time.Sleep(time.Hour)
		if r := w.Sweep(t.Context(), corp, false); r.Err != nil || len(r.Gone) != 0 || f.gone() != 5 {
			t.Errorf("an hour later: %+v", r)
		}
		if _, err := f.first.Confirm(t.Context(), corp); err != nil {
			t.Fatal(err)
		}
		if r := w.Sweep(t.Context(), corp, false); r.Err != nil || len(r.Gone) != 25 || f.gone() != 30 {
			t.Errorf("confirmed: %+v", r)
		}
	})
}
