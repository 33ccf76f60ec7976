package simulator

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// staff is the corp's directory and the accounts of the people in it. A
// Person is replaced and never changed in place, so a pointer read under the
// lock may be used after it.
type staff struct {
	mu      sync.RWMutex
	corpID  string
	appID   string
	name    string
	byID    map[string]*Person
	byUnion map[string]*Person
	order   []string                           // userids as the file lists them, then invented ones
	listed  int                                // how many of order the file lists
	ready   []string                           // who Anyone picks from; nil when it must be made anew
	inDept  atomic.Pointer[map[int64][]string] // employees by department; the same
	leaves  []leave
	depts   map[int64]*Department
	subs    map[int64][]int64
	roles   map[int64]roleInGroup
	groups  []RoleGroup

	owners   map[string]int    // by userid, how many people had it before
	migrated map[string]string // unionIds of migrated accounts, and what they were before
}

// maxLeaves bounds the record of leavers, oldest dropped first.
const maxLeaves = 1000

// leave tells of a leaver what was so when he left: his userid may be another's since.
type leave struct {
	userID, name, stateCode, mobile string

	at time.Time
}

// recordLeave remembers that p left.
func (s *staff) recordLeave(p *Person, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.leaves) >= maxLeaves {
		s.leaves = slices.Delete(s.leaves, 0, 1)
	}
	s.leaves = append(s.leaves, leave{p.UserID, p.Name, p.StateCode, starred(p.Mobile), now})
}

type roleInGroup struct {
	Role
	group RoleGroup
}

// fill makes s the directory of c with extra invented members.
func (s *staff) fill(c *Company, extra int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.corpID, s.appID, s.name = c.CorpID, c.App.ClientID, c.Name
	s.byID = make(map[string]*Person, len(c.People)+extra)
	s.byUnion = make(map[string]*Person, len(c.People)+extra)
	s.order, s.ready, s.leaves = nil, nil, nil
	s.inDept.Store(nil)
	s.owners, s.migrated = map[string]int{}, map[string]string{}
	s.depts = map[int64]*Department{rootDept: {ID: rootDept, Name: c.Name}}
	s.subs = map[int64][]int64{}
	for _, d := range c.Departments {
		s.depts[d.ID] = &d
		s.subs[d.parent()] = append(s.subs[d.parent()], d.ID)
	}
	s.groups = c.RoleGroups
	s.roles = map[int64]roleInGroup{}
	for _, g := range c.RoleGroups {
		for _, r := range g.Roles {
			s.roles[r.ID] = roleInGroup{r, g}
		}
	}
	for i := range c.People {
		p := c.People[i].clone()
		s.put(&p)
	}
	s.listed = len(s.order)
	s.grow(c.App.Range.Departments, extra)
}

// put adds or replaces p; the caller holds the lock.
func (s *staff) put(p *Person) {
	account := []string{p.UserID}
	if n := s.owners[p.UserID]; n > 0 {
		account = append(account, strconv.Itoa(n))
	}
	if p.UnionID == "" {
		p.UnionID = derivedID(append([]string{"unionId", s.corpID}, account...)...)
	}
	if p.OpenID == "" {
		p.OpenID = derivedID(append([]string{"openId", s.appID}, account...)...)
	}
	if old := s.byID[p.UserID]; old != nil {
		delete(s.byUnion, old.UnionID)
	} else {
		s.order = append(s.order, p.UserID)
	}
	s.byID[p.UserID], s.byUnion[p.UnionID] = p, p
	s.ready = nil
	s.inDept.Store(nil)
}

func (s *staff) person(userID string) *Person {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.byID[userID]
}

func (s *staff) account(unionID string) *Person {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.byUnion[unionID]
}

var errNobody = errors.New("nobody has this userid")

// change replaces the person userID by what alter makes of a copy, and returns both.
func (s *staff) change(userID string, alter func(*Person) error) (old, now *Person, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if old = s.byID[userID]; old == nil {
		return nil, nil, fmt.Errorf("change person %q: %w", userID, errNobody)
	}
	p := old.clone()
	if err := alter(&p); err != nil {
		return nil, nil, fmt.Errorf("change person %q: %w", userID, err)
	}
	if p.UserID != userID {
		return nil, nil, fmt.Errorf("change person %q: a userid cannot be changed once created", userID)
	}
	if other := s.byUnion[p.UnionID]; other != nil && other != old {
		return nil, nil, fmt.Errorf("change person %q: unionid %q is taken already", userID, p.UnionID)
	}
	for _, f := range s.faultsOf(&p) {
		return nil, nil, fmt.Errorf("change person %q: %s", userID, f.text)
	}
	s.put(&p)
	return old, &p, nil
}

// faultsOf says what is wrong with p; the caller holds the lock.
func (s *staff) faultsOf(p *Person) []keyFault {
	depts, roles := map[int64]bool{}, map[int64]bool{}
	for _, id := range p.Departments {
		depts[id] = s.depts[id] != nil
	}
	for _, id := range p.Roles {
		_, roles[id] = s.roles[id]
	}
	return p.check(depts, roles)
}

// next returns the member whose turn n is among those who can log in.
func (s *staff) next(n uint64, app *App) *Person {
	s.mu.RLock()
	ready := s.ready
	s.mu.RUnlock()
	if ready == nil {
		ready = s.gather(app)
	}
	if len(ready) == 0 {
		return nil
	}
	return s.person(ready[n%uint64(len(ready))])
}

func (s *staff) gather(app *App) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	from := s.order[s.listed:] // the invented ones if there are any: one is like another
	if len(from) == 0 {
		from = s.order
	}
	ready := make([]string, 0, len(from))
	for _, id := range from {
		if p := s.byID[id]; p.employed() && !p.DisableStatus && s.inRange(app, p) {
			ready = append(ready, id)
		}
	}
	s.ready = ready
	return ready
}

// inRange reports whether app sees p; the caller holds the lock.
func (s *staff) inRange(app *App, p *Person) bool {
	return slices.Contains(app.Range.People, p.UserID) ||
		slices.ContainsFunc(p.Departments, func(d int64) bool { return s.deptInRange(app, d) })
}

// deptInRange reports whether app sees department d; the caller holds the lock.
func (s *staff) deptInRange(app *App, d int64) bool {
	return slices.ContainsFunc(s.chain(d), func(up int64) bool {
		return slices.Contains(app.Range.Departments, up)
	})
}

// chain lists d and its ancestors, the root last; empty when there is no d.
// The caller holds the lock.
func (s *staff) chain(d int64) (ids []int64) {
	for at := s.depts[d]; at != nil; at = s.depts[at.parent()] {
		ids = append(ids, at.ID)
		if at.ID == rootDept {
			break
		}
	}
	return ids
}
