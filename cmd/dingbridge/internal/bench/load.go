package main

import (
	"context"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// errorPause keeps a worker from running in circles against a server that fails.
const errorPause = 10 * time.Millisecond

// A load is what came of driving ops.
type load struct {
	elapsed time.Duration
	done    int
	errors  map[string]int
	steps   map[string][]time.Duration // of operations that succeeded
}

// failed is how many operations failed.
func (l load) failed() (n int) {
	for _, count := range l.errors {
		n += count
	}
	return n
}

// drive runs each op in a worker of its own, over and over, until d is over or limit
// operations (0: any number) have begun. It returns when those under way have ended,
// so that the server is idle again.
func drive(ctx context.Context, ops []op, d time.Duration, limit int) load {
	began := time.Now()
	all := load{errors: map[string]int{}, steps: map[string][]time.Duration{}}
	var mu sync.Mutex
	var started atomic.Int64
	var workers sync.WaitGroup
	for _, do := range ops {
		workers.Go(func() {
			mine := load{errors: map[string]int{}, steps: map[string][]time.Duration{}}
			for ctx.Err() == nil && time.Since(began) < d && (limit == 0 || started.Add(1) <= int64(limit)) {
				mine.once(ctx, do)
			}
			mu.Lock()
			defer mu.Unlock()
			all.add(mine)
		})
	}
	workers.Wait()
	all.elapsed = time.Since(began)
	return all
}

func (l *load) once(ctx context.Context, do op) {
	var laps [16]struct {
		step string
		took time.Duration
	}
	n := 0
	err := do(ctx, func(step string, took time.Duration) {
		if n < len(laps) {
			laps[n].step, laps[n].took = step, took
			n++
		}
	})
	if err != nil {
		l.errors[err.Error()]++
		time.Sleep(errorPause)
		return
	}
	l.done++
	for _, lap := range laps[:n] {
		l.steps[lap.step] = append(l.steps[lap.step], lap.took)
	}
}

func (l *load) add(other load) {
	l.done += other.done
	for text, n := range other.errors {
		l.errors[text] += n
	}
	for step, took := range other.steps {
		l.steps[step] = append(l.steps[step], took...)
	}
}

// commonest are the errors that were met most, at most n.
func (l load) commonest(n int) []string {
	texts := slices.SortedFunc(maps.Keys(l.errors), func(a, b string) int { return l.errors[b] - l.errors[a] })
	return texts[:min(n, len(texts))]
}

// A quantile is how long half, and 99 of 100, of the operations took at most, in
// milliseconds.
type quantile struct {
	P50 float64 `json:"p50_ms"`
	P99 float64 `json:"p99_ms"`
}

func quantiles(took []time.Duration) quantile {
	if len(took) == 0 {
		return quantile{}
	}
	slices.Sort(took)
	at := func(hundredth int) float64 { return took[(len(took)-1)*hundredth/100].Seconds() * 1e3 }
	return quantile{P50: at(50), P99: at(99)}
}

// A spread is the middle and the ends of several measurements of one thing.
type spread struct {
	Median float64 `json:"median"`
	Min    float64 `json:"min"`
	Max    float64 `json:"max"`
}

func spreadOf(values []float64) spread {
	if len(values) == 0 {
		return spread{}
	}
	sorted := slices.Sorted(slices.Values(values))
	middle := len(sorted) / 2
	median := sorted[middle]
	if len(sorted)%2 == 0 {
		median = (sorted[middle-1] + sorted[middle]) / 2
	}
	return spread{Median: median, Min: sorted[0], Max: sorted[len(sorted)-1]}
}
