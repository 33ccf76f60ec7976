package systemtest

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
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

// A printed configuration is what `client add PRESET` wrote to standard output.
type printed struct {
	secret string
	files  map[string]string // by the beginning of the name
	all    string
}

// preset adds the app of a preset to the world, before it serves.
func (w *world) preset(t *testing.T, name string, args ...string) printed {
	t.Helper()
	file, err := program()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), file, append([]string{"client", "add", name, "--config", "config.yaml", "--allow", "everyone"}, args...)...)
	cmd.Dir, cmd.Env = w.folder, []string{"PATH=" + os.Getenv("PATH"), "HOME=" + w.folder}
	var complaints strings.Builder
	cmd.Stderr = &complaints
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("client add %s: %v\n%s", name, err, complaints.String())
	}
	parts := strings.Split(string(out), "\n----- ")
	p := printed{files: map[string]string{}, all: string(out)}
	if found := regexp.MustCompile(`(?m)^client_secret=(.*)$`).FindStringSubmatch(parts[0]); found != nil {
		p.secret = found[1]
	}
	for _, part := range parts[1:] {
		name, text, _ := strings.Cut(part, "\n")
		p.files[name] = text + "\n"
	}
	return p
}

// file is the printed file whose name begins so.
func (p printed) file(t *testing.T, begins string) string {
	t.Helper()
	for name, text := range p.files {
		if strings.HasPrefix(name, begins) {
			return text
		}
	}
	t.Fatalf("no file %s in\n%s", begins, p.all)
	return ""
}

// TestE25_GitLabsStrategy is GitLab's OmniAuth strategy with the printed gitlab.rb, in a
// real browser: in, out by the sign-out page of the notes, and in again.
func TestE25_GitLabsStrategy(t *testing.T) {
	needsOmniAuth(t)
	t.Parallel()
	w := newWorld(t, setting{as: "zhangsan"})
	app := "http://127.0.0.1:" + freePort(t)
	p := w.preset(t, "gitlab", "--url", app)
	w.serve()
	signOut := regexp.MustCompile(`http\S+/end_session\?\S+`).FindString(p.file(t, "check"))
	startOmniAuth(t, app, signOut, p.file(t, "/etc/gitlab/gitlab.rb"))
	c := newChromium(t)
	c.screen, c.pictures = "preset-gitlab", "" // pictures are of the demo

	first := c.signIn(app)
	if first["name"] != "张三" || first["email"] != "san.zhang@corp.example.cn" || first["uid"] == "" || first["groups"] != nil {
		t.Errorf("the app was told %v", first)
	}
	c.signOut(app)
	c.signInAgain(app, first)
}

// A front speaks https before something that does not.
type front struct {
	url   string
	roots string // file of the certificate
	pool  *x509.CertPool
}

func newFront(t *testing.T, behind string) front {
	t.Helper()
	to, err := url.Parse(behind)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewTLSServer(&httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(to)
		r.Out.Host = r.In.Host
		r.SetXForwarded()
		_, port, _ := net.SplitHostPort(r.In.Host) // the server is on one that the system gave it
		r.Out.Header.Set("X-Forwarded-Port", port) // Tomcat takes 443 otherwise
	}})
	t.Cleanup(server.Close)
	f := front{url: server.URL, roots: filepath.Join(t.TempDir(), "roots.pem"), pool: x509.NewCertPool()}
	f.pool.AddCert(server.Certificate())
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	if err := os.WriteFile(f.roots, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return f
}

// person is a browser that trusts the fronts.
func trusting(fronts ...front) *person {
	pool := x509.NewCertPool()
	for _, f := range fronts {
		text, _ := os.ReadFile(f.roots)
		pool.AppendCertsFromPEM(text)
	}
	p := newPerson()
	p.http.Transport = &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}, DisableKeepAlives: true}
	return p
}

