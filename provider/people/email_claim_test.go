package people

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dingbridge/dingbridge/dingtalk"
	"github.com/dingbridge/dingbridge/storage"
)

var withEmail = Config{Organisations: map[string]Organisation{corp: {VerifiedEmailDomains: []string{"corp.example"}}}}

const shared = "boss@corp.example"

func (c *company) emails(t testing.TB, i int) string {
	t.Helper()
	return c.Claims(c.mustRead(t, c.people[i].Subject), ClaimOptions{Scopes: allScopes}).Email
}

// give writes an address into the directory.
func (c *company) give(i int, address string) (dingtalk.Account, dingtalk.Member) {
	account, member := employee(i)
	member.OrgEmail = address
	c.dir.set(func(d *directory) { d.members[member.UnionID] = member })
	return account, member
}

func (c *company) recheck(t testing.TB, i int) {
	t.Helper()
	time.Sleep(11 * minute)
	if _, err := c.Fresh(t.Context(), c.mustRead(t, c.people[i].Subject)); err != nil {
		t.Fatal(err)
	}
}

// D1, story of the reuse: an address that was the leaver's is not the newcomer's, by whatever
// way it comes to us, until an administrator says so.
func TestP15_AnAddressIsOnePersons(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := staffed(t, 3, withEmail)
		c.give(0, shared)
		c.recheck(t, 0)
		if got := c.emails(t, 0); got != shared {
			t.Fatalf("the first one claims %q", got)
		}
		c.leave(c.people[0])
		time.Sleep(11 * minute)
		if _, err := c.Fresh(t.Context(), c.mustRead(t, c.people[0].Subject)); !errors.Is(err, ErrGone) {
			t.Fatal(err)
		}
		c.give(1, shared)
		c.recheck(t, 1)
		account, member := c.give(1, shared)
		c.login(t, account, member)
		account, member = c.give(3, "BOSS@corp.example") // and somebody who was never here
		c.people = append(c.people, c.login(t, account, member))
		for _, i := range []int{1, 3} {
			if got := c.emails(t, i); got != "" {
				t.Errorf("newcomer %d claims %q", i, got)
			}
		}
		if c.count(EmailWithheld) != 2 || c.told[len(c.told)-1].Other != c.people[0].Subject {
			t.Errorf("told %d times, %+v", c.count(EmailWithheld), c.told)
		}
		// Hired again, they still have it.
		account, member = c.give(0, shared)
		c.login(t, account, member)
		if got := c.emails(t, 0); got != shared {
			t.Errorf("who is back claims %q", got)
		}
		if owner, err := c.ReleaseEmail(t.Context(), "Boss@corp.example"); err != nil || owner != c.people[0].Subject {
			t.Fatal(owner, err)
		}
		if got := c.emails(t, 0); got != "" {
			t.Errorf("released, and claimed: %q", got)
		}
		if _, err := c.ReleaseEmail(t.Context(), shared); !errors.Is(err, ErrUnknownPerson) {
			t.Errorf("released twice: %v", err)
		}
		if standing, err := c.EmailOf(t.Context(), c.mustRead(t, c.people[1].Subject)); err != nil || standing.Owner != "" {
			t.Errorf("%+v, %v", standing, err)
		}
		c.recheck(t, 1)
		c.recheck(t, 0)
		c.recheck(t, 3)
		if one, two, three := c.emails(t, 0), c.emails(t, 1), c.emails(t, 3); one != "" || two != shared || three != "" {
			t.Errorf("after the release %q, %q and %q", one, two, three)
		}
	})
}

func TestP15_ReleaseOfNobodys(t *testing.T) {
	c := staffed(t, 1, withEmail)
	for _, address := range []string{"", "nobody", "nobody@corp.example", "a@b@c", "a\x00@corp.example"} {
		if _, err := c.ReleaseEmail(t.Context(), address); !errors.Is(err, ErrUnknownPerson) {
			t.Errorf("%q: %v", address, err)
		}
	}
	for _, value := range []string{"", "x", "-", "-x", "\x00", "+" + string(c.people[0].Subject)} {
		c.store.values[emailKey(shared)] = entry{[]byte(value), storage.Version{1}}
		if _, err := c.ReleaseEmail(t.Context(), shared); err == nil {
			t.Errorf("%q was released", value)
		}
	}
}

