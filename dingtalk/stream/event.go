package stream

import (
	"encoding/json"
	"strings"
	"time"
)

// An Event is a hint that something changed in the organisation's directory.
type Event struct {
	ID     string    // the same for each delivery; empty if it has none
	Type   string    // such as user_leave_org
	CorpID string    // the organisation
	Born   time.Time // when it happened, as DingTalk says; zero if it does not

	// UserIDs are the people it names, each once, a thousand at most. Partial says that
	// there are, or may be, more: not all could be read.
	UserIDs []string
	Partial bool

	Departments bool // the tree of departments changed
}

const mostUserIDs = 1000

// event reads the event in an EVENT frame. Without a type it is none.
func (f frame) event() (Event, bool) {
	e := Event{
		ID:     f.id("eventId"),
		Type:   f.id("eventType"),
		CorpID: f.id("eventCorpId"),
		Born:   f.moment("eventBornTime"),
	}
	if e.Type == "" {
		return e, false
	}
	e.Departments = e.Type == "org_change" || strings.HasPrefix(e.Type, "org_dept_")
	e.people(f.payload())
	return e, true
}

// people reads whom the payload names. The three names and both shapes of userId
// are in DingTalk's documentation.
func (e *Event) people(payload []byte) {
	if len(payload) == 0 {
		return
	}
	found, ok := members(payload, "userId", "userIdList", "userIds")
	if !ok {
		e.Partial = true
		return
	}
	seen := map[string]bool{}
	for _, name := range []string{"userId", "userIdList", "userIds"} {
		value := found[name]
		var list []json.RawMessage
		switch {
		case value == nil || value[0] == 'n':
			continue
		case value[0] != '[':
			list = []json.RawMessage{value}
		case json.Unmarshal(value, &list) != nil:
			e.Partial = true // cannot be: the JSON is valid
		}
		for _, element := range list {
			id := text(element)
			switch {
			case !isID(id), !seen[id] && len(seen) == mostUserIDs:
				e.Partial = true
			case !seen[id]:
				seen[id] = true
				e.UserIDs = append(e.UserIDs, id)
			}
		}
	}
}
