package deploy_test

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"go.yaml.in/yaml/v3"
)

const chart = "helm/dingbridge"

// An outcome is what Helm's own packages made of one file of values.
type outcome struct {
	Lint    []string
	Error   string
	Notes   string
	Objects []tree
}

// renderer is the program of helm/testdata/render: a module of its own, which takes a few
// minutes to build the first time.
var renderer = sync.OnceValues(func() (string, error) {
	file := filepath.Join(workshop, "render")
	cmd := exec.Command("go", "build", "-o", file, ".")
	cmd.Dir = filepath.Join("helm", "testdata", "render")
	cmd.Env = append(os.Environ(), "GOFLAGS=-mod=readonly")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w\n%s", err, out)
	}
	return file, nil
})

// others leaves out what needs packages of others, which take minutes to build: they run
// where all suites have to.
func others(t *testing.T) {
	t.Helper()
	if but := os.Getenv("DINGBRIDGE_REQUIRE_ALL_BUT"); os.Getenv("DINGBRIDGE_REQUIRE_ALL") == "" || slices.Contains(strings.Split(but, ","), "helm") {
		t.Skip("suite left out: helm (its packages take minutes to build; make test CLIENTS=1 runs it)")
	}
	if testing.Short() {
		t.Skip("what others wrote is the same under -short")
	}
}

func render(t *testing.T, files ...string) map[string]outcome {
	t.Helper()
	others(t)
	program, err := renderer()
	if err != nil {
		leaveOut(t, "helm", err.Error())
	}
	out, err := exec.CommandContext(t.Context(), program, append([]string{chart}, files...)...).Output()
	if err != nil {
		t.Fatalf("render: %v", err)
	}
	var all map[string]outcome
	if err := json.Unmarshal(out, &all); err != nil {
		t.Fatal(err)
	}
	return all
}

// of is the one object of a kind, or the one with a name.
func (o outcome) of(t *testing.T, kind string, name ...string) tree {
	t.Helper()
	for _, object := range o.Objects {
		if object["kind"] == kind && (len(name) == 0 || object.at("metadata/name") == name[0]) {
			return object
		}
	}
	t.Fatalf("there is no %s %v", kind, name)
	return nil
}

// TestChartRenders: each file of ci/ is linted without a word, and makes objects that are
// read strictly as Kubernetes' own; the configuration in them passes `dingbridge check`
// where the Deployment puts it.
func TestChartRenders(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(chart, "ci", "*-values.yaml"))
	if err != nil || len(files) < 3 {
		t.Fatalf("%q, %v", files, err)
	}
	for name, o := range render(t, files...) {
		t.Run(name, func(t *testing.T) {
			if len(o.Lint) > 0 || o.Error != "" {
				t.Fatalf("%q, %s", o.Lint, o.Error)
			}
			pod := tree(o.of(t, "Deployment").at("spec/template/spec").(map[string]any))
			restricted(t, pod)
			dir := mounted(t, o, pod)
			check(t, dir, "DINGBRIDGE_CLIENTS_DIR="+t.TempDir())
			issuer := regexp.MustCompile(`issuer: https://[^/\s]+(\S*)`).FindStringSubmatch(read(t, filepath.Join(dir, "config.yaml")))
			pod.says(t, map[string]any{
				"containers/0/livenessProbe/httpGet/path": issuer[1] + "/healthz", "containers/0/readinessProbe/httpGet/path": issuer[1] + "/readyz",
				"containers/0/startupProbe/httpGet/path": issuer[1] + "/healthz", "containers/0/ports/0/containerPort": 8080,
			})
		})
	}
}

