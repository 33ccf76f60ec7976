package config

import (
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/dingbridge/dingbridge/provider/clients"
)

const named = `groups:
  - name: platform
    organisation: ding1
    departments: [432825033]
    roles:
      - 1507113581
    people: [zhangsan]
  - name: platform
    organisation: ding2
    departments: [5]
clients:
  - id: wiki
    public: true
    redirect_uris: [https://wiki.example.com/cb]
    organisations: [ding1]
    allow:
      groups: [platform, "dept:5"]
      departments:
        - 432825033
      roles: [9]
      people: [lisi]
    groups_claim: [aliases, "role:9"]
    groups_max: 20
    claims:
      - name: role
        from:
          - {group: platform, value: Admin}
          - group: dept:5
            value: Editor
        default: Viewer
      - name: policy
        list: true
        from:
          - {group: platform, value: readwrite}
    directory_claims: [userid, title]
    substitute_email: true
`

func TestParseGroups(t *testing.T) {
	d, err := ParseClients("c.yaml", []byte(named))
	if err != nil {
		t.Fatal(err)
	}
	if want := []clients.GroupSpec{
		{Name: "platform", Organisation: "ding1", Departments: []int64{432825033}, Roles: []int64{1507113581}, People: []string{"zhangsan"}},
		{Name: "platform", Organisation: "ding2", Departments: []int64{5}},
	}; !reflect.DeepEqual(d.Groups, want) {
		t.Errorf("%+v", d.Groups)
	}
	want := clients.Spec{ID: "wiki", Public: true, RedirectURIs: []string{"https://wiki.example.com/cb"}, Organisations: []string{"ding1"},
		Allow:       clients.Allow{Groups: []string{"platform", "dept:5"}, Departments: []int64{432825033}, Roles: []int64{9}, People: []string{"lisi"}},
		GroupsClaim: []string{"aliases", "role:9"}, GroupsMax: new(20),
		Claims: []clients.ClaimSpec{
			{Name: "role", From: []clients.ClaimRow{{Group: "platform", Value: "Admin"}, {Group: "dept:5", Value: "Editor"}}, Default: "Viewer"},
			{Name: "policy", List: true, From: []clients.ClaimRow{{Group: "platform", Value: "readwrite"}}},
		},
		DirectoryClaims: []string{"userid", "title"}, SubstituteEmail: true}
	if len(d.Specs) != 1 || !reflect.DeepEqual(d.Specs[0], want) {
		t.Errorf("%+v", d.Specs)
	}
	set, faults := d.Set()
	if faults != nil {
		t.Fatal(faults)
	}
	c, _ := set.Lookup("wiki")
	facts := clients.Facts{CorpID: "ding1", Roles: []int64{9, 1507113581}}
	groups, _ := c.Groups(facts)
	if got := fmt.Sprint(c.Admits(facts), groups, c.TableClaims(facts)); got != "{true false alias platform} [platform role:9] map[policy:[readwrite] role:Admin]" {
		t.Error(got)
	}
}

