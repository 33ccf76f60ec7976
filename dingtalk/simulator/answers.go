package simulator

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
)

// newError is an error of the new API.
type newError struct {
	Code      string        `json:"code"`
	RequestID string        `json:"requestid"`
	Message   string        `json:"message"`
	Detail    *deniedDetail `json:"accessdenieddetail,omitempty"`
}

type deniedDetail struct {
	RequiredScopes []string `json:"requiredScopes"`
}

// wrappedError is a gateway error of /topapi.
type wrappedError struct {
	ErrCode   int    `json:"errcode"`
	SubCode   string `json:"sub_code"`
	SubMsg    string `json:"sub_msg"`
	ErrMsg    string `json:"errmsg"`
	RequestID string `json:"request_id"`
}

// bareError is the form of it without sub_code, seen of 60020 and 90002.
type bareError struct {
	ErrCode int    `json:"errcode"`
	ErrMsg  string `json:"errmsg"`
}

// plainError is a business error of /topapi.
type plainError struct {
	ErrCode   int    `json:"errcode"`
	ErrMsg    string `json:"errmsg"`
	RequestID string `json:"request_id"`
}

// oldResult is a success of /topapi.
type oldResult struct {
	ErrCode   int    `json:"errcode"`
	ErrMsg    string `json:"errmsg"`
	Result    any    `json:"result"`
	RequestID string `json:"request_id"`
}

// gateway is an error that DingTalk's gateway gives before a call is looked
// at, in the words of both families.
type gateway struct {
	sub     int
	text    string
	status  int
	code    string
	newText string // when it differs from text
}

var (
	badToken     = gateway{40014, "不合法的access_token", 400, "InvalidAuthentication", ""}
	missingToken = gateway{40000, "access_token is blank", 400, "AuthenticationFailed.MissingParameter", "缺少参数：x-acs-dingtalk-access-token"}
	tooFast      = gateway{90018, "您的应用调用该接口次数过多，超出了该接口承受的最大qps，请求被暂时限制了", 403, "Forbidden.AccessDenied.QpsLimitForAppkeyAndApi", ""}
	allTooFast   = gateway{90002, "当前所有钉钉应用调用该接口次数过多，超出了该接口承受的最大qps，请求被暂时限制了，建议错开整点时刻调用该接口", 403, "Forbidden.AccessDenied.QpsLimitForApi", ""}
	minuteFast   = gateway{90018, "您的应用调用该接口次数过多，超出了该接口承受的最大qpm，请求被暂时限制了", 403, "Forbidden.AccessDenied.QpmLimitForAppkeyAndApi", ""}
	quotaSpent   = gateway{90020, "本月调用次数已超出组织的限额", 403, "Forbidden.AccessDenied.ApiCountLimitForOrg", ""}
)

// oldTexts words the business errors.
var oldTexts = map[int]string{
	-1: "系统繁忙", 15: "isp.top-remote-connection-timeout", 33011: "无效的角色ID", 33012: "无效的USERID",
	40009: "不合法的部门id", 40035: "缺少参数 corpid or appkey", 40068: "不合法的偏移量", 40069: "不合法的分页大小",
	40078: "不存在的临时授权码", 40089: "不合法的corpid或corpsecret", 40096: "不合法的appKey或appSecret",
	41026: "缺少参数 tmp_auth_code", 43001: "需要GET请求", 43002: "需要POST请求", 43009: "POST参数需要为JSON格式", 50002: "企业员工不在授权范围", 50003: "应用已停用",
	50004: "企业部门不在授权范围", 50005: "企业已禁用", 60003: "部门不存在", 60120: "用户已被禁用", 60121: "找不到该用户",
	400001: "系统错误", 400002: "参数错误", 40029: "不合法的oauth_code", 40079: "不存在的授权信息",
	40102: "临时授权码已过期", 42003: "oauth_code超时", 42008: "无效的临时授权码", 50001: "redirect_uri未授权",
	853001: "timestamp不是毫秒格式", 853002: "timestamp与服务器时间相差超过1分钟", 853003: "accessKey不存在", 853004: "签名不匹配",
}

