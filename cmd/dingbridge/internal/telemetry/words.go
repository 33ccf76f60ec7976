package telemetry

import (
	"slices"
	"strings"

	"github.com/dingbridge/dingbridge/provider/audit"
)

// What a label may say. A reason of the audit trail is a fixed word or text of the code,
// but a label must stay bounded even where that is not so: what is not listed here is
// "other". A test looks for words of the code that are missing.
const (
	unknown = "unknown" // a client or organisation that is none of ours
	other   = "other"   // a word that is none of these
	none    = "none"    // nothing was said
)

// ways are those into DingTalk, and those that lead to a removal.
var ways = words("oauth2", "sns", "password", "frame", "inapp", "event", "recheck", "sweep", "login", "hand")

// reasons are those of logins, tokens, notices and removals that are no success.
var reasons = words(
	// A login, or a request on its way to one.
	"forged_state", "other_browser", "expired", "other_answer", "busy", "too_large", "request_expired",
	"request_of_another_browser", "request_of_another_client", "answered_before", "gone", "blocked", "contradiction",
	"strange_record", "cannot_decide", "storage", "overtaken", "internal", "not_admitted", "declined", "other_person",
	"doubled_parameter", "organisation_removed", "client_removed", "other_way", "no_state", "foreign_form", "form",
	"session_ended", "removed",
	// DingTalk.
	"code_rejected", "outsider", "disabled", "out_of_range", "permission", "configuration", "clock_skew", "throttled",
	"unavailable", "strange_answer", "departments_unknown",
	// A code or token.
	"not valid", "issued to another client", "redirect URI or verifier differs", "used before; the grant was ended",
	"its successor is already used", "not a device code", "device request expired", "device code of another client",
	"denied", "device code used before", "no request with this code", "too many wrong codes", "answered before",
	// A notice of a logout.
	"address", "certificate", "forbidden_address", "redirected", "refused", "signing", "timeout", "too_late",
	"unreachable", "too_many", "shutdown",
	// A removal that was held back.
	"brake", "unproven", "dry_run",
)

// limits are what a request can run into.
var limits = words(
	"logins", "logins_of_address", "answers", "answers_of_address", "requests_at_once", "logins_at_once", "client_requests",
	"client_at_once", "circles", "client_authentications", "codes", "dead_tokens", "tokens", "user_codes",
	"method not allowed", "the query is too long", "parameters belong in the body, not in the query",
	"the body must be application/x-www-form-urlencoded", "the body is too large", "the parameters cannot be read",
	"a parameter is given more than once",
)

var catalogue = audit.Catalogue()

var eventNames = func() map[audit.Name]bool {
	all := map[audit.Name]bool{}
	for _, row := range catalogue {
		all[row.Name] = true
	}
	return all
}()

// words maps what the code says to what a label says.
func words(said ...string) map[string]string {
	all := map[string]string{"": none}
	for _, text := range said {
		all[text] = label(text)
	}
	return all
}

// label writes a text as one word.
func label(text string) string {
	return strings.Join(strings.FieldsFunc(strings.ToLower(text), func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < '0' || r > '9')
	}), "_")
}

// in is the label for a text, which may have more behind a colon.
func in(list map[string]string, text string) string {
	if word, known := list[text]; known {
		return word
	}
	first, _, _ := strings.Cut(text, ": ")
	if word, known := list[first]; known {
		return word
	}
	return other
}

func (m *metrics) client(id string) string {
	switch {
	case id == "":
		return none
	case m.clients(id):
		return id
	}
	return unknown
}

func (m *metrics) organisation(corpID string) string {
	if slices.Contains(m.corps, corpID) {
		return corpID
	}
	return unknown
}
