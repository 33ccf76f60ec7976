package dingtalk

import "strings"

// decodeUser reads the answer of user/get and refuses it unless it is about the
// person asked for.
func decodeUser(status int, body []byte, unionID, userID string) (Member, *Error) {
	return decodeMember(status, body, userID, func(m Member) bool { return m.UnionID == unionID })
}

// decodeLookup is decodeUser where only the userid was asked for.
func decodeLookup(status int, body []byte, userID string) (Member, *Error) {
	return decodeMember(status, body, userID, func(Member) bool { return true })
}

func decodeMember(status int, body []byte, userID string, same func(Member) bool) (Member, *Error) {
	o, fault := oldAnswer(status, body, memberFields...)
	if fault != nil {
		return Member{}, fault
	}
	m := Member{
		UserID:           o.id("userid"),
		UnionID:          o.id("unionid"),
		Name:             o.text("name"),
		Avatar:           o.text("avatar"),
		OrgEmail:         o.text("org_email"),
		Email:            o.text("email"),
		StateCode:        o.text("state_code"),
		Mobile:           o.text("mobile"),
		Telephone:        o.text("telephone"),
		JobNumber:        o.text("job_number"),
		Title:            o.text("title"),
		Manager:          o.text("manager_userid"),
		Departments:      o.integers("dept_id_list"),
		Active:           o.flag("active"),
		Admin:            o.flag("admin"),
		Boss:             o.flag("boss"),
		ExclusiveAccount: o.flag("exclusive_account"),
	}
	o.each("role_list", []string{"id", "name", "group_name"}, func(r *object) {
		m.Roles = append(m.Roles, Role{ID: r.integer("id"), Name: r.text("name"), Group: r.text("group_name")})
	})
	o.each("leader_in_dept", []string{"dept_id", "leader"}, func(d *object) {
		d.integer("dept_id")
		m.Leader = d.flag("leader") || m.Leader
	})
	// An account that is or may be switched off must not pass: here even null, which
	// elsewhere means absent, is an answer that nobody understands.
	disabled := o.flag("disable_status")
	if o.has("disable_status") && o.null("disable_status") {
		return Member{}, strange("disable_status is null")
	}
	switch {
	case o.err != nil:
		return Member{}, o.fault()
	case m.UserID != userID:
		return Member{}, strange("asked for one userid, answered about another")
	case !same(m):
		return Member{}, strange("asked for one unionid, answered about another")
	case disabled:
		return Member{}, &Error{Reason: ReasonDisabled, Code: "disable_status"}
	}
	if strings.Contains(m.Mobile, "*") {
		m.Mobile = ""
	}
	return m, nil
}

var memberFields = []string{
	"userid", "unionid", "name", "avatar", "org_email", "email", "state_code", "mobile", "telephone",
	"job_number", "title", "manager_userid", "dept_id_list", "role_list", "leader_in_dept",
	"active", "admin", "boss", "exclusive_account", "disable_status",
}
