package storagetest

import (
	"context"
	"fmt"

	"github.com/dingbridge/dingbridge/storage"
)

// A Fault says what becomes of an op.
type Fault int

// The faults.
const (
	NoFault    Fault = iota
	FailBefore       // ErrUnknown, and it took no effect
	FailAfter        // ErrUnknown, but it did take effect
)

// Faulty wraps a store so that each op's fate is what decide says. decide is
// called once for each op, in order, from the goroutine that calls Together.
func Faulty(s storage.Store, decide func(op *storage.Op) Fault) storage.Store {
	return &faulty{Store: s, decide: decide}
}

type faulty struct {
	storage.Store
	decide func(op *storage.Op) Fault
}

func (f *faulty) Together(ctx context.Context, ops ...*storage.Op) error {
	var pass, after []*storage.Op
	for _, op := range ops {
		switch f.decide(op) {
		case NoFault:
			pass = append(pass, op)
		case FailAfter:
			pass, after = append(pass, op), append(after, op)
		case FailBefore:
			injected(op)
		}
	}
	if len(pass) > 0 {
		_ = f.Store.Together(ctx, pass...) // each op has its own error
	}
	for _, op := range after {
		injected(op)
	}
	return storage.FirstError(ops)
}

// injected gives an op the outcome of a lost reply.
func injected(op *storage.Op) {
	op.Err = fmt.Errorf("injected fault in %s: %w", op.Verb, storage.ErrUnknown)
	op.Value, op.Version, op.Members = nil, storage.Version{}, nil
}
