package main

import (
	"os"
	"testing"
	"time"
)

func TestCPUTime(t *testing.T) {
	for _, test := range []struct {
		stat string
		want time.Duration
		ok   bool
	}{
		{"12 (redis) S 1 2 3 4 5 6 7 8 9 10 150 50 0 0 20 0", 2 * time.Second, true},
		{"12 (a ) b) (c) S 1 2 3 4 5 6 7 8 9 10 1 0 0 0 20 0", 10 * time.Millisecond, true},
		{"12 (redis) S 1 2 3", 0, false},
		{"12 (redis) S 1 2 3 4 5 6 7 8 9 10 x y 0", 0, false},
		{"", 0, false},
	} {
		if got, err := cpuTime(test.stat); got != test.want || (err == nil) != test.ok {
			t.Errorf("%q: %v, %v", test.stat, got, err)
		}
	}
}

func TestMegabytes(t *testing.T) {
	status := "Name:\tx\nVmHWM:\t    4096 kB\nVmRSS:\t    2048 kB\nVmRSSx:\t 1 kB\n"
	if rss, peak := megabytes(status, "VmRSS:"), megabytes(status, "VmHWM:"); rss != 2 || peak != 4 {
		t.Errorf("%v, %v", rss, peak)
	}
	if none := megabytes(status, "VmSwap:"); none != 0 {
		t.Errorf("%v", none)
	}
}

func TestUsageOfOurselves(t *testing.T) {
	needProc(t)
	before, err := usageOf(os.Getpid())
	if err != nil || before.rss <= 0 || before.peak < before.rss {
		t.Fatalf("%+v, %v", before, err)
	}
	for { // until it shows: a machine may be slow, but not for ever
		if after, err := usageOf(os.Getpid()); err != nil {
			t.Fatal(err)
		} else if after.cpu > before.cpu {
			return
		}
	}
}

func TestUsageOfNobody(t *testing.T) {
	if _, err := usageOf(-1); err == nil {
		t.Error("no error")
	}
}
