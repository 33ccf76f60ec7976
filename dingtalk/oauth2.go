package dingtalk

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
)

// An Account is the DingTalk account that approved a login. Anybody may have one:
// nothing here proves membership of any organisation.
type Account struct {
	UnionID   string // same for all apps of one organisation; case-sensitive
	OpenID    string // same for one app only; may be empty
	Nick      string // chosen by its owner, neither unique nor stable; may be empty
	AvatarURL string // may be empty
	UserID    string // in the organisation; only from InAppAccount
	Name      string // the organisation's display name of the person; only from InAppAccount, may be empty
}

// AuthorizeURL returns the address of DingTalk's login page for one login. DingTalk
// returns state unchanged to redirectURI; it is the only protection against forged
// callbacks, since DingTalk has neither PKCE nor nonce.
func (c *Client) AuthorizeURL(redirectURI, state string) string {
	u := *c.authorize
	u.RawQuery = c.authorization(redirectURI, state).Encode()
	return u.String()
}

// FrameURL returns the address of the same page for a frame in a page of ours, which
// must have the origin of redirectURI. It shows a QR code, and DingTalk posts the
// result to our page as a message instead of redirecting; the message must come from
// [Client.LoginOrigin]. Its code is one for Account, like that of AuthorizeURL. The scope
// is openid alone: with corpid DingTalk would let administrators in only.
func (c *Client) FrameURL(redirectURI, state string) string {
	values := c.authorization(redirectURI, state)
	values.Set("iframe", "true")
	u := *c.authorize
	u.RawQuery = values.Encode()
	return u.String()
}

// authorization is what DingTalk's login page is told of one login.
func (c *Client) authorization(redirectURI, state string) url.Values {
	return url.Values{
		"client_id":     {c.clientID},
		"redirect_uri":  {redirectURI},
		"response_type": {"code"},
		"scope":         {"openid"},
		"prompt":        {"consent"},
		"state":         {state},
	}
}

// CodeFromQuery reads what DingTalk's login page sent back. It returns the code, or
// refused if the person declined, or an *Error with ReasonStrange if the query is
// neither. DingTalk sends the code as authCode, as code, or as both.
func CodeFromQuery(q url.Values) (code string, refused bool, err error) {
	if q.Has("error") {
		return "", true, nil // its values are undocumented: any is a refusal
	}
	odd := func(text string) *Error {
		e := strange(text)
		e.Call = CallCallback
		return e
	}
	for _, name := range []string{"authCode", "code"} {
		values, ok := q[name]
		if !ok {
			continue
		}
		if len(values) != 1 {
			return "", false, odd("a parameter is doubled")
		}
		if code != "" && code != values[0] {
			return "", false, odd("authCode and code differ")
		}
		code = values[0]
		if !isToken(code) {
			return "", false, odd("the code is empty or not a code")
		}
	}
	if code == "" {
		return "", false, odd("neither a code nor an error")
	}
	return code, false, nil
}

// Account exchanges the code of a callback and asks whose it is. The code is sent
// once; if the reply is lost, the error is ReasonUnavailable and the code is to be
// taken for spent. The user's tokens are dropped at once. The error is an *Error.
func (c *Client) Account(ctx context.Context, code string) (Account, error) {
	if !isToken(code) {
		e := strange("the code is empty or not a code")
		e.Call = CallUserToken
		return Account{}, e
	}
	r, fault := c.userTokenRequest(code)
	if fault != nil {
		return Account{}, fault
	}
	var token string
	fault = c.do(ctx, r, func(a answer) (f *Error) {
		token, f = decodeUserToken(a.status, a.body, c.corpID)
		return f
	})
	if fault != nil {
		return Account{}, fault
	}

	var account Account
	fault = c.do(ctx, request{
		call: CallMe, method: http.MethodGet, url: c.me, token: token, secret: token, repeatable: true,
	}, func(a answer) (f *Error) {
		account, f = decodeMe(a.status, a.body)
		return f
	})
	if fault != nil {
		if fault.stale {
			// The user's token, not the app's: only a new login brings another.
			fault.Reason = ReasonCodeRejected
		}
		return Account{}, fault
	}
	return account, nil
}

// userTokenRequest is the exchange of a code. It is not to be repeated.
func (c *Client) userTokenRequest(code string) (request, *Error) {
	body, err := json.Marshal(struct {
		ClientID     string `json:"clientId"`
		ClientSecret string `json:"clientSecret"`
		Code         string `json:"code"`
		GrantType    string `json:"grantType"`
	}{c.clientID, c.secrets.Load().app, code, "authorization_code"})
	if err != nil {
		return request{}, &Error{Call: CallUserToken, Err: err}
	}
	return request{call: CallUserToken, method: http.MethodPost, url: c.userToken, body: body, code: code}, nil
}

// decodeUserToken reads the answer of userAccessToken. Only the access token is
// wanted; the refresh token is not even looked at.
func decodeUserToken(status int, body []byte, corpID string) (token string, fault *Error) {
	o, fault := newAnswer(status, body, "accessToken", "corpId")
	if fault != nil {
		return "", fault
	}
	token = o.token("accessToken")
	// Present only if the scope asked for it, which ours does not. But if it is
	// there, it says for which organisation the person approved.
	if corp, ok := o.optional("corpId"); o.err == nil && ok && corp != corpID {
		return "", strange("the token is for another organisation")
	}
	if o.err != nil {
		return "", o.fault()
	}
	return token, nil
}

// decodeMe reads the answer of users/me. Its email and mobile are the account
// owner's private matter and are not read (promise U8).
func decodeMe(status int, body []byte) (Account, *Error) {
	o, fault := newAnswer(status, body, "unionId", "openId", "nick", "avatarUrl")
	if fault != nil {
		return Account{}, fault
	}
	a := Account{
		UnionID:   o.id("unionId"),
		OpenID:    o.text("openId"),
		Nick:      o.text("nick"),
		AvatarURL: o.text("avatarUrl"),
	}
	if o.err != nil {
		return Account{}, o.fault()
	}
	return a, nil
}
