package people

import (
	"cmp"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/dingbridge/dingbridge/dingtalk"
)

var allScopes = []string{"openid", "profile", "email", "phone", "groups", "offline_access"}

// claimsOf logs a changed 张三 in and returns the claims as an app decodes them.
func claimsOf(t *testing.T, c Config, o ClaimOptions, change func(*dingtalk.Account, *dingtalk.Member)) map[string]any {
	t.Helper()
	h := build(t, c)
	account, member := zhangsan()
	if change != nil {
		change(&account, &member)
	}
	h.login(t, account, member)
	p := h.mustRead(t, SubjectOf(corp, member.UnionID)) // as a replica reads it
	first, second := h.Claims(p, o), h.Claims(p, o)
	if !reflect.DeepEqual(first, second) {
		t.Errorf("the claims differ from one time to the next: %v", second)
	}
	encoded, err := json.Marshal(struct {
		Issuer string `json:"iss"`
		Claims        // as an ID token embeds them
	}{"https://issuer.example", first})
	if err != nil {
		t.Fatal(err)
	}
	var claims map[string]any
	if err := json.Unmarshal(encoded, &claims); err != nil {
		t.Fatal(err)
	}
	if claims["iss"] != "https://issuer.example" {
		t.Error("the claims displace the token's own")
	}
	delete(claims, "iss")
	return claims
}

// domains is a configuration of one organisation with these domains.
func domains(o Organisation, sources ...string) Config {
	return Config{Organisations: map[string]Organisation{corp: o}, EmailSources: sources}
}

