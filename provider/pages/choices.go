package pages

import (
	"html/template"
	"slices"
)

// A Choice is one way to log in: a link. Way is "oauth2", "sns", "password", "frame"
// or "inapp"; one of another name is left out, as is one whose URL is not a path of
// ours or http(s).
type Choice struct {
	URL          string
	Organisation string // whose members come in by it; empty if there is only one
	Way          string
}

// The ways, as Choice names them, and whether they lead to a page of DingTalk that
// works on any screen.
var fullPage = map[string]bool{"oauth2": true, "sns": true, "password": true, "frame": false, "inapp": false}

// usable leaves out what cannot be shown.
func usable(choices []Choice) []Choice {
	return slices.DeleteFunc(slices.Clone(choices), func(c Choice) bool {
		_, known := fullPage[c.Way]
		return !known || link(c.URL) == ""
	})
}

// A group is the ways of one organisation.
type group struct {
	Name string // over the rows; empty if it stands in them, or nowhere
	Rows []row
}

// A row is one link.
type row struct {
	URL   template.URL
	Way   string
	Name  string // of the organisation, where it stands in place of the label
	Label string
	Hint  string
	Twice bool // it stands elsewhere too, on a narrow screen
}

// groups puts the choices in words, by organisation, in the order in which they came.
// Where each has one way, it is a row by itself; where there is only one organisation,
// its name is not said.
func (t tongue) groups(choices []Choice) []group {
	var list []group
	var names []string
	for _, c := range usable(choices) {
		name := clean(c.Organisation, maxName)
		at := slices.Index(names, name)
		if at < 0 {
			at = len(names)
			names, list = append(names, name), append(list, group{Name: name})
		}
		words := t.ways[c.Way]
		list[at].Rows = append(list[at].Rows, row{URL: template.URL(link(c.URL)), Way: c.Way, Label: words.label, Hint: words.hint})
	}
	single := !slices.ContainsFunc(list, func(g group) bool { return len(g.Rows) > 1 })
	for i := range list {
		if len(list) > 1 && single {
			list[i].Rows[0].Name = list[i].Name
		}
		if len(list) == 1 || single {
			list[i].Name = ""
		}
	}
	return list
}

// firstFullPage is where the first way leads that needs no second device, empty if there is none.
func firstFullPage(choices []Choice) template.URL {
	for _, c := range usable(choices) {
		if fullPage[c.Way] {
			return template.URL(link(c.URL))
		}
	}
	return ""
}
