package systemtest

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
)

// TestThreat_NoHeaderByThePath: a link by plain http whose path has a line break in it writes
// no header into the answer that leads to https, and a made-up host leads nowhere.
func TestThreat_NoHeaderByThePath(t *testing.T) {
	needs(t, "proxies", "/usr/sbin/nginx")
	f := newFrontage(t)
	plain := f.nginx(t, "127.0.0.1:"+freePort(t), "127.0.0.1:"+freePort(t))
	for sent, want := range map[string]string{
		"/a%0d%0aX-Made-Up:%20yes": "/a%0d%0aX-Made-Up:%20yes",
		"/a%0aX-Made-Up:%20yes?b":  "/a%0aX-Made-Up:%20yes",
		"/a;b/%2e%2e/c":            "/a;b/%2e%2e/c",
		"//evil.example.com/":      "//evil.example.com/",
	} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+plain+sent, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Host = "evil.example.com"
		got, err := newPerson().do(req)
		if err != nil || got.location != "https://"+host+want || got.header.Get("X-Made-Up") != "" {
			t.Errorf("%s leads to %q, %v, with %v", sent, got.location, err, got.header)
		}
	}
}

// TestThreat_AStrangersTraceThroughAProxy: the provider believes a traceparent of a trusted
// proxy. So none that a caller made up comes through those that deploy/proxy configures.
func TestThreat_AStrangersTraceThroughAProxy(t *testing.T) {
	if testing.Short() {
		t.Skip("what others wrote is the same under -short")
	}
	for name, start := range map[string]func(*frontage, *testing.T, string, string){
		"nginx": func(f *frontage, t *testing.T, dead, live string) { f.nginx(t, dead, live) }, "caddy": (*frontage).caddy,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			needs(t, "proxies", map[string]string{"nginx": "/usr/sbin/nginx", "caddy": "caddy"}[name])
			var mu sync.Mutex
			var arrived http.Header
			behind := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path == "/look" {
					mu.Lock()
					defer mu.Unlock()
					arrived = r.Header.Clone()
				}
			}))
			t.Cleanup(behind.Close)
			f := newFrontage(t)
			start(f, t, "127.0.0.1:"+freePort(t), strings.TrimPrefix(behind.URL, "http://"))
			req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://"+host+"/look", nil)
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("Traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00")
			req.Header.Set("X-Else", "here")
			if got, err := f.browser().do(req); err != nil || got.status != http.StatusOK {
				t.Fatalf("%d, %v", got.status, err)
			}
			mu.Lock()
			defer mu.Unlock()
			if arrived.Get("X-Else") != "here" || arrived.Get("X-Forwarded-For") != "127.0.0.2" {
				t.Fatalf("what the caller sent does not arrive, so this proves nothing: %v", arrived)
			}
			if trace := arrived.Values("Traceparent"); len(trace) > 0 {
				t.Errorf("a caller's trace came through: %q", trace)
			}
		})
	}
}
