package dingbridge_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// The documents are held to what they say: links resolve, files and tests that
// they name exist, commands run, configurations load, tables agree with the code.

func TestDocumentsLinkToWhatExists(t *testing.T) {
	link := regexp.MustCompile(`\]\(([^)\s]+)\)`)
	for file, text := range documents(t) {
		for _, match := range link.FindAllStringSubmatch(text, -1) {
			target, anchor, _ := strings.Cut(match[1], "#")
			if strings.Contains(target, "://") {
				continue
			}
			path := file
			if target != "" {
				path = filepath.Join(filepath.Dir(file), target)
			}
			source, err := os.ReadFile(path)
			if info, statErr := os.Stat(path); statErr == nil && info.IsDir() {
				continue
			}
			if err != nil {
				t.Errorf("%s links to %s: %v", file, match[1], err)
				continue
			}
			if anchor != "" && !slices.Contains(anchors(string(source)), anchor) {
				t.Errorf("%s links to %s, which has no such heading", file, match[1])
			}
		}
	}
}

// anchors returns what the headings of a document are linked by.
func anchors(text string) []string {
	var all []string
	for line := range strings.SplitSeq(text, "\n") {
		heading := strings.TrimLeft(line, "#")
		if heading == line || !strings.HasPrefix(heading, " ") {
			continue
		}
		kept := strings.Map(func(r rune) rune {
			switch {
			case r == ' ':
				return '-'
			case r == '-' || r == '_' || r > 127 || r >= '0' && r <= '9' || r >= 'a' && r <= 'z':
				return r
			}
			return -1
		}, strings.ToLower(strings.TrimSpace(heading)))
		all = append(all, kept)
	}
	return all
}

func TestDocumentsNameFilesThatExist(t *testing.T) {
	// What stands in backticks and looks like a file of ours.
	named := regexp.MustCompile("`((?:cmd|deploy|dingtalk|docs|keys|provider|storage|\\.ci)/[A-Za-z0-9_./-]*\\.[a-z]+)`")
	found := 0
	for file, text := range documents(t) {
		for _, match := range named.FindAllStringSubmatch(text, -1) {
			found++
			if _, err := os.Stat(match[1]); err != nil {
				t.Errorf("%s names %s: %v", file, match[1], err)
			}
		}
	}
	if found == 0 {
		t.Error("no document names a file; the expression above is out of date")
	}
}

func TestDocumentsNameTestsThatExist(t *testing.T) {
	named := regexp.MustCompile("`((?:Test|Fuzz)[A-Za-z0-9_]+)(?:/([A-Za-z0-9_]+))?`")
	var tests strings.Builder
	for file, source := range goFiles(t) {
		if strings.HasSuffix(file, "_test.go") || strings.HasPrefix(file, "storage/storagetest/") {
			tests.WriteString(source)
		}
	}
	found := 0
	for file, text := range documents(t) {
		for _, match := range named.FindAllStringSubmatch(text, -1) {
			found++
			if !strings.Contains(tests.String(), "func "+match[1]+"(") || match[2] != "" && !strings.Contains(tests.String(), `"`+match[2]+`"`) {
				t.Errorf("%s names %s, which does not exist", file, match[0])
			}
		}
	}
	if found == 0 {
		t.Error("no document names a test; the threat model should")
	}
}

func TestExamplesShowEveryKey(t *testing.T) {
	for example, types := range map[string]string{
		"deploy/config.yaml":  "cmd/dingbridge/internal/config/config.go",
		"deploy/clients.yaml": "provider/clients/spec.go",
	} {
		text, err := os.ReadFile(example)
		if err != nil {
			t.Fatal(err)
		}
		source, err := os.ReadFile(types)
		if err != nil {
			t.Fatal(err)
		}
		keys := regexp.MustCompile(`yaml:"([a-z_]+)"`).FindAllStringSubmatch(string(source), -1)
		if len(keys) == 0 {
			t.Errorf("no key found in %s", types)
		}
		for _, key := range keys {
			if key[1] == "everyone" {
				continue // written as `allow: everyone`
			}
			if !regexp.MustCompile(`(?m)^[#\s-]*` + key[1] + `:`).Match(text) {
				t.Errorf("%s does not show %s", example, key[1])
			}
		}
	}
}

