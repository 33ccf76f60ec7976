package clients

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
)

func TestC19_WhatATableGives(t *testing.T) {
	groups := []GroupSpec{
		{Name: "admins", Organisation: "dinga", Roles: []int64{9}},
		{Name: "platform", Organisation: "dinga", Departments: []int64{5}, People: []string{"wangwu"}},
		{Name: "admins", Organisation: "dingb", Roles: []int64{3}},
	}
	rows := []ClaimRow{{"admins", "Admin"}, {"dept:6", "Editor"}, {"platform", "Editor"}, {"role:2", "Auditor"}}
	single, plainly := ClaimSpec{Name: "role", From: rows, Default: "Viewer"}, ClaimSpec{Name: "role", From: rows}
	list, empty := ClaimSpec{Name: "role", From: rows, Default: "Viewer", List: true}, ClaimSpec{Name: "role", From: rows, List: true}
	type told struct{ single, plainly, list, empty any }
	for name, tc := range map[string]struct {
		facts Facts
		want  told
	}{
		"the first":          {Facts{Roles: []int64{9}}, told{"Admin", "Admin", []string{"Admin"}, []string{"Admin"}}},
		"a middle one":       {Facts{Departments: []int64{1, 5}}, told{"Editor", "Editor", []string{"Editor"}, []string{"Editor"}}},
		"by a parent":        {Facts{Departments: []int64{5, 55}, Direct: []int64{55}}, told{"Editor", "Editor", []string{"Editor"}, []string{"Editor"}}},
		"the last":           {Facts{Roles: []int64{2}}, told{"Auditor", "Auditor", []string{"Auditor"}, []string{"Auditor"}}},
		"a person":           {Facts{UserID: "wangwu"}, told{"Editor", "Editor", []string{"Editor"}, []string{"Editor"}}},
		"several":            {Facts{Departments: []int64{5, 6}, Roles: []int64{2, 9}}, told{"Admin", "Admin", []string{"Admin", "Editor", "Auditor"}, []string{"Admin", "Editor", "Auditor"}}},
		"none":               {Facts{Departments: []int64{1}, Roles: []int64{3}}, told{"Viewer", nil, []string{"Viewer"}, []string{}}},
		"nothing known":      {Facts{}, told{"Viewer", nil, []string{"Viewer"}, []string{}}},
		"no parents, first":  {Facts{Roles: []int64{9}, Partial: true}, told{"Admin", "Admin", []string{"Admin"}, []string{"Admin"}}},
		"no parents, later":  {Facts{Roles: []int64{2}, Partial: true}, told{nil, nil, []string{"Auditor"}, []string{"Auditor"}}},
		"no parents, direct": {Facts{Departments: []int64{6}, Partial: true}, told{"Editor", "Editor", []string{"Editor"}, []string{"Editor"}}},
		"no parents, below":  {Facts{Departments: []int64{5}, Partial: true}, told{nil, nil, []string{"Editor"}, []string{"Editor"}}},
		"no parents, none":   {Facts{Departments: []int64{1}, Partial: true}, told{nil, nil, []string{}, []string{}}},
	} {
		tc.facts.CorpID = "dinga"
		for kind, c := range map[string]struct {
			table ClaimSpec
			want  any
		}{"single": {single, tc.want.single}, "single without default": {plainly, tc.want.plainly}, "list": {list, tc.want.list}, "list without default": {empty, tc.want.empty}} {
			s := valid()
			s.Organisations, s.Claims = []string{"dinga"}, []ClaimSpec{c.table}
			got := one(t, s, groups...).TableClaims(tc.facts)
			if want := map[string]any{"role": c.want}; c.want == nil && got != nil || c.want != nil && !reflect.DeepEqual(got, want) {
				t.Errorf("%s, %s: %#v", name, kind, got)
			}
		}
	}
}

