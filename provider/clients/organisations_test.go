package clients

import (
	"slices"
	"strings"
	"testing"
)

func TestC13_WhomAClientServes(t *testing.T) {
	for name, organisations := range map[string][]string{"none named": nil, "one": {"dingA1"}, "two": {"dingA1", "ding_b-2"}} {
		s := valid()
		s.Organisations, s.Allow = organisations, Allow{Everyone: true}
		set, faults := NewSet([]Spec{s})
		if faults != nil {
			t.Fatal(name, faults)
		}
		c, _ := set.Lookup(s.ID)
		for _, corpID := range []string{"", "dingA1", "dinga1", "DINGA1", "dingA", "dingA11", " dingA1", "dingA1\x00", "dingA1,ding_b-2", "ding_b-2", "ding_b-3", "*"} {
			if got := c.Serves(corpID); got != slices.Contains(organisations, corpID) {
				t.Errorf("%s: %q: %v", name, corpID, got)
			}
		}
	}
	if new(Client).Serves("") {
		t.Error("the zero client serves an organisation without a name")
	}
}

func TestC13_OrganisationsAreChecked(t *testing.T) {
	for name, tc := range map[string]struct {
		organisations []string
		field         string // of the one fault, if any
	}{
		"as DingTalk writes it": {[]string{"ding5f2c8a4b7e9d1036ffe93478753d9884"}, ""},
		"of a simulator":        {[]string{"dingcorp", "sim_corp-1", "a"}, ""},
		"empty":                 {[]string{""}, "organisations[0]"},
		"space":                 {[]string{"dinga", "ding b"}, "organisations[1]"},
		"newline":               {[]string{"dinga\n"}, "organisations[0]"},
		"colon":                 {[]string{"dinga:dept"}, "organisations[0]"},
		"by name":               {[]string{"云杉"}, "organisations[0]"},
		"all":                   {[]string{"*"}, "organisations[0]"},
		"long":                  {[]string{strings.Repeat("a", 65)}, "organisations[0]"},
		"twice":                 {[]string{"dinga", "dingb", "dinga"}, "organisations[2]"},
	} {
		s := valid()
		s.Organisations = tc.organisations
		set, faults := NewSet([]Spec{s})
		if tc.field == "" {
			if faults != nil {
				t.Errorf("%s: %v", name, faults)
			}
		} else if set != nil || len(faults) != 1 || faults[0].Field != tc.field || faults[0].Remedy == "" {
			t.Errorf("%s: %v", name, faults)
		}
	}
}

// dept:5 and userId zhangsan are somebody in each of two organisations.
func TestThreat_D18_NobodyIsAdmittedByAnIDOfSeveral(t *testing.T) {
	one, two := []string{"dinga"}, []string{"dinga", "dingb"}
	group, person := []string{"dept:5"}, []string{"zhangsan"}
	for name, tc := range map[string]struct {
		organisations []string
		allow         Allow
		fields        []string
	}{
		"one, groups":        {one, Allow{Groups: group}, nil},
		"one, people":        {one, Allow{People: person}, nil},
		"none named, groups": {nil, Allow{Groups: group}, nil},
		"two, everyone":      {two, Allow{Everyone: true}, nil},
		"two, nobody":        {two, Allow{}, nil},
		"two, groups":        {two, Allow{Groups: group}, []string{"allow.groups[0]"}},
		"two, people":        {two, Allow{People: person}, []string{"allow.people"}},
		"two, both":          {two, Allow{Groups: group, People: person}, []string{"allow.groups[0]", "allow.people"}},
	} {
		s := valid()
		s.Organisations, s.Allow = tc.organisations, tc.allow
		set, faults := NewSet([]Spec{s})
		var fields []string
		for _, f := range faults {
			fields = append(fields, f.Field)
			if f.Remedy == "" || f.Text == "" {
				t.Errorf("%s: %+v", name, f)
			}
		}
		if !slices.Equal(fields, tc.fields) || (set == nil) != (tc.fields != nil) {
			t.Errorf("%s: %v", name, faults)
		}
	}
}
