package clients

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// one builds a set of one client, which must be valid.
func one(t testing.TB, s Spec, groups ...GroupSpec) *Client {
	t.Helper()
	set, faults := NewSet([]Spec{s}, groups...)
	if faults != nil {
		t.Fatal(faults)
	}
	c, _ := set.Lookup(s.ID)
	return c
}

// wrong are the faults of one client and groups, as "list[0].field".
func wrong(s Spec, groups ...GroupSpec) (fields []string) {
	_, faults := NewSet([]Spec{s}, groups...)
	for _, f := range faults {
		if f.Text == "" || f.Remedy == "" {
			fields = append(fields, "no text or remedy at")
		}
		field := fmt.Sprintf("%s[%d]", f.List, f.Index)
		if f.Field != "" {
			field += "." + f.Field
		}
		fields = append(fields, field)
	}
	return fields
}

// Every kind of rule against everybody whom it could mean or be mistaken to mean.
func TestC15_WhoIsAdmitted(t *testing.T) {
	groups := []GroupSpec{
		{Name: "by-department", Organisation: "dinga", Departments: []int64{7, 5}},
		{Name: "by-role", Organisation: "dinga", Roles: []int64{9}},
		{Name: "by-person", Organisation: "dinga", People: []string{"zhangsan"}},
		{Name: "by-any", Organisation: "dinga", Departments: []int64{5}, Roles: []int64{9}, People: []string{"zhangsan"}},
		// The same names mean others elsewhere.
		{Name: "by-department", Organisation: "dingb", Departments: []int64{6}},
		{Name: "by-role", Organisation: "dingb", Roles: []int64{8}},
	}
	type rule struct {
		allow Allow
		means string // of: department, role, person, everyone
		told  string // as the decision does, where there is one rule only
	}
	rules := map[string]rule{
		"nobody":               {Allow{}, "", ""},
		"everyone":             {Allow{Everyone: true}, "everyone", "everyone"},
		"departments":          {Allow{Departments: []int64{4, 5}}, "department", "department 5"},
		"department as group":  {Allow{Groups: []string{"dept:4", "dept:5"}}, "department", "department 5"},
		"department by alias":  {Allow{Groups: []string{"by-department"}}, "department", "alias by-department"},
		"roles":                {Allow{Roles: []int64{9}}, "role", "role 9"},
		"role as group":        {Allow{Groups: []string{"role:9"}}, "role", "role 9"},
		"role by alias":        {Allow{Groups: []string{"by-role"}}, "role", "alias by-role"},
		"people":               {Allow{People: []string{"lisi2", "zhangsan"}}, "person", "person zhangsan"},
		"person by alias":      {Allow{Groups: []string{"by-person"}}, "person", "alias by-person"},
		"any by alias":         {Allow{Groups: []string{"by-any"}}, "department role person", "alias by-any"},
		"a list of each":       {Allow{Departments: []int64{5}, Roles: []int64{9}, People: []string{"zhangsan"}}, "department role person", ""},
		"role and person, too": {Allow{Groups: []string{"by-role"}, People: []string{"zhangsan"}}, "role person", ""},
	}
	for who, person := range map[string]struct {
		facts Facts
		is    string // what of the rules' meanings the person is
	}{
		"in all":               {Facts{CorpID: "dinga", UserID: "zhangsan", Departments: []int64{1, 5}, Direct: []int64{5}, Roles: []int64{3, 9}}, "everyone department role person"},
		"in the department":    {Facts{CorpID: "dinga", UserID: "lisi", Departments: []int64{1, 5}, Direct: []int64{5}}, "everyone department"},
		"below the department": {Facts{CorpID: "dinga", UserID: "lisi", Departments: []int64{1, 5, 50}, Direct: []int64{50}}, "everyone department"},
		"above the department": {Facts{CorpID: "dinga", UserID: "lisi", Departments: []int64{1}, Direct: []int64{1}}, "everyone"},
		"beside":               {Facts{CorpID: "dinga", UserID: "lisi", Departments: []int64{1, 6, 55}, Direct: []int64{6, 55}, Roles: []int64{8, 99}}, "everyone"},
		"with the role":        {Facts{CorpID: "dinga", UserID: "lisi", Departments: []int64{1}, Roles: []int64{9}}, "everyone role"},
		"numbers swapped":      {Facts{CorpID: "dinga", UserID: "5", Departments: []int64{9}, Direct: []int64{9}, Roles: []int64{5}}, "everyone"},
		"the person alone":     {Facts{CorpID: "dinga", UserID: "zhangsan"}, "everyone person"},
		"a twin":               {Facts{CorpID: "dinga", UserID: "ZhangSan "}, "everyone"},
		"called like an alias": {Facts{CorpID: "dinga", UserID: "by-any"}, "everyone"},
		"without a userId":     {Facts{CorpID: "dinga"}, "everyone"},
		"elsewhere":            {Facts{CorpID: "dingb", UserID: "zhangsan", Departments: []int64{1, 5}, Direct: []int64{5}, Roles: []int64{9}}, ""},
		"nowhere":              {Facts{UserID: "zhangsan", Departments: []int64{1, 5}, Direct: []int64{5}, Roles: []int64{9}}, ""},
	} {
		for by, rule := range rules {
			s := valid()
			s.Organisations, s.Allow = []string{"dinga"}, rule.allow
			c := one(t, s, groups...)
			meant := slices.ContainsFunc(strings.Fields(rule.means), func(kind string) bool { return slices.Contains(strings.Fields(person.is), kind) })
			for _, partial := range []bool{false, true} {
				facts := person.facts
				facts.Partial = partial
				want := Decision{Admitted: meant, Undecided: !meant && partial && facts.CorpID == "dinga" && strings.Contains(rule.means, "department")}
				got := c.Admits(facts)
				if meant && rule.told != "" {
					want.Rule = rule.told
				} else if meant && got.Rule != "" {
					want.Rule = got.Rule
				}
				if got != want {
					t.Errorf("%s, partial %v, by %s: %+v, not %+v", who, partial, by, got, want)
				}
			}
		}
	}
}

