package systemtest

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/dingbridge/dingbridge/dingtalk/simulator"
)

// clientAgent is DingTalk's client on a phone.
const clientAgent = "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 Chrome/120.0.0.0 Mobile Safari/537.36 AliApp(DingTalk/7.8.1) com.alibaba.android.rimet/1"

// appAddress is where the clients want the browser back. Nobody listens there.
const appAddress = "http://127.0.0.1:9/dingtalk/login/callback/"

// clientFolder is a copy of a folder of testdata/dingtalk, for what the clients need
// beside it. The programs must be there.
func clientFolder(t *testing.T, name string, programs ...string) string {
	t.Helper()
	if testing.Short() {
		t.Skip("what others wrote is the same under -short")
	}
	t.Parallel()
	needs(t, "dingtalk", programs...)
	folder := t.TempDir()
	if err := os.CopyFS(folder, os.DirFS(filepath.Join("testdata", "dingtalk", name))); err != nil {
		t.Fatal(err)
	}
	return folder
}

// within is a context for a program that may hang.
func within(t *testing.T) context.Context {
	ctx, end := context.WithTimeout(t.Context(), 2*patience)
	t.Cleanup(end)
	return ctx
}

// bring installs packages, or leaves the suite out.
func bring(t *testing.T, folder, program string, args ...string) {
	t.Helper()
	if err := install(t, folder, program, args...); err != nil {
		leaveOut(t, "dingtalk", err.Error())
	}
}

// install runs a program that brings packages. A registry may fail once.
func install(t *testing.T, folder, program string, args ...string) error {
	for try := 1; ; try++ {
		cmd := exec.CommandContext(within(t), program, args...)
		cmd.Dir = folder
		out, err := cmd.CombinedOutput()
		if err == nil {
			return nil
		}
		t.Logf("%s, try %d: %v\n%s", program, try, err, out)
		if try == 3 {
			return fmt.Errorf("%s cannot install what is needed: %w", program, err)
		}
	}
}

// TestE14_NodeDingTalkClients are Logto's connector and a strategy of Passport.
func TestE14_NodeDingTalkClients(t *testing.T) {
	othersAtWork(t)
	folder := clientFolder(t, "node", "node", "npm")
	bring(t, folder, "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund")
	d := newDingTalk(t, "zhangsan")
	cmd := exec.CommandContext(within(t), "node", "--import", "./hosts.mjs", "clients.mjs")
	cmd.Env = append(os.Environ(), "NODE_EXTRA_CA_CERTS="+d.roots, "DINGTALK_HOSTS="+d.tls)
	ways := []string{"Logto", "passport-dingtalk2"}
	d.logIn(t, cmd, folder, ways, `^POST api\.dingtalk\.com/v1\.0/oauth2/userAccessToken$`, `^GET api\.dingtalk\.com/v1\.0/contact/users/me$`)
}

// TestE14_PythonDingTalkClients is django-allauth, in a site of Django.
func TestE14_PythonDingTalkClients(t *testing.T) {
	othersAtWork(t)
	folder := clientFolder(t, "python", "python3")
	bring(t, folder, "python3", "-m", "pip", "install", "--quiet", "--no-deps", "--only-binary", ":all:", "--no-compile",
		"--require-hashes", "--disable-pip-version-check", "--requirement", "requirements.txt", "--target", "packages")
	d := newDingTalk(t, "zhangsan")
	cmd := exec.CommandContext(within(t), "python3", "clients.py")
	cmd.Env = append(os.Environ(), "PYTHONPATH=packages", "PYTHONDONTWRITEBYTECODE=1", "REQUESTS_CA_BUNDLE="+d.roots,
		"HTTPS_PROXY="+d.proxy.String(), "https_proxy="+d.proxy.String(), "NO_PROXY=", "no_proxy=")
	d.logIn(t, cmd, folder, []string{"django-allauth"},
		`^POST api\.dingtalk\.com/v1\.0/oauth2/userAccessToken$`, `^GET api\.dingtalk\.com/v1\.0/contact/users/me$`)
}

// TestE14_JavaDingTalkClients are JustAuth and DingTalk's own SDK for the old API: the
// signed login of 2020 by its QR code and by its password page, the login of today by
// its older address, and the login inside DingTalk's client.
func TestE14_JavaDingTalkClients(t *testing.T) {
	othersAtWork(t)
	folder := clientFolder(t, "java", "java", "javac", "keytool", "mvn")
	bring(t, folder, "mvn", "--quiet", "--batch-mode", "dependency:copy-dependencies", "-DoutputDirectory=lib")
	asPublished(t, folder)
	d := newDingTalk(t, "zhangsan")
	trust := filepath.Join(folder, "roots.p12")
	if out, err := exec.CommandContext(t.Context(), "keytool", "-importcert", "-noprompt", "-alias", "test", "-storetype", "PKCS12",
		"-storepass", "of-the-test", "-keystore", trust, "-file", d.roots).CombinedOutput(); err != nil {
		t.Fatalf("keytool: %v\n%s", err, out)
	}
	cmd := exec.CommandContext(within(t), "java", "-Dhttps.proxyHost=127.0.0.1", "-Dhttps.proxyPort="+d.proxy.Port(),
		"-Djavax.net.ssl.trustStore="+trust, "-Djavax.net.ssl.trustStorePassword=of-the-test", "-Dfile.encoding=UTF-8",
		"-cp", "lib/*", "Clients.java")
	cmd.Env = os.Environ()
	d.logIn(t, cmd, folder, []string{"JustAuth, sns", "JustAuth, sns with the internal app", "JustAuth, password", "JustAuth, oauth2", "SDK, sns", "SDK, in the client"},
		`^GET oapi\.dingtalk\.com/connect/qrconnect$`, `^GET oapi\.dingtalk\.com/connect/oauth2/sns_authorize$`, `^POST oapi\.dingtalk\.com/sns/getuserinfo_bycode$`,
		`^GET login\.dingtalk\.com/oauth2/challenge\.htm$`, `^POST api\.dingtalk\.com/v1\.0/oauth2/userAccessToken$`, `^GET api\.dingtalk\.com/v1\.0/contact/users/me$`,
		`^GET oapi\.dingtalk\.com/gettoken$`, `^POST oapi\.dingtalk\.com/topapi/user/getbyunionid$`, `^POST oapi\.dingtalk\.com/topapi/v2/user/get$`,
		`^POST oapi\.dingtalk\.com/topapi/v2/user/getuserinfo$`)
}

