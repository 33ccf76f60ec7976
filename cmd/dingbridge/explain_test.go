package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/dingbridge/dingbridge/keys/secret"
	"github.com/dingbridge/dingbridge/storage/storagetest"
)

// configured writes a configuration with the storage in its third line, and returns
// its name.
func configured(t *testing.T, storageURL, listen string) string {
	t.Helper()
	folder := t.TempDir()
	for name, text := range map[string]string{
		"secret":       secret.Generate(),
		"app-secret":   "MOCK_SECRET_OF_THE_APP_0123456789ab",
		"clients.yaml": "clients: []\n",
		"config.yaml": "issuer: http://127.0.0.1:7\nlisten: " + listen + "\nstorage: " + storageURL + `
secret_file: secret
clients_file: clients.yaml
dingtalk: {organisations: [{corp_id: dingcorp, client_id: dingapp01, client_secret_file: app-secret}]}
`,
	} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(folder, "config.yaml")
}

// TestM4_RedisFaultsAreToldTheSame: check and serve tell the line, the address and the
// remedy, and neither the password nor what only the code needs to know.
func TestM4_RedisFaultsAreToldTheSame(t *testing.T) {
	r, full := storagetest.StartRedis(t), storagetest.StartRedis(t)
	r.Do("CONFIG", "SET", "requirepass", "right")
	full.Do("CONFIG", "SET", "maxmemory", "1")
	for name, tc := range map[string]struct{ url, want string }{
		"wrong password": {"redis://:hunter2@" + r.Addr, r.Addr + " refuses the user or password; correct it in the URL"},
		"no password":    {"redis://" + r.Addr, r.Addr + " refuses the user or password; correct it in the URL"},
		"full":           {"redis://" + full.Addr, full.Addr + " does not serve us: server is out of memory; put that right"},
	} {
		t.Run(name, func(t *testing.T) {
			file := configured(t, tc.url, "127.0.0.1:0")
			want := file + ":3: storage: " + tc.want
			said := map[string]error{"check": check(t.Context(), file, new(bytes.Buffer), new(bytes.Buffer))}
			if name != "full" { // which may end, so serve waits for it
				said["serve"] = serve(t.Context(), file, new(bytes.Buffer), new(bytes.Buffer))
			}
			for command, err := range said {
				if err == nil || !strings.HasPrefix(err.Error(), want) || strings.Contains(err.Error(), "hunter2") ||
					strings.Contains(err.Error(), "unknown") {
					t.Errorf("%s says %v, not %s", command, err, want)
				}
			}
		})
	}
}

// TestM4_CheckCreatesNothing: no signing ring, and a note that there is none.
func TestM4_CheckCreatesNothing(t *testing.T) {
	r := storagetest.StartRedis(t)
	file := configured(t, r.URL, "127.0.0.1:0")
	for range 2 {
		var notes bytes.Buffer
		if err := check(t.Context(), file, new(bytes.Buffer), &notes); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(notes.String(), "no signing keys yet") {
			t.Errorf("it notes %q", notes.String())
		}
		if got := r.Do("EXISTS", "dingbridge:keys/ring"); got != "0" {
			t.Fatal("the ring was created")
		}
	}
}

// TestListenFault: a port in use is told with its line and the remedy.
func TestListenFault(t *testing.T) {
	taken := local(t)
	defer taken.Close()
	file := configured(t, "bolt://"+filepath.Join(t.TempDir(), "state.db"), taken.Addr().String())
	err := serve(context.WithoutCancel(t.Context()), file, new(bytes.Buffer), new(bytes.Buffer))
	want := file + ":2: listen: listening on " + taken.Addr().String() + ": address already in use; stop what listens there, or name another port"
	if err == nil || err.Error() != want {
		t.Errorf("it says %v, not %s", err, want)
	}
}

// TestM1_AFileWithoutItsFlag: the word that does not belong is no command.
func TestM1_AFileWithoutItsFlag(t *testing.T) {
	for args, want := range map[string]string{
		"check one.yaml":  "dingbridge: wrong command line: \"one.yaml\" does not belong here; name the file with --config\n",
		"doctor one.yaml": "dingbridge: wrong command line: \"one.yaml\" does not belong here; name the file with --config\n",
		"version now":     "dingbridge: wrong command line: \"now\" does not belong here\n",
	} {
		var said bytes.Buffer
		if code := run(strings.Fields(args), new(bytes.Buffer), &said); code != exitUsage || !strings.HasPrefix(said.String(), want) {
			t.Errorf("%s: %d, %s", args, code, said.String())
		}
	}
}
