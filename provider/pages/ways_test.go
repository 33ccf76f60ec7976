package pages

import (
	"bytes"
	"image"
	"image/jpeg"
	"image/png"
	"net/http"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// Each kind's policy, to the letter: the frame and the script of DingTalk are let in
// where they are needed, and nowhere else.
func TestP16_PolicyOfEachKind(t *testing.T) {
	p := newPages(t, theirs)
	for _, kind := range Kinds() {
		resp := write(t, p, "GET", 0, full(kind, English))
		script, frames, form := "", "", "'none'"
		switch kind {
		case FormPost:
			script, form = "script-src "+hashSource(scripts[kind])+"; ", "https:"
		case Scan:
			script, frames = "script-src "+hashSource(scripts[kind])+"; ", "frame-src https://login.example.com; "
		case InApp:
			script = "script-src https://g.example.com/dingding/3.1.0/dingtalk.open.js " + hashSource(scripts[kind]) + "; "
			frames, form = "frame-src dingtalk: wvjbscheme:; ", "'self' https:"
		case SignOut, Consent, DeviceCode, DeviceConfirm, SignedIn:
			form = "'self' https:"
		}
		want := "default-src 'none'; " + script + frames + "style-src " + hashSource(style) +
			"; img-src data:; base-uri 'none'; form-action " + form + "; frame-ancestors 'none'"
		if got := resp.Header.Get("Content-Security-Policy"); got != want {
			t.Errorf("%s: %s\nwant %s", kind, got, want)
		}
	}
}

// What could get out of the header, or lead somewhere else, is not shown at all.
func TestP16_UnfitIsInternal(t *testing.T) {
	p := newPages(t, theirs)
	internal := func(name string, page Page) {
		t.Helper()
		resp := write(t, p, "GET", http.StatusOK, page)
		got := attr(byID(parse(t, body(t, resp)), "main"), "data-page")
		if got != string(Internal) || resp.StatusCode != http.StatusInternalServerError {
			t.Errorf("%s: shown as %s with status %d", name, got, resp.StatusCode)
		}
	}
	for name, bend := range map[string]func(f *Frame){
		"no frame": func(f *Frame) { *f = Frame{} }, "no origin": func(f *Frame) { f.Origin = "" },
		"any origin": func(f *Frame) { f.Origin = "*" }, "origin with a path": func(f *Frame) { f.Origin += "/" },
		"two origins": func(f *Frame) { f.Origin += " https://evil.example" }, "origin that ends the directive": func(f *Frame) { f.Origin += ";script-src" },
		"origin that ends the policy": func(f *Frame) { f.Origin += ",default-src" }, "origin with a line break": func(f *Frame) { f.Origin += "\r\nX: y" },
		"origin in capitals": func(f *Frame) { f.Origin = "https://Login.example.com" }, "origin with a wildcard": func(f *Frame) { f.Origin = "https://*.example.com" },
		"origin null": func(f *Frame) { f.Origin = "null" }, "frame of another origin": func(f *Frame) { f.URL = "https://login.example.com.evil.example/" },
		"frame of a script": func(f *Frame) { f.URL = "javascript:alert(1)" }, "no state": func(f *Frame) { f.State = "" },
		"callback a path": func(f *Frame) { f.Callback = "/login/callback" }, "callback with a query": func(f *Frame) { f.Callback += "?a=b" },
		"callback a script": func(f *Frame) { f.Callback = "javascript:alert(1)" }, "no callback": func(f *Frame) { f.Callback = "" },
		"reload a script": func(f *Frame) { f.ReloadURL = "javascript:alert(1)" },
	} {
		page := full(Scan, English)
		origin := page.Frame.Origin
		if bend(page.Frame); page.Frame.Origin != origin {
			page.Frame.URL = page.Frame.Origin + "/oauth2/auth" // not unfit for that alone
		}
		internal(name, page)
	}
	for name, bend := range map[string]func(l *InAppLogin){
		"no login": func(l *InAppLogin) { *l = InAppLogin{} }, "no script": func(l *InAppLogin) { l.ScriptURL = "" },
		"script with a query": func(l *InAppLogin) { l.ScriptURL += "?x" }, "a whole host": func(l *InAppLogin) { l.ScriptURL = "https://g.example.com" },
		"a folder": func(l *InAppLogin) { l.ScriptURL = "https://g.example.com/dingding/" }, "any host": func(l *InAppLogin) { l.ScriptURL = "https://*/a.js" },
		"script that ends the directive": func(l *InAppLogin) { l.ScriptURL += ";x" }, "script that ends the policy": func(l *InAppLogin) { l.ScriptURL += ",x" },
		"script with a second source": func(l *InAppLogin) { l.ScriptURL += " 'unsafe-inline'" }, "script in the page": func(l *InAppLogin) { l.ScriptURL = "data:text/javascript,x" },
		"a path of ours": func(l *InAppLogin) { l.ScriptURL = "/a.js" }, "integrity of another kind": func(l *InAppLogin) { l.Integrity = "md5-AAAA" },
		"integrity with more": func(l *InAppLogin) { l.Integrity = `sha384-AAAA" onerror="x` }, "no organisation": func(l *InAppLogin) { l.CorpID = "" },
		"no app": func(l *InAppLogin) { l.ClientID = "" }, "fallback a script": func(l *InAppLogin) { l.FallbackURL = "javascript:alert(1)" }, "no fallback": func(l *InAppLogin) { l.FallbackURL = "" },
	} {
		page := full(InApp, English)
		bend(page.InApp)
		internal(name, page)
	}
	for name, page := range map[string]Page{
		"scan without a frame": {Kind: Scan}, "inside the client without a login": {Kind: InApp, Form: formFor(InApp)},
		"nothing to choose": {Kind: ChooseWay}, "an unknown way": {Kind: ChooseWay, Choices: []Choice{{URL: "/x", Way: "sms"}}},
		"a choice that leads nowhere": {Kind: ChooseWay, Choices: []Choice{{URL: "javascript:alert(1)", Way: "oauth2"}}},
	} {
		internal(name, page)
	}
}

// What is let into the header and the script is what was given, whatever it is.
func FuzzFit(f *testing.F) {
	for _, v := range append([]string{"https://login.example.com", "http://127.0.0.1:8081", "https://g.example.com/a/b.js"}, attacks...) {
		f.Add(v)
	}
	p := newPages(f, theirs)
	f.Fuzz(func(t *testing.T, v string) {
		scan, client := full(Scan, English), full(InApp, English)
		scan.Frame.Origin, scan.Frame.URL = v, v+"/oauth2/auth"
		client.InApp.ScriptURL = v
		for _, page := range []Page{scan, client} {
			resp := write(t, p, "GET", 0, page)
			csp := resp.Header.Get("Content-Security-Policy")
			if resp.StatusCode == http.StatusInternalServerError {
				continue
			}
			if !strings.HasPrefix(v, "http") || strings.ContainsAny(v, " ;,'\"*\r\n\t") || strings.Count(csp, ";") > 7 || strings.Count(csp, v) != 1 {
				t.Fatalf("%q gives %s", v, csp)
			}
		}
	})
}

func labels(root *html.Node, class string) []string {
	var list []string
	for n := range root.Descendants() {
		if n.Type == html.ElementNode && slices.Contains(strings.Fields(attr(n, "class")), class) {
			list = append(list, strings.Join(strings.Fields(inner(n)), " "))
		}
	}
	return list
}

// Who chooses sees each way in plain words, under the name of its organisation where
// there are several.
func TestP19_Choices(t *testing.T) {
	p := newPages(t, theirs)
	show := func(choices ...Choice) *html.Node {
		return parse(t, body(t, write(t, p, "GET", 0, Page{Kind: ChooseWay, Lang: English, Choices: choices})))
	}
	count := func(root *html.Node, name string) (n int) {
		for d := range byID(root, "ways").Descendants() {
			if d.Data == name && d.Type == html.ElementNode {
				n++
			}
		}
		return n
	}
	one := show(Choice{"/1", "A", "oauth2"}, Choice{"/2", "A", "frame"}, Choice{"/3", "A", "sms"}, Choice{"javascript:x", "A", "sns"})
	if got := labels(one, "row-label"); !slices.Equal(got, []string{english.ways["oauth2"].label, english.ways["frame"].label}) || count(one, "h2") != 0 {
		t.Errorf("one organisation: %q", got)
	}
	each := show(Choice{"/1", "A", "oauth2"}, Choice{"/2", "B", "oauth2"})
	if got := labels(each, "row-label"); !slices.Equal(got, []string{"A", "B"}) || count(each, "h2") != 0 {
		t.Errorf("two organisations with one way each: %q", got)
	}
	mixed := show(Choice{"/1", "A", "oauth2"}, Choice{"/2", "B", "oauth2"}, Choice{"/3", "A", "sns"})
	if got := labels(mixed, "row-label"); count(mixed, "h2") != 2 || len(got) != 3 || got[1] != english.ways["sns"].label {
		t.Errorf("two organisations, one with two ways: %q", got)
	}
	for way := range fullPage {
		for tag, tongue := range tongues {
			if words := tongue.ways[way]; words.label == "" || words.hint == "" || len(tongue.ways) != len(fullPage) {
				t.Errorf("%s: no words for %s", tag, way)
			}
		}
	}
}

// A phone cannot scan itself: there the way that needs no second device comes first,
// before the code, and is not said twice.
func TestP19_FullPageBeforeTheCode(t *testing.T) {
	p := newPages(t, theirs)
	page := full(Scan, English)
	text := body(t, write(t, p, "GET", 0, page))
	button, code := strings.Index(text, `id="full-page"`), strings.Index(text, `id="frame"`)
	if button < 0 || button > code || strings.Count(text, `<li class="wide">`) != 1 {
		t.Error("the full page does not come first, or comes twice")
	}
	if warning := strings.Index(text, `id="advice"`); warning < code || warning > strings.Index(text, `id="other-ways"`) {
		t.Error("the warning is not beside the code")
	}
	page.Choices = nil
	root := parse(t, body(t, write(t, p, "GET", 0, page)))
	if byID(root, "full-page") != nil || byID(root, "other-ways") != nil {
		t.Error("other ways, where there is none")
	}
}

// The one who is about to scan or to go in reads into what, and the warning, in both
// languages.
func TestP19_IntoWhat(t *testing.T) {
	p := newPages(t, theirs)
	for _, kind := range []Kind{ChooseWay, Scan, InApp} {
		for _, lang := range []string{English, Chinese} {
			root := parse(t, body(t, write(t, p, "GET", 0, full(kind, lang))))
			if got := inner(byID(root, "message")); !strings.Contains(got, "Grafana") {
				t.Errorf("%s %s: %s", kind, lang, got)
			}
		}
	}
	for lang, want := range map[string]string{English: "Never scan a code that somebody sent you", Chinese: "切勿扫描别人发来的二维码"} {
		if got := inner(byID(parse(t, body(t, write(t, p, "GET", 0, full(Scan, lang)))), "advice")); !strings.Contains(got, want) {
			t.Errorf("%s: %s", lang, got)
		}
	}
}

// A preview is read by everybody who is shown the link.
func TestP20_PreviewTellsNothing(t *testing.T) {
	p := newPages(t, theirs)
	page := full(Preview, English)
	page.ClientName, page.Account, page.RequestID, page.UserCode = "SECRET", "SECRET", "SECRET", "SECRET"
	page.RetryURL, page.ContinueURL, page.SwitchURL, page.Organisation = "/SECRET", "/SECRET", "/SECRET", "SECRET"
	text := body(t, write(t, p, "GET", 0, page))
	if strings.Contains(text, "SECRET") || strings.Contains(text, "<a ") || strings.Contains(text, "<script") {
		t.Errorf("the preview tells of the login, or leads into it:\n%s", text)
	}
	root := parse(t, text)
	if inner(byID(root, "brand")) != theirs.Operator || inner(byID(root, "title")) != "Log in" {
		t.Error("the preview does not say whose login it is")
	}
}

// Where the address can be asked again, the other language is a link; else it stands in
// the page.
func TestP21_SwitchOfLanguage(t *testing.T) {
	p := newPages(t, theirs)
	for _, kind := range Kinds() {
		if kind == Preview {
			continue
		}
		page := full(kind, Chinese)
		page.SwitchURL = "/login/choose?ui_locales=en&t=1"
		root := parse(t, body(t, write(t, p, "GET", 0, page)))
		a := byID(root, "switch-language")
		if a == nil || attr(a, "href") != page.SwitchURL || attr(a, "lang") != English || attr(a, "hreflang") != English ||
			!strings.Contains(attr(a, "rel"), "alternate") || inner(a) != "English" || byID(root, "other-language") != nil {
			t.Errorf("%s: the switch is %v", kind, a)
		}
		page.SwitchURL = "javascript:alert(1)"
		if root = parse(t, body(t, write(t, p, "GET", 0, page))); byID(root, "switch-language") != nil || byID(root, "other-language") == nil {
			t.Errorf("%s: a switch that leads nowhere", kind)
		}
	}
}

func TestP22_Logo(t *testing.T) {
	var pixel, photo bytes.Buffer
	if err := png.Encode(&pixel, image.NewGray(image.Rect(0, 0, 2, 2))); err != nil {
		t.Fatal(err)
	}
	if err := jpeg.Encode(&photo, image.NewGray(image.Rect(0, 0, 2, 2)), nil); err != nil {
		t.Fatal(err)
	}
	const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 2 2"><path d="M0 0h2v2z"/></svg>`
	for name, row := range map[string]struct {
		logo []byte
		want string
	}{
		"none":               {nil, ""},
		"PNG":                {pixel.Bytes(), "data:image/png;base64,"},
		"JPEG":               {photo.Bytes(), "data:image/jpeg;base64,"},
		"WebP":               {[]byte("RIFF\x1a\x00\x00\x00WEBPVP8L\x0d\x00\x00\x00\x2f\x00\x00\x00\x10\x07\x10\x11\x11\x88\x88\xfe\x07\x00"), "data:image/webp;base64,"},
		"SVG":                {[]byte(svg), "data:image/svg+xml;base64,"},
		"SVG after all else": {[]byte("\ufeff<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!-- a logo -->\n<!DOCTYPE svg>\n" + svg), "data:image/svg+xml;base64,"},
		"SVG with a script":  {[]byte(strings.Replace(svg, "<path", "<script>alert(1)</script><path", 1)), "data:image/svg+xml;base64,"},
	} {
		p, err := New(Config{Operator: "Example Ltd", Logo: row.logo})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		root := parse(t, body(t, write(t, p, "GET", 0, full(Home, English))))
		var img *html.Node
		for n := range byID(root, "brand").Descendants() {
			if n.Data == "img" {
				img = n
			}
		}
		if row.want == "" {
			if img != nil {
				t.Errorf("%s: a logo", name)
			}
			continue
		}
		if img == nil || !strings.HasPrefix(attr(img, "src"), row.want) || inner(byID(root, "brand")) != "Example Ltd" {
			t.Errorf("%s: %v", name, img)
			continue
		}
		// The name stands beside it, so it is not read out.
		if !slices.Contains(img.Attr, html.Attribute{Key: "alt", Val: ""}) {
			t.Errorf("%s: alt is %q", name, attr(img, "alt"))
		}
	}
	for name, logo := range map[string][]byte{
		"GIF": []byte("GIF89a\x01\x00\x01\x00\x00\x00\x00;"), "text": []byte("a logo"), "HTML": []byte("<html><svg></svg></html>"), "nothing but space": []byte("  "),
		"SVG without its namespace": []byte(`<svg viewBox="0 0 2 2"/>`), "a part of an SVG": []byte(`<g xmlns="http://www.w3.org/2000/svg"/>`), "SVG that ends early": []byte(svg[:40]), "an HTML page around": []byte("<!DOCTYPE html><html>" + svg + "</html>"),
		"too large": bytes.Repeat([]byte(" "), maxLogo+1), "too large a PNG": append(pixel.Bytes(), make([]byte, maxLogo)...),
	} {
		if _, err := New(Config{Logo: logo}); err == nil {
			t.Errorf("%s is taken as a logo", name)
		}
	}
}

// With several organisations a page says which one it means.
func TestP8_OrganisationOfThePage(t *testing.T) {
	page := full(Outsider, English)
	page.Organisation = "Second Ltd"
	root := parse(t, body(t, write(t, newPages(t, theirs), "GET", 0, page)))
	if got := inner(byID(root, "message")); !strings.HasSuffix(got, "not belong to Second Ltd.") {
		t.Errorf("%q", got)
	}
}
