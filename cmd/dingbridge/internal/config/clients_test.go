package config

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/dingbridge/dingbridge/provider/clients"
)

const some = `# Ours. 我们的
clients:
  # The wiki
  - id: wiki
    name: Wiki   # shown
    secret_hash: sha256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA
    redirect_uris:
      - https://wiki.example.com/callback
    allow: everyone

  - id: cli
    public: true
    application_type: native
    require_pkce: true
    redirect_uris: [http://127.0.0.1/callback]
    allow:
      groups: [dept:1]
      people: [zhangsan]
# the end
`

func TestParseClients(t *testing.T) {
	yes := true
	d, err := ParseClients("clients.yaml", []byte(some))
	if err != nil {
		t.Fatal(err)
	}
	want := []clients.Spec{
		{ID: "wiki", Name: "Wiki", SecretHash: "sha256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", RedirectURIs: []string{"https://wiki.example.com/callback"}, Allow: clients.Allow{Everyone: true}},
		{ID: "cli", Public: true, ApplicationType: "native", RequirePKCE: &yes, RedirectURIs: []string{"http://127.0.0.1/callback"},
			Allow: clients.Allow{Groups: []string{"dept:1"}, People: []string{"zhangsan"}}},
	}
	if !reflect.DeepEqual(d.Specs, want) {
		t.Errorf("read %+v", d.Specs)
	}
	for _, tc := range []struct{ field, want string }{
		{"redirect_uris[0]", "clients.yaml:15: clients[1].redirect_uris[0]: bad; mend it"},
		{"secret_hash", "clients.yaml:11: clients[1].secret_hash: bad; mend it"},
		{"name", "clients.yaml:11: clients[1].name: bad; mend it"},
		{"allow.people[0]", "clients.yaml:18: clients[1].allow.people[0]: bad; mend it"},
	} {
		if got := d.places["clients"][0].at.fault(join("clients[1]", tc.field), "bad", "mend it").String(); got != tc.want {
			t.Errorf("got %s, want %s", got, tc.want)
		}
	}
}

func TestClientsFaults(t *testing.T) {
	for text, want := range map[string]string{
		"":                                         "c.yaml:1: clients: is missing; begin",
		"clients:\n":                               "",
		"clients: []\n":                            "",
		"clients:\n  wiki: {}\n":                   "c.yaml:2: clients: is a map where a list is expected",
		"clients:\n  - id: a\n    alow: x\n":       "c.yaml:3: clients[0].alow: is not a known key; did you mean allow?",
		"clients:\n  - allow: nobody\n":            "c.yaml:2: clients[0].allow: is neither",
		"clients:\n  - allow: {group: [a]}\n":      "c.yaml:2: clients[0].allow.group: is not a known key; did you mean groups?",
		"clients:\n  - public: yes please\n":       "c.yaml:2: clients[0].public: is a text where true or false is expected",
		"clients:\n  - require_pkce: \"no\"\n":     "c.yaml:2: clients[0].require_pkce: is a text where true or false",
		"clients:\n  - backchanel_logout_uri: x\n": "c.yaml:2: clients[0].backchanel_logout_uri: is not a known key; did you mean backchannel_logout_uri?",
		"clients:\n  - require_pushed_authorisation_requests: true\n": "c.yaml:2: clients[0].require_pushed_authorisation_requests: is not a known key; did you mean require_pushed_authorization_requests?",
		"clients:\n  - id: a\n    audience: [b]\n":                    "c.yaml:3: clients[0].audience: is not a known key; did you mean audiences?",
		"clients:\n  - id: a\n    access_token: true\n":               "c.yaml:3: clients[0].access_token: is true or false where a text is expected",
		"clients:\n  - device_authorization: \"yes\"\n":               "c.yaml:2: clients[0].device_authorization: is a text where true or false",
		"clients:\n  - backchannel_logout_networks: 10.0.0.0/8\n":     "c.yaml:2: clients[0].backchannel_logout_networks: is a text where a list",
		"client:\n  - id: a\n":                                        "c.yaml:1: client: is not a known key; did you mean clients?",
	} {
		_, err := ParseClients("c.yaml", []byte(text))
		got := strings.Join(lines(err), "\n")
		if (want == "") != (got == "") || !strings.HasPrefix(got, want) {
			t.Errorf("%q: got %s", text, got)
		}
	}
}

var wiki2 = clients.Spec{ID: "wiki2", Name: "维基: \"2\" # x", SecretHash: "sha256:x", RedirectURIs: []string{"https://a.example/cb?x=1#"},
	Allow: clients.Allow{Groups: []string{"dept:2"}}}

