package telemetry

import (
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/dingbridge/dingbridge/dingtalk"
	"github.com/dingbridge/dingbridge/provider/audit"
	"github.com/dingbridge/dingbridge/storage"
)

// What stands between marks in docs/metrics.md and docs/zh/metrics.md is made from what is
// registered, the Chinese with the texts of testdata/manual.zh.yaml:
// `go test ./cmd/dingbridge/internal/telemetry -run Manual -update` writes it.

var update = flag.Bool("update", false, "write docs/metrics.md and docs/zh/metrics.md anew")

var root = filepath.Join("..", "..", "..", "..")

func read(t *testing.T, file ...string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(append([]string{root}, file...)...))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestT10_ManualIsWhatIsExported(t *testing.T) {
	const chineseTexts = "testdata/manual.zh.yaml"
	data, err := os.ReadFile(chineseTexts)
	if err != nil {
		t.Fatal(err)
	}
	translated := map[string]string{}
	if err := yaml.Unmarshal(data, &translated); err != nil {
		t.Fatal(err)
	}
	english := "| metric | kind | labels | what it says |\n|---|---|---|---|\n"
	chinese := "| 指标 | 类型 | 标签 | 含义 |\n|---|---|---|---|\n"
	for _, m := range New(config("", 0)).metrics.list {
		labels := slices.Sorted(slices.Values(m.Labels))
		for i, l := range labels {
			labels[i] = "`" + l + "`"
		}
		if translated[m.Name] == "" {
			t.Errorf("%s has no text for %s", chineseTexts, m.Name)
		}
		english += fmt.Sprintf("| `%s` | %s | %s | %s |\n", m.Name, m.Kind, strings.Join(labels, ", "), m.Help)
		chinese += fmt.Sprintf("| `%s` | %s | %s | %s |\n", m.Name, m.Kind, strings.Join(labels, ", "), translated[m.Name])
		delete(translated, m.Name)
	}
	for name := range translated {
		t.Errorf("%s has a text for %s, which is no metric", chineseTexts, name)
	}
	for file, table := range map[string]string{filepath.Join("docs", "metrics.md"): english, filepath.Join("docs", "zh", "metrics.md"): chinese} {
		was := read(t, file)
		want := regexp.MustCompile(`(?s)(<!-- made: metrics -->\n).*?(<!-- end -->)`).ReplaceAllString(was, "${1}"+strings.ReplaceAll(table, "$", "$$")+"${2}")
		if *update {
			if err := os.WriteFile(filepath.Join(root, file), []byte(want), 0o644); err != nil {
				t.Fatal(err)
			}
		} else if was != want || !strings.Contains(want, "dingbridge_ready") {
			t.Errorf("%s is not what is registered; run go test ./cmd/dingbridge/internal/telemetry -run Manual -update", file)
		}
	}
}

// exports are the labels of every metric that is exported once everything has happened, with
// the values that each had, by the names that a query uses.
func exports(t *testing.T) map[string]map[string][]string {
	of := exercised(t, "http://127.0.0.1:1")
	sink, calls, m := of.Sink(audit.Discard), of.Calls("ding1"), of.metrics
	for reason := range refusals {
		calls(t.Context(), dingtalk.Sent{Call: dingtalk.CallMe, Err: &dingtalk.Error{Reason: reason}})
	}
	for _, list := range []map[string]string{reasons, ways, limits} {
		for word := range list {
			for _, row := range catalogue {
				sink.Record(t.Context(), audit.Event{Name: row.Name, ClientID: "grafana", CorpID: "ding1", Reason: word, Way: word})
			}
		}
	}
	_ = of.Store(&shelf{}).Together(t.Context(), storage.Get("a/b"))
	for _, class := range classes {
		m.requests.WithLabelValues("/token", "POST", class)
	}
	m.lost.WithLabelValues("full")
	m.lost.WithLabelValues("refused")
	families, err := m.registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]map[string][]string{}
	for _, family := range families {
		labels := map[string][]string{}
		for _, metric := range family.Metric {
			for _, l := range metric.Label {
				if !slices.Contains(labels[l.GetName()], l.GetValue()) {
					labels[l.GetName()] = append(labels[l.GetName()], l.GetValue())
				}
			}
		}
		name := family.GetName()
		if family.GetType().String() != "HISTOGRAM" {
			all[name] = labels
			continue
		}
		all[name+"_sum"], all[name+"_count"] = labels, labels
		all[name+"_bucket"] = maps.Clone(labels)
		all[name+"_bucket"]["le"] = nil
	}
	for _, described := range m.list {
		name := described.Name
		if described.Kind == "histogram" {
			name += "_sum"
		}
		got, there := all[name]
		if !there {
			t.Errorf("%s is in the manual, and is not exported", described.Name)
			continue
		}
		if labels := slices.Sorted(maps.Keys(got)); !slices.Equal(labels, slices.Sorted(slices.Values(described.Labels))) {
			t.Errorf("%s has the labels %q, the manual says %q", described.Name, labels, described.Labels)
		}
	}
	for name := range all {
		if !strings.HasPrefix(name, "dingbridge_") {
			continue
		}
		if !slices.ContainsFunc(m.list, func(d Metric) bool {
			return strings.TrimPrefix(name, d.Name) == "" || strings.HasPrefix(name, d.Name+"_")
		}) {
			t.Errorf("%s is exported, and is not in the manual", name)
		}
	}
	return all
}

