package simulator

import (
	"bytes"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// kinds is every kind of fault that has a fixed name.
var kinds map[string]*faultKind

func init() { // not a literal: the functions below reach kinds through kindOf
	kinds = map[string]*faultKind{
		// The gateway's refusals, in the words of the family struck.
		"qps":              {families: apis, before: refusal(tooFast)},
		"qps-minute":       {families: apis, before: refusal(minuteFast)},
		"qps-api":          {families: apis, before: refusal(allTooFast)},
		"quota":            {families: apis, before: refusal(quotaSpent)},
		"badtoken":         {families: apis, before: refusal(badToken)},
		"permission":       {families: apis, before: func(c *call, _ *Fault) answer { return c.refusePermission(c.route.permission) }},
		"ip":               {families: apis, before: func(c *call, _ *Fault) answer { return c.refuseIP() }},
		"qps-bare":         {families: []family{topAPI}, before: bare(tooFast)},
		"qps-api-bare":     {families: []family{topAPI}, before: bare(allTooFast)},
		"ip-bare":          {families: []family{topAPI}, before: func(c *call, _ *Fault) answer { return c.unwrapSub(c.refuseIP()) }},
		"88-empty":         {families: []family{topAPI}, before: emptySub},
		"busy":             {families: apis, before: busy},
		"error":            {families: apis, before: ownError},
		"code-notfound":    {families: []family{newAPI}, before: func(c *call, _ *Fault) answer { return c.notFound() }},
		"user-notfound":    {families: []family{newAPI}, before: userNotFound},
		"missing-token":    {families: apis, before: refusal(missingToken)},
		"expired-user":     {families: []family{newAPI}, before: expiredUser},
		"bad-credentials":  {families: apis, before: badCredentials},
		"cross-org":        {families: []family{newAPI}, before: crossOrg},
		"unknown-method":   {families: []family{topAPI}, before: func(c *call, _ *Fault) answer { return c.unknownTop() }},
		"specified-absent": {families: []family{newAPI}, before: func(c *call, _ *Fault) answer { return c.unknownNew() }},

		// What stands in front of DingTalk, or is broken.
		"404": {before: httpStatus(404)}, "429": {before: httpStatus(429)}, "500": {before: httpStatus(500)}, "502": {before: httpStatus(502)},
		"503": {before: httpStatus(503)}, "504": {before: httpStatus(504)},
		"html":     {before: raw("text/html;charset=utf-8", "<!DOCTYPE html><html><body><h1>访问被拒绝</h1></body></html>")},
		"x5":       {before: raw("application/json", `{"status":1111,"wait":5,"source":"x5","punish":"deny","uuid":"0b86a1f2176380000000000d1e5f"}`)},
		"empty":    {before: raw("", "")},
		"null":     {before: raw("application/json", "null")},
		"array":    {before: raw("application/json", "[]")},
		"object":   {before: raw("application/json", "{}")},
		"not-json": {before: raw("application/json", "success")},
		"huge":     {after: huge},
		"redirect": {before: func(*call, *Fault) answer {
			return answer{status: http.StatusFound, location: "/redirected", code: "redirect"}
		}},
		"slow":  {},
		"reset": {before: func(*call, *Fault) answer { return answer{reset: true, code: "reset"} }},

		// What befalls the answer of a call that took effect.
		"lost":           {after: func(_ *call, _ *Fault, a answer) answer { a.reset = true; return a }},
		"truncated":      {after: func(_ *call, _ *Fault, a answer) answer { a.body = a.body[:len(a.body)/2]; return a }},
		"cut":            {after: func(_ *call, _ *Fault, a answer) answer { a.cut = true; return a }},
		"trailing":       {families: apis, after: func(_ *call, _ *Fault, a answer) answer { a.body = append(a.body, `{"more":1}`...); return a }},
		"errcode-string": {families: oldOnly, after: errcodeString},

		// The login page's redirect.
		"refuse": {varies: page}, "authCode-only": {varies: page}, "code-only": {varies: page},
		"differ": {varies: page}, "wrong-state": {varies: page}, "no-state": {varies: page},
		"doubled": {varies: page}, "twice": {varies: page}, "outsider-page": {varies: page},
		// The frame's message; in a full page they change nothing.
		"frame-error": {varies: page}, "frame-silent": {varies: page},
		"frame-foreign-url": {varies: page}, "frame-string": {varies: page},
		// What the JSAPI does once it is asked for a code.
		"jsapi-fail": {varies: script}, "jsapi-silent": {varies: script}, "jsapi-throws": {varies: script},
		"jsapi-old": {varies: script}, "jsapi-wrong-code": {varies: script},
	}
}

// fieldKinds are the kinds VERB:FIELD. FIELD is a name, found at any depth, or
// a path with dots from the top.
var fieldKinds = map[string]func(*call, *Fault, answer) answer{
	"drop":   field(func(any, *Fault) (any, bool) { return nil, false }),
	"null":   field(func(any, *Fault) (any, bool) { return nil, true }),
	"retype": field(func(old any, _ *Fault) (any, bool) { return retyped(old), true }),
	"set":    field(func(_ any, f *Fault) (any, bool) { return f.Value, true }),
}

// FaultKinds lists the names of all kinds, sorted. 60121 and any other number
// is an errcode of the old API.
func FaultKinds() []string {
	return append(slices.Sorted(maps.Keys(kinds)), "drop:FIELD", "null:FIELD", "retype:FIELD", "set:FIELD", "ERRCODE")
}

func refusal(g gateway) func(*call, *Fault) answer {
	return func(c *call, _ *Fault) answer { return c.refuse(g) }
}

func bare(g gateway) func(*call, *Fault) answer {
	return func(c *call, _ *Fault) answer { return c.unwrapSub(c.refuse(g)) }
}

// unwrapSub leaves of an 88 answer only errcode and errmsg.
func (c *call) unwrapSub(a answer) answer {
	var e bareError
	json.Unmarshal(a.body, &e)
	a.body = encode(e)
	return a
}

// emptySub is a time-out of DingTalk's own authentication service.
func emptySub(c *call, _ *Fault) answer {
	a := c.ok(wrappedError{88, "", "", "ding talk error[subcode=,submsg=]", oldRequestID()})
	a.code = "88"
	return a
}

func busy(c *call, _ *Fault) answer {
	if c.route.family == newAPI {
		return c.fail(http.StatusBadRequest, "system.busy", "系统繁忙")
	}
	return c.plain(-1)
}

func ownError(c *call, f *Fault) answer {
	if c.route.family == newAPI {
		return c.fail(f.Status, f.Code, f.Message)
	}
	n, err := strconv.Atoi(f.Code)
	if err != nil {
		n = 40000
	}
	a := c.plainText(n, f.Message)
	a.status = f.Status
	return a
}

func userNotFound(c *call, _ *Fault) answer {
	return c.fail(http.StatusNotFound, "invalidParameter.user.notFound", "找不到该用户")
}

func expiredUser(c *call, _ *Fault) answer {
	return c.fail(http.StatusBadRequest, "accesstoken.expired", "用户accessToken过期")
}

func crossOrg(c *call, _ *Fault) answer {
	return c.fail(http.StatusForbidden, "unsupported.operation", "Does not support cross-org access")
}

func badCredentials(c *call, _ *Fault) answer {
	if c.route.family == newAPI {
		return c.fail(http.StatusBadRequest, "invalidClientIdOrSecret", "无效的clientId或者clientSecret")
	}
	return c.plain(40096)
}

// errcodeFault answers with the errcode that the kind names.
func errcodeFault(c *call, f *Fault) answer {
	n, _ := strconv.Atoi(strings.TrimPrefix(f.Kind, "errcode:"))
	return c.plain(n)
}

// httpStatus fails as the machines in front do: JSON where the new API itself
// speaks, HTML otherwise.
func httpStatus(status int) func(*call, *Fault) answer {
	return func(c *call, _ *Fault) answer {
		if c.route.family == newAPI && status == 429 {
			return c.fail(status, "system.busy", "系统繁忙")
		}
		if c.route.family == newAPI && (status == 500 || status == 503) {
			return c.fail(status, "unknownError", "未知错误")
		}
		text := strconv.Itoa(status) + " " + http.StatusText(status)
		return answer{status: status, mime: "text/html", code: strconv.Itoa(status),
			body: []byte("<html>\r\n<head><title>" + text + "</title></head>\r\n<body>\r\n<center><h1>" + text +
				"</h1></center>\r\n<hr><center>tengine</center>\r\n</body>\r\n</html>\r\n")}
	}
}

func raw(mime, body string) func(*call, *Fault) answer {
	return func(*call, *Fault) answer {
		return answer{status: http.StatusOK, mime: mime, body: []byte(body), code: "strange"}
	}
}

// huge is the right answer with 4 MiB of white space before its last byte.
func huge(_ *call, _ *Fault, a answer) answer {
	if n := len(a.body); n > 0 {
		pad := bytes.Repeat([]byte(" "), 4<<20)
		a.body = slices.Concat(a.body[:n-1], pad, a.body[n-1:])
	}
	return a
}