// With all of two organisations behind one client, a group that has a name counts for
// its own.
func TestC13_NamesCountForTheirOwnOrganisation(t *testing.T) {
	groups := []GroupSpec{
		{Name: "ops", Organisation: "dinga", Departments: []int64{5}, People: []string{"zhangsan"}},
		{Name: "ops", Organisation: "dingb", Roles: []int64{9}},
		{Name: "data", Organisation: "dinga", Departments: []int64{6}},
	}
	s := valid()
	s.Organisations, s.Allow = []string{"dinga", "dingb", "dingc"}, Allow{Groups: []string{"ops", "data"}}
	c := one(t, s, groups...)
	for _, tc := range []struct {
		facts Facts
		want  Decision
	}{
		{Facts{CorpID: "dinga", Departments: []int64{5}}, Decision{Admitted: true, Rule: "alias ops"}},
		{Facts{CorpID: "dinga", Departments: []int64{6}}, Decision{Admitted: true, Rule: "alias data"}},
		{Facts{CorpID: "dinga", Roles: []int64{9}}, Decision{}},
		{Facts{CorpID: "dinga", Partial: true}, Decision{Undecided: true}},
		{Facts{CorpID: "dingb", Roles: []int64{9}}, Decision{Admitted: true, Rule: "alias ops"}},
		{Facts{CorpID: "dingb", UserID: "zhangsan", Departments: []int64{5, 6}}, Decision{}},
		{Facts{CorpID: "dingb", Partial: true}, Decision{}},
		{Facts{CorpID: "dingc", UserID: "zhangsan", Departments: []int64{5, 6}, Roles: []int64{9}, Partial: true}, Decision{}},
		{Facts{CorpID: "dingd", UserID: "zhangsan", Departments: []int64{5}}, Decision{}},
	} {
		if got := c.Admits(tc.facts); got != tc.want {
			t.Errorf("%+v: %+v", tc.facts, got)
		}
	}
	if got := c.Barred(); !slices.Equal(got, []string{"dingc"}) {
		t.Errorf("barred: %q", got)
	}
	s.Allow = Allow{Everyone: true}
	if got := one(t, s, groups...).Barred(); got != nil {
		t.Errorf("barred, with everyone: %q", got)
	}
}

// More facts never take an admission back, and facts that are short of parents never
// admit whom all facts would not.
func TestC15_AdmissionOnlyGrowsWithFacts(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 15))
	some := func(n int) (ids []int64) {
		for range random.IntN(n) {
			ids = append(ids, 1+random.Int64N(12))
		}
		return ids
	}
	for range 2000 {
		s := valid()
		s.Allow = Allow{Departments: some(3), Roles: some(3), Groups: [][]string{nil, {"a"}, {"a", "dept:2"}}[random.IntN(3)]}
		c := one(t, s, GroupSpec{Name: "a", Departments: append(some(3), 1), Roles: some(2)})
		all := Facts{CorpID: "dinga", Departments: some(6), Roles: some(4)}
		less := all
		less.Departments, less.Partial = all.Departments[:random.IntN(len(all.Departments)+1)], true
		whole, part := c.Admits(all), c.Admits(less)
		switch {
		case part.Admitted && !whole.Admitted:
			t.Fatalf("%+v admits %+v by less", c.Allow, less)
		case whole.Admitted && !part.Admitted && !part.Undecided:
			t.Fatalf("%+v refuses %+v, who is admitted by all: %+v", c.Allow, less, whole)
		case part.Admitted && part.Undecided || whole.Undecided || whole.Admitted != (whole.Rule != ""):
			t.Fatalf("%+v, %+v", whole, part)
		}
	}
}

