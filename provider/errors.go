package provider

import (
	"encoding/json"
	"errors"
	"net/http"

	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"

	"github.com/dingbridge/dingbridge/dingtalk"
	"github.com/dingbridge/dingbridge/provider/device"
	"github.com/dingbridge/dingbridge/provider/grants"
	"github.com/dingbridge/dingbridge/provider/login"
	"github.com/dingbridge/dingbridge/provider/pages"
	"github.com/dingbridge/dingbridge/provider/people"
	"github.com/dingbridge/dingbridge/provider/pushed"
	"github.com/dingbridge/dingbridge/provider/sessions"
	"github.com/dingbridge/dingbridge/storage"
)

// This file is where an error gets its form: a page and a word for the audit log when a
// person is at the other end, an OAuth error when a client is. An error that is not named
// here is internal, and never a success.

// refused is an error as a person meets it.
type refused struct {
	page   pages.Page
	reason string // the audit event's word
	call   string // the DingTalk call, if it was one
	retry  bool   // trying again may help
	err    error
}

// personErrors are the errors of our own rooms.
var personErrors = []struct {
	err    error
	kind   pages.Kind
	reason string
	retry  bool
}{
	{login.ErrForged, pages.InvalidRequest, "forged_state", false},
	{login.ErrOtherBrowser, pages.OtherBrowser, "other_browser", false},
	{login.ErrExpired, pages.LoginExpired, "expired", false},
	{login.ErrOtherAnswer, pages.CodeUsed, "other_answer", false},
	{login.ErrBusy, pages.Unavailable, "busy", true},
	{login.ErrTooLarge, pages.TooLarge, "too_large", false},
	{pushed.ErrUnknownRequest, pages.LoginExpired, "request_expired", false},
	{pushed.ErrOtherBrowser, pages.OtherBrowser, "request_of_another_browser", false},
	{pushed.ErrOtherClient, pages.InvalidRequest, "request_of_another_client", false},
	{pushed.ErrTooLarge, pages.TooLarge, "too_large", false},
	{device.ErrExpired, pages.FormExpired, "expired", false},
	{device.ErrAnswered, pages.FormExpired, "answered_before", false},
	{people.ErrGone, pages.Outsider, "gone", false},
	{people.ErrBlocked, pages.Blocked, "blocked", false},
	{people.ErrContradiction, pages.UpstreamStrange, "contradiction", false},
	{people.ErrRecord, pages.Unavailable, "strange_record", true},
	{people.ErrCannotDecide, pages.DirectoryUndecided, "cannot_decide", true},
	{storage.ErrUnknown, pages.Unavailable, "storage", true},
	{storage.ErrConflict, pages.LoginExpired, "overtaken", false},
	{storage.ErrNotFound, pages.LoginExpired, "expired", false},
}

// upstreamErrors are those of DingTalk.
var upstreamErrors = map[dingtalk.Reason]struct {
	kind   pages.Kind
	reason string
	retry  bool
}{
	dingtalk.ReasonCodeRejected: {pages.CodeUsed, "code_rejected", true},
	dingtalk.ReasonOutsider:     {pages.Outsider, "outsider", false},
	dingtalk.ReasonDisabled:     {pages.Disabled, "disabled", false},
	dingtalk.ReasonOutOfRange:   {pages.OutOfRange, "out_of_range", false},
	dingtalk.ReasonPermission:   {pages.PermissionMissing, "permission", false},
	dingtalk.ReasonConfig:       {pages.UpstreamConfig, "configuration", false},
	dingtalk.ReasonClock:        {pages.ClockSkew, "clock_skew", false},
	dingtalk.ReasonThrottled:    {pages.UpstreamDown, "throttled", true},
	dingtalk.ReasonUnavailable:  {pages.UpstreamDown, "unavailable", true},
	dingtalk.ReasonStrange:      {pages.UpstreamStrange, "strange_answer", false},
}

// refusedBy says how a person meets an error.
func refusedBy(err error) refused {
	for _, e := range personErrors {
		if errors.Is(err, e.err) {
			return refused{page: pages.Page{Kind: e.kind}, reason: e.reason, retry: e.retry, err: err}
		}
	}
	if upstream, ok := errors.AsType[*dingtalk.Error](err); ok {
		e := upstreamErrors[upstream.Reason]
		return refused{page: pages.Page{Kind: e.kind, Permission: upstream.Permission}, reason: e.reason, call: upstream.Call, retry: e.retry, err: err}
	}
	return refused{page: pages.Page{Kind: pages.Internal}, reason: "internal", err: err}
}

// How a login may end that is told to the client, and not on a page.
const (
	declinedByPerson = "declined"
	otherPerson      = "other_person"
)

