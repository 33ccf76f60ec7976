package simulator

import (
	"errors"
	"fmt"
	"slices"
	"sync"
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
	order   []string // userids as the file lists them, then invented ones
	listed  int      // how many of order the file lists
	ready   []string // who Anyone picks from; nil when it must be made anew
	leaves  []leave
	depts   map[int64]*Department
	subs    map[int64][]int64
	roles   map[int64]roleInGroup
	groups  []RoleGroup
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
	if p.UnionID == "" {
		p.UnionID = derivedID("unionId", s.corpID, p.UserID)
	}
	if p.OpenID == "" {
		p.OpenID = derivedID("openId", s.appID, p.UserID)
	}
	if old := s.byID[p.UserID]; old != nil {
		delete(s.byUnion, old.UnionID)
	} else {
		s.order = append(s.order, p.UserID)
	}
	s.byID[p.UserID], s.byUnion[p.UnionID] = p, p
	s.ready = nil
}

// grow adds n invented members in the given departments in turn; the caller
// holds the lock.
func (s *staff) grow(depts []int64, n int) {
	if len(depts) == 0 {
		depts = []int64{rootDept}
	}
	for have := len(s.order) - s.listed; n > 0; n-- {
		have++
		id := fmt.Sprintf("p%06d", have)
		if s.byID[id] != nil {
			continue
		}
		s.put(&Person{
			UserID: id, Nick: fmt.Sprintf("小%d", have), Name: fmt.Sprintf("员工%d", have),
			AvatarURL:     "https://static-legacy.dingtalk.com/media/lADPSIMULATED_" + id + ".jpg",
			AccountMobile: fmt.Sprintf("170%08d", have), AccountStateCode: "86",
			StateCode: "86", Mobile: fmt.Sprintf("170%08d", have),
			JobNumber: fmt.Sprintf("P%06d", have), Title: "员工", OrgEmail: id + "@corp.example.cn",
			Departments: []int64{depts[have%len(depts)]},
		})
	}
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
	depts, roles := map[int64]bool{}, map[int64]bool{}
	for id := range s.depts {
		depts[id] = true
	}
	for id := range s.roles {
		roles[id] = true
	}
	for _, f := range p.check(depts, roles) {
		return nil, nil, fmt.Errorf("change person %q: %s", userID, f.text)
	}
	s.put(&p)
	return old, &p, nil
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
