package people

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dingbridge/dingbridge/dingtalk"
	"github.com/dingbridge/dingbridge/storage"
)

// Neither a login nor a re-check nor a hire lets a blocked person in, however they meet.
func TestP18_BlockedUntilUnblocked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := staffed(t, 3, Config{})
		s := c.people[0].Subject
		account, member := employee(0)
		if err := c.Block(t.Context(), s); err != nil {
			t.Fatal(err)
		}
		blocked := c.mustRead(t, s)
		if blocked.Epoch != 2 || c.count(Removed, "blocked") != 1 {
			t.Errorf("epoch %d, told %d", blocked.Epoch, c.count(Removed))
		}
		if _, err := c.Fresh(t.Context(), blocked); !errors.Is(err, ErrBlocked) {
			t.Errorf("a use: %v", err)
		}
		if _, op, err := c.Welcome(t.Context(), &blocked, corp, account, member, time.Now()); !errors.Is(err, ErrBlocked) || op != nil {
			t.Errorf("a login: %v", err)
		}
		time.Sleep(time.Second)
		if p, err := c.Recheck(t.Context(), blocked, Cause{}); err != nil || !p.Blocked || p.Epoch != 2 {
			t.Errorf("a re-check: %+v, %v", p, err)
		}
		c.leave(c.people[0])
		time.Sleep(time.Second)
		if _, err := c.Recheck(t.Context(), c.mustRead(t, s), Cause{}); !errors.Is(err, ErrGone) {
			t.Error(err)
		}
		gone := c.mustRead(t, s)
		if _, op, err := c.Welcome(t.Context(), &gone, corp, account, member, time.Now()); !errors.Is(err, ErrBlocked) || op != nil {
			t.Errorf("hired again: %v", err)
		}
		if err := c.Block(t.Context(), s); err != nil || c.mustRead(t, s).Epoch != gone.Epoch || c.count(Removed, "blocked") != 1 {
			t.Errorf("blocked twice: %v", err)
		}
		if err := c.Unblock(t.Context(), s); err != nil {
			t.Fatal(err)
		}
		if p := c.login(t, account, member); p.Blocked || p.Gone || p.Epoch != gone.Epoch {
			t.Errorf("unblocked: %+v", p)
		}
		if err := c.Block(t.Context(), SubjectOf(corp, "nobody")); !errors.Is(err, ErrUnknownPerson) {
			t.Errorf("nobody: %v", err)
		}
	})
}

// A login that was welcomed a moment before the block is void, and does not undo it; nor does
// a re-check that is under way.
func TestP18_ABlockBesideOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := staffed(t, 2, Config{})
		s := c.people[0].Subject
		account, member := employee(0)
		account.Nick = "new"
		present := c.mustRead(t, s)
		p, op, err := c.Welcome(t.Context(), &present, corp, account, member, time.Now())
		if err != nil || op == nil {
			t.Fatal(err)
		}
		if err := c.Block(t.Context(), s); err != nil {
			t.Fatal(err)
		}
		if c.store.Together(t.Context(), op); !errors.Is(op.Err, storage.ErrConflict) {
			t.Errorf("the login was noted: %v", op.Err)
		}
		if now := c.mustRead(t, s); !now.Blocked || now.Epoch == p.Epoch {
			t.Errorf("%+v", now)
		}
		if err := c.Unblock(t.Context(), s); err != nil {
			t.Fatal(err)
		}
		for name, act := range map[string]func() error{
			"block":  func() error { return c.Block(t.Context(), s) },
			"rename": func() error { _, err := c.Rename(t.Context(), s, "somebody.new"); return err },
			"end":    func() error { return c.Remove(t.Context(), s) },
		} {
			time.Sleep(11 * minute)
			before := c.mustRead(t, s)
			c.dir.then = func() {
				c.dir.then = nil
				if err := act(); err != nil {
					t.Error(name, err)
				}
			}
			_, err := c.Fresh(t.Context(), before)
			now := c.mustRead(t, s)
			switch name {
			case "rename":
				if err != nil || now.Username != "somebody.new" || now.Epoch != before.Epoch {
					t.Errorf("%s: %+v, %v", name, now, err)
				}
			default:
				if !errors.Is(err, ErrEnded) || now.Epoch != before.Epoch+1 || now.Blocked != (name == "block") {
					t.Errorf("%s: %+v, %v", name, now, err)
				}
			}
			if !now.CheckedAt.Equal(time.Now()) {
				t.Errorf("%s: the answer was not noted", name)
			}
			if err := c.Unblock(t.Context(), s); err != nil {
				t.Fatal(err)
			}
		}
	})
}

// migrated is a company whose person 0 came back with another unionId, and logged in.
func migrated(t *testing.T, config Config) (c *company, old, newcomer Subject) {
	c = staffed(t, 2, config)
	c.leave(c.people[0])
	account, member := employee(0)
	account.UnionID, member.UnionID = "migrated", "migrated"
	c.dir.set(func(d *directory) {
		d.members[member.UnionID] = member
		d.former = map[string]string{"migrated": "union0"}
	})
	time.Sleep(minute)
	return c, c.people[0].Subject, c.enter(t, account, member).Subject
}

