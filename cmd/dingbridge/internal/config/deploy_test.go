package config

import (
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/dingbridge/dingbridge/provider/clients"
)

// root is the repository's, from this package.
var root = filepath.Join("..", "..", "..", "..")

func TestDeployConfigLoads(t *testing.T) {
	d, err := Load(filepath.Join(root, "deploy", "config.yaml"), nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := loadClients(d.File(d.Config.ClientsFile), &d.Config); err != nil {
		t.Error(err)
	}
}

// TestDeployConfigIsComplete takes the comment signs off the keys that deploy/
// explains: they must be known, and the values shown must be the defaults where
// there is one.
func TestDeployConfigIsComplete(t *testing.T) {
	data, err := os.ReadFile(filepath.Join(root, "deploy", "config.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	for line := range strings.Lines(string(data)) {
		if bare := strings.TrimLeft(line, " "); strings.HasPrefix(bare, "# ") && isKey(bare[2:]) {
			line = line[:len(line)-len(bare)] + bare[2:]
		}
		text.WriteString(line)
	}
	var c Config
	at, faults := decode("deploy/config.yaml", []byte(text.String()), &c)
	if err := faults.Err(); err != nil {
		t.Fatal(err)
	}
	var all Config
	defaults(&all, positions{})
	for path, pair := range map[string][2]any{
		"lives": {c.Lives, all.Lives}, "freshness": {c.Freshness, all.Freshness}, "keys": {c.Keys, all.Keys},
		"limits": {c.Limits, all.Limits}, "log": {c.Log, all.Log}, "listen": {c.Listen, all.Listen}, "drain_delay": {c.DrainDelay, all.DrainDelay},
		"dingtalk.timeout": {c.DingTalk.Timeout, all.DingTalk.Timeout}, "dingtalk.endpoints": {c.DingTalk.Endpoints, all.DingTalk.Endpoints},
	} {
		if pair[0] != pair[1] {
			t.Errorf("%s: deploy/config.yaml shows %v, the default is %v", path, pair[0], pair[1])
		}
	}
	for _, path := range paths(reflect.TypeFor[Config](), "") {
		if !at.given(path) {
			t.Errorf("deploy/config.yaml does not show %s", path)
		}
	}
}

// TestDeployClientsIsComplete does the same with the keys of a client.
func TestDeployClientsIsComplete(t *testing.T) {
	data, err := os.ReadFile(filepath.Join(root, "deploy", "clients.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	known := keys(reflect.TypeFor[clients.Spec]())
	var text strings.Builder
	for line := range strings.Lines(string(data)) {
		if bare, found := strings.CutPrefix(strings.TrimLeft(line, " "), "# "); found {
			if key, _, _ := strings.Cut(bare, ":"); slices.Contains(known, key) {
				line = line[:strings.Index(line, "# ")] + bare
			}
		}
		text.WriteString(line)
	}
	d, err := ParseClients("deploy/clients.yaml", []byte(text.String()))
	if err != nil {
		t.Fatal(err)
	}
	if _, faults := d.Set(); faults != nil {
		t.Error(faults)
	}
	for _, key := range known {
		if !d.places["clients"][0].at.given(join("clients[0]", key)) {
			t.Errorf("deploy/clients.yaml does not show %s", key)
		}
	}
}

// TestClientsManualIsComplete: docs/clients.md and its Chinese twin have a row for every key
// of a client and for no other, and their examples load.
func TestClientsManualIsComplete(t *testing.T) {
	for _, page := range []string{"docs/clients.md", "docs/zh/clients.md"} {
		t.Run(page, func(t *testing.T) { clientsManual(t, page) })
	}
}

func clientsManual(t *testing.T, page string) {
	text, err := os.ReadFile(filepath.Join(root, page))
	if err != nil {
		t.Fatal(err)
	}
	text = regexp.MustCompile("（在 (`[a-z]+`) 之下）").ReplaceAll(text, []byte(" (below $1)"))
	text = regexp.MustCompile("（属于 (`[a-z]+`)）").ReplaceAll(text, []byte(" (of $1)"))
	var written []string
	known := keys(reflect.TypeFor[clients.Spec]())
	for within, typ := range map[string]reflect.Type{
		" (below `allow`)": reflect.TypeFor[clients.Allow](), " (of `groups`)": reflect.TypeFor[clients.GroupSpec](),
		" (of `claims`)": reflect.TypeFor[clients.ClaimSpec](), " (of `from`)": reflect.TypeFor[clients.ClaimRow](),
	} {
		for _, key := range keys(typ) {
			if key != "everyone" { // written as `allow: everyone`
				known = append(known, key+within)
			}
		}
	}
	for _, row := range regexp.MustCompile("(?m)^\\| `([a-z_]+)`( \\((?:below|of) `[a-z]+`\\))? \\| .+ \\| (?:.+ )?\\|$").FindAllStringSubmatch(string(text), -1) {
		written = append(written, row[1]+row[2])
	}
	slices.Sort(known)
	slices.Sort(written)
	if !slices.Equal(written, known) {
		t.Errorf("%s has %q, the keys are %q", page, written, known)
	}
	examples := regexp.MustCompile("(?ms)^```yaml\n(.*?)^```$").FindAllStringSubmatch(string(text), -1)
	if len(examples) == 0 {
		t.Errorf("%s has no example", page)
	}
	for _, example := range examples {
		d, err := ParseClients(page, []byte(example[1]))
		if err != nil {
			t.Error(err)
			continue
		}
		if _, faults := d.Set(); faults != nil {
			t.Error(faults)
		}
	}
}

// paths are those of all values of a type, with one item in each list of maps.
func paths(typ reflect.Type, path string) (all []string) {
	switch {
	case typ.Kind() == reflect.Struct:
		for f := range typ.Fields() {
			all = append(all, paths(f.Type, join(path, f.Tag.Get("yaml")))...)
		}
		return all
	case typ.Kind() == reflect.Slice && typ.Elem().Kind() == reflect.Struct:
		return paths(typ.Elem(), item(path, 0))
	}
	return []string{path}
}

// isKey tells a line of YAML from a line of prose: it begins with a key that is
// known somewhere.
func isKey(text string) bool {
	key, rest, ok := strings.Cut(strings.TrimSpace(text), ":")
	return ok && (rest == "" || rest[0] == ' ') && slices.ContainsFunc(paths(reflect.TypeFor[Config](), ""), func(path string) bool {
		return slices.Contains(strings.FieldsFunc(path, func(r rune) bool { return r == '.' || r == '[' }), key)
	})
}

func TestDeployExampleClientsLoad(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(root, "deploy", "examples", "*", "clients.yaml"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no example clients: %v", err)
	}
	for _, file := range files {
		if _, err := loadClients(file, nil); err != nil {
			t.Error(err)
		}
	}
}
