package systemtest

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	browser "github.com/dingbridge/dingbridge/provider/pages/chromium"
)

// A desk is the example of a Vue front end and a Django back end, as its README has an
// operator start it, at one address.
type desk struct {
	*world
	url    string
	folder string // a copy of the example
	env    []string
}

// newDesk brings what Django and Vue need, builds the page, and starts both.
func newDesk(t *testing.T) *desk {
	t.Helper()
	if testing.Short() {
		t.Skip("what others wrote is the same under -short")
	}
	t.Parallel()
	needs(t, "vuedjango", "node", "npm", "python3")
	if err := exec.CommandContext(t.Context(), "python3", "-m", "pip", "--version").Run(); err != nil {
		leaveOut(t, "vuedjango", "no pip")
	}
	w := newWorld(t, setting{})
	d := &desk{world: w, url: "http://127.0.0.1:" + freePort(t), folder: t.TempDir()}
	if err := os.CopyFS(d.folder, os.DirFS(filepath.Join("..", "..", "..", "..", "deploy", "examples", "vue-django"))); err != nil {
		t.Fatal(err)
	}
	secret := w.register(t, "vue-django", "https://desk.example.com", d.url)
	// A leaver is found at the next call, not ten minutes later, and the page renews its
	// access token a minute before it ends: after five seconds.
	w.serve("DINGBRIDGE_FRESHNESS_RECHECK_AFTER=1s", "DINGBRIDGE_LIVES_ACCESS_TOKEN=65s")
	w.write("oidc-secret", secret+"\n")
	w.write("django-key", strings.Repeat("of the test ", 6)+"\n")
	if err := os.WriteFile(filepath.Join(d.folder, "vue", ".env"), []byte(example(t, "vue-django", "vue/.env", "https://sso.example.com", w.issuer)), 0o600); err != nil {
		t.Fatal(err)
	}
	behind := "127.0.0.1:" + freePort(t)
	d.env = append(os.Environ(), "APP_URL="+d.url, "OIDC_ISSUER="+w.issuer, "OIDC_CLIENT_SECRET_FILE="+filepath.Join(w.folder, "oidc-secret"),
		"DJANGO_SECRET_KEY_FILE="+filepath.Join(w.folder, "django-key"), "DESK_DATABASE="+filepath.Join(w.folder, "desk.sqlite3"),
		"DESK_RECHECK_SECONDS=3", "DJANGO_URL=http://"+behind, "PYTHONPATH="+filepath.Join(d.folder, "packages"))

	brought, built := make(chan error, 1), make(chan error, 1)
	go func() {
		brought <- install(t, filepath.Join(d.folder, "vue"), "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund")
	}()
	err := install(t, filepath.Join(d.folder, "django"), "python3", "-m", "pip", "install", "--quiet", "--no-deps", "--only-binary", ":all:", "--no-compile",
		"--require-hashes", "--disable-pip-version-check", "--requirement", "requirements.txt", "--target", filepath.Join(d.folder, "packages"))
	if err := errors.Join(err, <-brought); err != nil {
		leaveOut(t, "vuedjango", err.Error())
	}
	go func() { built <- d.run(t, "vue", "npm", "run", "build") }()
	if err := errors.Join(d.run(t, "django", "python3", "manage.py", "migrate", "--verbosity", "0"), <-built); err != nil {
		t.Fatal(err)
	}
	d.start(t, "django", behind, "python3", "-m", "gunicorn", "--bind", behind, "--workers", "2", "--no-control-socket", "desk.wsgi")
	here := strings.TrimPrefix(d.url, "http://")
	host, port, _ := strings.Cut(here, ":")
	d.start(t, "vue", here, "node", "node_modules/vite/bin/vite.js", "preview", "--host", host, "--port", port, "--strictPort")
	return d
}

// run runs a command of the README in one of the example's folders.
func (d *desk) run(t *testing.T, where, program string, args ...string) error {
	cmd := exec.CommandContext(within(t), program, args...)
	cmd.Dir, cmd.Env = filepath.Join(d.folder, where), d.env
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", strings.Join(cmd.Args, " "), err, out)
	}
	return nil
}

