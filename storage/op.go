package storage

import "fmt"

// Limits of one op, equal for every back end so that what works on one works on
// the other. A larger op fails with ErrUnknown before anything is asked.
const (
	MaxKey   = 1024    // bytes of a Key or a Member
	MaxInput = 1 << 20 // bytes of an Input
)

// String is the name of the function that makes such an op, in lower case.
func (v Verb) String() string {
	switch v {
	case VerbCreate:
		return "create"
	case VerbGet:
		return "get"
	case VerbPut:
		return "put"
	case VerbSwap:
		return "swap"
	case VerbDelete:
		return "delete"
	case VerbJoin:
		return "join"
	case VerbMembers:
		return "members"
	}
	return fmt.Sprintf("verb %d", uint8(v))
}

// Writes tells whether the verb changes anything.
func (v Verb) Writes() bool { return v != VerbGet && v != VerbMembers }

// Fault says what is wrong with the op itself, wrapping [ErrUnknown], or nil.
// Back ends ask it first, so that a mistake of the caller's costs no neighbour
// in the same Together its result. A negative life is such a mistake: it is a
// deadline already past, and must not become "without end".
func (op *Op) Fault() error {
	switch {
	case op.Verb < VerbCreate || op.Verb > VerbMembers:
		return op.wrong("no such verb")
	case op.Key == "":
		return op.wrong("empty key")
	case op.Verb == VerbJoin && op.Member == "":
		return op.wrong("empty member")
	case op.Life < 0:
		return op.wrong("negative life")
	case len(op.Key) > MaxKey, len(op.Member) > MaxKey, len(op.Input) > MaxInput:
		return op.wrong("key, member or value too large")
	}
	return nil
}

func (op *Op) wrong(what string) error {
	return fmt.Errorf("storage %s: %s: %w", op.Verb, what, ErrUnknown)
}
