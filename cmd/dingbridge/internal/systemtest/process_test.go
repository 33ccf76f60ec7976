package systemtest

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/dingbridge/dingbridge/storage/storagetest"
)

// A process is one run of the program. Its methods are safe for concurrent use.
type process struct {
	cmd   *exec.Cmd
	out   firstLine
	err   string        // the file that standard error goes to
	ended chan struct{} // closed when it has ended
}

// firstLine keeps what is written and tells when the first line is there.
type firstLine struct {
	mu    sync.Mutex
	text  bytes.Buffer
	there chan struct{}
}

func (f *firstLine) Write(p []byte) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	before := bytes.IndexByte(f.text.Bytes(), '\n') >= 0
	f.text.Write(p)
	if !before && bytes.IndexByte(f.text.Bytes(), '\n') >= 0 {
		close(f.there)
	}
	return len(p), nil
}

func (f *firstLine) String() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.text.String()
}

var logNumber struct {
	sync.Mutex
	n int
}

// launch starts the program and does not wait until it is ready. It is ended with
// the test at the latest.
func launch(t testing.TB, folder string, env []string, args ...string) (*process, error) {
	file, err := program()
	if err != nil {
		return nil, err
	}
	return launchFile(t, file, folder, env, args...)
}

// launchFile is launch of another build of the program.
func launchFile(t testing.TB, file, folder string, env []string, args ...string) (*process, error) {
	logNumber.Lock()
	logNumber.n++
	p := &process{cmd: exec.Command(file, args...), out: firstLine{there: make(chan struct{})},
		err: filepath.Join(folder, fmt.Sprintf("%s-%d.err", args[0], logNumber.n)), ended: make(chan struct{})}
	logNumber.Unlock()
	stderr, err := os.Create(p.err)
	if err != nil {
		return nil, err
	}
	defer stderr.Close()
	p.cmd.Dir, p.cmd.Stdout, p.cmd.Stderr = folder, &p.out, stderr
	p.cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + folder, "TMPDIR=" + os.TempDir()}, env...)
	// Its own group, so that an interrupt at the terminal is the test's to handle.
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		_ = p.cmd.Wait() // how it ended is asked of its state
		close(p.ended)
	}()
	t.Cleanup(func() {
		p.kill()
		if bytes.Contains([]byte(p.log()), []byte("WARNING: DATA RACE")) {
			t.Errorf("a data race in %s:\n%s", args[0], p.log())
		}
	})
	return p, nil
}

// ready waits for the ready line and returns the URL in it.
func (p *process) ready() (string, error) {
	select {
	case <-p.out.there:
		url, ok := strings.CutPrefix(strings.TrimSuffix(p.out.String(), "\n"), "ready issuer=")
		if !ok {
			return "", fmt.Errorf("the first line is %q", p.out.String())
		}
		return url, nil
	case <-p.ended:
		return "", fmt.Errorf("ended with %d before it was ready:\n%s", p.cmd.ProcessState.ExitCode(), p.log())
	case <-time.After(patience):
		return "", fmt.Errorf("not ready in time:\n%s", p.log())
	}
}

// log is what it wrote to standard error.
func (p *process) log() string {
	text, _ := os.ReadFile(p.err)
	return string(text)
}

// kill is kill -9.
func (p *process) kill() {
	_ = p.cmd.Process.Kill()
	<-p.ended
}

// stop is SIGTERM; it returns the exit code.
func (p *process) stop() (int, error) {
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return -1, err
	}
	select {
	case <-p.ended:
		return p.cmd.ProcessState.ExitCode(), nil
	case <-time.After(patience):
		return -1, errors.New("does not end")
	}
}

// freePort is a port of 127.0.0.1 below those that the kernel gives to outgoing
// connections, so that a process can be started on it again.
func freePort(t testing.TB) string {
	t.Helper()
	port, err := storagetest.FreePort()
	if err != nil {
		t.Fatal(err)
	}
	return port
}
