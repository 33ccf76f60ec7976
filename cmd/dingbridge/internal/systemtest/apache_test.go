package systemtest

import (
	"encoding/json"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Where Debian puts them. The program is not in the path of everybody.
const (
	apacheProgram = "/usr/sbin/apache2"
	apacheModules = "/usr/lib/apache2/modules"
)

// An apache is a real Apache with mod_auth_openidc, configured as `client add apache`
// prints it, before an app that knows people only by the headers it is given.
type apache struct {
	url    string
	folder string
}

// backend is that app: it answers with the headers it got.
func backend(t *testing.T) string {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		told := map[string]string{"path": r.URL.Path}
		for name := range r.Header {
			told[strings.ToLower(name)] = strings.Join(r.Header.Values(name), " and ")
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(told) // a browser that has gone hears nothing
	}))
	t.Cleanup(s.Close)
	return s.URL
}

// needsApache leaves the test out where Apache or its module is missing.
func needsApache(t *testing.T) {
	t.Helper()
	needs(t, "apache", apacheProgram)
	if _, err := os.Stat(filepath.Join(apacheModules, "mod_auth_openidc.so")); err != nil {
		leaveOut(t, "apache", "no mod_auth_openidc")
	}
}

// apacheAt starts Apache at an address with the printed file, in which the app's own
// address alone is another: that one is the operator's. more are lines after it.
func (w *world) apacheAt(t *testing.T, url string, p printed, more ...string) *apache {
	t.Helper()
	a := &apache{url: url, folder: ownFolder(t)}
	port := url[strings.LastIndex(url, ":")+1:]
	text := strings.Replace(p.file(t, "/etc/apache2/dingtalk.conf"), "http://127.0.0.1:8080", backend(t), 1)
	a.write(t, "app.conf", strings.Join(append([]string{text}, more...), "\n"))
	base, err := os.ReadFile(filepath.Join("testdata", "apache", "httpd.conf"))
	if err != nil {
		t.Fatal(err)
	}
	a.write(t, "httpd.conf", strings.NewReplacer("FOLDER", a.folder, "PORT", port, "MODULES", apacheModules).Replace(string(base)))
	cmd := exec.Command(apacheProgram, "-DFOREGROUND", "-f", filepath.Join(a.folder, "httpd.conf"))
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Credential: nobody()}
	startUntilListening(t, cmd, "127.0.0.1:"+port, a.log)
	return a
}

func (a *apache) write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(a.folder, name), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func (a *apache) log() string {
	text, _ := os.ReadFile(filepath.Join(a.folder, "error.log"))
	return string(text)
}

// nobody is who a server of others runs as, if we are root: Apache as root wants an
// account to change to, and writes where only root may.
func nobody() *syscall.Credential {
	if os.Geteuid() != 0 {
		return nil
	}
	return &syscall.Credential{Uid: 65534, Gid: 65534}
}

// ownFolder is a new folder that a server of others can enter and write to.
func ownFolder(t *testing.T) string {
	t.Helper()
	folder, err := os.MkdirTemp("", "dingbridge-app-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(folder) })
	if who := nobody(); who != nil {
		if err := os.Chown(folder, int(who.Uid), int(who.Gid)); err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

// startUntilListening starts a server of others, waits until it takes connections, and
// ends it with the test: in order, so that its own children end too.
func startUntilListening(t *testing.T, cmd *exec.Cmd, address string, log func() string) {
	t.Helper()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		_ = cmd.Wait() // how it ended is asked of its state
		close(ended)
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM) // it may have ended
		select {
		case <-ended:
		case <-time.After(patience):
			t.Errorf("%s does not end", cmd.Path)
			_ = cmd.Process.Kill()
		}
		if t.Failed() {
			t.Logf("%s says:\n%s", filepath.Base(cmd.Path), log())
		}
	})
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		select {
		case <-ended:
			t.Fatalf("%s ended with %d:\n%s", cmd.Path, cmd.ProcessState.ExitCode(), log())
		default:
		}
		if c, err := net.Dial("tcp", address); err == nil {
			c.Close()
			return
		}
	}
	t.Fatalf("%s does not take connections:\n%s", cmd.Path, log())
}
