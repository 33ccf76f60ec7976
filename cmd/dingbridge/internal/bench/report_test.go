package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func loginCell(target, alg string, concurrency, round int, cpu float64) cell {
	return cell{Target: target, Op: opLogin, Alg: alg, Concurrency: concurrency, Round: round, CPU: cpu, Done: 1}
}

func TestComparisonIsWithinARound(t *testing.T) {
	r := report{Logins: []cell{
		loginCell(ours, es256, 16, 1, 3), loginCell(other, es256, 16, 1, 2),
		loginCell(other, es256, 16, 2, 4), loginCell(ours, es256, 16, 2, 4),
		loginCell(ours, es256, 16, 3, 7), loginCell(other, es256, 16, 3, 2),
		loginCell(ours, es256, 64, 1, 1), loginCell(other, es256, 64, 1, 2),
		loginCell(ours, rs256, 16, 1, 5), // no partner
		loginCell(ours, rs256, 1, 1, 5), loginCell(other, rs256, 1, 1, 0),
	}}
	r.judge()
	if len(r.Comparison) != 2 {
		t.Fatalf("%+v", r.Comparison)
	}
	if c := r.Comparison[0]; c.Concurrency != 16 || !slices.Equal(c.Rounds, []float64{1.5, 1, 3.5}) || c.Ratio != (spread{1.5, 1, 3.5}) {
		t.Errorf("%+v", c)
	}
	if c := r.Comparison[1]; c.Concurrency != 64 || c.Ratio.Median != .5 {
		t.Errorf("%+v", c)
	}
	if len(r.Bars) != 1 || r.Bars[0].Limit != 1.6 || !r.Bars[0].Held { // only 16 has a bar
		t.Errorf("%+v", r.Bars)
	}
}

func TestBars(t *testing.T) {
	one := 1.
	r := report{
		BinaryMB: 41, Start: start{Again: spread{Median: 10}, Count: 1},
		Trips:  []trip{{Request: "userinfo", spread: spread{1, 1, 2}, Budget: &one}, {Request: "revocation", spread: spread{9, 9, 9}}},
		Logins: []cell{{Failed: 2, Errors: []string{"wrong nonce"}}}, Endpoints: []cell{{Failed: 3}},
		Memory: []memory{
			{After: "start", RSS: 10}, {After: opLogin, RSS: 20}, {After: opLogin, RSS: 40}, {After: opLogin, RSS: 50}, {After: opLogin, RSS: 55},
			{After: opAbandoned, RSS: 55}, {After: opAbandoned, RSS: 55}, {After: opAbandoned, RSS: 60}, {After: opAbandoned, RSS: 61, Failed: 1, Error: "status 503"},
		},
	}
	r.judge()
	var missed []string
	for _, b := range r.Bars {
		if !b.Held {
			missed = append(missed, b.What)
		}
	}
	want := []string{"binary", "storage round trips, userinfo", "the same by memory after half of them", "memory after abandoned logins"}
	if len(r.Bars) != 7 || !slices.Equal(missed, want) {
		t.Errorf("missed %q of %d", missed, len(r.Bars))
	}
	if r.Failed != 6 {
		t.Errorf("%d failed", r.Failed)
	}
	var text strings.Builder
	if err := r.print(&text); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"MISSED by 1.00", "held", "6 operations failed", "wrong nonce", "status 503", "Binary: 41.0 MB"} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("the report lacks %q:\n%s", want, text.String())
		}
	}
}

func TestReportIsSaved(t *testing.T) {
	file := filepath.Join(t.TempDir(), "report.json")
	r := report{BinaryMB: 20, Logins: []cell{loginCell(ours, es256, 16, 1, 3)}}
	if err := r.save(file); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(file)
	var again report
	if err != nil || json.Unmarshal(text, &again) != nil || len(again.Logins) != 1 || again.Logins[0].CPU != 3 {
		t.Errorf("%s, %v", text, err)
	}
	if err := r.save(""); err != nil {
		t.Error(err)
	}
}
