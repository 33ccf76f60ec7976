package leavers

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dingbridge/dingbridge/dingtalk"
	"github.com/dingbridge/dingbridge/provider/people"
)

// never keeps a replica from sweeping by itself.
func never(c *Config) { c.SweepEvery = -1 }

func TestV1_AHintChangesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := employ(t, 3)
		w := f.watch(never)
		defer f.run(w)()
		for range 5 {
			w.Hint(corp, []string{"user0", "user1", "user2"}, "ev-forged")
			synctest.Wait()
		}
		if f.gone() != 0 || f.office.about("0") != 5 {
			t.Errorf("%d removed, asked %d times", f.gone(), f.office.about("0"))
		}
		f.leave("1")
		w.Hint(corp, []string{"user0", "user1", "user2"}, "ev-1")
		synctest.Wait()
		if f.gone() != 1 || f.removals(people.FromEvent) != 1 || f.told[0].Cause.Event != "ev-1" {
			t.Errorf("%d removed, told %+v", f.gone(), f.told)
		}
		f.leave("2")
		w.Suspect(f.subs[2], people.Cause{Source: people.FromLogin})
		synctest.Wait()
		if f.gone() != 2 || f.removals(people.FromLogin) != 1 {
			t.Errorf("%d removed, told %+v", f.gone(), f.told)
		}
	})
}

// The directory answers about the moment of the question: what happened since is in the hint
// that came since.
func TestV2_AHintDuringARecheck(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := employ(t, 2)
		f.office.takes = time.Second
		w := f.watch(never)
		defer f.run(w)()
		w.Hint(corp, []string{"user0"}, "ev-1")
		time.Sleep(500 * time.Millisecond)
		f.leave("0")
		for range 10 {
			w.Hint(corp, []string{"user0"}, "ev-2")
		}
		time.Sleep(10 * time.Second)
		if f.gone() != 1 || f.office.about("0") != 2 {
			t.Errorf("%d removed, asked %d times", f.gone(), f.office.about("0"))
		}
	})
}

func TestV3_WhatIsHeldIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := employ(t, 2)
		w := f.watch(never)
		refused := 0
		for i := range 30_000 {
			if !w.Hint(corp, []string{fmt.Sprintf("nobody%d", i)}, "ev") {
				refused++
			}
		}
		if w.Held() != mostHints || refused != 30_000-mostHints {
			t.Errorf("%d held, %d refused", w.Held(), refused)
		}
		if !w.Hint(corp, []string{"nobody1"}, "again") || w.Hint(corp, []string{"nobody1", "user0"}, "more") {
			t.Error("one that waits already is refused, or one is taken for which there is no room")
		}
		// What was refused is made good for by a sweep, though none would be due.
		f.leave("0")
		defer f.run(w)()
		time.Sleep(2 * look)
		if f.gone() != 1 || w.Held() != 0 || len(f.swept()) != 1 {
			t.Errorf("%d removed, %d held, %d sweeps", f.gone(), w.Held(), len(f.swept()))
		}
		time.Sleep(time.Hour)
		if len(f.swept()) != 1 {
			t.Errorf("%d sweeps", len(f.swept()))
		}
	})
}

// A hint that is lost shortly after a sweep is not forgotten.
func TestV3_AHintLostAfterASweep(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := employ(t, 2)
		w := f.watch()
		defer f.run(w)()
		time.Sleep(2 * look)
		if len(f.swept()) != 1 {
			t.Fatalf("%d sweeps", len(f.swept()))
		}
		f.leave("0")
		w.Missed(corp)
		time.Sleep(settled + 2*look)
		if f.gone() != 1 || len(f.swept()) != 2 {
			t.Errorf("%d removed, %d sweeps", f.gone(), len(f.swept()))
		}
	})
}

