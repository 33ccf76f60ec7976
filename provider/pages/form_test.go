package pages

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/net/html"
)

// awkward are values that HTML, a browser or a careless escape might bend.
var awkward = []string{
	"", " ", "  a  b  ", "AbC-_9", `"'<>&`, "&amp;&lt;&#13;&quot;&nbsp", "</form><form>", "{{.}}", "+%2B%20&a=b;c", "ü 张三 👍🏽",
	"line one\r\nline two", "\r\n", "\r\n\r\n", "\t\v\f\x01\x1b\x7f", "\u0080\u0085\u009f\ufeff\u2028\u202e\ufffd\ufdd0", `\u0022\r\n`,
	strings.Repeat("0123456789abcdef", 512),
}

// Of these, something else than was given comes out of a browser.
var unpostable = []string{"a\nb", "a\rb", "\n", "\r", "\n\r", "\r\n\n", "\r\r\n", "a\x00b", "a\xffb", "\xed\xa0\x80"}

func hidden(root *html.Node) []Field {
	var list []Field
	for n := range byID(root, "form").Descendants() {
		if n.Data == "input" && attr(n, "type") == "hidden" {
			list = append(list, Field{attr(n, "name"), attr(n, "value")})
		}
	}
	return list
}

func TestP14_HiddenValuesSurvive(t *testing.T) {
	p := newPages(t, theirs)
	for _, kind := range []Kind{SignOut, FormPost} {
		for _, value := range append(attacks, awkward...) {
			if !Postable(value) {
				continue // U+0000 and broken UTF-8, among the attacks
			}
			form := formFor(kind)
			form.Hidden = []Field{{"state", value}, {"submit", value}, {"state", "again"}}
			root := parse(t, body(t, write(t, p, "GET", 0, Page{Kind: kind, Lang: English, Form: form})))
			got := hidden(root)
			if len(got) != 3 || got[0] != form.Hidden[0] || got[1] != form.Hidden[1] || got[2] != form.Hidden[2] {
				t.Errorf("%s: %q became %q", kind, value, got)
			}
		}
	}
	for _, value := range awkward {
		if !Postable(value) {
			t.Errorf("%q is not postable", value)
		}
	}
	for _, value := range unpostable {
		if Postable(value) {
			t.Errorf("%q is postable", value)
		}
	}
}

// A page that asks is shown with its form, or not at all; the others never have one.
func TestP13_NoQuestionWithoutAForm(t *testing.T) {
	p := newPages(t, theirs)
	table := []struct {
		name   string
		form   *Form
		ours   bool // fit for a question of ours
		theirs bool // fit for FormPost
	}{
		{"none", nil, false, false},
		{"nothing in it", &Form{}, false, false},
		{"path", &Form{Action: "/end_session/confirm"}, true, false},
		{"path below another", &Form{Action: "/login/end_session/confirm?x=1"}, true, false},
		{"https", &Form{Action: "https://app.example.com/cb"}, false, true},
		{"http", &Form{Action: "http://127.0.0.1:8080/cb"}, false, true},
		{"private-use scheme", &Form{Action: "com.example.app:/cb"}, false, false},
		{"other host", &Form{Action: "//evil.example/"}, false, false},
		{"backslash", &Form{Action: `/\evil.example/`}, false, false},
		{"script", &Form{Action: "javascript:alert(1)"}, false, false},
		{"data", &Form{Action: "data:text/html,x"}, false, false},
		{"relative", &Form{Action: "confirm"}, false, false},
		{"password", &Form{Action: "https://a:b@app.example.com/"}, false, false},
	}
	for _, row := range table {
		for _, kind := range Kinds() {
			page := needed(kind)
			page.Lang, page.Form = English, row.form
			resp := write(t, p, "GET", http.StatusOK, page)
			root := parse(t, body(t, resp))
			asks := rows[kind].posts()
			fit := row.ours && kind != FormPost || row.theirs && kind == FormPost
			want, status := kind, http.StatusOK
			if asks && !fit {
				want, status = Internal, http.StatusInternalServerError
			}
			if got := attr(byID(root, "main"), "data-page"); got != string(want) || resp.StatusCode != status {
				t.Errorf("%s: %s is shown as %s with status %d", row.name, kind, got, resp.StatusCode)
			}
			form := byID(root, "form")
			if (form != nil) != (asks && fit) {
				t.Errorf("%s: %s: form %v", row.name, kind, form)
			}
			if form != nil && (attr(form, "action") != row.form.Action || attr(form, "method") != "post") {
				t.Errorf("%s: %s posts to %s", row.name, kind, attr(form, "action"))
			}
			none := strings.Contains(resp.Header.Get("Content-Security-Policy"), "form-action 'none'")
			if none != (form == nil) {
				t.Errorf("%s: %s: policy %s", row.name, kind, resp.Header.Get("Content-Security-Policy"))
			}
		}
	}
}

