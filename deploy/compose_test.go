package deploy_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// steps are the commands in the head of compose.yaml.
func steps(t *testing.T) string {
	t.Helper()
	head, _, _ := strings.Cut(read(t, "compose.yaml"), "\nname:")
	var all strings.Builder
	for _, line := range regexp.MustCompile(`(?m)^#   (\S.*)$`).FindAllStringSubmatch(head, -1) {
		all.WriteString(line[1] + "\n")
	}
	return strings.Replace(all.String(), "#    etc/clients.yaml", "", 1)
}

// TestComposeStepsMakeWhatItMounts runs the commands in the head of compose.yaml, but for
// Docker, which is not here: what they make is what the services are given, and passes
// `dingbridge check` with the services' environment.
func TestComposeStepsMakeWhatItMounts(t *testing.T) {
	dir, bin := t.TempDir(), t.TempDir()
	for _, file := range []string{"compose.yaml", "config.yaml", "clients.yaml", "proxy/Caddyfile"} {
		write(t, filepath.Join(dir, file), read(t, file))
	}
	write(t, filepath.Join(bin, "docker"), "#!/bin/sh\necho \"$@\" >> docker.log\n")
	if err := os.Chmod(filepath.Join(bin, "docker"), 0o700); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "sh", "-euc", steps(t))
	cmd.Dir, cmd.Stdin = dir, strings.NewReader("the-secret-of-the-app-in-dingtalks-console\n")
	cmd.Env = append(os.Environ(), "PATH="+bin+":"+os.Getenv("PATH"))
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("the steps: %v\n%s", err, out)
	}
	asked := read(t, filepath.Join(dir, "docker.log"))
	for _, want := range []string{"compose build\n", " check --config /etc/dingbridge/config.yaml\n", "compose up --detach --wait\n", " doctor --config"} {
		if !strings.Contains(asked, want) {
			t.Errorf("Docker is not asked to %q", want)
		}
	}
	for file, mode := range map[string]os.FileMode{"etc": 0o700, "etc/secrets": 0o700, "etc/secrets/dingbridge": 0o600, "etc/secrets/dingtalk": 0o600, ".env": 0o600} {
		info, err := os.Stat(filepath.Join(dir, file))
		if err != nil || info.Mode().Perm() != mode {
			t.Errorf("%s: %v, %v", file, info, err)
		}
	}
	variables := map[string]string{}
	for line := range strings.Lines(read(t, filepath.Join(dir, ".env"))) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		variables[name] = value
	}
	text := regexp.MustCompile(`\$\{([A-Z_]+):\?[^}]*\}`).ReplaceAllStringFunc(read(t, "compose.yaml"), func(use string) string {
		name, _, _ := strings.Cut(strings.TrimPrefix(use, "${"), ":")
		if variables[name] == "" {
			t.Errorf("no step writes %s into .env", name)
		}
		return variables[name]
	})
	all := parse(t, text)
	var env []string
	for name, value := range all.at("services/dingbridge/environment").(tree) {
		env = append(env, fmt.Sprintf("%s=%v", name, value))
	}
	check(t, filepath.Join(dir, "etc"), env...)
	for _, service := range []string{"dingbridge", "caddy", "redis"} {
		for _, mount := range all.at("services/" + service + "/volumes").([]any) {
			if from, _, _ := strings.Cut(mount.(string), ":"); strings.HasPrefix(from, "./") {
				if _, err := os.Stat(filepath.Join(dir, from)); err != nil {
					t.Errorf("%s is given %s: %v", service, from, err)
				}
			} else if _, made := all.at("volumes").(tree)[from]; !made {
				t.Errorf("%s is given the volume %s, which there is not", service, from)
			}
		}
	}
}

