package systemtest

import (
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// TestE25_Spring is a site made with Spring Boot, whose login is the printed
// application.yaml alone: in, the same person again, and what is forged refused.
func TestE25_Spring(t *testing.T) {
	if os.Getenv("DINGBRIDGE_LONG") == "" || testing.Short() {
		t.Skip("Maven brings Spring first; DINGBRIDGE_LONG=1 has it do so")
	}
	needs(t, "spring", "java", "javac", "mvn")
	folder := t.TempDir()
	if err := os.CopyFS(folder, os.DirFS(filepath.Join("testdata", "spring"))); err != nil {
		t.Fatal(err)
	}
	if err := install(t, folder, "mvn", "--quiet", "--batch-mode", "dependency:copy-dependencies", "-DoutputDirectory=lib"); err != nil {
		leaveOut(t, "spring", err.Error())
	}
	asPublished(t, folder)
	javac := exec.CommandContext(within(t), "javac", "-cp", "lib/*", "-d", "classes", filepath.Join("site", "Site.java"))
	javac.Dir = folder
	if out, err := javac.CombinedOutput(); err != nil {
		t.Fatalf("javac: %v\n%s", err, out)
	}
	w := newWorld(t, setting{as: "zhangsan"})
	port := freePort(t)
	f := newFront(t, "http://127.0.0.1:"+port)
	p := w.preset(t, "spring", "--url", f.url)
	if err := os.WriteFile(filepath.Join(folder, "classes", "application.yaml"), []byte(p.file(t, "src/main/resources/application.yaml")), 0o600); err != nil {
		t.Fatal(err)
	}
	w.serve()
	cmd := exec.Command("java", "-cp", "classes:lib/*", "site.Site", "--server.address=127.0.0.1", "--server.port="+port)
	said, err := os.Create(filepath.Join(folder, "log"))
	if err != nil {
		t.Fatal(err)
	}
	defer said.Close()
	cmd.Dir, cmd.Stdout, cmd.Stderr, cmd.SysProcAttr = folder, said, said, &syscall.SysProcAttr{Setpgid: true}
	startUntilListening(t, cmd, "127.0.0.1:"+port, func() string {
		text, _ := os.ReadFile(said.Name())
		return string(text)
	})

	type user struct {
		Principal, Name, Email string
		Groups                 []string
	}
	enter := func(v *person) (u user) {
		t.Helper()
		s, err := v.follow(t.Context(), f.url+"/", "nowhere")
		if err != nil || json.Unmarshal([]byte(s.body), &u) != nil {
			t.Fatalf("after the login %d, %v, by %q: %.500s", s.status, err, v.passed, s.body)
		}
		return u
	}
	u := enter(trusting(f))
	if !regexp.MustCompile(`^[a-z2-7]{26}$`).MatchString(u.Principal) || u.Name != "张三" || u.Email != "san.zhang@corp.example.cn" ||
		!slices.Contains(u.Groups, "dept:432825033") {
		t.Errorf("the site was told %+v", u)
	}
	if again := enter(trusting(f)); again.Principal != u.Principal {
		t.Errorf("another browser is another person: %+v and %+v", again, u)
	}
	attacker, victim := trusting(f), trusting(f)
	back, err := attacker.follow(t.Context(), f.url+"/oauth2/authorization/dingtalk", f.url+"/login/oauth2/code/dingtalk")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := victim.get(t.Context(), back.location); err != nil {
		t.Fatal(err)
	}
	if s, err := victim.get(t.Context(), f.url+"/"); err != nil || s.status == http.StatusOK || strings.Contains(s.body, u.Principal) {
		t.Errorf("the callback of another browser lets in: %d, %v, %s", s.status, err, s.body)
	}
}