// proves: claims of scopes | Core section 5.4
func TestP12_ClaimsByScope(t *testing.T) {
	c := domains(Organisation{EmailDomains: []string{"corp.example"}})
	s := SubjectOf(corp, "unionZhang")
	all := map[string]any{
		"sub": string(s), "name": "张三", "nickname": "小张", "picture": "https://static.example.com/nick.png",
		"preferred_username": "zhangsan-" + string(s[:6]), "email": "san.zhang@corp.example",
		"phone_number": "+8613800138000", "phone_number_verified": false, "groups": []any{"dept:20", "dept:3", "role:9"},
	}
	groups := []string{"dept:20", "dept:3", "role:9"}
	directory := map[string]any{"dingtalk_userid": "zhangsan", "dingtalk_corp_id": corp}
	only := func(names ...string) map[string]any {
		claims := map[string]any{"sub": string(s)}
		for _, name := range names {
			claims[name] = cmp.Or(all[name], directory[name])
		}
		return claims
	}
	for name, tc := range map[string]struct {
		options ClaimOptions
		want    map[string]any
	}{
		"everything":     {ClaimOptions{Scopes: allScopes, PhoneNumber: true, Groups: groups}, all},
		"nothing":        {ClaimOptions{PhoneNumber: true}, only()},
		"openid":         {ClaimOptions{Scopes: []string{"openid", "offline_access", "login", "username", "Profile"}}, only()},
		"profile":        {ClaimOptions{Scopes: []string{"profile"}}, only("name", "nickname", "picture", "preferred_username")},
		"no nickname":    {ClaimOptions{Scopes: []string{"profile"}, OmitNickname: true}, only("name", "picture", "preferred_username")},
		"email":          {ClaimOptions{Scopes: []string{"email"}}, only("email")},
		"groups":         {ClaimOptions{Scopes: []string{"groups"}, Groups: groups}, only("groups")},
		"directory":      {ClaimOptions{Scopes: []string{"profile"}, OmitNickname: true, Directory: []string{"userid", "corp_id", "unheard"}}, only("name", "picture", "preferred_username", "dingtalk_userid", "dingtalk_corp_id")},
		"no profile":     {ClaimOptions{Scopes: []string{"openid"}, Directory: directoryNames}, only()},
		"phone":          {ClaimOptions{Scopes: []string{"phone"}, PhoneNumber: true}, only("phone_number", "phone_number_verified")},
		"phone, refused": {ClaimOptions{Scopes: []string{"phone"}}, only()},
	} {
		if got := claimsOf(t, c, tc.options, nil); !reflect.DeepEqual(got, tc.want) {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// proves: claims asked for one by one | Core section 5.5
func TestP12_ClaimsByName(t *testing.T) {
	c := domains(Organisation{VerifiedEmailDomains: []string{"corp.example"}})
	groups := []string{"dept:3"}
	full := func(_ *dingtalk.Account, m *dingtalk.Member) { m.Title, m.Leader = "工程师", true }
	all := claimsOf(t, c, ClaimOptions{Scopes: allScopes, PhoneNumber: true, Groups: groups, Directory: directoryNames}, full)
	only := func(names ...string) map[string]any {
		claims := map[string]any{"sub": all["sub"]}
		for _, name := range names {
			if all[name] == nil {
				t.Fatalf("the person has no %s", name)
			}
			claims[name] = all[name]
		}
		return claims
	}
	for _, name := range claimNames() {
		if got := claimsOf(t, c, ClaimOptions{Names: []string{name}, PhoneNumber: true, Groups: groups, Directory: directoryNames}, full); !reflect.DeepEqual(got, only(name)) {
			t.Errorf("%s alone: %v", name, got)
		}
		scope, ok := ScopeOf(name)
		if name == "sub" {
			if ok {
				t.Errorf("sub is claimed under %s", scope)
			}
			continue
		}
		if !ok || !slices.Contains(allScopes, scope) || claimsOf(t, c, ClaimOptions{Scopes: []string{scope}, PhoneNumber: true, Directory: directoryNames}, full)[name] == nil {
			t.Errorf("%s is not given by its scope %q", name, scope)
		}
	}
	for name, tc := range map[string]struct {
		options ClaimOptions
		want    map[string]any
	}{
		"some":                   {ClaimOptions{Names: []string{"name", "groups", "email"}, Groups: groups}, only("name", "groups", "email")},
		"beside a scope":         {ClaimOptions{Scopes: []string{"openid", "email"}, Names: []string{"picture"}}, only("email", "email_verified", "picture")},
		"in both":                {ClaimOptions{Scopes: []string{"email"}, Names: []string{"email"}}, only("email", "email_verified")},
		"phone, refused":         {ClaimOptions{Names: []string{"phone_number", "phone_number_verified", "name"}}, only("name")},
		"nickname left out":      {ClaimOptions{Names: []string{"nickname", "name"}, OmitNickname: true}, only("name")},
		"unknown":                {ClaimOptions{Names: []string{"", "login", "Name", "updated_at", "address"}, PhoneNumber: true}, only()},
		"a scope is no name":     {ClaimOptions{Names: []string{"profile", "phone", "openid"}, PhoneNumber: true}, only()},
		"a name is no scope":     {ClaimOptions{Scopes: []string{"name", "phone_number", ""}, PhoneNumber: true}, only()},
		"our own are not theirs": {ClaimOptions{Names: []string{"sub", "iss", "sid", "aud", "acr"}}, only()},
	} {
		if got := claimsOf(t, c, tc.options, nil); !reflect.DeepEqual(got, tc.want) {
			t.Errorf("%s: %v", name, got)
		}
	}
	for _, name := range []string{"", "profile", "phone", "openid", "iss", "sid", "acr", "updated_at", "Name", "address"} {
		if scope, ok := ScopeOf(name); ok || scope != "" {
			t.Errorf("%q is a claim of %q", name, scope)
		}
	}
}

func TestP12_NoFieldIsCalledLoginOrUsername(t *testing.T) {
	for _, name := range claimNames() {
		if slices.Contains([]string{"", "login", "username", "updated_at"}, name) {
			t.Errorf("a field is claim %q", name)
		}
	}
}

var directoryNames = []string{"userid", "corp_id", "job_number", "title", "departments", "roles", "manager"}

// claimNames are the names of all claims that there can be.
func claimNames() (names []string) {
	for _, of := range []reflect.Type{reflect.TypeFor[Claims](), reflect.TypeFor[DirectoryClaims]()} {
		for field := range of.Fields() {
			if field.Anonymous {
				continue
			}
			name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
			names = append(names, name)
		}
	}
	return names
}

func TestP12_WithoutANameTheNickIsOne(t *testing.T) {
	for name, tc := range map[string]struct {
		name, nick string
		want       any
	}{
		"both":          {"张三", "小张", "张三"},
		"no name":       {"", "小张", "小张"},
		"nothing shown": {"\u200b\u202e", "小张", "小张"},
		"neither":       {" ", "\x00", nil},
	} {
		got := claimsOf(t, Config{}, ClaimOptions{Scopes: allScopes}, func(a *dingtalk.Account, m *dingtalk.Member) { a.Nick, m.Name = tc.nick, tc.name })
		if got["name"] != tc.want {
			t.Errorf("%s: %q", name, got["name"])
		}
	}
}

// D16: a department or role named like a right in an app.
func TestP9_D16_RulesSeeNumbers(t *testing.T) {
	h := build(t, Config{})
	h.dir.parents = map[int64]int64{30: 7, 7: 4}
	account, member := zhangsan()
	member.Departments = []int64{1, 30, 1, -1, 0}
	member.Roles = []dingtalk.Role{{ID: 5, Name: "system:masters", Group: "argocd-admin"}, {ID: 0, Name: "admin"}}
	h.dir.members[member.UnionID] = member
	p := h.login(t, account, member).Profile
	if !slices.Equal(p.Departments, []int64{1, 30}) || !slices.Equal(p.Roles, []int64{5}) || !slices.Equal(p.Ancestry(), []int64{1, 4, 7, 30}) {
		t.Errorf("%v, %v, %v", p.Departments, p.Roles, p.Ancestry())
	}
}

func TestP9_GroupsAreThoseGivenAndAlwaysAnArray(t *testing.T) {
	h := build(t, Config{})
	p := h.login(t, first(zhangsan()), second(zhangsan()))
	for _, groups := range [][]string{nil, {}, {"platform"}, {"dept:3", "dept:20", "role:9"}} {
		encoded, _ := json.Marshal(h.Claims(p, ClaimOptions{Scopes: []string{"groups"}, Groups: groups}))
		var claims struct{ Groups []string }
		if err := json.Unmarshal(encoded, &claims); err != nil || claims.Groups == nil || !slices.Equal(claims.Groups, groups) {
			t.Errorf("%v: %s", groups, encoded)
		}
	}
	if got := h.Claims(p, ClaimOptions{Groups: []string{"platform"}}).Groups; got != nil {
		t.Errorf("not asked for: %v", got)
	}
}

func first[A, B any](a A, _ B) A  { return a }
func second[A, B any](_ A, b B) B { return b }

// proves: phone_number in E.164 | Core section 5.1
func TestP11_APhoneNumberIsWhole(t *testing.T) {
	for numbers, want := range map[[2]string]any{
		{"86", "13800138000"}:       "+8613800138000",
		{"+86", "13800138000"}:      "+8613800138000",
		{"852", "51234567"}:         "+85251234567",
		{"86", "138****8000"}:       nil,
		{"86", ""}:                  nil,
		{"", "13800138000"}:         nil,
		{"86", "+86-13800138000"}:   nil,
		{"86", "138 0013 8000"}:     nil,
		{"86", "１３８００１３８０００"}:       nil,
		{"086", "13800138000"}:      nil,
		{"++86", "13800138000"}:     nil,
		{"86", "138001380001380"}:   nil,
		{"86", "123"}:               nil,
		{"86\n", "13800138000"}:     nil,
		{"86", "13800138000;ext=1"}: nil,
		{"+", "13800138000"}:        nil,
	} {
		got := claimsOf(t, Config{}, ClaimOptions{Scopes: allScopes, PhoneNumber: true}, func(_ *dingtalk.Account, m *dingtalk.Member) {
			m.StateCode, m.Mobile = numbers[0], numbers[1]
		})
		if got["phone_number"] != want {
			t.Errorf("%q: %v", numbers, got["phone_number"])
		}
	}
}

func TestP8_WhichAddressIsClaimed(t *testing.T) {
	both := []string{SourceOrgEmail, SourceEmail}
	type any2 [2]any
	for name, tc := range map[string]struct {
		config     Config
		org, typed string
		want       any2 // email, email_verified
	}{
		"no domain is listed":           {Config{}, "a@corp.example", "", any2{nil, nil}},
		"a listed domain":               {domains(Organisation{EmailDomains: []string{"corp.example"}}), "A.B@Corp.Example", "", any2{"a.b@corp.example", nil}},
		"another domain":                {domains(Organisation{EmailDomains: []string{"corp.example"}}), "a@gmail.example", "", any2{nil, nil}},
		"a subdomain":                   {domains(Organisation{EmailDomains: []string{"corp.example"}}), "a@sub.corp.example", "", any2{nil, nil}},
		"a longer domain":               {domains(Organisation{EmailDomains: []string{"corp.example"}}), "a@evilcorp.example", "", any2{nil, nil}},
		"a verified domain":             {domains(Organisation{VerifiedEmailDomains: []string{"corp.example"}}), "a@corp.example", "", any2{"a@corp.example", true}},
		"in both lists":                 {domains(Organisation{EmailDomains: []string{"corp.example"}, VerifiedEmailDomains: []string{"corp.example"}}), "a@corp.example", "", any2{"a@corp.example", true}},
		"a listed and another verified": {domains(Organisation{EmailDomains: []string{"b.example"}, VerifiedEmailDomains: []string{"corp.example"}}), "a@b.example", "", any2{"a@b.example", nil}},
		"typed, not opted in":           {domains(Organisation{VerifiedEmailDomains: []string{"corp.example"}}), "", "a@corp.example", any2{nil, nil}},
		"typed, opted in":               {domains(Organisation{VerifiedEmailDomains: []string{"corp.example"}}, both...), "", "a@corp.example", any2{"a@corp.example", nil}},
		"both":                          {domains(Organisation{VerifiedEmailDomains: []string{"corp.example"}}, both...), "a@corp.example", "b@corp.example", any2{"a@corp.example", true}},
		"both, the other way":           {domains(Organisation{VerifiedEmailDomains: []string{"corp.example"}}, SourceEmail, SourceOrgEmail), "a@corp.example", "b@corp.example", any2{"b@corp.example", nil}},
		"the first not listed":          {domains(Organisation{VerifiedEmailDomains: []string{"corp.example"}}, both...), "a@gmail.example", "b@corp.example", any2{"b@corp.example", nil}},
		"two at signs":                  {domains(Organisation{VerifiedEmailDomains: []string{"corp.example"}}), "a@evil.example@corp.example", "", any2{nil, nil}},
	} {
		got := claimsOf(t, tc.config, ClaimOptions{Scopes: allScopes}, func(_ *dingtalk.Account, m *dingtalk.Member) { m.OrgEmail, m.Email = tc.org, tc.typed })
		if (any2{got["email"], got["email_verified"]}) != tc.want {
			t.Errorf("%s: %v, verified %v", name, got["email"], got["email_verified"])
		}
	}
}

// D2: contact/users/me has a personal e-mail and mobile that their owner can edit.
// The account that Welcome takes has no field to carry them.
func TestP8_D2_ThePersonalAddressHasNoWayIn(t *testing.T) {
	for field := range reflect.TypeFor[dingtalk.Account]().Fields() {
		if name := strings.ToLower(field.Name); strings.Contains(name, "mail") || strings.Contains(name, "mobile") || strings.Contains(name, "phone") {
			t.Errorf("account has field %s", field.Name)
		}
	}
	got := claimsOf(t, domains(Organisation{VerifiedEmailDomains: []string{"corp.example"}}), ClaimOptions{Scopes: allScopes, PhoneNumber: true}, func(a *dingtalk.Account, m *dingtalk.Member) {
		a.Nick, a.OpenID = "ceo@corp.example", "ceo@corp.example"
		m.OrgEmail, m.Email, m.Mobile = "", "", ""
	})
	if got["email"] != nil || got["email_verified"] != nil || got["phone_number"] != nil {
		t.Errorf("%v", got)
	}
}

func TestP8_MalformedAddresses(t *testing.T) {
	for _, good := range []string{"a@b.cd", "first.last+tag@sub.corp.example", "a_b-c@xn--fiqs8s.example", "1@2.example"} {
		if got := cleanEmail(good); got != good {
			t.Errorf("%q became %q", good, got)
		}
	}
	for _, bad := range []string{"", "@", "a", "a@", "@b.cd", "a@b", "a@@b.cd", "a@b.cd@e.fg", "a b@c.de", " a@b.cd", "a@b.cd ", "a@b.cd\n", "a@b.cd\r\nBcc: x@y.zz", "a\x00@b.cd",
		`"a"@b.cd`, `"a@evil.example"@b.cd`, "a'@b.cd", "a(b)@b.cd", "a,b@c.de", "a;b@c.de", "<a@b.cd>", "Name <a@b.cd>", "a%evil.example@b.cd", "evil.example!a@b.cd", "a@[1.2.3.4]",
		"a@b..cd", "a..b@c.de", ".a@b.cd", "a.@b.cd", "a@.b.cd", "a@b.cd.", "a@-b.cd", "a@b-.cd", "用户@b.cd", "a@公司.cn", "a@b.cd\u200b", "a@\u212a.example" /* Kelvin */, "a\u202e@b.cd", "a@b.cd\xff",
		"a@b_c.de", "mailto:a@b.cd", strings.Repeat("a", 65) + "@b.cd", "a@" + strings.Repeat("b.", 130) + "cd", "a@" + strings.Repeat("b", 64) + ".cd"} {
		if got := cleanEmail(bad); got != "" {
			t.Errorf("%q is claimed as %q", bad, got)
		}
	}
}

func FuzzEmail(f *testing.F) {
	for _, seed := range []string{"a@b.cd", "A@B.CD", "a@b@c.de", `"a"@b.cd`, "a@b..cd", "a\x00@b.cd"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := cleanEmail(s)
		if got == "" {
			return
		}
		if !strings.EqualFold(got, s) || strings.ToLower(got) != got || strings.Count(got, "@") != 1 || cleanEmail(got) != got ||
			strings.ContainsFunc(got, func(r rune) bool { return r <= ' ' || r >= 0x7f || strings.ContainsRune(`"'<>()[]\,;:%!`, r) }) {
			t.Errorf("%q became %q", s, got)
		}
	})
}

// D12: names as attack text, through a whole login.
func TestP10_D12_NamesAreText(t *testing.T) {
	for raw, want := range map[string]any{
		"张三":                           "张三",
		"José ∑ Ω":                     "José ∑ Ω",
		"👨‍👩‍👧 family":                 "👨👩👧 family", // zero-width joiners go, the pictures stay
		"❤️":                           "❤️",
		" a \t b\r\nc ":                "a b c",
		"admin\x00\x1b[31m":            "admin[31m",
		"abc\u202egnp.exe":             "abcgnp.exe",
		"\u2066a\u2069\u200fb":         "ab",
		"a\u200bb\u200cc\ufeffd":       "abcd",
		"a\u2028b\u2029c\u0085d":       "a b c d",
		"a\xffb\xed\xa0\x80c":          "abc", // invalid, and a lone surrogate as bytes
		"a\ufffdb":                     "ab",  // what JSON decoding makes of \ud800
		"a\U000e0041b":                 "ab",  // a tag character
		"a\ue000b\U000f0000c":          "abc", // private use
		"\u3164\u115f\u2800":           nil,   // look like nothing
		"<script>alert(1)":             "<script>alert(1)",
		`","admin":true`:               `","admin":true`,
		strings.Repeat("长", 5000):      strings.Repeat("长", 128),
		strings.Repeat("a ", 5000):     strings.TrimSpace(strings.Repeat("a ", 64)),
		strings.Repeat("\u0301", 9999): strings.Repeat("\u0301", 128),
	} {
		got := claimsOf(t, Config{}, ClaimOptions{Scopes: allScopes}, func(a *dingtalk.Account, m *dingtalk.Member) { a.Nick, m.Name = raw, raw })
		if got["name"] != want || got["nickname"] != want {
			t.Errorf("%.40q: name %q, nickname %q", raw, got["name"], got["nickname"])
		}
	}
}

func FuzzText(f *testing.F) {
	for _, seed := range []string{"张三", " a \t b ", "a\u202eb", "a\xff", "\u200b", "👨‍👩‍👧", strings.Repeat("a ", 200)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := cleanText(s)
		if err := checkText(got); err != nil {
			t.Fatalf("%q became %q: %v", s, got, err)
		}
		if again := cleanText(got); again != got {
			t.Fatalf("%q became %q, then %q", s, got, again)
		}
		if len(s) < 100 && !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r > '~' }) && got != strings.Join(strings.Fields(s), " ") {
			t.Fatalf("%q became %q", s, got)
		}
	})
}

