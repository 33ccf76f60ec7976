// Package dingbridge_test holds the plan of the house and checks it against the
// code. Change the plan here first; docs/decisions says why it is as it is.
package dingbridge_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
)

const module = "github.com/dingbridge/dingbridge/"

// plan lists every room and the rooms it may use in production code. Arrows only
// fall: a room uses rooms above its own row and no others.
var plan = []struct {
	room string
	uses string
}{
	// Floor 1: the ground.
	{"storage", ""},
	{"storage/redis", "storage"},
	{"storage/bolt", "storage"},
	{"storage/storagetest", "storage"},
	{"dingtalk", ""},
	{"dingtalk/stream", ""},
	{"dingtalk/simulator", ""}, // knows nothing of its sibling
	{"keys/secret", ""},

	// Floor 2: the signing ring.
	{"keys", "keys/secret storage"},

	// Floor 3: the nouns, which never use one another,
	{"provider/audit", ""},
	{"provider/clients", ""},
	{"provider/pages", ""},
	{"provider/pages/chromium", ""}, // the browser that tests look with
	{"provider/people", "dingtalk keys/secret storage"},
	{"provider/sessions", "keys/secret storage"},
	{"provider/grants", "keys/secret storage"},
	{"provider/fleet", "storage"},
	{"provider/limits", ""},
	// the steps, which never call one another,
	{"provider/login", "provider/audit provider/clients provider/pages provider/people dingtalk keys/secret storage"},
	{"provider/device", "keys/secret storage"},
	{"provider/pushed", "keys/secret storage"},
	{"provider/logout", "provider/audit provider/clients"},
	{"provider/leavers", "provider/people dingtalk storage"},
	// and the hall that ties them.
	{"provider", "provider/audit provider/clients provider/device provider/grants provider/leavers provider/limits provider/login provider/logout provider/pages provider/people provider/pushed provider/sessions keys keys/secret storage dingtalk"},

	{"provider/conformance", ""}, // tests of the built program by the wire alone

	// Floor 4: the command.
	{"cmd/dingbridge/internal/bench", ""},      // measures the built program by the wire alone
	{"cmd/dingbridge/internal/systemtest", ""}, // tests of the built program by the wire alone
	{"cmd/dingbridge/internal/config", "provider/clients"},
	{"cmd/dingbridge/internal/preset", "provider/clients"},
	{"cmd/dingbridge/internal/doctor", "dingtalk dingtalk/stream storage/redis"},
	{"cmd/dingbridge/internal/admin", "provider provider/audit keys storage"},
	{"cmd/dingbridge/internal/telemetry", "provider/audit dingtalk keys storage"},
	{"cmd/dingbridge/internal/demoapp", ""}, // a relying party; it knows us by the wire alone
	{"cmd/dingbridge", "cmd/dingbridge/internal/admin cmd/dingbridge/internal/config cmd/dingbridge/internal/demoapp cmd/dingbridge/internal/doctor cmd/dingbridge/internal/preset cmd/dingbridge/internal/telemetry dingtalk dingtalk/simulator dingtalk/stream keys keys/secret provider provider/audit provider/clients provider/fleet provider/grants provider/leavers provider/limits provider/login provider/pages provider/people provider/sessions storage storage/bolt storage/redis"},
}

var (
	nouns = rooms("provider/audit provider/clients provider/fleet provider/grants provider/limits provider/pages provider/people provider/sessions")
	steps = rooms("provider/device provider/leavers provider/login provider/logout provider/pushed")
	// Rooms for tests and measurements only: nothing that runs in production uses them.
	testRooms = rooms("storage/storagetest provider/pages/chromium")
	// The simulator is for `demo`, `simulator` and tests.
	simulatorUsers = rooms("cmd/dingbridge")
)

// doors lists every third-party module and the rooms by which it enters
// production code; docs/decisions/dependencies.md says what for.
var doors = map[string][]string{
	"github.com/zitadel/oidc/v3":      rooms("provider"),
	"github.com/go-jose/go-jose":      rooms("keys"),
	"github.com/redis/go-redis":       rooms("storage/redis"),
	"go.etcd.io/bbolt":                rooms("storage/bolt"),
	"go.yaml.in/yaml":                 rooms("cmd/dingbridge/internal/config cmd/dingbridge/internal/preset dingtalk/simulator"),
	"github.com/spf13/cobra":          rooms("cmd/dingbridge"),
	"golang.org/x/sync":               rooms("provider/people"),
	"github.com/fsnotify/fsnotify":    rooms("cmd/dingbridge"),
	"github.com/prometheus":           rooms("cmd/dingbridge/internal/telemetry"),
	"go.opentelemetry.io/proto/otlp":  rooms("cmd/dingbridge/internal/telemetry"),
	"google.golang.org/protobuf":      rooms("cmd/dingbridge/internal/telemetry"),
	"github.com/coder/websocket":      rooms("dingtalk/simulator dingtalk/stream"),
	"github.com/mozillazg/go-pinyin":  nil, // tests only: its table is in people/pinyin.txt
	"golang.org/x/net":                nil, // tests only
	"golang.org/x/oauth2":             rooms("cmd/dingbridge/internal/demoapp"),
	"github.com/coreos/go-oidc":       rooms("cmd/dingbridge/internal/demoapp"),
	"github.com/chromedp":             nil,
	"github.com/rogpeppe/go-internal": nil,
}

