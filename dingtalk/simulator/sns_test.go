package simulator

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"
)

// sns builds the path of a good request of 2020 by the app id, with changes as
// pairs of name and value; the value "-" drops the parameter.
func (g *rig) sns(page, id string, pairs ...string) string {
	q := url.Values{"appid": {id}, "redirect_uri": {callback}, "response_type": {"code"}, "scope": {"snsapi_login"}, "state": {"st&te=1"}}
	for i := 0; i < len(pairs); i += 2 {
		if q.Set(pairs[i], pairs[i+1]); pairs[i+1] == "-" {
			q.Del(pairs[i])
		}
	}
	return "/connect/" + page + "?" + q.Encode()
}

func sign(secret, text string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(text))
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

func bycode(key, stamp, signature string) string {
	return "/sns/getuserinfo_bycode?" + url.Values{"accessKey": {key}, "timestamp": {stamp}, "signature": {signature}}.Encode()
}

// scan exchanges a code of 2020 as the app (id, secret).
func (g *rig) scan(id, secret, code string) result {
	stamp := strconv.FormatInt(g.Now().UnixMilli(), 10)
	return g.post(bycode(id, stamp, sign(secret, stamp)), m{"tmp_auth_code": code})
}

func (g *rig) snsCode(as, id string) string {
	g.t.Helper()
	g.must(g.ApproveAs(as))
	return g.back(g.get(g.sns("qrconnect", id))).Get("code")
}

const snsNotFound = `{"errcode":40078,"errmsg":"不存在的临时授权码"}`

func TestM22_PagesOf2020(t *testing.T) {
	g := start(t, Config{As: "zhangsan"})
	scan := g.ScanApp().AppID
	for _, tc := range []struct {
		name, path string
		ok         bool
	}{
		{"QR page", g.sns("qrconnect", scan), true},
		{"password page", g.sns("oauth2/sns_authorize", scan), true},
		{"by the internal app", g.sns("qrconnect", g.id), true},
		{"redirect_uri not encoded by itself", "/connect/oauth2/sns_authorize?appid=" + scan + "&response_type=code&scope=snsapi_login&state=st%26te%3D1&redirect_uri=" + callback, true},
		{"no state", g.sns("qrconnect", scan, "state", "-"), true},
		{"no appid", g.sns("qrconnect", scan, "appid", "-"), false},
		{"foreign appid", g.sns("qrconnect", "dingoa00000000000000"), false},
		{"no redirect_uri", g.sns("qrconnect", scan, "redirect_uri", "-"), false},
		{"foreign redirect_uri", g.sns("qrconnect", scan, "redirect_uri", "https://evil.example/"), false},
		{"no response_type", g.sns("qrconnect", scan, "response_type", "-"), false},
		{"scope of the new page", g.sns("qrconnect", scan, "scope", "openid"), false},
		{"silent scope on the QR page", g.sns("qrconnect", scan, "scope", "snsapi_auth"), false},
		{"silent scope outside the client", g.sns("oauth2/sns_authorize", scan, "scope", "snsapi_auth"), false},
		{"appid twice", g.sns("qrconnect", scan) + "&appid=" + g.id, false},
		{"unknown loginTmpCode", g.sns("oauth2/sns_authorize", scan, "loginTmpCode", "0123"), false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := g.get(tc.path)
			if !tc.ok {
				if r.StatusCode != 400 || r.Header.Get("Location") != "" {
					t.Errorf("no error page: %d %s", r.StatusCode, r.Header.Get("Location"))
				}
				return
			}
			q := g.back(r)
			if len(q.Get("code")) != 32 || q.Has("authCode") || q.Has("state") && q.Get("state") != "st&te=1" || len(q) > 2 {
				t.Errorf("sent back with %v", q)
			}
		})
	}
	g.must(g.ApproveAs("lisi"))
	inside := g.get(g.sns("oauth2/sns_authorize", scan, "scope", "snsapi_auth"), "User-Agent", "Mozilla/5.0 AliApp(DingTalk/7.8.1)")
	user := g.scan(scan, g.ScanApp().AppSecret, g.back(inside).Get("code")).json(t)["user_info"].(m)
	equal(t, user["nick"], "Lee")

	g.must(g.ApproveAs(""))
	if r := g.get(g.sns("qrconnect", scan)); r.StatusCode != 200 || !strings.Contains(string(r.body), `<form method="post">`) {
		t.Errorf("no login page: %d", r.StatusCode)
	}
	form := func(body string) result {
		return g.do("POST", g.sns("qrconnect", scan), "application/x-www-form-urlencoded", body)
	}
	if q := g.back(form("decision=approve&userid=lisi")); q.Get("code") == "" {
		t.Errorf("approved by hand: %v", q)
	}
	if r := form("decision=refuse&userid=lisi"); r.StatusCode != 200 || r.Header.Get("Location") != "" {
		t.Errorf("refused by hand: %d %s", r.StatusCode, r.Header.Get("Location"))
	}
	g.must(g.SetVariants(map[string]string{snsRefusal: "redirect"}))
	if q := g.back(form("decision=refuse&userid=lisi")); q.Get("error") == "" || q.Has("code") || q.Get("state") != "st&te=1" {
		t.Errorf("refused by hand, redirected: %v", q)
	}
	g.must(g.ApproveAs("zhangsan"))
	for kind, bad := range map[string]func(url.Values) bool{
		"wrong-state": func(q url.Values) bool { return q.Get("state") == "st&te=1" },
		"no-state":    func(q url.Values) bool { return q.Has("state") },
		"doubled":     func(q url.Values) bool { return len(q["code"]) != 2 },
		"code-only":   func(q url.Values) bool { return q.Get("code") == "" },
	} {
		g.must(g.Fault(Fault{Call: "qrconnect", Kind: kind}))
		if q := g.back(g.get(g.sns("qrconnect", scan))); bad(q) {
			t.Errorf("%s: %v", kind, q)
		}
	}
}