func TestC6_TheRestStays(t *testing.T) {
	for name, text := range map[string]string{
		"usual":           some,
		"no last newline": strings.TrimSuffix(some, "\n"),
		"not indented":    "clients:\n- id: a\n\n# b\n- id: b\n",
		"deep":            "clients:\n      - id: a\n",
		"nothing":         "# c\nclients:\n",
		"no bytes":        "",
	} {
		got, err := withClient("c.yaml", []byte(text), wiki2)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		} else if !strings.HasPrefix(string(got), text) {
			t.Errorf("%s: was\n%s\nis\n%s", name, text, got)
		}
	}
	for name, text := range map[string]string{
		"flow":         "# top\nclients: [{id: a}] # side\n",
		"flow, empty":  "clients: [] # top\n",
		"all flow":     "# top\n{clients: [{id: a}]}\n",
		"document end": "# top\nclients:\n  - id: a\n...\n",
	} {
		got, err := withClient("c.yaml", []byte(text), wiki2)
		if err != nil || !strings.Contains(string(got), "# top") {
			t.Errorf("%s: %v\n%s", name, err, got)
		}
	}
	if _, err := withClient("c.yaml", []byte(some), clients.Spec{ID: "cli"}); !errors.Is(err, ErrClientExists) {
		t.Errorf("the same id: %v", err)
	}
	if _, err := withClient("c.yaml", []byte("clients:\n  - idd: a\n"), wiki2); err == nil {
		t.Error("a file with a fault was edited")
	}
}

