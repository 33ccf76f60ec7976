package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
)

// A bench is one run of the benchmark.
type bench struct {
	options
	progress io.Writer
	scratch  string
	binary   string
	floor    string // binary of the yardstick; empty: none
	report   report
}

// run measures what the options ask for and prints it. An error of a single
// operation is in the report; only what ends the run is returned.
func run(ctx context.Context, o options, stdout, progress io.Writer) (r report, err error) {
	if _, err := exec.LookPath("redis-server"); err != nil {
		return report{}, fmt.Errorf("the benchmark needs Redis: %w", err)
	}
	b := &bench{options: o, progress: progress}
	if b.scratch, err = scratch("", "dingbridge-bench"); err != nil {
		return report{}, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(b.scratch)) }()
	b.say("building")
	if b.binary, err = build(ctx, b.scratch, o.profile != ""); err != nil {
		return report{}, err
	}
	if o.profile != "" {
		return report{}, b.takeProfile(ctx)
	}
	if o.yardstick != "" {
		if b.floor, err = buildYardstick(ctx, o.yardstick, b.scratch); err != nil {
			return report{}, err
		}
	}
	b.report.Machine = describe()
	for _, part := range []struct {
		name string
		do   func(context.Context) error
	}{
		{partSize, b.size},
		{partStart, b.starts},
		{partTrips, b.trips},
		{partLogins, b.logins},
		{partEndpoints, b.endpoints},
		{partMemory, b.memory},
		{partPeople, b.crowd},
		{partAbandoned, b.abandoned},
	} {
		if !slices.Contains(o.only, part.name) {
			continue
		}
		if err := part.do(ctx); err != nil {
			return report{}, fmt.Errorf("%s: %w", part.name, err)
		}
	}
	b.report.Machine.LoadAfter = loadAverage()
	b.report.judge()
	if err := b.report.print(stdout); err != nil {
		return report{}, err
	}
	return b.report, b.report.save(o.json)
}

func (b *bench) say(format string, args ...any) {
	fmt.Fprintf(b.progress, format+"\n", args...)
}

// inHouse opens a house for as long as do runs.
func (b *bench) inHouse(ctx context.Context, p plan, do func(*house) error) (err error) {
	p.binary, p.scratch = b.binary, b.scratch
	h, err := open(ctx, p)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, h.close()) }()
	return do(h)
}

func (b *bench) size(context.Context) error {
	info, err := os.Stat(b.binary)
	if err != nil {
		return fmt.Errorf("looking at the binary: %w", err)
	}
	b.report.BinaryMB = float64(info.Size()) / 1e6
	return nil
}

// starts measures from exec to `ready`: once with a ring to be made, then with one
// that exists.
func (b *bench) starts(ctx context.Context) error {
	return b.inHouse(ctx, plan{people: 1}, func(h *house) error {
		b.report.Start.First = h.server.took.Seconds() * 1e3
		var all []float64
		for range b.startCount {
			if err := h.stopServer(); err != nil {
				return err
			}
			if err := h.start(ctx); err != nil {
				return err
			}
			all = append(all, h.server.took.Seconds()*1e3)
		}
		b.report.Start.Again, b.report.Start.Count = spreadOf(all), len(all)
		b.say("start: %.0f ms", b.report.Start.Again.Median)
		return nil
	})
}

// endpoints measures each endpoint alone. The algorithm matters where something is
// signed.
func (b *bench) endpoints(ctx context.Context) error {
	return b.inHouse(ctx, plan{people: b.people}, func(h *house) error {
		for round := range min(b.rounds, 3) {
			for _, name := range alone {
				for _, alg := range b.algs {
					if name != opRefresh && alg != b.algs[0] {
						continue
					}
					err := b.cell(ctx, &b.report.Endpoints, h.target(), cell{Op: name, Alg: alg, Concurrency: b.middle(), Round: round + 1}, scopeRefresh)
					if err != nil {
						return err
					}
				}
			}
		}
		return nil
	})
}

// cell measures one and notes it.
func (b *bench) cell(ctx context.Context, into *[]cell, t target, what cell, scope string) error {
	done, err := measure(ctx, t, what, scope, pace{d: b.d, warmup: b.warmup})
	if err != nil {
		return err
	}
	*into = append(*into, done)
	b.say("round %d  %-10s %-13s %s  at %3d  %8.0f/s  %7.3f CPU-ms  %d failed", done.Round, done.Target, done.Op, done.Alg,
		done.Concurrency, done.PerSecond, done.CPU, done.Failed)
	return nil
}
