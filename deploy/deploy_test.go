// Package deploy_test holds what is delivered for running dingbridge to what it says, as far
// as that can be done without a container engine and without a cluster. README.md beside it
// tells which was run and which only read.
package deploy_test

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"go.yaml.in/yaml/v3"
)

var update = flag.Bool("update", false, "write the generated parts of files anew")

var workshop string // removed by TestMain

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "dingbridge-deploy-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	workshop = dir
	code := m.Run()
	os.RemoveAll(workshop)
	os.Exit(code)
}

// program is the built program.
func program(t *testing.T) string {
	t.Helper()
	file, err := built()
	if err != nil {
		t.Fatal(err)
	}
	return file
}

var built = sync.OnceValues(func() (string, error) {
	file := filepath.Join(workshop, "dingbridge")
	if out, err := exec.Command("go", "build", "-o", file, "../cmd/dingbridge").CombinedOutput(); err != nil {
		return "", fmt.Errorf("building the program: %w\n%s", err, out)
	}
	return file, nil
})

// needs leaves a suite out where a program is missing, or fails if it may not be missing.
func needs(t *testing.T, suite, program string) {
	t.Helper()
	if _, err := exec.LookPath(program); err != nil {
		leaveOut(t, suite, "no "+program)
	}
}

func leaveOut(t *testing.T, suite, why string) {
	t.Helper()
	but := strings.Split(os.Getenv("DINGBRIDGE_REQUIRE_ALL_BUT"), ",")
	if os.Getenv("DINGBRIDGE_REQUIRE_ALL") == "1" && !slices.Contains(but, suite) {
		t.Fatalf("suite left out: %s (%s), but DINGBRIDGE_REQUIRE_ALL=1", suite, why)
	}
	t.Skipf("suite left out: %s (%s)", suite, why)
}

func read(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func write(t *testing.T, file, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// A tree is what a YAML or JSON document holds.
type tree map[string]any

func parse(t *testing.T, text string) tree {
	t.Helper()
	var all tree
	if err := yaml.Unmarshal([]byte(text), &all); err != nil {
		t.Fatal(err)
	}
	return all
}

// at is what lies at a path: keys and numbers of items, joined by slashes.
func (all tree) at(path string) any {
	var here any = map[string]any(all)
	for step := range strings.SplitSeq(path, "/") {
		switch value := here.(type) {
		case tree:
			here = value[step]
		case map[string]any:
			here = value[step]
		case []any:
			i, err := strconv.Atoi(step)
			if err != nil || i >= len(value) {
				return nil
			}
			here = value[i]
		default:
			return nil
		}
	}
	return here
}

// says asserts values, by their paths.
func (all tree) says(t *testing.T, want map[string]any) {
	t.Helper()
	for path, value := range want {
		if got := all.at(path); fmt.Sprint(got) != fmt.Sprint(value) {
			t.Errorf("%s is %v, not %v", path, got, value)
		}
	}
}

// folder is what a container of ours finds in /etc/dingbridge; files are by path.
func folder(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		write(t, filepath.Join(dir, name), text)
	}
	return dir
}

// check is `dingbridge check` in such a folder. What is not here is elsewhere: Redis, and
// the folder of the admin socket.
func check(t *testing.T, dir string, env ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), program(t), "check", "--config", filepath.Join(dir, "config.yaml"))
	cmd.Env = append(append(os.Environ(), env...), "DINGBRIDGE_STORAGE=bolt://"+filepath.Join(t.TempDir(), "state.db"),
		"DINGBRIDGE_ADMIN_SOCKET="+filepath.Join(t.TempDir(), "s"))
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("check: %v\n%s", err, out)
	}
}

const ownSecret = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFG\n"

// TestTheImageIsBuiltAsMakeBuilds: two stages, the second without a shell and not as root,
// and a binary of the same kind as `make build` makes.
func TestTheImageIsBuiltAsMakeBuilds(t *testing.T) {
	text := strings.ReplaceAll(read(t, "Dockerfile"), "\\\n", "")
	for _, want := range []string{
		`(?m)^ARG GO_IMAGE=golang:1\.[0-9]+-`, `(?m)^ARG BASE_IMAGE=\S*/distroless/static-debian12:nonroot$`, `(?m)^FROM \$\{BASE_IMAGE\}$`,
		`(?m)^USER 65532:65532$`, `(?m)^ENTRYPOINT \["/dingbridge"\]$`, `"/dingbridge", "health", "--config", "/etc/dingbridge/config.yaml"`,
	} {
		if !regexp.MustCompile(want).MatchString(text) {
			t.Errorf("Dockerfile has nothing like %s", want)
		}
	}
	if n := len(regexp.MustCompile(`(?m)^FROM `).FindAllString(text, -1)); n != 2 {
		t.Errorf("Dockerfile has %d stages", n)
	}
	version := regexp.MustCompile(`(?m)^go (1\.[0-9]+)`).FindStringSubmatch(read(t, "../go.mod"))[1]
	if !strings.Contains(text, "golang:"+version+"-") {
		t.Errorf("Dockerfile does not build with Go %s, as go.mod says", version)
	}
	flags := func(line string) []string {
		return regexp.MustCompile(`CGO_ENABLED=0|-trimpath|-tags [a-z_]+|-s -w -X main\.version|\./cmd/dingbridge$`).FindAllString(line, -1)
	}
	inImage := flags(regexp.MustCompile(`(?m)^RUN CGO_ENABLED=0.*$`).FindString(text))
	makefile := strings.ReplaceAll(read(t, "../Makefile"), "$(LDFLAGS)", "-s -w -X main.version")
	byMake := flags(regexp.MustCompile(`(?m)^\tCGO_ENABLED=0 go build.*$`).FindString(makefile))
	slices.Sort(inImage)
	slices.Sort(byMake)
	if len(inImage) < 5 || !slices.Equal(inImage, byMake) {
		t.Errorf("Dockerfile builds with %q, make with %q", inImage, byMake)
	}
}

