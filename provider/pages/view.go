package pages

import (
	"html/template"
	"slices"
	"strings"
)

// A view is what the layout shows.
type view struct {
	Lang     string
	Kind     Kind
	Tone     tone
	Style    template.CSS
	Operator string
	Brand    string
	Text     prose
	Retry    string
	Details  []detail
	Other    prose
	OtherTag string
	Words    words
}

// A prose is one language's telling of a page.
type prose struct {
	Title  string
	Lead   sentence
	Advice []sentence
	Button string
}

// A sentence alternates between our words and foreign ones.
type sentence []piece

type piece struct {
	Text    string
	Foreign bool // to be isolated, so that its direction does not touch ours
}

// A detail is one line of the list at the foot of a page.
type detail struct {
	ID    string
	Label string
	Value string
	Link  string
	Code  bool
}

// view makes everything that the layout shows of a page. The kind is known and
// the language is one of ours.
func (p *Pages) view(page Page) view {
	row := rows[page.Kind]
	lang := tongues[page.Lang]
	other := English
	if page.Lang == English {
		other = Chinese
	}
	names := map[string]string{"{app}": clean(page.ClientName, maxName), "{org}": p.config.Organisation}
	brand := p.config.Operator
	if brand == "" {
		brand = lang.words.Brand
	}
	return view{
		Lang:     page.Lang,
		Kind:     page.Kind,
		Tone:     row.tone,
		Style:    template.CSS(style), // ours, embedded
		Operator: p.config.Operator,
		Brand:    brand,
		Text:     lang.prose(page.Kind, names),
		Retry:    link(page.RetryURL),
		Details:  p.details(page, lang.words),
		Other:    tongues[other].prose(page.Kind, names),
		OtherTag: other,
		Words:    lang.words,
	}
}

func (p *Pages) details(page Page, w words) []detail {
	contact := clean(page.Contact, maxContact)
	if contact == "" {
		contact = p.config.Contact
	}
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
	return slices.DeleteFunc(list, func(d detail) bool { return d.Value == "" })
}

// prose fills the names into one kind's texts.
func (t tongue) prose(kind Kind, names map[string]string) prose {
	text := t.texts[kind]
	out := prose{Title: text.title, Lead: t.sentence(text.lead, names), Button: text.button}
	if out.Button == "" {
		out.Button = t.words.Button
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
			out = append(out, piece{Text: name, Foreign: true})
		} else {
			out = append(out, piece{Text: t.general[mark]})
		}
		text = text[end+1:]
	}
	return append(out, piece{Text: text})
}
