package dingtalk

import (
	"context"
)

// InAppAccount asks whose a code is that DingTalk's own client handed to our page. It is
// asked with the app's token, so the organisation is that of the app and never one that
// the page names. The answer has the ids and the organisation's name for the person; it
// is not yet a [Member]: contact kind and disabled accounts are not in it.
//
// A lost reply means ReasonUnavailable, and the code is to be taken for spent. The error
// is an *Error.
func (c *Client) InAppAccount(ctx context.Context, code string) (Account, error) {
	if !isToken(code) {
		e := strange("the code is empty or not a code")
		e.Call = CallInApp
		return Account{}, e
	}
	var account Account
	fault := c.askAsApp(ctx, request{call: CallInApp, url: c.inApp, code: code}, struct {
		Code string `json:"code"`
	}{code}, func(a answer) (f *Error) {
		account, f = decodeInApp(a.status, a.body)
		return f
	})
	if fault != nil {
		return Account{}, fault
	}
	return account, nil
}

// decodeInApp reads the answer of getuserinfo. Who administers what (sys, sys_level) is
// not asked here, and what nobody has explained (associated_unionid) is not read.
func decodeInApp(status int, body []byte) (Account, *Error) {
	o, fault := oldAnswer(status, body, "userid", "unionid", "name")
	if fault != nil {
		return Account{}, fault
	}
	a := Account{UserID: o.id("userid"), UnionID: o.id("unionid"), Name: o.text("name")}
	if o.err != nil {
		return Account{}, o.fault()
	}
	return a, nil
}
