package people

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/dingbridge/dingbridge/storage"
)

// The sets by which people are found. No right rests on them: whom they name is read.

func userIDKey(corpID, userID string) string { return "userid/" + corpID + "/" + userID }

func peopleOfKey(corpID string) string { return "people-of/" + corpID }

// index makes the ops that put a person into the sets. A userId that was given to
// somebody else later finds both.
func index(p Person) []*storage.Op {
	return []*storage.Op{
		storage.Join(userIDKey(p.CorpID, p.Profile.UserID), string(p.Subject), 0),
		storage.Join(peopleOfKey(p.CorpID), string(p.Subject), 0),
	}
}

// Index makes the ops that go into the pipeline of a login beside [Registry.Welcome]'s, which
// returned p: none, unless the sets do not have the person yet.
func (r *Registry) Index(p Person) []*storage.Op {
	if p.indexed {
		return nil
	}
	return index(p)
}

// Everyone returns the subs of all who ever logged in as members of the organisation, those
// that have left among them, in no particular order.
func (r *Registry) Everyone(ctx context.Context, corpID string) ([]Subject, error) {
	return r.members(ctx, peopleOfKey(corpID))
}

// ByUserID returns the subs of all who were ever seen under the userId: more than one if
// it was given to another person.
func (r *Registry) ByUserID(ctx context.Context, corpID, userID string) ([]Subject, error) {
	if !plausibleIDs(userID) {
		return nil, nil
	}
	return r.members(ctx, userIDKey(corpID, userID))
}

func (r *Registry) members(ctx context.Context, set string) ([]Subject, error) {
	op := storage.Members(set)
	if err := r.store.Together(ctx, op); err != nil {
		return nil, fmt.Errorf("read who is there: %w", err)
	}
	list := make([]Subject, 0, len(op.Members))
	for _, member := range op.Members {
		if _, ok := Subject(member).Raw(); ok {
			list = append(list, Subject(member))
		}
	}
	slices.Sort(list)
	return list, nil
}

// Load reads people, in one trip; those without a record, or with a strange one, are left
// out and logged. The error is storage's.
func (r *Registry) Load(ctx context.Context, subjects ...Subject) ([]Person, error) {
	ops := make([]*storage.Op, len(subjects))
	for i, s := range subjects {
		ops[i] = r.Fetch(s)
	}
	if err := r.store.Together(ctx, ops...); errors.Is(err, storage.ErrUnknown) {
		return nil, fmt.Errorf("read people: %w", err)
	}
	list := make([]Person, 0, len(subjects))
	for i, s := range subjects {
		p, err := r.Read(s, ops[i])
		switch {
		case err == nil:
			list = append(list, p)
		case !errors.Is(err, ErrUnknownPerson):
			r.log.WarnContext(ctx, "a person's record cannot be read", "sub", string(s), "error", err)
		}
	}
	return list, nil
}
