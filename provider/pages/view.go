package pages

import (
	"cmp"
	"fmt"
	"html/template"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// A view is what the layout shows.
type view struct {
	Lang     string
	Kind     Kind
	Tone     tone
	Style    template.CSS
	Operator string
	Brand    string
	Logo     template.URL
	Text     prose
	Retry    string
	GoOn     string
	Shown    string   // the code of a device, to compare
	Asked    []detail // where and when that device asked
	Form     *formView
	Groups   []group // the ways to choose from
	Frame    *frameView
	InApp    *inAppView
	Account  *accountView
	// The advice comes first, last where the buttons and links explain themselves, and
	// inside where the page is about more than one thing.
	AdviceAt string
	Bare     bool // neither details nor the other language
	Details  []detail
	Other    prose
	OtherTag string
	Switch   string // leads to the page in the other language
	Words    words
}

// A prose is one language's telling of a page.
type prose struct {
	Title  string
	Lead   sentence
	Advice []sentence
	Button string

	Heading string
	GoOn    sentence
	Learned []sentence
	Choices []choiceView
}

// A choiceView is what stands on a button, and beside it.
type choiceView struct{ Label, Hint string }

// A sentence alternates between our words and foreign ones.
type sentence []piece

type piece struct {
	Text    string
	Foreign bool // to be isolated, so that its direction does not touch ours
	// Chinese has no spaces, so a foreign piece keeps a little distance, but not from
	// the margin, and not from a mark, which brings its own.
	First, Last bool
}

// A detail is one line of the list at the foot of a page.
type detail struct {
	ID    string
	Label string
	Value string
	Note  string
	Link  string
	Code  bool
	Names []string // in place of Value
}

// view makes everything that the layout shows of a page. The kind is known and
// the language is one of ours.
func (p *Pages) view(page Page) view {
	if page.Kind == Preview {
		page = Page{Kind: Preview, Lang: page.Lang} // whoever is shown a link sees it
	}
	row := rows[page.Kind]
	lang := tongues[page.Lang]
	other := English
	if page.Lang == English {
		other = Chinese
	}
	contact := cmp.Or(clean(page.Contact, maxContact), p.config.Contact)
	names := map[string]string{"{app}": clean(page.ClientName, maxName), "{org}": cmp.Or(clean(page.Organisation, maxName), p.config.Organisation), "{contact}": contact}
	brand := p.config.Operator
	if brand == "" {
		brand = lang.words.Brand
	}
	text := lang.prose(page, names)
	v := view{
		Lang:     page.Lang,
		Kind:     page.Kind,
		Tone:     row.tone,
		Style:    template.CSS(style), // ours, embedded
		Operator: p.config.Operator,
		Brand:    brand,
		Logo:     p.logo,
		Text:     text,
		Retry:    link(page.RetryURL),
		GoOn:     link(page.ContinueURL),
		Form:     row.form(page, text.Choices),
		Frame:    newFrame(page),
		InApp:    lang.inApp(page, names),
		Account:  lang.account(page),
		Details:  p.details(page, contact, lang.words),
		Other:    tongues[other].prose(page, names),
		OtherTag: other,
		Switch:   link(page.SwitchURL),
		Bare:     page.Kind == Preview,
		AdviceAt: "first",
		Words:    lang.words,
	}
	switch page.Kind {
	case SignOut, SignedIn:
		v.AdviceAt = "last"
	case ChooseWay:
		v.AdviceAt, v.Groups = "last", lang.groups(page.Choices)
	case Scan:
		v.AdviceAt, v.Groups = "inside", v.Frame.others(lang.groups(page.Choices))
	case InApp:
		v.AdviceAt = "inside"
	case Preview:
		v.AdviceAt = "nowhere"
	}
	if page.Kind == DeviceConfirm {
		v.Shown, v.Asked = clean(page.UserCode, maxUserCode), asked(page, lang.words)
	}
	return v
}

func (p *Pages) details(page Page, contact string, w words) []detail {
	list := []detail{
		{ID: "client-name", Label: w.App, Value: clean(page.ClientName, maxName)},
		{ID: "account", Label: w.Account, Value: clean(page.Account, maxName)},
		{ID: "permission", Label: w.Permission, Value: token(page.Permission, maxPermission), Code: true},
	}
	if page.Kind == Home && p.config.Issuer != "" {
		discovery := p.config.Issuer + "/.well-known/openid-configuration"
		list = append(list,
			detail{ID: "issuer", Label: w.Issuer, Value: p.config.Issuer, Code: true},
			detail{ID: "discovery", Label: w.Discovery, Value: "/.well-known/openid-configuration", Link: discovery, Code: true})
	}
	list = append(list,
		detail{ID: "contact", Label: w.Contact, Value: contact, Link: reach(contact)},
		detail{ID: "request-id", Label: w.RequestID, Value: token(page.RequestID, maxRequestID), Code: true})
	return kept(list...)
}

// asked tells from where and when a device asked to be let in.
func asked(page Page, w words) []detail {
	list := []detail{{ID: "device-address", Label: w.DeviceAddress, Value: token(page.DeviceAddress, maxName), Code: true}}
	if !page.Begun.IsZero() {
		list = append(list, detail{ID: "begun", Label: w.Begun, Value: w.ago(time.Since(page.Begun)),
			Note: page.Begun.Format("2006-01-02 15:04:05 UTC-07:00")}) // too, for a page may stay open
	}
	return kept(list...)
}

// ago is in whole minutes, then hours, then days. Before the end of the first minute,
// and for a clock that runs ahead, it is just now.
func (w words) ago(past time.Duration) string {
	switch minutes := int(past / time.Minute); {
	case minutes < 1:
		return w.JustNow
	case minutes == 1:
		return w.OneMinute
	case minutes < 2*60:
		return fmt.Sprintf(w.Minutes, minutes)
	case minutes < 2*24*60:
		return fmt.Sprintf(w.Hours, minutes/60)
	default:
		return fmt.Sprintf(w.Days, minutes/(24*60))
	}
}

// prose fills the names into the texts of the page's kind.
func (t tongue) prose(page Page, names map[string]string) prose {
	text := t.texts[page.Kind]
	out := prose{
		Title:   text.title,
		Lead:    t.sentence(text.lead, names),
		Button:  cmp.Or(text.button, t.words.Button),
		Heading: cmp.Or(text.heading, t.words.WhatToDo),
		GoOn:    t.sentence(cmp.Or(text.goOn, t.words.GoOn), names),
	}
	for _, c := range text.choices {
		out.Choices = append(out.Choices, choiceView{c.label, c.hint})
	}
	if page.Kind == Consent || page.Kind == DeviceConfirm {
		out.Learned = t.learned(page.Scopes, names)
	}
	for _, line := range text.advice {
		out.Advice = append(out.Advice, t.sentence(line, names))
	}
	return out
}

// sentence puts names, or the general words that stand for them, into a text.
func (t tongue) sentence(text string, names map[string]string) sentence {
	var out sentence
	for text != "" {
		at := strings.IndexByte(text, '{')
		end := strings.IndexByte(text, '}')
		if at < 0 || end < at {
			break
		}
		out = append(out, piece{Text: text[:at]})
		mark := text[at : end+1]
		if name := names[mark]; name != "" {
			next, _ := utf8.DecodeRuneInString(text[end+1:])
			out = append(out, piece{Text: name, Foreign: true, First: at == 0 && len(out) == 1, Last: unicode.IsPunct(next)})
		} else {
			out = append(out, piece{Text: t.general[mark]})
		}
		text = text[end+1:]
	}
	return append(out, piece{Text: text})
}
