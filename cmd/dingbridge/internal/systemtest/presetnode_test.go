package systemtest

import (
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// TestE25_OpenIDClient is a site of Node.js with the printed module, which is made of
// npm's openid-client: in, the same person again, out, and what is forged refused.
func TestE25_OpenIDClient(t *testing.T) {
	othersAtWork(t)
	t.Parallel()
	folder := nodeFolder(t)
	w := newWorld(t, setting{as: "zhangsan"})
	f, _ := w.behindFront(t) // the module speaks with nobody over plain http
	port := freePort(t)
	site := "http://127.0.0.1:" + port
	p := w.preset(t, "node", "--url", site)
	if err := os.WriteFile(filepath.Join(folder, "dingtalk.mjs"), []byte(p.file(t, "dingtalk.mjs")), 0o600); err != nil {
		t.Fatal(err)
	}
	w.serve()
	cmd := exec.Command("node", "site.mjs", port)
	said, err := os.Create(filepath.Join(t.TempDir(), "log"))
	if err != nil {
		t.Fatal(err)
	}
	defer said.Close()
	cmd.Dir, cmd.Stdout, cmd.Stderr, cmd.SysProcAttr = folder, said, said, &syscall.SysProcAttr{Setpgid: true}
	cmd.Env = append(os.Environ(), "NODE_EXTRA_CA_CERTS="+f.roots)
	startUntilListening(t, cmd, "127.0.0.1:"+port, func() string {
		text, _ := os.ReadFile(said.Name())
		return string(text)
	})

	enter := func(v *person) (claims map[string]any) {
		t.Helper()
		s, err := v.follow(t.Context(), site+"/", "nowhere")
		if err != nil || json.Unmarshal([]byte(s.body), &claims) != nil {
			t.Fatalf("after the login %d, %v, by %q: %.500s", s.status, err, v.passed, s.body)
		}
		return claims
	}
	first := trusting(f)
	told := enter(first)
	if told["name"] != "张三" || told["email"] != "san.zhang@corp.example.cn" || told["sub"] == "" || told["groups"] == nil {
		t.Errorf("the site was told %v", told)
	}
	if !slices.ContainsFunc(first.passed, func(a string) bool {
		u, _ := url.Parse(a)
		return strings.HasPrefix(a, w.issuer+"/authorize?") && u.Query().Get("code_challenge_method") == "S256" && u.Query().Get("nonce") != ""
	}) {
		t.Errorf("the login went by %q", first.passed)
	}
	if again := enter(trusting(f)); again["sub"] != told["sub"] {
		t.Errorf("another browser is another person: %v and %v", again["sub"], told["sub"])
	}

	// Neither a callback that nobody began here, nor that of another browser, logs in.
	for _, begun := range []bool{false, true} {
		victim := trusting(f)
		if begun {
			if s, err := victim.get(t.Context(), site+"/login"); err != nil || s.location == "" {
				t.Fatal(s.status, err)
			}
		}
		attacker := trusting(f)
		back, err := attacker.follow(t.Context(), site+"/login", site+"/callback")
		if err != nil {
			t.Fatal(err)
		}
		if s, err := victim.get(t.Context(), back.location); err != nil || s.status != http.StatusBadRequest {
			t.Errorf("the callback of another browser (begun: %t): %d, %v, %s", begun, s.status, err, s.body)
		}
	}

	logins := asked(t, w.simulator)
	if s, err := first.follow(t.Context(), site+"/out", site); err != nil || s.location != site+"/" {
		t.Fatalf("the logout ends at %q, %d, %v, by %q", s.location, s.status, err, first.passed)
	}
	if again := enter(first); again["sub"] != told["sub"] || asked(t, w.simulator) != logins+1 {
		t.Errorf("logged in after the logout as %v, by %q", again["sub"], first.passed)
	}
}
