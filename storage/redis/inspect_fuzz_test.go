package redis

import (
	"slices"
	"strings"
	"testing"
)

func FuzzReadInfo(f *testing.F) {
	f.Add("# Server\r\nredis_version:7.0.15\r\nrole:slave\r\naof_enabled:1\r\nmaxmemory:5\r\nmaxmemory_policy:noeviction\r\n")
	f.Add("redis_version:\x1b[31m\r\nmaxmemory:99999999999999999999\r\n:::\n")
	f.Fuzz(func(t *testing.T, info string) {
		var n Node
		n.read(info)
		for _, text := range []string{n.Version, n.Policy, n.Failing} {
			if strings.ContainsFunc(text, notPlain) || len(text) > 64 {
				t.Errorf("%q is not fit to be shown", text)
			}
		}
		if !slices.Contains([]string{"", "appendonly", "snapshot"}, n.Failing) {
			t.Errorf("failing: %q", n.Failing)
		}
	})
}
