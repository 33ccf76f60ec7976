package provider

import (
	"context"
	"errors"
	"fmt"

	"github.com/dingbridge/dingbridge/dingtalk"
	"github.com/dingbridge/dingbridge/provider/audit"
	"github.com/dingbridge/dingbridge/provider/clients"
	"github.com/dingbridge/dingbridge/provider/people"
)

var (
	// errRemoved: what is shown was issued under an epoch of the person that is over.
	errRemoved = errors.New("the person was removed since")
	// errNotAdmitted: the client's allow does not name the person.
	errNotAdmitted = errors.New("the client does not admit this person")
	// errUndecided: whether it does hangs on departments that DingTalk does not tell now.
	errUndecided = fmt.Errorf("%w: the departments above the person's own are not known", people.ErrCannotDecide)
)

// admit is the one gate that every grant passes (promise H5): what is shown was
// issued under the person's present epoch, DingTalk's last word about the person is
// fresh enough, and the client admits them. It returns the person as known after
// asking.
func (p *Provider) admit(ctx context.Context, c *clients.Client, person people.Person, epoch int64) (people.Person, error) {
	if person.Gone || person.Epoch != epoch {
		return people.Person{}, errRemoved
	}
	person, err := p.people.Fresh(ctx, person)
	if err != nil {
		p.noteUndecided(ctx, person, err)
		return people.Person{}, err
	}
	if person.Epoch != epoch {
		return people.Person{}, errRemoved
	}
	if err := p.mayEnter(c, person); err != nil {
		p.noteUndecided(ctx, person, err)
		return people.Person{}, err
	}
	return person, nil
}

// mayEnter asks the client's own rules: nil, errNotAdmitted or errUndecided.
func (p *Provider) mayEnter(c *clients.Client, person people.Person) error {
	if !p.serves(c, person.CorpID) {
		return errNotAdmitted
	}
	switch decision := c.Admits(facts(person)); {
	case decision.Admitted:
		return nil
	case decision.Undecided:
		return errUndecided
	}
	return errNotAdmitted
}

// noteUndecided audits what the directory said, or could not say, about a person.
func (p *Provider) noteUndecided(ctx context.Context, person people.Person, err error) {
	e := audit.Event{Subject: string(person.Subject), CorpID: person.CorpID, Reason: dingtalk.ReasonOf(err).String()}
	switch {
	case errors.Is(err, people.ErrGone):
		e.Name = audit.PersonGone
	case errors.Is(err, errUndecided):
		e.Name, e.Reason, e.Err = audit.PersonCannotDecide, "departments_unknown", err
	case errors.Is(err, people.ErrCannotDecide):
		e.Name, e.Err = audit.PersonCannotDecide, err
		if upstream, ok := errors.AsType[*dingtalk.Error](err); ok {
			e.Call = upstream.Call
		}
	default:
		return
	}
	p.record(ctx, e)
}
