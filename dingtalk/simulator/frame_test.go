package simulator

import (
	"encoding/json"
	"html"
	"net/url"
	"regexp"
	"strings"
	"testing"
)

var postedForm = regexp.MustCompile(`data-target="([^"]*)" data-messages="([^"]*)"`)

// posted reads what a frame hands to the page around it.
func posted(t *testing.T, r result) (target string, messages []any) {
	t.Helper()
	found := postedForm.FindStringSubmatch(string(r.body))
	if r.StatusCode != 200 || found == nil {
		t.Fatalf("nothing is posted: %d %s", r.StatusCode, r.body)
	}
	if err := json.Unmarshal([]byte(html.UnescapeString(found[2])), &messages); err != nil {
		t.Fatal(err)
	}
	return html.UnescapeString(found[1]), messages
}

func TestM25_Frame(t *testing.T) {
	g := start(t, Config{As: "zhangsan"})
	frame := func(pairs ...string) result { return g.get(g.authorize(append(pairs, "iframe", "true")...)) }
	redirected := func(t *testing.T, message any) url.Values {
		t.Helper()
		data, _ := message.(m)
		u, err := url.Parse(data["redirectUrl"].(string))
		if err != nil || len(data) != 2 || data["success"] != true || !strings.HasPrefix(u.String(), callback+"?") {
			t.Fatalf("posted %v", message)
		}
		return u.Query()
	}
	t.Run("success", func(t *testing.T) {
		r := frame()
		target, messages := posted(t, r)
		if target != "http://127.0.0.1:9" || len(messages) != 1 {
			t.Fatalf("%d messages to %s", len(messages), target)
		}
		q := redirected(t, messages[0])
		if q.Get("code") != q.Get("authCode") || q.Get("state") != "st&te=1" {
			t.Errorf("posted %v", q)
		}
		if r := g.exchange(q.Get("authCode")); r.StatusCode != 200 {
			t.Errorf("exchange: %s", r.body)
		}
		if csp := r.Header.Get("Content-Security-Policy"); !strings.Contains(csp, "script-src "+frameScriptHash) || !strings.Contains(csp, "frame-ancestors *") {
			t.Errorf("policy %q", csp)
		}
		if !strings.Contains(string(r.body), "<script>"+frameScript+"</script>") {
			t.Error("the script is not the one of the hash")
		}
	})
	t.Run("faults", func(t *testing.T) {
		for _, tc := range []struct {
			fault Fault
			check func(messages []any) bool
		}{
			{Fault{Kind: "twice"}, func(l []any) bool {
				return len(l) == 2 && redirected(t, l[0]).Get("code") == redirected(t, l[1]).Get("code")
			}},
			{Fault{Kind: "wrong-state"}, func(l []any) bool { return redirected(t, l[0]).Get("state") != "st&te=1" }},
			{Fault{Kind: "no-state"}, func(l []any) bool { return !redirected(t, l[0]).Has("state") }},
			{Fault{Kind: "authCode-only"}, func(l []any) bool { q := redirected(t, l[0]); return !q.Has("code") && q.Has("authCode") }},
			{Fault{Kind: "code-only"}, func(l []any) bool { q := redirected(t, l[0]); return q.Has("code") && !q.Has("authCode") }},
			{Fault{Kind: "refuse"}, func(l []any) bool { q := redirected(t, l[0]); return q.Get("error") != "" && !q.Has("authCode") }},
			{Fault{Kind: "outsider-page"}, func(l []any) bool { return string(encode(l[0])) == string(encode(frameFailure(11055, outsiderText))) }},
			{Fault{Kind: "frame-error"}, func(l []any) bool {
				return string(encode(l[0])) == `{"errorCode":-1,"errorMsg":"系统繁忙","success":false}`
			}},
			{Fault{Kind: "frame-error", Code: "70003", Message: "<b>"}, func(l []any) bool {
				return string(encode(l[0])) == `{"errorCode":70003,"errorMsg":"<b>","success":false}`
			}},
			{Fault{Kind: "frame-foreign-url"}, func(l []any) bool {
				return strings.HasPrefix(l[0].(m)["redirectUrl"].(string), "https://evil.example/?code=")
			}},
			{Fault{Kind: "frame-string"}, func(l []any) bool { s, ok := l[0].(string); return ok && strings.HasPrefix(s, `{"success":true`) }},
		} {
			tc.fault.Call = "auth"
			g.must(g.Fault(tc.fault))
			if _, messages := posted(t, frame()); !tc.check(messages) && tc.fault.Kind != "outsider-page" {
				t.Errorf("%s: %v", tc.fault.Kind, messages)
			} else if tc.fault.Kind == "outsider-page" {
				equal(t, messages[0], m{"success": false, "errorMsg": outsiderText, "errorCode": 11055})
			}
		}
		g.must(g.Fault(Fault{Call: "auth", Kind: "frame-silent"}))
		if r := frame(); r.StatusCode != 200 || postedForm.Match(r.body) {
			t.Errorf("silent: %s", r.body)
		}
	})
	t.Run("scope corpid", func(t *testing.T) {
		for _, tc := range []struct {
			pairs []string
			ok    bool
		}{
			{nil, false},
			{[]string{"org_type", "management"}, false},
			{[]string{"corpId", g.CorpID()}, false},
			{[]string{"org_type", "management", "corpId", "ding0000000000000000"}, false},
			{[]string{"org_type", "management", "corpId", g.CorpID()}, true},
		} {
			_, messages := posted(t, frame(append(tc.pairs, "scope", "openid corpid")...))
			if data := messages[0].(m); data["success"] != tc.ok || !tc.ok && data["errorCode"] != 40035.0 {
				t.Errorf("%v: %v", tc.pairs, data)
			}
		}
	})
	t.Run("outsiders", func(t *testing.T) {
		g.RefuseOutsiders(true)
		g.must(g.ApproveAs("outsider"))
		_, messages := posted(t, frame())
		equal(t, messages[0], m{"success": false, "errorMsg": outsiderText, "errorCode": 11055})
	})
	t.Run("by hand", func(t *testing.T) {
		g.must(g.ApproveAs(""))
		r := frame()
		for _, want := range []string{"<svg", `<form method="post">`, "<select", "This is a simulator, not DingTalk", "&lt;script&gt;alert(&#39;nick&#39;)"} {
			if !strings.Contains(string(r.body), want) {
				t.Errorf("the page lacks %s", want)
			}
		}
		if strings.Contains(string(r.body), "<script") {
			t.Error("the page has a script before anything is to be posted")
		}
		form := g.do("POST", g.authorize("iframe", "true"), "application/x-www-form-urlencoded", "decision=approve&userid=lisi")
		_, messages := posted(t, form)
		token, _ := g.exchange(redirected(t, messages[0]).Get("authCode")).json(t)["accessToken"].(string)
		equal(t, g.me(token).json(t)["nick"], "Lee")
		form = g.do("POST", g.authorize("iframe", "true"), "application/x-www-form-urlencoded", "decision=refuse")
		if _, messages = posted(t, form); redirected(t, messages[0]).Get("error") == "" {
			t.Errorf("refused by hand: %v", messages)
		}
	})
	t.Run("nothing to a page that is not the app's", func(t *testing.T) {
		g.must(g.ApproveAs("zhangsan"))
		for _, name := range []string{"client_id", "redirect_uri", "response_type", "scope", "prompt"} {
			if r := frame(name, "-"); r.StatusCode != 400 || postedForm.Match(r.body) {
				t.Errorf("without %s: %d", name, r.StatusCode)
			}
		}
		if r := frame("redirect_uri", "https://evil.example/"); r.StatusCode != 400 || postedForm.Match(r.body) {
			t.Errorf("foreign redirect_uri: %d", r.StatusCode)
		}
	})
	if r := g.get(g.authorize("iframe", "false", "client_id", "-")); !strings.Contains(r.Header.Get("Content-Security-Policy"), "frame-ancestors 'none'") {
		t.Error("the full page may be framed")
	}
}