// D17: the picture is passed on, never fetched: this package has no way to the net.
func TestP10_D17_PicturesAreHTTPS(t *testing.T) {
	for raw, want := range map[string]any{
		"https://static.example.com/a.png?x=1":   "https://static.example.com/a.png?x=1",
		"http://169.254.169.254/latest":          nil,
		"http://static.example.com/a.png":        nil,
		"data:image/png;base64,AAAA":             nil,
		"javascript:alert(1)":                    nil,
		"//static.example.com/a.png":             nil,
		"https:///a.png":                         nil,
		"https:a.png":                            nil,
		"https://u:p@static.example.com/a":       nil,
		"https://static.example.com/\"onerror":   nil,
		"https://static.example.com/a b":         nil,
		"https://static.example.com/头像":          nil,
		"https://static.example.com\\@evil":      nil,
		"https://x/" + strings.Repeat("a", 2048): nil,
		"":                                       nil,
	} {
		got := claimsOf(t, Config{}, ClaimOptions{Scopes: allScopes}, func(a *dingtalk.Account, m *dingtalk.Member) { a.AvatarURL, m.Avatar = "", raw })
		if got["picture"] != want {
			t.Errorf("%.40q: %v", raw, got["picture"])
		}
	}
	got := claimsOf(t, Config{}, ClaimOptions{Scopes: allScopes}, func(_ *dingtalk.Account, m *dingtalk.Member) { m.Avatar = "https://org.example/me.png" })
	if fmt.Sprint(got["picture"]) != "https://org.example/me.png" {
		t.Errorf("the organisation's picture does not come first: %v", got["picture"])
	}
}