// behindFront gives the provider an https issuer, and returns its own address.
func (w *world) behindFront(t *testing.T) (front, string) {
	t.Helper()
	plain := w.issuer
	f := newFront(t, plain)
	text, err := os.ReadFile(filepath.Join(w.folder, "config.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	w.write("config.yaml", strings.Replace(string(text), "issuer: "+plain, "issuer: "+f.url, 1))
	w.issuer = f.url
	return f, plain
}

// built is the program of another module below testdata: big ones, which take minutes the
// first time.
func built(t *testing.T, module, pkg string) string {
	t.Helper()
	if os.Getenv("DINGBRIDGE_LONG") == "" || testing.Short() {
		t.Skipf("building %s takes minutes the first time; DINGBRIDGE_LONG=1 does it", module)
	}
	file := filepath.Join(workshop, module)
	cmd := exec.Command("go", "build", "-o", file, pkg)
	cmd.Dir = filepath.Join("testdata", module)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("go build %s: %v\n%s", pkg, err, out)
	}
	return file
}

// TestE25_KubernetesAuthenticator is the authenticator of Kubernetes' API server, with the
// printed file, and the ID token that kubelogin would have.
func TestE25_KubernetesAuthenticator(t *testing.T) {
	file := built(t, "kubernetes", ".")
	w := newWorld(t, setting{as: "zhangsan"})
	f, plain := w.behindFront(t)
	config := w.preset(t, "kubernetes").file(t, "/etc/kubernetes/dingtalk.yaml")
	w.write("kubernetes.yaml", config)
	w.serve()

	kubelogin := app{id: "kubernetes", redirect: "http://localhost:18001"} // any port
	code, err := trusting(f).login(t.Context(), w, kubelogin)
	if err != nil {
		t.Fatal(err)
	}
	tokens := kubelogin.redeem(t.Context(), plain, code)
	if tokens.status != http.StatusOK || tokens.text("refresh_token") == "" {
		t.Fatal(tokens)
	}
	ask := func(token string) ([]byte, error) {
		return exec.CommandContext(t.Context(), file, filepath.Join(w.folder, "kubernetes.yaml"), f.roots, token).CombinedOutput()
	}
	out, err := ask(tokens.text("id_token"))
	var who struct {
		Username, UID string
		Groups        []string
	}
	if err != nil || json.Unmarshal(out, &who) != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if !strings.HasPrefix(who.Username, "dt:zhangsan") || who.UID != subOf(t, tokens.text("id_token")) || !slices.Contains(who.Groups, "dt:dept:432825033") {
		t.Errorf("Kubernetes takes the token for %+v", who)
	}
	for _, group := range who.Groups {
		if !strings.HasPrefix(group, "dt:") {
			t.Errorf("a group has no prefix: %q", group)
		}
	}
	// A token of another client of ours is none of Kubernetes'.
	es := w.app("es")
	if code, err = trusting(f).login(t.Context(), w, es); err != nil {
		t.Fatal(err)
	}
	other := es.redeem(t.Context(), plain, code)
	if out, err := ask(other.text("id_token")); err == nil || !strings.Contains(string(out), "audience") {
		t.Errorf("the token of another client: %v\n%s", err, out)
	}
}

// TestE25_OAuth2Proxy is oauth2-proxy itself, with the printed file, before an app: in, as
// whom, and out by the address of the notes.
func TestE25_OAuth2Proxy(t *testing.T) {
	file := built(t, "oauth2-proxy", "github.com/oauth2-proxy/oauth2-proxy/v7")
	behind := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "user=%s email=%s groups=%s", r.Header.Get("X-Forwarded-User"), r.Header.Get("X-Forwarded-Email"), r.Header.Get("X-Forwarded-Groups"))
	}))
	t.Cleanup(behind.Close)
	w := newWorld(t, setting{as: "zhangsan"})
	listen := "127.0.0.1:" + freePort(t)
	f := newFront(t, "http://"+listen)
	p := w.preset(t, "oauth2-proxy", "--url", f.url)
	// What the text itself says to be the operator's.
	text := strings.NewReplacer("127.0.0.1:4180", listen, "http://127.0.0.1:8080/", behind.URL+"/").Replace(p.file(t, "/etc/oauth2-proxy.cfg"))
	w.write("oauth2-proxy.cfg", text)
	w.serve()

	cmd := exec.Command(file, "--config", filepath.Join(w.folder, "oauth2-proxy.cfg"))
	said, err := os.Create(filepath.Join(w.folder, "oauth2-proxy.log"))
	if err != nil {
		t.Fatal(err)
	}
	defer said.Close()
	cmd.Stdout, cmd.Stderr, cmd.SysProcAttr = said, said, &syscall.SysProcAttr{Setpgid: true}
	startUntilListening(t, cmd, listen, func() string {
		text, _ := os.ReadFile(said.Name())
		return string(text)
	})
	browser := trusting(f)
	s, err := browser.follow(t.Context(), f.url+"/page", "nowhere")
	if err != nil || s.status != http.StatusOK || !strings.Contains(s.body, "email=zhangsan") || !strings.Contains(s.body, "dept:432825033") {
		t.Fatalf("after the login %d, %v, by %q: %s", s.status, err, browser.passed, s.body)
	}
	if !slices.ContainsFunc(browser.passed, func(a string) bool {
		u, _ := url.Parse(a)
		return strings.HasPrefix(a, w.issuer+"/authorize?") && u.Query().Get("code_challenge_method") == "S256" && u.Query().Get("nonce") != ""
	}) {
		t.Errorf("the login went by %q", browser.passed)
	}
	out := regexp.MustCompile(`https\S+/oauth2/sign_out\?\S+`).FindString(p.file(t, "check"))
	s, err = browser.follow(t.Context(), strings.TrimRight(out, "."), "nowhere")
	if err != nil || s.status != http.StatusOK || !strings.Contains(s.body, `data-page="sign-out"`) {
		t.Errorf("logging out: %d, %v, by %q: %.300s", s.status, err, browser.passed, s.body)
	}
	if s, err = browser.press(t.Context(), s, w.issuer+"/end_session", "choice", "here"); err != nil || s.location != f.url+"/" {
		t.Errorf("the logout leads to %q, %d, %v", s.location, s.status, err)
	}
}