// foreign labels are those that Prometheus adds to all series.
var foreign = []string{"instance", "job"}

var (
	selector = regexp.MustCompile(`\b([a-zA-Z_:][a-zA-Z0-9_:]*)\s*(\{[^}]*\})?`)
	matcher  = regexp.MustCompile(`([a-zA-Z_]+)\s*(=~|!~|!=|=)\s*"([^"]*)"`)
	grouping = regexp.MustCompile(`\b(?:by|without|on|ignoring|group_left|group_right)\s*\(([^)]*)\)`)
	called   = regexp.MustCompile(`\b[a-z_0-9]+\s*\(`)
	window   = regexp.MustCompile(`\[[^\]]*\]`)
)

// faultsOf says what an expression asks for that is not exported.
func faultsOf(expression string, exported map[string]map[string][]string) (faults []string) {
	rest := window.ReplaceAllString(expression, "")
	var grouped []string
	for _, match := range grouping.FindAllStringSubmatch(rest, -1) {
		grouped = append(grouped, strings.FieldsFunc(match[1], func(r rune) bool { return r == ',' || r == ' ' })...)
	}
	rest = called.ReplaceAllString(grouping.ReplaceAllString(rest, " "), "(")
	var available []string
	metrics := 0
	for _, match := range selector.FindAllStringSubmatch(rest, -1) {
		name := match[1]
		if slices.Contains([]string{"and", "or", "unless", "bool", "offset", "inf", "by", "on"}, strings.ToLower(name)) {
			continue
		}
		labels, there := exported[name]
		if !there {
			faults = append(faults, "no metric "+name)
			continue
		}
		metrics++
		available = append(available, slices.Collect(maps.Keys(labels))...)
		for _, m := range matcher.FindAllStringSubmatch(match[2], -1) {
			label, operator, value := m[1], m[2], m[3]
			values, there := labels[label]
			switch {
			case slices.Contains(foreign, label):
			case !there:
				faults = append(faults, name+" has no label "+label)
			case strings.HasSuffix(operator, "~"):
				for one := range strings.SplitSeq(value, "|") {
					if !slices.Contains(values, one) {
						faults = append(faults, name+" has never "+label+"="+one)
					}
				}
			case !slices.Contains(values, value):
				faults = append(faults, name+" has never "+label+"="+value)
			}
		}
	}
	if metrics == 0 {
		faults = append(faults, "it asks for nothing")
	}
	for _, label := range grouped {
		if !slices.Contains(available, label) && !slices.Contains(foreign, label) {
			faults = append(faults, "no metric in it has a label "+label)
		}
	}
	return faults
}

func TestT10_QueriesAreReadAsTheyAreMeant(t *testing.T) {
	exported := map[string]map[string][]string{
		"a_total": {"x": {"one", "two"}}, "h_bucket": {"le": nil, "y": {"z"}},
	}
	for expression, want := range map[string]string{
		`sum by (x) (rate(a_total{x="one"}[5m])) > 0.5`:                             "",
		`histogram_quantile(0.9, sum by (y, le) (rate(h_bucket[1h]))) and a_total`:  "",
		`topk(5, a_total{x=~"one|two",instance=~"$instance"}) or on (job) h_bucket`: "",
		`rate(b_total[5m])`:                            "no metric b_total; it asks for nothing",
		`a_total{x="three"}`:                           `a_total has never x=three`,
		`a_total{x!~"one|four"}`:                       `a_total has never x=four`,
		`a_total{w="one"}`:                             "a_total has no label w",
		`sum by (w) (a_total)`:                         "no metric in it has a label w",
		`sum(a_total) by (le)`:                         "no metric in it has a label le",
		`time() - 5`:                                   "it asks for nothing",
		`label_values(a_total, instance)`:              "no metric instance",
		`a_total * on (instance) group_left () c_info`: "no metric c_info",
	} {
		if got := strings.Join(faultsOf(expression, exported), "; "); got != want {
			t.Errorf("%s: %q, want %q", expression, got, want)
		}
	}
}

