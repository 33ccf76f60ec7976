package main

import (
	"bufio"
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A crowd is what many known people cost.
type crowd struct {
	Known       int       `json:"known"`
	Departments int       `json:"departments"`
	Memory      []memory  `json:"memory"`
	Sweeps      []sweep   `json:"sweeps"`
	Records     []records `json:"records"`
	UsedMB      float64   `json:"redis_used_mb"`
}

// A sweep is one question about everybody, without a limit of calls.
type sweep struct {
	People   int     `json:"people"`
	Seconds  float64 `json:"seconds"`
	CPU      float64 `json:"cpu_ms"` // of the server, per person
	RedisCPU float64 `json:"redis_cpu_ms"`
	Peak     float64 `json:"peak_mb"` // of the server while it swept
}

// records are the keys of one kind.
type records struct {
	Kind  string  `json:"kind"`
	Count int     `json:"count"`
	MB    float64 `json:"mb"`
}

const (
	afterRestart = "restart"
	afterSweep   = "sweep"
	sweepTimes   = 3
)

// crowd has a whole company log in, each person once, and asks about all of them.
func (b *bench) crowd(ctx context.Context) error {
	return b.inHouse(ctx, plan{people: b.knownCount, departments: b.departments}, func(h *house) error {
		r := &b.report.People
		r.Known, r.Departments = b.knownCount, b.departments
		note := func(m memory) error {
			m, err := b.weigh(h.target(), m)
			r.Memory = append(r.Memory, m)
			return err
		}
		if err := note(memory{After: "start"}); err != nil {
			return err
		}
		l, err := b.many(ctx, h.target(), es256, opLogin, b.knownCount)
		if err != nil {
			return err
		}
		m := memory{After: opLogin, Count: b.knownCount, Failed: l.failed()}
		if m.Failed > 0 {
			m.Error = l.commonest(1)[0]
		}
		if err := note(m); err != nil {
			return err
		}
		if r.UsedMB, r.Records, err = inventory(ctx, h.redisAddress); err != nil {
			return err
		}
		if err := h.stopServer(); err != nil {
			return err
		}
		if err := h.start(ctx); err != nil {
			return err
		}
		if err := note(memory{After: afterRestart, Count: b.knownCount}); err != nil {
			return err
		}
		for range sweepTimes {
			s, err := h.sweep(ctx)
			if err != nil {
				return err
			}
			r.Sweeps = append(r.Sweeps, s)
			b.say("sweep of %d people: %.1f s, %.3f CPU-ms each, peak %.1f MB", s.People, s.Seconds, s.CPU, s.Peak)
		}
		return note(memory{After: afterSweep, Count: sweepTimes})
	})
}

// sweep has the server ask about everybody, and measures it.
func (h *house) sweep(ctx context.Context) (s sweep, err error) {
	server, redis := h.server.pid(), h.redis.pid()
	forgetPeak(server)
	var before, after [2]usage
	read := func(into *[2]usage) error {
		for i, pid := range []int{server, redis} {
			if into[i], err = usageOf(pid); err != nil {
				return err
			}
		}
		return nil
	}
	if err := read(&before); err != nil {
		return s, err
	}
	began := time.Now()
	out, err := h.command("leavers", "sweep", "--json", "--config", filepath.Join(h.dir, "config.yaml")).Output()
	if err != nil {
		return s, fmt.Errorf("sweeping: %w\n%s", err, out)
	}
	s.Seconds = time.Since(began).Seconds()
	if err := read(&after); err != nil {
		return s, err
	}
	var said struct {
		Asked   int `json:"asked"`
		Unclear int `json:"unclear"`
		Gone    int `json:"gone"`
	}
	if err := json.Unmarshal(out, &said); err != nil || said.Asked == 0 || said.Unclear+said.Gone > 0 {
		return s, fmt.Errorf("a sweep came out as %s (%v)", out, err)
	}
	each := func(i int) float64 { return (after[i].cpu - before[i].cpu).Seconds() * 1e3 / float64(said.Asked) }
	s.People, s.CPU, s.RedisCPU, s.Peak = said.Asked, each(0), each(1), after[0].peak
	return s, nil
}

//go:embed files/inventory.lua
var inventoryScript string

// inventory asks a Redis of ours how much memory it uses, and for what.
func inventory(ctx context.Context, address string) (usedMB float64, all []records, err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("asking Redis what it holds: %w", err)
		}
	}()
	conn, err := (&net.Dialer{Timeout: dialTimeout}).DialContext(ctx, "tcp", address)
	if err != nil {
		return 0, nil, err
	}
	defer conn.Close() // nothing is lost with it
	if err := conn.SetDeadline(time.Now().Add(2 * time.Minute)); err != nil {
		return 0, nil, err
	}
	if _, err := fmt.Fprintf(conn, "*3\r\n$4\r\nEVAL\r\n$%d\r\n%s\r\n$1\r\n0\r\n", len(inventoryScript), inventoryScript); err != nil {
		return 0, nil, err
	}
	replies := bufio.NewReader(conn)
	head, err := replies.ReadString('\n')
	size, bad := strconv.Atoi(strings.TrimSpace(strings.TrimPrefix(head, "$")))
	if err != nil || bad != nil || size < 0 {
		return 0, nil, fmt.Errorf("it answered %q (%v)", head, err)
	}
	body := make([]byte, size)
	if _, err := io.ReadFull(replies, body); err != nil {
		return 0, nil, err
	}
	var said struct {
		Used  float64 `json:"used"`
		Kinds map[string]struct {
			Count int     `json:"count"`
			Bytes float64 `json:"bytes"`
		} `json:"kinds"`
	}
	if err := json.Unmarshal(body, &said); err != nil {
		return 0, nil, err
	}
	for kind, k := range said.Kinds {
		all = append(all, records{kind, k.Count, k.Bytes / 1e6})
	}
	slices.SortFunc(all, func(a, b records) int { return strings.Compare(a.Kind, b.Kind) })
	return said.Used / 1e6, all, nil
}