// bans lists what production code never imports, and why.
var bans = map[string]string{
	"math/rand":         "what is random here guards something: crypto/rand",
	"math/rand/v2":      "what is random here guards something: crypto/rand",
	"text/template":     "pages escape: html/template",
	"unsafe":            "nothing here is worth it",
	"net/http/pprof":    "it registers itself on the default mux",
	"net/http/httptest": "it is for tests",
	"testing":           "it is for tests",
	"log":               "log/slog",
	"io/ioutil":         "io and os",
	"crypto/md5":        "broken",
	"crypto/sha1":       "broken",
	"encoding/gob":      "records are read by other versions",
}

// exceptions to the bans, by room: where nothing is guarded.
var exceptions = map[string]string{
	"dingtalk":           "math/rand/v2", // spreads retries
	"dingtalk/stream":    "math/rand/v2", // spreads retries
	"provider/logout":    "math/rand/v2", // spreads retries
	"dingtalk/simulator": "math/rand/v2", // ids that look like DingTalk's
}

// topLevel is all that may lie at the top of the repository.
var topLevel = strings.Fields(`
	.ci .git .gitattributes .github .gitignore
	CHANGELOG.md CONTRIBUTING.md LICENSE Makefile README.md README.zh-CN.md SECURITY.md
	architecture_test.go conformance_doc_test.go docs_commands_test.go docs_test.go docs_zh_test.go go.mod go.sum
	bin cmd deploy dingtalk docs keys provider storage`)

const longestFile = 400

var vagueNames = strings.Fields("base common core helper helpers lib manager misc model models pkg shared types util utils")

func rooms(names string) []string { return strings.Fields(names) }

// A pkg is what `go list -json` says of one package.
type pkg struct {
	ImportPath, Name, Dir             string
	GoFiles, CgoFiles, IgnoredGoFiles []string
	Imports                           []string
	TestImports, XTestImports         []string
}

func (p pkg) room() string { return strings.TrimPrefix(p.ImportPath, module) }

// packages returns every package that has production code.
func packages(t *testing.T) []pkg {
	t.Helper()
	all, err := listed()
	if err != nil {
		t.Fatal(err)
	}
	return all
}

var listed = sync.OnceValues(func() ([]pkg, error) {
	out, err := exec.Command("go", "list", "-json", "./...").Output()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return nil, fmt.Errorf("go list: %w\n%s", err, exit.Stderr)
	} else if err != nil {
		return nil, fmt.Errorf("go list: %w", err)
	}
	var all []pkg
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var p pkg
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return nil, fmt.Errorf("reading go list: %w", err)
		}
		if len(p.GoFiles) > 0 {
			all = append(all, p)
		}
	}
	if len(all) == 0 {
		return nil, errors.New("go list names no package")
	}
	return all, nil
})

func TestThePlanOnlyFalls(t *testing.T) {
	seen := map[string]bool{}
	for _, row := range plan {
		for _, used := range rooms(row.uses) {
			if !seen[used] {
				t.Errorf("the plan lets %s use %s, which is not above it", row.room, used)
			}
			if slices.Contains(nouns, row.room) && slices.Contains(nouns, used) {
				t.Errorf("the plan lets the noun %s use the noun %s", row.room, used)
			}
			if slices.Contains(steps, row.room) && slices.Contains(steps, used) {
				t.Errorf("the plan lets the step %s use the step %s", row.room, used)
			}
			if slices.Contains(testRooms, used) && !slices.Contains(testRooms, row.room) {
				t.Errorf("the plan lets %s use %s, which is for tests", row.room, used)
			}
			if used == "dingtalk/simulator" && !slices.Contains(simulatorUsers, row.room) {
				t.Errorf("the plan lets %s use the simulator", row.room)
			}
		}
		if seen[row.room] {
			t.Errorf("the plan has %s twice", row.room)
		}
		seen[row.room] = true
	}
}

