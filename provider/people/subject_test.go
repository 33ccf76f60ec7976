package people

import (
	"errors"
	"strings"
	"testing"
	"time"
)

func TestP1_SubjectsOfKnownPeople(t *testing.T) {
	// Computed outside of this program: they may never change.
	for ids, want := range map[[2]string]Subject{
		{"ding0001", "unionA"}: "3hkvqdjqrr3vfp7xettmdtfipi",
		{"ding0002", "unionA"}: "yrxphjceowyojngplh6lx4lzti",
		{"企业", "员工"}:           "zfdzelhynflpvl6qvszh3mlr6u",
	} {
		got := SubjectOf(ids[0], ids[1])
		raw, ok := got.Raw()
		if got != want || !ok || SubjectFromRaw(raw) != got {
			t.Errorf("%q: %s", ids, got)
		}
	}
	if SubjectOf("a", "bc") == SubjectOf("ab", "c") {
		t.Error("the ids run into each other")
	}
	good := SubjectOf("a", "b")
	for _, bad := range []Subject{"", good[1:], good + "a", Subject(strings.ToUpper(string(good))), good[:25] + "1", good[:25] + "\n", good[:25] + "=", Subject(strings.Repeat("a", 25) + "b")} {
		if _, ok := bad.Raw(); ok {
			t.Errorf("%q is taken for a sub", bad)
		}
	}
}

// proves: a subject is never given to anybody else | Core sections 2 and 5.7
func TestP1_D3_OnlyCorpAndUnionIDMakeTheSubject(t *testing.T) {
	h := build(t, Config{})
	account, member := zhangsan()
	old := h.login(t, account, member)
	account.OpenID, account.Nick, member.UserID, member.OrgEmail, member.Mobile, member.JobNumber = "other", "other", "other", "", "13900139000", ""
	if p := h.login(t, account, member); p.Subject != old.Subject || p.Username != old.Username || p.Epoch != old.Epoch {
		t.Errorf("the same person became %s %s", p.Subject, p.Username)
	}
	heirAccount, heir := zhangsan() // the newcomer gets all that the leaver had
	heirAccount.UnionID, heir.UnionID = "unionHeir", "unionHeir"
	if p := h.login(t, heirAccount, heir); p.Subject == old.Subject || p.Username == old.Username {
		t.Errorf("the heir became the leaver: %s %s", p.Subject, p.Username)
	}
}

func TestP1_D18_OrganisationsDoNotMeet(t *testing.T) {
	h := build(t, Config{Organisations: map[string]Organisation{corp: {}, "dingother": {}}})
	account, member := zhangsan()
	one := h.login(t, account, member)
	member.CorpID = "dingother"
	other := h.login(t, account, member)
	if one.Subject == other.Subject || one.Username == other.Username || other.CorpID != "dingother" {
		t.Errorf("%v and %v", one.Subject, other.Subject)
	}
	if _, _, err := h.Welcome(t.Context(), &one, "dingother", account, member, time.Now()); !errors.Is(err, ErrContradiction) {
		t.Errorf("the record of the other organisation's person: %v", err)
	}
}
