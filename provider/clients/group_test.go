package clients

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

func TestC16_GroupsAreChecked(t *testing.T) {
	group := func(change func(*GroupSpec)) GroupSpec {
		g := GroupSpec{Name: "platform", Departments: []int64{5}}
		change(&g)
		return g
	}
	named := func(name string) GroupSpec { return group(func(g *GroupSpec) { g.Name = name }) }
	for name, tc := range map[string]struct {
		groups []GroupSpec
		want   []string
	}{
		"none":          {nil, nil},
		"of a kind":     {[]GroupSpec{{Name: "a", Departments: []int64{1}}, {Name: "b", Roles: []int64{1}}, {Name: "c", People: []string{"x"}}}, nil},
		"odd but good":  {[]GroupSpec{named("0.A_b-c"), named(strings.Repeat("a", 64)), named("administrators"), named("argocd-admin"), named("roles-of-hr"), named("ek")}, nil},
		"no name":       {[]GroupSpec{named("")}, []string{"groups[0].name"}},
		"too long":      {[]GroupSpec{named(strings.Repeat("a", 65))}, []string{"groups[0].name"}},
		"Chinese":       {[]GroupSpec{named("平台")}, []string{"groups[0].name"}},
		"with a colon":  {[]GroupSpec{named("oidc:platform")}, []string{"groups[0].name"}},
		"with a space":  {[]GroupSpec{named("plat form")}, []string{"groups[0].name"}},
		"with a line":   {[]GroupSpec{named("platform\n")}, []string{"groups[0].name"}},
		"with a comma":  {[]GroupSpec{named("a,b")}, []string{"groups[0].name"}},
		"a dash first":  {[]GroupSpec{named("-rf")}, []string{"groups[0].name"}},
		"dots":          {[]GroupSpec{named("..")}, []string{"groups[0].name"}},
		"nobody":        {[]GroupSpec{{Name: "a"}}, []string{"groups[0]"}},
		"zero":          {[]GroupSpec{{Name: "a", Departments: []int64{5, 0}, Roles: []int64{-1}, People: []string{""}}}, []string{"groups[0].departments[1]", "groups[0].roles[0]", "groups[0].people[0]"}},
		"no corpId":     {[]GroupSpec{group(func(g *GroupSpec) { g.Organisation = "ding a" })}, []string{"groups[0].organisation"}},
		"twice":         {[]GroupSpec{named("a"), named("b"), named("a")}, []string{"groups[2].name"}},
		"in other case": {[]GroupSpec{named("ops"), named("Ops")}, []string{"groups[1].name"}},
		"twice in one":  {[]GroupSpec{{Name: "a", Organisation: "dinga", Roles: []int64{1}}, {Name: "a", Organisation: "dinga", Roles: []int64{2}}}, []string{"groups[1].name"}},
		"named and not": {[]GroupSpec{{Name: "a", Organisation: "dinga", Roles: []int64{1}}, {Name: "a", Roles: []int64{2}}}, []string{"groups[1].name"}},
		"once in each":  {[]GroupSpec{{Name: "a", Organisation: "dinga", Roles: []int64{1}}, {Name: "a", Organisation: "dingb", Roles: []int64{2}}}, nil},
		"other case elsewhere": {[]GroupSpec{{Name: "a", Organisation: "dinga", Roles: []int64{1}}, {Name: "A", Organisation: "dingb", Roles: []int64{2}}},
			[]string{"groups[1].name"}},
		"which of several": {[]GroupSpec{{Name: "a", Organisation: "dinga", Roles: []int64{1}}, {Name: "b", Organisation: "dingb", Roles: []int64{2}}, {Name: "c", Roles: []int64{2}}},
			[]string{"groups[2].organisation"}},
		"all at once": {[]GroupSpec{{Name: "system", Organisation: "*"}, {}}, []string{"groups[0].name", "groups[0].organisation", "groups[0]", "groups[1].name", "groups[1]"}},
	} {
		if got := wrong(valid(), tc.groups...); !slices.Equal(got, tc.want) {
			t.Errorf("%s: %q", name, got)
		}
	}
	s := valid()
	s.Organisations = []string{"dinga", "dingb"}
	if got := wrong(s, named("platform")); !slices.Equal(got, []string{"groups[0].organisation"}) {
		t.Errorf("the client serves several: %q", got)
	}
}

// What Kubernetes and our own file take for something else.
func TestC16_ReservedNamesAreRefused(t *testing.T) {
	for _, name := range []string{
		"system", "system-masters", "system.masters", "systemadmins", "kubeadm", "kubeadm-cluster-admins", "eks", "eks-console",
		"everyone", "authenticated", "unauthenticated", "all", "dept", "role", "aliases", "departments", "roles",
	} {
		for _, spelt := range []string{name, strings.ToUpper(name), strings.ToUpper(name[:1]) + name[1:]} {
			if got := wrong(valid(), GroupSpec{Name: spelt, Roles: []int64{1}}); !slices.Equal(got, []string{"groups[0].name"}) {
				t.Errorf("%s: %q", spelt, got)
			}
		}
	}
}

