package dingtalk

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"time"
)

const (
	leaversSpan    = 365 * 24 * time.Hour // DingTalk allows no longer one
	leaversSpans   = 10
	leaversPage    = 50
	leaversPages   = 1000 // of one span
	leaversInstant = "2006-01-02T15:04:05Z"
)

// A leaver is one record of somebody who left.
type leaver struct {
	userID string
	left   time.Time
}

// Leavers goes through the organisation's records of people who left from since to until,
// and calls each with every one. It is a hint and no more: a record says that somebody
// left then, not that nobody has that userId now, and one at an edge may come twice.
//
// The error is what each returned, which ends it, or an *Error.
func (c *Client) Leavers(ctx context.Context, since, until time.Time, each func(userID string, left time.Time) error) error {
	since, until = since.Truncate(time.Second), until.Add(time.Second-1).Truncate(time.Second)
	odd := func(text string) *Error {
		e := strange(text)
		e.Call = CallLeavers
		return e
	}
	if until.Sub(since) > leaversSpans*leaversSpan {
		return odd("leave records of so long a time are not asked for")
	}
	for since.Before(until) {
		end := since.Add(leaversSpan)
		if end.After(until) {
			end = until
		}
		token := "0"
		for page := 0; token != ""; page++ {
			if page == leaversPages {
				return odd("the leave records do not end")
			}
			records, next, fault := c.leaversPage(ctx, since, end, token)
			if fault != nil {
				return fault
			}
			for _, r := range records {
				if err := each(r.userID, r.left); err != nil {
					return err
				}
			}
			if len(records) == 0 {
				break
			}
			if next == token {
				return odd("the leave records go round in a circle")
			}
			token = next
		}
		since = end
	}
	return nil
}

// leaversPage asks for one page; next is empty after the last.
func (c *Client) leaversPage(ctx context.Context, since, until time.Time, token string) (records []leaver, next string, fault *Error) {
	query := url.Values{
		"startTime":  {since.UTC().Format(leaversInstant)},
		"endTime":    {until.UTC().Format(leaversInstant)},
		"nextToken":  {token},
		"maxResults": {"50"},
	}
	fault = c.asApp(ctx, request{
		call: CallLeavers, method: http.MethodGet, url: c.api.JoinPath("v1.0/contact/empLeaveRecords"),
		query: query.Encode(), repeatable: true,
	}, inHeader, func(a answer) (f *Error) {
		records, next, f = decodeLeavers(a.status, a.body)
		return f
	})
	return records, next, fault
}

// decodeLeavers reads the answer of empLeaveRecords. Names and numbers are not read.
func decodeLeavers(status int, body []byte) (records []leaver, next string, fault *Error) {
	o, fault := newAnswer(status, body, "nextToken", "records")
	if fault != nil {
		return nil, "", fault
	}
	if !o.has("records") || o.null("records") {
		o.fail("records", "is missing")
	}
	o.each("records", []string{"userId", "leaveTime"}, func(r *object) {
		left, err := time.Parse(time.RFC3339, r.text("leaveTime"))
		if err != nil {
			r.fail("leaveTime", "is missing or not a time")
		}
		records = append(records, leaver{r.id("userId"), left})
	})
	if token, ok := o.optional("nextToken"); ok && token != "" {
		if !isToken(token) {
			o.fail("nextToken", "is not a token")
		}
		next = token
	}
	if o.err == nil && len(records) > leaversPage {
		o.err = errors.New("records are more than were asked for")
	}
	if o.err != nil {
		return nil, "", o.fault()
	}
	return records, next, nil
}
