package pages

import (
	"bytes"
	_ "embed"
	"fmt"
	"html/template"
	"net/http"
	"strconv"
	"strings"
	"time"
)

//go:embed page.html
var layout string

//go:embed ways.html
var waysLayout string

//go:embed account.html
var accountLayout string

//go:embed style.css
var style string

// Config says whose pages they are. The zero value works.
type Config struct {
	Issuer       string // issuer URL, shown on the home page with its discovery document
	Operator     string // who runs this, shown at the head of every page; may be empty
	Organisation string // whose members may log in, as sentences call it; empty if there are several
	Contact      string // whom to ask: an e-mail address, an https URL or a few words; may be empty
	Logo         []byte // beside the operator's name: PNG, JPEG, WebP or SVG, at most 32 KB; may be empty
}

// A Page is what one page is given. All but Kind may be empty: what is empty is
// left out, or said in general words.
type Page struct {
	Kind       Kind
	Lang       string // Chinese or English; anything else: what the request asks for
	ClientName string // the app's registered name
	Account    string // the nick under which the person came
	Permission string // the DingTalk permission that is missing
	Contact    string // whom to ask, in place of the configured one
	RetryURL   string // where the button leads: a path of ours, or http(s)
	RequestID  string // finds the audit event

	Organisation string // that the page is about, in place of the configured one
	SwitchURL    string // shows this page in the other language; empty: that stands folded in the page

	Choices []Choice    // ChooseWay: at least one; Scan: the other ways
	Frame   *Frame      // Scan needs it
	InApp   *InAppLogin // InApp needs it, and a Form

	Overview *Overview // SignedIn may have it, and then a Form

	// Form is needed by the kinds that ask something (SignOut, Consent, DeviceCode,
	// DeviceConfirm), by InApp and by FormPost; SignedIn may have one, for the buttons of
	// its Overview, and the others leave it out. Without one that can be sent, a page that
	// asks is shown as Internal, with status 500; so is one that has not what its kind
	// needs.
	Form          *Form
	ContinueURL   string    // a link back to the app: a path of ours, or http(s)
	Scopes        []string  // what the app would learn; shown in words
	UserCode      string    // the device's code: to compare, or what stands in the field already
	WrongCode     bool      // DeviceCode: what was typed is not the code of any device
	DeviceAddress string    // DeviceConfirm: the address from which the device asked
	Begun         time.Time // DeviceConfirm: when it asked; shown in its own time zone
}

// Pages writes pages. It is safe for concurrent use.
type Pages struct {
	config Config
	logo   template.URL
	layout *template.Template
}

// New makes the pages ready. It fails if the logo is unfit.
func New(config Config) (*Pages, error) {
	t, err := template.New("page").Option("missingkey=error").Parse(waysLayout + accountLayout + layout)
	if err != nil {
		return nil, fmt.Errorf("parse the layout of the pages: %w", err)
	}
	logo, err := picture(config.Logo)
	if err != nil {
		return nil, fmt.Errorf("take the operator's logo: %w", err)
	}
	config.Operator = clean(config.Operator, maxName)
	config.Organisation = clean(config.Organisation, maxName)
	config.Contact = clean(config.Contact, maxContact)
	config.Issuer = strings.TrimSuffix(link(config.Issuer), "/")
	return &Pages{config: config, logo: logo, layout: t}, nil
}

// Write answers the request with a page: headers, status (0 is the kind's own)
// and body. An unknown kind is shown as Internal. Headers that the caller has set
// and that do not speak of the body, such as Allow, Retry-After and cookies, stay.
func (p *Pages) Write(w http.ResponseWriter, r *http.Request, status int, page Page) {
	if status == 0 {
		status = page.Kind.Status()
	}
	if _, known := rows[page.Kind]; !known {
		page.Kind = Internal
	}
	row := rows[page.Kind]
	if !row.fit(page) {
		// A question that cannot be answered is a fault of ours.
		page.Kind, status = Internal, http.StatusInternalServerError
		row = rows[Internal]
	}
	if page.Kind == SignedIn && page.Overview == nil {
		page.Form = nil // it has no button
	}
	if page.Lang != Chinese && page.Lang != English {
		page.Lang = requested(r)
	}
	var body bytes.Buffer
	body.Grow(16 << 10)
	if err := p.layout.Execute(&body, p.view(page)); err != nil {
		// Only a fault in the layout leads here, and every kind is tested with it.
		http.Error(w, "internal error", http.StatusInternalServerError)
		return
	}
	row.head(w.Header(), page)
	w.Header().Set("Content-Length", strconv.Itoa(body.Len()))
	w.WriteHeader(status)
	if r == nil || r.Method != http.MethodHead {
		// A browser that has gone away is nobody's fault, and nothing can be done.
		_, _ = w.Write(body.Bytes())
	}
}

// WriteFormPost answers the request with a page that posts the fields to action by
// itself (OAuth 2.0 Form Post Response Mode), or at the press of its button where
// no script runs. The action is the app's redirect URI: http or https, since
// nothing else can take a post; the page is Internal with status 500 if it is not.
// An empty lang is what the request asks for. See Postable for which values arrive
// as they are. The policy lets the app's answer redirect the browser within the
// action's scheme (http: includes https:) and no further.
func (p *Pages) WriteFormPost(w http.ResponseWriter, r *http.Request, status int, lang, action string, fields []Field) {
	p.Write(w, r, status, Page{Kind: FormPost, Lang: lang, Form: &Form{Action: action, Hidden: fields}})
}

// requested is the language that the request itself asks for.
func requested(r *http.Request) string {
	if r == nil {
		return English
	}
	locales := ""
	if r.URL != nil && strings.Contains(r.URL.RawQuery, "ui_locales=") {
		locales = r.URL.Query().Get("ui_locales")
	}
	return Language(locales, strings.Join(r.Header.Values("Accept-Language"), ","))
}
