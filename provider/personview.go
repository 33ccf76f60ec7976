package provider

import (
	"context"
	"time"

	"github.com/dingbridge/dingbridge/provider/people"
)

// A PersonView is a person as an administrator sees them. Times are UTC.
type PersonView struct {
	Subject      string `json:"sub"`
	Username     string `json:"username"`
	UserID       string `json:"userid"`
	CorpID       string `json:"corp_id"`
	Organisation string `json:"organisation,omitempty"`
	Name         string `json:"name,omitempty"`
	Nick         string `json:"nick,omitempty"`
	State        string `json:"state"` // StateActive, StateGone, StateBlocked
	Gone         bool   `json:"gone"`
	Blocked      bool   `json:"blocked"`
	// LeadsTo is the older sub that a migration joined this one to: it is who logs in.
	LeadsTo string `json:"leads_to,omitempty"`
	// Checked is when the directory last answered about the person: if Gone, that they are;
	// App is whose question it last said yes to.
	Checked time.Time `json:"checked"`
	App     string    `json:"app,omitempty"`
	Epoch   int64     `json:"epoch"`

	Departments []people.Department `json:"departments"`
	// PathsUnknown: the directory does not tell all departments above those.
	PathsUnknown bool          `json:"paths_unknown,omitempty"`
	Roles        []people.Role `json:"roles"`
	JobNumber    string        `json:"job_number,omitempty"`
	Title        string        `json:"title,omitempty"`
	Leader       bool          `json:"leader,omitempty"`
	Email        EmailView     `json:"email"`

	// Phone and UnionID only where all was asked for.
	Phone   string `json:"phone,omitempty"`
	UnionID string `json:"union_id,omitempty"`

	// For is how one client sees the person, and Has what they have that lives, if asked for.
	For *ClientView   `json:"for,omitempty"`
	Has *HoldingsView `json:"has,omitempty"`
}

// What becomes of a person's e-mail address.
const (
	EmailClaimed  = "claimed"
	EmailNone     = "none"     // the directory has none on an allowed domain
	EmailWithheld = "withheld" // it was another person's first
	EmailLater    = "later"    // it is registered when the directory is next asked about the person
)

// An EmailView tells why there is an e-mail claim, or why not.
type EmailView struct {
	Why      string `json:"why"`
	Address  string `json:"address,omitempty"`
	Verified bool   `json:"verified,omitempty"`
	Owner    string `json:"owner,omitempty"` // the sub for which it is kept, where withheld
	// Kept is another address that is registered for the person, and no longer in the directory.
	Kept string `json:"kept,omitempty"`
}

// A ClientView is what one client sees of a person. The claims of an ID token and of userinfo
// say more: [Provider.TestPolicy].
type ClientView struct {
	Client   string   `json:"client"`
	Groups   []string `json:"groups"`
	Dropped  int      `json:"dropped,omitempty"` // groups beyond groups_max
	Admitted bool     `json:"admitted"`
	Why      string   `json:"why"` // one of the Why constants
	Rule     string   `json:"rule,omitempty"`
	// Email is what it is told if it asks; MadeUp: it leads nowhere, the client takes nobody without.
	Email  string `json:"email,omitempty"`
	MadeUp bool   `json:"email_made_up,omitempty"`
}

// Show says what FindPeople should tell beside the rest.
type Show struct {
	Client   string // as whom to look; none: nobody
	All      bool   // phone number and unionId too, and of sessions browser and address
	Holdings bool   // sessions and lasting grants too
}

// FindPeople returns everybody who can be meant by a sub, a username (also a former one), a
// userId or corpId/userId. A [*Refusal]: nobody, or no such client.
func (p *Provider) FindPeople(ctx context.Context, who string, o Show) ([]PersonView, error) {
	list, err := p.find(ctx, who)
	if err != nil {
		return nil, err
	}
	if len(list) == 0 {
		return nil, nobody(who)
	}
	views := make([]PersonView, 0, len(list))
	for _, person := range list {
		view, err := p.view(ctx, person, o)
		if err != nil {
			return nil, err
		}
		views = append(views, view)
	}
	return views, nil
}

// view looks at one person's record.
func (p *Provider) view(ctx context.Context, person people.Person, o Show) (PersonView, error) {
	v := PersonView{
		Subject: string(person.Subject), Username: person.Username, UserID: person.Profile.UserID, CorpID: person.CorpID,
		Name: person.Profile.Name, Nick: person.Profile.Nick, State: stateOf(person), Gone: person.Gone, Blocked: person.Blocked,
		Checked: person.CheckedAt.UTC(), App: person.App, Epoch: person.Epoch,
		PathsUnknown: person.Profile.PathsUnknown, JobNumber: person.Profile.JobNumber, Title: person.Profile.Title, Leader: person.Profile.Leader,
	}
	every := p.people.Claims(person, people.ClaimOptions{Scopes: []string{"profile", "phone"}, PhoneNumber: true, Directory: []string{"departments", "roles"}})
	v.Departments, v.Roles = every.Departments, every.Roles
	if organisation := p.organisation(person.CorpID); organisation != nil && len(p.Organisations) > 1 {
		v.Organisation = organisation.Name
	}
	older, err := p.older(ctx, person)
	if err != nil {
		return v, err
	}
	v.LeadsTo = string(older.Subject)
	if v.Email, err = p.emailOf(ctx, person); err != nil {
		return v, err
	}
	if o.All {
		v.Phone, v.UnionID = every.PhoneNumber, person.Profile.UnionID
	}
	if o.Client != "" {
		client, err := p.clientNamed(o.Client)
		if err != nil {
			return v, err
		}
		seen := p.clientView(client, person)
		v.For = &seen
	}
	if o.Holdings {
		if v.Has, err = p.holdingsView(ctx, person, o.All); err != nil {
			return v, err
		}
	}
	return v, nil
}

func (p *Provider) emailOf(ctx context.Context, person people.Person) (EmailView, error) {
	standing, err := p.people.EmailOf(ctx, person)
	if err != nil {
		return EmailView{}, err
	}
	view := EmailView{Address: standing.Address, Verified: standing.Verified}
	if kept := person.Profile.ClaimedEmail; kept != standing.Address {
		view.Kept = kept
	}
	switch {
	case standing.Address == "":
		view.Why = EmailNone
	case standing.Owner != "" && standing.Owner != person.Subject:
		view.Why, view.Owner, view.Verified = EmailWithheld, string(standing.Owner), false
	case person.Profile.ClaimedEmail == standing.Address:
		view.Why = EmailClaimed
	default:
		view.Why, view.Verified = EmailLater, false
	}
	return view, nil
}