// TestComposeTakesIt: Docker's own package for Compose files takes ours, and takes it only
// with all that the steps write.
func TestComposeTakesIt(t *testing.T) {
	others(t)
	reader := filepath.Join(t.TempDir(), "compose")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", reader, ".")
	build.Dir = filepath.Join("testdata", "compose")
	if out, err := build.CombinedOutput(); err != nil {
		leaveOut(t, "helm", fmt.Sprintf("%v\n%s", err, out))
	}
	given := []string{"compose.yaml", "REDIS_PASSWORD=a", "DINGBRIDGE_USER=1000:1000", "DINGBRIDGE_HOST=sso.example.com"}
	if out, err := exec.CommandContext(t.Context(), reader, given...).CombinedOutput(); err != nil || strings.TrimSpace(string(out)) != "caddy dingbridge redis" {
		t.Errorf("%v: %s", err, out)
	}
	for i := 1; i < len(given); i++ {
		less := append(append([]string(nil), given[:i]...), given[i+1:]...)
		if out, err := exec.CommandContext(t.Context(), reader, less...).CombinedOutput(); err == nil {
			t.Errorf("without %s it is taken: %s", given[i], out)
		}
	}
}

// TestComposeGivesNothingAway: no service may write but where it must, or become more than
// it is; only the proxy is to be reached from outside, and Redis reaches nothing.
func TestComposeGivesNothingAway(t *testing.T) {
	all := parse(t, read(t, "compose.yaml"))
	for _, service := range []string{"dingbridge", "caddy", "redis"} {
		at := "services/" + service
		all.says(t, map[string]any{at + "/read_only": true, at + "/cap_drop": "[ALL]", at + "/security_opt": "[no-new-privileges:true]",
			at + "/restart": "unless-stopped", at + "/privileged": nil})
		if all.at(at+"/healthcheck/test") == nil {
			t.Errorf("nobody asks whether %s is well", service)
		}
		if (all.at(at+"/ports") != nil) != (service == "caddy") {
			t.Errorf("the ports of %s: %v", service, all.at(at+"/ports"))
		}
	}
	proxy := all.at("services/caddy/networks/front/ipv4_address")
	all.says(t, map[string]any{
		"networks/back/internal": true, "services/redis/networks": "[back]", "services/dingbridge/stop_grace_period": "55s",
		"services/dingbridge/environment/DINGBRIDGE_TRUSTED_PROXIES": fmt.Sprint(proxy, "/32"),
		"services/caddy/depends_on/dingbridge/condition":             "service_healthy",
		"services/dingbridge/depends_on/redis/condition":             "service_healthy",
	})
}

// TestComposeRedisKeepsWhatItIsGiven starts Redis by the very command of compose.yaml.
func TestComposeRedisKeepsWhatItIsGiven(t *testing.T) {
	needs(t, "redis", "redis-server")
	needs(t, "redis", "redis-cli")
	command := parse(t, read(t, "compose.yaml")).at("services/redis/command").([]any)
	dir, err := os.MkdirTemp("", "redis") // short enough for a socket
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	script := strings.NewReplacer("$$", "$", "dir /data", "dir "+dir+"\nport 0\nunixsocket "+dir+"/s").Replace(command[2].(string))
	ctx, stop := context.WithCancel(t.Context())
	server := exec.CommandContext(ctx, command[0].(string), command[1].(string), script)
	server.Env = append(os.Environ(), "REDIS_PASSWORD=of-the-test")
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stop(); _ = server.Wait() }) // it is killed
	ask := func(words ...string) string {
		cmd := exec.CommandContext(t.Context(), "redis-cli", append([]string{"-s", filepath.Join(dir, "s")}, words...)...)
		cmd.Env = append(os.Environ(), "REDISCLI_AUTH=of-the-test")
		out, _ := cmd.CombinedOutput()
		return strings.TrimSpace(string(out))
	}
	for end := time.Now().Add(time.Minute); ask("ping") != "PONG"; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("Redis says %q", ask("ping"))
		}
	}
	for setting, want := range map[string]string{"appendonly": "yes", "appendfsync": "always", "maxmemory-policy": "noeviction", "requirepass": "of-the-test"} {
		if got := ask("config", "get", setting); got != setting+"\n"+want {
			t.Errorf("Redis says %q of %s", got, setting)
		}
	}
}