func TestRoomsUseOnlyWhatThePlanLetsThem(t *testing.T) {
	allowed := map[string][]string{}
	for _, row := range plan {
		allowed[row.room] = rooms(row.uses)
	}
	built := map[string]bool{}
	for _, p := range packages(t) {
		room := p.room()
		built[room] = true
		uses, planned := allowed[room]
		if !planned {
			t.Errorf("%s is not in the plan", room)
			continue
		}
		for _, imported := range p.Imports {
			used, ours := strings.CutPrefix(imported, module)
			if ours && !slices.Contains(uses, used) {
				t.Errorf("%s must not use %s", room, used)
			}
			if why, banned := bans[imported]; banned && !slices.Contains(testRooms, room) && exceptions[room] != imported {
				t.Errorf("%s must not import %s: %s", room, imported, why)
			}
		}
		// Not even a test may bring the two readings of DingTalk's wire together
		// inside the simulator.
		if room == "dingtalk/simulator" {
			for _, imported := range slices.Concat(p.TestImports, p.XTestImports) {
				if imported == module+"dingtalk" || imported == module+"dingtalk/stream" {
					t.Errorf("the tests of %s must not import its sibling", room)
				}
			}
		}
	}
	for _, row := range plan {
		if !built[row.room] {
			t.Errorf("the plan has %s, which does not exist", row.room)
		}
	}
}

func TestThirdPartiesEnterByTheirDoors(t *testing.T) {
	for _, p := range packages(t) {
		for _, imported := range p.Imports {
			if !strings.Contains(strings.SplitN(imported, "/", 2)[0], ".") || strings.HasPrefix(imported, module) {
				continue
			}
			door, known := doorOf(imported)
			switch {
			case !known:
				t.Errorf("%s imports %s, which has no door in this file", p.room(), imported)
			case !slices.Contains(door, p.room()) && !slices.Contains(testRooms, p.room()):
				t.Errorf("%s imports %s, whose doors are %q", p.room(), imported, door)
			}
		}
		for _, imported := range slices.Concat(p.TestImports, p.XTestImports) {
			if !strings.Contains(strings.SplitN(imported, "/", 2)[0], ".") || strings.HasPrefix(imported, module) {
				continue
			}
			if _, known := doorOf(imported); !known {
				t.Errorf("a test of %s imports %s, which has no door in this file", p.room(), imported)
			}
		}
	}
}

func doorOf(imported string) ([]string, bool) {
	for prefix, door := range doors {
		if imported == prefix || strings.HasPrefix(imported, prefix+"/") {
			return door, true
		}
	}
	return nil, false
}

func TestEveryRoomHasItsPlate(t *testing.T) {
	for _, p := range packages(t) {
		room := p.room()
		if slices.Contains(vagueNames, p.Name) || slices.Contains(vagueNames, path.Base(room)) {
			t.Errorf("%s: the name says nothing", room)
		}
		file := filepath.Join(p.Dir, "doc.go")
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ParseComments|parser.PackageClauseOnly)
		if err != nil {
			t.Errorf("%s: %v", room, err)
			continue
		}
		opening := "Package " + p.Name + " "
		if p.Name == "main" {
			opening = "Command " + path.Base(room) + " "
			if doc := parsed.Doc.Text(); strings.HasPrefix(doc, "Dingbridge ") {
				opening = "Dingbridge " // the command of that name
			}
		}
		if !strings.HasPrefix(parsed.Doc.Text(), opening) {
			t.Errorf("%s: doc.go does not open with %q", room, opening)
		}
	}
}

// A map of a room is in its doc.go: lines that open with names of files.
var mapLine = regexp.MustCompile(`(?m)^\t((?:[a-z0-9_]+\.go ?)+)`)

func TestAMapOfARoomIsWhole(t *testing.T) {
	maps := 0
	for _, p := range packages(t) {
		source, err := parser.ParseFile(token.NewFileSet(), filepath.Join(p.Dir, "doc.go"), nil, parser.ParseComments|parser.PackageClauseOnly)
		if err != nil {
			continue // TestEveryRoomHasItsPlate says so
		}
		var named []string
		for _, match := range mapLine.FindAllStringSubmatch(source.Doc.Text(), -1) {
			named = append(named, strings.Fields(match[1])...)
		}
		if len(named) == 0 {
			continue
		}
		maps++
		for _, file := range named {
			if _, err := os.Stat(filepath.Join(p.Dir, file)); err != nil {
				t.Errorf("doc.go of %s has %s, which does not exist", p.room(), file)
			}
		}
		for _, file := range p.GoFiles {
			if file != "doc.go" && !slices.Contains(named, file) {
				t.Errorf("doc.go of %s does not have %s", p.room(), file)
			}
		}
	}
	if maps == 0 {
		t.Error("no map found in any doc.go")
	}
}

// A promise is a line of doc.go that opens with a letter and a number.
var promise = regexp.MustCompile(`(?m)^[\t -]*([A-Z]{1,2}[0-9]+)[:.]?\s`)

