package dingtalk

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
)

func TestParents(t *testing.T) {
	u := newUpstream()
	golden(t, u, CallParents, `POST /topapi/v2/department/listparentbyuser?access_token=`+appTokenValue+` {"userid":"`+userID+`"}`, parentsJSON)
	chains, err := dial(t, u).Parents(t.Context(), userID)
	if err != nil || !reflect.DeepEqual(chains, wantParents) {
		t.Errorf("%v, %v", chains, err)
	}
}

// parentList is an answer with these chains.
func parentList(chains ...string) string {
	for i, ids := range chains {
		chains[i] = `{"parent_dept_id_list":[` + ids + `]}`
	}
	return `{"errcode":0,"errmsg":"ok","result":{"parent_list":[` + strings.Join(chains, ",") + `]}}`
}

// count writes n ids from the first down, and then the root.
func count(first, n int) string {
	var ids strings.Builder
	for i := range n {
		fmt.Fprint(&ids, first-i, ",")
	}
	return ids.String() + "1"
}

func TestU12_ParentsAreWholeChainsOrNothing(t *testing.T) {
	many := make([]string, maxChains)
	for i := range many {
		many[i] = count(1000+i, 1)
	}
	for name, test := range map[string]struct {
		body  string
		chain int // length of the first; 0 = refused
	}{
		"root alone":      {parentList("1"), 1},
		"as deep as may":  {parentList(count(1000, maxChain-1)), maxChain},
		"too deep":        {parentList(count(1000, maxChain)), 0},
		"as many as may":  {parentList(append([]string{}, many...)...), 2},
		"too many":        {parentList(append([]string{"1"}, many...)...), 0},
		"no chain":        {parentList(), 0},
		"empty chain":     {parentList("5,1", ""), 0},
		"not up to root":  {parentList("5"), 0},
		"past the root":   {parentList("5,1,7"), 0},
		"root first":      {parentList("1,5"), 0},
		"root twice":      {parentList("1,1"), 0},
		"loop":            {parentList("5,7,5,1"), 0},
		"nought":          {parentList("0,1"), 0},
		"negative":        {parentList("-7,1"), 0},
		"minus nought":    {parentList("-0,1"), 0},
		"a fraction":      {parentList("5.0,1"), 0},
		"an exponent":     {parentList("1e2,1"), 0},
		"too large":       {parentList("9223372036854775808,1"), 0},
		"the largest":     {parentList("9223372036854775807,1"), 2},
		"a string":        {parentList(`"5",1`), 0},
		"a null":          {parentList("null,1"), 0},
		"a list in it":    {parentList("[5],1"), 0},
		"null chain":      {strings.Replace(parentsJSON, "[432825033,1]", "null", 1), 0},
		"chain a number":  {strings.Replace(parentsJSON, "[432825033,1]", "1", 1), 0},
		"no name":         {strings.Replace(parentsJSON, `"parent_dept_id_list":[432825033,1]`, "", 1), 0},
		"bare chains":     {`{"errcode":0,"result":{"parent_list":[[5,1]]}}`, 0},
		"one chain":       {`{"errcode":0,"result":{"parent_list":{"parent_dept_id_list":[5,1]}}}`, 0},
		"null":            {`{"errcode":0,"result":{"parent_list":null}}`, 0},
		"of a department": {`{"errcode":0,"result":{"parent_id_list":[5,1]}}`, 0},
		"twice":           {strings.Replace(parentsJSON, `"parent_list"`, `"parent_list":[],"parent_list"`, 1), 0},
		"at the top":      {`{"errcode":0,"parent_list":[{"parent_dept_id_list":[5,1]}]}`, 0},
		"and failed":      {strings.Replace(parentsJSON, `"errcode":0`, `"errcode":33012`, 1), 0},
	} {
		t.Run(name, func(t *testing.T) {
			chains, fault := decodeParents(200, []byte(test.body))
			switch {
			case test.chain > 0 && (fault != nil || len(chains[0]) != test.chain):
				t.Errorf("%v, %v", chains, fault)
			case test.chain == 0 && (fault == nil || chains != nil || fault.Reason != ReasonStrange):
				t.Errorf("%v, %v", chains, fault)
			}
		})
	}
	mutate(t, parentsJSON, func(member, kind, body string) {
		chains, fault := decodeParents(200, []byte(body))
		another := member == "parent_dept_id_list" && kind == "[1]" // a good answer, though another
		if fault == nil && !another && !reflect.DeepEqual(chains, wantParents) {
			t.Errorf("%s %s: %v from %s", member, kind, chains, body)
		}
	})
}

// Nothing that is said here is a ground for ending anything.
func TestU7_ParentsThrowNobodyOut(t *testing.T) {
	for _, body := range []string{strangerJSON, `{"errcode":60120,"errmsg":"x"}`, `{"errcode":33012,"errmsg":"x"}`, `{"errcode":60003,"errmsg":"x"}`} {
		u := newUpstream()
		u.answer(CallParents, 200, body)
		_, err := dial(t, u).Parents(t.Context(), userID)
		if e, ok := err.(*Error); !ok || e.Gone() || e.Transient() {
			t.Errorf("%s: %v", body, err)
		}
	}
	u := newUpstream()
	u.answer(CallParents, 200, strings.ReplaceAll(noPermissionOld, "qyapi_get_member", "qyapi_get_department_list"))
	_, err := dial(t, u).Parents(t.Context(), userID)
	if e := want(t, err, ReasonPermission); e.Permission != "qyapi_get_department_list" {
		t.Errorf("%+v", e)
	}
}