func TestC2_FaultsOfGroupsAndTables(t *testing.T) {
	for change, want := range map[[2]string]string{
		{"name: platform\n    organisation: ding1", "nam: platform\n    organisation: ding1"}:         "c.yaml:2: groups[0].nam: is not a known key; did you mean name?",
		{"[432825033]\n    roles", "432825033\n    roles"}:                                            "c.yaml:4: groups[0].departments: is a number where a list is expected; ",
		{"[432825033]\n    roles", "[\"432825033\"]\n    roles"}:                                      "c.yaml:4: groups[0].departments[0]: is a text where a whole number is expected; ",
		{"[432825033]\n    roles", "[platform]\n    roles"}:                                           "c.yaml:4: groups[0].departments[0]: is a text where a whole number is expected; ",
		{"[432825033]\n    roles", "[010]\n    roles"}:                                                "c.yaml:4: groups[0].departments[0]: is not a whole number; ",
		{"[432825033]\n    roles", "[1.5]\n    roles"}:                                                "c.yaml:4: groups[0].departments[0]: is a number where a whole number is expected; ",
		{"[432825033]\n    roles", "[9223372036854775808]\n    roles"}:                                "c.yaml:4: groups[0].departments[0]: is not a whole number; ",
		{"      - 1507113581", "      - 0"}:                                                           "c.yaml:6: groups[0].roles[0]: nothing can have this number; ",
		{"  - name: platform\n    organisation: ding2", "  - name: system\n    organisation: ding2"}:  "c.yaml:8: groups[1].name: the name means something else to apps or in this file; ",
		{"    organisation: ding2\n", "    organisation: ding1\n"}:                                    "c.yaml:8: groups[1].name: the name is that of groups[0]; ",
		{"    departments: [5]\n", ""}:                                                                "c.yaml:8: groups[1]: nobody can be in the group; ",
		{"groups: [platform, ", "groups: [platfrom, "}:                                                "c.yaml:17: clients[0].allow.groups[0]: no group has this name; did you mean platform?",
		{"        - 432825033", "        - 432825033\n        - -1"}:                                  "c.yaml:20: clients[0].allow.departments[1]: nothing can have this number; ",
		{"      roles: [9]", "      role: [9]"}:                                                       "c.yaml:20: clients[0].allow.role: is not a known key; did you mean roles?",
		{"groups_claim: [aliases, ", "groups_claim: [alias, "}:                                        "c.yaml:22: clients[0].groups_claim[0]: no group has this name; did you mean aliases?",
		{"groups: [platform, ", "groups: [\"5\", "}:                                                   `c.yaml:17: clients[0].allow.groups[0]: no group has this name; write "dept:5" or "role:5"`,
		{"groups_claim: [aliases, \"role:9\"]", "groups_claim:"}:                                      "c.yaml:22: clients[0].groups_claim: the list is empty; ",
		{"groups_max: 20", "groups_max: 0"}:                                                           "c.yaml:23: clients[0].groups_max: the client cannot be told that many groups; ",
		{"groups_max: 20", "groups_max: many"}:                                                        "c.yaml:23: clients[0].groups_max: is a text where a whole number is expected; ",
		{"- name: role", "- name: email_verified"}:                                                    "c.yaml:25: clients[0].claims[0].name: no table may set this claim; ",
		{"          - {group: platform, value: Admin}", "          - {grup: platform, value: Admin}"}: "c.yaml:27: clients[0].claims[0].from[0].grup: is not a known key; did you mean group?",
		{"value: Admin", "value: true"}:                                                               "c.yaml:27: clients[0].claims[0].from[0].value: is true or false where a text is expected; put the value in quotes",
		{"            value: Editor", "            value: \"system:masters\""}:                        "c.yaml:29: clients[0].claims[0].from[1].value: the value is one that Kubernetes keeps to itself; ",
		{"        default: Viewer", "        default: \"\""}:                                          "c.yaml:30: clients[0].claims[0].default: is empty; ",
		{"        list: true", "        list: [a]"}:                                                   "c.yaml:32: clients[0].claims[1].list: is a list where true or false is expected; ",
		{"[userid, title]", "[userid, mobile]"}:                                                       "c.yaml:35: clients[0].directory_claims[1]: the word is unknown; ",
		{"substitute_email: true", "substitute_email: bridge.example.com"}:                            "c.yaml:36: clients[0].substitute_email: is a text where true or false is expected; ",
	} {
		text := strings.Replace(named, change[0], change[1], 1)
		d, err := ParseClients("c.yaml", []byte(text))
		got := lines(err)
		if err == nil {
			_, faults := d.Set()
			got = lines(faults.Err())
		}
		if len(got) != 1 || !strings.HasPrefix(got[0], want) {
			t.Errorf("%q: %q", change[1], got)
		}
	}
}

