package main

import (
	"context"
	"testing"
	"time"

	"github.com/dingbridge/dingbridge/provider/pages/chromium"
)

// logIn goes from the first app by DingTalk's page back to the app.
func (v *visitor) logIn(app, who string) {
	v.t.Helper()
	v.open(app + "/login")
	v.see("dingtalk", "button.yes")
	v.click(`input[value="`+who+`"]`, "button.yes")
	v.see("result", "body.first #nick")
}

// TestDemoInARealBrowser goes through the demo as its reader will.
func TestDemoInARealBrowser(t *testing.T) {
	ctx := chromium.Start(t, 15*time.Minute)
	at := runDemo(t, "")
	t.Run("tour", func(t *testing.T) { tour(t, ctx, at) })
	t.Run("single logout", func(t *testing.T) { singleLogout(t, ctx, at) })
	t.Run("logout everywhere", func(t *testing.T) { logoutEverywhere(t, ctx, at) })
}

// TestDemoByEveryWay logs in as somebody who has chosen who he is: by the QR page of
// 2020, in the provider's page, and inside DingTalk's client.
func TestDemoByEveryWay(t *testing.T) {
	ctx := chromium.Start(t, 15*time.Minute)
	for way, tc := range map[string]struct{ first, nick string }{
		"sns":   {"body.first #nick", "三哥"}, // straight through DingTalk
		"frame": {"[data-page=scan] iframe, body.first #nick", "三哥"},
		"inapp": {"[data-page=in-app], body.first #nick", "张三"}, // DingTalk tells no nick there, and none is known yet
	} {
		t.Run(way, func(t *testing.T) {
			at := runDemoBy(t, way, "zhangsan")
			for _, on := range []screen{desktop, phone} {
				v := visit(t, ctx, on)
				v.open(at.App + "/login")
				v.see(way, tc.first)
				v.see(way+"-result", "body.first #nick")
				v.says("#nick", tc.nick)
			}
		})
	}
}

// tour: log in as a person of the company, look, refresh, go to the second app without
// DingTalk, log out of it.
func tour(t *testing.T, ctx context.Context, at demoAddress) {
	for _, tc := range []struct {
		screen
		who  string // clicked on the simulator's page
		nick string
	}{{desktop, "zhangsan", "三哥"}, {phone, "zhangsan2", ""}} {
		v := visit(t, ctx, tc.screen)
		v.open(at.App + "/")
		v.see("start", "#login")
		v.logIn(at.App, tc.who)
		v.says("#nick", tc.nick)
		v.click("#refresh")
		v.see("refreshed", "body.first tr.new")
		v.says("#refreshes", "1")
		v.click("#other")
		v.see("second", "body.second #nick") // DingTalk's page would have stopped here
		v.says("#nick", tc.nick)
		v.click("#logout")
		v.see("second-left", "body.second #login")
		v.click("#other")
		v.see("first-again", "body.first #nick")
	}
}

// singleLogout: who logs out in one app finds the other logged out as well, and
// DingTalk's page before the next login.
func singleLogout(t *testing.T, ctx context.Context, at demoAddress) {
	for _, on := range []screen{desktop, phone} {
		v := visit(t, ctx, on)
		both := func() {
			v.logIn(at.App, "zhangsan")
			v.click("#other")
			v.see("second", "body.second #nick")
		}
		gone := func(name string) {
			v.t.Helper()
			v.revisit(at.App+"/second/", name+"-second", "body.second #left")
			v.click("#login")
			v.see(name+"-dingtalk", "button.yes") // the provider's session is gone too
		}

		both()
		v.open(at.App + "/")
		v.click("#signout")
		v.see("signout", "body.first #left") // no question: the app has said whose session it is
		gone("signout")

		// From the address bar nobody says for whom: the provider asks.
		both()
		v.open(at.Provider + "/end_session")
		v.see("asked", "[data-page=sign-out] #choose-everywhere")
		v.open(at.App + "/login") // to ask is not to log out
		v.see("asked-only", "body.first #nick")
		v.open(at.Provider + "/end_session")
		v.click("#choose-here")
		v.see("here", "[data-page=signed-out]")
		v.revisit(at.App+"/", "here-first", "body.first #left")
		gone("here")
	}
}

// logoutEverywhere: what one browser ends here has not ended in another, and what it
// ends everywhere has.
func logoutEverywhere(t *testing.T, ctx context.Context, at demoAddress) {
	one, other := visit(t, ctx, desktop), visit(t, ctx, phone)
	for _, v := range []*visitor{one, other} {
		v.logIn(at.App, "lisi")
	}
	one.open(at.App + "/")
	one.click("#signout")
	one.see("signout", "body.first #left")
	other.open(at.App + "/login")
	other.see("still-there", "body.first #nick")

	one.logIn(at.App, "lisi")
	one.open(at.Provider + "/end_session")
	one.click("#choose-everywhere")
	one.see("everywhere", "[data-page=signed-out-everywhere]")
	for _, v := range []*visitor{one, other} {
		v.revisit(at.App+"/", "everywhere-app", "body.first #left")
		v.click("#login")
		v.see("everywhere-dingtalk", "button.yes")
	}
}
