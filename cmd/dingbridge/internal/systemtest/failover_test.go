package systemtest

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/dingbridge/dingbridge/storage/storagetest"
)

// A many is a Redis of several servers, and what can be done to it.
type many struct {
	url    string
	strike func(fault string)
	moved  func() time.Duration
	mend   func()
}

func sentinels(t *testing.T, args ...string) many {
	s := storagetest.StartSentinels(t, args...)
	return many{s.URL, s.Strike, s.Moved, s.Mend}
}

func cluster(t *testing.T, args ...string) many {
	c := storagetest.StartReplicated(t, args...)
	return many{c.URL, c.StrikeOne, c.Moved, c.Mend}
}

// with adds a parameter to the storage URL.
func (m many) with(parameter string) string {
	switch {
	case parameter == "":
		return m.url
	case strings.Contains(m.url, "?"):
		return m.url + "&" + parameter
	}
	return m.url + "?" + parameter
}

// inFull tells whether there is time for the proof in full.
func inFull() bool { return os.Getenv("DINGBRIDGE_LONG") == "1" }

// On the cluster each primary has one replica: until the lost one is back its successor
// waits for none, and one that was paused is a primary still for some milliseconds when it
// goes on. So a login that was finished may be gone there, or its code work twice, and is
// counted.
//
// TestE22_PrimariesAreLost loses primaries in each way while people log in: every login
// ends well or is asked to try again and ends well then, and nothing works twice but for
// those few.
func TestE22_PrimariesAreLost(t *testing.T) {
	if testing.Short() {
		t.Skip("failovers take their time")
	}
	t.Parallel() // it mostly waits
	for _, tc := range []struct {
		name  string
		start func(t *testing.T, args ...string) many
		brief string // the one fault that there is always time for
	}{
		{"sentinel", sentinels, storagetest.Killed},
		{"cluster", cluster, storagetest.Partitioned},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			m := tc.start(t)
			faults, workers, wanted := []string{tc.brief}, 4, int64(1<<40)
			if inFull() {
				faults, workers, wanted = storagetest.Faults(), 8, 2000
			}
			wait := "wait_timeout=500ms" // a busy machine is no network
			if inFull() {
				wait = ""
			}
			s, all := besiege(t, m.with(wait), workers, wanted, tc.name == "cluster" && inFull(), false)
			until(t, "people are in", func() bool { return s.finished.Load() > 8 })
			for round := 0; round < len(faults) || inFull() && s.begun.Load() < wanted; round++ {
				back := never
				if inFull() {
					back = later
				}
				s.lose(m, faults[round%len(faults)], back)
			}
			if !inFull() {
				s.begun.Store(wanted)
			}
			all.Wait()
			if inFull() {
				s.reckon()
			}
			t.Logf("%s: %v", tc.name, s)
			most := int64(0)
			if tc.name == "cluster" && inFull() {
				most = s.shown.Load() / 200 // of what a primary took alone
			}
			if twice := s.codesTwice.Load() + s.refreshTwice.Load(); twice > most || s.shown.Load() == 0 {
				t.Errorf("%d worked twice of %d", twice, s.shown.Load())
			}
			if s.gone.Load() > 0 && tc.name == "sentinel" {
				t.Error("a login that was finished is gone")
			}
		})
	}
}

// When what was lost is brought back.
const (
	never = iota
	atOnce
	later // when people get in without it
)

// lose takes a primary away, waits for its successor and shows again what was spent
// before.
func (s *siege) lose(m many, fault string, back int) {
	before, struck := s.finished.Load(), time.Now()
	m.strike(fault)
	took := m.moved()
	moved := time.Now()
	if back == atOnce {
		m.mend()
	}
	s.plunder()
	until(s.t, "people get in again", func() bool { return s.finished.Load() > before+8 })
	served := time.Now()
	if back == later {
		m.mend()
	}
	s.t.Logf("%s: a successor after %v; the last \"try again\" %v after the fault, and %v after the successor",
		fault, took.Round(10*time.Millisecond), s.troubled(struck, served).Round(10*time.Millisecond), s.troubled(moved, served).Round(10*time.Millisecond))
	if late := s.troubled(served, time.Now()); late > 0 {
		s.t.Logf("%s: and again until %v later, when it came back", fault, late.Round(10*time.Millisecond))
	}
}