func TestV4_WhatCostsDingTalkNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := employ(t, 2)
		w := f.watch(never)
		for range 1000 {
			w.Hint("dingother", []string{"user0"}, "ev")
			w.Hint(corp, []string{"stranger", "", "a\x00b", "userid/with/slashes"}, "ev")
			w.Hint(corp, nil, "ev")
			w.Suspect(people.SubjectOf(corp, "stranger"), people.Cause{})
			w.Suspect("", people.Cause{})
			w.Suspect("strange", people.Cause{})
		}
		defer f.run(w)()
		synctest.Wait()
		time.Sleep(time.Hour)
		if f.office.count() != 0 || w.Held() != 0 {
			t.Errorf("%d calls, %d held", f.office.count(), w.Held())
		}
		// A thousand about one person that wait are one.
		for range 1000 {
			w.mu.Lock()
			w.busy[subject{corpID: corp, userID: "user0"}] = true
			w.mu.Unlock()
			w.Hint(corp, []string{"user0"}, "ev")
		}
		w.done(subject{corpID: corp, userID: "user0"})
		synctest.Wait()
		if f.office.count() != 1 {
			t.Errorf("%d calls for one person", f.office.count())
		}
		f.leave("1")
		w.Hint(corp, []string{"user1"}, "ev")
		synctest.Wait()
		calls := f.office.count()
		for range 10 {
			w.Hint(corp, []string{"user1"}, "ev")
			synctest.Wait()
		}
		if f.office.count() != calls {
			t.Error("somebody who is gone is asked about")
		}
	})
}

// What passes by itself is waited for; what does not, is not asked about again and again.
func TestHintsThatCannotBeDecided(t *testing.T) {
	for name, tc := range map[string]struct {
		err   error
		tries int
		away  time.Duration // storage, until then
	}{
		"unavailable": {err: unavailable, tries: mostTries},
		"throttled":   {err: &dingtalk.Error{Reason: dingtalk.ReasonThrottled, Call: dingtalk.CallUser}, tries: mostTries},
		"permission":  {err: &dingtalk.Error{Reason: dingtalk.ReasonPermission, Call: dingtalk.CallUser}, tries: 1},
		"range":       {err: &dingtalk.Error{Reason: dingtalk.ReasonOutOfRange, Call: dingtalk.CallUser}, tries: 1},
		"strange":     {err: &dingtalk.Error{Reason: dingtalk.ReasonStrange, Call: dingtalk.CallUser}, tries: 1},
		"storage":     {tries: 1, away: 3 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := employ(t, 2)
				w := f.watch(never)
				defer f.run(w)()
				synctest.Wait()
				f.office.err = tc.err
				f.store.leave(tc.away > 0)
				w.Hint(corp, []string{"user0"}, "ev")
				time.Sleep(tc.away)
				f.store.leave(false)
				time.Sleep(time.Minute - time.Second - tc.away)
				if got := f.office.about("0"); got != tc.tries || f.gone() != 0 {
					t.Errorf("asked %d times, %d removed", got, f.gone())
				}
			})
		})
	}
}

// A leaver for whom nobody could vouch at that moment is tried again.
func TestAHintThatNobodyVouchedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := employ(t, 2)
		w := f.watch(never)
		defer f.run(w)()
		f.leave("0")
		f.office.set(func(o *office) {
			o.decides = func(who string) error {
				if who == "1" {
					return unavailable
				}
				return nil
			}
		})
		w.Hint(corp, []string{"user0"}, "ev")
		time.Sleep(3 * time.Second)
		if f.gone() != 0 {
			t.Error("removed on nobody's word")
		}
		f.office.set(func(o *office) { o.decides = nil })
		time.Sleep(30 * time.Second)
		if f.gone() != 1 {
			t.Error("a leaver stays")
		}
	})
}

// One real leaver among a storm.
func TestAStormOfHints(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := employ(t, 50)
		f.office.takes = 20 * time.Millisecond
		w := f.watch(never)
		defer f.run(w)()
		f.leave("49")
		start := time.Now()
		for i := range 10_000 {
			w.Hint(corp, []string{fmt.Sprintf("user%d", i%50), fmt.Sprintf("stranger%d", i)}, "ev")
			w.Hint("dingother", []string{"user49"}, "ev")
		}
		for f.gone() == 0 && time.Since(start) < time.Minute {
			time.Sleep(time.Millisecond)
		}
		t.Logf("out after %v, %d calls, %d held", time.Since(start), f.office.count(), w.Held())
		if f.gone() != 1 {
			t.Error("the one real leaver stays")
		}
		time.Sleep(time.Minute)
		if f.office.count() > 300 || w.Held() != 0 {
			t.Errorf("%d calls, %d held", f.office.count(), w.Held())
		}
	})
}
