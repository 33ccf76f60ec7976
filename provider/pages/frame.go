package pages

import (
	"html/template"
	"net/url"
	"regexp"
	"strings"
)

// A Frame is DingTalk's QR code in a page of ours. The page believes a message only
// if it comes from that frame and of exactly Origin, and then goes to Callback with
// the code and State: where the message says that it should go is compared with
// Callback, and never gone to.
type Frame struct {
	URL       string // what the frame shows; of Origin
	Origin    string // scheme://host[:port] of the login endpoint, as browsers write it
	Callback  string // our callback, absolute, without a query; of the page's own origin
	State     string // what the message must bring back, exactly
	ReloadURL string // gives a new QR code: a path of ours, or http(s)
	Seconds   int    // until the login is too old; then the code is taken away
}

// host is what may stand as a source in a policy: no character in it can end one.
var host = regexp.MustCompile(`\Ahttps?://[a-z0-9.-]+(:[0-9]{1,5})?\z`)

// fit tells whether the frame can be shown, and whether its values are such as cannot
// get out of the header and the attributes that they stand in.
func (f *Frame) fit() bool {
	if f == nil || !host.MatchString(f.Origin) || f.State == "" || link(f.ReloadURL) == "" {
		return false
	}
	callback, err := url.Parse(f.Callback)
	return err == nil && callback.Scheme != "" && link(f.Callback) == f.Callback &&
		!strings.ContainsAny(f.Callback, "?#") && strings.HasPrefix(link(f.URL), f.Origin+"/")
}

// A frameView is what the layout shows of a frame.
type frameView struct {
	URL, Reload             template.URL
	Origin, Callback, State string
	Seconds                 int
	Full                    template.URL // the way that comes first where a phone cannot scan itself
	Alone                   bool         // there is no other
	Script                  template.JS
}

func newFrame(page Page) *frameView {
	if page.Kind != Scan {
		return nil
	}
	f := page.Frame
	return &frameView{URL: template.URL(link(f.URL)), Reload: template.URL(link(f.ReloadURL)), Origin: f.Origin,
		Callback: f.Callback, State: f.State, Seconds: max(f.Seconds, 0), Full: firstFullPage(page.Choices),
		Script: template.JS(scripts[Scan])} // ours, a constant
}

// others makes of the choices what stands below the frame: labels alone, and on a
// narrow screen without the one that stands above it.
func (v *frameView) others(groups []group) []group {
	rows := 0
	for _, g := range groups {
		for i := range g.Rows {
			g.Rows[i].Hint, g.Rows[i].Twice = "", g.Rows[i].URL == v.Full
			rows++
		}
	}
	v.Alone = rows == 1 && v.Full != ""
	return groups
}