// Everywhere that a group is named.
func TestC16_ANameStandsForAGroup(t *testing.T) {
	groups := []GroupSpec{{Name: "here", Organisation: "dinga", Roles: []int64{1}}, {Name: "there", Organisation: "dingb", Roles: []int64{1}}}
	for place, put := range map[string]func(s *Spec, name string){
		"allow.groups[0]":         func(s *Spec, name string) { s.Allow.Groups = []string{name} },
		"groups_claim[0]":         func(s *Spec, name string) { s.GroupsClaim = []string{name} },
		"claims[0].from[0].group": func(s *Spec, name string) { s.Claims = []ClaimSpec{{Name: "role", From: []ClaimRow{{name, "x"}}}} },
	} {
		for name, wanted := range map[string]struct{ one, two bool }{ // whether it is good for a client of dinga; of dinga and dingb
			"here": {true, true}, "there": {false, true}, "nowhere": {false, false}, "system:masters": {false, false}, "": {false, false},
			"dept:5": {true, false}, "role:5": {true, false}, "dept:": {false, false}, "dept:05": {false, false}, "Dept:5": {false, false},
			"dept:5 ": {false, false}, "dept: 5": {false, false}, "dept:5:6": {false, false}, "user:zhangsan": {false, false},
			"dinga:dept:5": {false, false}, "dept:٥": {false, false}, "everyone": {false, false}, "dept": {false, false},
		} {
			for organisations, good := range map[string]bool{"dinga": wanted.one, "dinga dingb": wanted.two} {
				s := valid()
				s.Organisations, s.Allow = strings.Fields(organisations), Allow{Everyone: place != "allow.groups[0]"}
				put(&s, name)
				got := wrong(s, groups...)
				if good && got != nil || !good && !slices.Equal(got, []string{"clients[0]." + place}) {
					t.Errorf("%s at %s for %s: %q", name, place, organisations, got)
				}
			}
		}
	}
}

// A fault of a group is told once, not again wherever its name is used.
func TestC16_OneFaultForOneGroup(t *testing.T) {
	s := valid()
	s.Allow.Groups = []string{"平台"}
	if got := wrong(s, GroupSpec{Name: "平台", Roles: []int64{1}}); !slices.Equal(got, []string{"groups[0].name"}) {
		t.Errorf("%q", got)
	}
	_, faults := NewSet(nil, GroupSpec{Name: "a\x1b[2J"})
	if text := fmt.Sprint(faults); strings.Contains(text, "\x1b") || !strings.HasPrefix(text, "[groups[0] (") {
		t.Errorf("%q", text)
	}
}

func TestThreat_D16_ADepartmentsNameGivesNoRight(t *testing.T) {
	// Whatever somebody calls a department or role, only numbers and ids come here.
	facts := Facts{CorpID: "dinga", UserID: "system:masters", Departments: []int64{1, 5}, Direct: []int64{5}, Roles: []int64{9}}
	s := valid()
	s.Allow = Allow{People: []string{"system:masters"}}
	s.Claims = []ClaimSpec{{Name: "roles", List: true, From: []ClaimRow{{"ops", "operator"}, {"dept:5", "reader"}}}}
	c := one(t, s, GroupSpec{Name: "ops", People: []string{"system:masters"}}, GroupSpec{Name: "argocd-admin", Roles: []int64{77}})
	names, _ := c.Groups(facts)
	if !slices.Equal(names, []string{"ops", "dept:5", "dept:1", "role:9"}) {
		t.Errorf("groups %q", names)
	}
	if got := fmt.Sprint(c.TableClaims(facts)); got != "map[roles:[operator reader]]" {
		t.Errorf("claims %s", got)
	}
	// And an operator cannot let such a name out by oversight.
	for _, name := range []string{"system:masters", "System:Masters", "SYSTEM:NODES", "system:", "kubeadm:cluster-admins", "eks:kubernetes-access"} {
		s.Claims[0].From[0].Value = name
		if got := wrong(s, GroupSpec{Name: "ops", Roles: []int64{1}}); !slices.Equal(got, []string{"clients[0].claims[0].from[0].value"}) {
			t.Errorf("value %s: %q", name, got)
		}
		if got := wrong(valid(), GroupSpec{Name: name, Roles: []int64{1}}); !slices.Equal(got, []string{"groups[0].name"}) {
			t.Errorf("group %s: %q", name, got)
		}
		for _, change := range []func(*Spec){
			func(s *Spec) { s.Allow.Groups = []string{name} }, func(s *Spec) { s.GroupsClaim = []string{name} },
			func(s *Spec) { s.Claims = []ClaimSpec{{Name: "role", Default: name}} },
		} {
			s := valid()
			change(&s)
			if got := wrong(s); len(got) != 1 {
				t.Errorf("%s was accepted: %q", name, got)
			}
		}
	}
}