func TestC7_GroupsAndOrganisations(t *testing.T) {
	unnamed := strings.ReplaceAll(strings.ReplaceAll(named, "    organisation: ding2\n", ""), "name: platform\n    departments: [5]", "name: second\n    departments: [5]")
	for name, tc := range map[string]struct {
		text    string
		corpIDs []string
		want    []string
	}{
		"each named":      {named, []string{"ding1", "ding2"}, nil},
		"not known which": {named, nil, nil},
		"one not there":   {named, []string{"ding1", "dingb"}, []string{"c.yaml:9: groups[1].organisation: is the corp_id of no organisation in config.yaml; did you mean ding1?"}},
		"nothing to name": {unnamed, []string{"ding1"}, nil},
		"none named":      {unnamed, []string{"ding1", "ding2"}, []string{"c.yaml:8: groups[1].organisation: is missing, and config.yaml has several; name the corp_id of the organisation whose departments, roles and people these are: ding1, ding2"}},
		// Told once, though two see it.
		"seen by both": {strings.Replace(unnamed, "[ding1]", "[ding1, ding2]", 1), []string{"ding1", "ding2"}, []string{
			"c.yaml:8: groups[1].organisation: it is missing, and there are several; ",
			"c.yaml:16: clients[0].allow.groups[1]: ", "c.yaml:18: clients[0].allow.departments: ", "c.yaml:19: clients[0].allow.roles: ",
			"c.yaml:20: clients[0].allow.people: ", "c.yaml:21: clients[0].groups_claim[1]: ", "c.yaml:27: clients[0].claims[0].from[1].group: "}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Chdir(t.TempDir())
			if err := os.WriteFile("c.yaml", []byte(tc.text), 0o600); err != nil {
				t.Fatal(err)
			}
			if _, err := loadClients("c.yaml", having(tc.corpIDs...)); !slices.EqualFunc(lines(err), tc.want, strings.HasPrefix) {
				t.Errorf("\n%s", strings.Join(lines(err), "\n"))
			}
		})
	}
}

func TestC8_SubstitutesNeedADomain(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := os.WriteFile("c.yaml", []byte(named), 0o600); err != nil {
		t.Fatal(err)
	}
	c := having("ding1", "ding2")
	if _, err := loadClients("c.yaml", c); err != nil {
		t.Error(err)
	}
	c.Claims.SubstituteEmailDomain = ""
	if _, err := loadClients("c.yaml", c); !slices.EqualFunc(lines(err), []string{"c.yaml:36: clients[0].substitute_email: has no domain to make addresses of; give claims.substitute_email_domain in config.yaml "}, strings.HasPrefix) {
		t.Errorf("%v", err)
	}
}

// A client is added to the clients, wherever the groups stand.
func TestC6_GroupsStay(t *testing.T) {
	const list = "clients:\n  - id: a\n    public: true # side\n"
	const groups = "groups:\n  - name: platform # side\n    roles: [9]\n"
	for name, tc := range map[string]struct{ before, after string }{
		"above":            {groups + "\n# apps\n" + list, ""},
		"below":            {"# top\n" + list, "\n# who\n" + groups},
		"close below":      {list, groups},
		"below, no end":    {list, "\n" + strings.TrimSuffix(groups, "\n")},
		"many lines apart": {list, "\n\n# who\n\n# is\n" + groups + "\n# the end\n"},
		"nothing above":    {"clients:\n", groups},
	} {
		got, err := withClient("c.yaml", []byte(tc.before+tc.after), wiki2)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		} else if text := string(got); !strings.HasPrefix(text, tc.before) || !strings.HasSuffix(text, strings.TrimLeft(tc.after, "\n")) {
			t.Errorf("%s: was\n%s\nis\n%s", name, tc.before+tc.after, got)
		}
	}
	for name, text := range map[string]string{
		"flow below":  "clients:\n  - id: a\ngroups: [{name: a, roles: [1]}] # side\n",
		"flow above":  "groups: [{name: a, roles: [1]}] # side\nclients: [{id: a}]\n",
		"all flow":    "# side\n{clients: [{id: a}], groups: [{name: a, roles: [1]}]}\n",
		"a long flow": "clients: [\n  {id: a}, # side\n]\ngroups:\n  - name: a\n",
	} {
		if got, err := withClient("c.yaml", []byte(text), wiki2); err != nil || !strings.Contains(string(got), "# side") {
			t.Errorf("%s: %v\n%s", name, err, got)
		}
	}
}

// Whatever a client may have is written so that it is read back.
func TestC6_AllOfAClientIsWritten(t *testing.T) {
	d, err := ParseClients("c.yaml", []byte(named))
	if err != nil {
		t.Fatal(err)
	}
	whole := d.Specs[0]
	whole.ID = "whole"
	whole.Claims[1].From[0].Value = "维基: \"2\" # x"
	edited, err := withClient("c.yaml", []byte(named), whole)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(string(edited), named) {
		t.Errorf("the rest has changed:\n%s", edited)
	}
	after, err := ParseClients("c.yaml", edited)
	if err != nil || len(after.Specs) != 2 || !reflect.DeepEqual(after.Specs[1], whole) {
		t.Errorf("%v\n%s", err, edited)
	}
	if strings.Contains(string(edited[len(named):]), "list: false") {
		t.Errorf("what it does not have is written:\n%s", edited)
	}
}