func TestP19_AnAliasNeedsDingTalksWord(t *testing.T) {
	for name, tc := range map[string]struct {
		change func(c *company)
		want   error
	}{
		"no migration known":  {func(c *company) { c.dir.former = nil }, ErrNotMigrated},
		"of somebody unknown": {func(c *company) { c.dir.former["migrated"] = "stranger" }, ErrUnknownPerson},
		"the newcomer is blocked": {func(c *company) {
			if err := c.Block(context.Background(), SubjectOf(corp, "migrated")); err != nil {
				panic(err)
			}
		}, ErrBlocked},
		"of themselves":               {func(c *company) { c.dir.former["migrated"] = "migrated" }, ErrNotMigrated},
		"the old one is there still":  {func(c *company) { _, m := employee(0); c.dir.members["union0"] = m }, ErrNotMigrated},
		"of another who is there":     {func(c *company) { c.dir.former["migrated"] = "union1" }, ErrNotMigrated},
		"the new one is not there":    {func(c *company) { delete(c.dir.members, "migrated") }, ErrGone},
		"the directory cannot decide": {func(c *company) { c.dir.err = undecided["unavailable"] }, ErrCannotDecide},
		"it cannot about the old one": {func(c *company) {
			second := 0
			c.dir.then = func() { second++; c.dir.set(func(d *directory) { d.err = failFrom(second) }) }
		}, ErrCannotDecide},
		"the newcomer is another's name": {func(c *company) {
			c.dir.members["migrated"] = dingtalk.Member{CorpID: corp, UnionID: "x", UserID: "user0"}
		}, ErrCannotDecide},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c, old, newcomer := migrated(t, Config{})
				before := c.mustRead(t, old)
				tc.change(c)
				if _, err := c.Migrate(t.Context(), newcomer); !errors.Is(err, tc.want) {
					t.Errorf("%v", err)
				}
				if _, there := c.store.values[aliasKey(newcomer)]; there {
					t.Error("an alias was written")
				}
				if now := c.mustRead(t, old); now.Version != before.Version {
					t.Error("the old person was changed")
				}
			})
		})
	}
}

// failFrom lets the first question be answered, and no other.
func failFrom(n int) error {
	if n > 0 {
		return undecided["throttled"]
	}
	return nil
}

func TestP19_WhoWasMigratedIsWhoTheyWere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, old, newcomer := migrated(t, Config{})
		before := c.mustRead(t, old)
		p, err := c.Migrate(t.Context(), newcomer)
		if err != nil || p.Subject != old || p.Username != before.Username || p.Profile.UnionID != "migrated" || p.Profile.Origin != "union0" {
			t.Fatalf("%+v, %v", p, err)
		}
		if q := c.mustRead(t, newcomer); q.Epoch != 2 {
			t.Errorf("what the newcomer had goes on: epoch %d", q.Epoch)
		}
		// Again, after a reply that was lost: the same.
		if p, err := c.Migrate(t.Context(), newcomer); err != nil || p.Subject != old {
			t.Errorf("again: %v", err)
		}
		time.Sleep(11 * minute)
		if q, err := c.Fresh(t.Context(), c.mustRead(t, old)); err != nil || q.Profile.Origin != "union0" || q.Profile.UnionID != "migrated" {
			t.Errorf("a re-check: %+v, %v", q, err)
		}
		// They log in, and are who they were.
		alias := c.FetchAlias(newcomer)
		c.Registry.store.Together(t.Context(), alias)
		if s, err := c.Alias(newcomer, alias); err != nil || s != old {
			t.Fatal(s, err)
		}
		account, member := employee(0)
		account.UnionID, member.UnionID = "migrated", "migrated"
		present := c.mustRead(t, old)
		if q, op, err := c.Welcome(t.Context(), &present, corp, account, member, time.Now()); err != nil || q.Subject != old || op != nil && op.Key != key(old) {
			t.Errorf("%+v, %v", q, err)
		}
		// Somebody else's account does not become them by the record alone.
		account, member = employee(1)
		if _, _, err := c.Welcome(t.Context(), &present, corp, account, member, time.Now()); !errors.Is(err, ErrContradiction) {
			t.Errorf("another account: %v", err)
		}
	})
}

// What the directory said about the account before the migration ends nobody after it, and
// does not bring the account back.
func TestP19_AMigrationBesideARecheck(t *testing.T) {
	for name, there := range map[string]bool{"called gone": false, "called ours": true} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store := &meddler{Store: &memory{}}
				c, old, newcomer := migrated(t, Config{Store: store})
				if there {
					_, member := employee(0)
					c.dir.set(func(d *directory) { d.members["union0"] = member })
				}
				time.Sleep(minute)
				store.once(func(op *storage.Op) bool { return op.Verb == storage.VerbSwap && op.Key == key(old) }, func() {
					c.leave(c.people[0])
					if _, err := c.Migrate(t.Context(), newcomer); err != nil {
						t.Error(err)
					}
				})
				if _, err := c.Recheck(t.Context(), c.mustRead(t, old), Cause{}); !errors.Is(err, ErrCannotDecide) {
					t.Errorf("%v", err)
				}
				if p := c.mustRead(t, old); p.Gone || p.Epoch != 1 || p.Profile.UnionID != "migrated" || c.count(Removed) != 0 {
					t.Errorf("%+v %v", p, p.Profile.UnionID)
				}
			})
		})
	}
}

func TestP19_StrangeAliases(t *testing.T) {
	c := staffed(t, 1, Config{})
	for _, value := range []string{"", "x", "null", string(c.people[0].Subject) + "\x00", string(c.people[0].Subject)[1:]} {
		op := &storage.Op{Verb: storage.VerbGet, Value: []byte(value)}
		if s, err := c.Alias("me", op); !errors.Is(err, ErrRecord) || s != "me" {
			t.Errorf("%q leads to %q, %v", value, s, err)
		}
	}
	if _, err := c.Alias("me", &storage.Op{Err: storage.ErrUnknown}); !errors.Is(err, storage.ErrUnknown) {
		t.Error(err)
	}
	if s, err := c.Alias("me", &storage.Op{Err: storage.ErrNotFound}); s != "me" || err != nil {
		t.Error(s, err)
	}
}
