package pages

import (
	"html"
	"html/template"
	"slices"
	"strings"
	"unicode/utf8"
)

// A Form is what a page that asks something needs to be answered. What the
// person may press, and under which name and value it arrives, is the kind's own:
// "choice" is "here" or "everywhere" from SignOut, "approve" or "deny" from Consent
// and DeviceConfirm; "user_code" is what was typed into DeviceCode, "code" what
// DingTalk's client gave to InApp; "choice" is the End that was pressed in an Overview. Since no page but InApp gives a referrer, the post has
// "Origin: null" (Fetch, 3.1), and of InApp our own; Sec-Fetch-Site is true.
type Form struct {
	// Action is the path of ours that the form posts to, with the issuer's path
	// before it, such as "/end_session/confirm".
	Action string
	// Hidden are sent back with the answer, in this order.
	Hidden []Field
	// LeadsTo is where the answer to the form may send the browser, such as the
	// app's redirect URI; empty if nowhere but to us. Chromium applies form-action
	// to that redirect too, so the policy of the page lets its scheme in.
	LeadsTo string
}

// A Field is one hidden name and value. The name is ours, never foreign. The
// value may be: see Postable for what arrives.
type Field struct{ Name, Value string }

// Postable tells whether a browser posts the value back byte by byte. HTML cannot
// hold NUL or what is not UTF-8, and every line break arrives as CR LF, whichever
// it was (HTML, 4.10.21.8 "URL-encoded form data"). RFC 6749 appendix A.5 allows
// a state nothing of the kind.
func Postable(value string) bool {
	if !utf8.ValidString(value) || strings.ContainsRune(value, 0) {
		return false
	}
	rest := strings.ReplaceAll(value, "\r\n", "")
	return !strings.ContainsAny(rest, "\r\n")
}

// verbatim is the value as the inside of a quoted attribute. A bare CR would be
// read as LF, so it is written as a reference; html/template leaves that as it is.
func verbatim(value string) template.HTML {
	return template.HTML(strings.ReplaceAll(html.EscapeString(value), "\r", "&#13;"))
}

// source is the scheme source (CSP 3, 2.3.1) that lets a form's answer lead to the
// URI: "https:", "http:", or a private-use scheme such as "com.example.app:", which
// has a dot in it (RFC 8252 section 7.1). It is empty for all else, and can end
// neither the directive nor the header that it stands in.
func source(uri string) string {
	scheme, _, ok := strings.Cut(uri, ":")
	if !ok || len(scheme) > maxScheme {
		return ""
	}
	if scheme == "https" || scheme == "http" {
		return scheme + ":"
	}
	for i := range len(scheme) {
		c := scheme[i]
		letter := c >= 'a' && c <= 'z'
		if !letter && (i == 0 || !(c >= '0' && c <= '9') && strings.IndexByte("+-.", c) < 0) {
			return ""
		}
	}
	if !strings.Contains(scheme, ".") {
		return "" // javascript:, data: and whatever else a browser has of its own
	}
	return scheme + ":"
}

// posts tells whether the kind has a form: one with buttons, or the one that is sent
// for the person.
func (row kindRow) posts() bool { return len(row.buttons) > 0 || row.kind == InApp }

// mayPost tells whether the kind may have one. That of SignedIn has its buttons in the
// overview, and may have none.
func (row kindRow) mayPost() bool { return row.posts() || row.kind == SignedIn }

// target checks where a page of this kind may post to, and what its policy says
// of it. Both are empty if it may not.
func (row kindRow) target(form *Form) (action template.URL, sources string) {
	if form == nil || !row.mayPost() {
		return "", ""
	}
	to := link(form.Action)
	if row.kind == FormPost {
		// Nothing but a web server can take a post, so no private-use scheme here.
		if to == "" || strings.HasPrefix(to, "/") {
			return "", ""
		}
		return template.URL(form.Action), source(to)
	}
	if !strings.HasPrefix(to, "/") {
		return "", ""
	}
	sources = "'self'"
	if s := source(form.LeadsTo); s != "" {
		sources += " " + s
	}
	return template.URL(form.Action), sources
}

// A formView is what the layout shows of a form.
type formView struct {
	Action  template.URL
	Hidden  []hiddenView
	Buttons []buttonView
	Code    bool // there is a field for the code of a device
	Wrong   bool // and what was typed there was wrong
	Typed   string
	Most    int // characters in that field
	Script  template.JS
}

type hiddenView struct {
	Name  string
	Value template.HTML
}

type buttonView struct {
	button
	choiceView
}

// form makes the form of the page, nil if the kind has none or it is unfit.
func (row kindRow) form(page Page, choices []choiceView) *formView {
	action, _ := row.target(page.Form)
	if action == "" {
		return nil
	}
	view := &formView{Action: action, Code: row.kind == DeviceCode, Wrong: page.WrongCode,
		Typed: clean(page.UserCode, maxUserCode), Most: maxUserCode}
	for _, field := range page.Form.Hidden {
		view.Hidden = append(view.Hidden, hiddenView{field.Name, verbatim(field.Value)})
	}
	for i, button := range row.buttons {
		view.Buttons = append(view.Buttons, buttonView{button, choices[i]})
	}
	if row.kind == FormPost {
		view.Script = template.JS(scripts[FormPost]) // ours, a constant
	}
	return view
}

// learned puts into words what the scopes let an app know. A scope that we have no
// words for is shown by its name.
func (t tongue) learned(scopes []string, names map[string]string) []sentence {
	var list []sentence
	for i, scope := range scopes {
		if slices.Contains(scopes[:i], scope) {
			continue
		}
		if words, ok := t.scopes[scope]; ok {
			list = append(list, t.sentence(words, names))
		} else if name := clean(scope, maxName); name != "" {
			list = append(list, sentence{{Text: name, Foreign: true}})
		}
	}
	return list
}
