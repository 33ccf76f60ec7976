package pages

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

func newPages(t testing.TB, config Config) *Pages {
	t.Helper()
	p, err := New(config)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func write(t testing.TB, p *Pages, method string, status int, page Page) *http.Response {
	t.Helper()
	w := httptest.NewRecorder()
	p.Write(w, httptest.NewRequest(method, "/authorize", nil), status, page)
	return w.Result()
}

func body(t testing.TB, resp *http.Response) string {
	t.Helper()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func parse(t testing.TB, text string) *html.Node {
	t.Helper()
	n, err := html.Parse(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func attr(n *html.Node, key string) string {
	for _, a := range n.Attr {
		if a.Key == key {
			return a.Val
		}
	}
	return ""
}

func byID(root *html.Node, id string) *html.Node {
	for n := range root.Descendants() {
		if n.Type == html.ElementNode && attr(n, "id") == id {
			return n
		}
	}
	return nil
}

func inner(n *html.Node) string {
	var b strings.Builder
	if n == nil {
		return ""
	}
	for d := range n.Descendants() {
		if d.Type == html.TextNode {
			b.WriteString(d.Data)
		}
	}
	return b.String()
}

// skeleton is the page without its texts: every element with every attribute,
// the href of links to foreign places and the values of fields left blank.
func skeleton(root *html.Node) string {
	var b bytes.Buffer
	var walk func(n *html.Node, depth int)
	walk = func(n *html.Node, depth int) {
		switch n.Type {
		case html.ElementNode:
			b.WriteString(strings.Repeat(" ", depth) + n.Data)
			for _, a := range n.Attr {
				val := a.Val
				if n.Data == "a" && a.Key == "href" || n.Data == "input" && a.Key == "value" || n.Data == "iframe" && a.Key == "src" ||
					slices.Contains([]string{"data-state", "data-corp", "data-client"}, a.Key) {
					val = ""
				}
				b.WriteString(" " + a.Key + "=" + val)
			}
			b.WriteByte('\n')
		case html.CommentNode, html.DoctypeNode:
			b.WriteString("other:" + n.Data + "\n")
		}
		for c := range n.ChildNodes() {
			walk(c, depth+1)
		}
	}
	walk(root, 0)
	return b.String()
}

var attacks = []string{
	`<script>alert(1)</script>`,
	`</style></title></bdi></code></main><img src=x onerror=alert(1)>`,
	`" onmouseover="alert(1)" x="`,
	`' autofocus onfocus='alert(1)`,
	`<!-- `, `-->`, `]]>`, `<![CDATA[`, `&lt;script&gt;`, `&#60;b&#62;`,
	`{{.Style}}`, `{app}`, `{org}{app}`, `{`, `}{`,
	`<base href=//evil.example>`, `<meta http-equiv=refresh content=0>`, `<svg/onload=alert(1)>`,
	"\x00<b>", "a\xff<i>b", "＜script＞", `javascript:alert(1)`, `<plaintext>`,
}

func TestP1_NothingGivenBecomesMarkup(t *testing.T) {
	harmless := newPages(t, Config{Issuer: theirs.Issuer, Operator: "Example", Organisation: "Example", Contact: "people"})
	evil := map[string]*Pages{} // by attack: to read the layout takes longer than to fill it
	for _, attack := range attacks {
		v := "x" + attack
		evil[attack] = newPages(t, Config{Issuer: theirs.Issuer, Operator: v, Organisation: v, Contact: v})
	}
	for _, kind := range Kinds() {
		for _, lang := range []string{English, Chinese} {
			page := full(kind, lang)
			page.Contact = "people"
			page.Scopes = []string{"a", "b", "c", "d", "e", "f"} // such as we have no words for
			want := skeleton(parse(t, body(t, write(t, harmless, "GET", 0, page))))
			for _, attack := range attacks {
				// A letter before keeps the value from being cleaned to nothing, which
				// would rightly leave its element out.
				v := "x" + attack
				given := Page{Kind: kind, Lang: lang, ClientName: v, Account: v, Organisation: v,
					Permission: v, Contact: v, RetryURL: "https://app.example.com/" + v + "?" + v, RequestID: v,
					Form: evilForm(kind, v), ContinueURL: "https://app.example.com/bye", UserCode: v, WrongCode: true,
					Scopes: []string{v, "1" + v, "2" + v, "3" + v, "4" + v, "5" + v}, DeviceAddress: v, Begun: page.Begun}
				evilWays(&given, v)
				got := body(t, write(t, evil[attack], "GET", 0, given))
				root := parse(t, got)
				have := skeleton(root)
				// The link may rightly be left out, with the paragraph around it.
				if byID(root, "retry") == nil {
					without := page
					without.RetryURL = ""
					if have != skeleton(parse(t, body(t, write(t, harmless, "GET", 0, without)))) {
						t.Errorf("%s %s: %q changes the page", kind, lang, attack)
					}
					continue
				}
				if have != want {
					t.Errorf("%s %s: %q changes the page:\n%s", kind, lang, attack, have)
				}
			}
		}
	}
}

// evilForm is formFor with an attack in everything that is not ours.
func evilForm(kind Kind, v string) *Form {
	form := formFor(kind)
	if form != nil {
		form.Hidden = []Field{{"ticket", v}}
		form.LeadsTo = v
	}
	return form
}

// evilWays is what full has, with an attack in everything that is not ours.
func evilWays(page *Page, v string) {
	harmless := full(page.Kind, page.Lang)
	page.Choices, page.Frame, page.InApp = harmless.Choices, harmless.Frame, harmless.InApp
	if page.Overview = harmless.Overview; page.Overview != nil {
		page.Overview = evilOverview(v)
	}
	for i := range page.Choices {
		page.Choices[i].Organisation += v
	}
	if page.Frame != nil {
		page.Frame.State = v
	}
	if page.InApp != nil {
		page.InApp.CorpID, page.InApp.ClientID = v, v
	}
}

// A kind, a language or a request that nobody foresaw.
func TestP1_UnknownKindIsInternal(t *testing.T) {
	w := httptest.NewRecorder()
	newPages(t, Config{}).Write(w, nil, 0, Page{Kind: "<b>", Lang: "xx"})
	if w.Code != 500 {
		t.Errorf("status %d", w.Code)
	}
	if got := attr(byID(parse(t, w.Body.String()), "main"), "data-page"); got != string(Internal) {
		t.Errorf("kind %q", got)
	}
}

// The operator's name stands at the head, the organisation's in the sentences, and
// neither in the other's place.
func TestP8_OperatorAndOrganisation(t *testing.T) {
	for name, tc := range map[string]struct {
		config        Config
		brand, en, zh string
	}{
		"both":           {Config{Operator: "IT desk", Organisation: "示例公司"}, "IT desk", "not belong to 示例公司.", "不属于示例公司。"},
		"organisation":   {Config{Organisation: "示例公司"}, english.words.Brand, "not belong to 示例公司.", "不属于示例公司。"},
		"operator alone": {Config{Operator: "IT desk"}, "IT desk", "not belong to this organisation.", "不属于本组织。"},
	} {
		for lang, want := range map[string]string{English: tc.en, Chinese: tc.zh} {
			root := parse(t, body(t, write(t, newPages(t, tc.config), "GET", 0, full(Outsider, lang))))
			if got := inner(byID(root, "message")); !strings.HasSuffix(got, want) {
				t.Errorf("%s %s: %q", name, lang, got)
			}
			if got := inner(byID(root, "brand")); lang == English && got != tc.brand {
				t.Errorf("%s: the brand is %q", name, got)
			}
		}
	}
}

// forms says which kinds have a form, and that one alone has a script.
var forms = map[Kind]struct{ form, buttons, inputs, script int }{
	SignOut:       {form: 1, buttons: 2, inputs: 1},
	Consent:       {form: 1, buttons: 2, inputs: 1},
	DeviceCode:    {form: 1, buttons: 1, inputs: 2},
	DeviceConfirm: {form: 1, buttons: 2, inputs: 1},
	FormPost:      {form: 1, buttons: 1, inputs: 1, script: 1},
	Scan:          {script: 1},
	InApp:         {form: 1, inputs: 2, script: 1},
	SignedIn:      {form: 1, buttons: 3, inputs: 1},
}

func TestP2_WholeByItself(t *testing.T) {
	for _, kind := range Kinds() {
		for _, lang := range []string{English, Chinese} {
			resp := write(t, newPages(t, theirs), "GET", 0, full(kind, lang))
			root := parse(t, body(t, resp))
			count := map[string]int{}
			for n := range root.Descendants() {
				if n.Type != html.ElementNode {
					continue
				}
				if slices.Contains([]string{"frame", "object", "embed", "base", "video", "audio", "template"}, n.Data) {
					t.Errorf("%s: element %s", kind, n.Data)
				}
				if n.Data == "img" && attr(n, "class") != "logo" || n.Data == "iframe" && (kind != Scan || attr(n, "src") != full(kind, lang).Frame.URL) {
					t.Errorf("%s: %s of %s", kind, n.Data, attr(n, "src"))
				}
				if slices.Contains([]string{"form", "input", "button", "script", "noscript"}, n.Data) {
					count[n.Data]++
				}
				if n.Data == "script" && inner(n) != scripts[kind] {
					t.Errorf("%s: script %q", kind, inner(n))
				}
				for _, a := range n.Attr {
					if strings.HasPrefix(a.Key, "on") || a.Key == "style" || a.Key == "src" && n.Data != "iframe" && n.Data != "img" || a.Key == "srcset" {
						t.Errorf("%s: attribute %s on %s", kind, a.Key, n.Data)
					}
					if a.Key == "href" && n.Data != "a" && !strings.HasPrefix(a.Val, "data:image/svg+xml,") {
						t.Errorf("%s: %s loads %s", kind, n.Data, a.Val)
					}
				}
				if n.Data == "style" {
					if !strings.Contains(resp.Header.Get("Content-Security-Policy"), hashSource(inner(n))) {
						t.Errorf("%s: the policy's hash is not that of the style", kind)
					}
				}
			}
			if want := forms[kind]; count["form"] != want.form || count["button"] != want.buttons || count["input"] != want.inputs ||
				count["script"] != want.script || count["noscript"] != want.script && kind != InApp {
				t.Errorf("%s: has %v, want %+v", kind, count, want)
			}
			csp := resp.Header.Get("Content-Security-Policy")
			if strings.Contains(csp, "script-src") != (forms[kind].script == 1) || strings.Contains(csp, "form-action 'none'") != (forms[kind].form == 0) {
				t.Errorf("%s: policy %s", kind, csp)
			}
		}
	}
	if i := strings.Index(style, "url("); i >= 0 || strings.Contains(style, "@import") {
		t.Error("the style sheet loads something")
	}
}

func TestP3_Headers(t *testing.T) {
	want := map[string]string{
		"Cache-Control":          "no-store",
		"Content-Type":           "text/html; charset=utf-8",
		"Referrer-Policy":        "no-referrer",
		"X-Content-Type-Options": "nosniff",
		"X-Frame-Options":        "DENY",
		"Allow":                  "GET, POST", // set by the caller
	}
	for _, kind := range Kinds() {
		for _, status := range []int{0, 200, 400, 503} {
			w := httptest.NewRecorder()
			w.Header().Set("Allow", "GET, POST")
			w.Header().Set("Content-Encoding", "gzip")
			w.Header().Set("Content-Length", "3")
			w.Header().Set("Etag", `"x"`)
			w.Header().Set("Location", "https://evil.example")
			w.Header().Set("Cache-Control", "public, max-age=600")
			newPages(t, theirs).Write(w, httptest.NewRequest("GET", "/", nil), status, full(kind, Chinese))
			resp := w.Result()
			for name, value := range want {
				if kind == InApp && name == "Referrer-Policy" {
					value = "same-origin" // its post must tell its origin
				}
				if got := resp.Header.Get(name); got != value {
					t.Errorf("%s: %s: %q", kind, name, got)
				}
			}
			for _, gone := range []string{"Content-Encoding", "Etag", "Location"} {
				if got := resp.Header.Get(gone); got != "" {
					t.Errorf("%s: %s is left: %q", kind, gone, got)
				}
			}
			csp := resp.Header.Get("Content-Security-Policy")
			for _, part := range []string{"default-src 'none'", "frame-ancestors 'none'", "form-action ", "base-uri 'none'", "style-src 'sha256-"} {
				if !strings.Contains(csp, part) {
					t.Errorf("%s: policy lacks %s", kind, part)
				}
			}
			if strings.Contains(csp, "unsafe") || strings.Contains(csp, "*") || strings.ContainsAny(csp, "\r\n,") {
				t.Errorf("%s: policy %s", kind, csp)
			}
			if resp.Header.Get("Content-Language") != Chinese {
				t.Errorf("%s: language %s", kind, resp.Header.Get("Content-Language"))
			}
			if status == 0 {
				status = kind.Status()
			}
			if resp.StatusCode != status {
				t.Errorf("%s: status %d, want %d", kind, resp.StatusCode, status)
			}
		}
	}
}

func TestP9_Head(t *testing.T) {
	p := newPages(t, theirs)
	for _, kind := range Kinds() {
		get, head := write(t, p, "GET", 0, full(kind, English)), write(t, p, "HEAD", 0, full(kind, English))
		if b := body(t, head); b != "" {
			t.Errorf("%s: HEAD has a body of %d bytes", kind, len(b))
		}
		if len(body(t, get)) == 0 || get.ContentLength <= 0 {
			t.Errorf("%s: GET has no body", kind)
		}
		if get.StatusCode != head.StatusCode {
			t.Errorf("%s: status %d and %d", kind, get.StatusCode, head.StatusCode)
		}
		for name := range get.Header {
			if get.Header.Get(name) != head.Header.Get(name) {
				t.Errorf("%s: %s differs", kind, name)
			}
		}
		if len(get.Header) != len(head.Header) {
			t.Errorf("%s: HEAD has other headers", kind)
		}
	}
}

func BenchmarkWrite(b *testing.B) {
	p := newPages(b, theirs)
	page := full(UpstreamDown, English)
	r := httptest.NewRequest("GET", "/", nil)
	b.ReportAllocs()
	for b.Loop() {
		p.Write(httptest.NewRecorder(), r, 0, page)
	}
}
