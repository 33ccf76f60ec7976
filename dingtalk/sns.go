package dingtalk

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// The login of 2020 ("sns"): pages on the old API's host, and an exchange that the
// app signs instead of showing a token.

// ScanURL returns the address of DingTalk's QR page of 2020 for one login. As with
// AuthorizeURL, state is the only protection against forged callbacks. The code that
// comes back is one for [Client.ScanAccount] and no other call.
func (c *Client) ScanURL(redirectURI, state string) string {
	return c.snsPage(c.qrConnect, redirectURI, state)
}

// PasswordURL is ScanURL for the page that asks for account and password.
func (c *Client) PasswordURL(redirectURI, state string) string {
	return c.snsPage(c.password, redirectURI, state)
}

func (c *Client) snsPage(page *url.URL, redirectURI, state string) string {
	u := *page
	u.RawQuery = url.Values{
		"appid":         {c.scanAppID},
		"response_type": {"code"},
		"scope":         {"snsapi_login"},
		"state":         {state},
		"redirect_uri":  {redirectURI},
	}.Encode()
	return u.String()
}

// ScanAccount asks whose the code of a callback from ScanURL or PasswordURL is. The
// answer has ids and nick only. The code is sent once; if the reply is lost, the error
// is ReasonUnavailable and the code is to be taken for spent. The error is an *Error;
// ReasonClock says that DingTalk found our clock wrong.
func (c *Client) ScanAccount(ctx context.Context, code string) (Account, error) {
	if !isToken(code) {
		e := strange("the code is empty or not a code")
		e.Call = CallScan
		return Account{}, e
	}
	r, fault := c.scanRequest(c.scanAppID, c.secrets.Load().scan, code)
	if fault != nil {
		return Account{}, fault
	}
	var account Account
	fault = c.do(ctx, r, func(a answer) (f *Error) {
		account, f = decodeScan(a.status, a.body)
		return f
	})
	if fault != nil {
		return Account{}, fault
	}
	return account, nil
}

// scanRequest is the exchange of a code, signed for an app at this moment (promise U9).
// It is not to be repeated.
func (c *Client) scanRequest(appID, appSecret, code string) (request, *Error) {
	body, err := json.Marshal(struct {
		Code string `json:"tmp_auth_code"`
	}{code})
	if err != nil {
		return request{}, &Error{Call: CallScan, Err: err}
	}
	timestamp := strconv.FormatInt(time.Now().UnixMilli(), 10)
	signature := sign(appSecret, timestamp)
	return request{
		call: CallScan, method: http.MethodPost, url: c.scan, body: body, code: code,
		query: "accessKey=" + url.QueryEscape(appID) + "&timestamp=" + timestamp + "&signature=" + url.QueryEscape(signature),
		// For a minute it signs any code of this app.
		secret: signature,
	}, nil
}

// sign signs a timestamp in milliseconds: HMAC-SHA256 over its digits and nothing else,
// in Base64 with padding. DingTalk's page on getuserinfo_bycode adds a line break and
// the secret to what is signed; its page on the signature and all known clients do not.
func sign(secret, timestamp string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(timestamp))
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// decodeScan reads the answer of getuserinfo_bycode.
func decodeScan(status int, body []byte) (Account, *Error) {
	o, fault := snsAnswer(status, body, "unionid", "openid", "nick")
	if fault != nil {
		return Account{}, fault
	}
	a := Account{UnionID: o.id("unionid"), OpenID: o.text("openid"), Nick: o.text("nick")}
	if o.err != nil {
		return Account{}, o.fault()
	}
	return a, nil
}