func TestC6_ManyAtOnce(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "clients.yaml")
	link := filepath.Join(dir, "link.yaml")
	if err := os.WriteFile(file, []byte(some), 0o640); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("clients.yaml", link); err != nil {
		t.Fatal(err)
	}
	const many = 20
	var writers, readers sync.WaitGroup
	done := make(chan struct{})
	readers.Go(func() {
		for {
			if _, err := loadClients(file, nil); err != nil {
				t.Errorf("a reader in between: %v", err)
				return
			}
			select {
			case <-done:
				return
			default:
			}
		}
	})
	for i := range many {
		writers.Go(func() {
			name := []string{file, link}[i%2]
			if err := AddClient(name, clients.Spec{ID: fmt.Sprint("app-", i), Public: true, RedirectURIs: []string{"https://a.example/cb"}}); err != nil {
				t.Error(err)
			}
		})
	}
	writers.Wait()
	close(done)
	readers.Wait()
	set, err := loadClients(file, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := range many {
		if _, ok := set.Lookup(fmt.Sprint("app-", i)); !ok {
			t.Errorf("app-%d is lost", i)
		}
	}
	if info, err := os.Lstat(link); err != nil || info.Mode()&os.ModeSymlink == 0 {
		t.Errorf("the link was replaced: %v", err)
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o640 {
		t.Errorf("the mode is now %v", info.Mode())
	}
	if left, _ := filepath.Glob(filepath.Join(dir, ".*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestClientsAreChecked(t *testing.T) {
	file := filepath.Join(t.TempDir(), "clients.yaml")
	if err := os.WriteFile(file, []byte(`clients:
  - id: wiki
    redirect_uris: [http://wiki.example.com/cb]
    alow: everyone
  - id: wiki
    public: true
    secret_hashes:
      - hunter2
`), 0o600); err != nil {
		t.Fatal(err)
	}
	set, err := loadClients(file, nil)
	want := []string{
		":2: clients[0].secret_hash: ",
		":3: clients[0].redirect_uris[0]: ",
		":4: clients[0].alow: is not a known key; did you mean allow?",
		":5: clients[1].secret_hash: a public client has no secret; ",
		":5: clients[1].redirect_uris: ",
		":5: clients[1].id: the id is that of clients[0]; ",
		":8: clients[1].secret_hashes[0]: ",
	}
	got := lines(err)
	ok := len(got) == len(want) && set == nil
	for i := range min(len(got), len(want)) {
		ok = ok && strings.HasPrefix(got[i], file+want[i]) && !strings.Contains(got[i], "hunter2")
	}
	if !ok {
		t.Errorf("got %v and\n%s", set, strings.Join(got, "\n"))
	}
}

func TestClientsLogoutAndTokens(t *testing.T) {
	const text = `clients:
  - id: wiki
    secret_hash: sha256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA
    redirect_uris: [https://wiki.example.com/cb]
    backchannel_logout_uri: https://wiki.example.com/logout
    backchannel_logout_networks:
      - 10.1.0.0/16
      - 10.2.3.4
    require_pushed_authorization_requests: true
    device_authorization: true
    access_token: jwt
    audiences: [api]
    minimal_id_token: true
  - id: api
    secret_hash: sha256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA
    resource_server: true
`
	d, err := ParseClients("c.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	set, faults := d.Set()
	if faults != nil {
		t.Fatal(faults)
	}
	c, _ := set.Lookup("wiki")
	if c.BackchannelLogoutURI != "https://wiki.example.com/logout" || fmt.Sprint(c.BackchannelLogoutNetworks) != "[10.1.0.0/16 10.2.3.4/32]" ||
		!c.RequirePushed || !c.DeviceAuthorization || !c.AccessTokenJWT || fmt.Sprint(c.Audiences) != "[api]" || !c.MinimalIDToken {
		t.Errorf("%+v", c)
	}
	broken := strings.NewReplacer("https://wiki.example.com/logout", "http://wiki.example.com/logout", "10.2.3.4", "10.2.3.4/8", "jwt", "JWT",
		"[api]", "[api, apj]").Replace(text)
	if d, err = ParseClients("c.yaml", []byte(broken)); err != nil {
		t.Fatal(err)
	}
	_, faults = d.Set()
	got := lines(faults.Err())
	for i, want := range []string{
		"c.yaml:5: clients[0].backchannel_logout_uri: ", "c.yaml:8: clients[0].backchannel_logout_networks[1]: ",
		"c.yaml:11: clients[0].access_token: ", "c.yaml:12: clients[0].audiences[1]: ",
	} {
		if i >= len(got) || !strings.HasPrefix(got[i], want) {
			t.Errorf("fault %d does not begin %q:\n%s", i, want, strings.Join(got, "\n"))
		}
	}
}

func TestC7_ClientsAndOrganisations(t *testing.T) {
	const text = `clients:
  - id: one
    public: true
    redirect_uris: [https://one.example.com/cb]
    organisations: [ding1]
  - id: both
    public: true
    redirect_uris: [https://both.example.com/cb]
    organisations:
      - ding1
      - ding2
  - id: silent
    public: true
    redirect_uris: [https://silent.example.com/cb]
`
	const named = text + "    organisations: [ding2]\n"
	for name, tc := range map[string]struct {
		text    string
		corpIDs []string
		want    []string
	}{
		"each named":      {named, []string{"ding1", "ding2", "ding3"}, nil},
		"not known which": {text, nil, nil},
		"one not there": {named, []string{"ding1", "ding3"}, []string{
			"c.yaml:11: clients[1].organisations[1]: is the corp_id of no organisation in config.yaml; did you mean ding1?",
			"c.yaml:15: clients[2].organisations[0]: is the corp_id of no organisation in config.yaml; "}},
		"none named": {text, []string{"ding1", "ding2"}, []string{
			"c.yaml:12: clients[2].organisations: is missing, and config.yaml has several; name the corp_id of each organisation whose people may log in: ding1, ding2"}},
		"nothing to name":   {text, []string{"ding1"}, []string{"c.yaml:11: clients[1].organisations[1]: is the corp_id of no organisation in config.yaml; "}},
		"an empty list":     {text + "    organisations: []\n", []string{"ding1", "ding2"}, []string{"c.yaml:15: clients[2].organisations: is missing, and "}},
		"of another kind":   {text + "    organisations: ding1\n", []string{"ding1", "ding2"}, []string{"c.yaml:15: clients[2].organisations: is a text where a list is expected; "}},
		"that is no corpId": {text + "    organisations: [\"a b\"]\n", []string{"ding1", "ding2"}, []string{"c.yaml:15: clients[2].organisations[0]: it is not a corpId; "}},
		"far from any": {named, []string{"dinga1b2c3", "dingd4e5f6"}, []string{
			"c.yaml:5: clients[0].organisations[0]: is the corp_id of no organisation in config.yaml; known here: dinga1b2c3, dingd4e5f6",
			"c.yaml:10: clients[1].organisations[0]: ", "c.yaml:11: clients[1].organisations[1]: ", "c.yaml:15: clients[2].organisations[0]: "}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Chdir(t.TempDir())
			if err := os.WriteFile("c.yaml", []byte(tc.text), 0o600); err != nil {
				t.Fatal(err)
			}
			set, err := loadClients("c.yaml", having(tc.corpIDs...))
			if got := lines(err); !slices.EqualFunc(got, tc.want, strings.HasPrefix) || (set == nil) != (tc.want != nil) {
				t.Errorf("a set: %v, and\n%s", set != nil, strings.Join(got, "\n"))
			}
		})
	}
}

// loadClients reads the clients.yaml called file alone.
func loadClients(file string, c *Config) (*clients.Set, error) {
	return ClientFiles{File: file}.Load(c)
}

// having is a config.yaml with organisations of these corpIds.
func having(corpIDs ...string) *Config {
	c := &Config{Claims: Claims{SubstituteEmailDomain: "none.example.com"}}
	for _, id := range corpIDs {
		c.DingTalk.Organisations = append(c.DingTalk.Organisations, Organisation{CorpID: id})
	}
	return c
}

func FuzzClients(f *testing.F) {
	f.Add([]byte(some))
	f.Add([]byte("clients: [{id: a, allow: everyone}]"))
	f.Add([]byte("clients:\n- {id: a}\n...\n---\n"))
	f.Add([]byte("clients: &x\n- *x\n"))
	f.Add([]byte(named))
	f.Add([]byte("clients:\n  - id: a\n# b\n\n# c\ngroups:\n  - name: d\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		before, err := ParseClients("c.yaml", data)
		if err != nil {
			for _, fault := range err.(Faults) {
				if fault.Line < 1 || fault.Text == "" {
					t.Errorf("a fault without line or text: %+v", fault)
				}
			}
			return
		}
		_, _ = before.Set()
		edited, err := withClient("c.yaml", data, wiki2)
		if err != nil {
			return // refused; the file is left alone
		}
		after, err := ParseClients("c.yaml", edited)
		if err != nil || !reflect.DeepEqual(after.Specs, append(before.Specs, wiki2)) || !reflect.DeepEqual(after.Groups, before.Groups) {
			t.Errorf("%q became %q: %v", data, edited, err)
		}
	})
}