func TestT10_AlertsAskForWhatIsExported(t *testing.T) {
	t.Parallel()
	exported := exports(t)
	var file struct {
		Groups []struct {
			Name  string
			Rules []struct {
				Alert, Expr, For    string
				Labels, Annotations map[string]string
			}
		}
	}
	decoder := yaml.NewDecoder(strings.NewReader(read(t, "deploy", "prometheus", "alerts.yaml")))
	decoder.KnownFields(true)
	if err := decoder.Decode(&file); err != nil {
		t.Fatal(err)
	}
	var alerts []string
	for _, group := range file.Groups {
		for _, rule := range group.Rules {
			alerts = append(alerts, rule.Alert)
			for _, fault := range faultsOf(rule.Expr, exported) {
				t.Errorf("%s: %s", rule.Alert, fault)
			}
			if !slices.Contains([]string{"critical", "warning", "info"}, rule.Labels["severity"]) || rule.Annotations["summary"] == "" {
				t.Errorf("%s: %v %v", rule.Alert, rule.Labels, rule.Annotations)
			}
			for _, label := range regexp.MustCompile(`\$labels\.([a-z_]+)`).FindAllStringSubmatch(rule.Annotations["summary"], -1) {
				if grouped := grouping.FindStringSubmatch(rule.Expr); grouped != nil && !strings.Contains(grouped[1], label[1]) {
					t.Errorf("%s: its summary shows %s, which its expression drops", rule.Alert, label[1])
				}
			}
			page, anchor, _ := strings.Cut(rule.Annotations["runbook_url"], "#")
			if page != "https://github.com/dingbridge/dingbridge/blob/main/docs/incidents.md" || anchor != strings.ToLower(rule.Alert) {
				t.Errorf("%s: its page is %s", rule.Alert, rule.Annotations["runbook_url"])
			}
		}
	}
	if len(alerts) < 20 {
		t.Errorf("only %d alerts", len(alerts))
	}
	for _, manual := range []string{"docs/incidents.md", "docs/zh/incidents.md"} {
		var pages []string
		for _, heading := range regexp.MustCompile(`(?m)^### (Dingbridge[A-Za-z]+)\n\n\S`).FindAllStringSubmatch(read(t, manual), -1) {
			pages = append(pages, heading[1])
		}
		if !slices.Equal(alerts, pages) {
			t.Errorf("alerts %q\ntheir paragraphs in %s %q", alerts, manual, pages)
		}
	}
}

func TestT10_DashboardAsksForWhatIsExported(t *testing.T) {
	t.Parallel()
	exported := exports(t)
	var dashboard struct {
		UID, Title string
		Panels     []struct {
			ID          int
			Type, Title string
			GridPos     struct{ H, W, X, Y int }
			Targets     []struct{ Expr, RefID string }
		}
		Templating struct {
			List []struct{ Name, Type, Definition string }
		}
	}
	if err := json.Unmarshal([]byte(read(t, "deploy", "grafana", "dashboard.json")), &dashboard); err != nil {
		t.Fatal(err)
	}
	asked, ids := map[string]bool{}, map[int]bool{}
	for _, panel := range dashboard.Panels {
		if ids[panel.ID] || panel.GridPos.W == 0 || panel.GridPos.X+panel.GridPos.W > 24 || (panel.Type == "row") != (len(panel.Targets) == 0) {
			t.Errorf("%s: id %d, %+v, %d queries", panel.Title, panel.ID, panel.GridPos, len(panel.Targets))
		}
		ids[panel.ID] = true
		for _, target := range panel.Targets {
			for _, fault := range faultsOf(target.Expr, exported) {
				t.Errorf("%s: %s", panel.Title, fault)
			}
			for name := range exported {
				if strings.Contains(target.Expr, name) {
					asked[regexp.MustCompile(`_(bucket|sum|count)$`).ReplaceAllString(name, "")] = true
				}
			}
		}
	}
	for _, variable := range dashboard.Templating.List {
		if metric := regexp.MustCompile(`label_values\((\w+), (\w+)\)`).FindStringSubmatch(variable.Definition); metric != nil && exported[metric[1]] == nil {
			t.Errorf("the variable %s asks for %s", variable.Name, metric[1])
		}
	}
	shown := 0
	for _, m := range New(config("", 0)).metrics.list {
		if asked[m.Name] {
			shown++
			continue
		}
		if !slices.Contains([]string{"dingbridge_clients_reloads_total", "dingbridge_clients_reload_timestamp_seconds", "dingbridge_signing_key_next"}, m.Name) {
			t.Errorf("the dashboard does not show %s", m.Name)
		}
	}
	if shown < 30 {
		t.Errorf("the dashboard shows %d metrics", shown)
	}
}
