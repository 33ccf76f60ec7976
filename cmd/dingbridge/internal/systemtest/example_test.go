package systemtest

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/dingbridge/dingbridge/provider/clients"
)

// example is a file of deploy/examples as an operator has it in the end. replace are
// pairs: what the example says, and what it is here.
func example(t *testing.T, app, file string, replace ...string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "..", "..", "deploy", "examples", app, file))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+1 < len(replace); i += 2 {
		if !strings.Contains(string(text), replace[i]) {
			t.Fatalf("the example %s/%s does not say %q", app, file, replace[i])
		}
	}
	return strings.NewReplacer(replace...).Replace(string(text))
}

var secretHash = regexp.MustCompile(`sha256:[A-Za-z0-9_-]{43}`)

// register adds the client of an example to the world, before it serves, and returns
// the client's secret.
func (w *world) register(t *testing.T, name string, replace ...string) string {
	t.Helper()
	_, entries, ok := strings.Cut(example(t, name, "clients.yaml", replace...), "\nclients:\n")
	if !ok || !secretHash.MatchString(entries) {
		t.Fatalf("the entry of %s is not one that a secret can be put into:\n%s", name, entries)
	}
	secret, hash := clients.GenerateSecret()
	w.addClients(t, secretHash.ReplaceAllLiteralString(entries, hash))
	return secret
}

// addClients writes more entries of clients.yaml, before the world serves.
func (w *world) addClients(t *testing.T, entries string) {
	t.Helper()
	before, err := os.ReadFile(filepath.Join(w.folder, "clients.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	w.write("clients.yaml", string(before)+entries)
}