func TestM23_SignedExchange(t *testing.T) {
	g := start(t, Config{})
	g.freeze()
	scan := g.ScanApp()
	code := g.snsCode("zhangsan", scan.AppID)
	now := g.Now().UnixMilli()
	at := func(ms int64) string { return strconv.FormatInt(ms, 10) }
	stamp := at(now)
	good := sign(scan.AppSecret, stamp)
	for _, tc := range []struct {
		name, path, body string
		errcode          int
	}{
		{"no time", bycode(scan.AppID, "", sign(scan.AppSecret, "")), "", 853001},
		{"seconds", bycode(scan.AppID, at(now/1000), sign(scan.AppSecret, at(now/1000))), "", 853001},
		{"no number", bycode(scan.AppID, "17638000000ab", good), "", 853001},
		{"too old", bycode(scan.AppID, at(now-60_001), sign(scan.AppSecret, at(now-60_001))), "", 853002},
		{"too new", bycode(scan.AppID, at(now+60_001), sign(scan.AppSecret, at(now+60_001))), "", 853002},
		{"old, foreign and unsigned", bycode("x", at(now-60_001), ""), "", 853002},
		{"no key", bycode("", stamp, good), "", 853003},
		{"foreign key", bycode("dingoa00000000000000", stamp, good), "", 853003},
		{"foreign secret", bycode(scan.AppID, stamp, sign(g.key, stamp)), "", 853004},
		{"time altered", bycode(scan.AppID, at(now+1), good), "", 853004},
		{"signature altered", bycode(scan.AppID, stamp, "A"+good[1:]), "", 853004},
		{"no signature", bycode(scan.AppID, stamp, ""), "", 853004},
		{"signature of another scheme", bycode(scan.AppID, stamp, sign(scan.AppSecret, stamp+"\n"+scan.AppSecret)), "", 853004},
		{"signature in hex", bycode(scan.AppID, stamp, fmt.Sprintf("%x", good)), "", 853004},
		{"signature not URL-encoded", "/sns/getuserinfo_bycode?accessKey=" + scan.AppID + "&timestamp=1763800000001&signature=a+b/c=", "", 853002},
		{"no body", bycode(scan.AppID, stamp, good), "", 43009},
		{"no code", bycode(scan.AppID, stamp, good), "{}", 41026},
		{"empty code", bycode(scan.AppID, stamp, good), `{"tmp_auth_code":""}`, 41026},
		{"unknown code", bycode(scan.AppID, stamp, good), `{"tmp_auth_code":"4a2c5695b78738d495f47b0e61c9d3aa"}`, 40078},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := g.do("POST", tc.path, "application/json", tc.body)
			exact(t, r, 200, fmt.Sprintf(`{"errcode":%d,"errmsg":"%s"}`, tc.errcode, oldTexts[tc.errcode]))
		})
	}
	exact(t, g.get(bycode(scan.AppID, stamp, good)), 200, `{"errcode":43002,"errmsg":"需要POST请求"}`)

	edge := at(now - 60_000)
	r := g.post(bycode(scan.AppID, edge, sign(scan.AppSecret, edge)), m{"tmp_auth_code": code}) // the refusals burnt nothing
	likeSample(t, r, `{"errcode":0,"errmsg":"ok","user_info":{"nick":"阿青","unionid":"iiXk","dingId":"$:LWCP_v1:$k2==","openid":"7xQm","main_org_auth_high_level":true}}`)
	user := r.json(t)["user_info"].(m)
	p, _ := g.Person("zhangsan")
	equal(t, []any{user["nick"], user["unionid"]}, []any{"三哥", p.UnionID})
	if !strings.HasPrefix(user["dingId"].(string), "$:LWCP_v1:$") {
		t.Errorf("dingId %v", user["dingId"])
	}
	exact(t, g.scan(scan.AppID, scan.AppSecret, code), 200, snsNotFound)

	old := g.snsCode("zhangsan", scan.AppID)
	g.must(g.Advance(codeLife))
	exact(t, g.scan(scan.AppID, scan.AppSecret, old), 200, snsNotFound)

	code = g.snsCode("zhangsan", g.id)
	g.must(g.UpdateApp(func(a *App) { a.Permissions = []string{permBase} }))
	if r := g.scan(g.id, g.key, code).json(t); r["errcode"] != 60011.0 {
		t.Errorf("without snsapi_base: %v", r)
	}
	code = g.snsCode("zhangsan", scan.AppID)
	equal(t, g.scan(scan.AppID, scan.AppSecret, code).json(t)["errcode"], 0)
}

