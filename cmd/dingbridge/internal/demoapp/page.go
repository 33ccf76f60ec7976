package demoapp

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"html/template"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

//go:embed page.html
var pageText string

//go:embed style.css
var styleText []byte

//go:embed icon.svg
var iconText []byte

var pageTemplate = template.Must(template.New("page").Parse(pageText))

// claims are a token's, as JSON, numbers as they were written.
type claims map[string]json.RawMessage

// view is what a page shows.
type view struct {
	Name, ClientID   string
	Path, OtherPath  string
	Issuer           string
	Second, LoggedIn bool
	OtherIn          bool // this browser is logged in at the other client

	Nick, FullName    string
	CanRefresh        bool
	Refreshes         int
	At, Expires       string
	IDToken, Userinfo []row
	Left              string // how the login before ended
	Logout            bool   // it is a logout that went wrong
	Error             string
}

// A row is one claim.
type row struct {
	Name, Value, Note string
	New               bool // another than before the refresh
}

func (s *side) view(r *http.Request) view {
	v := view{
		Name: s.client.Name, ClientID: s.client.ID,
		Path: s.path, OtherPath: s.other.path, Issuer: s.app.issuer, Second: s.path != "",
	}
	if r != nil {
		v.OtherIn = s.other.shown(r) != nil
	}
	return v
}

// shown is a copy of the login of the request's browser, or nil.
func (s *side) shown(r *http.Request) *login {
	current := s.current(r)
	if current == nil {
		return nil
	}
	current.mu.Lock()
	defer current.mu.Unlock()
	if current.login == nil {
		return nil
	}
	l := *current.login
	return &l
}

// home is the start page, or what came back.
func (s *side) home(w http.ResponseWriter, r *http.Request) {
	v := s.view(r)
	if l := s.shown(r); l != nil {
		v.LoggedIn = true
		v.Nick, v.FullName = l.userinfo.text("nickname"), l.userinfo.text("name")
		if v.Nick == "" {
			v.Nick = v.FullName
		}
		v.CanRefresh, v.Refreshes = l.refreshToken != "", l.refreshes
		v.At, v.Expires = l.at.Format(time.TimeOnly), l.expires.Format(time.TimeOnly)
		v.IDToken, v.Userinfo = l.idToken.rows(l.before), l.userinfo.rows(nil)
	} else if current := s.current(r); current != nil {
		current.mu.Lock()
		v.Left = current.left
		current.mu.Unlock()
	}
	s.write(w, http.StatusOK, v)
}

// fail shows what went wrong with a login.
func (s *side) fail(w http.ResponseWriter, status int, err error) { s.failAt(w, status, err, false) }

// failLogout shows what went wrong with a logout.
func (s *side) failLogout(w http.ResponseWriter, status int, err error) {
	s.failAt(w, status, err, true)
}

func (s *side) failAt(w http.ResponseWriter, status int, err error, logout bool) {
	s.app.log.Warn("demo app", "client_id", s.client.ID, "error", err)
	v := s.view(nil)
	v.Logout, v.Error = logout, err.Error()
	s.write(w, status, v)
}

func (s *side) write(w http.ResponseWriter, status int, v view) {
	var page bytes.Buffer
	if err := pageTemplate.Execute(&page, v); err != nil {
		s.app.log.Error("demo app: writing a page", "error", err)
		http.Error(w, "internal error", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(page.Bytes()) // the browser may be gone
}

func serve(contentType string, content []byte) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType)
		_, _ = w.Write(content)
	}
}

// text is the claim if it is a text.
func (c claims) text(name string) string {
	var s string
	_ = json.Unmarshal(c[name], &s) // anything else is no text
	return s
}

// rows are the claims in the order of their names. Those that differ from before
// are marked, if there is a before.
func (c claims) rows(before claims) []row {
	rows := make([]row, 0, len(c))
	for _, name := range slices.Sorted(maps.Keys(c)) {
		raw := c[name]
		r := row{Name: name, Value: string(raw), New: before != nil && !bytes.Equal(raw, before[name])}
		var text string
		var list []string
		var seconds int64
		switch {
		case json.Unmarshal(raw, &text) == nil:
			r.Value = text
		case json.Unmarshal(raw, &list) == nil && list != nil:
			for i := range list {
				list[i] = strconv.Quote(list[i])
			}
			r.Value = "[" + strings.Join(list, ", ") + "]" // with room for a line to break
		case slices.Contains([]string{"exp", "iat", "auth_time", "updated_at", "nbf"}, name) && json.Unmarshal(raw, &seconds) == nil:
			r.Note = time.Unix(seconds, 0).Format(time.DateTime)
		}
		rows = append(rows, r)
	}
	return rows
}

// String keeps claims out of logs.
func (c claims) String() string { return fmt.Sprintf("claims{%d}", len(c)) }
