package dingtalk

import (
	"context"
	"slices"
)

// CallParents asks for the departments above a person's own.
const CallParents = "department/listparentbyuser" // POST /topapi/v2/department/listparentbyuser

const (
	rootDepartment = 1
	maxChains      = 200 // departments of one person
	maxChain       = 50  // levels of an organisation
)

// Parents asks for the departments of a person with all that are above them: one chain
// per department, itself first and the root last. The error is an *Error and never a
// ground for ending anything; whoever has left is not told from an odd question here.
func (c *Client) Parents(ctx context.Context, userID string) ([][]int64, error) {
	if !isID(userID) {
		return nil, oddUserID(CallParents)
	}
	var chains [][]int64
	fault := c.ask(ctx, CallParents, c.oapi.JoinPath("topapi/v2/department/listparentbyuser"), struct {
		UserID string `json:"userid"`
	}{userID}, func(a answer) (f *Error) {
		chains, f = decodeParents(a.status, a.body)
		return f
	})
	if fault != nil {
		return nil, fault
	}
	return chains, nil
}

// decodeParents reads the answer of listparentbyuser. Somebody's groups hang on it, so
// it is a set of whole chains or nothing: everybody is in the root at the least
// (promise U12).
func decodeParents(status int, body []byte) ([][]int64, *Error) {
	o, fault := oldAnswer(status, body, "parent_list")
	if fault != nil {
		return nil, fault
	}
	var chains [][]int64
	o.each("parent_list", []string{"parent_dept_id_list"}, func(inner *object) {
		if len(chains) == maxChains {
			inner.fail("parent_list", "is too long")
			return
		}
		chain := inner.integers("parent_dept_id_list")
		if !isChain(chain) {
			inner.fail("parent_dept_id_list", "is no chain of departments up to the root")
		}
		chains = append(chains, chain)
	})
	switch {
	case o.err != nil:
		return nil, o.fault()
	case len(chains) == 0:
		return nil, strange("parent_list is missing or empty")
	}
	return chains, nil
}

// isChain reports whether departments are a way up to the root that comes by each once.
func isChain(ids []int64) bool {
	if len(ids) == 0 || len(ids) > maxChain || ids[len(ids)-1] != rootDepartment {
		return false
	}
	for i, id := range ids {
		if id <= 0 || slices.Contains(ids[:i], id) {
			return false
		}
	}
	return true
}
