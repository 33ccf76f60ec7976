package systemtest

import (
	"slices"
	"strings"
	"testing"
	"time"

	browser "github.com/dingbridge/dingbridge/provider/pages/chromium"
)

// TestE11_EveryWayOnEveryDevice: from an app, by each way, to the nick, and out again,
// with the keys alone on the pages that are ours.
func TestE11_EveryWayOnEveryDevice(t *testing.T) {
	ctx := browser.Start(t, 15*time.Minute)
	s := newStage(t)
	for _, d := range some(devices) {
		t.Run(d.name, func(t *testing.T) {
			t.Parallel()
			v := look(t, ctx, d, s.hosts)
			for _, way := range []string{"oauth2", "sns", "password", "frame"} {
				v.open(s.one + "/login")
				v.shows("choose-way")
				v.press(`a[data-way="` + way + `"]`)
				if way == "frame" {
					v.scan("zhangsan")
				} else {
					v.see("button.yes")
					v.click("button.yes")
				}
				v.inAndOut("first", "三哥")
			}
			v.pages()
			v.open(s.two + "/login")
			if !d.client {
				v.scan("zhangsan")
			}
			v.inAndOut("second", "三哥", "张三") // which DingTalk's client does not tell, unless he has been here by another way
			if passed := v.pages(); slices.Contains(passed, "/login/inapp") != d.client || slices.Contains(passed, "/login/frame") == d.client {
				t.Errorf("it went by %v", passed)
			}
		})
	}
}

// TestE11_TheDemoByEveryWay does the same with the demo, as people will try it first:
// one person approves everything, so that the browser goes through by itself.
func TestE11_TheDemoByEveryWay(t *testing.T) {
	if testing.Short() {
		t.Skip("the demo's own test goes every way under -short")
	}
	ctx := browser.Start(t, 15*time.Minute)
	type demo struct {
		way, app, nick string
		page           string // of ours, on the way
		hosts          hosts
	}
	var demos []demo
	for _, one := range []demo{
		{way: "oauth2", nick: "三哥"}, {way: "sns", nick: "三哥"}, {way: "frame", nick: "三哥", page: "/login/frame"},
		{way: "inapp", nick: "张三", page: "/login/inapp"}, // nobody has told his nick
	} {
		p, err := launch(t, t.TempDir(), nil, "demo", "--way", one.way, "--as", "zhangsan",
			"--listen", "127.0.0.1:0", "--simulator-listen", "127.0.0.1:0", "--app-listen", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		issuer, err := p.ready()
		if err != nil {
			t.Fatal(err)
		}
		app, simulated := addresses(t, p)
		newCompany(t, simulated)
		one.app, one.hosts = app, hosts{provider: issuer, script: simulated + scriptPath, dingTalk: []string{simulated}, app: []string{app}}
		demos = append(demos, one)
	}
	for _, d := range some(devices) {
		t.Run(d.name, func(t *testing.T) {
			t.Parallel()
			for _, one := range demos {
				v := look(t, ctx, d, one.hosts)
				v.open(one.app + "/")
				v.click("#login")
				v.inAndOut("first", one.nick)
				var own []string
				for _, page := range v.pages() {
					if strings.HasPrefix(page, "/login/") && page != "/login/callback" {
						own = append(own, page)
					}
				}
				if one.page == "" && len(own) > 0 || one.page != "" && !slices.Contains(own, one.page) {
					t.Errorf("%s on %s went by %v", one.way, d.name, own)
				}
			}
		})
	}
}

// inAndOut is the end of a login, and what follows. It has one of the nicks.
func (v *viewer) inAndOut(side string, nicks ...string) {
	v.t.Helper()
	v.see("body." + side + " #nick")
	if got := v.says("#nick"); !slices.Contains(nicks, got) {
		v.t.Errorf("on %s the app shows %q, want %q", v.name, got, nicks)
	}
	v.click("#signout")
	v.see("body." + side + " #left")
	v.content()
}

// some are all but for the race detector, which looks at the program: a device of each kind.
func some(all []device) []device {
	if testing.Short() {
		return []device{all[0], all[2]}
	}
	return all
}
