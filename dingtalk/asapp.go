package dingtalk

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
)

// inQuery shows the app's token as the old API wants it.
func inQuery(r *request, token string) {
	r.query, r.secret = "access_token="+url.QueryEscape(token), token
}

// inHeader shows it as the new API does.
func inHeader(r *request, token string) { r.token, r.secret = token, token }

// askAsApp sends a question of the old API with the app's token.
func (c *Client) askAsApp(ctx context.Context, r request, question any, decode func(answer) *Error) *Error {
	body, err := json.Marshal(question)
	if err != nil {
		return &Error{Call: r.call, Err: err}
	}
	r.method, r.body = http.MethodPost, body
	return c.asApp(ctx, r, inQuery, decode)
}

// asApp sends a request with the app's token. If DingTalk calls the token invalid, it is
// dropped, and the request sent once more with a new one.
//
// That is safe even if the question holds a code, which is otherwise sent once: a bad
// token is found out by DingTalk's gateway, before the code has come to whoever spends
// it. But then the refusal has to be plain, with the status of an answer; beside a
// status that says "not now" the code may be spent, and is not sent again.
func (c *Client) asApp(ctx context.Context, r request, show func(*request, string), decode func(answer) *Error) *Error {
	for first := true; ; first = false {
		token, fault := c.token.get(ctx)
		if fault != nil {
			return fault
		}
		show(&r, token)
		fault = c.do(ctx, r, decode)
		if fault == nil || !fault.stale {
			return fault
		}
		c.token.drop(token)
		if !first || r.code != "" && fault.Status != http.StatusOK {
			return fault
		}
	}
}