// TestTheSameSourceMakesTheSameBytes builds as the Dockerfile does, in two folders. It is
// long where nothing was built so before: only with DINGBRIDGE_LONG=1.
func TestTheSameSourceMakesTheSameBytes(t *testing.T) {
	if os.Getenv("DINGBRIDGE_LONG") == "" {
		t.Skip("long; DINGBRIDGE_LONG=1 runs it")
	}
	var all [2]string
	for i := range all {
		source := t.TempDir()
		list, err := exec.CommandContext(t.Context(), "git", "-C", "..", "ls-files", "*.go", "go.mod", "go.sum", "*.html", "*.css", "*.js", "*.txt", "*.yaml", "*.svg", "*.json").Output()
		if err != nil {
			t.Fatal(err)
		}
		for file := range strings.Lines(string(list)) {
			file = strings.TrimSpace(file)
			if text, err := os.ReadFile(filepath.Join("..", file)); err == nil {
				write(t, filepath.Join(source, file), string(text))
			}
		}
		out := filepath.Join(t.TempDir(), "dingbridge")
		cmd := exec.CommandContext(t.Context(), "go", "build", "-trimpath", "-buildvcs=false", "-tags", "no_otel",
			"-ldflags", "-s -w -X main.version=v1.2.3", "-o", out, "./cmd/dingbridge")
		cmd.Dir, cmd.Env = source, append(os.Environ(), "CGO_ENABLED=0", "GOTOOLCHAIN=local")
		if said, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("go build: %v\n%s", err, said)
		}
		all[i] = read(t, out)
	}
	if all[0] != all[1] {
		t.Error("the same source made different bytes in two folders")
	}
}

// TestTheUnitIsHardened: systemd takes every line of the unit, and finds it exposed no more
// than README.md says.
func TestTheUnitIsHardened(t *testing.T) {
	needs(t, "systemd", "systemd-analyze")
	unit := filepath.Join(t.TempDir(), "dingbridge.service")
	write(t, unit, strings.ReplaceAll(read(t, "dingbridge.service"), "/usr/local/bin/dingbridge", program(t)))
	out, err := exec.CommandContext(t.Context(), "systemd-analyze", "verify", "--man=no", unit).CombinedOutput()
	if err != nil || strings.Contains(string(out), "dingbridge.service") {
		t.Errorf("verify: %v\n%s", err, out)
	}
	out, err = exec.CommandContext(t.Context(), "systemd-analyze", "security", "--offline=true", "--threshold=15", unit).CombinedOutput()
	level := regexp.MustCompile(`Overall exposure level for dingbridge\.service: ([0-9.]+)`).FindStringSubmatch(string(out))
	if err != nil || level == nil {
		t.Fatalf("security: %v\n%s", err, out)
	}
	told := regexp.MustCompile(`exposure of ([0-9.]+)`).FindStringSubmatch(read(t, "README.md"))
	if told == nil || told[1] != level[1] {
		t.Errorf("the exposure is %s; README.md says %q", level[1], told)
	}
}

// TestTraefikIsWhatTheOthersAre reads the example as YAML: Traefik itself cannot be had here.
func TestTraefikIsWhatTheOthersAre(t *testing.T) {
	all := parse(t, read(t, "proxy/traefik.yaml"))
	all.says(t, map[string]any{
		"http/services/dingbridge/loadBalancer/passHostHeader":                         true,
		"http/services/dingbridge/loadBalancer/healthCheck/path":                       "/readyz",
		"http/services/dingbridge/loadBalancer/sticky":                                 nil,
		"http/services/dingbridge/loadBalancer/serversTransport":                       "dingbridge",
		"http/serversTransports/dingbridge/forwardingTimeouts/responseHeaderTimeout":   "75s",
		"http/routers/dingbridge/service":                                              "dingbridge",
		"http/routers/dingbridge/middlewares/0":                                        "dingbridge-callers",
		"http/routers/dingbridge/middlewares/1":                                        "dingbridge-retry",
		"http/middlewares/dingbridge-callers/headers/customRequestHeaders/traceparent": "",
		"http/middlewares/dingbridge-retry/retry/attempts":                             3,
	})
	for _, file := range []string{"proxy/nginx.conf", "proxy/Caddyfile", "proxy/traefik.yaml"} {
		if text := read(t, file); !strings.Contains(text, "75s") || !strings.Contains(text, "trusted_proxies: [") {
			t.Errorf("%s has no time-out above the server's own, or does not name trusted_proxies", file)
		}
	}
}
