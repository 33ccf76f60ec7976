package systemtest

import (
	"context"
	"errors"
	"fmt"
	"html"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestE60_ANewcomersWalk does what docs/walk.md says, in a clean clone and in the order in
// which it says it, and sees what it says is seen. The Chinese page has the same commands.
//
// One thing alone is replaced: of the addresses 127.0.0.1:8080 to 8083 the port, by a free one.
func TestE60_ANewcomersWalk(t *testing.T) {
	othersAtWork(t) // a clean clone is compiled anew
	t.Parallel()
	steps := walkSteps(t)
	w := &walker{t: t, folder: clone(t), ports: map[string]string{}, running: map[string]*errand{}, browsers: map[string]*person{}}
	began := time.Now()
	for _, s := range steps {
		since := time.Now()
		if err := w.step(s); err != nil {
			t.Fatalf("<!-- %s -->\n%s\n%v", s.mark, s.text, err)
		}
		title, _, _ := strings.Cut(s.text, "\n")
		t.Logf("%6.1f s  %s: %s", time.Since(since).Seconds(), s.mark, title)
	}
	t.Logf("%6.1f s  in all, but for reading and typing", time.Since(began).Seconds())
}

// A walkStep is a block of the page with the mark before it. What a person sees may be told
// in other words in the Chinese page: in chinese.
type walkStep struct{ mark, text, chinese string }

// walkSteps are those of both pages, which must agree.
func walkSteps(t *testing.T) (steps []walkStep) {
	t.Helper()
	steps, chinese := walkPage(t, "docs/walk.md"), walkPage(t, "docs/zh/walk.md")
	if len(steps) != len(chinese) {
		t.Fatalf("the English page has %d blocks, the Chinese one %d", len(steps), len(chinese))
	}
	for i, zh := range chinese {
		seen := strings.Contains(zh.mark, " browser opens ") || zh.mark == "prints"
		if zh.mark != steps[i].mark || zh.text != steps[i].text && !seen {
			t.Errorf("block %d differs:\n%s\n%s\n\n%s\n%s", i+1, steps[i].mark, steps[i].text, zh.mark, zh.text)
		}
		steps[i].chinese = zh.text
	}
	return steps
}

var walkBlock = regexp.MustCompile("(?ms)(?:^<!-- ([^\n]*) -->\n)?^ *```[a-z]*\n(.*?)^ *```$")

func walkPage(t *testing.T, file string) (steps []walkStep) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "..", "..", filepath.FromSlash(file)))
	if err != nil {
		t.Fatal(err)
	}
	for _, match := range walkBlock.FindAllStringSubmatch(string(text), -1) {
		steps = append(steps, walkStep{mark: match[1], text: match[2]})
	}
	if len(steps) < 20 {
		t.Fatalf("%s has %d blocks; the marks have changed their form", file, len(steps))
	}
	return steps
}

// A walker is whoever does what the page says.
type walker struct {
	t        *testing.T
	folder   string // in which the next command is given, as the last one left it
	ports    map[string]string
	said     string             // by the last command that ended
	running  map[string]*errand // what stays, by its command
	browsers map[string]*person
}

// An errand is a command that stays.
type errand struct {
	cmd   *exec.Cmd
	out   firstLine
	log   *os.File
	ended chan struct{}
}

var (
	printedPort = regexp.MustCompile(`127\.0\.0\.1:(808[0-3])`)
	endsWith    = regexp.MustCompile(`^run, ends with (\d+)$`)
	ordered     = regexp.MustCompile(`^curl -X POST (\S+)\n$`)
	browserStep = regexp.MustCompile(`^the (\w+) browser opens (\S+) and (\w+) scans$`)
)

// step does one block of the page. There is none that nobody does: a mark that is not
// known, or no mark, is an error.
func (w *walker) step(s walkStep) error {
	text := w.here(s.text)
	switch file, isFile := strings.CutPrefix(s.mark, "file "); {
	case s.mark == "run":
		return w.run(text, 0)
	case s.mark == "run when all has ended":
		for command := range w.running {
			if err := w.end(command); err != nil {
				return err
			}
		}
		return w.run(text, 0)
	case endsWith.MatchString(s.mark):
		code, _ := strconv.Atoi(endsWith.FindStringSubmatch(s.mark)[1])
		return w.run(text, code)
	case s.mark == "run until ready":
		return w.start(text)
	case isFile:
		return os.WriteFile(filepath.Join(w.folder, file), []byte(text), 0o644)
	case s.mark == "prints":
		return errors.Join(w.printed(text), w.printed(w.here(s.chinese)))
	case browserStep.MatchString(s.mark):
		m := browserStep.FindStringSubmatch(s.mark)
		return w.browse(m[1], w.here(m[2]), m[3], text, w.here(s.chinese))
	}
	return errors.New("nobody knows what to do with this block")
}

