package people

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/dingbridge/dingbridge/storage"
)

func TestP2_RenameKeepsBothNames(t *testing.T) {
	h := build(t, Config{})
	account, member := zhangsan()
	was := h.login(t, account, member)
	s := was.Subject
	p, err := h.Rename(t.Context(), s, "zhang.san")
	if err != nil || p.Username != "zhang.san" || p.Epoch != was.Epoch || h.mustRead(t, s).Username != "zhang.san" {
		t.Fatalf("%q %v", p.Username, err)
	}
	for _, name := range []string{was.Username, "zhang.san"} {
		if of, err := h.ByUsername(t.Context(), name); err != nil || of != s {
			t.Errorf("%s is %q's: %v", name, of, err)
		}
	}
	if p = h.login(t, account, member); p.Username != "zhang.san" {
		t.Errorf("after a login: %q", p.Username)
	}
	again := h.mustRead(t, s).Version
	if p, err = h.Rename(t.Context(), s, "zhang.san"); err != nil || p.Version != again {
		t.Errorf("the same name again: %v", err)
	}
	if p, err = h.Rename(t.Context(), s, was.Username); err != nil || p.Username != was.Username {
		t.Errorf("the former name: %q %v", p.Username, err)
	}
}

func TestP2_RenameNeverGivesAwayAName(t *testing.T) {
	h := build(t, Config{})
	account, member := zhangsan()
	zhang := h.login(t, account, member)
	account.UnionID, member.UnionID, member.UserID = "unionLi", "unionLi", "lisi"
	li := h.login(t, account, member)
	if _, err := h.Rename(t.Context(), zhang.Subject, "boss"); err != nil {
		t.Fatal(err)
	}
	if _, err := h.Rename(t.Context(), zhang.Subject, "zhang"); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"boss", "zhang", zhang.Username} {
		if p, err := h.Rename(t.Context(), li.Subject, name); !errors.Is(err, ErrUsernameTaken) || p.Username == name {
			t.Errorf("%s: %q %v", name, p.Username, err)
		}
	}
	if got := h.mustRead(t, li.Subject); got.Username != li.Username || got.Version != h.mustRead(t, li.Subject).Version {
		t.Errorf("the other is %q", got.Username)
	}
	// Nor to one who comes later and would be made that name.
	account.UnionID, member.UnionID, member.UserID = "unionNew", "unionNew", "new1"
	fresh := SubjectOf(corp, "unionNew")
	if _, err := h.Rename(t.Context(), li.Subject, usernameOf("new1", fresh, 6)); err != nil {
		t.Fatal(err)
	}
	if p := h.login(t, account, member); p.Username != usernameOf("new1", fresh, 8) {
		t.Errorf("who comes later is %q", p.Username)
	}
}

func TestP2_RenameTakesOnlyNamesThatEveryAppTakes(t *testing.T) {
	h := build(t, Config{ReservedUsernames: []string{"Chief"}})
	account, member := zhangsan()
	was := h.login(t, account, member)
	for _, name := range []string{
		"", "a", "-a", ".a", "_a", "a-", "a.", "a_", "a..b", "a--b", "a.-b", "A1", "zhang san", "zhang/san", "zhang@san", "张三", "zhаng", /* Cyrillic */
		"zhangsan\n", "zhang\x00", "ｚｈａｎｇ", "zhang\u200bsan", "admin", "root", "administrators", "chief", "robots.txt", "a.git", "a.atom", "a.keys", "a.png",
		strings.Repeat("a", 40),
	} {
		if _, err := h.Rename(t.Context(), was.Subject, name); !errors.Is(err, ErrUsername) {
			t.Errorf("%q: %v", name, err)
		}
		if _, taken := h.store.values["username/"+name]; taken {
			t.Errorf("%q was registered", name)
		}
	}
	for _, name := range []string{"ab", "0a", "zhang.san_1-x", "admin1", "admin-zhang", strings.Repeat("a", 39)} {
		if p, err := h.Rename(t.Context(), was.Subject, name); err != nil || p.Username != name || !safe.MatchString(name) {
			t.Errorf("%q: %v", name, err)
		}
	}
}

func TestP2_RenameOfNobodyTakesNoName(t *testing.T) {
	h := build(t, Config{})
	if _, err := h.Rename(t.Context(), SubjectOf(corp, "nobody"), "boss"); !errors.Is(err, ErrUnknownPerson) {
		t.Errorf("nobody: %v", err)
	}
	if _, taken := h.store.values["username/boss"]; taken {
		t.Error("the name is taken")
	}
}

