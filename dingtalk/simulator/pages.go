package simulator

import (
	"bytes"
	_ "embed"
	"html/template"
	"net/http"
)

//go:embed page.html
var pageHTML string

var pageTemplate = template.Must(template.New("page").Parse(pageHTML))

// maxListed is how many people the login page lists; others are typed in.
const maxListed = 60

// pageData is what page.html shows.
type pageData struct {
	Kind    string // login, message, error or twice
	ZH, EN  string
	Company string
	People  []pagePerson
	More    int    // people who are not listed
	Link    string // of kind twice
}

type pagePerson struct {
	UserID, Name, Nick, NoteZH, NoteEN string
}

func (c *call) render(status int, code string, d pageData) answer {
	d.Company = c.sim.company.Name
	var b bytes.Buffer
	if err := pageTemplate.Execute(&b, d); err != nil {
		panic(err) // the template and its data are ours
	}
	return answer{status: status, mime: "text/html; charset=utf-8", body: b.Bytes(), code: code}
}

// errorPage stops the login here; the app learns nothing, as with DingTalk.
func (c *call) errorPage(zh, en string) answer {
	return c.render(http.StatusBadRequest, "error-page", pageData{Kind: "error", ZH: zh, EN: en})
}

// twicePage makes the browser fetch the callback twice, as prefetching and
// impatient browsers do.
func (c *call) twicePage(link string) answer {
	a := c.render(http.StatusOK, "ok", pageData{Kind: "twice", Link: link})
	return a
}

func (c *call) loginPage() answer {
	s := c.sim.staff
	s.mu.RLock()
	defer s.mu.RUnlock()
	shown := min(s.listed, maxListed)
	d := pageData{Kind: "login", More: len(s.order) - shown}
	for _, id := range s.order[:shown] {
		p := s.byID[id]
		pp := pagePerson{UserID: id, Name: p.Name, Nick: p.Nick}
		switch {
		case p.Outsider:
			pp.NoteZH, pp.NoteEN = "不在组织内", "not in the organisation"
		case p.Left:
			pp.NoteZH, pp.NoteEN = "已离职", "has left"
		case p.ContactType == 1:
			pp.NoteZH, pp.NoteEN = "外部联系人", "external contact"
		case p.DisableStatus:
			pp.NoteZH, pp.NoteEN = "账号已停用", "account disabled"
		case !s.inRange(c.app, p):
			pp.NoteZH, pp.NoteEN = "不在应用可见范围", "outside the app's range"
		}
		d.People = append(d.People, pp)
	}
	return c.render(http.StatusOK, "page", d)
}
