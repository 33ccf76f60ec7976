package simulator

import (
	"errors"
	"fmt"
	"net/http"
)

// Bounds of one [Simulator.GrowCompany].
const (
	maxGrowth      = 1_000_000
	maxDepartments = 100_000
)

// Grow adds n invented members, p000001 and so on, for load tests. They raise no events.
func (s *Simulator) Grow(n int) {
	s.staff.mu.Lock()
	defer s.staff.mu.Unlock()
	s.staff.grow(s.company.App.Range.Departments, n)
}

// GrowCompany adds as many invented departments, of two levels, below those of the
// app's range, and spreads as many invented members over them. They raise no events.
func (s *Simulator) GrowCompany(people, departments int) error {
	if people < 0 || people > maxGrowth || departments < 0 || departments > maxDepartments {
		return fmt.Errorf("grow: there may be 0 to %d people and 0 to %d departments", maxGrowth, maxDepartments)
	}
	s.staff.mu.Lock()
	defer s.staff.mu.Unlock()
	depts := s.staff.branch(s.company.App.Range.Departments, departments)
	s.staff.grow(depts, people)
	return nil
}

// branch adds n departments below the given ones, nine of ten below the tenth, and
// returns them all; if n is 0, the given ones. The caller holds the lock.
func (s *staff) branch(below []int64, n int) []int64 {
	if n == 0 {
		return below
	}
	if len(below) == 0 {
		below = []int64{rootDept}
	}
	made := make([]int64, 0, n)
	id := firstInvented
	for i := range n {
		id = s.freeDept(id)
		parent := below[i/10%len(below)]
		if i%10 != 0 {
			parent = made[i-i%10]
		}
		s.addDept(&Department{ID: id, Name: fmt.Sprintf("部门%d", id-firstInvented+1), Parent: parent})
		made = append(made, id)
	}
	return made
}

// grow adds n invented members in the given departments in turn; the caller
// holds the lock.
func (s *staff) grow(depts []int64, n int) {
	if len(depts) == 0 {
		depts = []int64{rootDept}
	}
	shared := make([][]int64, len(depts)) // nobody changes a list in place
	for i, d := range depts {
		shared[i] = []int64{d}
	}
	for have := len(s.order) - s.listed; n > 0; n-- {
		have++
		id := fmt.Sprintf("p%06d", have)
		if s.byID[id] != nil {
			continue
		}
		mobile := fmt.Sprintf("170%08d", have)
		s.put(&Person{
			UserID: id, Nick: fmt.Sprintf("小%d", have), Name: fmt.Sprintf("员工%d", have),
			AvatarURL:     "https://static-legacy.dingtalk.com/media/lADPSIMULATED_" + id + ".jpg",
			AccountMobile: mobile, AccountStateCode: "86", StateCode: "86", Mobile: mobile,
			JobNumber: fmt.Sprintf("P%06d", have), Title: "员工", OrgEmail: id + "@corp.example.cn",
			Departments: shared[have%len(depts)],
		})
	}
}

func (s *Simulator) controlGrow(r *http.Request) (any, error) {
	var in struct {
		Count       int `json:"count"` // another name of people
		People      int `json:"people"`
		Departments int `json:"departments"`
	}
	if err := strictly(r, &in); err != nil {
		return nil, err
	}
	if in.Count < 0 || in.Count > 0 && in.People > 0 {
		return nil, errors.New("count is negative, or there are count and people")
	}
	return nil, s.GrowCompany(in.Count+in.People, in.Departments)
}
