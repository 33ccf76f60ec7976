package preset

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/dingbridge/dingbridge/provider/clients"
)

// place is where a value goes.
var place = regexp.MustCompile(`@[a-z_]+@`)

// For is the preset with v put in: a client and a configuration ready to be used. The
// values must be what [Address] returns and an id that a client may have (promise P3).
func (p Preset) For(v Values) (Preset, error) {
	issuer, err := url.Parse(v.Issuer)
	if err != nil {
		return p, fmt.Errorf("reading the issuer: %w", err)
	}
	app, err := url.Parse(v.URL)
	if err != nil {
		return p, fmt.Errorf("reading the address of the app: %w", err)
	}
	r := renderer{p: p.Name, values: map[string]func() string{
		"@issuer@":      always(v.Issuer),
		"@issuer_host@": always(issuer.Host),
		"@url@":         always(v.URL),
		"@url_escaped@": always(url.QueryEscape(v.URL)),
		"@url_twice@":   always(url.QueryEscape(url.QueryEscape(v.URL))), // in an address within an address
		"@host@":        always(app.Hostname()),
		"@path@":        always(app.EscapedPath()), // empty, or /one without a slash at its end
		"@id@":          always(v.ID),
		"@secret@":      always(v.Secret),
		"@random@":      v.Random,
	}}
	for name, value := range v.More {
		r.values["@"+name+"@"] = always(value)
	}
	p.Clients = slices.Clone(p.Clients)
	for i := range p.Clients {
		r.client(&p.Clients[i])
	}
	p.Files = slices.Clone(p.Files)
	for i := range p.Files {
		p.Files[i].Text = r.text(p.Files[i].Text)
		p.Files[i].Name = r.text(p.Files[i].Name)
	}
	p.Entry, p.Check = r.text(p.Entry), r.text(p.Check)
	p.Notes = r.texts(p.Notes)
	return p, r.err
}

func always(s string) func() string { return func() string { return s } }

type renderer struct {
	p      string
	values map[string]func() string
	err    error
}

func (r *renderer) text(s string) string {
	return place.ReplaceAllStringFunc(s, func(name string) string {
		value, known := r.values[name]
		if !known {
			r.err = fmt.Errorf("preset %s: nothing is called %s", r.p, name)
			return name
		}
		return value()
	})
}

func (r *renderer) texts(list []string) []string {
	list = slices.Clone(list)
	for i := range list {
		list[i] = r.text(list[i])
	}
	return list
}

func (r *renderer) client(c *clients.Spec) {
	c.ID, c.Name, c.HomeURL = r.text(c.ID), r.text(c.Name), r.text(c.HomeURL)
	c.RedirectURIs = r.texts(c.RedirectURIs)
	c.PostLogoutRedirectURIs = r.texts(c.PostLogoutRedirectURIs)
	c.BackchannelLogoutURI = r.text(c.BackchannelLogoutURI)
	c.AllowedOrigins = r.texts(c.AllowedOrigins)
}

// rule begins the line above each file of a printed configuration.
const rule = "-----"

// Print is the app's side as the command prints it: each file below a line that says
// where it goes.
func (p Preset) Print() string {
	var b strings.Builder
	for _, f := range p.Files {
		fmt.Fprintf(&b, "\n%s %s\n%s\n", rule, f.Name, strings.TrimRight(f.Text, "\n"))
	}
	if p.Entry != "" {
		fmt.Fprintf(&b, "\n%s a proposal for the entry of %s in clients.yaml, with groups of your own\n%s\n", rule, p.Clients[0].ID, strings.TrimRight(p.Entry, "\n"))
	}
	fmt.Fprintf(&b, "\n%s check\n%s\n", rule, strings.TrimSpace(p.Check))
	for _, note := range p.Notes {
		fmt.Fprintf(&b, "- %s\n", strings.TrimSpace(note))
	}
	return b.String()
}