// restricted asserts what the Pod Security Standard of that name asks, and more.
func restricted(t *testing.T, pod tree) {
	t.Helper()
	pod.says(t, map[string]any{
		"securityContext/runAsNonRoot": true, "securityContext/runAsUser": 65532, "securityContext/seccompProfile/type": "RuntimeDefault",
		"containers/0/securityContext/readOnlyRootFilesystem": true, "containers/0/securityContext/allowPrivilegeEscalation": false,
		"containers/0/securityContext/capabilities/drop": "[ALL]", "automountServiceAccountToken": false, "enableServiceLinks": false,
		"hostNetwork": nil, "hostPID": nil, "containers/1": nil,
	})
	for _, mount := range pod.at("containers/0/volumeMounts").([]any) {
		if mount.(map[string]any)["subPath"] != nil {
			t.Errorf("%v: what is mounted by subPath never changes", mount)
		}
	}
	// Longer than the delay, 30 s for what is under way and 10 s for notices.
	if grace := pod.at("terminationGracePeriodSeconds").(float64); grace < 45 {
		t.Errorf("it is killed after %v s", grace)
	}
}

// mounted makes of the Pod's volumes the folder that the container finds. Secrets hold what
// such secrets hold.
func mounted(t *testing.T, o outcome, pod tree) string {
	t.Helper()
	files := map[string]string{}
	pod.says(t, map[string]any{"containers/0/volumeMounts/0/mountPath": "/etc/dingbridge", "volumes/0/projected/defaultMode": 0o440})
	for _, source := range pod.at("volumes/0/projected/sources").([]any) {
		source := tree(source.(map[string]any))
		for _, kind := range []string{"configMap", "secret"} {
			items, _ := source.at(kind + "/items").([]any)
			for _, item := range items {
				key, path := item.(map[string]any)["key"].(string), item.(map[string]any)["path"].(string)
				switch name := source.at(kind + "/name").(string); {
				case path == "secrets/dingbridge":
					files[path] = ownSecret
				case kind == "secret":
					files[path] = "the-secret-of-the-app-in-dingtalks-console\n"
				case name == "our-apps":
					files[path] = "clients: []\n"
				default:
					files[path] = o.of(t, "ConfigMap", name)["data"].(map[string]any)[key].(string)
				}
			}
		}
	}
	return folder(t, files)
}

// TestChartSaysWhatItIsTold looks at the objects of the whole of the values.
func TestChartSaysWhatItIsTold(t *testing.T) {
	whole := filepath.Join(chart, "ci", "whole-values.yaml")
	o := render(t, whole)["whole-values.yaml"]
	if o.Error != "" {
		t.Fatal(o.Error)
	}
	o.of(t, "Deployment").says(t, map[string]any{
		"spec/replicas": nil, "spec/strategy/rollingUpdate/maxUnavailable": 0, "spec/template/spec/terminationGracePeriodSeconds": 60,
		"spec/template/spec/containers/0/env/0/name":                       "DINGBRIDGE_STORAGE",
		"spec/template/spec/containers/0/env/0/valueFrom/secretKeyRef":     map[string]any{"key": "url", "name": "redis"},
		"spec/template/spec/containers/0/image":                            "registry.example.com/dingbridge@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
		"spec/template/spec/topologySpreadConstraints/0/whenUnsatisfiable": "DoNotSchedule",
		"spec/template/metadata/annotations/checksum~1clients":             nil,
	})
	config := o.of(t, "ConfigMap", "id").at("data/config.yaml").(string)
	for _, want := range []string{"drain_delay: 15s", "listen: :8080", "metrics_listen: :9090", "clients_dir: /etc/dingbridge-clients", "logins_per_second: 1000000"} {
		if !strings.Contains(config, want) {
			t.Errorf("config.yaml does not say %q:\n%s", want, config)
		}
	}
	if clients := o.of(t, "ConfigMap", "id-clients").at("data/clients.yaml").(string); !strings.Contains(clients, "- 432825033\n") {
		t.Errorf("clients.yaml has no department's number:\n%s", clients)
	}
	o.of(t, "Ingress").says(t, map[string]any{"spec/rules/0/host": "id.example.com", "spec/rules/0/http/paths/0/path": "/sso", "spec/tls/0/secretName": "sso-tls",
		"spec/rules/0/http/paths/1/path": "/.well-known/oauth-authorization-server/sso"})
	o.of(t, "PodDisruptionBudget").says(t, map[string]any{"spec/maxUnavailable": 2})
	o.of(t, "HorizontalPodAutoscaler").says(t, map[string]any{"spec/minReplicas": 3, "spec/maxReplicas": 9, "spec/scaleTargetRef/name": "id"})
	o.of(t, "ServiceMonitor").says(t, map[string]any{"spec/endpoints/0/port": "metrics", "metadata/labels/release": "prometheus"})
	o.of(t, "Service", "id").says(t, map[string]any{"spec/ports/1": nil, "spec/type": "NodePort"})
	o.of(t, "Service", "id-metrics").says(t, map[string]any{"spec/clusterIP": "None", "spec/ports/0/port": 9090})
	o.of(t, "ServiceAccount").says(t, map[string]any{"automountServiceAccountToken": false, "metadata/name": "sso"})
	o.of(t, "NetworkPolicy").says(t, map[string]any{"spec/policyTypes": "[Ingress Egress]", "spec/egress/0/ports/0/port": 53, "spec/egress/1/ports/1/port": 26379,
		"spec/egress/1/to/0/podSelector/matchLabels/app": "redis", "spec/egress/2/ports/0/port": 443, "spec/egress/3/ports/0/port": 4318})
}

