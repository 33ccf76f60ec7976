package systemtest

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

func TestE7_StopWithALoginUnderWay(t *testing.T) {
	w := newWorld(t, setting{})
	p := w.serve()
	ctx, a, browser := t.Context(), w.app("es"), newPerson()
	s, err := browser.follow(ctx, w.authorization(a), w.issuer+"/login/callback")
	if err != nil || s.location == "" {
		t.Fatalf("%v, %v", s, err)
	}
	w.fault(t, "users/me", "2s")
	answered := make(chan seen, 1)
	go func() {
		s, err := browser.get(context.WithoutCancel(ctx), s.location)
		if err != nil {
			s.body = err.Error()
		}
		answered <- s
	}()
	w.faultTaken(t)
	code, err := p.stop()
	if code != 0 || err != nil {
		t.Errorf("ended with %d, %v\n%s", code, err, p.log())
	}
	got := <-answered
	given := codeIn(got.location)
	if got.status != 302 || given == "" {
		t.Fatalf("the login under way got %d, to %q: %.200s", got.status, got.location, got.body)
	}
	if p.out.String() != "ready issuer="+w.issuer+"\n" {
		t.Errorf("standard output is %q", p.out.String())
	}
	for _, event := range []string{`"server.started"`, `"login.succeeded"`, `"server.stopped"`} {
		if strings.Count(p.log(), event) != 1 {
			t.Errorf("the log tells %s %d times", event, strings.Count(p.log(), event))
		}
	}
	w.serve() // on the same file, which was closed
	if got := a.redeem(ctx, w.issuer, given); got.status != 200 {
		t.Errorf("the code after the restart: %v", got)
	}
}

func TestE7_OversizedRequests(t *testing.T) {
	w := newWorld(t, setting{})
	p := w.serve()
	long := strings.Repeat("a", 100<<10)
	for _, tc := range []struct {
		name   string
		status int
		page   bool
		req    func() (*http.Request, error)
	}{
		{"header", http.StatusRequestHeaderFieldsTooLarge, false, func() (*http.Request, error) {
			r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, w.issuer+"/authorize", nil)
			r.Header.Set("X-Long", long)
			return r, err
		}},
		{"cookie", http.StatusRequestHeaderFieldsTooLarge, false, func() (*http.Request, error) {
			r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, w.authorization(w.app("es")), nil)
			r.Header.Set("Cookie", "dingbridge-session="+long)
			return r, err
		}},
		{"query", http.StatusRequestURITooLong, true, func() (*http.Request, error) {
			return http.NewRequestWithContext(t.Context(), http.MethodGet, w.authorization(w.app("es"), "state", long[:16<<10]), nil)
		}},
		{"body of token", http.StatusRequestEntityTooLarge, false, func() (*http.Request, error) { return form(t, w.issuer+"/token", long) }},
		{"body of authorize", http.StatusRequestEntityTooLarge, true, func() (*http.Request, error) { return form(t, w.issuer+"/authorize", long) }},
		{"body without an end", http.StatusRequestEntityTooLarge, false, func() (*http.Request, error) {
			r, err := form(t, w.issuer+"/token", "")
			r.Body, r.ContentLength = io.NopCloser(endless{}), -1
			return r, err
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			req, err := tc.req()
			if err != nil {
				t.Fatal(err)
			}
			resp, err := (&http.Client{Timeout: patience}).Do(req)
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			body, _ := io.ReadAll(resp.Body)
			if resp.StatusCode != tc.status || tc.page != strings.Contains(string(body), "<main") {
				t.Errorf("%d %.200s", resp.StatusCode, body)
			}
		})
	}
	if _, err := newPerson().login(t.Context(), w, w.app("es")); err != nil {
		t.Errorf("after all that: %v", err)
	}
	if strings.Contains(p.log(), "panic") {
		t.Error(p.log())
	}
}

func form(t *testing.T, address, value string) (*http.Request, error) {
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, address, strings.NewReader(url.Values{"code": {value}}.Encode()))
	if err == nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	return r, err
}

type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'a'
	}
	return len(p), nil
}

// TestE7_SlowHeaders keeps many connections open by a byte now and then: they are cut,
// and nobody else notices.
func TestE7_SlowHeaders(t *testing.T) {
	t.Parallel() // it mostly waits
	w := newWorld(t, setting{})
	w.serve()
	u, _ := url.Parse(w.issuer)
	cut := make(chan error, 50)
	for range cap(cut) {
		go func() { cut <- dribble(u.Host) }()
	}
	if _, err := newPerson().login(t.Context(), w, w.app("es")); err != nil {
		t.Errorf("beside them: %v", err)
	}
	for range cap(cut) {
		if err := <-cut; err != nil {
			t.Error(err)
		}
	}
}

// dribble begins a request and never ends it. It is an error if the other side lets it
// go on beyond patience.
func dribble(address string) error {
	c, err := net.Dial("tcp", address)
	if err != nil {
		return err
	}
	defer c.Close()
	if err := c.SetReadDeadline(time.Now().Add(patience)); err != nil {
		return err
	}
	over := make(chan struct{})
	defer close(over)
	go func() {
		fmt.Fprint(c, "GET /authorize HTTP/1.1\r\nHost: x\r\nX-Slow: ")
		for {
			select {
			case <-over:
				return
			case <-time.After(200 * time.Millisecond):
				if _, err := c.Write([]byte("a")); err != nil {
					return // cut
				}
			}
		}
	}()
	resp, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err == nil {
		resp.Body.Close()
		if resp.StatusCode < 400 {
			return fmt.Errorf("a request without an end was answered %s", resp.Status)
		}
		return nil
	}
	if timeout, ok := err.(net.Error); ok && timeout.Timeout() {
		return fmt.Errorf("a request without an end is waited for: %w", err)
	}
	return nil // cut, as it should be
}

// TestE8_WhoMayNotEnter has the page and the audit event of each kind of refusal.
func TestE8_WhoMayNotEnter(t *testing.T) {
	w := newWorld(t, setting{as: "zhangsan"})
	p := w.serve()
	for _, tc := range []struct {
		who, page, reason string
		status            int
	}{
		{"outsider", "outsider", "outsider", 403},
		{"supplier", "outsider", "outsider", 403},
		{"disabled", "disabled", "disabled", 403},
		{"outofrange", "out-of-range", "out_of_range", 403},
	} {
		t.Run(tc.who, func(t *testing.T) {
			w.control(t, "as", `{"userid":"`+tc.who+`"}`)
			before := len(p.log())
			b := newPerson()
			s, err := b.follow(t.Context(), w.authorization(w.app("es")), w.app("es").redirect)
			if err != nil || s.location != "" || s.status != tc.status || !strings.Contains(s.body, `data-page="`+tc.page+`"`) {
				t.Errorf("%d, to %q, %v: %.500s", s.status, s.location, err, s.body)
			}
			said := p.log()[before:]
			if !strings.Contains(said, `"login.refused"`) || !strings.Contains(said, `"reason":"`+tc.reason+`"`) || strings.Contains(said, "login.succeeded") {
				t.Errorf("the log: %s", said)
			}
			if s, err := b.follow(t.Context(), w.authorization(w.app("es"), "prompt", "none"), w.app("es").redirect); err != nil || !strings.Contains(s.location, "error=login_required") {
				t.Errorf("a session was begun: %q, %v", s.location, err)
			}
		})
	}
}
