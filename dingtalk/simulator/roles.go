package simulator

import "slices"

func in(ids []int64, id int64) bool { return slices.Contains(ids, id) }

// pageOf reads size and offset; the refusal is nil when they are right.
func (c *call) pageOf(defaultSize, maxSize int64) (size, offset int, refusal *answer) {
	n, ok := c.num("size", defaultSize)
	if !ok || n < 1 || n > maxSize {
		a := c.plain(40069)
		return 0, 0, &a
	}
	from, ok := c.num("offset", 0)
	if !ok || from < 0 || from > 1<<30 {
		a := c.plain(40068)
		return 0, 0, &a
	}
	return int(n), int(from), nil
}

// roleList pages by role and puts each page's roles into their groups.
func (c *call) roleList() answer {
	type role struct {
		ID   int64  `json:"id"`
		Name string `json:"name"`
	}
	type group struct {
		GroupID int64  `json:"groupId"`
		Name    string `json:"name"`
		Roles   []role `json:"roles"`
	}
	size, offset, refusal := c.pageOf(20, 200)
	if refusal != nil {
		return *refusal
	}
	s := c.directory()
	s.mu.RLock()
	defer s.mu.RUnlock()
	out := struct {
		HasMore bool    `json:"hasMore"`
		List    []group `json:"list"`
	}{List: []group{}}
	n := 0
	for _, g := range s.groups {
		page := group{g.ID, g.Name, nil}
		for _, r := range g.Roles {
			if n >= offset && n < offset+size {
				page.Roles = append(page.Roles, role(r))
			}
			n++
		}
		if page.Roles != nil {
			out.List = append(out.List, page)
		}
	}
	out.HasMore = n > offset+size
	return c.result(out)
}

// roleGet keeps its payload at the top level.
func (c *call) roleGet() answer {
	type role struct {
		GroupID int64  `json:"groupId"`
		Name    string `json:"name"`
	}
	id, ok := c.num("roleId", 0)
	s := c.directory()
	s.mu.RLock()
	defer s.mu.RUnlock()
	r, known := s.roles[id]
	if !ok || !known {
		return c.plain(33011)
	}
	return c.ok(struct {
		ErrCode   int    `json:"errcode"`
		ErrMsg    string `json:"errmsg"`
		Role      role   `json:"role"`
		RequestID string `json:"request_id"`
	}{0, "ok", role{r.group.ID, r.Name}, oldRequestID()})
}

func (c *call) roleMembers() answer {
	type scope struct {
		DeptID int64  `json:"dept_id"`
		Name   string `json:"name"`
	}
	type member struct {
		UserID       string  `json:"userid"`
		Name         string  `json:"name"`
		ManageScopes []scope `json:"manageScopes"`
	}
	id, ok := c.num("role_id", 0)
	size, offset, refusal := c.pageOf(20, 100)
	if refusal != nil {
		return *refusal
	}
	s := c.directory()
	s.mu.RLock()
	defer s.mu.RUnlock()
	if _, known := s.roles[id]; !ok || !known {
		return c.plain(33011)
	}
	all := s.members(func(p *Person) bool { return in(p.Roles, id) })
	first := min(offset, len(all))
	last := min(first+size, len(all))
	out := struct {
		HasMore bool     `json:"hasMore"`
		List    []member `json:"list"`
	}{HasMore: last < len(all), List: []member{}}
	for _, userID := range all[first:last] {
		p := s.byID[userID]
		scopes := []scope{}
		for _, d := range p.Leads {
			scopes = append(scopes, scope{d, s.depts[d].Name})
		}
		out.List = append(out.List, member{userID, p.Name, scopes})
	}
	return c.result(out)
}
