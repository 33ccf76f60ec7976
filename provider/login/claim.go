package login

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/dingbridge/dingbridge/storage"
)

// A second callback looks whether the first has ended: soon, then less and less often.
const (
	waitFirst = 50 * time.Millisecond
	waitMost  = time.Second
)

// Claim takes one answer of DingTalk, its code, to be worked on: exactly one
// caller gets the login with Done unset (promise L2). If the same answer is being
// worked on already, Claim waits for its end and returns the login with Done set
// (promise L3), or takes the work over when the claim of whoever had it has lapsed.
// One trip, unless it waits.
func (s *Steps) Claim(ctx context.Context, t State, code string) (Login, error) {
	answer := t.answer(code)
	pause := waitFirst
	for deadline := time.Now().Add(s.claim + 2*waitMost); time.Now().Before(deadline); pause = min(pause*3/2, waitMost) {
		l, err := s.try(ctx, t, answer)
		if !errors.Is(err, ErrBusy) {
			if err != nil && ctx.Err() != nil {
				return Login{}, ErrBusy // the caller went; storage need not be blamed
			}
			l.answer = answer
			return l, err
		}
		select {
		case <-ctx.Done():
			return Login{}, ErrBusy
		case <-time.After(pause):
		}
	}
	return Login{}, ErrBusy
}

// try claims an answer, or says how the login stands. ErrBusy: the same answer is
// being worked on.
func (s *Steps) try(ctx context.Context, t State, answer string) (Login, error) {
	claim := storage.Create(t.claimKey(), []byte(answer), s.claim)
	get := storage.Get(key(t.ID))
	err := s.store.Together(ctx, claim, get)
	if errors.Is(claim.Err, storage.ErrUnknown) {
		return Login{}, fmt.Errorf("claim login: %w", err)
	}
	l, err := read(t.ID, get)
	if err != nil {
		if claim.Err == nil {
			// Nobody is going to work on it: who tries again must not wait for us.
			_ = s.store.Together(ctx, storage.Delete(t.claimKey()))
		}
		return Login{}, err
	}
	switch {
	case l.Done != nil && l.Done.Answer == answer:
		return l, nil
	case l.Done != nil:
		return Login{}, ErrOtherAnswer
	case l.Attempt != t.Attempt:
		return Login{}, ErrExpired
	case claim.Err == nil:
		return l, nil
	case string(claim.Value) != answer:
		return Login{}, ErrOtherAnswer
	}
	return Login{}, ErrBusy
}

// Finish makes the op that notes how a claimed login ended. It is to be done
// after, or behind, the ops that store what it promises.
func (s *Steps) Finish(l Login, end End) *storage.Op {
	end.Answer = l.answer
	l.Done = &end
	b, err := l.encode()
	if err != nil { // a struct of strings and numbers always has a JSON form
		b = nil
	}
	return storage.Swap(key(l.ID), l.version, b, s.done)
}

// After returns the login as an op of Finish left it, for putting it back with Again.
func (l Login) After(finished *storage.Op) Login {
	l.version = finished.Version
	return l
}

// Again puts a claimed login back to pending under a new state, for no way yet
// (promise L4). The one who was sent off with the old state cannot finish it any more.
func (s *Steps) Again(ctx context.Context, l Login) (State, error) {
	l.Attempt++
	b, err := l.encode()
	if err != nil {
		return State{}, fmt.Errorf("put login back: %w", err)
	}
	left := s.Left(StateOf(l))
	if left <= 0 {
		return State{}, ErrExpired
	}
	op := storage.Swap(key(l.ID), l.version, b, left)
	if err := s.store.Together(ctx, op); err != nil {
		if errors.Is(err, storage.ErrUnknown) {
			return State{}, fmt.Errorf("put login back: %w", err)
		}
		return State{}, ErrExpired
	}
	return StateOf(l), nil
}

// Left is how long a login may still be finished; not positive: no more.
func (s *Steps) Left(t State) time.Duration { return time.Until(t.Begun().Add(s.life)) }

// Read reads the login of a state for a page of ours that leads on to DingTalk. It
// claims nothing. ErrExpired: it has ended, or a newer attempt took its place. One trip.
func (s *Steps) Read(ctx context.Context, t State) (Login, error) {
	get := storage.Get(key(t.ID))
	// read tells what the op's error means.
	_ = s.store.Together(ctx, get)
	l, err := read(t.ID, get)
	switch {
	case err != nil:
		return Login{}, err
	case l.Done != nil, l.Attempt != t.Attempt, s.Left(t) <= 0:
		return Login{}, ErrExpired
	}
	return l, nil
}
