package doctor

import (
	"cmp"
	"context"
	"errors"
	"net/url"
	"slices"
	"strconv"

	"github.com/dingbridge/dingbridge/dingtalk"
)

// refuse makes a finding of a refusal, and notes what need not be asked any more.
// permission is the one that the call needs.
func (v *visit) refuse(endpoint, call, permission string, f *dingtalk.Error) {
	if f.Call == dingtalk.CallAppToken {
		endpoint, call = apiHost, f.Call // it failed on the way to its own question
	}
	switch {
	case errors.Is(f.Err, context.Canceled):
		v.skip(call)
	case f.Reason == dingtalk.ReasonClock:
		v.clockRefused = f
		v.skip(call)
	case f.OutsideAllowlist():
		v.shut = true
		v.tell("address-refused", values{"address": cmp.Or(f.RequestIP(), "?")}, f)
		v.skip(call)
	case f.Reason == dingtalk.ReasonPermission:
		v.lacks("permission-missing", cmp.Or(f.Permission, permission), f)
	case f.Code == "90020" || f.Code == "Forbidden.AccessDenied.ApiCountLimitForOrg":
		v.tell("quota-used", nil, f)
	case f.Code == "1111":
		v.shut = true
		v.down[apiHost], v.down[oapiHost] = true, true
		v.tell("dingtalk-blocked", nil, f)
		v.skip(call)
	case f.Reason == dingtalk.ReasonThrottled:
		v.tell("dingtalk-throttled", values{"call": call}, f)
		v.skip(call)
	case f.Reason == dingtalk.ReasonUnavailable:
		v.unavailable(endpoint, f)
		v.skip(call)
	case slices.Contains([]string{"50003", "50005", "70001"}, f.Code):
		v.tell("app-disabled", values{"client_id": v.org.Client.ClientID()}, f)
	case f.Reason == dingtalk.ReasonConfig:
		v.tell("refused", values{"call": call}, f)
	default:
		v.tell("dingtalk-strange", values{"endpoint": endpoint, "host": v.host(endpoint), "call": call, "reason": reasonOf(f)}, f)
		v.skip(call)
	}
}

// unavailable tells apart a host that does not answer from one that answers with
// something else.
func (v *visit) unavailable(endpoint string, f *dingtalk.Error) {
	val := values{"endpoint": endpoint, "host": v.host(endpoint)}
	switch {
	case f.Status == 0 && errors.Is(f.Err, context.DeadlineExceeded):
		v.down[endpoint] = true
		v.find("dingtalk-slow", val)
	case f.Status == 0:
		v.down[endpoint] = true
		val["reason"] = reasonOf(f)
		v.find("dingtalk-unreachable", val)
	default:
		v.tell("dingtalk-failing", values{"host": val["host"], "reason": reasonOf(f)}, f)
	}
}

// reasonOf is what is known of a failure, in a few words.
func reasonOf(f *dingtalk.Error) string {
	switch {
	case f.Err != nil && f.Status >= 400:
		return "status " + strconv.Itoa(f.Status) + ", " + f.Err.Error()
	case f.Err != nil:
		return f.Err.Error()
	case f.Code != "":
		return "code " + f.Code
	}
	return "status " + strconv.Itoa(f.Status)
}

// lacks tells, as a finding of the kind id, that the app has not a permission, and where
// to apply for it.
func (v *visit) lacks(id, permission string, f *dingtalk.Error) {
	val := permissionValues(permission)
	val["link"] = cmp.Or(f.ApplyURL(),
		"https://open-dev.dingtalk.com/appscope/apply?content="+url.QueryEscape(v.org.Client.ClientID()+"#"+permission))
	v.tell(id, val, f)
}
