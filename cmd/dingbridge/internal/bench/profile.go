package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"
)

// countedOver is how many operations allocations are counted over.
const countedOver = 4000

// takeProfile writes a CPU profile of the server under one operation, and beside it
// one of all that it allocated. The figures of a run with the profiler are no
// measurement, but for how much is allocated: that hardly depends on the machine.
func (b *bench) takeProfile(ctx context.Context) error {
	return b.inHouse(ctx, plan{people: b.people, profile: true}, func(h *house) error {
		alg := b.algs[0]
		if err := b.settle(ctx, h.target(), alg); err != nil {
			return err
		}
		if err := b.countAllocations(ctx, h, alg); err != nil {
			return err
		}
		seconds := max(1, int(b.d.Seconds()))
		fetched := make(chan error, 1)
		go func() {
			time.Sleep(b.warmup)
			fetched <- fetch(ctx, h.profiler+"/debug/pprof/profile?seconds="+strconv.Itoa(seconds), b.profile)
		}()
		under := cell{Op: b.profileOp, Alg: alg, Concurrency: b.middle(), Round: 1}
		done, err := measure(ctx, h.target(), under, scopeRefresh, pace{d: time.Duration(seconds) * time.Second, warmup: b.warmup})
		if err := errors.Join(err, <-fetched); err != nil {
			return err
		}
		if done.Failed > 0 {
			return fmt.Errorf("%d operations failed: %s", done.Failed, done.Errors[0])
		}
		if err := fetch(ctx, h.profiler+"/debug/pprof/allocs", b.profile+".allocs"); err != nil {
			return err
		}
		b.say("%s %s at %d: look with\n  go tool pprof -top %s\n  go tool pprof -top -sample_index=alloc_space %s.allocs",
			under.Op, alg, under.Concurrency, b.profile, b.profile)
		return nil
	})
}

// countAllocations prints what an operation allocates.
func (b *bench) countAllocations(ctx context.Context, h *house, alg string) error {
	var total [2]struct{ objects, bytes float64 }
	for i := range total {
		if i == 1 {
			if _, err := b.many(ctx, h.target(), alg, b.profileOp, countedOver); err != nil {
				return err
			}
		}
		req, err := get(ctx, h.profiler+"/debug/pprof/allocs?debug=1")
		if err != nil {
			return err
		}
		t := newTransport(1)
		resp, err := t.RoundTrip(req)
		if err != nil {
			return fmt.Errorf("counting allocations: %w", err)
		}
		text, err := io.ReadAll(resp.Body)
		_ = resp.Body.Close() // read to its end, or of no further use
		t.CloseIdleConnections()
		if err != nil {
			return fmt.Errorf("counting allocations: %w", err)
		}
		for line := range strings.Lines(string(text)) {
			fmt.Sscanf(line, "# Mallocs = %g", &total[i].objects)
			fmt.Sscanf(line, "# TotalAlloc = %g", &total[i].bytes)
		}
	}
	b.say("%s %s: %.0f allocations and %.1f kB each, what runs beside it included", b.profileOp, alg,
		(total[1].objects-total[0].objects)/countedOver, (total[1].bytes-total[0].bytes)/countedOver/1e3)
	return nil
}

// fetch writes what is at url into a file.
func fetch(ctx context.Context, url, file string) error {
	req, err := get(ctx, url)
	if err != nil {
		return err
	}
	t := newTransport(1)
	t.ResponseHeaderTimeout = 0 // the answer begins when the profile is done
	defer t.CloseIdleConnections()
	resp, err := t.RoundTrip(req)
	if err != nil {
		return fmt.Errorf("fetching the profile: %w", err)
	}
	defer resp.Body.Close() // read to its end, or of no further use
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("fetching the profile: status %d", resp.StatusCode)
	}
	out, err := os.Create(file)
	if err != nil {
		return fmt.Errorf("writing the profile: %w", err)
	}
	_, err = io.Copy(out, resp.Body)
	if err := errors.Join(err, out.Close()); err != nil {
		return fmt.Errorf("writing the profile: %w", err)
	}
	return nil
}
