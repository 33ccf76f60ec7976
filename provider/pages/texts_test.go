package pages

import (
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode"

	"reflect"

	"golang.org/x/net/html"
)

func TestP5_BothLanguagesAreComplete(t *testing.T) {
	for tag, tongue := range tongues {
		if len(tongue.texts) != len(kinds) {
			t.Errorf("%s: %d texts for %d kinds", tag, len(tongue.texts), len(kinds))
		}
		w := reflect.ValueOf(tongue.words)
		for i := range w.NumField() {
			if w.Field(i).String() == "" {
				t.Errorf("%s: no word for %s", tag, w.Type().Field(i).Name)
			}
		}
		titles := map[string]Kind{}
		for _, kind := range Kinds() {
			text := tongue.texts[kind]
			if text.title == "" || text.lead == "" || len(text.advice) == 0 && kind != Preview || slices.Contains(text.advice, "") {
				t.Errorf("%s: %s lacks a text", tag, kind)
			}
			if other, taken := titles[text.title]; taken {
				t.Errorf("%s: %s and %s have one title", tag, kind, other)
			}
			titles[text.title] = kind
			for _, line := range append([]string{text.lead}, text.advice...) {
				for _, mark := range regexp.MustCompile(`\{[^}]*\}?|\}`).FindAllString(line, -1) {
					if tongue.general[mark] == "" {
						t.Errorf("%s: %s: unknown mark %q", tag, kind, mark)
					}
				}
			}
			chinese := strings.ContainsFunc(text.title+text.lead, func(r rune) bool { return unicode.Is(unicode.Han, r) })
			if chinese != (tag == Chinese) {
				t.Errorf("%s: %s is in the wrong language", tag, kind)
			}
		}
	}
	for _, kind := range Kinds() {
		en, zh := english.texts[kind], chinese.texts[kind]
		if len(en.advice) != len(zh.advice) || (en.button == "") != (zh.button == "") {
			t.Errorf("%s: the languages tell different things", kind)
		}
		if len(en.choices) != len(rows[kind].buttons) || len(zh.choices) != len(en.choices) || (en.heading == "") != (zh.heading == "") || (en.goOn == "") != (zh.goOn == "") {
			t.Errorf("%s: not a text for each button in both languages", kind)
		}
		for i := range en.choices {
			if en.choices[i].label == "" || zh.choices[i].label == "" || (en.choices[i].hint == "") != (zh.choices[i].hint == "") {
				t.Errorf("%s: button %d lacks a text", kind, i)
			}
		}
		for _, mark := range []string{"{app}", "{org}"} {
			if strings.Contains(en.lead, mark) != strings.Contains(zh.lead, mark) {
				t.Errorf("%s: %s is in one language only", kind, mark)
			}
		}
	}
}

// Whoever changes a title here breaks somebody's script: say so in the changelog.
func TestP6_StableTitlesAndIDs(t *testing.T) {
	want := map[Kind]string{
		InvalidRequest:       "This login request is not valid",
		UnknownClient:        "This app is not registered",
		UnregisteredRedirect: "The redirect URI is not registered",
		LoginExpired:         "This login has expired",
		OtherBrowser:         "This login was begun in another browser",
		CodeUsed:             "DingTalk’s answer is no longer valid",
		Outsider:             "You are not a member of this organisation",
		Disabled:             "Your account is not active",
		OutOfRange:           "You are outside the range of this login service",
		PermissionMissing:    "A DingTalk permission is missing",
		UpstreamConfig:       "The connection to DingTalk is not set up right",
		UpstreamDown:         "DingTalk is not answering",
		UpstreamStrange:      "DingTalk gave an unexpected answer",
		NotAdmitted:          "You may not use this app",
		Unavailable:          "This login service is unavailable for the moment",
		TooManyRequests:      "Too many logins at once",
		TooLarge:             "This request is too large",
		MethodNotAllowed:     "This address cannot be used in this way",
		NotFound:             "There is nothing at this address",
		Internal:             "Something went wrong on our side",
		Home:                 "This is a login service",
		SignOut:              "Do you want to log out?",
		SignedOut:            "You are logged out",
		SignedOutEverywhere:  "You are logged out everywhere",
		InvalidLogout:        "This logout request is not valid",
		Consent:              "Share this with the app?",
		DeviceCode:           "Enter the code of your device",
		DeviceConfirm:        "Let this device log in as you?",
		DeviceApproved:       "The device may log in",
		DeviceDenied:         "The device may not log in",
		TooManyCodes:         "Too many codes were tried",
		FormExpired:          "This page is too old to be answered",
		FormPost:             "Going back to the app",
		ChooseWay:            "Choose how to log in",
		Scan:                 "Scan to log in",
		InApp:                "Log in with DingTalk",
		SignedIn:             "You are logged in",
		ClockSkew:            "The clock of this server is wrong",
		Preview:              "Log in",
		Blocked:              "Your account is blocked here",
		DirectoryUndecided:   "We cannot check your membership right now",
	}
	p := newPages(t, theirs)
	for _, kind := range Kinds() {
		root := parse(t, body(t, write(t, p, "GET", 0, full(kind, English))))
		if got := inner(byID(root, "title")); got != want[kind] {
			t.Errorf("%s: title %q, want %q", kind, got, want[kind])
		}
		if got := attr(byID(root, "main"), "data-page"); got != string(kind) {
			t.Errorf("%s: data-page %q", kind, got)
		}
		ids := []string{"brand", "main", "title", "message", "advice", "retry", "details", "client-name", "account",
			"permission", "contact", "request-id", "other-language"}
		ids = append(ids, formIDs[kind]...)
		if kind == Preview {
			ids = []string{"brand", "main", "title", "message"}
		}
		if kind == Home {
			ids = append(ids, "issuer", "discovery")
		}
		seen := map[string]bool{}
		for n := range root.Descendants() {
			if id := attr(n, "id"); id != "" {
				if seen[id] {
					t.Errorf("%s: id %s twice", kind, id)
				}
				seen[id] = true
			}
		}
		for _, id := range ids {
			if !seen[id] {
				t.Errorf("%s: no id %s", kind, id)
			}
		}
	}
}

