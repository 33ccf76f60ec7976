package config

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

const oneApp = "clients:\n  - {id: %s, public: true, redirect_uris: [\"https://a.example.com/cb\"], allow: everyone}\n"

// laid writes files into a folder, clients.d among them, and says where they are.
func laid(t *testing.T, files map[string]string) ClientFiles {
	t.Helper()
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "clients.d"), 0o700); err != nil {
		t.Fatal(err)
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	f := ClientFiles{Folder: filepath.Join(dir, "clients.d")}
	if _, there := files["clients.yaml"]; there {
		f.File = filepath.Join(dir, "clients.yaml")
	}
	return f
}

func TestC9_AFolderAndTheFileAreOneSet(t *testing.T) {
	app := func(id string) string { return fmt.Sprintf(oneApp, id) }
	f := laid(t, map[string]string{
		"clients.yaml":           app("main"),
		"clients.d/20-b.yaml":    strings.Replace(app("b"), "everyone", "{groups: [staff]}", 1),
		"clients.d/10-a.yaml":    app("a"),
		"clients.d/30.yaml":      "groups:\n  - {name: staff, departments: [1]}\n", // groups alone
		"clients.d/.hidden.yaml": "not: [read",
		"clients.d/10-a.yaml~":   "not: [read",
		"clients.d/#10-a.yaml#":  "not: [read",
		"clients.d/#x.yaml":      "not: [read",
		"clients.d/a.yaml.bak":   "not: [read",
		"clients.d/.a.yaml.swp":  "not: [read",
		"clients.d/4913":         "",
		"clients.d/README":       "ours",
	})
	if err := os.Mkdir(filepath.Join(f.Folder, "team"), 0o700); err != nil {
		t.Fatal(err)
	}
	set, err := f.Load(nil)
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for c := range set.All() {
		ids = append(ids, c.ID)
	}
	if !slices.Equal(ids, []string{"main", "a", "b"}) {
		t.Errorf("the clients are %v", ids)
	}
	doc, err := f.Read()
	if err != nil {
		t.Fatal(err)
	}
	if file, line := doc.FileOf(2); filepath.Base(file) != "20-b.yaml" || line != 2 {
		t.Errorf("the third client is said to be in %s:%d", file, line)
	}
	inside := ClientFiles{File: filepath.Join(f.Folder, "10-a.yaml"), Folder: f.Folder}
	if doc, err := inside.Read(); err != nil || len(doc.Specs) != 2 {
		t.Errorf("clients.yaml in the folder itself: %v", err)
	}
}

func TestC9_FaultsNameFileAndLine(t *testing.T) {
	app := func(id string) string { return fmt.Sprintf(oneApp, id) }
	for name, tc := range map[string]struct {
		files map[string]string
		want  []string
	}{
		"two faults in two files": {
			map[string]string{"clients.yaml": app("a") + "  - {id: b, secret_hash: x}\n", "clients.d/c.yaml": strings.Replace(app("c"), "public", "colour: red, public", 1)},
			[]string{"clients.d/c.yaml:2: clients[0].colour: ", "clients.yaml:3: clients[1].secret_hash: ", "clients.yaml:3: clients[1].redirect_uris: "},
		},
		"an id twice": {
			map[string]string{"clients.yaml": app("x") + strings.TrimPrefix(app("a"), "clients:\n"), "clients.d/b.yaml": app("b") + strings.TrimPrefix(app("A"), "clients:\n")},
			[]string{"clients.d/b.yaml:3: clients[1].id: the id is that of clients[1] in DIR/clients.yaml:3; "},
		},
		"a group twice": {
			map[string]string{"clients.d/a.yaml": "groups:\n  - {name: ops, departments: [1]}\n", "clients.d/b.yaml": "groups:\n  - {name: ops, departments: [2]}\n"},
			[]string{"clients.d/b.yaml:2: groups[0].name: the name is that of groups[0] in DIR/clients.d/a.yaml:2; "},
		},
		"an id twice in one file": {
			map[string]string{"clients.d/a.yaml": app("z"), "clients.d/b.yaml": app("a") + strings.TrimPrefix(app("a"), "clients:\n")},
			[]string{"clients.d/b.yaml:3: clients[1].id: the id is that of clients[0]; "},
		},
		"one is no YAML, and another names what is in it": {
			map[string]string{"clients.d/a.yaml": strings.Replace(app("a"), "allow", "audiences: [api], allow", 1), "clients.d/b.yaml": "clients:\n\t- {id: api}\n"},
			[]string{"clients.d/b.yaml:2: is not YAML: "},
		},
		"an empty file, as one that is being written": {
			map[string]string{"clients.yaml": app("a"), "clients.d/b.yaml": ""},
			[]string{"clients.d/b.yaml:1: clients: is missing; "},
		},
		"another ending":     {map[string]string{"clients.d/b.yml": app("b")}, []string{"clients.d/b.yml: would not be read; "}},
		"an empty folder":    {nil, []string{"clients.d: has no file "}},
		"groups stand alone": {map[string]string{"clients.d/a.yaml": "groups: []\nclient: []\n"}, []string{"clients.d/a.yaml:2: client: is not a known key; "}},
	} {
		t.Run(name, func(t *testing.T) {
			f := laid(t, tc.files)
			dir := filepath.Dir(f.Folder)
			set, err := f.Load(nil)
			if set != nil {
				t.Error("there is a set in spite of the faults")
			}
			var got []string
			for _, line := range lines(err) {
				got = append(got, strings.TrimPrefix(strings.ReplaceAll(line, dir, "DIR"), "DIR/"))
			}
			if !slices.EqualFunc(got, tc.want, strings.HasPrefix) {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(tc.want, "\n"))
			}
		})
	}
	gone := ClientFiles{Folder: filepath.Join(t.TempDir(), "gone")}
	if _, err := gone.Load(nil); err == nil || !strings.Contains(err.Error(), "gone: there is no such folder; ") {
		t.Errorf("a folder that is not there: %v", err)
	}
}

