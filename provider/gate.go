package provider

import (
	"context"
	"errors"

	"github.com/dingbridge/dingbridge/provider/clients"
	"github.com/dingbridge/dingbridge/provider/people"
)

var (
	// errRemoved: what is shown was issued under an epoch of the person that is over.
	errRemoved = errors.New("the person was removed since")
	// errNotAdmitted: the client's allow does not name the person.
	errNotAdmitted = errors.New("the client does not admit this person")
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
		return people.Person{}, err
	}
	if person.Epoch != epoch {
		return people.Person{}, errRemoved
	}
	if !c.Admits(person.Groups(), person.Profile.UserID) {
		return people.Person{}, errNotAdmitted
	}
	return person, nil
}
