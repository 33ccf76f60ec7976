package people

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dingbridge/dingbridge/dingtalk"
)

// tree is 20 below 2 below the root, 30 below 3 below 2.
var tree = map[int64]int64{20: 2, 30: 3, 3: 2}

func planted(t testing.TB, n int) *company {
	c := staffed(t, n, Config{})
	c.dir.parents = tree
	time.Sleep(11 * minute)
	for _, p := range c.people {
		if _, err := c.Fresh(t.Context(), c.mustRead(t, p.Subject)); err != nil {
			t.Fatal(err)
		}
	}
	return c
}

func (c *company) move(i int, departments ...int64) {
	_, member := employee(i)
	member.Departments = departments
	c.dir.set(func(d *directory) { d.members[member.UnionID] = member })
}

func TestP20_ParentsUnknownGiveNoRight(t *testing.T) {
	denied := &dingtalk.Error{Reason: dingtalk.ReasonPermission, Call: dingtalk.CallParents}
	for name, tc := range map[string]struct {
		happen   func(*company)
		wait     time.Duration
		ancestry []int64
		unknown  bool
	}{
		"told":                          {func(c *company) { c.move(0, 20, 30) }, 0, []int64{1, 2, 3, 20, 30}, false},
		"not told, as before":           {func(c *company) { c.dir.silent = denied }, 0, []int64{1, 2, 20}, false},
		"not told, and moved":           {func(c *company) { c.dir.silent = denied; c.move(0, 30) }, 0, []int64{30}, true},
		"not told, and moved to nobody": {func(c *company) { c.dir.silent = denied; c.move(0) }, 0, nil, false},
		"not told, and one more":        {func(c *company) { c.dir.silent = denied; c.move(0, 20, 30) }, 0, []int64{20, 30}, true},
		"not told for long":             {func(c *company) { c.dir.silent = denied }, 2 * hour, []int64{20}, true},
		"in the root":                   {func(c *company) { c.dir.silent = denied; c.move(0, 1) }, 0, []int64{1}, false},
		"the tree has changed":          {func(c *company) { c.dir.parents = map[int64]int64{20: 7} }, 0, []int64{1, 7, 20}, false},
		"moved between two questions": {func(c *company) {
			c.dir.then = func() { // after the answer about the person was made up
				c.dir.then = nil
				c.move(0, 30)
			}
		}, 0, []int64{20}, true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := planted(t, 1)
				tc.happen(c)
				time.Sleep(11*minute + tc.wait)
				p, err := c.Fresh(t.Context(), c.mustRead(t, c.people[0].Subject))
				if err != nil {
					t.Fatal(err)
				}
				if got := p.Profile.Ancestry(); !slices.Equal(got, tc.ancestry) || p.Profile.PathsUnknown != tc.unknown {
					t.Errorf("ancestry %v, unknown %v", got, p.Profile.PathsUnknown)
				}
				c.recall = recall{}
				if q := c.mustRead(t, p.Subject); !slices.Equal(q.Profile.Ancestry(), tc.ancestry) || q.Profile.PathsUnknown != tc.unknown {
					t.Errorf("kept as %v, %v", q.Profile.Ancestry(), q.Profile.PathsUnknown)
				}
			})
		})
	}
}

// Ways that were told as long ago as an old answer may be do not count for twice that long.
func TestP20_AnOldAnswerWithOlderWays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := planted(t, 1)
		c.dir.set(func(d *directory) {
			d.silent = &dingtalk.Error{Reason: dingtalk.ReasonPermission, Call: dingtalk.CallParents}
		})
		use := func(want ...int64) {
			t.Helper()
			p, err := c.Fresh(t.Context(), c.mustRead(t, c.people[0].Subject))
			if got := p.Profile.Ancestry(); err != nil || !slices.Equal(got, want) || p.Profile.PathsUnknown != (len(want) == 1) {
				t.Errorf("%v, unknown %v, %v", got, p.Profile.PathsUnknown, err)
			}
		}
		time.Sleep(50 * minute)
		use(1, 2, 20)
		c.dir.set(func(d *directory) { d.err = &dingtalk.Error{Reason: dingtalk.ReasonUnavailable} })
		time.Sleep(11 * minute)
		use(20)
	})
}

// People share departments: what one's answer told serves the others, for as long as an
// answer counts, and until an event says that the tree has changed.
func TestP20_ChainsAreShared(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := planted(t, 20)
		asked := 0
		c.dir.set(func(d *directory) { d.silent = errors.New("not to be asked") })
		count := func() {
			asked = 0
			for _, p := range c.people {
				q, err := c.Recheck(t.Context(), c.mustRead(t, p.Subject), Cause{})
				if err != nil {
					t.Fatal(err)
				}
				if q.Profile.PathsAt != time.Now().UnixMilli() {
					asked++ // and not told
				}
			}
		}
		time.Sleep(5 * minute)
		if count(); asked != 0 {
			t.Errorf("%d people's parents were asked for again", asked)
		}
		c.ForgetDepartments(corp)
		time.Sleep(time.Second)
		if count(); asked != 20 {
			t.Errorf("after an event %d were asked for", asked)
		}
		c.ForgetDepartments("another's")
	})
}

func TestP20_ChainsAreBounded(t *testing.T) {
	var c chains
	for id := range int64(3 * chainsSize) {
		c.keep([]int64{id + 2, 1})
	}
	if len(c.seen) > chainsSize {
		t.Errorf("%d chains", len(c.seen))
	}
}

