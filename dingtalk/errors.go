package dingtalk

import (
	"errors"
	"strconv"
	"strings"
)

// A Reason says why a call gave no result, in terms of what can be done about it.
// The zero Reason is ReasonStrange, so that a fault nobody classified is one that
// nobody understood.
type Reason uint8

// The reasons.
const (
	// ReasonStrange: an answer that was not understood: contradictions, wrong types,
	// missing fields, unknown codes. Not the person's fault; report it.
	ReasonStrange Reason = iota
	// ReasonCodeRejected: the code (or what hangs on it) is unknown, used or expired.
	// The person starts again.
	ReasonCodeRejected
	// ReasonOutsider: not an employee of the organisation.
	ReasonOutsider
	// ReasonDisabled: an account of the organisation that is switched off.
	ReasonDisabled
	// ReasonOutOfRange: the app's range does not cover the person, who may well be an
	// employee. An administrator widens the range.
	ReasonOutOfRange
	// ReasonPermission: the app lacks a permission; [Error.Permission] names it where
	// DingTalk did.
	ReasonPermission
	// ReasonConfig: credentials, IP allowlist, a disabled app, a used-up quota:
	// something the operator has to put right.
	ReasonConfig
	// ReasonClock: this machine's clock and DingTalk's differ by more than the minute that
	// DingTalk allows in a signature; [Error.Err] says by how much. The operator sets the
	// clock.
	ReasonClock
	// ReasonThrottled: too many calls. Later.
	ReasonThrottled
	// ReasonUnavailable: DingTalk did not answer, or said that it cannot. Later.
	ReasonUnavailable
)

var reasonNames = [...]string{
	ReasonStrange:      "strange answer",
	ReasonCodeRejected: "code rejected",
	ReasonOutsider:     "outsider",
	ReasonDisabled:     "disabled",
	ReasonOutOfRange:   "out of the app's range",
	ReasonPermission:   "permission missing",
	ReasonConfig:       "configuration",
	ReasonClock:        "clock skew",
	ReasonThrottled:    "throttled",
	ReasonUnavailable:  "unavailable",
}

// String returns the reason in a few lower-case words.
func (r Reason) String() string {
	if int(r) < len(reasonNames) {
		return reasonNames[r]
	}
	return reasonNames[ReasonStrange]
}

// An Error is the one kind of error that calls of this package return. Its text and
// all its fields are free of secrets, control and direction characters, and capped.
type Error struct {
	Reason     Reason
	Call       string // which call, as in the Call constants
	Status     int    // HTTP status; 0 if there was no answer
	Code       string // DingTalk's own code, of either API
	Message    string // DingTalk's own words, for the operator (often Chinese)
	RequestID  string // DingTalk's id of the call, for their support
	Permission string // the permission that is missing, if DingTalk named it
	Err        error  // the cause on our side, if there is one

	plain bool // the old API's business error, not wrapped in 88, with HTTP 200
	stale bool // the token shown is not (or no longer) valid
	final bool // transient, but waiting a moment does not help
}

// Error returns the call, the reason and what DingTalk said.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString("dingtalk ")
	if e.Call != "" {
		b.WriteString(e.Call)
		b.WriteString(": ")
	}
	b.WriteString(e.Reason.String())
	if e.Code != "" {
		b.WriteString(": code ")
		b.WriteString(e.Code)
	}
	if e.Message != "" {
		b.WriteString(": ")
		b.WriteString(strconv.Quote(e.Message))
	}
	if e.Permission != "" {
		b.WriteString(": needs ")
		b.WriteString(e.Permission)
	}
	if e.Err != nil {
		b.WriteString(": ")
		b.WriteString(e.Err.Error())
	}
	if e.Status != 0 {
		b.WriteString(" (status ")
		b.WriteString(strconv.Itoa(e.Status))
		if e.RequestID != "" {
			b.WriteString(", request ")
			b.WriteString(e.RequestID)
		}
		b.WriteString(")")
	}
	return b.String()
}

// Unwrap returns the cause on our side, if there is one. It is never an error of
// net/url or net/http, whose texts hold URLs.
func (e *Error) Unwrap() error { return e.Err }

// Transient reports whether the same question may be answered later.
func (e *Error) Transient() bool {
	return e.Reason == ReasonThrottled || e.Reason == ReasonUnavailable
}

// Gone reports whether the organisation's directory has positively said that the
// person is not, or no longer, one of its active members (promise U7). Nothing
// else is a ground for ending what a person has.
func (e *Error) Gone() bool {
	if e.Call != CallByUnionID && e.Call != CallUser {
		return false
	}
	return e.Reason == ReasonOutsider || e.Reason == ReasonDisabled
}

// ReasonOf returns the reason of an error of this package, also a wrapped one, and
// ReasonStrange for any other.
func ReasonOf(err error) Reason {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Reason
	}
	return ReasonStrange
}

// strange makes an Error for an answer that cannot be right. The text is ours and
// holds nothing of the answer.
func strange(text string) *Error {
	return &Error{Reason: ReasonStrange, Err: errors.New(text)}
}
