package systemtest

import (
	"encoding/json"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/chromedp/chromedp"
)

// omniauth starts an app around GitLab's OmniAuth strategy, with the part of gitlab.rb
// that we publish. more are further pairs to replace in it.
func (w *world) omniauth(t *testing.T, app, secret, afterSignOut string, more ...string) {
	t.Helper()
	secretFile := filepath.Join(t.TempDir(), "oidc-secret")
	if err := os.WriteFile(secretFile, []byte(secret+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	startOmniAuth(t, app, afterSignOut, example(t, "gitlab", "gitlab.rb", append([]string{"https://sso.example.com", w.issuer,
		"https://gitlab.example.com", app, "/etc/gitlab/oidc-secret", secretFile}, more...)...))
}

// startOmniAuth starts the app with the text of a gitlab.rb.
func startOmniAuth(t *testing.T, app, afterSignOut, text string) {
	t.Helper()
	folder := t.TempDir()
	part := filepath.Join(folder, "gitlab.rb")
	if err := os.WriteFile(part, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	host, port, _ := strings.Cut(strings.TrimPrefix(app, "http://"), ":")
	cmd := exec.Command("ruby", filepath.Join("testdata", "ruby", "app.rb"), part, host, port, afterSignOut)
	said, err := os.Create(filepath.Join(folder, "log"))
	if err != nil {
		t.Fatal(err)
	}
	defer said.Close()
	cmd.Stdout, cmd.Stderr = said, said
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	startUntilListening(t, cmd, host+":"+port, func() string {
		text, _ := os.ReadFile(said.Name())
		return string(text)
	})
}

func needsOmniAuth(t *testing.T) {
	t.Helper()
	needs(t, "omniauth", "ruby")
	if out, err := exec.CommandContext(t.Context(), "ruby", "-e", `require "omniauth_openid_connect"; require "webrick"`).CombinedOutput(); err != nil {
		t.Logf("%s", out)
		leaveOut(t, "omniauth", "no omniauth_openid_connect, or no webrick")
	}
}

// TestE9_OmniAuth is the strategy of GitLab, with the options that its manual gives, in
// a real browser. `query` is GitLab's word for the secret in the body.
//
// proves: GitLab's OmniAuth strategy | Core section 3.1, RP-Initiated Logout section 2
func TestE9_OmniAuth(t *testing.T) {
	othersAtWork(t)
	needsOmniAuth(t)
	for _, method := range []string{"basic", "query"} {
		t.Run(method, func(t *testing.T) {
			w := newWorld(t, setting{as: "zhangsan"})
			app := "http://127.0.0.1:" + freePort(t)
			secret := w.register(t, "gitlab", "https://gitlab.example.com", app)
			w.serve()
			w.omniauth(t, app, secret, signOutPage(t, w, app), "client_auth_method: 'basic'", "client_auth_method: '"+method+"'")
			c := newChromium(t)
			c.screen, c.pictures = method, "" // pictures are of the demo

			first := c.signIn(app)
			if first["name"] != "张三" || first["email"] != "san.zhang@corp.example.cn" || first["uid"] == "" || first["nickname"] == "" {
				t.Errorf("the app was told %v", first)
			}
			if groups, _ := first["groups"].([]any); groups != nil {
				t.Errorf("groups were not asked for, and told: %v", groups)
			}
			logins := asked(t, w.simulator)

			c.signOut(app)
			c.signInAgain(app, first)
			if asked(t, w.simulator) != logins+1 {
				t.Error("the login after the logout did not ask DingTalk")
			}

			// The strategy's own logout says neither who asks nor for whom, so nothing is
			// taken for granted: not the person's wish, and not the way back.
			c.open(app + "/")
			c.look("federated", "#federated")
			c.click("#federated")
			c.look("federated-sign-out", `main[data-page="sign-out"]`)
			c.click(`button[name="choice"][value="here"]`)
			c.look("federated-signed-out", `main[data-page="signed-out"]`)
		})
	}
}

// signOutPage is the address that the example's README gives to GitLab.
func signOutPage(t *testing.T, w *world, app string) string {
	t.Helper()
	text := example(t, "gitlab", "README.md", "https://sso.example.com", w.issuer,
		url.QueryEscape("https://gitlab.example.com"), url.QueryEscape(app))
	found := regexp.MustCompile(`(?m)^ *(http\S+/end_session\?\S+)$`).FindStringSubmatch(text)
	if found == nil {
		t.Fatal("the example of GitLab names no sign-out page")
	}
	return found[1]
}

// signIn clicks the app's button and returns what the app was told.
func (c *chromium) signIn(app string) map[string]any {
	c.t.Helper()
	c.open(app + "/")
	c.look("sign-in", "#in")
	c.click("#in")
	c.look("signed-in", "#user")
	var told map[string]any
	if err := json.Unmarshal([]byte(c.says("#user")), &told); err != nil {
		c.t.Fatal(err)
	}
	return told
}

// signOut clicks the app's other button, says yes here, and is back at the app.
func (c *chromium) signOut(app string) {
	c.t.Helper()
	c.click("#out")
	c.look("sign-out", `main[data-page="sign-out"]`)
	c.click(`button[name="choice"][value="here"]`)
	c.look("signed-out", "#in")
	if at := c.address(); at != app+"/users/sign_in" {
		c.t.Errorf("the logout ends at %s", at)
	}
}

// signInAgain is signIn, of the same person.
func (c *chromium) signInAgain(app string, first map[string]any) {
	c.t.Helper()
	if again := c.signIn(app); again["uid"] != first["uid"] {
		c.t.Errorf("signed in again as %v, not as %v", again["uid"], first["uid"])
	}
}

func (c *chromium) address() string {
	c.t.Helper()
	at, err := chromedp.Run(c.ctx, chromedp.Evaluate[string](`location.href`))
	c.must(err)
	return at
}
