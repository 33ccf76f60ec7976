package systemtest

import (
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// TestE25_FlaskAppBuilder is Superset's login, which is that of Flask-AppBuilder and
// Authlib, with the printed superset_config.py: in as nobody in particular, the same
// account again, and in the role that a group of clients.yaml has.
func TestE25_FlaskAppBuilder(t *testing.T) {
	if os.Getenv("DINGBRIDGE_LONG") == "" || testing.Short() {
		t.Skip("pip brings Flask-AppBuilder first; DINGBRIDGE_LONG=1 has it do so")
	}
	needs(t, "appbuilder", "python3")
	folder := t.TempDir()
	if err := os.CopyFS(folder, os.DirFS(filepath.Join("testdata", "appbuilder"))); err != nil {
		t.Fatal(err)
	}
	if err := install(t, folder, "python3", "-m", "pip", "install", "--quiet", "--no-deps", "--only-binary", ":all:", "--no-compile",
		"--require-hashes", "--disable-pip-version-check", "--requirement", "requirements.txt", "--target", "packages"); err != nil {
		leaveOut(t, "appbuilder", err.Error())
	}
	w := newWorld(t, setting{as: "zhangsan"})
	port := freePort(t)
	site := "http://127.0.0.1:" + port
	p := w.preset(t, "superset", "--url", site)
	if err := os.WriteFile(filepath.Join(folder, "superset_config.py"), []byte(p.file(t, "superset_config.py")), 0o600); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(w.folder, "clients.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	w.write("clients.yaml", strings.TrimRight(string(text), "\n")+"\n\ngroups:\n  - name: superset-alpha\n    departments: [432825033]\n")
	w.serve()
	cmd := exec.Command("python3", "site.py", port)
	said, err := os.Create(filepath.Join(folder, "log"))
	if err != nil {
		t.Fatal(err)
	}
	defer said.Close()
	cmd.Dir, cmd.Stdout, cmd.Stderr, cmd.SysProcAttr = folder, said, said, &syscall.SysProcAttr{Setpgid: true}
	cmd.Env = append(os.Environ(), "PYTHONPATH="+filepath.Join(folder, "packages"), "PYTHONDONTWRITEBYTECODE=1")
	startUntilListening(t, cmd, "127.0.0.1:"+port, func() string {
		text, _ := os.ReadFile(said.Name())
		return string(text)
	})

	type user struct {
		Account               int
		Username, Name, Email string
		Roles                 []string
	}
	enter := func(v *person) (u user) {
		t.Helper()
		if s, err := v.follow(t.Context(), site+"/login/dingtalk", site+"/oauth-authorized/dingtalk"); err != nil || s.location == "" {
			t.Fatalf("the login ends with %d, %v, by %q: %.500s", s.status, err, v.passed, s.body)
		} else if back, err := v.get(t.Context(), s.location); err != nil || back.status >= http.StatusBadRequest {
			t.Fatalf("the callback: %d, %v: %.500s", back.status, err, back.body)
		}
		s, err := v.get(t.Context(), site+"/who")
		if err != nil || json.Unmarshal([]byte(s.body), &u) != nil {
			t.Fatalf("after the login %d, to %q, %v: %.500s", s.status, s.location, err, s.body)
		}
		slices.Sort(u.Roles) // the app keeps them in a set
		return u
	}
	u := enter(newPerson())
	if !strings.HasPrefix(u.Username, "zhangsan") || u.Name != "张三" || !strings.HasSuffix(u.Email, "@email.notfound") || !slices.Equal(u.Roles, []string{"Alpha", "Public"}) {
		t.Errorf("the site was told %+v", u)
	}
	if again := enter(newPerson()); again.Account != u.Account {
		t.Errorf("another browser is another account: %+v and %+v", again, u)
	}
	w.control(t, "as", `{"userid":"zhangsan2"}`)
	if namesake := enter(newPerson()); namesake.Account == u.Account || !slices.Equal(namesake.Roles, []string{"Public"}) {
		t.Errorf("somebody else of that name is %+v", namesake)
	}
}
