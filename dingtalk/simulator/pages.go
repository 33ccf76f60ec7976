package simulator

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"fmt"
	"html/template"
	"net/http"
	"strings"
)

//go:embed page.html
var pageHTML string

var pageTemplate = template.Must(template.New("page").Parse(pageHTML))

// maxListed is how many people the login page lists; others are typed in.
const maxListed = 60

// pageData is what page.html shows.
type pageData struct {
	Kind    string // login, frame (login for a small frame), posted, message, error or twice
	ZH, EN  string
	Company string
	People  []pagePerson
	More    int    // people who are not listed
	Link    string // of kind twice
	QR      string // of kind frame: the dark squares as an SVG path

	// Of kind posted: what the script hands to the page around, as a JSON array,
	// and the origin that it must have.
	Messages, Target string
	Script           template.JS
}

type pagePerson struct {
	UserID, Name, Nick, NoteZH, NoteEN string
}

func (c *call) render(status int, code string, d pageData) answer {
	d.Company, d.Script = c.sim.company.Name, frameScript
	var b bytes.Buffer
	if err := pageTemplate.Execute(&b, d); err != nil {
		panic(err) // the template and its data are ours
	}
	return answer{status: status, mime: "text/html; charset=utf-8", body: b.Bytes(), code: code, framed: c.framed}
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
	if c.framed {
		d.Kind, d.QR = "frame", squares()
	}
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

// squares draws what looks like a QR code, 25 modules wide, and is none: three
// corners and noise.
func squares() string {
	const width = 25
	noise := sha256.Sum256([]byte(opaque()))
	var path strings.Builder
	for y := range width {
		for x := range width {
			n := x + y*width
			dark := noise[n/8%len(noise)]>>(n%8)&1 == 1
			for _, corner := range [3][2]int{{0, 0}, {width - 7, 0}, {0, width - 7}} {
				if dx, dy := x-corner[0], y-corner[1]; dx >= -1 && dx <= 7 && dy >= -1 && dy <= 7 {
					ring := max(abs(dx-3), abs(dy-3))
					dark = ring <= 1 || ring == 3
				}
			}
			if dark {
				fmt.Fprintf(&path, "M%d %dh1v1h-1z", x, y)
			}
		}
	}
	return path.String()
}

func abs(n int) int { return max(n, -n) }
