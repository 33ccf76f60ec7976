package systemtest

import (
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// djangoPage is the site's own part: who is logged in, a form to log out, what a script
// calls, and the end of the ten minutes after which dingbridge is asked again.
const djangoPage = `
import json
import time
from unittest import mock

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.core.exceptions import SuspiciousOperation
from django.http import HttpResponse
from django.middleware.csrf import get_token
from jwt import ExpiredSignatureError
from mozilla_django_oidc.auth import OIDCAuthenticationBackend

from dingtalk_login import Backend


@login_required
def who(request):
    user = request.user
    return HttpResponse(json.dumps({"account": user.pk, "username": user.username, "name": user.first_name, "email": user.email, "csrf": get_token(request)}))


def over(request):
    request.session["oidc_id_token_expiration"] = 0
    return HttpResponse("over")


def api(request):
    return HttpResponse("in" if request.user.is_authenticated else "out")


def off(request):
    request.user.is_active = False
    request.user.save()
    return HttpResponse("off")


def tokens(request):
    """ID tokens of others, and old ones, with signatures that hold."""
    for other in ({}, {"aud": ["django"]}, {"iss": settings.OIDC_ISSUER + "/"}, {"iss": None}, {"aud": "grafana"}, {"aud": ["django", "grafana"]},
            {"aud": None}, {"exp": 1}, ExpiredSignatureError):
        claims = {"iss": settings.OIDC_ISSUER, "aud": "django", "sub": "one", "exp": time.time() + 3600}
        said = {"side_effect": other} if other is ExpiredSignatureError else {"return_value": claims | other}
        with mock.patch.object(OIDCAuthenticationBackend, "verify_token", **said):
            try:
                taken = bool(Backend().verify_token("signed"))
            except SuspiciousOperation:
                taken = False
        if taken != (other in ({}, {"aud": ["django"]})):
            return HttpResponse(f"taken: {other}")
    return HttpResponse("as they should be")


urlpatterns += [path("", who), path("over", over), path("off", off), path("tokens", tokens), path("api/me", api)]
`

// TestE25_Django is a new site of Django with the printed settings: in, the same account
// again, asked again when the time is over, out, and refused when switched off.
func TestE25_Django(t *testing.T) {
	if testing.Short() {
		t.Skip("what others wrote is the same under -short")
	}
	t.Parallel()
	needs(t, "vuedjango", "python3")
	folder := t.TempDir()
	requirements, err := filepath.Abs(filepath.Join("..", "..", "..", "..", "deploy", "examples", "vue-django", "django", "requirements.txt"))
	if err != nil {
		t.Fatal(err)
	}
	if err := install(t, folder, "python3", "-m", "pip", "install", "--quiet", "--no-deps", "--only-binary", ":all:", "--no-compile",
		"--require-hashes", "--disable-pip-version-check", "--requirement", requirements, "--target", filepath.Join(folder, "packages")); err != nil {
		leaveOut(t, "vuedjango", err.Error())
	}
	w := newWorld(t, setting{as: "zhangsan"})
	listen := "127.0.0.1:" + freePort(t)
	f := newFront(t, "http://"+listen)
	p := w.preset(t, "django", "--url", f.url)
	w.serve()

	env := append(os.Environ(), "PYTHONPATH="+filepath.Join(folder, "packages"), "PYTHONDONTWRITEBYTECODE=1")
	python := func(args ...string) *exec.Cmd {
		cmd := exec.CommandContext(within(t), "python3", args...)
		cmd.Dir, cmd.Env = folder, env
		return cmd
	}
	must := func(args ...string) {
		if out, err := python(args...).CombinedOutput(); err != nil {
			t.Fatalf("python3 %q: %v\n%s", args, err, out)
		}
	}
	must("-m", "django", "startproject", "site_of_the_test", ".")
	for file, more := range map[string]string{"site_of_the_test/settings.py": p.file(t, "settings.py"), "dingtalk_login.py": p.file(t, "dingtalk_login.py"),
		"site_of_the_test/urls.py": p.file(t, "urls.py") + djangoPage} {
		text, _ := os.ReadFile(filepath.Join(folder, file)) // one of them is new
		if err := os.WriteFile(filepath.Join(folder, file), []byte(string(text)+"\n"+more), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	must("manage.py", "migrate", "--verbosity", "0")
	cmd := exec.Command("python3", "manage.py", "runserver", "--noreload", listen)
	said, err := os.Create(filepath.Join(folder, "log"))
	if err != nil {
		t.Fatal(err)
	}
	defer said.Close()
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr, cmd.SysProcAttr = folder, env, said, said, &syscall.SysProcAttr{Setpgid: true}
	startUntilListening(t, cmd, listen, func() string {
		text, _ := os.ReadFile(said.Name())
		return string(text)
	})

	type user struct {
		Account                     int
		Username, Name, Email, CSRF string
	}
	enter := func(v *person) (u user) {
		t.Helper()
		s, err := v.follow(t.Context(), f.url+"/", "nowhere")
		if err != nil || json.Unmarshal([]byte(s.body), &u) != nil {
			t.Fatalf("after the login %d, %v, by %q: %.500s", s.status, err, v.passed, regexp.MustCompile(`<[^>]*>`).ReplaceAllString(s.body, ""))
		}
		return u
	}
	first, again := trusting(f), trusting(f)
	u := enter(first)
	if !regexp.MustCompile(`^[a-z2-7]{26}$`).MatchString(u.Username) || u.Name != "张三" || u.Email != "san.zhang@corp.example.cn" {
		t.Errorf("the site was told %+v", u)
	}
	if other := enter(again); other.Account != u.Account {
		t.Errorf("another browser is another account: %+v and %+v", u, other)
	}
	logins := asked(t, w.simulator)
	told := func(v *person, path string) seen {
		t.Helper()
		s, err := v.get(t.Context(), f.url+path)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	if s := told(first, "/tokens"); s.body != "as they should be" {
		t.Errorf("ID tokens: %d %s", s.status, s.body)
	}
	if s := told(first, "/api/me"); s.body != "in" {
		t.Errorf("a script is told %d %q", s.status, s.body)
	}
	told(first, "/over")
	if s := told(first, "/api/me"); s.status != http.StatusUnauthorized || !strings.Contains(s.body, "login_required") {
		t.Errorf("when the time is over a script is told %d %q, to %q", s.status, s.body, s.location)
	}
	enter(first)
	if !slices.ContainsFunc(first.passed, func(a string) bool { return strings.Contains(a, "prompt=none") }) || asked(t, w.simulator) != logins {
		t.Errorf("when the time is over a page is opened by %q", first.passed)
	}
	if s := told(first, "/api/me"); s.body != "in" {
		t.Errorf("afterwards a script is told %d %q", s.status, s.body)
	}
	// With the session at dingbridge over too, there is a page again.
	elsewhere := trusting(f)
	site, err := url.Parse(f.url)
	if err != nil {
		t.Fatal(err)
	}
	elsewhere.http.Jar.SetCookies(site, slices.DeleteFunc(again.http.Jar.Cookies(site), func(c *http.Cookie) bool { return c.Name != "sessionid" }))
	told(elsewhere, "/over")
	if enter(elsewhere); asked(t, w.simulator) != logins+1 {
		t.Errorf("without a session at dingbridge a page is opened by %q", elsewhere.passed)
	}
	logins = asked(t, w.simulator)

	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, f.url+"/oidc/logout/", strings.NewReader(url.Values{"csrfmiddlewaretoken": {u.CSRF}}.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Origin", f.url)
	out, err := first.do(req)
	if err != nil || !strings.HasPrefix(out.location, w.issuer+"/end_session?") {
		t.Fatalf("logging out leads to %q, %d, %v", out.location, out.status, err)
	}
	if s, err := first.follow(t.Context(), out.location, f.url); err != nil || s.location != f.url+"/" {
		t.Errorf("the logout ends at %q, %v, by %q", s.location, err, first.passed)
	}
	if enter(first); asked(t, w.simulator) != logins+1 {
		t.Error("the login after the logout did not ask DingTalk")
	}
	told(first, "/off")
	if s := told(first, "/api/me"); s.body != "out" {
		t.Errorf("who is switched off is told %d %q", s.status, s.body)
	}
	if s, err := first.follow(t.Context(), f.url+"/", "nowhere"); err != nil || s.status != http.StatusForbidden {
		t.Errorf("who is switched off: %d, %v, by %q", s.status, err, first.passed)
	}
}
