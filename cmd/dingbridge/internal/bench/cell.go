package main

import (
	"context"
	"fmt"
	"time"
)

// A cell is one operation at one concurrency, measured once.
type cell struct {
	Target      string              `json:"target"`
	Op          string              `json:"op"`
	Alg         string              `json:"alg"`
	Concurrency int                 `json:"concurrency"`
	Round       int                 `json:"round"`
	Seconds     float64             `json:"seconds"`
	Done        int                 `json:"done"`
	Failed      int                 `json:"failed"` // in the warm-up too
	Errors      []string            `json:"errors,omitempty"`
	PerSecond   float64             `json:"per_second"`
	CPU         float64             `json:"cpu_ms"` // of the server, per operation
	RedisCPU    float64             `json:"redis_cpu_ms"`
	OwnCPU      float64             `json:"generator_cpu_ms"`
	Steps       map[string]quantile `json:"steps"`
}

// A pace says how long a cell takes.
type pace struct {
	d, warmup time.Duration
	limit     int // operations; 0: any number
}

// measure drives one operation against t. Nothing else may.
func measure(ctx context.Context, t target, what cell, scope string, pace pace) (cell, error) {
	p, err := t.party(ctx, what.Alg, scope, what.Concurrency)
	if err != nil {
		return cell{}, err
	}
	defer p.wire.transport.CloseIdleConnections()
	ops := make([]op, what.Concurrency)
	for i := range ops {
		if ops[i], err = p.operation(ctx, what.Op); err != nil {
			return cell{}, fmt.Errorf("%s, %s: %w", t.name, what.Op, err)
		}
	}
	warm := drive(ctx, ops, pace.warmup, 0)
	before, err := use(t)
	if err != nil {
		return cell{}, err
	}
	l := drive(ctx, ops, pace.d, pace.limit)
	after, err := use(t)
	if err != nil {
		return cell{}, err
	}
	if err := ctx.Err(); err != nil {
		return cell{}, fmt.Errorf("measuring: %w", err)
	}
	each := func(cpu time.Duration) float64 { return cpu.Seconds() * 1e3 / float64(max(l.done, 1)) }
	what.Target = t.name
	what.Seconds, what.Done, what.PerSecond = l.elapsed.Seconds(), l.done, float64(l.done)/l.elapsed.Seconds()
	what.CPU, what.RedisCPU, what.OwnCPU = each(after[0]-before[0]), each(after[1]-before[1]), each(after[2]-before[2])
	what.Steps = map[string]quantile{}
	for step, took := range l.steps {
		what.Steps[step] = quantiles(took)
	}
	for text, n := range warm.errors {
		l.errors[text] += n
	}
	what.Failed, what.Errors = l.failed(), l.commonest(5)
	if what.Done == 0 && what.Failed == 0 {
		what.Failed, what.Errors = 1, []string{"no operation ended in time"}
	}
	return what, nil
}

// use is the CPU time that the server, its Redis and we have used so far.
func use(t target) (cpu [3]time.Duration, err error) {
	for i, pid := range []int{t.server, t.redis, ownPID} {
		u, err := usageOf(pid)
		if err != nil {
			return cpu, err
		}
		cpu[i] = u.cpu
	}
	return cpu, nil
}