func TestP15_FormAction(t *testing.T) {
	p := newPages(t, theirs)
	long := strings.Repeat("a", maxScheme)
	table := []struct{ leadsTo, want string }{
		{"", "'self'"},
		{"https://app.example.com/cb", "'self' https:"},
		{"http://127.0.0.1:8082/cb", "'self' http:"},
		{"com.example.app:/cb", "'self' com.example.app:"},
		{"com.example.my-app+2:/cb", "'self' com.example.my-app+2:"},
		{"javascript:alert(1)", "'self'"},
		{"data:text/html,x", "'self'"},
		{"blob:https://evil.example/1", "'self'"},
		{"filesystem:https://evil.example/", "'self'"},
		{"Com.Example:/cb", "'self'"},
		{"com.example", "'self'"},
		{"*:/cb", "'self'"},
		{"*.example:/cb", "'self'"},
		{"'unsafe-inline' com.example:/cb", "'self'"},
		{"com.example;script-src:/cb", "'self'"},
		{"com.example,default-src:/cb", "'self'"},
		{"com.example\r\nSet-Cookie:/cb", "'self'"},
		{"com.ex\u00e4mple:/cb", "'self'"},
		{"1com.example:/cb", "'self'"},
		{".com:/cb", "'self'"},
		{":/cb", "'self'"},
		{"/path:x.y", "'self'"},
		{long[:maxScheme-2] + ".a:/", "'self' " + long[:maxScheme-2] + ".a:"},
		{long + ".a:/", "'self'"},
	}
	action := regexp.MustCompile(`; form-action ([^;]*); `)
	for _, row := range table {
		for _, kind := range []Kind{SignOut, Consent, DeviceCode, DeviceConfirm, InApp} {
			page := needed(kind)
			page.Form = &Form{Action: "/answer", LeadsTo: row.leadsTo}
			csp := write(t, p, "GET", 0, page).Header.Get("Content-Security-Policy")
			if got := action.FindStringSubmatch(csp); len(got) != 2 || got[1] != row.want {
				t.Errorf("%s: %q gives %s", kind, row.leadsTo, csp)
			}
		}
	}
	for to, want := range map[string]string{"https://app.example.com/cb": "https:", "http://localhost:1/": "http:"} {
		w := httptest.NewRecorder()
		p.WriteFormPost(w, httptest.NewRequest("GET", "/authorize", nil), 0, Chinese, to, []Field{{"code", "x"}})
		if got := action.FindStringSubmatch(w.Header().Get("Content-Security-Policy")); len(got) != 2 || got[1] != want {
			t.Errorf("form_post to %s: %q", to, got)
		}
	}
}

// Whatever comes in as a URI, what goes into the header is a scheme or nothing.
func FuzzSource(f *testing.F) {
	for _, uri := range append([]string{"https://a/", "http://a/", "com.example.app:/cb", "a.b:", "a;b.c:", "a b.c:"}, attacks...) {
		f.Add(uri)
	}
	scheme := regexp.MustCompile(`\A(https?|[a-z][a-z0-9+-]*\.[a-z0-9+.-]*):\z`)
	f.Fuzz(func(t *testing.T, uri string) {
		got := source(uri)
		if got == "" {
			return
		}
		if !scheme.MatchString(got) || !strings.HasPrefix(uri, got) {
			t.Fatalf("%q gives %q", uri, got)
		}
		if u, err := url.Parse(got + "/x"); err != nil || u.Scheme+":" != got {
			t.Fatalf("%q gives %q, which is no scheme", uri, got)
		}
	})
}

// A hidden value is in the page as it was given, or is not called postable.
func FuzzHidden(f *testing.F) {
	for _, value := range append(append(append([]string{}, attacks...), awkward...), unpostable...) {
		f.Add(value)
	}
	p := newPages(f, theirs)
	f.Fuzz(func(t *testing.T, value string) {
		w := httptest.NewRecorder()
		p.WriteFormPost(w, nil, 0, English, "https://app.example.com/cb", []Field{{"state", value}, {"iss", "x"}})
		got := hidden(parse(t, w.Body.String()))
		if len(got) != 2 || got[1].Value != "x" || Postable(value) && got[0].Value != value {
			t.Fatalf("%q became %q", value, got)
		}
	})
}