func TestC15_AllowIsChecked(t *testing.T) {
	named := GroupSpec{Name: "platform", Departments: []int64{5}}
	for name, tc := range map[string]struct {
		allow Allow
		want  string // the one fault
	}{
		"all kinds":               {Allow{Groups: []string{"platform", "dept:5", "role:9"}, Departments: []int64{5}, Roles: []int64{9}, People: []string{"zhangsan"}}, ""},
		"everyone and a number":   {Allow{Everyone: true, Departments: []int64{5}}, "allow"},
		"everyone and a role":     {Allow{Everyone: true, Roles: []int64{5}}, "allow"},
		"everyone and a name":     {Allow{Everyone: true, Groups: []string{"platform"}}, "allow"},
		"an unknown name":         {Allow{Groups: []string{"platform", "data"}}, "allow.groups[1]"},
		"a name in another case":  {Allow{Groups: []string{"Platform"}}, "allow.groups[0]"},
		"everyone as a group":     {Allow{Groups: []string{"everyone"}}, "allow.groups[0]"},
		"a word of groups_claim":  {Allow{Groups: []string{"departments"}}, "allow.groups[0]"},
		"no name":                 {Allow{Groups: []string{""}}, "allow.groups[0]"},
		"department zero":         {Allow{Departments: []int64{5, 0}}, "allow.departments[1]"},
		"role below zero":         {Allow{Roles: []int64{-1}}, "allow.roles[0]"},
		"department beyond int64": {Allow{Groups: []string{"dept:9223372036854775808"}}, "allow.groups[0]"},
		"department with a sign":  {Allow{Groups: []string{"dept:+5"}}, "allow.groups[0]"},
		"department below zero":   {Allow{Groups: []string{"dept:-5"}}, "allow.groups[0]"},
		"a person with a blank":   {Allow{People: []string{"zhangsan "}}, "allow.people[0]"},
		"a person as group":       {Allow{Groups: []string{"user:zhangsan"}}, "allow.groups[0]"},
	} {
		s := valid()
		s.Allow = tc.allow
		var want []string
		if tc.want != "" {
			want = []string{"clients[0]." + tc.want}
		}
		if got := wrong(s, named); !slices.Equal(got, want) {
			t.Errorf("%s: %q", name, got)
		}
	}
	s := valid()
	s.Organisations, s.Allow = []string{"dinga", "dingb"}, Allow{Groups: []string{"dept:5"}, Departments: []int64{5}, Roles: []int64{9}, People: []string{"zhangsan"}}
	if got := wrong(s); !slices.Equal(got, []string{"clients[0].allow.groups[0]", "clients[0].allow.departments", "clients[0].allow.roles", "clients[0].allow.people"}) {
		t.Errorf("of several organisations: %q", got)
	}
}

func TestTheZeroClientAdmitsNobody(t *testing.T) {
	facts := Facts{CorpID: "dinga", UserID: "zhangsan", Departments: []int64{1}, Roles: []int64{1}, Partial: true}
	var c Client
	if got := c.Admits(facts); got != (Decision{}) {
		t.Errorf("%+v", got)
	}
	if groups, _ := c.Groups(facts); len(groups) != 0 || c.TableClaims(facts) != nil {
		t.Errorf("it sees %q", groups)
	}
}

func TestASuggestionIsMade(t *testing.T) {
	groups := []GroupSpec{{Name: "grafana-admin", Roles: []int64{1}}, {Name: "ops", Roles: []int64{1}}, {Name: "bad name", Roles: []int64{1}}}
	for name, want := range map[string]string{
		"Grafana-Admin": "grafana-admin", "grafana-admins": "grafana-admin", "grafanaadmin": "grafana-admin", "grafana_admin": "grafana-admin",
		"grafan-aadmin": "grafana-admin", "op": "ops", "OPS": "ops", "bad names": "", "data": "", "": "", "\x1b[2J": "",
	} {
		s := valid()
		s.Allow.Groups = []string{name}
		_, faults := NewSet([]Spec{s}, groups...)
		f := faults[len(faults)-1]
		if got, suggested := strings.CutPrefix(f.Remedy, "did you mean "); suggested != (want != "") || suggested && got != want+"?" || strings.Contains(f.Error(), "\x1b") {
			t.Errorf("%q: %s", name, f.Error())
		}
	}
}

func TestNobody(t *testing.T) {
	for field := range reflect.TypeFor[Allow]().Fields() {
		var a Allow
		v := reflect.ValueOf(&a).Elem().FieldByIndex(field.Index)
		if v.Kind() == reflect.Bool {
			v.SetBool(true)
		} else {
			v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		}
		if a.Nobody() {
			t.Errorf("with %s: nobody", field.Name)
		}
	}
	if !(Allow{}).Nobody() {
		t.Error("the zero Allow names somebody")
	}
}