// A use that an answer allows never waits for the next answer, though many are renewed ahead
// of their time, and the directory hangs.
func TestP21_ARenewalKeepsNobodyWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := staffed(t, 3*mostAhead, Config{})
		time.Sleep(9 * minute)
		hold := make(chan struct{})
		c.dir.set(func(d *directory) { d.hold, d.asked = hold, 0 })
		start := time.Now()
		for range 3 {
			for _, p := range c.people {
				if _, err := c.Fresh(t.Context(), c.mustRead(t, p.Subject)); err != nil {
					t.Fatal(err)
				}
			}
		}
		synctest.Wait()
		if waited := time.Since(start); waited != 0 || c.dir.asked != mostAhead {
			t.Errorf("waited %v, asked %d", waited, c.dir.asked)
		}
		close(hold)
		synctest.Wait()
		renewed := 0
		for _, p := range c.people {
			if c.mustRead(t, p.Subject).CheckedAt.Equal(start) {
				renewed++
			}
		}
		if renewed != mostAhead {
			t.Errorf("%d renewed", renewed)
		}
		// One that says "gone" ends the person, though nobody waits for it.
		c.dir.set(func(d *directory) { d.hold = nil })
		c.leave(c.people[0])
		time.Sleep(10 * minute)
		for range 2 {
			_, _ = c.Fresh(t.Context(), c.mustRead(t, c.people[0].Subject))
			synctest.Wait()
		}
		if c.gone(t) != 1 {
			t.Error("a leaver whose answer was renewed stays")
		}
	})
}

func TestP22_TheSetsDecideNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := staffed(t, 3, Config{})
		for name, sets := range map[string]map[string]map[string]bool{
			"lost": {},
			"strange": {peopleOfKey(corp): {"": true, "x": true, string(SubjectOf(corp, "stranger")): true, string(c.people[1].Subject): true},
				userIDKey(corp, "user0"): {string(c.people[2].Subject): true, "null": true}},
		} {
			c.store.sets = sets
			time.Sleep(11 * minute)
			for i, p := range c.people {
				if q, err := c.Fresh(t.Context(), c.mustRead(t, p.Subject)); err != nil || q.Epoch != 1 || q.Profile.UserID != fmt.Sprintf("user%d", i) {
					t.Errorf("%s: %v", name, err)
				}
			}
			everyone, err := c.Everyone(t.Context(), corp)
			if err != nil {
				t.Fatal(err)
			}
			if list, err := c.Load(t.Context(), everyone...); err != nil || name == "strange" && len(list) != 1 {
				t.Errorf("%s: %d read, %v", name, len(list), err)
			}
		}
		for _, userID := range []string{"", "a\x00b", "nobody"} {
			if list, err := c.ByUserID(t.Context(), corp, userID); err != nil || len(list) != 0 {
				t.Errorf("%q: %v, %v", userID, list, err)
			}
		}
		c.store.fail = errors.New("boom")
		if _, err := c.Everyone(t.Context(), corp); err == nil {
			t.Error("nobody is known, because storage is away")
		}
	})
}

// A userId that was given to a newcomer leads to both, and each answers for themselves.
func TestP22_AUserIDGivenToAnother(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := staffed(t, 2, Config{})
		c.leave(c.people[0])
		account, member := employee(7)
		member.UserID = "user0"
		c.dir.set(func(d *directory) { d.members[member.UnionID] = member })
		newcomer := c.enter(t, account, member)
		if c.count(UserIDReused) != 1 || c.told[len(c.told)-1].Other != c.people[0].Subject {
			t.Errorf("%+v", c.told)
		}
		both, err := c.ByUserID(t.Context(), corp, "user0")
		if err != nil || len(both) != 2 {
			t.Fatal(both, err)
		}
		// A sweep asks by userId, and somebody else's answer is not theirs.
		for _, s := range both {
			_, err := c.Recheck(t.Context(), c.mustRead(t, s), Cause{Source: FromSweep})
			if s == newcomer.Subject && err != nil || s != newcomer.Subject && !errors.Is(err, ErrGone) {
				t.Errorf("%s: %v", s, err)
			}
		}
	})
}

// The flag that the sets have somebody is written when they do, and not before.
func TestP22_WhoIsMissingInTheSetsIsPutThere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := staffed(t, 2, Config{})
		p := c.mustRead(t, c.people[0].Subject)
		if list, _ := c.Everyone(t.Context(), corp); len(list) != 2 || !p.indexed {
			t.Errorf("after the first logins the sets have %v", list)
		}
		c.store.sets = nil
		if err := c.update(t.Context(), p.Subject, func(p *Person) bool { p.indexed = false; return true }); err != nil {
			t.Fatal(err) // as the version before wrote it
		}
		p = c.mustRead(t, p.Subject)
		time.Sleep(11 * minute)
		if _, err := c.Fresh(t.Context(), p); err != nil {
			t.Fatal(err)
		}
		if list, _ := c.Everyone(t.Context(), corp); len(list) != 1 || !c.mustRead(t, p.Subject).indexed {
			t.Errorf("%v", list)
		}
		if ops := c.Index(p); len(ops) != 2 {
			t.Error("a login before does not put them there")
		}
		now := c.mustRead(t, p.Subject)
		if ops := c.Index(now); len(ops) != 0 {
			t.Error("a login afterwards puts them there again")
		}
	})
}
