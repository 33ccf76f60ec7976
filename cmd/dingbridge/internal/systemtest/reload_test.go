package systemtest

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/dingbridge/dingbridge/dingtalk/simulator"
	"github.com/dingbridge/dingbridge/keys/secret"
	"github.com/dingbridge/dingbridge/provider/clients"
	"github.com/dingbridge/dingbridge/storage/storagetest"
)

// foldered gives a world the folder clients.d.
func foldered(t *testing.T, w *world) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(w.folder, "config.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	w.write("config.yaml", string(text)+"clients_dir: clients.d\n")
	folder := filepath.Join(w.folder, "clients.d")
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	return folder
}

// entry is the text of a file with one client, which has a new secret.
func (w *world) entry(id string) string {
	secret, hash := clients.GenerateSecret()
	w.clients[id] = secret
	return fmt.Sprintf("clients:\n  - {id: %s, redirect_uris: [%q], secret_hash: %q, allow: everyone}\n", id, w.app(id).redirect, hash)
}

// known waits until the program knows an app, or no longer does: then it sends nobody back.
func (w *world) known(t *testing.T, what, id string, want bool) {
	t.Helper()
	a := w.app(id)
	until(t, what, func() bool {
		time.Sleep(50 * time.Millisecond)
		got, err := newPerson().get(t.Context(), w.authorization(a, "prompt", "none", "scope", "openid"))
		if err != nil {
			t.Fatal(err)
		}
		return strings.HasPrefix(got.location, a.redirect) == want
	})
}

// said waits until a process has logged a text n times.
func said(t *testing.T, p *process, text string, n int) {
	t.Helper()
	until(t, text, func() bool { return strings.Count(p.log(), text) >= n })
}

// TestE50_ClientsChangeWhileTheyAreUsed: in each way in which files are written, with people
// logging in through a client that is in the folder all along.
func TestE50_ClientsChangeWhileTheyAreUsed(t *testing.T) {
	t.Parallel()
	w := newWorld(t, setting{})
	folder := foldered(t, w)
	in := func(name string) string { return filepath.Join(folder, name) }
	put := func(name, text string) { w.write(filepath.Join("clients.d", name), text) }
	do := func(errs ...error) {
		t.Helper()
		if err := errors.Join(errs...); err != nil {
			t.Fatal(err)
		}
	}
	put("00-used.yaml", w.entry("used"))
	p := w.serve()
	used := w.app("used")
	tr := w.drive(t, 2, func() app { return used })
	tr.more(t, 1)

	put("a.yaml", w.entry("a"))
	w.known(t, "a new file", "a", true)
	put(".b.yaml.tmp", w.entry("b"))
	do(os.Rename(in(".b.yaml.tmp"), in("b.yaml")))
	w.known(t, "a file renamed into it", "b", true)
	put("b.yaml", w.entry("b")) // another secret, in place
	w.known(t, "a file written in place", "b", true)

	put("a.yaml", w.entry("a")+"  - {id: broken, secret_hash: nonsense}\n")
	put("c.yaml", w.entry("c"))
	said(t, p, "clients.rejected", 1)
	if log := p.log(); !strings.Contains(log, "clients.d/a.yaml:3: clients[1].secret_hash: ") || strings.Contains(log, "nonsense") {
		t.Errorf("the log does not name the place, or tells the value:\n%s", log)
	}
	w.known(t, "nothing of a set with a fault", "c", false)
	check := w.start(nil, "check", "--config", "config.yaml")
	<-check.ended
	if !strings.Contains(check.log(), "clients.d/a.yaml:3: clients[1].secret_hash: ") || check.cmd.ProcessState.ExitCode() != 1 {
		t.Errorf("check says %s", check.log())
	}
	put("a.yaml", w.entry("a"))
	w.known(t, "the fault mended", "c", true)
	w.known(t, "the fault mended", "a", true)

	rejected := strings.Count(p.log(), "clients.rejected")
	do(os.Rename(folder, folder+".away"))
	said(t, p, "clients.rejected", rejected+1)
	w.known(t, "the folder gone", "a", true)
	do(os.Rename(folder+".away", folder))

	// As a volume of Kubernetes: the folder becomes a link to a link that is swapped.
	volume := filepath.Join(w.folder, "volume")
	version := func(name string, ids ...string) {
		do(os.MkdirAll(filepath.Join(volume, name), 0o700))
		for _, id := range ids {
			do(os.WriteFile(filepath.Join(volume, name, id+".yaml"), []byte(w.entry(id)), 0o600))
		}
		kept, err := os.ReadFile(filepath.Join(w.folder, "used.kept"))
		do(err, os.WriteFile(filepath.Join(volume, name, "used.yaml"), kept, 0o600), os.Symlink(name, filepath.Join(volume, "..tmp")),
			os.Rename(filepath.Join(volume, "..tmp"), filepath.Join(volume, "..data")))
	}
	kept, err := os.ReadFile(in("00-used.yaml"))
	do(err)
	w.write("used.kept", string(kept))
	version("..1", "k1", "k2")
	do(os.Symlink(filepath.Join("volume", "..data"), folder+".new"), os.Rename(folder, folder+".old"), os.Rename(folder+".new", folder))
	w.known(t, "a volume", "k2", true)
	w.known(t, "what the folder had before", "a", false)
	version("..2", "k1", "k3")
	w.known(t, "a swap of the volume", "k3", true)
	w.known(t, "a swap of the volume", "k2", false)

	// By hand, and many at once.
	for i := range 100 {
		do(os.WriteFile(filepath.Join(volume, "..2", fmt.Sprintf("m%d.yaml", i)), []byte(w.entry(fmt.Sprint("m", i))), 0o600))
	}
	w.known(t, "the last of many", "m99", true)
	w.known(t, "the first of many", "m0", true)
	replaced := strings.Count(p.log(), "clients.replaced")
	do(p.cmd.Process.Signal(syscall.SIGHUP))
	said(t, p, "clients.replaced", replaced+1)
	if strings.Contains(p.log(), "needs a restart") {
		t.Error("a config.yaml that has not changed is said to need a restart")
	}
	text, err := os.ReadFile(filepath.Join(w.folder, "config.yaml"))
	do(err)
	w.write("config.yaml", strings.Replace(string(text), "refresh_leeway: 30s", "refresh_leeway: 31s", 1)+"operator: {name: IT}\n")
	do(p.cmd.Process.Signal(syscall.SIGHUP))
	said(t, p, `needs a restart","keys":"lives.refresh_leeway, operator.name"`, 1)
	w.write("config.yaml", "issuer: [")
	do(p.cmd.Process.Signal(syscall.SIGHUP))
	said(t, p, "would not be taken at a restart", 1)
	tr.more(t, 1)
	tr.end(t)
}

