package people

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dingbridge/dingbridge/dingtalk"
	"github.com/dingbridge/dingbridge/storage"
)

// asBefore writes a person as the version before this one did.
func (h house) asBefore(t testing.TB, p Person) Person {
	t.Helper()
	profile, err := json.Marshal(map[string]any{"union_id": p.Profile.UnionID, "user_id": p.Profile.UserID, "nick": "小张", "name": p.Profile.Name, "departments": p.Profile.Departments})
	if err != nil {
		t.Fatal(err)
	}
	value, err := json.Marshal(map[string]any{"format": 1, "epoch": p.Epoch, "corp_id": p.CorpID, "username": p.Username,
		"checked_at": p.CheckedAt.UnixMilli(), "profile": h.sealer.Seal(profile, []byte(key(p.Subject)))})
	if err != nil {
		t.Fatal(err)
	}
	if err := h.Registry.store.Together(t.Context(), storage.Swap(key(p.Subject), p.Version, value, 0)); err != nil {
		t.Fatal(err)
	}
	return h.mustRead(t, p.Subject)
}

// A record of the version before is read, counts, is completed at the next answer, and its
// person is not removed the more easily.
func TestP7_ARecordOfTheVersionBefore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := staffed(t, 3, Config{Organisations: map[string]Organisation{corp: {VerifiedEmailDomains: []string{"corp.example"}}}})
		c.store.sets = nil
		c.give(0, "zhang@corp.example")
		before := c.asBefore(t, c.people[0])
		if before.App != "" || before.indexed || before.Epoch != 1 || before.Username != c.people[0].Username {
			t.Errorf("%+v", before)
		}
		if claims := c.Claims(before, ClaimOptions{Scopes: allScopes}); claims.Subject != before.Subject || claims.Email != "" {
			t.Errorf("%+v", claims)
		}
		time.Sleep(11 * minute)
		p, err := c.Fresh(t.Context(), before)
		if err != nil || p.App != "app" || !p.indexed || p.Profile.Nick != "小张" || p.Username != before.Username || c.emails(t, 0) != "zhang@corp.example" {
			t.Errorf("%+v, %v", p, err)
		}
		if list, err := c.ByUserID(t.Context(), corp, "user0"); err != nil || len(list) != 1 || list[0] != p.Subject {
			t.Errorf("%v, %v", list, err)
		}
		// No app ever vouched for them: where nobody else is known, "gone" is not believed.
		alone := staffed(t, 1, Config{})
		old := alone.asBefore(t, alone.people[0])
		alone.leave(old)
		if _, err := alone.Recheck(t.Context(), old, Cause{}); !errors.Is(err, ErrUnvouched) {
			t.Errorf("%v", err)
		}
	})
}

// Whatever stands in a sealed profile, by a fault of ours or of a later version, no path and
// no role makes a claim fail.
func TestP7_HostileProfiles(t *testing.T) {
	c := staffed(t, 1, Config{})
	p := c.people[0]
	for _, profile := range []string{
		`{"union_id":"union0","user_id":"user0","departments":[20,3],"paths":[[20,1]]}`,
		`{"union_id":"union0","user_id":"user0","departments":[20],"paths":[[],null,[20,1],[0,-4]],"roles":[9,8],"role_names":["x"]}`,
		`{"union_id":"union0","user_id":"user0","roles":[9],"role_names":["a","b","c"],"paths":null}`,
		`{"union_id":"union0","user_id":"` + strings.Repeat("x", 5000) + `","title":"\u202e` + strings.Repeat("张", 5000) + `","claimed_email":"a@b"}`,
		`{"union_id":"x","origin":"union0"}`,
	} {
		value, err := json.Marshal(map[string]any{"format": 1, "epoch": 1, "corp_id": corp, "username": p.Username, "checked_at": 1, "profile": c.sealer.Seal([]byte(profile), []byte(key(p.Subject)))})
		if err != nil {
			t.Fatal(err)
		}
		q, err := c.readRecord(p.Subject, value)
		if err != nil {
			t.Errorf("%.60s: %v", profile, err)
			continue
		}
		claims := c.Claims(q, ClaimOptions{Scopes: allScopes, Directory: []string{"userid", "departments", "roles", "manager", "title"}})
		for _, id := range q.Profile.Ancestry() {
			if id <= 0 {
				t.Errorf("%.60s: department %d", profile, id)
			}
		}
		if _, err := json.Marshal(claims); err != nil || claims.Email != "" || claims.Subject != p.Subject {
			t.Errorf("%.60s: %+v, %v", profile, claims, err)
		}
	}
	for _, profile := range []string{`{"union_id":"x"}`, `{"union_id":"union0","origin":"x"}`, `{"union_id":"union0","paths":[1]}`, `{"union_id":"union0","paths":[["1"]]}`, `[]`} {
		value, _ := json.Marshal(map[string]any{"format": 1, "epoch": 1, "corp_id": corp, "username": p.Username, "checked_at": 1, "profile": c.sealer.Seal([]byte(profile), []byte(key(p.Subject)))})
		if _, err := c.readRecord(p.Subject, value); !errors.Is(err, ErrRecord) {
			t.Errorf("%s: %v", profile, err)
		}
	}
}

// Who was called gone since the login's question was put is not let in by the older answer.
func TestP4_AnOlderYesDoesNotUndoANo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := staffed(t, 2, Config{})
		time.Sleep(minute)
		asked := time.Now()
		time.Sleep(time.Second)
		c.leave(c.people[0])
		if _, err := c.Recheck(t.Context(), c.people[0], Cause{}); !errors.Is(err, ErrGone) {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		account, member := employee(0)
		present := c.mustRead(t, c.people[0].Subject)
		if _, op, err := c.Welcome(t.Context(), &present, corp, account, member, asked); !errors.Is(err, ErrCannotDecide) || op != nil {
			t.Errorf("let in: %v", err)
		}
		if p, op, err := c.Welcome(t.Context(), &present, corp, account, member, time.Now()); err != nil || op == nil || p.Gone {
			t.Errorf("hired again: %v", err)
		}
		// Nor does a clock that was wrong keep anybody out.
		present.CheckedAt = time.Now().Add(hour)
		if _, _, err := c.Welcome(t.Context(), &present, corp, account, member, time.Now()); err != nil {
			t.Error(err)
		}
	})
}

// Another app, of which we do not know whose it is, knows the person by another userId.
func TestP16_AnotherAppsOtherPerson(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := staffed(t, 1, Config{})
		time.Sleep(minute)
		c.dir.set(func(d *directory) {
			d.members["union0"] = dingtalk.Member{CorpID: corp, UnionID: "union0", UserID: "other"}
		})
		if _, err := c.replica(t, Organisation{App: "other"}).Recheck(t.Context(), c.people[0], Cause{}); !errors.Is(err, ErrContradiction) {
			t.Errorf("another app: %v", err)
		}
		if p, err := c.Recheck(t.Context(), c.people[0], Cause{}); err != nil || p.Profile.UserID != "other" {
			t.Errorf("the same app: %v", err)
		}
	})
}
