package doctor

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
)

// Languages of a report.
const (
	Chinese = "zh"
	English = "en"
)

// A Report is all that was found, in the order in which it was looked at.
type Report struct {
	Findings []Finding
}

// Count tells how many findings have the severity.
func (r Report) Count(s Severity) int {
	n := 0
	for _, f := range r.Findings {
		if f.Kind.Severity == s {
			n++
		}
	}
	return n
}

var severityIn = map[string]map[Severity]string{
	Chinese: {OK: "正常", Unknown: "未知", Warning: "警告", Fault: "故障"},
	English: {OK: "ok", Unknown: "unknown", Warning: "warning", Fault: "fault"},
}

var remedyIn = map[string]string{Chinese: "处理", English: "do"}

// Text writes the report for people, in the languages given, each finding in all of
// them. The severity comes first on its line, then the id.
func (r Report) Text(w io.Writer, languages ...string) error {
	var b strings.Builder
	for _, f := range r.Findings {
		words := make([]string, len(languages))
		for i, l := range languages {
			words[i] = severityIn[l][f.Kind.Severity]
		}
		fmt.Fprintf(&b, "[%s] %s", strings.Join(words, " "), f.Kind.ID)
		if f.CorpID != "" {
			fmt.Fprintf(&b, " (%s)", strings.TrimSpace(f.Organisation+" "+f.CorpID))
		}
		b.WriteByte('\n')
		for _, l := range languages {
			text := f.In(l)
			fmt.Fprintf(&b, "    %s\n", text.Says)
			if text.Remedy != "" {
				fmt.Fprintf(&b, "    %s: %s\n", remedyIn[l], text.Remedy)
			}
		}
		if e := f.DingTalk; e != nil {
			fmt.Fprintf(&b, "    DingTalk: %s\n", said(e.Call, e.Code, e.Message, e.RequestID))
		}
	}
	b.WriteByte('\n')
	for _, l := range languages {
		var counts []string
		for _, s := range []Severity{Fault, Warning, Unknown, OK} {
			counts = append(counts, fmt.Sprintf("%d %s", r.Count(s), severityIn[l][s]))
		}
		fmt.Fprintln(&b, strings.Join(counts, ", "))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// said is DingTalk's refusal on one line.
func said(call, code, message, request string) string {
	parts := []string{call}
	for _, p := range []struct{ name, value string }{{"code", code}, {"", message}, {"request", request}} {
		if p.value != "" {
			parts = append(parts, strings.TrimSpace(p.name+" "+shown(p.value)))
		}
	}
	return strings.Join(parts, ", ")
}

// JSON writes the report for programs. Ids, severities and the names of members are
// stable; texts are not.
func (r Report) JSON(w io.Writer) error {
	type both struct {
		Chinese string `json:"zh"`
		English string `json:"en"`
	}
	type words struct {
		Call      string `json:"call"`
		Status    int    `json:"status,omitempty"`
		Code      string `json:"code,omitempty"`
		Message   string `json:"message,omitempty"`
		RequestID string `json:"request_id,omitempty"`
	}
	type organisation struct {
		CorpID string `json:"corp_id"`
		Name   string `json:"name,omitempty"`
	}
	type finding struct {
		ID           string            `json:"id"`
		Severity     Severity          `json:"severity"`
		Organisation *organisation     `json:"organisation,omitempty"`
		Text         both              `json:"text"`
		Remedy       *both             `json:"remedy,omitempty"`
		Values       map[string]string `json:"values,omitempty"`
		DingTalk     *words            `json:"dingtalk,omitempty"`
	}
	out := struct {
		Findings []finding        `json:"findings"`
		Counts   map[Severity]int `json:"counts"`
	}{Findings: []finding{}, Counts: map[Severity]int{}}
	for _, s := range []Severity{OK, Unknown, Warning, Fault} {
		out.Counts[s] = r.Count(s)
	}
	for _, f := range r.Findings {
		zh, en := f.In(Chinese), f.In(English)
		line := finding{ID: f.Kind.ID, Severity: f.Kind.Severity, Text: both{zh.Says, en.Says}, Values: f.Values}
		if en.Remedy != "" {
			line.Remedy = &both{zh.Remedy, en.Remedy}
		}
		if f.CorpID != "" {
			line.Organisation = &organisation{f.CorpID, f.Organisation}
		}
		if e := f.DingTalk; e != nil {
			line.DingTalk = &words{e.Call, e.Status, e.Code, e.Message, e.RequestID}
		}
		out.Findings = append(out.Findings, line)
	}
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(out)
}
