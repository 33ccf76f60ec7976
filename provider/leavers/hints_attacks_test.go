package leavers

import (
	"context"
	"fmt"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dingbridge/dingbridge/dingtalk"
	"github.com/dingbridge/dingbridge/provider/people"
	"github.com/dingbridge/dingbridge/storage"
)

// branch is the office of a second organisation, which has the same ids.
type branch struct{ office }

const branchCorp = "dingbranch"

func (b *branch) Member(ctx context.Context, unionID string) (dingtalk.Member, error) {
	m, err := b.office.Member(ctx, unionID)
	m.CorpID = branchCorp
	return m, err
}

func (b *branch) Lookup(ctx context.Context, userID string) (dingtalk.Member, error) {
	m, err := b.office.Lookup(ctx, userID)
	m.CorpID = branchCorp
	return m, err
}

// An organisation whose directory does not answer, or whose administrators move everybody
// about, keeps nobody of another in.
func TestThreat_D18_AnOutageElsewhereKeepsNobodyIn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := employ(t, 40)
		far := &branch{office{gone: map[string]bool{}}}
		registry, err := people.New(people.Config{Store: f.store, Secrets: f.secrets, Brake: f.brake, Log: slog.New(slog.DiscardHandler),
			Organisations: map[string]people.Organisation{corp: {Directory: f.office, App: "app"}, branchCorp: {Directory: far, App: "far"}}})
		if err != nil {
			t.Fatal(err)
		}
		for i := range 100 {
			m := member(fmt.Sprint(i))
			m.CorpID = branchCorp
			p, op, err := registry.Welcome(t.Context(), nil, branchCorp, dingtalk.Account{UnionID: m.UnionID}, m, time.Now())
			if err != nil {
				t.Fatal(err)
			}
			if err := f.store.Together(t.Context(), append(registry.Index(p), op)...); err != nil {
				t.Fatal(err)
			}
		}
		w := f.watch(never, func(c *Config) {
			c.People = registry
			c.Organisations = map[string]Directory{corp: f.office, branchCorp: far}
		})
		defer f.run(w)()
		far.set(func(o *office) { o.err, o.takes = unavailable, 5*time.Second })
		for i := range 100 {
			w.Hint(branchCorp, []string{fmt.Sprintf("user%d", i)}, "ev")
		}
		time.Sleep(time.Second)
		f.leave("0", "1")
		w.Hint(corp, []string{"user0"}, "ev")
		w.Suspect(f.subs[1], people.Cause{Source: people.FromLogin})
		time.Sleep(5 * time.Second)
		if f.gone() != 2 {
			t.Errorf("%d of 2 are out after five seconds, %d hints wait", f.gone(), w.Held())
		}
		// Nothing is lost of what waited.
		far.set(func(o *office) { o.err, o.takes = nil, 0 })
		time.Sleep(2 * time.Minute)
		if w.Held() != 0 || far.about("99") == 0 {
			t.Errorf("%d hints wait", w.Held())
		}
	})
}

// One person about whom nobody can decide does not keep in another who has had their userId.
func TestThreat_D3_AUserIDOfTwo(t *testing.T) {
	for _, undecided := range []string{"0", "1"} {
		t.Run(undecided, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := employ(t, 40)
				for _, s := range f.subs[:2] {
					if err := f.store.Together(t.Context(), storage.Join("userid/"+corp+"/shared", string(s), 0)); err != nil {
						t.Fatal(err)
					}
				}
				f.leave("0", "1")
				f.office.set(func(o *office) {
					o.decides = func(who string) error {
						if who == undecided {
							return unavailable
						}
						return nil
					}
				})
				w := f.watch(never)
				defer f.run(w)()
				w.Hint(corp, []string{"shared"}, "ev")
				time.Sleep(time.Second / 2)
				if f.gone() != 1 {
					t.Errorf("%d of 1 are out", f.gone())
				}
			})
		})
	}
}