// start starts a server of the README that listens at an address.
func (d *desk) start(t *testing.T, where, address, program string, args ...string) {
	t.Helper()
	cmd := exec.Command(program, args...)
	said, err := os.Create(filepath.Join(d.folder, where+".log"))
	if err != nil {
		t.Fatal(err)
	}
	defer said.Close()
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = filepath.Join(d.folder, where), d.env, said, said
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	startUntilListening(t, cmd, address, func() string {
		text, _ := os.ReadFile(said.Name())
		return string(text)
	})
}

// logins is how often DingTalk was asked.
func (d *desk) logins(t *testing.T) int { return asked(t, d.simulator) }

// shown is what a page of the example shows of who is logged in.
type shown struct{ nick, name, account string }

func (d *desk) shown(v *viewer) shown {
	v.t.Helper()
	v.see("#nick")
	return shown{v.says("#nick"), v.says("#name"), v.says("#account")}
}

// TestE9_VueAndDjango clicks through the example: both logins show the same account, a
// logout by one ends the other, namesakes have accounts of their own, who is not
// admitted makes none, and a leaver is out at the next call.
//
// proves: mozilla-django-oidc, and the API of its app | Core section 3.1, RP-Initiated Logout section 2, RFC 7662 section 2
// proves: a page made of oidc-client-ts | Core section 3.1, RFC 7636 section 4
func TestE9_VueAndDjango(t *testing.T) {
	d := newDesk(t)
	if err := d.run(t, "django", "python3", "manage.py", "test"); err != nil {
		t.Error(err)
	}
	d.refusesOthers(t)
	ctx := browser.Start(t, 15*time.Minute)
	all := hosts{provider: d.issuer, dingTalk: []string{d.simulator}, app: []string{d.url}}
	newcomer := func(on device) *viewer {
		v := look(t, ctx, on, all)
		// The page's script calls the provider, and what is over is answered with 401.
		v.pardons = []string{"loaded Fetch " + d.issuer, "loaded XHR " + d.issuer, "loaded Preflight " + d.issuer, "status of 4"}
		t.Cleanup(v.content)
		return v
	}
	page, desk := d.url+"/", d.url+"/desk/"

	v := newcomer(devices[0])
	v.open(page)
	v.see("#login")
	v.picture("vue-out")
	v.click("#login")
	v.approve("zhangsan")
	first := d.shown(v)
	if first.nick != "三哥" || first.name != "张三" || first.account == "" {
		t.Errorf("Vue shows %q", first)
	}
	v.picture("vue-in")
	if at := ask[string](v, `location.href`); at != page {
		t.Errorf("after the login the page is at %s", at)
	}
	if n := ask[int](v, `localStorage.length + sessionStorage.length + document.cookie.length`); n != 0 {
		t.Errorf("the browser keeps %s", ask[string](v, `JSON.stringify([localStorage, sessionStorage, document.cookie])`))
	}
	logins := d.logins(t)
	v.open(desk)
	v.see("#login")
	v.picture("django-out")
	v.click("#login")
	if at := d.shown(v); at != first || d.logins(t) != logins {
		t.Errorf("Django shows %q, Vue %q; DingTalk was asked %d times more", at, first, d.logins(t)-logins)
	}
	v.picture("django-in")
	v.open(page) // loaded anew it has no tokens
	v.click("#login")
	if at := d.shown(v); at != first || d.logins(t) != logins {
		t.Errorf("after a reload Vue shows %q; DingTalk was asked %d times more", at, d.logins(t)-logins)
	}

	// A logout in the page ends Django's session, and the other way round.
	v.click("#logout")
	v.see("#login")
	if at := ask[string](v, `location.href`); at != page {
		t.Errorf("Vue's logout ends at %s", at)
	}
	d.out(v, desk)
	v.click("#login")
	v.approve("zhangsan2")
	second := d.shown(v)
	if second.nick != "张三丰" || second.name != "张三" || second.account == first.account {
		t.Errorf("the namesake is shown %q, the first %q", second, first)
	}
	v.click("#logout")
	v.see("#login")
	if at := ask[string](v, `location.href`); at != desk {
		t.Errorf("Django's logout ends at %s", at)
	}

	// Whom nobody admitted sees our page, at both.
	for _, who := range []struct{ userid, kind string }{{"LiSi", "not-admitted"}, {"outsider", "outsider"}} {
		other := newcomer(devices[1])
		other.open(page)
		other.see("#login")
		other.picture("vue-out")
		for _, at := range []string{page, desk} {
			other.open(at)
			other.click("#login")
			other.approve(who.userid)
			other.shows(who.kind)
		}
		other.open(desk)
		other.see("#login")
	}

	// A leaver is out of both.
	v.open(page)
	v.click("#login")
	v.approve("zhangsan2")
	if at := d.shown(v); at != second {
		t.Errorf("the namesake is shown %q, before %q", at, second)
	}
	rotated := strings.Count(d.logs(), `"refresh.rotated"`)
	tab := newTab(v)
	tab.open(desk)
	tab.click("#login")
	d.shown(tab)
	until(t, "a new access token, by the refresh token", func() bool { return strings.Count(d.logs(), `"refresh.rotated"`) > rotated })
	v.click("#again")
	if at := d.shown(v); at != second {
		t.Errorf("with a new access token the page shows %q", at)
	}
	d.control(t, "people/zhangsan2/leave", "")
	until(t, "the page without the leaver", func() bool {
		return ask[bool](v, `document.querySelector("#again")?.click(), document.querySelector("#note")?.innerText.startsWith("登录已经结束") === true`)
	})
	v.see("#login")
	v.picture("vue-ended")
	d.out(tab, desk)
	d.accounts(t, "三哥", "张三丰")
}