func TestC19_SeveralTables(t *testing.T) {
	s := valid()
	s.Organisations = []string{"dinga", "dingb"}
	s.Claims = []ClaimSpec{
		{Name: "role", From: []ClaimRow{{"admins", "Admin"}}},
		{Name: "policy", List: true, From: []ClaimRow{{"admins", "consoleAdmin"}}},
		{Name: "https://example.com/tier", Default: "gold"},
	}
	groups := []GroupSpec{{Name: "admins", Organisation: "dinga", Roles: []int64{9}}, {Name: "admins", Organisation: "dingb", Roles: []int64{3}}}
	c := one(t, s, groups...)
	for want, facts := range map[string]Facts{
		`{"https://example.com/tier":"gold","policy":["consoleAdmin"],"role":"Admin"}`: {CorpID: "dingb", Roles: []int64{3}},
		`{"https://example.com/tier":"gold","policy":[]}`:                              {CorpID: "dingb", Roles: []int64{9}},
	} {
		for range 2 {
			claims := c.TableClaims(facts)
			if got, err := json.Marshal(claims); err != nil || string(got) != want {
				t.Errorf("%s, %v", got, err)
			}
			clear(claims["policy"].([]string)) // they are the caller's own
			clear(claims)
		}
	}
	if got := one(t, valid()).TableClaims(Facts{CorpID: "dinga"}); got != nil {
		t.Errorf("no table gives %v", got)
	}
	// What the caller does with its specs changes nothing.
	s.Claims[0].From[0] = ClaimRow{"everyone", "Root"}
	if got := fmt.Sprintln(c.TableClaims(Facts{CorpID: "dinga", Roles: []int64{9}})["role"], c.Claims[0].From); got != "Admin [{admins Admin}]\n" {
		t.Error(got)
	}
}

func TestC18_TablesAreChecked(t *testing.T) {
	row := []ClaimRow{{"role:1", "x"}}
	for name, tc := range map[string]struct {
		tables []ClaimSpec
		want   []string
	}{
		"good":              {[]ClaimSpec{{Name: "role", From: row}, {Name: "policy", Default: "x"}, {Name: "roles", From: row, List: true}, {Name: "https://example.com/claims/role", From: row}, {Name: "urn:example:level", From: row}, {Name: "locale", From: row}}, nil},
		"a value with text": {[]ClaimSpec{{Name: "role", From: []ClaimRow{{"role:1", "平台 管理员, \"x\" <y>"}}, Default: strings.Repeat("名", 128)}}, nil},
		"no name":           {[]ClaimSpec{{From: row}}, []string{"claims[0].name"}},
		"a digit first":     {[]ClaimSpec{{Name: "1role", From: row}}, []string{"claims[0].name"}},
		"a blank":           {[]ClaimSpec{{Name: "my role", From: row}}, []string{"claims[0].name"}},
		"Chinese":           {[]ClaimSpec{{Name: "角色", From: row}}, []string{"claims[0].name"}},
		"too long":          {[]ClaimSpec{{Name: strings.Repeat("r", 129), From: row}}, []string{"claims[0].name"}},
		"distributed":       {[]ClaimSpec{{Name: "_claim_names", From: row}, {Name: "_claim_sources", From: row}, {Name: "__proto__", From: row}}, []string{"claims[0].name", "claims[1].name", "claims[2].name"}},
		"twice":             {[]ClaimSpec{{Name: "role", From: row}, {Name: "role", From: row}}, []string{"claims[1].name"}},
		"twice, spelt so":   {[]ClaimSpec{{Name: "my_role", From: row}, {Name: "MyRole", From: row}}, []string{"claims[1].name"}},
		"gives nothing":     {[]ClaimSpec{{Name: "role"}}, []string{"claims[0].from"}},
		"no value":          {[]ClaimSpec{{Name: "role", From: []ClaimRow{{Group: "role:1"}}}}, []string{"claims[0].from[0].value"}},
		"no group":          {[]ClaimSpec{{Name: "role", From: []ClaimRow{{Value: "x"}}}}, []string{"claims[0].from[0].group"}},
		"value too long":    {[]ClaimSpec{{Name: "role", Default: strings.Repeat("名", 129)}}, []string{"claims[0].default"}},
		"value with NUL":    {[]ClaimSpec{{Name: "role", Default: "a\x00b"}}, []string{"claims[0].default"}},
		"value with a line": {[]ClaimSpec{{Name: "role", Default: "a\nb"}}, []string{"claims[0].default"}},
		"value turned":      {[]ClaimSpec{{Name: "role", Default: "a\u202eb"}}, []string{"claims[0].default"}},
		"value unseen":      {[]ClaimSpec{{Name: "role", Default: "a\u200bb"}}, []string{"claims[0].default"}},
		"value not UTF-8":   {[]ClaimSpec{{Name: "role", Default: "a\xff"}}, []string{"claims[0].default"}},
		"value with blanks": {[]ClaimSpec{{Name: "role", Default: " system:masters"}}, []string{"claims[0].default"}},
		"wide blank":        {[]ClaimSpec{{Name: "role", Default: "\u3000x"}}, []string{"claims[0].default"}},
		"a row twice":       {[]ClaimSpec{{Name: "role", From: []ClaimRow{{"role:1", "x"}, {"role:2", "x"}, {"role:1", "y"}}}}, []string{"claims[0].from[2]"}},
		"two of a list":     {[]ClaimSpec{{Name: "role", List: true, From: []ClaimRow{{"role:1", "x"}, {"role:1", "y"}}}}, nil},
		"one twice in it":   {[]ClaimSpec{{Name: "role", List: true, From: []ClaimRow{{"role:1", "x"}, {"role:1", "x"}}}}, []string{"claims[0].from[1]"}},
	} {
		s := valid()
		s.Claims = tc.tables
		for i := range tc.want {
			tc.want[i] = "clients[0]." + tc.want[i]
		}
		if got := wrong(s); !slices.Equal(got, tc.want) {
			t.Errorf("%s: %q", name, got)
		}
	}
}

