package conformance_test

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// patience bounds every wait for something to happen; nothing is measured.
const patience = time.Minute

// workshop is the folder of the built program and of all that it writes.
var workshop string

func TestMain(m *testing.M) {
	flag.Parse()
	// Modules spend their time waiting: for a second to pass, or thirty.
	given := false
	flag.Visit(func(f *flag.Flag) { given = given || f.Name == "test.parallel" })
	if !given {
		_ = flag.Set("test.parallel", "8") // a flag of the testing package, which takes any number
	}
	var err error
	if workshop, err = os.MkdirTemp("", "dingbridge-conformance-"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	if err := endAll(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.RemoveAll(workshop)
	os.Exit(code)
}

// program is the built program, as it is delivered but for the race detector.
var program = sync.OnceValues(func() (string, error) {
	file := filepath.Join(workshop, "dingbridge")
	args := []string{"build", "-tags", "no_otel", "-o", file}
	if raceDetector {
		args = append(args, "-race")
	}
	out, err := exec.Command("go", append(args, "github.com/dingbridge/dingbridge/cmd/dingbridge")...).CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("building the program: %w\n%s", err, out)
	}
	return file, nil
})

// A process is one run of the program.
type process struct {
	name   string
	cmd    *exec.Cmd
	stderr string // the file
	ended  chan struct{}
}

var running []*process // written before any test runs in parallel

// launch starts the program and waits for its ready line.
func launch(env []string, args ...string) (*process, error) {
	file, err := program()
	if err != nil {
		return nil, err
	}
	p := &process{name: args[0], cmd: exec.Command(file, args...), stderr: filepath.Join(workshop, args[0]+".err"), ended: make(chan struct{})}
	stderr, err := os.Create(p.stderr)
	if err != nil {
		return nil, err
	}
	defer stderr.Close()
	out, in := io.Pipe()
	p.cmd.Dir, p.cmd.Stdout, p.cmd.Stderr = workshop, in, stderr
	p.cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + workshop, "TMPDIR=" + os.TempDir()}, env...)
	// Its own group, so that an interrupt at the terminal is the test's to handle.
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting %s: %w", p.name, err)
	}
	running = append(running, p)
	go func() {
		_ = p.cmd.Wait() // how it ended is asked of its state
		in.Close()
		close(p.ended)
	}()
	first := make(chan string, 1)
	go func() {
		line := make([]byte, 512)
		n, _ := out.Read(line)
		first <- string(line[:n])
		_, _ = io.Copy(io.Discard, out)
	}()
	select {
	case line := <-first:
		if !strings.HasPrefix(line, "ready issuer=") {
			return nil, fmt.Errorf("%s says %q:\n%s", p.name, line, p.log())
		}
		return p, nil
	case <-time.After(patience):
		return nil, fmt.Errorf("%s is not ready:\n%s", p.name, p.log())
	}
}

// log is what it wrote to standard error.
func (p *process) log() string {
	text, _ := os.ReadFile(p.stderr)
	return string(text)
}

// endAll ends every process, by its own id, and tells what was wrong with one.
func endAll() error {
	var wrong []error
	for _, p := range running {
		_ = p.cmd.Process.Signal(syscall.SIGTERM) // it may have ended
		select {
		case <-p.ended:
			if code := p.cmd.ProcessState.ExitCode(); code != 0 {
				wrong = append(wrong, fmt.Errorf("%s ended with %d:\n%s", p.name, code, p.log()))
			}
		case <-time.After(patience):
			_ = p.cmd.Process.Kill()
			<-p.ended
			wrong = append(wrong, fmt.Errorf("%s had to be killed", p.name))
		}
		if bytes.Contains([]byte(p.log()), []byte("WARNING: DATA RACE")) {
			wrong = append(wrong, fmt.Errorf("a data race in %s:\n%s", p.name, p.log()))
		}
	}
	return errors.Join(wrong...)
}

// freePort is a port of 127.0.0.1 that was free a moment ago, below those that the system
// gives to outgoing connections: one of these may be taken before it is listened on.
func freePort() (string, error) {
	for {
		port := strconv.Itoa(12000 + rand.IntN(20000))
		l, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", net.JoinHostPort("127.0.0.1", port))
		if errors.Is(err, syscall.EADDRINUSE) {
			continue
		}
		if err != nil {
			return "", err
		}
		return port, l.Close()
	}
}
