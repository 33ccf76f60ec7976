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
	"github.com/dingbridge/dingbridge/cmd/dingbridge/internal/preset"
	"github.com/dingbridge/dingbridge/provider/clients"
)

// TestExamplesAreWhatTheirCommandsMake: the commands in the README of each example make
// the entries that the example shows, but for the secret, and for tables of claims, which
// no flag has.
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
			t.Chdir(t.TempDir())
			for _, found := range command.FindAllSubmatch(text, -1) {
				// Quotes are round what the shell would take apart, and nothing has spaces in it.
				args := strings.Fields(strings.NewReplacer("\\\n", " ", `"`, "").Replace(string(found[1])))
				var out bytes.Buffer
				if code := run(args, &out, &out); code != exitOK {
					t.Fatalf("%q ends with %d: %s", args, code, out.String())
				}
			}
			made, shown := entries(t, "clients.yaml"), entries(t, filepath.Join(folder, "clients.yaml"))
			if len(made) != len(shown) {
				t.Fatalf("the README makes %d clients, the example has %d", len(made), len(shown))
			}
			for i := range made {
				if made[i].SecretHash == shown[i].SecretHash != made[i].Public || made[i].SecretHash == "" != made[i].Public {
					t.Errorf("the secret of %s is %q", made[i].ID, made[i].SecretHash)
				}
				made[i].SecretHash, shown[i].SecretHash, shown[i].Claims = "", "", nil
				if !reflect.DeepEqual(made[i], shown[i]) {
					t.Errorf("the command makes\n%+v\nand the example is\n%+v", made[i], shown[i])
				}
			}
		})
	}
}

// entries are the clients of a file.
func entries(t *testing.T, file string) []clients.Spec {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	d, err := config.ParseClients(file, data)
	if err != nil || len(d.Specs) == 0 {
		t.Fatalf("%s has no client: %v", file, err)
	}
	return d.Specs
}

// TestTheExampleOfApacheIsWhatItsPresetPrints, and has a part for a group beside it.
func TestTheExampleOfApacheIsWhatItsPresetPrints(t *testing.T) {
	raw, _ := preset.Named("apache")
	p, err := raw.For(preset.Values{Issuer: "https://sso.example.com", URL: "https://app.example.com", ID: "apache",
		Secret: "what dingbridge client add printed", Random: func() string { return "a long random text" }})
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join("..", "..", "deploy", "examples", "apache", "app.conf"))
	if err != nil || !strings.Contains(string(text), p.Files[0].Text) {
		t.Errorf("the example (%v) does not have what the preset prints:\n%s", err, p.Files[0].Text)
	}
}
