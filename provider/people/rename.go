package people

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/dingbridge/dingbridge/storage"
)

// Errors of [Registry.Rename].
var (
	// ErrUsername: not every app would take the name, or it is reserved.
	ErrUsername = errors.New("unfit username")
	// ErrUsernameTaken: the name is, or was once, another person's.
	ErrUsernameTaken = errors.New("username is another person's")
)

// Rename gives a person another username, which the administrator chose. The former one
// stays theirs for ever: nobody else gets it, and they may take it up again. Apps that
// know people by their name take the person for a new one; those that go by sub do not.
//
// Of two renames at once both names are the person's, and the later one counts. After an
// error that wraps storage.ErrUnknown, the same call again finds out and finishes.
//
// Errors: ErrUsername, ErrUsernameTaken, ErrUnknownPerson, ErrRecord, storage.ErrUnknown.
func (r *Registry) Rename(ctx context.Context, s Subject, name string) (Person, error) {
	if err := r.usernames.fits(name); err != nil {
		return Person{}, err
	}
	s, err := r.older(ctx, s)
	if err != nil {
		return Person{}, err
	}
	op := r.Fetch(s)
	_ = r.store.Together(ctx, op) // Read tells what the op's error means
	p, err := r.Read(s, op)
	if err != nil {
		return Person{}, err
	}
	// First the name: whoever has it registered owns it, whatever becomes of the rest.
	claim := storage.Create("username/"+name, []byte(s), 0)
	err = r.store.Together(ctx, claim)
	if errors.Is(err, storage.ErrConflict) {
		owner, err := r.older(ctx, Subject(claim.Value))
		if err != nil {
			return p, err
		}
		if owner != s {
			return p, ErrUsernameTaken
		}
	} else if err != nil {
		return p, fmt.Errorf("register username: %w", err)
	}
	return r.change(ctx, p, func(p *Person) bool {
		changed := p.Username != name
		p.Username = name
		return changed
	})
}

// older returns who a sub stands for: the person from before an account migration.
func (r *Registry) older(ctx context.Context, s Subject) (Subject, error) {
	op := r.FetchAlias(s)
	_ = r.store.Together(ctx, op) // Alias tells what the op's error means
	return r.Alias(s, op)
}

// ByUsername returns whose username it is, or was. ErrUnknownPerson: nobody's ever.
func (r *Registry) ByUsername(ctx context.Context, name string) (Subject, error) {
	if !isUsername(name) {
		return "", ErrUnknownPerson
	}
	op := storage.Get("username/" + name)
	err := r.store.Together(ctx, op)
	switch {
	case errors.Is(err, storage.ErrNotFound):
		return "", ErrUnknownPerson
	case err != nil:
		return "", fmt.Errorf("read username: %w", err)
	}
	s := Subject(op.Value)
	if _, ok := s.Raw(); !ok {
		return "", fmt.Errorf("read username: %w", ErrRecord)
	}
	return r.older(ctx, s)
}

// endings of paths that Gitea and GitLab keep for themselves.
var endings = strings.Fields(".atom .git .gpg .keys .png .rss .wiki")

// fits tells why a name that somebody chose cannot be a username: made names end in a
// part of the sub, chosen ones must be fit by themselves.
func (u usernamePolicy) fits(name string) error {
	switch {
	case !isUsername(name):
		return fmt.Errorf("%w: 2 to %d of a-z, 0-9, '.', '_' and '-', beginning with a letter or digit", ErrUsername, maxUsername)
	case strings.ContainsRune(separators, rune(name[len(name)-1])) || twoSeparators(name):
		return fmt.Errorf("%w: '.', '_' and '-' only between letters or digits, one at a time", ErrUsername)
	case slices.ContainsFunc(endings, func(ending string) bool { return strings.HasSuffix(name, ending) }):
		return fmt.Errorf("%w: ends in one of %s", ErrUsername, strings.Join(endings, " "))
	case u.reserved[name]:
		return fmt.Errorf("%w: reserved", ErrUsername)
	}
	return nil
}

func twoSeparators(name string) bool {
	for i := 1; i < len(name); i++ {
		if !isAlphanumeric(name[i-1]) && !isAlphanumeric(name[i]) {
			return true
		}
	}
	return false
}
