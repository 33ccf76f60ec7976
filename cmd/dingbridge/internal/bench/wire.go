package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/netip"
	"net/url"
	"time"
)

const (
	dialTimeout   = 5 * time.Second
	answerTimeout = 30 * time.Second
	maxAnswer     = 1 << 20 // bytes of a body
)

// newTransport keeps a connection to each server for each of so many workers, and
// reaches this machine only (promise B2).
func newTransport(workers int) *http.Transport {
	dialer := net.Dialer{Timeout: dialTimeout}
	return &http.Transport{
		MaxIdleConnsPerHost:   workers,
		DisableCompression:    true,
		ResponseHeaderTimeout: answerTimeout,
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			if at, err := netip.ParseAddrPort(address); err != nil || !at.Addr().IsLoopback() {
				return nil, fmt.Errorf("%s is not a loopback address", address)
			}
			return dialer.DialContext(ctx, network, address)
		},
	}
}

// An answer is a response that has been read.
type answer struct {
	status   int
	location *url.URL // nil: it redirects nowhere
	body     []byte
}

// A browser keeps cookies and follows nothing by itself. The zero jar keeps none.
type browser struct {
	transport *http.Transport
	jar       http.CookieJar
}

// newBrowser is one that nobody has used yet.
func newBrowser(t *http.Transport) (*browser, error) {
	jar, err := cookiejar.New(nil)
	if err != nil {
		return nil, fmt.Errorf("making a cookie jar: %w", err)
	}
	return &browser{transport: t, jar: jar}, nil
}

// do bypasses http.Client: its redirects, copies and timers are work that the
// generator would take from the server on the same machine.
func (b *browser) do(req *http.Request) (answer, error) {
	if b.jar != nil {
		for _, c := range b.jar.Cookies(trusted(req.URL)) {
			req.AddCookie(c)
		}
	}
	resp, err := b.transport.RoundTrip(req)
	if err != nil {
		return answer{}, fmt.Errorf("%s %s: %w", req.Method, req.URL.Path, err)
	}
	defer resp.Body.Close() // read to its end, or of no further use
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return answer{}, fmt.Errorf("reading %s: %w", req.URL.Path, err)
	}
	if cookies := resp.Cookies(); b.jar != nil && len(cookies) > 0 {
		b.jar.SetCookies(trusted(req.URL), cookies)
	}
	a := answer{status: resp.StatusCode, body: body}
	if resp.StatusCode/100 == 3 {
		a.location, _ = resp.Location() // none is the caller's to mind
	}
	return a, nil
}

// json sends req and reads a JSON answer with status 200.
func (b *browser) json(req *http.Request, into any) error {
	a, err := b.do(req)
	if err != nil {
		return err
	}
	if a.status != http.StatusOK {
		return fmt.Errorf("%s: status %d: %.120q", req.URL.Path, a.status, a.body)
	}
	if err := json.Unmarshal(a.body, into); err != nil {
		return fmt.Errorf("%s: %w", req.URL.Path, err)
	}
	return nil
}

// trusted makes a jar treat loopback as browsers do, which send Secure cookies
// there over plain http too.
func trusted(u *url.URL) *url.URL {
	secure := *u
	secure.Scheme = "https"
	return &secure
}
