package storagetest_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/dingbridge/dingbridge/storage"
	"github.com/dingbridge/dingbridge/storage/storagetest"
)

// mutants are stores with one bug each, and the subtest that has to find it: a
// suite that passes whatever it is given proves nothing.
var mutants = map[string]struct {
	finder string
	mutate func(op *storage.Op) // before the op is performed
	spoil  func(op *storage.Op) // after it
}{
	"create overwrites": {"S1_CreateHasOneWinner", func(op *storage.Op) {
		if op.Verb == storage.VerbCreate {
			op.Verb = storage.VerbPut
		}
	}, nil},
	"swap does not compare": {"S2_SwapHasOneWinner", func(op *storage.Op) {
		if op.Verb == storage.VerbSwap {
			op.Verb = storage.VerbPut
		}
	}, nil},
	"no life": {"S4_NothingOutlivesItsLife", func(op *storage.Op) { op.Life = 0 }, nil},
	"members do not end": {"S7_MembersEndOneByOne", func(op *storage.Op) {
		if op.Verb == storage.VerbJoin {
			op.Life = 0
		}
	}, nil},
	"unknown reads as not found": {"S5_AClosedStoreIsUnknown", nil, func(op *storage.Op) {
		if errors.Is(op.Err, storage.ErrUnknown) {
			op.Err = storage.ErrNotFound
		}
	}},
	"unknown reads as success": {"S5_AContextThatEndedIsUnknown", nil, func(op *storage.Op) {
		if errors.Is(op.Err, storage.ErrUnknown) {
			op.Err = nil
		}
	}},
	"conflict without the value": {"S6_EveryOpHasItsOwnResult", nil, func(op *storage.Op) {
		if errors.Is(op.Err, storage.ErrConflict) {
			op.Value = nil
		}
	}},
	"keys cut at NUL": {"Keys", func(op *storage.Op) { op.Key, _, _ = strings.Cut(op.Key, "\x00") }, nil},
}

type mutant struct {
	storage.Store
	name string
}

func (m mutant) Together(ctx context.Context, ops ...*storage.Op) error {
	for _, op := range ops {
		if f := mutants[m.name].mutate; f != nil {
			f(op)
		}
	}
	_ = m.Store.Together(ctx, ops...)
	for _, op := range ops {
		if f := mutants[m.name].spoil; f != nil {
			f(op)
		}
	}
	return storage.FirstError(ops)
}

const envMutant = "DINGBRIDGE_STORAGETEST_MUTANT"

// TestMutant is run by TestTheSuiteFindsBugs in a process of its own, where it
// may fail.
func TestMutant(t *testing.T) {
	name := os.Getenv(envMutant)
	storagetest.Run(t, storagetest.Harness{
		Open: func(t *testing.T) storage.Store {
			if name == "" {
				return open(t) // with no bug, the suite passes
			}
			return mutant{open(t), name}
		},
		Virtual: true,
	})
}

func TestTheSuiteFindsBugs(t *testing.T) {
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for name, m := range mutants {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			cmd := exec.CommandContext(ctx, exe, "-test.run=^TestMutant$/^"+m.finder+"$")
			cmd.Env = slices.Concat(os.Environ(), []string{envMutant + "=" + name})
			out, err := cmd.CombinedOutput()
			if _, failed := errors.AsType[*exec.ExitError](err); !failed || !strings.Contains(string(out), "--- FAIL: TestMutant/"+m.finder) {
				t.Fatalf("%s did not find it: %v\n%s", m.finder, err, out)
			}
		})
	}
}
