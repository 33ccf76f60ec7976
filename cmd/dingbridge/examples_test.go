package main

import (
	"bytes"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/dingbridge/dingbridge/cmd/dingbridge/internal/config"
	"github.com/dingbridge/dingbridge/provider/clients"
)

// TestExamplesAreWhatTheirCommandsMake: the command in the README of each example makes
// the entry that the example shows, but for the secret.
func TestExamplesAreWhatTheirCommandsMake(t *testing.T) {
	root, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	readmes, err := filepath.Glob(filepath.Join(root, "deploy", "examples", "*", "README.md"))
	if err != nil || len(readmes) == 0 {
		t.Fatalf("no example: %v", err)
	}
	command := regexp.MustCompile("(?s)```sh\n *dingbridge (client add .*?)```")
	for _, readme := range readmes {
		folder := filepath.Dir(readme)
		t.Run(filepath.Base(folder), func(t *testing.T) {
			text, err := os.ReadFile(readme)
			if err != nil {
				t.Fatal(err)
			}
			found := command.FindSubmatch(text)
			if found == nil {
				t.Fatal("the README has no `dingbridge client add`")
			}
			// Quotes are round what the shell would take apart, and nothing has spaces in it.
			args := strings.Fields(strings.NewReplacer("\\\n", " ", `"`, "").Replace(string(found[1])))
			t.Chdir(t.TempDir())
			var out bytes.Buffer
			if code := run(args, &out, &out); code != exitOK {
				t.Fatalf("%q ends with %d: %s", args, code, out.String())
			}
			made, shown := entry(t, "clients.yaml"), entry(t, filepath.Join(folder, "clients.yaml"))
			if made.SecretHash == shown.SecretHash || made.SecretHash == "" {
				t.Errorf("the secret is %q", made.SecretHash)
			}
			made.SecretHash, shown.SecretHash = "", ""
			if !reflect.DeepEqual(made, shown) {
				t.Errorf("the command makes\n%+v\nand the example is\n%+v", made, shown)
			}
		})
	}
}

// entry is the one client of a file.
func entry(t *testing.T, file string) clients.Spec {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	d, err := config.ParseClients(file, data)
	if err != nil || len(d.Specs) != 1 {
		t.Fatalf("%s has not one client: %v", file, err)
	}
	return d.Specs[0]
}