// TestE51_AClientsSecretIsChangedWithoutAGap: two are live while the app is moved over.
func TestE51_AClientsSecretIsChangedWithoutAGap(t *testing.T) {
	t.Parallel()
	w := newWorld(t, setting{})
	foldered(t, w)
	with := func(hashes ...string) string {
		return fmt.Sprintf("clients:\n  - {id: wiki, redirect_uris: [%q], secret_hashes: [%s], allow: everyone}\n", w.app("wiki").redirect, `"`+strings.Join(hashes, `", "`)+`"`)
	}
	oldSecret, oldHash := clients.GenerateSecret()
	newSecret, newHash := clients.GenerateSecret()
	w.write("clients.d/wiki.yaml", with(oldHash))
	p := w.serve()
	var uses atomic.Value
	uses.Store(oldSecret)
	of := func(secret string) app { a := w.app("wiki"); a.secret = secret; return a }
	tr := w.drive(t, 3, func() app { return of(uses.Load().(string)) })
	taken := func(secret string) bool {
		time.Sleep(500 * time.Millisecond) // wrong secrets are limited
		return of(secret).introspect(t.Context(), w.issuer, "nothing").status == http.StatusOK
	}
	tr.more(t, 3)
	w.write("clients.d/wiki.yaml", with(oldHash, newHash))
	until(t, "the second secret", func() bool { return taken(newSecret) })
	if !taken(oldSecret) {
		t.Error("the first secret is refused while both are live")
	}
	tr.more(t, 3)
	uses.Store(newSecret) // the app is moved over
	tr.more(t, 6)         // and every lane has begun a visit since
	tr.end(t)
	tr = w.drive(t, 3, func() app { return of(newSecret) })
	w.write("clients.d/wiki.yaml", with(newHash))
	until(t, "the end of the first", func() bool { return !taken(oldSecret) })
	tr.more(t, 3)
	tr.end(t)
	if n := strings.Count(p.log(), "clients.rejected"); n != 0 {
		t.Errorf("%d changes were rejected", n)
	}
}

