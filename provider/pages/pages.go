package pages

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"net/http"
	"strconv"
	"strings"
)

//go:embed page.html
var layout string

//go:embed style.css
var style string

// Config says whose pages they are. The zero value works.
type Config struct {
	Issuer       string // issuer URL, shown on the home page with its discovery document
	Operator     string // who runs this, shown at the head of every page; may be empty
	Organisation string // whose members may log in, as sentences call it; may be empty
	Contact      string // whom to ask: an e-mail address, an https URL or a few words; may be empty
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
}

// Pages writes pages. It is safe for concurrent use.
type Pages struct {
	config Config
	layout *template.Template
	policy string
}

// New makes the pages ready. It fails only if what is built in is broken.
func New(config Config) (*Pages, error) {
	t, err := template.New("page").Option("missingkey=error").Parse(layout)
	if err != nil {
		return nil, fmt.Errorf("parse the layout of the pages: %w", err)
	}
	config.Operator = clean(config.Operator, maxName)
	config.Organisation = clean(config.Organisation, maxName)
	config.Contact = clean(config.Contact, maxContact)
	config.Issuer = strings.TrimSuffix(link(config.Issuer), "/")
	return &Pages{config: config, layout: t, policy: policy(style)}, nil
}

// policy is the Content-Security-Policy of every page: nothing but the style
// sheet, by its hash, and the picture of the tab, which is in the page itself.
func policy(style string) string {
	sum := sha256.Sum256([]byte(style))
	return "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) +
		"'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
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
	h := w.Header()
	for _, stale := range []string{"Content-Encoding", "Etag", "Last-Modified", "Location"} {
		h.Del(stale)
	}
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Language", page.Lang)
	h.Set("Content-Length", strconv.Itoa(body.Len()))
	h.Set("Content-Security-Policy", p.policy)
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	w.WriteHeader(status)
	if r == nil || r.Method != http.MethodHead {
		// A browser that has gone away is nobody's fault, and nothing can be done.
		_, _ = w.Write(body.Bytes())
	}
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
