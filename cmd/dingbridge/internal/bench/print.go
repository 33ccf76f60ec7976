package main

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
)

// print writes the report for people.
func (r *report) print(to io.Writer) error {
	w := tabwriter.NewWriter(to, 0, 0, 2, ' ', tabwriter.AlignRight)
	row := func(cells ...any) {
		for _, c := range cells {
			fmt.Fprintf(w, "%v\t", c)
		}
		fmt.Fprintln(w)
	}
	title := func(format string, args ...any) { fmt.Fprintf(w, "\n"+format+"\n", args...) }
	m := r.Machine
	fmt.Fprintf(w, "%s, %d CPUs, %s, Redis %s, load average %s before, %s after\n", m.CPU, m.CPUs, m.Go, m.Redis, m.LoadBefore, m.LoadAfter)
	if len(r.Logins) > 0 {
		title("Logins: medians of the rounds; CPU-ms of the server and of Redis, and ms, per login")
		r.printLogins(row)
	}
	if len(r.Comparison) > 0 {
		title("CPU of the server per login by the yardstick's of the same round")
		row("alg", "at", "median", "min", "max", "rounds")
		for _, c := range r.Comparison {
			rounds := make([]string, len(c.Rounds))
			for i, ratio := range c.Rounds {
				rounds[i] = fmt.Sprintf("%.2f", ratio)
			}
			row(c.Alg, c.Concurrency, f2(c.Ratio.Median), f2(c.Ratio.Min), f2(c.Ratio.Max), strings.Join(rounds, " "))
		}
	}
	if len(r.Endpoints) > 0 {
		title("Endpoints alone: medians of the rounds; CPU-us of the server and of Redis per request")
		row("request", "alg", "at", "per s", "CPU-us", "min", "max", "Redis", "p50 ms", "p99 ms", "failed")
		for _, g := range grouped(r.Endpoints) {
			c, cpu := g[0], g.of(func(c cell) float64 { return c.CPU * 1e3 })
			row(c.Op, c.Alg, c.Concurrency, f0(g.of(func(c cell) float64 { return c.PerSecond }).Median), f0(cpu.Median), f0(cpu.Min), f0(cpu.Max),
				f0(g.of(func(c cell) float64 { return c.RedisCPU * 1e3 }).Median), f2(g.p50(c.Op)), f2(g.p99(c.Op)), g.failed())
		}
	}
	if len(r.Memory) > 0 {
		title("Memory, MB")
		row("after", "count", "resident", "peak", "Redis", "failed")
		for _, m := range r.Memory {
			row(m.After, m.Count, f2(m.RSS), f2(m.Peak), f2(m.Redis), m.Failed)
		}
	}
	r.People.print(title, row)
	if len(r.Floods) > 0 {
		title("Requests that nobody came back from: MB")
		row("what", "count", "s", "refused", "resident", "peak", "Redis", "keys", "failed")
		for _, f := range r.Floods {
			row(f.What, f.Count, f0(f.Seconds), f.Refused, f2(f.RSS), f2(f.Peak), f2(f.UsedMB), f.Keys, f.Failed)
		}
	}
	if len(r.Trips) > 0 {
		title("Storage round trips of a request")
		row("request", "median", "min", "max", "budget")
		for _, t := range r.Trips {
			limit := "-"
			if t.Budget != nil {
				limit = f0(*t.Budget)
			}
			row(t.Request, f2(t.Median), f0(t.Min), f0(t.Max), limit)
		}
	}
	if s := r.Start; s.Count > 0 {
		title("Start to ready, ms: %.0f the first time; then %.0f (%.0f-%.0f, %d times)", s.First, s.Again.Median, s.Again.Min, s.Again.Max, s.Count)
	}
	if r.BinaryMB > 0 {
		title("Binary: %.1f MB", r.BinaryMB)
	}
	r.printEnd(title, row)
	if err := w.Flush(); err != nil {
		return fmt.Errorf("printing the report: %w", err)
	}
	return nil
}

var loginSteps = []string{stepAuthorize, stepUpstream, stepCallback, stepToken, stepUserinfo, stepTotal}