// out waits until Django has asked again, and let go.
func (d *desk) out(v *viewer, desk string) {
	v.t.Helper()
	until(v.t, "the end of Django's session", func() bool {
		v.open(desk)
		return ask[bool](v, `document.querySelector("#login") !== null`)
	})
}

// newTab is another tab of the same browser.
func newTab(v *viewer) *viewer {
	v.t.Helper()
	tab := &viewer{t: v.t, device: v.device, hosts: v.hosts, pardons: v.pardons}
	ctx, end := chromedp.NewContext(v.ctx)
	v.t.Cleanup(end)
	tab.ctx = ctx
	tab.must(chromedp.Do(ctx))
	return tab
}

// picture puts one below SCREENSHOTS, for somebody to look at.
func (v *viewer) picture(name string) {
	v.t.Helper()
	folder := os.Getenv("SCREENSHOTS")
	if folder == "" {
		return
	}
	png, err := chromedp.Run(v.ctx, chromedp.FullScreenshot(100))
	v.must(err)
	v.must(os.WriteFile(filepath.Join(folder, name+"-"+v.name+".png"), png, 0o644))
}

// accounts holds whom Django has accounts of, and that each has issuer and sub.
func (d *desk) accounts(t *testing.T, nicks ...string) {
	t.Helper()
	cmd := exec.CommandContext(within(t), "python3", "manage.py", "shell", "--verbosity", "0", "-c",
		`from accounts.models import Person; print(*(f"{p.nick} {p.issuer} {len(p.sub) > 20}" for p in Person.objects.order_by("pk")), sep="\n")`)
	cmd.Dir, cmd.Env = filepath.Join(d.folder, "django"), d.env
	out, err := cmd.Output()
	want := ""
	for _, nick := range nicks {
		want += nick + " " + d.issuer + " True\n"
	}
	if err != nil || string(out) != want {
		t.Errorf("the accounts are\n%s%v, want\n%s", out, err, want)
	}
}

// refusesOthers holds that the API takes tokens of its own page and no others.
func (d *desk) refusesOthers(t *testing.T) {
	t.Helper()
	d.control(t, "as", `{"userid": "zhangsan"}`)
	defer d.control(t, "as", `{"userid": ""}`) // DingTalk's page asks who it is
	p, rs := newPerson(), d.app("rs")
	code, err := p.login(t.Context(), d.world, rs)
	if err != nil {
		t.Fatal(err)
	}
	tokens := rs.redeem(t.Context(), d.issuer, code)
	for what, token := range map[string]string{"another app's": tokens.text("access_token"), "an ID token": tokens.text("id_token"),
		"a refresh token": tokens.text("refresh_token"), "nothing": "", "a made-up one": "x"} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, d.url+"/api/me", nil)
		if err != nil {
			t.Fatal(err)
		}
		if token != "" {
			req.Header.Set("Authorization", "Bearer "+token)
		}
		if got := send(req); got.status != http.StatusUnauthorized || !strings.HasPrefix(got.header.Get("WWW-Authenticate"), "Bearer") {
			t.Errorf("with %s the API answers %v", what, got)
		}
	}
}