// taken tells whether a table with the claim is refused for its name.
func taken(name string) bool {
	s := valid()
	s.Claims = []ClaimSpec{{Name: name, From: []ClaimRow{{"role:1", "x"}}}}
	return slices.Equal(wrong(s), []string{"clients[0].claims[0].name"})
}

// everyClaim are those of which no table may make another.
var everyClaim = []string{
	"iss", "sub", "aud", "exp", "iat", "nonce", "azp", "sid", "amr", "auth_time", "email_verified", // issue 5, point 4
	"acr", "at_hash", "c_hash", "s_hash", "jti", "nbf", "typ", "events", "cnf", "act", "may_act", "scope", "scp", "client_id",
	"name", "nickname", "given_name", "family_name", "middle_name", "preferred_username", "picture", "email",
	"phone_number", "phone_number_verified", "groups", "updated_at", "login", "username", "upn", "active", "token_type", "sub_id",
	"dingtalk_userid", "dingtalk_corp_id", "dingtalk_anything", "dingtalk",
}

func TestThreat_D16_NoTableSetsAProtectedClaim(t *testing.T) {
	lookAlikes := strings.NewReplacer("a", "а", "e", "е", "o", "о", "c", "с", "p", "р", "x", "х", "i", "і", "s", "ѕ") // Cyrillic
	wide := func(s string) string {
		return strings.Map(func(r rune) rune {
			if r > ' ' && r < 0x7f {
				return r + 0xfee0
			}
			return r
		}, s)
	}
	words := func(s, between string) string { return strings.ReplaceAll(s, "_", between) }
	camel := func(s string) string {
		parts := strings.Split(s, "_")
		for i := 1; i < len(parts); i++ {
			parts[i] = strings.ToUpper(parts[i][:1]) + parts[i][1:]
		}
		return strings.Join(parts, "")
	}
	for _, name := range everyClaim {
		for _, spelt := range []string{
			name, strings.ToUpper(name), strings.ToUpper(name[:1]) + name[1:], camel(name), words(name, "-"), words(name, "."), words(name, ""), words(name, "__"),
			" " + name, name + " ", name + "\t", name + "\n", name + "\x00", "\ufeff" + name, name + "\u200b", name[:1] + "\u00ad" + name[1:], name + "\u0301",
			lookAlikes.Replace(name) + "\u0430", wide(name), strings.NewReplacer("s", "ſ", "k", "\u212a").Replace(name) + "ſ", "_" + name, name + "_", name + ":", name + "/", "/" + name,
			"\"" + name, name + "\\u0000", strings.Replace(name, name[:1], fmt.Sprintf("\\u%04x", name[0]), 1), "$." + name, name + "[0]",
		} {
			if !taken(spelt) {
				t.Errorf("a table may set %q", spelt)
			}
		}
	}
}

