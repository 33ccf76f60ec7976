package dingtalk

import "context"

// CallListSub asks for the departments directly below one.
const CallListSub = "department/listsub" // POST /topapi/v2/department/listsub

const maxDepartments = 10_000 // of an organisation, as far as Departments goes

// A Department is one of the organisation's. Its name is the organisation's word, not
// unique, and foreign: escape and cap it where it is used.
type Department struct {
	ID     int64
	Parent int64 // 0 for the root
	Name   string
}

// Departments calls each with every department that the app may see, those above before
// those below, level by level. It is in the sweep's lane, as it may take long: one question
// per department. The error is what each returned, which ends it, or an *Error.
func (c *Client) Departments(ctx context.Context, each func(Department) error) error {
	ctx = InSweep(ctx)
	seen, fault := c.appRange(ctx, func(answer) {})
	if fault != nil {
		return fault
	}
	var queue []int64
	known := map[int64]bool{}
	tell := func(d Department) error {
		if known[d.ID] { // named by the range, and below another that is
			return nil
		}
		if len(known) == maxDepartments {
			e := strange("there are more departments than are asked for")
			e.Call = CallListSub
			return e
		}
		known[d.ID] = true
		queue = append(queue, d.ID)
		return each(d)
	}
	for _, id := range seen.Departments {
		top, fault := c.department(ctx, id)
		if fault != nil {
			return fault
		}
		if err := tell(top); err != nil {
			return err
		}
	}
	for ; len(queue) > 0; queue = queue[1:] {
		below, fault := c.departmentsBelow(ctx, queue[0])
		if fault != nil {
			return fault
		}
		for _, d := range below {
			if err := tell(d); err != nil {
				return err
			}
		}
	}
	return nil
}

// department asks for one department.
func (c *Client) department(ctx context.Context, id int64) (d Department, fault *Error) {
	fault = c.ask(ctx, CallDept, c.oapi.JoinPath("topapi/v2/department/get"), struct {
		ID       int64  `json:"dept_id"`
		Language string `json:"language"`
	}{id, "zh_CN"}, func(a answer) (f *Error) {
		d, f = decodeDepartment(a.status, a.body, id)
		return f
	})
	return d, fault
}

// departmentsBelow asks for those directly below one, as far as the app may see them.
func (c *Client) departmentsBelow(ctx context.Context, id int64) (all []Department, fault *Error) {
	fault = c.ask(ctx, CallListSub, c.oapi.JoinPath("topapi/v2/department/listsub"), struct {
		ID       int64  `json:"dept_id"`
		Language string `json:"language"`
	}{id, "zh_CN"}, func(a answer) (f *Error) {
		all, f = decodeListSub(a.status, a.body, id)
		return f
	})
	return all, fault
}

var departmentFields = []string{"dept_id", "parent_id", "name"}

// readDepartment reads one department out of an answer. Only the root has no parent.
func readDepartment(o *object) Department {
	d := Department{ID: o.integer("dept_id"), Name: o.text("name")}
	if d.ID != rootDepartment {
		d.Parent = o.integer("parent_id")
	}
	if d.ID <= 0 || d.Parent <= 0 && d.ID != rootDepartment || d.Parent == d.ID {
		o.fail("dept_id", "or parent_id is no department")
	}
	return d
}

// decodeDepartment reads the answer of department/get.
func decodeDepartment(status int, body []byte, id int64) (Department, *Error) {
	o, fault := oldAnswer(status, body, departmentFields...)
	if fault != nil {
		return Department{}, fault
	}
	d := readDepartment(o)
	switch {
	case o.err != nil:
		return Department{}, o.fault()
	case d.ID != id:
		return Department{}, strange("asked for one department, answered about another")
	}
	return d, nil
}

// decodeListSub reads the answer of department/listsub, whose result is an array.
func decodeListSub(status int, body []byte, parent int64) (all []Department, fault *Error) {
	o, fault := oldSuccess(status, body, oldEnvelope)
	if fault != nil {
		return nil, fault
	}
	if !o.has("result") || o.null("result") {
		o.fail("result", "is missing")
	}
	o.each("result", departmentFields, func(inner *object) {
		d := readDepartment(inner)
		if d.Parent != parent {
			inner.fail("parent_id", "is not the department asked about")
		}
		all = append(all, d)
	})
	if o.err != nil {
		return nil, o.fault()
	}
	return all, nil
}
