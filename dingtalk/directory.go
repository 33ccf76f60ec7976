package dingtalk

import (
	"context"
	"net/url"
	"strconv"
	"strings"
)

// A Member is an employee of the organisation as its directory has them now. The ids
// are checked; all other fields are the directory's words as they are, empty where
// it says nothing or the app may not read them. Texts are foreign: escape and cap
// them where they are used.
type Member struct {
	CorpID      string
	UserID      string // unique in the organisation, case-sensitive
	UnionID     string // as asked for
	Name        string // the organisation's name for the person, not unique
	Avatar      string // URL
	OrgEmail    string // mailbox of the organisation's mail product
	Email       string // typed in by an administrator, verified by nobody
	StateCode   string // country calling code without plus
	Mobile      string // never masked: a masked one is left out
	Telephone   string
	JobNumber   string
	Title       string
	Manager     string  // userId of the direct manager
	Departments []int64 // ids; 1 is the root
	Roles       []Role

	Active           bool // has activated DingTalk; says nothing about being enabled
	Admin            bool // administers the organisation in DingTalk
	Boss             bool
	ExclusiveAccount bool // an account owned by the organisation
}

// A Role is a role (label) that the organisation has given to a member.
type Role struct {
	ID    int64
	Name  string
	Group string // name of the group of roles it is in
}

// Member asks the organisation's directory, with the app's own token, who unionID
// is there. It returns a Member only for an employee who is not disabled, on two
// answers that agree (promise U1). The error is an *Error; see [Error.Gone] for what
// may be concluded from it.
func (c *Client) Member(ctx context.Context, unionID string) (Member, error) {
	if !isID(unionID) {
		e := strange("the unionId is empty or not an id")
		e.Call = CallByUnionID
		return Member{}, e
	}

	var userID string
	fault := c.ask(ctx, CallByUnionID, c.byUnionID, struct {
		UnionID string `json:"unionid"`
	}{unionID}, func(a answer) (f *Error) {
		userID, f = decodeByUnionID(a.status, a.body)
		return f
	})
	if fault != nil {
		return Member{}, fault
	}

	var member Member
	fault = c.ask(ctx, CallUser, c.user, struct {
		UserID   string `json:"userid"`
		Language string `json:"language"`
	}{userID, "zh_CN"}, func(a answer) (f *Error) {
		member, f = decodeUser(a.status, a.body, unionID, userID)
		return f
	})
	if fault != nil {
		return Member{}, fault
	}
	member.CorpID = c.corpID
	return member, nil
}

// ask sends a read of the old API with the app's token.
func (c *Client) ask(ctx context.Context, call string, to *url.URL, question any, decode func(answer) *Error) *Error {
	return c.askAsApp(ctx, request{call: call, url: to, repeatable: true}, question, decode)
}

// decodeByUnionID reads the answer of getbyunionid.
func decodeByUnionID(status int, body []byte) (userID string, fault *Error) {
	o, fault := oldAnswer(status, body, "userid", "contact_type")
	if fault != nil {
		return "", fault
	}
	userID = o.id("userid")
	kind := o.integer("contact_type")
	switch {
	case o.err != nil:
		return "", o.fault()
	case kind == 1:
		return "", &Error{Reason: ReasonOutsider, Code: "contact_type " + strconv.FormatInt(kind, 10)}
	case kind != 0:
		return "", strange("contact_type is neither employee nor external contact")
	}
	return userID, nil
}

// decodeUser reads the answer of user/get and refuses it unless it is about the
// person asked for.
func decodeUser(status int, body []byte, unionID, userID string) (Member, *Error) {
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
	case m.UnionID != unionID:
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
	"job_number", "title", "manager_userid", "dept_id_list", "role_list", "active", "admin", "boss",
	"exclusive_account", "disable_status",
}
