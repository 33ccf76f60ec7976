package people

import (
	"testing"
	"testing/synctest"
	"time"
)

// An address that was first seen with the migrated account, before it was joined to the one
// from before, is the person's, and its release makes it nobody's.
func TestP15_AnAddressOfAMigratedAccount(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, _, newcomer := migrated(t, withEmail)
		account, member := c.give(0, shared)
		account.UnionID, member.UnionID = "migrated", "migrated"
		c.dir.set(func(d *directory) {
			delete(d.members, "union0")
			d.members["migrated"] = member
		})
		c.login(t, account, member)
		if p := c.mustRead(t, newcomer); p.Profile.ClaimedEmail != shared {
			t.Fatalf("%q", p.Profile.ClaimedEmail)
		}
		if _, err := c.Migrate(t.Context(), newcomer); err != nil {
			t.Fatal(err)
		}
		c.recheck(t, 0)
		if got := c.emails(t, 0); got != shared {
			t.Errorf("joined, they claim %q", got)
		}
		if n := c.count(EmailWithheld); n != 0 {
			t.Errorf("told %d times that it is another's", n)
		}
		// What is let go is let go by both, so that no two claim it.
		if _, err := c.ReleaseEmail(t.Context(), shared); err != nil {
			t.Fatal(err)
		}
		if got := c.emails(t, 0); got != "" {
			t.Errorf("released, they claim %q", got)
		}
		c.give(1, shared)
		time.Sleep(minute)
		c.recheck(t, 1)
		if got := c.emails(t, 1); got != shared {
			t.Errorf("the next one claims %q", got)
		}
		c.recheck(t, 0)
		if got := c.emails(t, 0); got != "" {
			t.Errorf("two claim one address: %q", got)
		}
	})
}
