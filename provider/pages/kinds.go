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

	SignOut             Kind = "sign-out"              // asks: log out here, everywhere, or not at all
	SignedOut           Kind = "signed-out"            // done: the session of this browser has ended
	SignedOutEverywhere Kind = "signed-out-everywhere" // done: all sessions of the person have ended
	InvalidLogout       Kind = "invalid-logout"        // the app: its logout request breaks a rule
	Consent             Kind = "consent"               // asks: may the app know this of you
	DeviceCode          Kind = "device-code"           // asks: the code that a device shows
	DeviceConfirm       Kind = "device-confirm"        // asks: may the device log in as you
	DeviceApproved      Kind = "device-approved"       // done: it may
	DeviceDenied        Kind = "device-denied"         // done: it may not
	TooManyCodes        Kind = "too-many-codes"        // the person, or somebody who guesses: too many codes tried
	FormExpired         Kind = "form-expired"          // nobody: one of our forms came too late, or from another session
	FormPost            Kind = "form-post"             // hands the answer to the app, by itself; see WriteFormPost

	ChooseWay Kind = "choose-way" // asks: by which of Page.Choices
	Scan      Kind = "scan"       // DingTalk's QR code in our page; see Frame
	InApp     Kind = "in-app"     // inside DingTalk's client, which is asked who is there; see InAppLogin
	SignedIn  Kind = "signed-in"  // no error: the issuer's own address, for who is logged in; see Overview
	ClockSkew Kind = "clock-skew" // the administrator: our clock is wrong, so DingTalk refuses our signature
	Preview   Kind = "preview"    // no error: what the preview of a link shows, and nothing of the login

	Blocked            Kind = "blocked"             // an administrator here has blocked this person
	DirectoryUndecided Kind = "directory-undecided" // DingTalk cannot say whether the person still belongs; try again, nothing was ended
)

// A tone picks the picture at the head of a page.
type tone string

const (
	toneInfo    tone = "info"    // nothing is wrong
	toneWait    tone = "wait"    // time will help, or starting again
	toneStop    tone = "stop"    // this person may not
	toneTrouble tone = "trouble" // something is broken that a person must mend
	toneAsk     tone = "ask"     // this person must decide
	toneDone    tone = "done"    // what they decided has been done
	toneScan    tone = "scan"    // there is something to scan
	toneGo      tone = "go"      // it goes on by itself
)

type kindRow struct {
	kind    Kind
	status  int
	tone    tone
	buttons []button // of the form, if the kind has one
}

// A button ends a form. The first of a kind stands out.
type button struct {
	ID          string
	Name, Value string // what is posted when it is pressed, if anything
}

var (
	send   = []button{{ID: "send"}}
	decide = []button{{"choose-approve", "choice", "approve"}, {"choose-deny", "choice", "deny"}}
	leave  = []button{{"choose-here", "choice", "here"}, {"choose-everywhere", "choice", "everywhere"}}
)

// kinds is the one table of kinds, in the order in which Kinds lists them.
var kinds = []kindRow{
	{InvalidRequest, http.StatusBadRequest, toneTrouble, nil},
	{UnknownClient, http.StatusBadRequest, toneTrouble, nil},
	{UnregisteredRedirect, http.StatusBadRequest, toneTrouble, nil},
	{LoginExpired, http.StatusBadRequest, toneWait, nil},
	{OtherBrowser, http.StatusBadRequest, toneStop, nil},
	{CodeUsed, http.StatusBadRequest, toneWait, nil},
	{Outsider, http.StatusForbidden, toneStop, nil},
	{Disabled, http.StatusForbidden, toneStop, nil},
	{OutOfRange, http.StatusForbidden, toneStop, nil},
	{PermissionMissing, http.StatusBadGateway, toneTrouble, nil},
	{UpstreamConfig, http.StatusBadGateway, toneTrouble, nil},
	{UpstreamDown, http.StatusServiceUnavailable, toneWait, nil},
	{UpstreamStrange, http.StatusBadGateway, toneTrouble, nil},
	{NotAdmitted, http.StatusForbidden, toneStop, nil},
	{Unavailable, http.StatusServiceUnavailable, toneWait, nil},
	{TooManyRequests, http.StatusTooManyRequests, toneWait, nil},
	{TooLarge, http.StatusRequestEntityTooLarge, toneTrouble, nil},
	{MethodNotAllowed, http.StatusMethodNotAllowed, toneTrouble, nil},
	{NotFound, http.StatusNotFound, toneInfo, nil},
	{Internal, http.StatusInternalServerError, toneTrouble, nil},
	{Home, http.StatusOK, toneInfo, nil},
	{SignOut, http.StatusOK, toneAsk, leave},
	{SignedOut, http.StatusOK, toneDone, nil},
	{SignedOutEverywhere, http.StatusOK, toneDone, nil},
	{InvalidLogout, http.StatusBadRequest, toneTrouble, nil},
	{Consent, http.StatusOK, toneAsk, decide},
	{DeviceCode, http.StatusOK, toneAsk, send},
	{DeviceConfirm, http.StatusOK, toneAsk, decide},
	{DeviceApproved, http.StatusOK, toneDone, nil},
	{DeviceDenied, http.StatusOK, toneStop, nil},
	{TooManyCodes, http.StatusTooManyRequests, toneWait, nil},
	{FormExpired, http.StatusBadRequest, toneWait, nil},
	{FormPost, http.StatusOK, toneWait, send},
	{ChooseWay, http.StatusOK, toneAsk, nil},
	{Scan, http.StatusOK, toneScan, nil},
	{InApp, http.StatusOK, toneGo, nil},
	{SignedIn, http.StatusOK, toneDone, nil},
	{ClockSkew, http.StatusBadGateway, toneTrouble, nil},
	{Preview, http.StatusOK, toneInfo, nil},
	{Blocked, http.StatusForbidden, toneStop, nil},
	{DirectoryUndecided, http.StatusServiceUnavailable, toneWait, nil},
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