// TestChartRefuses: what would not serve, or is not known, is told before anything is
// installed.
func TestChartRefuses(t *testing.T) {
	dir := t.TempDir()
	minimal := read(t, filepath.Join(chart, "ci", "minimal-values.yaml"))
	wants := map[string]string{}
	var files []string
	for name, change := range map[string][3]string{
		"misspelt":    {"image: {repository", "replicas: 3\nimage: {repository", "replicas"},
		"in config":   {"  issuer:", "  isuer: x\n  issuer:", "isuer"},
		"owned":       {"  issuer:", "  listen: :80\n  issuer:", "listen"},
		"no issuer":   {"  issuer: https://sso.example.com\n", "", "config.issuer: name the address"},
		"no image":    {", tag: v0.1.0", "", "image.tag: name the version"},
		"no secret":   {"  provider: {existingSecret: dingbridge}\n", "", "secrets.provider.existingSecret"},
		"no app":      {"  dingtalk: {existingSecret: dingbridge}\n", "", "secrets.dingtalk.existingSecret"},
		"no storage":  {"  storage: {existingSecret: dingbridge}\n", "", "secrets.storage.existingSecret"},
		"two of them": {"  issuer:", "  storage: redis://r:6379/0\n  issuer:", "take one out"},
		"a bolt file": {"dingtalk\nsecrets:\n  provider: {existingSecret: dingbridge}\n  dingtalk: {existingSecret: dingbridge}\n  storage: {existingSecret: dingbridge}\n",
			"dingtalk\n  storage: bolt:///x\nsecrets:\n  provider: {existingSecret: dingbridge}\n  dingtalk: {existingSecret: dingbridge}\n", "single process"},
		"a password": {"dingtalk\nsecrets:\n  provider: {existingSecret: dingbridge}\n  dingtalk: {existingSecret: dingbridge}\n  storage: {existingSecret: dingbridge}\n",
			"dingtalk\n  storage: redis://:s3cret@redis:6379/0\nsecrets:\n  provider: {existingSecret: dingbridge}\n  dingtalk: {existingSecret: dingbridge}\n", "has a password"},
		"another": {"dingtalk\nsecrets:\n  provider: {existingSecret: dingbridge}\n  dingtalk: {existingSecret: dingbridge}\n  storage: {existingSecret: dingbridge}\n",
			"dingtalk\n  storage: redis+sentinel://s:26379/0?master=m&sentinel_password=x\nsecrets:\n  provider: {existingSecret: dingbridge}\n  dingtalk: {existingSecret: dingbridge}\n", "has a password"},
		"plain http": {"config:\n  issuer: https:", "ingress: {enabled: true}\nconfig:\n  issuer: http:", "has to be https"},
		"no metrics": {"image: {repository", "metrics: {serviceMonitor: {enabled: true}}\nimage: {repository", "needs metrics.enabled"},
		"a client":   {"image: {repository", "clients: {clients: [{id: a, redirect_uri: x}]}\nimage: {repository", "redirect_uri"},
		"own key":    {"  dingtalk: {existingSecret: dingbridge}", "  dingtalk: {existingSecret: dingbridge, keys: [dingbridge]}", "keys"},
	} {
		if !strings.Contains(minimal, change[0]) {
			t.Fatalf("%s: the values do not say %q", name, change[0])
		}
		file := filepath.Join(dir, strings.ReplaceAll(name, " ", "-")+".yaml")
		write(t, file, strings.Replace(minimal, change[0], change[1], 1))
		files, wants[filepath.Base(file)] = append(files, file), change[2]
	}
	for name, o := range render(t, files...) {
		if o.Error == "" || !strings.Contains(o.Error, wants[name]) {
			t.Errorf("%s: %q has nothing of %q", name, o.Error, wants[name])
		}
	}
}

