package dingtalk

import (
	"context"
	"errors"
)

// Calls of Anybody, besides those of others.
const (
	CallListID    = "user/listid"          // POST /topapi/user/listid
	CallListSubID = "department/listsubid" // POST /topapi/v2/department/listsubid
)

// anybodyCalls bounds how many questions one Anybody asks, besides the app token's.
const anybodyCalls = 10

// Anybody finds somebody whom the directory confirms now, whoever it is: a sign that it
// answers, and that "not one of yours" is not its word about everyone. It begins with what
// the app may see and goes down the departments until it has met a person. Which
// organisation that is in, it does not say: see [Client.ProbeCorp].
//
// The error is an *Error and never one for which [Error.Gone] holds.
func (c *Client) Anybody(ctx context.Context) (userID string, err error) {
	seen, fault := c.appRange(ctx, func(answer) {})
	if fault != nil {
		return "", fault
	}
	left := anybodyCalls - 1
	confirmed := func(people []string) (string, *Error) {
		for _, id := range people[:min(len(people), 3)] { // the rest are likely to be as these
			if left--; left < 0 {
				break
			}
			_, err := c.Lookup(ctx, id)
			if err == nil {
				return id, nil
			}
			if fault, ok := errors.AsType[*Error](err); ok && !aboutOne(fault) {
				return "", fault
			}
		}
		return "", nil
	}
	if id, fault := confirmed(seen.People); id != "" || fault != nil {
		return id, orNil(fault)
	}
	var barred *Error // from going down, which is a matter of its own permission
	for queue := seen.Departments; len(queue) > 0 && left > 0; queue = queue[1:] {
		left--
		people, fault := c.peopleOf(ctx, queue[0])
		if fault != nil && !aboutOne(fault) {
			return "", fault
		}
		if id, fault := confirmed(people); id != "" || fault != nil {
			return id, orNil(fault)
		}
		if left--; left < 0 {
			break
		}
		below, fault := c.below(ctx, queue[0])
		switch {
		case fault == nil:
			queue = append(queue, below...)
		case fault.Reason == ReasonPermission:
			barred = fault
		case !aboutOne(fault):
			return "", fault
		}
	}
	if barred != nil {
		return "", barred
	}
	return "", &Error{Reason: ReasonOutOfRange, Call: CallListID, Err: errors.New("nobody was found in the app's range")}
}

// aboutOne tells whether a refusal may be the matter of one person or department, so that
// the next is worth a question. None of these leaves Anybody.
func aboutOne(f *Error) bool {
	switch f.Reason {
	case ReasonOutsider, ReasonDisabled, ReasonOutOfRange, ReasonStrange:
		return true
	}
	return false
}

// orNil keeps a nil *Error from becoming an error that is not nil.
func orNil(f *Error) error {
	if f == nil {
		return nil
	}
	return f
}

// peopleOf asks who is directly in a department.
func (c *Client) peopleOf(ctx context.Context, department int64) (people []string, fault *Error) {
	fault = c.ask(ctx, CallListID, c.oapi.JoinPath("topapi/user/listid"), struct {
		ID int64 `json:"dept_id"`
	}{department}, func(a answer) (f *Error) {
		people, f = decodeListID(a.status, a.body)
		return f
	})
	return people, fault
}

// decodeListID reads the answer of user/listid.
func decodeListID(status int, body []byte) ([]string, *Error) {
	o, fault := oldAnswer(status, body, "userid_list")
	if fault != nil {
		return nil, fault
	}
	people := o.strings("userid_list")
	for _, id := range people {
		if !isID(id) {
			o.fail("userid_list", "holds something other than ids")
		}
	}
	if o.err != nil {
		return nil, o.fault()
	}
	return people, nil
}

// below asks which departments are directly below one.
func (c *Client) below(ctx context.Context, department int64) (ids []int64, fault *Error) {
	fault = c.ask(ctx, CallListSubID, c.oapi.JoinPath("topapi/v2/department/listsubid"), struct {
		ID int64 `json:"dept_id"`
	}{department}, func(a answer) (f *Error) {
		ids, f = decodeListSubID(a.status, a.body)
		return f
	})
	return ids, fault
}

// decodeListSubID reads the answer of department/listsubid.
func decodeListSubID(status int, body []byte) ([]int64, *Error) {
	o, fault := oldAnswer(status, body, "dept_id_list")
	if fault != nil {
		return nil, fault
	}
	ids := o.integers("dept_id_list")
	for _, id := range ids {
		if id <= 0 {
			o.fail("dept_id_list", "holds something other than departments")
		}
	}
	if o.err != nil {
		return nil, o.fault()
	}
	return ids, nil
}