func TestExampleConfigurationsLoad(t *testing.T) {
	dingbridge := build(t)
	read := func(name string) string {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	config, clients := read("deploy/config.yaml"), read("deploy/clients.yaml")
	cases := map[string][2]string{
		"deploy":  {config, clients},
		"grafana": {config, read("deploy/examples/grafana/clients.yaml")},
		"gitlab":  {config, read("deploy/examples/gitlab/clients.yaml")},
		"apache":  {config, read("deploy/examples/apache/clients.yaml")},
		"vue":     {config, read("deploy/examples/vue-django/clients.yaml")},
	}
	for _, name := range []string{"README.md", "README.zh-CN.md"} {
		files := map[string]string{}
		for _, block := range blocks(t, name) {
			if file, ok := strings.CutPrefix(block.mark, "file "); ok {
				files[file] = block.text
			}
		}
		cases[name] = [2]string{files["config.yaml"], files["clients.yaml"]}
	}
	for name, files := range cases {
		t.Run(name, func(t *testing.T) {
			dir := operatorFolder(t, dingbridge, files[0], files[1])
			out, err := check(t, dingbridge, dir)
			if err != nil {
				t.Errorf("check: %v\n%s", err, out)
			}
			// The same with a misspelt key must fail, or it was not read at all.
			dir = operatorFolder(t, dingbridge, files[0], strings.Replace(files[1], "redirect_uris:", "redirect_uri:", 1))
			if out, err := check(t, dingbridge, dir); err == nil {
				t.Errorf("a misspelt key passed:\n%s", out)
			}
		})
	}
}

func check(t *testing.T, dingbridge, dir string) (string, error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), dingbridge, "check", "--config", "config.yaml")
	cmd.Dir = dir
	// The examples name a Redis that is not here.
	cmd.Env = append(os.Environ(), "DINGBRIDGE_STORAGE=bolt://"+filepath.Join(dir, "state.db"))
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// operatorFolder is what an operator has after following the README.
func operatorFolder(t *testing.T, dingbridge, config, clients string) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "secrets"), 0o700); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"config.yaml":      config,
		"clients.yaml":     clients,
		"secrets/dingtalk": "the-secret-of-the-app-in-dingtalks-console\n",
	} {
		if text == "" {
			t.Fatalf("there is no %s to try", name)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	made := exec.CommandContext(t.Context(), dingbridge, "secret", "new", filepath.Join(dir, "secrets", "dingbridge"))
	if out, err := made.CombinedOutput(); err != nil {
		t.Fatalf("secret new: %v\n%s", err, out)
	}
	return dir
}

func TestReadmeCommandsRun(t *testing.T) {
	dingbridge := build(t)
	ran := 0
	for _, block := range blocks(t, "README.md") {
		switch block.mark {
		case "run":
			ran++
			cmd := exec.CommandContext(t.Context(), "sh", "-euc", block.text)
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("%s: %v\n%s", block.text, err, out)
			}
		case "run until ready":
			ran++
			arguments, ok := strings.CutPrefix(strings.TrimSpace(block.text), "go run ./cmd/dingbridge ")
			if !ok {
				t.Errorf("not a command of ours: %s", block.text)
				continue
			}
			// On free ports, since the usual ones may be taken where tests run.
			runUntilReady(t, dingbridge, append(strings.Fields(arguments),
				"--listen", "127.0.0.1:0", "--simulator-listen", "127.0.0.1:0", "--app-listen", "127.0.0.1:0"))
		}
	}
	if ran < 2 {
		t.Errorf("%d commands ran; the marks in the README are gone", ran)
	}
}

// runUntilReady starts a command, waits for its ready line and ends it in order.
func runUntilReady(t *testing.T, program string, arguments []string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, arguments...)
	cmd.Dir = t.TempDir()
	var log bytes.Buffer
	cmd.Stderr = &log
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ready := false
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if strings.HasPrefix(lines.Text(), "ready issuer=http://127.0.0.1:") {
			ready = true
			if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
				t.Error(err)
			}
		}
	}
	err = cmd.Wait()
	if !ready || err != nil {
		t.Errorf("%s %s: ready %t, ended with %v\n%s", filepath.Base(program), strings.Join(arguments, " "), ready, err, log.String())
	}
}

