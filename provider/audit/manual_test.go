package audit

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"
)

// What stands between marks in docs/audit.md and docs/zh/audit.md, and docs/audit.schema.json
// whole, is made from the catalogue, the Chinese with the texts of testdata/manual.zh.yaml:
// `go test ./provider/audit -run Manual -update` writes it.

var update = flag.Bool("update", false, "write docs/audit.md, docs/zh/audit.md and docs/audit.schema.json anew")

const chineseTexts = "testdata/manual.zh.yaml"

var (
	manual        = filepath.Join("..", "..", "docs", "audit.md")
	chineseManual = filepath.Join("..", "..", "docs", "zh", "audit.md")
	schemaFile    = filepath.Join("..", "..", "docs", "audit.schema.json")
)

var made = regexp.MustCompile(`(?s)(<!-- made: ([a-z]+) -->\n)(.*?)(<!-- end -->)`)

// words is what the tables say in one language beside the texts of the catalogue.
type words struct{ fields, events, number, text string }

var (
	english = words{"| field | what it holds | type |", "| event | level | what happened | fields |", "whole number", "text, up to %d bytes"}
	chinese = words{"| 字段 | 内容 | 类型 |", "| 事件 | 级别 | 发生了什么 | 字段 |", "整数", "文本，最多 %d 字节"}
)

