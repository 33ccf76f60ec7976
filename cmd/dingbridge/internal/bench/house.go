package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"embed"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// redirectURI is dialled by nobody: the generator catches it.
const redirectURI = "http://127.0.0.1:9/callback"

// The scopes of an ordinary login, and of one that is to be refreshed.
const (
	scopeLogin   = "openid profile email"
	scopeRefresh = scopeLogin + " offline_access"
)

//go:embed files
var files embed.FS

// A target is a provider under load.
type target struct {
	name, issuer  string
	server, redis int    // process ids
	clientID      string // with ALG for the algorithm
	secret        string
	lax           bool
}

// party makes a relying party of t and introduces it.
func (t target) party(ctx context.Context, alg, scope string, workers int) (*party, error) {
	p := &party{
		issuer: t.issuer, id: strings.ReplaceAll(t.clientID, "ALG", alg), secret: t.secret,
		redirect: redirectURI, scope: scope, alg: alg, lax: t.lax,
	}
	if err := p.meet(ctx, newTransport(workers)); err != nil {
		return nil, fmt.Errorf("meeting %s: %w", t.name, err)
	}
	return p, nil
}

// A plan says what house to open.
type plan struct {
	binary      string
	scratch     string // a folder below which it may write
	people      int    // who log in, one after the other
	departments int    // that they are spread over; 0: they are in the root
	count       bool   // storage round trips
	profile     bool   // binary has a profiler
	limited     bool   // by the limits that there are by default
}

// A house is our provider with all that it needs, each in a process of its own.
type house struct {
	plan
	dir, issuer, secret     string
	redis, dingtalk, server *child
	counter                 *counter // nil unless the plan counts
	redisAddress            string
	profiler                string // address of the profiles
}

// open starts a house. What it started before an error is ended again.
func open(ctx context.Context, p plan) (h *house, err error) {
	h = &house{plan: p, secret: rand.Text()}
	defer func() {
		if err != nil {
			err = errors.Join(err, h.close())
		}
	}()
	if h.dir, err = scratch(p.scratch, "house"); err != nil {
		return h, err
	}
	var storage string
	if h.redis, storage, err = startRedis(ctx, h.dir); err != nil {
		return h, err
	}
	h.redisAddress = storage
	if p.count {
		if h.counter, err = newCounter(storage); err != nil {
			return h, err
		}
		storage = h.counter.address()
	}
	dingtalk, err := h.startDingTalk(ctx)
	if err != nil {
		return h, err
	}
	listen, err := freeAddress()
	if err != nil {
		return h, err
	}
	h.issuer = "http://" + listen
	hash := sha256.Sum256([]byte(h.secret))
	err = h.write(strings.NewReplacer("ISSUER", h.issuer, "LISTEN", listen, "STORAGE", "redis://"+storage, "DINGTALK", dingtalk,
		"REDIRECT", redirectURI, "SOCKET", filepath.Join(h.dir, "admin.sock"), "HASH", `"sha256:`+encoding.EncodeToString(hash[:])+`"`))
	if err != nil {
		return h, err
	}
	return h, h.start(ctx)
}

// startDingTalk starts the simulator and returns its base URL.
func (h *house) startDingTalk(ctx context.Context) (url string, err error) {
	if err := h.write(strings.NewReplacer()); err != nil { // the company, for now
		return "", err
	}
	extra := h.people
	if h.departments > 0 {
		extra = 0 // they come with the departments
	}
	h.dingtalk, err = spawn(ctx, "ready issuer=", h.command("simulator", "--listen", "127.0.0.1:0",
		"--company", filepath.Join(h.dir, "company.yaml"), "--as", "any", "--extra", strconv.Itoa(extra)))
	if err != nil {
		return "", err
	}
	url = strings.TrimPrefix(h.dingtalk.line, "ready issuer=")
	// A log of each call would be the simulator's largest cost.
	err = steer(ctx, url+"/control/log", `{"keep":-1}`)
	if err == nil && h.departments > 0 {
		err = steer(ctx, url+"/control/grow", fmt.Sprintf(`{"people":%d,"departments":%d}`, h.people, h.departments))
	}
	if err != nil {
		return "", err
	}
	return url, nil
}

