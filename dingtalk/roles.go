package dingtalk

import "context"

// CallRoles asks for the roles there are.
const CallRoles = "role/list" // POST /topapi/role/list

const (
	rolesPage  = 200 // DingTalk gives no more at once
	rolesPages = 50
)

// Roles asks for all roles of the organisation, in DingTalk's order. It is in the sweep's
// lane. The error is an *Error.
func (c *Client) Roles(ctx context.Context) ([]Role, error) {
	ctx = InSweep(ctx)
	var all []Role
	known := map[int64]bool{}
	for page := range rolesPages {
		roles, more, fault := c.rolesFrom(ctx, page*rolesPage)
		if fault != nil {
			return nil, fault
		}
		for _, r := range roles {
			if !known[r.ID] { // pages shift if a role is made meanwhile
				known[r.ID] = true
				all = append(all, r)
			}
		}
		if !more {
			return all, nil
		}
	}
	e := strange("the roles do not end")
	e.Call = CallRoles
	return nil, e
}

// rolesFrom asks for one page.
func (c *Client) rolesFrom(ctx context.Context, offset int) (roles []Role, more bool, fault *Error) {
	fault = c.ask(ctx, CallRoles, c.oapi.JoinPath("topapi/role/list"), struct {
		Size   int `json:"size"`
		Offset int `json:"offset"`
	}{rolesPage, offset}, func(a answer) (f *Error) {
		roles, more, f = decodeRoles(a.status, a.body)
		return f
	})
	return roles, more, fault
}

// decodeRoles reads the answer of role/list.
func decodeRoles(status int, body []byte) (roles []Role, more bool, fault *Error) {
	o, fault := oldAnswer(status, body, "hasMore", "list")
	if fault != nil {
		return nil, false, fault
	}
	if !o.has("list") || o.null("list") {
		o.fail("list", "is missing")
	}
	more = o.flag("hasMore")
	o.each("list", []string{"name", "roles"}, func(group *object) {
		name := group.text("name")
		group.each("roles", []string{"id", "name"}, func(r *object) {
			roles = append(roles, Role{ID: r.integer("id"), Name: r.text("name"), Group: name})
			if roles[len(roles)-1].ID <= 0 {
				r.fail("id", "is no role")
			}
		})
	})
	if o.err != nil {
		return nil, false, o.fault()
	}
	return roles, more, nil
}
