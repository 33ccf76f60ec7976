package doctor

import (
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/dingbridge/dingbridge/storage/redis"
	"github.com/dingbridge/dingbridge/storage/storagetest"
)

// look is the report about a Redis alone.
func look(t *testing.T, url string) Report {
	t.Helper()
	store, err := redis.Open(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	return Examine(t.Context(), Subject{Redis: store, SkipIssuer: true})
}

func ids(r Report) []string {
	all := []string{}
	for _, f := range r.Findings {
		if f.Kind.ID != "issuer-skipped" {
			all = append(all, f.Kind.ID)
		}
	}
	slices.Sort(all)
	return all
}

var durable = []string{"--appendonly", "yes", "--appendfsync", "always"}

func TestDR3_Redis(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		args []string
		want []string
	}{
		"as it should be":  {durable, []string{"storage-ok"}},
		"persistence off":  {nil, []string{"redis-forgets"}},
		"snapshots only":   {[]string{"--save", "3600 1"}, []string{"redis-snapshots"}},
		"every second":     {[]string{"--appendonly", "yes", "--appendfsync", "everysec"}, []string{"redis-fsync"}},
		"eviction":         {append(slices.Clone(durable), "--maxmemory", "64mb", "--maxmemory-policy", "allkeys-lru"), []string{"redis-evicts"}},
		"both":             {[]string{"--maxmemory-policy", "volatile-ttl"}, []string{"redis-evicts", "redis-forgets"}},
		"no CONFIG at all": {append(slices.Clone(durable), "--rename-command", "CONFIG", ""), []string{"redis-unread"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := storagetest.StartRedis(t, test.args...)
			if got := ids(look(t, r.URL)); !slices.Equal(got, test.want) {
				t.Errorf("found %q, want %q", got, test.want)
			}
			if keys := r.Keys(); keys != nil {
				t.Errorf("%q was written", keys)
			}
		})
	}
}

func TestDR4_RedisThatDoesNotTell(t *testing.T) {
	t.Parallel()
	r := storagetest.StartRedis(t, durable...)
	r.Do("ACL", "SETUSER", "app", "on", ">right", "~*", "+@all", "-info", "-config")
	report := look(t, "redis://app:right@"+r.Addr)
	if got := ids(report); !slices.Equal(got, []string{"redis-unread"}) || report.Findings[0].Kind.Severity != Unknown {
		t.Errorf("found %q", got)
	}
	if got := report.Findings[0].Values["what"]; !strings.Contains(got, "appendonly") || !strings.Contains(got, "maxmemory-policy") {
		t.Errorf("it could not look at %s", got)
	}
	r.Do("ACL", "SETUSER", "app", "+info")
	if got := ids(look(t, "redis://app:right@"+r.Addr)); !slices.Equal(got, []string{"redis-unread"}) {
		t.Errorf("found %q", got)
	}
}

func TestDR2_RedisThatCannotBeUsed(t *testing.T) {
	t.Parallel()
	locked := storagetest.StartRedis(t)
	locked.Do("ACL", "SETUSER", "app", "on", ">right", "~*", "+@all")
	down := storagetest.StartRedis(t)
	down.Kill()
	primary := storagetest.StartRedis(t)
	_, port, _ := net.SplitHostPort(primary.Addr)
	replica := storagetest.StartRedis(t, "--replicaof", "127.0.0.1 "+port)
	for name, test := range map[string]struct{ url, want string }{
		"password": {"redis://app:hunter2@" + locked.Addr, "redis-password"},
		"down":     {"redis://app:hunter2@" + down.Addr, "redis-unreachable"},
		"replica":  {"redis://:@" + replica.Addr, "redis-replica"},
	} {
		t.Run(name, func(t *testing.T) {
			report := look(t, test.url)
			if got := ids(report); !slices.Equal(got, []string{test.want}) {
				t.Fatalf("found %q", got)
			}
			var b strings.Builder
			if err := report.Text(&b, English, Chinese); err != nil || strings.Contains(b.String(), "hunter2") {
				t.Errorf("%v\n%s", err, b.String())
			}
		})
	}
}

func TestOlder(t *testing.T) {
	for version, want := range map[string]bool{"6.0.16": true, "5.0": true, "6.2.0": false, "7.0.15": false, "10.1": false, "": false, "x.y": false} {
		if older(version, oldestRedis) != want {
			t.Errorf("%q", version)
		}
	}
}

func TestDR1_File(t *testing.T) {
	root := os.Geteuid() == 0 // who may write everywhere
	dir := t.TempDir()
	there := filepath.Join(dir, "state.db")
	if err := os.WriteFile(there, []byte("kept"), 0o600); err != nil {
		t.Fatal(err)
	}
	closed := filepath.Join(dir, "closed.db")
	if err := os.WriteFile(closed, nil, 0o400); err != nil {
		t.Fatal(err)
	}
	shut := filepath.Join(dir, "shut")
	if err := os.Mkdir(shut, 0o500); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		path, want string
		rights     bool // needs a user who has not all of them
	}{
		"there":        {there, "file-ok", false},
		"new":          {filepath.Join(dir, "new.db"), "file-new", false},
		"no folder":    {filepath.Join(dir, "none", "new.db"), "folder-closed", false},
		"a folder":     {dir, "file-closed", false},
		"below a file": {filepath.Join(there, "x.db"), "file-closed", false},
		"closed":       {closed, "file-closed", true},
		"shut":         {filepath.Join(shut, "new.db"), "folder-closed", true},
	} {
		t.Run(name, func(t *testing.T) {
			if test.rights && root {
				t.Skip("root may write everywhere")
			}
			report := Examine(t.Context(), Subject{File: test.path, SkipIssuer: true})
			if got := ids(report); !slices.Equal(got, []string{test.want}) {
				t.Errorf("found %q, want %s", got, test.want)
			}
		})
	}
	if _, err := os.Stat(filepath.Join(dir, "new.db")); err == nil {
		t.Error("a file was made")
	}
	if kept, _ := os.ReadFile(there); string(kept) != "kept" {
		t.Errorf("the file holds %q now", kept)
	}
}
