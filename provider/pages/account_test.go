package pages

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"
)

// evilOverview is the shape of overview with one text in everything that is foreign.
func evilOverview(v string) *Overview {
	o := overview()
	o.Nickname, o.Name, o.Username, o.Email, o.Phone, o.CorpID, o.Subject = v, v, v, v, v, v, v
	for i := range o.Sessions {
		s := &o.Sessions[i]
		s.Agent, s.Address = v, v
		for j := range s.Apps {
			s.Apps[j] = v
		}
	}
	for i := range o.Lasting {
		o.Lasting[i].App = v
	}
	return o
}

func account(t *testing.T, lang string, change func(*Page)) *html.Node {
	t.Helper()
	page := full(SignedIn, lang)
	if change != nil {
		change(&page)
	}
	return parse(t, body(t, write(t, newPages(t, theirs), "GET", 0, page)))
}

func TestP23_WhoAndWhere(t *testing.T) {
	for _, lang := range []string{English, Chinese} {
		w := tongues[lang].words
		root := account(t, lang, nil)
		for id, want := range map[string]string{
			"nickname": "三三", "name": "张三", "username": "zhangsan-abcdef", "email": "zhang.san@corp.example.cn " + w.Verified, "phone": "+8613800138000",
			"departments": "2", "roles": "1", "organisation": "Example People", "corp-id": "ding3f2a", "sub": "abcdefghijklmnopqrstuvwxyz",
			"session-1-name": "Chrome, Windows " + w.ThisBrowser, "session-1-address": "203.0.113.7", "session-1-apps": "Grafana, GitLab",
			"session-2-name": "DingTalk, iOS", "session-2-address": "2001:db8::7", "session-2-end": w.EndSession,
			"lasting-1-name": "Harbor", "lasting-1-times": "3", "lasting-2-times": "", "lasting-1-how": w.OffLine, "lasting-2-name": "Meeting room", "lasting-2-how": w.OnADevice, "lasting-2-end": w.EndAccess,
		} {
			if got := inner(byID(root, id)); got != want {
				t.Errorf("%s: %s is %q, want %q", lang, id, got, want)
			}
		}
		if byID(root, "session-1-end") != nil || byID(root, "nothing-lasts") != nil || byID(root, "more-sessions") != nil || byID(root, "more-lasting") != nil {
			t.Errorf("%s: what is not so is said", lang)
		}
		if got := inner(byID(root, "session-2-began")); !strings.Contains(got, "2026-05-01 14:03 UTC+08:00") {
			t.Errorf("%s: began %q", lang, got)
		}
		for id, end := range map[string]string{"session-2": "session:b", "lasting-1": "grant:c", "lasting-2": "grant:d"} {
			b := byID(root, id+"-end")
			if attr(b, "form") != "form" || attr(b, "type") != "submit" || attr(b, "name") != "choice" || attr(b, "value") != end || inner(byID(root, attr(b, "aria-describedby"))) == "" {
				t.Errorf("%s: button of %s: %v", lang, id, b.Attr)
			}
		}
	}
	root := account(t, English, func(p *Page) {
		*p = Page{Kind: SignedIn, Lang: English, Overview: &Overview{Email: "a@b.cd", Sessions: []OpenSession{{}}}}
	})
	if byID(root, "form") != nil || byID(root, "nothing-lasts") == nil || inner(byID(root, "email")) != "a@b.cd not verified" ||
		inner(byID(root, "session-1-name")) != english.words.SomeBrowser || byID(root, "session-1-began") != nil || byID(root, "phone") != nil || byID(root, "roles") != nil {
		t.Error("what is not known is shown, or what is known is not")
	}
}

// TestP23_NoButtonThatDoesNothing: without a form, or with a value that could be more
// than one of ours, an entry has none.
func TestP23_NoButtonThatDoesNothing(t *testing.T) {
	for name, change := range map[string]func(*Page){
		"no form":    func(p *Page) { p.Form = nil },
		"elsewhere":  func(p *Page) { p.Form = &Form{Action: "https://evil.example/"} },
		"odd values": func(p *Page) { setEnds(p.Overview, `x" onclick="y`) },
		"long ones":  func(p *Page) { setEnds(p.Overview, strings.Repeat("x", 65)) },
	} {
		for n := range account(t, English, change).Descendants() {
			if n.Data == "button" {
				t.Errorf("%s: %v", name, n.Attr)
			}
		}
	}
}

func setEnds(o *Overview, v string) {
	for i := range o.Sessions {
		o.Sessions[i].End = v
	}
	for i := range o.Lasting {
		o.Lasting[i].End = v
	}
}

// TestP23_ManyAreCut: whatever it is given, the page has an end.
func TestP23_ManyAreCut(t *testing.T) {
	long := strings.Repeat("长", 5000)
	page := full(SignedIn, Chinese)
	o := evilOverview(long)
	apps := strings.Split(strings.Repeat(long+" ", 100), " ")
	for range 1000 {
		o.Sessions = append(o.Sessions, OpenSession{Agent: long, Address: long, Began: time.Now(), Used: time.Now(), Apps: apps, End: "session:x"})
		o.Lasting = append(o.Lasting, LastingAccess{App: long, Since: time.Now(), Used: time.Now(), End: "grant:x"})
	}
	page.Overview = o
	text := body(t, write(t, newPages(t, theirs), "GET", 0, page))
	if len(text) > 400<<10 {
		t.Errorf("%d bytes", len(text))
	}
	root := parse(t, text)
	for _, list := range []string{"session", "lasting"} {
		if byID(root, fmt.Sprint(list, "-", MostShown)) == nil || byID(root, fmt.Sprint(list, "-", MostShown+1)) != nil {
			t.Errorf("%s: not %d", list, MostShown)
		}
	}
	if byID(root, "more-sessions") == nil || byID(root, "more-lasting") == nil {
		t.Error("that there are more is not said")
	}
	if shown := inner(byID(root, "session-3-apps")); strings.Count(shown, ", ") != mostApps || !strings.HasSuffix(shown, "…") {
		t.Errorf("apps %q", shown)
	}
}

func TestTimesInWords(t *testing.T) {
	for past, want := range map[time.Duration]string{
		-time.Hour: "less than a minute ago", 59 * time.Second: "less than a minute ago", 119 * time.Second: "1 minute ago", 119 * time.Minute: "119 minutes ago",
		2 * time.Hour: "2 hours ago", 47*time.Hour + 59*time.Minute: "47 hours ago", 48 * time.Hour: "2 days ago", 89 * 24 * time.Hour: "89 days ago",
	} {
		if got := english.words.ago(past); got != want {
			t.Errorf("%v: %q, want %q", past, got, want)
		}
	}
}
