package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
)

// A report is everything that was measured. What was left out is empty.
type report struct {
	Machine    machine      `json:"machine"`
	BinaryMB   float64      `json:"binary_mb,omitempty"`
	Start      start        `json:"start_ms"`
	Trips      []trip       `json:"trips,omitempty"`
	Logins     []cell       `json:"logins,omitempty"`
	Comparison []comparison `json:"comparison,omitempty"`
	Endpoints  []cell       `json:"endpoints,omitempty"`
	Memory     []memory     `json:"memory,omitempty"`
	People     crowd        `json:"people,omitzero"`
	Floods     []flood      `json:"floods,omitempty"`
	Bars       []bar        `json:"bars,omitempty"`
	Failed     int          `json:"failed"`
}

// A machine is where it was measured.
type machine struct {
	CPU        string `json:"cpu"`
	CPUs       int    `json:"cpus"`
	Go         string `json:"go"`
	Redis      string `json:"redis"`
	LoadBefore string `json:"load_before"` // of one minute
	LoadAfter  string `json:"load_after"`
}

// A start is how long the server took until it was ready, in milliseconds.
type start struct {
	First float64 `json:"first"` // it made its keys
	Again spread  `json:"again"`
	Count int     `json:"count"`
}

// A comparison is our CPU time by the yardstick's, in each round.
type comparison struct {
	Alg         string    `json:"alg"`
	Concurrency int       `json:"concurrency"`
	Rounds      []float64 `json:"rounds"`
	Ratio       spread    `json:"ratio"`
}

// A bar is a number to hold.
type bar struct {
	What  string  `json:"what"`
	Value float64 `json:"value"`
	Limit float64 `json:"limit"`
	Unit  string  `json:"unit"`
	Held  bool    `json:"held"`
}

// What the design allows. A ratio is to the yardstick, at 16.
var ratioBars = map[string]float64{es256: 1.6, rs256: 1.3}

const (
	startBar  = 1000. // ms
	binaryBar = 40.   // MB
	memoryBar = 60.   // MB
	redisBar  = 120.  // MB: 100 logins a second, ten minutes, 2 KB each
	flatBar   = 1.15  // the last reading by the one in the middle
)

func describe() machine {
	m := machine{CPU: "unknown", CPUs: runtime.NumCPU(), Go: runtime.Version(), Redis: "unknown", LoadBefore: loadAverage()}
	if info, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		for line := range strings.Lines(string(info)) {
			if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
				m.CPU = strings.TrimSpace(value)
				break
			}
		}
	}
	if out, err := exec.Command("redis-server", "--version").Output(); err == nil {
		for word := range strings.FieldsSeq(string(out)) {
			if version, ok := strings.CutPrefix(word, "v="); ok {
				m.Redis = version
			}
		}
	}
	return m
}

// judge compares what was measured with the yardstick and the bars.
func (r *report) judge() {
	r.compare()
	for _, c := range r.Comparison {
		if c.Concurrency == usualConcurrency {
			r.hold("CPU of a login by the yardstick's, "+c.Alg, c.Ratio.Median, ratioBars[c.Alg], "x")
		}
	}
	if r.BinaryMB > 0 {
		r.hold("binary", r.BinaryMB, binaryBar, "MB")
	}
	if r.Start.Count > 0 {
		r.hold("start to ready", r.Start.Again.Median, startBar, "ms")
	}
	for _, t := range r.Trips {
		if t.Budget != nil {
			r.hold("storage round trips, "+t.Request, t.Max, *t.Budget, "")
		}
	}
	r.holdMemory(opLogin, "logins")
	r.holdMemory(opAbandoned, "abandoned logins")
	for _, c := range slices.Concat(r.Logins, r.Endpoints) {
		r.Failed += c.Failed
	}
	for _, m := range slices.Concat(r.Memory, r.People.Memory) {
		r.Failed += m.Failed
	}
	for _, f := range r.Floods {
		r.Failed += f.Failed
		if f.What == floodDefault {
			r.hold("memory after a flood of logins", f.RSS, memoryBar, "MB")
			r.hold("Redis after it", f.UsedMB, redisBar, "MB")
		}
	}
}

// holdMemory compares the readings after an operation.
func (r *report) holdMemory(after, what string) {
	var rss []float64
	for _, m := range r.Memory {
		if m.After == after {
			rss = append(rss, m.RSS)
		}
	}
	if len(rss) == quarters {
		last := rss[quarters-1]
		r.hold("memory after "+what, last, memoryBar, "MB")
		r.hold("the same by memory after half of them", last/rss[quarters/2-1], flatBar, "x")
	}
}

func (r *report) hold(what string, value, limit float64, unit string) {
	r.Bars = append(r.Bars, bar{what, value, limit, unit, value <= limit})
}

// compare pairs our cells with the yardstick's of the same round.
func (r *report) compare() {
	for _, mine := range r.Logins {
		for _, its := range r.Logins {
			if mine.Target != ours || its.Target != other || mine.Alg != its.Alg || mine.Concurrency != its.Concurrency ||
				mine.Round != its.Round || its.CPU == 0 {
				continue
			}
			i := slices.IndexFunc(r.Comparison, func(c comparison) bool { return c.Alg == mine.Alg && c.Concurrency == mine.Concurrency })
			if i < 0 {
				i = len(r.Comparison)
				r.Comparison = append(r.Comparison, comparison{Alg: mine.Alg, Concurrency: mine.Concurrency})
			}
			r.Comparison[i].Rounds = append(r.Comparison[i].Rounds, mine.CPU/its.CPU)
		}
	}
	for i := range r.Comparison {
		r.Comparison[i].Ratio = spreadOf(r.Comparison[i].Rounds)
	}
}

// save writes the report to a file, unless it has no name.
func (r *report) save(file string) error {
	if file == "" {
		return nil
	}
	text, err := json.MarshalIndent(r, "", "  ")
	if err == nil {
		err = os.WriteFile(file, append(text, '\n'), 0o644)
	}
	if err != nil {
		return fmt.Errorf("writing the report: %w", err)
	}
	return nil
}
