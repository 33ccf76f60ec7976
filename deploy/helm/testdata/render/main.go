// Command render does with a chart what `helm lint` and `helm template` do, by Helm's own
// packages, and reads what comes out strictly as the objects of Kubernetes that it is meant
// to be. It is a module of its own: nothing else here needs Helm.
//
//	render CHART VALUES...    prints, for each file of values, what came of it, as JSON
package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	monitoring "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	"helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/chartutil"
	"helm.sh/helm/v3/pkg/engine"
	"helm.sh/helm/v3/pkg/lint"
	"helm.sh/helm/v3/pkg/lint/support"
	"helm.sh/helm/v3/pkg/releaseutil"
	apps "k8s.io/api/apps/v1"
	autoscaling "k8s.io/api/autoscaling/v2"
	core "k8s.io/api/core/v1"
	networking "k8s.io/api/networking/v1"
	policy "k8s.io/api/policy/v1"
	"sigs.k8s.io/yaml"
)

// kinds are those that the chart may make.
var kinds = map[string]func() any{
	"apps/v1 Deployment":                      func() any { return new(apps.Deployment) },
	"autoscaling/v2 HorizontalPodAutoscaler":  func() any { return new(autoscaling.HorizontalPodAutoscaler) },
	"monitoring.coreos.com/v1 ServiceMonitor": func() any { return new(monitoring.ServiceMonitor) },
	"networking.k8s.io/v1 Ingress":            func() any { return new(networking.Ingress) },
	"networking.k8s.io/v1 NetworkPolicy":      func() any { return new(networking.NetworkPolicy) },
	"policy/v1 PodDisruptionBudget":           func() any { return new(policy.PodDisruptionBudget) },
	"v1 ConfigMap":                            func() any { return new(core.ConfigMap) },
	"v1 Service":                              func() any { return new(core.Service) },
	"v1 ServiceAccount":                       func() any { return new(core.ServiceAccount) },
}

// An outcome is what came of one file of values.
type outcome struct {
	Lint    []string         `json:"lint"`
	Error   string           `json:"error"`
	Notes   string           `json:"notes"`
	Objects []map[string]any `json:"objects"`
}

func main() {
	all := map[string]outcome{}
	for _, file := range os.Args[2:] {
		all[filepath.Base(file)] = try(os.Args[1], file)
	}
	if err := json.NewEncoder(os.Stdout).Encode(all); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func try(folder, file string) (o outcome) {
	values, err := chartutil.ReadValuesFile(file)
	if err != nil {
		return outcome{Error: err.Error()}
	}
	for _, m := range lint.All(folder, values, "default", true).Messages {
		if m.Severity > support.InfoSev {
			o.Lint = append(o.Lint, m.Error())
		}
	}
	if err := o.render(folder, values); err != nil {
		o.Error = err.Error()
	}
	return o
}

func (o *outcome) render(folder string, values chartutil.Values) error {
	chart, err := loader.Load(folder)
	if err != nil {
		return fmt.Errorf("reading the chart: %w", err)
	}
	release := chartutil.ReleaseOptions{Name: "sso", Namespace: "login", Revision: 1, IsInstall: true}
	whole, err := chartutil.ToRenderValues(chart, values, release, chartutil.DefaultCapabilities)
	if err != nil {
		return fmt.Errorf("taking the values: %w", err)
	}
	made, err := engine.Engine{Strict: true}.Render(chart, whole)
	if err != nil {
		return fmt.Errorf("rendering: %w", err)
	}
	for _, name := range slices.Sorted(maps.Keys(made)) {
		if strings.HasSuffix(name, "NOTES.txt") {
			o.Notes = made[name]
			continue
		}
		documents := releaseutil.SplitManifests(made[name])
		for _, key := range slices.Sorted(maps.Keys(documents)) {
			if err := o.take(documents[key]); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
		}
	}
	return nil
}

// take reads one document as the kind that it says it is; a field that this kind does not
// have is an error, as is one given twice.
func (o *outcome) take(document string) error {
	var head struct{ APIVersion, Kind string }
	if err := yaml.Unmarshal([]byte(document), &head); err != nil {
		return fmt.Errorf("reading YAML: %w", err)
	}
	if head.Kind == "" {
		return nil
	}
	made, known := kinds[head.APIVersion+" "+head.Kind]
	if !known {
		return fmt.Errorf("%s %s is not among the kinds that the chart may make", head.APIVersion, head.Kind)
	}
	if err := yaml.UnmarshalStrict([]byte(document), made()); err != nil {
		return fmt.Errorf("reading a %s: %w", head.Kind, err)
	}
	var object map[string]any
	if err := yaml.Unmarshal([]byte(document), &object); err != nil {
		return fmt.Errorf("reading a %s: %w", head.Kind, err)
	}
	o.Objects = append(o.Objects, object)
	return nil
}