// The published vectors of the signature. Their secrets are shorter than those
// that a company file may have.
func TestM23_Vectors(t *testing.T) {
	for _, tc := range []struct{ secret, text, want string }{
		{"testappSecret", "1546084445901", "HCbG3xNE3vzhO+u7qCUL1jS5hsu2n5r2cFhnTrtyDAE="},
		{"s3cretS3cretS3cret", "1763800000000", "RarneIqGmOvjqXD42l94j5vJoKHtdI1LjM3wQNhB1Ww="},
	} {
		n, _ := strconv.ParseInt(tc.text, 10, 64)
		g := start(t, Config{Now: func() time.Time { return time.UnixMilli(n) }})
		scan := g.ScanApp()
		scan.AppSecret = tc.secret
		g.Simulator.scan.Store(&scan)
		exact(t, g.post(bycode(scan.AppID, tc.text, tc.want), m{"tmp_auth_code": "x"}), 200, snsNotFound)
		equal(t, g.post(bycode(scan.AppID, tc.text, "X"+tc.want[1:]), m{"tmp_auth_code": "x"}).json(t)["errcode"], 853004)
	}
}

func TestM24_AppsAreApart(t *testing.T) {
	g := start(t, Config{})
	scan := g.ScanApp()
	exact(t, g.scan(g.id, g.key, g.snsCode("lisi", scan.AppID)), 200, snsNotFound)
	exact(t, g.scan(scan.AppID, scan.AppSecret, g.snsCode("lisi", g.id)), 200, snsNotFound)
	ofScan := g.scan(scan.AppID, scan.AppSecret, g.snsCode("lisi", scan.AppID)).json(t)["user_info"].(m)
	ofApp := g.scan(g.id, g.key, g.snsCode("lisi", g.id)).json(t)["user_info"].(m)
	me := g.me(g.userToken("lisi")).json(t)
	equal(t, []any{ofScan["unionid"], ofApp["unionid"]}, []any{me["unionId"], me["unionId"]})
	equal(t, ofApp["openid"], me["openId"])
	if ofScan["openid"] == ofApp["openid"] || ofScan["openid"] == "" {
		t.Errorf("both apps know the openId %v", ofApp["openid"])
	}
}
