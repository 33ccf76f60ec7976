package simulator

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// raise sends the event kind that something here has caused, unless the channel is cut
// off.
func (s *Simulator) raise(kind string, data any) {
	if s.reads(eventChannel, "off") {
		return
	}
	s.stream.raise(&event{id: opaque(), kind: kind, corpID: s.company.CorpID, data: string(encode(data)), born: s.Now()})
}

// ofUsers is the payload of events about people.
type ofUsers struct {
	TimeStamp string    `json:"timeStamp,omitempty"`
	UserID    []string  `json:"userId"`
	DiffInfo  *diffInfo `json:"diffInfo,omitempty"`
}

// diffInfo tells what changed; of a field that was cleared curr has nothing.
type diffInfo struct {
	UserID string         `json:"userid"`
	Prev   map[string]any `json:"prev"`
	Curr   map[string]any `json:"curr"`
}

// ofRoles is the payload of label_user_change: events call roles labels.
type ofRoles struct {
	UserIDs  []string `json:"userIdList"`
	Action   string   `json:"action"`
	LabelIDs []int64  `json:"labelIdList"`
}

// raiseChange sends the events of a person who was old and is now p. What is the
// account's own (nick, avatar) raises none, nor does a move to another department, nor
// that an account is disabled.
func (s *Simulator) raiseChange(old, p *Person) {
	users := func() ofUsers { return ofUsers{TimeStamp: millis(s.Now()), UserID: []string{p.UserID}} }
	was := old != nil && old.employed()
	switch {
	case was && !p.employed():
		s.raise("user_leave_org", users())
		return
	case !was && p.employed():
		s.raise("user_add_org", users())
		return
	case !was:
		return
	}
	if prev, curr := differing(old, p); len(prev)+len(curr) > 0 {
		data := users()
		data.DiffInfo = &diffInfo{p.UserID, prev, curr}
		s.raise("user_modify_org", data)
	}
	if old.Inactive && !p.Inactive {
		s.raise("user_active_org", ofUsers{UserID: []string{p.UserID}})
	}
	switch {
	case p.Admin && !old.Admin:
		s.raise("org_admin_add", users())
	case old.Admin && !p.Admin:
		s.raise("org_admin_remove", users())
	}
	for _, change := range []struct {
		action string
		roles  []int64
	}{{"add", without(p.Roles, old.Roles)}, {"remove", without(old.Roles, p.Roles)}} {
		if len(change.roles) > 0 {
			s.raise("label_user_change", ofRoles{[]string{p.UserID}, change.action, change.roles})
		}
	}
}

// differing holds what user_modify_org tells of, before and after.
func differing(old, p *Person) (prev, curr map[string]any) {
	prev, curr = map[string]any{}, map[string]any{}
	for _, field := range []struct {
		name        string
		before, now any
		empty       any
	}{
		{"name", old.Name, p.Name, ""}, {"email", old.Email, p.Email, ""}, {"jobNumber", old.JobNumber, p.JobNumber, ""},
		{"telephone", old.Telephone, p.Telephone, ""}, {"workPlace", old.WorkPlace, p.WorkPlace, ""},
		{"hiredDate", old.HiredDate, p.HiredDate, int64(0)}, {"managerUserid", old.ManagerUserID, p.ManagerUserID, ""},
	} {
		if field.before == field.now {
			continue
		}
		if field.before != field.empty {
			prev[field.name] = field.before
		}
		if field.now != field.empty {
			curr[field.name] = field.now
		}
	}
	return prev, curr
}

func without(ids, others []int64) []int64 {
	return slices.DeleteFunc(slices.Clone(ids), func(id int64) bool { return in(others, id) })
}

// Event is one that is injected: nothing in the directory need have happened, and
// nothing of it need be true.
type Event struct {
	Type   string
	CorpID string // empty means the organisation's
	ID     string // empty means a new one for each
	// Data is the payload: a JSON string is sent for what it holds, anything else as
	// it is written. {n} in it stands for the number of the event.
	Data json.RawMessage
	// Count is how many are sent; 0 means one.
	Count int
	// Age is how long ago it was born.
	Age time.Duration
}

// maxInjected bounds the count of one injection.
const maxInjected = maxFlying

// Inject sends an event of Stream mode to the relying party, and returns the id of the
// first.
func (s *Simulator) Inject(e Event) (id string, err error) {
	if e.Count == 0 {
		e.Count = 1
	}
	data := string(e.Data)
	switch {
	case e.Type == "":
		return "", errors.New("inject: the event has no type")
	case e.Count < 0 || e.Count > maxInjected:
		return "", fmt.Errorf("inject: count is not 1 to %d", maxInjected)
	case len(e.Data) == 0:
		data = "{}"
	case !json.Valid(e.Data):
		return "", errors.New("inject: data is no JSON")
	case e.Data[0] == '"':
		if err := json.Unmarshal(e.Data, &data); err != nil {
			return "", fmt.Errorf("inject: %w", err)
		}
	}
	if e.CorpID == "" {
		e.CorpID = s.company.CorpID
	}
	born := s.Now().Add(-e.Age)
	for n := 1; n <= e.Count; n++ {
		one := &event{id: e.ID, kind: e.Type, corpID: e.CorpID, born: born, data: strings.ReplaceAll(data, "{n}", strconv.Itoa(n))}
		if one.id == "" {
			one.id = opaque()
		}
		if n == 1 {
			id = one.id
		}
		s.stream.raise(one)
	}
	return id, nil
}

// unifiedAppID is constant for an app.
func unifiedAppID(clientID string) string {
	id := masked("app " + clientID + " ")[len("sha256:"):] + masked("unified " + clientID)[len("sha256:"):]
	id += masked(clientID)[len("sha256:"):]
	return id[:8] + "-" + id[8:12] + "-4" + id[12:15] + "-9" + id[15:18] + "-" + id[18:30]
}