// toldToClient has the OAuth errors of these ends.
var toldToClient = map[string]string{
	declinedByPerson: "access_denied",
	otherPerson:      "login_required", // OpenID Connect Core section 3.1.2.1, id_token_hint
}

// Descriptions are fixed texts within the characters of RFC 6749 section 5.2.
const (
	grantNotValid  = "the code or refresh token is not valid, or no longer"
	cannotAnswer   = "the provider cannot answer now; try again"
	tokenNotValid  = "the access token is not valid, or no longer"
	deviceDenied   = "the request was denied"
	tooMuch        = "too much at once, or too often; try again later"
	unavailableTry = "5" // seconds, for Retry-After
)

// oauthError says how a client meets an error of a grant. What could not be asked is
// 503 (promise H3); what is not valid is invalid_grant and tells no more.
func oauthError(err error) error {
	switch {
	case isOutage(err):
		return op.NewStatusError(&oidc.Error{ErrorType: "temporarily_unavailable", Description: cannotAnswer}, http.StatusServiceUnavailable)
	case errors.Is(err, errTooOften):
		return tooOften(http.StatusTooManyRequests)
	case errors.Is(err, grants.ErrInvalid), errors.Is(err, grants.ErrWrongClient), errors.Is(err, grants.ErrMismatch),
		errors.Is(err, grants.ErrReused), errors.Is(err, grants.ErrSuperseded),
		errors.Is(err, errRemoved), errors.Is(err, sessions.ErrNone), errors.Is(err, people.ErrGone), errors.Is(err, people.ErrBlocked), errors.Is(err, people.ErrEnded), errors.Is(err, people.ErrUnknownPerson), errors.Is(err, errNotAdmitted):
		return op.NewStatusError(oidc.ErrInvalidGrant().WithDescription(grantNotValid), http.StatusBadRequest)
	}
	return op.NewStatusError(oidc.ErrServerError().WithDescription(cannotAnswer), http.StatusInternalServerError)
}

// isOutage tells whether an error is of the kind that trying again may cure.
func isOutage(err error) bool {
	return errors.Is(err, storage.ErrUnknown) || errors.Is(err, people.ErrCannotDecide) || errors.Is(err, people.ErrRecord)
}

// deviceErrors are the errors of RFC 8628 section 3.5. What is not here is that of any
// other grant.
var deviceErrors = []struct {
	err   error
	code  *oidc.Error
	quiet bool // a device that waits is no event
}{
	{device.ErrPending, oidc.ErrAuthorizationPending().WithDescription("nobody has answered yet"), true},
	{device.ErrSlowDown, oidc.ErrSlowDown().WithDescription("nobody has answered yet; ask less often"), true},
	{device.ErrDenied, oidc.ErrAccessDenied().WithDescription(deviceDenied), false},
	{device.ErrExpired, oidc.ErrExpiredDeviceCode().WithDescription("the codes have expired; ask for new ones"), false},
	{device.ErrInvalid, oidc.ErrInvalidGrant().WithDescription(grantNotValid), false},
	{device.ErrWrongClient, oidc.ErrInvalidGrant().WithDescription(grantNotValid), false},
	{device.ErrTaken, oidc.ErrInvalidGrant().WithDescription(grantNotValid), false},
	// Whoever approved is not admitted any more: the same to the device as a denial.
	{errNotAdmitted, oidc.ErrAccessDenied().WithDescription(deviceDenied), false},
	{errRemoved, oidc.ErrAccessDenied().WithDescription(deviceDenied), false},
	{people.ErrGone, oidc.ErrAccessDenied().WithDescription(deviceDenied), false},
	{people.ErrBlocked, oidc.ErrAccessDenied().WithDescription(deviceDenied), false},
	{people.ErrEnded, oidc.ErrAccessDenied().WithDescription(deviceDenied), false},
	{people.ErrUnknownPerson, oidc.ErrAccessDenied().WithDescription(deviceDenied), false},
}

// writeInvalidClient writes the error of a client that is not who it says, with the
// challenge that belongs to it (RFC 6749 section 5.2).
func writeInvalidClient(w http.ResponseWriter, description string) {
	w.Header().Set("WWW-Authenticate", `Basic realm="dingbridge", charset="UTF-8"`)
	writeOAuthError(w, http.StatusUnauthorized, "invalid_client", description)
}

// writeOAuthError writes an error of RFC 6749 section 5.2.
func writeOAuthError(w http.ResponseWriter, status int, code, description string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(struct {
		Error       string `json:"error"`
		Description string `json:"error_description,omitempty"`
	}{code, description})
}
