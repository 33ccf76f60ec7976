package provider

import (
	"context"
	"slices"
	"time"

	"github.com/dingbridge/dingbridge/provider/people"
)

// A PeopleQuery says whom to list.
type PeopleQuery struct {
	CorpID  string // of one organisation; of all if empty
	Blocked bool   // only who is blocked
	Gone    bool   // only who is gone
	After   string // a sub: those that come after
	Limit   int    // 100
	All     bool   // names too
}

// A PersonLine is somebody in a list. Times are UTC.
type PersonLine struct {
	Subject  string    `json:"sub"`
	Username string    `json:"username"`
	UserID   string    `json:"userid"`
	CorpID   string    `json:"corp_id"`
	State    string    `json:"state"` // as of a PersonView
	Checked  time.Time `json:"checked"`
	Name     string    `json:"name,omitempty"` // only where all was asked for
}

// A PeopleList has the people who ever logged in, or some of them, by sub.
type PeopleList struct {
	Users []PersonLine `json:"users"`
	// After goes into the next query, if not all people were looked at.
	After  string `json:"after,omitempty"`
	Looked int    `json:"looked"` // at how many people
	Known  int    `json:"known"`  // people
}

// ListPeople lists people. It asks storage alone.
func (p *Provider) ListPeople(ctx context.Context, q PeopleQuery) (PeopleList, error) {
	l := PeopleList{Users: []PersonLine{}}
	limit, err := limitOf(q.Limit)
	if err != nil {
		return l, err
	}
	known, err := p.known(ctx, q.CorpID)
	if err != nil {
		return l, err
	}
	l.Known = len(known)
	known = after(known, q.After)
	for len(known) > 0 && len(l.Users) < limit && l.Looked < mostLooked {
		lot := known[:min(len(known), peopleAtOnce)]
		list, err := p.people.Load(ctx, lot...)
		if err != nil {
			return PeopleList{}, err
		}
		looked := lot
		for _, person := range list { // in the order of lot, without those that have no record
			if !q.wants(person) {
				continue
			}
			if l.Users = append(l.Users, personLine(person, q.All)); len(l.Users) == limit {
				at, _ := slices.BinarySearch(lot, person.Subject)
				looked = lot[:at+1]
				break
			}
		}
		l.Looked, l.After = l.Looked+len(looked), string(looked[len(looked)-1])
		known = known[len(looked):]
	}
	if len(known) == 0 {
		l.After = ""
	}
	return l, nil
}

func (q PeopleQuery) wants(person people.Person) bool {
	switch {
	case q.Blocked && q.Gone:
		return person.Blocked || person.Gone
	case q.Blocked:
		return person.Blocked
	case q.Gone:
		return person.Gone
	}
	return true
}

func personLine(person people.Person, all bool) PersonLine {
	v := PersonLine{Subject: string(person.Subject), Username: person.Username, UserID: person.Profile.UserID, CorpID: person.CorpID,
		State: stateOf(person), Checked: person.CheckedAt.UTC()}
	if all {
		v.Name = person.Profile.Name
	}
	return v
}
