package fleet

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// mostShown is how many replicas a status names.
const mostShown = 100

// A Replica is one of those that are alive.
type Replica struct {
	Name  string
	Since time.Time // when it began, by its own clock; zero if it does not say
}

// member is how a replica stands in the set. One of the version before stands there by its
// name alone.
func (r Replica) member() string { return r.Name + " " + strconv.FormatInt(r.Since.Unix(), 10) }

func replicaOf(member string) Replica {
	name, since, _ := strings.Cut(member, " ")
	r := Replica{Name: name}
	if seconds, err := strconv.ParseInt(since, 10, 64); err == nil {
		r.Since = time.Unix(seconds, 0)
	}
	return r
}

// A Status is what a replica knows of all of them.
type Status struct {
	Self     Replica
	Alive    int       // replicas, this one among them; 0: not known yet, or alone by its nature
	Replicas []Replica // the first hundred of those, the oldest first
	Share    float64   // of the whole, for this one
	Whole    float64
	// Away is since when storage does not say who is there; Fault is why.
	Away  time.Time
	Fault string
}

// Status tells what this replica knows. It asks nobody.
func (m *Member) Status() Status {
	m.view.mu.Lock()
	defer m.view.mu.Unlock()
	s := m.view.status
	s.Whole, s.Replicas = m.Whole, slices.Clone(s.Replicas)
	return s
}

// A view is what a Member shows of itself while it runs. Self never changes.
type view struct {
	mu     sync.Mutex
	status Status
}

func (v *view) see(members []string) {
	list := make([]Replica, len(members))
	for i, member := range members {
		list[i] = replicaOf(member)
	}
	slices.SortFunc(list, func(a, b Replica) int { return cmp.Or(a.Since.Compare(b.Since), strings.Compare(a.Name, b.Name)) })
	v.mu.Lock()
	defer v.mu.Unlock()
	v.status.Alive, v.status.Replicas = len(list), list[:min(len(list), mostShown)]
}

func (v *view) take(share float64) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.status.Share = share
}

func (v *view) note(err error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	switch {
	case err == nil:
		v.status.Away, v.status.Fault = time.Time{}, ""
	case v.status.Away.IsZero():
		v.status.Away, v.status.Fault = time.Now(), err.Error()
	default:
		v.status.Fault = err.Error()
	}
}
