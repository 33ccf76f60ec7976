package simulator

import (
	"bytes"
	"errors"
	"strings"
	"testing"
)

func TestDefaultCompany(t *testing.T) {
	c := DefaultCompany()
	if n := len(c.People); n < 20 || n > 30 {
		t.Errorf("%d people", n)
	}
	people := map[string]Person{}
	for _, p := range c.People {
		people[p.UserID] = p
	}
	a, b := people["zhangsan"], people["zhangsan2"]
	if a.Name != "张三" || b.Name != "张三" || a.Nick == b.Nick {
		t.Errorf("two of one name: %q %q, nicks %q %q", a.Name, b.Name, a.Nick, b.Nick)
	}
	if people["mallory"].AccountEmail != a.OrgEmail {
		t.Error("nobody's own address is another's in the organisation")
	}
	if p := people["noemail"]; p.Email+p.OrgEmail+p.AccountEmail != "" || !p.employed() {
		t.Error("noemail has an address, or is no employee")
	}
	if !people["outsider"].Outsider || !people["disabled"].DisableStatus || people["supplier"].ContactType != 1 || !people["gone"].Left {
		t.Error("one who must not get in may")
	}
	c.People[0].Name = "changed"
	c.App.Permissions[0] = "changed"
	if d := DefaultCompany(); d.People[0].Name == "changed" || d.App.Permissions[0] == "changed" {
		t.Error("copies share memory")
	}
	ids := map[string]bool{}
	s, err := New(Config{Extra: 1000})
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range s.People() {
		p, _ := s.Person(id)
		ids[p.UnionID], ids[p.OpenID] = true, true
	}
	if len(ids) != 2*len(s.People()) {
		t.Errorf("%d different ids of %d people", len(ids), len(s.People()))
	}
	again, _ := New(Config{})
	p, _ := s.Person("zhangsan")
	if q, _ := again.Person("zhangsan"); q.UnionID != p.UnionID {
		t.Error("a restart changes the unionId")
	}
}

const tiny = `corp_id: ding00112233445566778899
name: Tiny
app:
  client_id: dingaaaabbbbccccdddd
  client_secret: 0123456789012345678901234567890123456789
people:
  - {userid: a, nick: A, departments: [1]}
`