// TestE22_LostWrites counts what works twice when writes are lost: the primary is cut
// off from its replicas and from those who watch it, but not from us.
func TestE22_LostWrites(t *testing.T) {
	if !inFull() {
		t.Skip("a measurement: DINGBRIDGE_LONG=1")
	}
	for _, tc := range []struct {
		name, parameter string
		args            []string
		none            []string // where nothing may be lost
	}{
		{"wait=0", "wait=0", nil, nil},
		{"wait=1", "", nil, nil},
		{"wait=1, min-replicas-to-write 1, min-replicas-max-lag 1", "", []string{"--min-replicas-to-write", "1", "--min-replicas-max-lag", "1"}, nil},
		// Of two replicas one may still follow the old primary when it comes back.
		{"wait_strict", "wait_strict=true", nil, []string{"cluster"}},
		{"wait_strict, wait=2", "wait_strict=true&wait=2", nil, []string{"sentinel"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			for kind, start := range map[string]func(*testing.T, ...string) many{"sentinel": sentinels, "cluster": cluster} {
				if kind == "cluster" && strings.Contains(tc.parameter, "wait=2") {
					continue // its primaries have one replica each
				}
				t.Run(kind, func(t *testing.T) {
					t.Parallel()
					m := start(t, tc.args...)
					s, all := besiege(t, m.with(tc.parameter), 40, 1<<40, true, true)
					until(t, "people are in", func() bool { return s.finished.Load() > 50 })
					s.lose(m, storagetest.Isolated, atOnce)
					s.begun.Store(1 << 40)
					all.Wait()
					s.reckon()
					t.Logf("%s, %s: %v", kind, tc.name, s)
					if slices.Contains(tc.none, kind) && (s.codesTwice.Load()+s.gone.Load() != 0 || kind == "sentinel" && s.refreshTwice.Load() != 0) {
						t.Error("something worked twice, or was lost")
					}
				})
			}
		})
	}
}

// TestE23_LeastPrivilege has people log in, be looked after and log out with the user of
// deploy/redis, who may do no more than is listed there.
func TestE23_LeastPrivilege(t *testing.T) {
	t.Parallel() // it mostly waits
	const password = "a-password-of-the-tests"
	r := storagetest.StartGuarded(t, storagetest.Delivered(t, "../../../../deploy/redis", password), "--appendonly", "yes", "--appendfsync", "always")
	w := newWorld(t, setting{storage: "redis://dingbridge:" + password + "@" + r.Addr, as: "zhangsan"})
	w.serve()
	w.eachStep(t, func(name string, step func() answer) answer {
		got := step()
		if got.status >= 400 || got.err != nil {
			t.Errorf("%s: %v", name, got)
		}
		return got
	})
	for _, args := range [][]string{{"check", "--config", "config.yaml"}, {"doctor", "--config", "config.yaml", "--lang", "en"}} {
		p := w.start(nil, args...)
		<-p.ended
		said := p.out.String() + p.log()
		found := regexp.MustCompile(`\[(fault|warning|unknown)\] redis\S*`).FindAllString(said, -1)
		if want := map[string]int{"doctor": 1}[args[0]]; p.cmd.ProcessState.ExitCode() != 0 || len(found) != want || want == 1 && found[0] != "[unknown] redis-unread" {
			t.Errorf("%s: %s", args[0], said)
		}
	}
	// doctor asks for settings too, and does without: CONFIG GET would tell passwords.
	for _, denied := range strings.Split("\n"+r.Denied("dingbridge"), "\ncount\n")[1:] {
		if !strings.Contains(denied, "\nobject\nconfig") {
			t.Errorf("more was tried: %s", denied)
		}
	}
}
