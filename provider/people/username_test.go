package people

import (
	"errors"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/dingbridge/dingbridge/dingtalk"
	"github.com/dingbridge/dingbridge/keys/secret"
	"github.com/dingbridge/dingbridge/storage"
)

var safe = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{1,38}$`)

// D13: names that want to be another's.
func TestP2_D13_UsernamesAreSafe(t *testing.T) {
	suffix := "-" + string(SubjectOf(corp, "unionZhang")[:6])
	for userID, want := range map[string]string{
		"zhangsan":              "zhangsan",
		"ZhangSan":              "zhangsan",
		"zhang.san_1-x":         "zhang.san_1-x",
		"admin":                 "u",
		"ADMIN":                 "u",
		" root ":                "u",
		"ceo":                   "u", // reserved by the operator
		"张三":                    "u",
		"张san":                  "san",
		"аdmin" /* Cyrillic */ : "dmin",
		"\u212aelvin":           "elvin",
		"a..b":                  "a.b",
		"a.-_b":                 "a.b",
		"..a..":                 "a",
		"-rf":                   "rf",
		"repo.git":              "repo.git",
		"a@corp.example":        "a-corp.example",
		"a/../../b":             "a-b",
		"a\x00b\nc":             "a-b-c",
		"<script>":              "script",
		"...":                   "u",
		"0123456789":            "0123456789",
		strings.Repeat("a", 99): strings.Repeat("a", 32),
		strings.Repeat("a", 30) + "." + strings.Repeat("b", 9): strings.Repeat("a", 30) + ".b",
		strings.Repeat("a", 31) + ".bb":                        strings.Repeat("a", 31),
	} {
		h := build(t, Config{ReservedUsernames: []string{"CEO"}})
		account, member := zhangsan()
		member.UserID = userID
		if strings.ContainsFunc(userID, unicode.IsSpace) || strings.Contains(userID, "\x00") {
			if got := usernameOf(h.usernames.stem(member), SubjectOf(corp, "unionZhang"), 6); got != want+suffix {
				t.Errorf("%q: %q", userID, got)
			}
			continue // DingTalk has no such ids, and Welcome refuses them
		}
		got := h.login(t, account, member).Username
		if got != want+suffix || !safe.MatchString(got) {
			t.Errorf("%q: %q", userID, got)
		}
		if string(h.store.values["username/"+got].value) != string(SubjectOf(corp, "unionZhang")) {
			t.Errorf("%q is not registered", got)
		}
	}
}

func TestP2_Sources(t *testing.T) {
	for name, tc := range map[string]struct {
		sources []string
		change  func(*dingtalk.Member)
		want    string
	}{
		"job number":              {[]string{SourceJobNumber}, nil, "a-007"},
		"mailbox":                 {[]string{SourceOrgEmail}, nil, "san.zhang"},
		"job number, then userId": {[]string{SourceJobNumber, SourceUserID}, func(m *dingtalk.Member) { m.JobNumber = "" }, "zhangsan"},
		"a reserved job number":   {[]string{SourceJobNumber, SourceUserID}, func(m *dingtalk.Member) { m.JobNumber = "root" }, "zhangsan"},
		"a malformed mailbox":     {[]string{SourceOrgEmail}, func(m *dingtalk.Member) { m.OrgEmail = "root@x@y.zz" }, "u"},
		"nothing":                 {[]string{SourceJobNumber}, func(m *dingtalk.Member) { m.JobNumber = "零零七" }, "u"},
		"name":                    {[]string{SourcePinyin}, func(m *dingtalk.Member) { m.Name = "欧阳锋（西域）" }, "ouyangfeng"},
		"name, then job number":   {[]string{SourcePinyin, SourceJobNumber}, func(m *dingtalk.Member) { m.Name = "😀" }, "a-007"},
		"a reserved name":         {[]string{SourcePinyin, SourceUserID}, func(m *dingtalk.Member) { m.Name = "Admin (IT)" }, "zhangsan"},
		"an unreadable name":      {[]string{SourcePinyin}, func(m *dingtalk.Member) { m.Name = "김철수" }, "u"},
	} {
		h := build(t, Config{UsernameSources: tc.sources})
		account, member := zhangsan()
		if tc.change != nil {
			tc.change(&member)
		}
		if got := h.login(t, account, member).Username; got != tc.want+"-"+string(SubjectOf(corp, "unionZhang")[:6]) {
			t.Errorf("%s: %q", name, got)
		}
	}
}

func TestP2_AUsernameIsFrozen(t *testing.T) {
	h := build(t, Config{})
	account, member := zhangsan()
	was := h.login(t, account, member).Username
	member.UserID, member.JobNumber, account.Nick = "lisi", "admin", "root"
	other := build(t, Config{Store: h.store, Secrets: nil, UsernameSources: []string{SourceJobNumber}})
	other.sealer = h.sealer
	if is := other.login(t, account, member).Username; is != was {
		t.Errorf("%q became %q", was, is)
	}
}

func TestP2_ANameIsNeverGivenToAnother(t *testing.T) {
	account, member := zhangsan()
	s := SubjectOf(corp, member.UnionID)
	h := build(t, Config{})
	for _, n := range []int{6, 8} { // a clash of 40 bits, as if by a mathematician
		h.Registry.store.Together(t.Context(), storage.Create("username/"+usernameOf("zhangsan", s, n), []byte("somebody else"), 0))
	}
	if p := h.login(t, account, member); p.Username != usernameOf("zhangsan", s, 10) || len(p.Username) != len("zhangsan-")+10 {
		t.Errorf("%q", p.Username)
	}
	for _, n := range suffixLengths {
		for key := range h.store.values {
			if strings.HasPrefix(key, "person/") {
				delete(h.store.values, key)
			}
		}
		h.store.values["username/"+usernameOf("zhangsan", s, n)] = entry{value: []byte("somebody else")}
	}
	if _, op, err := h.Welcome(t.Context(), nil, corp, account, member, time.Now()); err == nil || op != nil || errors.Is(err, storage.ErrConflict) {
		t.Errorf("with every form taken: %v", err)
	}
}

func TestP2_ANameIsTakenUpAgainByItsOwner(t *testing.T) {
	h := build(t, Config{})
	account, member := zhangsan()
	p := h.login(t, account, member)
	delete(h.store.values, key(p.Subject))
	if again := h.login(t, account, member); again.Username != p.Username {
		t.Errorf("%q became %q", p.Username, again.Username)
	}
	// All state lost: the name is the same, and a twin has another.
	fresh := build(t, Config{Secrets: secrets(t, secret.Generate())})
	if again := fresh.login(t, account, member); again.Username != p.Username {
		t.Errorf("%q became %q", p.Username, again.Username)
	}
	account.UnionID, member.UnionID = "unionTwin", "unionTwin"
	if twin := build(t, Config{}).login(t, account, member); twin.Username == p.Username {
		t.Error("a twin got the name")
	}
}

func TestP2_ReservedWordsAreSpelledAsNamesAre(t *testing.T) {
	for _, word := range reservedUsernames {
		if word != strings.ToLower(word) {
			t.Errorf("%q can never match", word)
		}
	}
}

func FuzzUsername(f *testing.F) {
	for _, seed := range []string{"zhangsan", "A..b", "admin", "张三", "a.git", strings.Repeat("a.", 40)} {
		f.Add(seed, []byte("unionA"))
	}
	policy, _ := newUsernamePolicy(Config{})
	f.Fuzz(func(t *testing.T, userID string, union []byte) {
		stem := policy.stem(dingtalk.Member{UserID: userID})
		if policy.reserved[stem] || slug(stem) != stem {
			t.Fatalf("%q gives the stem %q", userID, stem)
		}
		checkUsernames(t, stem, SubjectOf(corp, string(union)))
	})
}

// checkUsernames is a second statement of what a username may be.
func checkUsernames(t *testing.T, stem string, s Subject) {
	t.Helper()
	for _, n := range suffixLengths {
		name := usernameOf(stem, s, n)
		if !safe.MatchString(name) || !isUsername(name) || strings.Contains(name, "..") || strings.HasSuffix(name, ".git") ||
			strings.HasSuffix(name, ".atom") || !strings.HasSuffix(name, "-"+string(s[:n])) {
			t.Fatalf("the stem %q gives %q", stem, name)
		}
	}
}

// checkText is a second statement of what a shown name may be.
func checkText(s string) error {
	if !utf8.ValidString(s) || utf8.RuneCountInString(s) > maxTextRunes || strings.TrimSpace(s) != s || strings.Contains(s, "  ") {
		return errors.New("broken, long or loose")
	}
	for _, r := range s {
		if r == utf8.RuneError || unicode.Is(unicode.C, r) || unicode.In(r, unicode.Zl, unicode.Zp) || unicode.IsSpace(r) && r != ' ' ||
			unicode.Is(unicode.Bidi_Control, r) || r >= 0x200b && r <= 0x200f || r == 0x3164 || r == 0x2800 {
			return errors.New("a character that is not shown")
		}
	}
	return nil
}
