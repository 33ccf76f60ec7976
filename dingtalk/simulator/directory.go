package simulator

import (
	"slices"
)

// directory is whom the calls of the directory see.
func (c *call) directory() *staff {
	if c.sim.reads(allPeople, "empty") {
		return c.sim.nobody
	}
	return c.sim.staff
}

func (c *call) getByUnionID() answer {
	unionID := c.str("unionid")
	if unionID == "" {
		return c.plain(400002)
	}
	p := c.directory().account(unionID)
	if p == nil || p.Outsider || p.Left {
		return c.plain(60121)
	}
	return c.result(struct {
		ContactType int    `json:"contact_type"`
		UserID      string `json:"userid"`
	}{p.ContactType, p.UserID})
}

// details has the keys and types of /topapi/v2/user/get.
type details struct {
	UserID               string         `json:"userid"`
	UnionID              string         `json:"unionid"`
	Name                 string         `json:"name"`
	Avatar               string         `json:"avatar,omitempty"`
	StateCode            string         `json:"state_code,omitempty"`
	Mobile               string         `json:"mobile,omitempty"`
	HideMobile           bool           `json:"hide_mobile"`
	Telephone            string         `json:"telephone,omitempty"`
	JobNumber            string         `json:"job_number,omitempty"`
	Title                string         `json:"title,omitempty"`
	Email                string         `json:"email,omitempty"`
	OrgEmail             string         `json:"org_email,omitempty"`
	OrgEmailType         string         `json:"org_email_type,omitempty"`
	WorkPlace            string         `json:"work_place,omitempty"`
	Remark               string         `json:"remark,omitempty"`
	Extension            string         `json:"extension,omitempty"`
	HiredDate            int64          `json:"hired_date,omitempty"`
	DeptIDList           []int64        `json:"dept_id_list"`
	DeptOrderList        []deptOrder    `json:"dept_order_list"`
	DeptPositionList     []deptPosition `json:"dept_position_list"`
	LeaderInDept         []leaderInDept `json:"leader_in_dept"`
	RoleList             []roleOfUser   `json:"role_list,omitempty"`
	ManagerUserID        string         `json:"manager_userid,omitempty"`
	Active               bool           `json:"active"`
	RealAuthed           bool           `json:"real_authed"`
	Senior               bool           `json:"senior"`
	Admin                bool           `json:"admin"`
	Boss                 bool           `json:"boss"`
	ExclusiveAccount     bool           `json:"exclusive_account"`
	ExclusiveAccountType string         `json:"exclusive_account_type,omitempty"`
	LoginID              string         `json:"login_id,omitempty"`
	Nickname             string         `json:"nickname,omitempty"`
	ExclusiveCorpID      string         `json:"exclusive_account_corp_id,omitempty"`
	ExclusiveCorpName    string         `json:"exclusive_account_corp_name,omitempty"`
	DisableStatus        *bool          `json:"disable_status,omitempty"`
}

type deptOrder struct {
	DeptID int64 `json:"dept_id"`
	Order  int64 `json:"order"`
}

type deptPosition struct {
	DeptID    int64  `json:"dept_id"`
	Title     string `json:"title"`
	IsMain    bool   `json:"is_main"`
	WorkPlace string `json:"work_place,omitempty"`
}

type leaderInDept struct {
	DeptID int64 `json:"dept_id"`
	Leader bool  `json:"leader"`
}

type roleOfUser struct {
	ID        int64  `json:"id"`
	Name      string `json:"name"`
	GroupName string `json:"group_name"`
}

// userGet answers for an external contact too: the documents do not say what
// DingTalk does, and so only contact_type can tell him from an employee here.
func (c *call) userGet() answer {
	userID := c.str("userid")
	if userID == "" {
		return c.plain(400002)
	}
	if !userIDForm.MatchString(userID) {
		return c.plain(33012)
	}
	s := c.directory()
	s.mu.RLock()
	defer s.mu.RUnlock()
	p := s.byID[userID]
	if p == nil || p.Outsider || p.Left {
		return c.plain(60121)
	}
	if !s.inRange(c.app, p) {
		return c.plain(50002)
	}
	return c.result(s.details(p, c.app))
}