// here puts free ports in the place of those that are printed, each when it is first met.
func (w *walker) here(text string) string {
	return printedPort.ReplaceAllStringFunc(text, func(printed string) string {
		if w.ports[printed] == "" {
			w.ports[printed] = "127.0.0.1:" + freePort(w.t)
		}
		return w.ports[printed]
	})
}

// command is what is printed, in a shell, as a process group of its own, which a Ctrl-C reaches.
func (w *walker) command(ctx context.Context, text string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "sh", "-euc", text)
	cmd.Dir, cmd.SysProcAttr = w.folder, &syscall.SysProcAttr{Setpgid: true}
	// A newcomer has set none of ours, and waits longer for an answer than the default
	// where the machine is busy.
	cmd.Env = append(slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "DINGBRIDGE_") }),
		"DINGBRIDGE_DINGTALK_TIMEOUT=30s")
	return cmd
}

// run does what ends by itself. The next command is given where this one went.
func (w *walker) run(text string, code int) error {
	if order := ordered.FindStringSubmatch(text); order != nil {
		if _, err := exec.LookPath("curl"); err != nil {
			return w.order(order[1])
		}
	}
	went := filepath.Join(w.t.TempDir(), "went")
	cmd := w.command(w.t.Context(), text+"\npwd > '"+went+"'\n")
	out, err := cmd.CombinedOutput()
	if w.said = string(out); cmd.ProcessState == nil || cmd.ProcessState.ExitCode() != code {
		return fmt.Errorf("it was to end with %d: %w\n%s%s", code, err, out, w.logs())
	}
	if to, err := os.ReadFile(went); err == nil {
		w.folder = strings.TrimSpace(string(to))
	}
	return nil
}

// order is what curl would do, where there is none.
func (w *walker) order(address string) error {
	req, err := http.NewRequestWithContext(w.t.Context(), http.MethodPost, address, nil)
	if err != nil {
		return err
	}
	s, err := newPerson().do(req)
	if err == nil && s.status != http.StatusOK {
		err = fmt.Errorf("%s: %d", address, s.status)
	}
	return err
}

// start does what stays, until its first line says that it is ready. The same command once
// more replaces the one before.
func (w *walker) start(text string) error {
	if err := w.end(text); err != nil {
		return err
	}
	log, err := os.Create(filepath.Join(w.t.TempDir(), "log"))
	if err != nil {
		return err
	}
	e := &errand{cmd: w.command(context.Background(), text), out: firstLine{there: make(chan struct{})}, log: log, ended: make(chan struct{})}
	e.cmd.Stdout, e.cmd.Stderr = &e.out, log
	if err := e.cmd.Start(); err != nil {
		return err
	}
	go func() {
		_ = e.cmd.Wait() // how it ended is of no interest
		close(e.ended)
	}()
	w.t.Cleanup(func() {
		_ = syscall.Kill(-e.cmd.Process.Pid, syscall.SIGKILL) // gone already, as a rule
		<-e.ended
		log.Close()
	})
	w.running[text] = e
	select {
	case <-e.out.there:
		if !strings.HasPrefix(e.out.String(), "ready") {
			return fmt.Errorf("its first line is %q", e.out.String())
		}
		return nil
	case <-e.ended:
		return fmt.Errorf("it ended before it was ready%s", w.logs())
	case <-time.After(10 * patience): // it may have to be compiled first
		return fmt.Errorf("it is not ready%s", w.logs())
	}
}

// end is a Ctrl-C in the terminal of a command that stays.
func (w *walker) end(text string) error {
	e := w.running[text]
	if e == nil {
		return nil
	}
	delete(w.running, text)
	if err := syscall.Kill(-e.cmd.Process.Pid, syscall.SIGINT); err != nil {
		return fmt.Errorf("a Ctrl-C for %s: %w", text, err)
	}
	select {
	case <-e.ended:
		return nil
	case <-time.After(2 * patience):
		return fmt.Errorf("a Ctrl-C does not end %s%s", text, w.logs())
	}
}

