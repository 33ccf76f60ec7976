package dingtalk

import (
	"context"
	"net/http"
	"net/url"
	"time"
)

// A Page is how a login page answered. Its content is for people and not looked at.
type Page struct {
	Status   int
	Location string // where it sends the browser, without query; empty if nowhere
}

// ProbePage opens a login page as a browser without cookies would: nobody is logged in
// by that. address is one that this client made (AuthorizeURL, FrameURL, ScanURL). The
// error is an *Error if there was no answer; every answer, also a refusal, is a Page.
func (c *Client) ProbePage(ctx context.Context, address string) (Page, Probe, error) {
	if fault := c.pace.wait(ctx, CallPage); fault != nil {
		return Page{}, Probe{}, fault
	}
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	fail := func(f *Error) (Page, Probe, error) {
		f.Call = CallPage
		f.scrub(c.secrets.Load().all()...)
		return Page{}, Probe{}, f
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return fail(strange("the address of the page is not a URL"))
	}
	req.Header.Set("Accept", "text/html")
	req.Header["User-Agent"] = c.userAgent
	res, err := c.transport.RoundTrip(req)
	if err != nil {
		return fail(noAnswer(ctx, err))
	}
	defer res.Body.Close()
	var p Probe
	p.look(answer{date: res.Header["Date"], came: time.Now()})
	page := Page{Status: res.StatusCode}
	if to, err := res.Location(); err == nil {
		// Its query may hold a code.
		page.Location = (&url.URL{Scheme: to.Scheme, Host: to.Host, Path: to.Path}).String()
	}
	return page, p, nil
}