func TestM26_OldFrame(t *testing.T) {
	g := start(t, Config{As: "zhangsan"})
	scan := g.ScanApp()
	frame := func(to string) result { return g.get("/login/qrcode.htm?goto=" + url.QueryEscape(to)) }
	to := g.url + g.sns("oauth2/sns_authorize", scan.AppID)
	target, messages := posted(t, frame(to))
	tmp, _ := messages[0].(string)
	if target != "*" || len(messages) != 1 || len(tmp) != 32 {
		t.Fatalf("posted %v to %s", messages, target)
	}
	landing := func(id string) result { return g.get(g.sns("oauth2/sns_authorize", id, "loginTmpCode", tmp)) }
	if r := landing(g.id); r.StatusCode != 400 {
		t.Errorf("another app took the loginTmpCode: %d", r.StatusCode)
	}
	exact(t, g.scan(scan.AppID, scan.AppSecret, tmp), 200, snsNotFound)
	q := g.back(landing(scan.AppID))
	equal(t, g.scan(scan.AppID, scan.AppSecret, q.Get("code")).json(t)["errcode"], 0)
	if r := landing(scan.AppID); r.StatusCode != 400 {
		t.Errorf("the loginTmpCode was taken twice: %d", r.StatusCode)
	}
	for _, bad := range []string{"", ":", "https://evil.example/", g.url + "/connect/qrconnect", g.url + g.sns("oauth2/sns_authorize", scan.AppID, "redirect_uri", "https://evil.example/")} {
		if r := frame(bad); r.StatusCode != 400 || postedForm.Match(r.body) {
			t.Errorf("goto %q: %d", bad, r.StatusCode)
		}
	}
}
