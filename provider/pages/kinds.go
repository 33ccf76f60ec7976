package pages

import "net/http"

// A Kind is what a page tells. Its string is stable: it stands in the page, as
// the attribute data-page of the element main.
type Kind string

// The kinds. The comment says who is at fault and what is told.
const (
	InvalidRequest       Kind = "invalid-request"       // the app: its request breaks a rule, and it cannot be answered
	UnknownClient        Kind = "unknown-client"        // the app: its client_id is not registered
	UnregisteredRedirect Kind = "unregistered-redirect" // the app: its redirect_uri is not registered
	LoginExpired         Kind = "login-expired"         // nobody: the login took too long; start again at the app
	OtherBrowser         Kind = "other-browser"         // nobody: begun in another browser, or cookies are off
	CodeUsed             Kind = "code-used"             // nobody: DingTalk's code was used before or is too old
	Outsider             Kind = "outsider"              // not a member of the organisation
	Disabled             Kind = "disabled"              // a member, but not active
	OutOfRange           Kind = "out-of-range"          // the administrator: our DingTalk app may not see this person
	PermissionMissing    Kind = "permission-missing"    // the administrator: our DingTalk app lacks Page.Permission
	UpstreamConfig       Kind = "upstream-config"       // the administrator: DingTalk refuses our app
	UpstreamDown         Kind = "upstream-down"         // DingTalk does not answer; try again
	UpstreamStrange      Kind = "upstream-strange"      // DingTalk: an answer that we do not understand
	NotAdmitted          Kind = "not-admitted"          // the app does not admit this person
	Unavailable          Kind = "unavailable"           // we: our storage does not answer; try again
	TooManyRequests      Kind = "too-many-requests"     // too much at once; try again
	TooLarge             Kind = "too-large"             // the request is larger than we read
	MethodNotAllowed     Kind = "method-not-allowed"    // the address exists, but not for this method
	NotFound             Kind = "not-found"             // no such address
	Internal             Kind = "internal"              // we: a fault of ours
	Home                 Kind = "home"                  // no error: the issuer's own address, says what this is
)

// A tone picks the picture at the head of a page.
type tone string

const (
	toneInfo    tone = "info"    // nothing is wrong
	toneWait    tone = "wait"    // time will help, or starting again
	toneStop    tone = "stop"    // this person may not
	toneTrouble tone = "trouble" // something is broken that a person must mend
)

type kindRow struct {
	kind   Kind
	status int
	tone   tone
}

// kinds is the one table of kinds, in the order in which Kinds lists them.
var kinds = []kindRow{
	{InvalidRequest, http.StatusBadRequest, toneTrouble},
	{UnknownClient, http.StatusBadRequest, toneTrouble},
	{UnregisteredRedirect, http.StatusBadRequest, toneTrouble},
	{LoginExpired, http.StatusBadRequest, toneWait},
	{OtherBrowser, http.StatusBadRequest, toneStop},
	{CodeUsed, http.StatusBadRequest, toneWait},
	{Outsider, http.StatusForbidden, toneStop},
	{Disabled, http.StatusForbidden, toneStop},
	{OutOfRange, http.StatusForbidden, toneStop},
	{PermissionMissing, http.StatusBadGateway, toneTrouble},
	{UpstreamConfig, http.StatusBadGateway, toneTrouble},
	{UpstreamDown, http.StatusServiceUnavailable, toneWait},
	{UpstreamStrange, http.StatusBadGateway, toneTrouble},
	{NotAdmitted, http.StatusForbidden, toneStop},
	{Unavailable, http.StatusServiceUnavailable, toneWait},
	{TooManyRequests, http.StatusTooManyRequests, toneWait},
	{TooLarge, http.StatusRequestEntityTooLarge, toneTrouble},
	{MethodNotAllowed, http.StatusMethodNotAllowed, toneTrouble},
	{NotFound, http.StatusNotFound, toneInfo},
	{Internal, http.StatusInternalServerError, toneTrouble},
	{Home, http.StatusOK, toneInfo},
}

var rows = func() map[Kind]kindRow {
	m := make(map[Kind]kindRow, len(kinds))
	for _, row := range kinds {
		m[row.kind] = row
	}
	return m
}()

// Kinds lists every kind.
func Kinds() []Kind {
	list := make([]Kind, len(kinds))
	for i, row := range kinds {
		list[i] = row.kind
	}
	return list
}

// Status is the HTTP status that belongs to the kind, 500 for an unknown one.
func (k Kind) Status() int {
	if row, ok := rows[k]; ok {
		return row.status
	}
	return http.StatusInternalServerError
}
