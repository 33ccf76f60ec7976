package clients

import (
	"iter"
	"slices"
	"strings"
	"sync/atomic"
)

// A Set is all clients that may ask. It is safe for concurrent use; the zero Set
// has no client.
type Set struct {
	current atomic.Pointer[table]
}

// table is never changed once it is in a Set.
type table struct {
	byID    map[string]*Client
	ordered []*Client
}

// NewSet checks all specs, and the groups that have names, and tells every fault found.
// With any fault there is no set (promise C1). The specs are copied.
func NewSet(specs []Spec, groups ...GroupSpec) (*Set, []Fault) {
	aliases, faults := newAliases(groups, several(specs, groups))
	next := &table{byID: make(map[string]*Client, len(specs))}
	firsts := make(map[string]int, len(specs))
	checks := make([]checker, len(specs))
	for index := range specs {
		check := &checks[index]
		*check = checker{list: "clients", index: index, id: specs[index].ID, spec: &specs[index], aliases: aliases}
		client := check.client()
		folded := strings.ToLower(client.ID)
		if first, doubled := firsts[folded]; doubled && folded != "" {
			check.faultf("id", "give each client its own id, different in more than letter case",
				"the id is that of clients[%d]", first)
			check.twin(first)
		} else {
			firsts[folded] = index
		}
		next.byID[client.ID] = client
		next.ordered = append(next.ordered, client)
	}
	for index := range checks {
		checks[index].audiences(next) // when all are known, whatever their order
		faults = append(faults, checks[index].faults...)
	}
	if len(faults) > 0 {
		return nil, faults
	}
	set := new(Set)
	set.current.Store(next)
	return set, nil
}

// several tells whether more than one organisation is named.
func several(specs []Spec, groups []GroupSpec) bool {
	var named setOf[string]
	for i := range specs {
		named.put(specs[i].Organisations...)
	}
	for i := range groups {
		if groups[i].Organisation != "" {
			named.put(groups[i].Organisation)
		}
	}
	return len(named) > 1
}

// Lookup returns the client with exactly this id.
func (s *Set) Lookup(id string) (*Client, bool) {
	now := s.current.Load()
	if now == nil {
		return nil, false
	}
	client, ok := now.byID[id]
	return client, ok
}

// All yields the clients in the order of the file.
func (s *Set) All() iter.Seq[*Client] {
	now := s.current.Load()
	if now == nil {
		return func(func(*Client) bool) {}
	}
	return slices.Values(now.ordered)
}

// AllowsOrigin reports whether any client's scripts may come from the origin: a
// preflight request (Fetch §3.2.2) does not say whose it is.
func (s *Set) AllowsOrigin(origin string) bool {
	for client := range s.All() {
		if client.AllowsOrigin(origin) {
			return true
		}
	}
	return false
}

// Replace puts the clients of next in the place of s's own, at once and whole.
func (s *Set) Replace(next *Set) { s.current.Store(next.current.Load()) }
