package main

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

const (
	program = "github.com/dingbridge/dingbridge/cmd/dingbridge"
	// profilerEnv tells the profiled build where to serve its profiles. It has no
	// DINGBRIDGE_ prefix, which belongs to the configuration.
	profilerEnv = "BENCH_PROFILER"
)

//go:embed files/profiler.go.txt
var profiler []byte

// build makes the binary as a release does, into dir. A profiled one also has
// files/profiler.go.txt in it, laid over the source without touching it.
func build(ctx context.Context, dir string, profiled bool) (binary string, err error) {
	binary = filepath.Join(dir, "dingbridge")
	args := []string{"build", "-trimpath", "-tags", "no_otel", "-ldflags", "-s -w -X main.version=bench"}
	if profiled {
		overlay, err := overlay(ctx, dir)
		if err != nil {
			return "", err
		}
		binary += "-profiled"
		args = append(args, "-overlay", overlay)
	}
	return binary, command(ctx, "", append(args, "-o", binary, program)...)
}

// overlay writes what -overlay wants: a file of ours at a name in the package.
func overlay(ctx context.Context, dir string) (string, error) {
	out, err := exec.CommandContext(ctx, "go", "list", "-f", "{{.Dir}}", program).Output()
	if err != nil {
		return "", fmt.Errorf("looking for %s: %w", program, err)
	}
	source := filepath.Join(dir, "profiler.go")
	list, err := json.Marshal(map[string]map[string]string{
		"Replace": {filepath.Join(strings.TrimSpace(string(out)), "bench_profiler.go"): source},
	})
	if err != nil {
		return "", fmt.Errorf("writing the overlay: %w", err)
	}
	file := filepath.Join(dir, "overlay.json")
	for name, data := range map[string][]byte{source: profiler, file: list} {
		if err := os.WriteFile(name, data, 0o600); err != nil {
			return "", fmt.Errorf("writing the overlay: %w", err)
		}
	}
	return file, nil
}

// command runs the go command, in dir, without cgo.
func command(ctx context.Context, dir string, args ...string) error {
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("go %s: %w\n%s", args[0], err, out)
	}
	return nil
}
