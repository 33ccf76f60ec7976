package dingtalk

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"time"
)

// maxBody caps what is read of an answer. The largest real one, a person in many
// departments, stays under 100 KB.
const maxBody = 1 << 20

// A request is one question to DingTalk.
type request struct {
	call, method string
	url          *url.URL // shared, never changed
	query        string   // encoded; may hold a token
	token        string   // of the new API, sent as a header
	body         []byte   // JSON
	secret       string   // what must not come back in an error, besides the app's secrets
	code         string   // of a login, good once: neither must this
	repeatable   bool     // safe to send twice
	again        bool     // this is the second time
}

// An answer is what came back: anything at all.
type answer struct {
	status int
	body   []byte
	date   []string  // the Date header as it came
	came   time.Time // by our clock
}

// do sends a request, decodes the answer, and does both once more if that is safe
// and may help. All of it ends within the client's timeout, once there is room to send.
func (c *Client) do(ctx context.Context, r request, decode func(answer) *Error) *Error {
	if fault := c.pace.wait(ctx, r.call); fault != nil {
		return fault
	}
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	fault := c.once(ctx, r, decode)
	if fault != nil && r.repeatable && fault.Transient() && !fault.final && pause(ctx, fault.Reason) && c.pace.wait(ctx, r.call) == nil {
		r.again = true
		fault = c.once(ctx, r, decode)
	}
	return fault
}

// pause waits before a repetition: over the one-second window of a throttle, else a
// moment. It reports false, at once, if too little time would be left.
func pause(ctx context.Context, why Reason) bool {
	wait := 50*time.Millisecond + rand.N(100*time.Millisecond)
	if why == ReasonThrottled {
		wait = time.Second + rand.N(250*time.Millisecond)
	}
	if end, ok := ctx.Deadline(); ok && time.Until(end) < wait+100*time.Millisecond {
		return false
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// once sends a request once. The Error it returns is complete and clean.
func (c *Client) once(ctx context.Context, r request, decode func(answer) *Error) *Error {
	var start time.Time
	if c.observe != nil {
		start = time.Now()
	}
	a, fault := c.send(ctx, r)
	if fault == nil {
		if fault = decode(a); fault != nil {
			fault.Status = a.status
			if fault.Reason == ReasonClock {
				fault.Err = clockSkew(a.came, a.date)
			}
		}
	}
	if fault != nil {
		fault.Call = r.call
		fault.scrub(append(c.secrets.Load().all(), r.secret, r.code)...)
	}
	if c.observe != nil {
		var err error // not fault itself: a nil *Error is no nil error
		if fault != nil {
			err = fault
		}
		c.observe(ctx, Sent{Call: r.call, Again: r.again, Took: time.Since(start), Err: err})
	}
	return fault
}

var jsonType = []string{"application/json"}

// send does the HTTP exchange. The transport is used directly: it follows no
// redirect, and its errors hold no URL.
func (c *Client) send(ctx context.Context, r request) (answer, *Error) {
	u := *r.url
	u.RawQuery = r.query
	var body io.Reader
	if r.body != nil {
		body = bytes.NewReader(r.body)
	}
	req, err := http.NewRequestWithContext(ctx, r.method, "", body)
	if err != nil {
		return answer{}, strange("request cannot be made")
	}
	req.URL = &u
	req.Header["Accept"] = jsonType
	req.Header["User-Agent"] = c.userAgent
	if r.body != nil {
		req.Header["Content-Type"] = jsonType
	}
	if r.token != "" {
		req.Header["X-Acs-Dingtalk-Access-Token"] = []string{r.token}
	}
	res, err := c.transport.RoundTrip(req)
	if err != nil {
		return answer{}, noAnswer(ctx, err)
	}
	defer res.Body.Close()
	came := time.Now()
	size := min(max(res.ContentLength, 1024), maxBody)
	buf := bytes.NewBuffer(make([]byte, 0, size+bytes.MinRead))
	if _, err := buf.ReadFrom(io.LimitReader(res.Body, maxBody+1)); err != nil {
		f := noAnswer(ctx, err)
		f.Status = res.StatusCode
		return answer{}, f
	}
	if buf.Len() > maxBody {
		f := strange("the answer is too large")
		f.Status = res.StatusCode
		return answer{}, f
	}
	return answer{status: res.StatusCode, body: buf.Bytes(), date: res.Header["Date"], came: came}, nil
}

// noAnswer makes the Error of a request that was not, or not wholly, answered. It
// keeps the cause's words but not the cause, whose chain may hold a URL.
func noAnswer(ctx context.Context, err error) *Error {
	f := &Error{Reason: ReasonUnavailable}
	var timeout net.Error
	switch {
	case errors.Is(err, context.Canceled):
		f.Err, f.final = context.Canceled, true
	case errors.Is(err, context.DeadlineExceeded), ctx.Err() != nil, errors.As(err, &timeout) && timeout.Timeout():
		f.Err = context.DeadlineExceeded
	default:
		if e, ok := errors.AsType[*url.Error](err); ok {
			err = e.Err
		}
		f.Err = errors.New(err.Error())
	}
	return f
}