// Who logs in with a migrated account that is no more is who they were before: what that
// person has elsewhere ends.
func TestThreat_D10_AMigratedLeaverAtALogin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := employ(t, 40)
		newcomer, old := f.subs[0], f.subs[1]
		if err := f.store.Together(t.Context(), storage.Create("alias/"+string(newcomer), []byte(old), 0)); err != nil {
			t.Fatal(err)
		}
		w := f.watch(never)
		defer f.run(w)()
		f.leave("1")
		w.Suspect(newcomer, people.Cause{Source: people.FromLogin})
		time.Sleep(time.Second)
		if f.gone() != 1 {
			t.Errorf("%d of 1 are out", f.gone())
		}
	})
}

// Thousands of changes at once, such as those of a nightly import, do not keep a leaver in,
// whether the word of them came before or after that of the leaver's other changes.
func TestThreat_D8_ALeaverBehindThousandsOfChanges(t *testing.T) {
	for name, changed := range map[string]bool{"of others": false, "of the leaver too": true} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := employ(t, 2001)
				f.office.takes = 200 * time.Millisecond
				w := f.watch(never)
				for i := range 2000 {
					w.Hint(corp, []string{fmt.Sprintf("user%d", i)}, "ev")
				}
				if changed {
					w.Hint(corp, []string{"user2000"}, "ev")
				}
				defer f.run(w)()
				time.Sleep(1100 * time.Millisecond) // between two answers
				f.leave("2000")
				held := w.Held()
				for range 10 {
					w.Left(corp, []string{"user2000"}, "ev-left")
				}
				if !changed {
					held++
				}
				if w.Held() != held {
					t.Errorf("%d held, want %d", w.Held(), held)
				}
				time.Sleep(2 * time.Second)
				if f.gone() != 1 || f.removals(people.FromEvent) != 1 {
					t.Errorf("%d of 1 are out, %d hints wait", f.gone(), w.Held())
				}
				time.Sleep(2 * time.Minute)
				if w.Held() != 0 || f.office.about("1999") != 1 || len(w.urgent)+len(w.order) != 0 {
					t.Errorf("%d hints wait, asked %d times", w.Held(), f.office.about("1999"))
				}
			})
		})
	}
}

// Hints about whom the directory cannot say anything for now wait for their next try beside
// the others, not before them.
func TestV3_AFailingHintIsInNobodysWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := employ(t, 20)
		f.office.decides = func(who string) error {
			if who < "15" && len(who) == 2 { // 10 to 14
				return unavailable
			}
			return nil
		}
		w := f.watch(never)
		defer f.run(w)()
		for i := range 5 {
			w.Left(corp, []string{fmt.Sprintf("user1%d", i)}, "ev")
		}
		synctest.Wait()
		f.leave("3")
		w.Left(corp, []string{"user3"}, "ev")
		synctest.Wait()
		if f.gone() != 1 || w.Held() != 5 {
			t.Errorf("%d out, %d hints wait", f.gone(), w.Held())
		}
		f.leave("10", "11")
		f.office.set(func(o *office) { o.decides = nil })
		time.Sleep(time.Minute)
		if f.gone() != 3 || w.Held() != 0 {
			t.Errorf("%d out, %d hints wait", f.gone(), w.Held())
		}
	})
}

// A replica that ends has told DingTalk that it took what still waits.
func TestV3_WhatWaitsAtTheEndIsSweptFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := employ(t, 20)
		one, two := f.watch(never), f.watch(never)
		defer f.run(two)()
		end := f.run(one)
		f.office.set(func(o *office) { o.err = unavailable })
		for i := range 10 {
			one.Left(corp, []string{fmt.Sprintf("user%d", i)}, "ev")
		}
		synctest.Wait()
		f.leave("3", "4")
		end()
		f.office.set(func(o *office) { o.err = nil })
		time.Sleep(10 * time.Minute)
		if f.gone() != 2 || f.turn().Missed != 0 {
			t.Errorf("%d are out, %+v", f.gone(), f.turn())
		}
		sweeps := len(f.swept())
		time.Sleep(time.Hour)
		if len(f.swept()) != sweeps {
			t.Error("swept again for what was made good for")
		}
	})
}