// TestE51_TheProvidersSecretIsChangedWithoutARestart: appended, moved, removed, with people
// logging in; what is still needed cannot be removed.
func TestE51_TheProvidersSecretIsChangedWithoutARestart(t *testing.T) {
	t.Parallel()
	r := storagetest.StartRedis(t)
	w := newWorld(t, setting{storage: r.URL})
	p := w.serve()
	rs := w.app("rs")
	code, err := newPerson().login(t.Context(), w, rs)
	if err != nil {
		t.Fatal(err)
	}
	before := rs.redeem(t.Context(), w.issuer, code)
	keysBefore, err := newPerson().get(t.Context(), w.issuer+"/jwks")
	if err != nil {
		t.Fatal(err)
	}
	old, next := w.secret, secret.Generate()
	tr := w.drive(t, 2, func() app { return rs })
	tr.more(t, 2)

	w.write("secret", next+"\n") // all at once: too early
	said(t, p, `"event":"secret.rejected"`, 1)
	if !strings.Contains(p.log(), "in_use") {
		t.Errorf("why is not told:\n%s", p.log())
	}
	check := w.start(nil, "check", "--config", "config.yaml")
	<-check.ended
	if check.cmd.ProcessState.ExitCode() != 1 || !strings.Contains(check.log(), "secret_file: ") {
		t.Errorf("check takes a file that the server does not: %s", check.log())
	}
	tr.more(t, 2)
	w.write("secret", "short\n")
	said(t, p, `"event":"secret.rejected"`, 2)
	w.write("secret", old+"\n"+next+"\n")
	said(t, p, `"event":"secret.replaced"`, 1)
	tr.more(t, 2)
	w.write("secret", next+"\n"+old+"\n")
	said(t, p, `"event":"secret.replaced"`, 2)
	tr.more(t, 2)
	again := rs.refresh(t.Context(), w.issuer, before.text("refresh_token"))
	if again.status != http.StatusOK {
		t.Fatalf("a refresh token from before: %v", again)
	}
	tr.end(t) // what began under the old secret and is shown after its removal fails, and should
	said(t, p, "were sealed by the first secret", 1)
	check = w.start(nil, "check", "--config", "config.yaml")
	<-check.ended
	if check.cmd.ProcessState.ExitCode() != 0 {
		t.Errorf("check: %s", check.log())
	}
	tr = w.drive(t, 2, func() app { return rs })
	tr.more(t, 1)
	w.write("secret", next+"\n")
	said(t, p, `"event":"secret.replaced"`, 3)
	tr.more(t, 2)
	tr.end(t)
	if got := rs.refresh(t.Context(), w.issuer, again.text("refresh_token")); got.status != http.StatusOK {
		t.Errorf("a refresh token of the new secret: %v", got)
	}
	if got := rs.refresh(t.Context(), w.issuer, before.text("refresh_token")); !got.refused() {
		t.Errorf("a refresh token of the secret that is gone: %v", got)
	}
	if now, err := newPerson().get(t.Context(), w.issuer+"/jwks"); err != nil || now.body != keysBefore.body {
		t.Errorf("the signing keys are others: %v", err)
	}
	if code, err := p.stop(); code != 0 || err != nil {
		t.Errorf("its end: %d, %v", code, err)
	}
	w.serve() // with the new secret alone
	if code, err = newPerson().login(t.Context(), w, rs); err != nil || rs.redeem(t.Context(), w.issuer, code).status != http.StatusOK {
		t.Errorf("after a restart: %v", err)
	}
}

// A guard stands before the simulator and takes another secret than its own.
type guard struct{ now atomic.Value }

func (g *guard) to(t *testing.T) func(string) string {
	own := simulator.DefaultCompany().App.ClientSecret
	g.now.Store(own)
	return func(address string) string {
		far, err := url.Parse(address)
		if err != nil {
			t.Fatal(err)
		}
		proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(far) }, Transport: wires}
		server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			body, err := io.ReadAll(r.Body)
			if err != nil {
				return
			}
			text, taken := string(body), g.now.Load().(string)
			if strings.HasPrefix(r.URL.Path, "/v1.0/oauth2/") {
				if !strings.Contains(text, taken) {
					text = strings.ReplaceAll(text, own, "not-the-secret-any-more")
				}
				text = strings.ReplaceAll(text, taken, own)
			}
			r.Body, r.ContentLength = io.NopCloser(strings.NewReader(text)), int64(len(text))
			proxy.ServeHTTP(rw, r)
		}))
		t.Cleanup(server.Close)
		return server.URL
	}
}

// TestE51_DingTalksSecretIsChangedWithoutARestart: a wrong one is told and changes nothing,
// one that cannot be tried is tried again, the right one serves.
func TestE51_DingTalksSecretIsChangedWithoutARestart(t *testing.T) {
	t.Parallel()
	var office guard
	w := newWorld(t, setting{upstream: office.to(t)})
	p := w.serve()
	rs := w.app("rs")
	in := func(what string) {
		t.Helper()
		code, err := newPerson().login(t.Context(), w, rs)
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		if got := rs.redeem(t.Context(), w.issuer, code); got.status != http.StatusOK {
			t.Fatalf("%s: %v", what, got)
		}
	}
	in("before")
	const next = "the-next-secret-of-the-app-0123456789"
	w.write("app-secret", next+"\n") // too early: DingTalk does not know it yet
	said(t, p, `"event":"upstream.secret_rejected"`, 1)
	if log := p.log(); !strings.Contains(log, `"reason":"refused"`) || strings.Contains(log, next) {
		t.Errorf("why is not told, or the secret is:\n%s", log)
	}
	in("with a wrong secret in the file")
	office.now.Store(next)
	if err := p.cmd.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	said(t, p, `"event":"upstream.secret_replaced"`, 1)
	in("with the new secret")
	w.steered(t, http.MethodDelete, "tokens", nil)
	in("with an app token that the new secret fetched")
}