// Whatever a claim is that we or the protocol make: a reader as lenient as Go's must
// not find it in what a table makes.
func TestC18_WhatATableMakesIsNothingElse(t *testing.T) {
	for _, name := range []string{"role", "policy", "roles", "entitlements", "https://example.com/sub", "subject", "audience", "expires", "email2", "mygroups", "role.email", "locale", "zoneinfo"} {
		if taken(name) {
			t.Errorf("%s is refused", name)
		}
		if found := misread(t, name); found != "" {
			t.Errorf("%s is read as %s", name, found)
		}
	}
	if misread(t, "Email_Verified") != "email_verified" {
		t.Error("the reader is not lenient")
	}
}

// misread tells as which of [everyClaim] encoding/json takes a claim, if any.
func misread(t *testing.T, name string) string {
	encoded, err := json.Marshal(map[string]any{name: "x"})
	if err != nil {
		t.Fatal(err)
	}
	into := reflect.New(lenient)
	if err := json.Unmarshal(encoded, into.Interface()); err != nil {
		t.Fatal(err)
	}
	for field, value := range into.Elem().Fields() {
		if !value.IsZero() {
			return field.Tag.Get("json")
		}
	}
	return ""
}

// lenient has a field for each of [everyClaim].
var lenient = func() reflect.Type {
	var fields []reflect.StructField
	for i, name := range everyClaim {
		fields = append(fields, reflect.StructField{Name: fmt.Sprint("F", i), Type: reflect.TypeFor[any](), Tag: reflect.StructTag(`json:"` + name + `"`)})
	}
	return reflect.StructOf(fields)
}()

func FuzzNames(f *testing.F) {
	for _, seed := range [][2]string{{"platform", "Admin"}, {"system:masters", "system:masters"}, {"email_verified", "true"}, {"ſub", "ſyſtem:masters"}, {"dept:5", " x"}, {"Everyone", "a\x00"}, {"_claim_names", "名"}} {
		f.Add(seed[0], seed[1])
	}
	f.Fuzz(func(t *testing.T, name, value string) {
		set, faults := NewSet(nil, GroupSpec{Name: name, Roles: []int64{1}})
		if (set == nil) != (len(faults) > 0) {
			t.Fatalf("%q: %v", name, faults)
		}
		if folded := strings.ToLower(name); faults == nil && (name == "" || len(name) > 64 || strings.ContainsAny(name, ":/, \t\n\"\\") || strings.HasPrefix(folded, "system") || slices.Contains(reserved, folded)) {
			t.Errorf("a group may be called %q", name)
		}
		s := valid()
		s.Claims = []ClaimSpec{{Name: name, From: []ClaimRow{{"role:1", value}}}}
		set, faults = NewSet([]Spec{s})
		for _, fault := range faults {
			if fault.Text == "" || fault.Remedy == "" || strings.ContainsFunc(fault.Error(), invisible) {
				t.Errorf("%q", fault.Error())
			}
		}
		if faults != nil {
			return
		}
		c, _ := set.Lookup(s.ID)
		claims := c.TableClaims(Facts{Roles: []int64{1}})
		if found := misread(t, name); found != "" || len(claims) != 1 || claims[name] != value {
			t.Errorf("%q is read as %q; %v", name, found, claims)
		}
		if strings.EqualFold(value[:min(len(value), 7)], "system:") || strings.ContainsFunc(value, invisible) {
			t.Errorf("a table may give %q", value)
		}
	})
}