// logs is what all that stays has logged so far.
func (w *walker) logs() string {
	var all strings.Builder
	for command, e := range w.running {
		text, _ := os.ReadFile(e.log.Name())
		fmt.Fprintf(&all, "\n%s\n%s", command, text)
	}
	return all.String()
}

// printed: each line of text is one that the last command printed.
func (w *walker) printed(text string) error {
	lines := strings.Split(w.said, "\n")
	for line := range strings.Lines(text) {
		if !slices.Contains(lines, strings.TrimSuffix(line, "\n")) {
			return fmt.Errorf("not printed: %s\nbut:\n%s", line, w.said)
		}
	}
	return nil
}

// browse opens an address in one of the browsers, until what is there is what is shown in
// both pages: what was ordered takes effect a moment later.
func (w *walker) browse(name, address, who string, shown ...string) error {
	p := w.browsers[name]
	if p == nil {
		p = newPerson()
		w.browsers[name] = p
	}
	var text string
	var err error
	for deadline := time.Now().Add(2 * patience); time.Now().Before(deadline); time.Sleep(250 * time.Millisecond) {
		if text, err = openAs(w.t.Context(), p, address, who); err != nil {
			continue
		}
		if !slices.ContainsFunc(shown, func(block string) bool { return !shows(text, block) }) {
			return nil
		}
	}
	return fmt.Errorf("%s shows, by %q: %v\n%s%s", address, p.passed, err, text, w.logs())
}

// openAs is the text of the page to which an address leads. Where DingTalk asks who scans,
// it is who; nobody: it must not ask.
func openAs(ctx context.Context, p *person, address, who string) (string, error) {
	const nowhere = "nowhere:"
	s, err := p.follow(ctx, address, nowhere)
	if err == nil && strings.Contains(s.body, `name="decision"`) {
		at := p.passed[len(p.passed)-1]
		if who == "nobody" {
			return "", fmt.Errorf("DingTalk asks who scans, at %s", at)
		}
		form := url.Values{"userid": {who}, "decision": {"approve"}}
		req, fault := http.NewRequestWithContext(ctx, http.MethodPost, at, strings.NewReader(form.Encode()))
		if fault != nil {
			return "", fault
		}
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		if s, err = p.do(req); err == nil && s.location != "" {
			s, err = p.follow(ctx, s.location, nowhere)
		}
	}
	return html.UnescapeString(unseen.ReplaceAllLiteralString(s.body, "")), err
}

var unseen = regexp.MustCompile(`(?s)<style.*?</style>|<[^>]*>`)

// shows: the text has each line of the block; all of them at once, if it is JSON.
func shows(text, block string) bool {
	if strings.HasPrefix(strings.TrimSpace(block), `"`) || strings.HasPrefix(block, "{") {
		return strings.Contains(text, strings.TrimRight(block, "\n"))
	}
	for line := range strings.Lines(block) {
		if !strings.Contains(text, strings.TrimSpace(line)) {
			return false
		}
	}
	return true
}

// clone is a clean clone of this repository's last commit or, where there is none to be
// had, a copy of its files.
func clone(t *testing.T) string {
	t.Helper()
	root, err := filepath.Abs(filepath.Join("..", "..", "..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	// The same folder each time, unless somebody has it: what was compiled there once is not
	// compiled again.
	to := filepath.Join(os.TempDir(), "dingbridge-walk")
	if err := os.Mkdir(to, 0o700); err != nil {
		to = t.TempDir()
	} else {
		t.Cleanup(func() { os.RemoveAll(to) })
	}
	cmd := exec.CommandContext(t.Context(), "git", "clone", "-q", "--shared", root, to)
	// The files may belong to another user than the one who tests.
	cmd.Env = append(os.Environ(), "GIT_CONFIG_COUNT=1", "GIT_CONFIG_KEY_0=safe.directory", "GIT_CONFIG_VALUE_0=*")
	out, err := cmd.CombinedOutput()
	if err == nil {
		return to
	}
	t.Logf("git clone: %v\n%s", err, out)
	err = filepath.WalkDir(root, func(name string, entry fs.DirEntry, err error) error {
		path, _ := filepath.Rel(root, name)
		switch {
		case err != nil:
			return err
		case entry.IsDir() && (path == ".git" || path == "bin" || path == "walk" || entry.Name() == "node_modules"):
			return fs.SkipDir
		case entry.IsDir():
			return os.MkdirAll(filepath.Join(to, path), 0o755)
		case !entry.Type().IsRegular():
			return nil
		}
		text, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(to, path), text, 0o644)
	})
	if err != nil {
		t.Fatal(err)
	}
	return to
}