// encode writes v as DingTalk does: without HTML escapes.
func encode(v any) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		panic(err) // only our own types come here
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}

// ok answers 200 with v as it stands.
func (c *call) ok(v any) answer {
	kind := "application/json"
	if c.route.family == newAPI {
		kind = "application/json;charset=utf-8"
	}
	return answer{status: http.StatusOK, mime: kind, body: encode(v), code: "ok"}
}

// result answers a /topapi call with its payload.
func (c *call) result(v any) answer { return c.ok(oldResult{0, "ok", v, oldRequestID()}) }

// fail answers a call of the new API with an error.
func (c *call) fail(status int, code, message string) answer {
	a := c.ok(newError{Code: code, RequestID: newRequestID(), Message: message})
	a.status, a.code = status, code
	return a
}

// plain answers a call of the old API with a business error.
func (c *call) plain(errcode int) answer {
	text, known := oldTexts[errcode]
	if !known {
		text = "错误"
	}
	return c.plainText(errcode, text)
}

func (c *call) plainText(errcode int, text string) answer {
	var a answer
	if c.route.family == topAPI {
		a = c.ok(plainError{errcode, text, oldRequestID()})
	} else {
		a = c.ok(bareError{errcode, text}) // no request_id outside /topapi
	}
	a.code = strconv.Itoa(errcode)
	return a
}

// wrapped answers /topapi with 88, and what lies outside it without.
func (c *call) wrapped(sub int, text, detail string) answer {
	if c.route.family != topAPI {
		return c.plainText(sub, text)
	}
	code := strconv.Itoa(sub)
	a := c.ok(wrappedError{88, code, text, "ding talk error[subcode=" + code + ",submsg=" + text + detail + "]", oldRequestID()})
	a.code = code
	return a
}

// refuse answers with g in the words of the call's family.
func (c *call) refuse(g gateway) answer {
	if c.route.family != newAPI {
		return c.wrapped(g.sub, g.text, "")
	}
	text := g.newText
	if text == "" {
		text = g.text
	}
	return c.fail(g.status, g.code, text)
}

// refusePermission names the permission and where to apply for it.
func (c *call) refusePermission(permission string) answer {
	if permission == "" {
		permission = permBase
	}
	if c.route.family == newAPI {
		a := c.ok(newError{"Forbidden.AccessDenied.AccessTokenPermissionDenied", newRequestID(),
			"没有调用该接口的权限", &deniedDetail{[]string{permission}}})
		a.status, a.code = http.StatusForbidden, "Forbidden.AccessDenied.AccessTokenPermissionDenied"
		return a
	}
	text := fmt.Sprintf("应用尚未开通所需的权限：[%s]，点击链接申请并开通即可：https://open-dev.dingtalk.com/appscope/apply?content=%s",
		permission, url.QueryEscape(c.app.ClientID+"#"+permission))
	return c.wrapped(60011, text, "{requiredScopes=["+permission+"]}")
}

// refuseIP names the address that the operator has to allow.
func (c *call) refuseIP() answer {
	text := fmt.Sprintf("访问ip不在白名单之中,request ip=%s appKey(%s)", c.ip(), c.app.ClientID)
	if c.route.family == newAPI {
		return c.fail(http.StatusForbidden, "Forbidden.AccessDenied.IpNotInWhiteList", text)
	}
	return c.wrapped(60020, text, "")
}

func (c *call) wrongMethod() answer {
	switch {
	case c.route.family == page, c.route.family == script, c.route.family == socket:
		return answer{status: http.StatusMethodNotAllowed, mime: "text/plain; charset=utf-8", body: []byte("method not allowed\n"), code: "method"}
	case c.route.family == newAPI:
		return c.unknownNew()
	case c.route.methods == "POST":
		return c.plain(43002)
	}
	return c.plain(43001)
}

func (c *call) unknownNew() answer {
	return c.fail(http.StatusNotFound, "InvalidAction.NotFound", "Specified api is not found, please check your url and method.")
}

func (c *call) unknownTop() answer {
	return c.plainText(22, "Invalid method[submsg=不合法ApiName:"+c.r.URL.Path+"]")
}