// TestChartManualIsThatOfTheValues: the table in the chart's README is made of values.yaml,
// where each value has a comment. -update writes it.
func TestChartManualIsThatOfTheValues(t *testing.T) {
	var document yaml.Node
	if err := yaml.Unmarshal([]byte(read(t, filepath.Join(chart, "values.yaml"))), &document); err != nil {
		t.Fatal(err)
	}
	var table strings.Builder
	table.WriteString("| value | default | what it is |\n|---|---|---|\n")
	for _, row := range rows(t, document.Content[0], "") {
		table.WriteString(row)
	}
	file := filepath.Join(chart, "README.md")
	const begin, end = "<!-- values -->\n", "<!-- end of values -->\n"
	text := read(t, file)
	before, rest, ok := strings.Cut(text, begin)
	_, after, closed := strings.Cut(rest, end)
	if !ok || !closed {
		t.Fatalf("%s has no place for the table", file)
	}
	want := before + begin + table.String() + end + after
	if text == want {
		return
	}
	if !*update {
		t.Fatal("the table of values is not that of values.yaml: go test ./deploy -run Chart -update")
	}
	if err := os.WriteFile(file, []byte(want), 0o644); err != nil {
		t.Fatal(err)
	}
}

// rows are those of the values below a node.
func rows(t *testing.T, node *yaml.Node, path string) (all []string) {
	t.Helper()
	for i := 0; i < len(node.Content); i += 2 {
		key, value := node.Content[i], node.Content[i+1]
		name := path + key.Value
		about, told := strings.CutPrefix(key.HeadComment, "# -- ")
		if about, _, _ = strings.Cut(about, "\n"); !told {
			if value.Kind != yaml.MappingNode || len(value.Content) == 0 {
				t.Errorf("values.yaml does not say what %s is", name)
			}
			all = append(all, rows(t, value, name+".")...)
			continue
		}
		var given any
		if err := value.Decode(&given); err != nil {
			t.Fatal(err)
		}
		text, err := json.Marshal(given)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, fmt.Sprintf("| `%s` | `%s` | %s |\n", name, text, about))
	}
	return all
}

// TestChartReadmeCanBeFollowed: the values that the README shows are those of ci/, so that
// they are rendered.
func TestChartReadmeCanBeFollowed(t *testing.T) {
	shown := regexp.MustCompile("(?s)```yaml\n(.*?)```").FindStringSubmatch(read(t, filepath.Join(chart, "README.md")))
	_, minimal, _ := strings.Cut(read(t, filepath.Join(chart, "ci", "minimal-values.yaml")), "\n")
	if shown == nil || shown[1] != minimal {
		t.Error("the README shows other values than ci/minimal-values.yaml")
	}
}
