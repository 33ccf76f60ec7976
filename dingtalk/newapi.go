package dingtalk

import (
	"bytes"
	"errors"
	"net/http"
	"slices"
	"strings"
)

// The new API answers 200 with a bare object, or another status with
// {"code","message","requestid"}.

var newEnvelope = []string{"code", "message", "requestid", "accessdenieddetail", "errcode", "status", "punish"}

// newAnswer reads an answer of the new API and returns the object with the members
// wanted, or why there is none.
func newAnswer(status int, body []byte, wanted ...string) (*object, *Error) {
	if fault := refused(status, body); fault != nil {
		return nil, fault
	}
	o := parse(body, append(wanted, newEnvelope...))
	if o.err != nil {
		return nil, byStatus(status, o.fault())
	}
	if punished(o) {
		return nil, punishment()
	}
	if status == http.StatusOK && !o.has("code") && !o.has("errcode") {
		return o, nil
	}
	return nil, newFault(status, o)
}

// newFault classifies an error of the new API by its code and status.
func newFault(status int, o *object) *Error {
	f := &Error{Code: o.text("code"), Message: o.text("message"), RequestID: o.text("requestid")}
	if o.err != nil {
		return byStatus(status, o.fault())
	}
	known, ok := newCodes[f.Code]
	switch {
	case status == http.StatusOK:
		f.Err = errors.New("success and failure at once")
		return f // strange
	case status == http.StatusTooManyRequests || status >= 500:
		return byStatus(status, f)
	case ok:
		f.Reason, f.stale = known.reason, known.stale
	case strings.HasPrefix(f.Code, "Forbidden.AccessDenied.") && strings.Contains(f.Code, "Limit"):
		f.Reason = ReasonThrottled // 403 is both "no permission" and "too fast"
	}
	if f.Reason == ReasonPermission && o.has("accessdenieddetail") {
		detail := o.inner("accessdenieddetail", []string{"requiredScopes"})
		f.Permission = strings.Join(slices.DeleteFunc(detail.strings("requiredScopes"), notPermission), " ")
	}
	return f
}

// refused recognises answers that are not of the API at all.
func refused(status int, body []byte) *Error {
	body = bytes.TrimLeft(body, " \t\r\n\ufeff")
	switch {
	case status >= 300 && status < 400:
		return strange("a redirect, which is not followed")
	case len(body) == 0:
		return byStatus(status, &Error{Reason: ReasonUnavailable, Err: errors.New("an empty answer")})
	case body[0] == '<' && status == http.StatusNotFound:
		return strange("a web page, and not found: the endpoint is wrong")
	case body[0] == '<':
		return byStatus(status, &Error{Reason: ReasonUnavailable, Err: errors.New("a web page instead of an answer")})
	}
	return nil
}

// byStatus lets a status that says "not now" prevail over what else was found.
func byStatus(status int, f *Error) *Error {
	switch {
	case status == http.StatusTooManyRequests:
		f.Reason = ReasonThrottled
	case status >= 500:
		f.Reason = ReasonUnavailable
	}
	return f
}

// punished recognises what DingTalk's gateway answers to an address that sent too
// much: {"status":1111,"wait":5,"punish":"deny",...}, on either API, for minutes.
func punished(o *object) bool { return string(o.raw("status")) == "1111" }

func punishment() *Error {
	return &Error{Reason: ReasonThrottled, Code: "1111", final: true, Err: errors.New("this address is blocked for some minutes")}
}

// notPermission reports whether a text cannot be the name of a permission.
func notPermission(s string) bool {
	return s == "" || strings.ContainsFunc(s, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '_' && r != '.' && r != '-'
	})
}