func TestManual_IsWhatTheCatalogueSays(t *testing.T) {
	translated := translations(t)
	for file, want := range map[string]string{
		manual:        page(t, manual, english, func(_, text string) string { return text }),
		chineseManual: page(t, chineseManual, chinese, func(name, _ string) string { return translated[name] }),
		schemaFile:    schemaText(t),
	} {
		if *update {
			if err := os.WriteFile(file, []byte(want), 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		if text, err := os.ReadFile(file); err != nil || string(text) != want {
			t.Errorf("%s is not what the catalogue says; run go test ./provider/audit -run Manual -update (%v)", file, err)
		}
	}
}

// translations are the Chinese texts by the name of event or field: one for each, and no more.
func translations(t *testing.T) map[string]string {
	t.Helper()
	data, err := os.ReadFile(chineseTexts)
	if err != nil {
		t.Fatal(err)
	}
	translated, known := map[string]string{}, map[string]bool{}
	if err := yaml.Unmarshal(data, &translated); err != nil {
		t.Fatal(err)
	}
	for _, f := range Fields() {
		known[f.Name] = true
	}
	for _, row := range Catalogue() {
		known[string(row.Name)] = true
	}
	for name := range known {
		if translated[name] == "" {
			t.Errorf("%s has no text for %s", chineseTexts, name)
		}
	}
	for name := range translated {
		if !known[name] {
			t.Errorf("%s has a text for %s, which is neither event nor field", chineseTexts, name)
		}
	}
	return translated
}

// page is the page with its parts made anew; say gives the text of an event or field.
func page(t *testing.T, file string, w words, say func(name, text string) string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	parts := map[string]string{"fields": fieldsTable(w, say), "events": eventsTable(w, say), "examples": examples(t)}
	want := made.ReplaceAllStringFunc(string(text), func(block string) string {
		match := made.FindStringSubmatch(block)
		part, known := parts[match[2]]
		if !known {
			t.Errorf("%s has a part %s, which nothing makes", file, match[2])
		}
		delete(parts, match[2])
		return match[1] + part + match[4]
	})
	for part := range parts {
		t.Errorf("%s has no part %s", file, part)
	}
	return want
}

func fieldsTable(w words, say func(name, text string) string) string {
	var b strings.Builder
	b.WriteString(w.fields + "\n|---|---|---|\n")
	for _, f := range Fields() {
		kind := w.number
		if !f.Number {
			kind = fmt.Sprintf(w.text, f.Most)
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", f.Name, say(f.Name, f.Meaning), kind)
	}
	return b.String()
}

func eventsTable(w words, say func(name, text string) string) string {
	var b strings.Builder
	b.WriteString(w.events + "\n|---|---|---|---|\n")
	for _, row := range Catalogue() {
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", row.Name, row.Level, say(string(row.Name), row.Meaning), strings.Join(row.Fields, ", "))
	}
	return b.String()
}

const (
	zhang = "ffsru7iuu2pwcxpg5jjur3nwqm"
	li    = "ou5nky4zqd3hmv2c6rt7wxaeji"
	corp  = "ding3f2a9c0d1e4b5a69"
)

// shown are events as they come.
var shown = []Event{
	{Name: LoginSucceeded, RequestID: "5f2c8a91d04be376", ClientID: "grafana", Subject: zhang, Address: "192.0.2.7", CorpID: corp, Way: "oauth2",
		GrantID: "Zk3vQ1nB", SessionID: "b8Jm2pLc4uHdVfGe", Duration: 412 * time.Millisecond},
	{Name: SingleSignOn, RequestID: "1c7e90ab33f2d458", ClientID: "gitlab", Subject: zhang, Address: "192.0.2.7", GrantID: "q9WcX2mK", SessionID: "b8Jm2pLc4uHdVfGe"},
	{Name: LoginRefused, RequestID: "8d31f5c2a7e09b64", ClientID: "jenkins", Subject: li, Address: "192.0.2.9", CorpID: corp, Way: "inapp", Reason: "not_admitted"},
	{Name: LoginRefused, RequestID: "e2b0467fd19c8a35", ClientID: "grafana", Address: "198.51.100.4", CorpID: corp, Way: "oauth2", Reason: "outsider", Call: "getbyunionid",
		Err: errors.New("dingtalk getbyunionid: outsider: code 60121")},
	{Name: PersonRemoved, Subject: li, CorpID: corp, Way: "event", EventID: "e6a1d0c2f7b94c83", Reason: "outsider", Count: 3, Duration: 1730 * time.Millisecond},
	{Name: BackchannelDelivered, ClientID: "gitlab", Subject: li, SessionID: "Xn4tRb6yQeKpWzMs", Count: 1, Duration: 85 * time.Millisecond},
	{Name: BrakeEngaged, CorpID: corp, Reason: "too_many", Count: 20},
	{Name: RemovalWithheld, Subject: zhang, CorpID: corp, Way: "sweep", Reason: "brake"},
	{Name: UserBlocked, Subject: zhang, CorpID: corp, By: "uid 998"},
}

// examples are lines as the log writes them, but for the time.
func examples(t *testing.T) string {
	t.Helper()
	var b strings.Builder
	at := time.Date(2026, 11, 23, 1, 2, 3, 456789000, time.UTC)
	l := NewLog(slog.New(slog.NewJSONHandler(&b, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey {
			at = at.Add(11 * time.Second)
			return slog.Time(a.Key, at)
		}
		return a
	}})))
	b.WriteString("```json\n")
	for _, e := range shown {
		if err := Check(e); err != nil {
			t.Error(err)
		}
		l.Record(t.Context(), e)
	}
	return b.String() + "```\n"
}

// The questions of docs/audit.md name events and fields that exist, and jq answers them
// where there is one.
func TestManual_QuestionsAreAnswered(t *testing.T) {
	text, err := os.ReadFile(manual)
	if err != nil {
		t.Fatal(err)
	}
	blocks := regexp.MustCompile("(?s)```sh\n(.*?)```").FindAllStringSubmatch(string(text), -1)
	if len(blocks) < 8 {
		t.Errorf("%d questions", len(blocks))
	}
	known := []string{"time", "level", "msg", "event", "request_id", "trace_id"}
	for _, f := range Fields() {
		known = append(known, f.Name)
	}
	dir := t.TempDir()
	var log bytes.Buffer
	l := NewLog(newLogger(&log, nil))
	for _, row := range Catalogue() {
		for _, way := range []string{"oauth2", "event"} {
			e := full(row.Name)
			e.Way, e.Subject, e.RequestID, e.GrantID = way, zhang, "5f2c8a91d04be376", "Zk3vQ1nB"
			l.Record(t.Context(), e)
		}
	}
	log.WriteString("no JSON at all\n{\"msg\":\"another line\"}\n")
	if err := os.WriteFile(filepath.Join(dir, "dingbridge.log"), log.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	_, noJQ := exec.LookPath("jq")
	for _, block := range blocks {
		for _, name := range regexp.MustCompile(`"([a-z_]+\.[a-z_]+)"`).FindAllStringSubmatch(block[1], -1) {
			if rows[Name(name[1])] == nil {
				t.Errorf("%s is no event, in\n%s", name[1], block[1])
			}
		}
		for _, name := range regexp.MustCompile(`[ (\[]\.([a-z_]+)`).FindAllStringSubmatch(block[1], -1) {
			if !slices.Contains(known, name[1]) {
				t.Errorf("%s is no field, in\n%s", name[1], block[1])
			}
		}
		if noJQ != nil {
			continue
		}
		cmd := exec.CommandContext(t.Context(), "sh", "-euc", block[1])
		cmd.Dir = dir
		out, err := cmd.CombinedOutput()
		// The first makes the file that the others read.
		if err != nil || len(out) == 0 && !strings.Contains(block[1], "> audit.log") {
			t.Errorf("%v, %q, of\n%s", err, out, block[1])
		}
	}
}

// schemaText is the JSON Schema of one line: what any line has, and for each event what
// its lines may have.
func schemaText(t *testing.T) string {
	t.Helper()
	type object = map[string]any
	var eventNames []string
	properties := object{
		"time":       object{"type": "string", "format": "date-time", "description": "When it was told, by the replica's clock."},
		"level":      object{"enum": []string{"INFO", "WARN", "ERROR"}},
		"msg":        object{"const": "audit", "description": "Tells these lines from those of the process log."},
		"request_id": object{"type": "string", "minLength": 1, "maxLength": maxID + 1, "description": "The HTTP request: the number that pages show, and that the answer's X-Request-Id has."},
		"trace_id":   object{"type": "string", "pattern": "^[0-9a-f]{32}$", "description": "The trace of that request, if it is kept. What writes the log adds it."},
	}
	for _, f := range Fields() {
		kind := object{"type": "integer", "description": f.Meaning}
		if !f.Number {
			kind = object{"type": "string", "minLength": 1, "maxLength": f.Most + 1, "description": f.Meaning}
		}
		properties[f.Name] = kind
	}
	var kinds []object
	for _, row := range Catalogue() {
		eventNames = append(eventNames, string(row.Name))
		own := object{"time": true, "msg": true, "request_id": true, "trace_id": true, "event": object{"const": row.Name}, "level": object{"const": row.Level.String()}}
		for _, field := range row.Fields {
			own[field] = true
		}
		kinds = append(kinds, object{"title": row.Name, "description": row.Meaning, "properties": own, "additionalProperties": false})
	}
	properties["event"] = object{"enum": eventNames, "description": "What happened."}
	text, err := json.MarshalIndent(object{
		"$schema": "https://json-schema.org/draft/2020-12/schema",
		"title":   "A line of dingbridge's audit log",
		"type":    "object", "required": []string{"time", "level", "msg", "event"},
		"properties": properties, "oneOf": kinds,
	}, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	return string(text) + "\n"
}
