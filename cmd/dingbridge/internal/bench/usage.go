package main

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// tick is the unit of /proc/PID/stat (USER_HZ), on every Linux that Go runs on.
const tick = 10 * time.Millisecond

// A usage is what a process has used so far.
type usage struct {
	cpu       time.Duration // user and system time
	rss, peak float64       // resident set now and at its greatest, MB
}

// usageOf asks the kernel (Linux) about a process.
func usageOf(pid int) (usage, error) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return usage{}, fmt.Errorf("reading the usage of a process: %w", err)
	}
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return usage{}, fmt.Errorf("reading the usage of a process: %w", err)
	}
	cpu, err := cpuTime(string(stat))
	if err != nil {
		return usage{}, fmt.Errorf("reading the usage of a process: %w", err)
	}
	return usage{cpu: cpu, rss: megabytes(string(status), "VmRSS:"), peak: megabytes(string(status), "VmHWM:")}, nil
}

// cpuTime reads utime and stime, fields 14 and 15 (proc(5)). The name before them,
// in parentheses, may itself hold spaces and parentheses.
func cpuTime(stat string) (time.Duration, error) {
	fields := strings.Fields(stat[strings.LastIndexByte(stat, ')')+1:])
	if len(fields) < 13 {
		return 0, errors.New("too few fields")
	}
	user, err1 := strconv.ParseInt(fields[11], 10, 64)
	system, err2 := strconv.ParseInt(fields[12], 10, 64)
	return time.Duration(user+system) * tick, errors.Join(err1, err2)
}

// forgetPeak lets the greatest resident set of a process be counted anew. Where the kernel
// does not allow that, the old one stands.
func forgetPeak(pid int) { _ = os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", pid), []byte("5"), 0) }

func megabytes(status, name string) float64 {
	for line := range strings.Lines(status) {
		if fields := strings.Fields(line); len(fields) > 1 && fields[0] == name {
			kB, _ := strconv.ParseFloat(fields[1], 64)
			return kB / 1024
		}
	}
	return 0
}

// loadAverage is what the whole machine is busy with, for the reader of the report.
func loadAverage() string {
	text, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "unknown"
	}
	return strings.Join(strings.Fields(string(text))[:1], " ")
}