func TestP2_ByUsernameKnowsNobodyElse(t *testing.T) {
	h := build(t, Config{})
	for _, name := range []string{"nobody", "", "ADMIN", "a/b", "张三", "../person/x"} {
		if _, err := h.ByUsername(t.Context(), name); !errors.Is(err, ErrUnknownPerson) {
			t.Errorf("%q: %v", name, err)
		}
	}
	_ = h.Registry.store.Together(t.Context(), storage.Create("username/strange", []byte("x"), 0))
	if _, err := h.ByUsername(t.Context(), "strange"); !errors.Is(err, ErrRecord) {
		t.Errorf("strange: %v", err)
	}
	h.store.fail = storage.ErrUnknown
	if _, err := h.ByUsername(t.Context(), "nobody"); !errors.Is(err, storage.ErrUnknown) || errors.Is(err, ErrUnknownPerson) {
		t.Errorf("a store that cannot say: %v", err)
	}
}

func TestP2_RenamesAtOnce(t *testing.T) {
	h := build(t, Config{})
	account, member := zhangsan()
	zhang := h.login(t, account, member).Subject
	account.UnionID, member.UnionID, member.UserID = "unionLi", "unionLi", "lisi"
	li := h.login(t, account, member).Subject

	// Two people and one name: one gets it.
	var wg sync.WaitGroup
	errs := make([]error, 2)
	for i, s := range []Subject{zhang, li} {
		wg.Go(func() { _, errs[i] = h.Rename(t.Context(), s, "boss") })
	}
	wg.Wait()
	owner, err := h.ByUsername(t.Context(), "boss")
	if err != nil {
		t.Fatal(err)
	}
	for i, s := range []Subject{zhang, li} {
		has := h.mustRead(t, s).Username == "boss"
		if has != (s == owner) || has != (errs[i] == nil) || !has && !errors.Is(errs[i], ErrUsernameTaken) {
			t.Errorf("%d: has it %t, owns it %t: %v", i, has, s == owner, errs[i])
		}
	}

	// One person and many names, while they log in: all are theirs, one is in use.
	names := []string{"zhang1", "zhang2", "zhang3", "zhang4"}
	for _, name := range names {
		wg.Go(func() {
			if _, err := h.Rename(t.Context(), zhang, name); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		})
	}
	wg.Wait()
	for _, name := range names {
		if s, err := h.ByUsername(t.Context(), name); err != nil || s != zhang {
			t.Errorf("%s is %q's: %v", name, s, err)
		}
	}
	if p := h.mustRead(t, zhang); !strings.HasPrefix(p.Username, "zhang") || p.Epoch != 1 {
		t.Errorf("%q, epoch %d", p.Username, p.Epoch)
	}
}

// A reply that was lost leaves the name registered, or the record written; the same
// call again finishes.
func TestP2_RenameAfterALostReply(t *testing.T) {
	for lost := range 2 {
		lossy := &lossy{memory: &memory{}}
		h := build(t, Config{Store: lossy})
		account, member := zhangsan()
		p := h.login(t, account, member)
		lossy.lose = []string{"username/boss", key(p.Subject)}[lost]
		if _, err := h.Rename(t.Context(), p.Subject, "boss"); !errors.Is(err, storage.ErrUnknown) {
			t.Fatalf("%s: %v", lossy.lose, err)
		}
		lossy.lose = ""
		if p, err := h.Rename(t.Context(), p.Subject, "boss"); err != nil || p.Username != "boss" {
			t.Errorf("again: %q %v", p.Username, err)
		}
		if s, err := h.ByUsername(t.Context(), "boss"); err != nil || s != p.Subject {
			t.Errorf("it is %q's: %v", s, err)
		}
	}
}

// lossy does what it is asked, and loses the reply about one key.
type lossy struct {
	*memory
	lose string
}

func (l *lossy) Together(ctx context.Context, ops ...*storage.Op) error {
	err := l.memory.Together(ctx, ops...)
	for _, op := range ops {
		if op.Key == l.lose && op.Verb != storage.VerbGet {
			return fmt.Errorf("lost: %w", storage.ErrUnknown)
		}
	}
	return err
}

// After an account migration two subs are one person, and so are their names.
func TestP2_RenameKnowsMigratedAccounts(t *testing.T) {
	h := build(t, Config{})
	account, member := zhangsan()
	old := h.login(t, account, member)
	account.UnionID, member.UnionID = "unionSince", "unionSince"
	since := h.login(t, account, member)
	if err := h.Registry.store.Together(t.Context(), storage.Create(aliasKey(since.Subject), []byte(old.Subject), 0)); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"zhang", since.Username, old.Username} {
		for _, s := range []Subject{since.Subject, old.Subject} {
			if p, err := h.Rename(t.Context(), s, name); err != nil || p.Subject != old.Subject || p.Username != name {
				t.Errorf("%s: %q of %s: %v", name, p.Username, p.Subject, err)
			}
		}
		if s, err := h.ByUsername(t.Context(), name); err != nil || s != old.Subject {
			t.Errorf("%s is %q's: %v", name, s, err)
		}
	}
	if p := h.mustRead(t, since.Subject); p.Username != since.Username {
		t.Errorf("the record from in between has %q", p.Username)
	}
}
