package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// settleTime bounds the logins before the first cell.
const settleTime = time.Minute

// logins measures complete logins, beside the yardstick if there is one: in turns,
// who begins changing with each round.
func (b *bench) logins(ctx context.Context) error {
	for round := range b.rounds {
		for _, alg := range b.algs {
			err := b.inHouse(ctx, plan{people: b.people}, func(h *house) error {
				return b.besideYardstick(ctx, alg, h, func(turns []target) error {
					return b.round(ctx, round, alg, turns)
				})
			})
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// besideYardstick runs do with our house and, if there is one, the yardstick.
func (b *bench) besideYardstick(ctx context.Context, alg string, h *house, do func([]target) error) (err error) {
	if b.floor == "" {
		return do([]target{h.target()})
	}
	y, err := startYardstick(ctx, b.floor, alg, b.scratch)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, y.child.stop()) }()
	return do([]target{h.target(), y.target})
}

func (b *bench) round(ctx context.Context, round int, alg string, turns []target) error {
	for _, t := range turns {
		if err := b.settle(ctx, t, alg); err != nil {
			return err
		}
	}
	if round%2 == 1 {
		slices.Reverse(turns)
	}
	for _, concurrency := range b.concurrency {
		for _, t := range turns {
			err := b.cell(ctx, &b.report.Logins, t, cell{Op: opLogin, Alg: alg, Concurrency: concurrency, Round: round + 1}, scopeLogin)
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// settle has everybody log in once, uncounted: in an office that is long done, and
// the first concurrency would otherwise pay for all first logins.
func (b *bench) settle(ctx context.Context, t target, alg string) error {
	l, err := b.many(ctx, t, alg, opLogin, b.people)
	if err == nil && l.failed() > 0 {
		err = errors.New(l.commonest(1)[0])
	}
	if err != nil {
		return fmt.Errorf("first logins at %s: %w", t.name, err)
	}
	return nil
}

// many runs an operation n times.
func (b *bench) many(ctx context.Context, t target, alg, name string, n int) (load, error) {
	p, err := t.party(ctx, alg, scopeLogin, b.middle())
	if err != nil {
		return load{}, err
	}
	defer p.wire.transport.CloseIdleConnections()
	ops := make([]op, b.middle())
	for i := range ops {
		if ops[i], err = p.operation(ctx, name); err != nil {
			return load{}, err
		}
	}
	l := drive(ctx, ops, settleTime*time.Duration(1+n/10_000), n)
	if err := ctx.Err(); err != nil {
		return load{}, fmt.Errorf("measuring: %w", err)
	}
	if l.done+l.failed() < n {
		return l, fmt.Errorf("only %d of %d ended in time", l.done, n)
	}
	return l, nil
}
