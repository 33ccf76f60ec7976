package config

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/dingbridge/dingbridge/provider/clients"
)

const (
	hashA = "sha256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
	hashB = "sha256:BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBA"
	hashC = "sha256:CCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCA"
)

// written makes files of a set, and returns where they are.
func written(t *testing.T, main string, more ...string) ClientFiles {
	t.Helper()
	f := ClientFiles{File: filepath.Join(t.TempDir(), "clients.yaml")}
	files := map[string]string{f.File: main}
	for i, text := range more {
		f.Folder = filepath.Join(filepath.Dir(f.File), "clients.d")
		if err := os.MkdirAll(f.Folder, 0o755); err != nil {
			t.Fatal(err)
		}
		files[filepath.Join(f.Folder, string(rune('a'+i))+".yaml")] = text
	}
	for name, text := range files {
		if err := os.WriteFile(name, []byte(text), 0o640); err != nil {
			t.Fatal(err)
		}
	}
	return f
}

func textOf(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

const three = `# Who may ask.
clients:
  # The first,
  # of two lines.
  - id: a   # not the b
    name: A
    secret_hash: ` + hashA + `   # of May
    redirect_uris: [https://a.example.com/cb]
    # require_pkce: false

  # The second.
  - id: b
    secret_hashes:
      - ` + hashA + `
      # newer
      - ` + hashB + `
    redirect_uris:
      - https://b.example.com/cb
  - {id: c, public: true, redirect_uris: [https://c.example.com/cb]}   # the third

# Below.
groups:
  - name: platform   # ours
    departments: [5]
`

// TestC10_RemoveTakesTheClientAndNothingElse: in each place of a file, and what is left.
func TestC10_RemoveTakesTheClientAndNothingElse(t *testing.T) {
	for _, c := range []struct{ id, want string }{
		{"a", strings.Replace(three, three[strings.Index(three, "  # The first"):strings.Index(three, "  # The second")], "", 1)},
		{"b", strings.Replace(three, three[strings.Index(three, "  # The second"):strings.Index(three, "  - {id: c")], "", 1)},
		{"c", strings.Replace(three, "  - {id: c, public: true, redirect_uris: [https://c.example.com/cb]}   # the third\n", "", 1)},
	} {
		f := written(t, three)
		file, err := f.RemoveClient(c.id)
		if err != nil || file != f.File {
			t.Fatalf("%s: %q, %v", c.id, file, err)
		}
		if got := textOf(t, f.File); got != c.want {
			t.Errorf("without %s:\n%s\nnot\n%s", c.id, got, c.want)
		}
		if info, err := os.Stat(f.File); err != nil || info.Mode().Perm() != 0o640 {
			t.Errorf("the mode has changed: %v, %v", info.Mode(), err)
		}
	}
	f := written(t, three)
	for _, id := range []string{"c", "a", "b"} {
		if _, err := f.RemoveClient(id); err != nil {
			t.Fatal(err)
		}
	}
	if set, err := f.Load(nil); err != nil || set == nil || !strings.Contains(textOf(t, f.File), "# ours") {
		t.Errorf("when all are gone: %v\n%s", err, textOf(t, f.File))
	}
}

// TestC10_ASecretIsChangedInTwoSteps: the newest first, comments kept, any form.
func TestC10_ASecretIsChangedInTwoSteps(t *testing.T) {
	for name, text := range map[string]string{
		"text":    three,
		"bare":    "clients:\n- secret_hash: " + hashA + "\n  id: a\n  redirect_uris: [https://a.example.com/cb]\n",
		"quoted":  "clients:\n  - id: a\n    secret_hash: \"" + hashA + "\" # of May\n    redirect_uris: [https://a.example.com/cb]",
		"flow":    "clients: [{id: a, secret_hash: '" + hashA + "', redirect_uris: [https://a.example.com/cb]}]   # of May\n",
		"list":    "clients:\n  - id: a\n    # of May\n    secret_hashes: [" + hashA + "]\n    redirect_uris: [https://a.example.com/cb]\n",
		"windows": "clients:\r\n  - id: a\r\n    secret_hash: " + hashA + "\r\n    redirect_uris: [https://a.example.com/cb]\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			f := written(t, text)
			live := func() []string {
				doc, err := f.Read()
				if err != nil {
					t.Fatal(err)
				}
				return secretsOf(doc.Specs[0])
			}
			if _, err := f.DropSecret("a"); !errors.Is(err, ErrOneSecret) {
				t.Errorf("dropping the only one: %v", err)
			}
			if _, err := f.AddSecret("a", hashC); err != nil {
				t.Fatal(err)
			}
			if got := live(); !reflect.DeepEqual(got, []string{hashC, hashA}) {
				t.Errorf("after the first step %q:\n%s", got, textOf(t, f.File))
			}
			if _, err := f.AddSecret("a", hashB); !errors.Is(err, ErrTwoSecrets) || !strings.Contains(err.Error(), "--finish") {
				t.Errorf("a third: %v", err)
			}
			if _, err := f.DropSecret("a"); err != nil {
				t.Fatal(err)
			}
			if got := live(); !reflect.DeepEqual(got, []string{hashC}) {
				t.Errorf("after the second step %q:\n%s", got, textOf(t, f.File))
			}
			if strings.Contains(text, "May") && !strings.Contains(textOf(t, f.File), "of May") {
				t.Errorf("a comment is lost:\n%s", textOf(t, f.File))
			}
			if name == "text" && textOf(t, f.File) != strings.Replace(three, hashA, hashC, 1) {
				t.Errorf("more has changed than the hash:\n%s", textOf(t, f.File))
			}
		})
	}
	f := written(t, three)
	if _, err := f.DropSecret("b"); err != nil || !strings.Contains(textOf(t, f.File), hashA) || strings.Contains(textOf(t, f.File), hashB) {
		t.Errorf("of a list by hand: %v\n%s", err, textOf(t, f.File))
	}
}

