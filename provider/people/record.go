package people

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/dingbridge/dingbridge/dingtalk"
	"github.com/dingbridge/dingbridge/storage"
)

// A Person is a record as it was read. It is a value, and changing it changes nothing; but
// its slices are shared with all who read the same record, and are never written to.
type Person struct {
	Subject Subject
	// Epoch is carried by sessions and grants; they are void unless it is equal.
	Epoch    int64
	CorpID   string
	Username string
	// CheckedAt is when DingTalk's directory last answered, either way.
	CheckedAt time.Time
	// Gone: the directory has positively said "not ours any more".
	Gone bool
	// Blocked: an administrator has said so, whatever the directory says.
	Blocked bool
	// App is the client id of the app by which the directory last vouched for the person.
	App     string
	indexed bool // the sets by which people are found have it
	Profile Profile
	// Version is the record's, zero if it was not read.
	Version storage.Version
}

// A Profile is what DingTalk said, names cleaned, the rest as it came. It is
// stored sealed. Only what a claim or an access rule needs is kept.
type Profile struct {
	UnionID string `json:"union_id"`
	UserID  string `json:"user_id"`
	Nick    string `json:"nick,omitempty"`
	// NickIsName: no nick was ever told, and the organisation's name stands in.
	NickIsName bool   `json:"nick_is_name,omitempty"`
	Name       string `json:"name,omitempty"`
	Avatar     string `json:"avatar,omitempty"`
	OrgEmail   string `json:"org_email,omitempty"`
	// Email is the directory's, typed by an administrator; never the account's.
	Email       string  `json:"email,omitempty"`
	StateCode   string  `json:"state_code,omitempty"`
	Mobile      string  `json:"mobile,omitempty"`
	JobNumber   string  `json:"job_number,omitempty"`
	Title       string  `json:"title,omitempty"`
	Departments []int64 `json:"departments,omitempty"` // ascending; those that the person is in directly
	Roles       []int64 `json:"roles,omitempty"`       // ascending
	// RoleNames are those of Roles, in their order. They are for people to read.
	RoleNames []string `json:"role_names,omitempty"`
	// Leader of at least one department.
	Leader bool `json:"leader,omitempty"`
	// Paths lead from each department to the root, itself first.
	Paths [][]int64 `json:"paths,omitempty"`
	// PathsUnknown: the directory told departments, but not the ones above them.
	PathsUnknown bool `json:"paths_unknown,omitempty"`
	// PathsAt is when the directory told them, in Unix milliseconds.
	PathsAt int64 `json:"paths_at,omitempty"`
	// Origin is the unionId that made the sub, where an account migration has changed it.
	Origin string `json:"origin,omitempty"`
	// ClaimedEmail is the address that is registered as this person's, for good.
	ClaimedEmail string `json:"claimed_email,omitempty"`
}

// String keeps personal data out of logs and test output.
func (p Profile) String() string { return "people.Profile{hidden}" }

// GoString keeps personal data out of %#v.
func (p Profile) GoString() string { return p.String() }

// profileOf takes from a directory answer what is kept.
func profileOf(member dingtalk.Member) Profile {
	p := Profile{
		UnionID: member.UnionID, UserID: member.UserID,
		Name: cleanText(member.Name), Avatar: cleanURL(member.Avatar),
		OrgEmail: capped(member.OrgEmail, 254), Email: capped(member.Email, 254),
		StateCode: capped(member.StateCode, 16), Mobile: capped(member.Mobile, 32),
		JobNumber: cleanText(member.JobNumber), Title: cleanText(member.Title),
		Departments: ascending(member.Departments), Leader: member.Leader,
	}
	names := map[int64]string{}
	for _, role := range member.Roles {
		p.Roles = append(p.Roles, role.ID)
		names[role.ID] = cleanText(role.Name)
	}
	p.Roles = ascending(p.Roles)
	for _, id := range p.Roles {
		p.RoleNames = append(p.RoleNames, names[id])
	}
	return p
}

// capped drops what is too long to be what it should be: half of it would be wrong.
func capped(s string, most int) string {
	if len(s) > most {
		return ""
	}
	return s
}

func ascending(ids []int64) []int64 { return ascend(slices.Clone(ids)) }

// ascend is ascending in place.
func ascend(ids []int64) []int64 {
	ids = slices.DeleteFunc(ids, func(id int64) bool { return id <= 0 })
	slices.Sort(ids)
	return slices.Compact(ids)
}

func (p Profile) equal(q Profile) bool {
	return slices.Equal(p.Departments, q.Departments) && slices.Equal(p.Roles, q.Roles) && slices.Equal(p.RoleNames, q.RoleNames) &&
		slices.EqualFunc(p.Paths, q.Paths, slices.Equal) && p.PathsUnknown == q.PathsUnknown && p.Leader == q.Leader &&
		p.UnionID == q.UnionID && p.UserID == q.UserID && p.Nick == q.Nick && p.NickIsName == q.NickIsName && p.Name == q.Name && p.Avatar == q.Avatar &&
		p.OrgEmail == q.OrgEmail && p.Email == q.Email && p.StateCode == q.StateCode && p.Mobile == q.Mobile &&
		p.JobNumber == q.JobNumber && p.Title == q.Title && p.Origin == q.Origin && p.ClaimedEmail == q.ClaimedEmail
}