func (r *report) printLogins(row func(...any)) {
	head := []any{"who", "alg", "at", "per s", "CPU-ms", "min", "max", "Redis", "own"}
	for _, step := range loginSteps {
		head = append(head, step, "p99")
	}
	row(append(head, "failed")...)
	for _, g := range grouped(r.Logins) {
		c, cpu := g[0], g.of(func(c cell) float64 { return c.CPU })
		line := []any{c.Target, c.Alg, c.Concurrency, f0(g.of(func(c cell) float64 { return c.PerSecond }).Median), f3(cpu.Median), f3(cpu.Min), f3(cpu.Max),
			f3(g.of(func(c cell) float64 { return c.RedisCPU }).Median), f3(g.of(func(c cell) float64 { return c.OwnCPU }).Median)}
		for _, step := range loginSteps {
			line = append(line, f2(g.p50(step)), f2(g.p99(step)))
		}
		row(append(line, g.failed())...)
	}
}

func (r *report) printEnd(title func(string, ...any), row func(...any)) {
	if len(r.Bars) > 0 {
		title("Bars")
		row("", "is", "at most", "")
		for _, b := range r.Bars {
			verdict := "held"
			if !b.Held {
				verdict = "MISSED by " + f2(b.Value-b.Limit)
			}
			row(b.What, f2(b.Value)+b.Unit, f2(b.Limit)+b.Unit, verdict)
		}
	}
	title("%d operations failed", r.Failed)
	for _, c := range slices.Concat(r.Logins, r.Endpoints) {
		for _, text := range c.Errors {
			row(c.Target, c.Op, c.Alg, c.Concurrency, text)
		}
	}
	for _, m := range slices.Concat(r.Memory, r.People.Memory) {
		if m.Error != "" {
			row(ours, m.After, m.Count, m.Error)
		}
	}
	for _, f := range r.Floods {
		if f.Error != "" {
			row(ours, f.What, f.Count, f.Error)
		}
	}
}

func (c crowd) print(title func(string, ...any), row func(...any)) {
	if c.Known == 0 {
		return
	}
	title("%d known people in %d departments: memory, MB", c.Known, c.Departments)
	row("after", "count", "resident", "peak", "Redis", "failed")
	for _, m := range c.Memory {
		row(m.After, m.Count, f2(m.RSS), f2(m.Peak), f2(m.Redis), m.Failed)
	}
	title("Sweeps without a limit of calls: CPU-ms of the server and of Redis per person, MB")
	row("people", "s", "CPU-ms", "Redis", "peak")
	for _, s := range c.Sweeps {
		row(s.People, f2(s.Seconds), f3(s.CPU), f3(s.RedisCPU), f2(s.Peak))
	}
	title("Redis uses %.1f MB after everybody has logged in once, of them for", c.UsedMB)
	row("keys", "count", "MB")
	for _, r := range c.Records {
		row(r.Kind, r.Count, f2(r.MB))
	}
}

// A group are the cells of several rounds.
type group []cell

// grouped puts the rounds of each cell together, in the order in which they were
// first measured, the yardstick's below ours.
func grouped(cells []cell) (groups []group) {
	same := func(a, b cell) bool {
		return a.Target == b.Target && a.Op == b.Op && a.Alg == b.Alg && a.Concurrency == b.Concurrency
	}
	for _, c := range cells {
		i := slices.IndexFunc(groups, func(g group) bool { return same(g[0], c) })
		if i < 0 {
			groups = append(groups, group{c})
		} else {
			groups[i] = append(groups[i], c)
		}
	}
	slices.SortStableFunc(groups, func(a, b group) int {
		return cmp.Or(cmp.Compare(order(a), order(b)), cmp.Compare(a[0].Alg, b[0].Alg), cmp.Compare(a[0].Concurrency, b[0].Concurrency))
	})
	return groups
}

// order is the place of a group's operation in a table.
func order(g group) int { return slices.Index(alone, g[0].Op) }

func (g group) of(what func(cell) float64) spread {
	values := make([]float64, len(g))
	for i, c := range g {
		values[i] = what(c)
	}
	return spreadOf(values)
}

func (g group) p50(step string) float64 {
	return g.of(func(c cell) float64 { return c.Steps[step].P50 }).Median
}

func (g group) p99(step string) float64 {
	return g.of(func(c cell) float64 { return c.Steps[step].P99 }).Median
}

func (g group) failed() (n int) {
	for _, c := range g {
		n += c.Failed
	}
	return n
}

func f0(v float64) string { return fmt.Sprintf("%.0f", v) }
func f2(v float64) string { return fmt.Sprintf("%.2f", v) }
func f3(v float64) string { return fmt.Sprintf("%.3f", v) }
