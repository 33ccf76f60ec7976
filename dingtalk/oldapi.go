package dingtalk

import (
	"errors"
	"net/http"
	"strconv"
	"strings"
)

// The old API answers 200 always, with {"errcode":0,"result":{...}} or another
// errcode. Errors of its gateway (token, permission, limits) come wrapped in 88.

var (
	oldEnvelope = []string{"errcode", "errmsg", "sub_code", "sub_msg", "request_id", "result", "status", "punish"}
	snsEnvelope = []string{"errcode", "errmsg", "sub_code", "sub_msg", "request_id", "user_info", "status", "punish"}
)

// oldAnswer reads an answer of the old API and returns its result with the members
// wanted, or why there is none.
func oldAnswer(status int, body []byte, wanted ...string) (*object, *Error) {
	return oldContent(status, body, oldEnvelope, "result", wanted)
}

// snsAnswer does so for the paths under /sns, which have a user_info and no result.
func snsAnswer(status int, body []byte, wanted ...string) (*object, *Error) {
	return oldContent(status, body, snsEnvelope, "user_info", wanted)
}

func oldContent(status int, body []byte, envelope []string, member string, wanted []string) (*object, *Error) {
	o, fault := oldSuccess(status, body, envelope)
	if fault != nil {
		return nil, fault
	}
	result := o.inner(member, wanted)
	if result.err != nil {
		return nil, result.fault()
	}
	return result, nil
}

// oldSuccess reads an answer of the old API and returns it whole if it is no failure.
func oldSuccess(status int, body []byte, envelope []string) (*object, *Error) {
	if fault := refused(status, body); fault != nil {
		return nil, fault
	}
	o := parse(body, envelope)
	if o.err != nil {
		return nil, byStatus(status, o.fault())
	}
	if punished(o) {
		return nil, punishment()
	}
	code, ok := number(o.raw("errcode"))
	if !ok {
		return nil, byStatus(status, strange("errcode is missing or not a number"))
	}
	if code != 0 || status != http.StatusOK || subCode(o) != "" {
		return nil, oldFault(status, code, o)
	}
	return o, nil
}

// oldFault classifies an error of the old API.
func oldFault(status int, code int64, o *object) *Error {
	f := &Error{Code: strconv.FormatInt(code, 10), Message: o.text("errmsg"), RequestID: o.text("request_id")}
	if o.err != nil {
		return byStatus(status, o.fault())
	}
	if code == 0 {
		f.Err = errors.New("success and failure at once")
		return byStatus(status, f)
	}
	f.plain = status == http.StatusOK
	if code == 88 {
		unwrap(f, o)
	} else {
		f.classify(code)
	}
	if f.Reason == ReasonPermission {
		f.Permission = permissionIn(f.Message)
	}
	return byStatus(status, f)
}

// unwrap reads what is inside an 88.
func unwrap(f *Error, o *object) {
	f.plain = false
	sub := subCode(o)
	if _, after, ok := strings.Cut(f.Message, "subcode="); sub == "" && ok {
		sub, _, _ = strings.Cut(after, ",")
		sub = strings.TrimRight(strings.TrimSpace(sub), "]")
	}
	if text := o.text("sub_msg"); o.err == nil && text != "" {
		f.Message = text
	}
	if sub == "" {
		// DingTalk's own authentication timed out.
		f.Reason, f.Code = ReasonUnavailable, "88"
		return
	}
	f.Code = "88/" + sub
	if code, err := strconv.ParseInt(sub, 10, 64); err == nil {
		f.Code = sub
		f.classify(code)
	} else if sub == "isp.top-remote-connection-timeout" {
		f.Reason = ReasonUnavailable
	}
}

// subCode returns what is inside an 88, empty if nothing is: a string as a rule, a
// number by mistake.
func subCode(o *object) string {
	v := o.raw("sub_code")
	switch {
	case len(v) > 0 && v[0] == '"':
		return strings.TrimSpace(unquote(v))
	case string(v) == "null":
		return ""
	}
	return string(v)
}

// classify sets the reason of a code of the old API.
func (e *Error) classify(code int64) {
	known, ok := oldCodes[code]
	if !ok {
		return // strange
	}
	if known.business && !e.plain {
		// "Not one of yours" is said plainly or not at all (promise U7).
		e.Err = errors.New("a person's code where the gateway speaks")
		return
	}
	e.Reason, e.stale = known.reason, known.stale
}

// permissionIn finds the name of a permission in a refusal, which has it in square
// brackets: 应用尚未开通所需的权限：[qyapi_get_member]，...
func permissionIn(message string) string {
	for {
		_, after, ok := strings.Cut(message, "[")
		if !ok {
			return ""
		}
		name, _, ok := strings.Cut(after, "]")
		if ok && !notPermission(name) {
			return name
		}
		message = after
	}
}

// number reads a whole number, also one that was written as a string.
func number(raw []byte) (int64, bool) {
	if len(raw) > 1 && raw[0] == '"' {
		raw = raw[1 : len(raw)-1]
	}
	n, err := strconv.ParseInt(string(raw), 10, 64)
	return n, err == nil
}
