package systemtest

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/dingbridge/dingbridge/storage/storagetest"
)

// nodeFolder is a folder with the scripts of testdata/node and what they import.
func nodeFolder(t *testing.T) string {
	t.Helper()
	needs(t, "node", "node", "npm")
	folder := t.TempDir()
	if err := os.CopyFS(folder, os.DirFS(filepath.Join("testdata", "node"))); err != nil {
		t.Fatal(err)
	}
	install := exec.Command("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund")
	install.Dir = folder
	if out, err := install.CombinedOutput(); err != nil {
		t.Logf("npm ci: %v\n%s", err, out)
		leaveOut(t, "node", "npm cannot install openid-client")
	}
	return folder
}

// TestE1_NodeClients are relying parties made of npm's openid-client, which is
// certified by the OpenID Foundation.
//
// proves: apps made of openid-client | Core section 3.1
func TestE1_NodeClients(t *testing.T) {
	othersAtWork(t)
	folder := nodeFolder(t)
	type client struct {
		ID     string `json:"id"`
		Secret string `json:"secret,omitempty"`
	}
	onEachStorage(t, func(t *testing.T, s setting, _ *storagetest.Redis) {
		s.as = "zhangsan"
		w := newWorld(t, s)
		w.serve()
		for _, tc := range []struct {
			id, alg string
			pkce    bool
		}{{"rs", "RS256", true}, {"es", "ES256", true}, {"spa", "RS256", true}, {"plain", "RS256", false}} {
			t.Run(tc.id, func(t *testing.T) {
				a := w.app(tc.id)
				party := map[string]any{"issuer": w.issuer, "id": a.id, "secret": a.secret, "redirect": a.redirect, "alg": tc.alg, "pkce": tc.pkce}
				if a.secret == "" {
					party["introspector"] = client{"api", w.app("api").secret}
				}
				argument, err := json.Marshal(party)
				if err != nil {
					t.Fatal(err)
				}
				run := exec.CommandContext(t.Context(), "node", "relying-party.mjs", string(argument))
				run.Dir = folder
				out, err := run.CombinedOutput()
				if err != nil || strings.TrimSpace(string(out)) != "complete" {
					t.Errorf("node: %v\n%s\n%s", err, out, w.logs())
				}
			})
		}
	})
}