func TestP8_HowLongAgo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPages(t, theirs)
		then := time.Now().In(time.FixedZone("", 8*3600))
		for _, row := range []struct {
			after  time.Duration
			en, zh string
		}{
			{-time.Minute, english.words.JustNow, chinese.words.JustNow},
			{0, english.words.JustNow, chinese.words.JustNow},
			{59 * time.Second, english.words.JustNow, chinese.words.JustNow},
			{time.Minute, "1 minute ago", "1 分钟前"},
			{2 * time.Minute, "2 minutes ago", "2 分钟前"},
			{15*time.Minute + 59*time.Second, "15 minutes ago", "15 分钟前"},
		} {
			for lang, want := range map[string]string{English: row.en, Chinese: row.zh} {
				page := full(DeviceConfirm, lang)
				page.Begun = then.Add(-row.after)
				want += page.Begun.Format(" 2006-01-02 15:04:05 UTC+08:00")
				if got := inner(byID(parse(t, body(t, write(t, p, "GET", 0, page))), "begun")); got != want {
					t.Errorf("after %v: %q, want %q", row.after, got, want)
				}
			}
		}
	})
}

// Who cannot see a form can still fill it in.
func TestP10_FormsAreLabelled(t *testing.T) {
	p := newPages(t, theirs)
	for _, kind := range Kinds() {
		for _, lang := range []string{English, Chinese} {
			for _, wrong := range []bool{false, true} {
				page := full(kind, lang)
				page.WrongCode = wrong
				root := parse(t, body(t, write(t, p, "GET", 0, page)))
				labels := map[string]string{}
				for n := range root.Descendants() {
					if n.Data == "label" {
						labels[attr(n, "for")] = inner(n)
					}
				}
				for n := range root.Descendants() {
					if n.Type != html.ElementNode {
						continue
					}
					if n.Data == "input" && attr(n, "type") != "hidden" && labels[attr(n, "id")] == "" {
						t.Errorf("%s: a field without a label", kind)
					}
					if n.Data == "button" && (strings.TrimSpace(inner(n)) == "" || attr(n, "type") != "submit") {
						t.Errorf("%s: button %q", kind, attr(n, "id"))
					}
					if by := attr(n, "aria-describedby"); by != "" && inner(byID(root, by)) == "" {
						t.Errorf("%s: %s is described by nothing", kind, attr(n, "id"))
					}
				}
				if kind != DeviceCode {
					continue
				}
				field, told := byID(root, "user-code"), byID(root, "wrong-code")
				if (told != nil) != wrong || (attr(field, "aria-invalid") == "true") != wrong || wrong && attr(told, "role") != "alert" {
					t.Errorf("wrong code %v: %v %v", wrong, field.Attr, told)
				}
				if attr(field, "value") != "WDJB-MJHT" || attr(field, "name") != "user_code" {
					t.Errorf("the field is %v", field.Attr)
				}
			}
		}
	}
}

// What a person decides on is all there: who asks, for what, from where, since when,
// and for devices the warning that nobody should have sent them.
func TestP8_WhatIsDecidedOn(t *testing.T) {
	p := newPages(t, theirs)
	for kind, lang := range map[Kind]string{Consent: English, DeviceConfirm: Chinese} {
		page := full(kind, lang)
		page.Scopes = []string{"openid", "groups", "groups", "api.read\u202e", "\u200b"}
		page.UserCode = "ABCD-EFGH\u202e<b>"
		root := parse(t, body(t, write(t, p, "GET", 0, page)))
		learned := inner(byID(root, "learned"))
		for _, want := range []string{tongues[lang].scopes["openid"], "Example People", "api.read"} {
			if strings.Count(learned, want) != 1 {
				t.Errorf("%s: %q is not told once: %s", kind, want, learned)
			}
		}
		if strings.ContainsAny(learned, "\u202e\u200b{}") {
			t.Errorf("%s: %q", kind, learned)
		}
		if !strings.Contains(inner(byID(root, "message")), "Grafana") {
			t.Errorf("%s does not say who asks", kind)
		}
		device := kind == DeviceConfirm
		for id, want := range map[string]string{"user-code": "ABCD-EFGH<b>", "device-address": "203.0.113.7"} {
			if got := inner(byID(root, id)); device && got != want || !device && got != "" {
				t.Errorf("%s: %s is %q", kind, id, got)
			}
		}
	}
	for _, kind := range []Kind{DeviceCode, DeviceConfirm} {
		en := inner(byID(parse(t, body(t, write(t, p, "GET", 0, full(kind, English)))), "advice"))
		zh := inner(byID(parse(t, body(t, write(t, p, "GET", 0, full(kind, Chinese)))), "advice"))
		if !strings.Contains(en, "if you started this yourself") || !strings.Contains(zh, "本人") {
			t.Errorf("%s does not warn: %s %s", kind, en, zh)
		}
	}
	// Every scope that has words has them in both languages.
	for scope := range english.scopes {
		if english.scopes[scope] == "" || chinese.scopes[scope] == "" || len(english.scopes) != len(chinese.scopes) {
			t.Errorf("scope %s is told in one language only", scope)
		}
	}
}
