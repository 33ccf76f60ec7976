package systemtest

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/dingbridge/dingbridge/provider/clients"
)

// nodeApp is what testdata/node/app.mjs is told.
type nodeApp struct {
	Issuer       string `json:"issuer"`
	ID           string `json:"id"`
	Secret       string `json:"secret"`
	Alg          string `json:"alg"`
	Port         int    `json:"port"`
	Pushed       bool   `json:"pushed"`
	ResponseMode string `json:"responseMode,omitempty"`
	JWT          bool   `json:"jwt"`
}

// start runs the app and returns its address.
func (a nodeApp) start(t *testing.T, folder string) string {
	t.Helper()
	argument, err := json.Marshal(a)
	if err != nil {
		t.Fatal(err)
	}
	said, err := os.Create(filepath.Join(t.TempDir(), "log"))
	if err != nil {
		t.Fatal(err)
	}
	defer said.Close()
	cmd := exec.Command("node", "app.mjs", string(argument))
	cmd.Dir, cmd.Stdout, cmd.Stderr = folder, said, said
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	address := "127.0.0.1:" + strconv.Itoa(a.Port)
	startUntilListening(t, cmd, address, func() string {
		text, _ := os.ReadFile(said.Name())
		return string(text)
	})
	return "http://" + address
}

// TestE9_NodeApp is an app made of npm's openid-client, in a real browser: with pushed
// requests, with form_post, with access tokens that are JWTs, and with its own logout.
//
// proves: openid-client with pushed requests and form_post | RFC 9126 section 2, Form Post section 2
// proves: openid-client's logout, and JWT access tokens read by jose | RP-Initiated Logout section 2, RFC 9068 section 4
func TestE9_NodeApp(t *testing.T) {
	othersAtWork(t)
	folder := nodeFolder(t)
	w := newWorld(t, setting{as: "zhangsan"})
	apps := []nodeApp{
		{ID: "node-plain", Alg: "RS256"},
		{ID: "node-pushed", Alg: "RS256", Pushed: true},
		{ID: "node-form-post", Alg: "RS256", ResponseMode: "form_post"},
		{ID: "node-all", Alg: "ES256", Pushed: true, ResponseMode: "form_post", JWT: true},
	}
	for i := range apps {
		a := &apps[i]
		a.Issuer = w.issuer
		a.Port, _ = strconv.Atoi(freePort(t))
		secret, hash := clients.GenerateSecret()
		a.Secret = secret
		more := ""
		if a.Pushed {
			more += ", require_pushed_authorization_requests: true"
		}
		if a.JWT {
			more += ", access_token: jwt"
		}
		w.addClients(t, fmt.Sprintf("  - {id: %s, redirect_uris: [%q], post_logout_redirect_uris: [%q], secret_hash: %q, "+
			"id_token_signed_response_alg: %s, allow: everyone%s}\n", a.ID, fmt.Sprintf("http://127.0.0.1:%d/callback", a.Port),
			fmt.Sprintf("http://127.0.0.1:%d/out", a.Port), hash, a.Alg, more))
	}
	w.serve()
	c := newChromium(t)
	c.pictures = "" // pictures are of the demo
	for _, a := range apps {
		t.Run(a.ID, func(t *testing.T) {
			address := a.start(t, folder)
			c.t, c.screen = t, a.ID
			c.open(address + "/")
			c.look("start", "#login")
			logins := asked(t, w.simulator)
			c.click("#login")
			c.look("logged in", "#user")
			sub := c.says("#user")
			if sub == "" || c.says("#name") != "张三" {
				t.Errorf("the app knows %q, %q", sub, c.says("#name"))
			}
			c.click("#logout")
			c.look("logged out", "#out")
			if at := c.address(); !strings.HasPrefix(at, address+"/out?state=") {
				t.Errorf("the logout ends at %s", at)
			}
			c.click("#login")
			c.look("logged in again", "#user")
			if c.says("#user") != sub {
				t.Errorf("logged in again as %q, not as %q", c.says("#user"), sub)
			}
			if n := asked(t, w.simulator); n != logins+2 {
				t.Errorf("DingTalk was asked %d times for two logins with a logout between", n-logins)
			}
			c.click("#logout")
			c.look("at the end", "#out")
		})
	}
}