// origin is the unionId that makes the sub.
func (p Profile) origin() string { return cmp.Or(p.Origin, p.UnionID) }

// Ancestry returns the person's departments and all those above them, ascending.
func (p Profile) Ancestry() []int64 {
	n := len(p.Departments)
	for _, up := range p.Paths {
		n += len(up)
	}
	all := append(make([]int64, 0, n), p.Departments...) // every token asks for them, some more than once
	for _, up := range p.Paths {
		all = append(all, up...)
	}
	return ascend(all)
}

// format is the number of the record's form; see readRecord.
const format = 1

// record is person/<sub> in storage: JSON, its profile sealed with the key as
// context, so that a record copied to another key does not open.
type record struct {
	Format    int    `json:"format"`
	Epoch     int64  `json:"epoch"`
	CorpID    string `json:"corp_id"`
	Username  string `json:"username"`
	CheckedAt int64  `json:"checked_at"` // Unix milliseconds
	Gone      bool   `json:"gone,omitempty"`
	Blocked   bool   `json:"blocked,omitempty"`
	App       string `json:"app,omitempty"`
	Indexed   bool   `json:"indexed,omitempty"`
	Profile   []byte `json:"profile"`
}

func key(s Subject) string { return "person/" + string(s) }

func (r *Registry) writeRecord(p Person) []byte {
	profile, err := json.Marshal(p.Profile)
	if err == nil {
		var value []byte
		value, err = json.Marshal(record{
			Format: format, Epoch: p.Epoch, CorpID: p.CorpID, Username: p.Username,
			CheckedAt: p.CheckedAt.UnixMilli(), Gone: p.Gone, Blocked: p.Blocked, App: p.App, Indexed: p.indexed,
			Profile: r.sealer.Seal(profile, []byte(key(p.Subject))),
		})
		if err == nil {
			p.CheckedAt, p.Version = time.UnixMilli(p.CheckedAt.UnixMilli()), storage.Version{} // as it will be read
			r.recall.keep(value, p)
			return value
		}
	}
	panic(err) // strings and numbers always encode
}

// readRecord fails closed: whatever is not exactly a record of this person is an
// error. Fields of a later minor writer are ignored; a newer format is refused,
// because it means something we cannot know.
func (r *Registry) readRecord(s Subject, value []byte) (Person, error) {
	if p, seen := r.recall.find(s, value); seen {
		return p, nil
	}
	var rec record
	if err := json.Unmarshal(value, &rec); err != nil {
		return Person{}, ErrRecord // the cause could quote the record
	}
	if rec.Format != format {
		return Person{}, fmt.Errorf("%w: format %d, this version reads %d", ErrRecord, rec.Format, format)
	}
	plain, _, err := r.sealer.Open(rec.Profile, []byte(key(s)))
	if err != nil {
		return Person{}, fmt.Errorf("%w: profile does not open under any secret", ErrRecord)
	}
	p := Person{Subject: s, Epoch: rec.Epoch, CorpID: rec.CorpID, Username: rec.Username,
		CheckedAt: time.UnixMilli(rec.CheckedAt), Gone: rec.Gone, Blocked: rec.Blocked, App: rec.App, indexed: rec.Indexed}
	if json.Unmarshal(plain, &p.Profile) != nil {
		return Person{}, fmt.Errorf("%w: strange profile", ErrRecord)
	}
	if p.Profile.PathsAt == 0 && len(p.Profile.Departments) > 0 {
		p.Profile.PathsUnknown = true // written before there were any
	}
	if p.Epoch < 1 || rec.CheckedAt < 1 || !isUsername(p.Username) || SubjectOf(p.CorpID, p.Profile.origin()) != s {
		return Person{}, fmt.Errorf("%w: its parts do not belong together", ErrRecord)
	}
	r.recall.keep(value, p)
	return p, nil
}

// Fetch makes the op that reads a person, for the caller's own pipeline.
func (r *Registry) Fetch(s Subject) *storage.Op { return storage.Get(key(s)) }

// Read returns the person that a done op shows: a [Registry.Fetch], or the op of
// [Registry.Welcome], which after a conflict holds what is there instead. No record
// is ErrUnknownPerson; strange bytes are ErrRecord; a store that could not say is
// storage.ErrUnknown.
func (r *Registry) Read(s Subject, op *storage.Op) (Person, error) {
	value := op.Value
	switch {
	case errors.Is(op.Err, storage.ErrNotFound):
		return Person{}, ErrUnknownPerson
	case op.Err != nil && !errors.Is(op.Err, storage.ErrConflict):
		return Person{}, fmt.Errorf("read person: %w", op.Err)
	case op.Err == nil && op.Verb != storage.VerbGet:
		value = op.Input
	}
	p, err := r.readRecord(s, value)
	if err != nil {
		return Person{}, fmt.Errorf("read person: %w", err)
	}
	p.Version = op.Version
	return p, nil
}