var formIDs = map[Kind][]string{
	SignOut:       {"form", "choose-here", "choose-everywhere"},
	Consent:       {"form", "learned", "choose-approve", "choose-deny"},
	DeviceCode:    {"form", "user-code", "wrong-code", "send"},
	DeviceConfirm: {"form", "learned", "compare", "user-code", "device-address", "begun", "choose-approve", "choose-deny"},
	FormPost:      {"form", "send"},
	SignedOut:     {"continue"},
	ChooseWay:     {"ways"},
	Scan:          {"scan", "frame", "expired", "reload", "not-member", "scan-failed", "full-page", "other-ways"},
	InApp:         {"in-app", "form", "code", "enter", "ordinary", "outside"},
	SignedIn: {"continue", "form", "you", "nickname", "name", "username", "email", "phone", "departments", "roles", "organisation", "corp-id", "sub", "sessions", "lasting",
		"session-1", "session-1-name", "session-1-address", "session-1-began", "session-1-used", "session-1-apps", "session-2", "session-2-end",
		"lasting-1", "lasting-1-name", "lasting-1-how", "lasting-1-since", "lasting-1-used", "lasting-1-end"},
}

func TestP8_WhatHappenedWhatToDoAndWhich(t *testing.T) {
	p := newPages(t, Config{})
	for _, kind := range Kinds() {
		if kind == Preview {
			continue // it tells nothing of the login, see P19
		}
		for _, lang := range []string{English, Chinese} {
			named := parse(t, body(t, write(t, p, "GET", 0, full(kind, lang))))
			if got := inner(byID(named, "request-id")); got != "5f2c8a91d04be376" {
				t.Errorf("%s %s: request id %q", kind, lang, got)
			}
			for id, want := range map[string]string{"client-name": "Grafana", "account": "张三",
				"permission": "qyapi_get_member", "contact": "it@example.com"} {
				if got := inner(byID(named, id)); got != want {
					t.Errorf("%s %s: %s is %q", kind, lang, id, got)
				}
			}
			bare := parse(t, body(t, write(t, p, "GET", 0, bare(kind, lang))))
			if len(inner(byID(bare, "message"))) < 20 || len(strings.TrimSpace(inner(byID(bare, "advice")))) < 20 {
				t.Errorf("%s %s says too little", kind, lang)
			}
			if text := inner(bare); strings.ContainsAny(strings.NewReplacer(style, "", scripts[Scan], "", scripts[InApp], "").Replace(text), "{}") {
				t.Errorf("%s %s: a mark was left", kind, lang)
			}
			if byID(bare, "details") != nil && kind != Home {
				t.Errorf("%s %s: an empty list of details", kind, lang)
			}
			// The other language is one press away, and marked as what it is.
			if other := byID(bare, "other-language"); attr(other, "lang") == lang || len(inner(other)) < 40 {
				t.Errorf("%s %s: the other language is missing", kind, lang)
			}
		}
	}
}

