package dingtalk

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"time"
)

// Probes ask DingTalk whether a login would get through, before there is one. They
// show codes and ids that were made up a moment ago, so that nothing real is spent or
// read: how DingTalk refuses them tells what it thinks of the app. They change nothing.

// Names of the calls that no login makes.
const (
	CallPage      = "page"            // GET of a login page
	CallCorpToken = "corpToken"       // POST /v1.0/oauth2/{corpId}/token
	CallScopes    = "auth/scopes"     // GET /auth/scopes
	CallDept      = "department/get"  // POST /topapi/v2/department/get
	CallRole      = "role/getrole"    // POST /topapi/role/getrole
	CallLeavers   = "empLeaveRecords" // GET /v1.0/contact/empLeaveRecords
)

// A Probe is what an answer shows of DingTalk's clock, whatever else it says.
type Probe struct {
	Dated bool          // whether there was a Date header to read
	Skew  time.Duration // how far our clock is ahead of DingTalk's, in whole seconds
}

// look reads the clock of an answer.
func (p *Probe) look(a answer) {
	if ahead, measured := clockAhead(a.came, a.date); measured {
		p.Dated, p.Skew = true, ahead
	}
}

// A Range is what the app may see of the organisation.
type Range struct {
	Whole       bool     // all departments: the root is among them
	Departments []int64  // with all below them
	People      []string // single people, by userId
	Fields      []string // what the app may read of a person; nil if DingTalk did not say
}

// ProbeApp asks for the app's token as a login does. The error is an *Error.
func (c *Client) ProbeApp(ctx context.Context) (Probe, error) {
	return c.probeApp(ctx, c.secrets.Load().app)
}

func (c *Client) probeApp(ctx context.Context, secret string) (Probe, error) {
	r, fault := c.appTokenRequest(secret)
	if fault != nil {
		return Probe{}, fault
	}
	return c.probe(ctx, r, func(a answer) *Error { _, f := decodeAppToken(a.status, a.body); return f })
}

// ProbeCorp asks whether the app is one of the organisation that is configured: for a
// token that is bound to its corpId. The token is dropped. The error is an *Error; for
// a corpId that nobody has, DingTalk was seen to answer status 500, unknownError.
func (c *Client) ProbeCorp(ctx context.Context) (Probe, error) {
	body, err := json.Marshal(map[string]string{
		"client_id": c.clientID, "client_secret": c.secrets.Load().app, "grant_type": "client_credentials",
	})
	if err != nil {
		return Probe{}, &Error{Call: CallCorpToken, Err: err}
	}
	return c.probe(ctx, request{
		call: CallCorpToken, method: http.MethodPost, url: c.api.JoinPath("v1.0/oauth2", url.PathEscape(c.corpID), "token"),
		body: body, repeatable: true,
	}, func(a answer) *Error {
		o, fault := newAnswer(a.status, a.body, "access_token")
		if fault != nil {
			return fault
		}
		if o.token("access_token"); o.err != nil {
			return o.fault()
		}
		return nil
	})
}

// ProbeCode shows a made-up code of the login page. No error means that DingTalk takes
// the app for what it says it is and would have exchanged a real one.
func (c *Client) ProbeCode(ctx context.Context) (Probe, error) {
	r, fault := c.userTokenRequest(madeUp())
	if fault != nil {
		return Probe{}, fault
	}
	return c.refusal(ctx, r, func(a answer) *Error { _, f := decodeUserToken(a.status, a.body, c.corpID); return f }, aboutTheCode)
}

// ProbeScan shows a made-up code of the pages of 2020, signed for the scan app. No
// error means that its id and secret and our clock are right.
func (c *Client) ProbeScan(ctx context.Context) (Probe, error) {
	return c.probeScan(ctx, c.scanAppID, c.secrets.Load().scan)
}

// ProbeScanAsApp is ProbeScan signed for the internal app. Where the app's token is
// refused, it tells which of the two is wrong: an unknown id is 853003, a signature by
// another secret 853004.
func (c *Client) ProbeScanAsApp(ctx context.Context) (Probe, error) {
	return c.probeScan(ctx, c.clientID, c.secrets.Load().app)
}

func (c *Client) probeScan(ctx context.Context, id, secret string) (Probe, error) {
	r, fault := c.scanRequest(id, secret, madeUp())
	if fault != nil {
		return Probe{}, fault
	}
	return c.refusal(ctx, r, func(a answer) *Error { _, f := decodeScan(a.status, a.body); return f }, aboutTheCode)
}

// ProbeInApp shows a made-up code of DingTalk's own client.
func (c *Client) ProbeInApp(ctx context.Context) (Probe, error) {
	code := madeUp()
	return c.refusedAsApp(ctx, request{call: CallInApp, url: c.inApp, code: code}, map[string]any{"code": code}, aboutTheCode)
}

// ProbeByUnionID asks the directory for a made-up unionId. No error means that the app
// may ask.
func (c *Client) ProbeByUnionID(ctx context.Context) (Probe, error) {
	return c.refusedAsApp(ctx, request{call: CallByUnionID, url: c.byUnionID}, map[string]any{"unionid": madeUp() + "iEiE"}, aboutNobody)
}

// ProbeUser asks the directory for a made-up userId. No error means that the app may
// ask.
func (c *Client) ProbeUser(ctx context.Context) (Probe, error) {
	return c.refusedAsApp(ctx, request{call: CallUser, url: c.user}, map[string]any{"userid": madeUp()}, aboutNobody)
}

