package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// The parts of a run.
const (
	partLogins    = "logins"
	partEndpoints = "endpoints"
	partMemory    = "memory"
	partPeople    = "people"
	partAbandoned = "abandoned"
	partTrips     = "trips"
	partStart     = "start"
	partSize      = "size"
)

var parts = []string{partLogins, partEndpoints, partMemory, partPeople, partAbandoned, partTrips, partStart, partSize}

// usualConcurrency is the one that the bars are set for.
const usualConcurrency = 16

var ownPID = os.Getpid()

// options are what the command line asks for.
type options struct {
	only, algs  []string
	concurrency []int
	rounds      int
	d, warmup   time.Duration

	people, loginCount, abandonCount, startCount int
	knownCount, departments                      int
	expiry                                       bool

	json, profile, profileOp string
	yardstick                string // a folder; empty: none
}

// middle is the concurrency of what is measured at one only.
func (o options) middle() int {
	if slices.Contains(o.concurrency, usualConcurrency) {
		return usualConcurrency
	}
	return o.concurrency[0]
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	o, err := parse(os.Args[1:], os.Getenv("YARDSTICK"), os.Stderr)
	if err == nil {
		var r report
		if r, err = run(ctx, o, os.Stdout, os.Stderr); err == nil && r.Failed > 0 {
			err = fmt.Errorf("%d operations failed", r.Failed)
		}
	}
	switch {
	case errors.Is(err, flag.ErrHelp):
	case err != nil:
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// parse reads the command line.
func parse(args []string, yardstick string, stderr io.Writer) (options, error) {
	o := options{yardstick: yardstick}
	var only, algs, concurrency string
	f := flag.NewFlagSet("bench", flag.ContinueOnError)
	f.SetOutput(stderr)
	f.StringVar(&only, "only", strings.Join(parts, ","), "the `parts` to measure")
	f.StringVar(&algs, "alg", rs256+","+es256, "the `algorithms` of ID tokens")
	f.StringVar(&concurrency, "c", "1,16,64", "the `concurrencies` of logins; the rest is measured at 16, or at the first")
	f.IntVar(&o.rounds, "rounds", 0, "how often each is measured (0: 5 with a yardstick, 3 without)")
	f.DurationVar(&o.d, "d", 5*time.Second, "how long a cell takes")
	f.DurationVar(&o.warmup, "warmup", time.Second, "load before it that does not count")
	f.IntVar(&o.people, "people", 1000, "how many people log in, in turn")
	f.IntVar(&o.loginCount, "n", 10_000, "memory: after so many logins, each of another person")
	f.IntVar(&o.abandonCount, "abandon", 100_000, "memory, abandoned: after so many logins begun and abandoned")
	f.BoolVar(&o.expiry, "expiry", false, "abandoned: wait until the last of them has expired, ten minutes each time")
	f.IntVar(&o.knownCount, "known", 50_000, "people: how many of them are known")
	f.IntVar(&o.departments, "departments", 500, "people: in how many departments")
	f.IntVar(&o.startCount, "starts", 11, "start: how often")
	f.StringVar(&o.json, "json", "", "also write everything to a `file`")
	f.StringVar(&o.profile, "profile", "", "write a CPU profile of the server to a `file`, and measure nothing else")
	f.StringVar(&o.profileOp, "profile-of", opLogin, "the operation to profile: login, refresh, userinfo, introspection, jwks, discovery, abandoned")
	if err := f.Parse(args); err != nil {
		return o, fmt.Errorf("command line: %w", err)
	}
	o.only, o.algs = strings.Split(only, ","), strings.Split(algs, ",")
	for text := range strings.SplitSeq(concurrency, ",") {
		c, err := strconv.Atoi(text)
		if err != nil {
			return o, fmt.Errorf("-c: %q is no number", text)
		}
		o.concurrency = append(o.concurrency, c)
	}
	if o.rounds == 0 && yardstick != "" {
		o.rounds = 5
	} else if o.rounds == 0 {
		o.rounds = 3
	}
	if f.NArg() > 0 {
		return o, fmt.Errorf("what is %q?", f.Arg(0))
	}
	return o, o.check()
}

// check holds a run to what a shared machine can bear.
func (o options) check() error {
	for _, part := range o.only {
		if !slices.Contains(parts, part) {
			return fmt.Errorf("-only: %q is none of %s", part, strings.Join(parts, ", "))
		}
	}
	for _, alg := range o.algs {
		if alg != rs256 && alg != es256 {
			return fmt.Errorf("-alg: %q is neither %s nor %s", alg, rs256, es256)
		}
	}
	for _, number := range []struct {
		flag            string
		is, least, most int
	}{
		{"c", slices.Min(o.concurrency), 1, 256}, {"c", slices.Max(o.concurrency), 1, 256}, {"rounds", o.rounds, 1, 100},
		{"people", o.people, 1, 100_000}, {"n", o.loginCount, quarters, 100_000},
		{"abandon", o.abandonCount, quarters, 1_000_000}, {"known", o.knownCount, 1, 100_000}, {"departments", o.departments, 0, 10_000},
		{"starts", o.startCount, 1, 100},
	} {
		if number.is < number.least || number.is > number.most {
			return fmt.Errorf("-%s: %d is not between %d and %d", number.flag, number.is, number.least, number.most)
		}
	}
	if o.d <= 0 || o.d > 5*time.Minute || o.warmup < 0 || o.warmup > time.Minute {
		return errors.New("-d is at most 5m and -warmup 1m")
	}
	if !slices.Contains(append(slices.Clone(alone), opLogin, opAbandoned), o.profileOp) {
		return fmt.Errorf("-profile-of: no operation is called %q", o.profileOp)
	}
	return nil
}