// asPublished compares what Maven brought with SHA256SUMS, both ways.
func asPublished(t *testing.T, folder string) {
	t.Helper()
	want, err := os.ReadFile(filepath.Join(folder, "SHA256SUMS"))
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(folder, "lib", "*.jar"))
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(files)
	var have strings.Builder
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		sum := sha256.Sum256(text)
		fmt.Fprintf(&have, "%s  %s\n", hex.EncodeToString(sum[:]), filepath.Base(f))
	}
	if have.String() != string(want) {
		t.Fatalf("SHA256SUMS has\n%s\nand Maven brought\n%s", want, have.String())
	}
}

// A line is what a client says: first where a browser is to go (nowhere: it wants a code
// of DingTalk's client), then who was logged in.
type line struct {
	Way     string
	Address *string
	UnionID string
	Nick    *string
	UserID  *string
	Name    *string
}

// logIn runs a program of clients against d, is the browser that they send, and checks
// that each way ended with 张三, and that the calls were made under DingTalk's names.
func (d *dingTalk) logIn(t *testing.T, cmd *exec.Cmd, folder string, ways []string, calls ...string) {
	t.Helper()
	c := simulator.DefaultCompany()
	argument, err := json.Marshal(map[string]string{"id": c.App.ClientID, "secret": c.App.ClientSecret,
		"scanId": c.ScanApp.AppID, "scanSecret": c.ScanApp.AppSecret, "redirect": appAddress})
	if err != nil {
		t.Fatal(err)
	}
	cmd.Args = append(cmd.Args, string(argument))
	cmd.Dir = folder
	var complaints strings.Builder
	cmd.Stderr = &complaints
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var done, other []string
	for words := bufio.NewScanner(out); words.Scan(); {
		var l line
		if json.Unmarshal(words.Bytes(), &l) != nil || l.Way == "" {
			other = append(other, words.Text()) // a library that prints
			continue
		}
		if l.Address != nil {
			fmt.Fprintln(in, d.visit(t, l))
			continue
		}
		done = append(done, l.Way)
		d.check(t, l)
	}
	in.Close()
	if err := cmd.Wait(); err != nil || !slices.Equal(done, ways) {
		t.Errorf("%v: %v; complete are %q\n%s\n%s", cmd.Args[0], err, done, strings.Join(other, "\n"), complaints.String())
	}
	asked, refused := d.calls()
	for _, form := range calls {
		if !regexp.MustCompile("(?m)" + form).MatchString(asked) {
			t.Errorf("no call is like %s, of\n%s", form, asked)
		}
	}
	if refused != "" {
		t.Errorf("the clients also wanted\n%s", refused)
	}
}

// visit goes where the client sends a browser, and returns where it ends: the client's
// own address with a code.
func (d *dingTalk) visit(t *testing.T, l line) string {
	t.Helper()
	p := d.browser()
	if *l.Address == "" {
		return appAddress + "?code=" + codeOfClient(t, p.http, "https://g.alicdn.com"+scriptPath)
	}
	s, err := p.follow(t.Context(), *l.Address, appAddress)
	if err != nil || !strings.HasPrefix(s.location, appAddress) {
		t.Errorf("%s: %q ends with %d at %q (%v)\n%s", l.Way, *l.Address, s.status, s.location, err, s.body)
		return appAddress
	}
	return s.location
}

// codeOfClient is a code that the simulator's script for DingTalk's client can give out.
func codeOfClient(t *testing.T, c *http.Client, script string) string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, script, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("User-Agent", clientAgent)
	resp, err := c.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile(`"codes":\["([0-9a-f]+)"`).FindSubmatch(text)
	if found == nil {
		t.Fatalf("no code in the client's script:\n%s", text)
	}
	return string(found[1])
}

// check holds who was logged in against the simulated company.
func (d *dingTalk) check(t *testing.T, l line) {
	t.Helper()
	s, err := newPerson().get(t.Context(), d.simulator+"/control/people/zhangsan")
	if err != nil {
		t.Fatal(err)
	}
	var want struct{ UnionID, Nick, UserID, Name string }
	if err := json.Unmarshal([]byte(s.body), &want); err != nil || want.UnionID == "" {
		t.Fatalf("the simulator tells of 张三: %v, %s", err, s.body)
	}
	if l.UnionID != want.UnionID {
		t.Errorf("%s logged in %q, want %q", l.Way, l.UnionID, want.UnionID)
	}
	for what, pair := range map[string]struct {
		got  *string
		want string
	}{"nick": {l.Nick, want.Nick}, "userid": {l.UserID, want.UserID}, "name": {l.Name, want.Name}} {
		if pair.got != nil && *pair.got != pair.want {
			t.Errorf("%s: the %s is %q, want %q", l.Way, what, *pair.got, pair.want)
		}
	}
}
