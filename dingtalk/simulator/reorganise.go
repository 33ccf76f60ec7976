package simulator

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
)

var errNoDepartment = errors.New("no department has this id")

// ofDepartments is the payload of events about departments.
type ofDepartments struct {
	DeptID []int64 `json:"deptId"`
}

// Departments returns all departments but the root, in order of their ids.
func (s *Simulator) Departments() []Department {
	s.staff.mu.RLock()
	defer s.staff.mu.RUnlock()
	list := []Department{}
	for _, id := range slices.Sorted(maps.Keys(s.staff.depts)) {
		if id != rootDept {
			d := *s.staff.depts[id]
			d.Managers = slices.Clone(d.Managers)
			list = append(list, d)
		}
	}
	return list
}

// AddDepartment adds d, which is an event. An id of 0 means a free one; it is returned.
func (s *Simulator) AddDepartment(d Department) (int64, error) {
	id, err := s.staff.found(d)
	if err != nil {
		return 0, fmt.Errorf("add department: %w", err)
	}
	s.raise("org_dept_create", ofDepartments{[]int64{id}})
	return id, nil
}

// ChangeDepartment lets change alter a copy of the department id, to rename it or to
// move it with all below it, which is an event. The id cannot be changed.
func (s *Simulator) ChangeDepartment(id int64, change func(*Department)) error {
	return s.changeDepartment(id, func(d *Department) error { change(d); return nil })
}

func (s *Simulator) changeDepartment(id int64, alter func(*Department) error) error {
	if err := s.staff.reorganise(id, alter); err != nil {
		return fmt.Errorf("change department %d: %w", id, err)
	}
	s.raise("org_dept_modify", ofDepartments{[]int64{id}})
	return nil
}

// RemoveDepartment removes the department id, in which there is nobody and nothing,
// which is an event.
func (s *Simulator) RemoveDepartment(id int64) error {
	app := s.App()
	if err := s.staff.dissolve(id, &app); err != nil {
		return fmt.Errorf("remove department %d: %w", id, err)
	}
	s.raise("org_dept_remove", ofDepartments{[]int64{id}})
	return nil
}

// firstInvented is the first id of a department that is given none.
const firstInvented int64 = 900_000_001

func (s *staff) found(d Department) (int64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if d.ID == 0 {
		d.ID = s.freeDept(firstInvented)
	}
	if d.ID <= 0 || s.depts[d.ID] != nil {
		return 0, fmt.Errorf("the id %d is not positive, taken already, or the root's", d.ID)
	}
	if err := s.checkDept(&d); err != nil {
		return 0, err
	}
	s.addDept(&d)
	return d.ID, nil
}

// freeDept is the first free id from at on; the caller holds the lock.
func (s *staff) freeDept(at int64) int64 {
	for s.depts[at] != nil {
		at++
	}
	return at
}

// addDept adds d; the caller holds the lock.
func (s *staff) addDept(d *Department) {
	s.depts[d.ID] = d
	s.subs[d.parent()] = append(s.subs[d.parent()], d.ID)
	s.ready = nil
}

// dropDept takes d out; the caller holds the lock.
func (s *staff) dropDept(d *Department) {
	delete(s.depts, d.ID)
	s.subs[d.parent()] = slices.DeleteFunc(slices.Clone(s.subs[d.parent()]), func(id int64) bool { return id == d.ID })
	s.ready = nil
}

// checkDept says what is wrong with d; the caller holds the lock.
func (s *staff) checkDept(d *Department) error {
	if d.Name == "" {
		return errors.New("it has no name")
	}
	if s.depts[d.parent()] == nil {
		return fmt.Errorf("its parent %d does not exist", d.Parent)
	}
	if in(s.chain(d.parent()), d.ID) {
		return errors.New("it would be its own ancestor")
	}
	for _, m := range d.Managers {
		if s.byID[m] == nil {
			return fmt.Errorf("its manager %q does not exist", m)
		}
	}
	return nil
}

// at is the department id but for the root; the caller holds the lock.
func (s *staff) at(id int64) (*Department, error) {
	d := s.depts[id]
	switch {
	case d == nil:
		return nil, errNoDepartment
	case id == rootDept:
		return nil, errors.New("it is the root")
	}
	return d, nil
}

func (s *staff) reorganise(id int64, alter func(*Department) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	old, err := s.at(id)
	if err != nil {
		return err
	}
	d := *old
	d.Managers = slices.Clone(old.Managers)
	if err := alter(&d); err != nil {
		return err
	}
	if d.ID != id {
		return errors.New("an id cannot be changed")
	}
	if err := s.checkDept(&d); err != nil {
		return err
	}
	if d.parent() != old.parent() {
		s.dropDept(old)
		s.addDept(&d)
	}
	s.depts[id] = &d
	return nil
}

func (s *staff) dissolve(id int64, app *App) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	d, err := s.at(id)
	if err != nil {
		return err
	}
	switch {
	case len(s.subs[id]) > 0:
		return errors.New("there are departments below it")
	case in(app.Range.Departments, id):
		return errors.New("the app's range has it")
	}
	for _, p := range s.byID {
		if in(p.Departments, id) {
			return fmt.Errorf("%s is in it", p.UserID)
		}
	}
	s.dropDept(d)
	return nil
}

func (s *Simulator) departmentControls(verb func(pattern string, serve func(r *http.Request) (any, error))) {
	verb("GET /control/departments", func(*http.Request) (any, error) { return map[string]any{"departments": s.Departments()}, nil })
	verb("POST /control/departments", func(r *http.Request) (any, error) {
		var d Department
		if err := strictly(r, &d); err != nil {
			return nil, err
		}
		id, err := s.AddDepartment(d)
		if err != nil {
			return nil, err
		}
		return map[string]int64{"id": id}, nil
	})
	verb("PATCH /control/departments/{id}", func(r *http.Request) (any, error) {
		id, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
		if err != nil {
			return nil, errNoDepartment
		}
		body, err := io.ReadAll(r.Body) // before any lock is held
		if err != nil {
			return nil, fmt.Errorf("read body: %w", err)
		}
		return nil, s.changeDepartment(id, func(d *Department) error { return decode(body, d) })
	})
	verb("DELETE /control/departments/{id}", func(r *http.Request) (any, error) {
		id, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
		if err != nil {
			return nil, errNoDepartment
		}
		return nil, s.RemoveDepartment(id)
	})
}