// A release while a re-check of the owner is under way, in each moment of it, and one that
// stops half way: never two who claim it.
func TestP15_AReleaseBesideARecheck(t *testing.T) {
	for name, at := range map[string]func(c *company, release func()) func(*meddler){
		"while the directory is asked": func(c *company, release func()) func(*meddler) {
			c.dir.then = func() { c.dir.then = nil; release() }
			return func(*meddler) {}
		},
		"before the record is written": func(c *company, release func()) func(*meddler) {
			return func(m *meddler) {
				m.once(func(op *storage.Op) bool { return op.Verb == storage.VerbSwap && op.Key == key(c.people[0].Subject) }, release)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store := &meddler{Store: &memory{}}
				config := withEmail
				config.Store = store
				c := staffed(t, 2, config)
				c.give(0, shared)
				c.recheck(t, 0)
				c.give(1, shared)
				at(c, func() {
					if _, err := c.ReleaseEmail(t.Context(), shared); err != nil {
						t.Error(err)
					}
				})(store)
				c.recheck(t, 0)
				c.recheck(t, 1)
				c.recheck(t, 0)
				if one, two := c.emails(t, 0), c.emails(t, 1); one != "" && two != "" || one == two {
					t.Errorf("%q and %q", one, two)
				}
			})
		})
	}
	for step := range 3 {
		synctest.Test(t, func(t *testing.T) {
			store := &meddler{Store: &memory{}}
			config := withEmail
			config.Store = store
			c := staffed(t, 2, config)
			c.give(0, shared)
			c.recheck(t, 0)
			c.give(1, shared)
			n := 0
			store.lose = func(op *storage.Op) bool { n += map[bool]int{true: 1}[op.Verb == storage.VerbSwap]; return n == step+1 }
			if _, err := c.ReleaseEmail(t.Context(), shared); !errors.Is(err, storage.ErrUnknown) {
				t.Errorf("step %d: %v", step, err)
			}
			store.lose = nil
			for range 2 {
				c.recheck(t, 0)
				c.recheck(t, 1)
				if one, two := c.emails(t, 0), c.emails(t, 1); one != "" && one == two {
					t.Errorf("step %d: both claim it", step)
				}
			}
			if _, err := c.ReleaseEmail(t.Context(), shared); err != nil && !errors.Is(err, ErrUnknownPerson) {
				t.Errorf("step %d, again: %v", step, err)
			}
			c.recheck(t, 1)
			c.recheck(t, 0)
			if one, two := c.emails(t, 0), c.emails(t, 1); two != shared && one != shared || one == two {
				t.Errorf("step %d, again: %q and %q", step, one, two)
			}
		})
	}
}

// A reply that was lost costs the claim until the next re-check, and nobody else gets it.
func TestP15_LostReplies(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &meddler{Store: &memory{}}
		config := withEmail
		config.Store = store
		c := staffed(t, 2, config)
		c.give(0, shared)
		store.lose = func(op *storage.Op) bool { return op.Key == emailKey(shared) }
		c.recheck(t, 0)
		if got := c.emails(t, 0); got != "" {
			t.Errorf("claims %q, which may not be registered", got)
		}
		store.lose = nil
		c.give(1, shared)
		c.recheck(t, 1)
		c.recheck(t, 0)
		if one, two := c.emails(t, 0), c.emails(t, 1); one != shared || two != "" {
			t.Errorf("%q and %q", one, two)
		}
	})
}

// Who has another address now keeps the former one from everybody.
func TestP15_AFormerAddressStaysTheirs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := staffed(t, 2, withEmail)
		for _, address := range []string{shared, "other@corp.example", ""} {
			c.give(0, address)
			c.recheck(t, 0)
			if got := c.emails(t, 0); got != address {
				t.Errorf("claims %q instead of %q", got, address)
			}
		}
		for _, address := range []string{shared, "other@corp.example"} {
			c.give(1, address)
			c.recheck(t, 1)
			if got := c.emails(t, 1); got != "" {
				t.Errorf("another claims %q", got)
			}
		}
		c.give(0, shared)
		c.recheck(t, 0)
		if got := c.emails(t, 0); got != shared {
			t.Errorf("back to the former address: %q", got)
		}
	})
}
