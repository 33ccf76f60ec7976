package device

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/dingbridge/dingbridge/storage"
)

// Find returns the pending request of a user code that a person typed. No such
// request is ErrWrongCode, and counts; too many of them are ErrTooManyGuesses, also
// for a right code (promise D5; RFC 8628 section 5.1). What cannot be a code at all
// is ErrWrongCode and does not count. Two trips for a right code, one for a wrong one.
func (s *Steps) Find(ctx context.Context, subject [16]byte, typed string) (Request, error) {
	code, ok := NormalizeUserCode(typed)
	if !ok {
		return Request{}, ErrWrongCode
	}
	if s.resting.has(subject) {
		return Request{}, ErrTooManyGuesses
	}
	// The guess is noted before it is known to be one, in the same trip that counts:
	// of any number made at once, no more are looked up than the limit allows. The
	// same code again is the same guess.
	set := "guesses/" + base64.RawURLEncoding.EncodeToString(subject[:])
	guess := s.guess(subject, code)
	count := storage.Members(set)
	ops := []*storage.Op{storage.Join(set, guess, s.guessLife), count}
	var names []*storage.Op
	for _, key := range s.userKeys(code) {
		names = append(names, storage.Get(key))
	}
	if err := s.store.Together(ctx, append(ops, names...)...); errors.Is(err, storage.ErrUnknown) {
		return Request{}, fmt.Errorf("find device request: %w", err)
	}
	if wrong(count.Members) > s.guesses {
		s.resting.add(subject)
		return Request{}, ErrTooManyGuesses
	}
	for _, name := range names {
		if name.Err != nil {
			continue // positively not there
		}
		id := string(name.Value)
		get := storage.Get(key(id))
		if err := s.store.Together(ctx, get, storage.Join(set, guess+right, s.guessLife)); errors.Is(err, storage.ErrUnknown) {
			return Request{}, fmt.Errorf("find device request: %w", err)
		}
		r, err := read(id, get)
		if err != nil && !errors.Is(err, ErrExpired) {
			return Request{}, err
		}
		if err == nil && r.State == Pending {
			return r, nil
		}
	}
	return Request{}, ErrWrongCode
}

// guess names a code that a person entered, so that storage does not tell which.
func (s *Steps) guess(subject [16]byte, code string) string {
	mac := s.secrets.Derive("guess", subject[:], []byte(code))
	return base64.RawURLEncoding.EncodeToString(mac[:12])
}

// right marks the twin that clears a guess: the code was no wrong one.
const right = "+"

// wrong counts the guesses that have no twin.
func wrong(members []string) (n int) {
	for _, m := range members {
		if !strings.HasSuffix(m, right) && !slices.Contains(members, m+right) {
			n++
		}
	}
	return n
}

// Read returns a request by its ID, whatever its state; ErrExpired if it is no more.
// One trip.
func (s *Steps) Read(ctx context.Context, id string) (Request, error) {
	get := storage.Get(key(id))
	_ = s.store.Together(ctx, get) // the op has its own error
	return read(id, get)
}

// Approve notes that a person approved a request that was read. It returns the
// request as it became; if another answer was there first that is ErrAnswered, with
// the request as it is. One trip.
func (s *Steps) Approve(ctx context.Context, r Request, a Approval) (Request, error) {
	return s.answer(ctx, r, Approved, a)
}

// Deny is Approve for a person who denied.
func (s *Steps) Deny(ctx context.Context, r Request, subject [16]byte) (Request, error) {
	return s.answer(ctx, r, Denied, Approval{Subject: subject})
}

func (s *Steps) answer(ctx context.Context, r Request, state State, a Approval) (Request, error) {
	if r.State != Pending {
		return r, ErrAnswered
	}
	r.State, r.Approval = state, a
	return s.move(ctx, r, ErrAnswered)
}

// move writes a request that has changed since it was read. Where a rival was first,
// it returns what the rival made of it, and lost.
func (s *Steps) move(ctx context.Context, r Request, lost error) (Request, error) {
	left := time.Until(r.Ends())
	if left <= 0 {
		return Request{}, ErrExpired
	}
	swap := storage.Swap(key(r.ID), r.version, r.encode(), left)
	switch err := s.store.Together(ctx, swap); {
	case err == nil:
		r.version = swap.Version
		return r, nil
	case errors.Is(err, storage.ErrNotFound):
		return Request{}, ErrExpired
	case errors.Is(err, storage.ErrConflict):
		rival, err := decode(r.ID, swap)
		if err != nil {
			return Request{}, err
		}
		return rival, lost
	default:
		return Request{}, fmt.Errorf("move device request to %s: %w", r.State, err)
	}
}