func TestP10_Landmarks(t *testing.T) {
	p := newPages(t, theirs)
	for _, kind := range Kinds() {
		for _, lang := range []string{English, Chinese} {
			root := parse(t, body(t, write(t, p, "GET", 0, full(kind, lang))))
			count := map[string]int{}
			for n := range root.Descendants() {
				if n.Type != html.ElementNode {
					continue
				}
				count[n.Data]++
				if n.Data == "html" && attr(n, "lang") != lang {
					t.Errorf("%s: lang %q", kind, attr(n, "lang"))
				}
				if n.Data == "svg" && attr(n, "aria-hidden") != "true" {
					t.Errorf("%s: a picture is read out", kind)
				}
				if labelled := attr(n, "aria-labelledby"); labelled != "" && inner(byID(root, labelled)) == "" {
					t.Errorf("%s: %s is labelled by nothing", kind, n.Data)
				}
				if n.Data == "a" && strings.TrimSpace(inner(n)) == "" {
					t.Errorf("%s: a link without words", kind)
				}
			}
			for _, once := range []string{"main", "h1", "title", "header", "footer"} {
				if count[once] != 1 {
					t.Errorf("%s: %d × %s", kind, count[once], once)
				}
			}
		}
	}
	if !strings.Contains(style, ":focus-visible") || regexp.MustCompile(`outline:\s*(none|0)`).MatchString(style) {
		t.Error("focus cannot be seen")
	}
}

// The style sheet's colours, by the rule of WCAG 2.2, 1.4.3.
func TestP10_Contrast(t *testing.T) {
	light, dark, ok := strings.Cut(style, "@media (prefers-color-scheme: dark)")
	if !ok {
		t.Fatal("no dark scheme")
	}
	for scheme, css := range map[string]string{"light": light, "dark": dark[:strings.Index(dark, "*,")]} {
		colours := map[string]string{}
		for _, m := range regexp.MustCompile(`--([a-z-]+): (#[0-9a-f]{6});`).FindAllStringSubmatch(css, -1) {
			colours[m[1]] = m[2]
		}
		for _, pair := range []struct {
			on, text string
			least    float64
		}{
			{"card", "ink", 4.5}, {"card", "soft", 4.5}, {"card", "accent", 4.5}, {"ground", "soft", 4.5}, {"ground", "ink", 4.5},
			{"accent", "accent-ink", 4.5}, {"accent-deep", "accent-ink", 4.5}, {"ground", "accent", 3},
			{"paper", "paper-ink", 4.5}, {"paper", "paper-soft", 4.5}, {"paper-accent", "paper", 4.5},
			{"card", "stop", 4.5}, {"wait-wash", "ink", 4.5}, {"wait-wash", "wait", 4.5}, {"done-wash", "done", 3},
			{"info-wash", "info", 3}, {"wait-wash", "wait", 3}, {"stop-wash", "stop", 3}, {"trouble-wash", "trouble", 3},
		} {
			if got := contrast(t, colours[pair.on], colours[pair.text]); got < pair.least {
				t.Errorf("%s: %s on %s has contrast %.2f", scheme, pair.text, pair.on, got)
			}
		}
	}
}

func contrast(t *testing.T, a, b string) float64 {
	x, y := luminance(t, a), luminance(t, b)
	return (max(x, y) + .05) / (min(x, y) + .05)
}

func luminance(t *testing.T, colour string) float64 {
	t.Helper()
	if len(colour) != 7 {
		t.Fatalf("no colour: %q", colour)
	}
	var sum float64
	for i, weight := range []float64{.2126, .7152, .0722} {
		n, err := strconv.ParseUint(colour[1+2*i:3+2*i], 16, 8)
		if err != nil {
			t.Fatal(err)
		}
		c := float64(n) / 255
		if c <= .04045 {
			c /= 12.92
		} else {
			c = math.Pow((c+.055)/1.055, 2.4)
		}
		sum += weight * c
	}
	return sum
}

// TestNamesInChinese: a name keeps a little distance from Chinese characters, and none
// from where a sentence begins or from a mark.
func TestNamesInChinese(t *testing.T) {
	page := body(t, write(t, newPages(t, theirs), "GET", 0, full(Consent, Chinese)))
	for _, want := range []string{
		`<p id="message"><bdi class="name first">Grafana</bdi>请求`,
		`告知<bdi class="name last">Grafana</bdi>。`,
		`您在<bdi class="name">Example People</bdi>的部门`,
	} {
		if !strings.Contains(page, want) {
			t.Errorf("no %s in\n%s", want, page)
		}
	}
}
