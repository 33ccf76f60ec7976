package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/dingbridge/dingbridge/storage/storagetest"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"dingbridge": main})
}

func TestM1_ExitCodes(t *testing.T)               { scripts(t, "m1-*") }
func TestM2_OneReadyLine(t *testing.T)            { scripts(t, "m2-*") }
func TestM3_SignalsDrainAndExitZero(t *testing.T) { scripts(t, "m3-*") }
func TestM4_CheckTellsEveryFault(t *testing.T)    { scripts(t, "m4-*") }
func TestM6_DemoStaysOnLoopback(t *testing.T)     { scripts(t, "m6-*") }
func TestClientAddAndSecretNew(t *testing.T)      { scripts(t, "client-*") }
func TestKeysAtTheSocket(t *testing.T)            { scripts(t, "keys-*") }
func TestHealth(t *testing.T)                     { scripts(t, "health-*") }
func TestSimulator(t *testing.T)                  { scripts(t, "simulator-*") }
func TestAdministration(t *testing.T)             { scripts(t, "admin-*") }
func TestDirectory(t *testing.T)                  { scripts(t, "directory-*") }
func scripts(t *testing.T, pattern string) {
	files, err := filepath.Glob(filepath.Join("testdata", pattern+".txtar"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no script is called %s: %v", pattern, err)
	}
	testscript.Run(t, testscript.Params{
		Files: files,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exit": exitWith, "start": start, "end": end, "browse": browse, "control": control, "chmod": chmod, "lines": countLines, "port": freePort, "field": field,
		},
		Setup: func(e *testscript.Env) error {
			e.Values[runningKey{}] = map[string]program{}
			return nil
		},
	})
}

// patience bounds every wait; nothing is measured.
const patience = 2 * time.Minute

type runningKey struct{}

// A program runs beside the script.
type program struct {
	process *os.Process
	ended   <-chan error
}

func running(ts *testscript.TestScript) map[string]program {
	return ts.Value(runningKey{}).(map[string]program)
}

// exitWith is `exit CODE program args...`: the program must end with that code. Its
// output is there for stdout and stderr.
func exitWith(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exit CODE program args...")
	}
	code := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		ended, ok := errors.AsType[*exec.ExitError](err)
		if !ok {
			ts.Fatalf("%v", err)
		}
		code = ended.ExitCode()
	}
	if want, _ := strconv.Atoi(args[0]); code != want {
		ts.Fatalf("%s ended with %d, not %d", strings.Join(args[1:], " "), code, want)
	}
}

// start is `start NAME program args...`: the program runs on, and its ready line
// has come; $NAME is the URL in it. Output goes to NAME.out and NAME.err.
func start(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: start NAME program args...")
	}
	name := args[0]
	cmd := exec.Command(find(ts, args[1]), args[2:]...)
	cmd.Dir = ts.Getenv("WORK")
	for _, key := range []string{"PATH", "HOME", "TMPDIR", "TESTSCRIPT_MAIN"} {
		if v := ts.Getenv(key); v != "" {
			cmd.Env = append(cmd.Env, key+"="+v)
		}
	}
	errFile, err := os.Create(ts.MkAbs(name + ".err"))
	ts.Check(err)
	outFile, err := os.Create(ts.MkAbs(name + ".out"))
	ts.Check(err)
	defer errFile.Close()
	reader, writer := io.Pipe()
	cmd.Stderr, cmd.Stdout = errFile, io.MultiWriter(outFile, writer)
	cmd.WaitDelay = patience
	ts.Check(cmd.Start())
	over, ended := make(chan struct{}), make(chan error, 1)
	go func() {
		ended <- cmd.Wait()
		close(over)
		outFile.Close()
		writer.Close()
	}()
	running(ts)[name] = program{cmd.Process, ended}
	ts.Defer(func() {
		_ = cmd.Process.Kill()
		<-over
	})
	ready := make(chan string, 1)
	go func() {
		lines := bufio.NewScanner(reader)
		defer close(ready)
		for lines.Scan() {
			if url, ok := strings.CutPrefix(lines.Text(), "ready issuer="); ok {
				ready <- url
			}
		}
	}()
	select {
	case url := <-ready:
		if url != "" {
			ts.Setenv(name, url)
			return
		}
	case <-time.After(patience):
	}
	said, _ := os.ReadFile(ts.MkAbs(name + ".err"))
	ts.Fatalf("%s is not ready:\n%s", name, said)
}