func TestEveryPromiseIsProvenByName(t *testing.T) {
	named := regexp.MustCompile(`(?:func (?:Test(?:Threat_D[0-9]+_)?|Fuzz)|")((?:[A-Z]{1,2}[0-9]+_)+)`)
	tests := map[string]map[string]bool{} // by room, the numbers in the names of its tests
	for file, source := range goFiles(t) {
		room := path.Dir(file)
		if !strings.HasSuffix(file, "_test.go") && !slices.Contains(testRooms, room) {
			continue
		}
		for _, match := range named.FindAllStringSubmatch(source, -1) {
			for number := range strings.SplitSeq(strings.TrimSuffix(match[1], "_"), "_") {
				if tests[room] == nil {
					tests[room] = map[string]bool{}
				}
				tests[room][number] = true
			}
		}
	}
	promises := 0
	for _, p := range packages(t) {
		source, err := parser.ParseFile(token.NewFileSet(), filepath.Join(p.Dir, "doc.go"), nil, parser.ParseComments|parser.PackageClauseOnly)
		if err != nil {
			continue // TestEveryRoomHasItsPlate says so
		}
		for _, match := range promise.FindAllStringSubmatch(source.Doc.Text(), -1) {
			number := match[1]
			promises++
			proven := false
			for room, numbers := range tests {
				// The suite for every back end proves what the contract promises.
				proven = proven || numbers[number] && (room == p.room() || strings.HasPrefix(room, p.room()+"/"))
			}
			if !proven {
				t.Errorf("%s promises %s, and no test of it is named after that", p.room(), number)
			}
		}
	}
	if promises == 0 {
		t.Error("no promise found in any doc.go")
	}
}

func TestFilesAreShortAndFinished(t *testing.T) {
	// Spelt apart, so that this file passes too.
	unfinished := regexp.MustCompile(`\b(TO` + `DO|FIX` + `ME|XX` + `X|HA` + `CK)\b`)
	for file, source := range goFiles(t) {
		lines := 0
		for scanner := bufio.NewScanner(strings.NewReader(source)); scanner.Scan(); {
			lines++
			if word := unfinished.FindString(scanner.Text()); word != "" {
				t.Errorf("%s:%d: %s: finish it, or open an issue", file, lines, word)
			}
		}
		if lines > longestFile && !strings.HasSuffix(file, "_test.go") {
			t.Errorf("%s has %d lines; %d is the longest a file may be", file, lines, longestFile)
		}
	}
}

func TestExportedNamesAreExplained(t *testing.T) {
	for file, source := range goFiles(t) {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, source, parser.ParseComments)
		if err != nil {
			t.Errorf("%s: %v", file, err)
			continue
		}
		for _, decl := range parsed.Decls {
			if name := unexplained(decl); name != "" {
				t.Errorf("%s: %s has no comment", file, name)
			}
		}
	}
}

// selfExplaining methods do what their interface in the standard library says.
var selfExplaining = strings.Fields("Error String GoString Unwrap LogValue")

// unexplained names an exported function, method or type that has no comment.
func unexplained(decl ast.Decl) string {
	switch decl := decl.(type) {
	case *ast.FuncDecl:
		if !decl.Name.IsExported() || decl.Doc.Text() != "" {
			return ""
		}
		if decl.Recv != nil && slices.Contains(selfExplaining, decl.Name.Name) {
			return ""
		}
		if decl.Recv != nil && !ast.IsExported(receiver(decl.Recv.List[0].Type)) {
			return ""
		}
		return decl.Name.Name
	case *ast.GenDecl:
		for _, spec := range decl.Specs {
			if spec, ok := spec.(*ast.TypeSpec); ok && spec.Name.IsExported() && decl.Doc.Text() == "" && spec.Doc.Text() == "" {
				return spec.Name.Name
			}
		}
	}
	return ""
}

func receiver(of ast.Expr) string {
	switch of := of.(type) {
	case *ast.StarExpr:
		return receiver(of.X)
	case *ast.IndexExpr:
		return receiver(of.X)
	case *ast.Ident:
		return of.Name
	}
	return ""
}

func TestNothingElseLiesAtTheTop(t *testing.T) {
	entries, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		if !slices.Contains(topLevel, entry.Name()) {
			t.Errorf("%s lies at the top; it has no place there", entry.Name())
		}
	}
}

// goFiles returns the source of every Go file, by slash-separated path.
func goFiles(t *testing.T) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && (name == ".git" || name == "bin" || entry.Name() == "node_modules"):
			return fs.SkipDir
		case entry.IsDir() || filepath.Ext(name) != ".go":
			return nil
		}
		source, err := os.ReadFile(name)
		if err != nil {
			return fmt.Errorf("reading the source: %w", err)
		}
		files[filepath.ToSlash(name)] = string(source)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}
