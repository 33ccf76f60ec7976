package people

import (
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dingbridge/dingbridge/dingtalk"
	"github.com/dingbridge/dingbridge/storage"
)

func TestWelcomeWantsAnswersThatBelongTogether(t *testing.T) {
	for name, change := range map[string]func(corpID *string, a *dingtalk.Account, m *dingtalk.Member){
		"unconfigured organisation": func(c *string, _ *dingtalk.Account, m *dingtalk.Member) { *c, m.CorpID = "dingx", "dingx" },
		"member of another":         func(_ *string, _ *dingtalk.Account, m *dingtalk.Member) { m.CorpID = "dingx" },
		"another person's account":  func(_ *string, a *dingtalk.Account, _ *dingtalk.Member) { a.UnionID = "x" },
		"no unionId":                func(_ *string, a *dingtalk.Account, m *dingtalk.Member) { a.UnionID, m.UnionID = "", "" },
		"NUL in unionId":            func(_ *string, a *dingtalk.Account, m *dingtalk.Member) { a.UnionID, m.UnionID = "a\x00b", "a\x00b" },
		"no userId":                 func(_ *string, _ *dingtalk.Account, m *dingtalk.Member) { m.UserID = "" },
	} {
		h := build(t, Config{})
		corpID := corp
		account, member := zhangsan()
		change(&corpID, &account, &member)
		if _, op, err := h.Welcome(t.Context(), nil, corpID, account, member, time.Now()); !errors.Is(err, ErrContradiction) || op != nil || len(h.store.values) != 0 {
			t.Errorf("%s: %v, %d values", name, err, len(h.store.values))
		}
	}
}

func TestWelcomeWritesOnlyWhatIsNew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := build(t, Config{})
		account, member := zhangsan()
		p := h.login(t, account, member)
		if h.store.trips != 3 { // this test's read and write, and one for the username
			t.Errorf("%d trips at the first login", h.store.trips)
		}
		for name, tc := range map[string]struct {
			wait   time.Duration
			change func()
			writes bool
		}{
			"again at once":     {0, func() {}, false},
			"again later":       {2 * minute, func() {}, true},
			"a new nick":        {0, func() { account.Nick = "new" }, true},
			"a new department":  {0, func() { member.Departments = []int64{3, 20, 21} }, true},
			"the same in order": {0, func() { slices.Reverse(member.Departments) }, false},
		} {
			account, member = zhangsan()
			p = h.login(t, account, member)
			time.Sleep(tc.wait)
			tc.change()
			trips := h.store.trips
			got, op, err := h.Welcome(t.Context(), &p, corp, account, member, time.Now())
			if err != nil || (op != nil) != tc.writes || h.store.trips != trips || got.Username != p.Username {
				t.Errorf("%s: op %v, %v", name, op, err)
			}
			time.Sleep(2 * minute)
		}
	})
}

func TestP5_ALostRaceAtLoginDoesNoHarm(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := build(t, Config{})
		account, member := zhangsan()
		// Two browsers of a person who was never here.
		_, first, err := h.Welcome(t.Context(), nil, corp, account, member, time.Now())
		q, second, err2 := h.Welcome(t.Context(), nil, corp, account, member, time.Now())
		if err != nil || err2 != nil {
			t.Fatal(err, err2)
		}
		h.store.Together(t.Context(), first)
		if err := h.store.Together(t.Context(), second); !errors.Is(err, storage.ErrConflict) {
			t.Fatal(err)
		}
		p, err := h.Read(q.Subject, second)
		if err != nil || p.Epoch != q.Epoch || p.Username != q.Username || p.Version != first.Version {
			t.Fatalf("%+v, %v", p, err)
		}
		// A login while the person is removed: the epochs differ.
		time.Sleep(2 * minute)
		q, op, _ := h.Welcome(t.Context(), &p, corp, account, member, time.Now())
		if err := h.Remove(t.Context(), p.Subject); err != nil {
			t.Fatal(err)
		}
		h.store.Together(t.Context(), op)
		if now, err := h.Read(p.Subject, op); err != nil || now.Epoch != q.Epoch+1 {
			t.Errorf("epoch %d after a removal, %v", now.Epoch, err)
		}
		if now := h.mustRead(t, p.Subject); now.Epoch != 2 {
			t.Errorf("the login undid the removal: epoch %d", now.Epoch)
		}
	})
}
