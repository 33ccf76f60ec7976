package audit

// A field is one bit for each field of Event that a row may allow.
type field uint32

const (
	fClient field = 1 << iota
	fSubject
	fAddress
	fReason
	fGrant
	fSession
	fCorp
	fWay
	fCall
	fKey
	fVersion
	fOther
	fEvent
	fBy
	fErr
	fCount
	fDuration
)

// A Field is one of the fields that a line may have.
type Field struct {
	Name    string
	Number  bool // else a text
	Most    int  // bytes of a text, before the "…" that tells of more
	Meaning string
}

// fieldTable has the fields in the order of the bits and of the line.
var fieldTable = []Field{
	{Name: "client_id", Most: maxID, Meaning: "The app."},
	{Name: "sub", Most: maxID, Meaning: "The person, as the app knows them: the claim sub."},
	{Name: "address", Most: maxID, Meaning: "The address that the request came from, or that a trusted proxy named."},
	{Name: "reason", Most: maxID, Meaning: "A fixed word for why."},
	{Name: "grant", Most: maxPrefix, Meaning: "The beginning of a grant's id: the same from the login to the last refresh. It opens nothing."},
	{Name: "session", Most: maxPrefix, Meaning: "The beginning of a session's id, never of its cookie: the same for all apps that the browser entered by it."},
	{Name: "corp_id", Most: maxID, Meaning: "DingTalk's corpId of the organisation."},
	{Name: "way", Most: maxID, Meaning: "By which way: how DingTalk was reached (oauth2, sns, password, frame, inapp), or what led to the event, as its row says."},
	{Name: "call", Most: maxID, Meaning: "Which call to DingTalk, or which step in storage and kind of record."},
	{Name: "kid", Most: maxID, Meaning: "The id of a signing key."},
	{Name: "version", Most: maxID, Meaning: "The version of the program."},
	{Name: "other_sub", Most: maxID, Meaning: "Another person, or another sub of the same, as the row of the event says."},
	{Name: "event_id", Most: maxID, Meaning: "DingTalk's id of its own event: what their support asks for."},
	{Name: "by", Most: maxID, Meaning: "Who asked for it by hand, as far as the machine knows, such as the system user at the admin socket."},
	{Name: "error", Most: maxError, Meaning: "What went wrong, in words, without secrets. For people: it may read otherwise in the next version."},
	{Name: "count", Number: true, Meaning: "How many: of what, the row of the event says."},
	{Name: "duration_ms", Number: true, Meaning: "How long it took, in milliseconds."},
}

// Fields lists what lines may have beside time, level, msg, event and request_id, for
// documentation and for tests.
func Fields() []Field { return append([]Field(nil), fieldTable...) }

func names(f field) []string {
	var list []string
	for i, row := range fieldTable {
		if f&(1<<i) != 0 {
			list = append(list, row.Name)
		}
	}
	return list
}

// fields tells which fields of the event are set.
func (e *Event) fields() field {
	var f field
	for i, set := range [...]bool{
		e.ClientID != "", e.Subject != "", e.Address != "", e.Reason != "", e.GrantID != "",
		e.SessionID != "", e.CorpID != "", e.Way != "", e.Call != "", e.KeyID != "",
		e.Version != "", e.Other != "", e.EventID != "", e.By != "", e.Err != nil, e.Count != 0, e.Duration != 0,
	} {
		if set {
			f |= 1 << i
		}
	}
	return f
}
