package main

import (
	"slices"
	"strings"
	"testing"
)

// Ids are random: one of 64 begins with a dash.
func TestH21_ASessionWhoseIDLooksLikeAFlag(t *testing.T) {
	const id, flag = "-GYALLE4-lEMlnhDf7b-fg", "--YALLE4-lEMlnhDf7b-fg"
	for line, want := range map[string]string{
		"sessions end " + id + " --socket s":      "sessions end --socket s -- " + id,
		"sessions end --socket s " + id:           "sessions end --socket s -- " + id,
		"sessions end " + flag:                    "sessions end -- " + flag,
		"sessions end -- " + id:                   "sessions end -- " + id,
		"sessions end --user zhangsan --grants":   "sessions end --user zhangsan --grants",
		"sessions end --socket=/run/dingbridge/s": "sessions end --socket=/run/dingbridge/s",
		"sessions list " + id:                     "sessions list " + id,
		"users show " + id:                        "users show " + id,
	} {
		if got := sessionAside(strings.Fields(line)); !slices.Equal(got, strings.Fields(want)) {
			t.Errorf("%s: %q", line, got)
		}
	}
	for _, word := range strings.Fields(sessionsEndCommand().UsageString()) {
		if dashed.MatchString(word) {
			t.Errorf("the flag %s looks like an id", word)
		}
	}
	var out, said strings.Builder
	if code := run([]string{"sessions", "end", id, "--socket", t.TempDir() + "/none"}, &out, &said); code != exitFault {
		t.Errorf("%d: %s", code, said.String())
	}
}
