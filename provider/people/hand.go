package people

import (
	"context"
	"errors"
	"fmt"

	"github.com/dingbridge/dingbridge/storage"
)

// What an administrator does by hand. None of it asks the brake.

// Remove ends all sessions and grants of a person by raising the epoch. The person
// can log in again, if DingTalk says so.
func (r *Registry) Remove(ctx context.Context, s Subject) error {
	return r.update(ctx, s, func(p *Person) bool {
		p.Epoch++
		return true
	})
}

// Block ends all sessions and grants of a person and lets them in no more, whatever
// DingTalk says, until [Registry.Unblock]. ErrUnknownPerson: who never logged in has nothing
// to end, and is not known by any name here.
func (r *Registry) Block(ctx context.Context, s Subject) error {
	return r.block(ctx, s, true)
}

// Unblock lets a person log in again, if DingTalk says so.
func (r *Registry) Unblock(ctx context.Context, s Subject) error {
	return r.block(ctx, s, false)
}

func (r *Registry) block(ctx context.Context, s Subject, blocked bool) error {
	changed := false
	corpID := ""
	err := r.update(ctx, s, func(p *Person) bool {
		changed, corpID = p.Blocked != blocked, p.CorpID
		if changed && blocked {
			p.Epoch++
		}
		p.Blocked = blocked
		return changed
	})
	if err == nil && changed && blocked {
		r.happened(ctx, Happening{Kind: Removed, CorpID: corpID, Subject: s, Cause: Cause{Source: FromHand}, Reason: "blocked"})
	}
	return err
}

// update reads a person and applies a change.
func (r *Registry) update(ctx context.Context, s Subject, change func(*Person) bool) error {
	op := r.Fetch(s)
	_ = r.store.Together(ctx, op) // Read tells what the op's error means
	p, err := r.Read(s, op)
	if err != nil {
		return err
	}
	_, err = r.change(ctx, p, change)
	return err
}

// An account migration changes a person's unionId, and so would change the sub. Nothing is
// merged by itself: alias/<new> leads to the old sub once an administrator asked for it and
// DingTalk agreed.

func aliasKey(s Subject) string { return "alias/" + string(s) }

// FetchAlias makes the op that reads whether a sub leads to an older one, for the caller's
// own pipeline.
func (r *Registry) FetchAlias(s Subject) *storage.Op { return storage.Get(aliasKey(s)) }

// Alias returns the older sub that a done [Registry.FetchAlias] of s shows, or s.
func (r *Registry) Alias(s Subject, op *storage.Op) (Subject, error) {
	switch {
	case errors.Is(op.Err, storage.ErrNotFound):
		return s, nil
	case op.Err != nil:
		return s, fmt.Errorf("read alias: %w", op.Err)
	}
	if _, ok := Subject(op.Value).Raw(); !ok {
		return s, fmt.Errorf("read alias: %w", ErrRecord)
	}
	return Subject(op.Value), nil
}

// ErrNotMigrated: DingTalk does not say that the account is a migrated one of somebody known
// here.
var ErrNotMigrated = errors.New("no migration of a person known here")

// Migrate lets a person whose account was migrated be who they were before: newcomer is who
// they logged in as since. It returns the old person. What the newcomer had, ends.
func (r *Registry) Migrate(ctx context.Context, newcomer Subject) (Person, error) {
	read, err := r.Load(ctx, newcomer)
	if err != nil {
		return Person{}, err
	}
	if len(read) == 0 {
		return Person{}, ErrUnknownPerson
	}
	p := read[0]
	if p.Blocked { // the old record would not know
		return Person{}, ErrBlocked
	}
	o := r.organisations[p.CorpID]
	if o == nil {
		return Person{}, fmt.Errorf("migrate: %w: the organisation is not configured", ErrCannotDecide)
	}
	former, err := o.directory.FormerUnionID(ctx, p.Profile.UnionID)
	if err != nil {
		return Person{}, fmt.Errorf("%w: %w", ErrNotMigrated, err)
	}
	// DingTalk has to know the person under the new id, and not under the old one.
	if _, err := r.recheck(ctx, p, Cause{Source: FromHand}); err != nil {
		return Person{}, fmt.Errorf("migrate: %w", err)
	}
	old, err := r.owner(ctx, SubjectOf(p.CorpID, former))
	if err != nil {
		return Person{}, err
	}
	// Of a migration that stopped half way, the old record has the new id already.
	if old.Subject == newcomer || old.CorpID != p.CorpID || old.Profile.UnionID != former && old.Profile.UnionID != p.Profile.UnionID {
		return Person{}, ErrNotMigrated
	}
	if _, err := o.directory.Member(ctx, former); err == nil {
		return Person{}, fmt.Errorf("%w: DingTalk still knows the person under the old id", ErrNotMigrated)
	} else if err = verdict(err); !errors.Is(err, ErrGone) {
		return Person{}, fmt.Errorf("migrate: %w", err)
	}
	op := storage.Create(aliasKey(newcomer), []byte(old.Subject), 0)
	if err := r.store.Together(ctx, op); err != nil && !(errors.Is(err, storage.ErrConflict) && string(op.Value) == string(old.Subject)) {
		return Person{}, fmt.Errorf("migrate: %w", err)
	}
	old, err = r.change(ctx, old, func(q *Person) bool {
		q.Profile.Origin = q.Profile.origin()
		q.Profile.UnionID, q.Profile.UserID = p.Profile.UnionID, p.Profile.UserID
		return true
	})
	if err != nil {
		return Person{}, fmt.Errorf("migrate: %w", err)
	}
	if err := r.store.Together(ctx, index(old)...); err != nil {
		return Person{}, fmt.Errorf("migrate: %w", err)
	}
	return old, r.Remove(ctx, newcomer)
}

// owner reads the person of a sub, or of the older one that it leads to.
func (r *Registry) owner(ctx context.Context, s Subject) (Person, error) {
	op := r.FetchAlias(s)
	_ = r.store.Together(ctx, op) // Alias tells what the op's error means
	s, err := r.Alias(s, op)
	if err != nil {
		return Person{}, err
	}
	read, err := r.Load(ctx, s)
	if err == nil && len(read) == 0 {
		err = ErrUnknownPerson
	}
	if err != nil {
		return Person{}, err
	}
	return read[0], nil
}
