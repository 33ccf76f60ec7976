package pages

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"time"
)

// An Overview is what SignedIn shows to whoever is signed in: who they are to apps, where
// they are logged in, and what has access without them. What is empty is left out.
type Overview struct {
	Nickname      string
	Name          string
	Username      string
	Email         string
	EmailVerified bool
	Phone         string
	Departments   int
	Roles         int
	CorpID        string
	Subject       string

	Sessions     []OpenSession // at most MostShown
	MoreSessions bool          // that are not shown
	Lasting      []LastingAccess
	MoreLasting  bool
}

// An OpenSession is one browser in which the person is logged in.
type OpenSession struct {
	Agent       string // what it is, in a few words
	Here        bool   // it is the one that asks
	Address     string
	Began, Used time.Time
	Apps        []string
	End         string // what its button says to us; empty: it has none
}

// A LastingAccess is an app or device that has access without a session.
type LastingAccess struct {
	App         string
	Device      bool
	Since, Used time.Time
	Times       int // it was granted, if more than once
	End         string
}

// MostShown bounds both lists of an Overview, and so the size of the page.
const MostShown = 50

// mostApps is how many apps of one session are named.
const mostApps = 12

// maxEnd is how long the value of a button may be.
const maxEnd = 64

type accountView struct {
	You          []detail
	Sessions     []entryView
	MoreSessions bool
	Lasting      []entryView
	MoreLasting  bool
}

// An entryView is one session, app or device, and the button that ends it.
type entryView struct {
	ID      string
	Name    string
	Mark    string
	Details []detail
	End     string
	Button  string
}

// account puts the overview in words, nil if the page has none. Without a form that can be
// sent no entry has a button.
func (t tongue) account(page Page) *accountView {
	o, w := page.Overview, t.words
	if o == nil || page.Kind != SignedIn {
		return nil
	}
	action, _ := rows[SignedIn].target(page.Form)
	button := func(end string) string {
		if action == "" || len(end) > maxEnd || token(end, maxEnd) != end {
			return ""
		}
		return end
	}
	view := &accountView{You: o.you(page.Organisation, w),
		MoreSessions: o.MoreSessions || len(o.Sessions) > MostShown, MoreLasting: o.MoreLasting || len(o.Lasting) > MostShown}
	for i, s := range o.Sessions[:min(len(o.Sessions), MostShown)] {
		e := entryView{ID: fmt.Sprintf("session-%d", i+1), Name: cmp.Or(clean(s.Agent, maxName), w.SomeBrowser), End: button(s.End), Button: w.EndSession}
		if s.Here {
			e.Mark = w.ThisBrowser
		}
		e.Details = kept(detail{ID: e.ID + "-address", Label: w.From, Value: token(s.Address, maxName), Code: true},
			w.past(e.ID+"-began", w.LoggedIn, s.Began), w.past(e.ID+"-used", w.Used, s.Used), some(e.ID+"-apps", w.Apps, s.Apps))
		view.Sessions = append(view.Sessions, e)
	}
	for i, a := range o.Lasting[:min(len(o.Lasting), MostShown)] {
		e := entryView{ID: fmt.Sprintf("lasting-%d", i+1), Name: cmp.Or(clean(a.App, maxName), t.general["{app}"]), End: button(a.End), Button: w.EndAccess}
		how := w.OffLine
		if a.Device {
			how = w.OnADevice
		}
		times := ""
		if a.Times > 1 {
			times = number(a.Times)
		}
		e.Details = kept(detail{ID: e.ID + "-how", Label: w.How, Value: how}, detail{ID: e.ID + "-times", Label: w.Times, Value: times}, w.past(e.ID+"-since", w.Since, a.Since), w.past(e.ID+"-used", w.Used, a.Used))
		view.Lasting = append(view.Lasting, e)
	}
	return view
}

// you is who the person is to apps.
func (o *Overview) you(organisation string, w words) []detail {
	email := detail{ID: "email", Label: w.Email, Value: clean(o.Email, maxEmail), Note: w.NotVerified}
	if o.EmailVerified {
		email.Note = w.Verified
	}
	return kept(
		detail{ID: "nickname", Label: w.Nickname, Value: clean(o.Nickname, maxName)},
		detail{ID: "name", Label: w.Name, Value: clean(o.Name, maxName)},
		detail{ID: "username", Label: w.Username, Value: clean(o.Username, maxName)},
		email,
		detail{ID: "phone", Label: w.Phone, Value: clean(o.Phone, maxName)},
		detail{ID: "departments", Label: w.Departments, Value: number(o.Departments)},
		detail{ID: "roles", Label: w.Roles, Value: number(o.Roles)},
		detail{ID: "organisation", Label: w.Organisation, Value: clean(organisation, maxName)},
		detail{ID: "corp-id", Label: w.CorpID, Value: token(o.CorpID, maxName), Code: true},
		detail{ID: "sub", Label: w.Subject, Value: token(o.Subject, maxName), Code: true})
}

// past is when, but for a time that is not known.
func (w words) past(id, label string, at time.Time) detail {
	if at.IsZero() {
		return detail{}
	}
	return detail{ID: id, Label: label, Value: w.ago(time.Since(at)), Note: at.Format("2006-01-02 15:04 UTC-07:00")}
}

// some names the first of many.
func some(id, label string, names []string) detail {
	d := detail{ID: id, Label: label}
	for _, name := range names {
		if name = clean(name, maxName); name == "" {
			continue
		}
		if len(d.Names) == mostApps {
			d.Names = append(d.Names, "…")
			break
		}
		d.Names = append(d.Names, name)
	}
	return d
}

// number leaves out none.
func number(n int) string {
	if n <= 0 {
		return ""
	}
	return strconv.Itoa(n)
}

// kept leaves out what has no value.
func kept(list ...detail) []detail {
	return slices.DeleteFunc(list, func(d detail) bool { return d.Value == "" && len(d.Names) == 0 })
}
