package systemtest

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/network"

	browser "github.com/dingbridge/dingbridge/provider/pages/chromium"
)

// TestE13_Detours: what goes wrong on a way leads the person in by another.
func TestE13_Detours(t *testing.T) {
	if testing.Short() {
		t.Skip("the detours are the browser's, and the same under -short")
	}
	ctx := browser.Start(t, 15*time.Minute)
	s := newStage(t)
	t.Run("client", func(t *testing.T) { t.Parallel(); s.client(t, look(t, ctx, devices[3], s.hosts)) })
	t.Run("page", func(t *testing.T) {
		t.Parallel() // but not with one another: a fault strikes whoever comes first
		s.frame(t, look(t, ctx, devices[0], s.hosts))
		s.choice(t, look(t, ctx, devices[1], s.hosts))
	})
}

// client: whatever befalls DingTalk's script, there is the full page.
func (s *stage) client(t *testing.T, v *viewer) {
	broken := []struct {
		name, kind, more string
		factor           float64  // of the page's clock, where it must lose its patience
		pardons          []string // what the browser says of it, rightly
		by               string   // the first page that is not the client's
	}{
		{name: "missing", kind: "404", pardons: []string{"status of 404", "Refused to execute script"}, by: "full page"},
		{name: "cut off", kind: "reset", pardons: []string{"net::ERR_"}, by: "full page"},
		{name: "not a script", kind: "html", pardons: []string{"Refused to execute script"}, by: "full page"},
		{name: "slow", kind: "slow", more: `, "delay": "50s"`, factor: 100, by: "full page"},
		{name: "says no", kind: "jsapi-fail", by: "full page"},
		{name: "throws", kind: "jsapi-throws", by: "full page"},
		{name: "never answers", kind: "jsapi-silent", factor: 100, by: "full page"},
		{name: "of an old client", kind: "jsapi-old", by: "app"},
		{name: "gives a code that DingTalk does not know", kind: "jsapi-wrong-code", pardons: []string{"status of 400"}, by: "code-used"},
	}
	for _, test := range broken {
		s.second.fault("jsapi", test.kind, test.more)
		v.pardons = test.pardons
		v.hurry(max(test.factor, 1))
		v.pages()
		v.open(s.two + "/login")
		if test.by == "code-used" {
			v.shows("code-used")
			v.press("#retry") // not by the client again
		}
		if test.by != "app" {
			v.see("button.yes")
			v.click("button.yes")
		}
		v.inAndOut("second", "三哥", "张三")
		if passed := v.pages(); !slices.Contains(passed, "/login/inapp") {
			t.Errorf("%s: it went by %v", test.name, passed)
		}
	}

	// With a button before it, nothing happens before it is pressed, also if the script
	// has failed by then.
	for _, kind := range []string{"", "404"} {
		v.pardons = []string{"status of 404", "Refused to execute script"}
		if kind != "" {
			s.second.fault("jsapi", kind, "")
		}
		v.open(s.tap + "/login")
		v.shows("in-app")
		if home := ask[string](v, `document.getElementById("outside").href`); !strings.HasPrefix(home, "https://tap.example.com/") {
			t.Errorf("the way out to the system's browser leads to %s", home)
		}
		v.press("#enter")
		if kind != "" {
			v.see("button.yes")
			v.click("button.yes")
		}
		v.inAndOut("second", "三哥", "张三")
	}
	v.open(s.tap + "/login")
	v.shows("in-app")
	v.press("#ordinary")
	v.see("button.yes")
	v.click("button.yes")
	v.inAndOut("second", "三哥")
}

// frame: what DingTalk's frame can say, and what it can leave unsaid.
func (s *stage) frame(t *testing.T, v *viewer) {
	begin := func() {
		v.open(s.one + "/login")
		v.press(`a[data-way="frame"]`)
	}
	other := func() {
		v.shows("scan")
		v.press(`#other-ways a[data-way="oauth2"]`)
		v.see("button.yes")
		v.click("button.yes")
		v.inAndOut("first", "三哥")
	}

	v.pardons = []string{"SECTION#advice"} // what the frame has said makes room for itself
	s.first.control("POST", "outsiders", `{"refuse": true}`)
	begin()
	v.scan("outsider")
	v.see("#not-member")
	v.content()
	other()
	s.first.control("POST", "outsiders", `{"refuse": false}`)

	for _, kind := range []string{"frame-error", "frame-foreign-url", "wrong-state", "no-state"} {
		s.first.fault("auth", kind, "")
		begin()
		v.scan("zhangsan")
		v.see("#scan-failed")
		v.content()
	}
	other()

	// The same message twice is one login.
	v.pardons = nil
	exchanged, calls := s.first.calls("userAccessToken"), s.first.calls("users/me")
	s.first.fault("auth", "twice", "")
	begin()
	v.scan("zhangsan")
	v.inAndOut("first", "三哥")
	if a, b := s.first.calls("userAccessToken")-exchanged, s.first.calls("users/me")-calls; a != 1 || b != 1 {
		t.Errorf("for one message said twice a code was exchanged %d times, and the person asked for %d times", a, b)
	}

	// Too old, it is taken away, and can be had anew.
	v.hurry(100)
	begin()
	v.see("#expired")
	v.hurry(1)
	if ask[bool](v, `!!document.getElementById("frame")`) {
		t.Error("the old code is still there")
	}
	v.press("#reload")
	v.scan("zhangsan")
	v.inAndOut("first", "三哥")
}

// choice: of the organisation, of the way and of the language, on one's own device.
func (s *stage) choice(t *testing.T, v *viewer) {
	v.open(s.both + "/login")
	v.shows("choose-way")
	language := func() string { return ask[string](v, `document.documentElement.lang`) }
	before := language()
	v.press("#switch-language")
	v.see(`html:not([lang="` + before + `"]) main[data-page="choose-way"]`)
	after := language()
	v.shows("choose-way")
	for _, organisation := range []string{"云杉示例科技", "白杨示例物流"} {
		if !strings.Contains(v.says("#ways"), organisation) {
			t.Errorf("no %s among %q", organisation, v.says("#ways"))
		}
	}
	v.press(`#ways ul:last-of-type a[data-way="frame"]`)
	v.scan("lisi")
	if got := language(); got != after {
		t.Errorf("the next page is in %s again", got)
	}
	v.inAndOut("first", "丽丝") // of the second organisation: in the first lisi is another

	v.open(s.one + "/login")
	v.shows("choose-way")
	if got := language(); got != after {
		t.Errorf("the next login is in %s again", got)
	}
	v.press("#switch-language")
	v.see(`html[lang="` + before + `"] main[data-page="choose-way"]`)
	v.press(`#ways a[data-way="password"]`)
	v.see("button.yes")
	v.click(`input[value="lisi"]`, "button.yes")
	v.inAndOut("first", "Lee")

	// Who is logged in to one organisation is nobody in the other.
	v.open(s.both + "/login")
	v.press(`#ways ul:first-of-type a[data-way="oauth2"]`)
	v.see("button.yes")
	v.click("button.yes")
	v.see("body.first #nick")
	v.open(s.two + "/login")
	v.shows("scan")
	v.content()
	command(v, network.ClearBrowserCookies, cdp.Empty{})

	for _, dark := range []bool{true, false} {
		v.scheme(dark)
		v.pardons = []string{"status of 40"}
		v.open(s.issuer + "/nothing")
		v.shows("not-found")
		v.open(s.both + "/login")
		v.shows("choose-way")
		v.open(s.two + "/login")
		v.shows("scan")
		v.open(s.issuer + "/")
		v.shows("home")
		v.content()
	}
}
