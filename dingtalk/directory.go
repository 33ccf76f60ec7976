package dingtalk

import (
	"context"
	"net/url"
	"strconv"
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
	Leader           bool // leads at least one department
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
	fault = c.askUser(ctx, userID, func(a answer) (f *Error) {
		member, f = decodeUser(a.status, a.body, unionID, userID)
		return f
	})
	if fault != nil {
		return Member{}, fault
	}
	member.CorpID = c.corpID
	return member, nil
}

// Lookup asks the directory who has a userId now. It is for those already known, and
// admits nobody: it is one answer only, and what kind of contact it is about is not in
// it. Whose unionId comes back is for the caller to compare: another than the recorded
// one is an account that migrated or a userId given away, and not a leaver.
//
// [Error.Gone] here says that nobody active has this userId. It ends whoever is recorded
// under it and nobody else; a userId that was never anybody's is gone as well, and there
// is no record for that to end.
func (c *Client) Lookup(ctx context.Context, userID string) (Member, error) {
	if !isID(userID) {
		return Member{}, oddUserID(CallUser)
	}
	var member Member
	fault := c.askUser(ctx, userID, func(a answer) (f *Error) {
		member, f = decodeLookup(a.status, a.body, userID)
		return f
	})
	if fault != nil {
		return Member{}, fault
	}
	member.CorpID = c.corpID
	return member, nil
}

func oddUserID(call string) *Error {
	e := strange("the userId is empty or not an id")
	e.Call = call
	return e
}

func (c *Client) askUser(ctx context.Context, userID string, decode func(answer) *Error) *Error {
	return c.ask(ctx, CallUser, c.user, struct {
		UserID   string `json:"userid"`
		Language string `json:"language"`
	}{userID, "zh_CN"}, decode)
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
