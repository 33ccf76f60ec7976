package pages

import (
	"strings"
	"time"
)

// needed is a page with what its kind cannot do without, and nothing else.
func needed(kind Kind) Page {
	page := Page{Kind: kind, Form: formFor(kind)}
	switch kind {
	case ChooseWay:
		page.Choices = []Choice{{URL: "/login/start?way=frame", Way: "frame"}}
	case Scan:
		page.Frame = &Frame{URL: "https://login.example.com/oauth2/auth?iframe=true&state=a.b", Origin: "https://login.example.com",
			Callback: "https://sso.example.com/login/callback", State: "a.b", ReloadURL: "/login/frame?state=a.b", Seconds: 300}
	case InApp:
		page.InApp = &InAppLogin{ScriptURL: "https://g.example.com/dingding/3.1.0/dingtalk.open.js", CorpID: "ding1", ClientID: "dingapp1",
			FallbackURL: "/login/start?way=oauth2"}
	}
	return page
}

func bare(kind Kind, lang string) Page {
	page := needed(kind)
	page.Lang = lang
	return page
}

// full is a page with everything, all of it harmless.
func full(kind Kind, lang string) Page {
	page := Page{Kind: kind, Lang: lang, ClientName: "Grafana", Account: "张三", Permission: "qyapi_get_member",
		Contact: "it@example.com", RetryURL: "https://app.example.com/start?a=1&b=2", RequestID: "5f2c8a91d04be376",
		Form: formFor(kind), ContinueURL: "https://app.example.com/bye", UserCode: "WDJB-MJHT", WrongCode: true,
		Scopes:        []string{"openid", "profile", "email", "phone", "groups", "offline_access"},
		DeviceAddress: "203.0.113.7", Begun: time.Date(2026, 5, 1, 14, 3, 21, 0, time.FixedZone("", 8*3600))}
	if kind == SignedIn {
		page.Overview, page.Organisation = overview(), "Example People"
	}
	need := needed(kind)
	page.Frame, page.InApp, page.Choices = need.Frame, need.InApp, everyWay()
	if page.InApp != nil {
		page.InApp.Tap, page.InApp.HomeURL, page.InApp.Integrity = true, "https://app.example.com/", "sha384-"+strings.Repeat("A", 64)
	}
	return page
}

// overview is of somebody with a browser that asks and another, an app and a device.
func overview() *Overview {
	at := time.Date(2026, 5, 1, 14, 3, 21, 0, time.FixedZone("", 8*3600))
	return &Overview{Nickname: "三三", Name: "张三", Username: "zhangsan-abcdef", Email: "zhang.san@corp.example.cn", EmailVerified: true, Phone: "+8613800138000",
		Departments: 2, Roles: 1, CorpID: "ding3f2a", Subject: "abcdefghijklmnopqrstuvwxyz",
		Sessions: []OpenSession{{Agent: "Chrome, Windows", Here: true, Address: "203.0.113.7", Began: at, Used: at, Apps: []string{"Grafana", "GitLab"}},
			{Agent: "DingTalk, iOS", Address: "2001:db8::7", Began: at, Used: at, Apps: []string{"Grafana"}, End: "session:b"}},
		Lasting: []LastingAccess{{App: "Harbor", Since: at, Used: at, Times: 3, End: "grant:c"}, {App: "Meeting room", Device: true, Since: at, Used: at, End: "grant:d"}}}
}

// everyWay is two organisations, of which one has every way and the other one.
func everyWay() []Choice {
	return []Choice{{"/login/start?way=frame", "云杉", "frame"}, {"/login/start?way=oauth2", "云杉", "oauth2"},
		{"/login/start?way=sns", "云杉", "sns"}, {"/login/start?way=password", "云杉", "password"},
		{"/login/start?way=inapp", "云杉", "inapp"}, {"/login/start?way=oauth2&o=2", "Second Ltd", "oauth2"}}
}

// formFor is a form that this kind can send, nil if it has none.
func formFor(kind Kind) *Form {
	form := &Form{Action: "/answer", LeadsTo: "https://app.example.com/callback", Hidden: []Field{{"ticket", "AbC-_9"}}}
	switch {
	case kind == FormPost:
		form.Action = "https://app.example.com/callback?keep=1&it=2"
	case !rows[kind].mayPost():
		return nil
	}
	return form
}

var theirs = Config{Issuer: "https://login.example.com", Operator: "Example Ltd", Organisation: "Example People", Contact: "it@example.com"}
