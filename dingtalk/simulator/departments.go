package simulator

// department has the keys of /topapi/v2/department/get.
type department struct {
	DeptID              int64    `json:"dept_id"`
	Name                string   `json:"name"`
	ParentID            int64    `json:"parent_id,omitempty"` // the root has none
	Order               int64    `json:"order"`
	DeptManagers        []string `json:"dept_manager_userid_list"`
	CreateDeptGroup     bool     `json:"create_dept_group"`
	AutoAddUser         bool     `json:"auto_add_user"`
	GroupContainSubDept bool     `json:"group_contain_sub_dept"`
	OuterDept           bool     `json:"outer_dept"`
	OuterPermitDepts    []int64  `json:"outer_permit_depts"`
	OuterPermitUsers    []string `json:"outer_permit_users"`
	HideDept            bool     `json:"hide_dept"`
	DeptPermits         []int64  `json:"dept_permits"`
	UserPermits         []string `json:"user_permits"`
	AutoApproveApply    bool     `json:"auto_approve_apply"`
	MemberCount         int      `json:"member_count"`
	FromUnionOrg        bool     `json:"from_union_org"`
}

// atDept reads the department asked for and runs serve under the lock.
func (c *call) atDept(otherwise int64, serve func(s *staff, d *Department) answer) answer {
	id, ok := c.num("dept_id", otherwise)
	switch {
	case !ok || id == 0:
		return c.plain(400002)
	case id < 0:
		return c.plain(40009) // -7 is the school directory
	}
	s := c.directory()
	s.mu.RLock()
	defer s.mu.RUnlock()
	d := s.depts[id]
	if d == nil {
		return c.plain(60003)
	}
	return serve(s, d)
}

func (c *call) deptGet() answer {
	return c.atDept(0, func(s *staff, d *Department) answer {
		if !s.deptInRange(c.app, d.ID) {
			return c.plain(50004)
		}
		out := department{DeptID: d.ID, Name: d.Name, Order: d.ID, DeptManagers: append([]string{}, d.Managers...),
			CreateDeptGroup: true, AutoAddUser: true, OuterPermitDepts: []int64{}, OuterPermitUsers: []string{},
			DeptPermits: []int64{}, UserPermits: []string{}}
		if d.ID != rootDept {
			out.ParentID = d.parent()
		}
		out.MemberCount = len(s.staffOf(d.ID))
		return c.result(out)
	})
}

// deptListSub lists one level, and of it what the app sees.
func (c *call) deptListSub() answer {
	type sub struct {
		DeptID          int64  `json:"dept_id"`
		Name            string `json:"name"`
		ParentID        int64  `json:"parent_id"`
		CreateDeptGroup bool   `json:"create_dept_group"`
		AutoAddUser     bool   `json:"auto_add_user"`
	}
	return c.atDept(rootDept, func(s *staff, d *Department) answer {
		if d.ID != rootDept && !s.deptInRange(c.app, d.ID) {
			return c.plain(50004)
		}
		subs := []sub{}
		for _, id := range s.subs[d.ID] {
			if s.deptInRange(c.app, id) {
				subs = append(subs, sub{id, s.depts[id].Name, d.ID, true, true})
			}
		}
		return c.result(subs)
	})
}

// deptListSubID is not limited to the app's range.
func (c *call) deptListSubID() answer {
	return c.atDept(rootDept, func(s *staff, d *Department) answer {
		return c.result(struct {
			IDs []int64 `json:"dept_id_list"`
		}{append([]int64{}, s.subs[d.ID]...)})
	})
}

func (c *call) deptParents() answer {
	return c.atDept(0, func(s *staff, d *Department) answer {
		return c.result(struct {
			IDs []int64 `json:"parent_id_list"`
		}{s.chain(d.ID)})
	})
}

// userParents gives one chain per department, not limited to the app's range.
func (c *call) userParents() answer {
	type chain struct {
		IDs []int64 `json:"parent_dept_id_list"`
	}
	userID := c.str("userid")
	if userID == "" {
		return c.plain(400002)
	}
	s := c.directory()
	s.mu.RLock()
	defer s.mu.RUnlock()
	p := s.byID[userID]
	if p == nil || !p.employed() {
		return c.plain(33012)
	}
	chains := []chain{}
	for _, id := range p.Departments {
		chains = append(chains, chain{s.chain(id)})
	}
	return c.result(struct {
		Chains []chain `json:"parent_list"`
	}{chains})
}