func TestC9_WhatChangesWhileItIsReadIsReadAgain(t *testing.T) {
	file := filepath.Join(t.TempDir(), "clients.yaml")
	if err := os.WriteFile(file, []byte("a"), 0o600); err != nil {
		t.Fatal(err)
	}
	look := func() Look { return LookAt(file) }
	reads := 0
	if !Settled(look, func() {
		if reads++; reads < 3 {
			if err := os.WriteFile(file, []byte(strings.Repeat("a", reads+1)), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}) || reads != 3 {
		t.Errorf("it was read %d times", reads)
	}
	var n atomic.Int64
	if Settled(look, func() { _ = os.Chtimes(file, time.Time{}, time.Unix(n.Add(1), 0)) }) {
		t.Error("a file that never rests was taken")
	}
}

func TestC9_ALookSeesEveryKindOfChange(t *testing.T) {
	dir := t.TempDir()
	file, other := filepath.Join(dir, "a"), filepath.Join(dir, "b")
	moment := time.Unix(1_700_000_000, 0)
	put := func(name, text string) {
		if err := errors.Join(os.WriteFile(name, []byte(text), 0o600), os.Chtimes(name, moment, moment)); err != nil {
			t.Fatal(err)
		}
	}
	put(file, "one")
	before := LookAt(file)
	if !before.Same(LookAt(file)) {
		t.Error("nothing happened")
	}
	put(other, "two") // of the same length and time
	if err := os.Rename(other, file); err != nil {
		t.Fatal(err)
	}
	after := LookAt(file)
	if after.Same(before) {
		t.Error("a rename over it was not seen")
	}
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	if gone := LookAt(file); gone.Same(after) || !gone.Same(LookAt(file)) {
		t.Error("its removal was not seen, or again and again")
	}
}

// FuzzClientFiles: whatever two files hold, each fault is in a line of one of them, and a
// set has the clients of both.
func FuzzClientFiles(f *testing.F) {
	app := fmt.Sprintf(oneApp, "a")
	f.Add([]byte(app), []byte(app))
	f.Add([]byte("groups:\n  - {name: ops, departments: [1]}\n"), []byte("groups:\n  - {name: OPS, roles: [1]}\n"))
	f.Add([]byte(strings.Replace(app, "allow", "audiences: [b], allow", 1)), []byte("clients:\n  - {id: b, colour: red"))
	f.Fuzz(func(t *testing.T, one, two []byte) {
		whole := new(ClientsDocument)
		var faults Faults
		count := 0
		for name, data := range map[string][]byte{"one.yaml": one, "two.yaml": two} {
			d, wrong := parseClients(name, data, false)
			whole.add(d)
			faults = append(faults, wrong...)
			count += len(d.Specs)
		}
		set, wrong := whole.Set()
		wrong = append(wrong, whole.organisations([]string{"ding1", "ding2"})...)
		wrong = append(wrong, whole.substitutes(Claims{})...)
		for _, fault := range append(faults, wrong...) {
			if (fault.File != "one.yaml" && fault.File != "two.yaml") || fault.Line < 1 {
				t.Errorf("a fault in no line: %v", fault)
			}
		}
		for i := range whole.Specs {
			if file, line := whole.FileOf(i); file == "" || line < 1 {
				t.Errorf("client %d is nowhere", i)
			}
		}
		if set != nil && len(slices.Collect(set.All())) != count {
			t.Error("a client is missing")
		}
	})
}