// details tells of p what app may see; the caller holds the lock.
func (s *staff) details(p *Person, app *App) *details {
	d := &details{
		UserID: p.UserID, UnionID: p.UnionID, Name: p.Name, Avatar: p.Avatar, StateCode: p.StateCode,
		HideMobile: p.HideMobile, Telephone: p.Telephone, JobNumber: p.JobNumber, Title: p.Title,
		OrgEmail: p.OrgEmail, OrgEmailType: p.OrgEmailType, HiredDate: p.HiredDate,
		DeptIDList: append([]int64{}, p.Departments...), DeptOrderList: []deptOrder{},
		DeptPositionList: []deptPosition{}, LeaderInDept: []leaderInDept{},
		ManagerUserID: p.ManagerUserID, Active: !p.Inactive, RealAuthed: !p.Unverified, Senior: p.Senior,
		Admin: p.Admin, Boss: p.Boss, ExclusiveAccount: p.ExclusiveAccount,
	}
	if slices.Contains(app.FieldPermissions, fieldCorpMobile) {
		d.Mobile = p.Mobile
	}
	private := slices.Contains(app.FieldPermissions, fieldCorpPrivate)
	if private {
		d.Email, d.WorkPlace, d.Remark, d.Extension = p.Email, p.WorkPlace, p.Remark, p.Extension
	}
	for i, id := range p.Departments {
		pos := deptPosition{DeptID: id, Title: p.Title, IsMain: i == 0}
		if private {
			pos.WorkPlace = p.WorkPlace
		}
		d.DeptOrderList = append(d.DeptOrderList, deptOrder{id, 176293 + int64(i)})
		d.DeptPositionList = append(d.DeptPositionList, pos)
		d.LeaderInDept = append(d.LeaderInDept, leaderInDept{id, slices.Contains(p.Leads, id)})
	}
	for _, id := range p.Roles {
		if r, ok := s.roles[id]; ok {
			d.RoleList = append(d.RoleList, roleOfUser{r.ID, r.Name, r.group.Name})
		}
	}
	if p.ExclusiveAccount {
		d.ExclusiveAccountType, d.LoginID, d.Nickname = p.ExclusiveAccountType, p.LoginID, p.Nick
		d.ExclusiveCorpID, d.ExclusiveCorpName = s.corpID, s.name
		if p.ExclusiveAccountType == "dingtalk" {
			d.DisableStatus = &p.DisableStatus
		}
	}
	return d
}

// userListID is not limited to the app's range.
func (c *call) userListID() answer {
	return c.atDept(0, func(s *staff, d *Department) answer {
		return c.result(struct {
			UserIDs []string `json:"userid_list"`
		}{append([]string{}, s.staffOf(d.ID)...)})
	})
}

// staffOf lists the employees of one department; the caller holds the lock.
func (s *staff) staffOf(dept int64) []string {
	if known := s.inDept.Load(); known != nil {
		return (*known)[dept]
	}
	all := map[int64][]string{}
	for _, id := range s.order {
		if p := s.byID[id]; p.employed() {
			for _, d := range p.Departments {
				all[d] = append(all[d], id)
			}
		}
	}
	s.inDept.Store(&all)
	return all[dept]
}

// members lists the employees that match; the caller holds the lock.
func (s *staff) members(match func(*Person) bool) []string {
	ids := []string{}
	for _, id := range s.order {
		if p := s.byID[id]; p.employed() && match(p) {
			ids = append(ids, id)
		}
	}
	return ids
}

func (c *call) authScopes() answer {
	type orgScopes struct {
		Users []string `json:"authed_user"`
		Depts []int64  `json:"authed_dept"`
	}
	fields := []string{"name", "userid", "unionid", "avatar", "dept_id_list", "job_number", "title"}
	if slices.Contains(c.app.FieldPermissions, fieldCorpMobile) {
		fields = append(fields, "mobile")
	}
	if slices.Contains(c.app.FieldPermissions, fieldCorpPrivate) {
		fields = append(fields, "email", "work_place", "remark", "extension")
	}
	return c.ok(struct {
		ErrCode   int       `json:"errcode"`
		Scopes    orgScopes `json:"auth_org_scopes"`
		Fields    []string  `json:"auth_user_field"`
		Condition []string  `json:"condition_field"`
	}{0, orgScopes{append([]string{}, c.app.Range.People...), append([]int64{}, c.app.Range.Departments...)}, fields, []string{}})
}
