package systemtest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/dingbridge/dingbridge/storage/storagetest"
)

// records is every key of Redis, without the prefix, and its value as one text.
func records(t testing.TB, r *storagetest.Redis) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, key := range r.Keys() {
		var value string
		switch kind := r.Do("TYPE", key); kind {
		case "string":
			value = r.Do("GET", key)
		case "zset":
			value = r.Do("ZRANGE", key, "0", "-1", "WITHSCORES")
		case "hash":
			value = r.Do("HGETALL", key)
		case "set":
			value = r.Do("SMEMBERS", key)
		case "none": // expired meanwhile
			continue
		default:
			t.Fatalf("%s is a %s; teach this test to read it", key, kind)
		}
		name, ours := strings.CutPrefix(key, "dingbridge:")
		if !ours {
			t.Errorf("the key %q has not our prefix", key)
		}
		all[name] = value
	}
	return all
}

// dump is all that somebody finds who takes the storage away: for Redis every key and
// value and the files that it wrote, where each command ever sent is in clear; for
// bolt the file, where pages of earlier states are too.
func dump(t testing.TB, w *world, r *storagetest.Redis) string {
	t.Helper()
	var all strings.Builder
	folder := w.folder
	if r != nil {
		folder = r.Dir
		for key, value := range records(t, r) {
			all.WriteString(key + "\n" + value + "\n")
		}
	}
	files := 0
	err := filepath.WalkDir(folder, func(name string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() || r == nil && filepath.Base(name) != "state.db" {
			return err
		}
		text, err := os.ReadFile(name)
		all.Write(text)
		all.WriteByte('\n')
		files++
		return err
	})
	if err != nil || files == 0 {
		t.Fatalf("reading %s: %d files, %v", folder, files, err)
	}
	return all.String()
}
