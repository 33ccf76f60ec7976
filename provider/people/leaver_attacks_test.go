package people

import (
	"errors"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"
)

// A leaver whom the brake keeps, or somebody about whom DingTalk may not tell, has tokens that
// work for a while. Whoever shows one again and again must not use up DingTalk's limit, by which hints and sweeps would find the others.
func TestThreat_D14_AKeptLeaverCostsFewQuestions(t *testing.T) {
	for _, name := range []string{"by the brake", "for want of a witness", "out of range", "unavailable"} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := staffed(t, 2, Config{Log: slog.New(slog.DiscardHandler)})
				leaver := c.people[0]
				switch name {
				case "by the brake":
					c.leave(leaver)
					_, err := c.changeBrake(t.Context(), corp, func(b *BrakeState) bool { b.Engaged = now(); return true })
					if err != nil {
						t.Fatal(err)
					}
				case "for want of a witness":
					c.leave(leaver, c.people[1])
					c.dir.set(func(d *directory) { d.empty = true })
				default:
					c.dir.set(func(d *directory) { d.err = undecided[name] })
				}
				time.Sleep(11 * minute)
				before := c.dir.asked
				for range 1000 { // ten seconds of one who does nothing else
					if _, err := c.Fresh(t.Context(), c.mustRead(t, leaver.Subject)); err != nil {
						t.Fatal(err)
					}
					time.Sleep(10 * time.Millisecond)
				}
				if n := c.dir.asked - before; n > 40 {
					t.Errorf("%d questions in ten seconds", n)
				}
				if n := c.count(RemovalWithheld); n > 5 {
					t.Errorf("%d lines of audit in ten seconds", n)
				}
				// Past max_stale nothing is given, nor for having asked a moment ago.
				time.Sleep(time.Until(c.mustRead(t, leaver.Subject).CheckedAt.Add(hour - time.Second)))
				if _, err := c.Fresh(t.Context(), c.mustRead(t, leaver.Subject)); err != nil {
					t.Errorf("within an hour: %v", err)
				}
				time.Sleep(2 * time.Second)
				if _, err := c.Fresh(t.Context(), c.mustRead(t, leaver.Subject)); !errors.Is(err, ErrCannotDecide) {
					t.Errorf("past an hour: %v", err)
				}
				// A hint is looked into at once all the same.
				before = c.dir.asked
				if _, err := c.Recheck(t.Context(), c.mustRead(t, leaver.Subject), Cause{Source: FromEvent}); !errors.Is(err, ErrCannotDecide) || c.dir.asked == before {
					t.Errorf("a hint: %v", err)
				}
			})
		})
	}
}

// Two accounts of one person, the one from before a migration and the migrated one, are never
// in at once: else whoever has left by the one stays by the other, or an account that the
// company hands on is two people.
func TestThreat_D3_TheAccountOfBeforeAMigration(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, old, newcomer := migrated(t, Config{})
		if _, err := c.Migrate(t.Context(), newcomer); err != nil {
			t.Fatal(err)
		}
		account, member := employee(0)
		c.dir.set(func(d *directory) { d.members[member.UnionID] = member })
		time.Sleep(minute)
		present := c.mustRead(t, old)
		if p, _, err := c.Welcome(t.Context(), &present, corp, account, member, time.Now()); !errors.Is(err, ErrContradiction) {
			t.Errorf("two accounts are one person: %+v, %v", p, err)
		}
		c.dir.set(func(d *directory) { d.err = undecided["unavailable"] })
		if _, _, err := c.Welcome(t.Context(), &present, corp, account, member, time.Now()); !errors.Is(err, ErrCannotDecide) {
			t.Errorf("nobody knows whether the other one is there: %v", err)
		}
		// Once the migrated one is no more, the person is back, and what it had is over.
		c.dir.set(func(d *directory) {
			d.err = nil
			delete(d.members, "migrated")
		})
		p := c.login(t, account, member)
		if p.Subject != old || p.Epoch != present.Epoch+1 || p.Profile.UnionID != member.UnionID || p.Profile.Origin != member.UnionID {
			t.Errorf("back by the account of before: %+v", p)
		}
		if again := c.login(t, account, member); again.Epoch != p.Epoch {
			t.Errorf("a second login ended the first: epoch %d", again.Epoch)
		}
		// Nor does the migrated one come back by itself.
		account.UnionID, member.UnionID = "migrated", "migrated"
		present = c.mustRead(t, old)
		if _, _, err := c.Welcome(t.Context(), &present, corp, account, member, time.Now()); !errors.Is(err, ErrContradiction) {
			t.Errorf("%v", err)
		}
	})
}

// In an organisation that most of those who are known have left long ago, or that is small, a
// witness is found all the same: else whoever leaves next stays, and it is chance for how long.
func TestThreat_D10_AWitnessAmongManyWhoLeft(t *testing.T) {
	for name, of := range map[string]struct{ all, left int }{"many left": {200, 190}, "small": {3, 0}} {
		t.Run(name, func(t *testing.T) {
			kept := 0
			synctest.Test(t, func(t *testing.T) {
				c := staffed(t, of.all, Config{Log: slog.New(slog.DiscardHandler), Brake: Brake{MostPeople: 1000, MostPercent: 100}})
				c.leave(c.people[:of.left]...)
				c.recheckAll(t, c.Registry)
				if n := c.gone(t); n != of.left {
					t.Fatalf("%d are gone, want %d", n, of.left)
				}
				c.dir.set(func(d *directory) { d.empty = true }) // nobody but known people can vouch
				for range 20 {
					leaver := c.people[of.left]
					r := c.replica(t, Organisation{}) // which remembers nobody
					c.leave(leaver)
					if _, err := r.Recheck(t.Context(), c.mustRead(t, leaver.Subject), Cause{Source: FromEvent}); !errors.Is(err, ErrGone) {
						kept++
					}
					account, member := employee(of.left)
					c.dir.set(func(d *directory) { d.members[member.UnionID] = member })
					time.Sleep(minute)
					c.login(t, account, member)
				}
			})
			if kept > 0 {
				t.Errorf("a leaver stayed %d times of 20", kept)
			}
		})
	}
}