// TestC10_AnEditFindsTheFile: of several, and is refused whole where it would leave a fault.
func TestC10_AnEditFindsTheFile(t *testing.T) {
	alone := "clients:\n  - id: x\n    secret_hash: " + hashA + "\n    redirect_uris: [https://x.example.com/cb]\n    audiences: [api]\n"
	api := "clients:\n  - id: api\n    secret_hash: " + hashB + "\n    resource_server: true\n"
	f := written(t, three, alone, api)
	file, err := f.AddSecret("x", hashC)
	if err != nil || filepath.Base(file) != "a.yaml" || textOf(t, f.File) != three {
		t.Errorf("%q, %v", file, err)
	}
	for _, c := range []struct {
		id   string
		want error
		say  string
	}{
		{"api", ErrStillNamed, `"x"`},
		{"X", ErrNoClient, "did you mean"},
		{"nobody", ErrNoClient, "known here: a, api, b, c, x"},
		{"", ErrNoClient, ""},
	} {
		if _, err := f.RemoveClient(c.id); !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.say) {
			t.Errorf("removing %q: %v", c.id, err)
		}
	}
	if _, err := f.AddSecret("c", hashC); !errors.Is(err, ErrPublic) {
		t.Errorf("a secret for a public client: %v", err)
	}
	if _, err := f.DropSecret("c"); !errors.Is(err, ErrPublic) {
		t.Errorf("dropping the secret of a public client: %v", err)
	}
	if _, err := f.RemoveClient("x"); err != nil {
		t.Error(err)
	}
	if _, err := f.RemoveClient("api"); err != nil {
		t.Error(err)
	}
	if _, err := written(t, "clients:\n  - naem: a\n").RemoveClient("a"); err == nil || !strings.Contains(err.Error(), "clients.yaml:2") {
		t.Errorf("in a file with a fault: %v", err)
	}
	if left, err := filepath.Glob(filepath.Join(f.Folder, ".*.yaml.*")); err != nil || len(left) > 0 {
		t.Errorf("left over: %q", left)
	}
}

// TestC6_SeveralClientsAreAddedOrNone: the clients of one app.
func TestC6_SeveralClientsAreAddedOrNone(t *testing.T) {
	f := written(t, three)
	public := func(id string) clients.Spec {
		return clients.Spec{ID: id, Public: true, RedirectURIs: []string{"https://" + id + ".example.com/cb"}}
	}
	if err := AddClient(f.File, public("new"), public("a")); !errors.Is(err, ErrClientExists) || textOf(t, f.File) != three {
		t.Errorf("%v\n%s", err, textOf(t, f.File))
	}
	if err := AddClient(f.File, public("new"), public("newer")); err != nil {
		t.Fatal(err)
	}
	doc, err := f.Read()
	if err != nil || !slices.Equal(idsOf(doc.Specs), []string{"a", "b", "c", "new", "newer"}) {
		t.Errorf("%v, %v", idsOf(doc.Specs), err)
	}
}

// FuzzC10_Edit: whatever the file, an edit does what it is for, or nothing.
func FuzzC10_Edit(f *testing.F) {
	f.Add(three)
	f.Add("clients: [{id: a, secret_hash: x}]\n")
	f.Add("clients:\n- id: a\n  name: |\n    long\n\n  secret_hashes:\n  - x\n  - y\n")
	f.Fuzz(func(t *testing.T, text string) {
		before, faults := parseClients("f", []byte(text), false)
		if len(faults) > 0 {
			return
		}
		for i, c := range before.Specs {
			id := c.ID
			gone, err := withEdit("f", []byte(text), id, func(clients.Spec) (*clients.Spec, error) { return nil, nil }, []editor{removeText, removeNode})
			if err != nil {
				continue
			}
			after, faults := parseClients("f", gone, false)
			if len(faults) > 0 || len(after.Specs) != len(before.Specs)-1 {
				t.Errorf("without the %d-th of\n%s\nit is\n%s\n%v", i, text, gone, faults)
			}
		}
	})
}
