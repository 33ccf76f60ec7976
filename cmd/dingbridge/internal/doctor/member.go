package doctor

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/dingbridge/dingbridge/dingtalk"
)

// permissionNames are those of DingTalk's console, where the operator looks for them.
var permissionNames = map[string]string{
	"qyapi_base":                  "调用企业API时需要具备的基本权限",
	"open_app_api_base":           "调用OpenApp专有API时需要具备的权限",
	"snsapi_base":                 "调用SNS API时需要具备的基本权限",
	"Contact.User.Read":           "通讯录个人信息读权限",
	"qyapi_get_member":            "成员信息读权限",
	"qyapi_get_department_list":   "通讯录部门信息读权限",
	"qyapi_get_department_member": "通讯录部门成员读权限",
	"Contact.Common.Read":         "通讯录基本数据读权限",
}

func permissionValues(permission string) values {
	name := permissionNames[permission]
	if name == "" {
		name = permission
	}
	return values{"permission": permission, "name": name}
}

func (v *visit) grant(permission string) {
	if !slices.Contains(v.granted, permission) {
		v.granted = append(v.granted, permission)
	}
}

// settle notes what a question that needs a permission came to.
func (v *visit) settle(endpoint, call, permission string, f *dingtalk.Error, asked bool) {
	switch {
	case !asked:
	case f != nil:
		v.refuse(endpoint, call, permission, f)
	default:
		v.grant(permission)
	}
}

// members asks what the app may see of people, with the app's token.
func (v *visit) members(ctx context.Context) {
	type question struct {
		endpoint, call, permission string
		ask                        func(context.Context) (dingtalk.Probe, error)
	}
	c := v.org.Client
	needed := []question{
		{oapiHost, dingtalk.CallByUnionID, "qyapi_get_member", c.ProbeByUnionID},
		{oapiHost, dingtalk.CallUser, "qyapi_get_member", c.ProbeUser},
	}
	if v.has("inapp") {
		needed = append(needed, question{oapiHost, dingtalk.CallInApp, "qyapi_base", c.ProbeInApp})
	}
	var r dingtalk.Range
	seen := false
	needed = append(needed, question{oapiHost, dingtalk.CallScopes, "qyapi_base", func(ctx context.Context) (p dingtalk.Probe, err error) {
		r, p, err = c.ProbeRange(ctx)
		seen = err == nil
		return p, err
	}})
	for _, q := range needed {
		if !v.token || v.shut {
			v.skip(q.call)
			continue
		}
		f, asked := v.ask(ctx, q.endpoint, q.call, q.ask)
		v.settle(q.endpoint, q.call, q.permission, f, asked)
	}
	if seen {
		v.sees(r)
	}
	for _, q := range []struct {
		question
		without string // what is found where it is not granted; empty: nothing, and it is too much
	}{
		{question{oapiHost, dingtalk.CallDept, "qyapi_get_department_list", c.ProbeDepartments}, "departments-unread"},
		{question{oapiHost, dingtalk.CallRole, "qyapi_get_department_member", c.ProbeRoles}, ""},
		{question{apiHost, dingtalk.CallLeavers, "Contact.Common.Read", c.ProbeLeavers}, "leavers-unread"},
	} {
		if !v.token || v.shut {
			v.skip(q.call)
			continue
		}
		// No login needs these: that they fail otherwise is no finding.
		switch f, asked := v.ask(ctx, q.endpoint, q.call, q.ask); {
		case asked && f == nil && q.without == "":
			v.find("permission-surplus", permissionValues(q.permission))
		case asked && f == nil:
			v.grant(q.permission)
		case asked && f.Reason != dingtalk.ReasonPermission:
			v.skip(q.call)
		case asked && q.without != "":
			v.lacks(q.without, q.permission, f)
		}
	}
}

// shownIDs is how many ids of departments and people a finding lists.
const shownIDs = 20

// sees tells whom the app may see, and what of them.
func (v *visit) sees(r dingtalk.Range) {
	switch {
	case r.Whole:
		v.find("range-whole", nil)
	case len(r.Departments) == 0 && len(r.People) == 0:
		v.find("range-none", nil)
	default:
		var ids []string
		for _, d := range r.Departments {
			ids = append(ids, strconv.FormatInt(d, 10))
		}
		ids = append(ids, r.People...)
		if len(ids) > shownIDs {
			ids = append(ids[:shownIDs], "…")
		}
		v.find("range-part", values{
			"departments": strconv.Itoa(len(r.Departments)), "people": strconv.Itoa(len(r.People)), "ids": strings.Join(ids, ", "),
		})
	}
	if r.Fields == nil {
		return // DingTalk did not say
	}
	for _, field := range []struct {
		name, permission string
		wanted           bool
	}{
		{"email", "邮箱等个人信息", v.org.ReadsEmail},
		{"mobile", "企业员工手机号信息", v.org.ReadsMobile},
	} {
		switch has := slices.Contains(r.Fields, field.name); {
		case field.wanted && !has:
			v.find("field-missing", values{"field": field.name, "name": field.permission})
		case has && !field.wanted:
			v.find("field-surplus", values{"field": field.name, "name": field.permission})
		}
	}
}
