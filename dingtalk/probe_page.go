package dingtalk

import (
	"context"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
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
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	fail := func(f *Error) (Page, Probe, error) {
		f.Call = CallPage
		f.scrub(c.clientSecret, c.scanAppSecret)
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

// RequestIP is the address that DingTalk saw and does not let in, as it names it when
// it refuses for the app's list of addresses ("request ip=203.0.113.24"). It is
// empty if there is none in the message.
func (e *Error) RequestIP() string {
	_, after, ok := strings.Cut(e.Message, "request ip=")
	if !ok {
		return ""
	}
	text, _, _ := strings.Cut(after, " ")
	addr, err := netip.ParseAddr(strings.TrimRight(text, ",;."))
	if err != nil || addr.Zone() != "" {
		return ""
	}
	return addr.String()
}

// OutsideAllowlist tells whether DingTalk refused because of the address that the call
// came from, which the app's list of addresses lacks.
func (e *Error) OutsideAllowlist() bool {
	return e.Code == "60020" || e.Code == "Forbidden.AccessDenied.IpNotInWhiteList"
}

// ApplyURL is the page of DingTalk's console on which a missing permission is applied
// for, as a refusal names it. It is empty if the message has none, or one that is not
// DingTalk's.
func (e *Error) ApplyURL() string {
	i := strings.Index(e.Message, "https://open-dev.dingtalk.")
	if i < 0 {
		return ""
	}
	text := e.Message[i:]
	if end := strings.IndexFunc(text, func(r rune) bool { return r <= ' ' || r > '~' || strings.ContainsRune(`"<>[]{},;`, r) }); end >= 0 {
		text = text[:end]
	}
	u, err := url.Parse(text)
	if err != nil || u.User != nil || u.Host != "open-dev.dingtalk.com" && u.Host != "open-dev.dingtalk.io" {
		return ""
	}
	return u.String()
}
