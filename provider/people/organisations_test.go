package people

import (
	"errors"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dingbridge/dingbridge/dingtalk"
	"github.com/dingbridge/dingbridge/keys/secret"
	"github.com/dingbridge/dingbridge/storage"
)

const otherCorp = "dingother"

// twoOrganisations is a house of two, and somebody logged in at each, with one unionId and
// one userId.
func twoOrganisations(t *testing.T, c Config) (h house, other *directory, here, there Person) {
	t.Helper()
	other = &directory{corp: otherCorp, members: map[string]dingtalk.Member{}}
	if c.Organisations == nil {
		c.Organisations = map[string]Organisation{corp: {}, otherCorp: {}}
	}
	second := c.Organisations[otherCorp]
	second.Directory = other
	c.Organisations[otherCorp] = second
	h = build(t, c)
	account, member := zhangsan()
	here = h.login(t, account, member)
	member.CorpID, member.Departments, member.OrgEmail = otherCorp, []int64{20}, "ceo@corp.example"
	other.members[member.UnionID] = member
	there = h.login(t, account, member)
	return h, other, here, there
}

// The same unionId and userId in two organisations of one installation.
func TestThreat_D18_P13_OrganisationsShareNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, other, here, there := twoOrganisations(t, Config{})
		if here.Profile.UnionID != there.Profile.UnionID || here.Profile.UserID != there.Profile.UserID {
			t.Fatal("the ids are not the same; nothing is proven")
		}
		if here.Subject == there.Subject || here.Username == there.Username {
			t.Errorf("%s %s and %s %s", here.Subject, here.Username, there.Subject, there.Username)
		}
		want := []string{key(here.Subject), key(there.Subject), "username/" + here.Username, "username/" + there.Username}
		slices.Sort(want)
		if got := slices.Sorted(maps.Keys(h.store.values)); !slices.Equal(got, want) {
			t.Errorf("records %v", got)
		}
		// What is remembered of one is not what is read of the other, and no record opens
		// in the other's place, remembered or not.
		for range 2 {
			if p := h.mustRead(t, here.Subject); p.CorpID != corp || !slices.Equal(p.Profile.Departments, []int64{3, 20}) {
				t.Errorf("%+v", p)
			}
			if p := h.mustRead(t, there.Subject); p.CorpID != otherCorp || !slices.Equal(p.Profile.Departments, []int64{20}) {
				t.Errorf("%+v", p)
			}
			if _, err := h.readRecord(there.Subject, h.store.values[key(here.Subject)].value); !errors.Is(err, ErrRecord) {
				t.Errorf("in the other organisation's place: %v", err)
			}
			h.recall = recall{}
		}

		// Two flights at once: each directory is asked about its own.
		time.Sleep(11 * minute)
		hold := make(chan struct{})
		h.dir.set(func(d *directory) { d.hold = hold })
		other.set(func(d *directory) { d.hold, d.members = hold, nil })
		var all sync.WaitGroup
		all.Go(func() {
			if p, err := h.Fresh(t.Context(), here); err != nil || p.CorpID != corp {
				t.Errorf("still ours here: %+v, %v", p, err)
			}
		})
		all.Go(func() {
			if _, err := h.Fresh(t.Context(), there); !errors.Is(err, ErrGone) {
				t.Errorf("gone there: %v", err)
			}
		})
		synctest.Wait()
		close(hold)
		all.Wait()
		if h.dir.asked != 1 || other.asked != 1 {
			t.Errorf("asked %d and %d", h.dir.asked, other.asked)
		}
		// Gone there is not gone here, and a removal there removes nobody here.
		if err := h.Remove(t.Context(), there.Subject); err != nil {
			t.Fatal(err)
		}
		if p := h.mustRead(t, here.Subject); p.Gone || p.Epoch != 1 {
			t.Errorf("%+v", p)
		}
		if p := h.mustRead(t, there.Subject); !p.Gone || p.Epoch != 3 {
			t.Errorf("%+v", p)
		}
	})
}

// Answers and records of one organisation, shown for the other.
func TestThreat_D18_ADirectorySpeaksForItsOwnAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, other, here, there := twoOrganisations(t, Config{})
		account, ours := zhangsan()
		theirs := other.members[ours.UnionID]
		for name, tc := range map[string]struct {
			present *Person
			corpID  string
			member  dingtalk.Member
		}{
			"a member of the other":       {nil, corp, theirs},
			"ours, welcomed at the other": {nil, otherCorp, ours},
			"the record of the other":     {&there, corp, ours},
			"our record, at the other":    {&here, otherCorp, theirs},
		} {
			if _, op, err := h.Welcome(t.Context(), tc.present, tc.corpID, account, tc.member, time.Now()); !errors.Is(err, ErrContradiction) || op != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
		time.Sleep(2 * hour)
		h.dir.set(func(d *directory) { d.members = other.members })
		if _, err := h.Fresh(t.Context(), h.mustRead(t, here.Subject)); !errors.Is(err, ErrCannotDecide) {
			t.Errorf("a re-check: %v", err)
		}
	})
}

