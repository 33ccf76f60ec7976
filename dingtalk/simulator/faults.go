package simulator

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Fault is a misbehaviour to come. It is spent by the calls that it strikes,
// also where it finds nothing to change.
type Fault struct {
	// Call is a name of the call table (userAccessToken, users/me, getbyunionid,
	// user/get, auth, jsapi, ...), or * for every call of both API families.
	Call string
	// Kind is one of [FaultKinds].
	Kind string
	// Count is how many calls it strikes: 0 means one, less than zero means
	// all until the faults are cleared.
	Count int
	// Delay is waited before anything else, with every kind; the kind slow
	// does only that (10 s unless given).
	Delay time.Duration
	// Status, Code and Message make the answer of the kind error; Code and
	// Message that of frame-error and jsapi-fail.
	Status        int
	Code, Message string
	// Value is what the kind set:FIELD puts there.
	Value json.RawMessage
}

// faultKind is how a kind acts.
type faultKind struct {
	families []family // nil means all, the login pages and the script too
	before   func(*call, *Fault) answer
	after    func(*call, *Fault, answer) answer
	varies   family // not zero: what the page or the script ends with, and they do it
}

// aliases are other names of kinds.
var aliases = map[string]string{
	"90018": "qps", "qps403": "qps", "90002": "qps-api", "qpm": "qps-minute", "90020": "quota",
	"60011": "permission", "60020": "ip", "40014": "badtoken",
}

var (
	apis    = []family{newAPI, topAPI, plainAPI}
	oldOnly = []family{topAPI, plainAPI}
)

// takeVariation returns the fault that varies the end of rt, if any.
func (fs *faults) takeVariation(rt *route) *Fault {
	return fs.pick(rt, func(k *faultKind) bool { return k.varies != 0 })
}

// take returns the fault that strikes a call of rt, if any.
func (fs *faults) take(rt *route) *Fault {
	return fs.pick(rt, func(k *faultKind) bool { return k.varies == 0 })
}

// faults are those that are still to strike, oldest first.
type faults struct {
	n    atomic.Int32 // so that a run without faults takes no lock
	mu   sync.Mutex
	list []*pending
}

type pending struct {
	Fault
	kind *faultKind
	left int
}

func (fs *faults) pick(rt *route, want func(*faultKind) bool) *Fault {
	if fs.n.Load() == 0 {
		return nil
	}
	fs.mu.Lock()
	defer fs.mu.Unlock()
	for i, p := range fs.list {
		if !want(p.kind) || !p.strikes(rt) {
			continue
		}
		if p.left > 0 {
			if p.left--; p.left == 0 {
				fs.list = slices.Delete(fs.list, i, i+1)
				fs.n.Store(int32(len(fs.list)))
			}
		}
		f := p.Fault
		return &f
	}
	return nil
}

func (p *pending) strikes(rt *route) bool {
	if p.Call != rt.call && (p.Call != "*" || !slices.Contains(apis, rt.family)) {
		return false
	}
	return p.kind.fits(rt.family)
}

func (k *faultKind) fits(f family) bool {
	switch {
	case k.varies != 0:
		return f == k.varies
	case k.families == nil:
		return true
	}
	return slices.Contains(k.families, f)
}

// Fault makes the next calls go wrong. The error says what is wrong with f.
func (s *Simulator) Fault(f Fault) error {
	if alias, ok := aliases[f.Kind]; ok {
		f.Kind = alias
	}
	k, err := kindOf(f.Kind)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(table, func(r route) bool { return r.call == f.Call })
	switch {
	case f.Call != "*" && i < 0:
		return fmt.Errorf("fault: no call is named %q", f.Call)
	case i >= 0 && !k.fits(table[i].family):
		return fmt.Errorf("fault: the kind %s cannot strike %s", f.Kind, f.Call)
	case f.Call == "*" && k.varies != 0:
		return fmt.Errorf("fault: the kind %s strikes one page or script, not every call", f.Kind)
	case f.Kind == "error" && (f.Status < 200 || f.Status > 599 || f.Code == ""):
		return fmt.Errorf("fault: the kind error needs a status of 200 to 599 and a code")
	case strings.HasPrefix(f.Kind, "set:") && !json.Valid(f.Value):
		return fmt.Errorf("fault: the kind %s needs a value", f.Kind)
	case f.Delay < 0:
		return fmt.Errorf("fault: the delay %v is negative", f.Delay)
	}
	if f.Kind == "slow" && f.Delay == 0 {
		f.Delay = 10 * time.Second
	}
	left := f.Count
	if left == 0 {
		left = 1
	}
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	s.faults.list = append(s.faults.list, &pending{f, k, left})
	s.faults.n.Store(int32(len(s.faults.list)))
	return nil
}

// ClearFaults ends all faults.
func (s *Simulator) ClearFaults() { s.faults.clear() }

func (fs *faults) clear() {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	fs.list = nil
	fs.n.Store(0)
}

// kindOf finds how a kind acts, including the kinds that carry a field's name
// or an errcode.
func kindOf(name string) (*faultKind, error) {
	if k, ok := kinds[name]; ok {
		return k, nil
	}
	verb, field, _ := strings.Cut(name, ":")
	if change, ok := fieldKinds[verb]; ok && field != "" {
		return &faultKind{families: apis, after: change}, nil
	}
	if _, err := strconv.Atoi(strings.TrimPrefix(name, "errcode:")); err == nil {
		return &faultKind{families: oldOnly, before: errcodeFault}, nil
	}
	return nil, fmt.Errorf("fault: no kind is named %q; there are %s", name, strings.Join(FaultKinds(), " "))
}

// wait sleeps the delay, unless the caller goes away.
func (f *Fault) wait(ctx context.Context) {
	if f.Delay == 0 {
		return
	}
	t := time.NewTimer(f.Delay)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

// before is what answers in place of the call; nil lets it run.
func (f *Fault) before() func(*call, *Fault) answer {
	if f == nil {
		return nil
	}
	k, _ := kindOf(f.Kind)
	return k.before
}

// after is what alters the answer of the call; nil leaves it.
func (f *Fault) after() func(*call, *Fault, answer) answer {
	if f == nil {
		return nil
	}
	k, _ := kindOf(f.Kind)
	return k.after
}