// ProbeDepartments asks for a department that nobody has. No error means that the app
// may read departments, which no login needs.
func (c *Client) ProbeDepartments(ctx context.Context) (Probe, error) {
	return c.refusedAsApp(ctx, request{call: CallDept, url: c.oapi.JoinPath("topapi/v2/department/get")},
		map[string]any{"dept_id": neverGiven}, aboutNobody)
}

// ProbeRoles asks for a role that nobody has. No error means that the app may read who
// is in departments and roles, which no login needs.
func (c *Client) ProbeRoles(ctx context.Context) (Probe, error) {
	return c.refusedAsApp(ctx, request{call: CallRole, url: c.oapi.JoinPath("topapi/role/getrole")},
		map[string]any{"roleId": neverGiven}, aboutNobody)
}

// ProbeLeavers asks for leave records with a time that is none. No error means that
// the app may read them, which no login needs.
func (c *Client) ProbeLeavers(ctx context.Context) (Probe, error) {
	token, fault := c.token.get(ctx)
	if fault != nil {
		return Probe{}, fault
	}
	return c.refusal(ctx, request{
		call: CallLeavers, method: http.MethodGet, url: c.api.JoinPath("v1.0/contact/empLeaveRecords"),
		query: "startTime=none", token: token, secret: token,
	}, func(a answer) *Error { _, f := newAnswer(a.status, a.body); return f }, func(f *Error) bool {
		return f.Status == http.StatusBadRequest && f.Reason == ReasonStrange // "the parameter is wrong", in whatever words
	})
}

// ProbeRange asks what the app may see of the organisation. The error is an *Error.
func (c *Client) ProbeRange(ctx context.Context) (Range, Probe, error) {
	var p Probe
	r, fault := c.appRange(ctx, p.look)
	if fault != nil {
		return Range{}, p, fault
	}
	return r, p, nil
}

// appRange asks what the app may see, and shows every answer to look.
func (c *Client) appRange(ctx context.Context, look func(answer)) (r Range, fault *Error) {
	fault = c.asApp(ctx, request{
		call: CallScopes, method: http.MethodGet, url: c.oapi.JoinPath("auth/scopes"), repeatable: true,
	}, inQuery, func(a answer) (f *Error) {
		look(a)
		r, f = decodeScopes(a.status, a.body)
		return f
	})
	return r, fault
}

// decodeScopes reads the answer of auth/scopes, which has its content at the top.
func decodeScopes(status int, body []byte) (Range, *Error) {
	envelope := []string{"errcode", "errmsg", "sub_code", "sub_msg", "request_id", "auth_org_scopes", "status", "punish"}
	o, fault := oldContent(status, body, envelope, "auth_org_scopes", []string{"authed_dept", "authed_user"})
	if fault != nil {
		return Range{}, fault
	}
	r := Range{Departments: o.integers("authed_dept"), People: o.strings("authed_user")}
	top := parse(body, []string{"auth_user_field"})
	r.Fields = top.strings("auth_user_field")
	if o.err = errors.Join(o.err, top.err); o.err != nil {
		return Range{}, o.fault()
	}
	r.Whole = slices.Contains(r.Departments, 1)
	return r, nil
}

// probe sends a request and reads the clock of what comes back.
func (c *Client) probe(ctx context.Context, r request, decode func(answer) *Error) (Probe, error) {
	var p Probe
	fault := c.do(ctx, r, func(a answer) *Error {
		p.look(a)
		return decode(a)
	})
	if fault != nil {
		return p, fault
	}
	return p, nil
}

// refusal is probe for a question that has to be refused, in a way that says that all
// before it was in order.
func (c *Client) refusal(ctx context.Context, r request, decode func(answer) *Error, inOrder func(*Error) bool) (Probe, error) {
	p, err := c.probe(ctx, r, func(a answer) *Error {
		fault := decode(a)
		if fault == nil {
			return strange("what was made up a moment ago is known there")
		}
		fault.Status = a.status
		if inOrder(fault) {
			return nil
		}
		return fault
	})
	return p, err
}

// refusedAsApp is refusal for a question of the old API with the app's token.
func (c *Client) refusedAsApp(ctx context.Context, r request, question any, inOrder func(*Error) bool) (Probe, error) {
	var p Probe
	r.repeatable = true // made-up codes may be shown twice
	fault := c.askAsApp(ctx, r, question, func(a answer) *Error {
		p.look(a)
		_, fault := oldAnswer(a.status, a.body)
		if fault != nil && inOrder(fault) {
			return nil
		}
		return fault
	})
	if fault != nil {
		return p, fault
	}
	return p, nil
}

// neverGiven is an id of departments and roles that DingTalk, which counts from one
// and gives long numbers, has given to none.
const neverGiven = 2

// aboutTheCode tells whether nothing but the code was refused.
func aboutTheCode(f *Error) bool { return f.Reason == ReasonCodeRejected }

// aboutNobody tells whether DingTalk looked for what was asked and found nothing, or
// found it unreadable: whoever may not ask is told so before.
func aboutNobody(f *Error) bool {
	switch f.Code {
	case "33011", "33012", "40003", "40009", "60003", "60111", "60121", "400002":
		return true
	}
	return f.Reason == ReasonOutOfRange
}

// madeUp is a code or id of the usual form that DingTalk never gave to anybody.
func madeUp() string {
	var raw [16]byte
	rand.Read(raw[:]) // never fails (crypto/rand)
	return hex.EncodeToString(raw[:])
}