// steer has the simulator do something.
func steer(ctx context.Context, url, body string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		return fmt.Errorf("steering the simulator: %w", err)
	}
	req.Header.Set("Content-Type", "application/json")
	a, err := (&browser{transport: newTransport(1)}).do(req)
	if err == nil && a.status/100 != 2 {
		err = fmt.Errorf("status %d: %.120q", a.status, a.body)
	}
	if err != nil {
		return fmt.Errorf("steering the simulator: %w", err)
	}
	return nil
}

// write puts the files of the house into its folder, filled in.
func (h *house) write(fill *strings.Replacer) error {
	entries := map[string]string{"secret": rand.Text() + rand.Text(), "app-secret": "BenchmarkOnly_0123456789abcdefghijk"}
	for _, name := range []string{"company.yaml", "config.yaml", "clients.yaml"} {
		text, err := files.ReadFile("files/" + name)
		if err != nil {
			return fmt.Errorf("reading %s: %w", name, err)
		}
		entries[name] = fill.Replace(string(text))
		if name == "config.yaml" && h.limited {
			entries[name], _, _ = strings.Cut(entries[name], "# What is measured")
		}
	}
	for name, text := range entries {
		if err := os.WriteFile(filepath.Join(h.dir, name), []byte(text), 0o600); err != nil {
			return fmt.Errorf("writing %s: %w", name, err)
		}
	}
	return nil
}

// command is one of our program's. Whoever runs the benchmark may have a provider of
// their own configured in the environment; other variables, such as GOGC, count.
func (h *house) command(args ...string) *exec.Cmd {
	cmd := exec.Command(h.binary, args...)
	cmd.Env = slices.DeleteFunc(os.Environ(), func(pair string) bool { return strings.HasPrefix(pair, "DINGBRIDGE_") })
	return cmd
}

// start starts the provider.
func (h *house) start(ctx context.Context) error {
	cmd := h.command("serve", "--config", filepath.Join(h.dir, "config.yaml"))
	if h.profile {
		address, err := freeAddress()
		if err != nil {
			return err
		}
		h.profiler = "http://" + address
		cmd.Env = append(cmd.Env, profilerEnv+"="+address)
	}
	server, err := spawn(ctx, "ready issuer=", cmd)
	if err != nil {
		return errors.Join(err, h.explain(ctx))
	}
	h.server = server
	return nil
}

// explain has the program say what is wrong with the configuration, if that is what
// kept it from starting.
func (h *house) explain(ctx context.Context) error {
	if ctx.Err() != nil {
		return nil
	}
	out, err := h.command("check", "--config", filepath.Join(h.dir, "config.yaml")).CombinedOutput()
	if err == nil {
		return nil
	}
	return errors.New(string(bytes.TrimSpace(out)))
}

// stopServer ends the provider alone.
func (h *house) stopServer() error {
	server := h.server
	h.server = nil
	return server.stop()
}

// close ends everything, the last started first, and removes the folder.
func (h *house) close() error {
	var all []error
	for _, c := range []*child{h.server, h.dingtalk} {
		if c != nil {
			all = append(all, c.stop())
		}
	}
	if h.counter != nil {
		h.counter.close()
	}
	if h.redis != nil {
		all = append(all, h.redis.stop())
	}
	if h.dir != "" {
		all = append(all, os.RemoveAll(h.dir))
	}
	return errors.Join(all...)
}

// target is the house as the load generator sees it.
func (h *house) target() target {
	return target{name: ours, issuer: h.issuer, server: h.server.pid(), redis: h.redis.pid(), clientID: "bench-ALG", secret: h.secret}
}

// The names of the two that are compared.
const (
	ours  = "dingbridge"
	other = "yardstick"
)
