package storage

import (
	"errors"
	"testing"
)

func TestFirstErrorPrefersUnknown(t *testing.T) {
	some := errors.New("some")
	ops := func(errs ...error) (all []*Op) {
		for _, err := range errs {
			all = append(all, &Op{Err: err})
		}
		return all
	}
	for name, test := range map[string]struct {
		ops  []*Op
		want error
	}{
		"none":          {nil, nil},
		"all well":      {ops(nil, nil), nil},
		"first":         {ops(nil, ErrConflict, some), ErrConflict},
		"unknown first": {ops(ErrNotFound, nil, ErrUnknown, some), ErrUnknown},
	} {
		if got := FirstError(test.ops); got != test.want {
			t.Errorf("%s: %v, want %v", name, got, test.want)
		}
	}
}

func TestVerbNames(t *testing.T) {
	for verb, want := range map[Verb]string{
		VerbCreate: "create", VerbGet: "get", VerbPut: "put", VerbSwap: "swap", VerbDelete: "delete", VerbJoin: "join",
		VerbMembers: "members", 0: "verb 0", 99: "verb 99",
	} {
		if verb.String() != want {
			t.Errorf("verb %d is called %q", uint8(verb), verb)
		}
	}
	if VerbGet.Writes() || VerbMembers.Writes() || !VerbCreate.Writes() || !VerbDelete.Writes() || !VerbJoin.Writes() {
		t.Error("who writes is wrong")
	}
}
