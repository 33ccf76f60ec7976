package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// A run of everything, as short as can be: whether it works, not how fast it is.
func TestWholeRun(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the program")
	}
	needRedis(t)
	o := options{
		only: parts, algs: []string{rs256, es256}, concurrency: []int{2}, rounds: 1, d: 20 * time.Millisecond, warmup: time.Millisecond,
		people: 4, loginCount: 8, abandonCount: 8, startCount: 1, knownCount: 8, departments: 12, json: filepath.Join(t.TempDir(), "report.json"),
	}
	var text, progress strings.Builder
	r, err := run(t.Context(), o, &text, &progress)
	if err != nil {
		t.Fatalf("%v\n%s", err, progress.String())
	}
	if r.Failed != 0 {
		t.Errorf("%d operations failed:\n%s", r.Failed, text.String())
	}
	if len(r.Logins) != 2 || len(r.Endpoints) != len(alone)+1 || len(r.Memory) != 1+2*quarters || r.Start.Count != 1 || r.BinaryMB == 0 ||
		len(r.People.Memory) != 4 || len(r.People.Sweeps) != sweepTimes || r.People.UsedMB == 0 {
		t.Errorf("something was left out:\n%s", text.String())
	}
	for _, c := range append(r.Logins, r.Endpoints...) {
		if c.Done == 0 {
			t.Errorf("nothing was done: %+v", c)
		}
	}
	want := map[string]bool{"callback, a person's first": true, "revocation": true}
	for request := range budget {
		want[request] = true
	}
	for _, trip := range r.Trips {
		delete(want, trip.Request)
	}
	if len(want) != 0 {
		t.Errorf("not counted: %v", want)
	}
}

func TestProfile(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the program")
	}
	needRedis(t)
	file := filepath.Join(t.TempDir(), "cpu")
	o := options{
		algs: []string{es256}, concurrency: []int{2}, rounds: 1, d: time.Second, people: 4, profile: file, profileOp: opJWKS,
	}
	var text, progress strings.Builder
	if _, err := run(t.Context(), o, &text, &progress); err != nil {
		t.Fatalf("%v\n%s", err, progress.String())
	}
	for _, name := range []string{file, file + ".allocs"} {
		out, err := exec.CommandContext(t.Context(), "go", "tool", "pprof", "-top", name).CombinedOutput()
		if err != nil || !strings.Contains(string(out), "flat%") {
			t.Errorf("%s: %v\n%s", filepath.Base(name), err, out)
		}
	}
}

func needRedis(t *testing.T) {
	t.Helper()
	if _, err := exec.LookPath("redis-server"); err == nil {
		return
	}
	if os.Getenv("DINGBRIDGE_REQUIRE_ALL") == "1" {
		t.Fatal("suite left out: redis (no redis-server), but DINGBRIDGE_REQUIRE_ALL=1")
	}
	t.Skip("suite left out: redis (no redis-server)")
}
