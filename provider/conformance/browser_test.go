package conformance_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"

	"golang.org/x/net/html"
)

// A browser keeps cookies, follows redirects, fills in forms, and runs no script. It
// stops at addresses of apps. One browser is for one goroutine.
type browser struct {
	house *house
	http  *http.Client
	// seen are the pages of the provider's that asked something, by kind, and "dingtalk"
	// for each visit there, since the browser was last sent off.
	seen []string
	// pause is the kind of page on which the person stops instead of pressing a button.
	pause string
}

func (h *house) newBrowser() *browser {
	jar, _ := cookiejar.New(nil) // fails never
	return &browser{house: h, http: &http.Client{Jar: jar, Transport: h.wires, Timeout: patience,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

// twin is another browser with the provider's cookies of this one.
func (b *browser) twin() *browser {
	other := b.house.newBrowser()
	issuer, _ := url.Parse(b.house.issuer) // it is served there
	var cookies []*http.Cookie
	for _, c := range b.http.Jar.Cookies(issuer) {
		cookies = append(cookies, &http.Cookie{Name: c.Name, Value: c.Value, Path: "/", Secure: true})
	}
	other.http.Jar.SetCookies(issuer, cookies)
	return other
}

// An arrival is a request that the browser would send to an app.
type arrival struct {
	method      string
	url         *url.URL
	contentType string
	form        url.Values // of the body
}

// A landing is where the browser ended: at an app, or on a page.
type landing struct {
	at   *arrival // nil on a page
	page *page
}

func (l landing) String() string {
	if l.at != nil {
		return fmt.Sprintf("%s %s %s", l.at.method, l.at.url, l.at.form.Encode())
	}
	return fmt.Sprintf("page %d %q", l.page.status, l.page.kind)
}

// open goes to an address and on from there, until it is at an app or there is
// nothing more to do.
func (b *browser) open(address string) (landing, error) { return b.send(http.MethodGet, address, nil) }

// send is open with a method; a form is posted as another site's page would.
func (b *browser) send(method, address string, form url.Values) (landing, error) {
	b.seen = nil
	for range 20 {
		target, err := url.Parse(address)
		if err != nil {
			return landing{}, err
		}
		if target.Hostname() == "rp.example.com" {
			at := &arrival{method: method, url: target, form: form}
			if method == http.MethodPost {
				at.contentType = "application/x-www-form-urlencoded"
			}
			return landing{at: at}, nil
		}
		p, location, err := b.fetch(method, address, form)
		switch {
		case err != nil:
			return landing{}, err
		case location != "":
			method, address, form = http.MethodGet, location, nil
		case p.form == nil || p.kind == b.pause:
			return landing{page: p}, nil
		default:
			b.seen = append(b.seen, p.kind)
			method, address, form = p.form.method, p.form.action, p.form.filled(answers[p.kind])
		}
	}
	return landing{}, errors.New("no end of redirects")
}

// press goes on from a page on which the person stopped.
func (b *browser) press(p *page) (landing, error) {
	b.pause = ""
	return b.send(p.form.method, p.form.action, p.form.filled(answers[p.kind]))
}

// answers are what a person presses on the provider's pages. On all others there is
// but one button, or it does not matter which.
var answers = map[string]string{"consent": "approve", "sign-out": "here"}

// fetch sends one request. A status that repeats the body elsewhere is an error: it
// would carry what was posted on.
func (b *browser) fetch(method, address string, form url.Values) (*page, string, error) {
	switch {
	case strings.HasPrefix(address, b.house.simulator+"/"):
		b.seen = append(b.seen, "dingtalk")
	case !strings.HasPrefix(address, b.house.issuer+"/"):
		return nil, "", fmt.Errorf("sent to a stranger: %s", address)
	}
	var body io.Reader
	if method == http.MethodPost {
		body = strings.NewReader(form.Encode())
	}
	req, err := http.NewRequest(method, address, body)
	if err != nil {
		return nil, "", err
	}
	req.Header.Set("Accept", "text/html")
	if method == http.MethodPost {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	resp, err := b.http.Do(req)
	if err != nil {
		return nil, "", err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, "", err
	}
	if resp.StatusCode == http.StatusTemporaryRedirect || resp.StatusCode == http.StatusPermanentRedirect {
		return nil, "", fmt.Errorf("%s redirects with %d", address, resp.StatusCode)
	}
	if to, err := resp.Location(); err == nil && resp.StatusCode/100 == 3 {
		return nil, to.String(), nil
	}
	p, err := readPage(string(text))
	if err != nil {
		return nil, "", err
	}
	p.status, p.header, p.text = resp.StatusCode, resp.Header, string(text)
	if p.form != nil {
		base, _ := url.Parse(address) // it was just fetched
		to, err := base.Parse(p.form.action)
		if err != nil {
			return nil, "", fmt.Errorf("the form's action: %w", err)
		}
		p.form.action = to.String()
	}
	return p, "", nil
}

// A page is what a browser shows.
type page struct {
	status int
	header http.Header
	text   string
	kind   string // the attribute data-page of main
	form   *form
}

// A form is the first one of a page.
type form struct {
	method, action string
	fields         url.Values // hidden ones and those with a value
	buttons        [][2]string
}

// filled is what is posted when the button of that value is pressed, or the first.
func (f *form) filled(press string) url.Values {
	values := url.Values{}
	for name, value := range f.fields {
		values[name] = value
	}
	for i, button := range f.buttons {
		if button[0] != "" && (button[1] == press || press == "" && i == 0) {
			values.Set(button[0], button[1])
			break
		}
	}
	return values
}

func readPage(text string) (*page, error) {
	root, err := html.Parse(strings.NewReader(text))
	if err != nil {
		return nil, err
	}
	p := &page{}
	for n := range root.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		switch n.Data {
		case "main":
			p.kind = attribute(n, "data-page")
		case "form":
			if p.form == nil {
				p.form = readForm(n)
			}
		}
	}
	return p, nil
}

func readForm(at *html.Node) *form {
	f := &form{method: strings.ToUpper(attribute(at, "method")), action: attribute(at, "action"), fields: url.Values{}}
	for n := range at.Descendants() {
		name, value := attribute(n, "name"), attribute(n, "value")
		switch {
		case n.Data == "button":
			f.buttons = append(f.buttons, [2]string{name, value})
		case n.Data == "input" && name != "":
			f.fields.Add(name, value)
		}
	}
	return f
}

func attribute(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}
