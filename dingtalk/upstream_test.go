package dingtalk

import (
	"bytes"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"
)

// An upstream answers as the documentation says, unless a test replaces an answer,
// and counts what it is asked.
type upstream struct {
	mu       sync.Mutex
	handlers map[string]http.HandlerFunc // by call
	count    map[string]int
}

var paths = map[string]string{
	"/v1.0/oauth2/userAccessToken": CallUserToken,
	"/v1.0/contact/users/me":       CallMe,
	"/v1.0/oauth2/accessToken":     CallAppToken,
	"/topapi/user/getbyunionid":    CallByUnionID,
	"/topapi/v2/user/get":          CallUser,
	"/sns/getuserinfo_bycode":      CallScan,
	"/topapi/v2/user/getuserinfo":  CallInApp,

	"/topapi/v2/department/listparentbyuser": CallParents,
	"/topapi/v2/department/get":              CallDept,
	"/topapi/v2/department/listsub":          CallListSub,
	"/topapi/v2/department/listsubid":        CallListSubID,
	"/topapi/user/listid":                    CallListID,
	"/topapi/role/list":                      CallRoles,
	"/auth/scopes":                           CallScopes,
	"/v1.0/contact/empLeaveRecords":          CallLeavers,

	"/v1.0/contact/orgAccount/getUnionIdByMigrationUnionIds": CallFormer,
}

// goods are the answers that the documentation shows.
var goods = map[string]string{
	CallUserToken: userTokenJSON, CallMe: meJSON, CallAppToken: appTokenJSON,
	CallByUnionID: byUnionIDJSON, CallUser: userJSON, CallScan: scanJSON, CallInApp: inAppJSON,
	CallParents: parentsJSON, CallDept: deptJSON, CallListSub: noSubsJSON, CallListSubID: listSubIDJSON, CallListID: listIDJSON,
	CallRoles: rolesJSON, CallScopes: scopesJSON, CallLeavers: leaversJSON, CallFormer: formerJSON,
}

func newUpstream() *upstream {
	u := &upstream{handlers: map[string]http.HandlerFunc{}, count: map[string]int{}}
	for call, body := range goods {
		u.answer(call, 200, body)
	}
	return u
}

// answer replaces what a call gets.
func (u *upstream) answer(call string, status int, body string) {
	u.handle(call, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json;charset=utf-8")
		w.WriteHeader(status)
		io.WriteString(w, body)
	})
}

// first replaces what a call gets the first n times.
func (u *upstream) first(n int, call string, status int, body string) {
	u.mu.Lock()
	next := u.handlers[call]
	u.mu.Unlock()
	seen := 0
	u.handle(call, func(w http.ResponseWriter, r *http.Request) {
		u.mu.Lock()
		seen++
		odd := seen <= n
		u.mu.Unlock()
		if odd {
			w.WriteHeader(status)
			io.WriteString(w, body)
			return
		}
		next(w, r)
	})
}

func (u *upstream) handle(call string, h http.HandlerFunc) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.handlers[call] = h
}

// copyTo gives another upstream the answer of this one.
func (u *upstream) copyTo(other *upstream, call string) { other.handle(call, u.handlers[call]) }

func (u *upstream) asked(call string) int {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.count[call]
}

func (u *upstream) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	call, ok := paths[r.URL.Path]
	u.mu.Lock()
	u.count[call]++
	h := u.handlers[call]
	u.mu.Unlock()
	if !ok {
		http.NotFound(w, r)
		return
	}
	h(w, r)
}

// RoundTrip lets an upstream stand in for the network where virtual time is wanted:
// a handler may sleep, and a context may end meanwhile.
func (u *upstream) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body == nil {
		r.Body = http.NoBody
	}
	done := make(chan *http.Response, 1)
	go func() {
		w := httptest.NewRecorder()
		u.ServeHTTP(w, r)
		done <- w.Result()
	}()
	select {
	case res := <-done:
		return res, nil
	case <-r.Context().Done():
		return nil, r.Context().Err()
	}
}

// dial returns a client on a real server in front of u.
func dial(t testing.TB, u http.Handler, change ...func(*Config)) *Client {
	t.Helper()
	server := httptest.NewServer(u)
	t.Cleanup(server.Close)
	cfg := Config{
		CorpID: corp, ClientID: clientID, ClientSecret: secret,
		ScanAppID: scanAppID, ScanAppSecret: scanSecret,
		Endpoints: Endpoints{Login: server.URL, API: server.URL, OAPI: server.URL},
		Log:       slog.New(slog.NewTextHandler(t.Output(), nil)),
	}
	for _, f := range change {
		f(&cfg)
	}
	c, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// inProcess returns a client without a network, for virtual time.
func inProcess(t testing.TB, u *upstream) *Client {
	t.Helper()
	c, err := New(Config{
		CorpID: corp, ClientID: clientID, ClientSecret: secret, ScanAppID: scanAppID, ScanAppSecret: scanSecret,
	})
	if err != nil {
		t.Fatal(err)
	}
	c.transport = u
	return c
}

// allCalls are the calls there are.
var allCalls = slices.Sorted(maps.Keys(goods))

// exchange sends a code, or asks the directory, so that the call is made.
func exchange(t testing.TB, c *Client, call string) error {
	t.Helper()
	var err error
	switch call {
	case CallUserToken, CallMe:
		_, err = c.Account(t.Context(), code)
	case CallScan:
		_, err = c.ScanAccount(t.Context(), code)
	case CallInApp:
		_, err = c.InAppAccount(t.Context(), code)
	case CallParents:
		_, err = c.Parents(t.Context(), userID)
	case CallDept, CallListSub:
		err = c.Departments(t.Context(), func(Department) error { return nil })
	case CallListSubID:
		_, fault := c.below(t.Context(), 1)
		err = orNil(fault)
	case CallListID:
		_, fault := c.peopleOf(t.Context(), 1)
		err = orNil(fault)
	case CallRoles:
		_, err = c.Roles(t.Context())
	case CallScopes:
		_, err = c.Anybody(t.Context())
	case CallLeavers:
		err = c.Leavers(t.Context(), june, june.AddDate(0, 1, 0), func(string, time.Time) error { return nil })
	case CallFormer:
		_, err = c.FormerUnionID(t.Context(), unionID)
	default:
		_, err = c.Member(t.Context(), unionID)
	}
	return err
}

var june = time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)

// want fails unless err is an *Error with the reason.
func want(t testing.TB, err error, reason Reason) *Error {
	t.Helper()
	e, ok := err.(*Error)
	if !ok {
		t.Fatalf("error %v (%T), want an *Error: %v", err, err, reason)
	}
	if e.Reason != reason {
		t.Fatalf("%v: reason %q, want %q", e, e.Reason, reason)
	}
	return e
}

// A buffer that handlers and loggers may write to at once.
type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}