// An administrator of one organisation writes an address of the other's domain into the
// directory.
func TestThreat_D18_AnAddressStaysInItsOrganisation(t *testing.T) {
	verified := Organisation{VerifiedEmailDomains: []string{"corp.example"}}
	listed := Organisation{EmailDomains: []string{"corp.example"}}
	elsewhere := Organisation{EmailDomains: []string{"other.example"}, VerifiedEmailDomains: []string{"third.example"}}
	for name, second := range map[string]Organisation{"no domain": {}, "other domains": elsewhere} {
		h, _, here, there := twoOrganisations(t, Config{
			EmailSources:  []string{SourceOrgEmail, SourceEmail},
			Organisations: map[string]Organisation{corp: verified, otherCorp: second},
		})
		if c := h.Claims(here, ClaimOptions{Scopes: allScopes}); c.Email != "san.zhang@corp.example" || !c.EmailVerified {
			t.Errorf("%s: here %q, %v", name, c.Email, c.EmailVerified)
		}
		if c := h.Claims(there, ClaimOptions{Scopes: allScopes}); c.Email != "" || c.EmailVerified {
			t.Errorf("%s: there %q, %v", name, c.Email, c.EmailVerified)
		}
	}
	for name, tc := range map[string]struct {
		one, two Organisation
		fine     bool
	}{
		"verified here, listed there":      {verified, listed, false},
		"listed here, verified there":      {listed, verified, false},
		"verified in both":                 {verified, verified, false},
		"listed in both":                   {listed, listed, true}, // vouched for by nobody
		"verified here, others there":      {verified, elsewhere, true},
		"verified here, a subdomain there": {verified, Organisation{VerifiedEmailDomains: []string{"sub.corp.example"}}, true},
	} {
		tc.one.Directory, tc.two.Directory = &directory{}, &directory{}
		c := Config{Store: &memory{}, Secrets: secrets(t, secret.Generate()), Organisations: map[string]Organisation{corp: tc.one, otherCorp: tc.two}}
		if _, err := New(c); (err == nil) != tc.fine || err != nil && !strings.Contains(err.Error(), `"corp.example"`) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Usernames are one space for all organisations: a name that is taken in one is taken in
// the other.
func TestThreat_D18_UsernamesAreOneSpace(t *testing.T) {
	h, _, here, there := twoOrganisations(t, Config{})
	for _, p := range []Person{here, there} {
		if whose := h.store.values["username/"+p.Username].value; !strings.HasPrefix(p.Username, "zhangsan-") || string(whose) != string(p.Subject) {
			t.Errorf("%s is %s", p.Username, whose)
		}
	}
	// Somebody here already has the name that would be made for a newcomer there.
	late := SubjectOf(otherCorp, "unionLate")
	taken := usernameOf("zhangsan", late, suffixLengths[0])
	h.store.Together(t.Context(), storage.Create("username/"+taken, []byte(here.Subject), 0))
	account, member := zhangsan()
	account.UnionID, member.UnionID, member.CorpID = "unionLate", "unionLate", otherCorp
	if p := h.login(t, account, member); p.Subject != late || p.Username != usernameOf("zhangsan", late, suffixLengths[1]) {
		t.Errorf("%s, though %s is another's", p.Username, taken)
	}
	if whose := h.store.values["username/"+taken].value; string(whose) != string(here.Subject) {
		t.Errorf("%s went over to %s", taken, whose)
	}
}

// FuzzOrganisations: whatever two organisations call themselves and their people, no sub
// and no username is in both.
func FuzzOrganisations(f *testing.F) {
	f.Add("dinga", "dingb", "union", "user", int64(5))
	f.Add("a", "a:dept", "1", "1", int64(1))
	f.Add("ding", "ding\x00union", "union\x00", "u", int64(20))
	list := secrets(f, secret.Generate())
	f.Fuzz(func(t *testing.T, one, two, unionID, userID string, department int64) {
		d := &directory{}
		r, err := New(Config{Store: &memory{}, Secrets: list, Organisations: map[string]Organisation{one: {Directory: d}, two: {Directory: d}}})
		if err != nil || one == two {
			return
		}
		seen := map[string]bool{}
		for _, corpID := range []string{one, two} {
			p, _, err := r.Welcome(t.Context(), nil, corpID, dingtalk.Account{UnionID: unionID},
				dingtalk.Member{CorpID: corpID, UnionID: unionID, UserID: userID, Departments: []int64{department}}, time.Now())
			if err != nil {
				return
			}
			for _, name := range []string{string(p.Subject), p.Username} {
				if seen[name] {
					t.Errorf("%q is of %q and of %q", name, one, two)
				}
				seen[name] = true
			}
		}
	})
}
