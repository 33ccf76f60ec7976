package main

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/dingbridge/dingbridge/keys/secret"
	"github.com/dingbridge/dingbridge/provider/clients"
)

// TestDemoClients holds what others rely on: the fixed clients of the demo.
func TestDemoClients(t *testing.T) {
	app, hash, err := newDemoApp("http://127.0.0.1:8082", "http://127.0.0.1:8080", slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	set, faults := clients.NewSet(demoClients(app, hash))
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	demo, _ := set.Lookup("demo")
	spa, _ := set.Lookup("demo-spa")
	second, _ := set.Lookup("demo-second")
	if demo == nil || spa == nil || second == nil {
		t.Fatal("a client is missing")
	}
	if !demo.Authenticate("demo-secret") || demo.Authenticate("demo") || demo.Public || !spa.Public {
		t.Error("the fixed secret is not that of demo alone")
	}
	for uri, want := range map[string]bool{
		"http://127.0.0.1:8082/callback":       true,
		"http://127.0.0.1:49152/any/path":      true,
		"http://127.0.0.1/":                    true,
		"http://127.0.0.1:1/cb?x=1":            true,
		"https://127.0.0.1:1/cb":               false,
		"http://127.0.0.1:1/cb#f":              false,
		"http://127.0.0.1.evil.example/cb":     false,
		"http://127.0.0.1@evil.example/cb":     false,
		"http://evil.example/127.0.0.1":        false,
		"http://a@127.0.0.1:1/cb":              false,
		"http://127.0.0.1:1\\@evil.example/cb": false,
		"http://127.0.0.2/cb":                  false,
		"http://[::1]/cb":                      false,
		"//127.0.0.1/cb":                       false,
		"http:127.0.0.1/cb":                    false,
		"javascript:alert(1)//127.0.0.1":       false,
		"":                                     false,
	} {
		for _, c := range []*clients.Client{demo, spa} {
			if got := c.AllowsRedirect(uri); got != want {
				t.Errorf("%s may use %q: %v", c.ID, uri, got)
			}
			if got := c.AllowsPostLogoutRedirect(uri); got != want {
				t.Errorf("%s may use %q after a logout: %v", c.ID, uri, got)
			}
		}
	}
	if second.AllowsRedirect("http://127.0.0.1:49152/any/path") || second.AllowsPostLogoutRedirect("http://127.0.0.1:49152/any/path") {
		t.Error("the second client may redirect anywhere")
	}
	if !second.AllowsRedirect("http://127.0.0.1:8082/second/callback") || !second.AllowsPostLogoutRedirect("http://127.0.0.1:8082/second/signedout") {
		t.Error("the second client may not redirect to the app")
	}
	if !demo.DeviceAuthorization || !spa.DeviceAuthorization || second.DeviceAuthorization {
		t.Error("the device flow is not that of the two fixed clients")
	}
	for c, want := range map[*clients.Client]string{
		demo: "http://127.0.0.1:8082/backchannel", spa: "", second: "http://127.0.0.1:8082/second/backchannel",
	} {
		if c.BackchannelLogoutURI != want {
			t.Errorf("%s is told of logouts at %q", c.ID, c.BackchannelLogoutURI)
		}
		for _, network := range c.BackchannelLogoutNetworks {
			if !network.Addr().IsLoopback() {
				t.Errorf("notices for %s may go to %s", c.ID, network)
			}
		}
	}
	for origin, want := range map[string]bool{
		"http://127.0.0.1:3000": true, "http://localhost:3000": true, "https://evil.example": false,
		"http://127.0.0.1.evil.example": false, "null": false, "": false, "http://127.0.0.1:3000/": false,
	} {
		if spa.AllowsOrigin(origin) != want {
			t.Errorf("origin %q", origin)
		}
	}
}

// A demoAddress is where the parts of a running demo are.
type demoAddress struct{ App, Provider string }

// runDemo runs the demo on free ports for as long as the test. as approves every login;
// empty asks.
func runDemo(t *testing.T, as string) demoAddress { return runDemoBy(t, "oauth2", as) }

// runDemoBy is runDemo with a way to DingTalk.
func runDemoBy(t *testing.T, way, as string) demoAddress {
	t.Helper()
	before := slog.Default()
	t.Cleanup(func() { slog.SetDefault(before) })
	ctx, stop := context.WithCancel(t.Context())
	logs, logsTo := io.Pipe()
	d := demonstration{listen: "127.0.0.1:0", simulatorListen: "127.0.0.1:0", appListen: "127.0.0.1:0", logLevel: "info", way: way,
		simulation: simulation{as: as}}
	var running sync.WaitGroup
	running.Go(func() {
		if err := d.run(ctx, io.Discard, logsTo); err != nil {
			t.Error(err)
		}
		logsTo.Close()
	})
	built := make(chan demoAddress, 1)
	running.Go(func() {
		defer close(built)
		for lines := bufio.NewScanner(logs); lines.Scan(); {
			var at demoAddress
			if json.Unmarshal(lines.Bytes(), &at) == nil && at.App != "" {
				built <- at
			}
		}
	})
	t.Cleanup(func() { stop(); running.Wait() })
	at, ok := <-built
	if !ok {
		t.Fatal("the demo does not begin")
	}
	return at
}

// TestDemoSingleLogout goes through the app's logouts without a browser, where there is
// none: the real provider, the real notice.
func TestDemoSingleLogout(t *testing.T) {
	at := runDemo(t, "zhangsan")
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	person := &http.Client{Jar: jar, Timeout: time.Minute}
	page := func(answer *http.Response, err error) string {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		text, err := io.ReadAll(answer.Body)
		if err != nil || answer.StatusCode != http.StatusOK {
			t.Fatalf("%s: %s %v", answer.Request.URL, answer.Status, err)
		}
		return string(text)
	}
	const inside, left = `id="nick"`, `id="left"`
	for _, path := range []string{"/login", "/second/login"} {
		if text := page(person.Get(at.App + path)); !strings.Contains(text, inside) {
			t.Fatalf("%s: %s", path, text)
		}
	}
	if text := page(person.PostForm(at.App+"/signout", nil)); strings.Contains(text, inside) || !strings.Contains(text, "here and at the provider") {
		t.Errorf("the first app: %s", text)
	}
	text := ""
	for range 500 { // the notice comes by its own way
		if text = page(person.Get(at.App + "/second/")); strings.Contains(text, left) {
			break
		}
		time.Sleep(20 * time.Millisecond)
	}
	if strings.Contains(text, inside) || !strings.Contains(text, left) {
		t.Errorf("the second app: %s", text)
	}
	if text := page(person.Get(at.Provider + "/end_session")); !strings.Contains(text, `data-page="signed-out"`) {
		t.Errorf("the provider asks whether to log out, so it has a session: %s", text)
	}
}

func TestSharedSecretIsOne(t *testing.T) {
	if _, err := secret.Parse([]byte(sharedSecret)); err != nil {
		t.Error(err)
	}
}

func TestSlug(t *testing.T) {
	for name, want := range map[string]string{
		"Wiki": "wiki", "My  Wiki!": "my-wiki", "维基": "", "维基 Wiki": "wiki", "a--b_c": "a-b-c", "": "",
	} {
		if got := slug(name); got != want {
			t.Errorf("%q becomes %q, not %q", name, got, want)
		}
	}
}