func TestM18_CompanyFileIsStrict(t *testing.T) {
	if _, err := LoadCompany([]byte(tiny)); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		name, file string
		want       []string // one fault each, in order
	}{
		{"empty", "", []string{"line 1: the file is empty"}},
		{"no YAML", "a: [", []string{"line 1: "}},
		{"two documents", tiny + "---\na: 1\n", []string{"line 8: one document is expected"}},
		{"unknown key", tiny + "colour: red\n", []string{`line 8: unknown key "colour"`}},
		{"unknown key of a person", strings.Replace(tiny, "nick: A", "nick: A, shoe: 43", 1), []string{`line 7: unknown key "shoe"`}},
		{"doubled key", tiny + "name: Again\n", []string{`line 8: mapping key "name" already defined at line 2`}},
		{"wrong type", strings.Replace(tiny, "[1]", "one", 1), []string{"line 7: cannot unmarshal"}},
		{"scan app", tiny + "scan_app: {app_id: dingaaaabbbbccccdddd, app_secret: short, redirect_urls: [nowhere]}\n",
			[]string{`line 8: app_id "dingaaaabbbbccccdddd"`, `line 8: app_secret`, `line 8: redirect URL "nowhere"`}},
		{"scan app without secret", tiny + "scan_app: {app_id: dingoabbbbccccdddd}\n", []string{`line 8: app_secret`}},
		{"variants", tiny + "variants:\n  colour: red\n  bearer: maybe\n  prompt: optional\n",
			[]string{`line 9: no variant is named "colour"`, `line 10: variant bearer: "maybe"`}},
		{"all at once", `corp_id: corp
app:
  client_id: x
  client_secret: short
  redirect_urls: [nowhere]
  redirect_policy: any
  permissions: [root]
  field_permissions: [all]
  ip_allowlist: [home]
  range: {departments: [9], people: [z]}
  qps: -1
departments:
  - {id: 1, name: root}
  - {id: 2, name: ""}
  - {id: 3, name: three, parent: 4}
  - {id: 4, name: four, parent: 3}
  - {id: 5, name: five, parent: 99, managers: [z]}
role_groups:
  - {id: 0, name: none}
  - id: 1
    name: one
    roles:
      - {id: 7, name: seven}
      - {id: 7, name: again}
people:
  - userid: any
    nick: A
    departments: [2]
  - userid: b
    unionid: "-"
    openid: "?"
    contact_type: 2
    departments: [77]
    leads: [2]
    roles: [8]
    state_code: "+86"
    extension: "{"
    exclusive_account_type: other
    disable_status: true
    manager_userid: z
  - userid: b
    nick: B
    departments: [1]
`, []string{
			`line 1: corp_id "corp"`, `line 1: name is missing`, `line 3: client_id`, `line 4: client_secret`, `line 5: redirect URL "nowhere"`,
			`line 6: redirect_policy`, `line 7: permission "root"`, `line 8: field permission "all"`, `line 9: "home"`,
			`line 10: department 9`, `line 10: person "z"`, `line 11: qps`, `line 13: department id 1`, `line 14: department 2 has no name`,
			`line 15: department 3 is its own ancestor`, `line 16: department 4 is its own ancestor`, `line 17: parent 99`, `line 17: manager "z"`,
			`line 19: role group 0`, `line 24: role 7`, `line 26: person "any"`, `line 29: person "b": every DingTalk account has a nick`,
			`line 30: person "b": unionid`, `line 31: person "b": openid`, `line 32: person "b": contact_type 2`, `line 33: person "b": department 77`,
			`line 34: person "b": leads department 2`, `line 35: person "b": role 8`, `line 36: person "b": state_code`,
			`line 37: person "b": extension`, `line 38: person "b": exclusive_account_type`, `line 39: person "b": only an exclusive_account`,
			`line 40: person "b": manager "z"`, `line 41: userid "b" is taken`,
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := LoadCompany([]byte(tc.file))
			var ce *CompanyError
			if !errors.As(err, &ce) {
				t.Fatalf("error %v", err)
			}
			for i := range max(len(tc.want), len(ce.Faults)) {
				got, want := "", "(nothing)"
				if i < len(ce.Faults) {
					got = ce.Faults[i].String()
				}
				if i < len(tc.want) {
					want = tc.want[i]
				}
				if !strings.HasPrefix(got, want) {
					t.Errorf("fault %d: %q, want %q", i, got, want)
				}
			}
			if strings.Contains(err.Error(), "simulator.") {
				t.Errorf("the error tells of Go types: %v", err)
			}
		})
	}
	if _, err := New(Config{Company: &Company{}}); err == nil || strings.Contains(err.Error(), "line") {
		t.Errorf("a company without file: %v", err)
	}
	if _, err := New(Config{As: "nobody"}); err == nil {
		t.Error("as nobody")
	}
}

func FuzzLoadCompany(f *testing.F) {
	f.Add([]byte(tiny))
	f.Add([]byte("people: [{userid: a}]\ndepartments: [{id: 2, parent: 2}]"))
	f.Add([]byte("a: &a [*a]"))
	f.Fuzz(func(t *testing.T, file []byte) {
		if bytes.Count(file, []byte("*")) > 4 {
			t.Skip("aliases of aliases are the YAML library's business")
		}
		c, err := LoadCompany(file)
		if err != nil {
			if err.Error() == "" {
				t.Error("an error without words")
			}
			return
		}
		if _, err := New(Config{Company: c}); err != nil {
			t.Errorf("a loaded company does not start: %v", err)
		}
	})
}