func TestTheReadmesSayTheSame(t *testing.T) {
	english, chinese := blocks(t, "README.md"), blocks(t, "README.zh-CN.md")
	comment := regexp.MustCompile(`(?m)\s+#.*$`)
	for i := range max(len(english), len(chinese)) {
		if i >= len(english) || i >= len(chinese) {
			t.Fatalf("README.md has %d blocks of code, README.zh-CN.md %d", len(english), len(chinese))
		}
		if english[i].language == "" {
			continue // the drawing
		}
		en, zh := comment.ReplaceAllString(english[i].text, ""), comment.ReplaceAllString(chinese[i].text, "")
		if en != zh || english[i].mark != chinese[i].mark {
			t.Errorf("block %d differs:\n%s\n%s", i+1, en, zh)
		}
	}
	count := func(name, pattern string) int {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		return len(regexp.MustCompile(pattern).FindAll(text, -1))
	}
	for what, pattern := range map[string]string{
		"headings": `(?m)^#+ `, "table rows": `(?m)^ *\|`, "list items": `(?m)^ *(-|\d\.) `, "links": `\]\(`,
	} {
		if en, zh := count("README.md", pattern), count("README.zh-CN.md", pattern); en != zh {
			t.Errorf("README.md has %d %s, README.zh-CN.md %d", en, what, zh)
		}
	}
}

// A block is a fenced piece of a document, with the comment before it.
type block struct{ mark, language, text string }

var fence = regexp.MustCompile("(?ms)(?:^<!-- ([^\n]*) -->\n)?^ *```([a-z]*)\n(.*?)^ *```$")

func blocks(t *testing.T, file string) []block {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var all []block
	for _, match := range fence.FindAllStringSubmatch(string(text), -1) {
		all = append(all, block{match[1], match[2], match[3]})
	}
	return all
}

// documents returns every Markdown file, by path.
func documents(t *testing.T) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := filepath.WalkDir(".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && (name == ".git" || entry.Name() == "node_modules"):
			return fs.SkipDir
		case filepath.Ext(name) != ".md":
			return nil
		}
		text, err := os.ReadFile(name)
		if err != nil {
			return fmt.Errorf("reading a document: %w", err)
		}
		all[name] = string(text)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(all) == 0 {
		t.Fatal("no document found")
	}
	return all
}

// build makes the program, once for all tests.
func build(t *testing.T) string {
	t.Helper()
	program, err := built()
	if err != nil {
		t.Fatal(err)
	}
	return program
}

var scratch string // removed by TestMain

var built = sync.OnceValues(func() (string, error) {
	program := filepath.Join(scratch, "dingbridge")
	if out, err := exec.Command("go", "build", "-o", program, "./cmd/dingbridge").CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build: %w\n%s", err, out)
	}
	return program, nil
})

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "dingbridge-docs-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	scratch = dir
	code := m.Run()
	if err := os.RemoveAll(dir); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func TestEveryAttackHasATest(t *testing.T) {
	text, err := os.ReadFile("docs/threat-model.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := 0
	for line := range strings.SplitSeq(string(text), "\n") {
		cells := strings.Split(strings.Trim(line, "| "), " | ")
		if !strings.HasPrefix(line, "|") || len(cells) != 3 || strings.HasPrefix(line, "|---") || cells[2] == "tests" {
			continue
		}
		rows++
		if !strings.HasPrefix(cells[2], "`") || strings.Contains(cells[2], "…") {
			t.Errorf("no test is named for %q", cells[0])
		}
	}
	if rows < 20 {
		t.Errorf("%d attacks found; the tables have changed their form", rows)
	}
}

func TestEveryDependencyIsExplained(t *testing.T) {
	text, err := os.ReadFile("docs/decisions/dependencies.md")
	if err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(t.Context(), "go", "list", "-m", "-f", "{{if not (or .Main .Indirect)}}{{.Path}}{{end}}", "all").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	direct := strings.Fields(string(out))
	if len(direct) == 0 {
		t.Fatal("go list names no dependency")
	}
	for _, module := range direct {
		if !strings.Contains(string(text), "`"+module+"`") {
			t.Errorf("docs/decisions/dependencies.md does not say what %s is for", module)
		}
		if _, known := doorOf(module); !known {
			t.Errorf("%s has no door in architecture_test.go", module)
		}
	}
}
