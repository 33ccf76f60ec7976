package people

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/dingbridge/dingbridge/dingtalk"
)

var everySource = []string{SourcePinyin, SourceUserID, SourceJobNumber, SourceOrgEmail}

// Whoever can edit nick, name, job number or mailbox writes there what an app knows as
// somebody with rights, or as another person.
func TestThreat_D13_P2_NobodyBecomesAdminByEditing(t *testing.T) {
	for _, wanted := range []string{
		"admin", "Admin", "ADMIN", " admin ", "admin.", "-admin-", "admin(IT)", "【admin】", "ad\u200bmin", "admin\u202e", "\ufeffadmin",
		"аdmin" /* Cyrillic а */, "аԁмin", "ａｄｍｉｎ", "ⓐⓓⓜⓘⓝ", "𝐚𝐝𝐦𝐢𝐧", "admın" /* dotless i */, "ADMİN", "adm\u0131n", "ádmin",
		"root", "Root", "r\u03bf\u03bft", "system", "system:masters", "gitlab-ci-token", "cluster-admin", "管理员", "zhangsan", "ZHANGSAN",
	} {
		for field, change := range map[string]func(*dingtalk.Account, *dingtalk.Member){
			"nick":       func(a *dingtalk.Account, _ *dingtalk.Member) { a.Nick = wanted },
			"name":       func(_ *dingtalk.Account, m *dingtalk.Member) { m.Name = wanted },
			"job number": func(_ *dingtalk.Account, m *dingtalk.Member) { m.JobNumber = wanted },
			"mailbox":    func(_ *dingtalk.Account, m *dingtalk.Member) { m.OrgEmail = wanted + "@corp.example" },
		} {
			for i := range everySource {
				sources := append(everySource[i:len(everySource):len(everySource)], everySource[:i]...)
				h := build(t, Config{UsernameSources: sources})
				account, member := zhangsan()
				before := h.login(t, account, member)

				// Of somebody who is known, nothing changes.
				other := account
				changed := member
				change(&other, &changed)
				if got := h.login(t, other, changed).Username; got != before.Username {
					t.Errorf("%s %q by %v: %q became %q", field, wanted, sources, before.Username, got)
				}
				// Of a newcomer, the name is their own, and none that means something.
				other.UnionID, changed.UnionID = "unionMallory", "unionMallory"
				mallory := h.login(t, other, changed)
				stem, suffix, _ := strings.Cut(mallory.Username, "-"+string(mallory.Subject[:6]))
				if suffix != "" || h.usernames.reserved[stem] || h.usernames.reserved[mallory.Username] || mallory.Username == before.Username || !safe.MatchString(mallory.Username) {
					t.Errorf("%s %q by %v: %q", field, wanted, sources, mallory.Username)
				}
			}
		}
	}
}

// Twins in case, width or script have two names, in one organisation and in two.
func TestThreat_D13_P2_TwinsHaveTwoNames(t *testing.T) {
	h := build(t, Config{UsernameSources: []string{SourcePinyin, SourceUserID}, Organisations: map[string]Organisation{corp: {}, "dingother": {}}})
	owners := map[string]string{}
	for i, name := range []string{"张三", "张三", "章三", "张 三", "張三", "Zhangsan", "ZHANGSAN", "ｚｈａｎｇｓａｎ", "zhаngsan" /* Cyrillic */, "张三（外包）"} {
		for _, organisation := range []string{corp, "dingother"} {
			account, member := zhangsan()
			account.UnionID, member.UnionID = fmt.Sprint("union", i), fmt.Sprint("union", i)
			member.CorpID, member.Name = organisation, name
			p, op, err := h.Welcome(t.Context(), nil, organisation, account, member, time.Now())
			if err != nil || h.Registry.store.Together(t.Context(), op) != nil {
				t.Fatal(err)
			}
			who := fmt.Sprint(organisation, " ", i)
			if other, taken := owners[strings.ToLower(p.Username)]; taken {
				t.Errorf("%s and %s are both %q", who, other, p.Username)
			}
			owners[p.Username] = who
			if s, err := h.ByUsername(t.Context(), p.Username); err != nil || s != p.Subject {
				t.Errorf("%q is %q's: %v", p.Username, s, err)
			}
		}
	}
	if len(owners) != 20 {
		t.Errorf("%d names of 20 people", len(owners))
	}
}

// Who comes after somebody who left, with all that they had, gets no name of theirs.
func TestThreat_D13_P2_AHeirHasAnotherName(t *testing.T) {
	h := build(t, Config{UsernameSources: []string{SourcePinyin}})
	account, member := zhangsan()
	gone := h.login(t, account, member)
	if err := h.Remove(t.Context(), gone.Subject); err != nil {
		t.Fatal(err)
	}
	account.UnionID, member.UnionID = "unionHeir", "unionHeir"
	heir := h.login(t, account, member)
	if heir.Username == gone.Username || !strings.HasPrefix(heir.Username, "zhangsan-") {
		t.Errorf("the heir of %q is %q", gone.Username, heir.Username)
	}
	if s, err := h.ByUsername(t.Context(), gone.Username); err != nil || s != gone.Subject {
		t.Errorf("%q is %q's now: %v", gone.Username, s, err)
	}
}