// end is `end NAME TERM|INT|KILL`: the program must exit 0 on the signal, but KILL.
func end(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: end NAME TERM|INT|KILL")
	}
	p := running(ts)[args[0]]
	signal := map[string]os.Signal{"TERM": syscall.SIGTERM, "INT": syscall.SIGINT, "KILL": syscall.SIGKILL}[args[1]]
	ts.Check(p.process.Signal(signal))
	select {
	case err := <-p.ended:
		if err != nil && args[1] != "KILL" {
			said, _ := os.ReadFile(ts.MkAbs(args[0] + ".err"))
			ts.Fatalf("%s ended with %v:\n%s", args[0], err, said)
		}
	case <-time.After(patience):
		ts.Fatalf("%s does not end", args[0])
	}
}

// browse is `browse STATUS URL FILE`: what a new browser gets at the end of all
// redirects; FILE.url is where that was.
func browse(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: browse STATUS URL FILE")
	}
	jar, _ := cookiejar.New(nil)
	client := &http.Client{Jar: jar, Timeout: patience}
	answer, err := client.Get(args[1])
	ts.Check(err)
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	ts.Check(err)
	if fmt.Sprint(answer.StatusCode) != args[0] {
		ts.Fatalf("%s: %s\n%s", answer.Request.URL, answer.Status, body)
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[2]), body, 0o600))
	ts.Check(os.WriteFile(ts.MkAbs(args[2]+".url"), []byte(answer.Request.URL.String()+"\n"), 0o600))
}

// control is `control URL BODY`: a POST of JSON to the simulator, which must do it.
func control(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: control URL BODY")
	}
	answer, err := (&http.Client{Timeout: patience}).Post(args[0], "application/json", strings.NewReader(args[1]))
	ts.Check(err)
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		body, _ := io.ReadAll(answer.Body)
		ts.Fatalf("%s: %s\n%s", args[0], answer.Status, body)
	}
}

// freePort is `port VAR`: a port of 127.0.0.1 that nobody listens on.
func freePort(ts *testscript.TestScript, _ bool, args []string) {
	port, err := storagetest.FreePort()
	ts.Check(err)
	ts.Setenv(args[0], port)
}

// field is `field FILE KEY VAR`: the value of the first JSON line that has the key, or of the
// first of the objects in the file.
func field(ts *testscript.TestScript, _ bool, args []string) {
	for line := range strings.Lines(ts.ReadFile(args[0])) {
		var all map[string]any
		if json.Unmarshal([]byte(line), &all) == nil && all[args[1]] != nil {
			ts.Setenv(args[2], fmt.Sprint(all[args[1]]))
			return
		}
	}
	var list []map[string]any
	if json.Unmarshal([]byte(ts.ReadFile(args[0])), &list) == nil && len(list) > 0 && list[0][args[1]] != nil {
		ts.Setenv(args[2], fmt.Sprint(list[0][args[1]]))
		return
	}
	ts.Fatalf("%s has no %s", args[0], args[1])
}

func chmod(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: chmod MODE FILE")
	}
	mode, err := strconv.ParseUint(args[0], 8, 32)
	ts.Check(err)
	ts.Check(os.Chmod(ts.MkAbs(args[1]), os.FileMode(mode)))
}

// countLines is `lines N FILE`; FILE may be stdout or stderr.
func countLines(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: lines N FILE")
	}
	if got := bytes.Count([]byte(ts.ReadFile(args[1])), []byte("\n")); fmt.Sprint(got) != args[0] {
		ts.Fatalf("%s has %d lines, not %s:\n%s", args[1], got, args[0], ts.ReadFile(args[1]))
	}
}

func find(ts *testscript.TestScript, program string) string {
	for _, folder := range filepath.SplitList(ts.Getenv("PATH")) {
		if file := filepath.Join(folder, program); exec.Command(file).Err == nil {
			if _, err := os.Stat(file); err == nil {
				return file
			}
		}
	}
	ts.Fatalf("no %s in PATH", program)
	return ""
}
