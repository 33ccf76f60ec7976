package simulator

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"time"
)

// snsVisit checks the request of the pages of 2020; without a visit the
// answer is the error page.
func (c *call) snsVisit(scopes ...string) (*visit, answer) {
	q := c.query
	if a, twice := c.repeated("appid", "redirect_uri", "response_type", "scope", "state", "loginTmpCode"); twice {
		return nil, a
	}
	app, known := c.snsApp(q.Get("appid"))
	redirect, err := url.Parse(q.Get("redirect_uri"))
	switch {
	case q.Get("appid") == "":
		return nil, c.errorPage("缺少参数 appid", "The parameter appid is missing.")
	case !known:
		return nil, c.errorPage("appid 不存在", "No app has this appid.")
	case q.Get("redirect_uri") == "" || err != nil:
		return nil, c.errorPage("缺少参数 redirect_uri", "The parameter redirect_uri is missing or no URL.")
	case !c.registered(app.redirects, app.policy, redirect):
		return nil, c.errorPage("redirect_uri未授权 (50001)", "This redirect_uri is not registered with the app (50001).")
	case q.Get("response_type") != "code":
		return nil, c.errorPage("response_type 必须为 code", "The parameter response_type must be code.")
	case !slices.Contains(scopes, q.Get("scope")):
		return nil, c.errorPage("scope 不合法", "The parameter scope is not one of this page.")
	}
	return &visit{kind: snsCode, appID: app.id, to: redirect}, answer{}
}

// qrConnect is the page that shows DingTalk's own QR code.
func (c *call) qrConnect() answer {
	v, refusal := c.snsVisit("snsapi_login")
	if v == nil {
		return refusal
	}
	return c.attend(v)
}

// snsAuthorize is the page of account and password, the landing of the old
// embedded QR (loginTmpCode), and inside the client the silent login of other
// people's sites (snsapi_auth).
func (c *call) snsAuthorize() answer {
	v, refusal := c.snsVisit("snsapi_login", "snsapi_auth")
	switch {
	case v == nil:
		return refusal
	case c.query.Get("scope") == "snsapi_auth":
		if !c.inClient() {
			return c.errorPage("请在钉钉客户端内打开", "snsapi_auth works inside DingTalk's client only.")
		}
		p := c.clientHolder()
		if p == nil {
			return c.errorPage("用户不存在", "Nobody is logged in to the client.")
		}
		return c.admit(v, p)
	case c.query.Has("loginTmpCode"):
		got, ok := c.sim.vault.spend(c.query.Get("loginTmpCode"), tmpCode, v.appID, c.now)
		p := c.sim.staff.person(got.userID)
		if !ok || p == nil {
			return c.errorPage("loginTmpCode 已失效", "The loginTmpCode is unknown, used or too old.")
		}
		return c.admit(v, p)
	}
	return c.attend(v)
}

// signSkew is how far a signature's time may be from DingTalk's clock.
const signSkew = time.Minute

var milliseconds = regexp.MustCompile(`^[0-9]{13}$`)

// checkSignature asks, in the order of their numbers, what DingTalk asks of a
// signed call, and reports the app that signed it.
func (c *call) checkSignature() (snsApp, answer, bool) {
	stamp := c.query.Get("timestamp")
	if !milliseconds.MatchString(stamp) {
		return snsApp{}, c.plain(853001), false
	}
	n, _ := strconv.ParseInt(stamp, 10, 64)
	if skew := c.now.UnixMilli() - n; skew > signSkew.Milliseconds() || skew < -signSkew.Milliseconds() {
		return snsApp{}, c.plain(853002), false
	}
	app, known := c.snsApp(c.query.Get("accessKey"))
	if !known || !app.scan && c.sim.reads(snsCallers, "scan-app") {
		return snsApp{}, c.plain(853003), false
	}
	text := stamp
	if c.sim.reads(snsSignature, "timestamp-newline-secret") {
		text += "\n" + app.secret
	}
	mac := hmac.New(sha256.New, []byte(app.secret))
	mac.Write([]byte(text))
	want := base64.StdEncoding.EncodeToString(mac.Sum(nil))
	if !hmac.Equal([]byte(c.query.Get("signature")), []byte(want)) {
		return snsApp{}, c.plain(853004), false
	}
	return app, answer{}, true
}

// snsUser has the keys of user_info. unionid is all in lower case here.
type snsUser struct {
	Nick     string `json:"nick"`
	UnionID  string `json:"unionid"`
	DingID   string `json:"dingId"`
	OpenID   string `json:"openid"`
	OrgLevel bool   `json:"main_org_auth_high_level"`
}

// snsUserInfo is getuserinfo_bycode. No access token is involved.
func (c *call) snsUserInfo() answer {
	if !c.json {
		return c.plain(43009)
	}
	id := c.str("tmp_auth_code")
	if id == "" {
		return c.plain(41026)
	}
	got, ok := c.sim.vault.spend(id, snsCode, c.signer.id, c.now)
	p := c.sim.staff.person(got.userID)
	if !ok || p == nil {
		return c.plain(40078)
	}
	sum := sha256.Sum256([]byte("dingId" + p.UnionID))
	return c.ok(struct {
		ErrCode int     `json:"errcode"`
		ErrMsg  string  `json:"errmsg"`
		User    snsUser `json:"user_info"`
	}{0, "ok", snsUser{p.Nick, p.UnionID, "$:LWCP_v1:$" + base64.StdEncoding.EncodeToString(sum[:16]), c.openID(p, c.signer.id), !p.Outsider}})
}

// snsGate refuses a signed call as the gate refuses one with a token: a scan
// app has no permissions to lack.
func (c *call) snsGate() (answer, bool) {
	app, refusal, ok := c.checkSignature()
	if !ok {
		c.token = unknownToken
		return refusal, false
	}
	c.token, c.signer = signature, app
	if !c.sim.limits.allow(c.route.call, c.app.QPS, c.now) {
		return c.refuse(tooFast), false
	}
	if !app.scan && !slices.Contains(c.app.Permissions, permSNS) {
		return c.refusePermission(permSNS), false
	}
	return answer{}, true
}
