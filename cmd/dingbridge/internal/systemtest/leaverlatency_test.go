package systemtest

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/dingbridge/dingbridge/provider/clients"
	"github.com/dingbridge/dingbridge/storage/storagetest"
)

// steer posts to the simulator's controls.
func (w *world) steer(method, path string, body any) {
	w.t.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		w.t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(w.t.Context(), method, w.simulator+"/control/"+path, bytes.NewReader(text))
	if err != nil {
		w.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	if got := send(req); got.status != http.StatusOK {
		w.t.Fatalf("%s %s: %v", method, path, got)
	}
}

// addConfig adds lines to config.yaml, before anything is served.
func (w *world) addConfig(lines string) {
	w.t.Helper()
	before, err := os.ReadFile(filepath.Join(w.folder, "config.yaml"))
	if err != nil {
		w.t.Fatal(err)
	}
	w.write("config.yaml", string(before)+lines)
}

// sidOf reads the session's id out of a token of ours.
func sidOf(t testing.TB, token string) string {
	t.Helper()
	parts := strings.Split(token, ".")
	payload, err := base64.RawURLEncoding.DecodeString(parts[min(1, len(parts)-1)])
	var claims struct {
		SID string `json:"sid"`
	}
	if err != nil || json.Unmarshal(payload, &claims) != nil || claims.SID == "" {
		t.Fatalf("no sid in %q", token)
	}
	return claims.SID
}

// how long something took, for many.
type spans []time.Duration

func (s spans) String() string {
	slices.Sort(s)
	return fmt.Sprintf("median %v, worst %v", s[len(s)/2].Round(time.Millisecond), s[len(s)-1].Round(time.Millisecond))
}

// TestE20_LeaverLatency measures from a leave at DingTalk to a dead access token, a dead
// refresh token and the notice at the app. It prints what it measured, and asserts that
// each of them came to pass.
func TestE20_LeaverLatency(t *testing.T) {
	if testing.Short() {
		t.Skip("what is measured under the race detector means nothing")
	}
	for _, tc := range []struct {
		name     string
		replicas int
		events   bool
	}{
		{"by event, one replica", 1, true},
		{"by event, three replicas", 3, true},
		{"without events, recheck_after 2s, three replicas", 3, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := storagetest.StartRedis(t)
			w := newWorld(t, setting{storage: r.URL})
			config := "leavers: {most_people: 1000, most_percent: 100}\n"
			if !tc.events {
				config += "freshness: {recheck_after: 2s, max_stale: 1h}\n"
				w.steer("PATCH", "variants", map[string]string{"events": "off"})
			}
			w.addConfig(config)
			address, notices := listener(t, nil)
			secret, hash := clients.GenerateSecret()
			w.clients["told"] = secret
			w.addClients(t, fmt.Sprintf("  - {id: told, redirect_uris: [%q], secret_hash: %q, allow: everyone, id_token_signed_response_alg: ES256, "+
				"backchannel_logout_uri: %q, backchannel_logout_networks: [127.0.0.0/8], directory_claims: [userid]}\n", w.app("told").redirect, hash, address))
			bases := []string{w.issuer}
			w.serve()
			for len(bases) < tc.replicas {
				_, base := w.serveBeside()
				bases = append(bases, base)
			}
			var mu sync.Mutex
			told := map[string]time.Time{}
			go func() {
				for n := range notices {
					sid := sidOf(t, n.token)
					mu.Lock()
					if told[sid].IsZero() {
						told[sid] = n.at
					}
					mu.Unlock()
				}
			}()
			const people = 100
			atOnce := 5
			if !tc.events {
				atOnce = 25 // waiting costs nothing
			}
			var access, refresh, notice spans
			room := make(chan struct{}, atOnce)
			var all sync.WaitGroup
			for i := range people {
				room <- struct{}{}
				all.Go(func() {
					defer func() { <-room }()
					a := w.app("told")
					code, err := newPerson().login(t.Context(), w, a)
					if err != nil {
						t.Error(err)
						return
					}
					tokens := a.redeem(t.Context(), w.issuer, code)
					who := userinfo(t.Context(), w.issuer, tokens.text("access_token"))
					if tokens.text("refresh_token") == "" || who.text("dingtalk_userid") == "" {
						t.Errorf("%v, %v", tokens, who)
						return
					}
					left := time.Now()
					w.steer("POST", "people/"+who.text("dingtalk_userid")+"/leave", nil)
					comesToPass(t, func() bool {
						return userinfo(t.Context(), bases[i%len(bases)], tokens.text("access_token")).status == http.StatusUnauthorized
					})
					dead := time.Since(left)
					if got := a.refresh(t.Context(), bases[(i+1)%len(bases)], tokens.text("refresh_token")); !got.refused() {
						t.Errorf("the refresh token of somebody who has left: %v", got)
					}
					refused := time.Since(left)
					sid := sidOf(t, tokens.text("id_token"))
					var came time.Time
					comesToPass(t, func() bool {
						mu.Lock()
						defer mu.Unlock()
						came = told[sid]
						return !came.IsZero()
					})
					mu.Lock()
					defer mu.Unlock()
					access, refresh, notice = append(access, dead), append(refresh, refused), append(notice, came.Sub(left))
				})
			}
			all.Wait()
			if len(access) == people {
				t.Logf("%d leavers, from the leave to: a dead access token: %v; a dead refresh token: %v; the notice: %v", people, access, refresh, notice)
			}
		})
	}
}

// comesToPass waits for something that has to come to pass.
func comesToPass(t testing.TB, done func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if done() {
			return
		}
	}
	t.Error("it did not come to pass")
}
